/* SPDX-License-Identifier: ISC */
#include "gateway/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#ifndef TUN_F_USO4 /* Linux 6.2 */
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

/* What is asked for, until the kernel takes it. */
static const struct step {
    short flags;         /* of TUNSETIFF */
    unsigned int kernel; /* TUN_F_* */
    uint32_t offloads;   /* TUN_* */
} steps[] = {
    {IFF_VNET_HDR, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_USO4 | TUN_F_USO6,
     TUN_CHECKSUM | TUN_TSO | TUN_USO},
    {IFF_VNET_HDR, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6, TUN_CHECKSUM | TUN_TSO},
    {IFF_VNET_HDR, TUN_F_CSUM, TUN_CHECKSUM},
    {0, 0, 0},
};
#define STEPS (sizeof steps / sizeof steps[0])

/* Another queue; of the first one the interface is made, and its name becomes that of the tun. */
static int open_queue(struct tun *tun, short flags)
{
    struct ifreq request = {.ifr_flags = flags};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    memcpy(request.ifr_name, tun->name, IFNAMSIZ);
    if (fd < 0)
        return -1;
    tun->fds[tun->queue_count] = fd;
    if (ioctl(fd, TUNSETIFF, &request) != 0)
        return -1;
    memcpy(tun->name, request.ifr_name, IFNAMSIZ);
    tun->queue_count++;
    return 0;
}

static int take_step(struct tun *tun, const struct tun_options *options, const struct step *step)
{
    short flags = (short)(IFF_TUN | IFF_NO_PI | step->flags);

    memset(tun, 0, sizeof *tun);
    for (uint32_t i = 0; i < TUN_QUEUES; i++)
        tun->fds[i] = -1;
    strncpy(tun->name, options->name, IFNAMSIZ - 1);
    if (options->queue_count > 1)
        flags |= IFF_MULTI_QUEUE;
    while (tun->queue_count < options->queue_count)
        if (open_queue(tun, flags) != 0)
            return -1;
    if (step->kernel && ioctl(tun->fds[0], TUNSETOFFLOAD, (unsigned long)step->kernel) != 0)
        return -1;
    tun->has_header = step->flags != 0;
    tun->offloads = step->offloads;
    return 0;
}

int tun_open(struct tun *tun, const struct tun_options *options)
{
    for (const struct step *step = options->is_plain ? &steps[STEPS - 1] : steps;; step++) {
        int saved;

        if (take_step(tun, options, step) == 0)
            return 0;
        saved = errno;
        tun_close(tun);
        errno = saved;
        if (errno != EINVAL || step == &steps[STEPS - 1])
            return -1;
    }
}

void tun_close(struct tun *tun)
{
    for (uint32_t i = 0; i < TUN_QUEUES; i++) {
        if (tun->fds[i] >= 0)
            (void)close(tun->fds[i]);
        tun->fds[i] = -1;
    }
    tun->queue_count = 0;
}
