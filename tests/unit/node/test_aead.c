/* SPDX-License-Identifier: ISC */
/* A node whose host brings a provider of packet encryption: used if it is sound, else not, and every key given back. */
#include "crypto/fake_aead.h"
#include "harness.h"
#include "node/pair.h"

static const struct pair_site sites[] = {
    {.role = AVPN_ROLE_HUB, .exports = {"10.1.0.0/16"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .exports = {"10.2.0.0/16"}},
};

static struct pair pair;

static void begin(const struct avpn_aead *const *hub, const struct avpn_aead *const *spoke)
{
    pair_begin(&pair, sites, 2, 1, 5);
    pair.suites[0] = AVPN_SUITE_CHACHA20_POLY1305;
    pair.suite_count = 1;
    pair.hosts[0].aeads = hub;
    pair.hosts[1].aeads = spoke;
    pair_start(&pair);
    pair_run(&pair, 5 * AVPN_SECOND);
}

static void assert_carries(uint32_t from, const char *source, const char *destination)
{
    uint64_t before = pair.hosts[1 - from].delivered;

    pair_send(&pair, from, source, destination, 10, 500, 500);
    pair_run(&pair, AVPN_SECOND / 10);
    ck_assert_uint_eq(pair.hosts[1 - from].delivered, before + 10);
}

START_TEST(a_sound_provider_of_the_host_encrypts_and_a_broken_one_is_passed_over)
{
    struct fake good = {.defect = FAKE_SOUND}, bad = {.defect = FAKE_WRONG_TAG};
    const struct avpn_aead mine = fake_aead(&good), broken = fake_aead(&bad);
    const struct avpn_aead *const hub[] = {&mine, NULL}, *const spoke[] = {&broken, NULL};
    uint32_t seals, opens, tried;

    begin(hub, spoke);
    ck_assert(pair_is_up(&pair, 0, 1));
    ck_assert_ptr_eq(avpn_node_aead(pair.hosts[0].node, AVPN_SUITE_CHACHA20_POLY1305), &mine);
    ck_assert_ptr_eq(avpn_node_aead(pair.hosts[1].node, AVPN_SUITE_CHACHA20_POLY1305),
                     avpn_aead_find(AVPN_SUITE_CHACHA20_POLY1305));
    seals = good.seals;
    opens = good.opens;
    tried = bad.seals;
    assert_carries(0, "10.1.0.1", "10.2.0.1");
    assert_carries(1, "10.2.0.1", "10.1.0.1");
    ck_assert_uint_ge(good.seals, seals + 10);
    ck_assert_uint_ge(good.opens, opens + 10);
    ck_assert_uint_eq(bad.seals, tried); /* by its test alone */
    pair_end(&pair);
    ck_assert_uint_gt(good.keys, 0);
    ck_assert_uint_eq(good.cleared, good.keys); /* of every SA there ever was */
}
END_TEST

/* Its set_key fails some day: no SAs are made, nothing leaks, and the node goes on trying. */
START_TEST(a_provider_that_runs_out_of_memory_costs_the_tunnel_and_nothing_else)
{
    struct fake fake = {.defect = FAKE_SOUND};
    const struct avpn_aead mine = fake_aead(&fake);
    const struct avpn_aead *const hub[] = {&mine, NULL};

    begin(hub, NULL);
    ck_assert(pair_is_up(&pair, 0, 1));
    fake.defect = FAKE_NO_MEMORY;
    pair_run(&pair, 1000 * AVPN_SECOND);
    ck_assert(
        !pair_is_up(&pair, 0, 1)); /* sessions have a life, and no new one can begin [ESP-6] */
    fake.defect = FAKE_SOUND;
    pair_run(&pair, 60 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, 0, 1));
    assert_carries(0, "10.1.0.1", "10.2.0.1");
    pair_end(&pair);
    ck_assert_uint_eq(fake.cleared, fake.keys);
}
END_TEST

START_TEST(a_node_tells_its_provider_for_each_suite_and_for_nothing_else)
{
    begin(NULL, NULL);
    for (uint8_t suite = 0; suite < AVPNI_AEAD_SUITES; suite++)
        ck_assert_ptr_eq(avpn_node_aead(pair.hosts[0].node, suite), avpn_aead_find(suite));
    ck_assert_ptr_null(avpn_node_aead(pair.hosts[0].node, AVPNI_AEAD_SUITES));
    ck_assert_ptr_null(avpn_node_aead(pair.hosts[0].node, 255));
    ck_assert_ptr_null(avpn_node_aead(NULL, AVPN_SUITE_CHACHA20_POLY1305));
    pair_end(&pair);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(a_sound_provider_of_the_host_encrypts_and_a_broken_one_is_passed_over),
    HARNESS_CASE(a_provider_that_runs_out_of_memory_costs_the_tunnel_and_nothing_else),
    HARNESS_CASE(a_node_tells_its_provider_for_each_suite_and_for_nothing_else),
};
HARNESS_MAIN("node/aead", cases)
