/* SPDX-License-Identifier: ISC */
#include "gateway/sentences.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gateway/gateway.h"
#include "gateway/words.h"

void sentence_add(struct sentence *sentence, const char *format, ...)
{
    size_t room = sizeof sentence->text - sentence->used;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(sentence->text + sentence->used, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        sentence->used += (size_t)length < room ? (size_t)length : room - 1;
}

static int is_own(const struct gateway *gateway, uint32_t member)
{
    struct avpn_node_status status = {.size = sizeof status};

    return avpn_node_status(gateway->node, &status) == AVPN_OK && status.member == member;
}

void sentence_add_member(struct sentence *sentence, const struct gateway *gateway, uint32_t member)
{
    char name[AVPN_NAME_BYTES];

    sentence_add(sentence, "%s",
                 is_own(gateway, member) ? "this site" : words_member(gateway, member, name));
}

void sentence_add_prefix(struct sentence *sentence, const struct avpn_prefix *prefix)
{
    char text[AVPN_PREFIX_TEXT] = "";

    (void)avpn_prefix_format(prefix, text, sizeof text);
    sentence_add(sentence, "%s", text);
}

/* ---- conflicts ------------------------------------------------------------------------------- */

/* In the texts $P stands for the prefix, $W for the winner, $L for the loser. */
static const struct {
    const char *name, *text;
} conflicts[] = {
    {"none", "$P is in order"},
    {"shared", "$P is exported by $W and by $L: $W is used, and $L while there is no tunnel to $W; if only one "
               "of them has it, remove it from the exports of the other"},
    {"own", "$P is exported by $W and by $L too, whose is not used here; give one of them other addresses, or "
            "translate them"},
    {"inside", "$P of $W lies in a larger subnet that $L exports: what is sent there goes to $W; if these "
               "addresses are at $L, remove $P from the exports of $W"},
    {"attached", "$P of $L is not used here, because this machine is attached to a network with these "
                 "addresses; give one of them other addresses, or translate them at $L"},
    {"withdrawn", "$P is among the exports of $L, which does not offer it now; look at the LAN there, and at "
                  "the routing table that its gateway watches"},
};

const char *sentence_conflict_name(uint32_t kind)
{
    return kind < sizeof conflicts / sizeof conflicts[0] ? conflicts[kind].name : "unknown";
}

void sentence_conflict(struct sentence *sentence, const struct gateway *gateway,
                       const struct avpn_conflict_status *conflict)
{
    const char *text = "$P is in a conflict that this program does not know";

    if (conflict->kind < sizeof conflicts / sizeof conflicts[0])
        text = conflicts[conflict->kind].text;
    for (const char *place; (place = strchr(text, '$')) != NULL; text = place + 2) {
        sentence_add(sentence, "%.*s", (int)(place - text), text);
        if (place[1] == 'P')
            sentence_add_prefix(sentence, &conflict->prefix);
        else
            sentence_add_member(sentence, gateway,
                                place[1] == 'W' ? conflict->winner : conflict->loser);
    }
    sentence_add(sentence, "%s", text);
    if (conflict->kind != AVPN_CONFLICT_WITHDRAWN)
        return;
    if (conflict->winner == 0) {
        sentence_add(sentence, "; nobody else has it");
    } else {
        sentence_add(sentence, "; ");
        sentence_add_member(sentence, gateway, conflict->winner);
        sentence_add(sentence, " has it too and is used");
    }
}

/* ---- routes ------------------------------------------------------------------------------------ */

/* "berlin is down, paris is held" of the hops before `end`. */
static void add_hops(struct sentence *sentence, const struct gateway *gateway,
                     const struct avpn_route *route, uint32_t end)
{
    for (uint32_t i = 0; i < end; i++) {
        uint32_t state = avpn_node_hop_state(gateway->node, route->hops[i]);

        sentence_add(sentence, "%s", i ? ", " : "");
        sentence_add_member(sentence, gateway, route->hops[i]);
        sentence_add(sentence, "%s",
                     state == AVPN_HOP_ALIVE  ? " is up"
                     : state == AVPN_HOP_HELD ? " came back a short while ago"
                                              : " is down");
    }
}

void sentence_route(struct sentence *sentence, const struct gateway *gateway,
                    const struct avpn_route *route, uint32_t active)
{
    uint32_t first = route->hop_count > 0 ? route->hops[0] : AVPN_HOP_NOBODY;

    if (first == AVPN_HOP_LOCAL) {
        sentence_add(sentence, "this site exports it");
    } else if (first == AVPN_HOP_ATTACHED) {
        sentence_add(sentence, "this machine is attached to it");
    } else if (first == AVPN_HOP_NOBODY) {
        sentence_add(sentence, "nobody offers it now");
    } else if (active >= route->hop_count) {
        add_hops(sentence, gateway, route, route->hop_count);
    } else if (avpn_node_hop_state(gateway->node, route->hops[active]) == AVPN_HOP_HELD) {
        add_hops(sentence, gateway, route, route->hop_count);
        sentence_add(sentence, "; nothing better is there");
    } else {
        add_hops(sentence, gateway, route, active);
    }
}
