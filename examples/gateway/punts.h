/* SPDX-License-Identifier: ISC */
/*
 * punts: what workers hand back to the engine's thread (worker.h), in the order in which it came.
 *
 * A bounded ring of blocks of bytes. Many threads put, one takes. What finds no room is lost and counted: so
 * it is with datagrams that a socket has no room for.
 */
#ifndef GATEWAY_PUNTS_H
#define GATEWAY_PUNTS_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "common/tally.h"

struct punts {
    pthread_mutex_t lock;
    uint8_t *ring;     /* NULL: closed */
    size_t first, end; /* bytes of the ring in use: first..end, or where end < first: first..wrap and 0..end */
    size_t wrap;
    size_t count;
    int event; /* an eventfd, readable while there is something */
    struct tally lost;
};

/* 0, or -1 with errno: it is closed then. */
int punts_open(struct punts *punts);
void punts_close(struct punts *punts);
/* Copied. */
void punts_put(struct punts *punts, const uint8_t *bytes, size_t count);
/* The oldest, to be changed at will, until it is dropped. NULL: there is none. */
uint8_t *punts_first(struct punts *punts, size_t *count_out);
void punts_drop_first(struct punts *punts);

#endif
