/* SPDX-License-Identifier: ISC */
#include "gateway/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int tun_open(struct tun *tun, const char *name, uint32_t mtu)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};

    memset(tun, 0, sizeof *tun);
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    tun->mtu = mtu;
    tun->buffer_bytes = (size_t)TUN_BATCH * (AVPN_HEADROOM + mtu + AVPN_TAILROOM);
    tun->buffer = malloc(tun->buffer_bytes);
    tun->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tun->buffer && tun->fd >= 0 && ioctl(tun->fd, TUNSETIFF, &request) == 0) {
        memcpy(tun->name, request.ifr_name, IFNAMSIZ);
        return 0;
    }
    return -1;
}

void tun_close(struct tun *tun)
{
    if (tun->fd >= 0)
        (void)close(tun->fd);
    free(tun->buffer);
    tun->buffer = NULL;
    tun->fd = -1;
}

/* Whether a packet of `bytes` that follows the run can belong to it: only the last may be shorter. */
static int continues(const struct avpn_packets *run, uint32_t bytes)
{
    return run->last_bytes == run->bytes && bytes <= run->bytes;
}

static void begin_run(struct avpn_packets *run, uint8_t *data, uint32_t bytes)
{
    run->data = data;
    run->count = 1;
    run->bytes = run->last_bytes = bytes;
    run->stride = avpn_sealed_bytes(bytes);
}

/*
 * The next packet is read to where it lies if it continues the run: sealed packets end to end.
 * If it does not, it moves on by the few bytes that two runs must be apart.
 */
size_t tun_read(struct tun *tun, struct avpn_packets batch_out[TUN_BATCH])
{
    uint8_t *end = tun->buffer + tun->buffer_bytes;
    uint8_t *place = tun->buffer + AVPN_HEADROOM;
    struct avpn_packets *run = NULL;
    size_t runs = 0;

    for (uint32_t i = 0; i < TUN_BATCH; i++) {
        uint32_t bytes;
        ssize_t n;

        if ((size_t)(end - place) < tun->mtu + 2 * (AVPN_HEADROOM + AVPN_TAILROOM))
            break;
        n = read(tun->fd, place, tun->mtu);
        if (n <= 0)
            break;
        bytes = (uint32_t)n;
        if (run && continues(run, bytes)) {
            run->count++;
            run->last_bytes = bytes;
        } else {
            if (run) {
                uint8_t *apart = run->data + (size_t)(run->count - 1) * run->stride +
                                 run->last_bytes + AVPN_TAILROOM + AVPN_HEADROOM;

                memmove(apart, place, bytes);
                place = apart;
            }
            run = &batch_out[runs++];
            begin_run(run, place, bytes);
        }
        place = run->data + (size_t)run->count * run->stride;
    }
    return runs;
}

void tun_write(struct tun *tun, const struct avpn_packets *batch, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct avpn_packets *run = &batch[i];

        for (uint32_t k = 0; k < run->count; k++) {
            const uint8_t *packet = run->data + (size_t)k * (run->count > 1 ? run->stride : 0);

            if (write(tun->fd, packet, k + 1 == run->count ? run->last_bytes : run->bytes) < 0 &&
                errno == EBADF)
                return;
        }
    }
}
