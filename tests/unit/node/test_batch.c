/* SPDX-License-Identifier: ISC */
/*
 * What packets lie in one run with changes nothing about them. Two organizations live the same life with the same randomness; in
 * one of them packets and datagrams are handed over in runs, in the other one by one, or by a worker. Whatever
 * leaves their engines, is delivered and is counted is the same.
 *
 * Runs are mixed as badly as a buffer of GRO or TSO can be: of several SAs, with control messages, replays, spoilt ones
 * and noise between; of packets that differ from the one before in one thing that decides: an address, a port, a fragment
 * bit, the version, a length.
 *
 * One by one a worker does exactly what its node does, to the last byte. In runs, packets of several SAs, pieces and answers may
 * overtake each other, and so have other sequence numbers: there the inner packets are compared, those of one flow in their order.
 */
#include "base/address.h"
#include "harness.h"
#include "node/pair.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP (200 * AVPN_MILLISECOND)
#define HELD 512
#define RUN_LIMIT 24
#define SENT_LIMIT 48 /* in a step: every error may be answered [ICM-3] */

/* An exit hub, a spoke that is translated and breaks out, one that is not, and another hub with a spoke of its own. */
static const struct pair_site sites[] = {
    {.role = AVPN_ROLE_HUB, .exports = {"10.1.0.0/16", "fd00:1::/32"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .takes_default = true,
     .exports = {"10.2.0.0/24", "10.2.9.7/32", "fd00:2::/32"},
     .translations = {"192.168.1.0/24", "10.2.0.0/24", "192.168.1.50/32", "10.2.9.7/32"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .exports = {"10.3.0.0/24", "fd00:3::/32"}},
    {.role = AVPN_ROLE_HUB, .exports = {"10.4.0.0/16"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {4}, .exports = {"10.5.0.0/16"}},
};
enum { HUB, B, C, HUB2, E, SITES };

enum handing { RUNS, SINGLES, BY_WORKER_SINGLES, BY_WORKER_RUNS };

struct line {
    uint64_t key;  /* lines of one key keep their order */
    uint64_t hash; /* of what happened */
    uint32_t place, host, bytes;
    bool is_delivery;
    uint8_t head[24];
};

struct book {
    struct line *lines;
    uint32_t count, capacity;
};

struct twin {
    struct pair pair; /* first: callbacks get it */
    enum handing handing;
    struct book book;
    uint64_t chance; /* the same in both */
    bool is_exact;
    bool holds;      /* what goes to the hub: all of it, if exact half of it */
    struct pair_datagram *held;
    uint32_t held_count;
};

static struct twin twins[2];

/* ---- the book -------------------------------------------------------------------------- */

static uint64_t hash(uint64_t h, const void *bytes, size_t count)
{
    const uint8_t *p = bytes;

    h ^= UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < count; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

static void write_line(struct book *book, uint32_t host, bool is_delivery, uint64_t key,
                       uint64_t hash_of_it, const uint8_t *bytes, uint32_t count)
{
    struct line *line;

    if (book->count == book->capacity) {
        book->capacity = book->capacity == 0 ? 1024 : 2 * book->capacity;
        book->lines = realloc(book->lines, book->capacity * sizeof *book->lines);
        ck_assert_ptr_nonnull(book->lines);
    }
    line = &book->lines[book->count];
    *line = (struct line){.key = key, .hash = hash_of_it, .place = book->count++, .host = host,
                          .bytes = count, .is_delivery = is_delivery};
    memcpy(line->head, bytes, count < sizeof line->head ? count : sizeof line->head);
}

/* Answers, and pieces of packets. */
static bool is_without_order(const uint8_t *packet)
{
    bool is_v4 = packet[0] >> 4 == 4;
    uint8_t protocol = packet[is_v4 ? 9 : 6];

    return protocol == 1 || protocol == 58 || (is_v4 && (packet[6] & 0x3F) + packet[7] != 0);
}

static void note_delivered(struct pair *pair, uint32_t number, const uint8_t *packet, uint32_t bytes)
{
    struct twin *twin = (struct twin *)pair;
    bool is_v4 = packet[0] >> 4 == 4;
    uint64_t content = hash(0, packet, bytes);
    uint64_t key = hash(number + 1, packet + (is_v4 ? 12 : 8), is_v4 ? 8 : 32);

    if (!twin->is_exact && is_without_order(packet))
        key = content;
    write_line(&twin->book, number, true, key, content, packet, bytes);
}

static bool note_sent(struct pair *pair, struct pair_datagram *d)
{
    struct twin *twin = (struct twin *)pair;
    uint64_t content = hash(d->flags, d->data, d->bytes);
    uint64_t key = hash(hash(d->from + 101, &d->uplink, sizeof d->uplink), &d->remote, sizeof d->remote);

    if (twin->is_exact)
        write_line(&twin->book, d->from, false, hash(key, d->data, d->bytes < 4 ? d->bytes : 4),
                   content, d->data, d->bytes);
    else
        write_line(&twin->book, d->from, false, hash(key, &d->bytes, sizeof d->bytes), d->flags,
                   d->data, d->bytes);
    if (!twin->holds || (twin->is_exact && content % 2 == 0) || twin->held_count == HELD ||
        !avpni_contact_is_equal(&d->remote, &pair->hosts[HUB].contacts[0]))
        return true;
    twin->held[twin->held_count++] = *d;
    return false;
}

static int by_key(const void *a, const void *b)
{
    const struct line *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->place < y->place ? -1 : 1;
}

static void show(const char *what, const struct line *line)
{
    printf("# %s: %s at %u, %u bytes:", what, line->is_delivery ? "delivered" : "sent", line->host,
           line->bytes);
    for (uint32_t i = 0; i < sizeof line->head && i < line->bytes; i++)
        printf(" %02x", line->head[i]);
    printf("\n");
}

static void check_books(uint32_t step)
{
    struct book *a = &twins[0].book, *b = &twins[1].book;

    if (a->count > 0)
        qsort(a->lines, a->count, sizeof *a->lines, by_key);
    if (b->count > 0)
        qsort(b->lines, b->count, sizeof *b->lines, by_key);
    for (uint32_t i = 0; i < a->count && i < b->count; i++)
        if (a->lines[i].key != b->lines[i].key || a->lines[i].hash != b->lines[i].hash) {
            show("here", &a->lines[i]);
            show("there", &b->lines[i]);
            ck_abort_msg("step %u: something else happened", step);
        }
    ck_assert_msg(a->count == b->count, "step %u: %u lines and %u", step, a->count, b->count);
    a->count = b->count = 0;
}

/* RECEIVED and drops and all others, but for who handed packets to whom. */
static void check_counters(uint32_t step)
{
    for (uint32_t i = 0; i < SITES; i++)
        for (uint32_t k = 0; k < AVPN_COUNTERS; k++) {
            uint64_t a = pair_counter(&twins[0].pair, i, k), b = pair_counter(&twins[1].pair, i, k);

            ck_assert_msg(k == AVPN_COUNT_PUNTED || a == b, "step %u: %s of %u: %u and %u", step,
                          avpn_counter_name(k), i, (unsigned)a, (unsigned)b);
        }
}

/* ---- packets that differ in what decides ------------------------------------------------------ */

struct recipe {
    uint8_t version, words, protocol, hop_limit, fragment[2], next;
    bool is_v6, is_bad_sum, is_syn;
    int32_t length_off; /* what the header says beyond the truth */
    uint32_t source, destination;
    uint16_t port;
};

static const char *const sources4[] = {"10.1.0.1", "10.1.0.80", "192.168.1.5", "192.168.1.50",
                                       "10.2.0.5",  "10.3.0.5", "10.5.0.5",    "10.4.0.1",
                                       "8.8.8.8",   "203.0.113.2"};
static const char *const destinations4[] = {"10.1.0.1",    "10.1.0.80",  "10.2.0.5",  "10.2.9.7",
                                            "10.2.0.255",  "10.3.0.5",   "10.5.0.5",  "10.4.0.1",
                                            "10.99.0.1",   "192.168.1.7", "8.8.8.8",  "203.0.113.1"};
static const char *const sources6[] = {"fd00:1::1", "fd00:2::5", "fd00:3::5", "2001:db8::1"};
static const char *const destinations6[] = {"fd00:1::1", "fd00:2::5", "fd00:3::5", "fd00:9::1",
                                            "2001:db8::2"};
static const uint16_t ports[] = {80, 81, 443, 4999, 5000, 5500, 5999, 6000, 8443, 40000};
static const uint8_t protocols[] = {6, 17, 1, 58, 253, 0, 44, 50};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint32_t chance(struct twin *twin, uint32_t below)
{
    return (uint32_t)(harness_random(&twin->chance) >> 16) % below;
}

static void change(struct twin *twin, struct recipe *r)
{
    switch (chance(twin, 13)) {
    case 0: r->source = chance(twin, 1000); break;
    case 1: r->destination = chance(twin, 1000); break;
    case 2: r->port = ports[chance(twin, COUNT(ports))]; break;
    case 3: r->protocol = protocols[chance(twin, COUNT(protocols))]; break;
    case 4: r->hop_limit = (uint8_t)chance(twin, 4); break;
    case 5: r->fragment[0] = (uint8_t[]){0x40, 0, 0x20, 0x20, 0x01, 0x80}[chance(twin, 6)]; break;
    case 6: r->fragment[1] = (uint8_t)chance(twin, 3); break;
    case 7: r->is_v6 = !r->is_v6; break;
    case 8: r->version = (uint8_t)(r->version == 0 ? chance(twin, 16) : 0); break;
    case 9: r->length_off = r->length_off != 0 ? 0 : (int32_t)chance(twin, 90) - 60; break;
    case 10: r->is_syn = !r->is_syn; break;
    case 11: r->words = (uint8_t)(r->words != 0 ? 0 : chance(twin, 16)); break;
    default: r->is_bad_sum = !r->is_bad_sum; break;
    }
}

static void write_transport(const struct recipe *r, uint8_t *at, uint32_t room)
{
    uint8_t head[24] = {0x9c, 0x40, (uint8_t)(r->port >> 8), (uint8_t)r->port};

    if (r->protocol == 6) {
        head[12] = r->is_syn ? 0x60 : 0x50;
        head[13] = r->is_syn ? 0x02 : 0x10;
        memcpy(head + 20, "\x02\x04\x05\xb4", 4);
    } else if (r->protocol == 17) {
        head[4] = (uint8_t)(room >> 8);
        head[5] = (uint8_t)room;
    } else if (r->protocol == 1 || r->protocol == 58) {
        head[0] = (uint8_t)(r->port % 5 * 2);
    }
    memcpy(at, head, room < sizeof head ? room : sizeof head);
}

static void spoil_length(const struct recipe *r, uint8_t *field)
{
    uint32_t length = (uint32_t)((int32_t)((uint32_t)field[0] << 8 | field[1]) + r->length_off);

    field[0] = (uint8_t)(length >> 8);
    field[1] = (uint8_t)length;
}

static void sum_again(uint8_t *packet)
{
    uint32_t sum = 0;

    packet[10] = packet[11] = 0;
    for (uint32_t i = 0; i < 20; i += 2)
        sum += (uint32_t)packet[i] << 8 | packet[i + 1];
    sum = (sum & 0xFFFF) + (sum >> 16);
    sum = ~(sum + (sum >> 16));
    packet[10] = (uint8_t)(sum >> 8);
    packet[11] = (uint8_t)sum;
}

/* `bytes` may be too few for any header. */
static void cook(const struct recipe *r, uint8_t *packet, uint32_t bytes)
{
    uint8_t whole[PAIR_DATAGRAM];
    uint32_t size = bytes < 80 ? 80 : bytes;

    if (r->is_v6) {
        pair_packet(whole, sources6[r->source % COUNT(sources6)],
                    destinations6[r->destination % COUNT(destinations6)], size);
        whole[6] = r->protocol;
        whole[7] = r->hop_limit > 0 ? 64 : r->hop_limit;
        write_transport(r, whole + 40, size - 40);
        whole[4] = (uint8_t)((bytes - 40) >> 8);
        whole[5] = (uint8_t)(bytes - 40);
        spoil_length(r, whole + 4);
    } else {
        pair_packet(whole, sources4[r->source % COUNT(sources4)],
                    destinations4[r->destination % COUNT(destinations4)], size);
        whole[9] = r->protocol;
        whole[8] = r->hop_limit > 2 ? 64 : r->hop_limit;
        memcpy(whole + 6, r->fragment, 2);
        write_transport(r, whole + 20, size - 20);
        whole[2] = (uint8_t)(bytes >> 8);
        whole[3] = (uint8_t)bytes;
        spoil_length(r, whole + 2);
        if (r->words != 0)
            whole[0] = (uint8_t)(0x40 | r->words);
        if (!r->is_bad_sum)
            sum_again(whole);
    }
    if (r->version != 0)
        whole[0] = (uint8_t)((r->version << 4) | (whole[0] & 15));
    memcpy(packet, whole, bytes);
}

/* ---- handing over ------------------------------------------------------------------------------ */

/* Sealed, some are as long as control messages are. */
static uint32_t random_size(struct twin *twin)
{
    static const uint32_t sealed[] = {128, 76, 164, 68, 1400, 1500};
    uint32_t bytes = avpn_inner_bytes(sealed[chance(twin, COUNT(sealed))]);

    return chance(twin, 4) == 0 ? 1 + chance(twin, 1600) : bytes;
}

static uint32_t length_of(const struct avpn_packets *run, uint32_t k)
{
    return k + 1 < run->count ? run->bytes : run->last_bytes;
}

static void send_singly(struct twin *twin, uint32_t from, const struct avpn_packets *run)
{
    for (uint32_t k = 0; k < run->count; k++) {
        uint32_t bytes = length_of(run, k);
        uint8_t room[AVPN_HEADROOM + PAIR_DATAGRAM + AVPN_TAILROOM];
        struct avpn_packets one = {room + AVPN_HEADROOM, 1, bytes, bytes, bytes};

        memcpy(one.data, run->data + (size_t)k * run->stride, bytes);
        ck_assert_int_eq(pair_send_runs(&twin->pair, from, &one, 1), AVPN_OK);
    }
}

static void send_mixed(struct twin *twin, uint32_t from)
{
    static uint8_t room[4][AVPN_HEADROOM + RUN_LIMIT * (PAIR_DATAGRAM + 64)];
    struct recipe recipe = {.protocol = (uint8_t)(chance(twin, 2) ? 6 : 17), .hop_limit = 64,
                            .port = 443, .fragment = {0x40, 0},
                            .source = (uint32_t[]){0, 2, 5, 7, 6}[from], .destination = chance(twin, 1000)};
    struct avpn_packets runs[4];
    uint32_t count = 1 + chance(twin, 4), left = SENT_LIMIT;

    for (uint32_t i = 0; i < count; i++) {
        struct avpn_packets *run = &runs[i];

        run->bytes = random_size(twin);
        run->count = 1 + chance(twin, RUN_LIMIT < left ? RUN_LIMIT : left);
        left -= run->count;
        if (left == 0)
            count = i + 1;
        run->last_bytes = run->count > 1 && chance(twin, 2) ? 1 + chance(twin, run->bytes) : run->bytes;
        run->stride = chance(twin, 2) ? avpn_sealed_bytes(run->bytes)
                                      : run->bytes + AVPN_HEADROOM + AVPN_TAILROOM;
        run->data = room[i] + AVPN_HEADROOM;
        for (uint32_t k = 0; k < run->count; k++) {
            cook(&recipe, run->data + (size_t)k * run->stride, length_of(run, k));
            if (chance(twin, 3) == 0)
                change(twin, &recipe);
        }
    }
    if (twin->handing == RUNS || twin->handing == BY_WORKER_RUNS)
        ck_assert_int_eq(pair_send_runs(&twin->pair, from, runs, count), AVPN_OK);
    else
        for (uint32_t i = 0; i < count; i++)
            send_singly(twin, from, &runs[i]);
}

static void receive_singly(struct twin *twin, const struct avpn_datagrams *run)
{
    for (uint32_t k = 0; k < run->packets.count; k++) {
        uint32_t bytes = length_of(&run->packets, k);
        uint8_t copy[PAIR_DATAGRAM];
        struct avpn_datagrams one = *run;

        memcpy(copy, run->packets.data + (size_t)k * run->packets.stride, bytes);
        one.packets = (struct avpn_packets){copy, 1, bytes, bytes, bytes};
        ck_assert_int_eq(pair_receive_runs(&twin->pair, HUB, &one, 1), AVPN_OK);
    }
}

/* `due` is the place in which it was sent, now. */
static int by_size(const void *a, const void *b)
{
    const struct pair_datagram *x = a, *y = b;

    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? -1 : 1;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return x->due < y->due ? -1 : 1;
}

static bool is_esp(const uint8_t *bytes)
{
    return memcmp(bytes, "\0\0\0\0", 4) != 0;
}

/*
 * What was held; before some of them spoilt copies and noise, after some of them the same again. All of one size, and a
 * shorter one at the end. Returns how many are used up.
 */
static uint32_t fill_run(struct twin *twin, uint32_t first, struct avpn_datagrams *run, uint8_t *room)
{
    const struct pair_datagram *held = &twin->held[first];
    uint32_t used = 0, count = 0, bytes = held[0].bytes;

    while (count < RUN_LIMIT - 4 && first + used < twin->held_count && held[used].bytes == bytes) {
        const uint8_t *data = held[used++].data;
        uint32_t before = chance(twin, 8), again = chance(twin, 8) == 0, at = chance(twin, bytes);

        if (before == 0 && is_esp(data)) {
            memcpy(room + (size_t)count * bytes, data, bytes);
            room[(size_t)count++ * bytes + (at < 8 ? 8 : at)] ^= (uint8_t)(1u << chance(twin, 8));
        } else if (before == 1) {
            for (uint32_t i = 0; i < bytes; i++)
                room[(size_t)count * bytes + i] = (uint8_t)chance(twin, 256);
            count++;
        }
        for (uint32_t i = 0; i <= again; i++)
            memcpy(room + (size_t)count++ * bytes, data, bytes);
    }
    *run = (struct avpn_datagrams){.remote = held[chance(twin, used)].source,
                                   .packets = {room, count, bytes, bytes, bytes}};
    if (chance(twin, 3) == 0) {
        memset(room + (size_t)run->packets.count++ * bytes, 0xFF, bytes);
        run->packets.last_bytes = chance(twin, 2) ? 1 : chance(twin, bytes + 1); /* 1: a keepalive */
    }
    return used;
}

static void release(struct twin *twin)
{
    static uint8_t room[HELD][RUN_LIMIT * PAIR_DATAGRAM];
    static struct avpn_datagrams runs[HELD];
    uint32_t count = 0;

    for (uint32_t i = 0; i < twin->held_count; i++)
        twin->held[i].due = i;
    if (twin->held_count > 0)
        qsort(twin->held, twin->held_count, sizeof *twin->held, by_size);
    for (uint32_t first = 0; first < twin->held_count; count++)
        first += fill_run(twin, first, &runs[count], room[count]);
    for (uint32_t i = 0; i + 1 < count; i++) {
        uint32_t other = i + chance(twin, count - i);
        struct avpn_datagrams run = runs[i];

        runs[i] = runs[other];
        runs[other] = run;
    }
    if (twin->handing == RUNS || twin->handing == BY_WORKER_RUNS)
        ck_assert_int_eq(pair_receive_runs(&twin->pair, HUB, runs, count), AVPN_OK);
    else
        for (uint32_t i = 0; i < count; i++)
            receive_singly(twin, &runs[i]);
    twin->held_count = 0;
}

/* ---- two lives --------------------------------------------------------------------------------- */

static struct avpn_prefix prefix_of(const char *text)
{
    struct avpn_prefix prefix;

    ck_assert_int_eq(avpn_prefix_parse(text, &prefix), AVPN_OK);
    return prefix;
}

/* Web to one server of the hub's is denied to C, a range of UDP to everybody; port 8443 outside breaks out. */
static void amend(struct pair *pair, struct avpn_config *config)
{
    struct avpn_rule web = {.size = sizeof web, .action = AVPN_RULE_DENY, .protocol = 6,
                            .destination_first = 80, .destination_last = 80, .name = "no-web"};
    struct avpn_rule games = {.size = sizeof games, .action = AVPN_RULE_DENY, .protocol = 17,
                              .destination_first = 5000, .destination_last = 5999};
    struct avpn_breakout breakout = {.size = sizeof breakout, .protocol = 6,
                                     .destination_first = 8443, .destination_last = 8443};

    (void)pair;
    web.source = prefix_of("10.3.0.0/16");
    web.destination = prefix_of("10.1.0.80/32");
    ck_assert_int_eq(avpn_config_add_rule(config, &web), AVPN_OK);
    ck_assert_int_eq(avpn_config_add_rule(config, &games), AVPN_OK);
    ck_assert_int_eq(avpn_config_add_breakout(config, &breakout), AVPN_OK);
}

static void begin(struct twin *twin, enum handing handing, bool is_exact, uint64_t seed)
{
    struct pair *pair = &twin->pair;

    memset(twin, 0, sizeof *twin);
    twin->is_exact = is_exact;
    pair_begin(pair, sites, SITES, 1, seed);
    twin->handing = handing;
    twin->chance = seed;
    twin->held = malloc(HELD * sizeof *twin->held);
    ck_assert_ptr_nonnull(twin->held);
    pair->is_arena = false;
    pair->worker_count = handing >= BY_WORKER_SINGLES;
    pair->amend = amend;
    pair->hosts[B].has_breakout = true;
    for (uint32_t i = 0; i < SITES; i++)
        pair->hosts[i].carrier = PAIR_BY_WORKER;
    pair->filter = note_sent;
    pair->watch = note_delivered;
    pair_start(pair);
    pair_run(pair, 30 * AVPN_SECOND);
    ck_assert(pair_is_up(pair, B, HUB) && pair_is_up(pair, C, HUB) && pair_is_up(pair, E, HUB2));
}

static void end(struct twin *twin)
{
    pair_end(&twin->pair);
    free(twin->held);
    free(twin->book.lines);
}

static void step(struct twin *twin)
{
    twin->holds = true;
    send_mixed(twin, chance(twin, SITES));
    pair_run(&twin->pair, STEP / 2);
    twin->holds = false;
    release(twin);
    pair_run(&twin->pair, STEP / 2);
}

static void live_alike(enum handing here, enum handing there, bool is_exact, uint64_t seed,
                       uint32_t steps)
{
    begin(&twins[0], here, is_exact, seed);
    begin(&twins[1], there, is_exact, seed);
    check_books(0);
    for (uint32_t i = 1; i <= 2 * steps; i++) {
        for (uint32_t t = 0; t < 2; t++) {
            if (i == steps)
                pair_run(&twins[t].pair, 540 * AVPN_SECOND); /* soon all change their keys [ESP-6] */
            step(&twins[t]);
            pair_run(&twins[t].pair, AVPN_SECOND); /* ICMP errors may be sent again [ICM-3] */
        }
        check_books(i);
        check_counters(i);
    }
    ck_assert_uint_ge(pair_counter(&twins[0].pair, HUB, AVPN_COUNT_FORWARDED), 100);
    end(&twins[0]);
    end(&twins[1]);
}

START_TEST(runs_are_what_their_packets_are_one_by_one)
{
    live_alike(RUNS, SINGLES, false, 1000 + (uint64_t)_i, 120);
}
END_TEST

START_TEST(a_worker_does_what_its_node_does)
{
    live_alike(BY_WORKER_SINGLES, SINGLES, true, 2000 + (uint64_t)_i, 120);
}
END_TEST

START_TEST(runs_of_a_worker_are_what_their_packets_are_to_a_node)
{
    live_alike(BY_WORKER_RUNS, SINGLES, false, 3000 + (uint64_t)_i, 120);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(runs_are_what_their_packets_are_one_by_one, 4),
    HARNESS_LOOP(a_worker_does_what_its_node_does, 4),
    HARNESS_LOOP(runs_of_a_worker_are_what_their_packets_are_to_a_node, 4),
};
HARNESS_MAIN("node/batch", cases)
