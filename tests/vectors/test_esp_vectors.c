/* SPDX-License-Identifier: ISC */
/*
 * Published ESP packets: draft-mcgrew-gcm-test-01 and RFC 7634 Appendix A.
 *
 * Of McGrew's 14 packets 10 have keys of 128 or 192 bits, which no suite here has. Those with
 * extended sequence numbers (-9, -11, -14) are opened whole; all call their next header 1, which
 * tunnel mode refuses - after the ICV proved right, so the plaintext is there to compare. The two
 * without (-3 and RFC 7634 A) have 8 bytes of additional data, which avpni_esp_open never uses:
 * they are checked at the providers. None can be compared with avpni_esp_seal, for their IVs
 * are not the sequence number.
 */
#include "crypto/esp.h"
#include "json.h"

#include <string.h>

struct vector {
    struct json_bytes key, salt, spi, seq, iv, ad, plain, sealed, icv, esp;
    uint8_t suite;
    bool is_extended;
};

static _Alignas(AVPNI_ESP_ALIGN) uint8_t block[4096];

static struct vector vector_of(const json_t *v)
{
    return (struct vector){
        .key = json_hex(v, "key"),
        .salt = json_hex(v, "salt"),
        .spi = json_hex(v, "spi"),
        .seq = json_hex(v, "seq"),
        .iv = json_hex(v, "iv"),
        .ad = json_hex(v, "aad"),
        .plain = json_hex(v, "plaintext"),
        .sealed = json_hex(v, "ciphertext"),
        .icv = json_hex(v, "icv"),
        .esp = json_hex(v, "esp"),
        .suite = strcmp(json_text(v, "alg"), "AES-GCM-16") == 0 ? AVPN_SUITE_AES_256_GCM
                                                               : AVPN_SUITE_CHACHA20_POLY1305,
        .is_extended = json_is_true(json_object_get(v, "esn")),
    };
}

static void judge_providers(const struct vector *v)
{
    const struct avpn_aead *aead;
    uint8_t nonce[12];

    memcpy(nonce, v->salt.bytes, 4);
    memcpy(nonce + 4, v->iv.bytes, 8);
    for (uint32_t i = 0; (aead = avpn_aead_at(i)) != NULL; i++) {
        struct json_bytes text = v->plain;
        uint8_t tag[16];

        if (aead->suite != v->suite || avpni_aead_judge(aead) != AVPN_OK) {
            continue;
        }
        ck_assert_int_eq(aead->set_key(aead->user, block, v->key.bytes), 0);
        aead->seal(aead->user, block, text.bytes, text.count, tag, v->ad.bytes, v->ad.count, nonce);
        ck_assert_mem_eq(text.bytes, v->sealed.bytes, v->sealed.count);
        ck_assert_mem_eq(tag, v->icv.bytes, 16);
        ck_assert_int_eq(aead->open(aead->user, block, text.bytes, text.count, tag, v->ad.bytes,
                                    v->ad.count, nonce),
                         1);
        ck_assert_mem_eq(text.bytes, v->plain.bytes, v->plain.count);
        avpni_aead_clear(aead, block);
    }
}

static uint64_t number_of(const struct json_bytes *bytes)
{
    uint64_t number = 0;

    for (size_t i = 0; i < bytes->count; i++) {
        number = number << 8 | bytes->bytes[i];
    }
    return number;
}

static void judge_packet(const struct vector *v, const struct avpn_aead *aead)
{
    struct avpn_sa_parameters p = {.size = sizeof p,
                                   .aead = aead,
                                   .spi = (uint32_t)number_of(&v->spi),
                                   .suite = v->suite,
                                   .sequence = number_of(&v->seq) - 1};
    void *place = block;
    struct json_bytes esp = v->esp;
    uint32_t count = (uint32_t)esp.count;

    memcpy(p.key, v->key.bytes, 32);
    memcpy(p.salt, v->salt.bytes, 4);
    ck_assert_int_eq(avpni_esp_init(place, &p, true), AVPN_OK);
    esp.bytes[esp.count - 1] ^= 1;
    ck_assert_int_eq(avpni_esp_open(place, esp.bytes, count), AVPN_ERROR_AUTH);
    esp.bytes[esp.count - 1] ^= 1;
    ck_assert_int_eq(avpni_esp_open(place, esp.bytes, count), AVPN_ERROR_FORMAT);
    ck_assert_mem_eq(esp.bytes + AVPN_HEADROOM, v->plain.bytes, v->plain.count);
    avpni_esp_wipe(place);
}

static void judge_packets(const struct vector *v)
{
    const struct avpn_aead *aead;

    for (uint32_t i = 0; (aead = avpn_aead_at(i)) != NULL; i++) {
        if (aead->suite == v->suite && avpni_aead_judge(aead) == AVPN_OK) {
            judge_packet(v, aead);
        }
    }
}

/* Judges the 256-bit packets of a file; `packets` and `extended` say how many there must be. */
static void judge_file(const char *name, int packets, int extended)
{
    json_t *root = json_vectors(name, packets);
    const json_t *vectors = json_object_get(root, "vectors");

    if (root == NULL) {
        return;
    }
    for (size_t i = 0; i < json_array_size(vectors); i++) {
        const struct vector v = vector_of(json_array_get(vectors, i));

        if (v.key.count != 32) {
            continue;
        }
        judge_providers(&v);
        packets--;
        if (v.is_extended) {
            judge_packets(&v);
            extended--;
        }
    }
    ck_assert_int_eq(packets, 0);
    ck_assert_int_eq(extended, 0);
    json_decref(root);
}

START_TEST(mcgrews_packets_of_256_bits_are_reproduced)
{
    if (!avpn_suite_is_available(AVPN_SUITE_AES_256_GCM)) {
        harness_skipped(4, "no hardware AES for AES-256-GCM");
        return;
    }
    judge_file("esp/aes-gcm-esp-mcgrew-gcm-test-01.json", 4, 3);
}
END_TEST

START_TEST(the_packet_of_rfc_7634_is_reproduced)
{
    judge_file("esp/chacha20-poly1305-esp-rfc7634.json", 1, 0);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(mcgrews_packets_of_256_bits_are_reproduced),
    HARNESS_CASE(the_packet_of_rfc_7634_is_reproduced),
};
HARNESS_MAIN("vectors/esp", cases)
