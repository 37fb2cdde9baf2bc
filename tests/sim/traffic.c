/* SPDX-License-Identifier: ISC */
/*
 * traffic: owns the inner packets a world sends and the book of which arrived where, and the book
 * of (SPI, IV) pairs. An inner packet is UDP and carries its number and bytes that
 * follow from it, so that whatever arrives can be compared with what was sent. Forwarding changes
 * the hop limit and the IPv4 checksum, nothing else.
 */
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC UINT32_C(0x51a7e1fe)
#define LARGEST 2000

struct world_packet {
    struct world_flow flow;
    avpn_time sent;
    uint32_t bytes;
    uint32_t arrivals;
};

struct world_nonce {
    uint64_t key; /* from site, SPI and remote contact; 0: empty */
    uint64_t iv;
};

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint16_t checksum(const uint8_t *header, size_t bytes)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < bytes; i += 2)
        sum += (uint32_t)header[i] << 8 | header[i + 1];
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* Site 0 stands for the world outside the organization. */
static void write_address(uint8_t *at, uint8_t family, uint32_t site)
{
    if (family == AVPN_FAMILY_IPV4) {
        put32(at, site == 0 ? UINT32_C(0x08080808) : UINT32_C(0x0a00000a) | site << 8);
        return;
    }
    memset(at, 0, 16);
    put32(at, site == 0 ? UINT32_C(0x20010db8) : UINT32_C(0xfd000000));
    put16(at + 6, site);
    at[15] = 10;
}

static void write_ipv4(uint8_t *p, const struct world_flow *flow, uint32_t bytes)
{
    memset(p, 0, 20);
    p[0] = 0x45;
    put16(p + 2, bytes);
    p[8] = 64;
    p[9] = 17;
    write_address(p + 12, AVPN_FAMILY_IPV4, flow->spoof != 0 ? flow->spoof : flow->from);
    write_address(p + 16, AVPN_FAMILY_IPV4, flow->to);
    put16(p + 10, checksum(p, 20));
}

static void write_ipv6(uint8_t *p, const struct world_flow *flow, uint32_t bytes)
{
    memset(p, 0, 40);
    p[0] = 0x60;
    put16(p + 4, bytes - 40);
    p[6] = 17;
    p[7] = 64;
    write_address(p + 8, AVPN_FAMILY_IPV6, flow->spoof != 0 ? flow->spoof : flow->from);
    write_address(p + 24, AVPN_FAMILY_IPV6, flow->to);
}

/* The packet with this number, exactly as it was sent. */
static void write_packet(const struct world *world, size_t number, uint8_t *p)
{
    const struct world_packet *packet = &world->packets[number];
    const uint32_t header = packet->flow.family == AVPN_FAMILY_IPV4 ? 20 : 40;
    uint64_t filler = number;

    if (packet->flow.family == AVPN_FAMILY_IPV4)
        write_ipv4(p, &packet->flow, packet->bytes);
    else
        write_ipv6(p, &packet->flow, packet->bytes);
    put16(p + header, 7000);
    put16(p + header + 2, 7001);
    put16(p + header + 4, packet->bytes - header);
    put16(p + header + 6, 0);
    put32(p + header + 8, MAGIC);
    put32(p + header + 12, (uint32_t)number);
    for (uint32_t i = header + 16; i < packet->bytes; i++)
        p[i] = (uint8_t)sim_split_next(&filler);
}

size_t world_send(struct world *world, const struct world_flow *flow)
{
    uint8_t buffer[AVPN_HEADROOM + LARGEST + AVPN_TAILROOM];
    struct world_node *node = &world->nodes[flow->from];
    struct avpn_packets batch = {.data = buffer + AVPN_HEADROOM, .count = 1};
    const size_t number = world->packet_count;

    if (number == world->packet_capacity) {
        world->packet_capacity = number == 0 ? 256 : number * 2;
        world->packets =
            realloc(world->packets, world->packet_capacity * sizeof *world->packets);
        if (world->packets == NULL)
            abort();
    }
    world->packets[world->packet_count++] = (struct world_packet){
        .flow = *flow, .sent = world_now(world), .bytes = flow->bytes == 0 ? 100 : flow->bytes};
    if (flow->family == 0)
        world->packets[number].flow.family = AVPN_FAMILY_IPV4;
    batch.bytes = batch.last_bytes = batch.stride = world->packets[number].bytes;
    write_packet(world, number, batch.data);
    if (node->node == NULL)
        return number;
    if (avpn_node_send(node->node, &batch, 1, world_now(world)) != AVPN_OK)
        world_fail(world, "avpn_node_send refused a packet");
    world_node_serve(node);
    return number;
}

/* Hop limit and checksum as in the original, after checking that they were right. */
static bool restore(uint8_t *packet, uint8_t family)
{
    if (family == AVPN_FAMILY_IPV6) {
        packet[7] = 64;
        return true;
    }
    if (checksum(packet, 20) != 0)
        return false;
    packet[8] = 64;
    put16(packet + 10, 0);
    put16(packet + 10, checksum(packet, 20));
    return true;
}

void world_traffic_delivered(struct world *world, uint32_t site, const uint8_t *bytes,
                             uint32_t count)
{
    const uint32_t header = count > 0 && bytes[0] >> 4 == 6 ? 40 : 20;
    uint8_t sent[LARGEST], got[LARGEST];
    struct world_packet *packet;
    uint32_t number;

    if (count < header + 16 || count > LARGEST || get32(bytes + header + 8) != MAGIC ||
        get32(bytes + header + 12) >= world->packet_count) {
        world_fail(world, "delivered something that was never sent");
        return;
    }
    number = get32(bytes + header + 12);
    packet = &world->packets[number];
    write_packet(world, number, sent);
    memcpy(got, bytes, count);
    if (count != packet->bytes || !restore(got, packet->flow.family) ||
        memcmp(sent, got, count) != 0)
        world_fail(world, "delivered a packet that was changed on the way");
    if (packet->flow.spoof != 0)
        world_fail(world, "delivered a packet with a spoofed source");
    if (site != (packet->flow.to != 0 ? packet->flow.to : packet->flow.exit))
        world_fail(world, "delivered a packet at the wrong site");
    if (++packet->arrivals > 1)
        world_fail(world, "delivered a packet twice");
    world->nodes[site].delivered++;
}

bool world_has_arrived(const struct world *world, size_t packet)
{
    return world->packets[packet].arrivals > 0;
}

struct pair {
    const struct world *world;
    size_t a, b;
};

static bool both_have_arrived(void *user)
{
    const struct pair *pair = user;

    return world_has_arrived(pair->world, pair->a) && world_has_arrived(pair->world, pair->b);
}

bool world_ping(struct world *world, uint32_t from, uint32_t to)
{
    struct pair pair = {.world = world};

    pair.a = world_send(world, &(struct world_flow){.from = from, .to = to});
    pair.b = world_send(
        world, &(struct world_flow){.from = from, .to = to, .family = AVPN_FAMILY_IPV6});
    return sim_run_until(world->sim, 2 * AVPN_SECOND, both_have_arrived, &pair);
}

uint32_t world_stream(struct world *world, uint32_t from, uint32_t to, uint32_t count,
                      avpn_span apart)
{
    const size_t first = world->packet_count;
    uint32_t arrived = 0;

    for (uint32_t i = 0; i < count; i++) {
        world_send(world, &(struct world_flow){.from = from, .to = to});
        world_run(world, apart);
    }
    world_run(world, 2 * AVPN_SECOND);
    for (uint32_t i = 0; i < count; i++)
        arrived += world_has_arrived(world, first + i) ? 1u : 0u;
    return arrived;
}

/* ---- nonces ------------------------------------------------------------------------ */

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

void world_traffic_fini(struct world *world)
{
    free(world->packets);
    free(world->nonces);
}
