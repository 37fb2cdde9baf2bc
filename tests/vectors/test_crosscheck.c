/* SPDX-License-Identifier: ISC */
/* Our ESP packets opened, and packets for us sealed, by OpenSSL's EVP: random keys and sizes. */
#include "crypto/esp.h"
#include "harness.h"

#include <openssl/evp.h>
#include <string.h>

#define INNER_LIMIT 2100 /* beyond the size up to which libsodium's AES saves a copy */
#define ROUNDS 1500
#define PROVIDER_LIMIT 6

static _Alignas(AVPNI_ESP_ALIGN) uint8_t block[4096];

struct setting {
    struct avpn_sa_parameters p;
    uint8_t ad[12], nonce[12];
};

static void random_bytes(uint64_t *seed, uint8_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = (uint8_t)harness_random(seed);
    }
}

/* An SA whose next number is random too, and what EVP must be given for that number. */
static struct setting random_setting(uint64_t *seed, const struct avpn_aead *aead)
{
    struct setting s = {.p = {.size = sizeof s.p, .suite = aead->suite, .limit = UINT64_MAX, .aead = aead}};

    s.p.spi = 256 + (uint32_t)harness_random(seed) / 2;
    s.p.sequence = harness_random(seed) >> harness_random(seed) % 60;
    s.p.sequence -= s.p.sequence == UINT64_MAX;
    random_bytes(seed, s.p.key, sizeof s.p.key);
    random_bytes(seed, s.p.salt, sizeof s.p.salt);
    for (int i = 0; i < 4; i++) {
        s.ad[i] = (uint8_t)(s.p.spi >> (24 - 8 * i));
    }
    for (int i = 0; i < 8; i++) {
        s.ad[4 + i] = (uint8_t)((s.p.sequence + 1) >> (56 - 8 * i));
    }
    memcpy(s.nonce, s.p.salt, 4);
    memcpy(s.nonce + 4, s.ad + 4, 8);
    return s;
}

static const EVP_CIPHER *cipher_of(uint8_t suite)
{
    return suite == AVPN_SUITE_AES_256_GCM ? EVP_aes_256_gcm() : EVP_chacha20_poly1305();
}

/* Seals (or opens) `text` in place; the result of the tag's verification. */
static int evp(const struct setting *s, int is_sealing, uint8_t *text, int count, uint8_t *tag)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int n = 0;

    ck_assert_int_eq(EVP_CipherInit_ex(context, cipher_of(s->p.suite), NULL, s->p.key, s->nonce,
                                       is_sealing),
                     1);
    ck_assert_int_eq(EVP_CipherUpdate(context, NULL, &n, s->ad, sizeof s->ad), 1);
    ck_assert_int_eq(EVP_CipherUpdate(context, text, &n, text, count), 1);
    if (!is_sealing) {
        ck_assert_int_eq(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, tag), 1);
    }
    int result = EVP_CipherFinal_ex(context, text + n, &n);

    if (is_sealing) {
        ck_assert_int_eq(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag), 1);
    }
    EVP_CIPHER_CTX_free(context);
    return result;
}

static uint32_t random_packet(uint64_t *seed, uint8_t *packet)
{
    uint32_t bytes = 20 + (uint32_t)(harness_random(seed) % (INNER_LIMIT - 19));

    random_bytes(seed, packet, bytes);
    packet[0] = 0x45;
    packet[2] = (uint8_t)(bytes >> 8);
    packet[3] = (uint8_t)bytes;
    return bytes;
}

START_TEST(openssl_opens_what_we_seal_and_we_open_what_it_seals)
{
    uint8_t esp[AVPN_HEADROOM + INNER_LIMIT + AVPN_TAILROOM], copy[INNER_LIMIT];
    uint8_t *packet = esp + AVPN_HEADROOM;
    const struct avpn_aead *aead = avpn_aead_at((uint32_t)_i);
    void *place = block;
    uint64_t seed = 0xc0ffee;

    if (aead == NULL || avpni_aead_judge(aead) != AVPN_OK) {
        harness_skipped(ROUNDS, "a provider that is not built or does not run on this machine");
        return;
    }
    for (int round = 0; round < ROUNDS; round++) {
        const struct setting s = random_setting(&seed, aead);
        uint32_t bytes = random_packet(&seed, packet);

        memcpy(copy, packet, bytes);
        ck_assert_int_eq(avpni_esp_init(place, &s.p, false), AVPN_OK);
        uint32_t sealed = (uint32_t)avpni_esp_seal(place, packet, bytes);
        int text = (int)sealed - AVPN_HEADROOM - 16;

        ck_assert_int_eq(evp(&s, 0, packet, text, packet + text), 1);
        ck_assert_mem_eq(packet, copy, bytes);
        ck_assert_uint_eq(packet[text - 1], 4);
        ck_assert_int_eq(evp(&s, 1, packet, text, packet + text), 1);
        avpni_esp_wipe(place);
        ck_assert_int_eq(avpni_esp_init(place, &s.p, true), AVPN_OK);
        ck_assert_int_eq(avpni_esp_open(place, esp, sealed), (int32_t)bytes);
        ck_assert_mem_eq(packet, copy, bytes);
        avpni_esp_wipe(place);
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(openssl_opens_what_we_seal_and_we_open_what_it_seals, PROVIDER_LIMIT),
};
HARNESS_MAIN("vectors/crosscheck", cases)
