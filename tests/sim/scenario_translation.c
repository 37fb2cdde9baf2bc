/* SPDX-License-Identifier: ISC */
/*
 * Scenarios about subnet translation: sites whose hosts have one address at home and another in the VPN. Every packet,
 * and every packet inside of an error, is compared with what places.c says it should be: see world.h.
 */
#include "scenario.h"

#define V6 AVPN_FAMILY_IPV6
#define HOME4 "192.168.1.0/24"
#define HOME6 "fd11::/64"

/* 2 and 3 have the same addresses at home, 4 needs no translation. */
static const struct world_site overlapping[] = {
    {.role = AVPN_ROLE_HUB},
    {.nat = {&sim_nat_home},
     .hubs = {1},
     .translations = {{HOME4, "10.0.2.0/24"}, {HOME6, "fd00:0:0:2::/64"}}},
    {.nat = {&sim_nat_home},
     .hubs = {1},
     .translations = {{HOME4, "10.0.3.0/24"}, {HOME6, "fd00:0:0:3::/64"}}},
    {.nat = {&sim_nat_home}, .hubs = {1}},
};

/* [TRN-1] [TRN-2] */
static uint32_t sites_with_the_same_addresses_at_home_reach_each_other(uint64_t seed)
{
    struct world *w = world_new(__func__, seed, overlapping, 4, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    for (uint32_t a = 1; a <= 4; a++)
        for (uint32_t b = 1; b <= 4; b++)
            if (a != b)
                EXPECT(w, world_echoes(w, a, b));
    EXPECT(w, world_packet(w, w->packet_count - 1)->arrivals == 1);
    return world_del(w);
}

/* [TRN-2]: checksums are compared with freshly computed ones when the packets arrive. */
static uint32_t checksums_of_every_protocol_stay_right(uint64_t seed)
{
    static const uint8_t protocols[] = {INNER_ICMP, INNER_UDP, INNER_TCP, 47 /* GRE */};
    struct world *w = world_new(__func__, seed, overlapping, 4, 2);
    struct world_flow flow = {.from = 2, .to = 3};
    size_t first;

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    first = w->packet_count;
    for (size_t p = 0; p < sizeof protocols; p++)
        for (uint32_t bytes = 80; bytes <= 400; bytes++) {
            flow.protocol = protocols[p];
            flow.bytes = bytes;
            flow.from = bytes % 2 == 0 ? 2 : 4;
            flow.family = bytes % 3 == 0 ? V6 : AVPN_FAMILY_IPV4;
            flow.source_port = (uint16_t)sim_random(w->sim) | 1;
            world_send(w, &flow);
            world_run(w, AVPN_MILLISECOND);
        }
    world_run(w, SECONDS(1));
    for (size_t i = first; i < w->packet_count; i++)
        EXPECT(w, world_has_arrived(w, i));
    return world_del(w);
}

/* [TRN-2] in pieces: only the first has a checksum to mend. */
static uint32_t fragments_are_translated_too(uint64_t seed)
{
    struct world *w = world_new(__func__, seed, overlapping, 4, 2);
    struct world_flow flow = {.from = 2, .to = 3, .bytes = 3000};
    size_t udp, echo;

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    udp = world_send(w, &flow);
    flow.protocol = INNER_ICMP;
    echo = world_send(w, &flow);
    world_run(w, SECONDS(1));
    EXPECT(w, world_has_arrived(w, udp) && world_packet(w, udp)->pieces >= 3);
    EXPECT(w, world_has_arrived(w, echo) && world_packet(w, echo)->is_answered);
    return world_del(w);
}

/* [TRN-2] the packet inside is told as the host sent it, whoever made the error. */
static uint32_t errors_tell_the_packet_as_its_host_knows_it(uint64_t seed)
{
    struct world *w = world_new(__func__, seed, overlapping, 4, 2);
    static const uint32_t pairs[][2] = {{2, 3}, {2, 4}, {4, 2}, {3, 1}, {1, 3}};
    size_t packet;

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        EACH_FAMILY(family)
        {
            struct world_flow flow = {
                .from = pairs[i][0], .to = pairs[i][1], .family = family, .is_refused = true};

            packet = world_send(w, &flow);
            flow.protocol = INNER_TCP;
            flow.bytes = 1000;
            world_send(w, &flow);
            world_run(w, SECONDS(1));
            EXPECT(w, world_error(w, packet) == WORLD_REFUSED);
            EXPECT(w, world_error(w, packet + 1) == WORLD_REFUSED);
        }
    EACH_FAMILY(family)
    {
        packet = world_send(
            w, &(struct world_flow){
                   .from = 2, .to = 3, .family = family, .hop_limit = 1, .is_forbidden = true});
        world_run(w, SECONDS(1));
        EXPECT(w, world_error(w, packet) == WORLD_HOP_LIMIT);
    }
    world_link(w, 3, 0, &(struct sim_link){.delay = 5 * AVPN_MILLISECOND, .mtu = 1400});
    world_run(w, SECONDS(20));
    EACH_FAMILY(family)
    {
        packet = world_send(w, &(struct world_flow){.from = 2,
                                                    .to = 3,
                                                    .family = family,
                                                    .bytes = 1400,
                                                    .is_whole = true,
                                                    .is_forbidden = true});
        world_send(w, &(struct world_flow){.from = 2, .family = family, .is_forbidden = true});
        world_run(w, SECONDS(1));
        EXPECT(w, world_error(w, packet) == WORLD_TOO_BIG);      /* by the hub */
        EXPECT(w, world_error(w, packet + 1) == WORLD_NO_ROUTE); /* by its own gateway */
    }
    return world_del(w);
}

/* [TRN-1] [TRN-3] */
static uint32_t a_single_host_has_an_address_of_its_own(uint64_t seed)
{
    const struct world_site sites[] = {
        {.role = AVPN_ROLE_HUB},
        {.nat = {&sim_nat_home},
         .hubs = {1},
         .translations = {{"192.168.7.7/32", "10.0.2.200/32"},
                          {"fd77::7/128", "fd00:0:0:2::200/128"}}},
        {.nat = {&sim_nat_home},
         .hubs = {1},
         .translations = {{HOME4, "10.0.3.0/24"}, {"192.168.1.5/32", "10.0.3.200/32"}}}};
    struct world *w = world_new(__func__, seed, sites, 3, 2);
    const struct world_flow works[] = {
        {.from = 2, .to = 1, .source = "192.168.7.7"},
        {.from = 2, .to = 1},
        {.from = 2, .to = 3, .source = "192.168.7.7", .destination = "10.0.3.200"},
        {.from = 1, .to = 2, .destination = "10.0.2.200"},
        {.from = 1, .to = 2, .destination = "10.0.2.201"},
        {.from = 2, .to = 1, .source = "fd77::7", .family = V6},
        {.from = 1, .to = 2, .destination = "fd00:0:0:2::200"},
        {.from = 1, .to = 3, .destination = "10.0.3.200"},
        {.from = 3, .to = 1, .source = "192.168.1.5"},
        {.from = 3, .to = 1, .source = "192.168.1.6"}};

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    for (size_t i = 0; i < sizeof works / sizeof *works; i++)
        EXPECT(w, world_echo(w, &works[i]));
    /* 192.168.1.5 is 10.0.3.200 to others, and not 10.0.3.5 besides. */
    world_send(w, &(struct world_flow){
                      .from = 1, .to = 3, .destination = "10.0.3.5", .is_forbidden = true});
    world_run(w, SECONDS(1));
    EXPECT(w, world_counter(w, 3, AVPN_DROP_TRANSLATION) == 1);
    /* And 192.168.1.200 is nobody to others: its address is taken. */
    world_send(w, &(struct world_flow){
                      .from = 3, .to = 1, .source = "192.168.1.200", .is_forbidden = true});
    world_run(w, SECONDS(1));
    EXPECT(w, world_counter(w, 3, AVPN_DROP_TRANSLATION) == 2);
    return world_del(w);
}

/* [RTE-5]: what is checked is the exported address; the home address of a translated site is nobody's. */
static uint32_t home_addresses_are_no_sources_in_the_vpn(uint64_t seed)
{
    struct world_site sites[4];
    struct world *w;

    for (int i = 0; i < 4; i++)
        sites[i] = overlapping[i];
    sites[3].exports[0] = "10.77.0.0/16";
    w = world_new(__func__, seed, sites, 4, 2);
    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_send(
        w, &(struct world_flow){.from = 2, .to = 4, .source = "192.168.2.9", .is_forbidden = true});
    world_send(w, &(struct world_flow){
                      .from = 4, .to = 2, .source = "192.168.1.10", .is_forbidden = true});
    world_run(w, SECONDS(1));
    EXPECT(w, world_counter(w, 2, AVPN_DROP_SOURCE) == 1);
    EXPECT(w, world_counter(w, 4, AVPN_DROP_SOURCE) == 1);
    return world_del(w);
}

/* [RTE-10]: they are of this site, whatever others export and wherever the default route leads. */
static uint32_t home_addresses_are_never_sent_into_a_tunnel(uint64_t seed)
{
    struct world_site sites[4];
    struct world *w;

    for (int i = 0; i < 4; i++)
        sites[i] = overlapping[i];
    sites[1].exits[0] = 1;
    sites[3].exports[0] = "192.168.0.0/16";
    w = world_new(__func__, seed, sites, 4, 2);
    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_send(
        w, &(struct world_flow){.from = 2, .destination = "192.168.1.77", .is_forbidden = true});
    world_send(w, &(struct world_flow){.from = 2, .destination = "fd11::77", .is_forbidden = true});
    world_run(w, SECONDS(1));
    EXPECT(w, world_counter(w, 2, AVPN_COUNT_SENT) == 0);
    EXPECT(w,
           world_echo(w, &(struct world_flow){.from = 2, .to = 4, .destination = "192.168.2.77"}));
    EXPECT(w,
           world_echo(w, &(struct world_flow){.from = 1, .to = 4, .destination = "192.168.1.77"}));
    EXPECT(w, world_echo(w, &(struct world_flow){.from = 2, .exit = 1}));
    return world_del(w);
}

static uint32_t a_translated_host_reaches_the_internet_through_an_exit_hub(uint64_t seed)
{
    struct world_site sites[4];
    struct world *w;

    for (int i = 0; i < 4; i++)
        sites[i] = overlapping[i];
    sites[1].exits[0] = sites[2].exits[0] = 1;
    w = world_new(__func__, seed, sites, 4, 2);
    EXPECT(w, world_wait_all(w, SECONDS(30)));
    for (uint32_t site = 2; site <= 3; site++) {
        EXPECT(w, world_echo(w, &(struct world_flow){.from = site, .exit = 1}));
        EXPECT(w, world_echo(w, &(struct world_flow){.from = site, .exit = 1, .family = V6}));
    }
    return world_del(w);
}

/* [CFG-14]: a new translation is taken like any other change, and costs no tunnel. */
static uint32_t a_translation_that_changes_holds_from_the_next_packet_on(uint64_t seed)
{
    struct world_site sites[4];
    struct world *w;

    for (int i = 0; i < 4; i++)
        sites[i] = overlapping[i];
    w = world_new(__func__, seed, sites, 4, 2);
    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, world_echoes(w, 2, 3));
    sites[1].translations[0].local = "192.168.44.0/24";
    sites[1].translations[1].local = NULL;
    EXPECT(w, world_change(w, sites));
    EXPECT(w, world_wait_version(w, w->version, SECONDS(2)));
    EXPECT(w, world_echoes(w, 2, 3) && world_echoes(w, 3, 2));
    sites[1].translations[0].local = NULL;
    EXPECT(w, world_change(w, sites));
    EXPECT(w, world_wait_version(w, w->version, SECONDS(2)));
    EXPECT(w, world_echoes(w, 2, 4) && world_echoes(w, 4, 2));
    EXPECT(w, w->nodes[2].downs == 0);
    return world_del(w);
}

#define S(name_) {#name_, name_, NULL}
const struct scenario translation_scenarios[] = {
    S(sites_with_the_same_addresses_at_home_reach_each_other),
    S(checksums_of_every_protocol_stay_right),
    S(fragments_are_translated_too),
    S(errors_tell_the_packet_as_its_host_knows_it),
    S(a_single_host_has_an_address_of_its_own),
    S(home_addresses_are_no_sources_in_the_vpn),
    S(home_addresses_are_never_sent_into_a_tunnel),
    S(a_translated_host_reaches_the_internet_through_an_exit_hub),
    S(a_translation_that_changes_holds_from_the_next_packet_on),
};
const size_t translation_scenario_count =
    sizeof translation_scenarios / sizeof *translation_scenarios;
