/* SPDX-License-Identifier: ISC */
/*
 * Project Wycheproof against every primitive. The numbers of usable tests are asserted, so that
 * a file read wrongly cannot pass for one that was checked.
 */
#include "crypto/aead.h"
#include "crypto/box.h"
#include "json.h"

#include <autovpn/sa.h>
#include <string.h>

typedef int judge_function(const json_t *group, const json_t *test);

/* Calls `judge` for every test; it returns 1 for one that it used. Returns how many. */
static int each_test(const json_t *root, judge_function *judge)
{
    const json_t *groups = json_object_get(root, "testGroups");
    int used = 0;

    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *group = json_array_get(groups, i);
        const json_t *tests = json_object_get(group, "tests");

        for (size_t j = 0; j < json_array_size(tests); j++) {
            used += judge(group, json_array_get(tests, j));
        }
    }
    return used;
}

static int id_of(const json_t *test)
{
    return (int)json_integer_value(json_object_get(test, "tcId"));
}

static int is_sized(const json_t *group, int key, int iv)
{
    return json_integer_value(json_object_get(group, "keySize")) == key &&
           json_integer_value(json_object_get(group, "ivSize")) == iv &&
           json_integer_value(json_object_get(group, "tagSize")) == 128;
}

/* One AEAD test: its inputs, and what the test says must come of them. */
struct aead_case {
    struct json_bytes key, iv, ad, text, sealed, tag;
    bool is_valid;
    int id;
};

static struct aead_case aead_case(const json_t *test)
{
    struct aead_case c = {
        .key = json_hex(test, "key"),
        .iv = json_hex(test, "iv"),
        .ad = json_hex(test, "aad"),
        .text = json_hex(test, "msg"),
        .sealed = json_hex(test, "ct"),
        .tag = json_hex(test, "tag"),
        .is_valid = strcmp(json_text(test, "result"), "valid") == 0,
        .id = id_of(test),
    };

    ck_assert_uint_lt(c.sealed.count, JSON_BYTES_LIMIT - 16);
    memcpy(c.sealed.bytes + c.sealed.count, c.tag.bytes, 16);
    return c;
}

typedef void seal_function(uint8_t *out, const uint8_t *plain, size_t count, const uint8_t *ad,
                           size_t ad_bytes, const uint8_t *nonce, const uint8_t *key);
typedef bool open_function(uint8_t *out, const uint8_t *sealed, size_t count, const uint8_t *ad,
                           size_t ad_bytes, const uint8_t *nonce, const uint8_t *key);

static void judge_box(const struct aead_case *c, seal_function *seal, open_function *open)
{
    uint8_t out[JSON_BYTES_LIMIT], mark[JSON_BYTES_LIMIT];
    size_t total = c->sealed.count + 16;

    memset(out, 0x42, sizeof out);
    memcpy(mark, out, sizeof mark);
    bool is_genuine = open(out, c->sealed.bytes, total, c->ad.bytes, c->ad.count, c->iv.bytes,
                           c->key.bytes);

    ck_assert_msg(is_genuine == c->is_valid, "test %d", c->id);
    if (!c->is_valid) {
        ck_assert_mem_eq(out, mark, sizeof out);
        return;
    }
    ck_assert_mem_eq(out, c->text.bytes, c->text.count);
    seal(out, c->text.bytes, c->text.count, c->ad.bytes, c->ad.count, c->iv.bytes, c->key.bytes);
    ck_assert_msg(memcmp(out, c->sealed.bytes, total) == 0, "test %d", c->id);
}

/* Every provider of the suite that runs here. */
static void judge_providers(const struct aead_case *c, uint8_t suite)
{
    _Alignas(AVPN_AEAD_ALIGN) uint8_t state[AVPNI_AEAD_STATE_LIMIT];
    const struct avpn_aead *aead;

    for (uint32_t i = 0; (aead = avpn_aead_at(i)) != NULL; i++) {
        uint8_t text[JSON_BYTES_LIMIT], tag[16];

        if (aead->suite != suite || avpni_aead_judge(aead) != AVPN_OK) {
            continue;
        }
        memcpy(text, c->sealed.bytes, sizeof text);
        ck_assert_int_eq(aead->set_key(aead->user, state, c->key.bytes), 0);
        bool is_genuine = aead->open(aead->user, state, text, c->sealed.count, c->tag.bytes,
                                     c->ad.bytes, c->ad.count, c->iv.bytes) == 1;

        ck_assert_msg(is_genuine == c->is_valid, "%s, test %d", aead->name, c->id);
        ck_assert_mem_eq(text, c->is_valid ? c->text.bytes : c->sealed.bytes, c->sealed.count);
        if (c->is_valid) {
            aead->seal(aead->user, state, text, c->text.count, tag, c->ad.bytes, c->ad.count,
                       c->iv.bytes);
            ck_assert_mem_eq(text, c->sealed.bytes, c->sealed.count);
            ck_assert_mem_eq(tag, c->tag.bytes, 16);
        }
        avpni_aead_clear(aead, state);
    }
}

static int judge_aes(const json_t *group, const json_t *test)
{
    if (!is_sized(group, 256, 96)) {
        return 0;
    }
    const struct aead_case c = aead_case(test);

    judge_providers(&c, AVPN_SUITE_AES_256_GCM);
    return 1;
}

static int judge_chacha(const json_t *group, const json_t *test)
{
    if (!is_sized(group, 256, 96)) {
        return 0;
    }
    const struct aead_case c = aead_case(test);

    judge_box(&c, avpni_aead_seal, avpni_aead_open);
    judge_providers(&c, AVPN_SUITE_CHACHA20_POLY1305);
    return 1;
}

static int judge_xchacha(const json_t *group, const json_t *test)
{
    if (!is_sized(group, 256, 192)) {
        return 0;
    }
    const struct aead_case c = aead_case(test);

    judge_box(&c, avpni_xaead_seal, avpni_xaead_open);
    return 1;
}

/* A shared secret of zeros is refused [KDF-2]; everything else is computed. */
static int judge_x25519(const json_t *group, const json_t *test)
{
    const struct json_bytes secret = json_hex(test, "private"), other = json_hex(test, "public"),
                            shared = json_hex(test, "shared");
    static const uint8_t zeros[32];
    struct avpn_key a, b, out = {{0x42}};

    (void)group;
    ck_assert(secret.count == 32 && other.count == 32 && shared.count == 32);
    memcpy(a.bytes, secret.bytes, 32);
    memcpy(b.bytes, other.bytes, 32);
    bool is_usable = avpni_dh(&out, &a, &b), is_zero = memcmp(shared.bytes, zeros, 32) == 0;

    ck_assert_msg(is_usable == !is_zero, "test %d", id_of(test));
    ck_assert(!is_usable || memcmp(out.bytes, shared.bytes, 32) == 0);
    return 1;
}

static int judge_ed25519(const json_t *group, const json_t *test)
{
    const struct json_bytes key = json_hex(json_object_get(group, "publicKey"), "pk"),
                            message = json_hex(test, "msg"), signature = json_hex(test, "sig");
    struct avpn_key public_key;
    bool is_valid = strcmp(json_text(test, "result"), "valid") == 0;

    ck_assert_uint_eq(key.count, 32);
    memcpy(public_key.bytes, key.bytes, 32);
    /* A signature of another size cannot be handed over at all. */
    bool is_good = signature.count == 64 && avpni_sign_verify(signature.bytes, message.bytes,
                                                              message.count, &public_key);

    ck_assert_msg(is_good == is_valid, "test %d", id_of(test));
    return 1;
}

static const struct file {
    const char *name;
    int usable;
    uint8_t suite;
    judge_function *judge;
} files[] = {
    {"wycheproof/aes_gcm_test.json", 66, AVPN_SUITE_AES_256_GCM, judge_aes},
    {"wycheproof/chacha20_poly1305_test.json", 316, 0, judge_chacha},
    {"wycheproof/xchacha20_poly1305_test.json", 306, 0, judge_xchacha},
    {"wycheproof/x25519_test.json", 518, 0, judge_x25519},
    {"wycheproof/ed25519_test.json", 151, 0, judge_ed25519},
};

START_TEST(wycheproof_is_answered_as_it_expects)
{
    const struct file *file = &files[_i];

    ck_assert_int_eq(avpni_crypto_init(), AVPN_OK);
    if (file->suite != 0 && !avpn_suite_is_available(file->suite)) {
        harness_skipped(file->usable, "no hardware AES for AES-256-GCM");
        return;
    }
    json_t *root = json_vectors(file->name, file->usable);

    if (root != NULL) {
        ck_assert_int_eq(each_test(root, file->judge), file->usable);
        json_decref(root);
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(wycheproof_is_answered_as_it_expects, HARNESS_COUNT(files)),
};
HARNESS_MAIN("vectors/wycheproof", cases)
