/* SPDX-License-Identifier: ISC */
/*
 * traffic: owns the book of inner packets: what was sent, where it arrived, which error came back. A packet is written
 * again from its description, with the addresses that its destination is to see, and compared with what arrived. Forwarding changes the hop limit, a tunnel's size the TCP segment size; nothing else.
 */
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUARD 64
#define GUARD_BYTE 0x5a

static bool fail_about(struct world *world, const char *what, size_t number)
{
    const struct world_packet *packet = &world->packets[number];
    char source[AVPN_ADDRESS_TEXT], destination[AVPN_ADDRESS_TEXT], text[240];

    avpn_address_format(&packet->sent.source, source, sizeof source);
    avpn_address_format(&packet->sent.destination, destination, sizeof destination);
    snprintf(text, sizeof text, "%s: packet %zu of site %u, %s -> %s, protocol %u, %u bytes", what,
             number, packet->from, source, destination, packet->sent.protocol, packet->sent.bytes);
    world_fail(world, text);
    return false;
}

/* ---- sending ------------------------------------------------------------------------------------- */

/* Give a run to an engine. Around the run's room are bytes of a pattern, which nobody may touch. */
static void send_run(struct world *world, uint32_t site, uint8_t *buffer, uint32_t buffer_bytes,
                     const struct avpn_packets *run)
{
    struct world_node *node = &world->nodes[site];

    if (node->node == NULL)
        return;
    memset(buffer, GUARD_BYTE, GUARD);
    memset(buffer + buffer_bytes - GUARD, GUARD_BYTE, GUARD);
    if (world_crew_send(node, run) != AVPN_OK)
        world_fail(world, "an engine refused a packet");
    for (uint32_t i = 0; i < GUARD; i++)
        if (buffer[i] != GUARD_BYTE || buffer[buffer_bytes - 1 - i] != GUARD_BYTE) {
            world_fail(world, "an engine wrote outside of the room around a packet");
            break;
        }
    world_node_serve(node);
}

void world_send_bytes(struct world *world, uint32_t site, const uint8_t *bytes, uint32_t count)
{
    uint8_t buffer[GUARD + AVPN_HEADROOM + INNER_LARGEST + AVPN_TAILROOM + GUARD];
    const struct avpn_packets run = {.data = buffer + GUARD + AVPN_HEADROOM,
                                     .count = 1,
                                     .bytes = count,
                                     .last_bytes = count,
                                     .stride = count};

    memcpy(run.data, bytes, count);
    send_run(world, site, buffer, GUARD + AVPN_HEADROOM + count + AVPN_TAILROOM + GUARD, &run);
}

/* Into the book, and written. Returns its number. */
static size_t note_packet(struct world *world, const struct world_packet *packet,
                          uint8_t bytes_out[INNER_LARGEST])
{
    const size_t number = world->packet_count;
    struct world_packet *kept;

    if (number == world->packet_capacity) {
        world->packet_capacity = number == 0 ? 256 : number * 2;
        world->packets = realloc(world->packets, world->packet_capacity * sizeof *world->packets);
        if (world->packets == NULL)
            abort();
    }
    kept = &world->packets[world->packet_count++];
    *kept = *packet;
    if (kept->sent.bytes > INNER_LARGEST) {
        world_fail(world, "a scenario sends a packet that no host sends");
        kept->sent.bytes = INNER_LARGEST;
    }
    kept->sent_at = world_now(world);
    kept->sent.number = (uint32_t)number;
    kept->sent.is_unsummed = kept->sent.protocol == INNER_UDP && number % 4 == 0 &&
                             kept->sent.source.family == AVPN_FAMILY_IPV4;
    kept->sent.bytes = inner_write(&kept->sent, bytes_out);
    return number;
}

size_t world_send_packet(struct world *world, const struct world_packet *packet)
{
    uint8_t bytes[INNER_LARGEST];
    const size_t number = note_packet(world, packet, bytes);

    world_send_bytes(world, packet->from, bytes, world->packets[number].sent.bytes);
    return number;
}

/* A flow as one packet of it. */
static struct world_packet packet_of(const struct world *world, const struct world_flow *flow)
{
    const uint8_t family = flow->destination != NULL ? sim_address(flow->destination).family
                           : flow->family == 0       ? AVPN_FAMILY_IPV4
                                                     : flow->family;
    const uint32_t source_site = flow->spoof != 0 ? flow->spoof : flow->from;
    struct world_packet packet = {.from = flow->from,
                                  .to = flow->to != 0 ? flow->to : flow->exit,
                                  .is_spoofed = flow->spoof != 0,
                                  .is_forbidden = flow->is_forbidden,
                                  .is_free = flow->is_free,
                                  .may_break_out = flow->breaks_out || flow->is_free,
                                  .is_refused = flow->is_refused};

    packet.sent = (struct inner){
        .source = flow->source != NULL
                      ? sim_address(flow->source)
                      : world_to_local(world, source_site, world_host(source_site, family, 10)),
        .destination = flow->destination != NULL ? sim_address(flow->destination)
                                                 : world_host(flow->to, family, 10),
        .protocol = flow->protocol == 0 ? INNER_UDP : flow->protocol,
        .hop_limit = flow->hop_limit == 0 ? 64 : flow->hop_limit,
        .is_whole = flow->is_whole,
        .tcp_flags = flow->mss != 0 ? INNER_SYN : INNER_ACK,
        .source_port = flow->source_port == 0 ? 7000 : flow->source_port,
        .destination_port = flow->destination_port == 0 ? 7001 : flow->destination_port,
        .mss = flow->mss,
        .bytes = flow->bytes == 0 ? 100 : flow->bytes};
    return packet;
}

size_t world_send(struct world *world, const struct world_flow *flow)
{
    const struct world_packet packet = packet_of(world, flow);

    return world_send_packet(world, &packet);
}

size_t world_send_run(struct world *world, const struct world_flow *flow, uint32_t count,
                      bool is_tight)
{
    const struct world_packet packet = packet_of(world, flow);
    const uint32_t bytes = packet.sent.bytes;
    const uint32_t stride =
        is_tight ? avpn_sealed_bytes(bytes) : bytes + AVPN_HEADROOM + AVPN_TAILROOM;
    const uint32_t room = GUARD + AVPN_HEADROOM + count * stride + AVPN_TAILROOM + GUARD;
    const size_t first = world->packet_count;
    uint8_t *buffer = malloc(room), written[INNER_LARGEST];
    const struct avpn_packets run = {.data = buffer + GUARD + AVPN_HEADROOM,
                                     .count = count,
                                     .bytes = bytes,
                                     .last_bytes = bytes,
                                     .stride = stride};

    if (buffer == NULL)
        abort();
    for (uint32_t i = 0; i < count; i++) {
        note_packet(world, &packet, written);
        memcpy(run.data + (size_t)i * stride, written, bytes);
    }
    send_run(world, flow->from, buffer, room, &run);
    free(buffer);
    return first;
}

struct avpn_explanation world_explain(struct world *world, const struct world_flow *flow)
{
    const struct inner sent = packet_of(world, flow).sent;
    const bool has_ports = sent.protocol == INNER_UDP || sent.protocol == INNER_TCP;
    struct avpn_explanation explanation = {.size = sizeof explanation};
    struct avpn_flow asked = {.size = sizeof asked,
                              .protocol = sent.protocol,
                              .source = sent.source,
                              .destination = sent.destination};

    if (sent.protocol == INNER_ICMP && sent.source.family == AVPN_FAMILY_IPV6)
        asked.protocol = INNER_ICMPV6;
    asked.source_port = has_ports ? sent.source_port : 0;
    asked.destination_port = has_ports ? sent.destination_port : 0;
    world_must(world, avpn_node_explain(world->nodes[flow->from].node, &asked, &explanation),
               "avpn_node_explain");
    return explanation;
}

/* ---- arriving -------------------------------------------------------------------------------------- */

/* The packet as its destination's host is to see it; `got` says how far it came and what its SYN asks for. */
static struct inner expected(const struct world *world, const struct world_packet *packet,
                             uint32_t site, const struct inner *got)
{
    struct inner inner = packet->sent;

    inner.source = world_to_vpn(world, packet->from, inner.source);
    inner.destination = world_to_local(world, site, inner.destination);
    if (got->hop_limit < inner.hop_limit)
        inner.hop_limit = got->hop_limit;
    if (got->mss != 0 && got->mss < inner.mss)
        inner.mss = got->mss;
    return inner;
}

static bool is_as_expected(const struct world *world, const struct world_packet *packet,
                           uint32_t site, const struct inner *got, const uint8_t *bytes)
{
    const struct inner inner = expected(world, packet, site, got);
    uint8_t written[INNER_LARGEST];

    return inner_write(&inner, written) == got->bytes && memcmp(written, bytes, got->bytes) == 0;
}

/* The reply to an echo comes from where the echo went, to where it came from. */
static bool is_reply_to(const struct world *world, const struct world_packet *packet,
                        const struct inner *got)
{
    const struct world_packet *request = &world->packets[packet->answers - 1];

    return sim_address_is_equal(&got->source, &request->sent.destination) &&
           sim_address_is_equal(&got->destination, &request->sent.source);
}

static void check_arrival(struct world *world, uint32_t site, const struct inner *got,
                          const uint8_t *bytes)
{
    const struct world_packet *packet = &world->packets[got->number];

    if (!is_as_expected(world, packet, site, got, bytes))
        fail_about(world, "delivered a packet that was changed on the way", got->number);
    if (packet->is_spoofed)
        fail_about(world, "delivered a packet with a spoofed source", got->number);
    if (packet->is_forbidden)
        fail_about(world, "delivered a packet that was to be denied", got->number);
    if (packet->may_break_out && !packet->is_free)
        fail_about(world, "delivered a packet that was to break out", got->number);
    if (!packet->is_free && site != packet->to)
        fail_about(world, "delivered a packet at the wrong site", got->number);
    if (packet->arrivals > 0)
        fail_about(world, "delivered a packet twice", got->number);
    if (packet->has_broken_out)
        fail_about(world, "delivered a packet that had broken out", got->number);
    if (packet->answers != 0 && !is_reply_to(world, packet, got))
        fail_about(world, "delivered a reply that does not fit its echo", got->number);
}

static void arrive(struct world *world, uint32_t site, const uint8_t *bytes, uint32_t count,
                   uint32_t pieces)
{
    struct world_packet *packet;
    struct inner got;

    if (!inner_read(bytes, count, &got) || got.number >= world->packet_count) {
        world_fail(world, "delivered something that was never sent");
        return;
    }
    check_arrival(world, site, &got, bytes);
    packet = &world->packets[got.number];
    if (packet->arrivals++ == 0) {
        packet->arrived_at = world_now(world);
        packet->arrived_site = site;
        packet->arrived_hop_limit = got.hop_limit;
        packet->arrived_mss = got.mss;
        packet->pieces = pieces;
    }
    if (packet->answers != 0)
        world->packets[packet->answers - 1].is_answered = true;
    world->nodes[site].delivered++;
    world_hosts_take(world, site, got.number, &got, bytes);
}

/* ---- errors ------------------------------------------------------------------------------------------ */

/* What the network may change in a packet on its way, and with it what an error tells of it. */
static void forgive(const struct world *world, const struct world_packet *packet,
                    const struct inner_error *error, uint8_t *original)
{
    const bool is_v6 = packet->sent.source.family == AVPN_FAMILY_IPV6;
    const struct avpn_address vpn = world_to_vpn(world, packet->from, packet->sent.source);
    const struct avpn_address local = world_to_local(world, packet->to, packet->sent.destination);
    const uint32_t checksum = packet->sent.protocol == INNER_TCP   ? 16
                              : packet->sent.protocol == INNER_UDP ? 6
                                                                   : 2;
    const uint32_t header = is_v6 ? 40 : 20;
    uint32_t also = header;

    original[is_v6 ? 7 : 8] = error->about[is_v6 ? 7 : 8];
    if (!is_v6 && !packet->sent.is_whole) { /* the first of several pieces */
        memcpy(original + 2, error->about + 2, 2);
        memcpy(original + 6, error->about + 6, 2);
    }
    if (!is_v6)
        memcpy(original + 10, error->about + 10, 2);
    if (packet->sent.mss != 0 && error->about_bytes >= header + 24) {
        memcpy(original + header + 22, error->about + header + 22, 2);
        also = header + checksum;
    }
    /* The engine need not mend a transport checksum of which the error may tell a part only. */
    if (!sim_address_is_equal(&vpn, &packet->sent.source) ||
        !sim_address_is_equal(&local, &packet->sent.destination))
        also = header + checksum;
    if (also != header && error->about_bytes >= also + 2)
        memcpy(original + also, error->about + also, 2);
}

/* IPv4 headers have a checksum of their own, which is right even inside of an error. */
static bool has_good_header(const uint8_t *packet)
{
    uint32_t sum = 0;

    if (packet[0] >> 4 == 6)
        return true;
    for (uint32_t i = 0; i < 20; i += 2)
        sum += (uint32_t)packet[i] << 8 | packet[i + 1];
    return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

static bool is_about(const struct world *world, const struct world_packet *packet,
                     const struct inner_error *error)
{
    uint8_t original[INNER_LARGEST];

    if (error->about_bytes > inner_write(&packet->sent, original) || !has_good_header(error->about))
        return false;
    forgive(world, packet, error, original);
    return memcmp(original, error->about, error->about_bytes) == 0;
}

static void check_error(struct world *world, uint32_t site, uint32_t number,
                        const struct inner_error *error)
{
    const struct world_packet *packet = &world->packets[number];

    if (site != packet->from || !sim_address_is_equal(&error->destination, &packet->sent.source))
        fail_about(world, "an ICMP error went to the wrong host", number);
    if (!is_about(world, packet, error))
        fail_about(world, "an ICMP error tells another packet than the one sent", number);
    if (packet->errors > 0 && packet->sent.is_whole)
        fail_about(world, "two ICMP errors about one packet", number);
    if (packet->arrivals > 0 && !packet->is_refused)
        fail_about(world, "an ICMP error about a packet that arrived", number);
    if (packet->is_refused && error->code == (error->source.family == AVPN_FAMILY_IPV6 ? 4 : 3) &&
        !sim_address_is_equal(&error->source, &packet->sent.destination))
        fail_about(world, "a refusal does not come from where the packet went", number);
    if (error->about_bytes + inner_header(error->about) + 8 >
        (error->source.family == AVPN_FAMILY_IPV6 ? 1280u : 576u))
        fail_about(world, "an ICMP error that is too long", number);
}

static void take_error(struct world *world, uint32_t site, const uint8_t *bytes, uint32_t count)
{
    struct world_packet *packet;
    struct inner_error error;
    uint32_t number;

    if (!inner_read_error(bytes, count, &error) ||
        !inner_number_of_part(error.about, error.about_bytes, &number) ||
        number >= world->packet_count) {
        world_fail(world,
                   "delivered an ICMP error that is damaged, or about nothing that was sent");
        return;
    }
    check_error(world, site, number, &error);
    packet = &world->packets[number];
    packet->errors++;
    packet->error_type = error.type;
    packet->error_code = error.code;
    packet->error_mtu = error.mtu;
    packet->error_source = error.source;
    world_transfer_error(world, packet);
}

void world_traffic_delivered(struct world *world, uint32_t site, const uint8_t *bytes,
                             uint32_t count)
{
    uint8_t whole[INNER_LARGEST];
    struct inner_fragment fragment;
    uint32_t whole_bytes, pieces;

    if (count == 0 || count > INNER_LARGEST) {
        world_fail(world, "delivered nothing, or more than anybody sent");
    } else if (inner_fragment(bytes, count, &fragment)) {
        whole_bytes = world_hosts_assemble(world, site, bytes, count, whole, &pieces);
        if (whole_bytes > 0)
            arrive(world, site, whole, whole_bytes, pieces);
    } else if (inner_is_error(bytes, count)) {
        take_error(world, site, bytes, count);
    } else {
        arrive(world, site, bytes, count, 1);
    }
}

/* ---- breaking out --------------------------------------------------------------------------------------- */

void world_traffic_broke_out(struct world *world, uint32_t site, const uint8_t *bytes,
                             uint32_t count)
{
    uint8_t written[INNER_LARGEST];
    struct world_packet *packet;
    struct inner got;

    if (!inner_read(bytes, count, &got) || got.number >= world->packet_count) {
        world_fail(world, "something broke out that was never sent");
        return;
    }
    packet = &world->packets[got.number];
    if (inner_write(&packet->sent, written) != count || memcmp(written, bytes, count) != 0)
        fail_about(world, "a packet was changed before it broke out", got.number);
    if (site != packet->from || packet->has_broken_out || packet->arrivals > 0)
        fail_about(world, "a packet broke out at the wrong site, twice, or after it arrived",
                   got.number);
    if (!packet->may_break_out)
        fail_about(world, "a packet broke out that belongs into the VPN", got.number);
    packet->has_broken_out = true;
}

/* ---- looking ----------------------------------------------------------------------------------------------- */

const struct world_packet *world_packet(const struct world *world, size_t packet)
{
    return &world->packets[packet];
}

bool world_has_arrived(const struct world *world, size_t packet)
{
    return world->packets[packet].arrivals > 0;
}

uint32_t world_error(const struct world *world, size_t packet)
{
    static const struct {
        uint8_t type, code;
        uint32_t means;
    } v6[] = {{3, 0, WORLD_HOP_LIMIT}, {2, 0, WORLD_TOO_BIG}, {1, 0, WORLD_NO_ROUTE},
              {1, 3, WORLD_NO_TUNNEL}, {1, 1, WORLD_DENIED},  {1, 4, WORLD_REFUSED}};
    const struct world_packet *p = &world->packets[packet];

    if (p->errors == 0)
        return 0;
    if (p->sent.source.family == AVPN_FAMILY_IPV4)
        return p->error_type * 256u + p->error_code;
    for (size_t i = 0; i < sizeof v6 / sizeof *v6; i++)
        if (v6[i].type == p->error_type && v6[i].code == p->error_code)
            return v6[i].means;
    return UINT32_MAX;
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
    pair.b =
        world_send(world, &(struct world_flow){.from = from, .to = to, .family = AVPN_FAMILY_IPV6});
    return sim_run_until(world->sim, 2 * AVPN_SECOND, both_have_arrived, &pair);
}

static bool is_answered(void *user)
{
    const struct pair *pair = user;

    return pair->world->packets[pair->a].is_answered;
}

bool world_echo(struct world *world, const struct world_flow *flow)
{
    struct world_flow echo = *flow;
    struct pair pair = {.world = world};

    echo.protocol = INNER_ICMP;
    pair.a = world_send(world, &echo);
    return sim_run_until(world->sim, 2 * AVPN_SECOND, is_answered, &pair);
}

bool world_echoes(struct world *world, uint32_t from, uint32_t to)
{
    return world_echo(world, &(struct world_flow){.from = from, .to = to}) &&
           world_echo(world,
                      &(struct world_flow){.from = from, .to = to, .family = AVPN_FAMILY_IPV6});
}

int32_t world_hubs_passed(struct world *world, const struct world_flow *flow)
{
    const size_t packet = world_send(world, flow);

    world_run(world, AVPN_SECOND);
    return world_has_arrived(world, packet)
               ? world->packets[packet].sent.hop_limit - world->packets[packet].arrived_hop_limit
               : -1;
}

uint32_t world_answer_to(struct world *world, const struct world_flow *flow)
{
    struct world_flow doomed = *flow;
    size_t packet;

    doomed.is_forbidden = true;
    packet = world_send(world, &doomed);
    world_run(world, AVPN_SECOND);
    return world_error(world, packet);
}

bool world_is_told_by(const struct world *world, uint32_t site)
{
    const struct world_packet *packet = &world->packets[world->packet_count - 1];
    const struct avpn_address address = world_host(site, packet->sent.source.family, 1);

    return packet->errors == 1 && sim_address_is_equal(&packet->error_source, &address);
}

uint32_t world_served_by(struct world *world, uint32_t from, const char *destination)
{
    const size_t packet = world_send(
        world, &(struct world_flow){.from = from, .destination = destination, .is_free = true});

    world_run(world, AVPN_SECOND);
    return world_has_arrived(world, packet) ? world->packets[packet].arrived_site : 0;
}

size_t world_stream_of(struct world *world, const struct world_flow *flow, uint32_t count,
                       avpn_span apart)
{
    const size_t first = world->packet_count;

    for (uint32_t i = 0; i < count; i++) {
        world_send(world, flow);
        world_run(world, apart);
    }
    return first;
}

uint32_t world_stream(struct world *world, uint32_t from, uint32_t to, uint32_t count,
                      avpn_span apart)
{
    const size_t first =
        world_stream_of(world, &(struct world_flow){.from = from, .to = to}, count, apart);
    uint32_t arrived = 0;

    world_run(world, 2 * AVPN_SECOND);
    for (uint32_t i = 0; i < count; i++)
        arrived += world_has_arrived(world, first + i) ? 1u : 0u;
    return arrived;
}

void world_traffic_fini(struct world *world)
{
    world_transfer_fini(world);
    world_hosts_fini(world);
    free(world->packets);
    world_nonces_fini(world);
}
