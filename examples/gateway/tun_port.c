/* SPDX-License-Identifier: ISC */
#include "gateway/tun_port.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <autovpn/offload.h>

#define PACKET_ALIGN 64u
#define PACKET_BYTES (65536u + 64u) /* the largest there is, and its header */
/*
 * Reading goes on while less than ENOUGH_BYTES are taken: some tens of packets of usual size, or one large one, which then are
 * sealed while they are warm. Behind that lies room for the worst packet. Pages that nothing reaches are not touched.
 */
#define ENOUGH_BYTES (64u << 10)
#define ROOM_BYTES (ENOUGH_BYTES + AVPN_SEGMENT_ROOM)

_Static_assert(sizeof(struct avpn_slice) == sizeof(struct iovec), "a slice is written as an iovec");

int tun_port_open(struct tun_port *port, const struct tun *tun)
{
    uint32_t kinds = 0;

    if (tun->offloads & TUN_TSO)
        kinds |= AVPN_COALESCE_TCP4 | AVPN_COALESCE_TCP6;
    if (tun->offloads & TUN_USO)
        kinds |= AVPN_COALESCE_UDP;
    memset(port, 0, sizeof *port);
    port->tun = tun;
    port->packet = aligned_alloc(PACKET_ALIGN, PACKET_ALIGN + PACKET_BYTES);
    port->room = malloc(ROOM_BYTES);
    if (!port->packet || !port->room)
        return -1;
    if (!tun->has_header)
        return 0;
    return avpn_coalescer_new(NULL, kinds, &port->coalescer) == AVPN_OK ? 0 : -1;
}

void tun_port_close(struct tun_port *port)
{
    free(port->packet);
    free(port->room);
    avpn_coalescer_del(port->coalescer);
    memset(port, 0, sizeof *port);
}

/* ---- reading ---------------------------------------------------------------------------- */

/* Runs that come into being in the room. */
struct filling {
    struct tun_port *port;
    struct avpn_packets *runs;
    size_t count;
};

/* Whether a packet of `bytes` that follows the run can belong to it: only the last may be shorter. */
static int continues(const struct avpn_packets *run, uint32_t bytes)
{
    return run->last_bytes == run->bytes && bytes <= run->bytes;
}

static struct avpn_packets *last_run(const struct filling *filling)
{
    return filling->count ? &filling->runs[filling->count - 1] : NULL;
}

static uint8_t *end_of(const struct avpn_packets *run)
{
    return run->data + (size_t)(run->count - 1) * run->stride + run->last_bytes + AVPN_TAILROOM;
}

/*
 * Where the next packet's room begins: for one that continues the run so that sealed packets lie end to end; else where the room of
 * the last one ends.
 */
static uint8_t *next_room(const struct filling *filling, int is_continuing)
{
    const struct avpn_packets *run = last_run(filling);

    if (!run)
        return filling->port->room;
    return is_continuing ? run->data + (size_t)run->count * run->stride - AVPN_HEADROOM : end_of(run);
}

static int is_enough(const struct filling *filling)
{
    return next_room(filling, 0) - filling->port->room >= (ptrdiff_t)ENOUGH_BYTES;
}

static void append(struct filling *filling, const struct avpn_packets *run, int is_continuing)
{
    struct avpn_packets *last = last_run(filling);

    if (is_continuing) {
        last->count++;
        last->last_bytes = run->last_bytes;
    } else {
        filling->runs[filling->count++] = *run;
    }
    if (run->count > 1) {
        tally_add(&filling->port->large_read, 1);
        tally_add(&filling->port->pieces, run->count);
    }
}

/* One packet as the kernel gave it: 0, or -1: its headers lie. */
static int take(struct filling *filling, const uint8_t *bytes, uint32_t count)
{
    const struct avpn_packets *last = last_run(filling);
    struct avpn_offload offload = {0};
    struct avpn_packets run;
    int is_continuing;
    uint8_t *room;

    if (filling->port->tun->has_header) {
        if (count <= AVPN_VNET_BYTES ||
            avpn_offload_read(bytes, count - AVPN_VNET_BYTES, &offload) != AVPN_OK)
            return -1;
        bytes += AVPN_VNET_BYTES;
        count -= AVPN_VNET_BYTES;
    }
    is_continuing = offload.kind == AVPN_OFFLOAD_NONE && last && continues(last, count);
    room = next_room(filling, is_continuing);
    if (avpn_segment(&offload, bytes, count, room,
                     (size_t)(filling->port->room + ROOM_BYTES - room), &run) != AVPN_OK)
        return -1;
    append(filling, &run, is_continuing);
    return 0;
}

size_t tun_read(struct tun_port *port, uint32_t queue, struct avpn_packets batch_out[TUN_BATCH],
                int *is_drained_out)
{
    struct filling filling = {port, batch_out, 0};
    /* aligned without its header */
    uint8_t *packet = port->packet + PACKET_ALIGN - (port->tun->has_header ? AVPN_VNET_BYTES : 0);

    *is_drained_out = 0;
    for (uint32_t i = 0; i < TUN_BATCH && !is_enough(&filling); i++) {
        ssize_t bytes = read(port->tun->fds[queue], packet, PACKET_BYTES);

        if (bytes <= 0) {
            *is_drained_out = 1;
            break;
        }
        if (take(&filling, packet, (uint32_t)bytes) != 0)
            tally_add(&port->malformed, 1);
    }
    return filling.count;
}

/* ---- writing ------------------------------------------------------------------------------ */

/* Header, and one packet whole or its headers and the payloads of several. */
static void write_slices(void *user, const struct avpn_slice *slices, size_t count)
{
    struct tun_port *port = user;
    size_t packets = count > 2 ? count - 2 : 1;

    if (writev(port->writes_to, (const struct iovec *)(const void *)slices, (int)count) < 0)
        tally_add(&port->unwritten, packets);
    else if (packets > 1)
        tally_add(&port->joined, packets);
}

static void write_run(struct tun_port *port, const struct avpn_packets *run)
{
    for (uint32_t k = 0; k < run->count; k++) {
        const uint8_t *packet = run->data + (size_t)k * (run->count > 1 ? run->stride : 0);

        if (write(port->writes_to, packet, k + 1 == run->count ? run->last_bytes : run->bytes) < 0)
            tally_add(&port->unwritten, 1);
    }
}

void tun_write(struct tun_port *port, uint32_t queue, const struct avpn_packets *batch, size_t count)
{
    port->writes_to = port->tun->fds[queue];
    if (port->coalescer)
        avpn_coalesce(port->coalescer, batch, count, write_slices, port);
    else
        for (size_t i = 0; i < count; i++)
            write_run(port, &batch[i]);
}
