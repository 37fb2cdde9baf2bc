/* SPDX-License-Identifier: ISC */
/*
 * lpm_table: tables and keys for bench_lpm, and the peers it has beside it. The peers are those of
 * lpm_dpdk.c, or none (lpm_no_peers.c).
 */
#ifndef AUTOVPN_TESTS_LPM_TABLE_H
#define AUTOVPN_TESTS_LPM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LPM_TABLE_NONE UINT32_MAX
#define LPM_PEERS 3u

/* IPv4 in the upper 32 bits. */
struct lpm_address {
    uint64_t high, low;
};

struct lpm_route {
    struct lpm_address address;
    uint32_t value; /* 1..4000 */
    uint8_t length;
};

/* Lengths and places as on the Internet, or as in one site's 10.0.0.0/8. */
enum lpm_layout { LPM_INTERNET, LPM_SITE };

struct lpm_table {
    uint32_t bits; /* 32 or 128 */
    enum lpm_layout layout;
    struct lpm_route *routes;
    uint32_t count;
    struct lpm_address *keys;
    uint32_t *keys_ipv4;
    uint8_t (*keys_ipv6)[16];
    uint32_t key_count;
};

struct lpm_peer {
    const char *name;
    void (*find)(const struct lpm_table *, uint32_t *values_out); /* 0: none */
    double bytes;
};

uint64_t lpm_table_random(uint64_t *state);
/* The same for the same arguments. In random order, no prefix twice. */
void lpm_table_make(struct lpm_table *table, uint32_t bits, enum lpm_layout layout, uint32_t count,
                    uint32_t key_count);
void lpm_table_free(struct lpm_table *table);

bool lpm_peers_begin(char *program);
/* False: there is no such peer here, or not for such a table. */
bool lpm_peer_build(const struct lpm_table *table, uint32_t number, struct lpm_peer *peer_out);
void lpm_peers_release(void);

#endif
