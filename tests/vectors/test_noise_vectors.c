/* SPDX-License-Identifier: ISC */
/*
 * Published handshakes of exactly Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b: cacophony (JSON) and
 * flynn (text). The snow file has no record of this suite; what it has is counted as skipped.
 */
#include "crypto/box.h"
#include "json.h"

#include <autovpn/noise.h>
#include <string.h>

#define SUITE "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b"
#define MESSAGE_LIMIT 8

struct record {
    struct json_bytes prologue, a, b, ea, eb, psk, hash;
    struct json_bytes payload[MESSAGE_LIMIT], message[MESSAGE_LIMIT];
    size_t messages;
};

static struct avpn_key key_of(const struct json_bytes *bytes)
{
    struct avpn_key key;

    ck_assert_uint_eq(bytes->count, 32);
    memcpy(key.bytes, bytes->bytes, 32);
    return key;
}

static struct avpn_key_pair pair_of(const struct json_bytes *bytes)
{
    const struct avpn_key secret = key_of(bytes);
    struct avpn_key_pair pair;

    ck_assert_int_eq(avpn_key_pair_from_secret(&secret, &pair), AVPN_OK);
    return pair;
}

static void assert_message(const struct record *r, size_t i, const uint8_t *message)
{
    ck_assert_mem_eq(message, r->message[i].bytes, r->message[i].count);
}

static void run_handshake(const struct record *r, struct avpn_noise *initiator,
                          struct avpn_noise *responder)
{
    const struct avpn_key_pair a = pair_of(&r->a), b = pair_of(&r->b);
    const struct avpn_key ea = key_of(&r->ea), eb = key_of(&r->eb), psk = key_of(&r->psk);
    uint8_t message[JSON_BYTES_LIMIT], payload[JSON_BYTES_LIMIT];
    struct avpn_key seen;

    avpn_noise_init_initiator(initiator, &a, &b.public_key, r->prologue.bytes, r->prologue.count);
    avpn_noise_init_responder(responder, &b, r->prologue.bytes, r->prologue.count);
    ck_assert_int_eq(avpn_noise_write_1(initiator, &ea, r->payload[0].bytes, r->payload[0].count,
                                        message),
                     AVPN_OK);
    assert_message(r, 0, message);
    ck_assert_int_eq(avpn_noise_read_1(responder, message, r->message[0].count, &seen, payload),
                     AVPN_OK);
    ck_assert_mem_eq(payload, r->payload[0].bytes, r->payload[0].count);
    ck_assert_mem_eq(&seen, &a.public_key, sizeof seen);
    ck_assert_int_eq(avpn_noise_write_2(responder, &eb, &psk, r->payload[1].bytes,
                                        r->payload[1].count, message),
                     AVPN_OK);
    assert_message(r, 1, message);
    ck_assert_int_eq(avpn_noise_read_2(initiator, &psk, message, r->message[1].count, payload),
                     AVPN_OK);
    ck_assert_mem_eq(payload, r->payload[1].bytes, r->payload[1].count);
}

/* Transport messages alternate, the initiator first; each direction counts its nonces from 0. */
static void run_transport(const struct record *r, const struct avpn_noise *initiator)
{
    struct avpn_key key[2];
    uint8_t message[JSON_BYTES_LIMIT];

    ck_assert_int_eq(avpn_noise_split(initiator, &key[0], &key[1]), AVPN_OK);
    for (size_t i = 2; i < r->messages; i++) {
        const uint8_t nonce[12] = {[4] = (uint8_t)(i / 2 - 1)};

        avpni_aead_seal(message, r->payload[i].bytes, r->payload[i].count, NULL, 0, nonce,
                        key[i % 2].bytes);
        ck_assert_uint_eq(r->message[i].count, r->payload[i].count + 16);
        assert_message(r, i, message);
    }
}

static void judge(const struct record *r)
{
    struct avpn_noise initiator, responder;
    uint8_t hash[AVPN_NOISE_HASH_BYTES];

    ck_assert_uint_ge(r->messages, 2);
    run_handshake(r, &initiator, &responder);
    run_transport(r, &initiator);
    if (r->hash.count != 0) {
        ck_assert_uint_eq(r->hash.count, sizeof hash);
        ck_assert_int_eq(avpn_noise_hash(&responder, hash), AVPN_OK);
        ck_assert_mem_eq(hash, r->hash.bytes, sizeof hash);
    }
}

/* ---- the JSON form ------------------------------------------------------------------------- */

static struct json_bytes first_psk(const json_t *vector)
{
    struct json_bytes out = {.count = 0};
    const json_t *list = json_object_get(vector, "init_psks");
    const char *text = json_string_value(
        json_is_array(list) ? json_array_get(list, 0) : json_object_get(vector, "init_psk"));

    ck_assert_ptr_nonnull(text);
    out.count = harness_hex(text, out.bytes, sizeof out.bytes);
    return out;
}

static void judge_json(const json_t *vector)
{
    static struct record r;
    const json_t *messages = json_object_get(vector, "messages");

    memset(&r, 0, sizeof r);
    r.prologue = json_hex(vector, "init_prologue");
    r.a = json_hex(vector, "init_static");
    r.b = json_hex(vector, "resp_static");
    r.ea = json_hex(vector, "init_ephemeral");
    r.eb = json_hex(vector, "resp_ephemeral");
    r.hash = json_hex(vector, "handshake_hash");
    r.psk = first_psk(vector);
    r.messages = json_array_size(messages);
    ck_assert_uint_le(r.messages, MESSAGE_LIMIT);
    for (size_t i = 0; i < r.messages; i++) {
        r.payload[i] = json_hex(json_array_get(messages, i), "payload");
        r.message[i] = json_hex(json_array_get(messages, i), "ciphertext");
    }
    judge(&r);
}

/* How many records of the file are of our suite; all of them are judged. */
static int judge_file(const char *name)
{
    json_t *root = json_vectors(name, 1);
    const json_t *vectors = json_object_get(root, "vectors");
    int used = 0;

    if (root == NULL) {
        return -1;
    }
    for (size_t i = 0; i < json_array_size(vectors); i++) {
        const json_t *vector = json_array_get(vectors, i);

        if (strcmp(json_text(vector, "protocol_name"), SUITE) == 0) {
            judge_json(vector);
            used++;
        }
    }
    if ((size_t)used < json_array_size(vectors)) {
        harness_skipped((int)json_array_size(vectors) - used, "other Noise protocols");
    }
    json_decref(root);
    return used;
}

START_TEST(cacophony_is_reproduced)
{
    int used = judge_file("noise/cacophony-ik-25519-chachapoly.json");

    ck_assert(used == -1 || used >= 1);
}
END_TEST

START_TEST(snow_is_reproduced_where_it_has_this_suite)
{
    judge_file("noise/snow-ik-25519-chachapoly.json");
}
END_TEST

/* ---- the text form: blocks of name=value, parted by an empty line -------------------------- */

static void take_hex(struct json_bytes *out, const char *text)
{
    out->count = harness_hex(text, out->bytes, sizeof out->bytes);
}

static void take_line(struct record *r, const char *name, const char *value)
{
    static const char *const names[] = {"init_static",        "resp_static",
                                        "gen_init_ephemeral", "gen_resp_ephemeral",
                                        "prologue",           "preshared_key"};
    struct json_bytes *const fields[] = {&r->a, &r->b, &r->ea, &r->eb, &r->prologue, &r->psk};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            take_hex(fields[i], value);
        }
    }
    if (strncmp(name, "msg_", 4) == 0) {
        size_t number = (size_t)(name[4] - '0');

        ck_assert_uint_lt(number, MESSAGE_LIMIT);
        take_hex(strcmp(name + 5, "_payload") == 0 ? &r->payload[number] : &r->message[number],
                 value);
        r->messages = number + 1;
    }
}

START_TEST(flynn_is_reproduced)
{
    static struct record r;
    char *text = harness_vectors("noise/flynn-ikpsk2-25519-chachapoly-blake2.txt", NULL);
    int used = 0;
    bool is_ours = false;

    if (text == NULL) {
        harness_skipped(4, "noise/flynn-ikpsk2-25519-chachapoly-blake2.txt");
        return;
    }
    for (char *line = text; line != NULL;) {
        char *end = strchr(line, '\n'), *value = strchr(line, '=');

        if (end != NULL) {
            *end = '\0';
        }
        if ((*line == '\0' || strncmp(line, "handshake=", 10) == 0) && is_ours) {
            judge(&r);
            used++;
            is_ours = false;
        }
        if (strcmp(line, "handshake=" SUITE) == 0) {
            memset(&r, 0, sizeof r);
            is_ours = true;
        } else if (is_ours && value != NULL) {
            *value = '\0';
            take_line(&r, line, value + 1);
        }
        line = end != NULL ? end + 1 : NULL;
    }
    free(text);
    ck_assert_int_eq(used + is_ours, 4);
    if (is_ours) {
        judge(&r);
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(cacophony_is_reproduced),
    HARNESS_CASE(snow_is_reproduced_where_it_has_this_suite),
    HARNESS_CASE(flynn_is_reproduced),
};
HARNESS_MAIN("vectors/noise", cases)
