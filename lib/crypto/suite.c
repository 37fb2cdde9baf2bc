/* SPDX-License-Identifier: ISC */
/* suite: what the two suites are called and whether this machine runs them. */
#include "crypto/aead.h"

int32_t avpn_suite_is_available(uint8_t suite)
{
    return avpn_aead_find(suite) != NULL;
}

const char *avpn_suite_name(uint8_t suite)
{
    switch (suite) {
    case AVPN_SUITE_AES_256_GCM:
        return "AES-256-GCM";
    case AVPN_SUITE_CHACHA20_POLY1305:
        return "ChaCha20-Poly1305";
    default:
        return "none";
    }
}
