/* SPDX-License-Identifier: ISC */
/* site: see site.h. */
#include "link/tunnel.h"
#include "node/node.h"
#include "stage.h"

#include <stdlib.h>
#include <string.h>

#define RUNS 32
#define RUN_PACKETS 24
#define PACKET_MOST 1100 /* sealed it passes the smallest path there is */
#define QUEUE_LIMIT 16384
#define BLOCK_HEAD 16
#define STAND_STILL 2 /* loops that others are waited for */

static bool has_mood(const struct site *site, enum mood mood)
{
    return atomic_load(&site->stage->mood) == mood;
}

static bool changes(const struct site *site)
{
    return atomic_load(&site->stage->mood) >= MOOD_GENTLE;
}

/* ---- holding up ----------------------------------------------------------------------- */

/*
 * Inside a callback, until others have been through whole calls of theirs: who waits for whom stands still for ever, and
 * the conductor says so. One at a time in a site.
 */
static bool begin_lingering(struct site *site)
{
    unsigned nobody = 0;

    return atomic_compare_exchange_strong(&site->lingers, &nobody, 1);
}

static void end_lingering(struct site *site)
{
    atomic_fetch_add(&site->stage->lingered, 1);
    atomic_store(&site->lingers, 0);
}

/* The engine, while it changes what is published. */
static void wait_for_lanes(struct site *site)
{
    if (!begin_lingering(site))
        return;
    for (uint32_t i = 0; i < WORKERS; i++) {
        struct lane *lane = &site->lanes[i];
        unsigned loops = atomic_load(&lane->loops);

        while (atomic_load(&lane->state) == LANE_RUNS && atomic_load(&lane->loops) - loops < STAND_STILL &&
               !atomic_load(&site->stage->stops))
            stage_nap();
    }
    end_lingering(site);
}

/* A worker, inside of its call. */
static void wait_for_engine(struct lane *lane)
{
    struct site *site = lane->site;
    unsigned loops = atomic_load(&site->loops);

    if (!begin_lingering(site))
        return;
    while (atomic_load(&lane->state) == LANE_RUNS && atomic_load(&site->loops) - loops < STAND_STILL &&
           !atomic_load(&site->stage->stops))
        stage_nap();
    end_lingering(site);
}

/* ---- seams -------------------------------------------------------------------------------- */

static void *allocate(void *user, size_t bytes)
{
    struct site *site = user;
    uint8_t *block = malloc(bytes + BLOCK_HEAD);

    if (block == NULL)
        abort();
    memcpy(block, &bytes, sizeof bytes);
    memset(block + BLOCK_HEAD, 0xA5, bytes);
    site->live_bytes += bytes;
    site->live_blocks++;
    if (changes(site) && stage_random(&site->chance, 50) == 0)
        wait_for_lanes(site);
    return block + BLOCK_HEAD;
}

static void release(void *user, void *memory)
{
    struct site *site = user;
    size_t bytes;

    if (memory == NULL)
        return;
    memcpy(&bytes, (uint8_t *)memory - BLOCK_HEAD, sizeof bytes);
    memset(memory, 0x5A, bytes);
    site->live_bytes -= bytes;
    site->live_blocks--;
    free((uint8_t *)memory - BLOCK_HEAD);
}

static void *resize(void *user, void *memory, size_t bytes)
{
    void *block = allocate(user, bytes);
    size_t old = 0;

    if (memory == NULL)
        return block;
    memcpy(&old, (uint8_t *)memory - BLOCK_HEAD, sizeof old);
    memcpy(block, memory, old < bytes ? old : bytes);
    release(user, memory);
    return block;
}

static uint32_t length_of(const struct avpn_packets *run, uint32_t k)
{
    return k + 1 < run->count ? run->bytes : run->last_bytes;
}

/* Returns how many. */
static uint64_t transmit_from(struct site *site, uint64_t *chance, const struct avpn_datagrams *batch,
                              size_t count)
{
    struct avpn_contact source = site->contact;
    uint64_t sent = 0;

    source.port = (uint16_t)(source.port + atomic_load(&site->shift));
    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < batch[i].packets.count; k++, sent++)
            stage_carry(site->stage, &source, &batch[i].remote,
                        batch[i].packets.data + (size_t)k * batch[i].packets.stride,
                        length_of(&batch[i].packets, k), chance);
    return sent;
}

/* Returns how many of them are no ICMP errors. */
static uint64_t deliver_at(struct site *site, const struct avpn_packets *batch, size_t count)
{
    uint64_t delivered = 0;

    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < batch[i].count; k++, delivered++) {
            const uint8_t *packet = batch[i].data + (size_t)k * batch[i].stride;
            const char *wrong = flow_arrived(site->number, packet, length_of(&batch[i], k));

            if (wrong != NULL)
                stage_fail(site->stage, site->number, wrong);
        }
    return delivered;
}

static void node_transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    struct site *site = user;

    site->transmitted += transmit_from(site, &site->chance, batch, count);
}

static void node_deliver(void *user, const struct avpn_packets *batch, size_t count)
{
    struct site *site = user;

    site->delivered += deliver_at(site, batch, count);
}

static void lane_transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    struct lane *lane = user;

    lane->transmitted += transmit_from(lane->site, &lane->chance, batch, count);
    if (changes(lane->site) && stage_random(&lane->chance, 60) == 0)
        wait_for_engine(lane);
}

static void lane_deliver(void *user, const struct avpn_packets *batch, size_t count)
{
    struct lane *lane = user;

    lane->delivered += deliver_at(lane->site, batch, count);
}

static void lane_punt(void *user, const uint8_t *bytes, size_t count)
{
    struct lane *lane = user;
    struct site *site = lane->site;
    bool is_lost = has_mood(site, MOOD_WILD) && stage_random(&lane->chance, 64) == 0;

    if (count > AVPN_PUNT_LIMIT)
        stage_fail(site->stage, site->number, "a punt is larger than any is");
    if (is_lost || !queue_put(&site->punts, NULL, bytes, count))
        atomic_fetch_add(&site->punts_lost, 1);
}

/* ---- packets into either ----------------------------------------------------------------------- */

/* Either is NULL. */
static void give(struct site *site, struct avpn_worker *worker, const struct avpn_datagrams *batch, size_t count)
{
    avpn_time now = atomic_load(&site->stage->now);
    int32_t error = worker != NULL ? avpn_worker_receive(worker, batch, count, now)
                                   : avpn_node_receive(site->node, batch, count, now);

    if (error != AVPN_OK)
        stage_fail(site->stage, site->number, "datagrams were refused");
}

/* Datagrams of one size and source that came one after the other lie in one run, as GRO does it. Returns how many there were. */
static uint64_t receive_all(struct site *site, struct avpn_worker *worker, struct queue *queue)
{
    struct avpn_datagrams batch[RUNS];
    uint8_t room[RUNS][RUN_PACKETS * 256];
    uint64_t given = 0;
    uint32_t runs = 0;
    struct parcel *parcel = queue_take(queue);

    while (parcel != NULL) {
        struct parcel *next = parcel->next;
        struct avpn_packets *run = runs > 0 ? &batch[runs - 1].packets : NULL;

        if (run != NULL && run->bytes == parcel->count &&
            (run->count + 1) * parcel->count <= sizeof room[0] &&
            memcmp(&batch[runs - 1].remote, &parcel->source, sizeof parcel->source) == 0) {
            memcpy(run->data + (size_t)run->count++ * run->stride, parcel->bytes, parcel->count);
        } else {
            if (runs == RUNS) {
                give(site, worker, batch, runs);
                runs = 0;
            }
            batch[runs] = (struct avpn_datagrams){
                .remote = parcel->source,
                .packets = {room[runs], 1, parcel->count, parcel->count, parcel->count}};
            memcpy(room[runs++], parcel->bytes, parcel->count);
        }
        given++;
        free(parcel);
        parcel = next;
    }
    if (runs > 0)
        give(site, worker, batch, runs);
    return given;
}

static void send_run(struct site *site, struct avpn_worker *worker, struct avpn_packets *run)
{
    avpn_time now = atomic_load(&site->stage->now);
    int32_t error = worker != NULL ? avpn_worker_send(worker, run, 1, now)
                                   : avpn_node_send(site->node, run, 1, now);

    if (error != AVPN_OK)
        stage_fail(site->stage, site->number, "packets were refused");
}

/* A run of one flow, if that has its share left. */
static bool send_flow(struct site *site, struct avpn_worker *worker, struct flow *flow, uint32_t step,
                      uint64_t *chance)
{
    uint8_t room[AVPN_HEADROOM + RUN_PACKETS * (PACKET_MOST + AVPN_HEADROOM + AVPN_TAILROOM)];
    uint32_t bytes = FLOW_LEAST + stage_random(chance, PACKET_MOST - FLOW_LEAST), count;
    uint32_t first = flow_reserve(flow, step, 1 + stage_random(chance, RUN_PACKETS), &count);
    struct avpn_packets run = {room + AVPN_HEADROOM, count, bytes, bytes, 0};

    if (count == 0)
        return false;
    run.stride = stage_random(chance, 2) == 0 ? avpn_sealed_bytes(bytes)
                                              : bytes + AVPN_HEADROOM + AVPN_TAILROOM;
    if (count > 1)
        run.last_bytes = FLOW_LEAST + stage_random(chance, bytes - FLOW_LEAST + 1);
    for (uint32_t k = 0; k < count; k++)
        flow_write(flow, first + k, run.data + (size_t)k * run.stride, length_of(&run, k));
    send_run(site, worker, &run);
    return true;
}

/* `step`: the one that the thread is not done with. */
static bool send_some(struct site *site, struct avpn_worker *worker, uint32_t step, uint64_t *chance)
{
    struct flow *flow = &flows[stage_random(chance, FLOWS)];
    bool has_sent = false;

    if (!has_mood(site, MOOD_QUIET) && flow->from == site->number &&
        (flow->claimed == flow->from || stage_random(chance, 64) == 0))
        has_sent = send_flow(site, worker, flow, step, chance);
    return has_sent;
}

/* No packet at all: whoever holds others up holds up this too. */
static void send_noise(struct site *site, struct avpn_worker *worker)
{
    uint8_t room[AVPN_HEADROOM + 1 + AVPN_TAILROOM] = {0};
    struct avpn_packets run = {room + AVPN_HEADROOM, 1, 1, 1, 1};

    send_run(site, worker, &run);
}

/* ---- workers ------------------------------------------------------------------------------------- */

static void *lane_main(void *user)
{
    struct lane *lane = user;
    struct site *site = lane->site;

    while (!atomic_load(&site->stage->stops)) {
        unsigned step = atomic_load(&site->stage->step);
        uint64_t given;

        if (atomic_load(&lane->state) != LANE_RUNS) {
            unsigned asked = LANE_ASKED;

            atomic_compare_exchange_strong(&lane->state, &asked, LANE_STANDS);
            stage_nap();
            continue;
        }
        given = receive_all(site, lane->worker, &lane->datagrams);
        lane->given += given;
        if (atomic_load(&site->lingers) != 0)
            send_noise(site, lane->worker);
        for (uint32_t i = 0; i < FLOWS; i++)
            given += send_some(site, lane->worker, step, &lane->chance);
        atomic_fetch_add(&lane->loops, 1);
        atomic_store(&lane->done, step);
        if (given == 0)
            stage_nap();
    }
    return NULL;
}

static void stop_lane(struct lane *lane)
{
    atomic_store(&lane->state, LANE_ASKED);
    while (atomic_load(&lane->state) != LANE_STANDS && !atomic_load(&lane->site->stage->stops))
        stage_nap();
}

/* The lane stands. */
static void open_worker(struct lane *lane)
{
    const struct avpn_worker_host host = {.size = sizeof host, .user = lane, .transmit = lane_transmit,
                                          .deliver = lane_deliver, .punt = lane_punt};

    if (avpn_worker_new(lane->site->node, &host, &lane->worker) != AVPN_OK)
        abort();
}

static void change_worker(struct lane *lane)
{
    stop_lane(lane);
    if (atomic_load(&lane->state) != LANE_STANDS)
        return; /* it is the end */
    avpn_worker_del(lane->worker);
    open_worker(lane);
    atomic_store(&lane->state, LANE_RUNS);
}

/* ---- the engine ------------------------------------------------------------------------------------ */

static void set_uplink(struct site *site, bool is_up, uint16_t moved)
{
    struct avpn_uplink uplink = {.size = sizeof uplink, .is_up = is_up, .local = site->contact};

    uplink.local.port = (uint16_t)(uplink.local.port + moved);
    if (avpn_node_set_uplink(site->node, 0, &uplink, atomic_load(&site->stage->now)) != AVPN_OK)
        stage_fail(site->stage, site->number, "an uplink was refused");
}

static void open_node(struct site *site)
{
    const struct avpn_host host = {.size = sizeof host, .user = site, .allocate = allocate,
                                   .resize = resize, .release = release, .transmit = node_transmit,
                                   .deliver = node_deliver};
    const struct bundle *bundle = bundles_newest(&site->stage->bundles, &site->version);
    const struct avpn_node_options options = {.size = sizeof options,
                                              .organization = site->stage->bundles.organization,
                                              .identity = site->stage->bundles.keys[site->number],
                                              .bundle = bundle->bytes,
                                              .bundle_bytes = bundle->count,
                                              .undo_after = -1,
                                              .handshakes_per_second = 100000};

    if (avpn_node_new(&options, &host, atomic_load(&site->stage->now), &site->node) != AVPN_OK)
        abort();
    for (uint32_t i = 0; i < WORKERS; i++)
        open_worker(&site->lanes[i]);
    set_uplink(site, true, 0);
}

static void close_node(struct site *site)
{
    for (uint32_t i = 0; i < WORKERS; i++)
        avpn_worker_del(site->lanes[i].worker);
    avpn_node_del(site->node);
    if (site->live_blocks != 0 || site->live_bytes != 0)
        stage_fail(site->stage, site->number, "a node left memory behind");
}

static void restart(struct site *site)
{
    for (uint32_t i = 0; i < WORKERS; i++)
        stop_lane(&site->lanes[i]);
    for (uint32_t i = 0; i < WORKERS; i++)
        if (atomic_load(&site->lanes[i].state) != LANE_STANDS)
            return; /* it is the end */
    close_node(site);
    site->given = site->transmitted = site->delivered = 0;
    atomic_store(&site->punts_lost, 0);
    for (uint32_t i = 0; i < WORKERS; i++)
        site->lanes[i].given = site->lanes[i].transmitted = site->lanes[i].delivered = 0;
    open_node(site);
    for (uint32_t i = 0; i < WORKERS; i++)
        atomic_store(&site->lanes[i].state, LANE_RUNS);
}

static void change_keys(struct site *site)
{
    for (uint32_t member = 1; member <= MEMBERS; member++) {
        struct avpni_peer *peer = avpni_node_find_peer(site->node, member);

        if (peer != NULL)
            avpni_tunnel_want_rekey(peer, atomic_load(&site->stage->now));
    }
}

static void change_configuration(struct site *site)
{
    uint32_t version;
    const struct bundle *bundle = bundles_newest(&site->stage->bundles, &version);
    int32_t error;

    if (version == site->version)
        return;
    error = avpn_node_set_configuration(site->node, bundle->bytes, bundle->count,
                                        atomic_load(&site->stage->now));
    if (error != AVPN_OK)
        stage_fail(site->stage, site->number, avpn_error_name(error));
    site->version = version;
}

static void be_wild(struct site *site)
{
    switch (stage_random(&site->chance, 400)) {
    case 0:
        restart(site);
        break;
    case 1:
    case 2:
        set_uplink(site, false, 0);
        break;
    case 3:
        set_uplink(site, true, (uint16_t)stage_random(&site->chance, 3));
        break;
    default:
        if (stage_random(&site->chance, 20) == 0)
            set_uplink(site, true, 0);
        break;
    }
}

/* Once in each step. */
static void act(struct site *site, uint32_t step)
{
    if (site->rekeyed != atomic_load(&site->stage->rekey)) {
        site->rekeyed = atomic_load(&site->stage->rekey);
        change_keys(site);
    }
    if (step % 2 == site->number % 2)
        change_configuration(site);
    if (changes(site) && stage_random(&site->chance, 30) == 0)
        change_worker(&site->lanes[stage_random(&site->chance, WORKERS)]);
    if (has_mood(site, MOOD_WILD))
        be_wild(site);
    else if (has_mood(site, MOOD_QUIET) && stage_random(&site->chance, 20) == 0)
        set_uplink(site, true, 0);
}

static uint64_t take_punts(struct site *site)
{
    struct parcel *parcel = queue_take(&site->punts);
    uint64_t taken = 0;

    for (; parcel != NULL; taken++) {
        struct parcel *next = parcel->next;

        /* One of the node that was here before may come late: it is as good as noise. */
        if (avpn_node_take_punt(site->node, parcel->bytes, parcel->count,
                                atomic_load(&site->stage->now)) != AVPN_OK)
            stage_fail(site->stage, site->number, "a punt was refused");
        free(parcel);
        parcel = next;
    }
    site->punts_taken += taken;
    return taken;
}

static void *engine_main(void *user)
{
    struct site *site = user;
    struct stage *stage = site->stage;
    struct avpn_event event;

    while (!atomic_load(&stage->stops)) {
        unsigned step = atomic_load(&stage->step);
        uint64_t given, busy = take_punts(site);

        given = receive_all(site, NULL, &site->datagrams);
        site->given += given;
        if (avpn_node_deadline(site->node) <= atomic_load(&stage->now))
            avpn_node_tick(site->node, atomic_load(&stage->now));
        if (step != atomic_load(&site->done))
            act(site, step);
        busy += given + send_some(site, NULL, step, &site->chance);
        while (avpn_node_next_event(site->node, &event) == AVPN_OK)
            ;
        atomic_fetch_add(&site->loops, 1);
        atomic_store(&site->done, step);
        if (busy == 0)
            stage_nap();
    }
    return NULL;
}

/* ---- life -------------------------------------------------------------------------------------------- */

void site_begin(struct site *site, struct stage *stage, uint32_t number)
{
    memset(site, 0, sizeof *site);
    site->stage = stage;
    site->number = number;
    site->chance = number + 100;
    site->contact = (struct avpn_contact){.family = AVPN_FAMILY_IPV4, .port = 40000,
                                          .bytes = {100, 64, 0, (uint8_t)number}};
    queue_init(&site->datagrams, QUEUE_LIMIT);
    queue_init(&site->punts, QUEUE_LIMIT);
    for (uint32_t i = 0; i < WORKERS; i++) {
        struct lane *lane = &site->lanes[i];

        lane->site = site;
        lane->number = i;
        lane->chance = (uint64_t)number * 10 + i;
        queue_init(&lane->datagrams, QUEUE_LIMIT);
    }
    open_node(site);
}

void site_end(struct site *site)
{
    close_node(site);
    queue_fini(&site->datagrams);
    queue_fini(&site->punts);
    for (uint32_t i = 0; i < WORKERS; i++)
        queue_fini(&site->lanes[i].datagrams);
}

void site_run(struct site *site)
{
    for (uint32_t i = 0; i < WORKERS; i++)
        stage_thread(&site->lanes[i].thread, lane_main, &site->lanes[i]);
    stage_thread(&site->thread, engine_main, site);
}

void site_join(struct site *site)
{
    for (uint32_t i = 0; i < WORKERS; i++)
        pthread_join(site->lanes[i].thread, NULL);
    pthread_join(site->thread, NULL);
}

void site_post(struct site *site, const struct avpn_contact *source, const uint8_t *bytes, uint32_t count)
{
    unsigned turn = atomic_fetch_add(&site->turn, 1) % (2 * WORKERS + 1);
    struct queue *queue = turn == 0 ? &site->datagrams : &site->lanes[turn % WORKERS].datagrams;

    if (!queue_put(queue, source, bytes, count))
        atomic_fetch_add(&site->datagrams_lost, 1);
}
