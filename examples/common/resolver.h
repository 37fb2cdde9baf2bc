/* SPDX-License-Identifier: ISC */
/*
 * resolver: names to addresses with c-ares, inside the program's own loop.
 *
 * Answers are kept until resolver_next takes them: c-ares may answer from inside the call that
 * asks, when the caller is in no state to hear it. Life: open -> ask, tick, next -> close.
 */
#ifndef EXAMPLES_RESOLVER_H
#define EXAMPLES_RESOLVER_H

#include <ares.h>

#include "common/loop.h"

#define RESOLVER_SOCKETS 16
#define RESOLVER_REQUESTS 64
#define RESOLVER_ADDRESSES 8

struct resolver;

struct resolver_answer {
    uint32_t request;
    uint32_t count; /* 0: could not be resolved */
    struct avpn_address addresses[RESOLVER_ADDRESSES];
};

struct resolver_request {
    struct resolver *resolver;
    uint8_t state; /* 0 free, 1 asked, 2 answered */
    struct resolver_answer answer;
};

struct resolver_socket {
    struct loop_watch watch; /* fd -1: free place */
    struct resolver *resolver;
};

struct resolver {
    struct loop *loop;
    ares_channel channel;
    uint32_t mark;
    int is_open;
    struct resolver_socket sockets[RESOLVER_SOCKETS];
    struct resolver_request requests[RESOLVER_REQUESTS];
};

/* `mark`: SO_MARK of its sockets, 0: none. 0, or -1. */
int resolver_open(struct resolver *resolver, struct loop *loop, uint32_t mark);
void resolver_close(struct resolver *resolver);
void resolver_ask(struct resolver *resolver, uint32_t request, const char *name);
/* Serve time-outs; returns when to be called next. */
avpn_time resolver_tick(struct resolver *resolver, avpn_time now);
/* 1: an answer was taken. */
int resolver_next(struct resolver *resolver, struct resolver_answer *answer_out);

#endif
