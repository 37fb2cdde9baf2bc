/* SPDX-License-Identifier: ISC */
/*
 * nat: owns mappings (inside contact -> public contact), the permissions ("flows": remotes that the
 * inside has written to) which belong to them, port forwards, and notes of early inbound packets.
 *
 * Invariants: no two live mappings have one public contact, except pinned ones of different
 * remotes; a mapping lives as long as its youngest flow. A *pinned* mapping serves one remote
 * only: it comes from a port forward in use, or from an early collision.
 */
#include "nat.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAT_ADDRESSES 2
#define NAT_FORWARDS 16
#define NAT_EARLY 64
#define NAT_TIMEOUT (120 * AVPN_SECOND)
#define NAT_EARLY_TIMEOUT (30 * AVPN_SECOND)

struct flow {
    struct avpn_contact remote;
    avpn_time used;
    bool is_replied;
};

struct mapping {
    struct avpn_contact inside, outer;
    struct avpn_contact scope; /* the part of the remote the mapping depends on */
    bool is_pinned;
    struct flow *flows;
    size_t flow_count, flow_capacity;
};

struct forward {
    uint16_t public_port;
    struct avpn_contact inside;
};

struct early {
    struct avpn_contact remote, outer;
    avpn_time used;
};

struct sim_nat {
    struct sim *sim;
    struct sim_nat_kind kind;
    struct sim_segment *inner;
    struct sim_port *outside, *inside;
    struct avpn_address addresses[NAT_ADDRESSES];
    size_t address_count;
    struct mapping *mappings;
    size_t mapping_count, mapping_capacity;
    struct forward forwards[NAT_FORWARDS];
    size_t forward_count;
    struct early early[NAT_EARLY];
    size_t early_next;
    uint32_t turn;
    uint16_t next_port;
    avpn_time down_until;
};

/* ---- presets ------------------------------------------------------------------ */

#define A SIM_NAT_ADDRESS
#define AP SIM_NAT_ADDRESS_AND_PORT

const struct sim_nat_kind sim_nat_full_cone = {.name = "full cone"};
const struct sim_nat_kind sim_nat_restricted_cone = {.name = "restricted cone", .filtering = A};
const struct sim_nat_kind sim_nat_home = {.name = "home", .filtering = AP};
const struct sim_nat_kind sim_nat_linux = {.name = "linux",
                                           .filtering = AP,
                                           .unreplied = 30 * AVPN_SECOND,
                                           .has_early_collision = true,
                                           .is_refreshed_inbound = true};
const struct sim_nat_kind sim_nat_random_cone = {
    .name = "random cone", .filtering = AP, .ports = SIM_NAT_RANDOM};
const struct sim_nat_kind sim_nat_by_address = {
    .name = "by address", .mapping = A, .filtering = AP, .ports = SIM_NAT_RANDOM};
const struct sim_nat_kind sim_nat_symmetric = {
    .name = "symmetric", .mapping = AP, .filtering = AP, .ports = SIM_NAT_RANDOM};
const struct sim_nat_kind sim_nat_small_pool = {.name = "small pool",
                                                .mapping = AP,
                                                .filtering = AP,
                                                .ports = SIM_NAT_RANDOM,
                                                .pool_first = 50000,
                                                .pool_last = 50100};
const struct sim_nat_kind sim_nat_two_by_destination = {.name = "two by destination",
                                                        .filtering = AP,
                                                        .pooling = SIM_NAT_BY_DESTINATION};
const struct sim_nat_kind sim_nat_two_by_turn = {
    .name = "two by turn", .mapping = AP, .filtering = AP, .pooling = SIM_NAT_BY_TURN};
const struct sim_nat_kind sim_nat_blocked = {.name = "blocked", .is_blocking = true};

#undef A
#undef AP

const struct sim_nat_kind *const sim_nat_kinds[] = {
    &sim_nat_full_cone,  &sim_nat_restricted_cone, &sim_nat_home,
    &sim_nat_linux,      &sim_nat_random_cone,     &sim_nat_by_address,
    &sim_nat_symmetric,  &sim_nat_small_pool,      &sim_nat_two_by_destination,
    &sim_nat_two_by_turn, &sim_nat_blocked};
const size_t sim_nat_kind_count = sizeof sim_nat_kinds / sizeof *sim_nat_kinds;

const struct sim_nat_kind *sim_nat_named(const char *name)
{
    for (size_t i = 0; i < sim_nat_kind_count; i++)
        if (strcmp(sim_nat_kinds[i]->name, name) == 0)
            return sim_nat_kinds[i];
    fprintf(stderr, "sim: no such NAT: %s\n", name);
    abort();
}

/* ---- flows and mappings ----------------------------------------------------------- */

static void *need(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

static avpn_span nat_timeout(const struct sim_nat *nat)
{
    return nat->kind.timeout == 0 ? NAT_TIMEOUT : nat->kind.timeout;
}

static bool flow_is_live(const struct sim_nat *nat, const struct flow *flow)
{
    const bool is_short = !flow->is_replied && nat->kind.unreplied != 0;

    return sim_now(nat->sim) - flow->used < (is_short ? nat->kind.unreplied : nat_timeout(nat));
}

static bool mapping_is_live(const struct sim_nat *nat, const struct mapping *m)
{
    for (size_t i = 0; i < m->flow_count; i++)
        if (flow_is_live(nat, &m->flows[i]))
            return true;
    return false;
}

/* The part of a remote contact that a scope looks at. */
static struct avpn_contact scoped(enum sim_nat_scope scope, const struct avpn_contact *remote)
{
    struct avpn_contact part = *remote;

    if (scope == SIM_NAT_INDEPENDENT)
        return (struct avpn_contact){0};
    if (scope == SIM_NAT_ADDRESS)
        part.port = 0;
    return part;
}

static bool is_in_scope(enum sim_nat_scope scope, const struct avpn_contact *a,
                        const struct avpn_contact *b)
{
    const struct avpn_contact x = scoped(scope, a), y = scoped(scope, b);

    return sim_contact_is_equal(&x, &y);
}

static size_t address_for(const struct sim_nat *nat, const struct avpn_contact *remote)
{
    return remote->bytes[3] % nat->address_count;
}

/*
 * What the mapping of an inside contact towards a remote depends on. With a public address for each
 * destination a mapping is the same for all destinations of one address.
 */
static struct avpn_contact mapping_scope(const struct sim_nat *nat,
                                         const struct avpn_contact *inside,
                                         const struct avpn_contact *remote)
{
    struct avpn_contact scope;

    if (inside->family == AVPN_FAMILY_IPV6)
        return (struct avpn_contact){0};
    scope = scoped(nat->kind.mapping, remote);
    if (nat->kind.mapping == SIM_NAT_INDEPENDENT && nat->kind.pooling == SIM_NAT_BY_DESTINATION)
        scope.port = (uint16_t)address_for(nat, remote);
    return scope;
}

static struct flow *mapping_flow(struct mapping *m, const struct avpn_contact *remote)
{
    for (size_t i = 0; i < m->flow_count; i++)
        if (sim_contact_is_equal(&m->flows[i].remote, remote))
            return &m->flows[i];
    return NULL;
}

static void mapping_use(struct sim_nat *nat, struct mapping *m, const struct avpn_contact *remote)
{
    struct flow *flow = mapping_flow(m, remote);

    if (flow == NULL) {
        if (m->flow_count == m->flow_capacity) {
            m->flow_capacity = m->flow_capacity == 0 ? 4 : m->flow_capacity * 2;
            m->flows = need(realloc(m->flows, m->flow_capacity * sizeof *m->flows));
        }
        flow = &m->flows[m->flow_count++];
        *flow = (struct flow){.remote = *remote};
    }
    flow->used = sim_now(nat->sim);
}

static bool mapping_lets_in(const struct sim_nat *nat, const struct mapping *m,
                            const struct avpn_contact *remote)
{
    const enum sim_nat_scope scope =
        m->is_pinned ? SIM_NAT_ADDRESS_AND_PORT : nat->kind.filtering;

    for (size_t i = 0; i < m->flow_count; i++)
        if (flow_is_live(nat, &m->flows[i]) && is_in_scope(scope, &m->flows[i].remote, remote))
            return true;
    return false;
}

static void sweep_flows(const struct sim_nat *nat, struct mapping *m)
{
    for (size_t i = m->flow_count; i-- > 0;)
        if (!flow_is_live(nat, &m->flows[i]))
            m->flows[i] = m->flows[--m->flow_count];
}

/* Forget what has timed out. */
static void sweep(struct sim_nat *nat)
{
    for (size_t i = nat->mapping_count; i-- > 0;) {
        sweep_flows(nat, &nat->mappings[i]);
        if (nat->mappings[i].flow_count > 0)
            continue;
        sim_mark(nat->sim, SIM_NAT_EXPIRED);
        free(nat->mappings[i].flows);
        nat->mappings[i] = nat->mappings[--nat->mapping_count];
    }
}

static void forget_all(struct sim_nat *nat)
{
    for (size_t i = 0; i < nat->mapping_count; i++)
        free(nat->mappings[i].flows);
    nat->mapping_count = 0;
    memset(nat->early, 0, sizeof nat->early);
}

static struct mapping *mapping_find(const struct sim_nat *nat, const struct avpn_contact *inside,
                                    const struct avpn_contact *remote)
{
    const struct avpn_contact scope = mapping_scope(nat, inside, remote);
    struct mapping *found = NULL;

    for (size_t i = 0; i < nat->mapping_count; i++) {
        struct mapping *m = &nat->mappings[i];

        if (!sim_contact_is_equal(&m->inside, inside))
            continue;
        if (m->is_pinned && sim_contact_is_equal(&m->scope, remote))
            return m;
        if (!m->is_pinned && sim_contact_is_equal(&m->scope, &scope))
            found = m;
    }
    return found;
}

static struct mapping *mapping_add(struct sim_nat *nat, const struct avpn_contact *inside,
                                   const struct avpn_contact *outer,
                                   const struct avpn_contact *scope, bool is_pinned)
{
    struct mapping *m;

    if (nat->mapping_count == nat->mapping_capacity) {
        nat->mapping_capacity = nat->mapping_capacity == 0 ? 8 : nat->mapping_capacity * 2;
        nat->mappings = need(realloc(nat->mappings, nat->mapping_capacity * sizeof *m));
    }
    m = &nat->mappings[nat->mapping_count++];
    *m = (struct mapping){
        .inside = *inside, .outer = *outer, .scope = *scope, .is_pinned = is_pinned};
    return m;
}

/* ---- choosing a public contact ------------------------------------------------------ */

static bool outer_is_free(const struct sim_nat *nat, const struct avpn_contact *outer)
{
    for (size_t i = 0; i < nat->mapping_count; i++)
        if (sim_contact_is_equal(&nat->mappings[i].outer, outer))
            return false;
    for (size_t i = 0; i < nat->forward_count; i++)
        if (nat->forwards[i].public_port == outer->port)
            return false;
    return true;
}

static uint16_t pool_first(const struct sim_nat *nat)
{
    return nat->kind.pool_first == 0 ? 1024 : nat->kind.pool_first;
}

static uint16_t pool_last(const struct sim_nat *nat)
{
    return nat->kind.pool_last == 0 ? 65535 : nat->kind.pool_last;
}

/* A free port of the pool, looking upwards from `start`; false when there is none. */
static bool pool_port(const struct sim_nat *nat, uint16_t start, struct avpn_contact *outer)
{
    const uint32_t size = (uint32_t)pool_last(nat) - pool_first(nat) + 1u;

    for (uint32_t i = 0; i < size; i++) {
        outer->port = (uint16_t)(pool_first(nat) + (start - pool_first(nat) + i) % size);
        if (outer_is_free(nat, outer))
            return true;
    }
    return false;
}

static uint16_t random_port(const struct sim_nat *nat)
{
    const uint32_t size = (uint32_t)pool_last(nat) - pool_first(nat) + 1u;

    return (uint16_t)(pool_first(nat) + sim_random_below(nat->sim, size));
}

static bool in_pool(const struct sim_nat *nat, uint16_t port)
{
    return port >= pool_first(nat) && port <= pool_last(nat);
}

static uint16_t first_try(struct sim_nat *nat, uint16_t inside_port)
{
    if (nat->kind.ports == SIM_NAT_PRESERVED && in_pool(nat, inside_port))
        return inside_port;
    if (nat->kind.ports == SIM_NAT_SEQUENTIAL) {
        if (!in_pool(nat, nat->next_port))
            nat->next_port = pool_first(nat);
        return nat->next_port++;
    }
    return random_port(nat);
}

static struct avpn_address choose_address(struct sim_nat *nat, const struct avpn_contact *remote)
{
    size_t which = 0;

    if (nat->address_count > 1 && nat->kind.pooling == SIM_NAT_BY_DESTINATION)
        which = address_for(nat, remote);
    else if (nat->address_count > 1 && nat->kind.pooling == SIM_NAT_BY_TURN)
        which = nat->turn++ % nat->address_count;
    return nat->addresses[which];
}

static bool choose_outer(struct sim_nat *nat, const struct avpn_contact *inside,
                         const struct avpn_contact *remote, struct avpn_contact *outer_out)
{
    struct avpn_contact outer = sim_join(choose_address(nat, remote), first_try(nat, inside->port));

    if (inside->family == AVPN_FAMILY_IPV6) {
        *outer_out = *inside;
        return true;
    }
    if (!outer_is_free(nat, &outer)) {
        sim_mark(nat->sim, SIM_NAT_COLLISION);
        if (!pool_port(nat, random_port(nat), &outer))
            return false;
    }
    *outer_out = outer;
    return true;
}

/* ---- Linux's early collision ------------------------------------------------------ */

static void early_note(struct sim_nat *nat, const struct sim_datagram *d)
{
    for (size_t i = 0; i < NAT_EARLY; i++) {
        struct early *e = &nat->early[i];

        if (sim_contact_is_equal(&e->remote, &d->from) && sim_contact_is_equal(&e->outer, &d->to)) {
            e->used = sim_now(nat->sim);
            return;
        }
    }
    nat->early[nat->early_next++ % NAT_EARLY] = (struct early){d->from, d->to, sim_now(nat->sim)};
}

static bool early_has(const struct sim_nat *nat, const struct avpn_contact *remote,
                      const struct avpn_contact *outer)
{
    for (size_t i = 0; i < NAT_EARLY; i++) {
        const struct early *e = &nat->early[i];

        if (e->remote.family != 0 && sim_now(nat->sim) - e->used < NAT_EARLY_TIMEOUT &&
            sim_contact_is_equal(&e->remote, remote) && sim_contact_is_equal(&e->outer, outer))
            return true;
    }
    return false;
}

/* ---- the two directions ----------------------------------------------------------- */

static void drop(struct sim_nat *nat, struct sim_datagram *d, enum sim_mark mark)
{
    sim_mark(nat->sim, mark);
    sim_datagram_del(d);
}

static bool is_let_out(const struct sim_nat *nat, const struct sim_datagram *d)
{
    if (nat->kind.is_blocking || sim_now(nat->sim) < nat->down_until)
        return false;
    return nat->kind.blocked_first == 0 || d->to.port < nat->kind.blocked_first ||
           d->to.port > nat->kind.blocked_last;
}

/* One destination gets a public port of its own, the mapping for others stays. */
static struct mapping *collide(struct sim_nat *nat, const struct sim_datagram *d,
                               struct avpn_contact outer)
{
    sim_mark(nat->sim, SIM_NAT_EARLY_COLLISION);
    if (!pool_port(nat, random_port(nat), &outer))
        return NULL;
    return mapping_add(nat, &d->from, &outer, &d->to, true);
}

static struct mapping *outbound_mapping(struct sim_nat *nat, const struct sim_datagram *d)
{
    struct mapping *m = mapping_find(nat, &d->from, &d->to);
    struct avpn_contact outer, scope;

    if (m != NULL) {
        if (!m->is_pinned && mapping_flow(m, &d->to) == NULL && early_has(nat, &d->to, &m->outer))
            return collide(nat, d, m->outer);
        return m;
    }
    if (!choose_outer(nat, &d->from, &d->to, &outer))
        return NULL;
    if (early_has(nat, &d->to, &outer))
        return collide(nat, d, outer);
    scope = mapping_scope(nat, &d->from, &d->to);
    return mapping_add(nat, &d->from, &outer, &scope, false);
}

static void inbound(struct sim_nat *nat, struct sim_datagram *d);

static void outbound(struct sim_nat *nat, struct sim_datagram *d)
{
    const bool is_hairpin = sim_port_has_address(nat->outside, &d->to);
    struct mapping *m;

    sweep(nat);
    if (!is_let_out(nat, d) || (is_hairpin && !nat->kind.has_hairpin)) {
        drop(nat, d, SIM_NAT_BLOCKED);
        return;
    }
    m = outbound_mapping(nat, d);
    if (m == NULL) {
        drop(nat, d, SIM_NAT_EXHAUSTED);
        return;
    }
    mapping_use(nat, m, &d->to);
    d->from = m->outer;
    if (is_hairpin) {
        sim_mark(nat->sim, SIM_NAT_HAIRPIN);
        inbound(nat, d);
    } else {
        sim_forward(nat->outside, d);
    }
}

static struct mapping *forwarded(struct sim_nat *nat, const struct sim_datagram *d)
{
    for (size_t i = 0; i < nat->forward_count; i++)
        if (nat->forwards[i].public_port == d->to.port)
            return mapping_add(nat, &nat->forwards[i].inside, &d->to, &d->from, true);
    return NULL;
}

static void mapping_replied(struct sim_nat *nat, struct mapping *m,
                            const struct avpn_contact *remote)
{
    struct flow *flow = mapping_flow(m, remote);

    if (flow != NULL)
        flow->is_replied = true;
    if (nat->kind.is_refreshed_inbound || m->is_pinned)
        mapping_use(nat, m, remote);
}

static struct mapping *inbound_mapping(struct sim_nat *nat, const struct sim_datagram *d)
{
    struct mapping *found = NULL;

    for (size_t i = 0; i < nat->mapping_count; i++) {
        struct mapping *m = &nat->mappings[i];

        if (!sim_contact_is_equal(&m->outer, &d->to) || !mapping_lets_in(nat, m, &d->from))
            continue;
        if (m->is_pinned)
            return m;
        found = m;
    }
    return found;
}

static void inbound(struct sim_nat *nat, struct sim_datagram *d)
{
    struct mapping *m;

    sweep(nat);
    if (nat->kind.is_blocking || sim_now(nat->sim) < nat->down_until) {
        drop(nat, d, SIM_NAT_BLOCKED);
        return;
    }
    m = inbound_mapping(nat, d);
    if (m != NULL) {
        mapping_replied(nat, m, &d->from);
    } else {
        m = forwarded(nat, d);
        if (m == NULL) {
            if (nat->kind.has_early_collision)
                early_note(nat, d);
            drop(nat, d, SIM_NAT_FILTERED);
            return;
        }
        mapping_use(nat, m, &d->from);
    }
    d->to = m->inside;
    sim_forward(nat->inside, d);
}

static void take_inside(void *owner, struct sim_port *port, struct sim_datagram *d)
{
    (void)port;
    outbound(owner, d);
}

static void take_outside(void *owner, struct sim_port *port, struct sim_datagram *d)
{
    (void)port;
    inbound(owner, d);
}

/* ---- life and faults ----------------------------------------------------------------- */

static void nat_fini(void *object)
{
    struct sim_nat *nat = object;

    forget_all(nat);
    free(nat->mappings);
}

struct sim_nat *sim_nat_new(struct sim_segment *outer, const struct sim_nat_kind *kind,
                            const char *public_address)
{
    struct sim *sim = sim_segment_sim(outer);
    struct sim_nat *nat = sim_keep(sim, sizeof *nat, nat_fini);

    nat->sim = sim;
    nat->kind = *kind;
    nat->inner = sim_segment_new(sim);
    nat->outside = sim_port_new(outer, take_outside, nat);
    nat->inside = sim_port_new(nat->inner, take_inside, nat);
    sim_segment_set_gateway(nat->inner, nat->inside);
    sim_port_set_behind(nat->outside, nat->inner);
    sim_nat_add_address(nat, public_address);
    return nat;
}

void sim_nat_add_address(struct sim_nat *nat, const char *public_address)
{
    if (nat->address_count == NAT_ADDRESSES)
        abort();
    nat->addresses[nat->address_count++] = sim_address(public_address);
    sim_port_set_addresses(nat->outside, nat->addresses, nat->address_count);
}

struct sim_segment *sim_nat_inside(const struct sim_nat *nat)
{
    return nat->inner;
}

struct sim_port *sim_nat_outside(const struct sim_nat *nat)
{
    return nat->outside;
}

void sim_nat_forward(struct sim_nat *nat, uint16_t public_port, const char *inside)
{
    if (nat->forward_count == NAT_FORWARDS)
        abort();
    nat->forwards[nat->forward_count++] = (struct forward){public_port, sim_contact(inside)};
}

void sim_nat_reboot(struct sim_nat *nat, avpn_span down)
{
    forget_all(nat);
    nat->down_until = sim_now(nat->sim) + down;
}

void sim_nat_rebind(struct sim_nat *nat)
{
    sweep(nat);
    for (size_t i = 0; i < nat->mapping_count; i++)
        if (nat->mappings[i].outer.family == AVPN_FAMILY_IPV4)
            pool_port(nat, random_port(nat), &nat->mappings[i].outer);
}

void sim_nat_renumber(struct sim_nat *nat, const char *public_address)
{
    const struct avpn_address old = nat->addresses[0];

    nat->addresses[0] = sim_address(public_address);
    sim_port_set_addresses(nat->outside, nat->addresses, nat->address_count);
    for (size_t i = 0; i < nat->mapping_count; i++) {
        struct avpn_contact *outer = &nat->mappings[i].outer;

        if (sim_contact_has_address(outer, &old))
            *outer = sim_join(nat->addresses[0], outer->port);
    }
}

void sim_nat_set_kind(struct sim_nat *nat, const struct sim_nat_kind *kind)
{
    nat->kind = *kind;
}

size_t sim_nat_mappings(const struct sim_nat *nat)
{
    size_t live = 0;

    for (size_t i = 0; i < nat->mapping_count; i++)
        live += mapping_is_live(nat, &nat->mappings[i]) ? 1u : 0u;
    return live;
}

struct avpn_contact sim_nat_public(const struct sim_nat *nat, struct avpn_contact inside,
                                   struct avpn_contact remote)
{
    const struct mapping *m = mapping_find(nat, &inside, &remote);

    return m != NULL && mapping_is_live(nat, m) ? m->outer : (struct avpn_contact){0};
}
