/* SPDX-License-Identifier: ISC */
/*
 * slabs: see slabs.h.
 *
 * Invariant: the blocks 0 .. used - 1 of a class are in use; capacity is at most used * 4 / 3 and a few.
 */
#include "route/slabs.h"

#include <string.h>

#define PLACES (UINT32_C(1) << AVPNI_SLABS_PLACE_BITS)
#define SPARE 2u /* blocks a small class may have beyond its share */

/* ---- classes: every size to 16 words, then 8 steps an octave, 4 steps from 256 on --------------- */

uint32_t avpni_slabs_class(uint32_t words)
{
    uint32_t first = 15, base = 16, steps = 8;

    if (words <= 16) {
        return words - 1;
    }
    while (words > 2 * base) {
        first += steps;
        base *= 2;
        steps = base < 256 ? 8 : 4;
    }
    return first + (words - base + base / steps - 1) / (base / steps);
}

static uint32_t words_of(uint32_t class)
{
    uint32_t first = 15, base = 16, steps = 8;

    if (class <= first) {
        return class + 1;
    }
    while (class > first + steps) {
        first += steps;
        base *= 2;
        steps = base < 256 ? 8 : 4;
    }
    return base + (class - first) * (base / steps);
}

void avpni_slabs_init(struct avpni_slabs *slabs, const struct avpni_memory *memory,
                      uint32_t special_words)
{
    *slabs = (struct avpni_slabs){.memory = *memory};
    for (uint32_t i = 0; i < AVPNI_SLABS_SPECIAL; i++) {
        slabs->classes[i].block_words = words_of(i);
    }
    slabs->classes[AVPNI_SLABS_SPECIAL].block_words = special_words;
}

void avpni_slabs_clear(struct avpni_slabs *slabs)
{
    for (uint32_t i = 0; i < AVPNI_SLABS_CLASSES; i++) {
        struct avpni_slab *slab = &slabs->classes[i];

        avpni_release(&slabs->memory, slab->words);
        slab->words = NULL;
        slab->used = 0;
        slab->capacity = 0;
    }
}

/* So few fit 32 bits: a reference has a place for each. */
static uint32_t words_for(const struct avpni_slab *slab, uint32_t blocks)
{
    return blocks * slab->block_words + AVPNI_SLABS_BEYOND;
}

int32_t avpni_slabs_copy(struct avpni_slabs *to, const struct avpni_slabs *from)
{
    avpni_slabs_init(to, &from->memory, from->classes[AVPNI_SLABS_SPECIAL].block_words);
    for (uint32_t i = 0; i < AVPNI_SLABS_CLASSES; i++) {
        const struct avpni_slab *slab = &from->classes[i];
        if (slab->used == 0) {
            continue;
        }
        to->classes[i].words = avpni_resize(&to->memory, NULL, words_for(slab, slab->used),
                                            sizeof *slab->words);
        if (to->classes[i].words == NULL) {
            avpni_slabs_clear(to);
            return AVPN_ERROR_MEMORY;
        }
        memcpy(to->classes[i].words, slab->words,
               (size_t)slab->used * slab->block_words * sizeof *slab->words);
        to->classes[i].used = slab->used;
        to->classes[i].capacity = slab->used;
    }
    return AVPN_OK;
}

/* ---- change --------------------------------------------------------------------------------- */

static int32_t set_capacity(struct avpni_slabs *slabs, struct avpni_slab *slab, uint32_t capacity)
{
    uint32_t *words = avpni_resize(&slabs->memory, slab->words, words_for(slab, capacity),
                                   sizeof *words);

    if (words == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    slab->words = words;
    slab->capacity = capacity;
    return AVPN_OK;
}

int32_t avpni_slabs_add(struct avpni_slabs *slabs, uint32_t class, uint32_t *block_out)
{
    struct avpni_slab *slab = &slabs->classes[class];

    if (slab->used == slab->capacity) {
        uint32_t capacity = slab->used + slab->used / 16 + SPARE;

        if (capacity > PLACES / slab->block_words ||
            set_capacity(slabs, slab, capacity) != AVPN_OK) {
            return AVPN_ERROR_MEMORY;
        }
    }
    *block_out = class << AVPNI_SLABS_PLACE_BITS | slab->used * slab->block_words;
    slab->used++;
    return AVPN_OK;
}

/* Give memory back when a quarter is unused. That this can fail does no harm. */
static void shrink(struct avpni_slabs *slabs, struct avpni_slab *slab)
{
    if (slab->used == 0) {
        avpni_release(&slabs->memory, slab->words);
        slab->words = NULL;
        slab->capacity = 0;
    } else if (slab->used + slab->used / 4 + 2 * SPARE < slab->capacity) {
        set_capacity(slabs, slab, slab->used + slab->used / 16 + SPARE);
    }
}

uint32_t avpni_slabs_remove(struct avpni_slabs *slabs, uint32_t block)
{
    uint32_t class = avpni_slabs_class_of(block);
    struct avpni_slab *slab = &slabs->classes[class];
    uint32_t last = class << AVPNI_SLABS_PLACE_BITS | (slab->used - 1) * slab->block_words;

    if (last != block) {
        memcpy(avpni_slabs_at(slabs, block), avpni_slabs_at(slabs, last),
               slab->block_words * sizeof *slab->words);
    }
    slab->used--;
    shrink(slabs, slab);
    return last;
}

void avpni_slabs_mark(const struct avpni_slabs *slabs, struct avpni_slabs_mark *mark_out)
{
    for (uint32_t i = 0; i < AVPNI_SLABS_CLASSES; i++) {
        mark_out->used[i] = slabs->classes[i].used;
    }
}

void avpni_slabs_undo(struct avpni_slabs *slabs, const struct avpni_slabs_mark *mark)
{
    for (uint32_t i = 0; i < AVPNI_SLABS_CLASSES; i++) {
        slabs->classes[i].used = mark->used[i];
    }
}

size_t avpni_slabs_footprint(const struct avpni_slabs *slabs)
{
    size_t words = 0;

    for (uint32_t i = 0; i < AVPNI_SLABS_CLASSES; i++) {
        const struct avpni_slab *slab = &slabs->classes[i];

        words += slab->capacity == 0 ? 0 : words_for(slab, slab->capacity);
    }
    return words * sizeof(uint32_t);
}
