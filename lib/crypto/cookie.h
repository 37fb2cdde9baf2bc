/* SPDX-License-Identifier: ISC */
/*
 * cookie: the two MACs at the end of every handshake message and the stateless cookie that
 * answers floods. Values in, values out. Spec: [MAC-1] .. [MAC-6].
 */
#ifndef AVPNI_CRYPTO_COOKIE_H
#define AVPNI_CRYPTO_COOKIE_H

#include "base/random.h"
#include <autovpn/types.h>
#include <stdbool.h>

#define AVPNI_MAC_BYTES 16
#define AVPNI_COOKIE_BYTES 16
#define AVPNI_COOKIE_LIFE (120 * AVPN_SECOND)

/* mac1 over message[0..count), keyed by the receiver's static public key. */
void avpni_mac1(uint8_t mac[16], const uint8_t *message, size_t count,
                const struct avpn_key *receiver);
/* mac2 over message[0..count) (which includes mac1), keyed by a cookie. */
void avpni_mac2(uint8_t mac[16], const uint8_t *message, size_t count, const uint8_t cookie[16]);

/*
 * Who hands cookies out: a secret that changes every AVPNI_COOKIE_LIFE; the one before it is still
 * honoured.
 */
struct avpni_cookie_jar {
    uint8_t secret[2][32]; /* current, previous */
    avpn_time changed_at;
    bool has_previous;
};

int32_t avpni_cookie_jar_init(struct avpni_cookie_jar *jar, const struct avpni_random *random,
                              avpn_time now);
/* Rotate when due. Keeps the old secret when the randomness fails. */
void avpni_cookie_jar_rotate(struct avpni_cookie_jar *jar, const struct avpni_random *random,
                             avpn_time now);
/* The cookie of a source contact under the current secret. */
void avpni_cookie_jar_bake(const struct avpni_cookie_jar *jar, const struct avpn_contact *source,
                           uint8_t cookie[16]);
/* mac2 verifies under the current or the previous secret for this source. */
bool avpni_cookie_jar_verify(const struct avpni_cookie_jar *jar, const struct avpn_contact *source,
                             const uint8_t *message, size_t count, const uint8_t mac2[16]);
/*
 * Cookie on the wire: sealed with XChaCha20-Poly1305 under a key from the *responder's* static
 * public key, the initiator's mac1 as additional data [MAC-5]. 16 + 16 bytes.
 */
void avpni_cookie_seal(uint8_t out[32], const uint8_t cookie[16], const uint8_t nonce[24],
                       const uint8_t mac1[16], const struct avpn_key *responder);
bool avpni_cookie_open(uint8_t cookie[16], const uint8_t sealed[32], const uint8_t nonce[24],
                       const uint8_t mac1[16], const struct avpn_key *responder);

#endif
