/* SPDX-License-Identifier: ISC */
/**
 * @defgroup event Events
 * event: what an engine tells about its state. Events carry ids, never pointers; details
 * are asked for with the getters of node.h and registry.h.
 *
 * The queue holds AVPN_EVENT_QUEUE events; when it is full the oldest is dropped and the next
 * one returned has `lost` greater than 0: then ask the getters for the whole picture.
 * @{
 */
#ifndef AUTOVPN_EVENT_H
#define AUTOVPN_EVENT_H

#include <autovpn/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AVPN_EVENT_QUEUE 256 /**< events that wait, at most */

/** What happened. */
enum avpn_event_kind {
    AVPN_EVENT_NONE = 0, /**< nothing */
    /* of a node */
    AVPN_EVENT_CONFIG = 1,     /**< configuration `version` is in force */
    AVPN_EVENT_REGISTRY = 2,   /**< uplink/registry: `state` 1 registered, 0 lost */
    AVPN_EVENT_NAT = 3,        /**< uplink: `state` is the new enum avpn_nat_kind */
    AVPN_EVENT_TUNNEL = 4,     /**< peer: `state` 1 up, 0 down */
    AVPN_EVENT_PATH = 5,       /**< peer/uplink/remote_uplink: `state` 1 alive, 0 dead; `contact` */
    AVPN_EVENT_ROAM = 6,       /**< peer/uplink/remote_uplink moved to `contact` */
    AVPN_EVENT_ROUTE_ADD = 7,  /**< `prefix` via `peer`, `metric`; `state` 1 active, 0 standby (no hop is alive) */
    AVPN_EVENT_ROUTE_REPLACE = 8, /**< the same prefix, now with this `peer`, `metric`, `state` */
    AVPN_EVENT_ROUTE_DELETE = 9,  /**< `prefix` has no route any more */
    AVPN_EVENT_EXPIRED = 10,   /**< the configuration held has expired, it stays in force */
    AVPN_EVENT_CONFLICT = 11,  /**< `state`: enum avpn_conflict (route.h); `peer` wins `prefix` over `other`. At most 32 a change: avpn_node_conflict_at has all */
    AVPN_EVENT_REVOKED = 12,   /**< this node is revoked, or no longer a member: all tunnels are gone */
    AVPN_EVENT_UNDONE = 13,    /**< configuration `version` cut this node off and was undone [CFG-12] */
    AVPN_EVENT_JOIN = 14,      /**< `state`: enum avpn_join_state (node.h); registry */
    AVPN_EVENT_FAULT = 15,     /**< registry: `state`: enum avpn_registry_fault (node.h), `version` it speaks of */
    AVPN_EVENT_MTU = 16,       /**< peer/uplink/remote_uplink: datagrams of `metric` bytes pass, or not even these; `state` DONE or BELOW of enum avpn_mtu_state [MTU-4] */
    AVPN_EVENT_OFFER = 17,     /**< `peer` offers its export `prefix` (`state` 1) or no longer does (0) [RTE-8] */
    /* of a registry */
    AVPN_EVENT_PUBLISHED = 33, /**< organization serves configuration `version` */
    AVPN_EVENT_CLAIM = 34,     /**< organization: a device claims the place of `peer` */
    AVPN_EVENT_MEMBER = 32     /**< organization/peer/uplink: `state` 1 connected, or seen or reported anew; 0 disconnected; `contact` */
};

/**
 * One event. Of a fixed size, so that a host need not prepare it: what a later version has to say stands in the
 * room that is kept at its end, which is zero until then.
 */
struct avpn_event {
    uint32_t kind; /**< enum avpn_event_kind; one that a host does not know is to be passed over */
    uint32_t lost; /**< events dropped before this one */
    avpn_time at;  /**< when */
    uint32_t state; /**< what the kind says */
    uint32_t peer;  /**< member id */
    uint32_t other; /**< member id */
    uint32_t uplink; /**< this side's */
    uint32_t remote_uplink; /**< the peer's */
    uint32_t registry; /**< place in the configuration's list */
    uint32_t organization; /**< registry: place in its list of organizations */
    uint32_t metric; /**< of a route: the place of `peer` in the order of preference, from 0 */
    uint64_t version; /**< of a configuration */
    struct avpn_contact contact; /**< the peer's, or the member's */
    struct avpn_prefix prefix; /**< of a route or an export */
    uint64_t reserved[4];
};

/** "tunnel", "route-add" ... Static text, never NULL. */
AVPN_API const char *avpn_event_name(uint32_t kind);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
