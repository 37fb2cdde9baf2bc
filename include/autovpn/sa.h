/* SPDX-License-Identifier: ISC */
/*
 * sa: one direction of an ESP security association, useful without the engines.
 *
 * RFC 4303 tunnel mode with 64-bit extended sequence numbers, suites AES-256-GCM-16
 * (RFC 4106) and ChaCha20-Poly1305 (RFC 7634). A sender numbers packets from 1 and uses the
 * number as IV; a receiver takes any IV and keeps an RFC 6479 window.
 *
 * Life: new, seal or open as often as wanted, del. No allocation in between.
 * One thread at a time per SA.
 *
 *     struct avpn_sa_parameters p = {0};
 *     p.size = sizeof p; p.spi = 0x1001; p.suite = AVPN_SUITE_AES_256_GCM; ... key, salt
 *     avpn_sa_new_sender(&p, NULL, &sa);
 *     uint8_t buffer[AVPN_HEADROOM + 1500 + AVPN_TAILROOM];      // packet at +HEADROOM
 *     int32_t n = avpn_sa_seal(sa, buffer + AVPN_HEADROOM, 84);  // ESP at buffer, n bytes
 */
#ifndef AUTOVPN_SA_H
#define AUTOVPN_SA_H

#include <autovpn/host.h>
#include <autovpn/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum avpn_suite {
    AVPN_SUITE_NONE = 0,
    AVPN_SUITE_AES_256_GCM = 1,       /* needs hardware AES with libsodium: see avpn_suite_is_available */
    AVPN_SUITE_CHACHA20_POLY1305 = 2, /* always */
};

/* What RFC 4303 calls the next header of a packet that carries nothing: to be dropped after opening. */
#define AVPN_ESP_DUMMY 59

struct avpn_sa;

struct avpn_sa_parameters {
    uint32_t size;  /* sizeof(struct avpn_sa_parameters) */
    uint32_t spi;   /* 256 or more (RFC 4303 2.1; 0 is the non-ESP marker of RFC 3948) */
    uint8_t suite;  /* enum avpn_suite */
    uint8_t reserved[3];
    uint32_t window; /* receiver: replay window in packets, 64..8192, a power of two; 0: 2048 */
    uint8_t key[32];
    uint8_t salt[4];
    uint64_t sequence; /* sender: last number used; receiver: highest number seen. Normally 0 */
    uint64_t limit;    /* sender: refuse beyond this number; 0: 2^34 */
};

/* 1 when this machine and build can run the suite, else 0. */
AVPN_API int32_t avpn_suite_is_available(uint8_t suite);
AVPN_API const char *avpn_suite_name(uint8_t suite); /* "AES-256-GCM", static */

/*
 * Parameters are copied; `host` gives the allocator and may be NULL.
 * AVPN_ERROR_ARGUMENT: spi, suite, window or size out of range; AVPN_ERROR_STATE: suite not
 * available here; AVPN_ERROR_MEMORY.
 */
AVPN_API int32_t avpn_sa_new_sender(const struct avpn_sa_parameters *parameters,
                                    const struct avpn_host *host, struct avpn_sa **sa_out);
AVPN_API int32_t avpn_sa_new_receiver(const struct avpn_sa_parameters *parameters,
                                      const struct avpn_host *host, struct avpn_sa **sa_out);
/* Wipes the keys. NULL is ignored. */
AVPN_API void avpn_sa_del(struct avpn_sa *sa);

/*
 * Seal an inner IPv4 or IPv6 packet of `bytes` bytes in place: AVPN_HEADROOM bytes before
 * it and AVPN_TAILROOM after it are overwritten; the ESP packet begins at packet -
 * AVPN_HEADROOM. `bytes` 0 seals a dummy packet (next header 59). Returns the ESP
 * packet's size (avpn_sealed_bytes).
 * AVPN_ERROR_FORMAT: neither IPv4 nor IPv6 by its first nibble. AVPN_ERROR_EXHAUSTED: the limit
 * is reached, nothing was written. AVPN_ERROR_ARGUMENT: a receiver, or more than AVPN_PACKET_LIMIT.
 */
AVPN_API int32_t avpn_sa_seal(struct avpn_sa *sa, uint8_t *packet, uint32_t bytes);

/*
 * Open an ESP packet in place. Returns the inner packet's size; it begins at esp +
 * AVPN_HEADROOM. 0: a dummy packet, genuine, with nothing inside. On any error the window
 * is unchanged; after AVPN_ERROR_AUTH the bytes are as they were.
 * AVPN_ERROR_FORMAT: too short, or genuine but with wrong padding, next header or inner
 * length. AVPN_ERROR_VERSION: replayed or left of the window. AVPN_ERROR_AUTH: not genuine, or
 * of another SPI. AVPN_ERROR_ARGUMENT: a sender.
 */
AVPN_API int32_t avpn_sa_open(struct avpn_sa *sa, uint8_t *esp, uint32_t bytes);

/* The last number sealed, or the highest number opened. */
AVPN_API uint64_t avpn_sa_sequence(const struct avpn_sa *sa);
AVPN_API uint32_t avpn_sa_spi(const struct avpn_sa *sa);
/* Bytes this SA holds on the heap. */
AVPN_API size_t avpn_sa_footprint(const struct avpn_sa *sa);

#ifdef __cplusplus
}
#endif

#endif
