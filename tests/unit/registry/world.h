/* SPDX-License-Identifier: ISC */
/*
 * world: one registry in virtual time, its network and its heap, and small clients of it.
 *
 * The heap is one arena, so that a test can say "nothing changed" of all of it. Whatever the
 * registry sends is kept in `sent` until the next call. Clients are made of the Noise object and the
 * message codecs and know nothing of the engine.
 */
#ifndef AUTOVPN_TESTS_REGISTRY_WORLD_H
#define AUTOVPN_TESTS_REGISTRY_WORLD_H

#include "wire/message.h"
#include <autovpn/authority.h>
#include <autovpn/registry.h>
#include <stdbool.h>

#define WORLD_ARENA (24u << 20)
#define WORLD_SENT 1024
#define WORLD_STORED 4 /* names in the store */

struct world_datagram {
    uint32_t uplink;
    struct avpn_contact to;
    size_t count;
    uint8_t bytes[1200];
};

struct world_stored {
    char name[96];
    uint8_t *bytes;
    size_t count;
};

struct world {
    struct avpn_registry *registry;
    struct avpn_key_pair identity;
    avpn_time now;
    struct avpn_host host;
    struct avpn_registry_options options;
    uint8_t *arena, *snapshot;
    size_t used;
    bool allocation_fails, random_fails;
    uint32_t allocations_left; /* before allocation_fails becomes true; 0: no end */
    uint64_t random_state;
    int64_t wall_clock; /* 0: unknown */
    bool store_fails;
    uint32_t store_writes; /* that succeeded */
    struct world_stored stored[WORLD_STORED];
    uint32_t sent_count;
    struct world_datagram *sent;
};

/* `handshakes_per_second` and `registration_limit` as in the options. */
void world_begin(struct world *world, uint32_t handshakes_per_second, uint32_t registration_limit);
void world_end(struct world *world);
/* The process ends and begins again, with the same identity and store. */
void world_restart(struct world *world);
/* Hand over one datagram; what was sent before is forgotten. */
void world_receive(struct world *world, const struct avpn_contact *from, const uint8_t *bytes,
                   size_t count);
void world_tick(struct world *world, avpn_span later);
uint64_t world_counter(const struct world *world, enum avpn_registry_counter counter);
struct avpn_registry_status world_status(const struct world *world);
/* Remember the heap; then: is it as it was, counters aside? */
void world_remember(struct world *world);
bool world_is_unchanged(struct world *world);

/* An organization, known by a number from which all its keys are made. */
struct world_member {
    uint32_t id;
    uint8_t role, flags;
    uint8_t hubs[2]; /* member ids, 0: none; of a hub: for its default route */
    uint8_t salt;    /* another key under the same id */
    uint8_t net;     /* it exports 10.net.0.0/16; 0: nothing */
};

/* What an administrator signs. What is zero is as usual. */
struct world_document {
    uint8_t number; /* of the organization */
    uint64_t version;
    const struct world_member *members;
    uint32_t count;
    const char *name;
    uint8_t signer;    /* another signing key */
    uint32_t psk_epoch; /* 0: 1 */
    int64_t expires;
    const struct avpn_invite *invites;
    size_t invite_count;
    uint32_t flags; /* AVPN_ORGANIZATION_* */
    uint32_t rules; /* how many; each number makes other ones */
};
/* To be freed. The registries' entry is this one's. */
uint8_t *world_sign(const struct world *world, const struct world_document *document,
                    size_t *count_out);
/* Sign and set, as below. */
int32_t world_set(struct world *world, const struct world_document *document);
/* The Ed25519 seed of an organization's signing key. */
struct avpn_key world_signer(uint8_t number, uint8_t signer);
struct avpn_organization_status world_organization_status(const struct world *world,
                                                          uint8_t number);

struct avpn_key world_organization(uint8_t number);
struct avpn_key_pair world_member_pair(uint8_t number, const struct world_member *member);
/* Sign and set; returns what avpn_registry_set_organization does. */
int32_t world_serve(struct world *world, uint8_t number, uint64_t version,
                    const struct world_member *members, uint32_t count);

/* One uplink of one node. */
struct client {
    struct world *world;
    struct avpn_key_pair pair;
    struct avpn_key organization;
    uint8_t uplink;
    struct avpn_contact contact, local;
    uint8_t nat;
    uint8_t cookie[16];
    bool has_cookie;
    uint64_t counter; /* last sent */
    struct avpni_register_response session;
};

struct client client_of(struct world *world, uint8_t number, const struct world_member *member,
                        uint8_t uplink, const char *contact);
/* Write an initiation of 256 bytes; the Noise object to read the answer with, unless NULL. */
void client_initiation(const struct client *client, struct avpn_noise *noise, uint8_t bytes[256]);
/* Handshake; true: answered, `session` is the new one and the counter begins again. */
bool client_hello(struct client *client);
/* Read a cookie that is the one datagram sent, for an initiation just made. */
bool client_take_cookie(struct client *client, const uint8_t initiation[256]);
/* Messages of 96 bytes under the session, with the next counter unless `counter` is given. */
void client_alive(struct client *client, const uint8_t *token, uint8_t flags, uint64_t counter,
                  uint8_t bytes[96]);
void client_fetch(struct client *client, const uint8_t *token, uint32_t first, uint8_t bytes[96]);
void client_sync(struct client *client, const struct avpni_sync *sync, uint8_t bytes[96]);
/* Any body, of up to 1052 bytes; returns the datagram's size. */
size_t client_seal(struct client *client, const uint8_t *body, size_t count, uint8_t *bytes);
/* An initiation with any payload. */
void client_begin(const struct client *client, const uint8_t payload[116], struct avpn_noise *noise,
                  uint8_t bytes[256]);
/* The answer's payload, 96 bytes; false: the one datagram sent is no answer. */
bool client_read_response(const struct client *client, struct avpn_noise *noise,
                          uint8_t payload[96]);
/* Send a keepalive with the session's token, or none. */
void client_keep(struct client *client, bool with_token);
/* Handshake, keepalive with token, and it was acknowledged. */
void client_register(struct client *client);
/* Open the n-th datagram sent, if it is for this client's session; body size, or 0. */
size_t client_open(const struct client *client, uint32_t n, uint8_t body[1100]);
/* How many datagrams were sent for this client of a kind; the last body of them. */
uint32_t client_heard(const struct client *client, enum avpni_body kind, uint8_t body[1100]);

struct avpn_contact contact_of(const char *text);

#endif
