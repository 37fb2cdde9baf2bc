/* SPDX-License-Identifier: ISC */
/*
 * initiator: our side of a handshake with a registry: message 1 with any of its payloads, the cookie, the
 * response. Holds no timer and decides nothing about time; whoever has one asks for a next message when it
 * is due. Used by registrations, claims and publishers. Spec: section 3, [HS-1] to [HS-4], [MAC-1] to [MAC-6].
 *
 *     write -> (cookie -> write again) -> response
 */
#ifndef AVPNI_LINK_INITIATOR_H
#define AVPNI_LINK_INITIATOR_H

#include "base/random.h"
#include "wire/message.h"
#include <autovpn/node.h>
#include <autovpn/noise.h>

struct avpni_initiator {
    struct avpn_noise noise;
    struct avpn_contact sent_to; /* family NONE: no initiation is under way */
    uint32_t index;
    uint8_t mac1[16];
    uint8_t cookie[16];
    avpn_time cookie_at; /* -1: none */
    bool has_cookie;     /* of the newest initiation: the next waits for its time [MAC-6] */
};

void avpni_initiator_init(struct avpni_initiator *initiator);
/* Forgets the handshake under way, keeps the cookie. */
void avpni_initiator_stop(struct avpni_initiator *initiator);
/*
 * A new initiation, of AVPNI_INITIATION_REGISTRY_BYTES, to `to`; it replaces the one before. `shared` is the
 * DH of the static keys. False: the randomness seam failed, nothing is under way.
 */
bool avpni_initiator_write(struct avpni_initiator *initiator, const struct avpni_random *random,
                           const struct avpn_key_pair *self, const struct avpn_key *registry,
                           const struct avpn_key *shared,
                           const uint8_t payload[AVPNI_REGISTER_REQUEST_BYTES],
                           const struct avpn_contact *to, uint8_t *bytes_out, avpn_time now);
/* Each returns AVPN_COUNTERS, or the counter of why the datagram was dropped. */
enum avpn_counter avpni_initiator_cookie(struct avpni_initiator *initiator,
                                         const struct avpn_key *registry,
                                         const struct avpn_contact *source, const uint8_t *bytes,
                                         avpn_time now);
/* `payload_out` is written when the response is genuine; the handshake under way stays until _stop. */
enum avpn_counter avpni_initiator_response(const struct avpni_initiator *initiator,
                                           const struct avpn_contact *source, const uint8_t *bytes,
                                           uint8_t payload_out[AVPNI_REGISTER_RESPONSE_BYTES]);

#endif
