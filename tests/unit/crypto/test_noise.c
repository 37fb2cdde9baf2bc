/* SPDX-License-Identifier: ISC */
/* The handshake against itself, one published vector, and everything that can go wrong. */
#include "crypto/box.h"
#include "crypto/noise.h"
#include "harness.h"

#include <string.h>

static const uint8_t prologue[] = "autovpn 1 node";

static struct avpn_key key_of(const char *hex)
{
    struct avpn_key key;

    ck_assert_uint_eq(harness_hex(hex, key.bytes, sizeof key.bytes), 32);
    return key;
}

static struct avpn_key key_filled(uint8_t value)
{
    struct avpn_key key;

    memset(key.bytes, value, sizeof key.bytes);
    return key;
}

static struct avpn_key_pair pair_filled(uint8_t value)
{
    const struct avpn_key secret = key_filled(value);
    struct avpn_key_pair pair;

    ck_assert_int_eq(avpn_key_pair_from_secret(&secret, &pair), AVPN_OK);
    return pair;
}

/* Both ends, at the start of a handshake. */
struct parties {
    struct avpn_key_pair a, b;
    struct avpn_key ea, eb, psk;
    struct avpn_noise initiator, responder;
};

static void begin(struct parties *p)
{
    p->a = pair_filled(1);
    p->b = pair_filled(2);
    p->ea = key_filled(3);
    p->eb = key_filled(4);
    p->psk = key_filled(5);
    ck_assert_int_eq(avpn_noise_init_initiator(&p->initiator, &p->a, &p->b.public_key, prologue,
                                               sizeof prologue),
                     AVPN_OK);
    ck_assert_int_eq(avpn_noise_init_responder(&p->responder, &p->b, prologue, sizeof prologue),
                     AVPN_OK);
}

/*
 * First block of github.com/flynn/noise vectors.txt for this protocol name, with payloads and
 * without prologue.
 */
START_TEST(a_published_handshake_is_reproduced)
{
    uint8_t expected[128], message[128], payload[32];
    struct avpn_key_pair a, b;
    struct avpn_key s, seen;
    struct avpn_noise initiator, responder;

    s = key_of("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    ck_assert_int_eq(avpn_key_pair_from_secret(&s, &a), AVPN_OK);
    s = key_of("0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20");
    ck_assert_int_eq(avpn_key_pair_from_secret(&s, &b), AVPN_OK);
    const struct avpn_key ea =
        key_of("202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f");
    const struct avpn_key eb =
        key_of("4142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f60");
    const struct avpn_key psk =
        key_of("2176657279736563726574766572797365637265747665727973656372657421");

    ck_assert_int_eq(avpn_noise_init_initiator(&initiator, &a, &b.public_key, NULL, 0), AVPN_OK);
    ck_assert_int_eq(avpn_noise_init_responder(&responder, &b, NULL, 0), AVPN_OK);
    ck_assert_int_eq(
        avpn_noise_write_1(&initiator, &ea, (const uint8_t *)"test_msg_0", 10, message), AVPN_OK);
    harness_hex("358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd166254b62f8e1b309574de"
                "35d98d9a4088e6919c1849b2c5254dcbca5494537cb4a72988a30055e89f105e4a2ec94ffe1e01b2"
                "e07148a37250771da813ab2d25f8ebfd885dbf1a2d381a28b36e",
                expected, sizeof expected);
    ck_assert_mem_eq(message, expected, 106);
    ck_assert_int_eq(avpn_noise_read_1(&responder, message, 106, &seen, payload), AVPN_OK);
    ck_assert_mem_eq(seen.bytes, a.public_key.bytes, 32);
    ck_assert_mem_eq(payload, "test_msg_0", 10);
    ck_assert_int_eq(
        avpn_noise_write_2(&responder, &eb, &psk, (const uint8_t *)"test_msg_1", 10, message),
        AVPN_OK);
    harness_hex("64b101b1d0be5a8704bd078f9895001fc03e8e9f9522f188dd128d9846d4846655590e80a4cbf7b1"
                "1a80ddd081ca9aca27a45d1ad37939362f98",
                expected, sizeof expected);
    ck_assert_mem_eq(message, expected, 58);
    ck_assert_int_eq(avpn_noise_read_2(&initiator, &psk, message, 58, payload), AVPN_OK);
    ck_assert_mem_eq(payload, "test_msg_1", 10);
}
END_TEST

START_TEST(both_ends_agree_on_keys_and_hash)
{
    struct parties p;
    uint8_t m1[AVPN_NOISE_1_OVERHEAD + 200], m2[AVPN_NOISE_2_OVERHEAD + 200], payload[200] = {7};
    struct avpn_key seen, ka[2], kb[2];
    uint8_t ha[64], hb[64];
    size_t count = (size_t)_i;

    begin(&p);
    ck_assert_int_eq(avpn_noise_write_1(&p.initiator, &p.ea, payload, count, m1), AVPN_OK);
    ck_assert_int_eq(
        avpn_noise_read_1(&p.responder, m1, AVPN_NOISE_1_OVERHEAD + count, &seen, payload),
        AVPN_OK);
    ck_assert_int_eq(avpn_noise_write_2(&p.responder, &p.eb, &p.psk, payload, count, m2), AVPN_OK);
    ck_assert_int_eq(
        avpn_noise_read_2(&p.initiator, &p.psk, m2, AVPN_NOISE_2_OVERHEAD + count, payload),
        AVPN_OK);
    ck_assert_int_eq(avpn_noise_split(&p.initiator, &ka[0], &ka[1]), AVPN_OK);
    ck_assert_int_eq(avpn_noise_split(&p.responder, &kb[0], &kb[1]), AVPN_OK);
    ck_assert_mem_eq(&ka[0], &kb[1], 32);
    ck_assert_mem_eq(&ka[1], &kb[0], 32);
    ck_assert_mem_ne(&ka[0], &ka[1], 32);
    ck_assert_int_eq(avpn_noise_hash(&p.initiator, ha), AVPN_OK);
    ck_assert_int_eq(avpn_noise_hash(&p.responder, hb), AVPN_OK);
    ck_assert_mem_eq(ha, hb, 64);
}
END_TEST

START_TEST(a_cached_shared_secret_gives_the_same_messages)
{
    struct parties p;
    struct avpn_noise cached;
    struct avpn_key shared;
    uint8_t m[AVPN_NOISE_1_OVERHEAD], n[AVPN_NOISE_1_OVERHEAD];

    begin(&p);
    ck_assert(avpni_dh(&shared, &p.a.secret_key, &p.b.public_key));
    avpni_noise_init_initiator_cached(&cached, &p.a, &p.b.public_key, &shared, prologue,
                                      sizeof prologue);
    ck_assert_int_eq(avpn_noise_write_1(&p.initiator, &p.ea, NULL, 0, m), AVPN_OK);
    ck_assert_int_eq(avpn_noise_write_1(&cached, &p.ea, NULL, 0, n), AVPN_OK);
    ck_assert_mem_eq(m, n, sizeof m);
}
END_TEST

START_TEST(every_flip_and_truncation_of_message_1_is_refused_without_a_trace)
{
    struct parties p;
    struct avpn_noise before;
    struct avpn_key seen = key_filled(0xaa), mark = seen;
    uint8_t m[AVPN_NOISE_1_OVERHEAD + 9], payload[9], blank[9];

    begin(&p);
    memset(payload, 0xbb, sizeof payload);
    memcpy(blank, payload, sizeof blank);
    ck_assert_int_eq(avpn_noise_write_1(&p.initiator, &p.ea, (const uint8_t *)"123456789", 9, m),
                     AVPN_OK);
    before = p.responder;
    for (size_t bit = 0; bit < 8 * sizeof m; bit++) {
        m[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_eq(avpn_noise_read_1(&p.responder, m, sizeof m, &seen, payload),
                         AVPN_ERROR_AUTH);
        m[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_mem_eq(&before, &p.responder, sizeof before);
    }
    for (size_t count = 0; count < sizeof m; count++) {
        ck_assert_int_eq(avpn_noise_read_1(&p.responder, m, count, &seen, payload),
                         count < AVPN_NOISE_1_OVERHEAD ? AVPN_ERROR_FORMAT : AVPN_ERROR_AUTH);
    }
    ck_assert_mem_eq(&before, &p.responder, sizeof before);
    ck_assert_mem_eq(&seen, &mark, sizeof seen);
    ck_assert_mem_eq(payload, blank, sizeof payload);
    ck_assert_int_eq(avpn_noise_read_1(&p.responder, m, sizeof m, &seen, payload), AVPN_OK);
}
END_TEST

/* Up to a response in `m2`, of AVPN_NOISE_2_OVERHEAD + 5 bytes. */
static void until_message_2(struct parties *p, uint8_t *m2)
{
    struct avpn_key seen;
    uint8_t m1[AVPN_NOISE_1_OVERHEAD];

    begin(p);
    ck_assert_int_eq(avpn_noise_write_1(&p->initiator, &p->ea, NULL, 0, m1), AVPN_OK);
    ck_assert_int_eq(avpn_noise_read_1(&p->responder, m1, sizeof m1, &seen, m1), AVPN_OK);
    ck_assert_int_eq(
        avpn_noise_write_2(&p->responder, &p->eb, &p->psk, (const uint8_t *)"hello", 5, m2),
        AVPN_OK);
}

START_TEST(every_flip_and_truncation_of_message_2_is_refused_without_a_trace)
{
    struct parties p;
    struct avpn_noise before;
    uint8_t m[AVPN_NOISE_2_OVERHEAD + 5], payload[5];

    until_message_2(&p, m);
    before = p.initiator;
    for (size_t bit = 0; bit < 8 * sizeof m; bit++) {
        m[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_eq(avpn_noise_read_2(&p.initiator, &p.psk, m, sizeof m, payload),
                         AVPN_ERROR_AUTH);
        m[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t count = 0; count < sizeof m; count++) {
        ck_assert_int_lt(avpn_noise_read_2(&p.initiator, &p.psk, m, count, payload), 0);
    }
    ck_assert_mem_eq(&before, &p.initiator, sizeof before);
    ck_assert_int_eq(avpn_noise_read_2(&p.initiator, &p.psk, m, sizeof m, payload), AVPN_OK);
    ck_assert_mem_eq(payload, "hello", 5);
}
END_TEST

START_TEST(another_psk_prologue_or_responder_does_not_open)
{
    struct parties p;
    const struct avpn_key wrong = key_filled(6);
    struct avpn_key seen;
    struct avpn_noise stranger;
    uint8_t m[AVPN_NOISE_2_OVERHEAD + 5], m1[AVPN_NOISE_1_OVERHEAD], payload[5];

    until_message_2(&p, m);
    ck_assert_int_eq(avpn_noise_read_2(&p.initiator, &wrong, m, sizeof m, payload),
                     AVPN_ERROR_AUTH);
    begin(&p);
    ck_assert_int_eq(avpn_noise_write_1(&p.initiator, &p.ea, NULL, 0, m1), AVPN_OK);
    ck_assert_int_eq(avpn_noise_init_responder(&stranger, &p.b, prologue, 3), AVPN_OK);
    ck_assert_int_eq(avpn_noise_read_1(&stranger, m1, sizeof m1, &seen, payload), AVPN_ERROR_AUTH);
    ck_assert_int_eq(avpn_noise_init_responder(&stranger, &p.a, prologue, sizeof prologue),
                     AVPN_OK);
    ck_assert_int_eq(avpn_noise_read_1(&stranger, m1, sizeof m1, &seen, payload), AVPN_ERROR_AUTH);
}
END_TEST

/* Points of small order on the curve, from Wycheproof and cr.yp.to/ecdh.html. */
static const char *const low_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

START_TEST(low_order_keys_are_refused_wherever_they_come) /* [KDF-2] */
{
    struct parties p;
    const struct avpn_key low = key_of(low_order[_i]);
    struct avpn_key seen;
    struct avpn_noise noise, before;
    uint8_t m[AVPN_NOISE_2_OVERHEAD + 5], m1[AVPN_NOISE_1_OVERHEAD] = {0}, payload[5];

    until_message_2(&p, m);
    ck_assert_int_eq(avpn_noise_init_initiator(&noise, &p.a, &low, NULL, 0), AVPN_ERROR_ARGUMENT);
    before = p.initiator;
    memcpy(m, low.bytes, 32);
    ck_assert_int_eq(avpn_noise_read_2(&p.initiator, &p.psk, m, sizeof m, payload),
                     AVPN_ERROR_AUTH);
    ck_assert_mem_eq(&before, &p.initiator, sizeof before);
    begin(&p);
    memcpy(m1, low.bytes, 32);
    ck_assert_int_eq(avpn_noise_read_1(&p.responder, m1, sizeof m1, &seen, payload),
                     AVPN_ERROR_AUTH);
    struct avpn_key out = key_filled(9), mark = out;

    ck_assert(!avpni_dh(&out, &p.a.secret_key, &low));
    ck_assert_mem_eq(&out, &mark, sizeof out);
}
END_TEST

/* Brings a fresh object to one of its seven stages. */
static void bring_to(struct parties *p, int stage, struct avpn_noise *out)
{
    uint8_t m1[AVPN_NOISE_1_OVERHEAD], m2[AVPN_NOISE_2_OVERHEAD];
    struct avpn_key seen;
    struct avpn_noise snapshots[7];

    begin(p);
    memset(&snapshots[0], 0, sizeof snapshots[0]);
    snapshots[1] = p->initiator;
    snapshots[3] = p->responder;
    avpn_noise_write_1(&p->initiator, &p->ea, NULL, 0, m1);
    snapshots[2] = p->initiator;
    avpn_noise_read_1(&p->responder, m1, sizeof m1, &seen, m1);
    snapshots[4] = p->responder;
    avpn_noise_write_2(&p->responder, &p->eb, &p->psk, NULL, 0, m2);
    snapshots[6] = p->responder;
    avpn_noise_read_2(&p->initiator, &p->psk, m2, sizeof m2, m2);
    snapshots[5] = p->initiator;
    *out = snapshots[stage];
}

START_TEST(every_call_at_the_wrong_moment_is_refused_and_changes_nothing)
{
    enum { WRITE_1, READ_1, WRITE_2, READ_2, SPLIT, HASH, CALLS };
    /* The one stage (of none, initiator, sent 1, responder, got 1, done, done) each call is for. */
    static const int right[CALLS] = {1, 3, 4, 2, 5, 5};
    struct parties p;
    struct avpn_noise noise, before;
    struct avpn_key k, l;
    uint8_t m[256] = {0};

    bring_to(&p, _i, &noise);
    before = noise;
    for (int call = 0; call < CALLS; call++) {
        int32_t result = call == WRITE_1   ? avpn_noise_write_1(&noise, &p.ea, NULL, 0, m)
                         : call == READ_1  ? avpn_noise_read_1(&noise, m, 96, &k, m)
                         : call == WRITE_2 ? avpn_noise_write_2(&noise, &p.eb, &p.psk, NULL, 0, m)
                         : call == READ_2  ? avpn_noise_read_2(&noise, &p.psk, m, 48, m)
                         : call == SPLIT   ? avpn_noise_split(&noise, &k, &l)
                                           : avpn_noise_hash(&noise, m);
        bool is_right = _i == right[call] || (call >= SPLIT && _i == 6);

        ck_assert_int_eq(result == AVPN_ERROR_STATE, !is_right);
        if (!is_right) {
            ck_assert_mem_eq(&noise, &before, sizeof noise);
        }
        noise = before;
    }
}
END_TEST

START_TEST(payloads_beyond_a_noise_message_and_zero_ephemerals_are_refused)
{
    struct parties p;
    const struct avpn_key zero = key_filled(0);
    static uint8_t payload[65535], message[65535];

    begin(&p);
    ck_assert_int_eq(avpn_noise_write_1(&p.initiator, &zero, NULL, 0, message),
                     AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_noise_write_1(&p.initiator, &p.ea, payload, 65535 - 95, message),
                     AVPN_ERROR_LIMIT);
    ck_assert_int_eq(avpn_noise_write_1(&p.initiator, &p.ea, payload, SIZE_MAX, message),
                     AVPN_ERROR_LIMIT);
    ck_assert_int_eq(avpn_noise_write_1(&p.initiator, &p.ea, payload, 65535 - 96, message),
                     AVPN_OK);
    struct avpn_key_pair pair;

    ck_assert_int_eq(avpn_key_pair_from_secret(&zero, &pair), AVPN_ERROR_ARGUMENT);
}
END_TEST

START_TEST(finished_and_wiped_objects_hold_no_static_or_ephemeral_secret)
{
    struct parties p;
    struct avpn_noise noise;
    static const uint8_t zeros[sizeof noise];

    for (int stage = 5; stage <= 6; stage++) {
        bring_to(&p, stage, &noise);
        for (size_t i = 0; i + 32 <= sizeof noise; i++) {
            ck_assert_mem_ne(noise.opaque + i, p.a.secret_key.bytes, 32);
            ck_assert_mem_ne(noise.opaque + i, p.b.secret_key.bytes, 32);
            ck_assert_mem_ne(noise.opaque + i, p.ea.bytes, 32);
        }
    }
    avpn_noise_wipe(&noise);
    ck_assert_mem_eq(&noise, zeros, sizeof noise);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(a_published_handshake_is_reproduced),
    HARNESS_LOOP(both_ends_agree_on_keys_and_hash, 200),
    HARNESS_CASE(a_cached_shared_secret_gives_the_same_messages),
    HARNESS_CASE(every_flip_and_truncation_of_message_1_is_refused_without_a_trace),
    HARNESS_CASE(every_flip_and_truncation_of_message_2_is_refused_without_a_trace),
    HARNESS_CASE(another_psk_prologue_or_responder_does_not_open),
    HARNESS_LOOP(low_order_keys_are_refused_wherever_they_come, HARNESS_COUNT(low_order)),
    HARNESS_LOOP(every_call_at_the_wrong_moment_is_refused_and_changes_nothing, 7),
    HARNESS_CASE(payloads_beyond_a_noise_message_and_zero_ephemerals_are_refused),
    HARNESS_CASE(finished_and_wiped_objects_hold_no_static_or_ephemeral_secret),
};
HARNESS_MAIN("crypto/noise", cases)
