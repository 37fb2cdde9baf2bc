/* SPDX-License-Identifier: ISC */
/*
 * fuzz_esp: any bytes as an ESP packet, and any text inside a genuine one.
 *
 * The first byte chooses the suite and how the rest is used. What opens must lie within
 * what came; what does not open must have left the window alone.
 */
#include "crypto/esp.h"
#include "fuzz.h"

#include <string.h>

#define TEXT_LIMIT 2048

static _Alignas(AVPNI_ESP_ALIGN) uint8_t block[4096];
static _Alignas(AVPNI_ESP_ALIGN) uint8_t state[AVPNI_AEAD_STATE_LIMIT];

static const struct avpn_sa_parameters parameters = {
    .size = sizeof(struct avpn_sa_parameters), .spi = 0x01020304, .key = {1}, .salt = {2}};

/* Seals the input as number 1, in the given suite. */
static uint32_t make_genuine(uint8_t suite, uint8_t *esp, const uint8_t *text, size_t count)
{
    static const uint8_t ad[12] = {1, 2, 3, 4, [11] = 1}, nonce[12] = {2};
    const struct avpn_aead *aead = avpn_aead_find(suite);

    memset(esp, 0, AVPN_HEADROOM);
    memcpy(esp, ad, 4);
    esp[7] = 1;
    memcpy(esp + AVPN_HEADROOM, text, count);
    aead->set_key(aead->user, state, parameters.key);
    aead->seal(aead->user, state, esp + AVPN_HEADROOM, count, esp + AVPN_HEADROOM + count, ad, sizeof ad,
               nonce);
    return (uint32_t)(AVPN_HEADROOM + count + 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    uint8_t esp[AVPN_HEADROOM + TEXT_LIMIT + 16];
    struct avpn_sa_parameters p = parameters;
    void *place = block;
    struct avpni_sa *sa = place;

    if (count < 1 || count - 1 > TEXT_LIMIT) {
        return 0;
    }
    p.suite = bytes[0] & 1 ? AVPN_SUITE_AES_256_GCM : AVPN_SUITE_CHACHA20_POLY1305;
    if (avpni_esp_init(sa, &p, true) != AVPN_OK) {
        return 0;
    }
    uint32_t size = (uint32_t)count - 1;

    if (bytes[0] & 2) {
        size = make_genuine(p.suite, esp, bytes + 1, size);
    } else {
        memcpy(esp, bytes + 1, size);
    }
    int32_t result = avpni_esp_open(sa, esp, size);

    FUZZ_CHECK(result < 0 || (uint32_t)result + AVPN_HEADROOM + 2 + 16 <= size);
    FUZZ_CHECK(result >= 0 || avpni_esp_sequence(sa) == 0);
    FUZZ_CHECK(!(bytes[0] & 2) || result != AVPN_ERROR_AUTH);
    return 0;
}
