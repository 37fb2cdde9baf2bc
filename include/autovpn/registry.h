/* SPDX-License-Identifier: ISC */
/**
 * @defgroup registry The registry
 * registry: the engine of the VPN registry, which knows every node's contact. It needs no
 * trust: it can deny, delay or lie about addresses, nothing else. It serves any number of organizations.
 *
 * Life and calls as in node.h: new -> set_organization -> receive, tick, deadline,
 * next_event -> del. One thread at a time. State per node is soft and small (see
 * avpn_registry_status: bytes per node); a registry that restarts is whole again when nodes
 * have sent their next keepalives.
 *
 *     avpn_registry_new(&options, &host, now, &registry);
 *     avpn_registry_set_organization(registry, &organization, bundle, bytes, now);
 *     avpn_registry_receive(registry, datagrams, n, now);
 * @{
 */
#ifndef AUTOVPN_REGISTRY_H
#define AUTOVPN_REGISTRY_H

#include <autovpn/batch.h>
#include <autovpn/config.h>
#include <autovpn/event.h>
#include <autovpn/host.h>
#include <autovpn/noise.h>
#include <autovpn/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The engine of one registry. */
struct avpn_registry;

/** What a registry needs to know. */
struct avpn_registry_options {
    uint32_t size; /**< sizeof(struct avpn_registry_options) */
    uint32_t handshakes_per_second; /**< before "under load" begins [MAC-4]; 0: 500 */
    struct avpn_key_pair identity; /**< the registry's static key, copied */
    uint32_t registration_limit;   /**< uplinks registered at once; 0: 4 per member */
    uint32_t reserved;
};

/**
 * Make a registry that serves nobody yet. Options and host are copied. AVPN_ERROR_ARGUMENT: size, key, or no transmit;
 * AVPN_ERROR_MEMORY; AVPN_ERROR_RANDOM.
 */
AVPN_API int32_t avpn_registry_new(const struct avpn_registry_options *options,
                                   const struct avpn_host *host, avpn_time now,
                                   struct avpn_registry **registry_out);
/** Wipes its keys. NULL is ignored. */
AVPN_API void avpn_registry_del(struct avpn_registry *registry);

/**
 * Serve an organization as soon as its administrator publishes to this registry, or from what the store holds
 * (host.h), which is read here. AVPN_OK also if it is served already. AVPN_ERROR_LIMIT, AVPN_ERROR_MEMORY.
 */
AVPN_API int32_t avpn_registry_admit(struct avpn_registry *registry,
                                     const struct avpn_key *organization, avpn_time now);
/**
 * Serve an organization, or a newer configuration of one already served: registrations of members
 * that stay are kept, and members get their updates. The bundle is verified against `organization`, copied, not stored.
 * AVPN_ERROR_VERSION: not newer. Others as avpn_config_read. On error nothing changes.
 */
AVPN_API int32_t avpn_registry_set_organization(struct avpn_registry *registry,
                                                const struct avpn_key *organization,
                                                const uint8_t *bundle, size_t count,
                                                avpn_time now);
/** Serve an organization no more: its nodes get no answer. AVPN_ERROR_NOT_FOUND. */
AVPN_API int32_t avpn_registry_remove_organization(struct avpn_registry *registry,
                                                   const struct avpn_key *organization,
                                                   avpn_time now);

/** Datagrams from the network, as avpn_node_receive. A registry has one socket: `uplink` of the batches is given back in answers. */
AVPN_API int32_t avpn_registry_receive(struct avpn_registry *registry,
                                       const struct avpn_datagrams *batch, size_t count,
                                       avpn_time now);
/** Serve what is due. */
AVPN_API void avpn_registry_tick(struct avpn_registry *registry, avpn_time now);
/** When avpn_registry_tick is to be called next; AVPN_TIME_NEVER if no timer runs. */
AVPN_API avpn_time avpn_registry_deadline(const struct avpn_registry *registry);
/** The next event. AVPN_ERROR_EMPTY: nothing new. */
AVPN_API int32_t avpn_registry_next_event(struct avpn_registry *registry,
                                          struct avpn_event *event_out);

/* ---- looking in -------------------------------------------------------- */

/** Counters of a registry. Values since the start, modulo 2^64. */
enum avpn_registry_counter {
    AVPN_REGISTRY_COUNT_RECEIVED = 0, /**< datagrams given to avpn_registry_receive */
    AVPN_REGISTRY_COUNT_TRANSMITTED,  /**< datagrams handed to transmit */
    AVPN_REGISTRY_COUNT_HANDSHAKES, /**< initiations answered */
    AVPN_REGISTRY_COUNT_KEEPALIVES, /**< keepalives accepted */
    AVPN_REGISTRY_COUNT_CHALLENGES, /**< messages answered with Challenge [REG-5] */
    AVPN_REGISTRY_COUNT_COOKIES,    /**< sent under load [MAC-4] */
    AVPN_REGISTRY_COUNT_CHANGES,    /**< Change messages sent */
    AVPN_REGISTRY_COUNT_PAGES,      /**< pages of contacts sent */
    AVPN_REGISTRY_DROP_MALFORMED,   /**< length, version, type, reserved fields [DMX-2] */
    AVPN_REGISTRY_DROP_UNEXPECTED,  /**< ESP, probes, messages only registries send */
    AVPN_REGISTRY_DROP_MAC1,        /**< not for this registry [MAC-1] */
    AVPN_REGISTRY_DROP_LOAD,        /**< initiation refused under load */
    AVPN_REGISTRY_DROP_HANDSHAKE,   /**< not genuine */
    AVPN_REGISTRY_DROP_STRANGER,    /**< genuine, but not a member of an organization served here */
    AVPN_REGISTRY_DROP_SESSION,     /**< unknown slot, not genuine, or older generation */
    AVPN_REGISTRY_DROP_REPLAY,      /**< seen before, or too old */
    AVPN_REGISTRY_DROP_TOKEN,       /**< genuine, wrong token: challenged */
    AVPN_REGISTRY_DROP_FULL,        /**< registration_limit reached */
    AVPN_REGISTRY_DROP_MEMORY,      /**< an allocation failed while handling it */
    AVPN_REGISTRY_DROP_RANDOM,      /**< the randomness seam failed while handling it */
    AVPN_REGISTRY_DROP_RATE,        /**< its registration's bucket is full [REG-17] */
    AVPN_REGISTRY_DROP_UPLOAD,      /**< a part nobody waits for, or an upload without a right to it */
    AVPN_REGISTRY_DROP_STORE,       /**< a claim or document that the host's store did not take */
    AVPN_REGISTRY_COUNT_PARTS,      /**< of updates, sent */
    AVPN_REGISTRY_COUNT_CLAIMS,     /**< claims answered */
    AVPN_REGISTRY_COUNT_PUBLISHES,  /**< documents taken */
    AVPN_REGISTRY_COUNT_REFUSALS,   /**< documents refused */
    AVPN_REGISTRY_COUNTERS          /**< how many there are */
};

/** Copies up to `count` counters, returns AVPN_REGISTRY_COUNTERS. */
AVPN_API uint32_t avpn_registry_counters(const struct avpn_registry *registry,
                                         uint64_t *counters_out, size_t count);
/** Static text, never NULL. */
AVPN_API const char *avpn_registry_counter_name(uint32_t counter);

/** A registry as a whole. */
struct avpn_registry_status {
    uint32_t size; /**< in: of the caller's, out: bytes filled in (types.h); so in every struct below */
    uint32_t organization_count; /**< served */
    uint32_t member_count;     /**< of all organizations */
    uint32_t connected_count;  /**< uplinks connected */
    uint64_t memory_bytes;     /**< on the heap, all in */
    uint64_t configuration_bytes; /**< of these: the published documents */
};
/** How it is. AVPN_ERROR_ARGUMENT: size. */
AVPN_API int32_t avpn_registry_status(const struct avpn_registry *registry,
                                      struct avpn_registry_status *status_out);

/** One organization of a registry. */
struct avpn_organization_status {
    uint32_t size;         /**< as above */
    uint32_t member_count; /**< of the configuration */
    uint64_t version; /**< 0: nothing published yet */
    int64_t created;       /**< seconds since 1970 UTC */
    int64_t expires;       /**< likewise; 0: never */
    uint32_t claim_count;  /**< devices that wait */
    uint32_t invite_count; /**< places that wait */
    uint64_t document_bytes; /**< of the bundle */
    char name[AVPN_NAME_BYTES]; /**< the organization's */
};
/** One organization by its id. AVPN_ERROR_NOT_FOUND. */
AVPN_API int32_t avpn_registry_organization(const struct avpn_registry *registry,
                                            const struct avpn_key *organization,
                                            struct avpn_organization_status *status_out);
/** The id of the organization at a place, as events name it. AVPN_ERROR_NOT_FOUND: none is there any more. */
AVPN_API int32_t avpn_registry_organization_at(const struct avpn_registry *registry,
                                               uint32_t place, struct avpn_key *organization_out);

/** One uplink of one member. */
struct avpn_registration {
    uint32_t size;        /**< as above */
    uint32_t member;      /**< its id */
    uint8_t uplink;       /**< its number */
    uint8_t is_connected; /**< 1: its keepalives arrive */
    uint8_t nat;          /**< enum avpn_nat_kind, as the node says */
    uint8_t reserved;
    struct avpn_contact observed; /**< where its datagrams come from */
    struct avpn_contact local;    /**< its socket's own, as the node says */
    uint32_t reserved2;
    avpn_time heard_at; /**< last keepalive, to the second */
};
/**
 * What is known of one member's uplink. AVPN_ERROR_NOT_FOUND: never registered, or no such
 * organization, member or uplink.
 */
AVPN_API int32_t avpn_registry_registration(const struct avpn_registry *registry,
                                            const struct avpn_key *organization, uint32_t member,
                                            uint32_t uplink, struct avpn_registration *out);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
