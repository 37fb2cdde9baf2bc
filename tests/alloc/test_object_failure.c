/* SPDX-License-Identifier: ISC */
/*
 * The n-th allocation fails, for every n, while the objects that are useful without an engine are
 * made and used: a configuration, an authority, a bundle read back, a route table, SAs. A call
 * that reports AVPN_ERROR_MEMORY changed nothing: the same call again succeeds when memory is back.
 */
#include "harness.h"
#include <autovpn/autovpn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBERS 40u
#define ROUTES 300u

struct heap {
    uint64_t calls, fail_at, live;
    bool fails_on;
};

struct life {
    struct heap heap;
    struct avpn_host host;
    struct avpn_config *config, *copy;
    struct avpn_authority *authority;
    struct avpn_routes *routes;
    struct avpn_sa *sender, *receiver;
    struct avpn_key organization;
    uint8_t bundle[32768];
    size_t bundle_bytes;
};

/* False from the function it stands in: the memory is not there, twice in a row. */
#define TRY(call_)                                                                                 \
    do {                                                                                           \
        int32_t error_ = (call_);                                                                  \
        if (error_ == AVPN_ERROR_MEMORY)                                                           \
            error_ = (call_);                                                                      \
        if (error_ == AVPN_ERROR_MEMORY)                                                           \
            return false;                                                                          \
        ck_assert_int_eq(error_, AVPN_OK);                                                         \
    } while (0)

static bool fails(struct heap *heap)
{
    heap->calls++;
    if (heap->fail_at == 0)
        return false;
    return heap->fails_on ? heap->calls >= heap->fail_at : heap->calls == heap->fail_at;
}

static void *allocate(void *user, size_t bytes)
{
    struct heap *heap = user;

    if (fails(heap))
        return NULL;
    heap->live++;
    return malloc(bytes);
}

static void *resize(void *user, void *memory, size_t bytes)
{
    struct heap *heap = user;

    if (fails(heap))
        return NULL;
    heap->live += memory == NULL;
    return realloc(memory, bytes);
}

static void release(void *user, void *memory)
{
    ((struct heap *)user)->live -= memory != NULL;
    free(memory);
}

static struct avpn_member member_of(uint32_t i)
{
    struct avpn_member member = {.size = sizeof member, .id = i + 1, .export_count = 2};

    snprintf(member.name, sizeof member.name, "member-%u", i);
    memset(member.key.bytes, 9, sizeof member.key.bytes);
    member.key.bytes[0] = (uint8_t)(i + 1);
    member.key.bytes[31] = 1;
    member.role = i < 2 ? AVPN_ROLE_HUB : AVPN_ROLE_SPOKE;
    if (i >= 2) {
        member.hub_count = 2;
        member.hubs[0].member = 1;
        member.hubs[1].member = 2;
    }
    member.exports[0] = (struct avpn_prefix){.family = 4, .length = 24, .bytes = {10, (uint8_t)i}};
    member.exports[1] =
        (struct avpn_prefix){.family = 6, .length = 48, .bytes = {0xFD, 1, 0, 0, (uint8_t)i, 1}};
    return member;
}

static bool configure(struct life *life)
{
    struct avpn_registry_entry entry = {.size = sizeof entry, .port = 9350, .host = "192.0.2.1",
                                        .key = {{77}}};

    TRY(avpn_config_new(&life->host, &life->config));
    TRY(avpn_config_set_name(life->config, "example"));
    TRY(avpn_config_add_registry(life->config, &entry));
    for (uint32_t i = 0; i < MEMBERS; i++) {
        struct avpn_member member = member_of(i);

        TRY(avpn_config_add_member(life->config, &member));
        ck_assert_uint_eq(avpn_config_member_count(life->config), i + 1);
    }
    return true;
}

static bool publish(struct life *life)
{
    struct avpn_publication publication = {.size = sizeof publication, .psk_epoch = 1,
                                           .version = 5, .psk = {{3}}};

    TRY(avpn_authority_new(&life->host, &life->authority));
    TRY(avpn_authority_add_root(life->authority, &(struct avpn_key){{1}}));
    TRY(avpn_authority_add_signer(life->authority, &(struct avpn_key){{2}}));
    TRY(avpn_authority_organization(life->authority, &life->organization));
    TRY(avpn_authority_sign(life->authority, life->config, &publication, life->bundle,
                            sizeof life->bundle, &life->bundle_bytes));
    TRY(avpn_config_read(life->bundle, life->bundle_bytes, &life->organization, 0, &life->host,
                         &life->copy));
    ck_assert_uint_eq(avpn_config_member_count(life->copy), MEMBERS);
    ck_assert_uint_eq(avpn_config_version(life->copy), 5);
    return true;
}

static bool route(struct life *life)
{
    struct avpn_address address = {.family = 4, .bytes = {10, 1, 9, 1}};
    uint32_t hop = 0;

    TRY(avpn_routes_new(&life->host, &life->routes));
    for (uint32_t i = 0; i < ROUTES; i++) {
        struct avpn_route r = {.size = sizeof r, .hop_count = 1 + i % 3,
                               .hops = {1 + i, 1000 + i, 2000 + i}};

        r.prefix = (struct avpn_prefix){
            .family = 4, .length = 24, .bytes = {10, (uint8_t)(i >> 8), (uint8_t)i}};
        TRY(avpn_routes_put(life->routes, &r));
        ck_assert_uint_eq(avpn_routes_count(life->routes), i + 1);
        TRY(avpn_routes_set_state(life->routes, 1 + i, 1));
    }
    ck_assert_int_eq(avpn_routes_lookup(life->routes, &address, &hop), AVPN_OK);
    ck_assert_uint_eq(hop, 1 + 256 + 9);
    for (uint32_t i = 0; i < ROUTES; i += 2) {
        struct avpn_prefix prefix = {
            .family = 4, .length = 24, .bytes = {10, (uint8_t)(i >> 8), (uint8_t)i}};

        TRY(avpn_routes_remove(life->routes, &prefix));
    }
    ck_assert_uint_eq(avpn_routes_count(life->routes), ROUTES / 2);
    return true;
}

static bool associate(struct life *life)
{
    struct avpn_sa_parameters p = {.size = sizeof p, .spi = 4096,
                                   .suite = AVPN_SUITE_CHACHA20_POLY1305};
    uint8_t room[AVPN_HEADROOM + 20 + AVPN_TAILROOM] = {0};
    int32_t sealed;

    TRY(avpn_sa_new_sender(&p, &life->host, &life->sender));
    TRY(avpn_sa_new_receiver(&p, &life->host, &life->receiver));
    room[AVPN_HEADROOM] = 0x45;
    room[AVPN_HEADROOM + 3] = 20;
    sealed = avpn_sa_seal(life->sender, room + AVPN_HEADROOM, 20);
    ck_assert_int_gt(sealed, 0);
    ck_assert_int_eq(avpn_sa_open(life->receiver, room, (uint32_t)sealed), 20);
    return true;
}

/* Whether everything could be made; `calls_out`: how often memory was asked for. */
static bool live(uint64_t fail_at, bool fails_on, uint64_t *calls_out)
{
    static struct life life;
    bool is_whole;

    memset(&life, 0, sizeof life);
    life.heap.fail_at = fail_at;
    life.heap.fails_on = fails_on;
    life.host = (struct avpn_host){.size = sizeof life.host, .user = &life.heap,
                                   .allocate = allocate, .resize = resize, .release = release};
    is_whole = configure(&life) && publish(&life);
    is_whole = route(&life) && is_whole;
    is_whole = associate(&life) && is_whole;
    avpn_config_del(life.config);
    avpn_config_del(life.copy);
    avpn_authority_del(life.authority);
    avpn_routes_del(life.routes);
    avpn_sa_del(life.sender);
    avpn_sa_del(life.receiver);
    ck_assert_uint_eq(life.heap.live, 0);
    *calls_out = life.heap.calls;
    return is_whole;
}

START_TEST(a_single_failure_is_overcome_by_a_second_try)
{
    uint64_t calls, ignored;

    ck_assert(live(0, false, &calls));
    ck_assert_uint_gt(calls, 30);
    for (uint64_t n = 1; n <= calls; n++)
        ck_assert_msg(live(n, false, &ignored), "allocation %d", (int)n);
}
END_TEST

START_TEST(lasting_failure_is_reported_and_leaks_nothing)
{
    uint64_t calls, ignored;

    ck_assert(live(0, true, &calls));
    for (uint64_t n = 1; n <= calls; n++)
        ck_assert_msg(!live(n, true, &ignored), "allocation %d", (int)n);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(a_single_failure_is_overcome_by_a_second_try),
    HARNESS_CASE(lasting_failure_is_reported_and_leaks_nothing),
};
HARNESS_MAIN("alloc/object", cases)
