/* SPDX-License-Identifier: ISC */
#include "gateway/report.h"

#include <stdio.h>
#include <string.h>

#include <autovpn/nat.h>
#include <autovpn/sa.h>

#include "common/json.h"
#include "common/log.h"
#include "gateway/gateway.h"

static const char *role_name(uint8_t role)
{
    return role == AVPN_ROLE_HUB ? "hub" : role == AVPN_ROLE_SPOKE ? "spoke" : "none";
}

static const char *tunnel_name(uint8_t state)
{
    static const char *const names[] = {"down", "connecting", "up", "rekeying"};

    return state < 4 ? names[state] : "unknown";
}

static const char *path_name(uint8_t state)
{
    static const char *const names[] = {"empty", "punching", "alive"};

    return state < 3 ? names[state] : "unknown";
}

static const char *registration_name(uint8_t state)
{
    static const char *const names[] = {"idle", "resolving", "registering", "registered"};

    return state < 4 ? names[state] : "unknown";
}

struct words {
    const char *name; /* for programs */
    const char *text; /* for people */
};

/* enum avpn_join_state, after "the place of member N" */
static const struct words join_words[] = {
    {"none", "needs no claim"},
    {"claiming", "is being claimed; no registry has answered yet"},
    {"pending", "is claimed; the administrator is to publish (autovpn org publish)"},
    {"taken", "was claimed by another device first; ask the administrator for another token "
              "(autovpn invite)"},
    {"expired", "cannot be claimed any more, the token has expired; ask the administrator for "
                "another one (autovpn invite)"},
    {"member", "is this device's; its configuration is on its way"},
};

/* enum avpn_registry_fault, after "registry NAME" */
static const struct words fault_words[] = {
    {"none", "is in order again"},
    {"forged", "delivered a configuration that does not verify, nothing of it was taken: tell "
               "whoever runs it that it lies or is damaged"},
    {"behind", "serves an older configuration than others: repeat autovpn org publish"},
    {"stalled", "speaks of a newer configuration and does not deliver it: repeat autovpn org "
                "publish, or tell whoever runs it"},
    {"contacts", "names contacts at which peers do not answer, others name the right ones: tell "
                 "whoever runs it that it errs or lies"},
};

static const struct words *words_of(const struct words *list, size_t count, uint32_t number)
{
    static const struct words unknown = {"unknown", "is in a state this program does not know"};

    return number < count ? &list[number] : &unknown;
}

static const struct words *join_words_of(uint32_t state)
{
    return words_of(join_words, sizeof join_words / sizeof join_words[0], state);
}

static const struct words *fault_words_of(uint32_t fault)
{
    return words_of(fault_words, sizeof fault_words / sizeof fault_words[0], fault);
}

const char *report_join_text(uint32_t state)
{
    return join_words_of(state)->text;
}

static const char *member_name(const struct gateway *gateway, uint32_t id,
                               char name_out[AVPN_NAME_BYTES])
{
    const struct avpn_config *config = avpn_node_config(gateway->node);
    struct avpn_member member = {.size = sizeof member};

    if (config && avpn_config_member(config, id, &member) == AVPN_OK)
        memcpy(name_out, member.name, AVPN_NAME_BYTES);
    else
        (void)snprintf(name_out, AVPN_NAME_BYTES, "member %u", id);
    return name_out;
}

/* By its place in the configuration, or in the token while there is none. */
static const char *registry_name(const struct gateway *gateway, uint32_t index,
                                 char name_out[AVPN_NAME_BYTES])
{
    const struct avpn_config *config = avpn_node_config(gateway->node);
    const struct membership *membership = &gateway->membership;
    struct avpn_registry_entry entry = {.size = sizeof entry};

    if (config && avpn_config_registry(config, index, &entry) == AVPN_OK)
        memcpy(name_out, entry.host, AVPN_NAME_BYTES);
    else if (!config && membership->has_token && index < membership->token.registry_count)
        memcpy(name_out, membership->token.registries[index].host, AVPN_NAME_BYTES);
    else
        (void)snprintf(name_out, AVPN_NAME_BYTES, "%u", index);
    return name_out;
}

/* ---- status ---------------------------------------------------------------------------- */

static json_t *registration_object(const struct avpn_registration_status *status, avpn_time now)
{
    int is_faulty = status->fault != AVPN_FAULT_NONE;

    return json_pack("{s:s, s:o, s:s, s:o, s:o, s:I, s:I, s:I, s:s, s:s}", "host", status->host,
                     "contact", json_contact(&status->registry), "state",
                     registration_name(status->state), "observed",
                     json_contact(&status->observed), "answered_s_ago",
                     status->answered_at < 0 ? json_null() : json_seconds(now, status->answered_at),
                     "rtt_us", (json_int_t)status->rtt_us, "missed", (json_int_t)status->missed,
                     "config_version", (json_int_t)status->config_version, "fault",
                     fault_words_of(status->fault)->name, "fault_text",
                     is_faulty ? fault_words_of(status->fault)->text : "");
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

        if (avpn_node_uplink_status(gateway->node, i, &status) != AVPN_OK)
            continue;
        json_array_append_new(
            list,
            json_pack("{s:I, s:s, s:b, s:o, s:s, s:[o, o], s:o}", "uplink", (json_int_t)i,
                      "interface", setup->interface, "up", status.is_up, "local",
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
    const struct words *words = join_words_of(status->join);

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
        "{s:s, s:s, s:s, s:o, s:I, s:s, s:o, s:o, s:I, s:b, s:b, s:I, s:I, s:I, s:o, s:o, s:s, s:o}",
        "version", avpn_version(), "name", status.name, "organization", status.organization_name,
        "organization_id", json_key(&gateway->membership.organization), "member",
        (json_int_t)status.member, "role", role_name(status.role), "join",
        join_object(gateway, &status), "configuration", configuration_object(&status),
        "config_version", (json_int_t)status.config_version, "revoked", status.is_revoked,
        "expired", status.is_expired, "peers", (json_int_t)status.peer_count, "tunnels_up",
        (json_int_t)status.tunnels_up, "routes", (json_int_t)status.route_count,
        "running_s", json_seconds(now, gateway->started_at),
        "first_tunnel_after_s", json_seconds(gateway->first_tunnel_at, gateway->started_at),
        "interface", gateway->tun.name, "uplinks", uplinks(gateway));
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
            list, json_pack("{s:I, s:I, s:s, s:b, s:o, s:I, s:I, s:I}", "uplink",
                            (json_int_t)status.uplink, "remote_uplink",
                            (json_int_t)status.remote_uplink, "state", path_name(status.state),
                            "selected", status.is_selected, "contact",
                            json_contact(&status.contact), "rtt_us", (json_int_t)status.rtt_us,
                            "probes_sent", (json_int_t)status.probes_sent, "probes_answered",
                            (json_int_t)status.probes_answered));
    }
    return list;
}

static json_t *peer_object(const struct gateway *gateway, const struct avpn_peer_status *peer)
{
    avpn_time now = loop_now();

    return json_pack(
        "{s:I, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:I, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o}",
        "member", (json_int_t)peer->member, "name", peer->name, "role", role_name(peer->role),
        "tunnel", tunnel_name(peer->tunnel), "nat", avpn_nat_name(peer->nat), "suite",
        peer->suite ? avpn_suite_name(peer->suite) : "", "connected", peer->is_connected,
        "initiator", peer->is_initiator, "rtt_us", (json_int_t)peer->rtt_us, "up_for_s",
        peer->up_since < 0 ? json_null() : json_seconds(now, peer->up_since), "up_after_s",
        json_seconds(peer->up_since, gateway->started_at), "session_age_s",
        peer->session_since < 0 ? json_null() : json_seconds(now, peer->session_since),
        "sent_packets", (json_int_t)peer->sent_packets, "sent_bytes",
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

/* ---- routes, counters, events --------------------------------------------------------------- */

static json_t *route_object(const struct gateway *gateway, const struct avpn_route *route,
                            uint32_t active)
{
    json_t *hops = json_array();
    char name[AVPN_NAME_BYTES];
    int is_local = route->hop_count > 0 && route->hops[0] == AVPN_HOP_LOCAL;

    for (uint32_t i = 0; i < route->hop_count; i++)
        json_array_append_new(
            hops, route->hops[i] == AVPN_HOP_LOCAL
                      ? json_string("local")
                      : json_string(member_name(gateway, route->hops[i], name)));
    return json_pack("{s:o, s:s, s:o, s:o}", "prefix", json_prefix(&route->prefix), "state",
                     is_local                    ? "local"
                     : active != AVPN_ROUTE_NONE ? "active"
                                                 : "standby",
                     "via",
                     active < route->hop_count ? json_incref(json_array_get(hops, active))
                                               : json_null(),
                     "hops", hops);
}

static json_t *answer_routes(const struct gateway *gateway)
{
    json_t *list = json_array();

    for (uint32_t i = 0;; i++) {
        struct avpn_route route = {.size = sizeof route};
        uint32_t active = AVPN_ROUTE_NONE;

        if (avpn_node_route_at(gateway->node, i, &route, &active) != AVPN_OK)
            break;
        json_array_append_new(list, route_object(gateway, &route, active));
    }
    return json_pack("{s:o}", "routes", list);
}

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
    char name[AVPN_NAME_BYTES];

    return json_pack("{s:o, s:s, s:I, s:s, s:I, s:I, s:I, s:o, s:o, s:I, s:I}", "after_s",
                     json_seconds(event->at, gateway->started_at), "event",
                     avpn_event_name(event->kind), "state", (json_int_t)event->state, "peer",
                     event->peer ? member_name(gateway, event->peer, name) : "", "uplink",
                     (json_int_t)event->uplink, "remote_uplink", (json_int_t)event->remote_uplink,
                     "registry", (json_int_t)event->registry, "contact",
                     json_contact(&event->contact), "prefix", json_prefix(&event->prefix),
                     "version", (json_int_t)event->version, "lost", (json_int_t)event->lost);
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
        {"status", answer_status},     {"peers", answer_peers},   {"routes", answer_routes},
        {"counters", answer_counters}, {"events", answer_events},
    };
    const struct gateway *gateway = user;

    (void)request;
    if (!gateway->node)
        return NULL;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (strcmp(command, answers[i].command) == 0)
            return answers[i].answer(gateway);
    return NULL;
}

/* ---- log ------------------------------------------------------------------------------------- */

/* Events a person wants to read while it runs; routes come by the thousand and stay out. */
void report_log_event(const struct gateway *gateway, const struct avpn_event *event)
{
    char name[AVPN_NAME_BYTES];
    char contact[AVPN_CONTACT_TEXT] = "";
    char prefix[AVPN_PREFIX_TEXT] = "";
    uint32_t level = AVPN_LOG_INFO;

    (void)avpn_contact_format(&event->contact, contact, sizeof contact);
    (void)avpn_prefix_format(&event->prefix, prefix, sizeof prefix);
    switch (event->kind) {
    case AVPN_EVENT_CONFIG:
        log_line(level, "configuration %llu is in force", (unsigned long long)event->version);
        break;
    case AVPN_EVENT_REGISTRY:
        log_line(event->state ? level : AVPN_LOG_WARNING, "uplink %u: registry %s: %s",
                 event->uplink, registry_name(gateway, event->registry, name),
                 event->state ? "registered" : "lost");
        break;
    case AVPN_EVENT_NAT:
        log_line(level, "uplink %u: NAT is %s", event->uplink,
                 avpn_nat_name((uint8_t)event->state));
        break;
    case AVPN_EVENT_TUNNEL:
        log_line(level, "tunnel with %s is %s", member_name(gateway, event->peer, name),
                 event->state ? "up" : "down");
        break;
    case AVPN_EVENT_PATH:
    case AVPN_EVENT_ROAM:
        log_line(level, "path %u-%u to %s: %s %s", event->uplink, event->remote_uplink,
                 member_name(gateway, event->peer, name),
                 event->kind == AVPN_EVENT_ROAM ? "moved to"
                 : event->state                 ? "alive at"
                                                : "dead,",
                 contact);
        break;
    case AVPN_EVENT_CONFLICT:
        log_line(AVPN_LOG_WARNING, "%s is exported by more than one member; %s wins", prefix,
                 member_name(gateway, event->peer, name));
        break;
    case AVPN_EVENT_EXPIRED:
        log_line(AVPN_LOG_WARNING, "the configuration has expired; it stays in force");
        break;
    case AVPN_EVENT_REVOKED:
        log_line(AVPN_LOG_ERROR, "this node is revoked or no longer a member: no tunnels");
        break;
    case AVPN_EVENT_UNDONE:
        log_line(AVPN_LOG_ERROR, "configuration %llu cut this site off from every registry and hub and "
                                 "was undone, the one before is in force again: correct registries and "
                                 "hubs in org.yaml and publish",
                 (unsigned long long)event->version);
        break;
    case AVPN_EVENT_JOIN:
        log_line(event->state == AVPN_JOIN_TAKEN || event->state == AVPN_JOIN_EXPIRED
                     ? AVPN_LOG_ERROR
                     : level,
                 "registry %s: the place of member %u %s",
                 registry_name(gateway, event->registry, name), gateway->membership.token.member,
                 report_join_text(event->state));
        break;
    case AVPN_EVENT_FAULT:
        log_line(event->state ? AVPN_LOG_WARNING : level, "registry %s %s (configuration %llu)",
                 registry_name(gateway, event->registry, name), fault_words_of(event->state)->text,
                 (unsigned long long)event->version);
        break;
    default:
        log_line(AVPN_LOG_DEBUG, "event %s %s state %u", avpn_event_name(event->kind), prefix,
                 event->state);
        break;
    }
}
