/* SPDX-License-Identifier: ISC */
/* providers: the tables that aead.c lists; each is defined in its provider's file. */
#ifndef AVPNI_CRYPTO_PROVIDERS_H
#define AVPNI_CRYPTO_PROVIDERS_H

#include "crypto/aead.h"

extern const struct avpn_aead avpni_aead_ipsec_mb_aes;
extern const struct avpn_aead avpni_aead_ipsec_mb_chacha;
extern const struct avpn_aead avpni_aead_openssl_aes;
extern const struct avpn_aead avpni_aead_openssl_chacha;
extern const struct avpn_aead avpni_aead_sodium_aes;
extern const struct avpn_aead avpni_aead_sodium_chacha;

#endif
