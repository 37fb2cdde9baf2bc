/* SPDX-License-Identifier: ISC */
/*
 * fuzz_esp: any bytes as an ESP packet, and any text inside a genuine one.
 *
 * The first byte chooses the provider and how the rest is used. What opens must lie within
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

/* Of those that are built and run here, the one a number means. */
static const struct avpn_aead *choose(uint32_t number)
{
    const struct avpn_aead *all[16], *aead;
    uint32_t count = 0;

    for (uint32_t i = 0; (aead = avpn_aead_at(i)) != NULL && count < 16; i++) {
        if (avpni_aead_judge(aead) == AVPN_OK) {
            all[count++] = aead;
        }
    }
    FUZZ_CHECK(count > 0);
    return all[number % count];
}

/* Seals the input as number 1, by the given provider. */
static uint32_t make_genuine(const struct avpn_aead *aead, uint8_t *esp, const uint8_t *text,
                             size_t count)
{
    static const uint8_t ad[12] = {1, 2, 3, 4, [11] = 1}, nonce[12] = {2};

    memset(esp, 0, AVPN_HEADROOM);
    memcpy(esp, ad, 4);
    esp[7] = 1;
    memcpy(esp + AVPN_HEADROOM, text, count);
    aead->set_key(aead->user, state, parameters.key);
    aead->seal(aead->user, state, esp + AVPN_HEADROOM, count, esp + AVPN_HEADROOM + count, ad,
               sizeof ad, nonce);
    avpni_aead_clear(aead, state);
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
    p.aead = choose(bytes[0] >> 2);
    p.suite = p.aead->suite;
    if (avpni_esp_init(sa, &p, true) != AVPN_OK) {
        return 0;
    }
    uint32_t size = (uint32_t)count - 1;

    if (bytes[0] & 2) {
        size = make_genuine(p.aead, esp, bytes + 1, size);
    } else {
        memcpy(esp, bytes + 1, size);
    }
    int32_t result = avpni_esp_open(sa, esp, size);

    FUZZ_CHECK(result < 0 || (uint32_t)result + AVPN_HEADROOM + 2 + 16 <= size);
    FUZZ_CHECK(result >= 0 || avpni_esp_sequence(sa) == 0);
    FUZZ_CHECK(!(bytes[0] & 2) || result != AVPN_ERROR_AUTH);
    avpni_esp_wipe(sa);
    return 0;
}
