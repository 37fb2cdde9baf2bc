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

/* The name of a member, or "member 7". Returns name_out. */
const char *words_member(const struct gateway *gateway, uint32_t id,
                         char name_out[AVPN_NAME_BYTES]);
/* The host of a registry by its place in the configuration, or in the token while there is none. */
const char *words_registry(const struct gateway *gateway, uint32_t index,
                           char name_out[AVPN_NAME_BYTES]);

#endif
