/* SPDX-License-Identifier: ISC */
/*
 * The registry daemon under SIGKILL: publishes and claims go on, round after round, while it is killed at a
 * random moment and started again. What it confirmed, it serves; what it did not, it serves whole or not at all.
 *
 * A round: the next version is offered, and a device claims the place that the version before has added, both at once, until the
 * daemon is killed. Then a new one is asked for what it serves, and for the claims it holds. Each version adds a place,
 * so that the versions a registry begins with again do not all know the claims it holds.
 * AVPN_KILL_ROUNDS and AVPN_KILL_SEED change how often and when.
 */
#include "harness.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <autovpn/authority.h>
#include <autovpn/node.h>
#include <autovpn/publisher.h>

#include "common/loop.h"
#include "common/udp.h"

#define MEMBERS 400      /* a document of many parts: as many moments to be killed in */
#define FIRST_PLACE 1001 /* of the places that wait for devices */
#define ROUNDS 40
#define PLACES (ROUNDS + 1)
#define PORT 9350 /* [DMX-4] */
#define PATIENCE (20 * AVPN_SECOND)
#define BUNDLE_BYTES (1u << 20)
#define PART_BYTES 1000 /* a datagram of this size or more carries a part */

struct document {
    uint8_t *bytes;
    size_t count;
    uint64_t version; /* 0: none */
};

/* A socket and the engine behind it, one of the two. */
struct end {
    struct udp udp;
    struct avpn_publisher *publisher;
    struct avpn_node *node;
    uint32_t parts_sent;
};

struct office {
    char directory[64], settings[96], program[512];
    char host[16];
    struct avpn_contact contact; /* the same */
    pid_t daemon;
    struct avpn_key root, signer, organization;
    struct avpn_key_pair registry;
    /* one for each place; version v has the first v of them */
    struct avpn_key_pair devices[PLACES];
    struct avpn_token tokens[PLACES];
    struct avpn_invite invites[PLACES];
    uint8_t is_confirmed[PLACES]; /* the device heard that its claim is noted */
    uint32_t round_count;
    avpn_span kill_within; /* twice what a publish takes here: half of them end */
    struct document confirmed, offered;
    struct end desk, device;
    struct udp_buffers *buffers;
    uint64_t chance;
};

static struct office office;

/* ---- the daemon ------------------------------------------------------------------------- */

static void write_file(const char *name, const char *text)
{
    char path[160];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", office.directory, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

/* An address of this process's own in 127.0.0.0/8, so that tests that run at once do not meet. */
static void choose_address(void)
{
    uint32_t pid = (uint32_t)getpid();

    office.contact = (struct avpn_contact){
        .family = AVPN_FAMILY_IPV4,
        .port = PORT,
        .bytes = {127, (uint8_t)(pid >> 16 | 0x80), (uint8_t)(pid >> 8), (uint8_t)pid}};
    snprintf(office.host, sizeof office.host, "127.%u.%u.%u", office.contact.bytes[1],
             office.contact.bytes[2], office.contact.bytes[3]);
}

static void write_settings(void)
{
    char text[1024], key[AVPN_KEY_TEXT], id[AVPN_KEY_TEXT];

    avpn_key_format(&office.registry.secret_key, key, sizeof key);
    avpn_key_format(&office.organization, id, sizeof id);
    write_file("key", key);
    snprintf(text, sizeof text,
             "listen: [\"%s:%u\"]\nkey: %s/key\nstore: %s/registry.db\ncontrol: %s/control\n"
             "log: debug\norganizations:\n  - {id: %s}\n",
             office.host, PORT, office.directory, office.directory, office.directory, id);
    write_file("registry.yaml", text);
    snprintf(office.settings, sizeof office.settings, "%s/registry.yaml", office.directory);
}

static pid_t start(const char *option)
{
    char log[96];
    pid_t child;

    snprintf(log, sizeof log, "%s/log", office.directory);
    fflush(stdout);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child != 0)
        return child;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves no daemon behind */
    (void)dup2(open(log, O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
    (void)dup2(STDERR_FILENO, STDOUT_FILENO); /* TAP is not its to write */
    execl(office.program, office.program, "--config", office.settings, option, (char *)NULL);
    _exit(127);
}

static void kill_daemon(void)
{
    int status;

    ck_assert_int_eq(kill(office.daemon, SIGKILL), 0);
    ck_assert_int_eq(waitpid(office.daemon, &status, 0), office.daemon);
    ck_assert_msg(WIFSIGNALED(status), "the registry had ended by itself: see %s/log",
                  office.directory);
    office.daemon = 0;
}

/* ---- signing ------------------------------------------------------------------------------- */

static struct avpn_key draw_key(void)
{
    struct avpn_key key;

    for (size_t i = 0; i < sizeof key.bytes; i++)
        key.bytes[i] = (uint8_t)(harness_random(&office.chance) >> 24);
    return key;
}

static struct avpn_registry_entry registry_entry(void)
{
    struct avpn_registry_entry entry = {.size = sizeof entry,
                                        .key = office.registry.public_key,
                                        .port = PORT};

    memcpy(entry.host, office.host, sizeof office.host);
    return entry;
}

static struct avpn_token_registry token_registry(void)
{
    struct avpn_token_registry place = {.key = office.registry.public_key, .port = PORT};

    memcpy(place.host, office.host, sizeof office.host);
    return place;
}

static void make_invites(void)
{
    for (uint32_t i = 0; i < PLACES; i++) {
        struct avpn_token *token = &office.tokens[i];

        *token = (struct avpn_token){.size = sizeof *token,
                                     .member = FIRST_PLACE + i,
                                     .organization = office.organization,
                                     .version = i + 1,
                                     .expires = loop_wall_clock(NULL) + 3600,
                                     .registry_count = 1,
                                     .registries = {token_registry()}};
        memcpy(token->secret, draw_key().bytes, sizeof token->secret);
        office.invites[i] = (struct avpn_invite){
            .size = sizeof office.invites[i], .member = token->member, .expires = token->expires};
        ck_assert_int_eq(avpn_token_claim_key(token, &office.invites[i].key), AVPN_OK);
        ck_assert_int_eq(avpn_key_pair_generate(&office.devices[i]), AVPN_OK);
    }
}

static void add_members(struct avpn_config *config, uint64_t version)
{
    for (uint32_t id = 1; id <= MEMBERS; id++) {
        struct avpn_member member = {.size = sizeof member, .id = id, .role = AVPN_ROLE_HUB};

        /* any 32 bytes serve: these members never come */
        member.key.bytes[0] = (uint8_t)id;
        member.key.bytes[1] = (uint8_t)(id >> 8);
        member.key.bytes[8] = 9;
        snprintf(member.name, sizeof member.name, "site-%u", id);
        member.export_count = 1;
        member.exports[0] = (struct avpn_prefix){
            .family = AVPN_FAMILY_IPV4,
            .length = 24,
            .bytes = {10, (uint8_t)(id >> 8), (uint8_t)id, 0}};
        if (id == version % MEMBERS + 1)
            member.exports[0].bytes[0] = 11;
        ck_assert_int_eq(avpn_config_add_member(config, &member), AVPN_OK);
    }
}

static struct avpn_authority *open_authority(void)
{
    struct avpn_authority *authority;

    ck_assert_int_eq(avpn_authority_new(NULL, &authority), AVPN_OK);
    ck_assert_int_eq(avpn_authority_add_root(authority, &office.root), AVPN_OK);
    ck_assert_int_eq(avpn_authority_add_signer(authority, &office.signer), AVPN_OK);
    return authority;
}

static struct document sign(uint64_t version)
{
    struct avpn_registry_entry entry = registry_entry();
    struct avpn_publication publication = {.size = sizeof publication,
                                           .version = version,
                                           .created = loop_wall_clock(NULL),
                                           .psk_epoch = 1,
                                           .psk = office.root,
                                           .invites = office.invites,
                                           .invite_count = version};
    struct document document = {.bytes = malloc(BUNDLE_BYTES), .version = version};
    struct avpn_authority *authority = open_authority();
    struct avpn_config *config;

    ck_assert_int_eq(avpn_config_new(NULL, &config), AVPN_OK);
    ck_assert_int_eq(avpn_config_set_name(config, "kill"), AVPN_OK);
    ck_assert_int_eq(avpn_config_add_registry(config, &entry), AVPN_OK);
    add_members(config, version);
    ck_assert_int_eq(avpn_authority_sign(authority, config, &publication, document.bytes,
                                         BUNDLE_BYTES, &document.count),
                     AVPN_OK);
    avpn_config_del(config);
    avpn_authority_del(authority);
    return document;
}

/* ---- engines and their sockets ----------------------------------------------------------- */

static void transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    struct end *end = user;

    for (size_t i = 0; i < count; i++)
        if (batch[i].packets.bytes >= PART_BYTES)
            end->parts_sent += batch[i].packets.count;
    udp_send(&end->udp, batch, count);
}

static void deliver(void *user, const struct avpn_packets *batch, size_t count)
{
    (void)user;
    (void)batch;
    (void)count;
}

static struct avpn_host host_of(struct end *end)
{
    struct avpn_host host = {.size = sizeof host,
                             .user = end,
                             .wall_clock = loop_wall_clock,
                             .transmit = transmit,
                             .deliver = deliver};
    return host;
}

static void open_socket(struct end *end)
{
    struct udp_options options = {.bind = {.family = AVPN_FAMILY_IPV4, .bytes = {127, 0, 0, 1}}};

    memset(end, 0, sizeof *end);
    ck_assert_int_eq(udp_open(&end->udp, &options), 0);
}

static void close_end(struct end *end)
{
    avpn_publisher_del(end->publisher);
    avpn_node_del(end->node);
    udp_close(&end->udp);
    end->publisher = NULL;
    end->node = NULL;
}

static void open_desk(void)
{
    struct avpn_publisher_options options = {.size = sizeof options,
                                             .organization = office.organization,
                                             .registry = office.registry.public_key,
                                             .signer = office.signer,
                                             .contact = office.contact};
    struct avpn_host host;

    open_socket(&office.desk);
    host = host_of(&office.desk);
    ck_assert_int_eq(avpn_publisher_new(&options, &host, loop_now(), &office.desk.publisher),
                     AVPN_OK);
}

static void open_device(const struct avpn_key_pair *pair, const struct avpn_token *token)
{
    struct avpn_node_options options = {.size = sizeof options,
                                        .organization = office.organization,
                                        .identity = *pair,
                                        .token = token};
    struct avpn_uplink uplink = {.size = sizeof uplink, .is_up = 1};
    struct avpn_host host;

    open_socket(&office.device);
    uplink.local = office.device.udp.bound;
    host = host_of(&office.device);
    ck_assert_int_eq(avpn_node_new(&options, &host, loop_now(), &office.device.node), AVPN_OK);
    ck_assert_int_eq(avpn_node_set_uplink(office.device.node, 0, &uplink, loop_now()), AVPN_OK);
}

static avpn_time deadline_of(const struct end *end)
{
    if (end->publisher)
        return avpn_publisher_deadline(end->publisher);
    return end->node ? avpn_node_deadline(end->node) : AVPN_TIME_NEVER;
}

static void serve(struct end *end)
{
    struct avpn_datagrams batch[UDP_BATCH];
    avpn_time now = loop_now();
    size_t count;

    while ((end->publisher || end->node) &&
           (count = udp_receive(&end->udp, office.buffers, batch)) > 0) {
        if (end->publisher)
            (void)avpn_publisher_receive(end->publisher, batch, count, now);
        else
            (void)avpn_node_receive(end->node, batch, count, now);
    }
    if (end->publisher)
        avpn_publisher_tick(end->publisher, now);
    if (end->node)
        avpn_node_tick(end->node, now);
}

/* Both ends: wait for a datagram, one of their deadlines or `latest`, and serve what came. */
static void turn(avpn_time latest)
{
    struct pollfd sockets[2] = {{office.desk.publisher ? office.desk.udp.fd : -1, POLLIN, 0},
                                {office.device.node ? office.device.udp.fd : -1, POLLIN, 0}};
    avpn_span left;

    if (deadline_of(&office.desk) < latest)
        latest = deadline_of(&office.desk);
    if (deadline_of(&office.device) < latest)
        latest = deadline_of(&office.device);
    left = latest - loop_now();
    (void)poll(sockets, 2, left > 0 ? (int)(left / AVPN_MILLISECOND) + 1 : 0);
    serve(&office.desk);
    serve(&office.device);
}

static struct avpn_publisher_status desk_status(void)
{
    struct avpn_publisher_status status = {.size = sizeof status};

    ck_assert_int_eq(avpn_publisher_status(office.desk.publisher, &status), AVPN_OK);
    return status;
}

static uint8_t join_state(void)
{
    struct avpn_node_status status = {.size = sizeof status};

    ck_assert_int_eq(avpn_node_status(office.device.node, &status), AVPN_OK);
    return status.join;
}

/* ---- what a registry serves ----------------------------------------------------------------- */

/* Turn until the publisher is idle or done; a registry that was just started may take a while. */
static struct avpn_publisher_status settle_desk(void)
{
    avpn_time until = loop_now() + PATIENCE;
    struct avpn_publisher_status status;

    for (;;) {
        status = desk_status();
        if (status.state == AVPN_PUBLISHER_IDLE || status.state >= AVPN_PUBLISHER_DONE)
            break;
        ck_assert_msg(loop_now() < until, "the registry does not answer (state %u): see %s/log",
                      status.state, office.directory);
        turn(until);
    }
    return status;
}

/* Whether it serves this document, to the byte: it says so by hash, and wants no part of it. */
static void expect_in_force(const struct document *document)
{
    struct avpn_publisher_status status;

    office.desk.parts_sent = 0;
    ck_assert_int_eq(avpn_publisher_offer(office.desk.publisher, document->bytes, document->count,
                                          loop_now()),
                     AVPN_OK);
    status = settle_desk();
    ck_assert_msg(status.state == AVPN_PUBLISHER_DONE && office.desk.parts_sent == 0,
                  "version %llu was confirmed and is not served: state %u, %s, %u parts sent",
                  (unsigned long long)document->version, status.state,
                  avpn_publish_result_text(status.reason), office.desk.parts_sent);
}

/* The last version confirmed, or the one that was on its way: then that one is the last from here on. */
static void check_served(void)
{
    uint64_t served;

    open_desk();
    served = settle_desk().served_version;
    if (office.offered.version != 0 && served == office.offered.version) {
        free(office.confirmed.bytes);
        office.confirmed = office.offered;
        memset(&office.offered, 0, sizeof office.offered);
    }
    ck_assert_uint_eq(served, office.confirmed.version);
    if (office.confirmed.version)
        expect_in_force(&office.confirmed);
    free(office.offered.bytes);
    memset(&office.offered, 0, sizeof office.offered);
}

static int is_listed(uint32_t member, const struct avpn_key *device)
{
    struct avpn_claim claim = {.size = sizeof claim};

    for (uint32_t i = 0; avpn_publisher_claim(office.desk.publisher, i, &claim) == AVPN_OK; i++)
        if (claim.member == member && memcmp(&claim.device, device, sizeof *device) == 0)
            return 1;
    return 0;
}

static void check_claims(void)
{
    ck_assert_int_eq(avpn_publisher_list_claims(office.desk.publisher, loop_now()), AVPN_OK);
    ck_assert_int_eq(settle_desk().state, AVPN_PUBLISHER_DONE);
    for (uint32_t i = 0; i < PLACES; i++)
        ck_assert_msg(!office.is_confirmed[i] ||
                          is_listed(FIRST_PLACE + i, &office.devices[i].public_key),
                      "the claim of member %u was confirmed and is gone", FIRST_PLACE + i);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

/* Publish and claim until the moment to kill; what was confirmed by then is what has to be there. */
static void disturb(void)
{
    uint32_t place = (uint32_t)office.confirmed.version - 1;
    avpn_time until;

    office.offered = sign(office.confirmed.version + 1);
    until = loop_now() + (avpn_span)(harness_random(&office.chance) % (uint64_t)office.kill_within);
    ck_assert_int_eq(avpn_publisher_offer(office.desk.publisher, office.offered.bytes,
                                          office.offered.count, loop_now()),
                     AVPN_OK);
    open_device(&office.devices[place], &office.tokens[place]);
    while (loop_now() < until)
        turn(until);
    kill_daemon();
    if (desk_status().state == AVPN_PUBLISHER_DONE) {
        free(office.confirmed.bytes);
        office.confirmed = office.offered;
        memset(&office.offered, 0, sizeof office.offered);
    }
    if (join_state() == AVPN_JOIN_PENDING)
        office.is_confirmed[place] = 1;
    close_end(&office.device);
    close_end(&office.desk);
}

static void begin(void)
{
    const char *root = getenv("AVPN_BUILD_ROOT"), *seed = getenv("AVPN_KILL_SEED");

    memset(&office, 0, sizeof office);
    office.chance = seed ? strtoull(seed, NULL, 10) : (uint64_t)loop_now();
    printf("# AVPN_KILL_SEED=%llu\n", (unsigned long long)office.chance);
    strcpy(office.directory, "/tmp/test_kill.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(office.directory));
    snprintf(office.program, sizeof office.program, "%s/examples/registry/autovpn-registry",
             root ? root : "build");
    office.root = draw_key();
    office.signer = draw_key();
    ck_assert_int_eq(avpn_key_pair_generate(&office.registry), AVPN_OK);
    choose_address();
    office.buffers = udp_buffers_new(UDP_BATCH);

    struct avpn_authority *authority = open_authority();

    ck_assert_int_eq(avpn_authority_organization(authority, &office.organization), AVPN_OK);
    avpn_authority_del(authority);
    make_invites();
    write_settings();
    office.daemon = start(NULL);
}

static void end(void)
{
    char command[128];

    close_end(&office.desk);
    close_end(&office.device);
    kill_daemon();
    free(office.confirmed.bytes);
    udp_buffers_del(office.buffers);
    snprintf(command, sizeof command, "rm -rf '%s'", office.directory);
    ck_assert_int_eq(system(command), 0);
}

/* The first version is published in peace: claims need invites that are served. */
static void publish_first(void)
{
    avpn_time began;

    check_served();
    office.confirmed = sign(1);
    began = loop_now();
    ck_assert_int_eq(avpn_publisher_offer(office.desk.publisher, office.confirmed.bytes,
                                          office.confirmed.count, loop_now()),
                     AVPN_OK);
    ck_assert_int_eq(settle_desk().state, AVPN_PUBLISHER_DONE);
    office.kill_within = 2 * (loop_now() - began);
    ck_assert_uint_gt(office.desk.parts_sent, 20);
}

static uint32_t confirmed_claims(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < PLACES; i++)
        count += office.is_confirmed[i];
    return count;
}

/* A place that was claimed stays claimed: another device with the same token is told so. */
static void check_that_places_are_taken(void)
{
    struct avpn_key_pair other;
    avpn_time until = loop_now() + PATIENCE;

    for (uint32_t i = 0; i < PLACES; i++) {
        if (!office.is_confirmed[i])
            continue;
        ck_assert_int_eq(avpn_key_pair_generate(&other), AVPN_OK);
        open_device(&other, &office.tokens[i]);
        while (join_state() == AVPN_JOIN_CLAIMING && loop_now() < until)
            turn(until);
        ck_assert_uint_eq(join_state(), AVPN_JOIN_TAKEN);
        close_end(&office.device);
        return;
    }
}

START_TEST(a_registry_killed_at_any_moment_loses_nothing_it_confirmed)
{
    const char *rounds = getenv("AVPN_KILL_ROUNDS");
    uint64_t last = 1;
    uint32_t took = 0;
    int status;

    begin();
    publish_first();
    while (office.round_count < (rounds ? (uint32_t)atoi(rounds) : ROUNDS) &&
           office.round_count < ROUNDS) {
        disturb();
        office.round_count++;
        office.daemon = start(NULL);
        check_served();
        check_claims();
        took += office.confirmed.version > last;
        last = office.confirmed.version;
    }
    check_that_places_are_taken();
    printf("# %u kills, %u of %u publishes taken, %u claims confirmed\n", office.round_count, took,
           office.round_count, confirmed_claims());

    pid_t check = start("--check");

    ck_assert_int_eq(waitpid(check, &status, 0), check);
    ck_assert_int_eq(status, 0);
    end();
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(a_registry_killed_at_any_moment_loses_nothing_it_confirmed),
};
HARNESS_MAIN("e2e/kill", cases)
