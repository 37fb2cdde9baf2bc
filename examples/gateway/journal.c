/* SPDX-License-Identifier: ISC */
#include "gateway/journal.h"

#include <autovpn/nat.h>

#include "common/log.h"
#include "common/version.h"
#include "gateway/gateway.h"
#include "gateway/sentences.h"
#include "gateway/words.h"

static void log_path(const struct gateway *gateway, const struct avpn_event *event)
{
    char name[AVPN_NAME_BYTES], contact[AVPN_CONTACT_TEXT] = "";
    const char *what = event->state ? "alive at" : "dead,";

    if (event->kind == AVPN_EVENT_ROAM)
        what = "moved to";
    (void)avpn_contact_format(&event->contact, contact, sizeof contact);
    log_line(AVPN_LOG_INFO, "path %u-%u to %s: %s %s", event->uplink, event->remote_uplink,
             words_member(gateway, event->peer, name), what, contact);
}

static void log_registry(const struct gateway *gateway, const struct avpn_event *event)
{
    char name[AVPN_NAME_BYTES];

    log_line(event->state ? AVPN_LOG_INFO : AVPN_LOG_WARNING, "uplink %u: registry %s: %s",
             event->uplink, words_registry(gateway, event->registry, name),
             event->state ? "registered" : "lost");
}

static void log_join(const struct gateway *gateway, const struct avpn_event *event)
{
    int is_over = event->state == AVPN_JOIN_TAKEN || event->state == AVPN_JOIN_EXPIRED;
    char name[AVPN_NAME_BYTES];

    log_line(is_over ? AVPN_LOG_WARNING : AVPN_LOG_INFO, "registry %s: the place of member %u %s",
             words_registry(gateway, event->registry, name), gateway->membership.token.member,
             words_join(event->state)->text);
}

static void log_fault(const struct gateway *gateway, const struct avpn_event *event)
{
    char name[AVPN_NAME_BYTES], version[VERSION_TEXT];

    log_line(event->state ? AVPN_LOG_WARNING : AVPN_LOG_INFO, "registry %s %s (configuration %s)",
             words_registry(gateway, event->registry, name), words_fault(event->state)->text,
             version_text(event->version, version));
}

static void log_undone(const struct avpn_event *event)
{
    char version[VERSION_TEXT];

    log_line(AVPN_LOG_ERROR, "configuration %s cut this site off from every registry and hub and was "
                             "undone, the one before is in force again: correct registries and hubs in "
                             "org.yaml and publish",
             version_text(event->version, version));
}

static void log_conflict(struct gateway *gateway, const struct avpn_event *event)
{
    struct avpn_conflict_status conflict = {.size = sizeof conflict, .kind = event->state,
                                            .prefix = event->prefix, .winner = event->peer,
                                            .loser = event->other};
    struct sentence sentence = {{0}, 0};

    if (gateway->journal.conflicts++ >= JOURNAL_ROUTES)
        return;
    sentence_conflict(&sentence, gateway, &conflict);
    log_line(AVPN_LOG_WARNING, "%s", sentence.text);
}

static void log_offer(const struct gateway *gateway, const struct avpn_event *event)
{
    char name[AVPN_NAME_BYTES], prefix[AVPN_PREFIX_TEXT] = "";

    (void)avpn_prefix_format(&event->prefix, prefix, sizeof prefix);
    (void)words_member(gateway, event->peer, name);
    if (event->state)
        log_line(AVPN_LOG_INFO, "%s offers its export %s again", name, prefix);
    else
        log_line(AVPN_LOG_WARNING, "%s no longer offers its export %s", name, prefix);
}

static void log_mtu(const struct gateway *gateway, const struct avpn_event *event)
{
    char name[AVPN_NAME_BYTES];

    log_line(AVPN_LOG_INFO, "path %u-%u to %s: datagrams of %u bytes pass, packets of %u", event->uplink,
             event->remote_uplink, words_member(gateway, event->peer, name), event->metric,
             avpn_inner_bytes(event->metric));
}

/* ---- routes come by the thousand ------------------------------------------------------------ */

static void count_route(struct journal *journal, const struct avpn_event *event)
{
    if (event->kind == AVPN_EVENT_ROUTE_DELETE)
        journal->gone++;
    else if (event->state)
        journal->active++;
    else
        journal->standby++;
}

static void log_route(struct gateway *gateway, const struct avpn_event *event)
{
    struct journal *journal = &gateway->journal;
    char name[AVPN_NAME_BYTES], prefix[AVPN_PREFIX_TEXT] = "";

    if (journal->lines++ >= JOURNAL_ROUTES) {
        count_route(journal, event);
        return;
    }
    (void)avpn_prefix_format(&event->prefix, prefix, sizeof prefix);
    if (event->kind == AVPN_EVENT_ROUTE_DELETE)
        log_line(AVPN_LOG_INFO, "route %s is gone", prefix);
    else if (event->state)
        log_line(AVPN_LOG_INFO, "route %s is active through %s, choice %u", prefix,
                 words_member(gateway, event->peer, name), event->metric + 1);
    else
        log_line(AVPN_LOG_INFO, "route %s is on standby: no next hop is alive", prefix);
}

void journal_settle(struct gateway *gateway)
{
    struct journal *journal = &gateway->journal;

    if (journal->active + journal->standby + journal->gone > 0)
        log_line(AVPN_LOG_INFO, "and other routes: %u active, %u on standby, %u gone", journal->active,
                 journal->standby, journal->gone);
    if (journal->conflicts > JOURNAL_ROUTES)
        log_line(AVPN_LOG_WARNING, "and %u other conflicts between exports; autovpn routes shows them",
                 journal->conflicts - JOURNAL_ROUTES);
    *journal = (struct journal){0};
}

/* What nobody here knows. */
static void log_other(const struct avpn_event *event)
{
    char prefix[AVPN_PREFIX_TEXT] = "";

    (void)avpn_prefix_format(&event->prefix, prefix, sizeof prefix);
    log_line(AVPN_LOG_DEBUG, "event %s %s state %u", avpn_event_name(event->kind), prefix,
             event->state);
}

void journal_event(struct gateway *gateway, const struct avpn_event *event)
{
    char name[AVPN_NAME_BYTES], version[VERSION_TEXT];

    switch (event->kind) {
    case AVPN_EVENT_CONFIG:
        log_line(AVPN_LOG_INFO, "configuration %s is in force",
                 version_text(event->version, version));
        break;
    case AVPN_EVENT_REGISTRY:
        log_registry(gateway, event);
        break;
    case AVPN_EVENT_NAT:
        log_line(AVPN_LOG_INFO, "uplink %u: NAT is %s", event->uplink,
                 avpn_nat_name((uint8_t)event->state));
        break;
    case AVPN_EVENT_TUNNEL:
        log_line(AVPN_LOG_INFO, "tunnel with %s is %s", words_member(gateway, event->peer, name),
                 event->state ? "up" : "down");
        break;
    case AVPN_EVENT_PATH:
    case AVPN_EVENT_ROAM:
        log_path(gateway, event);
        break;
    case AVPN_EVENT_CONFLICT:
        log_conflict(gateway, event);
        break;
    case AVPN_EVENT_OFFER:
        log_offer(gateway, event);
        break;
    case AVPN_EVENT_MTU:
        log_mtu(gateway, event);
        break;
    case AVPN_EVENT_ROUTE_ADD:
    case AVPN_EVENT_ROUTE_REPLACE:
    case AVPN_EVENT_ROUTE_DELETE:
        log_route(gateway, event);
        break;
    case AVPN_EVENT_EXPIRED:
        log_line(AVPN_LOG_WARNING, "the configuration has expired; it stays in force");
        break;
    case AVPN_EVENT_REVOKED:
        log_line(AVPN_LOG_ERROR, "this node is revoked or no longer a member: no tunnels");
        break;
    case AVPN_EVENT_UNDONE:
        log_undone(event);
        break;
    case AVPN_EVENT_JOIN:
        log_join(gateway, event);
        break;
    case AVPN_EVENT_FAULT:
        log_fault(gateway, event);
        break;
    default:
        log_other(event);
        break;
    }
}
