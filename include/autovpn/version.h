/* SPDX-License-Identifier: ISC */
/**
 * @defgroup version Versions and features
 * version: which library a program was compiled for, which one it runs with, and what that one can do.
 *
 * A program compiled for 0.1 runs with any later 0.x: see "structs that grow" in types.h and doc/embedding.md. No state: any
 * thread may call any of it.
 *
 *     if (avpn_version_number() < AVPN_VERSION_NUMBER)
 *         complain("compiled for autovpn %s, but this is %s", AVPN_VERSION_TEXT, avpn_version());
 *     if (!avpn_has_feature("registry"))
 *         complain("this build of autovpn has no registry");
 * @{
 */
#ifndef AUTOVPN_VERSION_H
#define AUTOVPN_VERSION_H

#include <autovpn/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of these headers. */
#define AVPN_VERSION_MAJOR 0 /**< first number of these headers' version */
#define AVPN_VERSION_MINOR 1 /**< second number */
#define AVPN_VERSION_PATCH 0 /**< third number */
#define AVPN_VERSION_TEXT "0.1.0" /**< the three numbers as text */
/** As one number, which rises with each version: for `#if` and for comparing with avpn_version_number. */
#define AVPN_VERSION_NUMBER ((AVPN_VERSION_MAJOR << 16) + (AVPN_VERSION_MINOR << 8) + AVPN_VERSION_PATCH)

/** The version of the library that runs: "MAJOR.MINOR.PATCH". Static text. */
AVPN_API const char *avpn_version(void);
/** The same as a number like AVPN_VERSION_NUMBER. */
AVPN_API uint32_t avpn_version_number(void);
/** The protocol version this library speaks on the wire. */
AVPN_API uint32_t avpn_wire_version(void);

/**
 * Does this build have a part that another may lack? 1 or 0, 0 also for a name that this version does not know.
 *   - "registry": the engine of registry.h, else its functions are absent;
 *   - "authority": that of authority.h and publisher.h, likewise;
 *   - "ipsec-mb", "openssl": providers of packet encryption (aead.h). Which one a suite gets on this machine: avpn_aead_find.
 */
AVPN_API int32_t avpn_has_feature(const char *name);
/** The names of the parts this build has, by place; NULL beyond the end. Static text. */
AVPN_API const char *avpn_feature_at(uint32_t index);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
