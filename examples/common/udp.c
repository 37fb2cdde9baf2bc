/* SPDX-License-Identifier: ISC */
#include "common/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define IPV6_LEAST_MTU 1280
#define SLOT_BYTES 65536u
#define SEGMENTS_LIMIT 64u         /* of one UDP_SEGMENT message, in the kernel */
#define SEGMENTED_BYTES_LIMIT 65000u
#define VECTORS 256u
#define SOCKET_BUFFER_BYTES (4 << 20)
#define ORIGINS 65536u
#define CONTROL_BYTES 128

/* Which own address a remote contact talked to. A cache: who is displaced gets the kernel's choice. */
struct udp_origin {
    struct avpn_contact remote;
    uint8_t own[16];
};

struct udp_buffers {
    uint32_t count;
    struct mmsghdr messages[UDP_BATCH];
    struct iovec vectors[UDP_BATCH];
    struct sockaddr_storage names[UDP_BATCH];
    _Alignas(struct cmsghdr) uint8_t control[UDP_BATCH][CONTROL_BYTES];
    uint8_t slots[][SLOT_BYTES]; /* pages that no message reached are not touched */
};

/* ---- addresses ---------------------------------------------------------------- */

socklen_t udp_address_from(const struct avpn_contact *contact, int family,
                           struct sockaddr_storage *address_out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(contact->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(contact->port)};

    memset(address_out, 0, sizeof *address_out);
    if (family == AF_INET && contact->family == AVPN_FAMILY_IPV4) {
        memcpy(&v4.sin_addr, contact->bytes, 4);
        memcpy(address_out, &v4, sizeof v4);
        return sizeof v4;
    }
    if (family != AF_INET6 || contact->family == AVPN_FAMILY_NONE)
        return 0;
    if (contact->family == AVPN_FAMILY_IPV4) {
        v6.sin6_addr.s6_addr[10] = v6.sin6_addr.s6_addr[11] = 0xff;
        memcpy(v6.sin6_addr.s6_addr + 12, contact->bytes, 4);
    } else {
        memcpy(v6.sin6_addr.s6_addr, contact->bytes, 16);
    }
    memcpy(address_out, &v6, sizeof v6);
    return sizeof v6;
}

void udp_address_to(const struct sockaddr_storage *address, struct avpn_contact *contact_out)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    memset(contact_out, 0, sizeof *contact_out);
    if (address->ss_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        contact_out->family = AVPN_FAMILY_IPV4;
        contact_out->port = ntohs(v4.sin_port);
        memcpy(contact_out->bytes, &v4.sin_addr, 4);
    } else if (address->ss_family == AF_INET6) {
        memcpy(&v6, address, sizeof v6);
        contact_out->port = ntohs(v6.sin6_port);
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
            contact_out->family = AVPN_FAMILY_IPV4;
            memcpy(contact_out->bytes, v6.sin6_addr.s6_addr + 12, 4);
        } else {
            contact_out->family = AVPN_FAMILY_IPV6;
            memcpy(contact_out->bytes, v6.sin6_addr.s6_addr, 16);
        }
    }
}

/* ---- origins ------------------------------------------------------------------- */

static struct udp_origin *origin_of(const struct udp *udp, const struct avpn_contact *remote)
{
    uint32_t hash = 2166136261u ^ remote->port; /* FNV-1a; a collision costs nothing but itself */

    for (uint32_t i = 0; i < 16; i++)
        hash = (hash ^ remote->bytes[i]) * 16777619u;
    hash ^= remote->port * 2654435761u;
    return &udp->origins[(hash ^ hash >> 16) % ORIGINS];
}

static int is_same_contact(const struct avpn_contact *a, const struct avpn_contact *b)
{
    return a->family == b->family && a->port == b->port && memcmp(a->bytes, b->bytes, 16) == 0;
}

static void remember_origin(struct udp *udp, const struct avpn_contact *remote,
                            const struct cmsghdr *header)
{
    struct udp_origin *origin = origin_of(udp, remote);
    struct in6_pktinfo v6;
    struct in_pktinfo v4;

    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
        memcpy(&v4, CMSG_DATA(header), sizeof v4);
        memset(origin, 0, sizeof *origin);
        memcpy(origin->own, &v4.ipi_spec_dst, 4);
    } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
        memcpy(&v6, CMSG_DATA(header), sizeof v6);
        memcpy(origin->own, &v6.ipi6_addr, 16);
    } else {
        return;
    }
    origin->remote = *remote;
}

static size_t put_control(uint8_t *control, size_t used, int level, int type, const void *value,
                          size_t bytes)
{
    struct cmsghdr header = {.cmsg_len = CMSG_LEN(bytes), .cmsg_level = level, .cmsg_type = type};

    memset(control + used, 0, CMSG_SPACE(bytes));
    memcpy(control + used, &header, sizeof header);
    memcpy(control + used + CMSG_LEN(0), value, bytes);
    return used + CMSG_SPACE(bytes);
}

static size_t put_origin(const struct udp *udp, const struct avpn_contact *remote,
                         uint8_t *control, size_t used)
{
    const struct udp_origin *origin;
    struct in6_pktinfo v6 = {0};
    struct in_pktinfo v4 = {0};

    if (!udp->origins)
        return used;
    origin = origin_of(udp, remote);
    if (!is_same_contact(&origin->remote, remote))
        return used;
    if (udp->family == AF_INET) {
        memcpy(&v4.ipi_spec_dst, origin->own, 4);
        return put_control(control, used, IPPROTO_IP, IP_PKTINFO, &v4, sizeof v4);
    }
    memcpy(&v6.ipi6_addr, origin->own, 16);
    return put_control(control, used, IPPROTO_IPV6, IPV6_PKTINFO, &v6, sizeof v6);
}

/* ---- life ----------------------------------------------------------------------- */

static void set_number(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

/*
 * Whether outer packets may be fragmented, here and on their way. PROBE: DF is set, and only the
 * interface's MTU counts, whatever ICMP said. In IPv6 the fragments have the size that every path takes.
 */
static void set_fragmenting(struct udp *udp, int may_fragment)
{
    set_number(udp->fd, IPPROTO_IP, IP_MTU_DISCOVER,
               may_fragment ? IP_PMTUDISC_DONT : IP_PMTUDISC_PROBE);
    if (udp->family != AF_INET6)
        return;
    set_number(udp->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
               may_fragment ? IPV6_PMTUDISC_DONT : IPV6_PMTUDISC_PROBE);
    if (udp->finds_mtu)
        set_number(udp->fd, IPPROTO_IPV6, IPV6_MTU, may_fragment ? IPV6_LEAST_MTU : 0);
}

static void set_options(struct udp *udp, const struct udp_options *options)
{
    int fd = udp->fd;

    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &(int){SOCKET_BUFFER_BYTES}, sizeof(int)) != 0)
        set_number(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER_BYTES);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &(int){SOCKET_BUFFER_BYTES}, sizeof(int)) != 0)
        set_number(fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER_BYTES);
    /* Where nobody finds the path's MTU: better slow than a hole where it is small. */
    set_fragmenting(udp, !udp->finds_mtu);
    if (options->is_server) {
        set_number(fd, IPPROTO_IP, IP_PKTINFO, 1);
        if (udp->family == AF_INET6)
            set_number(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    } else {
        udp->can_coalesce = setsockopt(fd, IPPROTO_UDP, UDP_GRO, &(int){1}, sizeof(int)) == 0;
        /* An uplink's address may come and go while the daemon runs. */
        set_number(fd, IPPROTO_IP, IP_FREEBIND, 1);
    }
}

static int bind_socket(struct udp *udp, const struct udp_options *options)
{
    struct sockaddr_storage address;
    struct avpn_contact bind_to = options->bind;
    socklen_t length;

    if (options->mark && setsockopt(udp->fd, SOL_SOCKET, SO_MARK, &options->mark,
                                    sizeof options->mark) != 0)
        return -1;
    if (options->interface &&
        setsockopt(udp->fd, SOL_SOCKET, SO_BINDTODEVICE, options->interface,
                   (socklen_t)strlen(options->interface)) != 0)
        return -1;
    if (bind_to.family == AVPN_FAMILY_NONE)
        bind_to.family = udp->family == AF_INET ? AVPN_FAMILY_IPV4 : AVPN_FAMILY_IPV6;
    if (udp->family == AF_INET6)
        set_number(udp->fd, IPPROTO_IPV6, IPV6_V6ONLY, options->bind.family == AVPN_FAMILY_IPV6);
    length = udp_address_from(&bind_to, udp->family, &address);
    if (bind(udp->fd, (const struct sockaddr *)&address, length) != 0)
        return -1;
    length = sizeof address;
    if (getsockname(udp->fd, (struct sockaddr *)&address, &length) != 0)
        return -1;
    udp_address_to(&address, &udp->bound);
    return 0;
}

static int is_unspecified(const struct avpn_contact *contact)
{
    static const uint8_t zero[16];

    return memcmp(contact->bytes, zero, sizeof zero) == 0;
}

static int knows_segments(int fd)
{
    int bytes;

    return getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &bytes, &(socklen_t){sizeof bytes}) == 0;
}

static int open_family(struct udp *udp, const struct udp_options *options, int family)
{
    int saved;

    memset(udp, 0, sizeof *udp);
    udp->family = family;
    udp->number = options->number;
    udp->finds_mtu = options->finds_mtu;
    udp->fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (udp->fd < 0)
        return -1;
    udp->can_segment = knows_segments(udp->fd);
    set_options(udp, options);
    if ((!options->is_shared || udp_share(udp) == 0) && bind_socket(udp, options) == 0) {
        if (options->is_server && is_unspecified(&options->bind))
            udp->origins = calloc(ORIGINS, sizeof *udp->origins);
        return 0;
    }
    saved = errno;
    udp_close(udp);
    errno = saved;
    return -1;
}

int udp_open(struct udp *udp, const struct udp_options *options)
{
    if (options->bind.family == AVPN_FAMILY_IPV4)
        return open_family(udp, options, AF_INET);
    if (open_family(udp, options, AF_INET6) == 0)
        return 0;
    /* no IPv6 on this machine: a socket for any address is then one for IPv4 */
    if (options->bind.family == AVPN_FAMILY_NONE && errno == EAFNOSUPPORT)
        return open_family(udp, options, AF_INET);
    return -1;
}

int udp_share(struct udp *udp)
{
    if (setsockopt(udp->fd, SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int)) != 0)
        return -1;
    errno = pthread_rwlock_init(&udp->fragmenting, NULL);
    udp->is_shared = errno == 0;
    return udp->is_shared ? 0 : -1;
}

void udp_close(struct udp *udp)
{
    if (udp->fd >= 0)
        (void)close(udp->fd);
    if (udp->is_shared)
        (void)pthread_rwlock_destroy(&udp->fragmenting);
    free(udp->origins);
    udp->origins = NULL;
    udp->is_shared = 0;
    udp->fd = -1;
}

struct udp_buffers *udp_buffers_new(uint32_t slots)
{
    struct udp_buffers *buffers = malloc(sizeof *buffers + (size_t)slots * SLOT_BYTES);

    if (!buffers)
        return NULL;
    buffers->count = slots;
    for (uint32_t i = 0; i < slots; i++) {
        buffers->vectors[i] = (struct iovec){buffers->slots[i], SLOT_BYTES};
        memset(&buffers->messages[i], 0, sizeof buffers->messages[i]);
        buffers->messages[i].msg_hdr.msg_iov = &buffers->vectors[i];
        buffers->messages[i].msg_hdr.msg_iovlen = 1;
        buffers->messages[i].msg_hdr.msg_name = &buffers->names[i];
        buffers->messages[i].msg_hdr.msg_control = buffers->control[i];
    }
    return buffers;
}

void udp_buffers_del(struct udp_buffers *buffers)
{
    free(buffers);
}

/* ---- receiving -------------------------------------------------------------------- */

/* Size of the coalesced datagrams, or 0 for a single one; origins are remembered on the way. */
static uint32_t read_control(struct udp *udp, struct msghdr *message,
                             const struct avpn_contact *remote)
{
    uint32_t segment = 0;

    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
         header = CMSG_NXTHDR(message, header)) {
        int value;

        if (header->cmsg_level == IPPROTO_UDP && header->cmsg_type == UDP_GRO) {
            memcpy(&value, CMSG_DATA(header), sizeof value);
            segment = value > 0 ? (uint32_t)value : 0;
        } else if (udp->origins) {
            remember_origin(udp, remote, header);
        }
    }
    return segment;
}

static void describe_run(uint8_t *data, uint32_t bytes, uint32_t segment,
                         struct avpn_packets *packets_out)
{
    if (segment == 0 || segment >= bytes)
        segment = bytes;
    packets_out->data = data;
    packets_out->count = bytes ? (bytes - 1) / segment + 1 : 1;
    packets_out->bytes = segment;
    packets_out->last_bytes = bytes - segment * (packets_out->count - 1);
    packets_out->stride = segment;
}

size_t udp_receive(struct udp *udp, struct udp_buffers *buffers,
                   struct avpn_datagrams batch_out[UDP_BATCH])
{
    size_t taken = 0;
    int count;

    for (uint32_t i = 0; i < buffers->count; i++) {
        buffers->messages[i].msg_hdr.msg_namelen = sizeof buffers->names[i];
        buffers->messages[i].msg_hdr.msg_controllen = CONTROL_BYTES;
    }
    count = recvmmsg(udp->fd, buffers->messages, buffers->count, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) {
        struct avpn_datagrams *datagrams = &batch_out[taken];
        uint32_t bytes = buffers->messages[i].msg_len;
        uint32_t segment;

        memset(datagrams, 0, sizeof *datagrams);
        datagrams->uplink = udp->number;
        udp_address_to(&buffers->names[i], &datagrams->remote);
        segment = read_control(udp, &buffers->messages[i].msg_hdr, &datagrams->remote);
        if (bytes == 0)
            continue; /* an empty datagram says nothing, and a run of none is not one */
        describe_run(buffers->slots[i], bytes, segment, &datagrams->packets);
        taken++;
    }
    return taken;
}

/* ---- sending ---------------------------------------------------------------------- */

struct outbox {
    struct udp *udp;
    uint32_t count, vector_count;
    const struct avpn_contact *remote; /* of the message put last: the next one is often for the same */
    struct mmsghdr messages[UDP_BATCH];
    uint16_t datagrams[UDP_BATCH]; /* how many a message has */
    uint16_t segments[UDP_BATCH];  /* bytes of each of them but the last */
    struct iovec vectors[VECTORS];
    struct sockaddr_storage names[UDP_BATCH];
    _Alignas(struct cmsghdr) uint8_t control[UDP_BATCH][CONTROL_BYTES];
};

/* A segmented message that the kernel refuses (small MTU, no offload) goes out piece by piece. */
static void send_pieces(struct udp *udp, const struct msghdr *message, size_t segment)
{
    struct msghdr piece = *message;
    struct iovec vector;

    piece.msg_iov = &vector;
    piece.msg_iovlen = 1;
    piece.msg_control = NULL;
    piece.msg_controllen = 0;
    for (size_t i = 0; i < message->msg_iovlen; i++)
        for (size_t sent = 0; sent < message->msg_iov[i].iov_len; sent += vector.iov_len) {
            size_t left = message->msg_iov[i].iov_len - sent;

            vector.iov_base = (uint8_t *)message->msg_iov[i].iov_base + sent;
            vector.iov_len = left < segment ? left : segment;
            if (sendmsg(udp->fd, &piece, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EMSGSIZE)
                tally_add(&udp->too_big, 1);
        }
}

/* What the kernel did not take. Nothing behind it would fit where there is no room: 0 then. */
static int refused(struct outbox *box, uint32_t place)
{
    struct udp *udp = box->udp;
    int error = errno;

    if (error == EAGAIN)
        return 0;
    if (box->datagrams[place] > 1) {
        if (error == EIO || error == EOPNOTSUPP)
            udp->can_segment = 0;
        send_pieces(udp, &box->messages[place].msg_hdr, box->segments[place]);
    } else if (error == EMSGSIZE) {
        tally_add(&udp->too_big, 1);
    }
    return 1; /* else lost, as networks do */
}

static void flush(struct outbox *box)
{
    uint32_t sent = 0;

    while (sent < box->count) {
        int n = sendmmsg(box->udp->fd, box->messages + sent, box->count - sent,
                         MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n > 0)
            sent += (uint32_t)n;
        else if (refused(box, sent))
            sent++;
        else
            break;
    }
    for (; sent < box->count; sent++)
        tally_add(&box->udp->full, box->datagrams[sent]);
    box->count = 0;
    box->vector_count = 0;
    box->remote = NULL;
}

/* The remote's address for the message that is put next. 0: a family this socket does not speak. */
static int put_name(struct outbox *box, const struct avpn_contact *remote, struct msghdr *message)
{
    if (box->remote && is_same_contact(box->remote, remote)) {
        message->msg_name = box->messages[box->count - 1].msg_hdr.msg_name;
        message->msg_namelen = box->messages[box->count - 1].msg_hdr.msg_namelen;
        return 1;
    }
    message->msg_name = &box->names[box->count];
    message->msg_namelen = udp_address_from(remote, box->udp->family, &box->names[box->count]);
    return message->msg_namelen > 0;
}

/* `count` packets of a run, from number `first` on; what lies end to end is one piece to the kernel. */
static void put_vectors(struct outbox *box, const struct avpn_packets *packets, uint32_t first,
                        uint32_t count, struct msghdr *message)
{
    struct iovec *vector = &box->vectors[box->vector_count];
    uint32_t stride = packets->count > 1 ? packets->stride : 0;

    message->msg_iov = vector;
    for (uint32_t i = first; i < first + count; i++) {
        uint32_t bytes = i + 1 == packets->count ? packets->last_bytes : packets->bytes;

        if (i > first && stride == packets->bytes) {
            vector->iov_len += bytes;
            continue;
        }
        vector = &box->vectors[box->vector_count++];
        vector->iov_base = packets->data + (size_t)i * stride;
        vector->iov_len = bytes;
    }
    message->msg_iovlen = (size_t)(&box->vectors[box->vector_count] - message->msg_iov);
}

static void put_message(struct outbox *box, const struct avpn_datagrams *datagrams, uint32_t first,
                        uint32_t count)
{
    struct msghdr message = {0};
    uint8_t *control = box->control[box->count];
    size_t used;

    if (!put_name(box, &datagrams->remote, &message))
        return;
    put_vectors(box, &datagrams->packets, first, count, &message);
    used = put_origin(box->udp, &datagrams->remote, control, 0);
    if (count > 1)
        used = put_control(control, used, IPPROTO_UDP, UDP_SEGMENT,
                           &(uint16_t){(uint16_t)datagrams->packets.bytes}, sizeof(uint16_t));
    message.msg_control = used ? control : NULL;
    message.msg_controllen = used;
    box->datagrams[box->count] = (uint16_t)count;
    box->segments[box->count] = (uint16_t)datagrams->packets.bytes;
    box->messages[box->count++].msg_hdr = message;
    box->remote = &datagrams->remote;
}

static uint32_t message_limit(const struct udp *udp, const struct avpn_packets *packets)
{
    uint32_t limit = packets->bytes ? SEGMENTED_BYTES_LIMIT / packets->bytes : 1;

    if (!atomic_load_explicit(&udp->can_segment, memory_order_relaxed) || limit < 1)
        return 1;
    return limit < SEGMENTS_LIMIT ? limit : SEGMENTS_LIMIT;
}

static void put_run(struct outbox *box, const struct avpn_datagrams *run)
{
    uint32_t limit = message_limit(box->udp, &run->packets);

    for (uint32_t first = 0; first < run->packets.count;) {
        uint32_t left = run->packets.count - first;
        uint32_t now = left < limit ? left : limit;

        if (box->count == UDP_BATCH || box->vector_count + now > VECTORS)
            flush(box);
        put_message(box, run, first, now);
        first += now;
    }
}

/* ---- fragmenting: how the socket is set holds for all its threads ---- */

static void begin_sending(struct udp *udp, int may_fragment)
{
    if (udp->is_shared && may_fragment)
        (void)pthread_rwlock_wrlock(&udp->fragmenting);
    else if (udp->is_shared)
        (void)pthread_rwlock_rdlock(&udp->fragmenting);
    if (may_fragment)
        set_fragmenting(udp, 1);
}

static void end_sending(struct udp *udp, int may_fragment)
{
    if (may_fragment)
        set_fragmenting(udp, 0);
    if (udp->is_shared)
        (void)pthread_rwlock_unlock(&udp->fragmenting);
}

static int may_be_fragmented(const struct udp *udp, const struct avpn_datagrams *datagrams)
{
    return udp->finds_mtu && (datagrams->flags & AVPN_DATAGRAMS_MAY_FRAGMENT);
}

void udp_send(struct udp *udp, const struct avpn_datagrams *batch, size_t count)
{
    struct outbox box; /* what of it is used is filled in: it is large */

    if (udp->fd < 0)
        return;
    box.udp = udp;
    box.count = 0;
    box.vector_count = 0;
    box.remote = NULL;
    for (size_t i = 0; i < count;) {
        int may_fragment = may_be_fragmented(udp, &batch[i]);

        begin_sending(udp, may_fragment);
        for (; i < count && may_be_fragmented(udp, &batch[i]) == may_fragment; i++)
            put_run(&box, &batch[i]);
        flush(&box);
        end_sending(udp, may_fragment);
    }
}
