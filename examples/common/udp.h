/* SPDX-License-Identifier: ISC */
/*
 * udp: one UDP socket, batches in and out, contacts instead of sockaddr.
 *
 * Receiving takes many messages per call, each of which may be a run of equal datagrams
 * where the kernel coalesced them (UDP_GRO). Sending hands whole runs to the kernel
 * (UDP_SEGMENT) and many messages per call. A socket that listens at the unspecified address
 * remembers which of the machine's addresses each remote used, and answers from that one.
 *
 * A socket for an engine that finds the path MTU by itself sends with DF set (whole in IPv6) and does
 * not believe what the kernel learned from ICMP [MTU-2], but for runs that may be fragmented [MTU-7].
 * What is larger than the interface takes is lost and counted, and so is what a full send buffer does not take: to wait
 * for room would hold up all that leaves elsewhere.
 *
 * One thread at a time for each socket, unless it is shared: then any number of threads may send, one at a time receive, and
 * other sockets may be bound to the same contact, among which the kernel distributes remotes.
 */
#ifndef EXAMPLES_UDP_H
#define EXAMPLES_UDP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>

#include <autovpn/batch.h>

#include "common/tally.h"

#define UDP_BATCH 64
/* Slots of 64 KiB that are worth having where runs arrive coalesced: more would only be memory, and cold. */
#define UDP_COALESCED_BATCH 8

struct udp_origin;

struct udp {
    int fd; /* -1: closed */
    int family;
    uint32_t number; /* `uplink` of the batches */
    atomic_int can_segment; /* UDP_SEGMENT */
    int can_coalesce;       /* UDP_GRO */
    int finds_mtu;
    int is_shared;
    pthread_rwlock_t fragmenting; /* of a shared one: written by who lets the outer packets be fragmented */
    struct tally too_big; /* datagrams that the interface did not take */
    struct tally full;    /* for which there was no room */
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
    int is_shared; /* from the start: another that is bound to the same contact is shared already */
};

/* Where messages are received, `slots` (1..UDP_BATCH) in one call: one for any number of sockets of a thread. */
struct udp_buffers;
struct udp_buffers *udp_buffers_new(uint32_t slots);
void udp_buffers_del(struct udp_buffers *buffers);

/* 0, or -1 with errno. */
int udp_open(struct udp *udp, const struct udp_options *options);
void udp_close(struct udp *udp);
/* From now on it is shared, before others send. A first one that is not, finds out whether a stranger has its port. 0, or -1 with errno. */
int udp_share(struct udp *udp);
/* The runs received, at most as many as slots; their bytes live until the next call with these buffers. */
size_t udp_receive(struct udp *udp, struct udp_buffers *buffers,
                   struct avpn_datagrams batch_out[UDP_BATCH]);
/* What cannot be sent is lost. */
void udp_send(struct udp *udp, const struct avpn_datagrams *batch, size_t count);

/* For a socket of `family`; AF_INET6 takes IPv4 as mapped. Returns its length, 0: does not fit. */
socklen_t udp_address_from(const struct avpn_contact *contact, int family,
                           struct sockaddr_storage *address_out);
void udp_address_to(const struct sockaddr_storage *address, struct avpn_contact *contact_out);

#endif
