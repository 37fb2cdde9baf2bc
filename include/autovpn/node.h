/* SPDX-License-Identifier: ISC */
/**
 * @defgroup node The node
 * node: the engine of one WAN appliance. It registers, finds its peers, keeps tunnels with
 * them and carries inner packets, without sockets, threads or clock of its own.
 *
 * Life: new -> set_uplink for each uplink -> the five calls (receive, send, tick,
 * deadline, next_event) for as long as it runs -> del. Every call takes the host's
 * monotonic time, which must not go backwards. All callbacks happen inside these calls.
 * One thread at a time per engine; engines are independent of each other. More threads for packets: worker.h.
 *
 *     avpn_node_new(&options, &host, now(), &node);
 *     avpn_node_set_uplink(node, 0, &uplink, now());
 *     for (;;) {
 *         wait_until(udp, tun, avpn_node_deadline(node));
 *         avpn_node_receive(node, datagrams, n, now());
 *         avpn_node_send(node, packets, m, now());
 *         avpn_node_tick(node, now());
 *         while (avpn_node_next_event(node, &event) == AVPN_OK) show(&event);
 *     }
 * @{
 */
#ifndef AUTOVPN_NODE_H
#define AUTOVPN_NODE_H

#include <autovpn/batch.h>
#include <autovpn/config.h>
#include <autovpn/event.h>
#include <autovpn/host.h>
#include <autovpn/join.h>
#include <autovpn/nat.h>
#include <autovpn/noise.h>
#include <autovpn/route.h>
#include <autovpn/sa.h>
#include <autovpn/types.h>
#include <autovpn/worker.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The engine of one node. */
struct avpn_node;

/** What a node is born with. */
struct avpn_node_options {
    uint32_t size;     /**< sizeof(struct avpn_node_options) */
    uint32_t reserved;
    struct avpn_key organization;   /**< the organization id: all a node is born knowing */
    struct avpn_key_pair identity;  /**< this node's static key, copied; made once with avpn_key_pair_generate */
    const uint8_t *bundle; /**< configuration to start with, borrowed until return; NULL: from the store, or none yet */
    size_t bundle_bytes;   /**< of `bundle` */
    avpn_span purge_after; /**< forget contacts of peers not heard for so long; 0: 4 h, at most 10 years [PRB-12] */
    uint32_t handshakes_per_second; /**< accepted before "under load" begins [MAC-4]; 0: 500 */
    uint32_t hands_over; /**< 1: packets are the host's, who gets all SAs through host.sa; the node neither seals nor opens (sa.h) */
    const struct avpn_token *token; /**< how to join while there is no configuration, copied; NULL: none. Its organization must be the one above */
    avpn_span undo_after; /**< cut off for so long, a new configuration is undone [CFG-12]; 0: 120 s, negative: never */
};

#define AVPN_MTU_LEAST 576  /**< what every IPv4 link carries */
#define AVPN_MTU_MOST 65575 /**< the largest IPv6 packet there is */

/** One uplink as the host sees it. */
struct avpn_uplink {
    uint32_t size;  /**< sizeof(struct avpn_uplink) */
    uint32_t is_up; /**< 0 or 1 */
    struct avpn_contact local; /**< the socket's own address and port; family NONE: not known */
    uint32_t mtu_bytes; /**< of the link, IP header included: no larger datagrams are tried [MTU-1]; AVPN_MTU_LEAST to _MOST, 0: 1500 */
    uint32_t reserved;
};

/**
 * Make a node. Options and host are copied. The newest configuration kept through the store seam is in force, or the
 * bundle from options if that is newer [CFG-5]: it is verified and kept first. Without either the node joins with its
 * token [JOIN-2]; without that it waits for avpn_node_set_configuration. Later ones come from registries by themselves.
 * AVPN_ERROR_ARGUMENT: size, keys, token, or missing callbacks; of the bundle those of avpn_node_set_configuration (but one that
 * is not newer is no error); AVPN_ERROR_MEMORY; AVPN_ERROR_RANDOM. Of what is stored none: it is then as if it were not there.
 */
AVPN_API int32_t avpn_node_new(const struct avpn_node_options *options,
                               const struct avpn_host *host, avpn_time now,
                               struct avpn_node **node_out);
/** Wipes all keys. NULL is ignored. Peers notice by silence; call avpn_node_leave first to tell them. */
AVPN_API void avpn_node_del(struct avpn_node *node);

/** Tell registries that the node is going away [REG-15]. */
AVPN_API void avpn_node_leave(struct avpn_node *node, avpn_time now);

/**
 * Bring an uplink up or down, or tell that its local address or the MTU of its link changed.
 * AVPN_ERROR_ARGUMENT: number 4 or more, size, or an MTU that no IP link has.
 */
AVPN_API int32_t avpn_node_set_uplink(struct avpn_node *node, uint32_t uplink,
                                      const struct avpn_uplink *state, avpn_time now);

/**
 * The node's own addresses on the inside, one of a family: ICMP errors come from there [ICM-2]. Without one of a family it is the first
 * host of its first export of that family. It should lie in an export: from elsewhere peers drop them [RTE-5]. Copied. AVPN_ERROR_ARGUMENT: more than 2, two of a family.
 */
AVPN_API int32_t avpn_node_set_addresses(struct avpn_node *node, const struct avpn_address *addresses,
                                         size_t count);
#define AVPN_ATTACHED 256 /**< subnets a machine is attached to, at most */
/**
 * All subnets this machine is attached to, whether it exports them or not [RTE-10]: what others export inside of them is not used
 * here, and a conflict. Replaces those of the last call, copied. AVPN_ERROR_ARGUMENT: one is not canonical, or a default; AVPN_ERROR_LIMIT:
 * more than AVPN_ATTACHED. On error those before stay. Out of memory the table follows a second later.
 */
AVPN_API int32_t avpn_node_set_attached(struct avpn_node *node, const struct avpn_prefix *prefixes,
                                        size_t count, avpn_time now);
/**
 * Which of its exports this node offers now, 1 or 0 each, by place in avpn_member.exports; at first all [RTE-8]. For a host that
 * learns routes from a routing daemon or sees a LAN interface go. It holds for the configuration in force: after AVPN_EVENT_CONFIG all are
 * offered that are new. AVPN_ERROR_NOT_FOUND: this node has no such export. Out of memory the table follows a second later.
 */
AVPN_API int32_t avpn_node_set_offer(struct avpn_node *node, const struct avpn_prefix *prefix,
                                     int32_t is_offered, avpn_time now);

/**
 * Offer a newer configuration, a bundle or this node's slice of it: verified, applied by difference, kept: tunnels it does
 * not concern lose nothing. If it cuts the node off it is undone [CFG-12]. Clocks refuse nothing [CFG-6].
 * AVPN_ERROR_VERSION: not above any taken before, or further above than one step may be [CFG-5]. AVPN_ERROR_NOT_FOUND: this key is
 * not a member, or the slice does not tell what it needs [CFG-10]. Others as avpn_config_read and avpn_config_succeeds.
 * On any error the old one stays in force.
 */
AVPN_API int32_t avpn_node_set_configuration(struct avpn_node *node, const uint8_t *bundle,
                                             size_t count, avpn_time now);

/**
 * The answer to host.resolve: all addresses of the name; count 0: it could not be resolved, the last
 * good answer is then kept [REG-16]. At most 8 are used. AVPN_ERROR_NOT_FOUND: no such request.
 */
AVPN_API int32_t avpn_node_resolved(struct avpn_node *node, uint32_t request,
                                    const struct avpn_address *addresses, size_t count,
                                    avpn_time now);

/**
 * Datagrams from the network. Bytes are overwritten. Bad ones are dropped and counted, never an error.
 * AVPN_ERROR_ARGUMENT: a run whose numbers contradict each other; runs before it were processed.
 */
AVPN_API int32_t avpn_node_receive(struct avpn_node *node, const struct avpn_datagrams *batch,
                                   size_t count, avpn_time now);
/** Inner packets from this site, with the room of batch.h around them. Errors as avpn_node_receive. */
AVPN_API int32_t avpn_node_send(struct avpn_node *node, const struct avpn_packets *batch,
                                size_t count, avpn_time now);
/**
 * What the data plane of a host that took the SAs over knows of one of them (sa.h): once a second for those in use, and at once when
 * packets come from another source than before. AVPN_ERROR_STATE: this node does not hand over. AVPN_ERROR_NOT_FOUND: no such SA, or no more.
 * AVPN_ERROR_ARGUMENT: size, is_sender, or a source that is no contact.
 */
AVPN_API int32_t avpn_node_report_sa(struct avpn_node *node, const struct avpn_sa_report *report,
                                     avpn_time now);
/**
 * New keys with a peer, now and not when they are due: for an administrator's word, or a rotation that is to be over. Traffic goes on meanwhile. The peer
 * is asked where it is the one who begins [PRB-6], which takes up to 2 s. AVPN_ERROR_NOT_FOUND: no such peer; AVPN_ERROR_STATE: there are none yet.
 */
AVPN_API int32_t avpn_node_rekey(struct avpn_node *node, uint32_t member, avpn_time now);
/** Serve all deadlines that are due. */
AVPN_API void avpn_node_tick(struct avpn_node *node, avpn_time now);
/** When avpn_node_tick is to be called next; AVPN_TIME_NEVER if no timer runs. */
AVPN_API avpn_time avpn_node_deadline(const struct avpn_node *node);
/** The next event. AVPN_ERROR_EMPTY: nothing new. */
AVPN_API int32_t avpn_node_next_event(struct avpn_node *node, struct avpn_event *event_out);

/* ---- looking in -------------------------------------------------------- */

/** Counters of packets; drops have a name each. Values since the start, modulo 2^64. */
enum avpn_counter {
    AVPN_COUNT_RECEIVED = 0,      /**< datagrams given to avpn_node_receive */
    AVPN_COUNT_TRANSMITTED,       /**< datagrams handed to transmit */
    AVPN_COUNT_SENT,              /**< inner packets sealed for a peer */
    AVPN_COUNT_DELIVERED,         /**< inner packets given to deliver */
    AVPN_COUNT_FORWARDED,         /**< inner packets passed from one peer to another */
    AVPN_COUNT_KEEPALIVE,         /**< 0xFF keepalives */
    AVPN_COUNT_DUMMY,             /**< genuine ESP packets with nothing inside */
    AVPN_DROP_MALFORMED,          /**< [DMX-2] length, version, type, reserved fields */
    AVPN_DROP_UNEXPECTED,         /**< well-formed, but not for this role or moment */
    AVPN_DROP_MAC1,               /**< not for this node [MAC-1] */
    AVPN_DROP_LOAD,               /**< initiation refused under load, a cookie may have been sent */
    AVPN_DROP_UNPROVED,           /**< [HS-9] initiation from where no peer is expected */
    AVPN_DROP_HANDSHAKE,          /**< initiation or response not genuine */
    AVPN_DROP_TICKET,             /**< [HS-10] initiation replayed or out of date */
    AVPN_DROP_SESSION,            /**< registry message: no such session, not genuine or replayed */
    AVPN_DROP_PROBE,              /**< probe from nobody we know, or not genuine */
    AVPN_DROP_TRANSACTION,        /**< [PRB-3] probe response nobody waits for */
    AVPN_DROP_SPI,                /**< ESP of an unknown or expired SA */
    AVPN_DROP_ESP,                /**< ESP not genuine, or malformed inside */
    AVPN_DROP_REPLAY,             /**< ESP seen before or left of the window */
    AVPN_DROP_SOURCE,             /**< [RTE-5] inner source not of this peer */
    AVPN_DROP_INNER,              /**< inner packet not IPv4/IPv6 or its header is wrong */
    AVPN_DROP_NO_ROUTE,           /**< no route to the inner destination */
    AVPN_DROP_NO_TUNNEL,          /**< a route, but no next hop with a tunnel that is up */
    AVPN_DROP_HOP_LIMIT,          /**< forwarding would exceed the inner hop limit */
    AVPN_DROP_SIZE,               /**< [MTU-6] bigger than the path carries, and not to be fragmented */
    AVPN_DROP_EXHAUSTED,          /**< [ESP-6] SA at its limit */
    AVPN_DROP_MEMORY,             /**< an allocation failed while handling it */
    AVPN_DROP_RANDOM,             /**< the randomness seam failed while handling it */
    AVPN_DROP_UPLINK,             /**< datagram from or to an uplink that is not up */
    AVPN_DROP_FIREWALL,           /**< [FWL-1] a rule denies it, or hides its ports from the rules [FWL-3] */
    AVPN_DROP_TRANSLATION,        /**< [TRN-3] to an address that no host of this site has */
    AVPN_DROP_RECURSION,          /**< [RTE-11] our own outer datagram, on its way into a tunnel */
    AVPN_DROP_BREAKOUT,           /**< [RTE-9] to leave by the site's own connection, and the host has no seam for it */
    AVPN_COUNT_BREAKOUT,          /**< given to the host's breakout seam */
    AVPN_COUNT_ICMP,              /**< [ICM-1] errors made here */
    AVPN_COUNT_FRAGMENTED,        /**< [MTU-6] inner packets sent in pieces */
    AVPN_COUNT_CLAMPED,           /**< [MTU-8] TCP segment sizes lowered */
    AVPN_COUNT_PUNTED,            /**< handed to the node by its workers (worker.h) */
    AVPN_DROP_HANDED_OVER,        /**< packets at a node that handed its SAs over (sa.h) */
    AVPN_COUNTERS                 /**< how many there are */
};

/** Copies up to `count` counters, returns AVPN_COUNTERS. */
AVPN_API uint32_t avpn_node_counters(const struct avpn_node *node, uint64_t *counters_out,
                                     size_t count);
/** "drop-mac1" ... Static text, never NULL. */
AVPN_API const char *avpn_counter_name(uint32_t counter);

/** How far a node is that joins with a token. */
enum avpn_join_state {
    AVPN_JOIN_NONE = 0,     /**< there is a configuration, or no token */
    AVPN_JOIN_CLAIMING = 1, /**< no registry has answered yet */
    AVPN_JOIN_PENDING = 2,  /**< the claim is noted: the administrator is to publish */
    AVPN_JOIN_TAKEN = 3,    /**< another device claimed the place: ask the administrator for another token */
    AVPN_JOIN_EXPIRED = 4,  /**< the token is no longer valid */
    AVPN_JOIN_MEMBER = 5    /**< signed in: the configuration is on its way */
};

/** What is wrong with a registry, as far as this node can prove it [SYN-5], [SYN-6]. */
enum avpn_registry_fault {
    AVPN_FAULT_NONE = 0,    /**< nothing */
    AVPN_FAULT_FORGED = 1,  /**< it delivered a configuration that does not verify */
    AVPN_FAULT_BEHIND = 2,  /**< it has served an older configuration than others for 60 s */
    AVPN_FAULT_STALLED = 3, /**< it speaks of a newer configuration and does not deliver it */
    AVPN_FAULT_CONTACTS = 4 /**< it names contacts for peers that answer elsewhere, where another registry says they are */
};

/** A node as a whole. */
struct avpn_node_status {
    uint32_t size; /**< in: of the caller's, out: bytes filled in (types.h); so in every struct below */
    uint32_t member; /**< own member id, 0 without configuration */
    uint32_t peer_count;  /**< as avpn_node_peer_at counts them */
    uint32_t route_count; /**< as avpn_node_route_at counts them */
    uint32_t tunnels_up;  /**< peers whose tunnel is up */
    uint8_t role;         /**< enum avpn_role */
    uint8_t is_revoked;   /**< 1: shut out */
    uint8_t is_expired;   /**< 1: by the wall clock; the configuration stays in force */
    uint8_t reserved;
    uint64_t config_version; /**< 0: none */
    char name[AVPN_NAME_BYTES];              /**< of this member */
    char organization_name[AVPN_NAME_BYTES]; /**< of its organization */
    uint64_t offered_version; /**< the highest any registry speaks of; 0: none */
    uint64_t undone_version;  /**< cut this node off and is not in force [CFG-12]; 0: none */
    int64_t config_created; /**< seconds since 1970 UTC */
    int64_t config_expires; /**< likewise; 0: never */
    uint32_t sync_received; /**< bytes of the update under way that are there */
    uint32_t sync_total;    /**< all its bytes; 0: none is under way */
    uint8_t join; /**< enum avpn_join_state */
    uint8_t reserved2[7];
};
/** How it is. AVPN_ERROR_ARGUMENT: size. */
AVPN_API int32_t avpn_node_status(const struct avpn_node *node, struct avpn_node_status *status_out);

/** What the node knows of an uplink. */
struct avpn_uplink_status {
    uint32_t size; /**< as above */
    uint8_t is_up; /**< as the host told */
    uint8_t nat; /**< enum avpn_nat_kind */
    uint8_t reserved[2];
    struct avpn_contact local;       /**< as the host told */
    struct avpn_contact evidence[2]; /**< what decided the NAT kind */
};
/** By number. AVPN_ERROR_ARGUMENT: size, or a number of 4 or more. */
AVPN_API int32_t avpn_node_uplink_status(const struct avpn_node *node, uint32_t uplink,
                                         struct avpn_uplink_status *status_out);

/** How far one uplink is with one registry. */
enum avpn_registration_state {
    AVPN_REGISTRATION_IDLE = 0,        /**< nothing is under way */
    AVPN_REGISTRATION_RESOLVING = 1,   /**< its name is being resolved */
    AVPN_REGISTRATION_REGISTERING = 2, /**< no answer yet, or none any more */
    AVPN_REGISTRATION_REGISTERED = 3   /**< it knows this uplink */
};

/** One uplink at one registry. */
struct avpn_registration_status {
    uint32_t size; /**< as above */
    uint8_t state; /**< enum avpn_registration_state */
    uint8_t reserved[3];
    struct avpn_contact registry; /**< where it is; family NONE: not resolved */
    struct avpn_contact observed; /**< our contact as it sees it */
    avpn_time answered_at;        /**< last answer; -1: never */
    uint32_t rtt_us;              /**< of the last answer, 0: not measured */
    uint32_t missed;              /**< keepalives unanswered in a row */
    char host[AVPN_NAME_BYTES];   /**< as the configuration names it */
    uint64_t config_version;      /**< what it says it serves; 0: unknown */
    uint8_t fault;                /**< enum avpn_registry_fault, of the registry whatever the uplink */
    uint8_t reserved2[7];
};
/** By number of the uplink and place of the registry. AVPN_ERROR_EMPTY: beyond the last registry; AVPN_ERROR_ARGUMENT: size, uplink. */
AVPN_API int32_t avpn_node_registration_status(const struct avpn_node *node, uint32_t uplink,
                                               uint32_t registry,
                                               struct avpn_registration_status *status_out);

/** State of the tunnel with one peer. */
enum avpn_tunnel_state {
    AVPN_TUNNEL_DOWN = 0,        /**< no live path */
    AVPN_TUNNEL_CONNECTING = 1,  /**< punching or shaking hands */
    AVPN_TUNNEL_UP = 2,          /**< it carries packets */
    AVPN_TUNNEL_REKEYING = 3     /**< up, and a handshake is on its way */
};

/** One peer. */
struct avpn_peer_status {
    uint32_t size;   /**< as above */
    uint32_t member; /**< its id */
    char name[AVPN_NAME_BYTES]; /**< its name */
    uint8_t role;          /**< enum avpn_role */
    uint8_t tunnel;        /**< enum avpn_tunnel_state */
    uint8_t suite;         /**< enum avpn_suite of the session, 0: none */
    uint8_t is_connected;  /**< a registry says so */
    uint8_t nat;           /**< enum avpn_nat_kind as it reported; of its first uplink */
    uint8_t path_uplink;        /**< the path traffic takes; 255: none */
    uint8_t path_remote_uplink; /**< likewise */
    uint8_t is_initiator;  /**< this side initiates [HS-8] */
    uint32_t path_count;   /**< paths in use or being tried */
    uint32_t rtt_us;       /**< of the path traffic takes, smoothed */
    avpn_time up_since;    /**< -1: not up */
    avpn_time session_since; /**< of the keys in use; -1: none */
    avpn_time held_until;    /**< the tunnel came back, and is trusted as a next hop from then [RTE-7]; -1: it is */
    uint32_t mtu_bytes;      /**< the largest inner packet the path traffic takes carries whole; 0: no path */
    uint32_t reserved;
    uint64_t sent_packets;     /**< inner */
    uint64_t sent_bytes;       /**< inner */
    uint64_t received_packets; /**< inner */
    uint64_t received_bytes;   /**< inner */
};
/** By place, 0 .. peer_count - 1 in order of member id. AVPN_ERROR_EMPTY beyond the end. */
AVPN_API int32_t avpn_node_peer_at(const struct avpn_node *node, uint32_t index,
                                   struct avpn_peer_status *status_out);
/** By member id. AVPN_ERROR_NOT_FOUND. */
AVPN_API int32_t avpn_node_peer(const struct avpn_node *node, uint32_t member,
                                struct avpn_peer_status *status_out);

/** How far the search for a path's size is. */
enum avpn_mtu_state {
    AVPN_MTU_NONE = 0,      /**< the path is not alive */
    AVPN_MTU_BASE = 1,      /**< it is being found out whether even 1200 bytes pass */
    AVPN_MTU_SEARCHING = 2, /**< larger sizes are being tried */
    AVPN_MTU_DONE = 3,      /**< found; confirmed now and then */
    AVPN_MTU_BELOW = 4      /**< less than 1200 bytes pass: datagrams may be fragmented [MTU-7] */
};

/** State of a path. */
enum avpn_path_state {
    AVPN_PATH_EMPTY = 0,    /**< not tried */
    AVPN_PATH_PUNCHING = 1, /**< being opened */
    AVPN_PATH_ALIVE = 2     /**< proved, and answering */
};

/** One path to a peer. */
struct avpn_path_status {
    uint32_t size; /**< as above */
    uint8_t state; /**< enum avpn_path_state */
    uint8_t uplink; /**< of this node */
    uint8_t remote_uplink; /**< of the peer */
    uint8_t is_selected; /**< traffic takes this path */
    struct avpn_contact contact; /**< proved remote contact; family NONE: none */
    uint32_t rtt_us; /**< smoothed */
    avpn_time answered_at; /**< last probe answered; -1: never */
    uint32_t probes_sent;     /**< so far */
    uint32_t probes_answered; /**< of these */
    uint32_t mtu_bytes;   /**< largest datagram (UDP payload) proved to pass [MTU-3]; 1200 in states base and below; 0: not alive */
    uint8_t mtu_state;    /**< enum avpn_mtu_state */
    uint8_t reserved[3];
};
/** By place, 0 .. path_count - 1. AVPN_ERROR_EMPTY beyond the end, AVPN_ERROR_NOT_FOUND no such peer. */
AVPN_API int32_t avpn_node_path_at(const struct avpn_node *node, uint32_t member, uint32_t index,
                                   struct avpn_path_status *status_out);

/**
 * The node's routes; hops are member ids, AVPN_HOP_* otherwise. `active_out`: place of the hop in use, or AVPN_ROUTE_NONE. As
 * avpn_routes_at.
 */
AVPN_API int32_t avpn_node_route_at(const struct avpn_node *node, uint32_t index,
                                    struct avpn_route *route_out, uint32_t *active_out);
/** State of a member as a next hop, enum avpn_hop_state. */
AVPN_API uint32_t avpn_node_hop_state(const struct avpn_node *node, uint32_t member);

/** One conflict. */
struct avpn_conflict_status {
    uint32_t size; /**< as above */
    uint32_t kind; /**< enum avpn_conflict */
    struct avpn_prefix prefix; /**< what it is about */
    uint32_t winner; /**< member id; 0: nobody */
    uint32_t loser;  /**< member id */
};
#define AVPN_CONFLICTS 4096 /**< that are kept, at most */
/** Routes that are not used, or not as configured, and why. AVPN_ERROR_EMPTY beyond the end. */
AVPN_API int32_t avpn_node_conflict_at(const struct avpn_node *node, uint32_t index,
                                       struct avpn_conflict_status *status_out);

/** What a rule of the firewall did here since it came into force. */
struct avpn_rule_status {
    uint32_t size; /**< as above */
    uint32_t reserved;
    uint64_t sent_packets;     /**< that it decided on their way into the VPN */
    uint64_t received_packets; /**< on their way out of it */
};
/** By place. An output may be NULL. AVPN_ERROR_EMPTY beyond the end. */
AVPN_API int32_t avpn_node_rule_at(const struct avpn_node *node, uint32_t index,
                                   struct avpn_rule *rule_out, struct avpn_rule_status *status_out);

/**
 * Contacts to which the node sends of itself: registries, and peers' contacts proved or tried. For hosts that keep outer traffic out of
 * the tunnel by routes of their own; the gateway marks its sockets instead [RTE-11]. By place, in no order; the list changes
 * with every call that takes `now`. AVPN_ERROR_EMPTY beyond the end.
 */
AVPN_API int32_t avpn_node_outer_at(const struct avpn_node *node, uint32_t index,
                                    uint32_t *uplink_out, struct avpn_contact *contact_out);

/* ---- explain ------------------------------------------------------------- */

/** A packet, as far as the engine cares. */
struct avpn_flow {
    uint32_t size;    /**< sizeof(struct avpn_flow) */
    uint8_t protocol; /**< IANA number; 0: not said, rules and breakouts that name one do not match */
    uint8_t reserved;
    uint16_t source_port;      /**< 0: not said, likewise */
    uint16_t destination_port; /**< 0: not said, likewise */
    uint16_t reserved2;
    struct avpn_address source;      /**< as this site's hosts use it, if it is of this site */
    struct avpn_address destination; /**< likewise */
};

/** What becomes of a packet. */
enum avpn_explain_verdict {
    AVPN_EXPLAIN_NONE = 0,        /**< nothing was asked */
    AVPN_EXPLAIN_TUNNEL = 1,      /**< leaves through the tunnel of `next_hop` */
    AVPN_EXPLAIN_HERE = 2,        /**< the destination is of this site: not the VPN's business */
    AVPN_EXPLAIN_BREAKOUT = 3,    /**< leaves by the site's own internet connection, by `breakout` or for want of a default route */
    AVPN_EXPLAIN_DENIED = 4,      /**< by `rule` */
    AVPN_EXPLAIN_SOURCE = 5,      /**< the source is of none of this site's exports: no peer would accept it */
    AVPN_EXPLAIN_NO_ROUTE = 6,    /**< nobody exports the destination */
    AVPN_EXPLAIN_NO_TUNNEL = 7,   /**< the route has no hop that is alive */
    AVPN_EXPLAIN_DELIVERED = 8    /**< comes from `from`, a peer or one behind it, and is delivered here */
};

/** Why a next hop is used, or is not. */
enum avpn_hop_reason {
    AVPN_HOP_REASON_NONE = 0,     /**< no hop stands here */
    AVPN_HOP_REASON_USED = 1,     /**< it carries */
    AVPN_HOP_REASON_STANDBY = 2,  /**< alive, but others come first */
    AVPN_HOP_REASON_HELD = 3,     /**< came back a short while ago [RTE-7] */
    AVPN_HOP_REASON_DOWN = 4      /**< its tunnel is down */
};

/** What avpn_node_explain says. */
struct avpn_explanation {
    uint32_t size;   /**< as above */
    uint8_t verdict; /**< enum avpn_explain_verdict */
    uint8_t is_translated; /**< bit 0 the source, bit 1 the destination */
    uint8_t suite;         /**< of the tunnel, enum avpn_suite; 0: none */
    uint8_t reserved;
    struct avpn_address source;      /**< as the VPN sees it */
    struct avpn_address destination; /**< likewise */
    uint32_t rule;     /**< place of the rule that decides, or AVPN_EXPLAIN_DEFAULT: none does, allowed */
    uint32_t breakout; /**< place, or AVPN_EXPLAIN_DEFAULT */
    uint32_t from;     /**< member behind whose tunnel the source lies, or 0: this site */
    uint32_t next_hop; /**< member, or 0 */
    uint32_t has_route;                      /**< 1: a route decides for the destination, with the next four fields */
    struct avpn_prefix prefix;               /**< of that route */
    uint32_t hop_count;                      /**< of `hops` */
    uint32_t hops[AVPN_ROUTE_HOPS];          /**< as in struct avpn_route */
    uint32_t active;                         /**< place of the hop in use, or AVPN_ROUTE_NONE */
    uint8_t hop_reasons[AVPN_ROUTE_HOPS];    /**< enum avpn_hop_reason, by place in `hops` */
    uint32_t conflict_count;                 /**< of avpn_node_conflict_at, about this destination */
    uint32_t conflicts[8];                   /**< the first of them, by place */
    uint8_t uplink;                          /**< of the path, 255: none */
    uint8_t remote_uplink;                   /**< likewise */
    uint8_t reserved2[2];
    struct avpn_contact contact;             /**< where the path ends; family NONE: none */
    uint32_t rtt_us;                         /**< of the path, smoothed */
    uint32_t mtu_bytes;                      /**< largest inner packet that is carried whole */
};
#define AVPN_EXPLAIN_DEFAULT UINT32_MAX /**< no rule or breakout decides */
/**
 * What this node would do with a packet now, and why; nothing is sent or counted. AVPN_ERROR_ARGUMENT: size, or no
 * addresses of one family. AVPN_ERROR_STATE: there is no configuration.
 */
AVPN_API int32_t avpn_node_explain(const struct avpn_node *node, const struct avpn_flow *flow,
                                   struct avpn_explanation *explanation_out);

/** The provider that encrypts packets of a suite here (aead.h), or NULL: the suite is not available. */
AVPN_API const struct avpn_aead *avpn_node_aead(const struct avpn_node *node, uint8_t suite);

/** The configuration in force, or NULL. Borrowed until the next call that may change it. */
AVPN_API const struct avpn_config *avpn_node_config(const struct avpn_node *node);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
