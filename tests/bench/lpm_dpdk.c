/* SPDX-License-Identifier: ISC */
/*
 * The peers of bench_lpm: DPDK's rte_fib (DIR-24-8) and rte_fib6 in bursts of 32, scalar and with
 * AVX-512, and rte_fib with one call a key. No huge pages, no devices. Bytes are those of DPDK's heap, with its list of routes.
 */
#include "lpm_table.h"

#include "net.h"

#include <rte_eal.h>
#include <rte_fib.h>
#include <rte_fib6.h>
#include <rte_malloc.h>

#include <stdlib.h>
#include <string.h>

#define BURST 32u
/* rte_fib6 reserves more groups of entries than it fills. Those that stay empty are not counted. */
#define IPV6_GROUPS (1u << 19)
#define IPV6_GROUP_BYTES 1024.0

static struct rte_fib *fibs[LPM_PEERS];
static struct rte_fib6 *fibs6[LPM_PEERS];
static bool is_started;

bool lpm_peers_begin(char *program)
{
    char *arguments[] = {program,          "--no-huge",      "-m",        "4096",
                         "--no-pci",       "--no-shconf",    "--no-telemetry",
                         "--log-level=1",  "--force-max-simd-bitwidth=512"};

    is_started = rte_eal_init(sizeof arguments / sizeof arguments[0], arguments) >= 0;
    return is_started;
}

static double heap_bytes(void)
{
    struct rte_malloc_socket_stats stats;

    return rte_malloc_get_socket_stats(0, &stats) == 0 ? (double)stats.heap_allocsz_bytes : 0;
}

static void find(const struct lpm_table *table, uint32_t number, uint32_t burst,
                 uint32_t *values_out)
{
    uint64_t hops[BURST];

    for (uint32_t i = 0; i < table->key_count; i += burst) {
        if (table->bits == 32)
            rte_fib_lookup_bulk(fibs[number], &table->keys_ipv4[i], hops, (int)burst);
        else
            rte_fib6_lookup_bulk(fibs6[number], &table->keys_ipv6[i], hops, (int)burst);
        for (uint32_t k = 0; k < burst; k++)
            values_out[i + k] = (uint32_t)hops[k];
    }
}

static void find_scalar(const struct lpm_table *table, uint32_t *values_out)
{
    find(table, 0, BURST, values_out);
}

static void find_vector(const struct lpm_table *table, uint32_t *values_out)
{
    find(table, 1, BURST, values_out);
}

static void find_single(const struct lpm_table *table, uint32_t *values_out)
{
    find(table, 0, 1, values_out);
}

static int compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

/* How many groups of 256 entries below the first 24 bits there have to be. */
static uint32_t count_groups(const struct lpm_table *table)
{
    uint8_t(*starts)[16] = calloc(table->count, sizeof *starts);
    uint32_t groups = 0;

    if (starts == NULL)
        net_die("memory");
    for (uint32_t level = 24; level < table->bits; level += 8) {
        uint32_t count = 0;

        for (uint32_t i = 0; i < table->count; i++) {
            if (table->routes[i].length <= level)
                continue;
            memset(starts[count], 0, 16);
            for (uint32_t b = 0; b < level / 8; b++)
                starts[count][b] = (uint8_t)(b < 8 ? table->routes[i].address.high >> (56 - 8 * b)
                                                   : table->routes[i].address.low >> (120 - 8 * b));
            count++;
        }
        qsort(starts, count, sizeof *starts, compare_keys);
        for (uint32_t i = 0; i < count; i++)
            groups += i == 0 || memcmp(starts[i], starts[i - 1], 16) != 0;
    }
    free(starts);
    return groups;
}

static bool build_ipv4(const struct lpm_table *table, uint32_t number)
{
    struct rte_fib_conf conf = {.type = RTE_FIB_DIR24_8,
                                .max_routes = (int)(2 * table->count + 65536),
                                .dir24_8 = {RTE_FIB_DIR24_8_2B, count_groups(table) + 64}};
    struct rte_fib *fib = rte_fib_create(number == 0 ? "scalar" : "vector", SOCKET_ID_ANY, &conf);

    if (fib == NULL)
        return false;
    fibs[number] = fib;
    for (uint32_t i = 0; i < table->count; i++) {
        if (rte_fib_add(fib, (uint32_t)(table->routes[i].address.high >> 32),
                        table->routes[i].length, table->routes[i].value) != 0)
            net_die("rte_fib_add");
    }
    return rte_fib_select_lookup(fib, number == 0 ? RTE_FIB_LOOKUP_DIR24_8_SCALAR_MACRO
                                                  : RTE_FIB_LOOKUP_DIR24_8_VECTOR_AVX512) == 0;
}

static bool build_ipv6(const struct lpm_table *table, uint32_t number)
{
    struct rte_fib6_conf conf = {.type = RTE_FIB6_TRIE,
                                 .max_routes = (int)(2 * table->count + 65536),
                                 .trie = {RTE_FIB6_TRIE_4B, IPV6_GROUPS}};
    struct rte_fib6 *fib = rte_fib6_create(number == 0 ? "scalar" : "vector", SOCKET_ID_ANY, &conf);

    if (fib == NULL)
        return false;
    fibs6[number] = fib;
    for (uint32_t i = 0; i < table->count; i++) {
        uint8_t bytes[16];

        for (uint32_t b = 0; b < 8; b++) {
            bytes[b] = (uint8_t)(table->routes[i].address.high >> (56 - 8 * b));
            bytes[8 + b] = (uint8_t)(table->routes[i].address.low >> (56 - 8 * b));
        }
        if (rte_fib6_add(fib, bytes, table->routes[i].length, table->routes[i].value) != 0)
            net_die("rte_fib6_add");
    }
    return rte_fib6_select_lookup(fib, number == 0 ? RTE_FIB6_LOOKUP_TRIE_SCALAR
                                                   : RTE_FIB6_LOOKUP_TRIE_VECTOR_AVX512) == 0;
}

bool lpm_peer_build(const struct lpm_table *table, uint32_t number, struct lpm_peer *peer_out)
{
    static double scalar_bytes;
    double before;
    bool is_built;

    if (!is_started)
        return false;
    if (number == 2) {
        *peer_out = (struct lpm_peer){"rte, one call a key", find_single, scalar_bytes};
        return fibs[0] != NULL || fibs6[0] != NULL;
    }
    before = heap_bytes();
    is_built = table->bits == 32 ? build_ipv4(table, number) : build_ipv6(table, number);
    if (table->bits == 128)
        before += (IPV6_GROUPS - count_groups(table)) * IPV6_GROUP_BYTES;
    *peer_out = (struct lpm_peer){number == 0 ? "rte, scalar, bulk of 32" : "rte, AVX-512, bulk of 32",
                                  number == 0 ? find_scalar : find_vector, heap_bytes() - before};
    scalar_bytes = number == 0 ? peer_out->bytes : scalar_bytes;
    return is_built;
}

void lpm_peers_release(void)
{
    for (uint32_t i = 0; i < LPM_PEERS; i++) {
        rte_fib_free(fibs[i]);
        rte_fib6_free(fibs6[i]);
        fibs[i] = NULL;
        fibs6[i] = NULL;
    }
}
