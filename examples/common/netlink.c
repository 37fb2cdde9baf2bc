/* SPDX-License-Identifier: ISC */
#include "common/netlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#ifndef NETLINK_GET_STRICT_CHK
#define NETLINK_GET_STRICT_CHK 12
#endif

#define ANSWER_BYTES 32768

int netlink_open(struct netlink *netlink, int bus)
{
    int on = 1;

    netlink->sequence = 0;
    netlink->socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
    if (!netlink->socket)
        return -1;
    /* dumps of one table only, short refusals; without either it is only slower */
    (void)mnl_socket_setsockopt(netlink->socket, NETLINK_GET_STRICT_CHK, &on, sizeof on);
    (void)mnl_socket_setsockopt(netlink->socket, NETLINK_CAP_ACK, &on, sizeof on);
    return mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID);
}

void netlink_close(struct netlink *netlink)
{
    if (netlink->socket)
        (void)mnl_socket_close(netlink->socket);
    netlink->socket = NULL;
}

struct nlmsghdr *netlink_begin(void *buffer, uint16_t type, uint16_t flags)
{
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

    request->nlmsg_type = type;
    request->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    return request;
}

/* The errno in an answer: 0 for an acknowledgement. */
static int error_of(const struct nlmsghdr *answer)
{
    const struct nlmsgerr *error = mnl_nlmsg_get_payload(answer);

    return -error->error;
}

/* ---- many at once ------------------------------------------------------------------------ */

void netlink_batch_begin(struct netlink_batch *batch, struct netlink *netlink)
{
    batch->netlink = netlink;
    batch->refused = NULL;
    batch->user = NULL;
    batch->count = 0;
    batch->used = 0;
}

static struct nlmsghdr *last_of(struct netlink_batch *batch)
{
    return (struct nlmsghdr *)(void *)(batch->bytes + batch->used);
}

/* `used` stays at the start of the last request: only when the next begins is its length known. */
static void close_last(struct netlink_batch *batch)
{
    if (batch->count == 0)
        return;
    last_of(batch)->nlmsg_seq = ++batch->netlink->sequence;
    batch->used += NLMSG_ALIGN(last_of(batch)->nlmsg_len);
}

struct nlmsghdr *netlink_batch_put(struct netlink_batch *batch, uint16_t type, uint16_t flags,
                                   void *subject)
{
    if (batch->count == NETLINK_AT_ONCE)
        netlink_batch_flush(batch);
    close_last(batch);
    batch->subjects[batch->count++] = subject;
    return netlink_begin(batch->bytes + batch->used, type, flags);
}

static void tell(const struct netlink_batch *batch, uint32_t sequence, int error)
{
    uint32_t place = sequence - (batch->netlink->sequence - batch->count + 1);

    if (error != 0 && place < batch->count && batch->refused)
        batch->refused(batch->user, batch->subjects[place], error);
}

/* Until the last request is answered. Answers to earlier batches may still come: they are skipped. */
static void hear(const struct netlink_batch *batch)
{
    _Alignas(struct nlmsghdr) char bytes[ANSWER_BYTES];

    for (;;) {
        ssize_t n = mnl_socket_recvfrom(batch->netlink->socket, bytes, sizeof bytes);
        struct nlmsghdr *answer = (struct nlmsghdr *)(void *)bytes;
        int left = (int)n;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return; /* answers were lost; the requests were served all the same */
        for (; mnl_nlmsg_ok(answer, left); answer = mnl_nlmsg_next(answer, &left)) {
            if (answer->nlmsg_type != NLMSG_ERROR)
                continue;
            tell(batch, answer->nlmsg_seq, error_of(answer));
            if (answer->nlmsg_seq == batch->netlink->sequence)
                return;
        }
    }
}

void netlink_batch_flush(struct netlink_batch *batch)
{
    if (batch->count == 0)
        return;
    last_of(batch)->nlmsg_flags |= NLM_F_ACK;
    close_last(batch);
    if (mnl_socket_sendto(batch->netlink->socket, batch->bytes, batch->used) >= 0)
        hear(batch);
    batch->count = 0;
    batch->used = 0;
}

/* ---- one ------------------------------------------------------------------------------------ */

int netlink_ask(struct netlink *netlink, struct nlmsghdr *request,
                void (*note)(void *user, const struct nlmsghdr *answer), void *user)
{
    _Alignas(struct nlmsghdr) char bytes[ANSWER_BYTES];

    request->nlmsg_flags |= NLM_F_ACK;
    request->nlmsg_seq = ++netlink->sequence;
    if (mnl_socket_sendto(netlink->socket, request, request->nlmsg_len) < 0)
        return -1;
    for (;;) {
        ssize_t n = mnl_socket_recvfrom(netlink->socket, bytes, sizeof bytes);
        struct nlmsghdr *answer = (struct nlmsghdr *)(void *)bytes;
        int left = (int)n;

        if (n < 0 && errno != EINTR)
            return -1;
        for (; mnl_nlmsg_ok(answer, left); answer = mnl_nlmsg_next(answer, &left)) {
            if (answer->nlmsg_seq != netlink->sequence)
                continue;
            if (answer->nlmsg_type == NLMSG_ERROR) {
                errno = error_of(answer);
                return errno == 0 ? 0 : -1;
            }
            if (note)
                note(user, answer);
        }
    }
}

int netlink_talk(struct netlink *netlink, struct nlmsghdr *request)
{
    return netlink_ask(netlink, request, NULL, NULL);
}

int netlink_dump(struct netlink *netlink, struct nlmsghdr *request,
                 void (*note)(void *user, const struct nlmsghdr *answer), void *user)
{
    _Alignas(struct nlmsghdr) char bytes[ANSWER_BYTES];

    request->nlmsg_flags |= NLM_F_DUMP;
    request->nlmsg_seq = ++netlink->sequence;
    if (mnl_socket_sendto(netlink->socket, request, request->nlmsg_len) < 0)
        return -1;
    for (;;) {
        ssize_t n = mnl_socket_recvfrom(netlink->socket, bytes, sizeof bytes);
        struct nlmsghdr *answer = (struct nlmsghdr *)(void *)bytes;
        int left = (int)n;

        if (n < 0 && errno != EINTR)
            return -1;
        for (; mnl_nlmsg_ok(answer, left); answer = mnl_nlmsg_next(answer, &left)) {
            if (answer->nlmsg_seq != netlink->sequence)
                continue;
            if (answer->nlmsg_type == NLMSG_DONE)
                return 0;
            if (answer->nlmsg_type == NLMSG_ERROR) {
                errno = error_of(answer);
                return -1;
            }
            note(user, answer);
        }
    }
}
