/* SPDX-License-Identifier: ISC */
/*
 * version: what this library calls itself, and what was built into it. Constants only.
 */
#include <autovpn/version.h>

#include <string.h>

static const char *const features[] = {
#ifdef AVPN_WITH_REGISTRY
    "registry",
#endif
#ifdef AVPN_WITH_AUTHORITY
    "authority",
#endif
#ifdef AVPN_WITH_IPSEC_MB
    "ipsec-mb",
#endif
#ifdef AVPN_WITH_OPENSSL
    "openssl",
#endif
    NULL,
};

const char *avpn_version(void)
{
    return AVPN_VERSION_TEXT;
}

uint32_t avpn_version_number(void)
{
    return AVPN_VERSION_NUMBER;
}

uint32_t avpn_wire_version(void)
{
    return 1;
}

const char *avpn_feature_at(uint32_t index)
{
    return index < sizeof features / sizeof *features ? features[index] : NULL;
}

int32_t avpn_has_feature(const char *name)
{
    for (uint32_t i = 0; name != NULL && features[i] != NULL; i++) {
        if (strcmp(features[i], name) == 0) {
            return 1;
        }
    }
    return 0;
}
