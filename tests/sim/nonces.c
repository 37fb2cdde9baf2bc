/* SPDX-License-Identifier: ISC */
/* nonces: owns the book of (SPI, IV) pairs that nodes sealed with: none twice [ESP-4]. */
#include "world.h"
#include <stdio.h>
#include <stdlib.h>

struct world_nonce {
    uint64_t key; /* from site, SPI and remote contact; 0: empty */
    uint64_t iv;
};

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static struct world_nonce *nonce_slot(struct world *world, uint64_t key)
{
    uint64_t mix = key;
    size_t slot = (size_t)sim_split_next(&mix) & (world->nonce_slots - 1);

    while (world->nonces[slot].key != 0 && world->nonces[slot].key != key)
        slot = (slot + 1) & (world->nonce_slots - 1);
    return &world->nonces[slot];
}

static void nonces_grow(struct world *world)
{
    struct world_nonce *old = world->nonces;
    const size_t old_slots = world->nonce_slots;

    world->nonce_slots = old_slots == 0 ? 256 : old_slots * 2;
    world->nonces = calloc(world->nonce_slots, sizeof *world->nonces);
    if (world->nonces == NULL)
        abort();
    for (size_t i = 0; i < old_slots; i++)
        if (old[i].key != 0)
            *nonce_slot(world, old[i].key) = old[i];
    free(old);
}

/* SPIs are the receiver's choice: two receivers may have the same one. */
static uint64_t nonce_key(uint32_t site, uint32_t spi, const struct avpn_contact *remote)
{
    uint64_t state = (uint64_t)site << 32 | spi;

    state = sim_split_next(&state) ^ remote->port;
    for (size_t i = 0; i < sizeof remote->bytes; i++)
        state = sim_split_next(&state) ^ remote->bytes[i];
    return state | 1;
}

/* [ESP-4] the sender's IV is its packet number, so under one SPI it only ever grows. */
void world_watch_sent(struct world *world, uint32_t site, const struct avpn_contact *remote,
                      const uint8_t *datagram, size_t bytes)
{
    struct world_nonce *nonce;
    uint64_t key, iv;

    if (bytes < 32 || get32(datagram) == 0)
        return;
    key = nonce_key(site, get32(datagram), remote);
    iv = (uint64_t)get32(datagram + 8) << 32 | get32(datagram + 12);
    if (2 * (world->nonce_count + 1) > world->nonce_slots)
        nonces_grow(world);
    nonce = nonce_slot(world, key);
    if (nonce->key == 0) {
        nonce->key = key;
        world->nonce_count++;
    } else if (iv == 1 && ++world->spi_reuses <= 1 + world->nonce_count / 100) {
        /* A new session whose SPI the receiver drew a second time: it has other keys. Rare it must be. */
    } else if (iv <= nonce->iv) {
        char what[100];

        snprintf(what, sizeof what, "site %u: SPI %08x sealed with IV %llu after %llu", site,
                 get32(datagram), (unsigned long long)iv, (unsigned long long)nonce->iv);
        world_fail(world, what);
    }
    nonce->iv = iv;
}

void world_nonces_fini(struct world *world)
{
    free(world->nonces);
}
