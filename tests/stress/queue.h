/* SPDX-License-Identifier: ISC */
/* queue: bytes on their way from any thread to one other, in order. What is beyond its limit is not taken. */
#ifndef AUTOVPN_STRESS_QUEUE_H
#define AUTOVPN_STRESS_QUEUE_H

#include <autovpn/types.h>
#include <pthread.h>
#include <stdbool.h>

struct parcel {
    struct parcel *next;
    struct avpn_contact source; /* of a datagram */
    uint32_t count;
    uint8_t bytes[];
};

struct queue {
    pthread_mutex_t mutex;
    struct parcel *first, **end;
    uint32_t count, limit;
};

void queue_init(struct queue *queue, uint32_t limit);
/* Frees what is in it. */
void queue_fini(struct queue *queue);
/* Copies. False: it is full. */
bool queue_put(struct queue *queue, const struct avpn_contact *source, const uint8_t *bytes, size_t count);
/* Everything that is there, as a list that the caller frees; NULL: nothing. */
struct parcel *queue_take(struct queue *queue);

#endif
