/* SPDX-License-Identifier: ISC */
/* aead: the list of providers, the fastest of each suite first. */
#include "crypto/aead.h"

#include "crypto/providers.h"

static const struct avpni_aead *const providers[] = {
    &avpni_aead_sodium_aes,
    &avpni_aead_sodium_chacha,
    NULL,
};

const struct avpni_aead *avpni_aead_find(uint8_t suite)
{
    for (size_t i = 0; providers[i] != NULL; i++) {
        if (providers[i]->suite == suite && providers[i]->is_available()) {
            return providers[i];
        }
    }
    return NULL;
}

const struct avpni_aead *const *avpni_aead_all(void)
{
    return providers;
}
