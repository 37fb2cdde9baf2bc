/* SPDX-License-Identifier: ISC */
/**
 * @defgroup publisher Publisher: bringing it to registries
 * publisher: brings a signed configuration to one registry, and the registry's claims back.
 *
 * An engine like the others: no socket, no clock; one for each registry, all can run at once. Life: new ->
 * offer and/or ask for claims -> receive, tick, deadline until the status says that it is done -> del. Safe to
 * repeat: a registry that has the version says so at once. One thread at a time. Spec: [PUB-1] to [PUB-6].
 *
 *     avpn_publisher_new(&options, &host, now(), &publisher);
 *     avpn_publisher_offer(publisher, bundle, bytes, now());
 *     while (status.state < AVPN_PUBLISHER_DONE) {
 *         wait_until(udp, avpn_publisher_deadline(publisher));
 *         avpn_publisher_receive(publisher, datagrams, n, now());
 *         avpn_publisher_tick(publisher, now());
 *         avpn_publisher_status(publisher, &status);
 *     }
 * @{
 */
#ifndef AUTOVPN_PUBLISHER_H
#define AUTOVPN_PUBLISHER_H

#include <autovpn/batch.h>
#include <autovpn/config.h>
#include <autovpn/host.h>
#include <autovpn/join.h>
#include <autovpn/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The engine of one publish to one registry. */
struct avpn_publisher;

/** What a publisher needs to know. */
struct avpn_publisher_options {
    uint32_t size; /**< sizeof(struct avpn_publisher_options) */
    uint32_t signer_number; /**< place of the signing key in the charter's set; 255: no key [PUB-1] */
    struct avpn_key organization; /**< its id */
    struct avpn_key registry;    /**< its static key */
    struct avpn_key signer;      /**< Ed25519 seed, copied; ignored where signer_number is 255 */
    struct avpn_contact contact; /**< where the registry is */
    uint32_t reserved;
    avpn_span give_up_after;     /**< without any answer; 0: 10 s */
};

/** How far it is. From DONE on there is nothing left to do. */
enum avpn_publisher_state {
    AVPN_PUBLISHER_CONNECTING = 0, /**< no answer yet */
    AVPN_PUBLISHER_IDLE = 1,       /**< connected, nothing under way */
    AVPN_PUBLISHER_SENDING = 2,    /**< a bundle is on its way */
    AVPN_PUBLISHER_LISTING = 3,    /**< claims are on their way */
    AVPN_PUBLISHER_DONE = 4,       /**< all that was asked for is done */
    AVPN_PUBLISHER_REFUSED = 5,    /**< `reason` says why */
    AVPN_PUBLISHER_SILENT = 6      /**< no answer: wrong key, wrong address, or it does not serve this organization */
};

/** Why a registry took a bundle or did not, [PUB-2]. */
enum avpn_publish_result {
    AVPN_PUBLISH_WANTED = 0, /**< its parts are being sent */
    AVPN_PUBLISH_IN_FORCE = 1, /**< the registry serves it */
    AVPN_PUBLISH_OLDER = 2, /**< it serves a newer one, or another of this version */
    AVPN_PUBLISH_NOT_VERIFIED = 3, /**< its signatures do not verify */
    AVPN_PUBLISH_FOREIGN = 4, /**< of another organization */
    AVPN_PUBLISH_EXPIRED = 5, /**< expired by the registry's clock */
    AVPN_PUBLISH_NOT_STORED = 6, /**< its store did not take it */
    AVPN_PUBLISH_NOT_VALID = 7, /**< well signed, but invalid by [CFG-9] */
    AVPN_PUBLISH_BUSY = 8, /**< another upload is under way: try again */
    AVPN_PUBLISH_TOO_LARGE = 9 /**< more than AVPN_BUNDLE_LIMIT */
};
/** A sentence for a person. Static text. */
AVPN_API const char *avpn_publish_result_text(uint32_t result);

/** How far a publisher is. */
struct avpn_publisher_status {
    uint32_t size;  /**< in: of the caller's, out: bytes filled in (types.h) */
    uint8_t state;  /**< enum avpn_publisher_state */
    uint8_t reason; /**< enum avpn_publish_result */
    uint8_t has_claims; /**< the list of claims is complete */
    uint8_t reserved;
    uint32_t claim_count; /**< of those listed so far */
    uint32_t sent_bytes;  /**< of the bundle, confirmed */
    uint32_t total_bytes; /**< of the bundle */
    uint32_t reserved2;
    uint64_t served_version;          /**< what the registry serves, as far as it said; 0: nothing */
};

/** A device that wants a place; verify with avpn_claim_verify. */
struct avpn_claim {
    uint32_t size;          /**< in: sizeof of the caller's */
    uint32_t member;        /**< the place it claims */
    struct avpn_key device; /**< its static key */
    uint32_t age;           /**< seconds since the registry got it */
    uint8_t signature[AVPN_CLAIM_BYTES]; /**< by the token's claim key */
};

/** Make a publisher; sends the first datagram. Options and host are copied. AVPN_ERROR_ARGUMENT, AVPN_ERROR_MEMORY, AVPN_ERROR_RANDOM. */
AVPN_API int32_t avpn_publisher_new(const struct avpn_publisher_options *options,
                                    const struct avpn_host *host, avpn_time now,
                                    struct avpn_publisher **publisher_out);
/** Wipes its keys. NULL is ignored. */
AVPN_API void avpn_publisher_del(struct avpn_publisher *publisher);
/** Offer a bundle to the registry. `bundle` is borrowed until avpn_publisher_del or the next offer. AVPN_ERROR_ARGUMENT: empty or too large; AVPN_ERROR_FORMAT. */
AVPN_API int32_t avpn_publisher_offer(struct avpn_publisher *publisher, const uint8_t *bundle,
                                      size_t count, avpn_time now);
/** Ask for the claims it holds. AVPN_ERROR_STATE: without a signing key nobody is told. */
AVPN_API int32_t avpn_publisher_list_claims(struct avpn_publisher *publisher, avpn_time now);
/** Datagrams from the registry, as avpn_node_receive. */
AVPN_API int32_t avpn_publisher_receive(struct avpn_publisher *publisher,
                                        const struct avpn_datagrams *batch, size_t count,
                                        avpn_time now);
/** Serve what is due. */
AVPN_API void avpn_publisher_tick(struct avpn_publisher *publisher, avpn_time now);
/** When avpn_publisher_tick is to be called next. */
AVPN_API avpn_time avpn_publisher_deadline(const struct avpn_publisher *publisher);
/** How far it is. AVPN_ERROR_ARGUMENT: size. */
AVPN_API int32_t avpn_publisher_status(const struct avpn_publisher *publisher,
                                       struct avpn_publisher_status *status_out);
/** A claim by place. AVPN_ERROR_EMPTY beyond the end. */
AVPN_API int32_t avpn_publisher_claim(const struct avpn_publisher *publisher, uint32_t index,
                                      struct avpn_claim *claim_out);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
