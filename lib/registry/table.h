/* SPDX-License-Identifier: ISC */
/*
 * table: the registrations: one record of 56 bytes for each uplink that ever proved its
 * contact, and when each is to be looked at next.
 *
 * A record is a member of its owner's list (`sibling`, uplinks ascending) and, while it is
 * connected, of one bucket of a wheel of 0.1 s steps. A keepalive only notes the time in the
 * record; its bucket, when its moment comes, finds out whether the record is silent or moves it
 * on. So a keepalive touches one record, and expiry costs one look per record and
 * AVPNI_DISCONNECT_AFTER.
 *
 *     free -> connected <-> disconnected (known still, in pages) -> free: member gone
 *
 * IPv4 addresses are in the record, IPv6 addresses in a pool of their own.
 */
#ifndef AVPNI_REGISTRY_TABLE_H
#define AVPNI_REGISTRY_TABLE_H

#include "registry/organization.h"
#include "registry/pool.h"
#include "registry/session.h"

#define AVPNI_WHEEL_BUCKETS 1024u
#define AVPNI_WHEEL_STEP (100 * AVPN_MILLISECOND)

#define AVPNI_RECORD_CONNECTED 1u
#define AVPNI_RECORD_ON_WHEEL 2u
#define AVPNI_RECORD_DEAD 4u /* its member is gone; freed when its bucket's moment comes */
#define AVPNI_RECORD_SOCKET_SHIFT 4 /* bits 4 and 5: the host's number of the socket */
#define AVPNI_RECORD_SOCKET_MASK 0x30u

enum avpni_which { AVPNI_OBSERVED = 0, AVPNI_LOCAL = 1 };

/* Numbers of 48 bits in two parts: no node sends as many messages. */
struct avpni_record {
    uint32_t slot;
    uint32_t generation_low, counter_low;
    uint16_t generation_high, counter_high;
    uint32_t seen;     /* bits of the counter window */
    uint32_t version;  /* contacts version */
    uint32_t heard;    /* last keepalive, in wheel steps since start */
    uint32_t spent;    /* its bucket [REG-17]: the moment until which its share is used up */
    uint32_t next;     /* in its bucket */
    uint32_t sibling;  /* next uplink of the member */
    uint32_t where[2]; /* IPv4 address as a number, or handle of an IPv6 address */
    uint16_t port[2];
    uint8_t family[2];
    uint8_t nat;
    uint8_t flags; /* AVPNI_RECORD_* */
};

#define AVPNI_NUMBER_LIMIT (UINT64_C(1) << 48) /* of generations and counters kept */

struct avpni_table {
    struct avpni_pool records;
    struct avpni_pool addresses;
    avpn_time started;
    uint32_t step;      /* the wheel has been run up to this step */
    uint32_t connected; /* records connected */
    uint32_t *wheel;    /* AVPNI_WHEEL_BUCKETS lists */
};

/* AVPN_ERROR_MEMORY. */
int32_t avpni_table_init(struct avpni_table *table, const struct avpni_memory *memory,
                         avpn_time now);
void avpni_table_fini(struct avpni_table *table);
size_t avpni_table_footprint(const struct avpni_table *table);

static inline struct avpni_record *avpni_table_at(const struct avpni_table *table, uint32_t handle)
{
    return avpni_pool_at(&table->records, handle);
}

/* The handle of a member's record for an uplink, or 0. */
uint32_t avpni_table_find(const struct avpni_table *table, const struct avpni_member *member,
                          uint32_t uplink);
/*
 * A new record, disconnected and without contacts, in its member's list; 0: no memory. Room for the
 * contacts must have been reserved (avpni_table_reserve).
 */
uint32_t avpni_table_add(struct avpni_table *table, struct avpni_member *member, uint32_t slot);
/* After success two contacts can be set. */
bool avpni_table_reserve(struct avpni_table *table);
/* Drop all records of a member that is gone. */
void avpni_table_drop(struct avpni_table *table, struct avpni_member *member);

uint64_t avpni_record_generation(const struct avpni_record *record);
struct avpni_counter_window avpni_record_window(const struct avpni_record *record);
void avpni_record_set(struct avpni_record *record, uint64_t generation,
                      const struct avpni_counter_window *window);
struct avpn_contact avpni_table_contact(const struct avpni_table *table,
                                        const struct avpni_record *record, enum avpni_which which);
/* Returns whether it is another than before. */
bool avpni_table_set_contact(struct avpni_table *table, struct avpni_record *record,
                             enum avpni_which which, const struct avpn_contact *contact);

void avpni_table_hear(struct avpni_table *table, struct avpni_record *record, avpn_time now);
/* When the record was last heard, to one wheel step. */
avpn_time avpni_table_heard_at(const struct avpni_table *table, const struct avpni_record *record);
/* Mark connected; the record must have been heard. */
void avpni_table_connect(struct avpni_table *table, uint32_t handle);
void avpni_table_disconnect(struct avpni_table *table, struct avpni_record *record);

/*
 * Take `cost`, a multiple of AVPNI_RATE_PART, from a record's bucket [REG-17]. False: it would overflow, nothing changed.
 */
bool avpni_table_spend(const struct avpni_table *table, struct avpni_record *record, avpn_span cost,
                       avpn_time now);

/* When the wheel must be run next, or AVPN_TIME_NEVER. */
avpn_time avpni_table_deadline(const struct avpni_table *table);
/*
 * Run the wheel: for each record that is connected and was silent for AVPNI_DISCONNECT_AFTER, call
 * `silent`, which disconnects it.
 */
void avpni_table_run(struct avpni_table *table, avpn_time now,
                     void (*silent)(void *owner, struct avpni_record *record, avpn_time now),
                     void *owner);

#endif
