/* SPDX-License-Identifier: ISC */
#include "gateway/words.h"

#include <stdio.h>
#include <string.h>

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

    if (config && avpn_config_member(config, id, &member) == AVPN_OK)
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
