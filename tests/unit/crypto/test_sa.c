/* SPDX-License-Identifier: ISC */
/* The public SA: contracts of its calls, its memory, and the AEAD providers behind it. */
#include "crypto/aead.h"
#include "harness.h"

#include <autovpn/batch.h>
#include <autovpn/sa.h>
#include <stdlib.h>
#include <string.h>

/* An allocator that counts and can be told to fail. */
struct heap {
    int blocks;
    int calls;
    bool is_empty;
};

static void *heap_allocate(void *user, size_t bytes)
{
    struct heap *heap = user;

    heap->calls++;
    if (heap->is_empty) {
        return NULL;
    }
    heap->blocks++;
    return malloc(bytes);
}

static void *heap_resize(void *user, void *memory, size_t bytes)
{
    ((struct heap *)user)->calls++;
    return realloc(memory, bytes);
}

static void heap_release(void *user, void *memory)
{
    ((struct heap *)user)->blocks -= memory != NULL;
    free(memory);
}

static struct avpn_host host_of(struct heap *heap)
{
    return (struct avpn_host){.size = sizeof(struct avpn_host),
                              .user = heap,
                              .allocate = heap_allocate,
                              .resize = heap_resize,
                              .release = heap_release};
}

static struct avpn_sa_parameters parameters(void)
{
    return (struct avpn_sa_parameters){.size = sizeof(struct avpn_sa_parameters),
                                       .spi = 0x1001,
                                       .suite = AVPN_SUITE_CHACHA20_POLY1305,
                                       .key = {1, 2, 3},
                                       .salt = {4, 5, 6, 7}};
}

START_TEST(a_pair_of_sas_carries_packets_without_allocating)
{
    struct heap heap = {0};
    const struct avpn_host host = host_of(&heap);
    const struct avpn_sa_parameters p = parameters();
    struct avpn_sa *sender, *receiver;
    uint8_t buffer[AVPN_HEADROOM + 84 + AVPN_TAILROOM] = {0};
    uint8_t *packet = buffer + AVPN_HEADROOM;

    ck_assert_int_eq(avpn_sa_new_sender(&p, &host, &sender), AVPN_OK);
    ck_assert_int_eq(avpn_sa_new_receiver(&p, &host, &receiver), AVPN_OK);
    ck_assert_int_eq(heap.blocks, 2);
    int calls = heap.calls;

    for (uint64_t i = 1; i <= 100; i++) {
        memset(packet, 0, 84);
        packet[0] = 0x45;
        packet[3] = 84;
        int32_t count = avpn_sa_seal(sender, packet, 84);

        ck_assert_int_eq(count, (int32_t)avpn_sealed_bytes(84));
        ck_assert_int_eq(avpn_sa_open(receiver, buffer, (uint32_t)count), 84);
        ck_assert_uint_eq(avpn_sa_sequence(sender), i);
        ck_assert_uint_eq(avpn_sa_sequence(receiver), i);
    }
    ck_assert_int_eq(heap.calls, calls);
    ck_assert_uint_eq(avpn_sa_spi(sender), 0x1001);
    ck_assert_uint_gt(avpn_sa_footprint(receiver), avpn_sa_footprint(sender));
    avpn_sa_del(sender);
    avpn_sa_del(receiver);
    avpn_sa_del(NULL);
    ck_assert_int_eq(heap.blocks, 0);
}
END_TEST

struct wrong {
    const char *what;
    struct avpn_sa_parameters p;
};

#define GOOD .size = sizeof(struct avpn_sa_parameters), .spi = 256, .suite = 2

static const struct wrong wrongs[] = {
    {"size", {.size = 4, .spi = 256, .suite = 2}},
    {"larger size", {.size = sizeof(struct avpn_sa_parameters) + 8, .spi = 256, .suite = 2}},
    {"spi", {.size = sizeof(struct avpn_sa_parameters), .spi = 255, .suite = 2}},
    {"no suite", {.size = sizeof(struct avpn_sa_parameters), .spi = 256}},
    {"unknown suite", {.size = sizeof(struct avpn_sa_parameters), .spi = 256, .suite = 3}},
    {"window not a power of two", {GOOD, .window = 96}},
    {"window too small", {GOOD, .window = 32}},
    {"window too large", {GOOD, .window = 16384}},
};

START_TEST(wrong_parameters_are_refused_and_leave_nothing_behind)
{
    const struct wrong *wrong = &wrongs[_i];
    struct heap heap = {0};
    const struct avpn_host host = host_of(&heap);
    struct avpn_sa *sa = NULL;

    ck_assert_msg(avpn_sa_new_receiver(&wrong->p, &host, &sa) == AVPN_ERROR_ARGUMENT, "%s",
                  wrong->what);
    if (wrong->p.window == 0) {
        ck_assert_int_eq(avpn_sa_new_sender(&wrong->p, &host, &sa), AVPN_ERROR_ARGUMENT);
    }
    ck_assert_ptr_null(sa);
    ck_assert_int_eq(heap.blocks, 0);
}
END_TEST

START_TEST(without_memory_there_is_no_sa)
{
    struct heap heap = {.is_empty = true};
    const struct avpn_host host = host_of(&heap);
    const struct avpn_sa_parameters p = parameters();
    struct avpn_sa *sa = NULL;

    ck_assert_int_eq(avpn_sa_new_sender(&p, &host, &sa), AVPN_ERROR_MEMORY);
    ck_assert_int_eq(avpn_sa_new_receiver(&p, &host, &sa), AVPN_ERROR_MEMORY);
    ck_assert_ptr_null(sa);
}
END_TEST

START_TEST(suites_have_names_and_chacha_is_always_there)
{
    ck_assert_int_eq(avpn_suite_is_available(AVPN_SUITE_CHACHA20_POLY1305), 1);
    ck_assert_int_eq(avpn_suite_is_available(AVPN_SUITE_NONE), 0);
    ck_assert_int_eq(avpn_suite_is_available(3), 0);
    ck_assert_str_eq(avpn_suite_name(AVPN_SUITE_AES_256_GCM), "AES-256-GCM");
    ck_assert_str_eq(avpn_suite_name(AVPN_SUITE_CHACHA20_POLY1305), "ChaCha20-Poly1305");
    ck_assert_str_eq(avpn_suite_name(77), "none");
}
END_TEST

/* ---- runs ------------------------------------------------------------------------------------------ */

#define RUN 150 /* more than one batch takes */
#define RUN_BYTES 100

static uint8_t run_room[RUN * (AVPN_HEADROOM + RUN_BYTES + AVPN_TAILROOM)];

static struct avpn_packets make_run(uint32_t stride)
{
    struct avpn_packets run = {run_room + AVPN_HEADROOM, RUN, RUN_BYTES, 60, stride};

    memset(run_room, 0, sizeof run_room);
    for (uint32_t i = 0; i < RUN; i++) {
        uint8_t *packet = run.data + (size_t)i * stride;

        packet[0] = 0x45;
        packet[3] = i + 1 < RUN ? RUN_BYTES : 60;
        packet[19] = (uint8_t)i;
    }
    return run;
}

START_TEST(a_run_is_sealed_and_opened_whole)
{
    const struct avpn_sa_parameters p = parameters();
    uint32_t sealed_bytes[RUN], stride = avpn_sealed_bytes(RUN_BYTES);
    struct avpn_packets run = make_run(stride);
    struct avpn_sa *sender, *receiver;
    int32_t results[RUN];

    ck_assert_int_eq(avpn_sa_new_sender(&p, NULL, &sender), AVPN_OK);
    ck_assert_int_eq(avpn_sa_new_receiver(&p, NULL, &receiver), AVPN_OK);
    ck_assert_int_eq(avpn_sa_seal_run(sender, &run, sealed_bytes), RUN);
    ck_assert_uint_eq(avpn_sa_sequence(sender), RUN);
    run = (struct avpn_packets){run_room, RUN, sealed_bytes[0], sealed_bytes[RUN - 1], stride};
    ck_assert_uint_eq(sealed_bytes[0], stride);
    ck_assert_uint_eq(sealed_bytes[RUN - 1], avpn_sealed_bytes(60));
    run_room[70 * stride + 30] ^= 1; /* one forged */
    ck_assert_int_eq(avpn_sa_open_run(receiver, &run, results), RUN - 1);
    for (uint32_t i = 0; i < RUN; i++) {
        ck_assert_int_eq(results[i], i == 70 ? AVPN_ERROR_AUTH : i + 1 < RUN ? RUN_BYTES : 60);
        ck_assert(i == 70 || run_room[i * stride + AVPN_HEADROOM + 19] == (uint8_t)i);
    }
    ck_assert_int_eq(avpn_sa_open_run(sender, &run, results), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_sa_seal_run(receiver, &run, NULL), AVPN_ERROR_ARGUMENT);
    avpn_sa_del(sender);
    avpn_sa_del(receiver);
}
END_TEST

START_TEST(a_run_is_sealed_up_to_the_first_packet_that_cannot_be)
{
    struct avpn_sa_parameters p = parameters();
    uint32_t stride = AVPN_HEADROOM + RUN_BYTES + AVPN_TAILROOM;
    struct avpn_packets run = make_run(stride);
    uint32_t sealed_bytes[RUN] = {0};
    struct avpn_sa *sender;

    p.limit = 110;
    ck_assert_int_eq(avpn_sa_new_sender(&p, NULL, &sender), AVPN_OK);
    run.data[70 * stride] = 0x15;
    ck_assert_int_eq(avpn_sa_seal_run(sender, &run, sealed_bytes), 70);
    ck_assert_uint_eq(avpn_sa_sequence(sender), 70);
    ck_assert_uint_eq(sealed_bytes[70], 0);
    ck_assert_uint_eq(run.data[71 * stride], 0x45);
    run.data += 70 * stride;
    run.count -= 70;
    ck_assert_int_eq(avpn_sa_seal_run(sender, &run, NULL), AVPN_ERROR_FORMAT);
    run.data[0] = 0x45;
    ck_assert_int_eq(avpn_sa_seal_run(sender, &run, NULL), 40); /* the limit */
    run.data += 40 * stride;
    run.count -= 40;
    ck_assert_int_eq(avpn_sa_seal_run(sender, &run, NULL), AVPN_ERROR_EXHAUSTED);
    ck_assert_uint_eq(avpn_sa_sequence(sender), 110);
    avpn_sa_del(sender);
}
END_TEST

START_TEST(a_run_that_contradicts_itself_is_refused)
{
    const struct avpn_sa_parameters p = parameters();
    const struct avpn_packets good = make_run(AVPN_HEADROOM + RUN_BYTES + AVPN_TAILROOM);
    const struct avpn_packets runs[] = {
        {NULL, good.count, good.bytes, good.last_bytes, good.stride},
        {good.data, 0, good.bytes, good.last_bytes, good.stride},
        {good.data, good.count, good.bytes, good.bytes + 1, good.stride},
        {good.data, 1, good.bytes, good.last_bytes, good.stride},
        {good.data, 1u << 31, good.bytes, good.last_bytes, good.stride},
    };
    struct avpn_sa *sender, *receiver;
    int32_t results[RUN];

    ck_assert_int_eq(avpn_sa_new_sender(&p, NULL, &sender), AVPN_OK);
    ck_assert_int_eq(avpn_sa_new_receiver(&p, NULL, &receiver), AVPN_OK);
    for (int i = 0; i < HARNESS_COUNT(runs); i++) {
        ck_assert_int_eq(avpn_sa_seal_run(sender, &runs[i], NULL), AVPN_ERROR_ARGUMENT);
        ck_assert_int_eq(avpn_sa_open_run(receiver, &runs[i], results), AVPN_ERROR_ARGUMENT);
    }
    ck_assert_int_eq(avpn_sa_seal_run(sender, NULL, NULL), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_sa_open_run(receiver, &good, NULL), AVPN_ERROR_ARGUMENT);
    ck_assert_uint_eq(avpn_sa_sequence(sender), 0);
    avpn_sa_del(sender);
    avpn_sa_del(receiver);
}
END_TEST

/* Test case 16 of "The Galois/Counter Mode of Operation" (McGrew, Viega). */
START_TEST(aes_256_gcm_is_that_of_its_specification)
{
    const struct avpn_aead *aead = avpn_aead_find(AVPN_SUITE_AES_256_GCM);
    _Alignas(AVPN_AEAD_ALIGN) uint8_t state[AVPNI_AEAD_STATE_LIMIT];
    uint8_t key[32], text[60], ad[20], nonce[12], expected[76], tag[16];

    if (aead == NULL) {
        harness_skipped(1, "no hardware AES for AES-256-GCM");
        return;
    }
    harness_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", key, 32);
    harness_hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c9595680953"
                "2fcf0e2449a6b525b16aedf5aa0de657ba637b39",
                text, sizeof text);
    harness_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2", ad, sizeof ad);
    harness_hex("cafebabefacedbaddecaf888", nonce, sizeof nonce);
    harness_hex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3d"
                "a7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
                expected, sizeof expected);
    ck_assert_int_eq(aead->set_key(aead->user, state, key), 0);
    aead->seal(aead->user, state, text, sizeof text, tag, ad, sizeof ad, nonce);
    avpni_aead_clear(aead, state);
    ck_assert_mem_eq(text, expected, 60);
    ck_assert_mem_eq(tag, expected + 60, 16);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(a_pair_of_sas_carries_packets_without_allocating),
    HARNESS_LOOP(wrong_parameters_are_refused_and_leave_nothing_behind, HARNESS_COUNT(wrongs)),
    HARNESS_CASE(without_memory_there_is_no_sa),
    HARNESS_CASE(suites_have_names_and_chacha_is_always_there),
    HARNESS_CASE(a_run_is_sealed_and_opened_whole),
    HARNESS_CASE(a_run_is_sealed_up_to_the_first_packet_that_cannot_be),
    HARNESS_CASE(a_run_that_contradicts_itself_is_refused),
    HARNESS_CASE(aes_256_gcm_is_that_of_its_specification),
};
HARNESS_MAIN("crypto/sa", cases)
