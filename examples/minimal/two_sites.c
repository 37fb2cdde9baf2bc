/* SPDX-License-Identifier: ISC */
/* A whole Auto VPN in one process: two sites, a registry, virtual time, no I/O.
 * A datagram sent is a call of the receiver's engine. Prints what happens. */
#include <autovpn/autovpn.h>
#include <stdio.h>
#include <string.h>

enum { HUB, SPOKE, REGISTRY, HOSTS };

static const char *const names[HOSTS] = {"hub", "spoke", "registry"};
static const char *const addresses[HOSTS] = {"203.0.113.1:40001", "203.0.113.2:40002",
                                             "198.51.100.1:9350"};
static const char *const subnets[] = {"10.1.0.0/16", "10.2.0.0/16"};
static struct avpn_contact contacts[HOSTS];
static struct avpn_key_pair keys[HOSTS];
static struct avpn_node *nodes[2];
static struct avpn_registry *registry;
static struct { uint32_t from, to, bytes; uint8_t data[2048]; } wire[256]; /* a ring */
static uint32_t sent, received;
static avpn_time now;

/* Sending: put each datagram on the wire. `user` is the sender's place in contacts. */
static void transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < batch[i].packets.count; k++) {
            const struct avpn_packets *run = &batch[i].packets;
            uint32_t place = sent++ % 256, to = 0;

            while (to < HOSTS && memcmp(&contacts[to], &batch[i].remote, sizeof contacts[to]) != 0)
                to++;
            wire[place].from = (uint32_t)((struct avpn_contact *)user - contacts);
            wire[place].to = to;
            wire[place].bytes = k + 1 < run->count ? run->bytes : run->last_bytes;
            memcpy(wire[place].data, run->data + (size_t)k * run->stride, wire[place].bytes);
        }
}

static void deliver(void *user, const struct avpn_packets *batch, size_t count)
{
    printf("%6.3f s  %s: %u bytes from the other site, in %zu run\n", (double)now / AVPN_SECOND,
           names[(struct avpn_contact *)user - contacts], batch->bytes, count);
}

static void run_wire(void)
{
    for (; received != sent; received++) {
        uint32_t place = received % 256, to = wire[place].to, bytes = wire[place].bytes;
        struct avpn_datagrams in = {0, contacts[wire[place].from],
                                    {wire[place].data, 1, bytes, bytes, bytes}};

        if (to == REGISTRY)
            avpn_registry_receive(registry, &in, 1, now);
        else if (to < REGISTRY)
            avpn_node_receive(nodes[to], &in, 1, now);
    }
}

static void run_until(avpn_time end)
{
    while (now < end) {
        struct avpn_event event;

        run_wire();
        now = end;
        for (int i = 0; i < 2; i++)
            if (avpn_node_deadline(nodes[i]) < now)
                now = avpn_node_deadline(nodes[i]);
        if (avpn_registry_deadline(registry) < now)
            now = avpn_registry_deadline(registry);
        avpn_registry_tick(registry, now);
        avpn_node_tick(nodes[HUB], now);
        avpn_node_tick(nodes[SPOKE], now);
        for (int i = 0; i < 2; i++)
            while (avpn_node_next_event(nodes[i], &event) == AVPN_OK)
                if (event.kind == AVPN_EVENT_TUNNEL)
                    printf("%6.3f s  %s: tunnel with %s is %s\n", (double)event.at / AVPN_SECOND,
                           names[i], names[event.peer - 1], event.state ? "up" : "down");
    }
}

/* The administrator's part: one hub, one spoke, one registry, signed. */
static size_t publish(struct avpn_key *organization, uint8_t *bundle, size_t capacity)
{
    struct avpn_publication publication = {.size = sizeof publication, .psk_epoch = 1, .version = 1};
    struct avpn_registry_entry entry = {.size = sizeof entry, .port = 9350, .host = "198.51.100.1"};
    struct avpn_key_pair root, signer, psk; /* any random 32 bytes will do */
    struct avpn_authority *authority;
    struct avpn_config *config;
    size_t bytes = 0;

    avpn_key_pair_generate(&root), avpn_key_pair_generate(&signer), avpn_key_pair_generate(&psk);
    publication.psk = psk.secret_key;
    entry.key = keys[REGISTRY].public_key;
    avpn_config_new(NULL, &config);
    avpn_config_set_name(config, "example");
    avpn_config_add_registry(config, &entry);
    for (uint32_t i = 0; i < 2; i++) {
        struct avpn_member member = {.size = sizeof member, .id = i + 1, .key = keys[i].public_key,
                                     .role = i == HUB ? AVPN_ROLE_HUB : AVPN_ROLE_SPOKE,
                                     .hub_count = i == SPOKE, .export_count = 1};

        strcpy(member.name, names[i]);
        member.hubs[0].member = i == SPOKE ? HUB + 1 : 0;
        avpn_prefix_parse(subnets[i], &member.exports[0]);
        avpn_config_add_member(config, &member);
    }
    avpn_authority_new(NULL, &authority);
    avpn_authority_add_root(authority, &root.secret_key);
    avpn_authority_add_signer(authority, &signer.secret_key);
    avpn_authority_organization(authority, organization);
    avpn_authority_sign(authority, config, &publication, bundle, capacity, &bytes);
    avpn_authority_del(authority), avpn_config_del(config);
    return bytes;
}

int main(void)
{
    static const uint8_t ping[20] = {0x45, 0, 0, 20, 0, 0, 0, 0, 64, 253, [12] = 10, 2, 0, 1, 10, 1, 0, 1};
    uint8_t bundle[8192], room[AVPN_HEADROOM + sizeof ping + AVPN_TAILROOM];
    struct avpn_packets packet = {room + AVPN_HEADROOM, 1, sizeof ping, sizeof ping, sizeof ping};
    struct avpn_key organization;
    size_t bytes;

    for (int i = 0; i < HOSTS; i++)
        avpn_contact_parse(addresses[i], &contacts[i]), avpn_key_pair_generate(&keys[i]);
    bytes = publish(&organization, bundle, sizeof bundle);
    for (int i = 0; i < HOSTS; i++) {
        struct avpn_host host = {.size = sizeof host, .user = &contacts[i], .transmit = transmit,
                                 .deliver = deliver};
        struct avpn_node_options site = {.size = sizeof site, .organization = organization,
                                         .identity = keys[i], .bundle = bundle, .bundle_bytes = bytes};
        struct avpn_registry_options server = {.size = sizeof server, .identity = keys[i]};
        struct avpn_uplink uplink = {.size = sizeof uplink, .is_up = 1, .local = contacts[i]};

        if (i == REGISTRY ? avpn_registry_new(&server, &host, now, &registry) ||
                                avpn_registry_set_organization(registry, &organization, bundle, bytes, now)
                          : avpn_node_new(&site, &host, now, &nodes[i]) ||
                                avpn_node_set_uplink(nodes[i], 0, &uplink, now))
            return 1;
    }
    run_until(5 * AVPN_SECOND);
    memcpy(packet.data, ping, sizeof ping); /* from 10.2.0.1 to 10.1.0.1 */
    avpn_node_send(nodes[SPOKE], &packet, 1, now);
    run_wire();
    avpn_node_del(nodes[HUB]), avpn_node_del(nodes[SPOKE]), avpn_registry_del(registry);
    return 0;
}
