/* SPDX-License-Identifier: ISC */
#include "gateway/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway/gateway.h"

const char *words_role(uint8_t role)
{
    return role == AVPN_ROLE_HUB ? "hub" : role == AVPN_ROLE_SPOKE ? "spoke" : "none";
}

const char *words_tunnel(uint8_t state)
{
    static const char *const names[] = {"down", "connecting", "up", "rekeying"};

    return state < 4 ? names[state] : "unknown";
}

const char *words_path(uint8_t state)
{
    static const char *const names[] = {"empty", "punching", "alive"};

    return state < 3 ? names[state] : "unknown";
}

const char *words_registration(uint8_t state)
{
    static const char *const names[] = {"idle", "resolving", "registering", "registered"};

    return state < 4 ? names[state] : "unknown";
}

const char *words_mtu(uint8_t state)
{
    static const char *const names[] = {"none", "base", "searching", "done", "below"};

    return state < 5 ? names[state] : "unknown";
}

const char *words_action(uint8_t action)
{
    return action == AVPN_RULE_ALLOW ? "allow" : action == AVPN_RULE_DENY ? "deny" : "unknown";
}

const char *words_verdict(uint8_t verdict)
{
    static const char *const names[] = {"none",   "tunnel",   "here",      "breakout", "denied",
                                        "source", "no-route", "no-tunnel", "delivered"};

    return verdict < sizeof names / sizeof names[0] ? names[verdict] : "unknown";
}

/* ---- protocols ------------------------------------------------------------------------------ */

static const struct {
    uint8_t number;
    const char *name;
} protocols[] = {{1, "icmp"}, {2, "igmp"},    {6, "tcp"},   {17, "udp"},   {33, "dccp"}, {41, "ipv6"},
                 {47, "gre"}, {50, "esp"},    {51, "ah"},   {58, "icmpv6"}, {89, "ospf"}, {103, "pim"},
                 {132, "sctp"}, {136, "udplite"}};

const char *words_protocol(uint8_t protocol, char text[WORDS_PROTOCOL])
{
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
        if (protocols[i].number == protocol)
            return protocols[i].name;
    (void)snprintf(text, WORDS_PROTOCOL, "%u", protocol);
    return text;
}

int words_protocol_parse(const char *text, uint8_t *protocol_out)
{
    char *end;
    long number;

    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
        if (strcasecmp(protocols[i].name, text) == 0) {
            *protocol_out = protocols[i].number;
            return 1;
        }
    number = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || number > 255)
        return 0;
    *protocol_out = (uint8_t)number;
    return 1;
}

/* ---- sentences' ends -------------------------------------------------------------------------- */

/* enum avpn_hop_reason */
static const struct words hop_words[] = {
    {"none", "not in use"},
    {"used", "in use"},
    {"standby", "stands by"},
    {"held", "came back a short while ago, and waits"},
    {"down", "its tunnel is down"},
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

const struct words *words_hop(uint8_t reason)
{
    return words_of(hop_words, sizeof hop_words / sizeof hop_words[0], reason);
}

const struct words *words_join(uint32_t state)
{
    return words_of(join_words, sizeof join_words / sizeof join_words[0], state);
}

const struct words *words_fault(uint32_t fault)
{
    return words_of(fault_words, sizeof fault_words / sizeof fault_words[0], fault);
}

const char *words_member(const struct gateway *gateway, uint32_t id,
                         char name_out[AVPN_NAME_BYTES])
{
    const struct avpn_config *config = avpn_node_config(gateway->node);
    struct avpn_member member = {.size = sizeof member};

    /* a slice does not tell the names of those who are no peers */
    if (config && avpn_config_member(config, id, &member) == AVPN_OK && member.name[0])
        memcpy(name_out, member.name, AVPN_NAME_BYTES);
    else
        (void)snprintf(name_out, AVPN_NAME_BYTES, "member %u", id);
    return name_out;
}

const char *words_registry(const struct gateway *gateway, uint32_t index,
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
