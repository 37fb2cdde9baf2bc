/* SPDX-License-Identifier: ISC */
/* session: see session.h. */
#include "registry/session.h"

#include "base/cursor.h"
#include "base/map.h"
#include "crypto/box.h"
#include "crypto/hash.h"
#include "wire/limits.h"
#include "wire/message.h"

#define TOKEN_BYTES 16
#define CONTEXT_BYTES (4 + 8)

int32_t avpni_session_secrets_init(struct avpni_session_secrets *secrets,
                                   const struct avpni_random *random)
{
    int32_t error = avpni_random_fill(random, secrets->key, sizeof secrets->key);

    if (error == AVPN_OK) {
        error = avpni_random_fill(random, secrets->token, sizeof secrets->token);
    }
    if (error == AVPN_OK) {
        error = avpni_random_fill(random, secrets->version, sizeof secrets->version);
    }
    return error;
}

void avpni_session_key(const struct avpni_session_secrets *secrets, uint32_t slot,
                       uint64_t generation, uint8_t key_out[32])
{
    uint8_t input[CONTEXT_BYTES + 4];
    struct avpni_writer w = avpni_writer(input, sizeof input);

    avpni_write_u32(&w, slot);
    avpni_write_u64(&w, generation);
    avpni_write_zeros(&w, 4);
    avpni_hchacha(key_out, input, secrets->key);
}

static void token_of_period(const struct avpni_session_secrets *secrets, uint32_t slot,
                            uint64_t generation, const struct avpn_contact *contact,
                            uint64_t period, uint8_t token_out[TOKEN_BYTES])
{
    uint8_t bytes[CONTEXT_BYTES + 8 + AVPNI_CONTACT_FIXED_BYTES];
    struct avpni_writer w = avpni_writer(bytes, sizeof bytes);

    avpni_write_u32(&w, slot);
    avpni_write_u64(&w, generation);
    avpni_write_u64(&w, period);
    avpni_contact_write_fixed(&w, contact);
    avpni_hash(token_out, TOKEN_BYTES, secrets->token, sizeof secrets->token,
               &(struct avpni_piece){bytes, sizeof bytes}, 1);
}

void avpni_session_token(const struct avpni_session_secrets *secrets, uint32_t slot,
                         uint64_t generation, const struct avpn_contact *contact, avpn_time now,
                         uint8_t token_out[TOKEN_BYTES])
{
    token_of_period(secrets, slot, generation, contact, (uint64_t)(now / AVPNI_TOKEN_PERIOD),
                    token_out);
}

bool avpni_session_token_verify(const struct avpni_session_secrets *secrets, uint32_t slot,
                                uint64_t generation, const struct avpn_contact *contact,
                                avpn_time now, const uint8_t token[TOKEN_BYTES])
{
    uint64_t period = (uint64_t)(now / AVPNI_TOKEN_PERIOD);
    uint8_t expected[TOKEN_BYTES];

    token_of_period(secrets, slot, generation, contact, period, expected);
    if (avpni_is_equal(expected, token, sizeof expected)) {
        return true;
    }
    if (period == 0) {
        return false;
    }
    token_of_period(secrets, slot, generation, contact, period - 1, expected);
    return avpni_is_equal(expected, token, sizeof expected);
}

uint32_t avpni_session_version(const struct avpni_session_secrets *secrets, uint32_t slot,
                               uint64_t generation)
{
    uint8_t bytes[CONTEXT_BYTES];
    struct avpni_writer w = avpni_writer(bytes, sizeof bytes);

    avpni_write_u32(&w, slot);
    avpni_write_u64(&w, generation);
    return (uint32_t)avpni_siphash(secrets->version, bytes, sizeof bytes);
}

bool avpni_counter_window_allows(const struct avpni_counter_window *window, uint64_t counter)
{
    if (counter > window->highest) {
        return true;
    }
    uint64_t behind = window->highest - counter;

    return counter != 0 && behind < AVPNI_REGISTRY_REPLAY && (window->seen >> behind & 1) == 0;
}

void avpni_counter_window_mark(struct avpni_counter_window *window, uint64_t counter)
{
    if (counter <= window->highest) {
        window->seen |= UINT32_C(1) << (window->highest - counter);
        return;
    }
    uint64_t ahead = counter - window->highest;

    window->seen = ahead < AVPNI_REGISTRY_REPLAY ? window->seen << ahead | 1 : 1;
    window->highest = counter;
}
