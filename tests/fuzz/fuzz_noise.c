/* SPDX-License-Identifier: ISC */
/*
 * fuzz_noise: any bytes as message 1 or 2. Nothing may come of them but a refusal, and the
 * object must be as it was. Coverage beyond the tags comes from mutating a genuine message: the
 * rest of the input is laid over it.
 */
#include "fuzz.h"

#include <autovpn/noise.h>
#include <string.h>

#define MESSAGE_LIMIT 512

static struct avpn_noise initiator, responder;
static uint8_t genuine[2][MESSAGE_LIMIT];
static const struct avpn_key psk = {{5}};

static void set_up(void)
{
    static const struct avpn_key a = {{1}}, b = {{2}}, ea = {{3}}, eb = {{4}};
    struct avpn_key_pair pair_a, pair_b;
    struct avpn_noise answering;
    struct avpn_key seen;
    uint8_t payload[MESSAGE_LIMIT];

    avpn_key_pair_from_secret(&a, &pair_a);
    avpn_key_pair_from_secret(&b, &pair_b);
    avpn_noise_init_initiator(&initiator, &pair_a, &pair_b.public_key, NULL, 0);
    avpn_noise_init_responder(&responder, &pair_b, NULL, 0);
    avpn_noise_write_1(&initiator, &ea, NULL, 0, genuine[0]);
    answering = responder;
    avpn_noise_read_1(&answering, genuine[0], AVPN_NOISE_1_OVERHEAD, &seen, payload);
    avpn_noise_write_2(&answering, &eb, &psk, NULL, 0, genuine[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static const size_t sizes[2] = {AVPN_NOISE_1_OVERHEAD, AVPN_NOISE_2_OVERHEAD};
    static int is_set_up;
    uint8_t message[MESSAGE_LIMIT], payload[MESSAGE_LIMIT];
    struct avpn_key seen;

    if (!is_set_up) {
        set_up();
        is_set_up = 1;
    }
    if (count < 1 || count - 1 > MESSAGE_LIMIT) {
        return 0;
    }
    int which = bytes[0] & 1;
    size_t size = count - 1;

    memset(message, 0, sizeof message);
    memcpy(message, bytes + 1, size);
    if (bytes[0] & 2) {
        for (size_t i = 0; i < sizes[which]; i++) {
            message[i] ^= genuine[which][i];
        }
        size = size < sizes[which] ? sizes[which] : size;
    }
    struct avpn_noise noise = which == 0 ? responder : initiator, before = noise;
    int32_t result = which == 0 ? avpn_noise_read_1(&noise, message, size, &seen, payload)
                                : avpn_noise_read_2(&noise, &psk, message, size, payload);
    int is_genuine = size == sizes[which] && memcmp(message, genuine[which], size) == 0;

    FUZZ_CHECK((result == AVPN_OK) == is_genuine);
    FUZZ_CHECK(result == AVPN_OK || memcmp(&noise, &before, sizeof noise) == 0);
    return 0;
}
