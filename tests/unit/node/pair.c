/* SPDX-License-Identifier: ISC */
/* pair: see pair.h. */
#include "node/pair.h"

#include "base/address.h"
#include "harness.h"
#include "link/path.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- heaps -------------------------------------------------------------------------- */

#define BLOCK_HEAD 16
#define PAIR_TORN 64 /* of a torn write so many bytes arrive: of a configuration, the version but no signature */

static bool heap_fails(struct pair_host *host)
{
    struct pair *pair = host->pair;

    host->heap.calls++;
    pair->allocation_calls++;
    if (pair->allocation_fail_at == 0)
        return false;
    return pair->fails_on ? pair->allocation_calls >= pair->allocation_fail_at
                          : pair->allocation_calls == pair->allocation_fail_at;
}

static void *heap_allocate(void *user, size_t bytes)
{
    struct pair_host *host = user;
    struct pair_heap *heap = &host->heap;
    uint8_t *block;

    if (heap_fails(host))
        return NULL;
    if (heap->is_arena) {
        ck_assert_uint_le(heap->used + bytes + 2 * BLOCK_HEAD, PAIR_ARENA);
        block = heap->arena + heap->used;
        heap->used += (bytes + BLOCK_HEAD + 15) / 16 * 16;
    } else {
        block = malloc(bytes + BLOCK_HEAD);
        ck_assert_ptr_nonnull(block);
    }
    memcpy(block, &bytes, sizeof bytes);
    memset(block + BLOCK_HEAD, 0xA5, bytes);
    heap->live_blocks++;
    heap->live_bytes += bytes;
    return block + BLOCK_HEAD;
}

static void heap_release(void *user, void *memory)
{
    struct pair_heap *heap = &((struct pair_host *)user)->heap;
    size_t bytes;

    if (memory == NULL)
        return;
    memcpy(&bytes, (uint8_t *)memory - BLOCK_HEAD, sizeof bytes);
    heap->live_blocks--;
    heap->live_bytes -= bytes;
    memset(memory, 0x5A, bytes);
    if (!heap->is_arena)
        free((uint8_t *)memory - BLOCK_HEAD);
}

static void *heap_resize(void *user, void *memory, size_t bytes)
{
    size_t old = 0;
    void *block;

    if (memory != NULL)
        memcpy(&old, (uint8_t *)memory - BLOCK_HEAD, sizeof old);
    block = heap_allocate(user, bytes);
    if (block != NULL && memory != NULL) {
        memcpy(block, memory, old < bytes ? old : bytes);
        heap_release(user, memory);
    }
    return block;
}

/* ---- the other seams ------------------------------------------------------------------ */

static void fill(struct pair *pair, uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)harness_random(&pair->random_state);
}

static int32_t seam_random(void *user, uint8_t *bytes, size_t count)
{
    struct pair *pair = ((struct pair_host *)user)->pair;

    pair->random_calls++;
    if (pair->random_fail_at != 0 && (pair->random_fails_on
                                          ? pair->random_calls >= pair->random_fail_at
                                          : pair->random_calls == pair->random_fail_at))
        return -1;
    fill(pair, bytes, count);
    return 0;
}

static int64_t seam_clock(void *user)
{
    return ((struct pair_host *)user)->pair->wall_clock;
}

/* The blob of that name, or a free one. */
static struct pair_blob *find_blob(struct pair_host *host, const char *name)
{
    struct pair_blob *blob = host->stored;

    ck_assert_uint_lt(strlen(name), sizeof blob->name);
    while (blob->bytes != NULL && strcmp(blob->name, name) != 0)
        blob++;
    ck_assert(blob < host->stored + PAIR_BLOBS);
    return blob;
}

struct pair_blob *pair_stored(struct pair *pair, uint32_t number, const char *name)
{
    return find_blob(&pair->hosts[number], name);
}

static int64_t seam_read(void *user, const char *name, uint8_t *bytes, size_t capacity)
{
    struct pair_host *host = user;
    struct pair_blob *blob = find_blob(host, name);

    if (!host->stores || blob->bytes == NULL)
        return -1;
    if (capacity > 0)
        memcpy(bytes, blob->bytes, capacity < blob->count ? capacity : blob->count);
    return (int64_t)blob->count;
}

static int32_t seam_write(void *user, const char *name, const uint8_t *bytes, size_t count)
{
    struct pair_host *host = user;
    struct pair *pair = host->pair;
    struct pair_blob *blob = find_blob(host, name);

    if (!host->stores || ++pair->writes == pair->write_fails_at)
        return -1;
    if (pair->writes == pair->write_tears_at) { /* what was there stays behind the first bytes */
        memcpy(blob->bytes, bytes, count < PAIR_TORN ? count : PAIR_TORN);
        return 0;
    }
    free(blob->bytes);
    strcpy(blob->name, name);
    blob->bytes = malloc(count);
    blob->count = count;
    memcpy(blob->bytes, bytes, count);
    return 0;
}

static void seam_resolve(void *user, uint32_t request, const char *name)
{
    struct pair_host *host = user;

    ck_assert_int_eq(name[0], 'r');
    host->resolve_calls++;
    host->resolve_request = request;
}

static void post(struct pair_host *host, const struct avpn_datagrams *batch, const uint8_t *bytes,
                 uint32_t count)
{
    struct pair *pair = host->pair;
    struct pair_datagram *d = &pair->wire[pair->wire_last % PAIR_WIRE];

    host->transmitted++;
    ck_assert_uint_le(count, PAIR_DATAGRAM);
    ck_assert_uint_lt(pair->wire_last - pair->wire_first, PAIR_WIRE);
    d->due = pair->now + pair->latency;
    d->from = host->number;
    d->uplink = batch->uplink;
    d->flags = batch->flags;
    d->source = host->contacts[batch->uplink];
    d->remote = batch->remote;
    d->bytes = count;
    memcpy(d->data, bytes, count);
    if (pair->filter == NULL || pair->filter(pair, d))
        pair->wire_last++;
}

static void seam_transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct avpn_packets *run = &batch[i].packets;

        ck_assert_uint_ge(run->count, 1);
        ((struct pair_host *)user)->last_run = *run;
        for (uint32_t k = 0; k < run->count; k++)
            post(user, &batch[i], run->data + (size_t)k * run->stride,
                 k + 1 < run->count ? run->bytes : run->last_bytes);
    }
}

static void seam_deliver(void *user, const struct avpn_packets *batch, size_t count)
{
    struct pair_host *host = user;

    host->deliver_calls++;
    for (size_t i = 0; i < count; i++) {
        const struct avpn_packets *run = &batch[i];

        host->delivered += run->count;
        host->delivered_runs++;
        host->last_inner = *run;
        for (uint32_t k = 0; host->pair->watch != NULL && k < run->count; k++)
            host->pair->watch(host->pair, host->number, run->data + (size_t)k * run->stride,
                              k + 1 < run->count ? run->bytes : run->last_bytes);
        memcpy(host->last_packet, run->data + (size_t)(run->count - 1) * run->stride,
               run->last_bytes < PAIR_DATAGRAM ? run->last_bytes : PAIR_DATAGRAM);
    }
}

static void seam_breakout(void *user, const struct avpn_packets *batch, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ((struct pair_host *)user)->broken_out += batch[i].count;
}

static void seam_event(void *user, const struct avpn_event *event)
{
    struct pair_host *host = user;

    ck_assert_uint_lt(event->kind, 64);
    host->events[event->kind]++;
    host->last_event[event->kind] = *event;
}

static void seam_log(void *user, uint32_t level, const char *text)
{
    struct pair_host *host = user;

    ck_assert(level >= AVPN_LOG_ERROR && level <= AVPN_LOG_DEBUG);
    snprintf(host->last_log, sizeof host->last_log, "%s", text);
}

static void seam_punt(void *user, const uint8_t *bytes, size_t count)
{
    struct pair_host *host = user;
    struct pair_punt *punt;

    ck_assert_uint_le(count, AVPN_PUNT_LIMIT);
    if (host->punt_count == host->punt_capacity) {
        host->punt_capacity = host->punt_capacity == 0 ? 16 : 2 * host->punt_capacity;
        host->punts = realloc(host->punts, host->punt_capacity * sizeof *host->punts);
        ck_assert_ptr_nonnull(host->punts);
    }
    punt = &host->punts[host->punt_count++];
    punt->bytes = malloc(count);
    punt->count = count;
    memcpy(punt->bytes, bytes, count);
    host->punted++;
}

static void seam_sa(void *user, const struct avpn_sa_change *change)
{
    struct pair_host *host = user;

    host->plane->change(host->plane, change);
}

static struct avpn_host seams(struct pair_host *host)
{
    return (struct avpn_host){.size = sizeof(struct avpn_host),
                              .user = host,
                              .allocate = heap_allocate,
                              .resize = heap_resize,
                              .release = heap_release,
                              .random = seam_random,
                              .wall_clock = seam_clock,
                              .store_read = seam_read,
                              .store_write = seam_write,
                              .resolve = seam_resolve,
                              .log = seam_log,
                              .transmit = seam_transmit,
                              .deliver = seam_deliver,
                              .breakout = host->has_breakout ? seam_breakout : NULL,
                              .sa = host->plane != NULL ? seam_sa : NULL,
                              .event = seam_event,
                              .aeads = host->aeads};
}

/* ---- making and ending ----------------------------------------------------------------- */

struct avpn_contact pair_contact(const char *text)
{
    struct avpn_contact contact;

    ck_assert_int_eq(avpn_contact_parse(text, &contact), AVPN_OK);
    return contact;
}

static void name_contact(struct pair_host *host, uint32_t uplink, bool is_registry)
{
    char text[AVPN_CONTACT_TEXT];

    if (is_registry)
        snprintf(text, sizeof text, "198.51.100.%u:9350", host->number + 1);
    else
        snprintf(text, sizeof text, "203.0.%u.%u:%u", 113 + uplink, host->number + 1,
                 40000 + uplink);
    host->contacts[uplink] = pair_contact(text);
}

static uint32_t workers_of_environment(void)
{
    const char *text = getenv("AVPN_TEST_WORKERS");
    unsigned long count = text == NULL ? 0 : strtoul(text, NULL, 10);

    return count < PAIR_WORKERS ? (uint32_t)count : PAIR_WORKERS;
}

void pair_begin(struct pair *pair, const struct pair_site *sites, uint32_t count,
                uint32_t registries, uint64_t seed)
{
    memset(pair, 0, sizeof *pair);
    pair->latency = 5 * AVPN_MILLISECOND;
    pair->now = 1000 * AVPN_SECOND + 123456789; /* no round numbers */
    pair->random_state = seed;
    pair->node_count = count;
    pair->registry_count = registries;
    pair->psk_epoch = 1;
    pair->is_arena = true;
    pair->worker_count = workers_of_environment();
    pair->wire = calloc(PAIR_WIRE, sizeof *pair->wire);
    memcpy(pair->sites, sites, count * sizeof *sites);
    for (uint32_t i = 0; i < count + registries; i++) {
        struct pair_host *host = &pair->hosts[i];
        struct avpn_key secret;

        host->pair = pair;
        host->number = i;
        fill(pair, secret.bytes, sizeof secret.bytes);
        ck_assert_int_eq(avpn_key_pair_from_secret(&secret, &host->key), AVPN_OK);
        for (uint32_t u = 0; u < AVPN_UPLINKS; u++)
            name_contact(host, u, i >= count);
    }
}

void pair_close(struct pair *pair, uint32_t number)
{
    struct pair_host *host = &pair->hosts[number];

    for (uint32_t w = 0; w < PAIR_WORKERS; w++) {
        avpn_worker_del(host->workers[w]);
        host->workers[w] = NULL;
    }
    while (host->punt_count > 0)
        free(host->punts[--host->punt_count].bytes);
    free(host->punts);
    host->punts = NULL;
    host->punt_capacity = 0;
    avpn_node_del(host->node);
    avpn_registry_del(host->registry);
    host->node = NULL;
    host->registry = NULL;
    ck_assert_uint_eq(host->heap.live_blocks, 0); /* no leak */
    ck_assert_uint_eq(host->heap.live_bytes, 0);
    free(host->heap.arena);
    free(host->heap.copy);
    memset(&host->heap, 0, sizeof host->heap);
}

void pair_end(struct pair *pair)
{
    for (uint32_t i = 0; i < pair->node_count + pair->registry_count; i++) {
        pair_close(pair, i);
        for (uint32_t k = 0; k < PAIR_BLOBS; k++)
            free(pair->hosts[i].stored[k].bytes);
    }
    free(pair->bundle);
    free(pair->wire);
}

static void add_member(const struct pair *pair, struct avpn_config *config, uint32_t i)
{
    static const char *const names[PAIR_NODES] = {"a", "b", "c", "d", "e", "f"};
    const struct pair_site *site = &pair->sites[i];
    struct avpn_member member = {.size = sizeof member, .id = i + 1, .role = site->role,
                                 .key = pair->hosts[i].key.public_key,
                                 .flags = site->is_revoked ? AVPN_MEMBER_REVOKED : 0};

    strcpy(member.name, names[i]);
    for (; member.hub_count < 4 && site->hubs[member.hub_count] != 0; member.hub_count++) {
        member.hubs[member.hub_count].member = site->hubs[member.hub_count];
        member.hubs[member.hub_count].flags = site->takes_default ? AVPN_HUB_DEFAULT_ROUTE : 0;
    }
    for (; member.export_count < 3 && site->exports[member.export_count] != NULL;
         member.export_count++)
        ck_assert_int_eq(avpn_prefix_parse(site->exports[member.export_count],
                                           &member.exports[member.export_count]), AVPN_OK);
    for (; member.translation_count < 2 &&
           site->translations[2 * member.translation_count] != NULL;
         member.translation_count++) {
        struct avpn_translation *to = &member.translations[member.translation_count];
        const char *const *texts = &site->translations[2 * member.translation_count];

        ck_assert_int_eq(avpn_prefix_parse(texts[0], &to->local), AVPN_OK);
        ck_assert_int_eq(avpn_prefix_parse(texts[1], &to->exported), AVPN_OK);
    }
    if (site->manual != NULL) {
        member.manual[0] = pair_contact(site->manual);
        member.uplink_count = 1;
    }
    ck_assert_int_eq(avpn_config_add_member(config, &member), AVPN_OK);
}

static void show_problem(void *user, const struct avpn_problem *problem)
{
    (void)user;
    printf("# member %u %s: %s\n", problem->member, problem->field, problem->message);
}

static struct avpn_config *draw_up(struct pair *pair)
{
    struct avpn_config *config;

    ck_assert_int_eq(avpn_config_new(NULL, &config), AVPN_OK);
    ck_assert_int_eq(avpn_config_set_name(config, "example"), AVPN_OK);
    if (pair->suite_count > 0)
        avpn_config_set_suites(config, pair->suites, pair->suite_count);
    for (uint32_t i = 0; i < pair->registry_count; i++) {
        const struct pair_host *host = &pair->hosts[pair->node_count + i];
        struct avpn_registry_entry entry = {.size = sizeof entry, .port = 9350,
                                            .key = host->key.public_key};

        snprintf(entry.host, sizeof entry.host, pair->uses_names ? "r%u.example" : "198.51.100.%u",
                 host->number + 1);
        ck_assert_int_eq(avpn_config_add_registry(config, &entry), AVPN_OK);
    }
    for (uint32_t i = 0; i < pair->node_count; i++)
        if (!pair->sites[i].is_absent)
            add_member(pair, config, i);
    if (pair->amend != NULL)
        pair->amend(pair, config);
    ck_assert_uint_eq(avpn_config_check(config, show_problem, NULL), 0);
    return config;
}

void pair_publish(struct pair *pair)
{
    struct avpn_publication publication = {.size = sizeof publication, .version = ++pair->version,
                                           .psk_epoch = pair->psk_epoch, .created = 1,
                                           .expires = pair->expires,
                                           .invites = pair->invites,
                                           .invite_count = pair->invite_count};
    struct avpn_config *config = draw_up(pair);
    struct avpn_authority *authority;
    struct avpn_key seed;
    size_t needed;

    memset(&publication.psk, (int)pair->psk_epoch, sizeof publication.psk);
    memset(&publication.previous_psk, (int)pair->psk_epoch - 1, sizeof publication.psk);
    ck_assert_int_eq(avpn_authority_new(NULL, &authority), AVPN_OK);
    memset(&seed, 1, sizeof seed);
    ck_assert_int_eq(avpn_authority_add_root(authority, &seed), AVPN_OK);
    memset(&seed, 2, sizeof seed);
    ck_assert_int_eq(avpn_authority_add_signer(authority, &seed), AVPN_OK);
    ck_assert_int_eq(avpn_authority_organization(authority, &pair->organization), AVPN_OK);
    free(pair->bundle);
    pair->bundle = malloc(65536);
    ck_assert_int_eq(avpn_authority_sign(authority, config, &publication, pair->bundle, 65536,
                                         &needed), AVPN_OK);
    pair->bundle_bytes = needed;
    avpn_authority_del(authority);
    avpn_config_del(config);
}

static int32_t open_registry(struct pair *pair, struct pair_host *host)
{
    struct avpn_registry_options options = {
        .size = sizeof options,
        .identity = host->key,
        .handshakes_per_second = pair->registry_handshakes_per_second};
    struct avpn_host seam = seams(host);
    int32_t error = avpn_registry_new(&options, &seam, pair->now, &host->registry);

    if (error != AVPN_OK)
        return error;
    error = avpn_registry_set_organization(host->registry, &pair->organization, pair->bundle,
                                           pair->bundle_bytes, pair->now);
    if (error != AVPN_OK)
        pair_close(pair, host->number);
    return error;
}

static int32_t open_workers(struct pair *pair, struct pair_host *host)
{
    const struct avpn_worker_host seam = {.size = sizeof seam,
                                          .user = host,
                                          .transmit = seam_transmit,
                                          .deliver = seam_deliver,
                                          .breakout = host->has_breakout ? seam_breakout : NULL,
                                          .punt = seam_punt};

    for (uint32_t w = 0; w < pair->worker_count; w++) {
        int32_t error = avpn_worker_new(host->node, &seam, &host->workers[w]);

        if (error != AVPN_OK) {
            pair_close(pair, host->number);
            return error;
        }
    }
    return AVPN_OK;
}

void pair_post(struct pair_host *host, uint32_t uplink, const struct avpn_contact *remote,
               const uint8_t *bytes, uint32_t count)
{
    const struct avpn_datagrams batch = {.uplink = uplink, .remote = *remote};

    post(host, &batch, bytes, count);
}

int32_t pair_open(struct pair *pair, uint32_t number)
{
    struct pair_host *host = &pair->hosts[number];
    struct avpn_node_options options = {.size = sizeof options, .identity = host->key,
                                        .organization = pair->organization,
                                        .bundle = host->is_bare ? NULL : pair->bundle,
                                        .bundle_bytes = pair->bundle_bytes,
                                        .token = host->token,
                                        .undo_after = pair->undo_after,
                                        .hands_over = host->plane != NULL,
                                        .handshakes_per_second = pair->handshakes_per_second};
    struct avpn_host seam = seams(host);
    int32_t error;

    host->heap.is_arena = pair->is_arena;
    if (pair->is_arena && host->heap.arena == NULL) {
        host->heap.arena = calloc(1, PAIR_ARENA);
        host->heap.copy = malloc(PAIR_ARENA);
    }
    if (number >= pair->node_count)
        return open_registry(pair, host);
    error = avpn_node_new(&options, &seam, pair->now, &host->node);
    return error == AVPN_OK ? open_workers(pair, host) : error;
}

int32_t pair_uplink(struct pair *pair, uint32_t number, uint32_t uplink, bool is_up)
{
    struct avpn_uplink state = {.size = sizeof state, .is_up = is_up,
                                .local = pair->hosts[number].contacts[uplink]};

    return avpn_node_set_uplink(pair->hosts[number].node, uplink, &state, pair->now);
}

void pair_start(struct pair *pair)
{
    pair_publish(pair);
    for (uint32_t i = pair->node_count + pair->registry_count; i-- > 0;) {
        if (i < pair->node_count && pair->sites[i].is_absent)
            continue;
        ck_assert_int_eq(pair_open(pair, i), AVPN_OK);
        if (i < pair->node_count)
            ck_assert_int_eq(pair_uplink(pair, i, 0, true), AVPN_OK);
    }
}

void pair_configure(struct pair *pair)
{
    pair_publish(pair);
    for (uint32_t i = 0; i < pair->node_count + pair->registry_count; i++) {
        struct pair_host *host = &pair->hosts[i];

        if (host->registry != NULL)
            ck_assert_int_eq(avpn_registry_set_organization(host->registry, &pair->organization,
                                                            pair->bundle, pair->bundle_bytes,
                                                            pair->now), AVPN_OK);
        if (host->node != NULL && !pair->sites[i].is_absent)
            ck_assert_int_eq(avpn_node_set_configuration(host->node, pair->bundle,
                                                         pair->bundle_bytes, pair->now), AVPN_OK);
    }
}

/* ---- packets in and out ------------------------------------------------------------------- */

/* Whose turn it is; NULL: the node's. */
static struct avpn_worker *next_carrier(struct pair_host *host)
{
    uint32_t count = 0;

    while (count < PAIR_WORKERS && host->workers[count] != NULL)
        count++;
    if (count == 0 || host->carrier == PAIR_BY_NODE)
        return NULL;
    if (host->carrier == PAIR_BY_WORKER)
        return host->workers[0];
    count = host->turn++ % (count + 1);
    return count == 0 ? NULL : host->workers[count - 1];
}

void pair_take_punts(struct pair *pair, uint32_t number)
{
    struct pair_host *host = &pair->hosts[number];

    for (uint32_t i = 0; i < host->punt_count; i++) {
        ck_assert_int_eq(avpn_node_take_punt(host->node, host->punts[i].bytes, host->punts[i].count,
                                             pair->now), AVPN_OK);
        free(host->punts[i].bytes);
    }
    host->punt_count = 0;
}

static int32_t carried(struct pair *pair, struct pair_host *host, int32_t error)
{
    if (!host->keeps_punts)
        pair_take_punts(pair, host->number);
    return error;
}

int32_t pair_receive_runs(struct pair *pair, uint32_t number, const struct avpn_datagrams *batch,
                          size_t count)
{
    struct pair_host *host = &pair->hosts[number];
    struct avpn_worker *worker = next_carrier(host);

    return carried(pair, host, worker != NULL
                                   ? avpn_worker_receive(worker, batch, count, pair->now)
                                   : avpn_node_receive(host->node, batch, count, pair->now));
}

int32_t pair_send_runs(struct pair *pair, uint32_t number, const struct avpn_packets *batch,
                       size_t count)
{
    struct pair_host *host = &pair->hosts[number];
    struct avpn_worker *worker = next_carrier(host);

    return carried(pair, host, worker != NULL
                                   ? avpn_worker_send(worker, batch, count, pair->now)
                                   : avpn_node_send(host->node, batch, count, pair->now));
}

/* ---- time -------------------------------------------------------------------------------- */

static void carry(struct pair *pair, struct pair_datagram *d)
{
    for (uint32_t i = 0; i < pair->node_count + pair->registry_count; i++)
        for (uint32_t u = 0; u < AVPN_UPLINKS; u++) {
            struct pair_host *host = &pair->hosts[i];
            struct avpn_datagrams in = {u, d->source, {d->data, 1, d->bytes, d->bytes, d->bytes}};

            if (!avpni_contact_is_equal(&host->contacts[u], &d->remote))
                continue;
            if (host->plane != NULL && avpni_message_kind(d->data, d->bytes) == AVPNI_KIND_ESP) {
                host->plane->receive(host->plane, d, u);
                return;
            }
            if (host->node != NULL)
                ck_assert_int_eq(pair_receive_runs(pair, i, &in, 1), AVPN_OK);
            if (host->registry != NULL && u == 0)
                ck_assert_int_eq(avpn_registry_receive(host->registry, &in, 1, pair->now), AVPN_OK);
            return;
        }
}

static avpn_time next_moment(const struct pair *pair, avpn_time end)
{
    avpn_time next = end;

    if (pair->wire_first != pair->wire_last &&
        pair->wire[pair->wire_first % PAIR_WIRE].due < next)
        next = pair->wire[pair->wire_first % PAIR_WIRE].due;
    for (uint32_t i = 0; i < pair->node_count + pair->registry_count; i++) {
        const struct pair_host *host = &pair->hosts[i];
        avpn_time when = AVPN_TIME_NEVER;

        if (host->node != NULL)
            when = avpn_node_deadline(host->node);
        if (host->registry != NULL)
            when = avpn_registry_deadline(host->registry);
        if (when < next)
            next = when;
    }
    return next < pair->now ? pair->now : next;
}

void pair_run(struct pair *pair, avpn_span span)
{
    avpn_time end = pair->now + span;
    uint32_t idle = 0;

    pair->is_stopped = false;
    while (pair->now < end || (pair->wire_first != pair->wire_last &&
                               pair->wire[pair->wire_first % PAIR_WIRE].due <= end)) {
        avpn_time next = next_moment(pair, end);

        idle = next == pair->now ? idle + 1 : 0;
        ck_assert_uint_lt(idle, 100000); /* time stands still */
        pair->now = next;
        while (!pair->is_stopped && pair->wire_first != pair->wire_last &&
               pair->wire[pair->wire_first % PAIR_WIRE].due <= pair->now)
            carry(pair, &pair->wire[pair->wire_first++ % PAIR_WIRE]);
        for (uint32_t i = 0; !pair->is_stopped &&
                             i < pair->node_count + pair->registry_count; i++) {
            if (pair->hosts[i].node != NULL)
                avpn_node_tick(pair->hosts[i].node, pair->now);
            if (pair->hosts[i].node != NULL && pair->hosts[i].plane != NULL)
                pair->hosts[i].plane->tick(pair->hosts[i].plane, pair->now);
            if (pair->hosts[i].registry != NULL)
                avpn_registry_tick(pair->hosts[i].registry, pair->now);
        }
        if (pair->is_stopped)
            return;
    }
}

void pair_receive(struct pair *pair, uint32_t number, uint32_t uplink,
                  const struct avpn_contact *source, const uint8_t *bytes, size_t count)
{
    static uint8_t copy[PAIR_DATAGRAM + 64];
    struct avpn_datagrams in = {uplink, *source,
                                {copy, 1, (uint32_t)count, (uint32_t)count, (uint32_t)count}};

    memcpy(copy, bytes, count);
    ck_assert_int_eq(pair_receive_runs(pair, number, &in, 1), AVPN_OK);
}

/* ---- inner packets ------------------------------------------------------------------------ */

static uint16_t checksum(const uint8_t *bytes, size_t count)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < count; i += 2)
        sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    while (sum >> 16 != 0)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)~sum;
}

void pair_packet(uint8_t *packet, const char *source, const char *destination, uint32_t bytes)
{
    struct avpn_address from, to;

    ck_assert_int_eq(avpn_address_parse(source, &from), AVPN_OK);
    ck_assert_int_eq(avpn_address_parse(destination, &to), AVPN_OK);
    for (uint32_t i = 0; i < bytes; i++)
        packet[i] = (uint8_t)(i * 7);
    if (from.family == AVPN_FAMILY_IPV6) {
        memset(packet, 0, 40);
        packet[0] = 0x60;
        packet[4] = (uint8_t)((bytes - 40) >> 8);
        packet[5] = (uint8_t)(bytes - 40);
        packet[6] = 59;
        packet[7] = 64;
        memcpy(packet + 8, from.bytes, 16);
        memcpy(packet + 24, to.bytes, 16);
        return;
    }
    memset(packet, 0, 20);
    packet[0] = 0x45;
    packet[2] = (uint8_t)(bytes >> 8);
    packet[3] = (uint8_t)bytes;
    packet[8] = 64;
    packet[9] = 253;
    memcpy(packet + 12, from.bytes, 4);
    memcpy(packet + 16, to.bytes, 4);
    uint16_t sum = checksum(packet, 20);

    packet[10] = (uint8_t)(sum >> 8);
    packet[11] = (uint8_t)sum;
}

void pair_send(struct pair *pair, uint32_t number, const char *source, const char *destination,
               uint32_t count, uint32_t bytes, uint32_t last)
{
    uint32_t stride = avpn_sealed_bytes(bytes);
    uint8_t *room = calloc(count + 1, stride + AVPN_HEADROOM + AVPN_TAILROOM);
    struct avpn_packets run = {room + AVPN_HEADROOM, count, bytes, last, stride};

    for (uint32_t i = 0; i < count; i++)
        pair_packet(run.data + (size_t)i * stride, source, destination,
                    i + 1 < count ? bytes : last);
    for (uint32_t i = 0; pair->hosts[number].plane != NULL && i < count; i++)
        pair->hosts[number].plane->send(pair->hosts[number].plane, run.data + (size_t)i * stride,
                                        i + 1 < count ? bytes : last);
    if (pair->hosts[number].plane == NULL)
        ck_assert_int_eq(pair_send_runs(pair, number, &run, 1), AVPN_OK);
    free(room);
}

void pair_give(struct pair *pair, uint32_t number, const uint8_t *packet, uint32_t bytes)
{
    static uint8_t room[AVPN_HEADROOM + PAIR_DATAGRAM + AVPN_TAILROOM];
    struct avpn_packets run = {room + AVPN_HEADROOM, 1, bytes, bytes, bytes};

    ck_assert_uint_le(bytes, PAIR_DATAGRAM);
    memcpy(run.data, packet, bytes);
    ck_assert_int_eq(pair_send_runs(pair, number, &run, 1), AVPN_OK);
}

/* ---- looking in ------------------------------------------------------------------------------ */

struct avpni_peer *pair_peer(struct pair *pair, uint32_t number, uint32_t of)
{
    return avpni_node_find_peer(pair->hosts[number].node, of + 1);
}

struct avpni_path *pair_path(struct pair *pair, uint32_t number, uint32_t of)
{
    struct avpni_peer *peer = pair_peer(pair, number, of);

    return peer == NULL ? NULL : peer->paths[0];
}

uint64_t pair_counter(const struct pair *pair, uint32_t number, enum avpn_counter counter)
{
    uint64_t counters[AVPN_COUNTERS];

    ck_assert_uint_eq(avpn_node_counters(pair->hosts[number].node, counters, AVPN_COUNTERS),
                      AVPN_COUNTERS);
    return counters[counter];
}

bool pair_is_up(struct pair *pair, uint32_t number, uint32_t of)
{
    struct avpni_peer *peer = pair_peer(pair, number, of);

    return peer != NULL && peer->is_up;
}

uint32_t pair_initiator(const struct pair *pair, uint32_t a, uint32_t b)
{
    return memcmp(&pair->hosts[a].key.public_key, &pair->hosts[b].key.public_key,
                  sizeof(struct avpn_key)) < 0 ? a : b;
}

/* ---- nothing changed ------------------------------------------------------------------------- */

void pair_remember(struct pair *pair, uint32_t number)
{
    struct pair_heap *heap = &pair->hosts[number].heap;

    heap->copied = heap->used;
    memcpy(heap->copy, heap->arena, heap->used);
}

/* Make a part of the copy as the arena is, so that it does not count. */
static void forgive(struct pair_heap *heap, const void *start, size_t count)
{
    size_t offset = (size_t)((const uint8_t *)start - heap->arena);

    ck_assert_uint_le(offset + count, heap->copied);
    memcpy(heap->copy + offset, start, count);
}

bool pair_is_unchanged(struct pair *pair, uint32_t number, bool may_guard)
{
    struct pair_host *host = &pair->hosts[number];
    struct pair_heap *heap = &host->heap;
    struct avpn_node *node = host->node;
    struct avpni_outbox *outbox = &node->context.outbox;

    forgive(heap, node->context.counters, sizeof node->context.counters);
    forgive(heap, &node->lane, sizeof node->lane); /* room for what passes */
    forgive(heap, &outbox->transmitted, sizeof outbox->transmitted);
    forgive(heap, outbox->bytes, AVPNI_OUTBOX_BYTES);
    forgive(heap, outbox->runs, AVPNI_OUTBOX_RUNS * sizeof *outbox->runs);
    if (may_guard) /* a token was taken [MAC-4] */
        forgive(heap, &node->guard.spent_until, sizeof node->guard.spent_until);
    return heap->used == heap->copied && memcmp(heap->copy, heap->arena, heap->used) == 0;
}
