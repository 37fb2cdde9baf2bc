/* SPDX-License-Identifier: ISC */
/*
 * net: a network that exists only in virtual time.
 *
 * Segments carry UDP datagrams between the ports attached to them; a host is one port
 * per uplink, a NAT box (nat.h) is two. Every port has a link in each direction which
 * delays, loses, repeats, reorders and damages what passes. Nothing here reads a
 * clock or an outside source of chance: the seed decides everything, and the hash
 * over every arrival shows that two runs were the same.
 *
 * Order: sim_new, segments and ports, sockets, sim_run as often as wanted, sim_del,
 * which frees everything made from it. One thread.
 *
 *     struct sim *sim = sim_new(1);
 *     struct sim_port *a = sim_attach(sim_internet(sim), "192.0.2.1");
 *     struct sim_port *b = sim_attach(sim_internet(sim), "192.0.2.2");
 *     sim_port_link(b, &(struct sim_link){.delay = 20 * AVPN_MILLISECOND, .loss_ppm = 1000});
 *     sim_socket(b, 7, on_datagram, NULL);
 *     sim_send(a, sim_contact("192.0.2.1:4000"), sim_contact("192.0.2.2:7"), "hello", 5);
 *     sim_run(sim, AVPN_SECOND);
 *     sim_del(sim);
 */
#ifndef AVPN_SIM_NET_H
#define AVPN_SIM_NET_H

#include <autovpn/types.h>
#include <stdbool.h>

struct sim;
struct sim_segment;
struct sim_port;

/* What happened to datagrams: one counter each, so that a test can prove a fault happened. */
enum sim_mark {
    SIM_SENT = 0, /* handed to a port by a host */
    SIM_DELIVERED,
    SIM_LOST,
    SIM_BURST_LOST,
    SIM_DUPLICATED,
    SIM_REORDERED,
    SIM_CORRUPTED,
    SIM_TRUNCATED,
    SIM_TOO_BIG,    /* beyond a link's MTU, dropped in silence */
    SIM_FRAGMENTED, /* beyond it too, but allowed to pass in pieces */
    SIM_BLACKHOLED,
    SIM_CUT,      /* between two addresses that sim_cut separates */
    SIM_NO_ROUTE, /* nobody has the address */
    SIM_UNBOUND,  /* the host has it, but no socket on the UDP port */
    SIM_TAPPED,   /* swallowed by a tap */
    SIM_NAT_FILTERED,
    SIM_NAT_BLOCKED, /* UDP or the port range is not let out, or the box is down */
    SIM_NAT_EXHAUSTED,
    SIM_NAT_COLLISION,       /* the wanted port was taken by another inside host */
    SIM_NAT_EARLY_COLLISION, /* Linux: an early inbound packet had taken the tuple */
    SIM_NAT_EXPIRED,
    SIM_NAT_HAIRPIN,
    SIM_MARKS
};

/* A datagram under way. Contacts are those on the segment it is crossing now. */
struct sim_datagram {
    struct avpn_contact from, to;
    uint8_t *bytes;
    size_t count;
    avpn_time sent;               /* when its origin sent it */
    uint32_t origin;              /* id of the port that sent it first */
    struct avpn_contact first_to; /* where its origin sent it */
    bool is_forged;               /* its origin does not own the source address */
    bool may_fragment;            /* sent without DF: a link's MTU does not stop it */
    uint8_t hops;
};

/* One direction of a port's link. All zero: instant and perfect. Rates in parts per million. */
struct sim_link {
    avpn_span delay;
    avpn_span jitter; /* 0..jitter is added; order is kept all the same */
    uint32_t loss_ppm;
    uint32_t burst_enter_ppm; /* chance per datagram that a burst begins: all is lost ... */
    uint32_t burst_leave_ppm; /* ... until one datagram in so many ends it */
    uint32_t duplicate_ppm;
    uint32_t reorder_ppm; /* held back for reorder_span and overtaken */
    avpn_span reorder_span;
    uint32_t corrupt_ppm;  /* one bit is flipped */
    uint32_t truncate_ppm; /* cut to a random shorter length */
    uint32_t mtu;          /* IP packets beyond it vanish, if they may not be fragmented; 0: no limit */
    bool is_blackhole;
};

/* What one port exchanged with one remote contact, as that port sees it. */
struct sim_account {
    uint32_t port; /* id */
    struct avpn_contact remote;
    uint64_t packets_in, bytes_in, packets_out, bytes_out;
    /* Bytes sent before the remote had proved that it receives at this contact. */
    uint64_t unproven_bytes_in, unproven_bytes_out, unproven_packets_out;
    avpn_time reached; /* when a datagram to it first arrived at some host */
    bool is_proved;    /* something sent after that moment came back, not forged */
};

/* ---- life and time ----------------------------------------------------------- */

struct sim *sim_new(uint64_t seed);
void sim_del(struct sim *sim);
avpn_time sim_now(const struct sim *sim);
uint64_t sim_seed(const struct sim *sim);
uint64_t sim_random(struct sim *sim);
/* Uniform in 0..bound-1. */
uint64_t sim_random_below(struct sim *sim, uint64_t bound);
bool sim_chance(struct sim *sim, uint32_t ppm);


/* Call `fire` at `when`, or at once after what is queued for now. */
void sim_at(struct sim *sim, avpn_time when, void (*fire)(void *user, avpn_time now), void *user);
/* Handle what is due in the next `span`; the time is then exactly so much later. */
void sim_run(struct sim *sim, avpn_span span);
/* The same, but stop early when `done` says so after an event. Returns whether it did. */
bool sim_run_until(struct sim *sim, avpn_span span, bool (*done)(void *user), void *user);
/* Called after every event: the place of invariants. One at a time. */
void sim_watch(struct sim *sim, void (*watch)(void *user), void *user);

/* Over (time, from, to, bytes) of each arrival at any port. */
uint64_t sim_hash(const struct sim *sim);
uint64_t sim_count(const struct sim *sim, enum sim_mark mark);
void sim_mark(struct sim *sim, enum sim_mark mark);
uint64_t sim_events(const struct sim *sim);

/* ---- the network ---------------------------------------------------------------- */

struct sim_segment *sim_segment_new(struct sim *sim);
/* The segment where public addresses live. */
struct sim_segment *sim_internet(struct sim *sim);
struct sim *sim_segment_sim(const struct sim_segment *segment);

/* A host's port with one address. Text must be right: a mistake ends the program. */
struct sim_port *sim_attach(struct sim_segment *segment, const char *address);
void sim_port_add_address(struct sim_port *port, struct avpn_address address);
/* Forget the addresses of one family, then take this one: a host that moved. */
void sim_port_move(struct sim_port *port, struct sim_segment *segment, const char *address);
uint32_t sim_port_id(const struct sim_port *port);
struct sim *sim_port_sim(const struct sim_port *port);
struct avpn_address sim_port_address(const struct sim_port *port, uint8_t family);
bool sim_port_has_address(const struct sim_port *port, const struct avpn_contact *contact);
/* Both directions; or each by itself. */
void sim_port_link(struct sim_port *port, const struct sim_link *link);
void sim_port_link_out(struct sim_port *port, const struct sim_link *link);
void sim_port_link_in(struct sim_port *port, const struct sim_link *link);
uint64_t sim_port_received(const struct sim_port *port, uint64_t *bytes_out);

/* Datagrams from one address to another no longer pass (one way), or pass again. */
void sim_cut(struct sim *sim, const char *from, const char *to);
void sim_heal(struct sim *sim, const char *from, const char *to);

/* ---- sockets ------------------------------------------------------------------- */

/* `bytes` belong to the callback until it returns: it may change them. */
typedef void sim_receive(void *user, const struct sim_datagram *datagram);

/* Opens, or with NULL closes, a UDP port of a host. UDP port 0: everything not bound elsewhere. */
void sim_socket(struct sim_port *port, uint16_t udp_port, sim_receive *receive, void *user);
/* A source address that is not the port's own makes a forged datagram. Bytes are copied. */
void sim_send(struct sim_port *port, struct avpn_contact from, struct avpn_contact to,
              const void *bytes, size_t count);
/* The same without DF: an MTU on its way cuts it in pieces, and its destination puts them together. */
void sim_send_fragmentable(struct sim_port *port, struct avpn_contact from, struct avpn_contact to,
                           const void *bytes, size_t count);

/*
 * Sees every datagram entering a segment, before the link's faults; may change the bytes.
 * Returns true to swallow it. One at a time; NULL removes it.
 */
typedef bool sim_tap(void *user, const struct sim_segment *segment, struct sim_datagram *datagram);
void sim_tap_set(struct sim *sim, sim_tap *tap, void *user);

/* ---- accounting ------------------------------------------------------------------ */

/* NULL when nothing was exchanged. */
const struct sim_account *sim_account(const struct sim *sim, const struct sim_port *port,
                                      struct avpn_contact remote);
const struct sim_account *sim_accounts(const struct sim *sim, size_t *count_out);

/* ---- values -------------------------------------------------------------------- */

struct avpn_contact sim_contact(const char *text);
struct avpn_address sim_address(const char *text);
struct avpn_contact sim_join(struct avpn_address address, uint16_t port);
struct avpn_address sim_address_of(const struct avpn_contact *contact);
bool sim_contact_is_equal(const struct avpn_contact *a, const struct avpn_contact *b);
bool sim_address_is_equal(const struct avpn_address *a, const struct avpn_address *b);
bool sim_contact_has_address(const struct avpn_contact *contact, const struct avpn_address *address);
/* Into one of a few static buffers: for messages. */
const char *sim_text(const struct avpn_contact *contact);

/* ---- for NAT boxes ---------------------------------------------------------------- */

typedef void sim_take(void *owner, struct sim_port *port, struct sim_datagram *datagram);

/* A port whose datagrams go to `take`, which then owns them. */
struct sim_port *sim_port_new(struct sim_segment *segment, sim_take *take, void *owner);
/* Where a segment sends what nobody on it has. */
void sim_segment_set_gateway(struct sim_segment *segment, struct sim_port *port);
/* IPv6 addresses on `inner` are reached from `port`'s segment through `port`. */
void sim_port_set_behind(struct sim_port *port, struct sim_segment *inner);
void sim_port_set_addresses(struct sim_port *port, const struct avpn_address *addresses,
                            size_t count);
/* Send on; owns the datagram. */
void sim_forward(struct sim_port *port, struct sim_datagram *datagram);
void sim_datagram_del(struct sim_datagram *datagram);
/* Freed with the simulation. */
void *sim_keep(struct sim *sim, size_t bytes, void (*fini)(void *object));

#endif
