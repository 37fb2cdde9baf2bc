/* SPDX-License-Identifier: ISC */
/*
 * A hub and two spokes with three workers each, all on threads of their own, under every change there is. Prints TAP.
 *
 *     test_stress [SECONDS [SEED]]     (default 12 and 1)
 *
 * First changes that concern no packet - keys, sources of datagrams, other members, rules and exports, workers that come
 * and go - and no packet is lost. Then anything: denials, revocation, uplinks and nodes that vanish, a network
 * that loses, doubles and spoils. Then the first again. No packet ever arrives twice, changed, elsewhere or with another
 * site's source; counters add up; memory is what it was. Built with ThreadSanitizer it says which memory threads share that they must not.
 *
 * Nothing depends on how fast the machine is, but how much happens.
 */
#define _POSIX_C_SOURCE 200809L
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REKEY_STEPS 8      /* a session and the one before are enough for what is under way */
#define ROAM_STEPS 20
#define CONFIGURE_STEPS 3
#define DRAIN_STEPS 400
#define STUCK_SECONDS 120
#define SETTLE_ROUNDS 400
#define STACK_BYTES (2u << 20)

static struct stage stage;
static uint64_t chance;
static int results, bad_results;

/* ---- shared by all threads ------------------------------------------------------------- */

void stage_fail(struct stage *s, uint32_t site, const char *what)
{
    if (atomic_fetch_add(&s->failures, 1) < 20)
        printf("# site %u: %s\n", site, what);
}

/* splitmix64 */
uint32_t stage_random(uint64_t *state, uint32_t below)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ (z >> 31)) >> 16) % below;
}

void stage_nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

void stage_thread(pthread_t *thread_out, void *(*body)(void *), void *user)
{
    pthread_attr_t attributes;

    if (pthread_attr_init(&attributes) != 0 ||
        pthread_attr_setstacksize(&attributes, STACK_BYTES) != 0 ||
        pthread_create(thread_out, &attributes, body, user) != 0)
        abort();
    pthread_attr_destroy(&attributes);
}

static void deliver(struct stage *s, const struct avpn_contact *source, const struct avpn_contact *to,
                    const uint8_t *bytes, uint32_t count)
{
    if (to->bytes[0] == 198)
        queue_put(&s->for_registry, source, bytes, count);
    else if (to->bytes[3] < SITES)
        site_post(&s->sites[to->bytes[3]], source, bytes, count);
}

/* A NAT passes on what comes to any port it ever had: a roam is to lose nothing. */
void stage_carry(struct stage *s, const struct avpn_contact *source, const struct avpn_contact *to,
                 const uint8_t *bytes, uint32_t count, uint64_t *random)
{
    uint8_t spoilt[2048];
    uint32_t fate = atomic_load(&s->mood) == MOOD_WILD ? stage_random(random, 100) : 100;

    if (fate == 0 || count > sizeof spoilt)
        return;
    memcpy(spoilt, bytes, count);
    if (fate == 1)
        spoilt[stage_random(random, count)] ^= (uint8_t)(1u << stage_random(random, 8));
    deliver(s, source, to, spoilt, count);
    if (fate == 2)
        deliver(s, source, to, spoilt, count);
}

/* ---- the registry -------------------------------------------------------------------------- */

static const struct avpn_contact registry_contact = {.family = AVPN_FAMILY_IPV4, .port = 9350,
                                                     .bytes = {198, 51, 100, 1}};

static void registry_transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    struct stage *s = user;
    uint64_t random = 1;

    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < batch[i].packets.count; k++)
            stage_carry(s, &registry_contact, &batch[i].remote,
                        batch[i].packets.data + (size_t)k * batch[i].packets.stride,
                        k + 1 < batch[i].packets.count ? batch[i].packets.bytes
                                                       : batch[i].packets.last_bytes, &random);
}

static void *registry_main(void *user)
{
    struct stage *s = user;

    while (!atomic_load(&s->stops)) {
        unsigned step = atomic_load(&s->step);
        avpn_time now = atomic_load(&s->now);
        struct parcel *parcel = queue_take(&s->for_registry);

        while (parcel != NULL) {
            struct parcel *next = parcel->next;
            struct avpn_datagrams in = {.remote = parcel->source,
                                        .packets = {parcel->bytes, 1, parcel->count, parcel->count,
                                                    parcel->count}};

            avpn_registry_receive(s->registry, &in, 1, now);
            free(parcel);
            parcel = next;
        }
        avpn_registry_tick(s->registry, now);
        atomic_store(&s->registry_done, step);
        stage_nap();
    }
    return NULL;
}

static void open_registry(void)
{
    const struct avpn_host host = {.size = sizeof host, .user = &stage, .transmit = registry_transmit};
    const struct avpn_registry_options options = {.size = sizeof options,
                                                  .identity = stage.bundles.registry_key,
                                                  .handshakes_per_second = 100000};

    queue_init(&stage.for_registry, 65536);
    if (avpn_registry_new(&options, &host, stage.now, &stage.registry) != AVPN_OK ||
        avpn_registry_set_organization(stage.registry, &stage.bundles.organization,
                                       stage.bundles.list[0].bytes, stage.bundles.list[0].count,
                                       stage.now) != AVPN_OK)
        abort();
}

/* ---- the conductor ------------------------------------------------------------------------------ */

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The first thread that is not done with the step; NULL: all are. */
static const char *laggard(unsigned step)
{
    static char name[40];

    if (atomic_load(&stage.registry_done) != step)
        return "the registry";
    for (uint32_t i = 0; i < SITES; i++) {
        if (atomic_load(&stage.sites[i].done) != step) {
            snprintf(name, sizeof name, "the engine of site %u", i);
            return name;
        }
        for (uint32_t w = 0; w < WORKERS; w++)
            if (atomic_load(&stage.sites[i].lanes[w].done) != step) {
                snprintf(name, sizeof name, "worker %u of site %u", w, i);
                return name;
            }
    }
    return NULL;
}

static void step_on(void)
{
    unsigned step = atomic_load(&stage.step);
    double began = seconds();
    const char *who;

    while ((who = laggard(step)) != NULL) {
        if (seconds() - began > STUCK_SECONDS) {
            printf("Bail out! %s stands still\n", who);
            exit(EXIT_FAILURE);
        }
        stage_nap();
    }
    atomic_store(&stage.now, atomic_load(&stage.now) + STEP);
    atomic_store(&stage.step, step + 1);
}

static void steps(uint32_t count)
{
    while (count-- > 0)
        step_on();
}

static void change_something(enum bundle_kind kind)
{
    unsigned step = atomic_load(&stage.step);

    if (step % REKEY_STEPS == 0)
        atomic_store(&stage.rekey, step);
    if (step % ROAM_STEPS == 0)
        atomic_fetch_add(&stage.sites[1 + stage_random(&chance, SITES - 1)].shift, 1);
    if (step % CONFIGURE_STEPS == 0)
        bundles_sign(&stage.bundles, kind, stage_random(&chance, 100000));
}

static void result(bool is_good, const char *what)
{
    printf("%s %d - stress: %s\n", is_good ? "ok" : "not ok", ++results, what);
    bad_results += !is_good;
    fflush(stdout);
}

/* Everything under way arrives; what does not is lost. */
static uint32_t drain(void)
{
    atomic_store(&stage.mood, MOOD_QUIET);
    for (uint32_t i = 0; i < DRAIN_STEPS && flows_missing() > 0; i++)
        step_on();
    return flows_missing();
}

/* Packets pass on every way there is. */
static bool settle(void)
{
    bundles_sign(&stage.bundles, BUNDLE_PLAIN, 0);
    for (uint32_t round = 0; round < SETTLE_ROUNDS; round++) {
        uint64_t arrived = flows_arrived();

        steps(20);
        flows_forget();
        atomic_store(&stage.mood, MOOD_CALM);
        steps(6);
        if (drain() == 0 && flows_arrived() - arrived > 300)
            return true;
        flows_forget();
    }
    return false;
}

/* Heaps with nothing under way and the plain configuration. */
static void weigh(size_t bytes_out[SITES])
{
    bundles_sign(&stage.bundles, BUNDLE_PLAIN, 0);
    steps(100);
    for (uint32_t i = 0; i < SITES; i++) /* done with the last step: nothing allocates until the next */
        bytes_out[i] = stage.sites[i].live_bytes;
}

/* By full queues. */
static uint32_t lost(void)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < SITES; i++)
        sum += atomic_load(&stage.sites[i].punts_lost) + atomic_load(&stage.sites[i].datagrams_lost);
    return sum;
}

static void play_gentle(double span, const char *what)
{
    double end = seconds() + span;
    uint64_t arrived = flows_arrived();
    uint32_t missing, lost_before = lost();
    char text[160];

    atomic_store(&stage.mood, MOOD_GENTLE);
    while (seconds() < end) {
        step_on();
        change_something(BUNDLE_GENTLE);
    }
    missing = drain();
    snprintf(text, sizeof text, "%s: %u of %llu packets are missing, %u found no room in a queue", what,
             missing, (unsigned long long)(flows_arrived() - arrived), lost() - lost_before);
    result(missing == 0 && lost() == lost_before, text);
}

static void play_wild(double span)
{
    double end = seconds() + span;

    atomic_store(&stage.mood, MOOD_WILD);
    while (seconds() < end) {
        step_on();
        change_something(BUNDLE_WILD);
        if (atomic_load(&stage.step) % 8 == 0)
            flows_forget();
    }
    drain();
    flows_forget();
}

/* ---- what is true in the end ------------------------------------------------------------------------- */

static bool counters_add_up(struct site *site)
{
    uint64_t counters[AVPN_COUNTERS], given = site->given, transmitted = site->transmitted;
    uint64_t delivered = site->delivered;

    avpn_node_counters(site->node, counters, AVPN_COUNTERS);
    for (uint32_t i = 0; i < WORKERS; i++) {
        given += site->lanes[i].given;
        transmitted += site->lanes[i].transmitted;
        delivered += site->lanes[i].delivered;
    }
    printf("# site %u: %llu datagrams in, %llu out, %llu packets delivered, %llu punts\n", site->number,
           (unsigned long long)given, (unsigned long long)transmitted, (unsigned long long)delivered,
           (unsigned long long)site->punts_taken);
    if (getenv("AVPN_STRESS_COUNTERS") != NULL)
        for (uint32_t i = 0; i < AVPN_COUNTERS; i++)
            if (counters[i] != 0)
                printf("#   %s %llu\n", avpn_counter_name(i), (unsigned long long)counters[i]);
    return counters[AVPN_COUNT_TRANSMITTED] == transmitted &&
           counters[AVPN_COUNT_DELIVERED] <= delivered && /* ICMP errors are delivered too */
           counters[AVPN_COUNT_DELIVERED] + counters[AVPN_COUNT_ICMP] >= delivered &&
           counters[AVPN_COUNT_RECEIVED] + counters[AVPN_DROP_UPLINK] == given;
}

static bool weighs_the_same(const size_t before[SITES], const size_t after[SITES])
{
    bool is_same = true;

    for (uint32_t i = 0; i < SITES; i++) {
        printf("# site %u: %zu bytes, then %zu\n", i, before[i], after[i]);
        is_same = is_same && after[i] <= before[i] + before[i] / 4;
    }
    return is_same;
}

static void begin(void)
{
    memset(&stage, 0, sizeof stage);
    atomic_store(&stage.now, 1000 * AVPN_SECOND);
    atomic_store(&stage.step, 1);
    flows_begin();
    bundles_begin(&stage.bundles);
    open_registry();
    for (uint32_t i = 0; i < SITES; i++)
        site_begin(&stage.sites[i], &stage, i);
    for (uint32_t i = 0; i < SITES; i++)
        site_run(&stage.sites[i]);
    stage_thread(&stage.registry_thread, registry_main, &stage);
}

static void end(void)
{
    bool adds_up = true;

    atomic_store(&stage.stops, true);
    for (uint32_t i = 0; i < SITES; i++)
        site_join(&stage.sites[i]);
    pthread_join(stage.registry_thread, NULL);
    for (uint32_t i = 0; i < SITES; i++)
        adds_up = counters_add_up(&stage.sites[i]) && adds_up;
    result(adds_up, "what workers and nodes count is what they did");
    for (uint32_t i = 0; i < SITES; i++)
        site_end(&stage.sites[i]);
    avpn_registry_del(stage.registry);
    queue_fini(&stage.for_registry);
    bundles_end(&stage.bundles);
    flows_end();
}

int main(int argc, char **argv)
{
    double span = argc > 1 ? strtod(argv[1], NULL) : 12;
    size_t before[SITES], after[SITES];

    chance = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    begin();
    result(settle(), "tunnels stand and packets pass");
    play_gentle(span * 0.35, "changes lose nothing");
    weigh(before);
    play_wild(span * 0.3);
    result(settle(), "packets pass after the storm");
    play_gentle(span * 0.35, "changes lose nothing after a storm");
    weigh(after);
    printf("# %u steps, %u versions, %u calls were held up for others\n", atomic_load(&stage.step),
           atomic_load(&stage.bundles.count), atomic_load(&stage.lingered));
    result(weighs_the_same(before, after), "memory is what it was");
    end();
    result(atomic_load(&stage.failures) == 0, "nothing arrives twice, changed, elsewhere or from a liar");
    printf("1..%d\n", results);
    return bad_results > 0;
}
