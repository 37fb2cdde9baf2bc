/* SPDX-License-Identifier: ISC */
/**
 * @defgroup noise Noise handshake
 * noise: the handshake Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b (Noise revision 34).
 *
 *     -> e, es, s, ss          (message 1, by the initiator)
 *     <- e, ee, se, psk        (message 2, by the responder)
 *
 * Life: init, then write_1 / read_2 for an initiator or read_1 / write_2 for a
 * responder, then split, then wipe. The object is plain memory that the caller places;
 * it holds secrets until avpn_noise_wipe. A failed read leaves the object as it was, so a
 * forged message costs nothing but time. One thread at a time.
 *
 *     struct avpn_noise n;
 *     avpn_noise_init_initiator(&n, &my_pair, &peer_public, prologue, 14);
 *     avpn_noise_write_1(&n, &ephemeral_secret, payload, 40, message);   // 40 + 96 bytes
 *     // ... the reply comes
 *     if (avpn_noise_read_2(&n, &psk, reply, 80, payload) == AVPN_OK)    // 80 - 48 bytes
 *         avpn_noise_split(&n, &send_key, &receive_key);
 *     avpn_noise_wipe(&n);
 * @{
 */
#ifndef AUTOVPN_NOISE_H
#define AUTOVPN_NOISE_H

#include <autovpn/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AVPN_NOISE_1_OVERHEAD 96 /**< e 32 + s 48 + payload tag 16 */
#define AVPN_NOISE_2_OVERHEAD 48 /**< e 32 + payload tag 16 */
#define AVPN_NOISE_HASH_BYTES 64 /**< of the handshake hash */

/** A static X25519 key pair. */
struct avpn_key_pair {
    struct avpn_key secret_key; /**< stays where it was made */
    struct avpn_key public_key; /**< what others know */
};

/** Size and layout are fixed within a major version; the content is the library's business. */
struct avpn_noise {
    uint8_t opaque[512]; /**< not to be looked at */
};

/** The public key of a secret one. AVPN_ERROR_ARGUMENT: `secret_key` is all zero. */
AVPN_API int32_t avpn_key_pair_from_secret(const struct avpn_key *secret_key,
                                           struct avpn_key_pair *pair_out);
/** A fresh pair from libsodium's randomness. */
AVPN_API int32_t avpn_key_pair_generate(struct avpn_key_pair *pair_out);

/**
 * Start as initiator: knows the responder's static key. Keys and prologue are copied
 * (the prologue into a hash). AVPN_ERROR_ARGUMENT: `responder` is a low-order point.
 */
AVPN_API int32_t avpn_noise_init_initiator(struct avpn_noise *noise,
                                           const struct avpn_key_pair *self,
                                           const struct avpn_key *responder,
                                           const uint8_t *prologue, size_t prologue_bytes);
/** Start as responder: learns the initiator's key from message 1. Copied likewise. */
AVPN_API int32_t avpn_noise_init_responder(struct avpn_noise *noise,
                                           const struct avpn_key_pair *self,
                                           const uint8_t *prologue, size_t prologue_bytes);

/**
 * Message 1. `ephemeral` is a fresh secret key, never used twice, copied. Writes
 * payload_bytes + AVPN_NOISE_1_OVERHEAD bytes. The payload has no forward secrecy and can
 * be replayed: put nothing secret or state-changing in it without a guard.
 * AVPN_ERROR_STATE: wrong role or moment. AVPN_ERROR_LIMIT: the message would pass 65535 bytes.
 * AVPN_ERROR_ARGUMENT: `ephemeral` is all zero.
 */
AVPN_API int32_t avpn_noise_write_1(struct avpn_noise *noise, const struct avpn_key *ephemeral,
                                    const uint8_t *payload, size_t payload_bytes,
                                    uint8_t *message_out);
/**
 * Reads message 1: gives the initiator's static key and the payload
 * (message_bytes - AVPN_NOISE_1_OVERHEAD bytes). AVPN_ERROR_FORMAT: too short.
 * AVPN_ERROR_AUTH: forged, for someone else, or with another prologue.
 */
AVPN_API int32_t avpn_noise_read_1(struct avpn_noise *noise, const uint8_t *message,
                                   size_t message_bytes, struct avpn_key *initiator_out,
                                   uint8_t *payload_out);
/**
 * Message 2, with the pre-shared key (all zero where there is none). Writes payload_bytes +
 * AVPN_NOISE_2_OVERHEAD bytes. Otherwise as avpn_noise_write_1.
 */
AVPN_API int32_t avpn_noise_write_2(struct avpn_noise *noise, const struct avpn_key *ephemeral,
                                    const struct avpn_key *psk, const uint8_t *payload,
                                    size_t payload_bytes, uint8_t *message_out);
/**
 * Reads message 2: gives the payload (message_bytes - AVPN_NOISE_2_OVERHEAD bytes). Errors as
 * avpn_noise_read_1; AVPN_ERROR_AUTH also for another pre-shared key.
 */
AVPN_API int32_t avpn_noise_read_2(struct avpn_noise *noise, const struct avpn_key *psk,
                                   const uint8_t *message, size_t message_bytes,
                                   uint8_t *payload_out);

/**
 * The two transport keys, 32 bytes each, after message 2; `send_out` is for what this
 * side sends. AVPN_ERROR_STATE before.
 */
AVPN_API int32_t avpn_noise_split(const struct avpn_noise *noise, struct avpn_key *send_out,
                                  struct avpn_key *receive_out);
/** The handshake hash (channel binding), 64 bytes, after message 2. */
AVPN_API int32_t avpn_noise_hash(const struct avpn_noise *noise,
                                 uint8_t hash_out[AVPN_NOISE_HASH_BYTES]);
/** Overwrites all secrets; the object may then be started again. */
AVPN_API void avpn_noise_wipe(struct avpn_noise *noise);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
