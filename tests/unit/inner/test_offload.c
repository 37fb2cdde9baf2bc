/* SPDX-License-Identifier: ISC */
#include "harness.h"
#include "inner/offload.h"

#include <linux/virtio_net.h>
#include <string.h>

#define NEEDS VIRTIO_NET_HDR_F_NEEDS_CSUM
#define VALID VIRTIO_NET_HDR_F_DATA_VALID
#define TCP4 VIRTIO_NET_HDR_GSO_TCPV4
#define TCP6 VIRTIO_NET_HDR_GSO_TCPV6
#define UDP 5 /* VIRTIO_NET_HDR_GSO_UDP_L4 */
#define ECN VIRTIO_NET_HDR_GSO_ECN

struct row {
    const char *name;
    struct virtio_net_hdr vnet; /* flags, type, header, segment, start, offset */
    uint32_t packet_bytes;
    bool is_valid;
    struct avpn_offload offload;
};

static const struct row rows[] = {
    {"nothing to do", {0}, 60, true, {0}},
    {"nothing to do in a packet of nothing", {0}, 0, true, {0}},
    {"checked already", {.flags = VALID}, 60, true, {0}},
    {"a checksum", {NEEDS, 0, 0, 0, 20, 6}, 60, true, {0, 1, 0, 20, 6}},
    {"a checksum to the last byte", {NEEDS, 0, 0, 0, 20, 6}, 28, true, {0, 1, 0, 20, 6}},
    {"a checksum beyond", {NEEDS, 0, 0, 0, 20, 6}, 27, false, {0}},
    {"a start beyond", {NEEDS, 0, 0, 0, 65535, 0}, 60, false, {0}},
    {"an offset beyond", {NEEDS, 0, 0, 0, 20, 65534}, 60, false, {0}},
    {"both as large as can be", {NEEDS, 0, 0, 0, 65535, 65534}, 65535, false, {0}},
    {"a start inside the smallest header", {NEEDS, 0, 0, 0, 19, 6}, 60, false, {0}},
    {"a start of nothing", {NEEDS, 0, 0, 0, 0, 26}, 60, false, {0}},
    {"an odd offset", {NEEDS, 0, 0, 0, 20, 5}, 60, false, {0}},
    {"fields without the flag mean nothing", {0, 0, 99, 99, 65535, 65535}, 60, true, {0}},
    {"TCP", {NEEDS, TCP4, 52, 1400, 20, 16}, 9000, true, {1, 1, 1400, 20, 16}},
    {"TCP in IPv6", {NEEDS, TCP6, 72, 1400, 40, 16}, 9000, true, {2, 1, 1400, 40, 16}},
    {"UDP", {NEEDS, UDP, 28, 1400, 20, 6}, 9000, true, {3, 1, 1400, 20, 6}},
    {"TCP with ECN", {NEEDS, TCP4 | ECN, 52, 1400, 20, 16}, 9000, true, {1, 1, 1400, 20, 16}},
    {"TCP in IPv6 with ECN",
     {NEEDS, TCP6 | ECN, 72, 1400, 40, 16},
     9000,
     true,
     {2, 1, 1400, 40, 16}},
    {"TCP that was checked already",
     {VALID, TCP4, 52, 1400, 20, 16},
     9000,
     true,
     {1, 0, 1400, 0, 0}},
    {"a hint that lies", {NEEDS, TCP4, 65535, 1400, 20, 16}, 9000, true, {1, 1, 1400, 20, 16}},
    {"a hint of nothing", {NEEDS, TCP4, 0, 1400, 20, 16}, 9000, true, {1, 1, 1400, 20, 16}},
    {"segments of one byte", {NEEDS, TCP4, 52, 1, 20, 16}, 9000, true, {1, 1, 1, 20, 16}},
    {"segments of all bytes", {NEEDS, TCP4, 52, 65535, 20, 16}, 9000, true, {1, 1, 65535, 20, 16}},
    {"segments of nothing", {NEEDS, TCP4, 52, 0, 20, 16}, 9000, false, {0}},
    {"UDP segments of nothing", {NEEDS, UDP, 28, 0, 20, 6}, 9000, false, {0}},
    {"UDP with ECN", {NEEDS, UDP | ECN, 28, 1400, 20, 6}, 9000, false, {0}},
    {"ECN alone", {NEEDS, ECN, 52, 1400, 20, 16}, 9000, false, {0}},
    {"accurate ECN", {NEEDS, TCP4 | 0x10, 52, 1400, 20, 16}, 9000, false, {0}},
    {"a tunnel", {NEEDS, TCP4 | 0x20, 52, 1400, 20, 16}, 9000, false, {0}},
    {"fragmentation", {NEEDS, VIRTIO_NET_HDR_GSO_UDP, 28, 1400, 20, 6}, 9000, false, {0}},
    {"an unknown type", {NEEDS, 2, 28, 1400, 20, 6}, 9000, false, {0}},
    {"TCP of which nobody knows", {0, TCP4, 52, 1400, 20, 16}, 9000, false, {0}},
    {"UDP that was checked already", {VALID, UDP, 28, 1400, 20, 6}, 9000, false, {0}},
    {"UDP of which nobody knows", {0, UDP, 28, 1400, 20, 6}, 9000, false, {0}},
    {"fields that mean something else", {4, 0, 0, 0, 2, 1}, 9000, false, {0}},
    {"an unknown flag", {NEEDS | 0x80, 0, 0, 0, 20, 6}, 60, false, {0}},
};

START_TEST(a_virtio_header_is_read_or_refused)
{
    const struct row *row = &rows[_i];
    struct avpn_offload offload, before;
    uint8_t bytes[AVPN_VNET_BYTES];

    memset(&before, 0xAA, sizeof before);
    offload = before;
    ck_assert_uint_eq(sizeof row->vnet, AVPN_VNET_BYTES);
    memcpy(bytes, &row->vnet, sizeof bytes);
    ck_assert_msg(avpn_offload_read(bytes, row->packet_bytes, &offload) ==
                      (row->is_valid ? AVPN_OK : AVPN_ERROR_FORMAT),
                  "%s", row->name);
    ck_assert_msg(memcmp(&offload, row->is_valid ? &row->offload : &before, sizeof offload) == 0,
                  "%s", row->name);
}
END_TEST

START_TEST(what_was_written_is_what_linux_defines)
{
    static const struct {
        struct avpn_offload offload;
        uint32_t headers;
        struct virtio_net_hdr vnet;
    } cases[] = {
        {{AVPN_OFFLOAD_TCP4, 1, 1400, 20, 16}, 52, {NEEDS, TCP4, 52, 1400, 20, 16}},
        {{AVPN_OFFLOAD_TCP6, 1, 1, 40, 16}, 100, {NEEDS, TCP6, 100, 1, 40, 16}},
        {{AVPN_OFFLOAD_UDP, 1, 65000, 40, 6}, 48, {NEEDS, UDP, 48, 65000, 40, 6}},
        {{AVPN_OFFLOAD_NONE, 0, 0, 0, 0}, 0, {0}},
    };

    for (int i = 0; i < HARNESS_COUNT(cases); i++) {
        uint8_t bytes[AVPN_VNET_BYTES];

        avpni_offload_write(&cases[i].offload, cases[i].headers, bytes);
        ck_assert_mem_eq(bytes, &cases[i].vnet, AVPN_VNET_BYTES);
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_virtio_header_is_read_or_refused, HARNESS_COUNT(rows)),
    HARNESS_CASE(what_was_written_is_what_linux_defines),
};

HARNESS_MAIN("inner/offload", cases)
