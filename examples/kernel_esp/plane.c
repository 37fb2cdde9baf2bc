/* SPDX-License-Identifier: ISC */
#include "kernel_esp/plane.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "common/log.h"

#define MAPPING_BYTES 8192

/* ---- life --------------------------------------------------------------------------------- */

static int flush(struct netlink *netlink, uint16_t type, const void *what, size_t bytes)
{
    _Alignas(struct nlmsghdr) uint8_t message[NETLINK_REQUEST_BYTES];
    struct nlmsghdr *request = netlink_begin(message, type, 0);

    if (bytes > 0)
        memcpy(mnl_nlmsg_put_extra_header(request, bytes), what, bytes);
    return netlink_talk(netlink, request) == 0 || errno == ESRCH ? 0 : -1; /* ESRCH: none were there */
}

static int clear(struct netlink *netlink)
{
    const struct xfrm_usersa_flush esp = {.proto = IPPROTO_ESP};

    if (flush(netlink, XFRM_MSG_FLUSHPOLICY, NULL, 0) != 0)
        return -1;
    return flush(netlink, XFRM_MSG_FLUSHSA, &esp, sizeof esp);
}

static struct mnl_socket *listen_for_mappings(void)
{
    struct mnl_socket *socket = mnl_socket_open2(NETLINK_XFRM, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int group = XFRMNLGRP_MAPPING;

    if (socket == NULL)
        return NULL;
    if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0 &&
        mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0)
        return socket;
    (void)mnl_socket_close(socket);
    return NULL;
}

int plane_open(struct plane *plane)
{
    memset(plane, 0, sizeof *plane);
    if (netlink_open(&plane->netlink, NETLINK_XFRM) != 0 || clear(&plane->netlink) != 0) {
        netlink_close(&plane->netlink);
        return -1;
    }
    plane->mappings = listen_for_mappings();
    if (plane->mappings != NULL)
        return 0;
    netlink_close(&plane->netlink);
    return -1;
}

void plane_close(struct plane *plane)
{
    (void)clear(&plane->netlink);
    netlink_close(&plane->netlink);
    (void)mnl_socket_close(plane->mappings);
}

int plane_mapping_fd(const struct plane *plane)
{
    return mnl_socket_get_fd(plane->mappings);
}

/* ---- looking up --------------------------------------------------------------------------- */

static struct plane_sa *find_sa(struct plane *plane, uint32_t spi, uint32_t member, int is_sender)
{
    for (uint32_t i = 0; i < plane->sa_count; i++) {
        const struct avpn_sa_report *sa = &plane->sas[i].report;

        if (sa->spi == spi && sa->member == member && sa->is_sender == is_sender)
            return &plane->sas[i];
    }
    return NULL;
}

static struct policies_sender *find_sender(struct plane *plane, uint32_t member)
{
    for (uint32_t i = 0; i < plane->sender_count; i++)
        if (plane->senders[i].member == member)
            return &plane->senders[i];
    return NULL;
}

static void complain(const char *what, uint32_t spi)
{
    log_line(AVPN_LOG_ERROR, "the kernel refuses to %s SA %08x: %s", what, spi, strerror(errno));
}

/* ---- policies ----------------------------------------------------------------------------- */

static void put_out(struct plane *plane, const struct policies_route *route)
{
    if (policies_put_out(&plane->netlink, &route->prefix, find_sender(plane, route->next_hop)) != 0)
        log_line(AVPN_LOG_ERROR, "the kernel refuses a policy: %s", strerror(errno));
}

/* The sender of a member is another one, or there is none any more. */
static void redirect(struct plane *plane, uint32_t member)
{
    for (uint32_t i = 0; i < plane->route_count; i++)
        if (plane->routes[i].next_hop == member)
            put_out(plane, &plane->routes[i]);
}

static int is_member(uint32_t hop)
{
    return hop != AVPN_HOP_LOCAL && hop != AVPN_HOP_ATTACHED && hop != AVPN_HOP_NOBODY;
}

/* 0: it is of this site, and no policy's business. */
static int describe_route(const struct avpn_route *route, uint32_t active,
                          struct policies_route *out)
{
    memset(out, 0, sizeof *out);
    out->prefix = route->prefix;
    for (uint32_t i = 0; i < route->hop_count; i++) {
        if (route->hops[i] == AVPN_HOP_LOCAL || route->hops[i] == AVPN_HOP_ATTACHED)
            return 0;
        if (!is_member(route->hops[i]))
            continue;
        out->hops[out->hop_count++] = route->hops[i];
        if (i == active)
            out->next_hop = route->hops[i];
    }
    return 1;
}

static const struct policies_route *find_route(const struct policies_route *routes, uint32_t count,
                                               const struct avpn_prefix *prefix)
{
    for (uint32_t i = 0; i < count; i++)
        if (memcmp(&routes[i].prefix, prefix, sizeof *prefix) == 0)
            return &routes[i];
    return NULL;
}

static void apply_route(struct plane *plane, const struct policies_route *old,
                        const struct policies_route *route)
{
    if (old == NULL || old->hop_count != route->hop_count ||
        memcmp(old->hops, route->hops, sizeof route->hops) != 0)
        (void)policies_put_in(&plane->netlink, route);
    if (old == NULL || old->next_hop != route->next_hop)
        put_out(plane, route);
}

void plane_refresh(struct plane *plane, const struct avpn_node *node)
{
    struct policies_route routes[PLANE_ROUTES];
    struct avpn_route route = {.size = sizeof route};
    uint32_t count = 0, active;

    for (uint32_t i = 0; avpn_node_route_at(node, i, &route, &active) == AVPN_OK; i++)
        if (count < PLANE_ROUTES && describe_route(&route, active, &routes[count]))
            count++;
    for (uint32_t i = 0; i < count; i++)
        apply_route(plane, find_route(plane->routes, plane->route_count, &routes[i].prefix),
                    &routes[i]);
    for (uint32_t i = 0; i < plane->route_count; i++)
        if (find_route(routes, count, &plane->routes[i].prefix) == NULL)
            policies_remove(&plane->netlink, &plane->routes[i].prefix);
    memcpy(plane->routes, routes, count * sizeof routes[0]);
    plane->route_count = count;
}

/* ---- what the engine says of SAs ------------------------------------------------------------ */

static void install(struct plane *plane, const struct avpn_sa_change *change)
{
    struct plane_sa *sa = &plane->sas[plane->sa_count];

    if (plane->sa_count == PLANE_SAS) {
        errno = ENOSPC;
        complain("install", change->spi);
        return;
    }
    memset(sa, 0, sizeof *sa);
    sa->report.size = sizeof sa->report;
    sa->report.spi = change->spi;
    sa->report.member = change->member;
    sa->report.is_sender = change->is_sender;
    sa->ends = (struct states_ends){change->local, change->remote, change->is_sender};
    plane->sa_count++;
    if (states_install(&plane->netlink, change) != 0)
        complain("install", change->spi);
}

/* From now on packets to the member leave under it. */
static void choose(struct plane *plane, const struct plane_sa *sa)
{
    struct policies_sender *sender = find_sender(plane, sa->report.member);

    if (sender == NULL)
        sender = &plane->senders[plane->sender_count++];
    *sender = (struct policies_sender){sa->report.member, sa->report.spi, sa->ends};
    redirect(plane, sa->report.member);
}

/* First the new state, then what leads to it, then the old one goes: no packet is without one. */
static void move(struct plane *plane, struct plane_sa *sa, const struct avpn_sa_change *change)
{
    const struct states_ends from = sa->ends, to = {change->local, change->remote, from.is_sender};
    const struct policies_sender *sender = find_sender(plane, sa->report.member);
    int is_copy;

    if (states_move(&plane->netlink, sa->report.spi, &from, &to, &is_copy) != 0) {
        complain("move", sa->report.spi);
        return;
    }
    sa->ends = to;
    if (!is_copy)
        return;
    if (sender != NULL && sender->spi == sa->report.spi)
        choose(plane, sa);
    sa->packets_before = sa->report.packets;
    sa->bytes_before = sa->report.bytes;
    (void)states_remove(&plane->netlink, sa->report.spi, &from);
}

/* Packets to the member are blocked. */
static void choose_none(struct plane *plane, uint32_t member)
{
    struct policies_sender *sender = find_sender(plane, member);

    if (sender == NULL)
        return;
    *sender = plane->senders[--plane->sender_count];
    redirect(plane, member);
}

static void forget(struct plane *plane, struct plane_sa *sa)
{
    if (states_remove(&plane->netlink, sa->report.spi, &sa->ends) != 0)
        complain("remove", sa->report.spi);
    *sa = plane->sas[--plane->sa_count];
}

void plane_change(struct plane *plane, const struct avpn_sa_change *change)
{
    struct plane_sa *sa = find_sa(plane, change->spi, change->member, change->is_sender);

    if (change->action == AVPN_SA_INSTALL) {
        install(plane, change);
        return;
    }
    if (sa == NULL)
        return;
    switch ((enum avpn_sa_action)change->action) {
    case AVPN_SA_SELECT:
        choose(plane, sa);
        break;
    case AVPN_SA_DESELECT:
        choose_none(plane, sa->report.member);
        break;
    case AVPN_SA_MOVE:
        move(plane, sa, change);
        break;
    case AVPN_SA_REMOVE:
        forget(plane, sa);
        break;
    case AVPN_SA_INSTALL:
    case AVPN_SA_NONE:
        break;
    }
}

/* ---- what the kernel says of them ----------------------------------------------------------- */

static int is_of_state(const struct plane_sa *sa, uint8_t family, const xfrm_address_t *destination,
                       uint32_t spi)
{
    const struct avpn_contact *contact = sa->ends.is_sender ? &sa->ends.remote : &sa->ends.local;
    xfrm_address_t address = states_address(contact);

    return sa->report.spi == spi && states_family(contact) == family &&
           memcmp(&address, destination, sizeof address) == 0;
}

static struct plane_sa *find_state(struct plane *plane, uint8_t family,
                                   const xfrm_address_t *destination, uint32_t spi)
{
    for (uint32_t i = 0; i < plane->sa_count; i++)
        if (is_of_state(&plane->sas[i], family, destination, spi))
            return &plane->sas[i];
    return NULL;
}

static void note_count(void *user, const struct states_count *count)
{
    struct plane *plane = user;
    struct plane_sa *sa = find_state(plane, count->family, &count->destination, count->spi);

    if (sa == NULL)
        return;
    sa->report.sequence = sa->report.is_sender ? count->sent_sequence : count->received_sequence;
    sa->report.packets = sa->packets_before + count->packets;
    sa->report.bytes = sa->bytes_before + count->bytes;
}

/* The engine may answer with changes of SAs: the list is not walked while it is told. */
void plane_report(struct plane *plane, struct avpn_node *node, avpn_time now)
{
    static struct avpn_sa_report reports[PLANE_SAS];
    uint32_t count = plane->sa_count;

    if (states_count_all(&plane->netlink, note_count, plane) != 0)
        return;
    for (uint32_t i = 0; i < count; i++)
        reports[i] = plane->sas[i].report;
    for (uint32_t i = 0; i < count; i++)
        (void)avpn_node_report_sa(node, &reports[i], now); /* NOT_FOUND: removed by one before */
}

/* Where the newest packet came from, if that is not where packets go to. */
static void report_source(struct plane *plane, struct avpn_node *node,
                          const struct xfrm_user_mapping *mapping, avpn_time now)
{
    struct plane_sa *sa = find_state(plane, (uint8_t)mapping->id.family, &mapping->id.daddr,
                                     ntohl(mapping->id.spi));
    struct avpn_sa_report report;

    if (sa == NULL || sa->report.is_sender)
        return;
    report = sa->report;
    report.source.family =
        mapping->id.family == AF_INET6 ? AVPN_FAMILY_IPV6 : AVPN_FAMILY_IPV4;
    report.source.port = ntohs(mapping->new_sport);
    memcpy(report.source.bytes, &mapping->new_saddr,
           report.source.family == AVPN_FAMILY_IPV6 ? 16 : 4);
    (void)avpn_node_report_sa(node, &report, now);
}

void plane_read_mappings(struct plane *plane, struct avpn_node *node, avpn_time now)
{
    _Alignas(struct nlmsghdr) char bytes[MAPPING_BYTES];
    ssize_t count = mnl_socket_recvfrom(plane->mappings, bytes, sizeof bytes);
    const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)bytes;
    int left = (int)count;

    for (; left > 0 && mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
        if (message->nlmsg_type == XFRM_MSG_MAPPING)
            report_source(plane, node, mnl_nlmsg_get_payload(message), now);
}
