/* SPDX-License-Identifier: ISC */
/* initiator: see initiator.h. A message that is not genuine changes nothing [HS-6]. */
#include "link/initiator.h"

#include "base/address.h"
#include "base/memory.h"
#include "crypto/box.h"
#include "crypto/cookie.h"
#include "crypto/noise.h"
#include <string.h>

#define PROLOGUE "autovpn 1 registry" /* [HS-1] */
#define MAC1 AVPNI_MAC1_OFFSET(AVPNI_INITIATION_REGISTRY_BYTES)
#define MAC2 AVPNI_MAC2_OFFSET(AVPNI_INITIATION_REGISTRY_BYTES)

void avpni_initiator_init(struct avpni_initiator *initiator)
{
    memset(initiator, 0, sizeof *initiator);
    initiator->cookie_at = -1;
}

void avpni_initiator_stop(struct avpni_initiator *initiator)
{
    avpn_noise_wipe(&initiator->noise);
    memset(&initiator->sent_to, 0, sizeof initiator->sent_to);
}

static void write_macs(struct avpni_initiator *initiator, const struct avpn_key *registry,
                       uint8_t *bytes, avpn_time now)
{
    avpni_mac1(bytes + MAC1, bytes, MAC1, registry);
    memset(bytes + MAC2, 0, AVPNI_MAC_BYTES);
    if (initiator->cookie_at >= 0 && now - initiator->cookie_at < AVPNI_COOKIE_SPAN)
        avpni_mac2(bytes + MAC2, bytes, MAC2, initiator->cookie); /* [MAC-2] */
    memcpy(initiator->mac1, bytes + MAC1, sizeof initiator->mac1);
}

bool avpni_initiator_write(struct avpni_initiator *initiator, const struct avpni_random *random,
                           const struct avpn_key_pair *self, const struct avpn_key *registry,
                           const struct avpn_key *shared,
                           const uint8_t payload[AVPNI_REGISTER_REQUEST_BYTES],
                           const struct avpn_contact *to, uint8_t *bytes_out, avpn_time now)
{
    uint8_t index[4] = {0};
    struct avpni_reader reader = avpni_reader(index, sizeof index);
    struct avpn_key ephemeral;

    avpni_initiator_stop(initiator);
    if (avpni_random_fill(random, index, sizeof index) != AVPN_OK ||
        avpni_key_generate(random, &ephemeral) != AVPN_OK)
        return false;
    avpni_noise_init_initiator_cached(&initiator->noise, self, registry, shared,
                                      (const uint8_t *)PROLOGUE, sizeof PROLOGUE - 1);
    initiator->index = avpni_read_u32(&reader);
    avpni_initiation_write_head(bytes_out, initiator->index);
    int32_t error = avpn_noise_write_1(&initiator->noise, &ephemeral, payload,
                                       AVPNI_REGISTER_REQUEST_BYTES,
                                       bytes_out + AVPNI_INITIATION_NOISE);

    avpni_wipe(&ephemeral, sizeof ephemeral);
    if (error != AVPN_OK)
        return false;
    write_macs(initiator, registry, bytes_out, now);
    initiator->sent_to = *to;
    initiator->has_cookie = false;
    return true;
}

enum avpn_counter avpni_initiator_cookie(struct avpni_initiator *initiator,
                                         const struct avpn_key *registry,
                                         const struct avpn_contact *source, const uint8_t *bytes,
                                         avpn_time now)
{
    struct avpni_cookie_message message;
    uint8_t cookie[AVPNI_COOKIE_BYTES];

    avpni_cookie_read(bytes, &message);
    if (initiator->sent_to.family == AVPN_FAMILY_NONE || initiator->has_cookie ||
        initiator->index != message.receiver ||
        !avpni_contact_is_equal(&initiator->sent_to, source))
        return AVPN_DROP_UNEXPECTED;
    if (!avpni_cookie_open(cookie, message.sealed, message.nonce, initiator->mac1, registry))
        return AVPN_DROP_HANDSHAKE;
    memcpy(initiator->cookie, cookie, sizeof initiator->cookie);
    initiator->cookie_at = now;
    initiator->has_cookie = true;
    return AVPN_COUNTERS;
}

enum avpn_counter avpni_initiator_response(const struct avpni_initiator *initiator,
                                           const struct avpn_contact *source, const uint8_t *bytes,
                                           uint8_t payload_out[AVPNI_REGISTER_RESPONSE_BYTES])
{
    static const struct avpn_key no_psk = {{0}}; /* [HS-2] */
    struct avpn_noise noise = initiator->noise;

    if (initiator->sent_to.family == AVPN_FAMILY_NONE ||
        initiator->index != avpni_response_receiver(bytes) ||
        avpni_response_sender(bytes) != 0 /* [HS-3] */ ||
        !avpni_contact_is_equal(&initiator->sent_to, source)) {
        avpn_noise_wipe(&noise);
        return AVPN_DROP_UNEXPECTED; /* [HS-4] */
    }
    int32_t error = avpn_noise_read_2(&noise, &no_psk, bytes + AVPNI_RESPONSE_NOISE,
                                      AVPNI_RESPONSE_REGISTRY_BYTES - AVPNI_RESPONSE_NOISE,
                                      payload_out);

    avpn_noise_wipe(&noise);
    return error == AVPN_OK ? AVPN_COUNTERS : AVPN_DROP_HANDSHAKE;
}
