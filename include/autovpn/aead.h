/* SPDX-License-Identifier: ISC */
/**
 * @defgroup aead Packet encryption (AEAD providers)
 * aead: what encrypts packets: a table of functions for one suite, a *provider*.
 *
 * The library has libsodium's always, those of intel-ipsec-mb and OpenSSL where it was built with them, and takes for each suite
 * the first that this machine runs and that passes a short self-test. A host with something better - an accelerator, an assembler
 * routine of its own - names it in struct avpn_host or in avpn_sa_parameters; it is tested in the same way and then comes first.
 *
 *     static const struct avpn_aead mine = {.size = sizeof mine, .suite = AVPN_SUITE_AES_256_GCM,
 *                                           .name = "mine", .state_bytes = 512, .state_align = 16,
 *                                           .set_key = my_set_key, .seal = my_seal, .open = my_open};
 *     static const struct avpn_aead *const all[] = {&mine, NULL};
 *     host.aeads = all;
 * @{
 */
#ifndef AUTOVPN_AEAD_H
#define AUTOVPN_AEAD_H

#include <autovpn/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AVPN_AEAD_ALIGN 64 /**< no provider's state asks for more */

/** A state serves one call at a time: the library keeps workers apart. Without it seal and open only read the state. */
#define AVPN_AEAD_EXCLUSIVE 1u

/**
 * A provider. Both suites take a key of 32 bytes, a nonce of 12 and make a tag of 16. Functions allocate nothing but in set_key, and do not branch on key
 * or text. Constant for as long as anything uses it.
 */
struct avpn_aead {
    uint32_t size; /**< sizeof(struct avpn_aead) */
    uint8_t suite; /**< enum avpn_suite */
    uint8_t reserved[3];
    const char *name; /**< for people: "ipsec-mb" */
    uint32_t flags;   /**< AVPN_AEAD_* */
    uint32_t state_align; /**< a power of two, at most AVPN_AEAD_ALIGN */
    uint64_t state_bytes; /**< of the expanded key, at most 8192; the library provides them */
    void *user;           /**< given back as the first argument */
    /** 1 when this machine can run it. NULL: it can. */
    int32_t (*is_available)(void *user);
    /** 0, or negative when out of memory: nothing is then left behind in `state`. */
    int32_t (*set_key)(void *user, void *state, const uint8_t *key);
    /** Release what set_key allocated; the library wipes the state itself. NULL: there is nothing. */
    void (*clear_key)(void *user, void *state);
    /** In place over text[0..count); the tag is written to `tag`, which may lie right behind the text. */
    void (*seal)(void *user, void *state, uint8_t *text, size_t count, uint8_t *tag,
                 const uint8_t *ad, size_t ad_bytes, const uint8_t *nonce);
    /** 0: not genuine, and the text is as it was. 1: genuine, decrypted. */
    int32_t (*open)(void *user, void *state, uint8_t *text, size_t count, const uint8_t *tag,
                    const uint8_t *ad, size_t ad_bytes, const uint8_t *nonce);
};

/**
 * The providers of this build by place, best first within a suite; NULL beyond the end. Static.
 */
AVPN_API const struct avpn_aead *avpn_aead_at(uint32_t index);
/** The one a suite gets without a host's own, or NULL: the suite is not available. Its first call for a suite tests it. */
AVPN_API const struct avpn_aead *avpn_aead_find(uint8_t suite);
/**
 * The self-test by itself: published vectors, a random packet sealed and opened, a flipped bit refused with the text unchanged.
 * AVPN_ERROR_ARGUMENT: the table contradicts itself; AVPN_ERROR_STATE: not available here; AVPN_ERROR_AUTH: it computes something else;
 * AVPN_ERROR_MEMORY.
 */
AVPN_API int32_t avpn_aead_test(const struct avpn_aead *aead);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
