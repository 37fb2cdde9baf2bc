/* SPDX-License-Identifier: ISC */
/*
 * node: life, time and uplinks of the engine. See node.h for where the rest is.
 */
#include "node/node.h"

#include "base/address.h"
#include "base/sized.h"
#include "crypto/box.h"
#include "link/fault.h"
#include "link/path.h"
#include "link/witness.h"
#include <string.h>

/* ---- what the state machines call ---------------------------------------------------- */

struct avpni_peer *avpni_node_find_peer(const struct avpn_node *node, uint32_t member)
{
    uint32_t low = 0, high = node->peer_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (node->peers[middle]->member < member)
            low = middle + 1;
        else
            high = middle;
    }
    return low < node->peer_count && node->peers[low]->member == member ? node->peers[low] : NULL;
}

static void hop_changed(void *owner, struct avpni_peer *peer, uint32_t state, avpn_time now)
{
    avpni_routing_hop_changed(owner, peer, state, now);
}

static void offers_changed(void *owner, struct avpni_peer *peer, avpn_time now)
{
    avpni_routing_offers_changed(owner, peer, now);
}

static void entry_learned(void *owner, uint32_t registry, const struct avpni_entry *entry,
                          avpn_time now)
{
    struct avpn_node *node = owner;
    struct avpni_peer *peer = avpni_node_find_peer(node, entry->member);

    if (peer != NULL) /* [REG-14] */
        avpni_peer_learn(peer, registry, entry, now);
}

static void version_heard(void *owner, uint32_t registry, uint64_t version, avpn_time now)
{
    struct avpn_node *node = owner;

    avpni_syncer_hear(&node->syncer, registry, version, now);
}

static void part_received(void *owner, uint32_t registry, const struct avpni_part *part,
                          const uint8_t *bytes, avpn_time now)
{
    struct avpn_node *node = owner;

    avpni_syncer_part(&node->syncer, registry, part, bytes, now);
}

/* Through the first uplink that is registered there. */
static bool ask_registry(void *owner, uint32_t registry, const struct avpni_sync *sync)
{
    const struct avpn_node *node = owner;

    for (uint32_t u = 0; u < AVPN_UPLINKS; u++)
        if (node->registrations[u][registry] != NULL &&
            avpni_registration_sync(node->registrations[u][registry], sync))
            return true;
    return false;
}

static enum avpni_sync_verdict take_update(void *owner, uint64_t base, const uint8_t *update,
                                           size_t bytes, avpn_time now)
{
    return avpni_configure_update(owner, base, update, bytes, now);
}

static bool has_live_path(const struct avpn_node *node, uint32_t uplink)
{
    for (uint32_t i = 0; i < node->peer_count; i++)
        for (uint32_t k = 0; k < AVPN_UPLINKS; k++)
            if (avpni_path_is_alive(node->peers[i]->paths[uplink * AVPN_UPLINKS + k]))
                return true;
    return false;
}

/* Since when all registries are silent; AVPN_TIME_NEVER: one is not, or none was asked [NAT-5]. */
static avpn_time silent_since(const struct avpn_node *node, uint32_t uplink)
{
    avpn_time since = -1;

    for (uint32_t i = 0; i < node->registrar_count; i++) {
        const struct avpni_registration *r = node->registrations[uplink][i];

        if (r == NULL)
            continue;
        if (r->asking_since == AVPN_TIME_NEVER)
            return AVPN_TIME_NEVER;
        if (r->asking_since > since)
            since = r->asking_since;
    }
    return since < 0 ? AVPN_TIME_NEVER : since;
}

static void announce(struct avpn_node *node, uint32_t uplink, avpn_time now)
{
    for (uint32_t i = 0; i < node->registrar_count; i++)
        if (node->registrations[uplink][i] != NULL)
            avpni_registration_announce(node->registrations[uplink][i], now);
}

static void uplink_observed(void *owner, uint32_t uplink, avpn_time now)
{
    struct avpn_node *node = owner;
    struct avpni_uplink *state = &node->context.uplinks[uplink];
    struct avpn_nat_report reports[AVPN_REGISTRIES] = {0};
    avpn_time since = silent_since(node, uplink);
    struct avpn_nat_verdict verdict;
    struct avpn_event event;

    for (uint32_t i = 0; i < node->registrar_count; i++) {
        const struct avpni_registration *r = node->registrations[uplink][i];

        if (r == NULL || r->answered_at < 0)
            continue;
        reports[i].seen = r->observed;
        reports[i].at = r->answered_at;
    }
    if (since != AVPN_TIME_NEVER && now - since >= AVPN_NAT_BLOCKED_AFTER &&
        has_live_path(node, uplink))
        since = AVPN_TIME_NEVER; /* UDP does get through: only the registries are silent */
    avpn_nat_classify(reports, node->registrar_count, since, now, &verdict);
    memcpy(state->evidence, verdict.evidence, sizeof state->evidence);
    if (verdict.kind == state->nat)
        return;
    state->nat = verdict.kind;
    event = avpni_event(AVPN_EVENT_NAT, verdict.kind, now);
    event.uplink = uplink;
    event.contact = state->observed;
    avpni_events_push(&node->context.events, &event);
    announce(node, uplink, now);
}

/* ---- housekeeping: what only time changes ----------------------------------------------- */

static void judge_expiry(struct avpn_node *node, avpn_time now)
{
    const struct avpn_host *host = &node->context.host;
    int64_t expires = node->config != NULL ? avpn_config_expires(node->config) : 0;
    int64_t wall = host->wall_clock != NULL ? host->wall_clock(host->user) : 0;
    bool is_expired = expires != 0 && wall != 0 && wall >= expires;
    struct avpn_event event;

    if (is_expired && !node->is_expired) {
        event = avpni_event(AVPN_EVENT_EXPIRED, 1, now); /* [CFG-6] */
        event.version = node->context.config_version;
        avpni_events_push(&node->context.events, &event);
    }
    node->is_expired = is_expired;
}

/* When our newest session with a registry began; AVPN_TIME_NEVER: it does not answer now. */
static avpn_time session_since(const struct avpn_node *node, uint32_t registry)
{
    avpn_time since = -1;

    for (uint32_t u = 0; u < AVPN_UPLINKS; u++) {
        const struct avpni_registration *r = node->registrations[u][registry];

        if (r != NULL && r->state == AVPN_REGISTRATION_REGISTERED && r->established_at > since)
            since = r->established_at;
    }
    return since < 0 ? AVPN_TIME_NEVER : since;
}

/* [SYN-6] */
static void judge_contacts(struct avpn_node *node, avpn_time now)
{
    avpn_time since[AVPN_REGISTRIES];

    for (uint32_t i = 0; i < AVPN_REGISTRIES; i++)
        since[i] = session_since(node, i);
    for (uint32_t i = 0; i < node->registrar_count; i++) {
        bool is_contradicted = false;

        for (uint32_t k = 0; k < node->peer_count && !is_contradicted; k++)
            is_contradicted = avpni_witness_contradicts(node->peers[k], i, since, now);
        avpni_fault_set(&node->context, i, AVPN_FAULT_CONTACTS, is_contradicted,
                        node->syncer.sources[i].version, now);
    }
}

static void housekeep(void *owner, avpn_time now)
{
    struct avpn_node *node = owner;

    for (uint32_t i = 0; i < AVPN_UPLINKS; i++)
        if (node->context.uplinks[i].is_up)
            uplink_observed(node, i, now);
    judge_expiry(node, now);
    judge_contacts(node, now);
    avpni_timer_set(&node->context.timers, &node->housekeeping, now + AVPNI_NODE_HOUSEKEEPING);
}

/* ---- life ------------------------------------------------------------------------------------ */

static int32_t check_arguments(const struct avpn_node_options *options,
                               const struct avpn_host *host)
{
    struct avpn_key_pair pair;

    if (host->transmit == NULL || options->hands_over > 1 ||
        (options->hands_over ? host->sa == NULL : host->deliver == NULL))
        return AVPN_ERROR_ARGUMENT;
    if (avpn_key_pair_from_secret(&options->identity.secret_key, &pair) != AVPN_OK ||
        memcmp(&pair.public_key, &options->identity.public_key, sizeof pair.public_key) != 0)
        return AVPN_ERROR_ARGUMENT;
    avpni_wipe(&pair, sizeof pair);
    if (options->token != NULL &&
        (options->token->registry_count > AVPN_REGISTRIES ||
         memcmp(&options->token->organization, &options->organization,
                sizeof options->organization) != 0))
        return AVPN_ERROR_ARGUMENT;
    return options->purge_after < 0 ? AVPN_ERROR_ARGUMENT : AVPN_OK;
}

/* What a program of any version gave, as this version's. */
struct arguments {
    struct avpn_node_options options;
    struct avpn_token token; /* where options have one */
    struct avpn_host host;
};

static int32_t take_arguments(struct arguments *own, const struct avpn_node_options *options,
                              const struct avpn_host *host)
{
    if (avpni_take(&own->options, sizeof own->options, options, AVPNI_FIRST_NODE_OPTIONS) != AVPN_OK ||
        avpni_take(&own->host, sizeof own->host, host, AVPNI_FIRST_HOST) != AVPN_OK)
        return AVPN_ERROR_ARGUMENT;
    if (own->options.token != NULL) {
        if (avpni_take(&own->token, sizeof own->token, own->options.token, AVPNI_FIRST_TOKEN) != AVPN_OK)
            return AVPN_ERROR_ARGUMENT;
        own->options.token = &own->token;
    }
    return check_arguments(&own->options, &own->host);
}

static void tell_trouble(void *owner, const struct avpni_trouble *trouble)
{
    avpni_node_trouble(owner, trouble);
}

static void init_lane(struct avpn_node *node, const struct avpn_host *host)
{
    struct avpni_lane *lane = &node->lane;

    lane->plane = &node->context.plane;
    lane->counters = node->context.counters;
    lane->outbox = &node->context.outbox;
    lane->owner = node;
    lane->trouble = tell_trouble;
    avpni_runs_init(&lane->inner, host->user, host->deliver);
    avpni_runs_init(&lane->breakout, host->user, host->breakout);
}

/* What it publishes at first is empty, and the node's. */
static int32_t init_plane(struct avpn_node *node)
{
    struct avpni_plane *plane = &node->context.plane;
    int32_t error = avpni_plane_init(plane, &node->context.memory);
    struct avpni_tables *tables;

    if (error != AVPN_OK)
        return error;
    tables = atomic_load(&plane->tables);
    node->rules = tables->rules;
    node->routing.table.directory = tables->directory;
    node->routing.table.routes = tables->directory->routes;
    return AVPN_OK;
}

static int32_t init_context(struct avpn_node *node, const struct avpn_node_options *options,
                            const struct avpn_host *host)
{
    const struct avpni_sync_seams seams = {node, ask_registry, take_update};
    struct avpni_context *context = &node->context;
    uint8_t seed[AVPNI_JITTER_SEED];
    int32_t error;

    context->host = *host;
    context->identity = options->identity;
    context->organization = options->organization;
    context->hands_over = options->hands_over != 0;
    context->purge_after = options->purge_after > 0 ? options->purge_after : AVPNI_PURGE_AFTER;
    if (context->purge_after > AVPNI_NODE_PURGE_LIMIT)
        context->purge_after = AVPNI_NODE_PURGE_LIMIT; /* sums with it must not overflow */
    for (uint8_t suite = AVPN_SUITE_NONE + 1; suite < AVPNI_AEAD_SUITES; suite++)
        context->aeads[suite] = avpni_aead_choose(host->aeads, suite);
    context->owner = node;
    context->hop_changed = hop_changed;
    context->offers_changed = offers_changed;
    context->entry_learned = entry_learned;
    context->uplink_observed = uplink_observed;
    context->version_heard = version_heard;
    context->part_received = part_received;
    avpni_random_init(&context->random, host, avpni_crypto_random);
    avpni_timers_init(&context->timers, &context->memory);
    error = avpni_random_fill(&context->random, context->secret, sizeof context->secret);
    if (error == AVPN_OK)
        error = avpni_random_fill(&context->random, seed, sizeof seed);
    if (error != AVPN_OK)
        return error;
    context->jitter = avpni_jitter_seed(seed);
    error = init_plane(node);
    if (error == AVPN_OK)
        error = avpni_outbox_init(&context->outbox, &context->memory, host);
    if (error == AVPN_OK)
        error = avpni_events_init(&context->events, &context->memory, host);
    if (error == AVPN_OK)
        error = avpni_syncer_init(&node->syncer, context, &seams);
    return error;
}

static int32_t make(const struct avpn_node_options *options, const struct avpn_host *host,
                    avpn_time now, struct avpn_node **node_out)
{
    struct avpni_memory memory;
    struct avpn_node *node;
    int32_t error = avpni_memory_init(&memory, host);

    if (error != AVPN_OK)
        return error;
    node = avpni_allocate(&memory, 1, sizeof *node);
    if (node == NULL)
        return AVPN_ERROR_MEMORY;
    node->context.memory = memory;
    init_lane(node, host);
    node->lane.is_handed_over = options->hands_over != 0;
    avpni_timer_init(&node->housekeeping, housekeep, node);
    error = init_context(node, options, host);
    if (error == AVPN_OK)
        error = avpni_guard_init(&node->guard, &node->context.memory, &node->context.random,
                                 &node->context.identity.public_key,
                                 options->handshakes_per_second, now);
    if (error == AVPN_OK)
        error = avpni_routing_init(node);
    if (error == AVPN_OK)
        error = avpni_timers_reserve(&node->context.timers, 1);
    if (error == AVPN_OK) {
        avpni_timer_set(&node->context.timers, &node->housekeeping, now + AVPNI_NODE_HOUSEKEEPING);
        error = avpni_configure_init(node, options, now);
    }
    if (error != AVPN_OK) {
        avpn_node_del(node);
        return error;
    }
    *node_out = node;
    return AVPN_OK;
}

int32_t avpn_node_new(const struct avpn_node_options *options, const struct avpn_host *host,
                      avpn_time now, struct avpn_node **node_out)
{
    struct arguments own;
    int32_t error = AVPN_ERROR_ARGUMENT;

    if (node_out != NULL && now >= 0)
        error = take_arguments(&own, options, host);
    if (error == AVPN_OK && avpni_crypto_init() < 0)
        error = AVPN_ERROR_STATE;
    if (error == AVPN_OK)
        error = make(&own.options, &own.host, now, node_out);
    avpni_wipe(&own, sizeof own); /* keys */
    return error;
}

void avpn_node_del(struct avpn_node *node)
{
    struct avpni_memory memory;

    if (node == NULL)
        return;
    memory = node->context.memory;
    node->context.outbox.count = 0; /* nothing is sent from a destructor */
    avpni_node_drop_configuration(node);
    avpni_configure_fini(node);
    avpni_syncer_fini(&node->syncer);
    avpni_guard_fini(&node->guard);
    avpni_events_fini(&node->context.events);
    avpni_outbox_fini(&node->context.outbox);
    avpni_plane_fini(&node->context.plane);
    avpni_timers_fini(&node->context.timers);
    avpni_wipe(node, sizeof *node);
    avpni_release(&memory, node);
}

void avpni_node_flush(struct avpn_node *node, avpn_time now)
{
    avpni_peers_settle(&node->context);
    avpni_routing_settle(node, now);
    avpni_lane_flush(&node->lane);
    if (!node->lane.is_inside) /* a name may be resolved at once, in the middle of another call */
        avpni_reclaim_collect(&node->context.plane.reclaim);
}

/* ---- the calls ---------------------------------------------------------------------------------- */

void avpn_node_leave(struct avpn_node *node, avpn_time now)
{
    if (node == NULL)
        return;
    for (uint32_t u = 0; u < AVPN_UPLINKS; u++)
        for (uint32_t i = 0; i < node->registrar_count; i++)
            if (node->registrations[u][i] != NULL)
                avpni_registration_leave(node->registrations[u][i], now);
    avpni_node_flush(node, now);
}

/* An IP header needs some, and no IP packet is larger [MTU-1]. */
static bool is_link_mtu(uint32_t mtu_bytes)
{
    return mtu_bytes == 0 || (mtu_bytes >= AVPN_MTU_LEAST && mtu_bytes <= AVPN_MTU_MOST);
}

/* What can be told to registries: a contact, or none. */
static bool is_local(const struct avpn_contact *contact)
{
    if (contact->family == AVPN_FAMILY_NONE)
        return true;
    return contact->port != 0 &&
           (contact->family == AVPN_FAMILY_IPV4 || contact->family == AVPN_FAMILY_IPV6);
}

/* What lanes need to know of it. */
static void publish_uplink(struct avpn_node *node, uint32_t uplink)
{
    const struct avpni_uplink *own = &node->context.uplinks[uplink];
    struct avpni_plane *plane = &node->context.plane;
    bool has_address = own->is_up && own->local.family != AVPN_FAMILY_NONE;

    if (own->is_up)
        atomic_fetch_or(&plane->uplinks, 1u << uplink);
    else
        atomic_fetch_and(&plane->uplinks, ~(1u << uplink));
    atomic_store(&plane->locals[uplink],
                 has_address ? avpni_local_check(own->local.family, own->local.bytes,
                                                 own->local.port)
                             : 0);
}

int32_t avpn_node_set_uplink(struct avpn_node *node, uint32_t uplink,
                             const struct avpn_uplink *state, avpn_time now)
{
    struct avpni_uplink *own;
    struct avpn_uplink given;
    bool has_changed;

    if (node == NULL || uplink >= AVPN_UPLINKS ||
        avpni_take(&given, sizeof given, state, AVPNI_FIRST_UPLINK) != AVPN_OK || given.is_up > 1 ||
        !is_local(&given.local) || !is_link_mtu(given.mtu_bytes))
        return AVPN_ERROR_ARGUMENT;
    own = &node->context.uplinks[uplink];
    /* Paths see this at their next probe, a second from now at most. */
    own->mtu_bytes = given.mtu_bytes != 0 ? given.mtu_bytes : AVPNI_MTU_DEFAULT;
    has_changed = own->is_up != (given.is_up != 0) ||
                  !avpni_contact_is_equal(&own->local, &given.local);
    if (!has_changed)
        return AVPN_OK;
    own->is_up = given.is_up != 0;
    own->local = given.local;
    publish_uplink(node, uplink);
    if (!own->is_up)
        own->nat = AVPN_NAT_UNKNOWN;
    for (uint32_t i = 0; i < node->registrar_count; i++)
        if (node->registrations[uplink][i] != NULL)
            avpni_registration_uplink_changed(node->registrations[uplink][i], now);
    for (uint32_t i = 0; i < node->peer_count; i++)
        avpni_peer_uplink_changed(node->peers[i], uplink, now);
    avpni_node_flush(node, now);
    return AVPN_OK;
}

int32_t avpn_node_set_addresses(struct avpn_node *node, const struct avpn_address *addresses,
                                size_t count)
{
    struct avpn_address own[2] = {{0}};

    if (node == NULL || (addresses == NULL && count > 0))
        return AVPN_ERROR_ARGUMENT;
    for (size_t i = 0; i < count; i++) {
        uint8_t family = addresses[i].family;
        struct avpn_address *place = &own[family == AVPN_FAMILY_IPV6];

        if ((family != AVPN_FAMILY_IPV4 && family != AVPN_FAMILY_IPV6) ||
            place->family != AVPN_FAMILY_NONE)
            return AVPN_ERROR_ARGUMENT;
        *place = addresses[i];
    }
    memcpy(node->addresses, own, sizeof own);
    return AVPN_OK;
}

static void log_unresolved(const struct avpn_node *node, const struct avpni_registrar *registrar)
{
    struct avpni_text text = {0};

    avpni_text_add(&text, "registry ");
    avpni_text_add(&text, registrar->host);
    avpni_text_add(&text, registrar->address_count > 0
                              ? ": its name has no address now, the last known one is used"
                              : ": its name has no address; check the name and the resolver");
    avpni_log(&node->context, AVPN_LOG_WARNING, &text);
}

int32_t avpn_node_resolved(struct avpn_node *node, uint32_t request,
                           const struct avpn_address *addresses, size_t count, avpn_time now)
{
    struct avpni_registrar *registrar;

    if (node == NULL || (addresses == NULL && count > 0))
        return AVPN_ERROR_ARGUMENT;
    if (request == 0 || request > node->registrar_count)
        return AVPN_ERROR_NOT_FOUND;
    registrar = &node->registrars[request - 1];
    if (!registrar->is_asked)
        return AVPN_ERROR_NOT_FOUND;
    registrar->is_asked = false;
    if (count == 0) {
        log_unresolved(node, registrar);
        return AVPN_OK; /* the last good answer stays [REG-16] */
    }
    registrar->address_count = 0;
    for (size_t i = 0; i < count && registrar->address_count < AVPNI_REGISTRAR_ADDRESSES; i++)
        if (addresses[i].family != AVPN_FAMILY_NONE)
            registrar->addresses[registrar->address_count++] = addresses[i];
    for (uint32_t u = 0; u < AVPN_UPLINKS; u++)
        if (node->registrations[u][request - 1] != NULL)
            avpni_registration_resolved(node->registrations[u][request - 1], now);
    avpni_node_flush(node, now);
    return AVPN_OK;
}

void avpn_node_tick(struct avpn_node *node, avpn_time now)
{
    if (node == NULL)
        return;
    avpni_timers_run(&node->context.timers, now, AVPNI_NODE_TIMER_LIMIT);
    avpni_node_flush(node, now);
}

avpn_time avpn_node_deadline(const struct avpn_node *node)
{
    return node == NULL ? AVPN_TIME_NEVER : avpni_timers_deadline(&node->context.timers);
}

int32_t avpn_node_next_event(struct avpn_node *node, struct avpn_event *event_out)
{
    if (node == NULL || event_out == NULL)
        return AVPN_ERROR_ARGUMENT;
    return avpni_events_pop(&node->context.events, event_out);
}
