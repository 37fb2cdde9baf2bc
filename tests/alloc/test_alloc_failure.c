/* SPDX-License-Identifier: ISC */
/*
 * The n-th allocation fails, or the n-th call for randomness, for every n of a whole life: two
 * registries, a node with a bundle and one that joins with a token, handshakes, an update that registries
 * deliver, packets. Nothing crashes or leaks (pair_close counts blocks); what reports an error can be called
 * again; and where only one call failed, update and packet arrive in the end.
 */
#include "harness.h"
#include "node/pair.h"
#include <stdio.h>
#include <string.h>

static const struct pair_site two[] = {
    {.role = AVPN_ROLE_HUB, .exports = {"10.1.0.0/16"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .exports = {"10.2.0.0/16"}},
};

enum mode { MEMORY_ONCE, MEMORY_ON, RANDOM_ONCE, RANDOM_ON, MODES };

#define JOINER 1

static struct pair pair;
static struct avpn_token token;

static bool is_expected(int32_t error)
{
    return error == AVPN_ERROR_MEMORY || error == AVPN_ERROR_RANDOM;
}

/* False: it cannot be had, although it was tried twice. */
static bool open_host(uint32_t number)
{
    int32_t error = pair_open(&pair, number);

    if (error != AVPN_OK) {
        ck_assert_msg(is_expected(error), "%s", avpn_error_name(error));
        ck_assert_uint_eq(pair.hosts[number].heap.live_blocks, 0);
        error = pair_open(&pair, number);
    }
    if (error != AVPN_OK) {
        ck_assert_msg(is_expected(error), "%s", avpn_error_name(error));
        return false;
    }
    if (number < 2)
        ck_assert_int_eq(pair_uplink(&pair, number, 0, true), AVPN_OK);
    return true;
}

static void update(void)
{
    pair_publish(&pair);
    for (uint32_t i = 0; i < 4; i++) {
        struct pair_host *host = &pair.hosts[i];
        int32_t error = i == JOINER ? AVPN_OK : AVPN_ERROR_MEMORY;

        for (int round = 0; round < 2 && error != AVPN_OK; round++) {
            if (host->node != NULL && i != JOINER)
                error = avpn_node_set_configuration(host->node, pair.bundle, pair.bundle_bytes,
                                                    pair.now);
            else if (host->registry != NULL)
                error = avpn_registry_set_organization(host->registry, &pair.organization,
                                                       pair.bundle, pair.bundle_bytes, pair.now);
            ck_assert_msg(error == AVPN_OK || is_expected(error), "%s", avpn_error_name(error));
        }
    }
}

static void send_both_ways(void)
{
    pair_send(&pair, 0, "10.1.0.1", "10.2.0.1", 1, 100, 100);
    pair_send(&pair, 1, "10.2.0.1", "10.1.0.1", 1, 100, 100);
    pair_run(&pair, AVPN_SECOND / 10);
}

/* Its key is a member's already: the answer to its claim is that it may register [JOIN-3]. */
static void give_token(void)
{
    token = (struct avpn_token){.size = sizeof token, .member = JOINER + 1, .version = 1,
                                .organization = pair.organization, .secret = {1},
                                .registry_count = 2};
    for (uint32_t i = 0; i < 2; i++) {
        struct avpn_token_registry *entry = &token.registries[i];

        *entry = (struct avpn_token_registry){.port = 9350,
                                              .key = pair.hosts[2 + i].key.public_key};
        snprintf(entry->host, sizeof entry->host, "198.51.100.%u", 3 + i);
    }
    pair.hosts[JOINER].is_bare = pair.hosts[JOINER].stores = true;
    pair.hosts[JOINER].token = &token;
}

static bool has_update(void)
{
    const struct avpn_node *node = pair.hosts[JOINER].node;

    return avpn_node_config(node) != NULL &&
           avpn_config_version(avpn_node_config(node)) == pair.version;
}

/* Returns false when not everything could be made. */
static bool live(enum mode mode, uint64_t n)
{
    bool is_whole = true;

    pair_begin(&pair, two, 2, 2, 41);
    pair.is_arena = false;
    pair_publish(&pair);
    give_token();
    pair.fails_on = mode == MEMORY_ON;
    pair.random_fails_on = mode == RANDOM_ON;
    if (mode == MEMORY_ONCE || mode == MEMORY_ON)
        pair.allocation_fail_at = n;
    else
        pair.random_fail_at = n;
    for (uint32_t i = 0; i < 4; i++)
        is_whole = open_host(i) && is_whole;
    pair_run(&pair, 4 * AVPN_SECOND);
    pair.sites[0].exports[1] = "10.9.0.0/16";
    update();
    if (pair.hosts[0].node != NULL && pair.hosts[1].node != NULL)
        send_both_ways();
    return is_whole;
}

START_TEST(every_failure_is_survived)
{
    enum mode mode = (enum mode)_i;
    uint64_t calls, failures = 0;

    ck_assert(live(mode, 0));
    ck_assert_uint_ge(pair.hosts[0].delivered, 1);
    calls = mode == MEMORY_ONCE || mode == MEMORY_ON ? pair.allocation_calls : pair.random_calls;
    pair_end(&pair);
    ck_assert_uint_ge(calls, 50);
    for (uint64_t n = 1; n <= calls; n++) {
        bool is_whole = live(mode, n);

        if (mode == MEMORY_ONCE || mode == RANDOM_ONCE) {
            ck_assert_msg(is_whole, "failure %d: something could not be made", (int)n);
            for (int wait = 0; wait < 200 && (pair.hosts[0].delivered < 1 || !has_update() ||
                                              pair.hosts[1].delivered < 1); wait++) {
                pair_run(&pair, AVPN_SECOND);
                send_both_ways();
            }
            failures += pair.hosts[0].delivered < 1 || pair.hosts[1].delivered < 1 || !has_update();
            if (pair.hosts[0].delivered < 1 || pair.hosts[1].delivered < 1 || !has_update())
                printf("# mode %d: failure %d: no packet arrived, or no update\n", _i, (int)n);
        }
        pair_end(&pair);
    }
    ck_assert_uint_eq(failures, 0);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(every_failure_is_survived, MODES),
};
HARNESS_MAIN("alloc/failure", cases)
