/* SPDX-License-Identifier: ISC */
/*
 * table: see table.h.
 *
 * A record heard in step h may be silent from step h + SILENT_STEPS on: its last keepalive is then
 * at least AVPNI_DISCONNECT_AFTER ago, and at most one step more. The wheel is longer than that, so
 * a bucket never holds records of two different rounds, unless the host came late; then a
 * record is merely looked at too early, and moved on.
 */
#include "registry/table.h"

#include "base/address.h"
#include "base/cursor.h"
#include "wire/limits.h"

#include <string.h>

#define SILENT_STEPS ((uint32_t)(AVPNI_DISCONNECT_AFTER / AVPNI_WHEEL_STEP) + 1)

struct address {
    uint8_t bytes[16];
};

_Static_assert(sizeof(struct avpni_record) == 56, "a million of these are kept");
_Static_assert(sizeof(struct avpni_member) == 32, "and of these");

int32_t avpni_table_init(struct avpni_table *table, const struct avpni_memory *memory,
                         avpn_time now)
{
    *table = (struct avpni_table){.started = now};
    avpni_pool_init(&table->records, memory, sizeof(struct avpni_record));
    avpni_pool_init(&table->addresses, memory, sizeof(struct address));
    table->wheel = avpni_allocate(memory, AVPNI_WHEEL_BUCKETS, sizeof *table->wheel);
    return table->wheel != NULL ? AVPN_OK : AVPN_ERROR_MEMORY;
}

void avpni_table_fini(struct avpni_table *table)
{
    avpni_release(&table->records.memory, table->wheel);
    avpni_pool_fini(&table->records);
    avpni_pool_fini(&table->addresses);
    table->wheel = NULL;
}

size_t avpni_table_footprint(const struct avpni_table *table)
{
    return AVPNI_WHEEL_BUCKETS * sizeof *table->wheel + avpni_pool_footprint(&table->records) +
           avpni_pool_footprint(&table->addresses);
}

uint32_t avpni_table_find(const struct avpni_table *table, const struct avpni_member *member,
                          uint32_t uplink)
{
    uint32_t handle = member->first;

    while (handle != 0) {
        const struct avpni_record *record = avpni_table_at(table, handle);

        if (avpni_slot_uplink(record->slot) == uplink) {
            return handle;
        }
        handle = record->sibling;
    }
    return 0;
}

bool avpni_table_reserve(struct avpni_table *table)
{
    return avpni_pool_reserve(&table->addresses, 2);
}

uint32_t avpni_table_add(struct avpni_table *table, struct avpni_member *member, uint32_t slot)
{
    uint32_t handle = avpni_pool_take(&table->records);
    uint32_t *place = &member->first;

    if (handle == 0) {
        return 0;
    }
    while (*place != 0 && avpni_table_at(table, *place)->slot < slot) {
        place = &avpni_table_at(table, *place)->sibling;
    }
    struct avpni_record *record = avpni_table_at(table, handle);

    record->slot = slot;
    record->sibling = *place;
    *place = handle;
    member->record_count++;
    return handle;
}

static void clear_contact(struct avpni_table *table, struct avpni_record *record,
                          enum avpni_which which)
{
    if (record->family[which] == AVPN_FAMILY_IPV6) {
        avpni_pool_give(&table->addresses, record->where[which]);
    }
    record->family[which] = AVPN_FAMILY_NONE;
    record->where[which] = 0;
    record->port[which] = 0;
}

void avpni_table_drop(struct avpni_table *table, struct avpni_member *member)
{
    uint32_t handle = member->first;

    while (handle != 0) {
        struct avpni_record *record = avpni_table_at(table, handle);
        uint32_t next = record->sibling;

        avpni_table_disconnect(table, record);
        clear_contact(table, record, AVPNI_OBSERVED);
        clear_contact(table, record, AVPNI_LOCAL);
        if ((record->flags & AVPNI_RECORD_ON_WHEEL) != 0) {
            record->flags |= AVPNI_RECORD_DEAD;
        } else {
            avpni_pool_give(&table->records, handle);
        }
        handle = next;
    }
    member->first = 0;
    member->record_count = 0;
}

uint64_t avpni_record_generation(const struct avpni_record *record)
{
    return (uint64_t)record->generation_high << 32 | record->generation_low;
}

struct avpni_counter_window avpni_record_window(const struct avpni_record *record)
{
    return (struct avpni_counter_window){
        .highest = (uint64_t)record->counter_high << 32 | record->counter_low,
        .seen = record->seen,
    };
}

void avpni_record_set(struct avpni_record *record, uint64_t generation,
                      const struct avpni_counter_window *window)
{
    record->generation_low = (uint32_t)generation;
    record->generation_high = (uint16_t)(generation >> 32);
    record->counter_low = (uint32_t)window->highest;
    record->counter_high = (uint16_t)(window->highest >> 32);
    record->seen = window->seen;
}

struct avpn_contact avpni_table_contact(const struct avpni_table *table,
                                        const struct avpni_record *record, enum avpni_which which)
{
    struct avpn_contact contact = {.family = record->family[which], .port = record->port[which]};

    if (contact.family == AVPN_FAMILY_IPV4) {
        struct avpni_writer w = avpni_writer(contact.bytes, 4);

        avpni_write_u32(&w, record->where[which]);
    } else if (contact.family == AVPN_FAMILY_IPV6) {
        memcpy(contact.bytes, avpni_pool_at(&table->addresses, record->where[which]), 16);
    }
    return contact;
}

bool avpni_table_set_contact(struct avpni_table *table, struct avpni_record *record,
                             enum avpni_which which, const struct avpn_contact *contact)
{
    struct avpn_contact before = avpni_table_contact(table, record, which);

    if (avpni_contact_is_equal(&before, contact)) {
        return false;
    }
    clear_contact(table, record, which);
    record->family[which] = contact->family;
    record->port[which] = contact->port;
    if (contact->family == AVPN_FAMILY_IPV4) {
        struct avpni_reader r = avpni_reader(contact->bytes, 4);

        record->where[which] = avpni_read_u32(&r);
    } else if (contact->family == AVPN_FAMILY_IPV6) {
        record->where[which] = avpni_pool_take(&table->addresses);
        memcpy(avpni_pool_at(&table->addresses, record->where[which]), contact->bytes, 16);
    }
    return true;
}

/* ---- time ---------------------------------------------------------------------------- */

static uint32_t step_of(const struct avpni_table *table, avpn_time now)
{
    return now > table->started ? (uint32_t)((now - table->started) / AVPNI_WHEEL_STEP) : 0;
}

void avpni_table_hear(struct avpni_table *table, struct avpni_record *record, avpn_time now)
{
    record->heard = step_of(table, now);
}

avpn_time avpni_table_heard_at(const struct avpni_table *table, const struct avpni_record *record)
{
    return table->started + record->heard * AVPNI_WHEEL_STEP;
}

/*
 * A bucket is the moment at which it will be empty again, in units of the smallest cost since start, modulo 2^32 (124
 * days). So it needs no upkeep; one that seems fuller than it can be was last used very long ago.
 */
bool avpni_table_spend(const struct avpni_table *table, struct avpni_record *record, avpn_span cost,
                       avpn_time now)
{
    const uint32_t burst = (uint32_t)(AVPNI_RATE_BURST / AVPNI_RATE_PART);
    uint32_t units = (uint32_t)(cost / AVPNI_RATE_PART);
    uint32_t today =
        now > table->started ? (uint32_t)((now - table->started) / AVPNI_RATE_PART) : 0;
    uint32_t level = record->spent - today;

    if (level > burst) {
        level = 0;
    }
    if (units > burst - level) {
        return false;
    }
    record->spent = today + level + units;
    return true;
}

static void put_on_wheel(struct avpni_table *table, uint32_t handle)
{
    struct avpni_record *record = avpni_table_at(table, handle);
    uint32_t *bucket = &table->wheel[(record->heard + SILENT_STEPS) % AVPNI_WHEEL_BUCKETS];

    record->next = *bucket;
    record->flags |= AVPNI_RECORD_ON_WHEEL;
    *bucket = handle;
}

void avpni_table_connect(struct avpni_table *table, uint32_t handle)
{
    struct avpni_record *record = avpni_table_at(table, handle);

    record->flags |= AVPNI_RECORD_CONNECTED;
    table->connected++;
    if ((record->flags & AVPNI_RECORD_ON_WHEEL) == 0) {
        put_on_wheel(table, handle);
    }
}

void avpni_table_disconnect(struct avpni_table *table, struct avpni_record *record)
{
    if ((record->flags & AVPNI_RECORD_CONNECTED) != 0) {
        record->flags &= (uint8_t)~AVPNI_RECORD_CONNECTED;
        table->connected--;
    }
}

avpn_time avpni_table_deadline(const struct avpni_table *table)
{
    for (uint32_t i = 1; i <= AVPNI_WHEEL_BUCKETS; i++) {
        if (table->wheel[(table->step + i) % AVPNI_WHEEL_BUCKETS] != 0) {
            return table->started + (avpn_time)(table->step + i) * AVPNI_WHEEL_STEP;
        }
    }
    return AVPN_TIME_NEVER;
}

/* Look at a record whose moment has come; it is on no bucket now. */
static void look_at(struct avpni_table *table, uint32_t handle, uint32_t step, avpn_time now,
                    void (*silent)(void *owner, struct avpni_record *record, avpn_time now),
                    void *owner)
{
    struct avpni_record *record = avpni_table_at(table, handle);

    record->flags &= (uint8_t)~AVPNI_RECORD_ON_WHEEL;
    if ((record->flags & AVPNI_RECORD_DEAD) != 0) {
        avpni_pool_give(&table->records, handle);
        return;
    }
    if ((record->flags & AVPNI_RECORD_CONNECTED) == 0) {
        return;
    }
    if (step >= record->heard + SILENT_STEPS) {
        silent(owner, record, now);
    } else {
        put_on_wheel(table, handle);
    }
}

void avpni_table_run(struct avpni_table *table, avpn_time now,
                     void (*silent)(void *owner, struct avpni_record *record, avpn_time now),
                     void *owner)
{
    uint32_t end = step_of(table, now);

    if (end > table->step && end - table->step > AVPNI_WHEEL_BUCKETS) {
        table->step = end - AVPNI_WHEEL_BUCKETS; /* every bucket once is enough */
    }
    while (table->step < end) {
        uint32_t *bucket = &table->wheel[++table->step % AVPNI_WHEEL_BUCKETS];
        uint32_t handle = *bucket;

        *bucket = 0;
        while (handle != 0) {
            uint32_t next = avpni_table_at(table, handle)->next;

            look_at(table, handle, end, now, silent, owner);
            handle = next;
        }
    }
}
