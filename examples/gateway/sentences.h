/* SPDX-License-Identifier: ISC */
/*
 * sentences: what the gateway says about routes, to the log and to whoever asks at the control socket: who,
 * what, why, and what to do about it.
 */
#ifndef GATEWAY_SENTENCES_H
#define GATEWAY_SENTENCES_H

#include <stddef.h>

#include <autovpn/node.h>

struct gateway;

#define SENTENCE_BYTES 512

/* Text that is put together; what does not fit is cut off. Starts as {0}. */
struct sentence {
    char text[SENTENCE_BYTES];
    size_t used;
};

void sentence_add(struct sentence *sentence, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A member's name, "this site" for the own one. */
void sentence_add_member(struct sentence *sentence, const struct gateway *gateway, uint32_t member);
void sentence_add_prefix(struct sentence *sentence, const struct avpn_prefix *prefix);

/* enum avpn_conflict for programs: "shared", "own" ... */
const char *sentence_conflict_name(uint32_t kind);
/* Two claims on the same addresses, and what becomes of them. */
void sentence_conflict(struct sentence *sentence, const struct gateway *gateway,
                       const struct avpn_conflict_status *conflict);
/* Why a route is in the state it is in; empty where there is nothing to say. */
void sentence_route(struct sentence *sentence, const struct gateway *gateway,
                    const struct avpn_route *route, uint32_t active);

#endif
