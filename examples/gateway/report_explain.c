/* SPDX-License-Identifier: ISC */
/*
 * The answer to "explain": what the engine would do with a packet and why, for programs, and as sentences
 * for a person.
 */
#include "gateway/report_parts.h"

#include <string.h>

#include <autovpn/sa.h>

#include "common/json.h"
#include "gateway/gateway.h"
#include "gateway/sentences.h"
#include "gateway/words.h"

/* ---- the question ------------------------------------------------------------------------- */

static json_t *refuse(const char *field, const char *advice)
{
    return json_pack("{s:o}", "error", json_sprintf("%s: %s", field, advice));
}

static int read_address(const json_t *request, const char *field, struct avpn_address *address_out)
{
    const char *text = json_string_value(json_object_get(request, field));

    return text && avpn_address_parse(text, address_out) == AVPN_OK;
}

/* A number up to `most`; what is missing or null is 0. */
static int read_number(const json_t *request, const char *field, json_int_t most, json_int_t *number_out)
{
    const json_t *value = json_object_get(request, field);

    *number_out = 0;
    if (!value || json_is_null(value))
        return 1;
    *number_out = json_integer_value(value);
    return json_is_integer(value) && *number_out >= 0 && *number_out <= most;
}

static int read_protocol(const json_t *request, uint8_t *protocol_out)
{
    const char *name = json_string_value(json_object_get(request, "protocol"));
    json_int_t number;

    if (name)
        return words_protocol_parse(name, protocol_out);
    if (!read_number(request, "protocol", 255, &number))
        return 0;
    *protocol_out = (uint8_t)number;
    return 1;
}

/* NULL: understood; else the complaint. */
static json_t *read_flow(const json_t *request, struct avpn_flow *flow_out)
{
    json_int_t source, destination;

    if (!read_address(request, "source", &flow_out->source))
        return refuse("source", "should be an IPv4 or IPv6 address");
    if (!read_address(request, "destination", &flow_out->destination))
        return refuse("destination", "should be an IPv4 or IPv6 address");
    if (flow_out->source.family != flow_out->destination.family)
        return refuse("destination", "should be of the same family as source");
    if (!read_protocol(request, &flow_out->protocol))
        return refuse("protocol", "should be a name such as tcp, udp or icmp, or a number up to 255");
    if (!read_number(request, "source_port", 65535, &source))
        return refuse("source_port", "should be a number up to 65535");
    if (!read_number(request, "destination_port", 65535, &destination))
        return refuse("destination_port", "should be a number up to 65535");
    flow_out->source_port = (uint16_t)source;
    flow_out->destination_port = (uint16_t)destination;
    return NULL;
}

/* ---- sentences ------------------------------------------------------------------------------- */

/* What the sentences are about. */
struct story {
    const struct gateway *gateway;
    const struct avpn_flow *flow;
    const struct avpn_explanation *explanation;
    struct avpn_rule rule;
    struct avpn_breakout breakout;
    int has_rule, has_breakout;
};

static void tell(json_t *list, const struct sentence *sentence)
{
    if (sentence->used > 0)
        json_array_append_new(list, json_string(sentence->text));
}

static void add_address(struct sentence *sentence, const struct avpn_address *address)
{
    char text[AVPN_ADDRESS_TEXT] = "";

    (void)avpn_address_format(address, text, sizeof text);
    sentence_add(sentence, "%s", text);
}

static void add_rule(struct sentence *sentence, const struct story *story)
{
    sentence_add(sentence, "rule %u", story->explanation->rule + 1); /* as a person counts */
    if (story->rule.name[0])
        sentence_add(sentence, " (%s)", story->rule.name);
}

static void add_breakout(struct sentence *sentence, const struct story *story)
{
    if (!story->has_breakout) {
        sentence_add(sentence, ", because no exit hub takes this site's default route");
        return;
    }
    sentence_add(sentence, ", because breakout %u of the organization's policy matches",
                 story->explanation->breakout + 1);
    if (story->breakout.destination.family != AVPN_FAMILY_NONE) {
        sentence_add(sentence, " (");
        sentence_add_prefix(sentence, &story->breakout.destination);
        sentence_add(sentence, ")");
    }
}

static void add_verdict(struct sentence *sentence, const struct story *story)
{
    const struct avpn_explanation *e = story->explanation;

    switch (e->verdict) {
    case AVPN_EXPLAIN_TUNNEL:
        sentence_add(sentence, "leaves through the tunnel with ");
        sentence_add_member(sentence, story->gateway, e->next_hop);
        break;
    case AVPN_EXPLAIN_HERE:
        sentence_add(sentence, "stays here: the destination is of this site, and the VPN has nothing to do "
                               "with it");
        break;
    case AVPN_EXPLAIN_BREAKOUT:
        sentence_add(sentence, "leaves by this site's own internet connection");
        add_breakout(sentence, story);
        break;
    case AVPN_EXPLAIN_DENIED:
        sentence_add(sentence, "is denied by ");
        add_rule(sentence, story);
        sentence_add(sentence, " of the organization's firewall");
        break;
    case AVPN_EXPLAIN_SOURCE:
        sentence_add(sentence, "is not sent: the source is in none of this site's exports, no other site "
                               "would accept it; add its subnet to the exports in org.yaml");
        break;
    case AVPN_EXPLAIN_NO_ROUTE:
        sentence_add(sentence, "has no way: no site exports the destination");
        break;
    case AVPN_EXPLAIN_NO_TUNNEL:
        sentence_add(sentence, "has no way now: no next hop of its route is alive");
        break;
    case AVPN_EXPLAIN_DELIVERED:
        sentence_add(sentence, "comes from ");
        sentence_add_member(sentence, story->gateway, e->from);
        sentence_add(sentence, " and is delivered here");
        break;
    default:
        sentence_add(sentence, "ends in a way that this program does not know");
        break;
    }
}

static void tell_verdict(json_t *list, const struct story *story)
{
    struct sentence sentence = {{0}, 0};

    add_address(&sentence, &story->flow->source);
    sentence_add(&sentence, " to ");
    add_address(&sentence, &story->flow->destination);
    sentence_add(&sentence, " ");
    add_verdict(&sentence, story);
    sentence_add(&sentence, ".");
    tell(list, &sentence);
}

static void tell_translation(json_t *list, const struct story *story)
{
    const struct avpn_explanation *e = story->explanation;
    struct sentence sentence = {{0}, 0};

    if (e->is_translated == 0)
        return;
    sentence_add(&sentence, "Translated, it is in the VPN from ");
    add_address(&sentence, &e->source);
    sentence_add(&sentence, " to ");
    add_address(&sentence, &e->destination);
    sentence_add(&sentence, ".");
    tell(list, &sentence);
}

/* Where a rule was asked: not for what never enters or leaves the VPN. */
static void tell_rule(json_t *list, const struct story *story)
{
    uint8_t verdict = story->explanation->verdict;
    struct sentence sentence = {{0}, 0};

    if (verdict != AVPN_EXPLAIN_TUNNEL && verdict != AVPN_EXPLAIN_DELIVERED &&
        verdict != AVPN_EXPLAIN_NO_TUNNEL)
        return;
    if (story->has_rule) {
        sentence_add(&sentence, "The firewall allows it by ");
        add_rule(&sentence, story);
        sentence_add(&sentence, ".");
    } else {
        sentence_add(&sentence, "No rule of the firewall matches, so it is allowed.");
    }
    tell(list, &sentence);
}

static void tell_route(json_t *list, const struct story *story)
{
    const struct avpn_explanation *e = story->explanation;
    struct avpn_route route = {.size = sizeof route, .prefix = e->prefix, .hop_count = e->hop_count};
    struct sentence sentence = {{0}, 0};

    if (!e->has_route)
        return;
    memcpy(route.hops, e->hops, sizeof route.hops);
    sentence_add(&sentence, "The longest route that matches is ");
    sentence_add_prefix(&sentence, &e->prefix);
    if (e->hop_count > 0 && e->hops[0] != AVPN_HOP_LOCAL &&
        e->hops[0] < AVPN_HOP_NOBODY) {
        sentence_add(&sentence, ", by choice through ");
        for (uint32_t i = 0; i < e->hop_count; i++) {
            sentence_add(&sentence, "%s", i ? ", " : "");
            sentence_add_member(&sentence, story->gateway, e->hops[i]);
            sentence_add(&sentence, " (%s)", words_hop(e->hop_reasons[i])->text);
        }
    } else {
        sentence_add(&sentence, ": ");
        sentence_route(&sentence, story->gateway, &route, e->active);
    }
    sentence_add(&sentence, ".");
    tell(list, &sentence);
}

static void tell_path(json_t *list, const struct story *story)
{
    const struct avpn_explanation *e = story->explanation;
    char contact[AVPN_CONTACT_TEXT] = "";
    struct sentence sentence = {{0}, 0};

    if (e->verdict != AVPN_EXPLAIN_TUNNEL || e->uplink >= AVPN_UPLINKS)
        return;
    (void)avpn_contact_format(&e->contact, contact, sizeof contact);
    sentence_add(&sentence, "The path is uplink %u to uplink %u at %s", e->uplink, e->remote_uplink,
                 contact);
    if (e->rtt_us)
        sentence_add(&sentence, ", %.1f ms there and back", e->rtt_us / 1000.0);
    if (e->suite)
        sentence_add(&sentence, ", sealed with %s", avpn_suite_name(e->suite));
    if (e->mtu_bytes)
        sentence_add(&sentence, "; packets of up to %u bytes are carried whole", e->mtu_bytes);
    sentence_add(&sentence, ".");
    tell(list, &sentence);
}

static json_t *conflict_texts(const struct gateway *gateway, const struct avpn_explanation *e)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < e->conflict_count && i < 8; i++) {
        struct avpn_conflict_status conflict = {.size = sizeof conflict};
        struct sentence sentence = {{0}, 0};

        if (avpn_node_conflict_at(gateway->node, e->conflicts[i], &conflict) != AVPN_OK)
            continue;
        sentence_conflict(&sentence, gateway, &conflict);
        tell(list, &sentence);
    }
    return list;
}

static json_t *all_sentences(const struct story *story, const json_t *conflicts)
{
    json_t *list = json_array();
    const json_t *conflict;
    size_t i;

    tell_verdict(list, story);
    tell_translation(list, story);
    tell_rule(list, story);
    tell_route(list, story);
    tell_path(list, story);
    json_array_foreach(conflicts, i, conflict) {
        struct sentence sentence = {{0}, 0};

        sentence_add(&sentence, "Conflict: %s.", json_string_value(conflict));
        tell(list, &sentence);
    }
    return list;
}

/* ---- for programs -------------------------------------------------------------------------------- */

static json_t *address_text(const struct avpn_address *address)
{
    char text[AVPN_ADDRESS_TEXT];

    if (address->family == AVPN_FAMILY_NONE ||
        avpn_address_format(address, text, sizeof text) != AVPN_OK)
        return json_null();
    return json_string(text);
}

static json_t *member_object(const struct gateway *gateway, uint32_t member)
{
    char name[AVPN_NAME_BYTES];

    if (member == 0)
        return json_null();
    return json_pack("{s:I, s:s}", "member", (json_int_t)member, "name",
                     words_member(gateway, member, name));
}

static json_t *route_part(const struct gateway *gateway, const struct avpn_explanation *e)
{
    json_t *hops = json_array();

    for (uint32_t i = 0; e->has_route && i < e->hop_count; i++) {
        json_t *hop;

        if (e->hops[i] == AVPN_HOP_LOCAL || e->hops[i] >= AVPN_HOP_NOBODY)
            continue;
        hop = member_object(gateway, e->hops[i]);
        json_object_set_new(hop, "state", json_string(words_hop(e->hop_reasons[i])->name));
        json_array_append_new(hops, hop);
    }
    if (e->has_route)
        return json_pack("{s:o, s:o}", "prefix", json_prefix(&e->prefix), "hops", hops);
    json_decref(hops);
    return json_null();
}

static json_t *path_part(const struct avpn_explanation *e)
{
    if (e->uplink >= AVPN_UPLINKS)
        return json_null();
    return json_pack("{s:I, s:I, s:o, s:I}", "uplink", (json_int_t)e->uplink, "remote_uplink",
                     (json_int_t)e->remote_uplink, "contact", json_contact(&e->contact), "rtt_us",
                     (json_int_t)e->rtt_us);
}

static json_t *rule_part(const struct story *story)
{
    if (!story->has_rule)
        return json_null();
    return json_pack("{s:I, s:s, s:s}", "index", (json_int_t)story->explanation->rule, "name",
                     story->rule.name, "action", words_action(story->rule.action));
}

static json_t *answer(const struct story *story)
{
    const struct avpn_explanation *e = story->explanation;
    json_t *conflicts = conflict_texts(story->gateway, e);

    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:{s:b, s:b}, s:o, s:o, s:o, s:o, s:s, s:I, s:o}", "verdict",
        words_verdict(e->verdict), "text", all_sentences(story, conflicts), "rule", rule_part(story),
        "breakout",
        story->has_breakout ? report_breakout(&story->breakout, e->breakout) : json_null(), "source",
        address_text(&e->source), "destination", address_text(&e->destination), "translated", "source",
        e->is_translated & 1, "destination", e->is_translated >> 1 & 1, "from",
        member_object(story->gateway, e->from), "route", route_part(story->gateway, e), "next_hop",
        member_object(story->gateway, e->next_hop), "path", path_part(e), "suite",
        e->suite ? avpn_suite_name(e->suite) : "", "mtu_bytes", (json_int_t)e->mtu_bytes, "conflicts",
        conflicts);
}

json_t *report_explain(const struct gateway *gateway, const json_t *request)
{
    struct avpn_explanation explanation = {.size = sizeof explanation};
    struct avpn_flow flow = {.size = sizeof flow};
    struct story story = {.gateway = gateway, .flow = &flow, .explanation = &explanation};
    json_t *complaint = read_flow(request, &flow);
    int32_t error;

    if (complaint)
        return complaint;
    error = avpn_node_explain(gateway->node, &flow, &explanation);
    if (error == AVPN_ERROR_STATE)
        return refuse("explain", "there is no configuration yet");
    if (error != AVPN_OK)
        return refuse("explain", avpn_error_name(error));
    story.rule.size = sizeof story.rule;
    story.has_rule = explanation.rule != AVPN_EXPLAIN_DEFAULT &&
                     avpn_node_rule_at(gateway->node, explanation.rule, &story.rule,
                                       NULL) == AVPN_OK;
    story.breakout.size = sizeof story.breakout;
    story.has_breakout = explanation.breakout != AVPN_EXPLAIN_DEFAULT &&
                         avpn_config_breakout(avpn_node_config(gateway->node), explanation.breakout,
                                              &story.breakout) == AVPN_OK;
    return answer(&story);
}
