/* SPDX-License-Identifier: ISC */
/*
 * session: what a registry can compute again for every message instead of keeping it: session
 * keys, tokens, first contacts versions. Values in, values out; also the window of 32 counters.
 *
 * A slot number names one uplink of one member of one organization: place of the organization,
 * place of the member in its table, uplink. Spec: [REG-2] to [REG-4].
 */
#ifndef AVPNI_REGISTRY_SESSION_H
#define AVPNI_REGISTRY_SESSION_H

#include "base/random.h"
#include <autovpn/types.h>
#include <stdbool.h>

#define AVPNI_SLOT_ORGANIZATIONS (1u << 14)

static inline uint32_t avpni_slot(uint32_t organization, uint32_t member, uint32_t uplink)
{
    return organization << 18 | member << 2 | uplink;
}

static inline uint32_t avpni_slot_organization(uint32_t slot)
{
    return slot >> 18;
}

static inline uint32_t avpni_slot_member(uint32_t slot)
{
    return slot >> 2 & 0xFFFF;
}

static inline uint32_t avpni_slot_uplink(uint32_t slot)
{
    return slot & 3;
}

/* Random for the life of a registry process. */
struct avpni_session_secrets {
    uint8_t key[32];
    uint8_t token[32];
    uint8_t version[16];
};

int32_t avpni_session_secrets_init(struct avpni_session_secrets *secrets,
                                   const struct avpni_random *random);
void avpni_session_key(const struct avpni_session_secrets *secrets, uint32_t slot,
                       uint64_t generation, uint8_t key_out[32]);
/* The token that proves `contact` in the period of `now` [REG-4]. */
void avpni_session_token(const struct avpni_session_secrets *secrets, uint32_t slot,
                         uint64_t generation, const struct avpn_contact *contact, avpn_time now,
                         uint8_t token_out[16]);
/* It is the token of this period or of the one before. */
bool avpni_session_token_verify(const struct avpni_session_secrets *secrets, uint32_t slot,
                                uint64_t generation, const struct avpn_contact *contact,
                                avpn_time now, const uint8_t token[16]);
/*
 * The contacts version with which a registration begins: unlike any the node may hold from
 * another one, so that it fetches.
 */
uint32_t avpni_session_version(const struct avpni_session_secrets *secrets, uint32_t slot,
                               uint64_t generation);

/* Counters seen: the highest, and as bit i whether `highest - i` was. */
struct avpni_counter_window {
    uint64_t highest;
    uint32_t seen;
};

/* Above the highest, or within the window and not seen. */
bool avpni_counter_window_allows(const struct avpni_counter_window *window, uint64_t counter);
/* Only for a counter that is allowed. */
void avpni_counter_window_mark(struct avpni_counter_window *window, uint64_t counter);

#endif
