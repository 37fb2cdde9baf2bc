/* SPDX-License-Identifier: ISC */
/*
 * box: single-message encryption and the other primitives of control messages.
 * The only users of libsodium are the files of this folder.
 */
#ifndef AVPNI_CRYPTO_BOX_H
#define AVPNI_CRYPTO_BOX_H

#include "base/random.h"
#include <autovpn/noise.h>
#include <stdbool.h>

#define AVPNI_TAG_BYTES 16
#define AVPNI_XNONCE_BYTES 24
#define AVPNI_SIGNATURE_BYTES 64
#define AVPNI_SEALED_OVERHEAD 48

/* libsodium's own start-up; idempotent. Every engine's _new calls it. Negative: unusable. */
int32_t avpni_crypto_init(void);
/* libsodium's generator, in the shape of the host's seam. */
int32_t avpni_crypto_random(void *user, uint8_t *bytes, size_t count);

/* ChaCha20-Poly1305 (RFC 8439), 12-byte nonce. In place allowed. `out` gets count + 16 bytes. */
void avpni_aead_seal(uint8_t *out, const uint8_t *plain, size_t count, const uint8_t *ad,
                     size_t ad_bytes, const uint8_t nonce[12], const uint8_t key[32]);
/* `count` includes the tag. False: not genuine, `out` untouched. */
bool avpni_aead_open(uint8_t *out, const uint8_t *sealed, size_t count, const uint8_t *ad,
                     size_t ad_bytes, const uint8_t nonce[12], const uint8_t key[32]);
/* XChaCha20-Poly1305, 24-byte nonce (random ones are safe). */
void avpni_xaead_seal(uint8_t *out, const uint8_t *plain, size_t count, const uint8_t *ad,
                      size_t ad_bytes, const uint8_t nonce[24], const uint8_t key[32]);
bool avpni_xaead_open(uint8_t *out, const uint8_t *sealed, size_t count, const uint8_t *ad,
                      size_t ad_bytes, const uint8_t nonce[24], const uint8_t key[32]);

/* HChaCha20: a 32-byte subkey from a key and 16 bytes of input. */
void avpni_hchacha(uint8_t out[32], const uint8_t input[16], const uint8_t key[32]);

/* X25519. False: the result is all zero (low-order point), `out` untouched. */
bool avpni_dh(struct avpn_key *out, const struct avpn_key *secret_key,
              const struct avpn_key *public_key);
/* A fresh secret key from the host's randomness. AVPN_ERROR_RANDOM. */
int32_t avpni_key_generate(const struct avpni_random *random, struct avpn_key *secret_out);

/* Ed25519. `seed` is 32 bytes. */
void avpni_sign_keypair(const uint8_t seed[32], struct avpn_key *public_out);
void avpni_sign(uint8_t signature[64], const uint8_t *bytes, size_t count, const uint8_t seed[32]);
bool avpni_sign_verify(const uint8_t signature[64], const uint8_t *bytes, size_t count,
                       const struct avpn_key *public_key);

/*
 * Anonymous sealed box to an X25519 key (libsodium crypto_box_seal): count + 48 bytes. No other text
 * may ever be sealed to the same key under the same ephemeral one. AVPN_ERROR_ARGUMENT: `to` is no key.
 */
int32_t avpni_sealed_write(uint8_t *out, const uint8_t *plain, size_t count,
                           const struct avpn_key *to, const struct avpn_key *ephemeral_secret);
bool avpni_sealed_read(uint8_t *out, const uint8_t *sealed, size_t count,
                       const struct avpn_key_pair *self);

#endif
