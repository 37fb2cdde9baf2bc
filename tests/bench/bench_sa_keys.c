/* SPDX-License-Identifier: ISC */
/*
 * bench_sa_keys: what many tunnels cost. Every packet belongs to a random one of 1, 100 or 10,000 senders.
 *
 *     aead    the provider's seal with that sender's key, packet after packet
 *     sa      vectors of 64 packets as a node does it: grouped by SA, keys prefetched, one batch a group
 *
 * The goal at 10,000 is x1.25. A sender's key and its bare twin are alike, in blocks of their own.
 */
#include "bench_sa.h"
#include "crypto/esp.h"
#include "forward/groups.h"
#include "net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VECTOR 64
#define VECTORS 40 /* in a slice */
#define SENDERS 10000
#define STRIDE 1536
#define ROUNDS_MOST 101

struct keys {
    const struct avpn_aead *aead;
    uint8_t *states, *senders; /* blocks at equal distances */
    size_t state_bytes, sender_bytes;
    uint32_t picks[VECTORS][VECTOR]; /* which sender, by packet */
    uint64_t seed;
    double bare[ROUNDS_MOST], ours[ROUNDS_MOST], ratio[ROUNDS_MOST];
};

static uint8_t room[VECTOR][STRIDE];

static uint32_t random_below(struct keys *keys, uint32_t limit)
{
    keys->seed = keys->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((keys->seed >> 33) % limit);
}

static size_t round_up(size_t bytes)
{
    return (bytes + AVPNI_ESP_ALIGN - 1) / AVPNI_ESP_ALIGN * AVPNI_ESP_ALIGN;
}

static struct avpni_sa *sender_at(const struct keys *keys, uint32_t i)
{
    void *sender = keys->senders + i * keys->sender_bytes;

    return sender;
}

static void begin(struct keys *keys, const struct avpn_aead *aead)
{
    memset(keys, 0, sizeof *keys);
    keys->aead = aead;
    keys->seed = 1;
    keys->state_bytes = round_up(aead->state_bytes);
    keys->sender_bytes = round_up(avpni_esp_bytes(aead, 0, false));
    keys->states = bench_place(SENDERS * keys->state_bytes);
    keys->senders = bench_place(SENDERS * keys->sender_bytes);
    for (uint32_t i = 0; i < SENDERS; i++) {
        struct avpn_sa_parameters p = {.size = sizeof p,
                                       .spi = 4096 + i,
                                       .suite = aead->suite,
                                       .aead = aead,
                                       .key = {(uint8_t)i, (uint8_t)(i >> 8)}};

        if (aead->set_key(aead->user, keys->states + i * keys->state_bytes, p.key) != 0 ||
            avpni_esp_init(sender_at(keys, i), &p, false) != AVPN_OK)
            net_die("keys");
    }
}

static void end(struct keys *keys)
{
    for (uint32_t i = 0; i < SENDERS; i++) {
        avpni_aead_clear(keys->aead, keys->states + i * keys->state_bytes);
        avpni_esp_wipe(sender_at(keys, i));
    }
    free(keys->states);
    free(keys->senders);
}

static void seal_bare(struct keys *keys, const uint32_t *picks, uint32_t bytes)
{
    const struct avpn_aead *aead = keys->aead;
    size_t text = avpn_sealed_bytes(bytes) - 32;
    static const uint8_t nonce[12], ad[12];

    for (uint32_t i = 0; i < VECTOR; i++) {
        uint8_t *at = room[i] + AVPN_HEADROOM;

        aead->seal(aead->user, keys->states + picks[i] * keys->state_bytes, at, text, at + text, ad,
                   sizeof ad, nonce);
    }
}

static void seal_group(struct keys *keys, const struct avpni_groups *groups, uint32_t group,
                       const uint32_t *picks, uint32_t bytes)
{
    struct avpni_esp_item items[VECTOR];
    uint32_t count = 0, i;

    for (i = groups->first[group]; i != AVPNI_GROUPS_END; i = groups->next[i]) {
        items[count].bytes = room[i] + AVPN_HEADROOM;
        items[count++].count = bytes;
    }
    avpni_esp_seal_batch(sender_at(keys, picks[groups->first[group]]), items, count, false);
    for (i = 0; i < count; i++)
        if (items[i].result <= 0)
            net_die("seal");
}

static void seal_ours(struct keys *keys, const uint32_t *picks, uint32_t bytes)
{
    const void *sas[VECTOR];
    struct avpni_groups groups;

    for (uint32_t i = 0; i < VECTOR; i++) {
        sas[i] = sender_at(keys, picks[i]);
        avpni_esp_prefetch(sas[i]);
    }
    avpni_groups_make(&groups, sas, VECTOR);
    for (uint32_t group = 0; group < groups.count; group++)
        seal_group(keys, &groups, group, picks, bytes);
}

/* ns a packet. What is sealed is an IP packet each time: of the last one only the first byte matters. */
static double slice(struct keys *keys, uint32_t bytes, bool is_ours)
{
    uint64_t begin, spent = 0;

    for (uint32_t i = 0; i < VECTORS; i++) {
        for (uint32_t k = 0; k < VECTOR; k++)
            room[k][AVPN_HEADROOM] = 0x45;
        begin = net_nanoseconds();
        (is_ours ? seal_ours : seal_bare)(keys, keys->picks[i], bytes);
        spent += net_nanoseconds() - begin;
    }
    return (double)spent / (VECTORS * VECTOR);
}

static void measure(struct keys *keys, uint32_t senders, uint32_t bytes, uint32_t rounds)
{
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < VECTORS; i++)
            for (uint32_t k = 0; k < VECTOR; k++)
                keys->picks[i][k] = random_below(keys, senders);
        keys->bare[round] = slice(keys, bytes, false);
        keys->ours[round] = slice(keys, bytes, true);
        keys->ratio[round] = keys->ours[round] / keys->bare[round];
    }
    printf("%-18s %-9s %5u %8u %8.1f %8.1f %7.3f\n", avpn_suite_name(keys->aead->suite),
           keys->aead->name, bytes, senders, net_median(keys->bare, rounds),
           net_median(keys->ours, rounds), net_median(keys->ratio, rounds));
}

void bench_keys_head(void)
{
    printf("one core, each packet under a random key, vectors of %u; goal at %u keys: x1.25\n"
           "%-18s %-9s %5s %8s %8s %8s %7s\n",
           VECTOR, SENDERS, "suite", "provider", "bytes", "keys", "aead ns", "sa ns", "ratio");
}

void bench_keys(const struct avpn_aead *aead, bool is_quick)
{
    static const uint32_t senders[] = {1, 100, SENDERS}, sizes[] = {64, 256, 1400};
    static struct keys keys;

    begin(&keys, aead);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t k = 0; k < sizeof senders / sizeof senders[0]; k++)
            measure(&keys, senders[k], sizes[i], is_quick ? 21 : ROUNDS_MOST);
    end(&keys);
}
