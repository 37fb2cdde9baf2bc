/* SPDX-License-Identifier: ISC */
/*
 * forwarder: a wire through user space: what the kernel gives to a TUN device goes, sealed, to one peer by UDP, and
 * back. It has what makes a gateway fast - segmentation offloads at both ends, few system calls, no copy that can
 * be spared - and nothing of what makes it a VPN: no handshake, no replay window, no routes, no checks, and a key
 * that everybody knows. What it reaches is what a gateway could reach on this machine: the *ideal* of tunnels.sh.
 *
 *     forwarder DEVICE PROVIDER THREADS LOCAL_PORT PEER_ADDRESS PEER_PORT
 *
 * PROVIDER: none, best (what the library itself takes), or the name of one of its providers of AES-256-GCM, the same
 * table of functions that the library calls. THREADS: 1, or 2, one for each direction.
 */
#define _GNU_SOURCE
#include "forwarder.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

#define BUFFER_BYTES (4 << 20)
#define KEY_BYTES 32

static void die(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

/* ---- opening -------------------------------------------------------------------------- */

static int open_tun(const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
    unsigned tcp = TUN_F_CSUM | TUN_F_TSO4, all = tcp | TUN_F_USO4 | TUN_F_USO6;
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0)
        die("tun");
    if (ioctl(fd, TUNSETOFFLOAD, all) != 0 && ioctl(fd, TUNSETOFFLOAD, tcp) != 0)
        die("TUNSETOFFLOAD");
    return fd;
}

static int open_udp(uint16_t port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), bytes = BUFFER_BYTES, one = 1;

    if (fd < 0 || bind(fd, (const struct sockaddr *)&here, sizeof here) != 0)
        die("udp");
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0)
        die("buffers");
    if (setsockopt(fd, SOL_UDP, UDP_GRO, &one, sizeof one) != 0)
        die("UDP_GRO");
    return fd;
}

static const struct avpn_aead *find_provider(const char *name)
{
    const struct avpn_aead *aead = NULL;

    if (strcmp(name, "best") == 0)
        aead = avpn_aead_find(AVPN_SUITE_AES_256_GCM);
    else
        for (uint32_t i = 0; (aead = avpn_aead_at(i)) != NULL; i++)
            if (aead->suite == AVPN_SUITE_AES_256_GCM && strcmp(aead->name, name) == 0)
                break;
    if (aead == NULL || avpn_aead_test(aead) != AVPN_OK) {
        fprintf(stderr, "forwarder: %s: no such provider of AES-256-GCM here\n", name);
        exit(EXIT_FAILURE);
    }
    return aead;
}

static void *make_state(const struct avpn_aead *aead)
{
    static const uint8_t key[KEY_BYTES] = "everybody may know this key";
    void *state = aligned_alloc(AVPN_AEAD_ALIGN, (aead->state_bytes + AVPN_AEAD_ALIGN - 1) /
                                                     AVPN_AEAD_ALIGN * AVPN_AEAD_ALIGN);

    if (state == NULL || aead->set_key(aead->user, state, key) != 0)
        die("key");
    return state;
}

/* ---- running -------------------------------------------------------------------------- */

static void wait_for(struct pollfd *fds, nfds_t count)
{
    if (poll(fds, count, -1) < 0)
        die("poll");
}

static void run_one_thread(struct forwarder *f, struct forwarder_out *out, struct forwarder_in *in)
{
    struct pollfd fds[2] = {{.fd = f->tun, .events = POLLIN}, {.fd = f->udp, .events = POLLIN}};

    for (;;) {
        wait_for(fds, 2);
        if (fds[0].revents != 0)
            forwarder_out_run(out);
        if (fds[1].revents != 0)
            forwarder_in_run(in);
    }
}

struct inward {
    struct forwarder *forwarder;
    struct forwarder_in *in;
};

static void *run_inward(void *user)
{
    struct inward *inward = user;
    struct pollfd fd = {.fd = inward->forwarder->udp, .events = POLLIN};

    for (;;) {
        wait_for(&fd, 1);
        while (forwarder_in_run(inward->in)) {
        }
    }
    return NULL;
}

static void run_two_threads(struct forwarder *f, struct forwarder_out *out, struct forwarder_in *in)
{
    struct inward inward = {f, in};
    struct pollfd fd = {.fd = f->tun, .events = POLLIN};
    pthread_t thread;

    if (pthread_create(&thread, NULL, run_inward, &inward) != 0)
        die("thread");
    for (;;) {
        wait_for(&fd, 1);
        forwarder_out_run(out);
    }
}

int main(int argc, char **argv)
{
    struct forwarder forwarder = {0};
    struct forwarder_out *out = forwarder_out_new(&forwarder);
    struct forwarder_in *in = forwarder_in_new(&forwarder);

    if (argc != 7 || (strcmp(argv[3], "1") != 0 && strcmp(argv[3], "2") != 0)) {
        fprintf(stderr, "usage: forwarder DEVICE PROVIDER THREADS LOCAL_PORT PEER_ADDRESS PEER_PORT\n");
        return 2;
    }
    forwarder.peer.sin_family = AF_INET;
    forwarder.peer.sin_port = htons((uint16_t)strtoul(argv[6], NULL, 10));
    if (inet_pton(AF_INET, argv[5], &forwarder.peer.sin_addr) != 1 || out == NULL || in == NULL)
        die(argv[5]);
    if (strcmp(argv[2], "none") != 0) {
        forwarder.aead = find_provider(argv[2]);
        forwarder.seal_state = make_state(forwarder.aead);
        forwarder.open_state = make_state(forwarder.aead);
    }
    forwarder.tun = open_tun(argv[1]);
    forwarder.udp = open_udp((uint16_t)strtoul(argv[4], NULL, 10));
    if (argv[3][0] == '2')
        run_two_threads(&forwarder, out, in);
    else
        run_one_thread(&forwarder, out, in);
    return EXIT_SUCCESS;
}
