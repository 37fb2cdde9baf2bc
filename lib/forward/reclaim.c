/* SPDX-License-Identifier: ISC */
#include "forward/reclaim.h"

void avpni_reclaim_init(struct avpni_reclaim *reclaim, void *owner)
{
    atomic_init(&reclaim->epoch, 1);
    reclaim->readers = NULL;
    reclaim->first = NULL;
    reclaim->last = &reclaim->first;
    reclaim->owner = owner;
}

void avpni_reclaim_fini(struct avpni_reclaim *reclaim)
{
    while (reclaim->readers != NULL)
        avpni_reclaim_remove_reader(reclaim, reclaim->readers);
    avpni_reclaim_collect(reclaim);
}

void avpni_reclaim_add_reader(struct avpni_reclaim *reclaim, struct avpni_reclaim_reader *reader)
{
    atomic_init(&reader->epoch, 0);
    reader->next = reclaim->readers;
    reclaim->readers = reader;
}

void avpni_reclaim_remove_reader(struct avpni_reclaim *reclaim, struct avpni_reclaim_reader *reader)
{
    struct avpni_reclaim_reader **place = &reclaim->readers;

    while (*place != NULL && *place != reader)
        place = &(*place)->next;
    if (*place != NULL)
        *place = reader->next;
}

void avpni_reclaim_retire(struct avpni_reclaim *reclaim, struct avpni_retired *retired,
                          void (*release)(void *owner, struct avpni_retired *retired))
{
    uint32_t epoch = atomic_load(&reclaim->epoch);

    retired->next = NULL;
    retired->release = release;
    retired->epoch = epoch;
    *reclaim->last = retired;
    reclaim->last = &retired->next;
    atomic_store(&reclaim->epoch, epoch + 1 == 0 ? 1 : epoch + 1);
}

/* Whether a reader inside may have begun before it was retired; the difference holds across the wrap. */
static bool is_held(const struct avpni_reclaim *reclaim, const struct avpni_retired *retired)
{
    for (struct avpni_reclaim_reader *reader = reclaim->readers; reader != NULL; reader = reader->next) {
        uint32_t epoch = atomic_load(&reader->epoch);

        if (epoch != 0 && (int32_t)(epoch - retired->epoch) <= 0)
            return true;
    }
    return false;
}

void avpni_reclaim_collect(struct avpni_reclaim *reclaim)
{
    while (reclaim->first != NULL && !is_held(reclaim, reclaim->first)) {
        struct avpni_retired *retired = reclaim->first;

        reclaim->first = retired->next;
        if (reclaim->first == NULL)
            reclaim->last = &reclaim->first;
        retired->release(reclaim->owner, retired);
    }
}
