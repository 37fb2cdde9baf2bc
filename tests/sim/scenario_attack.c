/* SPDX-License-Identifier: ISC */
/* Scenarios with somebody on the wire who copies, repeats, reflects, forges or names a victim. */
#include "scenario.h"
#include <string.h>

#define INITIATION 1
#define INITIATION_BYTES 164 /* between nodes */
#define CAPTURES 4096

/* Copies what crosses the public segment and is chosen. */
struct spy {
    struct world *world;
    struct sim_port *port;
    bool (*wants)(const struct sim_datagram *datagram);
    struct capture {
        struct avpn_contact from, to;
        uint8_t bytes[1600];
        size_t count;
    } * captures;
    size_t count;
    uint64_t heard; /* datagrams that reached the spy's own port */
    bool is_relay;     /* sends what it copies on at once, from `own`, ahead of the original */
    bool is_in_between; /* ... and the original goes nowhere */
    bool is_two_way;   /* ... and sends back what comes to `own`, as if from `hub` */
    struct avpn_contact own, hub, spoke;
};

static bool spy_tap(void *user, const struct sim_segment *segment, struct sim_datagram *d)
{
    struct spy *spy = user;

    if (segment == sim_internet(spy->world->sim) && !d->is_forged &&
        d->origin != sim_port_id(spy->port) && spy->count < CAPTURES && d->count <= 1600 &&
        spy->wants(d)) {
        struct capture *capture = &spy->captures[spy->count++];

        capture->from = d->from;
        capture->to = d->to;
        capture->count = d->count;
        memcpy(capture->bytes, d->bytes, d->count);
        if (spy->is_relay)
            sim_send(spy->port, spy->own, d->to, d->bytes, d->count);
        return spy->is_in_between;
    }
    return false;
}

static void spy_hear(void *user, const struct sim_datagram *d)
{
    struct spy *spy = user;

    spy->heard++;
    if (spy->is_two_way)
        sim_send(spy->port, spy->hub, spy->spoke, d->bytes, d->count);
}

static void spy_init(struct spy *spy, struct world *world,
                     bool (*wants)(const struct sim_datagram *datagram))
{
    memset(spy, 0, sizeof *spy);
    spy->world = world;
    spy->wants = wants;
    spy->own = sim_contact("192.0.2.66:5000");
    spy->captures = sim_keep(world->sim, CAPTURES * sizeof *spy->captures, NULL);
    spy->port = sim_attach(sim_internet(world->sim), "192.0.2.66");
    sim_socket(spy->port, 0, spy_hear, spy);
    sim_tap_set(world->sim, spy_tap, spy);
}

static bool is_initiation(const struct sim_datagram *d)
{
    static const uint8_t marker[4];

    return d->count == INITIATION_BYTES && memcmp(d->bytes, marker, 4) == 0 &&
           d->bytes[5] == INITIATION;
}

static bool is_anything(const struct sim_datagram *d)
{
    return d->count > 0;
}

static const struct world_site public_pair[] = {{.role = AVPN_ROLE_HUB},
                                                {.nat = {&sim_nat_home}, .hubs = {1}}};

/* [HS-9] [HS-10] */
static uint32_t a_replayed_initiation_changes_no_session(uint64_t seed)
{
    struct world *w = world_new(__func__, seed, public_pair, 2, 2);
    const struct avpn_contact own = sim_contact("192.0.2.66:5000");
    struct avpn_peer_status before, after;
    struct spy spy;
    uint64_t dropped;

    spy_init(&spy, w, is_initiation);
    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_run(w, SECONDS(5));
    EXPECT(w, spy.count > 0);
    const uint32_t to = spy.captures[0].to.bytes[3] == 1 ? 1 : 2;

    before = world_peer(w, to, 3 - to);
    dropped = world_counter(w, to, AVPN_DROP_TICKET) + world_counter(w, to, AVPN_DROP_UNPROVED);
    for (int i = 0; i < 20; i++) {
        const struct capture *c = &spy.captures[0];

        sim_send(spy.port, i % 2 == 0 ? c->from : own, c->to, c->bytes, c->count);
        world_run(w, AVPN_SECOND);
    }
    after = world_peer(w, to, 3 - to);
    EXPECT(w, after.session_since == before.session_since && after.up_since == before.up_since);
    EXPECT(w, world_counter(w, to, AVPN_DROP_TICKET) + world_counter(w, to, AVPN_DROP_UNPROVED) >=
                  dropped + 10);
    EXPECT(w, spy.heard == 0);
    EXPECT(w, world_ping(w, 1, 2) && world_ping(w, 2, 1));
    return world_del(w);
}

/* Everything that was said, once more from the same and from another address. */
static uint32_t everything_replayed_changes_nothing(uint64_t seed)
{
    struct world *w = world_new(__func__, seed, public_pair, 2, 2);
    const struct avpn_contact own = sim_contact("192.0.2.66:5000");
    struct spy spy;
    avpn_time session;
    struct avpn_contact path;

    spy_init(&spy, w, is_anything);
    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, world_stream(w, 1, 2, 20, 100 * AVPN_MILLISECOND) == 20);
    sim_tap_set(w->sim, NULL, NULL);
    session = world_peer(w, 1, 2).session_since;
    path = world_path_contact(w, 1, 2);
    for (size_t i = 0; i < spy.count; i++) {
        const struct capture *c = &spy.captures[i];

        sim_send(spy.port, i % 2 == 0 ? c->from : own, c->to, c->bytes, c->count);
        world_run(w, 5 * AVPN_MILLISECOND);
    }
    world_run(w, SECONDS(5));

    const struct avpn_contact still = world_path_contact(w, 1, 2);

    EXPECT(w, sim_contact_is_equal(&path, &still));
    EXPECT(w, world_peer(w, 1, 2).session_since == session);
    EXPECT(w, w->nodes[1].downs == 0 && w->nodes[2].downs == 0);
    EXPECT(w, world_counter(w, 1, AVPN_DROP_REPLAY) + world_counter(w, 2, AVPN_DROP_REPLAY) > 0);
    EXPECT(w, world_ping(w, 1, 2) && world_ping(w, 2, 1));
    return world_del(w);
}

/* [DMX-5] */
static uint32_t reflected_messages_are_dropped(uint64_t seed)
{
    struct world *w = world_new(__func__, seed, public_pair, 2, 2);
    struct spy spy;
    avpn_time session;

    spy_init(&spy, w, is_anything);
    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, world_stream(w, 1, 2, 20, 100 * AVPN_MILLISECOND) == 20);
    sim_tap_set(w->sim, NULL, NULL);
    session = world_peer(w, 1, 2).session_since;
    for (size_t i = 0; i < spy.count; i++) {
        const struct capture *c = &spy.captures[i];

        sim_send(spy.port, c->to, c->from, c->bytes, c->count);
        world_run(w, 5 * AVPN_MILLISECOND);
    }
    EXPECT(w, spy.count > 50);
    EXPECT(w, world_peer(w, 1, 2).session_since == session);
    EXPECT(w, w->nodes[1].downs == 0 && w->nodes[2].downs == 0);
    EXPECT(w, world_ping(w, 1, 2) && world_ping(w, 2, 1));
    return world_del(w);
}

static bool is_from_spoke(const struct sim_datagram *d)
{
    return d->count > 1 && d->from.bytes[0] == 11 && d->from.bytes[3] == 2 && d->to.bytes[3] == 1 &&
           d->to.bytes[0] == 11;
}

/* [PRB-7] [PRB-8]: somebody forwards copies faster than the network; he is asked, not believed. */
static uint32_t play_fast_copies(const char *name, uint64_t seed, bool is_two_way)
{
    struct world *w = world_new(name, seed, public_pair, 2, 2);
    struct avpn_contact path, still;
    struct spy spy;

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_run(w, SECONDS(5));
    path = world_path_contact(w, 1, 2);
    spy_init(&spy, w, is_from_spoke);
    spy.is_relay = true;
    spy.is_two_way = is_two_way;
    spy.hub = w->nodes[1].uplinks[0].local;
    spy.spoke = path;
    EXPECT(w, world_stream(w, 2, 1, 200, 50 * AVPN_MILLISECOND) == 200);
    EXPECT(w, spy.count > 200 && spy.heard > 0);
    still = world_path_contact(w, 1, 2);
    EXPECT(w, sim_contact_is_equal(&path, &still));
    EXPECT(w, w->nodes[1].roams == 0 && w->nodes[1].downs == 0);
    sim_tap_set(w->sim, NULL, NULL);
    EXPECT(w, world_ping(w, 1, 2) && world_ping(w, 2, 1));
    return world_del(w);
}

static uint32_t a_copy_from_elsewhere_does_not_move_the_path(uint64_t seed)
{
    return play_fast_copies(__func__, seed, false);
}

static uint32_t nor_does_one_that_answers_while_the_old_path_lives(uint64_t seed)
{
    return play_fast_copies(__func__, seed, true);
}

/* Originals go nowhere, copies come from him: he must answer for himself before traffic goes there. */
static uint32_t a_thief_who_cannot_answer_gets_no_traffic(uint64_t seed)
{
    struct world *w = world_new(__func__, seed, public_pair, 2, 2);
    struct spy spy;

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_run(w, SECONDS(5));
    spy_init(&spy, w, is_from_spoke);
    spy.is_relay = true;
    spy.is_in_between = true;
    world_stream(w, 2, 1, 200, 50 * AVPN_MILLISECOND);
    EXPECT(w, w->nodes[1].roams == 0 && w->nodes[1].downs == 1);
    EXPECT(w, spy.heard > 0);
    sim_tap_set(w->sim, NULL, NULL);
    EXPECT(w, world_wait_tunnel(w, 1, 2, SECONDS(60)));
    world_run(w, SECONDS(1));
    EXPECT(w, world_ping(w, 1, 2) && world_ping(w, 2, 1));
    return world_del(w);
}

/* [HS-9]: genuine, fresh and of the right ticket, but from a contact that nobody proved. */
static uint32_t an_initiation_from_elsewhere_is_not_answered(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB}, {.role = AVPN_ROLE_HUB}};
    struct world *w = world_new(__func__, seed, sites, 2, 2);
    struct spy spy;

    spy_init(&spy, w, is_initiation);
    spy.is_relay = true;
    spy.is_in_between = true;
    world_run(w, SECONDS(30));
    EXPECT(w, spy.count > 3);
    EXPECT(w, spy.heard == 0);
    EXPECT(w, !world_tunnel_is_up(w, 1, 2));
    EXPECT(w, world_counter(w, 1, AVPN_DROP_UNPROVED) + world_counter(w, 2, AVPN_DROP_UNPROVED) > 0);
    sim_tap_set(w->sim, NULL, NULL);
    EXPECT(w, world_wait_tunnel(w, 1, 2, SECONDS(5)));
    world_run(w, SECONDS(1));
    EXPECT(w, world_ping(w, 1, 2) && world_ping(w, 2, 1));
    return world_del(w);
}

/* [PRB-4]: the victim is the contact that the configuration, or a lying registry, gives. */
static uint32_t a_victim_named_as_contact_gets_ten_packets_an_attempt(uint64_t seed)
{
    const struct world_site sites[] = {
        {.role = AVPN_ROLE_HUB, .nat = {&sim_nat_home}, .manual_port = 51625},
        {.nat = {&sim_nat_home}, .hubs = {1}}};
    struct world *w = world_new(__func__, seed, sites, 2, 2);
    struct sim_port *victim;
    uint64_t first, later;

    /* The hub's site lost its address: somebody else has it now. */
    world_node_stop(w, 1);
    sim_nat_renumber(w->nodes[1].uplinks[0].nat, "192.0.2.200");
    victim = sim_attach(sim_internet(w->sim), "11.0.0.1");
    world_node_start(w, 1, 0);
    world_run(w, SECONDS(13));
    first = sim_port_received(victim, NULL);
    EXPECT(w, first > 0 && first <= 10);
    world_run(w, HOURS(1));
    later = sim_port_received(victim, NULL);
    EXPECT(w, later <= 10 * (7 + 3600 / 300));
    return world_del(w);
}

static uint32_t garbage_gets_no_answer(uint64_t seed)
{
    struct world *w = world_new(__func__, seed, public_pair, 2, 2);
    const struct avpn_contact own = sim_contact("192.0.2.66:5000");
    struct spy spy;
    uint64_t received, sent;
    uint8_t bytes[300];

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    spy_init(&spy, w, is_initiation);
    received = world_counter(w, 1, AVPN_COUNT_RECEIVED);
    for (int i = 0; i < 4000; i++) {
        const size_t count = (size_t)sim_random_below(w->sim, sizeof bytes);

        for (size_t k = 0; k < count; k++)
            bytes[k] = (uint8_t)sim_random(w->sim);
        if (i % 2 == 0) /* half of it looks like control */
            memset(bytes, 0, 4);
        if (i % 4 == 0) {
            bytes[4] = 1;
            bytes[5] = (uint8_t)(1 + i / 4 % 5);
        }
        sim_send(spy.port, own, i % 3 == 0 ? w->registries[0].contact : w->nodes[1].uplinks[0].local,
                 bytes, count);
        world_run(w, AVPN_MILLISECOND);
    }
    world_run(w, SECONDS(1));
    sent = sim_account(w->sim, spy.port, w->nodes[1].uplinks[0].local)->packets_out;
    EXPECT(w, world_counter(w, 1, AVPN_COUNT_RECEIVED) > received + sent / 2);
    EXPECT(w, spy.heard == 0);
    EXPECT(w, w->nodes[1].downs == 0 && world_ping(w, 1, 2));
    return world_del(w);
}

/* [RTE-5] */
static uint32_t a_spoofed_inner_source_is_dropped_and_counted(uint64_t seed)
{
    struct world *w = usual_world(__func__, seed, 3);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    for (int i = 0; i < 10; i++) {
        const uint8_t family = i % 2 == 0 ? AVPN_FAMILY_IPV4 : AVPN_FAMILY_IPV6;

        world_send(w, &(struct world_flow){.from = 2, .to = 1, .spoof = 3, .family = family});
        world_send(w, &(struct world_flow){.from = 2, .to = 3, .spoof = 1, .family = family});
        world_run(w, 100 * AVPN_MILLISECOND);
    }
    EXPECT(w, world_counter(w, 1, AVPN_DROP_SOURCE) + world_counter(w, 2, AVPN_DROP_SOURCE) == 20);
    EXPECT(w, world_ping(w, 2, 1) && world_ping(w, 2, 3));
    return world_del(w);
}

/* [RTE-5]: a member who claims more than the hub's configuration gives him. */
static uint32_t a_member_cannot_speak_for_another(uint64_t seed)
{
    struct world_site sites[] = {{.role = AVPN_ROLE_HUB},
                                 {.nat = {&sim_nat_home}, .hubs = {1}},
                                 {.nat = {&sim_nat_home}, .hubs = {1}}};
    struct world *w = world_new(__func__, seed, sites, 3, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_node_stop(w, 2);
    sites[1].claims = 3;
    world_publish(w, sites);
    world_node_start(w, 2, 0);
    EXPECT(w, world_wait_tunnel(w, 1, 2, SECONDS(30)));
    world_run(w, SECONDS(1));
    for (int i = 0; i < 10; i++) {
        const uint8_t family = i % 2 == 0 ? AVPN_FAMILY_IPV4 : AVPN_FAMILY_IPV6;

        world_send(w, &(struct world_flow){.from = 2, .to = 1, .spoof = 3, .family = family});
        world_run(w, 100 * AVPN_MILLISECOND);
    }
    EXPECT(w, world_counter(w, 1, AVPN_DROP_SOURCE) == 10);
    EXPECT(w, world_ping(w, 2, 1) && world_ping(w, 3, 1));
    return world_del(w);
}

#define S(name_) {#name_, name_, NULL}
const struct scenario attack_scenarios[] = {
    S(a_replayed_initiation_changes_no_session),
    S(everything_replayed_changes_nothing),
    S(reflected_messages_are_dropped),
    S(a_copy_from_elsewhere_does_not_move_the_path),
    S(nor_does_one_that_answers_while_the_old_path_lives),
    S(a_thief_who_cannot_answer_gets_no_traffic),
    S(an_initiation_from_elsewhere_is_not_answered),
    S(a_victim_named_as_contact_gets_ten_packets_an_attempt),
    S(garbage_gets_no_answer),
    S(a_spoofed_inner_source_is_dropped_and_counted),
    S(a_member_cannot_speak_for_another),
};
const size_t attack_scenario_count = sizeof attack_scenarios / sizeof *attack_scenarios;
