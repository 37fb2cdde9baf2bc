/* SPDX-License-Identifier: ISC */
/* registry: life of the engine, and the cycle: datagrams in, time passing, the next deadline. */
#include "base/sized.h"
#include "registry/engine.h"

#include "crypto/box.h"

#include <string.h>

#define AHEAD 3 /* datagrams */
#define TIMERS_PER_TICK 65536

#if defined(__GNUC__)
#define PREFETCH(address) __builtin_prefetch(address)
#else
#define PREFETCH(address) ((void)(address))
#endif

static const uint8_t *organization_id_of(const void *owner, uint32_t place)
{
    const struct avpn_registry *registry = owner;

    return registry->organizations[place]->id.bytes;
}

/* ---- life -------------------------------------------------------------------------------- */

static bool is_pair(const struct avpn_key_pair *pair)
{
    struct avpn_key_pair again;
    bool is_same = avpn_key_pair_from_secret(&pair->secret_key, &again) == AVPN_OK &&
                   memcmp(&again.public_key, &pair->public_key, sizeof again.public_key) == 0;

    avpni_wipe(&again, sizeof again);
    return is_same;
}

/* Parts that need memory or randomness; what succeeded is undone by avpn_registry_del. */
static int32_t init_parts(struct avpn_registry *registry,
                          const struct avpn_registry_options *options, avpn_time now)
{
    static const uint8_t prologue[] = "autovpn 1 registry"; /* [HS-1] */
    uint8_t map_secret[16];
    int32_t error = avpni_random_fill(&registry->random, map_secret, sizeof map_secret);

    avpni_map_init(&registry->map, &registry->memory, map_secret, AVPN_KEY_BYTES,
                   organization_id_of, registry);
    if (error == AVPN_OK) {
        error = avpni_random_fill(&registry->random, (uint8_t *)&registry->member_secrets,
                                  sizeof registry->member_secrets);
    }
    if (error == AVPN_OK) {
        error = avpni_session_secrets_init(&registry->secrets, &registry->random);
    }
    if (error == AVPN_OK) {
        error = avpn_noise_init_responder(&registry->responder, &options->identity, prologue,
                                          sizeof prologue - 1);
    }
    if (error == AVPN_OK) {
        error = avpni_guard_init(&registry->guard, &registry->memory, &registry->random,
                                 &options->identity.public_key, options->handshakes_per_second,
                                 now);
    }
    if (error == AVPN_OK) {
        error = avpni_outbox_init(&registry->outbox, &registry->memory, &registry->host);
    }
    if (error == AVPN_OK) {
        error = avpni_events_init(&registry->events, &registry->memory, &registry->host);
    }
    return error == AVPN_OK ? avpni_table_init(&registry->table, &registry->memory, now) : error;
}

static int32_t make(const struct avpn_registry_options *options, const struct avpn_host *host,
                    avpn_time now, struct avpn_registry **registry_out)
{
    struct avpni_memory memory;

    if (avpni_memory_init(&memory, host) != AVPN_OK) {
        return AVPN_ERROR_ARGUMENT;
    }
    if (avpni_crypto_init() < 0) {
        return AVPN_ERROR_RANDOM;
    }
    if (!is_pair(&options->identity)) {
        return AVPN_ERROR_ARGUMENT;
    }
    struct avpn_registry *registry = avpni_allocate(&memory, 1, sizeof *registry);

    if (registry == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    registry->host = *host;
    registry->memory = memory;
    registry->guard.memory = memory;
    registry->outbox.memory = memory;
    registry->events.memory = memory;
    registry->registration_limit = options->registration_limit;
    avpni_pool_init(&registry->table.records, &memory, sizeof(struct avpni_record));
    avpni_pool_init(&registry->table.addresses, &memory, sizeof(uint32_t));
    avpni_timers_init(&registry->timers, &memory);
    avpni_random_init(&registry->random, host, avpni_crypto_random);
    int32_t error = init_parts(registry, options, now);

    if (error != AVPN_OK) {
        avpn_registry_del(registry);
        return error;
    }
    *registry_out = registry;
    return AVPN_OK;
}

int32_t avpn_registry_new(const struct avpn_registry_options *options,
                          const struct avpn_host *host, avpn_time now,
                          struct avpn_registry **registry_out)
{
    struct avpn_registry_options own;
    struct avpn_host own_host;
    int32_t result = AVPN_ERROR_ARGUMENT;

    if (now >= 0 && registry_out != NULL &&
        avpni_take(&own, sizeof own, options, AVPNI_FIRST_REGISTRY_OPTIONS) == AVPN_OK &&
        avpni_take(&own_host, sizeof own_host, host, AVPNI_FIRST_HOST) == AVPN_OK &&
        own_host.transmit != NULL) {
        result = make(&own, &own_host, now, registry_out);
    }
    avpni_wipe(&own, sizeof own); /* the key */
    return result;
}

void avpn_registry_del(struct avpn_registry *registry)
{
    if (registry == NULL) {
        return;
    }
    struct avpni_memory memory = registry->memory;

    for (uint32_t i = 0; i < registry->place_count; i++) {
        if (registry->organizations[i] != NULL) {
            avpni_registry_end_push(registry, registry->organizations[i]);
            avpni_registry_close_office(registry, registry->organizations[i]);
            avpni_organization_del(registry->organizations[i]);
        }
    }
    avpni_release(&memory, registry->organizations);
    avpni_map_fini(&registry->map);
    avpni_table_fini(&registry->table);
    avpni_timers_fini(&registry->timers);
    avpni_events_fini(&registry->events);
    avpni_outbox_fini(&registry->outbox);
    avpni_guard_fini(&registry->guard);
    avpni_wipe(registry, sizeof *registry);
    avpni_release(&memory, registry);
}

/* ---- the cycle ------------------------------------------------------------------------------ */

/* False: a host's mistake that would make us read outside of its buffers. */
static bool is_batch(const struct avpn_datagrams *batch, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct avpn_packets *packets = &batch[i].packets;

        if (packets->data == NULL || packets->count == 0 || packets->last_bytes > packets->bytes ||
            (packets->count > 1 && packets->stride < packets->bytes)) {
            return false;
        }
    }
    return true;
}

/* Contacts are compared as bytes: unused ones must be zero. */
static bool is_source(const struct avpn_contact *source)
{
    static const uint8_t zeros[12];

    if (source->reserved != 0 || source->port == 0) {
        return false;
    }
    return source->family == AVPN_FAMILY_IPV6 ||
           (source->family == AVPN_FAMILY_IPV4 && memcmp(source->bytes + 4, zeros, 12) == 0);
}

static void take_datagram(struct avpn_registry *registry, const struct avpni_arrival *arrival,
                          const uint8_t *bytes, size_t count)
{
    avpni_registry_count(registry, AVPN_REGISTRY_COUNT_RECEIVED);
    switch (avpni_message_kind(bytes, count)) {
    case AVPNI_KIND_INITIATION:
        avpni_registry_take_initiation(registry, arrival, bytes, count);
        break;
    case AVPNI_KIND_SESSION:
        avpni_registry_take_session(registry, arrival, bytes, count);
        break;
    case AVPNI_KIND_RESPONSE:
    case AVPNI_KIND_COOKIE:
    case AVPNI_KIND_PROBE:
    case AVPNI_KIND_CONFIRMATION:
    case AVPNI_KIND_KEEPALIVE:
    case AVPNI_KIND_ESP:
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_UNEXPECTED);
        break;
    case AVPNI_KIND_BAD:
    default:
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_MALFORMED);
        break;
    }
}

static void take_run(struct avpn_registry *registry, const struct avpn_datagrams *run,
                     avpn_time now)
{
    struct avpni_arrival arrival = {.socket = run->uplink, .source = run->remote, .now = now};

    for (uint32_t i = 0; i < run->packets.count; i++) {
        size_t bytes = i + 1 < run->packets.count ? run->packets.bytes : run->packets.last_bytes;

        take_datagram(registry, &arrival, run->packets.data + (size_t)i * run->packets.stride,
                      bytes);
    }
}

/*
 * A registry of many nodes waits for memory more than for anything else: its members and records
 * are far apart. So fetch them while the datagrams before are being worked on: the member some way
 * ahead, and, once that has come, its record. Reads what may be wrong, changes nothing.
 */
static const struct avpni_member *member_ahead(const struct avpn_registry *registry,
                                               const struct avpn_datagrams *run)
{
    struct avpni_session_head head;

    if (run->packets.count != 1 ||
        run->packets.last_bytes != AVPNI_SESSION_OVERHEAD + AVPNI_REQUEST_BODY_BYTES) {
        return NULL;
    }
    avpni_session_head_read(run->packets.data, &head);
    const struct avpni_organization *organization =
        avpni_registry_organization_of(registry, head.slot);
    uint32_t place = avpni_slot_member(head.slot);

    return organization != NULL && place < organization->member_count
               ? &organization->members[place]
               : NULL;
}

static void look_ahead(const struct avpn_registry *registry, const struct avpn_datagrams *batch,
                       size_t count, size_t index)
{
    const struct avpni_member *member;

    if (index + 2 * AHEAD < count) {
        member = member_ahead(registry, &batch[index + 2 * AHEAD]);
        if (member != NULL) {
            PREFETCH(member);
        }
    }
    if (index + AHEAD < count) {
        member = member_ahead(registry, &batch[index + AHEAD]);
        if (member != NULL && member->first != 0) {
            PREFETCH(avpni_table_at(&registry->table, member->first));
        }
    }
}

int32_t avpn_registry_receive(struct avpn_registry *registry, const struct avpn_datagrams *batch,
                              size_t count, avpn_time now)
{
    if (registry == NULL || (batch == NULL && count > 0) || !is_batch(batch, count)) {
        return AVPN_ERROR_ARGUMENT;
    }
    for (size_t i = 0; i < count; i++) {
        look_ahead(registry, batch, count, i);
        if (batch[i].uplink < AVPN_UPLINKS && is_source(&batch[i].remote)) {
            take_run(registry, &batch[i], now);
        } else {
            avpni_registry_count(registry, AVPN_REGISTRY_DROP_MALFORMED);
        }
    }
    avpni_outbox_flush(&registry->outbox);
    return AVPN_OK;
}

static void on_silent(void *owner, struct avpni_record *record, avpn_time now)
{
    avpni_registry_disconnect(owner, record, now); /* [REG-8] */
}

void avpn_registry_tick(struct avpn_registry *registry, avpn_time now)
{
    avpni_table_run(&registry->table, now, on_silent, registry);
    (void)avpni_timers_run(&registry->timers, now, TIMERS_PER_TICK);
    avpni_outbox_flush(&registry->outbox);
}

avpn_time avpn_registry_deadline(const struct avpn_registry *registry)
{
    avpn_time silence = avpni_table_deadline(&registry->table);
    avpn_time timer = avpni_timers_deadline(&registry->timers);

    return silence < timer ? silence : timer;
}

int32_t avpn_registry_next_event(struct avpn_registry *registry, struct avpn_event *event_out)
{
    return avpni_events_pop(&registry->events, event_out);
}
