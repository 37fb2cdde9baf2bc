/* SPDX-License-Identifier: ISC */
/*
 * registration: one uplink with one registry: handshake, keepalives, and what the registry
 * says about peers. A node without a configuration makes claims first (link/claim.h). States: doc/protocol.md 7.1.
 * Spec: [REG-1] to [REG-16].
 *
 * `struct avpni_registrar` is what the uplinks share about a registry: its key and addresses.
 */
#ifndef AVPNI_LINK_REGISTRATION_H
#define AVPNI_LINK_REGISTRATION_H

#include "link/context.h"
#include "link/initiator.h"
#include "link/registry_session.h"
#include <autovpn/noise.h>

#define AVPNI_REGISTRAR_ADDRESSES 8

struct avpni_registrar {
    struct avpn_key key;
    struct avpn_key shared; /* DH of the static keys */
    char host[AVPN_NAME_BYTES];
    uint16_t port;
    uint8_t address_count;
    uint8_t number; /* place in the configuration's list */
    uint8_t join;   /* enum avpn_join_state, what it answered our claim; NONE: nothing yet */
    bool is_literal; /* `host` is an address: there is nothing to ask */
    bool is_asked;  /* the host was asked and has not answered */
    avpn_time asked_at;
    struct avpn_address addresses[AVPNI_REGISTRAR_ADDRESSES]; /* the last good answer [REG-16] */
};

struct avpni_registration {
    struct avpni_context *context;
    struct avpni_registrar *registrar;
    struct avpni_timer timer;
    uint8_t uplink;
    uint8_t state; /* enum avpn_registration_state */
    uint8_t address; /* place in the registrar's addresses */
    uint8_t missed; /* keepalives unanswered in a row [REG-7] */
    bool is_handshaking, is_waiting /* for an Ack */, is_leaving;
    bool is_claim; /* the initiation under way is one */
    bool is_told; /* the last state event said registered */
    struct avpni_registry_session session;

    struct avpni_initiator initiator;
    avpn_span retry_span;
    avpn_time retry_at;     /* next initiation while handshaking */
    avpn_time renew_at;     /* next handshake while registered */

    avpn_time keepalive_at; /* next keepalive */
    avpn_time keepalive_sent_at;
    struct avpn_contact remote; /* where the session lives */
    struct avpn_contact observed;
    avpn_time established_at; /* when the session began */
    avpn_time answered_at;  /* -1: never */
    avpn_time asking_since; /* without any answer; AVPN_TIME_NEVER: answered */
    uint32_t rtt_us;
    uint64_t config_version; /* what it says it serves; 0: it has not said */

    /* Contacts of peers (link/entries.h). */
    bool has_contacts, is_fetching;
    uint32_t contacts_version, fetch_version, fetch_next;
    avpn_time fetch_at; /* when to ask again */
};

int32_t avpni_registration_new(struct avpni_context *context, struct avpni_registrar *registrar,
                               uint32_t uplink, struct avpni_registration **registration_out);
void avpni_registration_del(struct avpni_registration *registration);

/* The uplink came up, went down, or changed its address. */
void avpni_registration_uplink_changed(struct avpni_registration *registration, avpn_time now);
/* The registrar has addresses now. */
void avpni_registration_resolved(struct avpni_registration *registration, avpn_time now);
/* Say so to the registry at once: the NAT class changed. */
void avpni_registration_announce(struct avpni_registration *registration, avpn_time now);
/* Ask for all entries again: a new configuration may know members whose entries were ignored so far. */
void avpni_registration_refresh(struct avpni_registration *registration, avpn_time now);
/* Ask for parts of an update. False: not registered. */
bool avpni_registration_sync(struct avpni_registration *registration,
                             const struct avpni_sync *sync);
void avpni_registration_leave(struct avpni_registration *registration, avpn_time now);

/* Seal a body into the session. */
void avpni_registration_send(struct avpni_registration *registration,
                             const uint8_t body[AVPNI_REQUEST_BODY_BYTES]);

/* Each returns AVPN_COUNTERS, or the counter of why the datagram was dropped. */
enum avpn_counter avpni_registration_response(struct avpni_registration *registration,
                                              const struct avpn_contact *source,
                                              const uint8_t *bytes, avpn_time now);
enum avpn_counter avpni_registration_cookie(struct avpni_registration *registration,
                                            const struct avpn_contact *source,
                                            const uint8_t *bytes, avpn_time now);
/* A session message; bytes are overwritten. */
enum avpn_counter avpni_registration_session(struct avpni_registration *registration,
                                             const struct avpn_contact *source, uint8_t *bytes,
                                             size_t count, avpn_time now);

#endif
