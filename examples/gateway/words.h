/* SPDX-License-Identifier: ISC */
/* words: the engine's numbers as people and programs read them. Static text, never NULL. */
#ifndef GATEWAY_WORDS_H
#define GATEWAY_WORDS_H

#include <autovpn/node.h>

struct gateway;

struct words {
    const char *name; /* for programs */
    const char *text; /* for people: the end of a sentence */
};

const char *words_role(uint8_t role);
const char *words_tunnel(uint8_t state);
const char *words_path(uint8_t state);
const char *words_registration(uint8_t state);
/* enum avpn_join_state; the text follows "the place of member N" */
const struct words *words_join(uint32_t state);
/* enum avpn_registry_fault; the text follows "registry NAME" */
const struct words *words_fault(uint32_t fault);

/* enum avpn_mtu_state, enum avpn_rule_action, enum avpn_explain_verdict */
const char *words_mtu(uint8_t state);
const char *words_action(uint8_t action);
const char *words_verdict(uint8_t verdict);
/* enum avpn_hop_reason; the text stands in brackets behind the name of the hop */
const struct words *words_hop(uint8_t reason);
/* "tcp", or "123" in `text`. */
#define WORDS_PROTOCOL 16
const char *words_protocol(uint8_t protocol, char text[WORDS_PROTOCOL]);
/* A name, or a number as text. 1, or 0: neither. */
int words_protocol_parse(const char *text, uint8_t *protocol_out);

/* The name of a member, or "member 7". Returns name_out. */
const char *words_member(const struct gateway *gateway, uint32_t id,
                         char name_out[AVPN_NAME_BYTES]);
/* The host of a registry by its place in the configuration, or in the token while there is none. */
const char *words_registry(const struct gateway *gateway, uint32_t index,
                           char name_out[AVPN_NAME_BYTES]);

#endif
