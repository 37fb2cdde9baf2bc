/* SPDX-License-Identifier: ISC */
/* SAs that several threads use at the same time: no number twice, none above the limit, no packet twice. [ESP-4] [ESP-5] */
#include "crypto/esp.h"
#include "fake_aead.h"
#include "harness.h"

#include <pthread.h>
#include <string.h>

#define PROVIDER_LIMIT 6
#define THREADS 4
#define PACKETS 3000 /* fewer than the window, so that no packet is ever too old */
#define WINDOW 8192
#define INNER 60
#define STRIDE 128

static _Alignas(AVPNI_ESP_ALIGN) uint8_t send_block[16384], receive_block[16384];
static uint8_t originals[PACKETS][STRIDE]; /* sealed, as they came over the wire */

struct worker {
    pthread_t thread;
    uint64_t seed;
    uint32_t exhausted, opened, replayed, other;
    bool has_gone_back;
    const struct avpn_aead *found[AVPNI_AEAD_SUITES];
    uint8_t packets[PACKETS][STRIDE];
};

static struct worker workers[THREADS];
static _Atomic uint32_t taken[PACKETS + 1]; /* how often a number was */
static atomic_bool is_over;

static struct avpni_sa *sender(void)
{
    void *block = send_block;

    return block;
}

static struct avpni_sa *receiver(void)
{
    void *block = receive_block;

    return block;
}

static void run_all(void *(*work)(void *))
{
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i].seed = i;
        workers[i].exhausted = workers[i].opened = workers[i].replayed = workers[i].other = 0;
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
}

static void begin(const struct avpn_aead *aead)
{
    struct avpn_sa_parameters p = {.size = sizeof p,
                                   .spi = 4711,
                                   .suite = aead->suite,
                                   .key = {7},
                                   .window = WINDOW,
                                   .limit = PACKETS,
                                   .aead = aead};

    ck_assert_uint_le(avpni_esp_bytes(aead, WINDOW, true), sizeof receive_block);
    ck_assert_int_eq(avpni_esp_init(sender(), &p, false), AVPN_OK);
    ck_assert_int_eq(avpni_esp_init(receiver(), &p, true), AVPN_OK);
    for (uint32_t i = 0; i <= PACKETS; i++)
        taken[i] = 0;
}

static void end(void)
{
    avpni_esp_wipe(sender());
    avpni_esp_wipe(receiver());
}

static const struct avpn_aead *provider_at(int index)
{
    const struct avpn_aead *aead = avpn_aead_at((uint32_t)index);

    if (aead != NULL && avpni_aead_judge(aead) == AVPN_OK)
        return aead;
    harness_skipped(1, "a provider that is not built or does not run on this machine");
    return NULL;
}

/* ---- which provider: asked before anything else in this program has asked ------------------- */

static void *find_providers(void *user)
{
    struct worker *worker = user;

    for (uint8_t suite = 0; suite < AVPNI_AEAD_SUITES; suite++)
        worker->found[suite] = avpn_aead_find(suite);
    return NULL;
}

START_TEST(the_first_question_for_a_provider_may_come_from_many_threads_at_once)
{
    run_all(find_providers);
    for (uint32_t i = 0; i < THREADS; i++)
        ck_assert_mem_eq(workers[i].found, workers[0].found, sizeof workers[i].found);
    ck_assert_ptr_nonnull(workers[0].found[AVPN_SUITE_CHACHA20_POLY1305]);
}
END_TEST

/* ---- sealing ---------------------------------------------------------------------------------- */

static void make_inner(uint8_t *packet)
{
    memset(packet, 0x11, INNER);
    packet[0] = 0x45;
    packet[2] = 0;
    packet[3] = INNER;
}

static uint64_t iv_of(const uint8_t *esp)
{
    uint64_t iv = 0;

    for (uint32_t i = 8; i < 16; i++)
        iv = iv << 8 | esp[i];
    return iv;
}

static void judge_sealed(struct worker *worker, const struct avpni_esp_item *item)
{
    uint64_t number = item->number;

    if (item->result == AVPN_ERROR_EXHAUSTED) {
        worker->exhausted++;
    } else if (item->result != (int32_t)avpn_sealed_bytes(INNER) || number < 1 ||
               number > PACKETS || iv_of(item->bytes - AVPN_HEADROOM) != number) {
        worker->other++;
    } else {
        taken[number]++;
        memcpy(originals[number - 1], item->bytes - AVPN_HEADROOM, STRIDE);
    }
}

/* Batches of all sizes, until there are no numbers; then a few more. */
static void *seal_to_the_limit(void *user)
{
    struct worker *worker = user;

    while (worker->exhausted < 100) {
        uint32_t count = 1 + (uint32_t)(harness_random(&worker->seed) % AVPNI_ESP_BATCH_LIMIT);
        struct avpni_esp_item items[AVPNI_ESP_BATCH_LIMIT];

        for (uint32_t i = 0; i < count; i++) {
            items[i].bytes = worker->packets[i] + AVPN_HEADROOM;
            items[i].count = INNER;
            make_inner(items[i].bytes);
        }
        avpni_esp_seal_batch(sender(), items, count, true);
        for (uint32_t i = 0; i < count; i++)
            judge_sealed(worker, &items[i]);
        if (worker->other != 0)
            break;
    }
    return NULL;
}

static void assert_each_number_once(void)
{
    uint32_t missing = 0, twice = 0;

    for (uint32_t i = 1; i <= PACKETS; i++) {
        missing += taken[i] == 0;
        twice += taken[i] > 1;
    }
    ck_assert_uint_eq(missing, 0);
    ck_assert_uint_eq(twice, 0);
    ck_assert_uint_eq(avpni_esp_sequence(sender()), PACKETS);
    for (uint32_t i = 0; i < THREADS; i++) {
        ck_assert_uint_eq(workers[i].other, 0);
        ck_assert_uint_ge(workers[i].exhausted, 100);
    }
}

START_TEST(threads_that_seal_under_one_sa_never_share_a_number_and_stop_at_the_limit)
{
    const struct avpn_aead *aead = provider_at(_i);

    if (aead == NULL)
        return;
    begin(aead);
    run_all(seal_to_the_limit);
    assert_each_number_once();
    for (uint32_t i = 0; i < PACKETS; i++) /* and each was sealed as its number says */
        ck_assert_int_eq(avpni_esp_open(receiver(), originals[i], avpn_sealed_bytes(INNER)), INNER);
    end();
}
END_TEST

static void *watch_sequence(void *user)
{
    struct worker *worker = user;
    uint64_t last = 0;

    while (!atomic_load(&is_over)) {
        uint64_t now = avpni_esp_sequence(sender());

        worker->has_gone_back = worker->has_gone_back || now < last || now > PACKETS;
        last = now;
    }
    return NULL;
}

START_TEST(the_last_number_can_be_read_while_one_thread_seals_alone)
{
    struct worker watcher = {.has_gone_back = false};
    uint8_t buffer[STRIDE];

    begin(&avpni_aead_sodium_chacha);
    atomic_store(&is_over, false);
    ck_assert_int_eq(pthread_create(&watcher.thread, NULL, watch_sequence, &watcher), 0);
    for (uint32_t i = 0; i < PACKETS; i++) {
        make_inner(buffer + AVPN_HEADROOM);
        ck_assert_int_gt(avpni_esp_seal(sender(), buffer + AVPN_HEADROOM, INNER), 0);
    }
    atomic_store(&is_over, true);
    ck_assert_int_eq(pthread_join(watcher.thread, NULL), 0);
    ck_assert(!watcher.has_gone_back);
    end();
}
END_TEST

/* ---- opening ---------------------------------------------------------------------------------- */

static void judge_opened(struct worker *worker, const struct avpni_esp_item *item)
{
    if (item->result == INNER) {
        worker->opened++;
        taken[item->number]++;
    } else if (item->result == AVPN_ERROR_VERSION) {
        worker->replayed++;
    } else {
        worker->other++;
    }
}

/* All packets once, from a place of this thread's own, in batches of all sizes. */
static void *open_everything(void *user)
{
    struct worker *worker = user;
    uint32_t first = (uint32_t)(worker->seed % 2) * (PACKETS / 2), done = 0;

    memcpy(worker->packets, originals, sizeof originals);
    while (done < PACKETS) {
        uint32_t count = 1 + (uint32_t)(harness_random(&worker->seed) % AVPNI_ESP_BATCH_LIMIT);
        struct avpni_esp_item items[AVPNI_ESP_BATCH_LIMIT];

        count = count < PACKETS - done ? count : PACKETS - done;
        for (uint32_t i = 0; i < count; i++) {
            items[i].bytes = worker->packets[(first + done + i) % PACKETS];
            items[i].count = avpn_sealed_bytes(INNER);
        }
        avpni_esp_open_batch(receiver(), items, count, true);
        for (uint32_t i = 0; i < count; i++)
            judge_opened(worker, &items[i]);
        done += count;
    }
    return NULL;
}

static void seal_everything(void)
{
    for (uint32_t i = 0; i < PACKETS; i++) {
        make_inner(originals[i] + AVPN_HEADROOM);
        ck_assert_int_gt(avpni_esp_seal(sender(), originals[i] + AVPN_HEADROOM, INNER), 0);
    }
}

static void assert_each_packet_once(void)
{
    uint32_t opened = 0;

    for (uint32_t i = 0; i < THREADS; i++) {
        ck_assert_uint_eq(workers[i].other, 0);
        ck_assert_uint_eq(workers[i].opened + workers[i].replayed, PACKETS);
        opened += workers[i].opened;
    }
    ck_assert_uint_eq(opened, PACKETS);
    for (uint32_t i = 1; i <= PACKETS; i++)
        ck_assert_uint_eq(taken[i], 1);
    ck_assert_uint_eq(avpni_esp_sequence(receiver()), PACKETS);
}

START_TEST(threads_that_open_the_same_packets_open_each_exactly_once)
{
    const struct avpn_aead *aead = provider_at(_i);

    if (aead == NULL)
        return;
    begin(aead);
    seal_everything();
    run_all(open_everything);
    assert_each_packet_once();
    end();
}
END_TEST

START_TEST(an_exclusive_provider_gets_one_call_at_a_time)
{
    struct fake fake = {.defect = FAKE_SOUND};
    struct avpn_aead mine = fake_aead(&fake);

    mine.flags = AVPN_AEAD_EXCLUSIVE;
    /* One of the two ends is used at a time: `fake` stands for the state of that one. */
    begin(&mine);
    run_all(seal_to_the_limit);
    assert_each_number_once();
    for (uint32_t i = 0; i <= PACKETS; i++)
        taken[i] = 0;
    run_all(open_everything);
    assert_each_packet_once();
    ck_assert_uint_eq(fake.overlaps, 0);
    ck_assert_uint_eq(fake.seals, PACKETS);
    end();
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(the_first_question_for_a_provider_may_come_from_many_threads_at_once),
    HARNESS_LOOP(threads_that_seal_under_one_sa_never_share_a_number_and_stop_at_the_limit,
                 PROVIDER_LIMIT),
    HARNESS_CASE(the_last_number_can_be_read_while_one_thread_seals_alone),
    HARNESS_LOOP(threads_that_open_the_same_packets_open_each_exactly_once, PROVIDER_LIMIT),
    HARNESS_CASE(an_exclusive_provider_gets_one_call_at_a_time),
};
HARNESS_MAIN("crypto/esp_shared", cases)
