/* SPDX-License-Identifier: ISC */
/*
 * esp_peer: our end of an ESP tunnel whose other end is the Linux kernel.
 *
 * Runs inside the guest of kernel_esp.sh, which judges what this program reports.
 *
 *     esp_peer check                        both suites run here: exit 0
 *     esp_peer hold PORT                    the kernel's encapsulation socket, until killed
 *     esp_peer ping ADDRESS COUNT           count echoes answered through the tunnel
 *     esp_peer talk SUITE SECRET_TO_KERNEL SECRET_TO_US LAST_NUMBER ANSWERS FAMILIES
 *
 * `talk` owns one SA pair and goes through four steps in order: answer the kernel's pings, send
 * requests of its own in reverse order, attack the kernel, attack itself with the kernel's packets.
 * Each step prints `name=count` lines; a step that cannot go on prints lower counts, never stops
 * the program, and every wait is bounded.
 */
#define _DEFAULT_SOURCE /* pause */

#include "oracle.h"

#include <arpa/inet.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define OUR_OUTER "192.0.2.2"
#define KERNEL_OUTER "192.0.2.1"
#define ESP_PORT 4500
#define SPI_TO_KERNEL 0x2001
#define SPI_TO_US 0x1001

#define BURST 40        /* fewer than the kernel's window of 64, or reversed packets would fall out */
#define FORGERIES 4
#define WAIT_MS 3000    /* for one expected packet */
#define LOSS_LIMIT 3    /* unanswered pings that decide the matter */
#define BUFFER_BYTES (AVPN_HEADROOM + ECHO_BYTES_LIMIT + AVPN_TAILROOM)
#define ESP_SEQUENCE 4
#define ESP_IV 8

struct datagram {
    uint32_t bytes;
    uint8_t data[BUFFER_BYTES];
};

struct peer {
    int udp;
    struct avpn_sa *sender;
    struct avpn_sa *receiver;
    uint32_t answers;  /* kernel requests to answer before the first step is over */
    uint32_t families; /* 1: IPv4 inside; 2: IPv6 too, every second packet */
    uint32_t foreign_iv; /* packets opened whose IV was not their number */
    struct datagram burst[BURST]; /* as sealed, for sending them a second time */
};

static void report(const char *name, uint32_t count)
{
    printf("%s=%u\n", name, (unsigned)count);
    fflush(stdout);
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* ---- wire -------------------------------------------------------------- */

static int udp_open(const char *address, uint16_t port)
{
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (fd < 0 || inet_pton(AF_INET, address, &local.sin_addr) != 1 ||
        bind(fd, (const struct sockaddr *)&local, sizeof local) != 0) {
        perror("udp socket");
        exit(1);
    }
    return fd;
}

static void wire_send(const struct peer *peer, const struct datagram *datagram)
{
    struct sockaddr_in remote = {.sin_family = AF_INET, .sin_port = htons(ESP_PORT)};

    inet_pton(AF_INET, KERNEL_OUTER, &remote.sin_addr);
    if (sendto(peer->udp, datagram->data, datagram->bytes, 0, (const struct sockaddr *)&remote,
               sizeof remote) < 0)
        perror("sendto");
}

static bool wire_receive(const struct peer *peer, struct datagram *datagram_out)
{
    struct pollfd readable = {.fd = peer->udp, .events = POLLIN};
    ssize_t bytes;

    if (poll(&readable, 1, WAIT_MS) != 1)
        return false;
    bytes = recv(peer->udp, datagram_out->data, sizeof datagram_out->data, 0);
    if (bytes < 0)
        return false;
    datagram_out->bytes = (uint32_t)bytes;
    return true;
}

/* ---- tunnel ------------------------------------------------------------ */

/* Seal the `bytes` bytes that stand at AVPN_HEADROOM. */
static bool seal(const struct peer *peer, struct datagram *datagram, uint32_t bytes)
{
    int32_t sealed = avpn_sa_seal(peer->sender, datagram->data + AVPN_HEADROOM, bytes);

    datagram->bytes = sealed < 0 ? 0 : (uint32_t)sealed;
    return sealed > 0;
}

static bool seal_request(const struct peer *peer, struct datagram *datagram_out, uint16_t sequence)
{
    uint8_t family =
        peer->families == 2 && sequence % 2 != 0 ? AVPN_FAMILY_IPV6 : AVPN_FAMILY_IPV4;

    return seal(peer, datagram_out,
                echo_request_write(datagram_out->data + AVPN_HEADROOM, family, sequence));
}

static int32_t open_datagram(struct peer *peer, struct datagram *datagram)
{
    bool is_foreign = datagram->bytes >= AVPN_HEADROOM &&
                      memcmp(datagram->data + ESP_SEQUENCE, datagram->data + ESP_IV + 4, 4) != 0;
    int32_t bytes = avpn_sa_open(peer->receiver, datagram->data, datagram->bytes);

    if (bytes > 0 && is_foreign)
        peer->foreign_iv++;
    return bytes;
}

static bool open_reply(struct peer *peer, struct datagram *datagram)
{
    int32_t bytes = open_datagram(peer, datagram);

    return bytes > 0 && echo_reply_is_good(datagram->data + AVPN_HEADROOM, (uint32_t)bytes);
}

/* ---- steps ------------------------------------------------------------- */

static void answer_pings(struct peer *peer)
{
    struct datagram datagram;
    uint32_t answered = 0;

    while (answered < peer->answers && wire_receive(peer, &datagram)) {
        int32_t bytes = open_datagram(peer, &datagram);

        if (bytes > 0 && echo_request_answer(datagram.data + AVPN_HEADROOM, (uint32_t)bytes) &&
            seal(peer, &datagram, (uint32_t)bytes)) {
            wire_send(peer, &datagram);
            answered++;
        }
    }
    report("answered", answered);
}

/* Requests leave last number first, and the replies are opened last received first. */
static void send_reversed(struct peer *peer)
{
    static struct datagram replies[BURST];
    uint32_t received = 0;
    uint32_t good = 0;

    for (uint16_t i = 0; i < BURST; i++)
        if (!seal_request(peer, &peer->burst[i], (uint16_t)(100 + i)))
            return;
    for (uint32_t i = BURST; i > 0; i--)
        wire_send(peer, &peer->burst[i - 1]);
    while (received < BURST && wire_receive(peer, &replies[received]))
        received++;
    for (uint32_t i = received; i > 0; i--)
        good += open_reply(peer, &replies[i - 1]) ? 1 : 0;
    report("reversed", good);
}

/* One request and its reply, which the caller opens. */
static bool exchange(struct peer *peer, uint16_t sequence, struct datagram *reply_out)
{
    struct datagram request;

    if (!seal_request(peer, &request, sequence))
        return false;
    wire_send(peer, &request);
    return wire_receive(peer, reply_out);
}

/* The same genuine packet with one field altered: number, IV, ciphertext or ICV. */
static void forge(struct datagram *datagram, uint32_t which)
{
    switch (which) {
    case 0:
        /* Further on, so that the replay window has no reason to refuse it. */
        put32(datagram->data + ESP_SEQUENCE, get32(datagram->data + ESP_SEQUENCE) + 16);
        break;
    case 1:
        datagram->data[ESP_IV] ^= 0x80;
        break;
    case 2:
        datagram->data[AVPN_HEADROOM] ^= 0x01;
        break;
    default:
        datagram->data[datagram->bytes - 1] ^= 0x01;
        break;
    }
}

static void attack_kernel(struct peer *peer)
{
    struct datagram datagram;

    for (uint32_t i = 0; i < BURST; i++)
        wire_send(peer, &peer->burst[i]);
    for (uint32_t which = 0; which < FORGERIES; which++) {
        if (!seal_request(peer, &datagram, (uint16_t)(200 + which)))
            return;
        forge(&datagram, which);
        wire_send(peer, &datagram);
    }
    /* The link keeps order: with this reply here the kernel has judged all of the above. */
    report("alive", exchange(peer, 210, &datagram) && open_reply(peer, &datagram));
}

static void attack_ourselves(struct peer *peer)
{
    struct datagram genuine;
    struct datagram copy;
    struct datagram before;
    uint32_t refused = 0;
    uint32_t replays = 0;

    if (!exchange(peer, 220, &genuine))
        return;
    for (uint32_t which = 0; which < FORGERIES; which++) {
        copy = genuine;
        forge(&copy, which);
        before = copy;
        if (avpn_sa_open(peer->receiver, copy.data, copy.bytes) == AVPN_ERROR_AUTH &&
            memcmp(copy.data, before.data, copy.bytes) == 0)
            refused++;
    }
    report("forgeries_refused", refused);
    copy = genuine;
    /* The forgeries must not have moved the window, or their original would be refused now. */
    report("genuine_opened", open_reply(peer, &copy));
    for (uint32_t i = 0; i < 2; i++) {
        copy = genuine;
        replays += avpn_sa_open(peer->receiver, copy.data, copy.bytes) == AVPN_ERROR_VERSION;
    }
    report("replays_refused", replays);
}

/* ---- commands ---------------------------------------------------------- */

static int command_talk(char **arguments)
{
    static struct peer peer;
    struct avpn_sa_parameters to_kernel;
    struct avpn_sa_parameters to_us;
    uint8_t suite = suite_parse(arguments[0]);

    if (!parameters_parse(&to_kernel, suite, SPI_TO_KERNEL, arguments[1], arguments[3]) ||
        !parameters_parse(&to_us, suite, SPI_TO_US, arguments[2], arguments[3]) ||
        avpn_sa_new_sender(&to_kernel, NULL, &peer.sender) != AVPN_OK ||
        avpn_sa_new_receiver(&to_us, NULL, &peer.receiver) != AVPN_OK) {
        fprintf(stderr, "esp_peer: no such SA pair\n");
        return 2;
    }
    peer.answers = (uint32_t)strtoul(arguments[4], NULL, 10);
    peer.families = (uint32_t)strtoul(arguments[5], NULL, 10);
    peer.udp = udp_open(OUR_OUTER, ESP_PORT);
    report("ready", 1);
    answer_pings(&peer);
    send_reversed(&peer);
    attack_kernel(&peer);
    attack_ourselves(&peer);
    report("foreign_iv", peer.foreign_iv);
    printf("sent=%llx\nreceived=%llx\n", (unsigned long long)avpn_sa_sequence(peer.sender),
           (unsigned long long)avpn_sa_sequence(peer.receiver));
    close(peer.udp);
    avpn_sa_del(peer.sender);
    avpn_sa_del(peer.receiver);
    return 0;
}

/* An unprivileged ICMP socket: the kernel fills in identifier and checksum. */
static int ping_open(const char *address, uint8_t *request_out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    int fd;

    if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1) {
        *request_out = 128;
        fd = socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6);
        return connect(fd, (const struct sockaddr *)&v6, sizeof v6) == 0 ? fd : -1;
    }
    *request_out = 8;
    if (inet_pton(AF_INET, address, &v4.sin_addr) != 1)
        return -1;
    fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    return connect(fd, (const struct sockaddr *)&v4, sizeof v4) == 0 ? fd : -1;
}

static bool ping_once(int fd, uint8_t request, uint16_t sequence)
{
    uint8_t message[ECHO_HEADER_BYTES + ECHO_PAYLOAD_LIMIT] = {request};
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    ssize_t bytes;

    message[6] = (uint8_t)(sequence >> 8);
    message[7] = (uint8_t)sequence;
    echo_payload_write(message + ECHO_HEADER_BYTES, sequence);
    if (send(fd, message, ECHO_HEADER_BYTES + echo_payload_bytes(sequence), 0) < 0 ||
        poll(&readable, 1, WAIT_MS / 3) != 1)
        return false;
    bytes = recv(fd, message, sizeof message, 0);
    return bytes >= ECHO_HEADER_BYTES &&
           echo_payload_matches(message + ECHO_HEADER_BYTES, (uint32_t)bytes - ECHO_HEADER_BYTES,
                                sequence);
}

static int command_ping(char **arguments)
{
    uint32_t count = (uint32_t)strtoul(arguments[1], NULL, 10);
    uint32_t answered = 0;
    uint8_t request;
    int fd = ping_open(arguments[0], &request);

    if (fd < 0) {
        perror("ping socket");
        return 1;
    }
    for (uint16_t i = 0; i < count && i < answered + LOSS_LIMIT; i++)
        answered += ping_once(fd, request, i) ? 1 : 0;
    printf("%u\n", (unsigned)answered);
    close(fd);
    return 0;
}

static int command_hold(char **arguments)
{
    int kind = UDP_ENCAP_ESPINUDP;
    int fd = udp_open(KERNEL_OUTER, (uint16_t)strtoul(arguments[0], NULL, 10));

    if (setsockopt(fd, IPPROTO_UDP, UDP_ENCAP, &kind, sizeof kind) != 0) {
        perror("UDP_ENCAP");
        return 1;
    }
    report("held", 1);
    for (;;)
        pause();
}

static int command_check(char **arguments)
{
    (void)arguments;
    return avpn_suite_is_available(AVPN_SUITE_AES_256_GCM) &&
                   avpn_suite_is_available(AVPN_SUITE_CHACHA20_POLY1305)
               ? 0
               : 3;
}

int main(int count, char **arguments)
{
    static const struct {
        const char *name;
        int arguments;
        int (*run)(char **arguments);
    } COMMANDS[] = {
        {"check", 0, command_check},
        {"hold", 1, command_hold},
        {"ping", 2, command_ping},
        {"talk", 6, command_talk},
    };

    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++)
        if (count == COMMANDS[i].arguments + 2 && strcmp(arguments[1], COMMANDS[i].name) == 0)
            return COMMANDS[i].run(arguments + 2);
    fprintf(stderr, "usage: esp_peer check | hold PORT | ping ADDRESS COUNT |\n"
                    "       talk gcm|chacha SECRET SECRET LAST_NUMBER ANSWERS FAMILIES\n");
    return 2;
}
