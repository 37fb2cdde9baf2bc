/* SPDX-License-Identifier: ISC */
/*
 * udp: one UDP socket, batches in and out, contacts instead of sockaddr.
 *
 * Receiving takes up to 64 messages per call, each of which may be a run of equal datagrams
 * where the kernel coalesced them (UDP_GRO). Sending hands whole runs to the kernel
 * (UDP_SEGMENT) and many messages per call. A socket that listens at the unspecified address
 * remembers which of the machine's addresses each remote used, and answers from that one.
 *
 * A socket for an engine that finds the path MTU by itself sends with DF set (whole in IPv6) and does
 * not believe what the kernel learned from ICMP [MTU-2], but for runs that may be fragmented [MTU-7].
 * What is larger than the interface takes is lost and counted.
 */
#ifndef EXAMPLES_UDP_H
#define EXAMPLES_UDP_H

#include <stdint.h>
#include <sys/socket.h>

#include <autovpn/batch.h>

#define UDP_BATCH 64

struct udp_origin;

struct udp {
    int fd; /* -1: closed */
    int family;
    uint32_t number; /* `uplink` of the batches */
    int can_segment;
    int finds_mtu;
    uint64_t too_big; /* datagrams that the interface did not take */
    struct udp_origin *origins; /* NULL: bound to one address */
    struct avpn_contact bound;
};

struct udp_options {
    struct avpn_contact bind; /* family NONE: any address, both families; no address: any of its family; port 0: any */
    const char *interface;    /* SO_BINDTODEVICE; NULL: none */
    uint32_t mark;            /* SO_MARK; 0: none */
    uint32_t number;
    int is_server; /* remembers origins, takes no coalesced runs */
    int finds_mtu; /* the engine finds the path MTU: see above */
};

/* Where messages are received: one for any number of sockets. */
struct udp_buffers;
struct udp_buffers *udp_buffers_new(void);
void udp_buffers_del(struct udp_buffers *buffers);

/* 0, or -1 with errno. */
int udp_open(struct udp *udp, const struct udp_options *options);
void udp_close(struct udp *udp);
/* The runs received, at most UDP_BATCH; their bytes live until the next call with these buffers. */
size_t udp_receive(struct udp *udp, struct udp_buffers *buffers,
                   struct avpn_datagrams batch_out[UDP_BATCH]);
/* What cannot be sent is lost. */
void udp_send(struct udp *udp, const struct avpn_datagrams *batch, size_t count);

/* For a socket of `family`; AF_INET6 takes IPv4 as mapped. Returns its length, 0: does not fit. */
socklen_t udp_address_from(const struct avpn_contact *contact, int family,
                           struct sockaddr_storage *address_out);
void udp_address_to(const struct sockaddr_storage *address, struct avpn_contact *contact_out);

#endif
