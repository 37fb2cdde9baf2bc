/* SPDX-License-Identifier: ISC */
#include "gateway/report_parts.h"

#include <autovpn/aead.h>
#include <autovpn/sa.h>

#include "gateway/gateway.h"

/* What encrypts: who computes each suite here; null: nobody does. */
static json_t *providers(const struct gateway *gateway)
{
    json_t *object = json_object();

    for (uint8_t suite = AVPN_SUITE_AES_256_GCM; suite <= AVPN_SUITE_CHACHA20_POLY1305; suite++) {
        const struct avpn_aead *aead = avpn_node_aead(gateway->node, suite);

        json_object_set_new(object, avpn_suite_name(suite),
                            aead ? json_string(aead->name) : json_null());
    }
    return object;
}

static void append(json_t *list, int is_so, const char *word)
{
    if (is_so)
        json_array_append_new(list, json_string(word));
}

static json_t *tun_offloads(const struct tun *tun)
{
    json_t *list = json_array();

    append(list, tun->offloads & TUN_CHECKSUM, "checksum");
    append(list, tun->offloads & TUN_TSO, "tso4");
    append(list, tun->offloads & TUN_TSO, "tso6");
    append(list, tun->offloads & TUN_USO, "uso");
    return list;
}

/* What every socket has. */
static json_t *udp_offloads(const struct gateway *gateway)
{
    json_t *list = json_array();
    int can_segment = 1, can_coalesce = 1;

    for (uint32_t i = 0; i < gateway->setup->uplink_count; i++)
        for (uint32_t k = 0; k < gateway->uplinks[i].socket_count; k++) {
            can_segment &= atomic_load(&gateway->uplinks[i].sockets[k].can_segment);
            can_coalesce &= gateway->uplinks[i].sockets[k].can_coalesce;
        }
    append(list, can_segment, "segment");
    append(list, can_coalesce, "gro");
    return list;
}

struct counts {
    uint64_t large_read, pieces, joined, malformed, unwritten;
};

static void add_port(const struct tun_port *port, struct counts *counts)
{
    counts->large_read += tally_read(&port->large_read);
    counts->pieces += tally_read(&port->pieces);
    counts->joined += tally_read(&port->joined);
    counts->malformed += tally_read(&port->malformed);
    counts->unwritten += tally_read(&port->unwritten);
}

json_t *report_carrying(const struct gateway *gateway)
{
    struct counts counts = {0};

    add_port(&gateway->carrier.port, &counts);
    for (uint32_t i = 0; i < gateway->pool.thread_count; i++)
        add_port(&gateway->pool.threads[i].carrier.port, &counts);
    return json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "providers",
                     providers(gateway), "interface_offloads", tun_offloads(&gateway->tun),
                     "socket_offloads", udp_offloads(gateway), "queues",
                     (json_int_t)gateway->tun.queue_count, "workers",
                     (json_int_t)gateway->pool.thread_count, "large_read",
                     (json_int_t)counts.large_read, "pieces_cut", (json_int_t)counts.pieces,
                     "packets_joined", (json_int_t)counts.joined, "malformed",
                     (json_int_t)counts.malformed, "unwritten", (json_int_t)counts.unwritten,
                     "punts_lost", (json_int_t)tally_read(&gateway->pool.punts.lost));
}
