/* SPDX-License-Identifier: ISC */
/*
 * Scenarios in which the first of two registries lies. It is our own engine made to serve what nobody
 * signed, so that everything about it is genuine but the truth. Whatever it says: no foreign node,
 * route or key is accepted, tunnels that work go on working, what the honest registry says
 * arrives, and every node names the one that lies. [CFG-5] [CFG-10] [REG-14] [SYN-5] [SYN-6]
 */
#include "registry/engine.h"
#include "topo/document.h"
#include "scenario.h"
#include <stdlib.h>
#include <string.h>

#define LIAR 0
#define HONEST 1
#define SITES 3
#define DOCUMENT_LIMIT (1u << 20)
#define ORGANIZATION_AT 13 /* in a document: magic, kind, length and kind of the head before it */
#define VERSION_AT (ORGANIZATION_AT + 32)

static const struct world_site sites[SITES] = {{.role = AVPN_ROLE_HUB, .nat = {&sim_nat_home}},
                                               {.nat = {&sim_nat_home}, .hubs = {1}},
                                               {.nat = {&sim_nat_random_cone}, .hubs = {1}}};

/* What the liar says instead of the truth. */
struct lie {
    struct avpn_config *config; /* whom it registers */
    uint8_t *bytes;
    size_t count;
};

static struct world *world_of_liars(const char *name, uint64_t seed)
{
    struct world *w = world_new(name, seed, sites, SITES, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_run(w, SECONDS(3));
    return w;
}

static struct avpn_registry *liar(const struct world *w)
{
    return w->registries[LIAR].registry;
}

/* The newest publication, to be spoiled. */
static struct lie begin_lie(struct world *w)
{
    struct lie lie = {.count = w->bundle_bytes};

    lie.bytes = malloc(DOCUMENT_LIMIT);
    memcpy(lie.bytes, w->bundle, w->bundle_bytes);
    world_must(w,
               avpn_config_read(w->bundle, w->bundle_bytes, &w->organization, 0, NULL,
                                &lie.config),
               "avpn_config_read");
    return lie;
}

/* The liar's memory is gone: it knows no version before, so it gives everything. */
static void forget_everything(struct world *w)
{
    world_registry_stop(w, LIAR);
    world_store_clear(&w->registries[LIAR].engine.store);
    w->registries[LIAR].is_empty = true;
    world_registry_start(w, LIAR);
}

/* The liar serves it, and pushes it to whoever is connected. */
static void tell_lie(struct world *w, struct lie *lie)
{
    world_must(w,
               avpni_registry_serve(liar(w), &w->organization, lie->config, lie->bytes, lie->count,
                                    world_now(w)),
               "avpni_registry_serve");
    avpn_registry_tick(liar(w), world_now(w));
    avpn_config_del(lie->config);
    free(lie->bytes);
}

static bool has_fault(const struct world *w, uint32_t registry, uint32_t fault)
{
    bool is_told = true;

    for (uint32_t site = 1; site <= SITES; site++)
        is_told &= (w->nodes[site].faults[registry] & 1u << fault) != 0;
    return is_told;
}

static bool is_blamed(const struct world *w, uint32_t registry)
{
    uint32_t faults = 0;

    for (uint32_t site = 1; site <= SITES; site++)
        faults |= w->nodes[site].faults[registry] & ~(1u << AVPN_FAULT_NONE);
    return faults != 0;
}

/* What must be so after every lie. */
static uint32_t end_well(struct world *w, uint64_t version)
{
    for (uint32_t site = 1; site <= SITES; site++) {
        struct avpn_node_status status = {.size = sizeof status};

        avpn_node_status(w->nodes[site].node, &status);
        EXPECT(w, status.config_version == version);
        EXPECT(w, status.peer_count == (site == 1 ? 2 : 1));
        EXPECT(w, w->nodes[site].downs == 0);
    }
    EXPECT(w, !is_blamed(w, HONEST));
    EXPECT(w, world_ping(w, 2, 3) && world_ping(w, 3, 2) && world_ping(w, 1, 2));
    return world_del(w);
}

/* ---- documents that do not verify ------------------------------------------------------------ */

/* Bytes of a document that are changed: which, and how. */
struct spoiling {
    const char *what;
    void (*spoil)(struct world *w, struct lie *lie);
    bool is_anew; /* as long as nothing else changes an identity is not told again */
};

/* The leaves of the member at a place, as offsets into the lie's bytes. */
static size_t site_of(const struct lie *lie, uint32_t place, uint16_t *bytes_out)
{
    struct avpni_document document;
    struct avpni_leaves leaves = {0};

    if (!avpni_document_read(lie->bytes, lie->count, &document))
        abort();
    struct avpni_reader r = avpni_reader(document.members, document.members_bytes);

    for (uint32_t i = 0; i <= place; i++)
        avpni_leaves_read(&r, &leaves);
    *bytes_out = leaves.site_bytes;
    return (size_t)(leaves.site - lie->bytes);
}

/* The second site offers a subnet of the third. */
static void invent_a_route(struct world *w, struct lie *lie)
{
    uint16_t bytes;
    const size_t at = site_of(lie, 1, &bytes);

    (void)w;
    for (size_t i = at; i + 5 <= at + bytes; i++)
        if (memcmp(lie->bytes + i, "\x04\x18\x0a\x00\x02", 5) == 0)
            lie->bytes[i + 4] = 3;
}

static void make_a_spoke_a_hub(struct world *w, struct lie *lie)
{
    uint16_t bytes;
    const size_t at = site_of(lie, 1, &bytes);

    (void)w;
    lie->bytes[at + 37] = AVPN_ROLE_HUB;
}

static void revoke_a_member(struct world *w, struct lie *lie)
{
    uint16_t bytes;
    const size_t at = site_of(lie, 2, &bytes);

    (void)w;
    lie->bytes[at + 38] = AVPN_MEMBER_REVOKED;
}

/* Another key in the hub's identity: whoever has it would be the hub. */
static void exchange_a_key(struct world *w, struct lie *lie)
{
    uint16_t bytes;
    const size_t at = site_of(lie, 0, &bytes);

    (void)w;
    memset(lie->bytes + at + bytes + 2 + 5, 9, 32);
}

static void call_the_old_new(struct world *w, struct lie *lie)
{
    lie->bytes[VERSION_AT + 7]++;
    (void)w;
}

static void spoil_the_sealed_keys(struct world *w, struct lie *lie)
{
    struct avpni_document document;

    (void)w;
    if (!avpni_document_read(lie->bytes, lie->count, &document))
        abort();
    for (size_t i = 0; i < 3 * AVPNI_SEALED_PSK_BYTES; i++)
        lie->bytes[(size_t)(document.keys - lie->bytes) + i] ^= 0x55;
}

static void spoil_the_charter(struct world *w, struct lie *lie)
{
    struct avpni_document document;

    (void)w;
    if (!avpni_document_read(lie->bytes, lie->count, &document))
        abort();
    lie->bytes[(size_t)(document.charter - lie->bytes) + 3] ^= 1; /* a letter of the name */
}

/* Leaves of the version before under the head of the newest: the third site's change is missing. */
static void mix_versions(struct world *w, struct lie *lie)
{
    uint16_t bytes;
    const size_t at = site_of(lie, 2, &bytes);

    (void)w;
    for (size_t i = at; i + 5 <= at + bytes; i++)
        if (memcmp(lie->bytes + i, "\x04\x18\xac\x10\x08", 5) == 0)
            lie->bytes[i + 4] = 7;
}

static const struct spoiling spoilings[] = {
    {"a route is invented", invent_a_route},
    {"a spoke is made a hub", make_a_spoke_a_hub},
    {"a member is revoked", revoke_a_member},
    {"a key is exchanged", exchange_a_key, true},
    {"the old is called new", call_the_old_new},
    {"sealed keys are spoilt", spoil_the_sealed_keys},
    {"the charter is spoilt", spoil_the_charter},
    {"versions are mixed", mix_versions},
};

static uint32_t play_spoiling(const char *name, uint64_t seed, const struct spoiling *spoiling)
{
    struct world_site changed[SITES];
    struct world *w = world_of_liars(name, seed);
    const uint64_t before = w->version;
    struct lie lie;

    memcpy(changed, sites, sizeof sites);
    changed[2].extra = 7;
    EXPECT(w, world_change(w, changed));
    EXPECT(w, world_wait_version(w, before + 1, SECONDS(1)));
    changed[2].extra = 8;
    world_publish(w, changed); /* nobody is told but the liar, who spoils it */
    lie = begin_lie(w);
    spoiling->spoil(w, &lie);
    if (spoiling->is_anew)
        forget_everything(w);
    tell_lie(w, &lie);
    world_run(w, SECONDS(30));
    EXPECT(w, has_fault(w, LIAR, AVPN_FAULT_FORGED));
    for (uint32_t site = 1; site <= SITES; site++)
        EXPECT(w, world_version(w, site) == before + 1);
    EXPECT(w, world_ping(w, 2, 3));
    /* The honest one has the truth: it wins. */
    world_deliver(w, 1u << HONEST);
    EXPECT(w, world_wait_version(w, w->version, SECONDS(15)));
    return end_well(w, before + 2);
}

static uint32_t a_spoilt_document_is_never_taken(uint64_t seed)
{
    uint32_t failures = 0;

    for (size_t i = 0; i < sizeof spoilings / sizeof *spoilings; i++)
        failures += play_spoiling(spoilings[i].what, seed, &spoilings[i]);
    return failures;
}

/* ---- a whole organization of its own ------------------------------------------------------------ */

/* The members, a foreign hub that everybody names, and other keys at the top. */
static struct lie forge_organization(struct world *w, const struct avpn_key *foreign)
{
    const struct avpn_publication publication = {
        .size = sizeof publication, .psk_epoch = 1, .version = w->version + 1, .psk = *foreign};
    struct lie lie = begin_lie(w);
    struct avpn_member member = {.size = sizeof member};
    struct avpn_registry_entry entry = {.size = sizeof entry};
    struct avpn_authority *authority;
    struct avpn_config *forged;
    struct avpn_key id;

    world_must(w, avpn_config_new(NULL, &forged), "avpn_config_new");
    avpn_config_set_name(forged, "world");
    for (uint32_t i = 0; avpn_config_registry(lie.config, i, &entry) == AVPN_OK; i++)
        avpn_config_add_registry(forged, &entry);
    for (uint32_t i = 0; avpn_config_member_at(lie.config, i, &member) == AVPN_OK; i++) {
        if (member.role == AVPN_ROLE_SPOKE)
            member.hubs[member.hub_count++].member = 66;
        avpn_config_add_member(forged, &member);
    }
    member = (struct avpn_member){.size = sizeof member, .id = 66, .role = AVPN_ROLE_HUB,
                                  .name = "intruder"};
    world_must(w, avpn_key_pair_from_secret(foreign, &w->intruder), "avpn_key_pair_from_secret");
    member.key = w->intruder.public_key;
    avpn_config_add_member(forged, &member);
    world_must(w, avpn_authority_new(NULL, &authority), "avpn_authority_new");
    avpn_authority_add_root(authority, foreign);
    avpn_authority_add_signer(authority, foreign);
    avpn_authority_organization(authority, &id);
    world_must(w,
               avpn_authority_sign(authority, forged, &publication, lie.bytes, DOCUMENT_LIMIT,
                                   &lie.count),
               "avpn_authority_sign");
    avpn_authority_del(authority);
    avpn_config_del(forged);
    avpn_config_del(lie.config);
    world_must(w, avpn_config_read(lie.bytes, lie.count, &id, 0, NULL, &lie.config),
               "avpn_config_read");
    return lie;
}

static uint32_t play_forged_organization(const char *name, uint64_t seed, bool is_renamed)
{
    const struct avpn_key foreign = {{0x66, 6, 6, 6}};
    struct world *w = world_of_liars(name, seed);
    const uint64_t version = w->version;
    struct lie lie = forge_organization(w, &foreign);

    if (is_renamed) /* the head claims to be ours */
        memcpy(lie.bytes + ORGANIZATION_AT, w->organization.bytes, AVPN_KEY_BYTES);
    forget_everything(w);
    tell_lie(w, &lie);
    world_run(w, MINUTES(3));
    EXPECT(w, has_fault(w, LIAR, AVPN_FAULT_FORGED));
    return end_well(w, version);
}

static uint32_t an_organization_of_its_own_is_refused(uint64_t seed)
{
    return play_forged_organization(__func__, seed, false);
}

static uint32_t nor_is_it_taken_under_our_name(uint64_t seed)
{
    return play_forged_organization(__func__, seed, true);
}

/* ---- withholding ------------------------------------------------------------------------------- */

/* It kept the first version; the others go on without it, and say so after a minute. */
static uint32_t a_registry_that_serves_the_old_is_told_to_be_behind(uint64_t seed)
{
    struct world_site changed[SITES];
    struct world *w = world_of_liars(__func__, seed);

    memcpy(changed, sites, sizeof sites);
    changed[1].extra = 4;
    world_publish(w, changed);
    world_deliver(w, 1u << HONEST);
    EXPECT(w, world_wait_version(w, w->version, SECONDS(2)));
    world_run(w, SECONDS(40));
    EXPECT(w, !is_blamed(w, LIAR)); /* it may still be on its way */
    world_run(w, SECONDS(60));
    EXPECT(w, has_fault(w, LIAR, AVPN_FAULT_BEHIND));
    return end_well(w, w->version);
}

/* A node that comes back from long ago is offered the oldest by one, the newest by the other. */
static uint32_t no_registry_rolls_a_node_back(uint64_t seed)
{
    struct world_site changed[SITES];
    struct world *w = world_of_liars(__func__, seed);

    memcpy(changed, sites, sizeof sites);
    for (uint32_t i = 1; i <= 3; i++) {
        changed[1].extra = i;
        world_publish(w, changed);
        world_deliver(w, 1u << HONEST);
        EXPECT(w, world_wait_version(w, w->version, SECONDS(2)));
    }
    w->nodes[3].keeps = true;
    world_node_stop(w, 3);
    world_registry_stop(w, HONEST);
    world_run(w, SECONDS(5));
    world_node_start(w, 3, 0); /* alone with the liar */
    world_run(w, MINUTES(3));
    EXPECT(w, world_version(w, 3) == w->version);
    world_registry_start(w, HONEST);
    EXPECT(w, world_wait_tunnel(w, 1, 3, MINUTES(3)));
    w->nodes[1].downs = w->nodes[3].downs = 0;
    world_run(w, SECONDS(2));
    return end_well(w, w->version);
}

/* It speaks of a version that it does not deliver. */
static uint32_t a_registry_that_promises_and_stalls_is_told(uint64_t seed)
{
    struct world *w = world_of_liars(__func__, seed);
    const uint64_t version = w->version;

    liar(w)->organizations[0]->version += 1000;
    world_run(w, MINUTES(3));
    for (uint32_t site = 1; site <= SITES; site++)
        EXPECT(w, (w->nodes[site].faults[LIAR] &
                   (1u << AVPN_FAULT_STALLED | 1u << AVPN_FAULT_FORGED)) != 0);
    return end_well(w, version);
}

/* Identities of peers are left out: nobody can be made to believe that it has no hub. */
static uint32_t a_withheld_identity_is_noticed(uint64_t seed)
{
    struct world_site changed[SITES];
    struct world *w = world_of_liars(__func__, seed);
    const uint64_t before = w->version;
    struct avpni_organization *organization;

    /* From the next change on the liar believes that nobody has peers. */
    memcpy(changed, sites, sizeof sites);
    changed[1].hubs[1] = 3;
    changed[2].role = AVPN_ROLE_HUB;
    changed[2].hubs[0] = 0;
    world_publish(w, changed);
    organization = liar(w)->organizations[0];
    EXPECT(w, organization->version == before);
    struct lie lie = begin_lie(w);

    tell_lie(w, &lie);
    organization = liar(w)->organizations[0];
    organization->hub_count = 0;
    for (uint32_t i = 0; i < organization->member_count; i++)
        organization->members[i].link_count = 0;
    world_run(w, SECONDS(60));
    world_deliver(w, 1u << HONEST);
    EXPECT(w, world_wait_version(w, w->version, SECONDS(30)));
    EXPECT(w, world_wait_tunnel(w, 2, 3, SECONDS(30)) && world_wait_tunnel(w, 1, 3, SECONDS(30)));
    EXPECT(w, w->nodes[1].downs == 0 && w->nodes[2].downs == 0);
    EXPECT(w, !is_blamed(w, HONEST));
    return world_del(w);
}

/* ---- different answers --------------------------------------------------------------------------- */

/* To the second site it shows the old, to the others the new. */
static uint32_t different_answers_to_different_nodes_split_nobody(uint64_t seed)
{
    struct world_site changed[SITES];
    struct world *w = world_of_liars(__func__, seed);
    struct world_registry *first = &w->registries[LIAR];

    first->twin = first->registry;
    first->twin_for = 2;
    first->registry = NULL;
    world_registry_start(w, LIAR); /* another memory, the same key: it has the newest for the others */
    memcpy(changed, sites, sizeof sites);
    for (uint32_t i = 1; i <= 5; i++) {
        changed[2].extra = i;
        EXPECT(w, world_change(w, changed));
        EXPECT(w, world_wait_version(w, w->version, SECONDS(2)));
        world_run(w, SECONDS(5));
    }
    world_run(w, MINUTES(2));
    EXPECT(w, (w->nodes[2].faults[LIAR] & 1u << AVPN_FAULT_BEHIND) != 0);
    EXPECT(w, (w->nodes[1].faults[LIAR] & 1u << AVPN_FAULT_BEHIND) == 0);
    return end_well(w, w->version);
}

/* ---- contacts ------------------------------------------------------------------------------------ */

/* It says that everybody is where the victim is. [PRB-4] */
static uint32_t contacts_that_name_a_victim_do_little_harm(uint64_t seed)
{
    struct world *w = world_of_liars(__func__, seed);
    const struct avpn_contact victim = sim_contact("192.0.2.99:9");
    struct sim_port *port = sim_attach(sim_internet(w->sim), "192.0.2.99");
    uint64_t first;

    for (uint32_t round = 0; round < 20; round++) {
        const struct avpni_organization *organization = liar(w)->organizations[0];

        for (uint32_t i = 0; i < organization->member_count; i++)
            for (uint32_t handle = organization->members[i].first; handle != 0;) {
                struct avpni_record *record = avpni_table_at(&liar(w)->table, handle);
                struct avpni_record truth = *record;

                avpni_table_set_contact(&liar(w)->table, record, AVPNI_OBSERVED, &victim);
                avpni_registry_push_change(liar(w), record);
                record->where[AVPNI_OBSERVED] = truth.where[AVPNI_OBSERVED];
                record->port[AVPNI_OBSERVED] = truth.port[AVPNI_OBSERVED];
                handle = record->sibling;
            }
        avpn_registry_tick(liar(w), world_now(w));
        world_run(w, SECONDS(15));
        if (round == 0)
            first = sim_port_received(port, NULL);
    }
    /* Two spokes and their hub punch at most ten packets an attempt, and paths that live are left alone. */
    EXPECT(w, first <= 4 * 10);
    EXPECT(w, sim_port_received(port, NULL) <= 20 * 4 * 10);
    EXPECT(w, !is_blamed(w, HONEST));
    EXPECT(w, w->nodes[1].downs == 0 && w->nodes[2].downs == 0 && w->nodes[3].downs == 0);
    return end_well(w, w->version);
}

#define S(name_) {#name_, name_, NULL}
const struct scenario liar_scenarios[] = {
    S(a_spoilt_document_is_never_taken),
    S(an_organization_of_its_own_is_refused),
    S(nor_is_it_taken_under_our_name),
    S(a_registry_that_serves_the_old_is_told_to_be_behind),
    S(no_registry_rolls_a_node_back),
    S(a_registry_that_promises_and_stalls_is_told),
    S(a_withheld_identity_is_noticed),
    S(different_answers_to_different_nodes_split_nobody),
    S(contacts_that_name_a_victim_do_little_harm),
};
const size_t liar_scenario_count = sizeof liar_scenarios / sizeof *liar_scenarios;
