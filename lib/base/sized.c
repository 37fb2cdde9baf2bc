/* SPDX-License-Identifier: ISC */
/*
 * sized: the rules of types.h for structs that grow, in one place.
 *
 * Callers' structs are seen as bytes only, the first four of which are `size`: whatever lies at that address has, for the
 * compiler, a type of another version. Not one byte beyond the caller's size is read or written.
 */
#include "base/sized.h"

#include <string.h>

_Static_assert(sizeof(struct avpn_member) <= AVPN_SIZE_LIMIT, "the largest of them");

static uint32_t size_of(const void *theirs)
{
    uint32_t size;

    memcpy(&size, theirs, sizeof size);
    return size;
}

static bool is_size(const void *theirs, enum avpni_first_bytes first)
{
    return theirs != NULL && size_of(theirs) >= (uint32_t)first && size_of(theirs) <= AVPN_SIZE_LIMIT;
}

static bool is_zero_from(const uint8_t *bytes, size_t at, size_t end)
{
    while (at < end && bytes[at] == 0)
        at++;
    return at >= end;
}

bool avpni_take_in_place(size_t own_bytes, const void *theirs, enum avpni_first_bytes first)
{
    return is_size(theirs, first) && is_zero_from(theirs, own_bytes, size_of(theirs));
}

int32_t avpni_take(void *own, size_t own_bytes, const void *theirs, enum avpni_first_bytes first)
{
    uint32_t size = (uint32_t)own_bytes;
    size_t common;

    if (!avpni_take_in_place(own_bytes, theirs, first))
        return AVPN_ERROR_ARGUMENT;

    common = size_of(theirs) < own_bytes ? size_of(theirs) : own_bytes;
    memcpy(own, theirs, common);
    memset((uint8_t *)own + common, 0, own_bytes - common);
    memcpy(own, &size, sizeof size);
    return AVPN_OK;
}

bool avpni_can_give(const void *theirs, enum avpni_first_bytes first)
{
    return is_size(theirs, first);
}

int32_t avpni_give(void *theirs, const void *own, size_t own_bytes, enum avpni_first_bytes first)
{
    uint32_t room, filled;

    if (!is_size(theirs, first))
        return AVPN_ERROR_ARGUMENT;

    room = size_of(theirs);
    filled = room < own_bytes ? room : (uint32_t)own_bytes;
    memcpy(theirs, own, filled);
    memset((uint8_t *)theirs + filled, 0, room - filled);
    memcpy(theirs, &filled, sizeof filled);
    return AVPN_OK;
}
