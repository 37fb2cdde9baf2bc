/* SPDX-License-Identifier: ISC */
/*
 * two_sites: a whole Auto VPN in one process. Two sites and a registry, virtual time, no
 * sockets: a datagram sent is a call of the receiver's engine. Prints what happens.
 */
#include <autovpn/autovpn.h>
#include <stdio.h>
#include <string.h>

enum { HUB, SPOKE, REGISTRY, HOSTS };

static avpn_time now = 0;
static struct avpn_node *nodes[2];
static struct avpn_registry *registry;
static struct avpn_contact contacts[HOSTS];
static struct { int from, to; uint32_t bytes; uint8_t data[2048]; } wire[256];
static int wire_head, wire_tail;

/* The host's side of sending: put each datagram on the "wire". */
static void transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < batch[i].packets.count; k++)
            for (int to = 0; to < HOSTS; to++) {
                const struct avpn_packets *run = &batch[i].packets;

                if (memcmp(&contacts[to], &batch[i].remote, sizeof contacts[to]) != 0)
                    continue;
                wire[wire_head].from = (int)((struct avpn_contact *)user - contacts);
                wire[wire_head].to = to;
                wire[wire_head].bytes = k + 1 < run->count ? run->bytes : run->last_bytes;
                memcpy(wire[wire_head].data, run->data + (size_t)k * run->stride,
                       wire[wire_head].bytes);
                wire_head = (wire_head + 1) % 256;
            }
}

static void deliver(void *user, const struct avpn_packets *batch, size_t count)
{
    (void)count;
    printf("%6.3f s  %s received %u bytes from the other site\n", (double)now / AVPN_SECOND,
           user == &contacts[HUB] ? "hub  " : "spoke", batch->bytes);
}

/* Hand over what is on the wire until it is quiet. */
static void run_wire(void)
{
    for (; wire_tail != wire_head; wire_tail = (wire_tail + 1) % 256) {
        uint32_t bytes = wire[wire_tail].bytes;
        struct avpn_datagrams in = {0, contacts[wire[wire_tail].from],
                                    {wire[wire_tail].data, 1, bytes, bytes, bytes}};

        if (wire[wire_tail].to == REGISTRY)
            avpn_registry_receive(registry, &in, 1, now);
        else
            avpn_node_receive(nodes[wire[wire_tail].to], &in, 1, now);
    }
}

/* Serve deadlines until `end`, and show events. */
static void run_until(avpn_time end)
{
    struct avpn_event event;

    while (now < end) {
        now = end;
        for (int i = 0; i < 2; i++)
            if (avpn_node_deadline(nodes[i]) < now)
                now = avpn_node_deadline(nodes[i]);
        if (avpn_registry_deadline(registry) < now)
            now = avpn_registry_deadline(registry);
        avpn_registry_tick(registry, now);
        for (int i = 0; i < 2; i++)
            avpn_node_tick(nodes[i], now);
        run_wire();
        for (int i = 0; i < 2; i++)
            while (avpn_node_next_event(nodes[i], &event) == AVPN_OK)
                if (event.kind == AVPN_EVENT_TUNNEL)
                    printf("%6.3f s  %s: tunnel with member %u is %s\n",
                           (double)event.at / AVPN_SECOND, i == HUB ? "hub  " : "spoke",
                           event.peer, event.state ? "up" : "down");
    }
}

int main(void)
{
    static const char *const names[] = {"hub", "spoke"}, *const subnets[] = {"10.1.0.0/16", "10.2.0.0/16"};
    static uint8_t bundle[8192];
    struct avpn_key_pair keys[HOSTS];
    struct avpn_key root, signer, organization;
    struct avpn_config *config;
    struct avpn_authority *authority;
    struct avpn_registry_entry entry = {.size = sizeof entry, .port = 9350, .host = "198.51.100.1"};
    struct avpn_publication publication = {.size = sizeof publication, .psk_epoch = 1, .version = 1};
    struct avpn_uplink uplink = {.size = sizeof uplink, .is_up = 1};
    size_t bytes = 0;

    /* Who is who: three hosts with keys and contacts. */
    avpn_contact_parse("203.0.113.1:40001", &contacts[HUB]);
    avpn_contact_parse("203.0.113.2:40002", &contacts[SPOKE]);
    avpn_contact_parse("198.51.100.1:9350", &contacts[REGISTRY]);
    for (int i = 0; i < HOSTS; i++)
        avpn_key_pair_generate(&keys[i]);

    /* The administrator's part: one hub, one spoke, one registry, signed. */
    root = keys[HUB].secret_key; /* any 32 secret bytes make an Ed25519 key */
    signer = keys[SPOKE].secret_key;
    publication.psk = keys[REGISTRY].secret_key;
    entry.key = keys[REGISTRY].public_key;
    avpn_config_new(NULL, &config);
    avpn_config_set_name(config, "example");
    avpn_config_add_registry(config, &entry);
    for (uint32_t i = 0; i < 2; i++) {
        struct avpn_member m = {.size = sizeof m, .id = i + 1, .key = keys[i].public_key, .export_count = 1};

        m.role = i == HUB ? AVPN_ROLE_HUB : AVPN_ROLE_SPOKE;
        m.hub_count = i == SPOKE;
        m.hubs[0].member = i == SPOKE ? 1 : 0;
        strcpy(m.name, names[i]);
        avpn_prefix_parse(subnets[i], &m.exports[0]);
        avpn_config_add_member(config, &m);
    }
    avpn_authority_new(NULL, &authority);
    avpn_authority_add_root(authority, &root);
    avpn_authority_add_signer(authority, &signer);
    avpn_authority_organization(authority, &organization);
    if (avpn_authority_sign(authority, config, &publication, bundle, sizeof bundle, &bytes) != AVPN_OK)
        return 1;

    /* The engines. */
    for (int i = 0; i < HOSTS; i++) {
        struct avpn_host host = {.size = sizeof host, .user = &contacts[i], .transmit = transmit, .deliver = deliver};
        struct avpn_node_options node = {.size = sizeof node, .organization = organization,
                                         .identity = keys[i], .bundle = bundle, .bundle_bytes = bytes};
        struct avpn_registry_options options = {.size = sizeof options, .identity = keys[i]};

        if (i == REGISTRY) {
            if (avpn_registry_new(&options, &host, now, &registry) != AVPN_OK ||
                avpn_registry_set_organization(registry, &organization, bundle, bytes, now) != AVPN_OK)
                return 1;
        } else if (avpn_node_new(&node, &host, now, &nodes[i]) != AVPN_OK) {
            return 1;
        }
    }
    for (uint32_t i = 0; i < 2; i++) {
        uplink.local = contacts[i];
        avpn_node_set_uplink(nodes[i], 0, &uplink, now);
    }
    run_until(5 * AVPN_SECOND);

    /* A packet from 10.2.0.1 to 10.1.0.1, with room around it for the engine. */
    uint8_t room[AVPN_HEADROOM + 20 + AVPN_TAILROOM] = {0}, *ip = room + AVPN_HEADROOM;
    static const uint8_t header[20] = {0x45, 0, 0, 20, 0, 0, 0, 0, 64, 253, 0, 0, 10, 2, 0, 1, 10, 1, 0, 1};
    struct avpn_packets packet = {ip, 1, 20, 20, 20};

    memcpy(ip, header, 20);
    avpn_node_send(nodes[SPOKE], &packet, 1, now);
    run_wire();
    return 0;
}
