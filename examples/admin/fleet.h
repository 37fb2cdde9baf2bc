/* SPDX-License-Identifier: ISC */
/*
 * fleet: all registries of an organization at once, a publisher (publisher.h) and a socket for each.
 *
 * A registry is tried at each of its addresses, signed if there is a key, and unsigned after that: it may serve a charter that
 * does not know our key yet.
 *
 * Life: zero -> add -> open -> list, offer -> look at the members -> close.
 */
#ifndef ADMIN_FLEET_H
#define ADMIN_FLEET_H

#include <autovpn/publisher.h>

#include "common/udp.h"

#define FLEET_REGISTRIES (2 * AVPN_REGISTRIES) /* those of the file, and those it had before */
#define FLEET_ADDRESSES 4
#define FLEET_NAME 96

struct fleet_registry {
    struct avpn_registry_entry entry;
    char name[FLEET_NAME];  /* host:port */
    uint8_t is_leaving;     /* no more in the file */
    uint8_t is_done;        /* with the task under way */
    uint32_t contact_count; /* 0: its name was not resolved, `problem` says why */
    struct avpn_contact contacts[FLEET_ADDRESSES];
    uint32_t attempt;
    struct udp udp;
    struct avpn_publisher *publisher; /* NULL: not tried yet */
    struct avpn_publisher_status status;
    char problem[160];
};

struct fleet {
    struct avpn_key organization;
    struct avpn_key signer; /* wiped by close */
    uint32_t signer_number; /* 255: none */
    uint32_t count;
    struct fleet_registry registries[FLEET_REGISTRIES];
    struct udp_buffers *buffers;
    const uint8_t *bundle; /* of the task under way; NULL: it is the list of claims */
    size_t bundle_bytes;
    /* of a registry; NULL: nobody looks */
    void (*changed)(void *user, const struct fleet *fleet, uint32_t registry);
    void *user;
};

/* Once for each; a second time of the same one is ignored. */
void fleet_add(struct fleet *fleet, const struct avpn_registry_entry *entry, int is_leaving);
/* Resolve names. 0, or -1 after a complaint. A name that does not resolve is that registry's problem. */
int fleet_open(struct fleet *fleet);
/* Both return when every registry is done, one way or the other. */
void fleet_list(struct fleet *fleet);
void fleet_offer(struct fleet *fleet, const uint8_t *bundle, size_t count);
void fleet_close(struct fleet *fleet);

/* After an offer: does it serve it? */
int fleet_has_taken(const struct fleet_registry *registry);
/* How far it is, or how it ended, in words. */
void fleet_words(const struct fleet_registry *registry, char *text_out, size_t capacity);

#endif
