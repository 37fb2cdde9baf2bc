/* SPDX-License-Identifier: ISC */
/*
 * hosts: what the machines behind a gateway do by themselves: put fragments together, answer echoes, refuse with
 * an ICMP error. An engine must not be called from its own callbacks, so what hosts send waits in a queue until the
 * simulation's next event, at the same moment.
 */
#include "world.h"
#include <stdlib.h>
#include <string.h>

#define ASSEMBLIES 32

struct waiting {
    uint32_t site;
    bool is_packet; /* `packet`, else `bytes` */
    struct world_packet packet;
    uint8_t *bytes;
    uint32_t count;
};

/* One packet of which pieces are there. */
struct assembly {
    uint32_t site;
    uint16_t id;
    struct avpn_address source;
    uint32_t got, total, pieces; /* bytes of the payload; total 0: not known yet */
    uint8_t header[20];
    uint8_t *payload;
};

struct world_hosts {
    struct waiting *queue;
    size_t count, capacity;
    bool is_armed;
    struct assembly assemblies[ASSEMBLIES];
    uint32_t next;
};

static void *need(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

static struct world_hosts *hosts_of(struct world *world)
{
    if (world->hosts == NULL)
        world->hosts = need(calloc(1, sizeof *world->hosts));
    return world->hosts;
}

void world_hosts_fini(struct world *world)
{
    struct world_hosts *hosts = world->hosts;

    if (hosts == NULL)
        return;
    for (size_t i = 0; i < hosts->count; i++)
        free(hosts->queue[i].bytes);
    for (size_t i = 0; i < ASSEMBLIES; i++)
        free(hosts->assemblies[i].payload);
    free(hosts->queue);
    free(hosts);
    world->hosts = NULL;
}

/* ---- the queue --------------------------------------------------------------------------------- */

static void send_waiting(void *user, avpn_time now)
{
    struct world *world = user;
    struct world_hosts *hosts = world->hosts;
    struct waiting *queue = hosts->queue;
    const size_t count = hosts->count;

    (void)now;
    hosts->queue = NULL;
    hosts->count = hosts->capacity = 0;
    hosts->is_armed = false;
    for (size_t i = 0; i < count; i++) {
        if (queue[i].is_packet)
            world_send_packet(world, &queue[i].packet);
        else
            world_send_bytes(world, queue[i].site, queue[i].bytes, queue[i].count);
        free(queue[i].bytes);
    }
    free(queue);
}

static struct waiting *queue_add(struct world *world)
{
    struct world_hosts *hosts = hosts_of(world);

    if (hosts->count == hosts->capacity) {
        hosts->capacity = hosts->capacity == 0 ? 8 : hosts->capacity * 2;
        hosts->queue = need(realloc(hosts->queue, hosts->capacity * sizeof *hosts->queue));
    }
    if (!hosts->is_armed)
        sim_at(world->sim, world_now(world), send_waiting, world);
    hosts->is_armed = true;
    hosts->queue[hosts->count] = (struct waiting){0};
    return &hosts->queue[hosts->count++];
}

void world_hosts_send_later(struct world *world, uint32_t site, const uint8_t *bytes,
                            uint32_t count)
{
    struct waiting *waiting = queue_add(world);

    waiting->site = site;
    waiting->bytes = need(malloc(count));
    waiting->count = count;
    memcpy(waiting->bytes, bytes, count);
}

/* ---- fragments ------------------------------------------------------------------------------------ */

static struct assembly *assembly_for(struct world_hosts *hosts, uint32_t site,
                                     const struct avpn_address *source, uint16_t id)
{
    struct assembly *assembly;

    for (size_t i = 0; i < ASSEMBLIES; i++) {
        assembly = &hosts->assemblies[i];
        if (assembly->payload != NULL && assembly->site == site && assembly->id == id &&
            sim_address_is_equal(&assembly->source, source))
            return assembly;
    }
    assembly = &hosts->assemblies[hosts->next++ % ASSEMBLIES];
    free(assembly->payload);
    *assembly = (struct assembly){.site = site, .id = id, .source = *source};
    assembly->payload = need(calloc(1, INNER_LARGEST));
    return assembly;
}

/* The header of a packet that was never cut. */
static void mend_header(uint8_t *header, uint32_t bytes)
{
    uint32_t sum = 0;

    header[2] = (uint8_t)(bytes >> 8);
    header[3] = (uint8_t)bytes;
    header[6] = header[7] = header[10] = header[11] = 0;
    for (uint32_t i = 0; i < 20; i += 2)
        sum += (uint32_t)header[i] << 8 | header[i + 1];
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~(sum + (sum >> 16));
    header[10] = (uint8_t)(sum >> 8);
    header[11] = (uint8_t)sum;
}

uint32_t world_hosts_assemble(struct world *world, uint32_t site, const uint8_t *bytes,
                              uint32_t count, uint8_t whole_out[INNER_LARGEST],
                              uint32_t *pieces_out)
{
    const struct avpn_address source = inner_source(bytes);
    struct inner_fragment fragment;
    struct assembly *assembly;
    uint32_t total;

    if (!inner_fragment(bytes, count, &fragment) ||
        fragment.at + fragment.count > INNER_LARGEST - 20)
        return 0;
    assembly = assembly_for(hosts_of(world), site, &source, fragment.id);
    memcpy(assembly->payload + fragment.at, bytes + 20, fragment.count);
    assembly->got += fragment.count;
    assembly->pieces++;
    if (fragment.at == 0)
        memcpy(assembly->header, bytes, 20);
    if (fragment.is_last)
        assembly->total = fragment.at + fragment.count;
    if (assembly->total == 0 || assembly->got < assembly->total)
        return 0;
    if (assembly->got > assembly->total)
        world_fail(world, "fragments that overlap, or came twice");
    total = assembly->total;
    memcpy(whole_out, assembly->header, 20);
    memcpy(whole_out + 20, assembly->payload, total);
    mend_header(whole_out, total + 20);
    *pieces_out = assembly->pieces;
    free(assembly->payload);
    *assembly = (struct assembly){0};
    return total + 20;
}

/* ---- answers ---------------------------------------------------------------------------------------- */

/* From where the echo went, to where it came from; both as they are called here. */
static void answer_echo(struct world *world, uint32_t site, size_t number, const struct inner *got)
{
    struct waiting *waiting = queue_add(world);

    waiting->site = site;
    waiting->is_packet = true;
    waiting->packet = (struct world_packet){.from = site,
                                            .to = world->packets[number].from,
                                            .answers = (uint32_t)number + 1,
                                            .is_free = world->packets[number].is_free,
                                            .may_break_out = world->packets[number].is_free};
    waiting->packet.sent = *got;
    waiting->packet.sent.source = got->destination;
    waiting->packet.sent.destination = got->source;
    waiting->packet.sent.is_reply = true;
    waiting->packet.sent.hop_limit = 64;
}

/* Port unreachable. */
static void refuse(struct world *world, uint32_t site, const struct inner *got,
                   const uint8_t *bytes)
{
    const bool is_v6 = got->source.family == AVPN_FAMILY_IPV6;
    const struct inner_error error = {.source = got->destination,
                                      .destination = got->source,
                                      .type = is_v6 ? 1 : 3,
                                      .code = is_v6 ? 4 : 3,
                                      .about = bytes,
                                      .about_bytes = got->bytes};
    uint8_t packet[INNER_LARGEST];

    world_hosts_send_later(world, site, packet, inner_write_error(&error, packet));
}

void world_hosts_take(struct world *world, uint32_t site, size_t number, const struct inner *got,
                      const uint8_t *bytes)
{
    if (world->packets[number].is_refused)
        refuse(world, site, got, bytes);
    else if (got->protocol == INNER_ICMP && !got->is_reply)
        answer_echo(world, site, number, got);
    else if (got->protocol == INNER_TCP)
        world_transfer_take(world, site, got);
}
