/* SPDX-License-Identifier: ISC */
/*
 * noise: what the engines need of the handshake beyond autovpn/noise.h.
 */
#ifndef AVPNI_CRYPTO_NOISE_H
#define AVPNI_CRYPTO_NOISE_H

#include <autovpn/noise.h>

/*
 * As avpn_noise_init_initiator, with `shared` = DH(self, responder) computed before
 * (avpni_dh): saves one of the initiator's four scalar multiplications on every later
 * handshake with the same responder. All inputs are copied.
 */
void avpni_noise_init_initiator_cached(struct avpn_noise *noise, const struct avpn_key_pair *self,
                                       const struct avpn_key *responder,
                                       const struct avpn_key *shared, const uint8_t *prologue,
                                       size_t prologue_bytes);

#endif
