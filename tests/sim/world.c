/* SPDX-License-Identifier: ISC */
/*
 * world: owns the engines and what hosts them: ports, sockets, memory, chance, waking. Hosting is
 * what any program does with the library: five calls in, a few callbacks out.
 */
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODE_UDP_PORT 40000
#define REGISTRY_UDP_PORT 9350
#define TICKS_AT_ONE_MOMENT 100

void world_fail(struct world *world, const char *what)
{
    world->failures++;
    if (world->failures <= 10)
        printf("# %s, seed %llu, at %.6f s: %s\n", world->name, (unsigned long long)world->seed,
               (double)sim_now(world->sim) / 1e9, what);
}

bool world_expect(struct world *world, bool is_so, const char *what, int line)
{
    char text[300];

    if (!is_so) {
        snprintf(text, sizeof text, "line %d: not so: %s", line, what);
        world_fail(world, text);
    }
    return is_so;
}

void world_must(struct world *world, int32_t error, const char *what)
{
    char text[200];

    if (error == AVPN_OK)
        return;
    snprintf(text, sizeof text, "%s: %s", what, avpn_error_name(error));
    world_fail(world, text);
}

avpn_time world_now(const struct world *world)
{
    return sim_now(world->sim);
}

void world_run(struct world *world, avpn_span span)
{
    sim_run(world->sim, span);
}

/* ---- seams ------------------------------------------------------------------------ */

static void *host_allocate(void *user, size_t bytes)
{
    struct world_engine *engine = user;

    engine->allocations++;
    engine->allocated++;
    return malloc(bytes);
}

static void *host_resize(void *user, void *memory, size_t bytes)
{
    struct world_engine *engine = user;

    if (memory == NULL)
        engine->allocations++;
    engine->allocated++;
    return realloc(memory, bytes);
}

static void host_release(void *user, void *memory)
{
    struct world_engine *engine = user;

    if (memory != NULL)
        engine->allocations--;
    free(memory);
}

static int32_t host_random(void *user, uint8_t *bytes, size_t count)
{
    struct world_engine *engine = user;

    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)(sim_chance_next(&engine->chance) >> 24);
    return 0;
}

/* ---- the store: a few named blobs, with the faults a disk has ------------------------------- */

static struct world_blob *find_blob(struct world_store *store, const char *name)
{
    for (uint32_t i = 0; i < WORLD_BLOBS; i++)
        if (strcmp(store->blobs[i].name, name) == 0)
            return &store->blobs[i];
    return NULL;
}

static int64_t host_store_read(void *user, const char *name, uint8_t *bytes, size_t capacity)
{
    struct world_engine *engine = user;
    const struct world_blob *blob = find_blob(&engine->store, name);

    if (blob == NULL || blob->bytes == NULL)
        return -1;
    if (capacity > 0)
        memcpy(bytes, blob->bytes, blob->count < capacity ? blob->count : capacity);
    return (int64_t)blob->count;
}

static int32_t host_store_write(void *user, const char *name, const uint8_t *bytes, size_t count)
{
    struct world_engine *engine = user;
    struct world_store *store = &engine->store;
    struct world_blob *blob = find_blob(store, name);

    if (store->failing > 0) {
        store->failing--;
        store->failed++;
        return -1;
    }
    if (blob == NULL)
        blob = find_blob(store, "");
    if (blob == NULL || strlen(name) >= sizeof blob->name) {
        world_fail(engine->world, "a store with more names than an engine needs");
        return -1;
    }
    if (store->tearing > 0) { /* power fails in the middle: half is new, and nobody is told */
        store->tearing--;
        store->torn++;
        count = (size_t)(sim_chance_next(&engine->chance) % (count + 1));
    }
    strcpy(blob->name, name);
    free(blob->bytes);
    blob->bytes = malloc(count + 1);
    memcpy(blob->bytes, bytes, count);
    blob->count = count;
    return 0;
}

void world_store_clear(struct world_store *store)
{
    for (uint32_t i = 0; i < WORLD_BLOBS; i++)
        free(store->blobs[i].bytes);
    memset(store, 0, sizeof *store);
}

static int64_t host_wall_clock(void *user)
{
    const struct world_engine *engine = user;

    return engine->wall == 0 ? 0 : engine->wall + world_now(engine->world) / AVPN_SECOND;
}

void world_engine_init(struct world_engine *engine, struct world *world, uint32_t id)
{
    engine->world = world;
    engine->id = id;
    engine->armed = AVPN_TIME_NEVER;
    sim_chance_init(&engine->chance, world->seed * 1000003 + id);
}

struct avpn_host world_engine_host(struct world_engine *engine)
{
    return (struct avpn_host){.size = sizeof(struct avpn_host),
                              .user = engine,
                              .allocate = host_allocate,
                              .resize = host_resize,
                              .release = host_release,
                              .random = host_random,
                              .wall_clock = host_wall_clock,
                              .store_read = host_store_read,
                              .store_write = host_store_write};
}

struct avpn_key world_random_key(struct sim_chance *chance)
{
    struct avpn_key key;

    for (size_t i = 0; i < sizeof key.bytes; i++)
        key.bytes[i] = (uint8_t)(sim_chance_next(chance) >> 24);
    return key;
}

static uint32_t packet_bytes(const struct avpn_packets *run, uint32_t i)
{
    return i + 1 == run->count ? run->last_bytes : run->bytes;
}

/* Arrange to be woken at `deadline`, or at once if that has passed. */
void world_engine_arm(struct world_engine *engine, avpn_time deadline,
                       void (*wake)(void *user, avpn_time now))
{
    if (deadline < world_now(engine->world))
        deadline = world_now(engine->world);
    if (deadline >= engine->armed)
        return;
    engine->armed = deadline;
    sim_at(engine->world->sim, deadline, wake, engine);
}

/* An engine that wants to be ticked again and again at one moment is in a busy loop. */
static void engine_ticked(struct world_engine *engine, avpn_time now)
{
    if (engine->ticked_at != now) {
        engine->ticked_at = now;
        engine->ticks = 0;
    }
    if (++engine->ticks == TICKS_AT_ONE_MOMENT) {
        world_fail(engine->world, "an engine wants to be ticked without end");
        abort();
    }
}

static void check_deadline(struct world_engine *engine, avpn_time deadline, avpn_time now)
{
    if (deadline <= now)
        world_fail(engine->world, "a deadline is in the past after it was served");
}

/* ---- nodes --------------------------------------------------------------------------- */

/* Events that scenarios ask for by what is in them. */
static void keep_event(struct world_node *node, const struct avpn_event *event)
{
    node->has_lost |= event->lost > 0;
    switch (event->kind) {
    case AVPN_EVENT_ROUTE_ADD:
    case AVPN_EVENT_ROUTE_REPLACE:
    case AVPN_EVENT_ROUTE_DELETE:
    case AVPN_EVENT_CONFLICT:
    case AVPN_EVENT_MTU:
    case AVPN_EVENT_OFFER:
        break;
    default:
        return;
    }
    if (node->told_count == node->told_capacity) {
        node->told_capacity = node->told_capacity == 0 ? 64 : node->told_capacity * 2;
        node->told = realloc(node->told, node->told_capacity * sizeof *node->told);
        if (node->told == NULL)
            abort();
    }
    node->told[node->told_count++] = *event;
}

static void show_event(const struct world_node *node, const struct avpn_event *event)
{
    char prefix[AVPN_PREFIX_TEXT] = "";

    if (event->prefix.family != AVPN_FAMILY_NONE)
        avpn_prefix_format(&event->prefix, prefix, sizeof prefix);
    fprintf(stderr, "%12.6f site %u: %s peer %u other %u uplink %u state %u metric %u %s %s\n",
            (double)event->at / 1e9, node->engine.id, avpn_event_name(event->kind), event->peer,
            event->other, event->uplink, event->state, event->metric, sim_text(&event->contact),
            prefix);
}

static void node_event(struct world_node *node, const struct avpn_event *event)
{
    if (event->kind == AVPN_EVENT_TUNNEL && event->state == 1)
        node->ups++;
    else if (event->kind == AVPN_EVENT_TUNNEL)
        node->downs++;
    else if (event->kind == AVPN_EVENT_ROAM)
        node->roams++;
    else if (event->kind == AVPN_EVENT_PATH && event->state == 0)
        node->path_downs++;
    else if (event->kind == AVPN_EVENT_CONFIG)
        node->configurations++;
    else if (event->kind == AVPN_EVENT_UNDONE)
        node->undone++;
    else if (event->kind == AVPN_EVENT_FAULT)
        node->faults[event->registry] |= 1u << event->state;
    keep_event(node, event);
    if (getenv("AVPN_SIM_EVENTS") != NULL)
        show_event(node, event);
}

static void node_wake(void *user, avpn_time now)
{
    struct world_node *node = user;

    if (node->engine.armed != now)
        return; /* served meanwhile, or armed again */
    node->engine.armed = AVPN_TIME_NEVER;
    if (node->node == NULL)
        return;
    if (avpn_node_deadline(node->node) <= now) {
        engine_ticked(&node->engine, now);
        avpn_node_tick(node->node, now);
        check_deadline(&node->engine, avpn_node_deadline(node->node), now);
    }
    world_node_serve(node);
}

/* [CFG-5] */
static void check_version(struct world_node *node, uint32_t undone_before)
{
    const uint64_t version = world_version(node->engine.world, node->engine.id);

    if (version < node->version && node->undone == undone_before)
        world_fail(node->engine.world, "the version of a configuration fell");
    node->version = version;
}

void world_node_serve(struct world_node *node)
{
    const uint32_t undone = node->undone;
    struct avpn_event event;

    while (avpn_node_next_event(node->node, &event) == AVPN_OK)
        node_event(node, &event);
    check_version(node, undone);
    world_engine_arm(&node->engine, avpn_node_deadline(node->node), node_wake);
}

static void node_receive(void *user, const struct sim_datagram *d)
{
    struct world_node *node = user;
    struct avpn_datagrams batch = {.remote = d->from};

    if (node->node == NULL)
        return;
    while (batch.uplink < node->uplink_count &&
           !sim_contact_is_equal(&node->uplinks[batch.uplink].local, &d->to))
        batch.uplink++;
    if (batch.uplink == node->uplink_count || !node->uplinks[batch.uplink].is_up || d->count == 0)
        return;
    batch.packets = (struct avpn_packets){.data = d->bytes,
                                          .count = 1,
                                          .bytes = (uint32_t)d->count,
                                          .last_bytes = (uint32_t)d->count,
                                          .stride = (uint32_t)d->count};
    world_crew_receive(node, &batch);
}

/* One of a run. What is larger than the sender's own link never leaves it. */
static void put_datagram(struct sim_port *port, struct avpn_contact from,
                         const struct avpn_datagrams *batch, uint32_t which)
{
    const struct avpn_packets *run = &batch->packets;
    const uint8_t *bytes = run->data + (size_t)which * run->stride;

    if ((batch->flags & AVPN_DATAGRAMS_MAY_FRAGMENT) != 0)
        sim_send_fragmentable(port, from, batch->remote, bytes, packet_bytes(run, which));
    else
        sim_send(port, from, batch->remote, bytes, packet_bytes(run, which));
}

void world_node_transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    struct world_node *node = user;

    for (size_t i = 0; i < count; i++) {
        const struct avpn_packets *run = &batch[i].packets;
        const struct world_uplink *uplink;

        if (batch[i].uplink >= node->uplink_count) {
            world_fail(node->engine.world, "transmit through an uplink that does not exist");
            continue;
        }
        uplink = &node->uplinks[batch[i].uplink];
        for (uint32_t k = 0; k < run->count; k++) {
            const uint8_t *bytes = run->data + (size_t)k * run->stride;

            world_watch_sent(node->engine.world, node->engine.id, &batch[i].remote, bytes,
                             packet_bytes(run, k));
            if (uplink->is_up)
                put_datagram(uplink->port, uplink->local, &batch[i], k);
        }
    }
}

void world_node_deliver(void *user, const struct avpn_packets *batch, size_t count)
{
    struct world_node *node = user;

    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < batch[i].count; k++)
            world_traffic_delivered(node->engine.world, node->engine.id,
                                    batch[i].data + (size_t)k * batch[i].stride,
                                    packet_bytes(&batch[i], k));
}

void world_node_breakout(void *user, const struct avpn_packets *batch, size_t count)
{
    struct world_node *node = user;

    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < batch[i].count; k++)
            world_traffic_broke_out(node->engine.world, node->engine.id,
                                    batch[i].data + (size_t)k * batch[i].stride,
                                    packet_bytes(&batch[i], k));
}

/* A resolver's answer on its way. */
struct answer {
    struct world *world;
    uint32_t site, request;
};

static void node_answer(void *user, avpn_time now)
{
    struct answer *answer = user;
    struct world *world = answer->world;
    struct avpn_node *node = world->nodes[answer->site].node;
    const struct world_registry *registry = &world->registries[answer->request - 1];
    const struct avpn_address addresses[] = {sim_address_of(&registry->contact6),
                                             sim_address_of(&registry->contact)};

    if (node == NULL)
        return;
    avpn_node_resolved(node, answer->request, addresses, 2, now);
    world_node_serve(&world->nodes[answer->site]);
}

/* Every name is a registry's, and the request's number is its place; 3 ms later. */
static void node_resolve(void *user, uint32_t request, const char *name)
{
    struct world_node *node = user;
    struct world *world = node->engine.world;
    struct answer *answer;

    (void)name;
    if (request == 0 || request > world->registry_count)
        return;
    answer = sim_keep(world->sim, sizeof *answer, NULL);
    *answer = (struct answer){world, node->engine.id, request};
    sim_at(world->sim, world_now(world) + 3 * AVPN_MILLISECOND, node_answer, answer);
}

static void tell_uplink(struct world_node *node, uint32_t uplink)
{
    const struct world_uplink *u = &node->uplinks[uplink];
    const struct avpn_uplink state = {
        .size = sizeof state, .is_up = u->is_up ? 1 : 0, .local = u->local, .mtu_bytes = u->mtu};

    world_must(node->engine.world,
         avpn_node_set_uplink(node->node, uplink, &state, world_now(node->engine.world)),
         "avpn_node_set_uplink");
}

void world_node_start(struct world *world, uint32_t site, uint16_t moved)
{
    struct world_node *node = &world->nodes[site];
    struct avpn_host host = world_engine_host(&node->engine);
    const bool is_stocked = node->has_token || node->keeps;
    const struct avpn_node_options options = {.size = sizeof options,
                                              .organization = world->organization,
                                              .identity = node->identity,
                                              .bundle = is_stocked ? NULL : world->bundle,
                                              .bundle_bytes = is_stocked ? 0 : world->bundle_bytes,
                                              .token = node->has_token ? &node->token : NULL};

    node->told_before = node->told_count;
    node->has_lost = false;
    host.transmit = world_node_transmit;
    host.deliver = world_node_deliver;
    host.breakout = node->has_no_breakout ? NULL : world_node_breakout;
    host.resolve = node_resolve;
    world_must(world, avpn_node_new(&options, &host, world_now(world), &node->node), "avpn_node_new");
    if (node->node == NULL)
        abort();
    world_crew_open(node);
    for (uint32_t u = 0; u < node->uplink_count; u++) {
        struct world_uplink *uplink = &node->uplinks[u];

        sim_socket(uplink->port, uplink->local.port, NULL, NULL);
        uplink->local.port = (uint16_t)(uplink->local.port + moved);
        sim_socket(uplink->port, uplink->local.port, node_receive, node);
        uplink->is_up = true;
        tell_uplink(node, u);
    }
    world_node_serve(node);
}

void world_node_stop(struct world *world, uint32_t site)
{
    struct world_node *node = &world->nodes[site];

    world_check_table(world, site);
    world_crew_close(node);
    avpn_node_del(node->node);
    node->node = NULL;
    if (!node->keeps && !node->has_token)
        node->version = 0;
    node->engine.armed = AVPN_TIME_NEVER;
    if (node->engine.allocations != 0)
        world_fail(world, "a node left memory behind");
}

void world_uplink_set(struct world *world, uint32_t site, uint32_t uplink, bool is_up)
{
    world->nodes[site].uplinks[uplink].is_up = is_up;
    tell_uplink(&world->nodes[site], uplink);
    world_node_serve(&world->nodes[site]);
}

/* ---- registries ----------------------------------------------------------------------- */

static void registry_serve(struct world_registry *registry);

static void registry_wake(void *user, avpn_time now)
{
    struct world_registry *registry = user;

    if (registry->engine.armed != now)
        return;
    registry->engine.armed = AVPN_TIME_NEVER;
    if (registry->registry == NULL)
        return;
    if (avpn_registry_deadline(registry->registry) <= now) {
        engine_ticked(&registry->engine, now);
        avpn_registry_tick(registry->registry, now);
        check_deadline(&registry->engine, avpn_registry_deadline(registry->registry), now);
    }
    registry_serve(registry);
}

static void registry_serve(struct world_registry *registry)
{
    struct avpn_event event;

    while (avpn_registry_next_event(registry->registry, &event) == AVPN_OK)
        ;
    world_engine_arm(&registry->engine, avpn_registry_deadline(registry->registry), registry_wake);
}

/* Two-faced registries have two engines. */
static struct avpn_registry *engine_for(const struct world_registry *registry,
                                        const struct avpn_contact *from)
{
    const bool is_for_twin = registry->twin != NULL && from->bytes[0] == 11 &&
                             from->bytes[3] == (uint8_t)registry->twin_for;

    return is_for_twin ? registry->twin : registry->registry;
}

static void registry_receive(void *user, const struct sim_datagram *d)
{
    struct world_registry *registry = user;
    const struct avpn_datagrams batch = {.remote = d->from,
                                         .packets = {.data = d->bytes,
                                                     .count = 1,
                                                     .bytes = (uint32_t)d->count,
                                                     .last_bytes = (uint32_t)d->count,
                                                     .stride = (uint32_t)d->count}};

    if (registry->registry == NULL || d->count == 0)
        return;
    world_must(registry->engine.world,
               avpn_registry_receive(engine_for(registry, &d->from), &batch, 1,
                                     world_now(registry->engine.world)),
               "avpn_registry_receive");
    registry_serve(registry);
}

/* [REG-13] and R13: never more to a contact that is not proved than came from it. */
static void check_amplification(struct world_registry *registry, struct avpn_contact remote)
{
    const struct sim_account *account =
        sim_account(registry->engine.world->sim, registry->port, remote);

    if (!account->is_proved && account->unproven_bytes_out > account->unproven_bytes_in)
        world_fail(registry->engine.world, "a registry amplifies");
}

static void registry_transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    struct world_registry *registry = user;

    for (size_t i = 0; i < count; i++) {
        const struct avpn_packets *run = &batch[i].packets;

        for (uint32_t k = 0; k < run->count; k++)
            put_datagram(registry->port,
                         batch[i].remote.family == AVPN_FAMILY_IPV6 ? registry->contact6
                                                                    : registry->contact,
                         &batch[i], k);
        check_amplification(registry, batch[i].remote);
    }
}

void world_registry_start(struct world *world, uint32_t number)
{
    struct world_registry *registry = &world->registries[number];
    struct avpn_host host = world_engine_host(&registry->engine);
    const struct avpn_registry_options options = {.size = sizeof options,
                                                  .identity = registry->identity};

    host.transmit = registry_transmit;
    world_must(world, avpn_registry_new(&options, &host, world_now(world), &registry->registry),
         "avpn_registry_new");
    if (registry->registry == NULL)
        abort();
    world_must(world,
               avpn_registry_admit(registry->registry, &world->organization, world_now(world)),
               "avpn_registry_admit");
    if (!registry->is_empty && world->bundle != NULL &&
        avpn_registry_set_organization(registry->registry, &world->organization, world->bundle,
                                       world->bundle_bytes, world_now(world)) != AVPN_OK &&
        find_blob(&registry->engine.store, "") == registry->engine.store.blobs)
        world_fail(world, "a registry does not take the bundle");
    sim_socket(registry->port, registry->contact.port, registry_receive, registry);
    registry_serve(registry);
}

void world_registry_stop(struct world *world, uint32_t number)
{
    struct world_registry *registry = &world->registries[number];

    avpn_registry_del(registry->registry);
    avpn_registry_del(registry->twin);
    registry->registry = registry->twin = NULL;
    registry->engine.armed = AVPN_TIME_NEVER;
    if (registry->engine.allocations != 0)
        world_fail(world, "a registry left memory behind");
}

/* ---- the wiring ------------------------------------------------------------------------- */

struct avpn_address world_site_address(uint32_t site, uint32_t uplink, uint32_t which)
{
    return (struct avpn_address){
        .family = AVPN_FAMILY_IPV4,
        .bytes = {11, (uint8_t)(10 * uplink + which), (uint8_t)(site >> 8), (uint8_t)site}};
}

/* Addresses that need no translation: the box before them, if there is one, is a firewall with state. */
static const char *site_address6_text(uint32_t site, uint32_t uplink)
{
    static char text[AVPN_ADDRESS_TEXT];

    snprintf(text, sizeof text, "2001:db8:%x:%x::2", site, uplink + 1);
    return text;
}

static const char *site_address_text(uint32_t site, uint32_t uplink, uint32_t which)
{
    static char text[AVPN_ADDRESS_TEXT];
    const struct avpn_address address = world_site_address(site, uplink, which);

    avpn_address_format(&address, text, sizeof text);
    return text;
}

/* The site's router, on the public segment or inside its provider's. */
static struct sim_nat *new_router(struct world *world, const struct world_site *spec,
                                  uint32_t site, uint32_t number)
{
    struct sim_nat *nat;

    if (spec->is_cgnat) {
        nat = sim_nat_new(sim_internet(world->sim), &sim_nat_random_cone,
                          site_address_text(site, number, 0));
        return sim_nat_new(sim_nat_inside(nat), spec->nat[number], "100.64.0.2");
    }
    nat = sim_nat_new(sim_internet(world->sim), spec->nat[number],
                      site_address_text(site, number, 0));
    if (spec->nat[number]->pooling != SIM_NAT_PAIRED)
        sim_nat_add_address(nat, site_address_text(site, number, 1));
    return nat;
}

static void add_uplink(struct world *world, const struct world_site *sites, uint32_t site,
                       uint32_t number)
{
    const struct world_site *spec = &sites[site - 1];
    struct world_uplink *uplink = &world->nodes[site].uplinks[number];
    const struct sim_link line = {.delay = spec->delay == 0 ? 5 * AVPN_MILLISECOND : spec->delay};
    const bool is_v6 = (spec->ipv6 >> number & 1) != 0;
    char inside[AVPN_CONTACT_TEXT];

    snprintf(inside, sizeof inside, "192.168.%u.%u", number, spec->behind != 0 ? 2 + site : 2);
    if (is_v6)
        snprintf(inside, sizeof inside, "%s", site_address6_text(site, number));
    if (spec->behind != 0) {
        uplink->nat = world->nodes[spec->behind].uplinks[0].nat;
        uplink->port = sim_attach(sim_nat_inside(uplink->nat), inside);
    } else if (spec->nat[number] != NULL) {
        uplink->nat = new_router(world, spec, site, number);
        uplink->port = sim_attach(sim_nat_inside(uplink->nat), inside);
        sim_port_link(sim_nat_outside(uplink->nat), &line);
    } else {
        uplink->port = sim_attach(sim_internet(world->sim),
                                  is_v6 ? inside : site_address_text(site, number, 0));
        sim_port_link(uplink->port, &line);
    }
    uplink->local =
        sim_join(sim_port_address(uplink->port, is_v6 ? AVPN_FAMILY_IPV6 : AVPN_FAMILY_IPV4),
                 (uint16_t)(NODE_UDP_PORT + number));
    uplink->mtu = spec->link_mtu;
    if (number == 0 && spec->manual_port != 0) {
        snprintf(inside, sizeof inside, "192.168.%u.2:%u", number, NODE_UDP_PORT + number);
        sim_nat_forward(uplink->nat, spec->manual_port, inside);
    }
}

static struct avpn_key_pair new_identity(struct world *world, struct sim_chance *chance)
{
    struct avpn_key_pair pair = {0};
    const struct avpn_key secret = world_random_key(chance);

    world_must(world, avpn_key_pair_from_secret(&secret, &pair), "avpn_key_pair_from_secret");
    return pair;
}

/* Reached over both families, whether or not a site needs it. */
static void add_registry(struct world *world, uint32_t number, struct sim_chance *chance)
{
    struct world_registry *registry = &world->registries[number];
    char address[AVPN_CONTACT_TEXT];

    world_engine_init(&registry->engine, world, 1000000 + number);
    registry->identity = new_identity(world, chance);
    snprintf(address, sizeof address, "198.51.100.%u", number + 1);
    registry->port = sim_attach(sim_internet(world->sim), address);
    sim_port_link(registry->port, &(struct sim_link){.delay = 10 * AVPN_MILLISECOND});
    registry->contact = sim_join(sim_address(address), REGISTRY_UDP_PORT);
    snprintf(address, sizeof address, "2001:db8:ffff::%u", number + 1);
    sim_port_add_address(registry->port, sim_address(address));
    registry->contact6 = sim_join(sim_address(address), REGISTRY_UDP_PORT);
}

struct world *world_new(const char *name, uint64_t seed, const struct world_site *sites,
                        uint32_t count, uint32_t registries)
{
    return world_new_with(name, seed, sites, count, registries, &(struct world_policy){0});
}

static uint32_t workers_of_environment(void)
{
    const char *text = getenv("AVPN_TEST_WORKERS");
    const unsigned long count = text == NULL ? 0 : strtoul(text, NULL, 10);

    return count < WORLD_WORKERS ? (uint32_t)count : WORLD_WORKERS;
}

struct world *world_new_with(const char *name, uint64_t seed, const struct world_site *sites,
                             uint32_t count, uint32_t registries,
                             const struct world_policy *policy)
{
    struct world *world = calloc(1, sizeof *world);
    struct sim_chance chance;

    world->name = name;
    world->seed = seed;
    world->sim = sim_new(seed);
    world->node_count = count;
    world->registry_count = registries;
    world->nodes = calloc(count + 1, sizeof *world->nodes);
    world->sites = calloc(count + 1, sizeof *world->sites);
    world->policy = *policy;
    world->workers = workers_of_environment();
    for (uint32_t site = 1; site <= count; site++)
        world->is_dual |= sites[site - 1].ipv6 != 0;
    sim_chance_init(&chance, seed ^ UINT64_C(0x6b657973));
    for (uint32_t r = 0; r < registries; r++)
        add_registry(world, r, &chance);
    for (uint32_t site = 1; site <= count; site++) {
        struct world_node *node = &world->nodes[site];

        world_engine_init(&node->engine, world, site);
        node->identity = new_identity(world, &chance);
        node->uplink_count = sites[site - 1].uplinks == 0 ? 1 : sites[site - 1].uplinks;
        for (uint32_t u = 0; u < node->uplink_count; u++)
            add_uplink(world, sites, site, u);
    }
    world_publish(world, sites);
    for (uint32_t r = 0; r < registries; r++)
        world_registry_start(world, r);
    for (uint32_t site = 1; site <= count; site++)
        if (!sites[site - 1].waits)
            world_node_start(world, site, 0);
    return world;
}

static uint64_t traces;

uint64_t world_take_traces(void)
{
    const uint64_t taken = traces;

    traces = 0;
    return taken;
}

uint32_t world_del(struct world *world)
{
    uint32_t failures;

    for (uint32_t site = 1; site <= world->node_count; site++)
        if (world->nodes[site].node != NULL)
            world_node_stop(world, site);
    for (uint32_t r = 0; r < world->registry_count; r++) {
        if (world->registries[r].registry != NULL)
            world_registry_stop(world, r);
        world_store_clear(&world->registries[r].engine.store);
    }
    for (uint32_t site = 1; site <= world->node_count; site++) {
        world_store_clear(&world->nodes[site].engine.store);
        free(world->nodes[site].told);
    }
    world_office_close(world);
    failures = world->failures;
    traces = (traces ^ sim_hash(world->sim)) * UINT64_C(0x9e3779b97f4a7c15);
    sim_del(world->sim);
    world_traffic_fini(world);
    free(world->bundle);
    free(world->nodes);
    free(world->sites);
    free(world);
    return failures;
}

/* ---- faults ------------------------------------------------------------------------- */

static struct sim_port *line(const struct world *world, uint32_t site, uint32_t uplink)
{
    const struct world_uplink *u = &world->nodes[site].uplinks[uplink];

    return u->nat != NULL ? sim_nat_outside(u->nat) : u->port;
}

void world_link(struct world *world, uint32_t site, uint32_t uplink, const struct sim_link *link)
{
    sim_port_link(line(world, site, uplink), link);
}

void world_line_set(struct world *world, uint32_t site, uint32_t uplink, bool is_passing)
{
    world_link(world, site, uplink, &(struct sim_link){.delay = 5 * AVPN_MILLISECOND,
                                                       .is_blackhole = !is_passing});
}

void world_move(struct world *world, uint32_t site, const char *address)
{
    struct world_uplink *uplink = &world->nodes[site].uplinks[0];

    sim_port_move(uplink->port, sim_internet(world->sim), address);
    uplink->local = sim_join(sim_address(address), uplink->local.port);
    tell_uplink(&world->nodes[site], 0);
    world_node_serve(&world->nodes[site]);
}
