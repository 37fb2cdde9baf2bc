/* SPDX-License-Identifier: ISC */
/* hash, box and sign against values their specifications publish, and what they refuse. */
#include "crypto/box.h"
#include "crypto/hash.h"
#include "harness.h"

#include <string.h>

static struct avpn_key key_of(const char *hex)
{
    struct avpn_key key;

    ck_assert_uint_eq(harness_hex(hex, key.bytes, sizeof key.bytes), 32);
    return key;
}

START_TEST(blake2b_of_abc_in_pieces_is_that_of_rfc_7693)
{
    const struct avpni_piece pieces[] = {{"a", 1}, {NULL, 0}, {"bc", 2}};
    uint8_t out[64], expected[64];

    harness_hex("ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
                expected, sizeof expected);
    avpni_hash(out, sizeof out, NULL, 0, pieces, 3);
    ck_assert_mem_eq(out, expected, sizeof out);
}
END_TEST

START_TEST(short_hashes_are_not_prefixes_of_long_ones_and_fill_exactly)
{
    const struct avpni_piece piece = {"text", 4};
    uint8_t whole[64], out[66];

    avpni_hash(whole, sizeof whole, NULL, 0, &piece, 1);
    for (size_t bytes = 1; bytes < 64; bytes++) {
        memset(out, 0x5a, sizeof out);
        avpni_hash(out, bytes, NULL, 0, &piece, 1);
        ck_assert_uint_eq(out[bytes], 0x5a);
        ck_assert(bytes < 4 || memcmp(out, whole, bytes) != 0);
    }
}
END_TEST

START_TEST(derive_is_keyed_blake2b_of_label_zero_context) /* [KDF-1] */
{
    const struct avpn_key key = {{1, 2, 3}};
    const struct avpni_piece piece = {"esp\0ctx", 7};
    uint8_t out[36], expected[36];

    avpni_hash(expected, sizeof expected, key.bytes, 32, &piece, 1);
    avpni_derive(out, sizeof out, &key, "esp", "ctx", 3);
    ck_assert_mem_eq(out, expected, sizeof out);
    avpni_derive(out, sizeof out, &key, "espc", "tx", 2);
    ck_assert_mem_ne(out, expected, sizeof out);
}
END_TEST

START_TEST(equality_looks_at_every_byte)
{
    uint8_t a[40] = {0}, b[40] = {0};

    ck_assert(avpni_is_equal(a, b, sizeof a));
    for (size_t i = 0; i < sizeof a; i++) {
        b[i] = 0x80;
        ck_assert(!avpni_is_equal(a, b, sizeof a));
        b[i] = 0;
    }
}
END_TEST

/* RFC 8439 2.8.2. */
static const char sunscreen[] = "Ladies and Gentlemen of the class of '99: If I could offer you "
                                "only one tip for the future, sunscreen would be it.";

START_TEST(chacha20_poly1305_is_that_of_rfc_8439)
{
    const struct avpn_key key =
        key_of("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    uint8_t nonce[12], ad[12], expected[130], out[130];

    harness_hex("070000004041424344454647", nonce, sizeof nonce);
    harness_hex("50515253c0c1c2c3c4c5c6c7", ad, sizeof ad);
    harness_hex("d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
                "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
                "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
                "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691",
                expected, sizeof expected);
    avpni_aead_seal(out, (const uint8_t *)sunscreen, 114, ad, 12, nonce, key.bytes);
    ck_assert_mem_eq(out, expected, 130);
    ck_assert(avpni_aead_open(out, out, 130, ad, 12, nonce, key.bytes));
    ck_assert_mem_eq(out, sunscreen, 114);
}
END_TEST

/* draft-irtf-cfrg-xchacha-03 2.2.1. */
START_TEST(hchacha20_is_that_of_its_draft)
{
    const struct avpn_key key =
        key_of("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    const struct avpn_key expected =
        key_of("82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc");
    uint8_t input[16], out[32];

    harness_hex("000000090000004a0000000031415927", input, sizeof input);
    avpni_hchacha(out, input, key.bytes);
    ck_assert_mem_eq(out, expected.bytes, 32);
}
END_TEST

START_TEST(nothing_forged_opens_and_the_output_stays)
{
    const uint8_t key[32] = {1}, nonce[24] = {2}, ad[3] = {3};
    uint8_t sealed[20 + 16], out[20], mark[20];

    for (int extended = 0; extended < 2; extended++) {
        memset(mark, 0x77, sizeof mark);
        memcpy(out, mark, sizeof out);
        (extended ? avpni_xaead_seal : avpni_aead_seal)(sealed, mark, 20, ad, 3, nonce, key);
        for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
            sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
            ck_assert(!(extended ? avpni_xaead_open : avpni_aead_open)(out, sealed, sizeof sealed,
                                                                       ad, 3, nonce, key));
            sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t count = 0; count < sizeof sealed; count++) {
            ck_assert(!(extended ? avpni_xaead_open : avpni_aead_open)(out, sealed, count, ad, 3,
                                                                       nonce, key));
        }
        ck_assert(!(extended ? avpni_xaead_open : avpni_aead_open)(out, sealed, sizeof sealed, ad,
                                                                   2, nonce, key));
        ck_assert_mem_eq(out, mark, sizeof out);
        memset(out, 0, sizeof out);
        ck_assert((extended ? avpni_xaead_open : avpni_aead_open)(out, sealed, sizeof sealed, ad, 3,
                                                                  nonce, key));
        ck_assert_mem_eq(out, mark, sizeof out);
    }
}
END_TEST

/* RFC 7748 5.2. */
START_TEST(x25519_is_that_of_rfc_7748)
{
    const struct avpn_key scalar =
        key_of("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
    const struct avpn_key point =
        key_of("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    const struct avpn_key expected =
        key_of("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
    struct avpn_key out;

    ck_assert(avpni_dh(&out, &scalar, &point));
    ck_assert_mem_eq(&out, &expected, sizeof out);
}
END_TEST

/* RFC 8032 7.1, test 1. */
START_TEST(ed25519_is_that_of_rfc_8032)
{
    const struct avpn_key seed =
        key_of("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    const struct avpn_key expected =
        key_of("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    uint8_t signature[64], published[64];
    struct avpn_key public_key;

    harness_hex("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
                published, sizeof published);
    avpni_sign_keypair(seed.bytes, &public_key);
    ck_assert_mem_eq(&public_key, &expected, sizeof public_key);
    avpni_sign(signature, NULL, 0, seed.bytes);
    ck_assert_mem_eq(signature, published, sizeof published);
    ck_assert(avpni_sign_verify(signature, NULL, 0, &public_key));
    for (size_t bit = 0; bit < 512; bit++) {
        signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert(!avpni_sign_verify(signature, NULL, 0, &public_key));
        signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
END_TEST

static int32_t refuse(void *user, uint8_t *bytes, size_t count)
{
    (void)user;
    memset(bytes, 0x11, count);
    return -1;
}

static int32_t give_zeros(void *user, uint8_t *bytes, size_t count)
{
    (void)user;
    memset(bytes, 0, count);
    return 0;
}

START_TEST(broken_randomness_makes_no_key)
{
    const struct avpni_random broken[] = {{.fill = refuse}, {.fill = give_zeros}};
    const struct avpni_random sound = {.fill = avpni_crypto_random};
    struct avpn_key key = {{42}}, mark = key;

    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(avpni_key_generate(&broken[i], &key), AVPN_ERROR_RANDOM);
        ck_assert_mem_eq(&key, &mark, sizeof key);
    }
    ck_assert_int_eq(avpni_key_generate(&sound, &key), AVPN_OK);
    ck_assert_mem_ne(&key, &mark, sizeof key);
}
END_TEST

START_TEST(a_sealed_box_opens_for_its_addressee_only)
{
    const struct avpn_key ephemeral = {{0x55, 2}};
    struct avpn_key_pair self, other;
    uint8_t sealed[5 + AVPNI_SEALED_OVERHEAD], out[5] = {0};

    ck_assert_int_eq(avpn_key_pair_generate(&self), AVPN_OK);
    ck_assert_int_eq(avpn_key_pair_generate(&other), AVPN_OK);
    ck_assert_int_eq(avpni_sealed_write(sealed, (const uint8_t *)"hello", 5, &self.public_key,
                                        &ephemeral), AVPN_OK);
    ck_assert(!avpni_sealed_read(out, sealed, sizeof sealed, &other));
    for (size_t count = 0; count < sizeof sealed; count++) {
        ck_assert(!avpni_sealed_read(out, sealed, count, &self));
    }
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        /* X25519 ignores the top bit of a key, and the nonce does not: it is caught there. */
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert(!avpni_sealed_read(out, sealed, sizeof sealed, &self));
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_mem_eq(out, "\0\0\0\0\0", 5);
    ck_assert(avpni_sealed_read(out, sealed, sizeof sealed, &self));
    ck_assert_mem_eq(out, "hello", 5);
}
END_TEST

/* [CFG-7]: what did not change has the same bytes again. */
START_TEST(a_sealed_box_is_the_same_for_the_same_ephemeral_key_only)
{
    const struct avpn_key keys[2] = {{{0x55, 2}}, {{0x55, 3}}}, no_key = {{0}};
    uint8_t sealed[3][5 + AVPNI_SEALED_OVERHEAD];
    struct avpn_key_pair self;

    ck_assert_int_eq(avpn_key_pair_generate(&self), AVPN_OK);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(avpni_sealed_write(sealed[i], (const uint8_t *)"hello", 5,
                                            &self.public_key, &keys[i / 2]), AVPN_OK);
    }
    ck_assert_mem_eq(sealed[0], sealed[1], sizeof sealed[0]);
    ck_assert_mem_ne(sealed[0], sealed[2], AVPN_KEY_BYTES);
    ck_assert_mem_ne(sealed[0] + AVPN_KEY_BYTES, sealed[2] + AVPN_KEY_BYTES, 5);
    ck_assert_int_eq(avpni_sealed_write(sealed[0], (const uint8_t *)"hello", 5, &no_key, &keys[0]),
                     AVPN_ERROR_ARGUMENT);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(blake2b_of_abc_in_pieces_is_that_of_rfc_7693),
    HARNESS_CASE(short_hashes_are_not_prefixes_of_long_ones_and_fill_exactly),
    HARNESS_CASE(derive_is_keyed_blake2b_of_label_zero_context),
    HARNESS_CASE(equality_looks_at_every_byte),
    HARNESS_CASE(chacha20_poly1305_is_that_of_rfc_8439),
    HARNESS_CASE(hchacha20_is_that_of_its_draft),
    HARNESS_CASE(nothing_forged_opens_and_the_output_stays),
    HARNESS_CASE(x25519_is_that_of_rfc_7748),
    HARNESS_CASE(ed25519_is_that_of_rfc_8032),
    HARNESS_CASE(broken_randomness_makes_no_key),
    HARNESS_CASE(a_sealed_box_opens_for_its_addressee_only),
    HARNESS_CASE(a_sealed_box_is_the_same_for_the_same_ephemeral_key_only),
};
HARNESS_MAIN("crypto/box", cases)
