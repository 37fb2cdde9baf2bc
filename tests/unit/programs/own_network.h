/* SPDX-License-Identifier: ISC */
/* own_network: a network namespace for a test by itself, where the machine lets it have one. */
#ifndef AUTOVPN_TESTS_OWN_NETWORK_H
#define AUTOVPN_TESTS_OWN_NETWORK_H

#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bring an interface up with this MTU. 0, or -1. */
static inline int own_network_up(const char *interface, int mtu)
{
    struct ifreq request = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int result = -1;

    if (fd < 0)
        return -1;
    strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
    request.ifr_mtu = mtu;
    if (ioctl(fd, SIOCSIFMTU, &request) == 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0) {
        request.ifr_flags |= IFF_UP;
        result = ioctl(fd, SIOCSIFFLAGS, &request);
    }
    close(fd);
    return result;
}

/* 0: this process has a network of its own now, with a loopback interface of 1500 bytes. */
static inline int own_network_open(void)
{
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return -1;
    return own_network_up("lo", 1500);
}

#endif
