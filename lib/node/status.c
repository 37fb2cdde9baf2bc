/* SPDX-License-Identifier: ISC */
/*
 * status: looking into a node. Nothing here changes anything.
 */
#include "base/sized.h"
#include "link/fault.h"
#include "link/path.h"
#include "link/session.h"
#include "node/worker.h"
#include <string.h>

static const char *const counter_names[AVPN_COUNTERS] = {
    "received",        "transmitted",   "sent",           "delivered",      "forwarded",
    "keepalive",       "dummy",         "drop-malformed", "drop-unexpected", "drop-mac1",
    "drop-load",       "drop-unproved", "drop-handshake", "drop-ticket",    "drop-session",
    "drop-probe",      "drop-transaction", "drop-spi",    "drop-esp",       "drop-replay",
    "drop-source",     "drop-inner",    "drop-no-route",  "drop-no-tunnel", "drop-hop-limit",
    "drop-size",       "drop-exhausted", "drop-memory",   "drop-random",    "drop-uplink",
    "drop-firewall",   "drop-translation", "drop-recursion", "drop-breakout", "breakout",
    "icmp",            "fragmented",    "clamped",        "punted",         "drop-handed-over",
};

uint32_t avpn_node_counters(const struct avpn_node *node, uint64_t *counters_out, size_t count)
{
    if (node != NULL && counters_out != NULL)
        for (size_t i = 0; i < count && i < AVPN_COUNTERS; i++)
            counters_out[i] = avpni_tally_read(&node->context.counters[i]) + node->gone[i] +
                              avpni_workers_counter(node, (enum avpn_counter)i);
    return AVPN_COUNTERS;
}

const char *avpn_counter_name(uint32_t counter)
{
    return counter < AVPN_COUNTERS ? counter_names[counter] : "unknown";
}

/* The best answer of any registry to our claims [JOIN-2]. */
static uint8_t join_state(const struct avpn_node *node)
{
    static const uint8_t order[] = {AVPN_JOIN_MEMBER, AVPN_JOIN_PENDING, AVPN_JOIN_TAKEN,
                                    AVPN_JOIN_EXPIRED};

    if (!node->context.is_claiming)
        return AVPN_JOIN_NONE;
    for (uint32_t i = 0; i < sizeof order; i++)
        for (uint32_t k = 0; k < node->registrar_count; k++)
            if (node->registrars[k].join == order[i])
                return order[i];
    return AVPN_JOIN_CLAIMING;
}

static void fill_configuration(const struct avpn_node *node, struct avpn_node_status *status)
{
    struct avpn_member self = {.size = sizeof self};

    for (uint32_t i = 0; i < node->peer_count; i++)
        status->tunnels_up += node->peers[i]->is_up;
    status->member = node->member;
    status->peer_count = node->peer_count;
    status->route_count = avpn_routes_count(node->routing.table.routes);
    status->role = node->role;
    status->is_revoked = node->is_revoked;
    status->is_expired = node->is_expired;
    status->config_version = node->context.config_version;
    status->config_created = avpn_config_created(node->config);
    status->config_expires = avpn_config_expires(node->config);
    if (avpn_config_member(node->config, node->member, &self) == AVPN_OK)
        memcpy(status->name, self.name, sizeof status->name);
    strncpy(status->organization_name, avpn_config_name(node->config), AVPN_NAME_BYTES - 1);
}

int32_t avpn_node_status(const struct avpn_node *node, struct avpn_node_status *status_out)
{
    struct avpn_node_status status = {0};

    if (node == NULL || !avpni_can_give(status_out, AVPNI_FIRST_NODE_STATUS))
        return AVPN_ERROR_ARGUMENT;
    status.offered_version = avpni_syncer_offered(&node->syncer);
    status.undone_version = node->configure.undone.version;
    status.join = join_state(node);
    avpni_syncer_progress(&node->syncer, &status.sync_received, &status.sync_total);
    if (node->config != NULL)
        fill_configuration(node, &status);
    return avpni_give(status_out, &status, sizeof status, AVPNI_FIRST_NODE_STATUS);
}

int32_t avpn_node_uplink_status(const struct avpn_node *node, uint32_t uplink,
                                struct avpn_uplink_status *status_out)
{
    struct avpn_uplink_status status = {0};
    const struct avpni_uplink *state;

    if (node == NULL || uplink >= AVPN_UPLINKS ||
        !avpni_can_give(status_out, AVPNI_FIRST_UPLINK_STATUS))
        return AVPN_ERROR_ARGUMENT;
    state = &node->context.uplinks[uplink];
    status.is_up = state->is_up;
    status.nat = state->nat;
    status.local = state->local;
    memcpy(status.evidence, state->evidence, sizeof status.evidence);
    return avpni_give(status_out, &status, sizeof status, AVPNI_FIRST_UPLINK_STATUS);
}

static void fill_registration(const struct avpni_registration *r,
                              struct avpn_registration_status *status)
{
    status->state = r->state;
    status->registry = r->session.is_established ? r->remote : r->initiator.sent_to;
    status->observed = r->observed;
    status->answered_at = r->answered_at;
    status->rtt_us = r->rtt_us;
    status->missed = r->missed;
    status->config_version = r->config_version;
}

int32_t avpn_node_registration_status(const struct avpn_node *node, uint32_t uplink,
                                      uint32_t registry,
                                      struct avpn_registration_status *status_out)
{
    struct avpn_registration_status status = {.answered_at = -1};

    if (node == NULL || uplink >= AVPN_UPLINKS ||
        !avpni_can_give(status_out, AVPNI_FIRST_REGISTRATION_STATUS))
        return AVPN_ERROR_ARGUMENT;
    if (registry >= node->registrar_count)
        return AVPN_ERROR_EMPTY;
    memcpy(status.host, node->registrars[registry].host, sizeof status.host);
    status.fault = avpni_fault_shown(&node->context, registry);
    if (node->registrations[uplink][registry] != NULL)
        fill_registration(node->registrations[uplink][registry], &status);
    return avpni_give(status_out, &status, sizeof status, AVPNI_FIRST_REGISTRATION_STATUS);
}

static uint8_t tunnel_state(const struct avpni_peer *peer)
{
    if (peer->is_up)
        return peer->tunnel.attempt != NULL || peer->tunnel.pending != NULL ? AVPN_TUNNEL_REKEYING
                                                                            : AVPN_TUNNEL_UP;
    for (uint32_t i = 0; i < AVPNI_PATHS; i++)
        if (peer->paths[i] != NULL && peer->paths[i]->state != AVPN_PATH_EMPTY)
            return AVPN_TUNNEL_CONNECTING;
    return AVPN_TUNNEL_DOWN;
}

static void fill_paths(const struct avpni_peer *peer, struct avpn_peer_status *status)
{
    for (uint32_t i = 0; i < AVPNI_PATHS; i++)
        status->path_count += peer->paths[i] != NULL;
    status->path_uplink = status->path_remote_uplink = AVPNI_UPLINK_UNKNOWN;
    if (peer->selected == AVPNI_PATH_NONE)
        return;
    status->path_uplink = (uint8_t)(peer->selected / AVPN_UPLINKS);
    status->path_remote_uplink = (uint8_t)(peer->selected % AVPN_UPLINKS);
    status->rtt_us = peer->paths[peer->selected]->rtt_us;
}

static int32_t give_peer(const struct avpn_node *node, const struct avpni_peer *peer,
                         struct avpn_peer_status *status_out)
{
    struct avpn_peer_status own = {.member = peer->member}, *const status = &own;
    const struct avpni_session *session = peer->tunnel.current;
    struct avpn_member member = {.size = sizeof member};

    if (avpn_config_member(node->config, peer->member, &member) == AVPN_OK)
        memcpy(status->name, member.name, sizeof status->name);
    status->role = peer->role;
    status->tunnel = tunnel_state(peer);
    status->is_connected = avpni_peer_is_connected(peer);
    status->is_initiator = peer->is_initiator;
    for (uint32_t i = AVPN_UPLINKS; i-- > 0;)
        if (peer->remotes[i] != NULL)
            status->nat = peer->remotes[i]->nat;
    fill_paths(peer, status);
    status->up_since = peer->up_since;
    status->held_until = peer->hop_state == AVPN_HOP_HELD ? peer->hold.until : -1;
    status->mtu_bytes = avpni_peer_inner_limit(peer);
    status->session_since = session != NULL ? session->created_at : -1;
    status->suite = session != NULL ? session->suite : AVPN_SUITE_NONE;
    status->sent_packets = avpni_tally_read(&peer->gate->sent_packets);
    status->sent_bytes = avpni_tally_read(&peer->gate->sent_bytes);
    status->received_packets = avpni_tally_read(&peer->gate->received_packets);
    status->received_bytes = avpni_tally_read(&peer->gate->received_bytes);
    return avpni_give(status_out, &own, sizeof own, AVPNI_FIRST_PEER_STATUS);
}

int32_t avpn_node_peer_at(const struct avpn_node *node, uint32_t index,
                          struct avpn_peer_status *status_out)
{
    if (node == NULL || !avpni_can_give(status_out, AVPNI_FIRST_PEER_STATUS))
        return AVPN_ERROR_ARGUMENT;
    if (index >= node->peer_count)
        return AVPN_ERROR_EMPTY;
    return give_peer(node, node->peers[index], status_out);
}

int32_t avpn_node_peer(const struct avpn_node *node, uint32_t member,
                       struct avpn_peer_status *status_out)
{
    struct avpni_peer *peer;

    if (node == NULL || !avpni_can_give(status_out, AVPNI_FIRST_PEER_STATUS))
        return AVPN_ERROR_ARGUMENT;
    peer = avpni_node_find_peer(node, member);
    if (peer == NULL)
        return AVPN_ERROR_NOT_FOUND;
    return give_peer(node, peer, status_out);
}

static const struct avpni_path *path_at(const struct avpni_peer *peer, uint32_t index)
{
    for (uint32_t i = 0; i < AVPNI_PATHS; i++)
        if (peer->paths[i] != NULL && index-- == 0)
            return peer->paths[i];
    return NULL;
}

int32_t avpn_node_path_at(const struct avpn_node *node, uint32_t member, uint32_t index,
                          struct avpn_path_status *status_out)
{
    const struct avpni_peer *peer;
    const struct avpni_path *path;
    struct avpn_path_status status = {0};

    if (node == NULL || !avpni_can_give(status_out, AVPNI_FIRST_PATH_STATUS))
        return AVPN_ERROR_ARGUMENT;
    peer = avpni_node_find_peer(node, member);
    if (peer == NULL)
        return AVPN_ERROR_NOT_FOUND;
    path = path_at(peer, index);
    if (path == NULL)
        return AVPN_ERROR_EMPTY;
    status.state = path->state;
    status.uplink = path->uplink;
    status.remote_uplink = path->remote_uplink;
    status.is_selected = peer->selected == path->uplink * AVPN_UPLINKS + path->remote_uplink;
    status.contact = path->contact;
    status.rtt_us = path->rtt_us;
    status.answered_at = path->answered_at;
    status.probes_sent = path->probes_sent;
    status.probes_answered = path->probes_answered;
    status.mtu_bytes = path->mtu.size;
    status.mtu_state = path->mtu.state;
    return avpni_give(status_out, &status, sizeof status, AVPNI_FIRST_PATH_STATUS);
}

int32_t avpn_node_route_at(const struct avpn_node *node, uint32_t index,
                           struct avpn_route *route_out, uint32_t *active_out)
{
    int32_t error;

    if (node == NULL || !avpni_can_give(route_out, AVPNI_FIRST_ROUTE))
        return AVPN_ERROR_ARGUMENT;
    error = avpn_routes_at(node->routing.table.routes, index, route_out);
    if (error == AVPN_OK && active_out != NULL)
        *active_out = avpn_routes_active(node->routing.table.routes, route_out);
    return error;
}

uint32_t avpn_node_hop_state(const struct avpn_node *node, uint32_t member)
{
    return node == NULL ? AVPN_HOP_DEAD : avpn_routes_state(node->routing.table.routes, member);
}

int32_t avpn_node_rule_at(const struct avpn_node *node, uint32_t index,
                          struct avpn_rule *rule_out, struct avpn_rule_status *status_out)
{
    struct avpn_rule_status status = {0};
    const struct avpni_firewall *firewall;

    if (node == NULL || (rule_out != NULL && !avpni_can_give(rule_out, AVPNI_FIRST_RULE)) ||
        (status_out != NULL && !avpni_can_give(status_out, AVPNI_FIRST_RULE_STATUS)))
        return AVPN_ERROR_ARGUMENT;
    firewall = &node->rules->firewall;
    if (index >= firewall->rule_count)
        return AVPN_ERROR_EMPTY;
    status.sent_packets = avpni_tally_read(&firewall->sent[index]);
    status.received_packets = avpni_tally_read(&firewall->received[index]);
    if (rule_out != NULL)
        (void)avpni_give(rule_out, &firewall->rules[index], sizeof *rule_out, AVPNI_FIRST_RULE);
    if (status_out != NULL)
        (void)avpni_give(status_out, &status, sizeof status, AVPNI_FIRST_RULE_STATUS);
    return AVPN_OK;
}

/* ---- where the node sends of itself [RTE-11] ------------------------------------------- */

/* Counts `index` down over the contacts of one list. */
static bool outer_registry(const struct avpn_node *node, uint32_t *index, uint32_t *uplink_out,
                           struct avpn_contact *contact_out)
{
    for (uint32_t u = 0; u < AVPN_UPLINKS; u++)
        for (uint32_t i = 0; i < node->registrar_count; i++) {
            const struct avpni_registration *r = node->registrations[u][i];
            const struct avpn_contact *at;

            if (r == NULL)
                continue;
            at = r->session.is_established ? &r->remote : &r->initiator.sent_to;
            if (at->family == AVPN_FAMILY_NONE || (*index)-- > 0)
                continue;
            *uplink_out = u;
            *contact_out = *at;
            return true;
        }
    return false;
}

static bool outer_path(const struct avpni_path *path, uint32_t *index, uint32_t *uplink_out,
                       struct avpn_contact *contact_out)
{
    uint32_t count = path->state == AVPN_PATH_ALIVE ? 1 : path->candidate_count;

    if (*index >= count) {
        *index -= count;
        return false;
    }
    *uplink_out = path->uplink;
    *contact_out =
        path->state == AVPN_PATH_ALIVE ? path->contact : path->candidates[*index].contact;
    return true;
}

int32_t avpn_node_outer_at(const struct avpn_node *node, uint32_t index, uint32_t *uplink_out,
                           struct avpn_contact *contact_out)
{
    if (node == NULL || uplink_out == NULL || contact_out == NULL)
        return AVPN_ERROR_ARGUMENT;
    if (outer_registry(node, &index, uplink_out, contact_out))
        return AVPN_OK;
    for (uint32_t i = 0; i < node->peer_count; i++)
        for (uint32_t k = 0; k < AVPNI_PATHS; k++)
            if (node->peers[i]->paths[k] != NULL &&
                outer_path(node->peers[i]->paths[k], &index, uplink_out, contact_out))
                return AVPN_OK;
    return AVPN_ERROR_EMPTY;
}

const struct avpn_aead *avpn_node_aead(const struct avpn_node *node, uint8_t suite)
{
    return node == NULL || suite >= AVPNI_AEAD_SUITES ? NULL : node->context.aeads[suite];
}

const struct avpn_config *avpn_node_config(const struct avpn_node *node)
{
    return node == NULL ? NULL : node->config;
}
