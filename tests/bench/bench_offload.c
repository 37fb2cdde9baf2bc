/* SPDX-License-Identifier: ISC */
/*
 * bench_offload: cutting large packets and joining them again, beside memcpy of the same bytes, and beside the least that can be done:
 * copying each payload and adding it up. A large packet has as much as fits 64 KiB and AVPN_COALESCE_SLICES.
 *
 * All ways take turns in each round; a figure is the median of the rounds, in nanoseconds for one large packet. "of floor": of copying
 * and adding up; joining copies nothing, so it is compared with adding up alone.
 *
 *     bench_offload [--quick]
 */
#define _POSIX_C_SOURCE 200809L
#include "inner/checksum.h"

#include <autovpn/offload.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 41
#define TURN 64 /* large packets */
#define HEADERS 52u

enum { COPY, SUM, COPY_SUM, SEGMENT, COALESCE, WAYS };
static const char *const names[WAYS] = {"memcpy", "sum", "memcpy + sum", "avpn_segment",
                                        "avpn_coalesce"};

static uint8_t packet[65536], copy[65536], room[AVPN_SEGMENT_ROOM];
static uint32_t packet_bytes, segment;
static struct avpn_offload offload;
static struct avpn_packets run;
static struct avpn_coalescer *coalescer;
static volatile uint64_t kept; /* so that nothing is left out */

/* Time of this thread alone: whoever shares the processor is not counted, but for the caches. */
static uint64_t busy_nanoseconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "bench_offload: %s\n", what);
    exit(EXIT_FAILURE);
}

static void make_packet(uint32_t bytes)
{
    packet_bytes = (bytes - HEADERS) / segment > 64 ? HEADERS + 64 * segment : bytes;
    for (uint32_t i = 0; i < packet_bytes; i++)
        packet[i] = (uint8_t)(i * 2654435761u >> 13);
    memset(packet, 0, HEADERS);
    packet[0] = 0x45;
    packet[2] = (uint8_t)(packet_bytes >> 8);
    packet[3] = (uint8_t)packet_bytes;
    packet[6] = 0x40;
    packet[8] = 64;
    packet[9] = 6;
    packet[12] = packet[16] = 10;
    packet[32] = 0x80;
    packet[33] = 0x10;
    offload = (struct avpn_offload){AVPN_OFFLOAD_TCP4, 1, (uint16_t)segment, 20, 16};
}

static void take(void *user, const struct avpn_slice *slices, size_t count)
{
    (void)user;
    kept += count + slices[0].count;
}

static void copy_sum(void)
{
    uint64_t sum = 0;

    for (uint32_t at = HEADERS; at < packet_bytes; at += segment) {
        uint32_t bytes = packet_bytes - at < segment ? packet_bytes - at : segment;

        memcpy(copy + at, packet + at, bytes);
        sum += avpni_sum_add(0, copy + at, bytes);
    }
    kept += sum;
}

static void sum_only(void)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < run.count; i++)
        sum += avpni_sum_add(0, run.data + (size_t)i * run.stride, run.bytes);
    kept += sum;
}

static void do_one(int way)
{
    switch (way) {
    case COPY:
        memcpy(copy, packet, packet_bytes);
        __asm__ volatile("" ::: "memory");
        break;
    case SUM:
        sum_only();
        break;
    case COPY_SUM:
        copy_sum();
        break;
    case SEGMENT:
        if (avpn_segment(&offload, packet, packet_bytes, room, sizeof room, &run) != AVPN_OK)
            die("not cut");
        break;
    default:
        avpn_coalesce(coalescer, &run, 1, take, NULL);
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void measure(uint32_t piece, int rounds)
{
    static double ns[WAYS][ROUNDS];
    double median[WAYS];

    segment = piece - HEADERS;
    make_packet(65000);
    do_one(SEGMENT);
    for (int round = 0; round < rounds; round++)
        for (int way = 0; way < WAYS; way++) {
            uint64_t begin = busy_nanoseconds();

            for (int i = 0; i < TURN; i++)
                do_one(way);
            ns[way][round] = (double)(busy_nanoseconds() - begin) / TURN;
        }
    printf("%u bytes, %u pieces of %u\n", packet_bytes, run.count, piece);
    for (int way = 0; way < WAYS; way++) {
        qsort(ns[way], (size_t)rounds, sizeof ns[way][0], by_size);
        median[way] = ns[way][rounds / 2];
    }
    for (int way = 0; way < WAYS; way++) {
        double floor = way == SEGMENT ? median[COPY_SUM] : way == COALESCE ? median[SUM] : 0;

        printf("  %-14s %8.0f ns  %6.1f ns a piece  x%.2f of memcpy", names[way], median[way],
               median[way] / run.count, median[way] / median[COPY]);
        if (floor > 0)
            printf("  x%.2f of floor", median[way] / floor);
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    static const uint32_t pieces[] = {1400, 512, 116}; /* 116: 64 bytes of payload */
    int rounds = argc > 1 && strcmp(argv[1], "--quick") == 0 ? 5 : ROUNDS;

    if (avpn_coalescer_new(NULL, AVPN_COALESCE_TCP4, &coalescer) != AVPN_OK)
        die("memory");
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        measure(pieces[i], rounds);
    avpn_coalescer_del(coalescer);
    return EXIT_SUCCESS;
}
