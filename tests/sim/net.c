/* SPDX-License-Identifier: ISC */
/*
 * net: owns segments, ports, sockets and datagrams under way.
 *
 * A datagram's way: sim_send or sim_forward puts it on the port's segment; the tap sees it; the
 * owner of its destination is looked up - a port with the address, the router before an inner IPv6
 * address, or the segment's gateway; the faults of the sender's outgoing and the receiver's incoming
 * link decide whether, when and how often it arrives. Every chance is drawn from the one generator in
 * the order of events, so the seed repeats the run.
 */
#include "net.h"
#include "chance.h"
#include "clock.h"
#include "ledger.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOP_LIMIT 16
#define PORT_ADDRESSES 4

struct link_state {
    struct sim_link link;
    bool is_in_burst;
    avpn_time last; /* arrival of the datagram before: jitter does not overtake */
};

struct socket {
    uint16_t udp_port;
    sim_receive *receive;
    void *user;
};

struct sim_port {
    struct sim_port *next; /* on the segment */
    struct sim_segment *segment;
    struct sim_segment *behind;
    uint32_t id;
    struct avpn_address addresses[PORT_ADDRESSES];
    size_t address_count;
    struct link_state out, in;
    sim_take *take;
    void *owner;
    struct socket *sockets;
    size_t socket_count;
    uint64_t packets, bytes;
};

struct sim_segment {
    struct sim *sim;
    struct sim_port *ports;
    struct sim_port *gateway;
};

struct cut {
    struct avpn_address from, to;
};

struct keep {
    struct keep *next;
    void (*fini)(void *object);
    _Alignas(16) uint8_t object[];
};

struct sim {
    uint64_t seed, hash;
    struct sim_chance chance;
    struct sim_clock clock;
    struct sim_ledger ledger;
    struct keep *kept;
    struct sim_segment *internet;
    uint32_t next_port;
    struct cut *cuts;
    size_t cut_count;
    sim_tap *tap;
    void *tap_user;
    void (*watch)(void *user);
    void *watch_user;
    uint64_t marks[SIM_MARKS];
    bool is_traced;
};

/* ---- life and time --------------------------------------------------------------- */

static void *need(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

void *sim_keep(struct sim *sim, size_t bytes, void (*fini)(void *object))
{
    struct keep *keep = need(calloc(1, sizeof *keep + bytes));

    keep->fini = fini;
    keep->next = sim->kept;
    sim->kept = keep;
    return keep->object;
}

struct sim *sim_new(uint64_t seed)
{
    struct sim *sim = need(calloc(1, sizeof *sim));

    sim->seed = seed;
    sim->hash = UINT64_C(0xcbf29ce484222325);
    sim->is_traced = getenv("AVPN_SIM_TRACE") != NULL;
    sim_chance_init(&sim->chance, seed);
    sim->internet = sim_segment_new(sim);
    return sim;
}

void sim_del(struct sim *sim)
{
    sim_clock_fini(&sim->clock);
    while (sim->kept != NULL) {
        struct keep *keep = sim->kept;

        sim->kept = keep->next;
        if (keep->fini != NULL)
            keep->fini(keep->object);
        free(keep);
    }
    sim_ledger_fini(&sim->ledger);
    free(sim->cuts);
    free(sim);
}

avpn_time sim_now(const struct sim *sim)
{
    return sim->clock.now;
}

uint64_t sim_seed(const struct sim *sim)
{
    return sim->seed;
}

uint64_t sim_random(struct sim *sim)
{
    return sim_chance_next(&sim->chance);
}

uint64_t sim_random_below(struct sim *sim, uint64_t bound)
{
    return bound == 0 ? 0 : sim_chance_next(&sim->chance) % bound;
}

bool sim_chance(struct sim *sim, uint32_t ppm)
{
    return ppm != 0 && sim_random_below(sim, 1000000) < ppm;
}

uint64_t sim_hash(const struct sim *sim)
{
    return sim->hash;
}

uint64_t sim_count(const struct sim *sim, enum sim_mark mark)
{
    return sim->marks[mark];
}

void sim_mark(struct sim *sim, enum sim_mark mark)
{
    sim->marks[mark]++;
}

uint64_t sim_events(const struct sim *sim)
{
    return sim->clock.fired;
}

struct call {
    void (*fire)(void *user, avpn_time now);
    void *user;
};

static void call_fire(void *owner, void *subject, avpn_time now)
{
    struct call call = *(struct call *)subject;

    (void)owner;
    free(subject);
    call.fire(call.user, now);
}

void sim_at(struct sim *sim, avpn_time when, void (*fire)(void *user, avpn_time now), void *user)
{
    struct call *call = need(malloc(sizeof *call));

    *call = (struct call){fire, user};
    sim_clock_add(&sim->clock, &(struct sim_event){
                                   .when = when, .fire = call_fire, .drop = free, .subject = call});
}

void sim_watch(struct sim *sim, void (*watch)(void *user), void *user)
{
    sim->watch = watch;
    sim->watch_user = user;
}

bool sim_run_until(struct sim *sim, avpn_span span, bool (*done)(void *user), void *user)
{
    const avpn_time until = sim->clock.now + span;
    struct sim_event event;

    if (done != NULL && done(user))
        return true;
    while (sim_clock_take(&sim->clock, until, &event)) {
        event.fire(event.owner, event.subject, event.when);
        if (sim->watch != NULL)
            sim->watch(sim->watch_user);
        if (done != NULL && done(user))
            return true;
    }
    sim->clock.now = until;
    return false;
}

void sim_run(struct sim *sim, avpn_span span)
{
    sim_run_until(sim, span, NULL, NULL);
}

/* ---- the hash ---------------------------------------------------------------- */

static uint64_t fold(uint64_t hash, const void *bytes, size_t count)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < count; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* Byte by byte, so that the hash is the same on machines of either byte order. */
static uint64_t fold_number(uint64_t hash, uint64_t number)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(number >> (8 * i));
    return fold(hash, bytes, sizeof bytes);
}

static uint64_t fold_contact(uint64_t hash, const struct avpn_contact *contact)
{
    hash = fold_number(hash, ((uint64_t)contact->family << 16) | contact->port);
    return fold(hash, contact->bytes, sizeof contact->bytes);
}

static void trace(struct sim *sim, const struct sim_port *port, const struct sim_datagram *d)
{
    sim->hash = fold_number(sim->hash, (uint64_t)sim->clock.now);
    sim->hash = fold_contact(sim->hash, &d->from);
    sim->hash = fold_contact(sim->hash, &d->to);
    sim->hash = fold(sim->hash, d->bytes, d->count);
    if (!sim->is_traced)
        return;
    fprintf(stderr, "%12.6f port %-3u %s -> %s %zu:", (double)sim->clock.now / 1e9, port->id,
            sim_text(&d->from), sim_text(&d->to), d->count);
    for (size_t i = 0; i < d->count && i < 12; i++)
        fprintf(stderr, " %02x", d->bytes[i]);
    fprintf(stderr, "\n");
}

/* ---- segments and ports ---------------------------------------------------------- */

struct sim_segment *sim_segment_new(struct sim *sim)
{
    struct sim_segment *segment = sim_keep(sim, sizeof *segment, NULL);

    segment->sim = sim;
    return segment;
}

struct sim_segment *sim_internet(struct sim *sim)
{
    return sim->internet;
}

struct sim *sim_segment_sim(const struct sim_segment *segment)
{
    return segment->sim;
}

void sim_segment_set_gateway(struct sim_segment *segment, struct sim_port *port)
{
    segment->gateway = port;
}

static void port_fini(void *object)
{
    free(((struct sim_port *)object)->sockets);
}

static void port_join(struct sim_port *port, struct sim_segment *segment)
{
    port->segment = segment;
    port->next = segment->ports;
    segment->ports = port;
}

static void port_leave(struct sim_port *port)
{
    struct sim_port **place = &port->segment->ports;

    while (*place != port)
        place = &(*place)->next;
    *place = port->next;
}

struct sim_port *sim_port_new(struct sim_segment *segment, sim_take *take, void *owner)
{
    struct sim_port *port = sim_keep(segment->sim, sizeof *port, port_fini);

    port->id = segment->sim->next_port++;
    port->take = take;
    port->owner = owner;
    port_join(port, segment);
    return port;
}

void sim_port_set_behind(struct sim_port *port, struct sim_segment *inner)
{
    port->behind = inner;
}

void sim_port_add_address(struct sim_port *port, struct avpn_address address)
{
    if (port->address_count == PORT_ADDRESSES)
        abort();
    port->addresses[port->address_count++] = address;
}

void sim_port_set_addresses(struct sim_port *port, const struct avpn_address *addresses,
                            size_t count)
{
    port->address_count = 0;
    for (size_t i = 0; i < count; i++)
        sim_port_add_address(port, addresses[i]);
}

static bool port_has(const struct sim_port *port, const struct avpn_contact *contact)
{
    for (size_t i = 0; i < port->address_count; i++)
        if (sim_contact_has_address(contact, &port->addresses[i]))
            return true;
    return false;
}

bool sim_port_has_address(const struct sim_port *port, const struct avpn_contact *contact)
{
    return port_has(port, contact);
}

void sim_port_move(struct sim_port *port, struct sim_segment *segment, const char *address)
{
    const struct avpn_address moved = sim_address(address);
    size_t kept = 0;

    for (size_t i = 0; i < port->address_count; i++)
        if (port->addresses[i].family != moved.family)
            port->addresses[kept++] = port->addresses[i];
    port->address_count = kept;
    sim_port_add_address(port, moved);
    port_leave(port);
    port_join(port, segment);
}

uint32_t sim_port_id(const struct sim_port *port)
{
    return port->id;
}

struct sim *sim_port_sim(const struct sim_port *port)
{
    return port->segment->sim;
}

struct avpn_address sim_port_address(const struct sim_port *port, uint8_t family)
{
    for (size_t i = 0; i < port->address_count; i++)
        if (port->addresses[i].family == family)
            return port->addresses[i];
    return (struct avpn_address){0};
}

void sim_port_link_out(struct sim_port *port, const struct sim_link *link)
{
    port->out.link = *link;
    port->out.is_in_burst = false;
}

void sim_port_link_in(struct sim_port *port, const struct sim_link *link)
{
    port->in.link = *link;
    port->in.is_in_burst = false;
}

void sim_port_link(struct sim_port *port, const struct sim_link *link)
{
    sim_port_link_out(port, link);
    sim_port_link_in(port, link);
}

uint64_t sim_port_received(const struct sim_port *port, uint64_t *bytes_out)
{
    if (bytes_out != NULL)
        *bytes_out = port->bytes;
    return port->packets;
}

/* ---- cuts ------------------------------------------------------------------------ */

static bool is_cut(const struct sim *sim, const struct sim_datagram *d)
{
    for (size_t i = 0; i < sim->cut_count; i++)
        if (sim_contact_has_address(&d->from, &sim->cuts[i].from) &&
            sim_contact_has_address(&d->to, &sim->cuts[i].to))
            return true;
    return false;
}

void sim_cut(struct sim *sim, const char *from, const char *to)
{
    sim->cuts = need(realloc(sim->cuts, (sim->cut_count + 1) * sizeof *sim->cuts));
    sim->cuts[sim->cut_count++] = (struct cut){sim_address(from), sim_address(to)};
}

void sim_heal(struct sim *sim, const char *from, const char *to)
{
    const struct avpn_address f = sim_address(from), t = sim_address(to);

    for (size_t i = sim->cut_count; i-- > 0;)
        if (sim_address_is_equal(&sim->cuts[i].from, &f) &&
            sim_address_is_equal(&sim->cuts[i].to, &t))
            sim->cuts[i] = sim->cuts[--sim->cut_count];
}

/* ---- datagrams under way ------------------------------------------------------------ */

static struct sim_datagram *datagram_new(const void *bytes, size_t count)
{
    struct sim_datagram *d = need(calloc(1, sizeof *d));

    d->bytes = need(malloc(count > 0 ? count : 1));
    memcpy(d->bytes, bytes, count);
    d->count = count;
    return d;
}

void sim_datagram_del(struct sim_datagram *datagram)
{
    free(datagram->bytes);
    free(datagram);
}

static void datagram_drop(void *subject)
{
    sim_datagram_del(subject);
}

static struct sim_datagram *datagram_copy(const struct sim_datagram *d)
{
    struct sim_datagram *copy = datagram_new(d->bytes, d->count);
    uint8_t *bytes = copy->bytes;

    *copy = *d;
    copy->bytes = bytes;
    return copy;
}

static void lose(struct sim *sim, struct sim_datagram *d, enum sim_mark mark)
{
    sim_mark(sim, mark);
    if (sim->is_traced)
        fprintf(stderr, "%12.6f lost (%d) %s -> %s %zu\n", (double)sim->clock.now / 1e9, (int)mark,
                sim_text(&d->from), sim_text(&d->to), d->count);
    sim_datagram_del(d);
}

static bool segment_has_inner(const struct sim_segment *segment, const struct avpn_contact *to,
                              int depth)
{
    for (const struct sim_port *p = segment->ports; p != NULL; p = p->next)
        if (port_has(p, to) ||
            (p->behind != NULL && depth > 0 && segment_has_inner(p->behind, to, depth - 1)))
            return true;
    return false;
}

/* Who takes a datagram for `to` on this segment; never the one who sends it, unless it is its own. */
static struct sim_port *segment_find(struct sim_segment *segment, const struct sim_port *sender,
                                     const struct avpn_contact *to)
{
    for (struct sim_port *p = segment->ports; p != NULL; p = p->next)
        if (port_has(p, to))
            return p;
    if (to->family == AVPN_FAMILY_IPV6)
        for (struct sim_port *p = segment->ports; p != NULL; p = p->next)
            if (p != sender && p->behind != NULL && segment_has_inner(p->behind, to, 4))
                return p;
    return segment->gateway != sender ? segment->gateway : NULL;
}

/* How one link direction treats one datagram. */
struct treatment {
    bool is_lost;
    enum sim_mark why;
    bool is_duplicated, is_corrupted, is_truncated;
    avpn_time arrival;
};

static struct treatment lost(enum sim_mark why)
{
    return (struct treatment){.is_lost = true, .why = why};
}

static size_t ip_bytes(const struct sim_datagram *d)
{
    return d->count + (d->to.family == AVPN_FAMILY_IPV6 ? 48 : 28);
}

static bool burst_takes(struct sim *sim, struct link_state *state)
{
    if (!state->is_in_burst)
        state->is_in_burst = sim_chance(sim, state->link.burst_enter_ppm);
    else if (sim_chance(sim, state->link.burst_leave_ppm))
        state->is_in_burst = false;
    return state->is_in_burst;
}

static avpn_time link_arrival(struct sim *sim, struct link_state *state, avpn_time from)
{
    const struct sim_link *link = &state->link;
    avpn_time arrival = from + link->delay;

    if (link->jitter > 0)
        arrival += (avpn_span)sim_random_below(sim, (uint64_t)link->jitter + 1);
    if (sim_chance(sim, link->reorder_ppm)) {
        sim_mark(sim, SIM_REORDERED);
        return arrival + link->reorder_span;
    }
    if (arrival < state->last)
        arrival = state->last;
    state->last = arrival;
    return arrival;
}

static struct treatment link_pass(struct sim *sim, struct link_state *state,
                                  const struct sim_datagram *d, avpn_time from)
{
    const struct sim_link *link = &state->link;

    if (link->is_blackhole)
        return lost(SIM_BLACKHOLED);
    if (link->mtu != 0 && ip_bytes(d) > link->mtu) {
        if (!d->may_fragment)
            return lost(SIM_TOO_BIG);
        sim_mark(sim, SIM_FRAGMENTED);
    }
    if (burst_takes(sim, state))
        return lost(SIM_BURST_LOST);
    if (sim_chance(sim, link->loss_ppm))
        return lost(SIM_LOST);
    return (struct treatment){
        .is_duplicated = sim_chance(sim, link->duplicate_ppm),
        .is_corrupted = d->count > 0 && sim_chance(sim, link->corrupt_ppm),
        .is_truncated = d->count > 0 && sim_chance(sim, link->truncate_ppm),
        .arrival = link_arrival(sim, state, from),
    };
}

static void damage(struct sim *sim, struct sim_datagram *d, const struct treatment *t)
{
    if (t->is_corrupted) {
        const uint64_t bit = sim_random_below(sim, d->count * 8);

        d->bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        sim_mark(sim, SIM_CORRUPTED);
    }
    if (t->is_truncated) {
        d->count = (size_t)sim_random_below(sim, d->count);
        sim_mark(sim, SIM_TRUNCATED);
    }
}

static const struct socket *port_socket(const struct sim_port *port, uint16_t udp_port)
{
    const struct socket *any = NULL;

    for (size_t i = 0; i < port->socket_count; i++) {
        if (port->sockets[i].udp_port == udp_port)
            return &port->sockets[i];
        if (port->sockets[i].udp_port == 0)
            any = &port->sockets[i];
    }
    return any;
}

static void host_receive(struct sim_port *port, struct sim_datagram *d)
{
    struct sim *sim = port->segment->sim;
    const struct socket *socket = port_socket(port, d->to.port);

    sim_ledger_arrived(&sim->ledger, port->id, d, sim->clock.now);
    if (socket == NULL) {
        lose(sim, d, SIM_UNBOUND);
        return;
    }
    sim_mark(sim, SIM_DELIVERED);
    socket->receive(socket->user, d);
    sim_datagram_del(d);
}

static void port_arrive(void *owner, void *subject, avpn_time now)
{
    struct sim_port *port = owner;
    struct sim_datagram *d = subject;

    (void)now;
    trace(port->segment->sim, port, d);
    port->packets++;
    port->bytes += d->count;
    if (port->take != NULL)
        port->take(port->owner, port, d);
    else if (port_has(port, &d->to))
        host_receive(port, d);
    else
        lose(port->segment->sim, d, SIM_NO_ROUTE);
}

static void schedule(struct sim *sim, struct sim_port *to, struct sim_datagram *d, avpn_time when)
{
    sim_clock_add(&sim->clock, &(struct sim_event){.when = when,
                                                   .fire = port_arrive,
                                                   .drop = datagram_drop,
                                                   .owner = to,
                                                   .subject = d});
}

/* Both links have a say; the second sees the datagram when the first lets it go. */
static void carry(struct sim_port *from, struct sim_port *to, struct sim_datagram *d)
{
    struct sim *sim = from->segment->sim;
    const struct treatment out = link_pass(sim, &from->out, d, sim->clock.now);

    if (out.is_lost) {
        lose(sim, d, out.why);
        return;
    }

    const struct treatment in = link_pass(sim, &to->in, d, out.arrival);

    if (in.is_lost) {
        lose(sim, d, in.why);
        return;
    }
    if (out.is_duplicated || in.is_duplicated) {
        sim_mark(sim, SIM_DUPLICATED);
        schedule(sim, to, datagram_copy(d), in.arrival);
    }
    damage(sim, d, &out);
    damage(sim, d, &in);
    schedule(sim, to, d, in.arrival);
}

void sim_forward(struct sim_port *port, struct sim_datagram *datagram)
{
    struct sim *sim = port->segment->sim;
    struct sim_port *to;

    if (sim->tap != NULL && sim->tap(sim->tap_user, port->segment, datagram)) {
        lose(sim, datagram, SIM_TAPPED);
        return;
    }
    to = segment_find(port->segment, port, &datagram->to);
    if (to == NULL || ++datagram->hops > HOP_LIMIT)
        lose(sim, datagram, SIM_NO_ROUTE);
    else if (is_cut(sim, datagram))
        lose(sim, datagram, SIM_CUT);
    else
        carry(port, to, datagram);
}

static void send_datagram(struct sim_port *port, struct avpn_contact from, struct avpn_contact to,
                          const void *bytes, size_t count, bool may_fragment)
{
    struct sim *sim = port->segment->sim;
    struct sim_datagram *d = datagram_new(bytes, count);

    d->may_fragment = may_fragment;
    d->from = from;
    d->to = to;
    d->first_to = to;
    d->sent = sim->clock.now;
    d->origin = port->id;
    d->is_forged = !port_has(port, &from);
    sim_mark(sim, SIM_SENT);
    if (!d->is_forged)
        sim_ledger_sent(&sim->ledger, port->id, &to, count);
    sim_forward(port, d);
}

void sim_send(struct sim_port *port, struct avpn_contact from, struct avpn_contact to,
              const void *bytes, size_t count)
{
    send_datagram(port, from, to, bytes, count, false);
}

void sim_send_fragmentable(struct sim_port *port, struct avpn_contact from, struct avpn_contact to,
                           const void *bytes, size_t count)
{
    send_datagram(port, from, to, bytes, count, true);
}

/* ---- sockets, tap, accounts ---------------------------------------------------------- */

struct sim_port *sim_attach(struct sim_segment *segment, const char *address)
{
    struct sim_port *port = sim_port_new(segment, NULL, NULL);

    sim_port_add_address(port, sim_address(address));
    return port;
}

void sim_socket(struct sim_port *port, uint16_t udp_port, sim_receive *receive, void *user)
{
    size_t at = 0;

    while (at < port->socket_count && port->sockets[at].udp_port != udp_port)
        at++;
    if (receive == NULL) {
        if (at < port->socket_count)
            port->sockets[at] = port->sockets[--port->socket_count];
        return;
    }
    if (at == port->socket_count)
        port->sockets = need(realloc(port->sockets, ++port->socket_count * sizeof *port->sockets));
    port->sockets[at] = (struct socket){udp_port, receive, user};
}

void sim_tap_set(struct sim *sim, sim_tap *tap, void *user)
{
    sim->tap = tap;
    sim->tap_user = user;
}

const struct sim_account *sim_account(const struct sim *sim, const struct sim_port *port,
                                      struct avpn_contact remote)
{
    return sim_ledger_find(&sim->ledger, port->id, &remote);
}

const struct sim_account *sim_accounts(const struct sim *sim, size_t *count_out)
{
    *count_out = sim->ledger.count;
    return sim->ledger.accounts;
}
