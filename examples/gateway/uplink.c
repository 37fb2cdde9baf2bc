/* SPDX-License-Identifier: ISC */
#include "gateway/uplink.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/log.h"

#define PORT_TRIES 64
#define PORT_NAME 24
#define MTU_MOST 65535u

static uint16_t random_port(void)
{
    uint32_t number;

    if (getrandom(&number, sizeof number, 0) != sizeof number)
        number = (uint32_t)loop_now();
    return (uint16_t)(SETUP_PORT_FIRST + number % (SETUP_PORT_LAST - SETUP_PORT_FIRST + 1));
}

/*
 * The port of a WAN was one for both families once; it stays that of IPv4, where NATs have mappings for it
 * and routers forward it.
 */
static void port_name(const struct setup_uplink *setup, char name_out[PORT_NAME])
{
    int is_second = setup->interface[0] && setup->family == AVPN_FAMILY_IPV6;

    (void)snprintf(name_out, PORT_NAME, is_second ? "port-%u-ipv6" : "port-%u", setup->wan);
}

static uint16_t read_port(const struct store *store, const char *name)
{
    char text[16] = "";
    long port;

    if (store_read(store, name, (uint8_t *)text, sizeof text - 1) < 0)
        return 0;
    port = strtol(text, NULL, 10);
    return port >= (long)SETUP_PORT_FIRST && port <= (long)SETUP_PORT_LAST ? (uint16_t)port : 0;
}

static uint16_t kept_port(const struct store *store, const struct setup_uplink *setup)
{
    char name[PORT_NAME], first[PORT_NAME];
    uint16_t port;

    port_name(setup, name);
    (void)snprintf(first, sizeof first, "port-%u", setup->wan);
    port = read_port(store, name);
    return port ? port : read_port(store, first);
}

static void keep_port(const struct store *store, const struct setup_uplink *setup, uint16_t port)
{
    char name[PORT_NAME];
    char text[16];
    int length = snprintf(text, sizeof text, "%u\n", port);

    port_name(setup, name);
    if (read_port(store, name) != port &&
        store_write(store, name, (const uint8_t *)text, (size_t)length) != 0)
        log_line(AVPN_LOG_WARNING, "the source port of %s cannot be kept: %s", name,
                 strerror(errno));
}

static void fill_options(const struct setup_uplink *setup, uint32_t number, uint32_t mark,
                         uint16_t port, struct udp_options *options_out)
{
    memset(options_out, 0, sizeof *options_out);
    options_out->bind.family = setup->family;
    options_out->bind.port = port;
    memcpy(options_out->bind.bytes, setup->address.bytes, sizeof setup->address.bytes);
    options_out->interface = setup->interface[0] ? setup->interface : NULL;
    options_out->mark = mark;
    options_out->number = number;
    options_out->finds_mtu = 1;
}

int uplink_open(struct uplink *uplink, const struct setup_uplink *setup, uint32_t number,
                uint32_t mark, const struct store *store)
{
    uint16_t kept = kept_port(store, setup);
    uint16_t port = setup->port ? setup->port : kept ? kept : random_port();

    uplink->number = number;
    uplink->setup = setup;
    for (uint32_t i = 0; i < PORT_TRIES; i++) {
        struct udp_options options;

        fill_options(setup, number, mark, port, &options);
        if (udp_open(&uplink->sockets[0], &options) == 0) {
            uplink->socket_count = 1;
            keep_port(store, setup, port);
            return 0;
        }
        if (errno == EAFNOSUPPORT && setup->interface[0] && setup->family == AVPN_FAMILY_IPV6)
            return 0; /* no IPv6 on this machine: an uplink that is never up */
        if (errno != EADDRINUSE || setup->port)
            return -1;
        if (port == kept)
            log_line(AVPN_LOG_WARNING, "uplink %u: port %u is in use, another one is taken",
                     number, port);
        port = random_port();
    }
    return -1;
}

/* The first one was opened alone: so it knows that the port is nobody else's. */
int uplink_share(struct uplink *uplink, uint32_t count, uint32_t mark)
{
    struct udp_options options;

    if (uplink->socket_count == 0)
        return 0;
    if (udp_share(&uplink->sockets[0]) != 0)
        return -1;
    fill_options(uplink->setup, uplink->number, mark, uplink->sockets[0].bound.port, &options);
    options.is_shared = 1;
    for (; uplink->socket_count < count; uplink->socket_count++)
        if (udp_open(&uplink->sockets[uplink->socket_count], &options) != 0)
            return -1;
    return 0;
}

void uplink_close(struct uplink *uplink)
{
    while (uplink->socket_count > 0)
        udp_close(&uplink->sockets[--uplink->socket_count]);
}

void uplink_count_losses(const struct uplink *uplink, struct uplink_losses *losses_out)
{
    memset(losses_out, 0, sizeof *losses_out);
    for (uint32_t i = 0; i < uplink->socket_count; i++) {
        losses_out->too_big += tally_read(&uplink->sockets[i].too_big);
        losses_out->full += tally_read(&uplink->sockets[i].full);
    }
}

/* ---- what the kernel says ---------------------------------------------------------------- */

/* One of ioctl's questions about an interface. 0, or -1. */
static int ask_interface(const char *interface, unsigned long question, struct ifreq *answer_out)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int result;

    memset(answer_out, 0, sizeof *answer_out);
    if (fd < 0)
        return -1;
    memcpy(answer_out->ifr_name, interface, strnlen(interface, IFNAMSIZ - 1));
    result = ioctl(fd, question, answer_out);
    (void)close(fd);
    return result;
}

static int is_running(const char *interface)
{
    struct ifreq answer;

    return ask_interface(interface, SIOCGIFFLAGS, &answer) == 0 &&
           (answer.ifr_flags & IFF_UP) && (answer.ifr_flags & IFF_RUNNING);
}

/* The name of the interface that has an address; empty: none. */
static void interface_of(const struct avpn_contact *local, char name_out[IFNAMSIZ])
{
    struct ifaddrs *all;

    name_out[0] = 0;
    if (getifaddrs(&all) != 0)
        return;
    for (const struct ifaddrs *one = all; one && !name_out[0]; one = one->ifa_next) {
        struct sockaddr_storage storage = {0};
        struct avpn_contact address;

        if (!one->ifa_addr ||
            (one->ifa_addr->sa_family != AF_INET && one->ifa_addr->sa_family != AF_INET6))
            continue;
        memcpy(&storage, one->ifa_addr,
               one->ifa_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                                   : sizeof(struct sockaddr_in6));
        udp_address_to(&storage, &address);
        if (address.family == local->family && memcmp(address.bytes, local->bytes, 16) == 0)
            (void)snprintf(name_out, IFNAMSIZ, "%s", one->ifa_name);
    }
    freeifaddrs(all);
}

/* 0: not known. */
static uint32_t mtu_of(const struct setup_uplink *setup, const struct avpn_contact *local)
{
    char interface[IFNAMSIZ];
    struct ifreq answer;

    if (setup->interface[0])
        (void)snprintf(interface, sizeof interface, "%s", setup->interface);
    else
        interface_of(local, interface);
    if (!interface[0] || ask_interface(interface, SIOCGIFMTU, &answer) != 0 || answer.ifr_mtu <= 0)
        return 0;
    return (uint32_t)answer.ifr_mtu < MTU_MOST ? (uint32_t)answer.ifr_mtu : MTU_MOST;
}

/* The address the kernel would use towards `target`, or -1 if it knows no way. */
static int source_address(const struct setup_uplink *setup, const struct avpn_contact *target,
                          uint32_t mark, struct avpn_contact *local_out)
{
    int family = target->family == AVPN_FAMILY_IPV4 ? AF_INET : AF_INET6;
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct avpn_contact from = {.family = setup->address.family};
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int result = -1;

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark);
    if (setup->interface[0])
        (void)setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, setup->interface,
                         (socklen_t)strlen(setup->interface));
    memcpy(from.bytes, setup->address.bytes, sizeof from.bytes);
    length = udp_address_from(&from, family, &address);
    if (length == 0 || bind(fd, (const struct sockaddr *)&address, length) == 0) {
        length = udp_address_from(target, family, &address);
        if (connect(fd, (const struct sockaddr *)&address, length) == 0) {
            length = sizeof address;
            result = getsockname(fd, (struct sockaddr *)&address, &length);
        }
    }
    (void)close(fd);
    if (result == 0)
        udp_address_to(&address, local_out);
    return result;
}

/* An address that means something behind this link alone leads to no registry. */
static int is_link_local(const struct avpn_contact *contact)
{
    return contact->family == AVPN_FAMILY_IPV6 && contact->bytes[0] == 0xfe &&
           (contact->bytes[1] & 0xc0) == 0x80;
}

static int find_local(const struct setup_uplink *setup, const struct avpn_contact *towards,
                      uint32_t mark, struct avpn_contact *local_out)
{
    /* documentation addresses: never sent to, but routed like any other on the internet */
    static const struct avpn_contact anywhere[] = {
        {.family = AVPN_FAMILY_IPV4, .port = 9, .bytes = {192, 0, 2, 1}},
        {.family = AVPN_FAMILY_IPV6, .port = 9, .bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}},
    };
    const struct avpn_contact *there = &anywhere[setup->family == AVPN_FAMILY_IPV6];

    if (setup->interface[0] && !is_running(setup->interface))
        return -1;
    if (towards->family == setup->family && source_address(setup, towards, mark, local_out) == 0 &&
        !is_link_local(local_out))
        return 0;
    if (source_address(setup, there, mark, local_out) == 0 && !is_link_local(local_out))
        return 0;
    return -1;
}

int uplink_look(struct uplink *uplink, const struct avpn_contact *towards, uint32_t mark)
{
    struct avpn_uplink state = {.size = sizeof state};

    if (uplink->socket_count > 0 && find_local(uplink->setup, towards, mark, &state.local) == 0) {
        state.is_up = 1;
        state.local.port = uplink->sockets[0].bound.port;
        state.mtu_bytes = mtu_of(uplink->setup, &state.local);
    } else {
        memset(&state.local, 0, sizeof state.local);
    }
    if (uplink->is_told && memcmp(&state, &uplink->state, sizeof state) == 0)
        return 0;
    uplink->state = state;
    uplink->is_told = 1;
    return 1;
}
