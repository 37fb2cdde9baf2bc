/* SPDX-License-Identifier: ISC */
#include "harness.h"
#include "inner/translate.h"
#include "packets.h"
#include <stdlib.h>
#include <string.h>

/* A site whose subnets lie in each other, with single hosts, odd lengths, and both families. */
static const char *const pairs[][2] = {
    {"192.168.1.0/24", "10.1.1.0/24"},
    {"192.168.0.0/16", "10.7.0.0/16"},
    {"192.168.1.77/32", "10.1.9.9/32"},
    {"192.168.1.200/29", "10.1.1.32/29"},
    {"172.16.0.0/13", "10.8.0.0/13"},
    {"fd00:1::/64", "fd10:1::/64"},
    {"fd00::/16", "fd77::/16"},
    {"fd00:1::42/128", "fd10:9::9/128"},
    {"fd00:1::100/121", "fd10:1::200/121"},
};

static const struct avpni_translator *site(void)
{
    static struct avpni_translator translator;
    struct avpn_translation list[HARNESS_COUNT(pairs)];

    if (translator.count != 0)
        return &translator;
    for (int i = 0; i < HARNESS_COUNT(pairs); i++)
        list[i] =
            (struct avpn_translation){packets_prefix(pairs[i][0]), packets_prefix(pairs[i][1])};
    avpni_translator_set(&translator, list, HARNESS_COUNT(pairs));
    return &translator;
}

static bool is_same(const struct avpn_address *a, const struct avpn_address *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, 16) == 0;
}

/* ---- addresses ------------------------------------------------------------------------------- */

struct row {
    const char *local;
    const char *exported; /* as which it is sent */
    const char *back;     /* whom that reaches; NULL: nobody [TRN-3] */
};

static const struct row rows[] = {
    /* [TRN-1], [CFG-14] */
    {"192.168.1.5", "10.1.1.5", "192.168.1.5"},
    {"192.168.2.5", "10.7.2.5", "192.168.2.5"},
    {"192.168.255.255", "10.7.255.255", "192.168.255.255"},
    {"192.168.1.77", "10.1.9.9", "192.168.1.77"},
    {"192.168.1.78", "10.1.1.78", "192.168.1.78"},
    {"192.168.1.201", "10.1.1.33", "192.168.1.201"},
    {"192.168.1.33", "10.1.1.33", "192.168.1.201"}, /* two of one address: the other has it */
    {"172.16.0.1", "10.8.0.1", "172.16.0.1"},
    {"172.23.255.254", "10.15.255.254", "172.23.255.254"},
    {"172.24.0.1", "172.24.0.1", "172.24.0.1"},
    {"8.8.8.8", "8.8.8.8", "8.8.8.8"},
    {"fd00:1::5", "fd10:1::5", "fd00:1::5"},
    {"fd00:1::42", "fd10:9::9", "fd00:1::42"},
    {"fd00:1::17f", "fd10:1::27f", "fd00:1::17f"},
    {"fd00:1::180", "fd10:1::180", "fd00:1::180"},
    {"fd00:2::1", "fd77:2::1", "fd00:2::1"},
    {"fe00::1", "fe00::1", "fe00::1"},
    /* Who has the address of another in the VPN is nobody there. */
    {"10.1.1.5", "10.1.1.5", "192.168.1.5"},
};

START_TEST(the_longest_translation_replaces_the_first_bits)
{
    const struct row *row = &rows[_i];
    const struct avpni_translator *translator = site();
    struct avpn_address local = packets_address(row->local), back;
    struct avpn_address exported = packets_address(row->exported),
                        want = packets_address(row->back);
    struct avpn_address sent = avpni_translate_to_vpn(translator, &local);

    ck_assert_msg(is_same(&sent, &exported), "%s", row->local);
    ck_assert_msg(avpni_translate_to_local(translator, &sent, &back), "%s", row->local);
    ck_assert_msg(is_same(&back, &want), "%s", row->local);
}
END_TEST

START_TEST(an_address_that_would_be_answered_with_another_has_no_host) /* [TRN-3] */
{
    static const char *const nobody[] = {
        "192.168.1.5", /* is sent as 10.1.1.5 */
        "10.1.1.77",   /* 192.168.1.77 is sent as 10.1.9.9 */
        "10.7.1.5",    /* 192.168.1.5 is sent as 10.1.1.5 */
        "10.1.1.200",  /* 192.168.1.200 is sent as 10.1.1.32 */
        "172.16.0.1",  "fd00:1::5", "fd10:1::42", "fd77:1::5",
    };
    const struct avpni_translator *translator = site();

    for (int i = 0; i < HARNESS_COUNT(nobody); i++) {
        struct avpn_address exported = packets_address(nobody[i]), local = {.family = 99};

        ck_assert_msg(!avpni_translate_to_local(translator, &exported, &local), "%s", nobody[i]);
        ck_assert_uint_eq(local.family, 99);
    }
}
END_TEST

START_TEST(without_translations_everything_is_itself)
{
    struct avpni_translator translator;
    struct avpn_address host = packets_address("192.168.1.5"), found;
    struct packets_packet p, was;
    uint64_t state = 1;

    memset(&translator, 0xA5, sizeof translator);
    avpni_translator_set(&translator, NULL, 0);
    ck_assert_uint_eq(translator.count, 0);
    found = avpni_translate_to_vpn(&translator, &host);
    ck_assert(is_same(&found, &host));
    ck_assert(avpni_translate_to_local(&translator, &host, &found));
    ck_assert(is_same(&found, &host));
    /* Not even looked at: this error has nothing inside. */
    packets_error(&host, &host, p.bytes, 0, &p);
    packets_random(&state, &host, &host, 10, &was);
    was = p;
    ck_assert(avpni_translate_out(&translator, p.bytes, p.count));
    ck_assert(avpni_translate_in(&translator, p.bytes, p.count));
    ck_assert_mem_eq(p.bytes, was.bytes, p.count);
}
END_TEST

/* Any list: the first that the longest length finds, by asking all of them for every length. */
static struct avpn_address naive(const struct avpn_translation *list, uint32_t count, bool is_out,
                                 const struct avpn_address *address)
{
    for (int length = 128; length >= 0; length--) {
        for (uint32_t i = 0; i < count; i++) {
            const struct avpn_prefix *from = is_out ? &list[i].local : &list[i].exported;
            const struct avpn_prefix *to = is_out ? &list[i].exported : &list[i].local;
            struct avpn_address result = *address;

            if (from->length != length || !packets_is_in(from, address))
                continue;
            for (int bit = 0; bit < length; bit++) {
                int mask = 0x80 >> bit % 8;

                result.bytes[bit / 8] =
                    (uint8_t)((result.bytes[bit / 8] & ~mask) | (to->bytes[bit / 8] & mask));
            }
            return result;
        }
    }
    return *address;
}

static struct avpn_address random_address(uint64_t *state, uint8_t family)
{
    struct avpn_address address = {.family = family};

    /* Few bits, so that prefixes lie in each other. */
    for (int i = 0; i < (family == 4 ? 4 : 16); i++)
        address.bytes[i] = (uint8_t)(packets_below(state, 4) * 0x55);
    return address;
}

static struct avpn_prefix random_prefix(uint64_t *state, uint8_t family, uint8_t length)
{
    struct avpn_address address = random_address(state, family);
    struct avpn_prefix prefix = {.family = family, .length = length};

    for (int bit = 0; bit < length; bit++)
        prefix.bytes[bit / 8] |= (uint8_t)(address.bytes[bit / 8] & 0x80 >> bit % 8);
    return prefix;
}

START_TEST(any_list_is_searched_as_a_naive_search_does)
{
    uint64_t state = 61;
    uint32_t changed = 0, nobody = 0;

    for (int round = 0; round < 400; round++) {
        struct avpn_translation list[AVPN_TRANSLATIONS];
        uint32_t count = packets_below(&state, AVPN_TRANSLATIONS + 1);
        struct avpni_translator translator;

        for (uint32_t i = 0; i < count; i++) {
            uint8_t family = packets_below(&state, 2) == 0 ? 4 : 6;
            uint8_t length = (uint8_t)(1 + packets_below(&state, family == 4 ? 32 : 128));

            length = packets_below(&state, 2) == 0 ? (uint8_t)(length % 9 + 1) : length;
            list[i].local = random_prefix(&state, family, length);
            list[i].exported = random_prefix(&state, family, length);
        }
        avpni_translator_set(&translator, list, count);
        for (int i = 0; i < 50; i++) {
            struct avpn_address a = random_address(&state, packets_below(&state, 2) == 0 ? 4 : 6);
            struct avpn_address out = naive(list, count, true, &a), found;
            struct avpn_address in = naive(list, count, false, &a);
            struct avpn_address back = naive(list, count, true, &in);

            found = avpni_translate_to_vpn(&translator, &a);
            ck_assert(is_same(&found, &out));
            ck_assert(avpni_translate_to_local(&translator, &a, &found) == is_same(&back, &a));
            if (is_same(&back, &a))
                ck_assert(is_same(&found, &in));
            changed += !is_same(&a, &out);
            nobody += !is_same(&back, &a);
        }
    }
    ck_assert_uint_gt(changed, 1000);
    ck_assert_uint_gt(nobody, 1000);
}
END_TEST

/* ---- packets --------------------------------------------------------------------------------- */

typedef bool translate(const struct avpni_translator *translator, uint8_t *packet, uint32_t bytes);

/* Translated in a copy of exactly its size; false must have changed nothing. */
static bool pass(translate *way, struct packets_packet *p)
{
    const struct avpni_translator *translator = site();
    uint8_t *exact = packets_exact(p->bytes, p->count);
    bool is_passed = way(translator, exact, p->count);

    if (!is_passed)
        ck_assert_mem_eq(exact, p->bytes, p->count);
    memcpy(p->bytes, exact, p->count);
    free(exact);
    return is_passed;
}

/* The site's hosts, and those elsewhere. */
static const char *const locals[] = {"192.168.1.5",   "192.168.2.6", "192.168.1.77",
                                     "192.168.1.201", "172.20.1.1",  "8.8.8.8"};
static const char *const locals6[] = {"fd00:1::5",   "fd00:2::6",    "fd00:1::42",
                                      "fd00:1::101", "fd00:ffff::1", "2001:db8::1"};

static void choose(uint64_t *state, struct avpn_address *local_out, struct avpn_address *remote_out)
{
    bool is_ipv4 = packets_below(state, 2) == 0;
    uint32_t i = packets_below(state, HARNESS_COUNT(locals));

    *local_out = packets_address(is_ipv4 ? locals[i] : locals6[i]);
    *remote_out = packets_address(is_ipv4 ? "10.99.3.4" : "fd99:3::4");
}

static void swap(uint8_t *packet)
{
    uint32_t count = packet[0] >> 4 == 4 ? 4 : 16;
    uint8_t *source = packet + (count == 4 ? 12 : 8), saved[16];

    memcpy(saved, source, count);
    memcpy(source, source + count, count);
    memcpy(source + count, saved, count);
}

/* Everything but the addresses and the checksums that cover them is as it was. */
static void check_rest(const struct packets_packet *p, const struct packets_packet *was)
{
    struct packets_packet masked = *p;
    uint32_t at = p->bytes[0] >> 4 == 4 ? 12 : 8;
    struct packets_view view;

    ck_assert(packets_look(p->bytes, p->count, &view));
    memcpy(masked.bytes + at, was->bytes + at, at == 12 ? 8 : 32);
    if (at == 12)
        memcpy(masked.bytes + 10, was->bytes + 10, 2);
    if (view.has_pseudo)
        memcpy(masked.bytes + view.checksum, was->bytes + view.checksum, 2);
    ck_assert_mem_eq(masked.bytes, was->bytes, p->count);
}

static bool is_udp_without(const struct packets_packet *p, const struct packets_view *view)
{
    return view->protocol == 17 && view->checksum != 0 && p->bytes[view->checksum] == 0 &&
           p->bytes[view->checksum + 1] == 0;
}

START_TEST(a_packet_goes_out_right_and_its_answer_comes_back) /* [TRN-1], [TRN-2] */
{
    const struct avpni_translator *translator = site();
    uint64_t state = 62;
    uint32_t without = 0;

    for (int round = 0; round < 6000; round++) {
        struct avpn_address local, remote;
        struct packets_packet p, was;
        struct packets_view view;

        choose(&state, &local, &remote);
        packets_random(&state, &local, &remote, 60, &p);
        was = p;
        ck_assert(packets_look(p.bytes, p.count, &view));
        uint32_t sum = packets_transport_sum(p.bytes, p.count, &view);

        ck_assert(pass(avpni_translate_out, &p));
        struct avpn_address sent = avpni_translate_to_vpn(translator, &local);

        ck_assert_mem_eq(p.bytes + (local.family == 4 ? 12 : 8), sent.bytes,
                         local.family == 4 ? 4 : 16);
        ck_assert_mem_eq(p.bytes + (local.family == 4 ? 16 : 24), remote.bytes,
                         local.family == 4 ? 4 : 16);
        check_rest(&p, &was);
        if (is_udp_without(&was, &view)) {
            ck_assert(is_udp_without(&p, &view));
            without++;
        } else {
            ck_assert_ptr_null(packets_fault(p.bytes, p.count));
            ck_assert_uint_eq(packets_transport_sum(p.bytes, p.count, &view), sum);
            ck_assert(!is_udp_without(&p, &view));
        }
        swap(p.bytes);
        ck_assert(pass(avpni_translate_in, &p));
        swap(p.bytes);
        ck_assert_mem_eq(p.bytes, was.bytes, p.count);
    }
    ck_assert_uint_gt(without, 30);
}
END_TEST

/* A sum that becomes zero is sent as its other form (RFC 768). */
START_TEST(a_computed_zero_is_sent_as_ones)
{
    static const struct {
        uint8_t protocol;
        uint32_t place, zero;
    } kinds[] = {{17, 6, 0xFFFF}, {136, 6, 0xFFFF}, {6, 16, 0}, {33, 6, 0}};
    struct avpn_address local = packets_address("192.168.1.5"),
                        remote = packets_address("10.99.3.4");
    struct avpn_address sent = packets_address("10.1.1.5");

    for (int i = 0; i < HARNESS_COUNT(kinds); i++) {
        struct packets_packet p;
        uint64_t state = 1;

        /* Make it so that the sum under the new address is zero: one word takes up the rest. */
        packets_plain(&state, &sent, &remote, kinds[i].protocol, 24, &p);
        uint8_t *field = p.bytes + 20 + kinds[i].place, *word = p.bytes + 40;
        uint32_t sum =
            ((uint32_t)word[0] << 8 | word[1]) + ((uint32_t)(uint32_t)field[0] << 8 | field[1]);

        sum = sum > 0xFFFF ? sum - 0xFFFF : sum;
        word[0] = (uint8_t)(sum >> 8);
        word[1] = (uint8_t)sum;
        memcpy(p.bytes + 12, local.bytes, 4);
        packets_seal(p.bytes, p.count, false);
        ck_assert_uint_ne((uint32_t)field[0] << 8 | field[1], 0);
        ck_assert(pass(avpni_translate_out, &p));
        ck_assert_uint_eq((uint32_t)field[0] << 8 | field[1], kinds[i].zero);
        ck_assert_ptr_null(packets_fault(p.bytes, p.count));
    }
}
END_TEST

START_TEST(a_checksum_that_would_have_to_follow_but_is_cut_away_is_refused)
{
    static const struct {
        uint8_t protocol, payload; /* enough just so */
    } kinds[] = {{6, 18}, {17, 8}, {33, 8}, {136, 8}, {58, 4}};

    for (int i = 0; i < HARNESS_COUNT(kinds); i++) {
        for (uint32_t payload = 0; payload < 24; payload++) {
            bool is_ipv6 = kinds[i].protocol == 58;
            struct avpn_address local = packets_address(is_ipv6 ? locals6[0] : locals[0]);
            struct avpn_address remote = packets_address(is_ipv6 ? "fd99::1" : "10.99.0.1");
            struct packets_packet p;
            uint64_t state = 1;

            packets_plain(&state, &local, &remote, kinds[i].protocol, payload, &p);
            if (is_ipv6)
                p.bytes[40] = 128;
            ck_assert(pass(avpni_translate_out, &p) == (payload >= kinds[i].payload));
            /* Not for who stays who he is. */
            local = packets_address(is_ipv6 ? "2001:db8::1" : "8.8.8.8");
            packets_plain(&state, &local, &remote, kinds[i].protocol, payload, &p);
            if (is_ipv6)
                p.bytes[40] = 128;
            ck_assert(pass(avpni_translate_out, &p));
        }
    }
}
END_TEST

START_TEST(what_has_no_checksum_with_addresses_keeps_all_its_bytes)
{
    static const uint8_t protocols[] = {1, 58, 47, 50, 51, 132, 4, 89};
    struct avpn_address local = packets_address("192.168.1.5"),
                        remote = packets_address("10.99.3.4");

    for (int i = 0; i < HARNESS_COUNT(protocols); i++) {
        struct packets_packet p, was;
        uint64_t state = 1;

        packets_plain(&state, &local, &remote, protocols[i], 40, &p);
        p.bytes[20] = 8;
        packets_seal(p.bytes, p.count, false);
        was = p;
        ck_assert(pass(avpni_translate_out, &p));
        ck_assert_mem_eq(p.bytes + 20, was.bytes + 20, 40);
        ck_assert_ptr_null(packets_fault(p.bytes, p.count));
    }
}
END_TEST

START_TEST(an_address_of_another_is_neither_sent_nor_delivered) /* [TRN-3] */
{
    struct avpn_address remote = packets_address("10.99.3.4");
    struct avpn_address taken = packets_address("192.168.1.33"); /* 10.1.1.33 is 192.168.1.201 */
    struct avpn_address exported = packets_address("10.1.1.5"),
                        nobody = packets_address("10.1.1.77");
    struct packets_packet p;
    uint64_t state = 1;

    packets_plain(&state, &taken, &remote, 17, 20, &p);
    ck_assert(!pass(avpni_translate_out, &p));
    packets_plain(&state, &exported, &remote, 17, 20, &p);
    ck_assert(!pass(avpni_translate_out, &p));
    packets_plain(&state, &remote, &nobody, 17, 20, &p);
    ck_assert(!pass(avpni_translate_in, &p));
    packets_plain(&state, &remote, &exported, 17, 20, &p);
    ck_assert(pass(avpni_translate_in, &p));
}
END_TEST

/* An IPv6 packet with a routing header and a UDP header behind it. */
static void make_routed(const char *from, const char *to, const char *last,
                        struct packets_packet *p)
{
    struct avpn_address source = packets_address(from), destination = packets_address(to);
    struct avpn_address final = packets_address(last);
    uint64_t state = 1;

    packets_plain(&state, &source, &final, 17, 24, p);
    memmove(p->bytes + 64, p->bytes + 40, 24);
    memset(p->bytes + 40, 0, 24);
    p->bytes[6] = 43;
    p->bytes[40] = 17;
    p->bytes[41] = 2;
    p->bytes[43] = 1; /* one more stop */
    memcpy(p->bytes + 48, final.bytes, 16);
    memcpy(p->bytes + 24, destination.bytes, 16);
    p->count += 24;
    p->bytes[5] = (uint8_t)(p->count - 40);
}

/* RFC 8200, 8.1: the checksum is about the last stop, not about the next. */
START_TEST(the_next_stop_of_a_route_is_not_in_the_checksum)
{
    struct packets_packet p, was;

    make_routed("fd99::1", "fd10:1::5", "2001:db8::9", &p);
    was = p;
    ck_assert(pass(avpni_translate_in, &p));
    ck_assert_mem_eq(p.bytes + 40, was.bytes + 40, p.count - 40);
    ck_assert_mem_eq(p.bytes + 24, packets_address("fd00:1::5").bytes, 16);

    make_routed("fd00:1::5", "fd99::1", "2001:db8::9", &p);
    was = p;
    ck_assert(pass(avpni_translate_out, &p));
    ck_assert_mem_ne(p.bytes + 70, was.bytes + 70, 2);
    memcpy(p.bytes + 24, p.bytes + 48, 16); /* at the last stop */
    p.bytes[43] = 0;
    ck_assert_ptr_null(packets_fault(p.bytes, p.count));
}
END_TEST

/* ---- errors ---------------------------------------------------------------------------------- */

/*
 * A packet went one way and was translated; what comes back is an error about the first bytes of it. Translated the other way
 * it has to be about the first bytes of the packet as it was at first, whatever is cut away.
 */
static void check_error(uint64_t *state, bool is_out)
{
    const struct avpni_translator *translator = site();
    struct avpn_address local, remote, exported, router;
    struct packets_packet there, here, error, expected;
    bool is_router = packets_below(state, 2) == 0;

    choose(state, &local, &remote);
    exported = avpni_translate_to_vpn(translator, &local);
    if (is_out) /* from the VPN to our host, which refuses: the error goes out */
        packets_random(state, &remote, &exported, 60, &there);
    else
        packets_random(state, &local, &remote, 60, &there);
    here = there;
    ck_assert(pass(is_out ? avpni_translate_in : avpni_translate_out, &here));
    uint32_t header = local.family == 4 ? 20 : 40;
    uint32_t inside = header + packets_below(state, here.count - header + 1);
    struct packets_view view;

    ck_assert(packets_look(here.bytes, here.count, &view));
    if (inside == view.checksum + 1)
        inside++; /* half a checksum cannot follow */

    router = packets_address(local.family == 4 ? "192.168.2.1" : "fd00:2::fe");
    if (is_out) {
        struct avpn_address from = is_router ? router : local;
        struct avpn_address as = avpni_translate_to_vpn(translator, &from);

        packets_error(&from, &remote, here.bytes, inside, &error);
        packets_error(&as, &remote, there.bytes, inside, &expected);
    } else {
        struct avpn_address from = packets_address(local.family == 4 ? "10.99.0.254" : "fd99::fe");

        from = is_router ? from : remote;
        packets_error(&from, &exported, here.bytes, inside, &error);
        packets_error(&from, &local, there.bytes, inside, &expected);
    }
    ck_assert_ptr_null(packets_fault(error.bytes, error.count));
    ck_assert(pass(is_out ? avpni_translate_out : avpni_translate_in, &error));
    ck_assert_ptr_null(packets_fault(error.bytes, error.count));
    ck_assert_uint_eq(error.count, expected.count);
    ck_assert_mem_eq(error.bytes, expected.bytes, error.count);
}

START_TEST(an_error_is_about_the_packet_that_its_receiver_knows) /* [TRN-2] */
{
    uint64_t state = 63;

    for (int round = 0; round < 4000; round++)
        check_error(&state, _i == 0);
}
END_TEST

START_TEST(an_error_cut_short_of_the_addresses_inside_is_refused)
{
    struct avpn_address local = packets_address("192.168.1.5"),
                        remote = packets_address("10.99.3.4");
    struct avpn_address local6 = packets_address("fd00:1::5"), remote6 = packets_address("fd99::4");
    struct packets_packet about, error;
    uint64_t state = 1;

    packets_plain(&state, &remote, &local, 17, 20, &about);
    for (uint32_t inside = 0; inside <= about.count; inside++) {
        packets_error(&local, &remote, about.bytes, inside, &error);
        ck_assert(pass(avpni_translate_out, &error) == (inside >= 20));
    }
    packets_plain(&state, &remote6, &local6, 17, 20, &about);
    for (uint32_t inside = 0; inside <= about.count; inside++) {
        packets_error(&local6, &remote6, about.bytes, inside, &error);
        ck_assert(pass(avpni_translate_out, &error) == (inside >= 40));
    }
    /* Not even the eight bytes of its own header. */
    for (uint32_t count = 1; count < 8; count++) {
        packets_plain(&state, &local, &remote, 1, count, &error);
        error.bytes[20] = 3;
        ck_assert(!pass(avpni_translate_out, &error));
    }
}
END_TEST

START_TEST(an_error_with_a_packet_of_the_other_family_inside_is_refused)
{
    struct avpn_address local = packets_address("192.168.1.5"),
                        remote = packets_address("10.99.3.4");
    struct packets_packet about, error;
    uint64_t state = 1;

    for (uint32_t version = 0; version < 16; version++) {
        packets_plain(&state, &remote, &local, 17, 60, &about);
        about.bytes[0] = (uint8_t)(version << 4 | 5);
        packets_error(&local, &remote, about.bytes, about.count, &error);
        ck_assert(pass(avpni_translate_out, &error) == (version == 4));
    }
}
END_TEST

START_TEST(an_error_about_a_host_that_is_none_changes_nothing) /* all or nothing */
{
    struct avpn_address local = packets_address("192.168.1.5"),
                        remote = packets_address("10.99.3.4");
    struct avpn_address taken = packets_address("192.168.1.33");
    struct packets_packet about, error;
    uint64_t state = 1;

    packets_plain(&state, &remote, &taken, 17, 20, &about);
    packets_error(&local, &remote, about.bytes, about.count, &error);
    ck_assert(!pass(avpni_translate_out, &error));
}
END_TEST

START_TEST(no_later_fragment_is_taken_for_an_error)
{
    struct avpn_address local = packets_address("192.168.1.5"),
                        remote = packets_address("10.99.3.4");
    struct packets_packet p, was;
    uint64_t state = 1;

    packets_plain(&state, &local, &remote, 1, 60, &p);
    p.bytes[7] = 5;
    p.bytes[20] = 3;
    packets_seal(p.bytes, p.count, false);
    was = p;
    ck_assert(pass(avpni_translate_out, &p));
    ck_assert_mem_eq(p.bytes + 20, was.bytes + 20, 60);
}
END_TEST

START_TEST(ipv6_whose_chain_cannot_be_walked_is_not_translated)
{
    struct avpn_address local = packets_address("fd00:1::5"), remote = packets_address("fd99::4");
    struct packets_packet p;
    uint64_t state = 1;

    packets_plain(&state, &local, &remote, 60, 20, &p);
    p.bytes[41] = 9;
    ck_assert(!pass(avpni_translate_out, &p));
    local = packets_address("2001:db8::1"); /* stays as it is: nothing has to be found */
    packets_plain(&state, &local, &remote, 60, 20, &p);
    p.bytes[41] = 9;
    ck_assert(pass(avpni_translate_out, &p));
}
END_TEST

/* Bytes that lie anywhere, lengths that end anywhere: nothing is read beyond, and false changes nothing (both in `pass`). */
START_TEST(no_bytes_do_harm)
{
    uint64_t state = 64;
    uint32_t refused = 0;

    for (int round = 0; round < 6000; round++) {
        struct avpn_address local, remote;
        struct packets_packet p, about;

        choose(&state, &local, &remote);
        packets_random(&state, &remote, &local, 30, &about);
        packets_error(&local, &remote, about.bytes, packets_below(&state, about.count + 1), &p);
        uint32_t header = local.family == 4 ? 20 : 40, flips = packets_below(&state, 4);

        p.count -= packets_below(&state, p.count - header + 1);
        for (uint32_t i = 0; i < flips && p.count > header; i++) {
            p.bytes[header + packets_below(&state, p.count - header)] ^=
                (uint8_t)harness_random(&state);
            p.bytes[local.family == 4 ? 7 : 6] ^= (uint8_t)(packets_below(&state, 8) == 0);
        }
        refused += !pass(round % 2 == 0 ? avpni_translate_out : avpni_translate_in, &p);
    }
    ck_assert_uint_gt(refused, 1000);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(the_longest_translation_replaces_the_first_bits, HARNESS_COUNT(rows)),
    HARNESS_CASE(an_address_that_would_be_answered_with_another_has_no_host),
    HARNESS_CASE(without_translations_everything_is_itself),
    HARNESS_CASE(any_list_is_searched_as_a_naive_search_does),
    HARNESS_CASE(a_packet_goes_out_right_and_its_answer_comes_back),
    HARNESS_CASE(a_computed_zero_is_sent_as_ones),
    HARNESS_CASE(a_checksum_that_would_have_to_follow_but_is_cut_away_is_refused),
    HARNESS_CASE(what_has_no_checksum_with_addresses_keeps_all_its_bytes),
    HARNESS_CASE(an_address_of_another_is_neither_sent_nor_delivered),
    HARNESS_CASE(the_next_stop_of_a_route_is_not_in_the_checksum),
    HARNESS_LOOP(an_error_is_about_the_packet_that_its_receiver_knows, 2),
    HARNESS_CASE(an_error_cut_short_of_the_addresses_inside_is_refused),
    HARNESS_CASE(an_error_with_a_packet_of_the_other_family_inside_is_refused),
    HARNESS_CASE(an_error_about_a_host_that_is_none_changes_nothing),
    HARNESS_CASE(no_later_fragment_is_taken_for_an_error),
    HARNESS_CASE(ipv6_whose_chain_cannot_be_walked_is_not_translated),
    HARNESS_CASE(no_bytes_do_harm),
};
HARNESS_MAIN("inner/translate", cases)
