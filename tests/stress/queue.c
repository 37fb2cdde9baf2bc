/* SPDX-License-Identifier: ISC */
/* queue: see queue.h. */
#include "queue.h"

#include <stdlib.h>
#include <string.h>

void queue_init(struct queue *queue, uint32_t limit)
{
    memset(queue, 0, sizeof *queue);
    pthread_mutex_init(&queue->mutex, NULL);
    queue->end = &queue->first;
    queue->limit = limit;
}

void queue_fini(struct queue *queue)
{
    struct parcel *parcel = queue_take(queue);

    while (parcel != NULL) {
        struct parcel *next = parcel->next;

        free(parcel);
        parcel = next;
    }
    pthread_mutex_destroy(&queue->mutex);
}

bool queue_put(struct queue *queue, const struct avpn_contact *source, const uint8_t *bytes, size_t count)
{
    struct parcel *parcel = malloc(sizeof *parcel + count);
    bool is_taken;

    if (parcel == NULL)
        abort();
    parcel->next = NULL;
    parcel->source = source != NULL ? *source : (struct avpn_contact){0};
    parcel->count = (uint32_t)count;
    memcpy(parcel->bytes, bytes, count);
    pthread_mutex_lock(&queue->mutex);
    is_taken = queue->count < queue->limit;
    if (is_taken) {
        *queue->end = parcel;
        queue->end = &parcel->next;
        queue->count++;
    }
    pthread_mutex_unlock(&queue->mutex);
    if (!is_taken)
        free(parcel);
    return is_taken;
}

struct parcel *queue_take(struct queue *queue)
{
    struct parcel *first;

    pthread_mutex_lock(&queue->mutex);
    first = queue->first;
    queue->first = NULL;
    queue->end = &queue->first;
    queue->count = 0;
    pthread_mutex_unlock(&queue->mutex);
    return first;
}
