/* SPDX-License-Identifier: ISC */
/*
 * The simulator's own tests: each behaviour of RFC 4787 that a NAT kind claims, each fault that a
 * link claims, and that a seed repeats a run. A laboratory of two servers outside with two ports
 * each and two hosts inside, as in the measurements with real NATs.
 */
#include "harness.h"
#include "nat.h"
#include <string.h>

#define MS AVPN_MILLISECOND

struct heard {
    int count;
    struct avpn_contact from; /* of the last one */
    uint8_t bytes[64];
    size_t size;
};

struct lab {
    struct sim *sim;
    struct sim_nat *nat;
    struct sim_port *one, *two;    /* servers */
    struct sim_port *inside, *other; /* hosts */
    struct heard at_one, at_one_b, at_two, at_inside, at_other;
};

static void hear(void *user, const struct sim_datagram *d)
{
    struct heard *heard = user;

    heard->count++;
    heard->from = d->from;
    heard->size = d->count < sizeof heard->bytes ? d->count : sizeof heard->bytes;
    memcpy(heard->bytes, d->bytes, heard->size);
}

static void lab_init(struct lab *lab, const struct sim_nat_kind *kind)
{
    memset(lab, 0, sizeof *lab);
    lab->sim = sim_new(7);
    lab->one = sim_attach(sim_internet(lab->sim), "198.51.100.1");
    lab->two = sim_attach(sim_internet(lab->sim), "198.51.100.2");
    lab->nat = sim_nat_new(sim_internet(lab->sim), kind, "203.0.113.10");
    lab->inside = sim_attach(sim_nat_inside(lab->nat), "10.0.0.2");
    lab->other = sim_attach(sim_nat_inside(lab->nat), "10.0.0.3");
    sim_socket(lab->one, 9350, hear, &lab->at_one);
    sim_socket(lab->one, 9351, hear, &lab->at_one_b);
    sim_socket(lab->two, 9350, hear, &lab->at_two);
    sim_socket(lab->inside, 40000, hear, &lab->at_inside);
    sim_socket(lab->other, 40000, hear, &lab->at_other);
}

static void say(struct lab *lab, struct sim_port *port, const char *from, struct avpn_contact to)
{
    sim_send(port, sim_contact(from), to, "hello", 5);
    sim_run(lab->sim, MS);
}

static void inside_says(struct lab *lab, const char *to)
{
    say(lab, lab->inside, "10.0.0.2:40000", sim_contact(to));
}

/* Does a server, from `from`, reach the inside through the contact that server one knows? */
static bool comes_in(struct lab *lab, struct sim_port *server, const char *from)
{
    const int before = lab->at_inside.count;

    say(lab, server, from, lab->at_one.from);
    return lab->at_inside.count == before + 1;
}

/* ---- mapping and filtering -------------------------------------------------------- */

struct kind_case {
    const struct sim_nat_kind *kind;
    /* Against what server one port 9350 saw: */
    bool is_port_same_for_other_port, is_port_same_for_other_address, is_address_same;
    bool lets_other_port_in, lets_stranger_in;
};

static const struct kind_case kind_cases[] = {
    {&sim_nat_full_cone, true, true, true, true, true},
    {&sim_nat_restricted_cone, true, true, true, true, false},
    {&sim_nat_home, true, true, true, false, false},
    {&sim_nat_linux, true, true, true, false, false},
    {&sim_nat_random_cone, true, true, true, false, false},
    {&sim_nat_by_address, true, false, true, false, false},
    {&sim_nat_symmetric, false, false, true, false, false},
    {&sim_nat_small_pool, false, false, true, false, false},
    {&sim_nat_two_by_destination, true, true, false, false, false},
};

START_TEST(each_kind_maps_and_filters_as_its_name_says)
{
    const struct kind_case *c = &kind_cases[_i];
    const struct avpn_address public = sim_address("203.0.113.10");
    struct lab lab;

    lab_init(&lab, c->kind);
    sim_nat_add_address(lab.nat, "203.0.113.11");
    inside_says(&lab, "198.51.100.1:9350");
    ck_assert_int_eq(lab.at_one.count, 1);
    ck_assert_msg(comes_in(&lab, lab.one, "198.51.100.1:9350"), "%s", c->kind->name);
    ck_assert_int_eq(comes_in(&lab, lab.one, "198.51.100.1:9351"), c->lets_other_port_in);
    ck_assert_int_eq(comes_in(&lab, lab.two, "198.51.100.2:9350"), c->lets_stranger_in);
    sim_del(lab.sim);
    lab_init(&lab, c->kind);
    sim_nat_add_address(lab.nat, "203.0.113.11");
    inside_says(&lab, "198.51.100.1:9350");
    inside_says(&lab, "198.51.100.1:9351");
    inside_says(&lab, "198.51.100.2:9350");
    ck_assert_int_eq(lab.at_one_b.from.port == lab.at_one.from.port,
                     c->is_port_same_for_other_port);
    ck_assert_int_eq(lab.at_two.from.port == lab.at_one.from.port,
                     c->is_port_same_for_other_address);
    ck_assert_int_eq(sim_contact_has_address(&lab.at_two.from, &public) ==
                         sim_contact_has_address(&lab.at_one.from, &public),
                     c->is_address_same);
    sim_del(lab.sim);
}
END_TEST

START_TEST(a_preserving_nat_keeps_the_port_and_a_random_one_does_not)
{
    struct lab lab;

    lab_init(&lab, &sim_nat_home);
    inside_says(&lab, "198.51.100.1:9350");
    ck_assert_uint_eq(lab.at_one.from.port, 40000);
    sim_del(lab.sim);
    lab_init(&lab, &sim_nat_random_cone);
    inside_says(&lab, "198.51.100.1:9350");
    ck_assert_uint_ne(lab.at_one.from.port, 40000);
    sim_del(lab.sim);
}
END_TEST

START_TEST(two_addresses_by_turn_alternate)
{
    struct lab lab;
    struct avpn_address first;

    lab_init(&lab, &sim_nat_two_by_turn);
    sim_nat_add_address(lab.nat, "203.0.113.11");
    inside_says(&lab, "198.51.100.1:9350");
    inside_says(&lab, "198.51.100.2:9350");
    first = sim_address_of(&lab.at_one.from);
    ck_assert(!sim_contact_has_address(&lab.at_two.from, &first));
    sim_del(lab.sim);
}
END_TEST

START_TEST(a_small_pool_runs_out_and_says_so)
{
    struct sim_nat_kind kind = sim_nat_small_pool;
    struct lab lab;

    kind.pool_last = kind.pool_first + 1;
    lab_init(&lab, &kind);
    inside_says(&lab, "198.51.100.1:9350");
    inside_says(&lab, "198.51.100.1:9351");
    inside_says(&lab, "198.51.100.2:9350");
    ck_assert_int_eq(lab.at_one.count + lab.at_one_b.count, 2);
    ck_assert_int_eq(lab.at_two.count, 0);
    ck_assert_uint_eq(sim_count(lab.sim, SIM_NAT_EXHAUSTED), 1);
    ck_assert(lab.at_one.from.port >= 50000 && lab.at_one.from.port <= 50001);
    sim_del(lab.sim);
}
END_TEST

START_TEST(two_inside_hosts_with_one_port_get_different_ones)
{
    struct lab lab;

    lab_init(&lab, &sim_nat_home);
    inside_says(&lab, "198.51.100.1:9350");
    say(&lab, lab.other, "10.0.0.3:40000", sim_contact("198.51.100.2:9350"));
    ck_assert_uint_eq(lab.at_one.from.port, 40000);
    ck_assert_uint_ne(lab.at_two.from.port, 40000);
    ck_assert_uint_eq(sim_count(lab.sim, SIM_NAT_COLLISION), 1);
    sim_del(lab.sim);
}
END_TEST

/* ---- time ------------------------------------------------------------------------- */

START_TEST(a_mapping_times_out_unless_the_inside_refreshes_it)
{
    struct sim_nat_kind kind = sim_nat_home;
    struct lab lab;

    kind.timeout = 30 * AVPN_SECOND;
    lab_init(&lab, &kind);
    inside_says(&lab, "198.51.100.1:9350");
    sim_run(lab.sim, 29 * AVPN_SECOND);
    ck_assert(comes_in(&lab, lab.one, "198.51.100.1:9350"));
    sim_run(lab.sim, 2 * AVPN_SECOND);
    ck_assert_msg(!comes_in(&lab, lab.one, "198.51.100.1:9350"), "inbound must not refresh");
    inside_says(&lab, "198.51.100.1:9350");
    sim_run(lab.sim, 20 * AVPN_SECOND);
    inside_says(&lab, "198.51.100.1:9350");
    sim_run(lab.sim, 20 * AVPN_SECOND);
    ck_assert(comes_in(&lab, lab.one, "198.51.100.1:9350"));
    sim_del(lab.sim);
}
END_TEST

START_TEST(inbound_refreshes_where_the_kind_says_so)
{
    struct sim_nat_kind kind = sim_nat_linux;
    struct lab lab;

    kind.timeout = 30 * AVPN_SECOND;
    lab_init(&lab, &kind);
    inside_says(&lab, "198.51.100.1:9350");
    for (int i = 0; i < 5; i++) {
        sim_run(lab.sim, 20 * AVPN_SECOND);
        ck_assert(comes_in(&lab, lab.one, "198.51.100.1:9350"));
    }
    sim_run(lab.sim, 31 * AVPN_SECOND);
    ck_assert(!comes_in(&lab, lab.one, "198.51.100.1:9350"));
    ck_assert_uint_eq(sim_nat_mappings(lab.nat), 0);
    sim_del(lab.sim);
}
END_TEST

START_TEST(a_flow_without_reply_dies_earlier_where_the_kind_says_so)
{
    for (int is_replied = 0; is_replied < 2; is_replied++) {
        struct lab lab;

        lab_init(&lab, &sim_nat_linux);
        inside_says(&lab, "198.51.100.1:9350");
        if (is_replied == 1)
            ck_assert(comes_in(&lab, lab.one, "198.51.100.1:9350"));
        sim_run(lab.sim, 31 * AVPN_SECOND);
        ck_assert_int_eq(comes_in(&lab, lab.one, "198.51.100.1:9350"), is_replied);
        sim_del(lab.sim);
    }
}
END_TEST

START_TEST(a_reboot_loses_all_mappings_and_passes_nothing_meanwhile)
{
    struct lab lab;

    lab_init(&lab, &sim_nat_random_cone);
    inside_says(&lab, "198.51.100.1:9350");

    const struct avpn_contact before = lab.at_one.from;

    sim_nat_reboot(lab.nat, AVPN_SECOND);
    inside_says(&lab, "198.51.100.1:9350");
    ck_assert_int_eq(lab.at_one.count, 1);
    sim_run(lab.sim, AVPN_SECOND);
    ck_assert(!comes_in(&lab, lab.one, "198.51.100.1:9350"));
    inside_says(&lab, "198.51.100.1:9350");
    ck_assert_int_eq(lab.at_one.count, 2);
    ck_assert_uint_ne(lab.at_one.from.port, before.port);
    sim_del(lab.sim);
}
END_TEST

START_TEST(a_rebind_moves_the_port_and_renumbering_the_address)
{
    struct lab lab;
    const struct avpn_address moved = sim_address("203.0.113.99");

    lab_init(&lab, &sim_nat_home);
    inside_says(&lab, "198.51.100.1:9350");
    sim_nat_rebind(lab.nat);
    ck_assert_msg(!comes_in(&lab, lab.one, "198.51.100.1:9350"), "the old port must be dead");
    inside_says(&lab, "198.51.100.1:9350");
    ck_assert_uint_ne(lab.at_one.from.port, 40000);
    ck_assert(comes_in(&lab, lab.one, "198.51.100.1:9350"));
    sim_nat_renumber(lab.nat, "203.0.113.99");
    ck_assert(!comes_in(&lab, lab.one, "198.51.100.1:9350"));
    inside_says(&lab, "198.51.100.1:9350");
    ck_assert(sim_contact_has_address(&lab.at_one.from, &moved));
    sim_del(lab.sim);
}
END_TEST

/* ---- the rest --------------------------------------------------------------------- */

START_TEST(a_port_forward_lets_anyone_in_and_answers_from_the_same_port)
{
    struct lab lab;

    lab_init(&lab, &sim_nat_symmetric);
    sim_nat_forward(lab.nat, 51625, "10.0.0.2:40000");
    say(&lab, lab.two, "198.51.100.2:9350", sim_contact("203.0.113.10:51625"));
    ck_assert_int_eq(lab.at_inside.count, 1);
    inside_says(&lab, "198.51.100.2:9350");
    ck_assert_uint_eq(lab.at_two.from.port, 51625);
    inside_says(&lab, "198.51.100.1:9350");
    ck_assert_uint_ne(lab.at_one.from.port, 51625);
    sim_del(lab.sim);
}
END_TEST

START_TEST(hairpinning_works_where_it_is_on)
{
    struct sim_nat_kind kind = sim_nat_full_cone;

    for (int i = 0; i < 2; i++) {
        struct lab lab;

        kind.has_hairpin = i == 1;
        lab_init(&lab, &kind);
        inside_says(&lab, "198.51.100.1:9350");
        say(&lab, lab.other, "10.0.0.3:40000", lab.at_one.from);
        ck_assert_int_eq(lab.at_inside.count, i);
        ck_assert_uint_eq(sim_count(lab.sim, SIM_NAT_HAIRPIN), (unsigned)i);
        if (i == 1) {
            const struct avpn_address public = sim_address("203.0.113.10");

            ck_assert(sim_contact_has_address(&lab.at_inside.from, &public));
        }
        sim_del(lab.sim);
    }
}
END_TEST

START_TEST(a_blocking_box_lets_nothing_through_and_a_port_range_only_its_ports)
{
    struct sim_nat_kind kind = sim_nat_home;
    struct lab lab;

    lab_init(&lab, &sim_nat_blocked);
    inside_says(&lab, "198.51.100.1:9350");
    ck_assert_int_eq(lab.at_one.count, 0);
    ck_assert_uint_eq(sim_count(lab.sim, SIM_NAT_BLOCKED), 1);
    sim_del(lab.sim);
    kind.blocked_first = 9351;
    kind.blocked_last = 9351;
    lab_init(&lab, &kind);
    inside_says(&lab, "198.51.100.1:9350");
    inside_says(&lab, "198.51.100.1:9351");
    ck_assert_int_eq(lab.at_one.count, 1);
    ck_assert_int_eq(lab.at_one_b.count, 0);
    sim_del(lab.sim);
}
END_TEST

START_TEST(an_early_inbound_packet_costs_linux_the_port_towards_that_peer_only)
{
    struct lab lab;

    lab_init(&lab, &sim_nat_linux);
    inside_says(&lab, "198.51.100.1:9350");
    say(&lab, lab.two, "198.51.100.2:9350", lab.at_one.from);
    ck_assert_int_eq(lab.at_inside.count, 0);
    inside_says(&lab, "198.51.100.2:9350");
    ck_assert_uint_ne(lab.at_two.from.port, 40000);
    inside_says(&lab, "198.51.100.1:9351");
    ck_assert_uint_eq(lab.at_one_b.from.port, 40000);
    ck_assert_uint_eq(sim_count(lab.sim, SIM_NAT_EARLY_COLLISION), 1);
    sim_del(lab.sim);
    lab_init(&lab, &sim_nat_home);
    inside_says(&lab, "198.51.100.1:9350");
    say(&lab, lab.two, "198.51.100.2:9350", lab.at_one.from);
    inside_says(&lab, "198.51.100.2:9350");
    ck_assert_uint_eq(lab.at_two.from.port, 40000);
    sim_del(lab.sim);
}
END_TEST

START_TEST(two_boxes_in_a_row_translate_twice)
{
    struct lab lab;
    struct sim_nat *home;
    struct sim_port *host;
    struct heard at_host = {0};

    lab_init(&lab, &sim_nat_random_cone);
    home = sim_nat_new(sim_nat_inside(lab.nat), &sim_nat_home, "100.64.0.2");
    host = sim_attach(sim_nat_inside(home), "192.168.1.2");
    sim_socket(host, 40000, hear, &at_host);
    say(&lab, host, "192.168.1.2:40000", sim_contact("198.51.100.1:9350"));
    ck_assert_int_eq(lab.at_one.count, 1);
    say(&lab, lab.one, "198.51.100.1:9350", lab.at_one.from);
    ck_assert_int_eq(at_host.count, 1);
    ck_assert_uint_eq(sim_nat_mappings(lab.nat) + sim_nat_mappings(home), 2);
    sim_del(lab.sim);
}
END_TEST

START_TEST(ipv6_passes_untranslated_but_filtered)
{
    struct lab lab;

    lab_init(&lab, &sim_nat_home);
    sim_port_add_address(lab.inside, sim_address("2001:db8:1::2"));
    sim_port_add_address(lab.one, sim_address("2001:db8:ffff::1"));
    sim_port_add_address(lab.two, sim_address("2001:db8:ffff::2"));
    say(&lab, lab.one, "[2001:db8:ffff::1]:9350", sim_contact("[2001:db8:1::2]:40000"));
    ck_assert_int_eq(lab.at_inside.count, 0);
    say(&lab, lab.inside, "[2001:db8:1::2]:40000", sim_contact("[2001:db8:ffff::1]:9350"));
    ck_assert_str_eq(sim_text(&lab.at_one.from), "[2001:db8:1::2]:40000");
    ck_assert(comes_in(&lab, lab.one, "[2001:db8:ffff::1]:9350"));
    ck_assert(!comes_in(&lab, lab.two, "[2001:db8:ffff::2]:9350"));
    sim_del(lab.sim);
}
END_TEST

/* ---- links ------------------------------------------------------------------------ */

/* Send `count` numbered datagrams, 1 ms apart, over one link; what arrived and its marks. */
static void pour(struct lab *lab, const struct sim_link *link, int count)
{
    lab_init(lab, &sim_nat_home);
    sim_port_link_in(lab->one, link);
    for (int i = 0; i < count; i++) {
        uint8_t bytes[32] = {(uint8_t)i};

        sim_send(lab->two, sim_contact("198.51.100.2:9350"), sim_contact("198.51.100.1:9350"),
                 bytes, sizeof bytes);
        sim_run(lab->sim, MS);
    }
    sim_run(lab->sim, AVPN_SECOND);
}

struct fault_case {
    struct sim_link link;
    enum sim_mark mark;
    int marked_low, marked_high, heard_low, heard_high; /* of 1000 */
};

static const struct fault_case fault_cases[] = {
    {{.delay = 5 * MS}, SIM_DELIVERED, 1000, 1000, 1000, 1000},
    {{.loss_ppm = 200000}, SIM_LOST, 150, 250, 750, 850},
    {{.burst_enter_ppm = 10000, .burst_leave_ppm = 100000}, SIM_BURST_LOST, 20, 250, 750, 980},
    {{.duplicate_ppm = 100000}, SIM_DUPLICATED, 60, 140, 1060, 1140},
    {{.reorder_ppm = 100000, .reorder_span = 10 * MS}, SIM_REORDERED, 60, 140, 1000, 1000},
    {{.corrupt_ppm = 100000}, SIM_CORRUPTED, 60, 140, 1000, 1000},
    {{.truncate_ppm = 100000}, SIM_TRUNCATED, 60, 140, 1000, 1000},
    {{.mtu = 32 + 27}, SIM_TOO_BIG, 1000, 1000, 0, 0},
    {{.mtu = 32 + 28}, SIM_TOO_BIG, 0, 0, 1000, 1000},
    {{.is_blackhole = true}, SIM_BLACKHOLED, 1000, 1000, 0, 0},
};

START_TEST(each_fault_of_a_link_happens_about_as_often_as_told)
{
    const struct fault_case *c = &fault_cases[_i];
    struct lab lab;
    int marked;

    pour(&lab, &c->link, 1000);
    marked = (int)sim_count(lab.sim, c->mark);
    ck_assert_msg(marked >= c->marked_low && marked <= c->marked_high, "marked %d", marked);
    ck_assert_msg(lab.at_one.count >= c->heard_low && lab.at_one.count <= c->heard_high, "heard %d",
                  lab.at_one.count);
    sim_del(lab.sim);
}
END_TEST

START_TEST(a_cut_is_one_way_and_heals)
{
    struct lab lab;

    lab_init(&lab, &sim_nat_home);
    sim_cut(lab.sim, "198.51.100.1", "198.51.100.2");
    say(&lab, lab.one, "198.51.100.1:9350", sim_contact("198.51.100.2:9350"));
    say(&lab, lab.two, "198.51.100.2:9350", sim_contact("198.51.100.1:9350"));
    ck_assert_int_eq(lab.at_two.count, 0);
    ck_assert_int_eq(lab.at_one.count, 1);
    sim_heal(lab.sim, "198.51.100.1", "198.51.100.2");
    say(&lab, lab.one, "198.51.100.1:9350", sim_contact("198.51.100.2:9350"));
    ck_assert_int_eq(lab.at_two.count, 1);
    sim_del(lab.sim);
}
END_TEST

static uint64_t busy_run(uint64_t seed)
{
    struct sim *sim = sim_new(seed);
    struct sim_nat *nat = sim_nat_new(sim_internet(sim), &sim_nat_symmetric, "203.0.113.10");
    struct sim_port *server = sim_attach(sim_internet(sim), "198.51.100.1");
    struct sim_port *host = sim_attach(sim_nat_inside(nat), "10.0.0.2");
    struct heard heard = {0};
    uint64_t hash;

    sim_socket(server, 0, hear, &heard);
    sim_port_link(server, &(struct sim_link){.delay = 10 * MS,
                                             .jitter = 20 * MS,
                                             .loss_ppm = 50000,
                                             .duplicate_ppm = 50000,
                                             .corrupt_ppm = 50000});
    for (uint16_t i = 1; i <= 300; i++) {
        sim_send(host, sim_contact("10.0.0.2:40000"),
                 sim_join(sim_address("198.51.100.1"), i), &i, sizeof i);
        sim_run(sim, MS);
    }
    sim_run(sim, AVPN_SECOND);
    hash = sim_hash(sim);
    sim_del(sim);
    return hash;
}

START_TEST(a_seed_repeats_a_run_bit_for_bit_and_another_does_not)
{
    ck_assert_uint_eq(busy_run(1), busy_run(1));
    ck_assert_uint_ne(busy_run(1), busy_run(2));
}
END_TEST

/* ---- accounting ---------------------------------------------------------------------- */

START_TEST(a_contact_is_proved_by_a_round_trip_and_not_by_a_forgery)
{
    struct lab lab;
    const struct avpn_contact victim = sim_contact("198.51.100.2:9350");
    const struct avpn_contact server = sim_contact("198.51.100.1:9350");

    lab_init(&lab, &sim_nat_home);
    for (int i = 0; i < 2; i++) {
        sim_send(sim_attach(sim_internet(lab.sim), "192.0.2.66"), victim, server, "hello", 5);
        sim_run(lab.sim, MS);
        say(&lab, lab.one, "198.51.100.1:9350", victim);
    }
    ck_assert(!sim_account(lab.sim, lab.one, victim)->is_proved);
    ck_assert_uint_eq(sim_account(lab.sim, lab.one, victim)->unproven_bytes_out, 10);
    ck_assert_uint_eq(sim_account(lab.sim, lab.one, victim)->unproven_bytes_in, 10);
    say(&lab, lab.two, "198.51.100.2:9350", server);
    ck_assert(sim_account(lab.sim, lab.one, victim)->is_proved);
    sim_del(lab.sim);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(each_kind_maps_and_filters_as_its_name_says, HARNESS_COUNT(kind_cases)),
    HARNESS_CASE(a_preserving_nat_keeps_the_port_and_a_random_one_does_not),
    HARNESS_CASE(two_addresses_by_turn_alternate),
    HARNESS_CASE(a_small_pool_runs_out_and_says_so),
    HARNESS_CASE(two_inside_hosts_with_one_port_get_different_ones),
    HARNESS_CASE(a_mapping_times_out_unless_the_inside_refreshes_it),
    HARNESS_CASE(inbound_refreshes_where_the_kind_says_so),
    HARNESS_CASE(a_flow_without_reply_dies_earlier_where_the_kind_says_so),
    HARNESS_CASE(a_reboot_loses_all_mappings_and_passes_nothing_meanwhile),
    HARNESS_CASE(a_rebind_moves_the_port_and_renumbering_the_address),
    HARNESS_CASE(a_port_forward_lets_anyone_in_and_answers_from_the_same_port),
    HARNESS_CASE(hairpinning_works_where_it_is_on),
    HARNESS_CASE(a_blocking_box_lets_nothing_through_and_a_port_range_only_its_ports),
    HARNESS_CASE(an_early_inbound_packet_costs_linux_the_port_towards_that_peer_only),
    HARNESS_CASE(two_boxes_in_a_row_translate_twice),
    HARNESS_CASE(ipv6_passes_untranslated_but_filtered),
    HARNESS_LOOP(each_fault_of_a_link_happens_about_as_often_as_told, HARNESS_COUNT(fault_cases)),
    HARNESS_CASE(a_cut_is_one_way_and_heals),
    HARNESS_CASE(a_seed_repeats_a_run_bit_for_bit_and_another_does_not),
    HARNESS_CASE(a_contact_is_proved_by_a_round_trip_and_not_by_a_forgery),
};
HARNESS_MAIN("sim/nat", cases)
