/* SPDX-License-Identifier: ISC */
/*
 * netlink: requests to the kernel over netlink (libmnl): one, a dump, or many at once.
 *
 * Many at once: requests gather in a batch and leave in one system call. The kernel serves them in
 * order and answers those that it refuses, and the last. Life of a batch: begin, then put or copy
 * again and again, then flush, which is also done on the way whenever it is full.
 */
#ifndef EXAMPLES_NETLINK_H
#define EXAMPLES_NETLINK_H

#include <stddef.h>
#include <stdint.h>

#include <linux/netlink.h>

#define NETLINK_REQUEST_BYTES 512u
#define NETLINK_AT_ONCE 128u /* answers to so many fit the socket's buffer, all refused */

struct mnl_socket;

struct netlink {
    struct mnl_socket *socket;
    uint32_t sequence;
};

struct netlink_batch {
    struct netlink *netlink;
    /* A request was refused with this errno. NULL: nobody cares. */
    void (*refused)(void *user, void *subject, int error);
    void *user;
    uint32_t count;
    size_t used;
    void *subjects[NETLINK_AT_ONCE];
    _Alignas(struct nlmsghdr) uint8_t bytes[NETLINK_AT_ONCE * NETLINK_REQUEST_BYTES];
};

/* `bus`: NETLINK_ROUTE, NETLINK_XFRM. 0, or -1 with errno. */
int netlink_open(struct netlink *netlink, int bus);
void netlink_close(struct netlink *netlink);

/* A request's header in `buffer`, of NETLINK_REQUEST_BYTES; attributes follow by libmnl. */
struct nlmsghdr *netlink_begin(void *buffer, uint16_t type, uint16_t flags);
/* Send one and hear how it went: 0, or -1 with errno. */
int netlink_talk(struct netlink *netlink, struct nlmsghdr *request);
/* The same for a request that has an answer: to `note`, which must not send requests. */
int netlink_ask(struct netlink *netlink, struct nlmsghdr *request,
                void (*note)(void *user, const struct nlmsghdr *answer), void *user);
/* Each answer of a dump to `note`, which must not send requests. 0, or -1 with errno. */
int netlink_dump(struct netlink *netlink, struct nlmsghdr *request,
                 void (*note)(void *user, const struct nlmsghdr *answer), void *user);

void netlink_batch_begin(struct netlink_batch *batch, struct netlink *netlink);
/* The next request to fill in. `subject` is for `refused`. */
struct nlmsghdr *netlink_batch_put(struct netlink_batch *batch, uint16_t type, uint16_t flags,
                                   void *subject);
void netlink_batch_flush(struct netlink_batch *batch);

#endif
