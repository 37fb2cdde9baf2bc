/* SPDX-License-Identifier: ISC */
/*
 * office: the administrator of a simulated organization: keys, versions, invites, and publishers at a
 * public address of his own. What he signs is `world->bundle`; it reaches registries by
 * world_deliver, and nodes by registries, or both as the file they are started with.
 */
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUNDLE_LIMIT (4u << 20)
#define OFFICE_UDP_PORT 5000
#define CREATED 1700000000

/* One registry's publisher and what hosts it. */
struct desk {
    struct world_engine engine; /* first: callbacks get it as `user` */
    struct world_office *office;
    uint32_t registry;
    struct avpn_publisher *publisher; /* NULL: none */
};

struct world_office {
    struct world *world;
    struct sim_chance chance;
    struct sim_port *port;
    struct avpn_key root, signer, psk, previous_psk;
    struct avpn_key next_root; /* signs the rotation with `root` */
    bool is_root_new;
    uint32_t psk_epoch, serial;
    struct avpn_invite invites[8];
    size_t invite_count;
    uint8_t *last; /* the bundle before, to go on from */
    size_t last_bytes;
    struct desk desks[WORLD_REGISTRIES];
};

/* ---- what the configuration says ------------------------------------------------------- */

static bool has_exit(const struct world_site *spec, uint32_t hub)
{
    for (uint32_t i = 0; i < 4; i++)
        if (spec->exits[i] == hub)
            return true;
    return false;
}

static struct avpn_prefix lan4(uint32_t site)
{
    return (struct avpn_prefix){.family = AVPN_FAMILY_IPV4,
                                .length = 24,
                                .bytes = {10, (uint8_t)(site >> 8), (uint8_t)site}};
}

static struct avpn_prefix lan6(uint32_t site)
{
    return (struct avpn_prefix){
        .family = AVPN_FAMILY_IPV6,
        .length = 64,
        .bytes = {0xfd, 0, 0, 0, 0, 0, (uint8_t)(site >> 8), (uint8_t)site}};
}

static struct avpn_prefix extra4(uint32_t number)
{
    return (struct avpn_prefix){
        .family = AVPN_FAMILY_IPV4, .length = 24, .bytes = {172, 16, (uint8_t)number}};
}

static void add_exports(struct avpn_member *member, uint32_t site, const struct world_site *spec)
{
    member->exports[member->export_count++] = lan4(site);
    if (spec->claims != 0)
        member->exports[member->export_count++] = lan4(spec->claims);
    if (spec->extra != 0)
        member->exports[member->export_count++] = extra4(spec->extra);
    member->exports[member->export_count++] = lan6(site);
    if (spec->claims != 0)
        member->exports[member->export_count++] = lan6(spec->claims);
    for (uint32_t i = 0; i < 4 && spec->exports[i] != NULL; i++)
        member->exports[member->export_count++] = world_prefix(spec->exports[i]);
}

static void add_translations(struct avpn_member *member, const struct world_site *spec)
{
    for (uint32_t i = 0; i < 4 && spec->translations[i].local != NULL; i++)
        member->translations[member->translation_count++] =
            (struct avpn_translation){world_prefix(spec->translations[i].local),
                                      world_prefix(spec->translations[i].exported)};
}

static void add_member(struct world *world, struct avpn_config *config,
                       const struct world_site *spec, uint32_t site)
{
    struct avpn_member member = {.size = sizeof member, .id = site};

    member.key = world->nodes[site].identity.public_key;
    member.role = spec->role == 0 ? AVPN_ROLE_SPOKE : spec->role;
    member.flags = spec->is_revoked ? AVPN_MEMBER_REVOKED : 0;
    snprintf(member.name, sizeof member.name, "site-%u", site);
    for (uint32_t i = 0; i < 4 && spec->hubs[i] != 0; i++)
        member.hubs[member.hub_count++] = (struct avpn_member_hub){
            spec->hubs[i], has_exit(spec, spec->hubs[i]) ? AVPN_HUB_DEFAULT_ROUTE : 0};
    add_translations(&member, spec);
    add_exports(&member, site, spec);
    member.uplink_count = (uint8_t)world->nodes[site].uplink_count;
    if (spec->manual_port != 0)
        member.manual[0] = sim_join(world_site_address(site, 0, 0), spec->manual_port);
    world_must(world, avpn_config_add_member(config, &member), "avpn_config_add_member");
}

static void add_registry(struct world *world, struct avpn_config *config, uint32_t number)
{
    struct avpn_registry_entry entry = {.size = sizeof entry,
                                        .key = world->registries[number].identity.public_key,
                                        .port = world->registries[number].contact.port};

    if (world->is_dual)
        snprintf(entry.host, sizeof entry.host, "registry-%u.example", number + 1);
    else
        snprintf(entry.host, sizeof entry.host, "198.51.%u.%u",
                 number < world->misplaced ? 200 : 100, number + 1);
    world_must(world, avpn_config_add_registry(config, &entry), "avpn_config_add_registry");
}

static void add_policy(struct world *world, struct avpn_config *config)
{
    const struct world_policy *policy = &world->policy;

    world_must(world, avpn_config_set_flags(config, policy->flags), "avpn_config_set_flags");
    for (uint32_t i = 0; i < policy->rule_count; i++)
        world_must(world, avpn_config_add_rule(config, &policy->rules[i]), "avpn_config_add_rule");
    for (uint32_t i = 0; i < policy->breakout_count; i++)
        world_must(world, avpn_config_add_breakout(config, &policy->breakouts[i]),
                   "avpn_config_add_breakout");
}

static void print_problem(void *user, const struct avpn_problem *problem)
{
    (void)user;
    printf("# member %u, %s %s: %s\n", problem->member, problem->field, problem->value,
           problem->message);
}

/* ---- signing ------------------------------------------------------------------------------ */

static struct world_office *open_office(struct world *world)
{
    struct world_office *office = calloc(1, sizeof *office);

    office->world = world;
    sim_chance_init(&office->chance, world->seed ^ UINT64_C(0x73696764));
    office->root = world_random_key(&office->chance);
    office->signer = world_random_key(&office->chance);
    office->psk = world_random_key(&office->chance);
    office->psk_epoch = 1;
    office->port = sim_attach(sim_internet(world->sim), "203.0.113.9");
    sim_port_link(office->port, &(struct sim_link){.delay = 10 * AVPN_MILLISECOND});
    for (uint32_t r = 0; r < world->registry_count; r++) {
        struct desk *desk = &office->desks[r];

        world_engine_init(&desk->engine, world, 2000000 + r);
        desk->office = office;
        desk->registry = r;
    }
    return office;
}

static void close_desk(struct desk *desk)
{
    avpn_publisher_del(desk->publisher);
    desk->publisher = NULL;
    desk->engine.armed = AVPN_TIME_NEVER;
    if (desk->engine.allocations != 0)
        world_fail(desk->office->world, "a publisher left memory behind");
}

void world_office_close(struct world *world)
{
    struct world_office *office = world->office;

    if (office == NULL)
        return;
    for (uint32_t r = 0; r < world->registry_count; r++)
        close_desk(&office->desks[r]);
    free(office->last);
    free(office);
    world->office = NULL;
}

/* An authority that goes on from the last bundle, with the seeds it needs for the next. */
static struct avpn_authority *open_authority(struct world_office *office)
{
    struct world *world = office->world;
    struct avpn_authority *authority = NULL;
    struct avpn_key public_key;

    world_must(world, avpn_authority_new(NULL, &authority), "avpn_authority_new");
    if (office->last != NULL) {
        world_must(
            world,
            avpn_authority_adopt(authority, &world->organization, office->last, office->last_bytes),
            "avpn_authority_adopt");
        avpn_authority_public_key(&office->signer, &public_key);
        world_must(world, avpn_authority_set_signing_keys(authority, 1, &public_key, 1),
                   "avpn_authority_set_signing_keys");
    }
    if (office->is_root_new) {
        avpn_authority_public_key(&office->next_root, &public_key);
        world_must(world, avpn_authority_rotate_root(authority, 1, &public_key, 1),
                   "avpn_authority_rotate_root");
        world_must(world, avpn_authority_add_root(authority, &office->next_root),
                   "avpn_authority_add_root, the next");
    }
    world_must(world, avpn_authority_add_root(authority, &office->root), "avpn_authority_add_root");
    world_must(world, avpn_authority_add_signer(authority, &office->signer),
               "avpn_authority_add_signer");
    world_must(world, avpn_authority_organization(authority, &world->organization),
               "avpn_authority_organization");
    return authority;
}

static void sign(struct world_office *office, const struct avpn_config *config)
{
    struct world *world = office->world;
    struct avpn_authority *authority = open_authority(office);
    const struct avpn_publication publication = {
        .size = sizeof publication,
        .version = (uint64_t)office->serial << AVPN_VERSION_SERIAL_SHIFT |
                   (++world->version & ((UINT64_C(1) << AVPN_VERSION_SERIAL_SHIFT) - 1)),
        .psk_epoch = office->psk_epoch,
        .created = CREATED,
        .psk = office->psk,
        .previous_psk = office->previous_psk,
        .invites = office->invites,
        .invite_count = office->invite_count};

    world->version = publication.version;
    if (world->bundle == NULL)
        world->bundle = malloc(BUNDLE_LIMIT);
    world_must(world,
               avpn_authority_sign(authority, config, &publication, world->bundle, BUNDLE_LIMIT,
                                   &world->bundle_bytes),
               "avpn_authority_sign");
    avpn_authority_del(authority);
    if (office->is_root_new)
        office->root = office->next_root;
    office->is_root_new = false;
    free(office->last);
    office->last = malloc(world->bundle_bytes);
    office->last_bytes = world->bundle_bytes;
    memcpy(office->last, world->bundle, world->bundle_bytes);
}

/* The fastest suite depends on the machine, and with it every trace. */
static void set_suites(struct world *world, struct avpn_config *config)
{
    static const uint8_t everywhere = AVPN_SUITE_CHACHA20_POLY1305;

    if (getenv("AVPN_SIM_SAME_SUITE") != NULL)
        world_must(world, avpn_config_set_suites(config, &everywhere, 1), "avpn_config_set_suites");
}

void world_publish(struct world *world, const struct world_site *sites)
{
    struct avpn_config *config;

    if (world->office == NULL)
        world->office = open_office(world);
    world_must(world, avpn_config_new(NULL, &config), "avpn_config_new");
    world_must(world, avpn_config_set_name(config, "world"), "avpn_config_set_name");
    set_suites(world, config);
    add_policy(world, config);
    for (uint32_t r = 0; r < world->registry_count; r++)
        add_registry(world, config, r);
    for (uint32_t site = 1; site <= world->node_count; site++)
        if (!sites[site - 1].waits)
            add_member(world, config, &sites[site - 1], site);
    memcpy(world->sites + 1, sites, world->node_count * sizeof *sites);
    if (avpn_config_check(config, print_problem, NULL) != 0)
        abort();
    sign(world->office, config);
    avpn_config_del(config);
}

void world_rotate_psk(struct world *world)
{
    struct world_office *office = world->office;

    office->previous_psk = office->psk;
    office->psk = world_random_key(&office->chance);
    office->psk_epoch++;
}

void world_rotate_signer(struct world *world)
{
    world->office->signer = world_random_key(&world->office->chance);
    world->office->serial++;
}

void world_rotate_root(struct world *world)
{
    world->office->next_root = world_random_key(&world->office->chance);
    world->office->is_root_new = true;
    world->office->serial++;
}

/* ---- desks: publishers on the network --------------------------------------------------------- */

static void desk_transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    struct desk *desk = user;
    const struct avpn_contact from =
        sim_join(sim_port_address(desk->office->port, AVPN_FAMILY_IPV4),
                 (uint16_t)(OFFICE_UDP_PORT + desk->registry));

    for (size_t i = 0; i < count; i++) {
        const struct avpn_packets *run = &batch[i].packets;

        for (uint32_t k = 0; k < run->count; k++)
            sim_send(desk->office->port, from, batch[i].remote, run->data + (size_t)k * run->stride,
                     k + 1 < run->count ? run->bytes : run->last_bytes);
    }
}

static void desk_wake(void *user, avpn_time now);

static void serve_desk(struct desk *desk)
{
    world_engine_arm(&desk->engine, avpn_publisher_deadline(desk->publisher), desk_wake);
}

static void desk_wake(void *user, avpn_time now)
{
    struct desk *desk = user;

    if (desk->engine.armed != now)
        return;
    desk->engine.armed = AVPN_TIME_NEVER;
    if (desk->publisher == NULL)
        return;
    avpn_publisher_tick(desk->publisher, now);
    if (avpn_publisher_deadline(desk->publisher) <= now)
        world_fail(desk->office->world,
                   "a publisher's deadline is in the past after it was served");
    serve_desk(desk);
}

static void desk_receive(void *user, const struct sim_datagram *d)
{
    struct desk *desk = user;
    const struct avpn_datagrams batch = {.remote = d->from,
                                         .packets = {.data = d->bytes,
                                                     .count = 1,
                                                     .bytes = (uint32_t)d->count,
                                                     .last_bytes = (uint32_t)d->count,
                                                     .stride = (uint32_t)d->count}};

    if (desk->publisher == NULL || d->count == 0)
        return;
    avpn_publisher_receive(desk->publisher, &batch, 1, world_now(desk->office->world));
    serve_desk(desk);
}

static void open_desk(struct desk *desk)
{
    struct world_office *office = desk->office;
    struct world *world = office->world;
    struct avpn_host host = world_engine_host(&desk->engine);
    const struct avpn_publisher_options options = {
        .size = sizeof options,
        .organization = world->organization,
        .registry = world->registries[desk->registry].identity.public_key,
        .signer = office->signer,
        .contact = world->registries[desk->registry].contact};

    close_desk(desk);
    host.transmit = desk_transmit;
    sim_socket(office->port, (uint16_t)(OFFICE_UDP_PORT + desk->registry), desk_receive, desk);
    world_must(world, avpn_publisher_new(&options, &host, world_now(world), &desk->publisher),
               "avpn_publisher_new");
    if (desk->publisher == NULL)
        abort();
}

void world_deliver(struct world *world, uint32_t registries)
{
    for (uint32_t r = 0; r < world->registry_count; r++) {
        struct desk *desk = &world->office->desks[r];

        if ((registries >> r & 1) == 0)
            continue;
        open_desk(desk);
        world_must(world,
                   avpn_publisher_offer(desk->publisher, world->office->last,
                                        world->office->last_bytes, world_now(world)),
                   "avpn_publisher_offer");
        serve_desk(desk);
    }
}

struct avpn_publisher_status world_delivery(const struct world *world, uint32_t registry)
{
    struct avpn_publisher_status status = {.size = sizeof status};

    if (world->office->desks[registry].publisher != NULL)
        avpn_publisher_status(world->office->desks[registry].publisher, &status);
    return status;
}

static bool is_settled(void *user)
{
    const struct world *world = user;

    for (uint32_t r = 0; r < world->registry_count; r++)
        if (world->office->desks[r].publisher != NULL &&
            world_delivery(world, r).state < AVPN_PUBLISHER_DONE)
            return false;
    return true;
}

bool world_change(struct world *world, const struct world_site *sites)
{
    bool is_done;

    world_publish(world, sites);
    world_deliver(world, UINT32_MAX);
    is_done = sim_run_until(world->sim, 30 * AVPN_SECOND, is_settled, world);
    for (uint32_t r = 0; r < world->registry_count; r++)
        is_done &= world_delivery(world, r).state == AVPN_PUBLISHER_DONE;
    return is_done;
}

/* ---- joining ------------------------------------------------------------------------------------ */

void world_invite(struct world *world, uint32_t site, avpn_span valid)
{
    struct world_office *office = world->office;
    struct world_node *node = &world->nodes[site];
    struct avpn_token *token = &node->token;
    struct avpn_invite *invite = &office->invites[office->invite_count++];

    *token = (struct avpn_token){.size = sizeof *token,
                                 .member = site,
                                 .organization = world->organization,
                                 .version = world->version + 1,
                                 .expires = CREATED + valid / AVPN_SECOND,
                                 .registry_count = world->registry_count};
    for (size_t i = 0; i < sizeof token->secret; i++)
        token->secret[i] = (uint8_t)(sim_chance_next(&office->chance) >> 24);
    for (uint32_t r = 0; r < world->registry_count; r++) {
        struct avpn_token_registry *entry = &token->registries[r];

        entry->key = world->registries[r].identity.public_key;
        entry->port = world->registries[r].contact.port;
        snprintf(entry->host, sizeof entry->host, "198.51.100.%u", r + 1);
    }
    node->has_token = true;
    *invite =
        (struct avpn_invite){.size = sizeof *invite, .member = site, .expires = token->expires};
    world_must(world, avpn_token_claim_key(token, &invite->key), "avpn_token_claim_key");
}

/* The invite that a claim answers, when the claim is genuine. */
static struct avpn_invite *verify_claim(struct world_office *office, const struct avpn_claim *claim)
{
    for (size_t i = 0; i < office->invite_count; i++) {
        struct avpn_invite *invite = &office->invites[i];

        if (invite->member == claim->member &&
            avpn_claim_verify(&invite->key, &office->world->organization, claim->member,
                              &claim->device, claim->signature) == AVPN_OK)
            return invite;
    }
    return NULL;
}

uint32_t world_take_claims(struct world *world)
{
    struct world_office *office = world->office;
    uint32_t taken = 0;

    for (uint32_t r = 0; r < world->registry_count; r++) {
        open_desk(&office->desks[r]);
        world_must(world, avpn_publisher_list_claims(office->desks[r].publisher, world_now(world)),
                   "avpn_publisher_list_claims");
        serve_desk(&office->desks[r]);
    }
    sim_run_until(world->sim, 30 * AVPN_SECOND, is_settled, world);
    for (uint32_t r = 0; r < world->registry_count; r++) {
        struct avpn_claim claim = {.size = sizeof claim};

        for (uint32_t i = 0; avpn_publisher_claim(office->desks[r].publisher, i, &claim) == AVPN_OK;
             i++) {
            struct avpn_invite *invite = verify_claim(office, &claim);

            if (invite == NULL)
                continue;
            world->nodes[claim.member].identity.public_key = claim.device;
            *invite = office->invites[--office->invite_count];
            taken++;
        }
    }
    return taken;
}
