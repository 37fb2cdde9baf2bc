/* SPDX-License-Identifier: ISC */
/*
 * meet: a program of one version and a library of another (doc/decisions/0017). Compiled with today's headers or tomorrow's
 * (TOMORROW), in which every struct that grows has a field more, and linked with a library of the other day.
 *
 * Each struct lies right before memory that cannot be touched, so that one byte read or written beyond the caller's size
 * ends the program. A struct of growable.h that no row of `trials` names fails the test.
 */
#define _DEFAULT_SOURCE
#include "tomorrow/autovpn/growable.h"
#include <autovpn/autovpn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LATER_BYTES 8 /* of the field that tomorrow's structs have */
#ifdef TOMORROW
#define FIRST(bytes) ((bytes) - LATER_BYTES)
#else
#define FIRST(bytes) (bytes)
#endif
#ifdef LIBRARY_IS_OLDER
#define KNOWN(bytes) ((bytes) - LATER_BYTES)
#else
#define KNOWN(bytes) (bytes)
#endif

/* ---- memory with an end ---------------------------------------------------------------- */

static size_t page;

/* `bytes` that end where memory ends. */
static void *fence(size_t bytes)
{
    size_t room = (bytes + page - 1) / page * page;
    uint8_t *start =
        mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (start == MAP_FAILED || mprotect(start + room, page, PROT_NONE) != 0)
        abort();
    return start + room - bytes;
}

/* ---- the world: a hub, a spoke and a registry, one wire -------------------------------- */

enum { HUB, SPOKE, REGISTRY, HOSTS };

static struct avpn_contact contacts[HOSTS];
static struct avpn_key_pair keys[HOSTS];
static struct avpn_key organization, seeds[2];
static struct avpn_node *nodes[2];
static struct avpn_registry *registry;
static struct avpn_publisher *publisher;
static struct avpn_config *config; /* as read from the bundle */
static struct avpn_routes *routes;
static uint8_t bundle[65536], fresh[65536]; /* the one in force, and the last one signed */
static size_t bundle_bytes, fresh_bytes;
static struct {
    int from, to;
    uint32_t bytes;
    uint8_t data[2048];
} wire[256];
static uint32_t sent, received, sa_changes, sa_change_bytes, problem_bytes;
static avpn_time now;

static void must(int is_so, const char *what)
{
    if (is_so)
        return;
    printf("Bail out! %s\n", what);
    exit(1);
}

static void transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < batch[i].packets.count; k++) {
            const struct avpn_packets *run = &batch[i].packets;
            uint32_t at = sent++ % 256;

            wire[at].from = (int)((struct avpn_contact *)user - contacts);
            wire[at].to = 0;
            while (wire[at].to < HOSTS && memcmp(&contacts[wire[at].to], &batch[i].remote,
                                                 sizeof *contacts) != 0)
                wire[at].to++;
            wire[at].bytes = k + 1 < run->count ? run->bytes : run->last_bytes;
            memcpy(wire[at].data, run->data + (size_t)k * run->stride, wire[at].bytes);
        }
}

static void deliver(void *user, const struct avpn_packets *batch, size_t count)
{
    (void)user;
    (void)batch;
    (void)count;
}

static void hand_over(void *user, const struct avpn_sa_change *change)
{
    (void)user;
    sa_changes++;
    sa_change_bytes = change->size;
}

static void run(avpn_span span)
{
    for (avpn_time end = now + span; now < end; now += 10 * AVPN_MILLISECOND) {
        avpn_node_tick(nodes[HUB], now);
        avpn_node_tick(nodes[SPOKE], now);
        avpn_registry_tick(registry, now);
        for (; received != sent; received++) {
            uint32_t at = received % 256, bytes = wire[at].bytes;
            struct avpn_datagrams in = {0, contacts[wire[at].from],
                                        {wire[at].data, 1, bytes, bytes, bytes}, 0, 0};

            if (wire[at].to == REGISTRY)
                avpn_registry_receive(registry, &in, 1, now);
            else if (wire[at].to < REGISTRY)
                avpn_node_receive(nodes[wire[at].to], &in, 1, now);
        }
    }
}

static struct avpn_prefix prefix_of(const char *text)
{
    struct avpn_prefix prefix = {0};

    must(avpn_prefix_parse(text, &prefix) == AVPN_OK, text);
    return prefix;
}

static struct avpn_member member_of(uint32_t id)
{
    struct avpn_member member = {.size = sizeof member, .id = id, .key = keys[id - 1].public_key};

    snprintf(member.name, sizeof member.name, "site-%u", id);
    member.role = id == 1 ? AVPN_ROLE_HUB : AVPN_ROLE_SPOKE;
    member.hub_count = id != 1;
    member.hubs[0].member = id != 1;
    member.export_count = 1;
    member.exports[0] = prefix_of("10.0.0.0/8"); /* both: a conflict */
    return member;
}

static struct avpn_registry_entry entry(void)
{
    struct avpn_registry_entry entry = {
        .size = sizeof entry, .key = keys[REGISTRY].public_key, .port = 9350};

    strcpy(entry.host, "198.51.100.1");
    return entry;
}

static struct avpn_rule rule(void)
{
    return (struct avpn_rule){.size = sizeof(struct avpn_rule), .action = AVPN_RULE_ALLOW};
}

static struct avpn_breakout breakout(void)
{
    return (struct avpn_breakout){.size = sizeof(struct avpn_breakout),
                                  .destination = prefix_of("192.0.2.0/24")};
}

static struct avpn_config *make_config(void)
{
    const struct avpn_registry_entry place = entry();
    const struct avpn_member hub = member_of(1), spoke = member_of(2);
    const struct avpn_rule allow = rule();
    const struct avpn_breakout out = breakout();
    struct avpn_config *made;

    must(avpn_config_new(NULL, &made) == AVPN_OK && avpn_config_set_name(made, "meet") == AVPN_OK &&
             avpn_config_add_registry(made, &place) == AVPN_OK &&
             avpn_config_add_member(made, &hub) == AVPN_OK &&
             avpn_config_add_member(made, &spoke) == AVPN_OK &&
             avpn_config_add_rule(made, &allow) == AVPN_OK &&
             avpn_config_add_breakout(made, &out) == AVPN_OK,
         "a configuration");
    return made;
}

static struct avpn_publication publication(void)
{
    static struct avpn_invite *invites;
    struct avpn_publication made = {.size = sizeof made, .psk_epoch = 1, .version = 1};

    if (invites == NULL) {
        invites = fence(2 * sizeof *invites);
        for (uint32_t i = 0; i < 2; i++)
            invites[i] = (struct avpn_invite){.size = sizeof *invites, .member = 8 + i,
                                              .key = keys[i].public_key, .expires = 99};
    }
    made.psk = seeds[0];
    made.invites = invites;
    made.invite_count = 2;
    return made;
}

static int32_t sign(void *given)
{
    struct avpn_config *made = make_config();
    struct avpn_authority *authority;
    int32_t error;

    must(avpn_authority_new(NULL, &authority) == AVPN_OK &&
             avpn_authority_add_root(authority, &seeds[0]) == AVPN_OK &&
             avpn_authority_add_signer(authority, &seeds[1]) == AVPN_OK &&
             avpn_authority_organization(authority, &organization) == AVPN_OK,
         "an authority");
    error = avpn_authority_sign(authority, made, given, fresh, sizeof fresh, &fresh_bytes);
    avpn_authority_del(authority);
    avpn_config_del(made);
    return error;
}

static struct avpn_host host_of(int number)
{
    return (struct avpn_host){.size = sizeof(struct avpn_host), .user = &contacts[number],
                              .transmit = transmit, .deliver = deliver, .sa = hand_over};
}

static struct avpn_node_options node_options(int number)
{
    struct avpn_node_options options = {.size = sizeof options, .organization = organization};

    options.identity = keys[number];
    options.bundle = bundle;
    options.bundle_bytes = bundle_bytes;
    options.hands_over = number == HUB;
    return options;
}

static struct avpn_registry_options registry_options(void)
{
    return (struct avpn_registry_options){.size = sizeof(struct avpn_registry_options),
                                          .identity = keys[REGISTRY]};
}

static struct avpn_uplink uplink(int number)
{
    return (struct avpn_uplink){.size = sizeof(struct avpn_uplink), .is_up = 1,
                                .local = contacts[number]};
}

static struct avpn_publisher_options publisher_options(void)
{
    return (struct avpn_publisher_options){
        .size = sizeof(struct avpn_publisher_options), .signer_number = 255,
        .organization = organization, .registry = keys[REGISTRY].public_key,
        .contact = contacts[REGISTRY]};
}

static struct avpn_token token(void)
{
    struct avpn_token made = {.size = sizeof made, .member = 9, .organization = organization,
                              .secret = {1}, .version = 1, .expires = 99, .registry_count = 1};

    made.registries[0].key = keys[REGISTRY].public_key;
    made.registries[0].port = 9350;
    strcpy(made.registries[0].host, "198.51.100.1");
    return made;
}

static void begin(void)
{
    static const char *const texts[HOSTS] = {"203.0.113.1:40001", "203.0.113.2:40002",
                                             "198.51.100.1:9350"};
    struct avpn_publication made;
    struct avpn_registry_options options;
    struct avpn_route route = {.size = sizeof route, .prefix = prefix_of("10.0.0.0/8"),
                               .hop_count = 1, .hops = {7}};

    page = (size_t)sysconf(_SC_PAGESIZE);
    memset(seeds, 0x11, sizeof seeds[0]);
    memset(&seeds[1], 0x22, sizeof seeds[1]);
    for (int i = 0; i < HOSTS; i++)
        must(avpn_contact_parse(texts[i], &contacts[i]) == AVPN_OK &&
                 avpn_key_pair_generate(&keys[i]) == AVPN_OK,
             "contacts and keys");
    made = publication();
    must(sign(&made) == AVPN_OK, "a bundle");
    memcpy(bundle, fresh, fresh_bytes);
    bundle_bytes = fresh_bytes;
    must(avpn_config_read(bundle, bundle_bytes, &organization, 0, NULL, &config) == AVPN_OK, "read");
    options = registry_options();
    struct avpn_host host = host_of(REGISTRY);
    must(avpn_registry_new(&options, &host, now, &registry) == AVPN_OK &&
             avpn_registry_set_organization(registry, &organization, bundle, bundle_bytes, now) ==
                 AVPN_OK,
         "a registry");
    for (int i = 0; i < 2; i++) {
        const struct avpn_node_options node = node_options(i);
        const struct avpn_uplink up = uplink(i);

        host = host_of(i);
        must(avpn_node_new(&node, &host, now, &nodes[i]) == AVPN_OK &&
                 avpn_node_set_uplink(nodes[i], 0, &up, now) == AVPN_OK,
             "a node");
    }
    must(avpn_routes_new(NULL, &routes) == AVPN_OK && avpn_routes_put(routes, &route) == AVPN_OK,
         "routes");
    run(10 * AVPN_SECOND);
}

/* ---- what is tried: structs that are read ---------------------------------------------------- */

static int32_t read_aead(void *given)
{
    return avpn_aead_test(given);
}

static int32_t read_breakout(void *given)
{
    struct avpn_config *made = make_config();
    int32_t error = avpn_config_add_breakout(made, given);

    avpn_config_del(made);
    return error;
}

static int32_t read_flow(void *given)
{
    struct avpn_explanation out = {.size = sizeof out};

    return avpn_node_explain(nodes[SPOKE], given, &out);
}

static int32_t read_host(void *given)
{
    const struct avpn_node_options options = node_options(SPOKE);
    struct avpn_node *node;
    int32_t error = avpn_node_new(&options, given, now, &node);

    if (error == AVPN_OK)
        avpn_node_del(node);
    return error;
}

static int32_t read_invite(void *given)
{
    struct avpn_publication made = publication();

    made.invites = given;
    made.invite_count = 1;
    return sign(&made);
}

static int32_t read_member(void *given)
{
    struct avpn_config *made = make_config();
    int32_t error = avpn_config_add_member(made, given);

    avpn_config_del(made);
    return error;
}

static int32_t read_node_options(void *given)
{
    const struct avpn_host host = host_of(SPOKE);
    struct avpn_node *node;
    int32_t error = avpn_node_new(given, &host, now, &node);

    if (error == AVPN_OK)
        avpn_node_del(node);
    return error;
}

static int32_t read_publisher_options(void *given)
{
    const struct avpn_host host = host_of(SPOKE);
    struct avpn_publisher *made;
    int32_t error = avpn_publisher_new(given, &host, now, &made);

    if (error == AVPN_OK)
        avpn_publisher_del(made);
    return error;
}

static int32_t read_registry_entry(void *given)
{
    struct avpn_config *made = make_config();
    int32_t error = avpn_config_add_registry(made, given);

    avpn_config_del(made);
    return error;
}

static int32_t read_registry_options(void *given)
{
    const struct avpn_host host = host_of(REGISTRY);
    struct avpn_registry *made;
    int32_t error = avpn_registry_new(given, &host, now, &made);

    if (error == AVPN_OK)
        avpn_registry_del(made);
    return error;
}

static int32_t read_route(void *given)
{
    return avpn_routes_put(routes, given);
}

static int32_t read_rule(void *given)
{
    struct avpn_config *made = make_config();
    int32_t error = avpn_config_add_rule(made, given);

    avpn_config_del(made);
    return error;
}

static int32_t read_sa_parameters(void *given)
{
    struct avpn_sa *sa;
    int32_t error = avpn_sa_new_sender(given, NULL, &sa);

    if (error == AVPN_OK)
        avpn_sa_del(sa);
    return error;
}

/* Judged, and then not found. */
static int32_t read_sa_report(void *given)
{
    int32_t error = avpn_node_report_sa(nodes[HUB], given, now);

    return error == AVPN_ERROR_NOT_FOUND ? AVPN_OK : error;
}

static int32_t read_token(void *given)
{
    char text[AVPN_TOKEN_TEXT];

    return avpn_token_format(given, text, sizeof text);
}

static int32_t read_uplink(void *given)
{
    return avpn_node_set_uplink(nodes[SPOKE], 0, given, now);
}

static int32_t read_worker_host(void *given)
{
    struct avpn_worker *worker;
    int32_t error = avpn_worker_new(nodes[SPOKE], given, &worker);

    if (error == AVPN_OK)
        avpn_worker_del(worker);
    return error;
}

/* ---- structs that are filled in --------------------------------------------------------------- */

static int32_t fill_breakout(void *out) { return avpn_config_breakout(config, 0, out); }
static int32_t fill_conflict(void *out) { return avpn_node_conflict_at(nodes[SPOKE], 0, out); }
static int32_t fill_invite(void *out) { return avpn_config_invite(config, 0, out); }
static int32_t fill_member(void *out) { return avpn_config_member(config, 1, out); }
static int32_t fill_node_status(void *out) { return avpn_node_status(nodes[SPOKE], out); }
static int32_t fill_path(void *out) { return avpn_node_path_at(nodes[SPOKE], 1, 0, out); }
static int32_t fill_peer(void *out) { return avpn_node_peer(nodes[SPOKE], 1, out); }
static int32_t fill_publisher(void *out) { return avpn_publisher_status(publisher, out); }
static int32_t fill_registry(void *out) { return avpn_config_registry(config, 0, out); }
static int32_t fill_registry_status(void *out) { return avpn_registry_status(registry, out); }
static int32_t fill_route(void *out) { return avpn_node_route_at(nodes[SPOKE], 0, out, NULL); }
static int32_t fill_rule(void *out) { return avpn_config_rule(config, 0, out); }
static int32_t fill_uplink(void *out) { return avpn_node_uplink_status(nodes[SPOKE], 0, out); }

static int32_t fill_rule_status(void *out)
{
    return avpn_node_rule_at(nodes[SPOKE], 0, NULL, out);
}

static int32_t fill_organization(void *out)
{
    return avpn_registry_organization(registry, &organization, out);
}

static int32_t fill_registration(void *out)
{
    return avpn_registry_registration(registry, &organization, 2, 0, out);
}

static int32_t fill_registration_status(void *out)
{
    return avpn_node_registration_status(nodes[SPOKE], 0, 0, out);
}

static int32_t fill_token(void *out)
{
    const struct avpn_token made = token();
    char text[AVPN_TOKEN_TEXT];

    must(avpn_token_format(&made, text, sizeof text) == AVPN_OK, "a token");
    return avpn_token_parse(text, out);
}

static struct avpn_flow flow(void)
{
    struct avpn_flow asked = {.size = sizeof asked};

    must(avpn_address_parse("10.1.2.3", &asked.source) == AVPN_OK &&
             avpn_address_parse("10.9.9.9", &asked.destination) == AVPN_OK,
         "addresses");
    return asked;
}

static int32_t fill_explanation(void *out)
{
    const struct avpn_flow asked = flow();

    return avpn_node_explain(nodes[SPOKE], &asked, out);
}

/* ---- structs that callbacks get --------------------------------------------------------------- */

static void note_problem(void *user, const struct avpn_problem *problem)
{
    (void)user;
    problem_bytes = problem->size;
}

/* ---- the trials ------------------------------------------------------------------------------- */

static int number, failures;

static void tell(int is_so, const char *name, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    printf("%sok %d - %s: ", is_so ? "" : "not ", ++number, name);
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
    failures += !is_so;
}

/* Sizes that no version has; the struct stays as it is. */
static void refuse(const char *name, size_t bytes, int32_t (*call)(void *))
{
    const uint32_t sizes[] = {0, 4, (uint32_t)FIRST(bytes) - 1, AVPN_SIZE_LIMIT + 1, UINT32_MAX};
    int is_refused = 1;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t *at = fence(bytes);

        memcpy(at, &sizes[i], sizeof sizes[i]);
        is_refused = is_refused && call(at) == AVPN_ERROR_ARGUMENT &&
                     memcmp(at, &sizes[i], sizeof sizes[i]) == 0;
    }
    tell(is_refused, name, "sizes that no version has are refused");
}

static void try_read(const char *name, const void *image, size_t bytes, int32_t (*call)(void *))
{
    uint8_t *at = fence(bytes);

    memcpy(at, image, bytes);
    tell(call(at) == AVPN_OK, name, "read");
#ifdef TOMORROW
    at = fence(bytes);
    memcpy(at, image, bytes);
    at[bytes - 1] = 1;
#ifdef LIBRARY_IS_OLDER
    tell(call(at) == AVPN_ERROR_ARGUMENT, name, "what is not known is refused");
#else
    tell(call(at) == AVPN_OK, name, "the new field is taken");
#endif
#endif
    refuse(name, bytes, call);
}

static int is_zero(const uint8_t *from, const uint8_t *end)
{
    while (from < end && *from == 0)
        from++;
    return from == end;
}

static void try_fill(const char *name, size_t bytes, int32_t (*call)(void *))
{
    uint8_t *at = fence(bytes);
    uint32_t size = (uint32_t)bytes;
    int32_t error;

    memset(at, 0xaa, bytes);
    memcpy(at, &size, sizeof size);
    error = call(at);
    memcpy(&size, at, sizeof size);
    tell(error == AVPN_OK && size == KNOWN(bytes) && is_zero(at + size, at + bytes), name,
         "filled in, %u of %zu bytes (%s)", size, bytes, avpn_error_name(error));
    refuse(name, bytes, call);
}

#define READ(type, image, call)                                                                    \
    {                                                                                              \
        const struct type value = image;                                                           \
        names[name_count++] = #type;                                                               \
        try_read(#type, &value, sizeof value, call);                                               \
    }
#define FILL(type, call)                                                                           \
    {                                                                                              \
        names[name_count++] = #type;                                                               \
        try_fill(#type, sizeof(struct type), call);                                                \
    }

static const char *names[64];
static size_t name_count;

/* The library's own table, as much of it as this program knows. */
static struct avpn_aead aead(void)
{
    const struct avpn_aead *theirs = avpn_aead_find(AVPN_SUITE_CHACHA20_POLY1305);
    struct avpn_aead copy = {0};

    memcpy(&copy, theirs, theirs->size < sizeof copy ? theirs->size : sizeof copy);
    copy.size = sizeof copy;
    return copy;
}

static struct avpn_invite invite(void)
{
    return (struct avpn_invite){.size = sizeof(struct avpn_invite), .member = 8,
                                .key = keys[0].public_key, .expires = 99};
}

static struct avpn_route route(void)
{
    return (struct avpn_route){.size = sizeof(struct avpn_route), .prefix = prefix_of("10.1.0.0/16"),
                               .hop_count = 1, .hops = {7}};
}

static struct avpn_sa_parameters sa_parameters(void)
{
    return (struct avpn_sa_parameters){.size = sizeof(struct avpn_sa_parameters), .spi = 4096,
                                       .suite = AVPN_SUITE_CHACHA20_POLY1305};
}

static struct avpn_sa_report sa_report(void)
{
    return (struct avpn_sa_report){.size = sizeof(struct avpn_sa_report), .spi = 4096, .member = 99};
}

static void punt(void *user, const uint8_t *bytes, size_t count)
{
    (void)user;
    (void)bytes;
    (void)count;
}

static struct avpn_worker_host worker_host(void)
{
    return (struct avpn_worker_host){.size = sizeof(struct avpn_worker_host), .transmit = transmit,
                                     .deliver = deliver, .punt = punt};
}

static void try_reads(void)
{
    READ(avpn_aead, aead(), read_aead);
    READ(avpn_breakout, breakout(), read_breakout);
    READ(avpn_flow, flow(), read_flow);
    READ(avpn_host, host_of(SPOKE), read_host);
    READ(avpn_invite, invite(), read_invite);
    READ(avpn_member, member_of(2), read_member);
    READ(avpn_node_options, node_options(SPOKE), read_node_options);
    READ(avpn_publication, publication(), sign);
    READ(avpn_publisher_options, publisher_options(), read_publisher_options);
    READ(avpn_registry_entry, entry(), read_registry_entry);
    READ(avpn_registry_options, registry_options(), read_registry_options);
    READ(avpn_route, route(), read_route);
    READ(avpn_rule, rule(), read_rule);
    READ(avpn_sa_parameters, sa_parameters(), read_sa_parameters);
    READ(avpn_sa_report, sa_report(), read_sa_report);
    READ(avpn_token, token(), read_token);
    READ(avpn_uplink, uplink(SPOKE), read_uplink);
    READ(avpn_worker_host, worker_host(), read_worker_host);
}

static void try_fills(void)
{
    FILL(avpn_breakout, fill_breakout);
    FILL(avpn_conflict_status, fill_conflict);
    FILL(avpn_explanation, fill_explanation);
    FILL(avpn_invite, fill_invite);
    FILL(avpn_member, fill_member);
    FILL(avpn_node_status, fill_node_status);
    FILL(avpn_organization_status, fill_organization);
    FILL(avpn_path_status, fill_path);
    FILL(avpn_peer_status, fill_peer);
    FILL(avpn_publisher_status, fill_publisher);
    FILL(avpn_registration, fill_registration);
    FILL(avpn_registration_status, fill_registration_status);
    FILL(avpn_registry_entry, fill_registry);
    FILL(avpn_registry_status, fill_registry_status);
    FILL(avpn_route, fill_route);
    FILL(avpn_rule, fill_rule);
    FILL(avpn_rule_status, fill_rule_status);
    FILL(avpn_token, fill_token);
    FILL(avpn_uplink_status, fill_uplink);
}

static uint32_t library_bytes(size_t bytes)
{
#ifdef LIBRARY_IS_NEWER
    return (uint32_t)bytes + LATER_BYTES;
#else
    return (uint32_t)KNOWN(bytes);
#endif
}

/* No claim is there: of it only the size is judged. */
static void try_claim(void)
{
    struct avpn_claim *claim = fence(sizeof *claim);

    names[name_count++] = "avpn_claim";
    memset(claim, 0xaa, sizeof *claim);
    claim->size = sizeof *claim;
    tell(avpn_publisher_claim(publisher, 0, claim) == AVPN_ERROR_EMPTY, "avpn_claim", "none is there");
    claim->size = (uint32_t)FIRST(sizeof *claim) - 1;
    tell(avpn_publisher_claim(publisher, 0, claim) == AVPN_ERROR_ARGUMENT, "avpn_claim",
         "a size that no version has is refused");
}

static void try_callbacks(void)
{
    struct avpn_config *empty;

    names[name_count++] = "avpn_sa_change";
    tell(sa_changes > 0 && sa_change_bytes == library_bytes(sizeof(struct avpn_sa_change)),
         "avpn_sa_change", "%u told, of %u bytes", sa_changes, sa_change_bytes);
    names[name_count++] = "avpn_problem";
    must(avpn_config_new(NULL, &empty) == AVPN_OK, "a configuration");
    avpn_config_check(empty, note_problem, NULL);
    tell(problem_bytes == library_bytes(sizeof(struct avpn_problem)), "avpn_problem", "%u bytes",
         problem_bytes);
    avpn_config_del(empty);
}

static void is_tried(const char *name)
{
    for (size_t i = 0; i < name_count; i++)
        if (strcmp(names[i], name) == 0)
            return;
    tell(0, name, "grows, and is tried nowhere here");
}

int main(void)
{
    struct avpn_publisher_options options;
    struct avpn_host host;

    begin();
    options = publisher_options();
    host = host_of(SPOKE);
    must(avpn_publisher_new(&options, &host, now, &publisher) == AVPN_OK, "a publisher");
    try_fills();
    try_callbacks();
    try_claim();
    try_reads();
#define TRIED(type) is_tried(#type);
    GROWABLE(TRIED)
    printf("1..%d\n", number);
    return failures != 0;
}
