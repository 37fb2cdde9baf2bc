/* SPDX-License-Identifier: ISC */
/**
 * @defgroup join Joining: tokens and claims
 * join: the one-time token with which a device claims its place in an organization.
 *
 * The administrator fills in a token with a random secret, signs an invite with its claim key into the
 * configuration (authority.h) and gives the text to the device. The device's node gets it in
 * its options (node.h), makes claims and waits. A registry holds the first genuine claim; the administrator's
 * program lists claims (publisher.h), verifies them with avpn_claim_verify and signs the device's
 * key in. No secret of the device ever leaves it. Values only; any thread. Spec: [JOIN-1] to [JOIN-5].
 *
 *     struct avpn_token token = {.size = sizeof token};
 *     if (avpn_token_parse(text, &token) == AVPN_OK)
 *         options.token = &token;
 * @{
 */
#ifndef AUTOVPN_JOIN_H
#define AUTOVPN_JOIN_H

#include <autovpn/config.h>
#include <autovpn/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AVPN_TOKEN_SECRET_BYTES 16 /**< of the random secret */
#define AVPN_TOKEN_TEXT 1600 /**< buffer size that fits any token, with NUL */
#define AVPN_CLAIM_BYTES 64  /**< a claim's signature */

/** Where a registry is and how it is known: as much of struct avpn_registry_entry as a token's text holds. */
struct avpn_token_registry {
    struct avpn_key key; /**< its static key */
    uint16_t port;       /**< UDP */
    uint16_t reserved;
    char host[AVPN_NAME_BYTES]; /**< a name, or a literal address */
};

/** What the administrator gives to a device. */
struct avpn_token {
    uint32_t size;   /**< sizeof(struct avpn_token); for parse too */
    uint32_t member; /**< the place: a member id */
    struct avpn_key organization; /**< its id */
    uint8_t secret[AVPN_TOKEN_SECRET_BYTES]; /**< random; whoever has it can claim the place */
    uint64_t version; /**< the configuration that has the invite: nothing older is believed */
    int64_t expires;  /**< seconds since 1970 UTC */
    uint32_t registry_count; /**< 1..AVPN_REGISTRIES */
    uint32_t reserved;
    struct avpn_token_registry registries[AVPN_REGISTRIES]; /**< whom to ask */
};

/**
 * Text to token. Capital letters and digits, without a space, fit for a command line and a QR code. Reading ignores case, spaces and
 * line breaks. AVPN_ERROR_FORMAT: not a token, or mistyped (it carries a check). AVPN_ERROR_ARGUMENT: fields out of
 * range.
 */
AVPN_API int32_t avpn_token_parse(const char *text, struct avpn_token *token_out);
/** Token to text. AVPN_ERROR_ARGUMENT: fields out of range. AVPN_ERROR_SPACE: `capacity` is below AVPN_TOKEN_TEXT. */
AVPN_API int32_t avpn_token_format(const struct avpn_token *token, char *text_out,
                                   size_t capacity);
/** The public key that goes into the invite [JOIN-1]. */
AVPN_API int32_t avpn_token_claim_key(const struct avpn_token *token, struct avpn_key *key_out);
/** A device's claim: that whoever has the token wants this key to be the member's. */
AVPN_API int32_t avpn_token_claim(const struct avpn_token *token, const struct avpn_key *device,
                                  uint8_t signature_out[AVPN_CLAIM_BYTES]);
/** Is a claim genuine? AVPN_OK, or AVPN_ERROR_AUTH. */
AVPN_API int32_t avpn_claim_verify(const struct avpn_key *claim_key,
                                   const struct avpn_key *organization, uint32_t member,
                                   const struct avpn_key *device,
                                   const uint8_t signature[AVPN_CLAIM_BYTES]);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
