/* SPDX-License-Identifier: ISC */
/*
 * esp_pcap: sealed packets as a capture file, for other programs to judge.
 *
 *     esp_pcap SUITE SECRET LAST_NUMBER COUNT > file.pcap
 *
 * COUNT datagrams 192.0.2.2:40001 -> 192.0.2.1:4500, SPI 0x1001, each an echo request inside ESP,
 * IPv4 and IPv6 by turns. The file is the classic pcap format, little end first, link type 101
 * (raw IP), time stamps one second apart.
 */
#include "oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPI 0x1001
#define OUTER_BYTES 28 /* IPv4 and UDP headers */
#define LINK_TYPE_RAW 101

static void little(uint8_t *at, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static void big16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void write_bytes(const uint8_t *bytes, size_t count)
{
    if (fwrite(bytes, 1, count, stdout) != count) {
        perror("esp_pcap");
        exit(1);
    }
}

static void write_file_header(void)
{
    uint8_t header[24] = {0};

    little(header, 0xa1b2c3d4, 4);
    little(header + 4, 2, 2);
    little(header + 6, 4, 2);
    little(header + 16, 65535, 4);
    little(header + 20, LINK_TYPE_RAW, 4);
    write_bytes(header, sizeof header);
}

static void write_record(const uint8_t *esp, uint32_t bytes, uint32_t second)
{
    static const uint8_t ADDRESSES[8] = {192, 0, 2, 2, 192, 0, 2, 1};
    uint8_t header[16] = {0};
    uint8_t outer[OUTER_BYTES] = {0x45, [8] = 64, [9] = 17};

    little(header, second, 4);
    little(header + 8, OUTER_BYTES + bytes, 4);
    little(header + 12, OUTER_BYTES + bytes, 4);
    /* Both checksums stay zero: UDP means "none" by that, and readers do not verify IP's. */
    big16(outer + 2, OUTER_BYTES + bytes);
    memcpy(outer + 12, ADDRESSES, sizeof ADDRESSES);
    big16(outer + 20, 40001);
    big16(outer + 22, 4500);
    big16(outer + 24, 8 + bytes);
    write_bytes(header, sizeof header);
    write_bytes(outer, sizeof outer);
    write_bytes(esp, bytes);
}

static int write_packets(struct avpn_sa *sa, uint32_t count)
{
    uint8_t buffer[AVPN_HEADROOM + ECHO_BYTES_LIMIT + AVPN_TAILROOM];

    write_file_header();
    for (uint32_t i = 0; i < count; i++) {
        uint8_t family = i % 2 == 0 ? AVPN_FAMILY_IPV4 : AVPN_FAMILY_IPV6;
        uint32_t bytes = echo_request_write(buffer + AVPN_HEADROOM, family, (uint16_t)i);
        int32_t sealed = avpn_sa_seal(sa, buffer + AVPN_HEADROOM, bytes);

        if (sealed < 0) {
            fprintf(stderr, "esp_pcap: %s\n", avpn_error_name(sealed));
            return 1;
        }
        write_record(buffer, (uint32_t)sealed, i);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}

int main(int count, char **arguments)
{
    struct avpn_sa_parameters parameters;
    struct avpn_sa *sa;
    int32_t error;
    int status;

    if (count != 5 || !parameters_parse(&parameters, suite_parse(arguments[1]), SPI, arguments[2],
                                        arguments[3])) {
        fprintf(stderr, "usage: esp_pcap gcm|chacha SECRET LAST_NUMBER COUNT > FILE\n");
        return 2;
    }
    error = avpn_sa_new_sender(&parameters, NULL, &sa);
    if (error != AVPN_OK) {
        fprintf(stderr, "esp_pcap: %s\n", avpn_error_name(error));
        return 3;
    }
    status = write_packets(sa, (uint32_t)strtoul(arguments[4], NULL, 10));
    avpn_sa_del(sa);
    return status;
}
