/* SPDX-License-Identifier: ISC */
/*
 * lpm_table: tables: their own prefixes spread over the entries, and the making of one from a block that is too full.
 * See lpm_node.h.
 */
#include "route/lpm_node.h"

#define BLOCK_LIMIT 64u

/* Few where IPv4 is dense and a table's steps are worth their words. */
uint32_t lpm_block_limit(const struct avpni_lpm *lpm, uint32_t depth)
{
    return lpm->bits == 32 && depth == 8 ? 4 : BLOCK_LIMIT;
}

/* ---- a table's own prefixes ---------------------------------------------------------------------- */

/* Make the entries anew. */
static void spread_own(struct avpni_lpm *lpm, uint32_t table)
{
    uint32_t *node = avpni_slabs_at(&lpm->slabs, table);
    const uint32_t *own = node[LPM_OWN] & LPM_NODE ? lpm_node(lpm, node[LPM_OWN]) : NULL;
    uint32_t items = own == NULL ? 0 : LPM_ITEMS(own[LPM_SHAPE]), next = 0, value = LPM_INHERIT;

    for (uint32_t digit = 0; digit < 256; digit++) {
        uint32_t *entry = &node[LPM_ENTRIES + digit];

        for (; next < items && lpm_start(own, next) >> 24 == digit; next++) {
            value = lpm_value(own, next);
        }
        if (*entry & LPM_NODE) {
            lpm_node(lpm, *entry)[LPM_BASE] = value;
        } else {
            *entry = value;
        }
    }
}

int32_t lpm_table_change(struct avpni_lpm *lpm, uint32_t table, const struct lpm_list_item *item)
{
    uint32_t *node = avpni_slabs_at(&lpm->slabs, table);
    struct lpm_list list = {0};
    uint32_t block;

    if (node[LPM_OWN] & LPM_NODE) {
        lpm_extract(lpm_node(lpm, node[LPM_OWN]), &list);
    }
    uint32_t place = lpm_list_place(&list, item->start, item->code);
    bool is_there = lpm_list_has(&list, place, item->start, item->code);

    if (item->value == LPM_INHERIT) {
        lpm_list_erase(&list, place);
    } else if (is_there) {
        list.items[place].value = item->value;
    } else {
        lpm_list_insert(&list, place, item);
    }
    if (list.count == 0) {
        block = node[LPM_OWN] & ~LPM_NODE;
        node[LPM_OWN] = LPM_INHERIT;
        lpm_release_node(lpm, block);
    } else if (node[LPM_OWN] & LPM_NODE) {
        if (lpm_rewrite_block(lpm, node[LPM_OWN] & ~LPM_NODE, &list) != AVPN_OK) {
            return AVPN_ERROR_MEMORY;
        }
    } else {
        if (lpm_add_block(lpm, &list, LPM_DEPTH(node[LPM_SHAPE]), &block) != AVPN_OK) {
            return AVPN_ERROR_MEMORY;
        }
        lpm_hang(lpm, table + LPM_OWN, LPM_INHERIT, block);
    }
    spread_own(lpm, table);
    return AVPN_OK;
}

/* ---- a block becomes a table ----------------------------------------------------------------------- */

/* What of a full block goes below one entry of the table it becomes; returns the first item beyond. */
static uint32_t part_of(const struct lpm_list *list, uint32_t first, struct lpm_list *part_out)
{
    uint32_t i = first;

    part_out->count = 0;
    for (; i < list->count && list->items[i].start >> 24 == list->items[first].start >> 24; i++) {
        struct lpm_list_item item = list->items[i];

        if (item.code % LPM_CHILD > 8) {
            item.start <<= 8;
            item.code = (uint8_t)(item.code - 8);
            part_out->items[part_out->count++] = item;
        }
    }
    return i;
}

static void own_part_of(const struct lpm_list *list, struct lpm_list *part_out)
{
    part_out->count = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->items[i].code <= 8) {
            part_out->items[part_out->count++] = list->items[i];
        }
    }
}

/* Blocks for the parts of a table, without children of their own: those are theirs when all is sure. */
static int32_t add_parts(struct avpni_lpm *lpm, const struct lpm_list *list, uint32_t depth,
                         uint32_t blocks_out[256])
{
    struct lpm_list part;
    uint32_t next;

    for (uint32_t i = 0; i < list->count; i = next) {
        next = part_of(list, i, &part);
        if (part.count > 0 &&
            lpm_reserve_block(lpm, &part, depth + 8, &blocks_out[list->items[i].start >> 24]) !=
                AVPN_OK) {
            return AVPN_ERROR_MEMORY;
        }
    }
    return AVPN_OK;
}

/* Fill a new table whose own block and whose parts' blocks have been added. */
static void write_table(struct avpni_lpm *lpm, uint32_t table, const struct lpm_list *list,
                        uint32_t depth, const uint32_t blocks[256])
{
    uint32_t *node = avpni_slabs_at(&lpm->slabs, table);
    struct lpm_list part;
    uint32_t next;

    for (uint32_t i = 0; i < list->count; i = next) {
        uint32_t digit = list->items[i].start >> 24, entry = LPM_ENTRIES + digit;

        next = part_of(list, i, &part);
        if (list->items[next - 1].code == LPM_CHILD + 8) {
            node[entry] = list->items[next - 1].value;
            lpm_node(lpm, node[entry])[LPM_OWNER] = table + entry;
        } else if (part.count > 0) {
            lpm_write_block(lpm, blocks[digit], &part, depth + 8);
            lpm_hang(lpm, table + entry, LPM_INHERIT, blocks[digit]);
        } else {
            continue;
        }
        node[LPM_SUMS + digit / 16] += lpm_node(lpm, node[entry])[LPM_TOTAL];
        node[LPM_TOTAL] += lpm_node(lpm, node[entry])[LPM_TOTAL];
    }
}

int32_t lpm_split(struct avpni_lpm *lpm, uint32_t block, const struct lpm_list *list)
{
    const uint32_t *old = avpni_slabs_at(&lpm->slabs, block);
    uint32_t base = old[LPM_BASE], owner = old[LPM_OWNER], depth = LPM_DEPTH(old[LPM_SHAPE]);
    uint32_t blocks[256], table, own = 0;
    struct avpni_slabs_mark mark;
    struct lpm_list part;

    own_part_of(list, &part);
    avpni_slabs_mark(&lpm->slabs, &mark);
    if (avpni_slabs_add(&lpm->slabs, AVPNI_SLABS_SPECIAL, &table) != AVPN_OK ||
        (part.count > 0 && lpm_add_block(lpm, &part, depth, &own) != AVPN_OK) ||
        add_parts(lpm, list, depth, blocks) != AVPN_OK) {
        avpni_slabs_undo(&lpm->slabs, &mark);
        return AVPN_ERROR_MEMORY;
    }
    uint32_t *node = avpni_slabs_at(&lpm->slabs, table);

    memset(node, 0, LPM_TABLE_WORDS * sizeof *node);
    node[LPM_SHAPE] = depth << 16;
    node[LPM_TOTAL] = part.count;
    if (part.count > 0) {
        lpm_hang(lpm, table + LPM_OWN, LPM_INHERIT, own);
    }
    write_table(lpm, table, list, depth, blocks);
    lpm_hang(lpm, owner, base, table);
    spread_own(lpm, table);
    lpm_release_node(lpm, block);
    return AVPN_OK;
}
