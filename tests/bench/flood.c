/* SPDX-License-Identifier: ISC */
/*
 * flood: a stream of equal UDP packets as fast as the kernel takes them, and the one who counts
 * what arrives; tests/bench/tunnels.sh puts a tunnel between the two.
 *
 *     flood send ADDRESS PORT BYTES SECONDS     prints {"packets": N, "seconds": S}
 *     flood receive PORT SECONDS                the same, between the first packet and the last
 *
 * Both go 64 packets at a time, by sendmmsg and recvmmsg, and end by themselves.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#define BATCH 64
#define BYTES_LIMIT 1472
#define SECONDS_LIMIT 120.0
#define BUFFER_BYTES (8 << 20)
#define QUIET_US 100000 /* receive looks at its clock so often when nothing comes */

struct batch {
    struct mmsghdr messages[BATCH];
    struct iovec slices[BATCH];
    uint8_t bytes[BATCH][BYTES_LIMIT];
};

static void die(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static double now_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void print_result(uint64_t packets, double seconds)
{
    printf("{\"packets\": %" PRIu64 ", \"seconds\": %.6f}\n", packets, seconds);
}

/* Buffers that are no limit themselves: without root's right to that, what the machine gives. */
static int open_socket(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), bytes = BUFFER_BYTES;

    if (fd < 0)
        die("socket");
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    return fd;
}

static struct batch *make_batch(size_t bytes)
{
    struct batch *batch = calloc(1, sizeof *batch);

    if (batch == NULL)
        die("memory");
    for (uint32_t i = 0; i < BATCH; i++) {
        batch->slices[i] = (struct iovec){batch->bytes[i], bytes};
        batch->messages[i].msg_hdr.msg_iov = &batch->slices[i];
        batch->messages[i].msg_hdr.msg_iovlen = 1;
    }
    return batch;
}

/* What a full queue refuses was not sent; the next try is the kernel's pace. */
static void send_packets(const struct sockaddr_in *to, size_t bytes, double seconds)
{
    struct batch *batch = make_batch(bytes);
    int fd = open_socket();
    uint64_t sent = 0;
    double begin = now_seconds();

    if (connect(fd, (const struct sockaddr *)to, sizeof *to) != 0)
        die("connect");
    while (now_seconds() - begin < seconds) {
        int count = sendmmsg(fd, batch->messages, BATCH, 0);

        sent += count > 0 ? (uint64_t)count : 0;
    }
    print_result(sent, now_seconds() - begin);
    free(batch);
}

static void receive_packets(uint16_t port, double seconds)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval quiet = {.tv_usec = QUIET_US};
    struct batch *batch = make_batch(BYTES_LIMIT);
    int fd = open_socket();
    uint64_t received = 0;
    double begin = now_seconds(), first = 0, last = 0;

    if (bind(fd, (const struct sockaddr *)&here, sizeof here) != 0)
        die("bind");
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &quiet, sizeof quiet) != 0)
        die("SO_RCVTIMEO");
    while (now_seconds() - begin < seconds) {
        int count = recvmmsg(fd, batch->messages, BATCH, MSG_WAITFORONE, NULL);

        if (count <= 0)
            continue;
        last = now_seconds();
        first = received == 0 ? last : first;
        received += (uint64_t)count;
    }
    print_result(received, last - first);
    free(batch);
}

static int usage(void)
{
    fprintf(stderr, "usage: flood send ADDRESS PORT BYTES SECONDS | flood receive PORT SECONDS\n");
    return 2;
}

/* 0: not a number within 1 .. limit. */
static double number(const char *text, double limit)
{
    char *end;
    double value = strtod(text, &end);

    return *end == '\0' && value > 0 && value <= limit ? value : 0;
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "send") == 0) {
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)number(argv[3], UINT16_MAX))};
        size_t bytes = (size_t)number(argv[4], BYTES_LIMIT);
        double seconds = number(argv[5], SECONDS_LIMIT);

        if (inet_pton(AF_INET, argv[2], &to.sin_addr) != 1 || to.sin_port == 0 || bytes == 0 ||
            seconds <= 0)
            return usage();
        send_packets(&to, bytes, seconds);
        return EXIT_SUCCESS;
    }
    if (argc == 4 && strcmp(argv[1], "receive") == 0) {
        uint16_t port = (uint16_t)number(argv[2], UINT16_MAX);
        double seconds = number(argv[3], SECONDS_LIMIT);

        if (port == 0 || seconds <= 0)
            return usage();
        receive_packets(port, seconds);
        return EXIT_SUCCESS;
    }
    return usage();
}
