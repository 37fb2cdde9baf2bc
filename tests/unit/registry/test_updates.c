/* SPDX-License-Identifier: ISC */
/* What members are told of their configuration: asked for, unasked, and to whom. */
#include "world.h"

#include "base/memory.h"
#include "harness.h"
#include "registry/published.h"
#include "topo/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORGANIZATION 7
#define UPDATE_LIMIT 65536

static struct world w;

/* A version that was published, for comparison. */
struct version {
    uint8_t *bundle;
    size_t count;
    struct avpn_config *config;
};

static struct version publish(const struct world_document *document)
{
    struct avpn_key organization = world_organization(document->number);
    struct version version;

    version.bundle = world_sign(&w, document, &version.count);
    ck_assert_int_eq(
        avpn_config_read(version.bundle, version.count, &organization, 0, NULL, &version.config),
        AVPN_OK);
    w.sent_count = 0;
    ck_assert_int_eq(avpn_registry_set_organization(w.registry, &organization, version.bundle,
                                                    version.count, w.now),
                     AVPN_OK);
    return version;
}

static void forget(struct version *version)
{
    avpn_config_del(version->config);
    free(version->bundle);
}

/* The slice of a member; 0: it is none in this version. */
static size_t slice_of(const struct version *version, uint32_t member, uint8_t *out)
{
    size_t count = 0;
    int32_t error = avpn_bundle_slice(version->bundle, version->count, version->config, member, out,
                                      UPDATE_LIMIT, &count);

    ck_assert(error == AVPN_OK || error == AVPN_ERROR_NOT_FOUND);
    return error == AVPN_OK ? count : 0;
}

static struct client client(const struct world_member *member)
{
    char contact[32];

    snprintf(contact, sizeof contact, "203.0.113.%u:4%04u", 1 + member->id % 250, member->id);
    return client_of(&w, ORGANIZATION, member, 0, contact);
}

static struct client registered(const struct world_member *member)
{
    struct client made = client(member);

    client_register(&made);
    return made;
}

/* The n-th datagram sent as a part for this client; false: it is none. */
static bool read_part(const struct client *c, uint32_t n, struct avpni_part *part_out,
                      uint8_t bytes_out[1024], uint32_t *count_out)
{
    uint8_t body[1100];
    const uint8_t *bytes;
    size_t count = client_open(c, n, body);

    if (count == 0 || avpni_body_kind(body, count) != AVPNI_BODY_PART) {
        return false;
    }
    ck_assert(avpni_part_read(body, count, part_out, &bytes));
    *count_out = avpni_part_bytes(part_out->size, part_out->number);
    memcpy(bytes_out, bytes, *count_out);
    return true;
}

static void ask(struct client *c, uint64_t base, uint64_t version, uint32_t first, uint32_t mask)
{
    struct avpni_sync sync = {.base = base, .version = version, .first = first, .mask = mask};
    uint8_t bytes[96];

    client_sync(c, &sync, bytes);
    world_receive(&w, &c->contact, bytes, sizeof bytes);
}

/* Fetch a whole update, window by window; its size. */
static size_t fetch(struct client *c, uint64_t base, uint64_t version, uint8_t *out)
{
    uint32_t size = 1, got = 0;

    for (uint32_t first = 0; (uint64_t)first * 1024 < size; first += 16) {
        w.now += AVPN_SECOND; /* so that its share is not used up [REG-17] */
        ask(c, base, version, first, 0xFFFF);
        for (uint32_t i = 0; i < w.sent_count; i++) {
            struct avpni_part part;
            uint8_t bytes[1024];
            uint32_t count;

            ck_assert(read_part(c, i, &part, bytes, &count));
            ck_assert_uint_eq(part.base, base);
            ck_assert_uint_eq(part.version, version);
            ck_assert_uint_eq(part.number, first + i);
            ck_assert_uint_le(part.size, UPDATE_LIMIT);
            memcpy(out + (size_t)part.number * 1024, bytes, count);
            size = part.size;
            got += count;
        }
    }
    ck_assert_uint_eq(got, size);
    return size;
}

static void must_become(const uint8_t *held, size_t held_count, const uint8_t *update,
                        size_t update_count, const uint8_t *expected, size_t expected_count)
{
    struct avpni_memory memory;
    uint8_t *slice;
    size_t count;

    ck_assert_int_eq(avpni_memory_init(&memory, NULL), AVPN_OK);
    ck_assert_int_eq(avpni_update_apply(&memory, held_count > 0 ? held : NULL, held_count, update,
                                        update_count, &slice, &count),
                     AVPN_OK);
    ck_assert_uint_eq(count, expected_count);
    ck_assert_mem_eq(slice, expected, count);
    avpni_release(&memory, slice);
}

/* ---- asked for ------------------------------------------------------------------------------------ */

#define H AVPN_ROLE_HUB
#define S AVPN_ROLE_SPOKE

/* What becomes of an organization, step by step. */
static const struct history {
    struct world_member members[8];
    const char *name;
    uint32_t psk_epoch;
    uint32_t flags, rules;
} history[] = {
    {{{1, H, 0, {0}, 0, 1}, {2, H, 0, {0}, 0, 2}, {3, S, 0, {1, 2}, 0, 3}, {5, S, 0, {2}, 0, 5}},
     0,
     1},
    /* a subnet changes */
    {{{1, H, 0, {0}, 0, 1}, {2, H, 0, {0}, 0, 2}, {3, S, 0, {1, 2}, 0, 4}, {5, S, 0, {2}, 0, 5}},
     0,
     1},
    /* the pre-shared key is rotated */
    {{{1, H, 0, {0}, 0, 1}, {2, H, 0, {0}, 0, 2}, {3, S, 0, {1, 2}, 0, 4}, {5, S, 0, {2}, 0, 5}},
     0,
     2},
    /* a spoke comes, another names other hubs */
    {{{1, H, 0, {0}, 0, 1},
      {2, H, 0, {0}, 0, 2},
      {3, S, 0, {2}, 0, 4},
      {4, S, 0, {1}, 0, 9},
      {5, S, 0, {2, 1}, 0, 5}},
     0,
     2},
    /* the charter changes */
    {{{1, H, 0, {0}, 0, 1},
      {2, H, 0, {0}, 0, 2},
      {3, S, 0, {2}, 0, 4},
      {4, S, 0, {1}, 0, 9},
      {5, S, 0, {2, 1}, 0, 5}},
     "renamed",
     2},
    /* a device is replaced, a member is gone, one is revoked */
    {{{1, H, 0, {0}, 0, 1},
      {2, H, 0, {0}, 7, 2},
      {4, S, 0, {1}, 0, 9},
      {5, S, AVPN_MEMBER_REVOKED, {2, 1}, 0, 5}},
     "renamed",
     2},
    /* it is no longer; the one that was gone comes back; a spoke becomes a hub */
    {{{1, H, 0, {0}, 0, 1},
      {2, H, 0, {0}, 7, 2},
      {3, S, 0, {2}, 3, 4},
      {4, H, 0, {0}, 0, 9},
      {5, S, 0, {2, 1}, 0, 5}},
     "renamed",
     2},
    /* everything at once */
    {{{1, H, 0, {0}, 0, 8},
      {3, S, 0, {1, 4}, 3, 4},
      {4, H, 0, {0}, 5, 9},
      {6, H, 0, {0}, 0, 0},
      {9, S, 0, {6}, 0, 1}},
     "again",
     3},
    /* rules come */
    {{{1, H, 0, {0}, 0, 8},
      {3, S, 0, {1, 4}, 3, 4},
      {4, H, 0, {0}, 5, 9},
      {6, H, 0, {0}, 0, 0},
      {9, S, 0, {6}, 0, 1}},
     "again",
     3, 0, 5},
    /* hubs have no tunnels any more, but one by its default route */
    {{{1, H, 0, {0}, 0, 8},
      {3, S, 0, {1, 4}, 3, 4},
      {4, H, 0, {1}, 5, 9},
      {6, H, 0, {0}, 0, 0},
      {9, S, 0, {6}, 0, 1}},
     "again",
     3, 1, 5},
    /* a subnet changes, and so does a rule */
    {{{1, H, 0, {0}, 0, 8},
      {3, S, 0, {1, 4}, 3, 4},
      {4, H, 0, {1}, 5, 9},
      {6, H, 0, {0}, 0, 7},
      {9, S, 0, {6}, 0, 1}},
     "again",
     3, 1, 6},
    /* nothing but the flag */
    {{{1, H, 0, {0}, 0, 8},
      {3, S, 0, {1, 4}, 3, 4},
      {4, H, 0, {1}, 5, 9},
      {6, H, 0, {0}, 0, 7},
      {9, S, 0, {6}, 0, 1}},
     "again",
     3, 0, 6},
    {{{1, H, 0, {0}, 0, 8},
      {3, S, 0, {1, 4}, 3, 4},
      {4, H, 0, {1}, 5, 9},
      {6, H, 0, {0}, 0, 7},
      {9, S, 0, {6}, 0, 1}},
     "again",
     3, 1, 6},
};
#define VERSIONS HARNESS_COUNT(history)

static struct world_document document_of(uint32_t n)
{
    struct world_document document = {.number = ORGANIZATION,
                                      .version = 10 * (n + 1),
                                      .members = history[n].members,
                                      .name = history[n].name,
                                      .psk_epoch = history[n].psk_epoch,
                                      .flags = history[n].flags,
                                      .rules = history[n].rules};

    while (document.count < 8 && history[n].members[document.count].id != 0) {
        document.count++;
    }
    return document;
}

/* One member of version `last`, from each version before and from none. */
static void check_member(const struct version *versions, uint32_t last,
                         const struct world_member *member)
{
    static uint8_t held[UPDATE_LIMIT], update[UPDATE_LIMIT], expected[UPDATE_LIMIT];
    struct client c = registered(member);
    size_t expected_count = slice_of(&versions[last], member->id, expected);

    ck_assert_uint_eq(c.session.config_version, 10 * (last + 1));
    size_t full = fetch(&c, 0, 10 * (last + 1), update);

    must_become(NULL, 0, update, full, expected, expected_count);
    for (uint32_t base = 0; base < last; base++) {
        size_t held_count = slice_of(&versions[base], member->id, held);

        if (held_count > 0) {
            size_t count = fetch(&c, 10 * (base + 1), 10 * (last + 1), update);

            must_become(held, held_count, update, count, expected, expected_count);
        }
    }
}

/* [SYN-1], [UPD-2] */
START_TEST(an_update_from_any_base_makes_the_slice_of_each_member)
{
    struct version versions[VERSIONS];

    world_begin(&w, 0, 0);
    for (uint32_t n = 0; n < VERSIONS; n++) {
        struct world_document document = document_of(n);

        versions[n] = publish(&document);
        for (uint32_t i = 0; i < document.count; i++) {
            if ((document.members[i].flags & AVPN_MEMBER_REVOKED) == 0) {
                check_member(versions, n, &document.members[i]);
            }
        }
    }
    for (uint32_t n = 0; n < VERSIONS; n++) {
        forget(&versions[n]);
    }
    world_end(&w);
}
END_TEST

/* A hub 1 and spokes 10, 11 ... of it. */
static uint32_t make_members(struct world_member *members, uint32_t spokes)
{
    members[0] = (struct world_member){.id = 1, .role = H};
    for (uint32_t i = 0; i < spokes; i++) {
        members[1 + i] = (struct world_member){.id = 10 + i, .role = S, .hubs = {1}};
    }
    return 1 + spokes;
}

/* A change costs what changed, and is not told to those it does not concern. */
START_TEST(an_update_costs_what_changed)
{
    static uint8_t update[UPDATE_LIMIT];
    struct world_member members[101];
    uint32_t count = make_members(members, 100);

    world_begin(&w, 0, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 1, members, count), AVPN_OK);
    struct client spoke = registered(&members[5]), hub = registered(&members[0]);
    size_t full = fetch(&spoke, 0, 1, update);

    members[50].net = 5;
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 2, members, count), AVPN_OK);
    /* Head, a site, and a few bytes around them; nothing of keys and names, of which there is no news. */
    ck_assert_uint_gt(full, 4000);
    ck_assert_uint_lt(fetch(&spoke, 1, 2, update), 400);
    ck_assert_uint_lt(fetch(&hub, 1, 2, update), 400);
    world_end(&w);
}
END_TEST

/* The policy is told when it changed, and to whom it is not new not at all. [CFG-13] */
START_TEST(a_policy_costs_nothing_while_it_stays)
{
    static uint8_t update[UPDATE_LIMIT];
    struct world_member members[101];
    uint32_t count = make_members(members, 100);
    struct world_document document = {
        .number = ORGANIZATION, .version = 1, .members = members, .count = count};
    size_t sizes[2];

    world_begin(&w, 0, 0);
    for (uint32_t k = 0; k < 2; k++) { /* without rules, then with 100 */
        document.rules = 100 * k;
        ck_assert_int_eq(world_set(&w, &document), AVPN_OK);
        members[50].net++;
        document.version++;
        ck_assert_int_eq(world_set(&w, &document), AVPN_OK);
        struct client spoke = registered(&members[5]);

        sizes[k] = fetch(&spoke, document.version - 1, document.version, update);
        document.version++;
    }
    ck_assert_uint_eq(sizes[0], sizes[1]);
    document.rules = 99;
    ck_assert_int_eq(world_set(&w, &document), AVPN_OK);
    struct client spoke = registered(&members[6]);
    size_t size = fetch(&spoke, document.version - 1, document.version, update);

    ck_assert_uint_gt(size, 99 * 15);
    ck_assert_uint_lt(size, 99 * 15 + 300);
    world_end(&w);
}
END_TEST

/* Two hubs and a document of several parts. */
static struct client begin_large(struct world_member *members, uint32_t *count_out)
{
    *count_out = make_members(members, 100);
    world_begin(&w, 0, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 5, members, *count_out), AVPN_OK);
    members[50].net = 5;
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 6, members, *count_out), AVPN_OK);
    return registered(&members[3]);
}

/* [SYN-1] */
START_TEST(only_the_parts_asked_for_are_sent)
{
    struct world_member members[101];
    uint32_t count, size, last;
    struct client c = begin_large(members, &count);
    uint8_t bytes[1024];
    struct avpni_part part;

    ask(&c, 0, 6, 1, 1u | 1u << 2);
    ck_assert_uint_eq(w.sent_count, 2);
    ck_assert(read_part(&c, 0, &part, bytes, &count));
    ck_assert_uint_eq(part.number, 1);
    ck_assert(read_part(&c, 1, &part, bytes, &count));
    ck_assert_uint_eq(part.number, 3);
    size = part.size;
    last = avpni_part_count(size) - 1;
    ask(&c, 0, 6, last, 0xFFFF); /* what lies beyond the end is not there */
    ck_assert_uint_eq(w.sent_count, 1);
    ck_assert(read_part(&c, 0, &part, bytes, &count));
    ck_assert_uint_eq(part.number, last);
    ask(&c, 0, 6, last + 1, 0xFFFF);
    ck_assert_uint_eq(w.sent_count, 0);
    ask(&c, 0, 6, UINT32_MAX - 3, 0xFFFF);
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_COUNT_PARTS), 3);
    world_end(&w);
}
END_TEST

/* [SYN-2] */
static const struct other {
    uint64_t base, version; /* asked */
    uint64_t answer;        /* base of part 0 that comes */
} others[] = {
    {5, 7, 5}, /* a version that is not served: what leads to the one that is */
    {0, 4, 0}, {0, 7, 0}, {4, 6, 0}, /* a base that is not known: from none */
    {4, 7, 0}, {6, 7, 0},            /* a base that is not before */
    {7, 9, 0},
};

START_TEST(other_versions_are_answered_with_the_beginning_of_what_is_served)
{
    struct world_member members[101];
    uint32_t count;
    struct client c = begin_large(members, &count);
    uint8_t bytes[1024];
    struct avpni_part part;

    ask(&c, others[_i].base, others[_i].version, 2, 0xFF);
    ck_assert_uint_eq(w.sent_count, 1);
    ck_assert(read_part(&c, 0, &part, bytes, &count));
    ck_assert_uint_eq(part.number, 0);
    ck_assert_uint_eq(part.version, 6);
    ck_assert_uint_eq(part.base, others[_i].answer);
    world_end(&w);
}
END_TEST

/* [REG-13], [REG-5] */
START_TEST(parts_go_to_proved_contacts_only)
{
    struct world_member members[101];
    uint32_t count;
    struct client c = begin_large(members, &count);
    struct avpni_sync sync = {.version = 6, .mask = 0xFFFF};
    uint8_t bytes[96], body[1100];
    struct avpni_challenge challenge;

    c.contact = contact_of("198.51.100.9:1234");
    client_sync(&c, &sync, bytes);
    world_receive(&w, &c.contact, bytes, sizeof bytes);
    ck_assert_uint_eq(w.sent_count, 1);
    ck_assert_uint_le(w.sent[0].count, sizeof bytes);
    ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_CHALLENGE, body), 1);
    ck_assert(avpni_challenge_read(body, &challenge));
    memcpy(sync.token, challenge.token, sizeof sync.token);
    client_sync(&c, &sync, bytes);
    world_receive(&w, &c.contact, bytes, sizeof bytes);
    ck_assert_uint_gt(w.sent_count, 3);
    ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_PART, NULL), w.sent_count);
    world_end(&w);
}
END_TEST

START_TEST(a_sync_with_a_token_registers_and_brings_the_first_page)
{
    struct world_member members[101];
    uint32_t count;

    begin_large(members, &count);
    struct client c = client(&members[7]);
    struct avpni_sync sync = {.version = 6, .mask = 1};
    uint8_t bytes[96];

    ck_assert(client_hello(&c));
    memcpy(sync.token, c.session.token, sizeof sync.token);
    client_sync(&c, &sync, bytes);
    world_receive(&w, &c.contact, bytes, sizeof bytes);
    ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_PAGE, NULL), 1);
    ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_PART, NULL), 1);
    ck_assert_uint_eq(world_status(&w).connected_count, 2);
    world_end(&w);
}
END_TEST

/* What is forgotten is told whole. */
START_TEST(bases_beyond_the_last_64_versions_are_not_known)
{
    struct world_member members[3];
    uint32_t count = make_members(members, 2);
    uint8_t bytes[1024];
    struct avpni_part part;

    world_begin(&w, 0, 0);
    for (uint32_t version = 1; version <= AVPNI_VERSIONS_KNOWN + 1; version++) {
        ck_assert_int_eq(world_serve(&w, ORGANIZATION, version, members, count), AVPN_OK);
    }
    struct client c = registered(&members[1]);

    ask(&c, 2, AVPNI_VERSIONS_KNOWN + 1, 0, 1);
    ck_assert(read_part(&c, 0, &part, bytes, &count));
    ck_assert_uint_eq(part.base, 2);
    ask(&c, 1, AVPNI_VERSIONS_KNOWN + 1, 0, 1);
    ck_assert(read_part(&c, 0, &part, bytes, &count));
    ck_assert_uint_eq(part.base, 0);
    /* Nor is the one that is served, which has the place of one that was forgotten. */
    ask(&c, AVPNI_VERSIONS_KNOWN + 1, AVPNI_VERSIONS_KNOWN + 2, 0, 1);
    ck_assert(read_part(&c, 0, &part, bytes, &count));
    ck_assert_uint_eq(part.base, 0);
    world_end(&w);
}
END_TEST

START_TEST(bases_that_would_need_forgotten_removals_are_not_known)
{
    static struct world_member members[AVPNI_REMOVALS_KNOWN + 3];
    uint32_t count = make_members(members, AVPNI_REMOVALS_KNOWN + 2);
    uint8_t bytes[1024];
    struct avpni_part part;

    world_begin(&w, 0, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 1, members, count), AVPN_OK);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 2, members, count - 1), AVPN_OK);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 3, members, 2), AVPN_OK);
    struct client c = registered(&members[1]);

    ask(&c, 1, 3, 0, 1);
    ck_assert(read_part(&c, 0, &part, bytes, &count));
    ck_assert_uint_eq(part.base, 0); /* 513 ids, one more than are kept */
    ask(&c, 2, 3, 0, 1);
    ck_assert(read_part(&c, 0, &part, bytes, &count));
    ck_assert_uint_eq(part.base, 2);
    world_end(&w);
}
END_TEST

START_TEST(after_a_restart_every_base_is_told_everything)
{
    struct world_member members[101];
    uint32_t count;
    struct client c = begin_large(members, &count);
    uint8_t bytes[1024];
    struct avpni_part part;

    world_restart(&w);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 6, members, 101), AVPN_OK);
    client_register(&c);
    ask(&c, 5, 6, 0, 1);
    ck_assert(read_part(&c, 0, &part, bytes, &count));
    ck_assert_uint_eq(part.base, 0);
    world_end(&w);
}
END_TEST

/* ---- unasked [SYN-3] ---------------------------------------------------------------------------------- */

#define SPOKES 300
static struct world_member crowd[1 + SPOKES];
static struct client clients[1 + SPOKES];

/* Whom the datagrams sent since the last call told of version `version`, each once. */
static uint32_t count_told(bool *is_told, uint64_t version)
{
    uint32_t told = 0;

    for (uint32_t i = 0; i < w.sent_count; i++) {
        for (uint32_t k = 0; k <= SPOKES; k++) {
            struct avpni_part part;
            uint8_t bytes[1024];
            uint32_t count;

            if (read_part(&clients[k], i, &part, bytes, &count)) {
                ck_assert_uint_eq(part.version, version);
                ck_assert_uint_eq(part.base, version - 1);
                ck_assert_uint_eq(part.number, 0);
                ck_assert(!is_told[k]);
                is_told[k] = true;
                told++;
                break;
            }
        }
    }
    return told;
}

static void begin_crowd(void)
{
    make_members(crowd, SPOKES);
    world_begin(&w, 100000, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 1, crowd, 1 + SPOKES), AVPN_OK);
    for (uint32_t i = 0; i <= SPOKES; i++) {
        clients[i] = registered(&crowd[i]);
    }
}

START_TEST(a_new_configuration_reaches_every_connected_member_once)
{
    bool is_told[1 + SPOKES] = {false};

    begin_crowd();
    crowd[7].net = 3;
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 2, crowd, 1 + SPOKES), AVPN_OK);
    ck_assert_uint_eq(w.sent_count, 256);
    ck_assert_uint_eq(count_told(is_told, 2), 256);
    ck_assert_int_eq(avpn_registry_deadline(w.registry), w.now + 5 * AVPN_MILLISECOND);
    world_tick(&w, 4 * AVPN_MILLISECOND);
    ck_assert_uint_eq(w.sent_count, 0);
    world_tick(&w, 1 * AVPN_MILLISECOND);
    ck_assert_uint_eq(w.sent_count, SPOKES + 1 - 256);
    ck_assert_uint_eq(count_told(is_told, 2), SPOKES + 1 - 256);
    world_tick(&w, AVPN_SECOND);
    ck_assert_uint_eq(w.sent_count, 0);
    world_end(&w);
}
END_TEST

START_TEST(a_newer_configuration_takes_the_place_of_a_push_under_way)
{
    bool is_told[1 + SPOKES] = {false};

    begin_crowd();
    crowd[7].net = 3;
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 2, crowd, 1 + SPOKES), AVPN_OK);
    crowd[7].net = 4;
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 3, crowd, 1 + SPOKES), AVPN_OK);
    ck_assert_uint_eq(count_told(is_told, 3), 256);
    world_tick(&w, 5 * AVPN_MILLISECOND);
    ck_assert_uint_eq(count_told(is_told, 3), SPOKES + 1 - 256);
    world_end(&w);
}
END_TEST

START_TEST(an_organization_that_goes_ends_its_push)
{
    struct avpn_key organization = world_organization(ORGANIZATION);

    begin_crowd();
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 2, crowd, 1 + SPOKES), AVPN_OK);
    ck_assert_int_eq(avpn_registry_remove_organization(w.registry, &organization, w.now), AVPN_OK);
    world_tick(&w, AVPN_SECOND);
    ck_assert_uint_eq(w.sent_count, 0);
    world_end(&w);
}
END_TEST

/* So many sites more change: less than a part, to about its end, and more. */
static const uint32_t extras[] = {0, 11, 12, 13, 22};

/* What comes unasked is what would be answered. */
START_TEST(what_is_told_unasked_is_what_an_answer_tells)
{
    uint32_t n = 1 + (uint32_t)_i % (VERSIONS - 1), told = 0, extra = extras[_i / (VERSIONS - 1)];
    static struct world_member before[30], after[30];
    struct world_document was = document_of(n - 1), is = document_of(n);
    struct client c[30];

    memcpy(before, was.members, was.count * sizeof *before);
    memcpy(after, is.members, is.count * sizeof *after);
    was.members = before;
    is.members = after;
    for (uint32_t i = 0; i < extra; i++) {
        before[was.count++] = (struct world_member){.id = 100 + i, .role = S, .hubs = {1}};
        after[is.count] = before[was.count - 1];
        after[is.count++].net = (uint8_t)(100 + i);
    }
    world_begin(&w, 0, 0);
    ck_assert_int_eq(world_set(&w, &was), AVPN_OK);
    for (uint32_t i = 0; i < was.count; i++) {
        c[i] = client(&before[i]);
        if ((before[i].flags & AVPN_MEMBER_REVOKED) == 0) {
            client_register(&c[i]);
        }
    }
    ck_assert_int_eq(world_set(&w, &is), AVPN_OK);
    uint32_t sent_count = w.sent_count;
    static struct world_datagram sent[30];

    memcpy(sent, w.sent, sent_count * sizeof *sent);
    w.now += 2 * AVPN_SECOND;
    for (uint32_t i = 0; i < was.count * sent_count; i++) {
        struct client *one = &c[i / sent_count];
        struct avpni_part unasked, asked;
        uint8_t bytes[1024], expected[1024];
        uint32_t count, expected_count;

        w.sent[0] = sent[i % sent_count];
        if (!read_part(one, 0, &unasked, bytes, &count)) {
            continue;
        }
        told++;
        ask(one, unasked.base, unasked.version, 0, 1);
        if (w.sent_count > 0) { /* else it is revoked */
            ck_assert(read_part(one, 0, &asked, expected, &expected_count));
            ck_assert_uint_eq(unasked.base, was.version);
            ck_assert_uint_eq(asked.size, unasked.size);
            ck_assert_uint_eq(asked.number, unasked.number);
            ck_assert_uint_eq(count, expected_count);
            ck_assert_mem_eq(bytes, expected, count);
        }
    }
    ck_assert_uint_eq(told, sent_count);
    ck_assert_uint_gt(told, 1);
    world_end(&w);
}
END_TEST

START_TEST(one_uplink_of_a_member_is_told_and_no_one_who_is_gone)
{
    static const struct world_member members[] = {
        {.id = 1, .role = H}, {.id = 2, .role = S, .hubs = {1}}, {.id = 3, .role = S, .hubs = {1}}};
    uint8_t bytes[96];

    world_begin(&w, 0, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 1, members, 3), AVPN_OK);
    struct client first = registered(&members[1]), second = client(&members[1]);
    struct client gone = registered(&members[2]);

    second.uplink = 1;
    client_register(&second);
    client_alive(&gone, NULL, AVPNI_ALIVE_LEAVING, 0, bytes);
    world_receive(&w, &gone.contact, bytes, sizeof bytes);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 2, members, 3), AVPN_OK);
    ck_assert_uint_eq(w.sent_count, 1);
    ck_assert_uint_eq(client_heard(&first, AVPNI_BODY_PART, NULL), 1);
    client_alive(&first, NULL, AVPNI_ALIVE_LEAVING, 0, bytes);
    world_receive(&w, &first.contact, bytes, sizeof bytes);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 3, members, 3), AVPN_OK);
    ck_assert_uint_eq(w.sent_count, 1);
    ck_assert_uint_eq(client_heard(&second, AVPNI_BODY_PART, NULL), 1);
    world_end(&w);
}
END_TEST

/* Told by the last datagram it gets: that it is revoked, in a form it can verify. */
START_TEST(a_member_that_is_revoked_is_told_and_then_forgotten)
{
    static uint8_t held[UPDATE_LIMIT], expected[UPDATE_LIMIT];
    struct world_member members[4];
    struct world_document document = {.number = ORGANIZATION, .version = 1, .members = members};
    uint8_t bytes[1024];
    struct avpni_part part;
    uint32_t count;

    document.count = make_members(members, 3);
    world_begin(&w, 0, 0);
    struct version before = publish(&document);
    struct client revoked = registered(&members[1]), kept = registered(&members[2]);

    document.version = 2;
    members[1].flags = AVPN_MEMBER_REVOKED;
    struct version after = publish(&document);

    ck_assert_uint_eq(w.sent_count, 2);
    ck_assert_uint_eq(client_heard(&kept, AVPNI_BODY_PART, NULL), 1);
    ck_assert(read_part(&revoked, 0, &part, bytes, &count));
    ck_assert_uint_eq(part.base, 1);
    ck_assert_uint_eq(part.size, count);
    must_become(held, slice_of(&before, members[1].id, held), bytes, count, expected,
                slice_of(&after, members[1].id, expected));
    client_keep(&revoked, false);
    ck_assert_uint_eq(w.sent_count, 0);
    forget(&before);
    forget(&after);
    world_end(&w);
}
END_TEST

START_TEST(many_who_are_revoked_at_once_are_told_at_the_same_pace)
{
    bool is_told[1 + SPOKES] = {false};

    begin_crowd();
    for (uint32_t i = 1; i <= SPOKES; i++) {
        crowd[i].flags = AVPN_MEMBER_REVOKED;
    }
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 2, crowd, 1 + SPOKES), AVPN_OK);
    ck_assert_uint_eq(count_told(is_told, 2), 256);
    world_tick(&w, 5 * AVPN_MILLISECOND);
    ck_assert_uint_eq(count_told(is_told, 2), SPOKES + 1 - 256);
    world_end(&w);
}
END_TEST

/* Whoever has another key is another device: what the member is now is none of its business. */
START_TEST(a_device_that_was_replaced_is_not_told)
{
    struct world_member members[3];
    uint32_t count = make_members(members, 2);

    world_begin(&w, 0, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 1, members, count), AVPN_OK);
    struct client c = registered(&members[1]);

    members[1].salt = 9;
    members[1].flags = _i == 1 ? AVPN_MEMBER_REVOKED : 0;
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 2, members, count), AVPN_OK);
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_PART, NULL), 0);
    world_end(&w);
}
END_TEST

START_TEST(without_memory_for_it_nobody_is_told_and_nothing_else_fails)
{
    struct world_member members[3];
    uint32_t count = make_members(members, 2);
    uint64_t missing = 0;

    world_begin(&w, 0, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 1, members, count), AVPN_OK);
    struct client hub = registered(&members[0]);

    for (uint64_t version = 2; version < 48; version++) {
        uint64_t before = world_status(&w).configuration_bytes;

        w.allocations_left = (uint32_t)version - 1;
        int32_t error = world_serve(&w, ORGANIZATION, version, members, count);

        w.allocation_fails = false;
        w.allocations_left = 0;
        ck_assert(error == AVPN_OK || error == AVPN_ERROR_MEMORY);
        missing += error == AVPN_OK && w.sent_count == 0;
        if (error != AVPN_OK) {
            ck_assert_uint_eq(world_status(&w).configuration_bytes, before);
            ck_assert_uint_eq(w.sent_count, 0);
        }
        client_keep(&hub, false);
        ck_assert_uint_eq(client_heard(&hub, AVPNI_BODY_ACK, NULL), 1);
    }
    ck_assert_uint_gt(missing, 0);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_MEMORY), missing);
    world_end(&w);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(an_update_from_any_base_makes_the_slice_of_each_member),
    HARNESS_CASE(an_update_costs_what_changed),
    HARNESS_CASE(a_policy_costs_nothing_while_it_stays),
    HARNESS_CASE(only_the_parts_asked_for_are_sent),
    HARNESS_LOOP(other_versions_are_answered_with_the_beginning_of_what_is_served,
                 HARNESS_COUNT(others)),
    HARNESS_CASE(parts_go_to_proved_contacts_only),
    HARNESS_CASE(a_sync_with_a_token_registers_and_brings_the_first_page),
    HARNESS_CASE(bases_beyond_the_last_64_versions_are_not_known),
    HARNESS_CASE(bases_that_would_need_forgotten_removals_are_not_known),
    HARNESS_CASE(after_a_restart_every_base_is_told_everything),
    HARNESS_CASE(a_new_configuration_reaches_every_connected_member_once),
    HARNESS_CASE(a_newer_configuration_takes_the_place_of_a_push_under_way),
    HARNESS_CASE(an_organization_that_goes_ends_its_push),
    HARNESS_LOOP(what_is_told_unasked_is_what_an_answer_tells,
                 HARNESS_COUNT(extras) * (VERSIONS - 1)),
    HARNESS_CASE(one_uplink_of_a_member_is_told_and_no_one_who_is_gone),
    HARNESS_CASE(a_member_that_is_revoked_is_told_and_then_forgotten),
    HARNESS_CASE(many_who_are_revoked_at_once_are_told_at_the_same_pace),
    HARNESS_LOOP(a_device_that_was_replaced_is_not_told, 2),
    HARNESS_CASE(without_memory_for_it_nobody_is_told_and_nothing_else_fails),
};
HARNESS_MAIN("registry/updates", cases)
