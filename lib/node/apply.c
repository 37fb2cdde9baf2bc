/* SPDX-License-Identifier: ISC */
/*
 * apply: a verified configuration comes into force by difference. Everything that can fail
 * is made first, beside what is in force; the change itself cannot fail, and what the
 * new configuration does not touch is moved over as it is, sessions and all.
 */
#include "base/address.h"
#include "crypto/box.h"
#include "link/claim.h"
#include "node/node.h"
#include "topo/config.h"
#include <autovpn/sa.h>
#include <string.h>

/* What is being made. */
struct change {
    struct avpn_node *node;
    struct avpn_config *config;
    struct avpn_member self;
    struct avpni_psks psks;
    struct avpni_peer **peers;
    uint8_t *is_kept; /* by place in peers: moved over, not new */
    uint64_t *peer_offers; /* likewise: of its next site [RTE-8] */
    uint32_t peer_count;
    struct avpni_map by_tag, by_key;
    uint64_t offers; /* of this node */
    struct avpni_table table;
    struct avpni_rules *rules;
    avpn_time now;
};

/* ---- peers ---------------------------------------------------------------------- */

static const uint8_t *tag_of(const void *owner, uint32_t value)
{
    return ((struct avpni_peer *const *)owner)[value]->receive_tag;
}

static const uint8_t *key_of(const void *owner, uint32_t value)
{
    return ((struct avpni_peer *const *)owner)[value]->key.bytes;
}

static int32_t make_peer(struct change *change, uint32_t place, const struct avpn_member *member)
{
    struct avpni_peer *old = avpni_node_find_peer(change->node, member->id);

    change->peer_offers[place] = UINT64_MAX;
    if (old != NULL && memcmp(&old->key, &member->key, sizeof old->key) == 0) {
        change->peers[place] = old;
        change->is_kept[place] = 1;
        change->peer_offers[place] =
            avpni_offers_carry(change->node->config, change->config, member->id, old->offers);
        return AVPN_OK;
    }
    return avpni_peer_new(&change->node->context, member->id, &member->key, change->now,
                          &change->peers[place]);
}

static int32_t index_peers(struct change *change)
{
    struct avpni_context *context = &change->node->context;
    int32_t error = AVPN_OK;

    avpni_map_init(&change->by_tag, &context->memory, context->secret, 8, tag_of, change->peers);
    avpni_map_init(&change->by_key, &context->memory, context->secret, AVPN_KEY_BYTES, key_of,
                   change->peers);
    for (uint32_t i = 0; i < change->peer_count && error == AVPN_OK; i++) {
        error = avpni_map_add(&change->by_tag, change->peers[i]->receive_tag, i);
        if (error == AVPN_OK)
            error = avpni_map_add(&change->by_key, change->peers[i]->key.bytes, i);
    }
    return error;
}

static int32_t make_peers(struct change *change)
{
    const struct avpni_memory *memory = &change->node->context.memory;
    uint32_t count = avpn_config_peers(change->config, change->self.id, NULL, 0);
    uint32_t *ids = avpni_allocate(memory, (size_t)count + 1, sizeof *ids);
    int32_t error = AVPN_OK;

    change->peers = avpni_allocate(memory, (size_t)count + 1, sizeof(struct avpni_peer *));
    change->is_kept = avpni_allocate(memory, (size_t)count + 1, 1);
    change->peer_offers = avpni_allocate(memory, (size_t)count + 1, sizeof *change->peer_offers);
    if (ids == NULL || change->peers == NULL || change->is_kept == NULL ||
        change->peer_offers == NULL)
        error = AVPN_ERROR_MEMORY;
    if (error == AVPN_OK)
        avpn_config_peers(change->config, change->self.id, ids, count);
    for (uint32_t i = 0; i < count && error == AVPN_OK; i++) {
        struct avpn_member member = {.size = sizeof member};

        error = avpn_config_member(change->config, ids[i], &member);
        if (error == AVPN_OK)
            error = make_peer(change, i, &member);
        if (error == AVPN_OK)
            change->peer_count = i + 1;
    }
    avpni_release(memory, ids);
    return error == AVPN_OK ? index_peers(change) : error;
}

/* ---- routes, rules ------------------------------------------------------------------- */

static int32_t make_table(struct change *change)
{
    struct avpn_node *node = change->node;
    const struct avpni_routing_ground ground = {change->config, change->self.id,
                                                change->peers, change->peer_count,
                                                change->peer_offers, change->offers};

    return avpni_table_make(node, &ground, &change->table);
}

static int32_t make_rules(struct change *change)
{
    struct avpni_firewall *firewall;
    int32_t error = avpni_rules_new(&change->node->context.plane, &change->rules);

    if (error != AVPN_OK)
        return error;
    change->rules->member = change->self.id;
    change->rules->role = change->self.role;
    avpni_translator_set(&change->rules->translator, change->self.translations,
                         change->self.translation_count);
    firewall = &change->rules->firewall;
    error = avpni_firewall_reserve(firewall, avpn_config_rule_count(change->config),
                                   avpn_config_breakout_count(change->config));
    if (error != AVPN_OK)
        return error;
    for (uint32_t i = 0; i < firewall->rule_count; i++) {
        firewall->rules[i].size = sizeof firewall->rules[i];
        avpn_config_rule(change->config, i, &firewall->rules[i]);
    }
    for (uint32_t i = 0; i < firewall->breakout_count; i++) {
        firewall->breakouts[i].size = sizeof firewall->breakouts[i];
        avpn_config_breakout(change->config, i, &firewall->breakouts[i]);
    }
    avpni_firewall_adopt(firewall, &change->node->rules->firewall);
    return AVPN_OK;
}

/* ---- registries ----------------------------------------------------------------------- */

static uint32_t list_registries(const struct avpn_config *config,
                                struct avpn_registry_entry entries_out[AVPN_REGISTRIES])
{
    uint32_t count = avpn_config_registry_count(config);

    for (uint32_t i = 0; i < count; i++) {
        entries_out[i].size = sizeof entries_out[i];
        avpn_config_registry(config, i, &entries_out[i]);
    }
    return count;
}

static bool has_registries(const struct avpn_node *node,
                           const struct avpn_registry_entry *entries, uint32_t count)
{
    if (count != node->registrar_count)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct avpni_registrar *registrar = &node->registrars[i];

        if (memcmp(&entries[i].key, &registrar->key, sizeof entries[i].key) != 0 ||
            entries[i].port != registrar->port || strcmp(entries[i].host, registrar->host) != 0)
            return false;
    }
    return true;
}

static void drop_registrations(struct avpn_node *node, avpn_time now)
{
    for (uint32_t u = 0; u < AVPN_UPLINKS; u++)
        for (uint32_t i = 0; i < AVPN_REGISTRIES; i++) {
            avpni_registration_del(node->registrations[u][i]);
            node->registrations[u][i] = NULL;
        }
    memset(node->registrars, 0, sizeof node->registrars);
    node->registrar_count = 0;
    avpni_syncer_forget(&node->syncer, 0, now);
}

static void init_registrar(struct avpn_node *node, uint32_t number,
                           const struct avpn_registry_entry *entry)
{
    struct avpni_registrar *registrar = &node->registrars[number];

    registrar->key = entry->key;
    registrar->port = entry->port;
    registrar->number = (uint8_t)number;
    memcpy(registrar->host, entry->host, sizeof registrar->host);
    registrar->is_literal = avpn_address_parse(entry->host, &registrar->addresses[0]) == AVPN_OK;
    if (registrar->is_literal)
        registrar->address_count = 1;
}

static void log_bad_key(const struct avpn_node *node, const char *host)
{
    struct avpni_text text = {0};

    avpni_text_add(&text, "registry ");
    avpni_text_add(&text, host);
    avpni_text_add(&text, ": its key in the configuration is no key; it is not used");
    avpni_log(&node->context, AVPN_LOG_ERROR, &text);
}

/*
 * A registry whose key is a low-order point can never be talked to, and a registration there is no
 * memory for is not made: the others serve, and the counter tells.
 */
void avpni_node_set_registries(struct avpn_node *node, const struct avpn_registry_entry *entries,
                               uint32_t count, avpn_time now)
{
    struct avpni_context *context = &node->context;

    drop_registrations(node, now);
    for (uint32_t i = 0; i < node->peer_count; i++)
        avpni_peer_forget_registries(node->peers[i]);
    avpni_syncer_forget(&node->syncer, count, now);
    for (uint32_t i = 0; i < count; i++) {
        init_registrar(node, i, &entries[i]);
        node->registrar_count = i + 1;
        if (!avpni_dh(&node->registrars[i].shared, &context->identity.secret_key,
                      &entries[i].key)) {
            log_bad_key(node, entries[i].host);
            continue;
        }
        for (uint32_t u = 0; u < AVPN_UPLINKS; u++) {
            if (avpni_registration_new(context, &node->registrars[i], u,
                                       &node->registrations[u][i]) != AVPN_OK)
                avpni_count(context, AVPN_DROP_MEMORY);
            else if (context->uplinks[u].is_up)
                avpni_registration_uplink_changed(node->registrations[u][i], now);
        }
    }
}

static void refresh_registrations(struct avpn_node *node, avpn_time now)
{
    for (uint32_t u = 0; u < AVPN_UPLINKS; u++)
        for (uint32_t i = 0; i < node->registrar_count; i++)
            if (node->registrations[u][i] != NULL)
                avpni_registration_refresh(node->registrations[u][i], now);
}

/* ---- the change ---------------------------------------------------------------------------- */

static void undo(struct change *change)
{
    const struct avpni_memory *memory = &change->node->context.memory;

    for (uint32_t i = 0; i < change->peer_count; i++)
        if (!change->is_kept[i])
            avpni_peer_del(change->peers[i]);
    if (change->by_tag.key_of != NULL) {
        avpni_map_fini(&change->by_tag);
        avpni_map_fini(&change->by_key);
    }
    avpni_release(memory, change->peers);
    avpni_release(memory, change->is_kept);
    avpni_release(memory, change->peer_offers);
    avpni_table_free(change->node, &change->table);
    avpni_rules_retire(&change->node->context.plane, change->rules);
}

static bool is_kept(const struct change *change, const struct avpni_peer *peer)
{
    uint32_t low = 0, high = change->peer_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (change->peers[middle]->member < peer->member)
            low = middle + 1;
        else
            high = middle;
    }
    return low < change->peer_count && change->peers[low] == peer;
}

static void drop_old_peers(struct avpn_node *node, const struct change *change)
{
    for (uint32_t i = 0; i < node->peer_count; i++) {
        struct avpni_peer *peer = node->peers[i];
        struct avpn_event event = avpni_event(AVPN_EVENT_TUNNEL, 0, change->now);

        if (is_kept(change, peer))
            continue;
        event.peer = peer->member;
        if (peer->is_up)
            avpni_events_push(&node->context.events, &event);
        avpni_peer_del(peer);
    }
    avpni_release(&node->context.memory, node->peers);
}

static void take_suites(struct avpni_context *context, const struct avpn_config *config)
{
    uint8_t allowed[AVPN_SUITES];
    uint32_t count = avpn_config_suites(config, allowed, AVPN_SUITES), taken = 0;

    memset(context->suites, 0, sizeof context->suites);
    for (uint32_t i = 0; i < count && i < AVPN_SUITES; i++)
        if (allowed[i] < AVPNI_AEAD_SUITES && context->aeads[allowed[i]] != NULL)
            context->suites[taken++] = allowed[i];
}

static bool marks(const struct avpn_member *member, uint32_t hub)
{
    for (uint32_t i = 0; i < member->hub_count; i++)
        if (member->hubs[i].member == hub)
            return (member->hubs[i].flags & AVPN_HUB_DEFAULT_ROUTE) != 0;
    return false;
}

/* [PRB-14] */
static uint32_t site_check(const struct avpn_config *config, uint32_t member)
{
    struct avpni_member_view view;

    return avpni_config_view(config, avpni_config_find(config, member), &view) ? view.site_check
                                                                               : 0;
}

static void configure_peers(struct avpn_node *node, avpn_time now)
{
    for (uint32_t i = 0; i < node->peer_count; i++) {
        struct avpn_member member = {.size = sizeof member};
        struct avpni_peer *peer = node->peers[i];

        avpn_config_member(node->config, peer->member, &member);
        if (avpni_peer_configure(peer, member.role, marks(&member, node->member),
                                 site_check(node->config, peer->member), member.manual,
                                 member.uplink_count, now) != AVPN_OK)
            avpni_count(&node->context, AVPN_DROP_MEMORY);
    }
}

static void commit(struct change *change)
{
    struct avpn_node *node = change->node;
    struct avpni_context *context = &node->context;
    struct avpn_event event = avpni_event(AVPN_EVENT_CONFIG, 1, change->now);

    avpni_routing_take(node, &change->table, change->rules, change->now);
    avpni_rules_retire(&context->plane, node->rules);
    node->rules = change->rules;
    drop_old_peers(node, change);
    node->peers = change->peers;
    node->peer_count = change->peer_count;
    avpni_map_fini(&node->by_tag);
    avpni_map_fini(&node->by_key);
    node->by_tag = change->by_tag;
    node->by_key = change->by_key;
    for (uint32_t i = 0; i < node->peer_count; i++) {
        node->peers[i]->offers = node->peers[i]->offers_told = change->peer_offers[i];
        node->peers[i]->site_check = site_check(change->config, node->peers[i]->member);
    }
    avpni_release(&context->memory, change->is_kept);
    avpni_release(&context->memory, change->peer_offers);
    avpn_config_del(node->config);
    node->config = change->config;
    node->member = change->self.id;
    node->role = change->self.role;
    node->is_revoked = (change->self.flags & AVPN_MEMBER_REVOKED) != 0;
    node->is_expired = false;
    context->psks = change->psks;
    context->config_version = avpn_config_version(change->config);
    context->offers = change->offers;
    context->site_check = site_check(change->config, change->self.id);
    take_suites(context, change->config);
    avpni_claim_end(context);
    event.version = context->config_version;
    avpni_events_push(&context->events, &event);
}

/* Of a revoked node: none [CFG-7]. */
static int32_t open_psks(struct change *change)
{
    if (change->self.flags & AVPN_MEMBER_REVOKED)
        return AVPN_OK;
    change->psks.epoch = avpn_config_psk_epoch(change->config);
    return avpn_config_psk(change->config, change->self.id, &change->node->context.identity,
                           &change->psks.current, &change->psks.previous);
}

int32_t avpni_node_apply(struct avpn_node *node, struct avpn_config *config, avpn_time now)
{
    struct change change = {.node = node, .config = config, .now = now};
    struct avpn_registry_entry entries[AVPN_REGISTRIES];
    uint32_t count;
    int32_t error;

    change.self.size = sizeof change.self;
    error = avpn_config_member_by_key(config, &node->context.identity.public_key, &change.self);
    if (error != AVPN_OK)
        return error;
    change.offers =
        node->config != NULL && node->member == change.self.id
            ? avpni_offers_carry(node->config, config, change.self.id, node->context.offers)
            : UINT64_MAX;
    error = open_psks(&change);
    if (error == AVPN_OK)
        error = make_peers(&change);
    if (error == AVPN_OK)
        error = make_table(&change);
    if (error == AVPN_OK)
        error = make_rules(&change);
    if (error != AVPN_OK) {
        undo(&change);
        avpni_wipe(&change.psks, sizeof change.psks);
        return error;
    }
    commit(&change);
    avpni_wipe(&change.psks, sizeof change.psks);
    if (node->is_revoked) {
        struct avpn_event event = avpni_event(AVPN_EVENT_REVOKED, 1, now);

        avpni_events_push(&node->context.events, &event);
        drop_registrations(node, now);
        return AVPN_OK;
    }
    avpni_routing_tell_conflicts(node, NULL, now);
    configure_peers(node, now);
    count = list_registries(config, entries);
    if (!has_registries(node, entries, count))
        avpni_node_set_registries(node, entries, count, now);
    else
        refresh_registrations(node, now);
    return AVPN_OK;
}

void avpni_node_drop_configuration(struct avpn_node *node)
{
    drop_registrations(node, 0);
    for (uint32_t i = 0; i < node->peer_count; i++)
        avpni_peer_del(node->peers[i]);
    avpni_release(&node->context.memory, node->peers);
    avpni_rules_retire(&node->context.plane, node->rules);
    node->rules = NULL;
    avpni_map_fini(&node->by_tag);
    avpni_map_fini(&node->by_key);
    avpni_routing_fini(node);
    avpn_config_del(node->config);
}
