/* SPDX-License-Identifier: ISC */
#include "gateway/report.h"

#include <string.h>

#include <autovpn/nat.h>
#include <autovpn/sa.h>
#include <autovpn/version.h>

#include "common/json.h"
#include "gateway/gateway.h"
#include "gateway/report_parts.h"
#include "gateway/words.h"

/* ---- status ---------------------------------------------------------------------------- */

static json_t *registration_object(const struct avpn_registration_status *status, avpn_time now)
{
    int is_faulty = status->fault != AVPN_FAULT_NONE;

    return json_pack("{s:s, s:o, s:s, s:o, s:o, s:I, s:I, s:I, s:s, s:s}", "host", status->host,
                     "contact", json_contact(&status->registry), "state",
                     words_registration(status->state), "observed",
                     json_contact(&status->observed), "answered_s_ago",
                     status->answered_at < 0 ? json_null() : json_seconds(now, status->answered_at),
                     "rtt_us", (json_int_t)status->rtt_us, "missed", (json_int_t)status->missed,
                     "config_version", (json_int_t)status->config_version, "fault",
                     words_fault(status->fault)->name, "fault_text",
                     is_faulty ? words_fault(status->fault)->text : "");
}

static json_t *registrations(const struct gateway *gateway, uint32_t uplink)
{
    json_t *list = json_array();
    avpn_time now = loop_now();

    for (uint32_t i = 0; i < AVPN_REGISTRIES; i++) {
        struct avpn_registration_status status = {.size = sizeof status};

        if (avpn_node_registration_status(gateway->node, uplink, i, &status) != AVPN_OK)
            break;
        json_array_append_new(list, registration_object(&status, now));
    }
    return list;
}

static json_t *uplinks(const struct gateway *gateway)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < gateway->setup->uplink_count; i++) {
        const struct setup_uplink *setup = &gateway->setup->uplinks[i];
        struct avpn_uplink_status status = {.size = sizeof status};
        struct uplink_losses losses;

        if (avpn_node_uplink_status(gateway->node, i, &status) != AVPN_OK)
            continue;
        uplink_count_losses(&gateway->uplinks[i], &losses);
        json_array_append_new(
            list,
            json_pack("{s:I, s:s, s:s, s:I, s:I, s:I, s:b, s:o, s:s, s:[o, o], s:o}", "uplink", (json_int_t)i,
                      "interface", setup->interface, "family",
                      setup->family == AVPN_FAMILY_IPV6 ? "ipv6" : "ipv4", "mtu_bytes",
                      (json_int_t)gateway->uplinks[i].state.mtu_bytes, "too_big",
                      (json_int_t)losses.too_big, "full", (json_int_t)losses.full, "up", status.is_up, "local",
                      json_contact(&status.local), "nat", avpn_nat_name(status.nat), "evidence",
                      json_contact(&status.evidence[0]), json_contact(&status.evidence[1]),
                      "registries", registrations(gateway, i)));
    }
    return list;
}

/* Which configuration, how it came, and what else there is. */
static json_t *configuration_object(const struct avpn_node_status *status)
{
    json_t *sync = status->sync_total
                       ? json_pack("{s:I, s:I}", "received", (json_int_t)status->sync_received,
                                   "total", (json_int_t)status->sync_total)
                       : json_null();

    return json_pack("{s:I, s:I, s:I, s:b, s:I, s:I, s:o}", "version",
                     (json_int_t)status->config_version, "created",
                     (json_int_t)status->config_created, "expires",
                     (json_int_t)status->config_expires, "expired", status->is_expired, "offered",
                     (json_int_t)status->offered_version, "undone",
                     (json_int_t)status->undone_version, "sync", sync);
}

static json_t *join_object(const struct gateway *gateway, const struct avpn_node_status *status)
{
    const struct words *words = words_join(status->join);

    if (status->join == AVPN_JOIN_NONE)
        return json_null();
    return json_pack("{s:s, s:I, s:s}", "state", words->name, "member",
                     (json_int_t)gateway->membership.token.member, "text", words->text);
}

static json_t *answer_status(const struct gateway *gateway)
{
    struct avpn_node_status status = {.size = sizeof status};
    avpn_time now = loop_now();

    if (avpn_node_status(gateway->node, &status) != AVPN_OK)
        return NULL;
    return json_pack(
        "{s:s, s:s, s:s, s:o, s:I, s:s, s:o, s:o, s:I, s:b, s:b, s:I, s:I, s:I, s:o, s:o, s:s, s:o, s:o}",
        "version", avpn_version(), "name", status.name, "organization", status.organization_name,
        "organization_id", json_key(&gateway->membership.organization), "member",
        (json_int_t)status.member, "role", words_role(status.role), "join",
        join_object(gateway, &status), "configuration", configuration_object(&status),
        "config_version", (json_int_t)status.config_version, "revoked", status.is_revoked,
        "expired", status.is_expired, "peers", (json_int_t)status.peer_count, "tunnels_up",
        (json_int_t)status.tunnels_up, "routes", (json_int_t)status.route_count,
        "running_s", json_seconds(now, gateway->started_at),
        "first_tunnel_after_s", json_seconds(gateway->first_tunnel_at, gateway->started_at),
        "interface", gateway->tun.name, "carrying", report_carrying(gateway), "uplinks", uplinks(gateway));
}

/* ---- peers ------------------------------------------------------------------------------- */

static json_t *paths(const struct gateway *gateway, const struct avpn_peer_status *peer)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < peer->path_count; i++) {
        struct avpn_path_status status = {.size = sizeof status};

        if (avpn_node_path_at(gateway->node, peer->member, i, &status) != AVPN_OK)
            break;
        json_array_append_new(
            list, json_pack("{s:I, s:I, s:s, s:b, s:o, s:I, s:I, s:I, s:I, s:s}", "uplink",
                            (json_int_t)status.uplink, "remote_uplink",
                            (json_int_t)status.remote_uplink, "state", words_path(status.state),
                            "selected", status.is_selected, "contact",
                            json_contact(&status.contact), "rtt_us", (json_int_t)status.rtt_us,
                            "probes_sent", (json_int_t)status.probes_sent, "probes_answered",
                            (json_int_t)status.probes_answered, "mtu_bytes",
                            (json_int_t)status.mtu_bytes, "mtu_state",
                            words_mtu(status.mtu_state)));
    }
    return list;
}

static json_t *peer_object(const struct gateway *gateway, const struct avpn_peer_status *peer)
{
    avpn_time now = loop_now();

    return json_pack(
        "{s:I, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:I, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:o}",
        "member", (json_int_t)peer->member, "name", peer->name, "role", words_role(peer->role),
        "tunnel", words_tunnel(peer->tunnel), "nat", avpn_nat_name(peer->nat), "suite",
        peer->suite ? avpn_suite_name(peer->suite) : "", "connected", peer->is_connected,
        "initiator", peer->is_initiator, "rtt_us", (json_int_t)peer->rtt_us, "up_for_s",
        peer->up_since < 0 ? json_null() : json_seconds(now, peer->up_since), "up_after_s",
        json_seconds(peer->up_since, gateway->started_at), "session_age_s",
        peer->session_since < 0 ? json_null() : json_seconds(now, peer->session_since),
        "held_for_s",
        peer->held_until > now ? json_seconds(peer->held_until, now) : json_null(), "mtu_bytes",
        (json_int_t)peer->mtu_bytes, "sent_packets", (json_int_t)peer->sent_packets, "sent_bytes",
        (json_int_t)peer->sent_bytes, "received_packets", (json_int_t)peer->received_packets,
        "received_bytes", (json_int_t)peer->received_bytes, "paths", paths(gateway, peer));
}

static json_t *answer_peers(const struct gateway *gateway)
{
    json_t *list = json_array();

    for (uint32_t i = 0;; i++) {
        struct avpn_peer_status peer = {.size = sizeof peer};

        if (avpn_node_peer_at(gateway->node, i, &peer) != AVPN_OK)
            break;
        json_array_append_new(list, peer_object(gateway, &peer));
    }
    return json_pack("{s:o}", "peers", list);
}

/* ---- counters, events --------------------------------------------------------------- */

static json_t *answer_counters(const struct gateway *gateway)
{
    uint64_t counters[AVPN_COUNTERS] = {0};
    json_t *object = json_object();

    (void)avpn_node_counters(gateway->node, counters, AVPN_COUNTERS);
    for (uint32_t i = 0; i < AVPN_COUNTERS; i++)
        json_object_set_new(object, avpn_counter_name(i), json_integer((json_int_t)counters[i]));
    return json_pack("{s:o}", "counters", object);
}

static json_t *event_object(const struct gateway *gateway, const struct avpn_event *event)
{
    char name[AVPN_NAME_BYTES], other[AVPN_NAME_BYTES];

    return json_pack("{s:o, s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:I}", "after_s",
                     json_seconds(event->at, gateway->started_at), "event",
                     avpn_event_name(event->kind), "state", (json_int_t)event->state, "peer",
                     event->peer ? words_member(gateway, event->peer, name) : "", "other",
                     event->other ? words_member(gateway, event->other, other) : "", "uplink",
                     (json_int_t)event->uplink, "remote_uplink", (json_int_t)event->remote_uplink,
                     "registry", (json_int_t)event->registry, "contact",
                     json_contact(&event->contact), "prefix", json_prefix(&event->prefix), "metric",
                     (json_int_t)event->metric, "version", (json_int_t)event->version, "lost", (json_int_t)event->lost);
}

static json_t *answer_events(const struct gateway *gateway)
{
    json_t *list = json_array();
    uint64_t first = gateway->event_count > GATEWAY_EVENTS ? gateway->event_count - GATEWAY_EVENTS
                                                           : 0;

    for (uint64_t i = first; i < gateway->event_count; i++)
        json_array_append_new(list, event_object(gateway, &gateway->events[i % GATEWAY_EVENTS]));
    return json_pack("{s:o}", "events", list);
}

json_t *report_answer(void *user, const char *command, const json_t *request)
{
    static const struct {
        const char *command;
        json_t *(*answer)(const struct gateway *gateway);
    } answers[] = {
        {"status", answer_status}, {"peers", answer_peers},       {"routes", report_routes},
        {"rules", report_rules},   {"counters", answer_counters}, {"events", answer_events},
    };
    const struct gateway *gateway = user;

    if (!gateway->node)
        return NULL;
    if (strcmp(command, "explain") == 0)
        return report_explain(gateway, request);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (strcmp(command, answers[i].command) == 0)
            return answers[i].answer(gateway);
    return NULL;
}
