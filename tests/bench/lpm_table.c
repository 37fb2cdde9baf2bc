/* SPDX-License-Identifier: ISC */
/* lpm_table: see lpm_table.h. */
#include "lpm_table.h"

#include "net.h"

#include <stdlib.h>
#include <string.h>

/* How many of a hundred prefixes have a length, roughly as in the global tables. */
struct share {
    uint8_t length, parts;
};

static const struct share ipv4_shares[] = {{24, 59}, {23, 10}, {22, 11}, {21, 5}, {20, 5}, {19, 3},
                                           {18, 2},  {17, 1},  {16, 2},  {28, 1}, {32, 1}};
static const struct share site_shares[] = {{24, 50}, {23, 5}, {25, 5}, {26, 10}, {28, 20}, {32, 10}};
static const struct share ipv6_shares[] = {{48, 45}, {47, 2}, {46, 3}, {44, 11}, {40, 9}, {36, 4},
                                           {32, 13}, {29, 3}, {64, 1}, {56, 1}, {33, 3}, {42, 5}};

uint64_t lpm_table_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint8_t random_length(const struct lpm_table *table, uint64_t *state)
{
    int32_t pick = (int32_t)(lpm_table_random(state) % 100);
    const struct share *share = table->bits == 128           ? ipv6_shares
                                : table->layout == LPM_SITE ? site_shares
                                                            : ipv4_shares;

    while ((pick -= share->parts) >= 0)
        share++;
    return share->length;
}

static uint64_t mask_of(uint32_t bits)
{
    return bits == 0 ? 0 : UINT64_MAX << (64 - bits);
}

static struct lpm_address mask_to(uint32_t length)
{
    return (struct lpm_address){mask_of(length < 64 ? length : 64),
                                mask_of(length < 64 ? 0 : length - 64)};
}

static uint64_t into_site(uint64_t address)
{
    return (address & ~mask_of(8)) | UINT64_C(10) << 56;
}

/* An address in use: IPv4 from 1.0.0.0 to 223.255.255.255, IPv6 from one of `blocks` /32 blocks. */
static struct lpm_address random_address(uint32_t bits, uint64_t blocks, uint64_t *state)
{
    static const uint8_t first[] = {0x20, 0x24, 0x26, 0x28, 0x2a, 0x2c};
    struct lpm_address address = {lpm_table_random(state), lpm_table_random(state)};

    if (bits == 32) {
        address.high = (1 + (address.high >> 32) % 223) << 56 | (address.high << 40 >> 8);
        address.high &= mask_of(32);
        address.low = 0;
    } else {
        uint64_t block = lpm_table_random(state) % blocks;
        uint64_t where = lpm_table_random(&block);

        address.high = (uint64_t)first[where % 6] << 56 | (where >> 8 & 0x1fffff) << 32 |
                       (address.high >> 32);
    }
    return address;
}

static int compare(const void *one, const void *other)
{
    const struct lpm_route *a = one, *b = other;

    if (a->address.high != b->address.high)
        return a->address.high < b->address.high ? -1 : 1;
    if (a->address.low != b->address.low)
        return a->address.low < b->address.low ? -1 : 1;
    return a->length - b->length;
}

/* Drop what is there twice; returns how many are left. */
static uint32_t sort_out(struct lpm_route *routes, uint32_t count)
{
    uint32_t kept = 1;

    qsort(routes, count, sizeof *routes, compare);
    for (uint32_t i = 1; i < count; i++) {
        if (compare(&routes[i], &routes[kept - 1]) != 0)
            routes[kept++] = routes[i];
    }
    return kept;
}

static void make_routes(struct lpm_table *table, uint32_t count, uint64_t *state)
{
    while (table->count < count) {
        for (uint32_t i = table->count; i < count; i++) {
            struct lpm_route *route = &table->routes[i];
            struct lpm_address mask;

            route->length = random_length(table, state);
            route->value = 1 + (uint32_t)(lpm_table_random(state) % 4000);
            route->address = random_address(table->bits, count / 8 + 1, state);
            if (table->layout == LPM_SITE)
                route->address.high = into_site(route->address.high);
            mask = mask_to(route->length);
            route->address.high &= mask.high;
            route->address.low &= mask.low;
        }
        table->count = sort_out(table->routes, count);
    }
    for (uint32_t i = count - 1; i > 0; i--) {
        uint32_t k = (uint32_t)(lpm_table_random(state) % (i + 1));
        struct lpm_route route = table->routes[i];

        table->routes[i] = table->routes[k];
        table->routes[k] = route;
    }
}

static void make_keys(struct lpm_table *table, uint64_t *state)
{
    for (uint32_t i = 0; i < table->key_count; i++) {
        struct lpm_address *key = &table->keys[i];

        key->high = lpm_table_random(state);
        key->low = lpm_table_random(state);
        if (i % 2 == 0) {
            const struct lpm_route *route =
                &table->routes[lpm_table_random(state) % table->count];
            const struct lpm_address mask = mask_to(route->length);

            key->high = route->address.high | (key->high & ~mask.high);
            key->low = route->address.low | (key->low & ~mask.low);
        } else if (table->bits == 128) {
            key->high = UINT64_C(1) << 61 | key->high >> 3; /* 2000::/3 */
        } else if (table->layout == LPM_SITE) {
            key->high = into_site(key->high);
        }
        if (table->bits == 32) {
            key->high &= mask_of(32);
            key->low = 0;
        }
        table->keys_ipv4[i] = (uint32_t)(key->high >> 32);
        for (uint32_t b = 0; b < 8; b++) {
            table->keys_ipv6[i][b] = (uint8_t)(key->high >> (56 - 8 * b));
            table->keys_ipv6[i][8 + b] = (uint8_t)(key->low >> (56 - 8 * b));
        }
    }
}

void lpm_table_make(struct lpm_table *table, uint32_t bits, enum lpm_layout layout, uint32_t count,
                    uint32_t key_count)
{
    uint64_t state = 20 + count + bits;

    *table = (struct lpm_table){.bits = bits, .layout = layout, .key_count = key_count};
    table->routes = calloc(count, sizeof *table->routes);
    table->keys = calloc(key_count, sizeof *table->keys);
    table->keys_ipv4 = calloc(key_count, sizeof *table->keys_ipv4);
    table->keys_ipv6 = calloc(key_count, sizeof *table->keys_ipv6);
    if (table->routes == NULL || table->keys == NULL || table->keys_ipv4 == NULL ||
        table->keys_ipv6 == NULL)
        net_die("memory");
    make_routes(table, count, &state);
    make_keys(table, &state);
}

void lpm_table_free(struct lpm_table *table)
{
    free(table->routes);
    free(table->keys);
    free(table->keys_ipv4);
    free(table->keys_ipv6);
}
