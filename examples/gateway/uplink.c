/* SPDX-License-Identifier: ISC */
#include "gateway/uplink.h"

#include <errno.h>
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

static uint16_t random_port(void)
{
    uint32_t number;

    if (getrandom(&number, sizeof number, 0) != sizeof number)
        number = (uint32_t)loop_now();
    return (uint16_t)(SETUP_PORT_FIRST + number % (SETUP_PORT_LAST - SETUP_PORT_FIRST + 1));
}

static uint16_t kept_port(const struct store *store, uint32_t number)
{
    char name[16];
    char text[16] = "";
    long port;

    (void)snprintf(name, sizeof name, "port-%u", number);
    if (store_read(store, name, (uint8_t *)text, sizeof text - 1) < 0)
        return 0;
    port = strtol(text, NULL, 10);
    return port >= (long)SETUP_PORT_FIRST && port <= (long)SETUP_PORT_LAST ? (uint16_t)port : 0;
}

static void keep_port(const struct store *store, uint32_t number, uint16_t port)
{
    char name[16];
    char text[16];
    int length = snprintf(text, sizeof text, "%u\n", port);

    (void)snprintf(name, sizeof name, "port-%u", number);
    if (store_write(store, name, (const uint8_t *)text, (size_t)length) != 0)
        log_line(AVPN_LOG_WARNING, "the source port of uplink %u cannot be kept: %s", number,
                 strerror(errno));
}

static void fill_options(const struct setup_uplink *setup, uint32_t number, uint32_t mark,
                         uint16_t port, struct udp_options *options_out)
{
    memset(options_out, 0, sizeof *options_out);
    options_out->bind.family = setup->address.family;
    options_out->bind.port = port;
    memcpy(options_out->bind.bytes, setup->address.bytes, sizeof setup->address.bytes);
    options_out->interface = setup->interface[0] ? setup->interface : NULL;
    options_out->mark = mark;
    options_out->number = number;
}

int uplink_open(struct uplink *uplink, const struct setup_uplink *setup, uint32_t number,
                uint32_t mark, const struct store *store)
{
    uint16_t kept = kept_port(store, number);
    uint16_t port = setup->port ? setup->port : kept ? kept : random_port();

    uplink->number = number;
    uplink->setup = setup;
    for (uint32_t i = 0; i < PORT_TRIES; i++) {
        struct udp_options options;

        fill_options(setup, number, mark, port, &options);
        if (udp_open(&uplink->udp, &options) == 0) {
            if (port != kept)
                keep_port(store, number, port);
            return 0;
        }
        if (errno != EADDRINUSE || setup->port)
            return -1;
        if (port == kept)
            log_line(AVPN_LOG_WARNING, "uplink %u: port %u is in use, another one is taken",
                     number, port);
        port = random_port();
    }
    return -1;
}

void uplink_close(struct uplink *uplink)
{
    udp_close(&uplink->udp);
}

static int is_running(const char *interface)
{
    struct ifreq request = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int is_up;

    if (fd < 0)
        return 0;
    memcpy(request.ifr_name, interface, strlen(interface) + 1);
    is_up = ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) &&
            (request.ifr_flags & IFF_RUNNING);
    (void)close(fd);
    return is_up;
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

static int find_local(const struct setup_uplink *setup, const struct avpn_contact *towards,
                      uint32_t mark, struct avpn_contact *local_out)
{
    /* documentation addresses: never sent to, but routed like any other on the internet */
    static const struct avpn_contact anywhere[] = {
        {.family = AVPN_FAMILY_IPV4, .port = 9, .bytes = {192, 0, 2, 1}},
        {.family = AVPN_FAMILY_IPV6, .port = 9, .bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}},
    };

    if (setup->interface[0] && !is_running(setup->interface))
        return -1;
    if (towards->family != AVPN_FAMILY_NONE &&
        source_address(setup, towards, mark, local_out) == 0)
        return 0;
    for (uint32_t i = 0; i < 2; i++)
        if ((setup->address.family == AVPN_FAMILY_NONE ||
             setup->address.family == anywhere[i].family) &&
            source_address(setup, &anywhere[i], mark, local_out) == 0)
            return 0;
    return -1;
}

int uplink_look(struct uplink *uplink, const struct avpn_contact *towards, uint32_t mark)
{
    struct avpn_uplink state = {.size = sizeof state};

    if (find_local(uplink->setup, towards, mark, &state.local) == 0) {
        state.is_up = 1;
        state.local.port = uplink->udp.bound.port;
    }
    if (uplink->is_told && memcmp(&state, &uplink->state, sizeof state) == 0)
        return 0;
    uplink->state = state;
    uplink->is_told = 1;
    return 1;
}
