/* SPDX-License-Identifier: ISC */
/*
 * bench_lpm: longest-prefix match, ours beside a plain binary trie and, where libdpdk was found, DPDK's rte_fib and
 * rte_fib6, over the same tables and keys. Tables have lengths as in the global tables of the Internet, or as one
 * large site has ("site"). Of the keys half are uniform, half lie inside a random prefix. Every structure has to agree with the trie on all keys.
 *
 * All ways take turns in each round; a figure is the median of the rounds. Bytes a route: what a way
 * holds in all, its list of routes included. Ours as "table" is lib/route/lpm alone, as "routes" the
 * public table with hop lists, 4000 different ones.
 *
 *     bench_lpm [--quick]
 */
#define _POSIX_C_SOURCE 200809L
#include "lpm_table.h"

#include "net.h"
#include "route/lpm.h"
#include "route/routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 9
#define ROUNDS_QUICK 3
#define EDITS 20000u

static uint32_t rounds = ROUNDS;

/* Time of this thread alone: whoever shares the processor is not counted, but for the caches. */
static uint64_t busy_nanoseconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* ---- a plain binary trie ------------------------------------------------------------------- */

struct trie {
    uint32_t (*children)[2];
    uint32_t *values;
    uint32_t count, capacity;
};

static struct trie trie;

static uint32_t trie_node(void)
{
    if (trie.count == trie.capacity) {
        trie.capacity = trie.capacity == 0 ? 1024 : trie.capacity * 2;
        trie.children = realloc(trie.children, trie.capacity * sizeof *trie.children);
        trie.values = realloc(trie.values, trie.capacity * sizeof *trie.values);
        if (trie.children == NULL || trie.values == NULL)
            net_die("memory");
    }
    memset(trie.children[trie.count], 0, sizeof trie.children[0]);
    trie.values[trie.count] = LPM_TABLE_NONE;
    return trie.count++;
}

static unsigned bit_of(const struct lpm_address *address, uint32_t place)
{
    return (unsigned)(place < 64 ? address->high >> (63 - place) : address->low >> (127 - place)) & 1;
}

static void trie_build(const struct lpm_table *table)
{
    trie.count = 0;
    trie_node();
    for (uint32_t i = 0; i < table->count; i++) {
        uint32_t n = 0;

        for (uint32_t place = 0; place < table->routes[i].length; place++) {
            unsigned bit = bit_of(&table->routes[i].address, place);

            if (trie.children[n][bit] == 0) {
                uint32_t child = trie_node();

                trie.children[n][bit] = child;
            }
            n = trie.children[n][bit];
        }
        trie.values[n] = table->routes[i].value;
    }
}

static void trie_find(const struct lpm_table *table, uint32_t *values_out)
{
    for (uint32_t i = 0; i < table->key_count; i++) {
        uint32_t n = 0, place = 0, value = LPM_TABLE_NONE;

        do {
            value = trie.values[n] != LPM_TABLE_NONE ? trie.values[n] : value;
            if (place == table->bits)
                break;
            n = trie.children[n][bit_of(&table->keys[i], place++)];
        } while (n != 0);
        values_out[i] = value;
    }
}

static size_t trie_bytes(void)
{
    return trie.count * (sizeof *trie.children + sizeof *trie.values);
}

/* ---- ours ----------------------------------------------------------------------------------- */

static struct avpni_lpm lpm;
static struct avpn_routes *routes;
static struct avpn_address *addresses;

static struct avpni_lpm_key key_of(const struct lpm_route *route)
{
    return (struct avpni_lpm_key){route->address.high, route->address.low, route->length};
}

static void bytes_of(const struct lpm_address *address, uint8_t bytes[16])
{
    for (uint32_t i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(address->high >> (56 - 8 * i));
        bytes[8 + i] = (uint8_t)(address->low >> (56 - 8 * i));
    }
}

static void ours_build(const struct lpm_table *table)
{
    struct avpni_memory memory;

    avpni_memory_init(&memory, NULL);
    avpni_lpm_init(&lpm, &memory, table->bits);
    for (uint32_t i = 0; i < table->count; i++) {
        const struct avpni_lpm_key key = key_of(&table->routes[i]);

        if (avpni_lpm_put(&lpm, &key, table->routes[i].value) != AVPN_OK)
            net_die("put");
    }
}

static void ours_single(const struct lpm_table *table, uint32_t *values_out)
{
    if (table->bits == 32) {
        for (uint32_t i = 0; i < table->key_count; i++)
            values_out[i] = avpni_lpm_find_ipv4(&lpm, table->keys_ipv4[i]);
    } else {
        for (uint32_t i = 0; i < table->key_count; i++)
            values_out[i] = avpni_lpm_find_ipv6(&lpm, table->keys[i].high, table->keys[i].low);
    }
}

static void ours_batch(const struct lpm_table *table, uint32_t *values_out)
{
    for (uint32_t i = 0; i < table->key_count; i += 32) {
        if (table->bits == 32)
            avpni_lpm_find_ipv4_batch(&lpm, &table->keys_ipv4[i], 32, &values_out[i]);
        else
            avpni_lpm_find_ipv6_batch(&lpm, (const uint64_t(*)[2])&table->keys[i], 32,
                                      &values_out[i]);
    }
}

static void batch_with(uint32_t vectors, const struct lpm_table *table, uint32_t *values_out)
{
    uint32_t best = lpm.vectors;

    lpm.vectors = vectors;
    ours_batch(table, values_out);
    lpm.vectors = best;
}

static void ours_batch_plain(const struct lpm_table *table, uint32_t *values_out)
{
    batch_with(AVPNI_LPM_PLAIN, table, values_out);
}

static void ours_batch_avx2(const struct lpm_table *table, uint32_t *values_out)
{
    batch_with(AVPNI_LPM_AVX2, table, values_out);
}

static void routes_build(const struct lpm_table *table)
{
    if (avpn_routes_new(NULL, &routes) != AVPN_OK)
        net_die("routes");
    for (uint32_t i = 0; i < table->count; i++) {
        struct avpn_route route = {.size = sizeof route, .hop_count = 1};

        route.prefix.family = table->bits == 32 ? AVPN_FAMILY_IPV4 : AVPN_FAMILY_IPV6;
        route.prefix.length = table->routes[i].length;
        bytes_of(&table->routes[i].address, route.prefix.bytes);
        route.hops[0] = table->routes[i].value;
        if (avpn_routes_put(routes, &route) != AVPN_OK)
            net_die("put");
    }
}

static void routes_single(const struct lpm_table *table, uint32_t *values_out)
{
    for (uint32_t i = 0; i < table->key_count; i++)
        values_out[i] = avpni_routes_find(routes, &addresses[i]);
}

static void routes_batch(const struct lpm_table *table, uint32_t *values_out)
{
    for (uint32_t i = 0; i < table->key_count; i += 32)
        avpni_routes_find_batch(routes, &addresses[i], 32, &values_out[i]);
}

/* Microseconds for one remove and one put of random routes of the full table; the worst of all in `worst_out`. */
static double ours_edit(const struct lpm_table *table, double *worst_out)
{
    uint64_t state = 9, begin = busy_nanoseconds(), worst = 0;

    for (uint32_t i = 0; i < EDITS; i++) {
        const struct lpm_route *route = &table->routes[lpm_table_random(&state) % table->count];
        const struct avpni_lpm_key key = key_of(route);
        uint64_t before = busy_nanoseconds(), after;

        if (avpni_lpm_remove(&lpm, &key) != route->value ||
            avpni_lpm_put(&lpm, &key, route->value) != AVPN_OK)
            net_die("edit");
        after = busy_nanoseconds();
        worst = after - before > worst ? after - before : worst;
    }
    *worst_out = (double)worst / 2e3;
    return (double)(busy_nanoseconds() - begin) / EDITS / 2e3;
}

static double ours_copy(void)
{
    uint64_t begin = busy_nanoseconds();
    struct avpni_lpm copy;

    if (avpni_lpm_copy(&copy, &lpm) != AVPN_OK)
        net_die("copy");
    begin = busy_nanoseconds() - begin;
    avpni_lpm_fini(&copy);
    return (double)begin / 1e3;
}

/* ---- turns ---------------------------------------------------------------------------------- */

struct way {
    const char *name;
    void (*find)(const struct lpm_table *, uint32_t *);
    bool is_checked; /* its values are those of the table */
    double bytes;
    double ns[ROUNDS];
};

static double timed(void (*build)(const struct lpm_table *), const struct lpm_table *table)
{
    uint64_t begin = busy_nanoseconds();

    build(table);
    return (double)(busy_nanoseconds() - begin) / table->count;
}

static bool is_same(const uint32_t *values, const uint32_t *expected, uint32_t count)
{
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < count; i++)
        wrong += values[i] != expected[i] && !(values[i] == 0 && expected[i] == LPM_TABLE_NONE);
    return wrong == 0;
}

static void take_turns(const struct lpm_table *table, struct way *ways, uint32_t count)
{
    uint32_t *expected = malloc(table->key_count * sizeof *expected);
    uint32_t *values = malloc(table->key_count * sizeof *values);

    if (expected == NULL || values == NULL)
        net_die("memory");
    trie_find(table, expected);
    for (uint32_t w = 0; w < count; w++) { /* warm up, and check */
        ways[w].find(table, values);
        if (ways[w].is_checked && !is_same(values, expected, table->key_count))
            net_die(ways[w].name);
    }
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t w = 0; w < count; w++) {
            uint64_t begin = busy_nanoseconds();

            ways[w].find(table, values);
            ways[w].ns[round] = (double)(busy_nanoseconds() - begin) / table->key_count;
        }
    }
    free(expected);
    free(values);
}

static void make_addresses(const struct lpm_table *table)
{
    addresses = calloc(table->key_count, sizeof *addresses);
    if (addresses == NULL)
        net_die("memory");
    for (uint32_t i = 0; i < table->key_count; i++) {
        addresses[i].family = table->bits == 32 ? AVPN_FAMILY_IPV4 : AVPN_FAMILY_IPV6;
        bytes_of(&table->keys[i], addresses[i].bytes);
    }
}

static const char *name_of(const struct lpm_table *table)
{
    return table->bits == 128 ? "IPv6" : table->layout == LPM_SITE ? "IPv4 site" : "IPv4";
}

static void report(const struct lpm_table *table, struct way *ways, uint32_t count)
{
    double median[16], best_peer = 0;

    for (uint32_t w = 0; w < count; w++) {
        median[w] = net_median(ways[w].ns, rounds);
        if (strncmp(ways[w].name, "rte", 3) == 0)
            best_peer = best_peer == 0 || median[w] < best_peer ? median[w] : best_peer;
    }
    for (uint32_t w = 0; w < count; w++) {
        printf("%u %s  %-26s %8.1f ns %8.1f M/s %10.1f B/route", table->count, name_of(table),
               ways[w].name, median[w], 1e3 / median[w], ways[w].bytes / table->count);
        if (best_peer != 0)
            printf("  x%.2f of the fastest rte", best_peer / median[w]);
        printf("\n");
    }
}

/* Of the instructions for batches those that this machine has beside the best. */
static uint32_t add_lesser(struct way *ways, uint32_t count)
{
    double bytes = ways[2].bytes;

    if (lpm.bits == 32 && lpm.vectors > AVPNI_LPM_PLAIN)
        ways[count++] = (struct way){"table, batch, plain", ours_batch_plain, true, bytes, {0}};
    if (lpm.bits == 32 && lpm.vectors > AVPNI_LPM_AVX2)
        ways[count++] = (struct way){"table, batch, AVX2", ours_batch_avx2, true, bytes, {0}};
    return count;
}

static void measure(uint32_t bits, enum lpm_layout layout, uint32_t count, uint32_t keys)
{
    struct lpm_table table;
    struct way ways[16] = {{"binary trie", trie_find, true, 0, {0}},
                           {"table, single", ours_single, true, 0, {0}},
                           {"table, batch of 32", ours_batch, true, 0, {0}},
                           {"routes, single", routes_single, false, 0, {0}},
                           {"routes, batch of 32", routes_batch, false, 0, {0}}};
    uint32_t way_count = 5;
    double table_ns, routes_ns, edit_us, worst_us;

    lpm_table_make(&table, bits, layout, count, keys);
    make_addresses(&table);
    trie_build(&table);
    table_ns = timed(ours_build, &table);
    routes_ns = timed(routes_build, &table);
    ways[0].bytes = (double)trie_bytes();
    ways[1].bytes = ways[2].bytes = (double)(sizeof lpm + avpni_lpm_footprint(&lpm));
    ways[3].bytes = ways[4].bytes = (double)avpn_routes_footprint(routes);
    way_count = add_lesser(ways, way_count);
    for (uint32_t i = 0; i < LPM_PEERS; i++) {
        struct lpm_peer peer;

        if (lpm_peer_build(&table, i, &peer))
            ways[way_count++] = (struct way){peer.name, peer.find, true, peer.bytes, {0}};
    }
    take_turns(&table, ways, way_count);
    report(&table, ways, way_count);
    edit_us = ours_edit(&table, &worst_us);
    printf("%u %s  build %.0f ns/route (routes %.0f), one update %.2f us (worst %.0f), copy %.0f us\n\n",
           table.count, name_of(&table), table_ns, routes_ns, edit_us, worst_us, ours_copy());
    fflush(stdout);
    lpm_peers_release();
    avpni_lpm_fini(&lpm);
    avpn_routes_del(routes);
    free(addresses);
    lpm_table_free(&table);
}

int main(int argc, char **argv)
{
    static const struct {
        uint32_t bits;
        enum lpm_layout layout;
        uint32_t count;
    } sizes[] = {{32, LPM_INTERNET, 1000},    {32, LPM_INTERNET, 10000},
                 {32, LPM_INTERNET, 100000},  {32, LPM_INTERNET, 1000000},
                 {32, LPM_SITE, 1000},        {32, LPM_SITE, 100000},
                 {128, LPM_INTERNET, 1000},   {128, LPM_INTERNET, 200000}};
    bool is_quick = net_is_quick(argc, argv);

    rounds = is_quick ? ROUNDS_QUICK : ROUNDS;
    if (!lpm_peers_begin(argv[0]))
        printf("without DPDK: libdpdk was not found at build time, or it cannot start here\n");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        measure(sizes[i].bits, sizes[i].layout, sizes[i].count,
                is_quick ? 1u << 18 : 1u << 20);
    free(trie.children);
    free(trie.values);
    return EXIT_SUCCESS;
}
