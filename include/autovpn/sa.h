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

#include <autovpn/aead.h>
#include <autovpn/host.h>
#include <autovpn/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum avpn_suite {
    AVPN_SUITE_NONE = 0,
    AVPN_SUITE_AES_256_GCM = 1,       /* where a provider has it (aead.h): see avpn_suite_is_available */
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
    const struct avpn_aead *aead; /* NULL: the best of this build; must outlive the SA */
};

/* 1 when this machine and build can run the suite, else 0. */
AVPN_API int32_t avpn_suite_is_available(uint8_t suite);
AVPN_API const char *avpn_suite_name(uint8_t suite); /* "AES-256-GCM", static */

/*
 * Parameters are copied; `host` gives the allocator and may be NULL.
 * AVPN_ERROR_ARGUMENT: spi, suite, window or size out of range, or a provider of another suite;
 * AVPN_ERROR_STATE: suite not available here; AVPN_ERROR_AUTH: `aead` fails its self-test
 * (avpn_aead_test); AVPN_ERROR_MEMORY.
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

/*
 * The same for a run: what a single call does to each packet, in their order, at less cost. Sealing stops at the first packet that
 * cannot be sealed; returns how many were, or its error if that is none. `sealed_bytes_out`, one number a packet, may be NULL.
 * AVPN_ERROR_ARGUMENT: also when the run contradicts itself.
 */
AVPN_API int32_t avpn_sa_seal_run(struct avpn_sa *sa, const struct avpn_packets *run,
                                  uint32_t *sealed_bytes_out);
/*
 * Each packet's result as avpn_sa_open would return it goes to results_out. Returns how many were opened.
 * AVPN_ERROR_ARGUMENT: a sender, or the run contradicts itself; no result was written.
 */
AVPN_API int32_t avpn_sa_open_run(struct avpn_sa *sa, const struct avpn_packets *run,
                                  int32_t *results_out);

/* The provider that seals and opens. Static or the host's. */
AVPN_API const struct avpn_aead *avpn_sa_aead(const struct avpn_sa *sa);
/* The last number sealed, or the highest number opened. */
AVPN_API uint64_t avpn_sa_sequence(const struct avpn_sa *sa);
AVPN_API uint32_t avpn_sa_spi(const struct avpn_sa *sa);
/* Bytes this SA holds on the heap. */
AVPN_API size_t avpn_sa_footprint(const struct avpn_sa *sa);

/* ---- handing over --------------------------------------------------------------------- */

enum avpn_sa_action {
    AVPN_SA_NONE = 0,
    AVPN_SA_INSTALL = 1, /* it exists: a receiver opens from now on, a sender waits to be selected */
    AVPN_SA_SELECT = 2,  /* a sender: packets to `member` leave under it, and under no other, from now on */
    AVPN_SA_MOVE = 3,    /* `local` or `remote` changed; keys and numbers go on */
    AVPN_SA_REMOVE = 4   /* nothing is sealed or opened under it any more; wipe it */
};

/*
 * One direction of one path's security association, for a host that has asked for them (avpn_node_options.hands_over) and carries packets
 * by a kernel, a NIC or a data plane of its own. For one SPI: INSTALL, then any number of SELECT and MOVE, then REMOVE. A receiver is
 * installed before the peer can know it, and removed when nothing under it can be on its way any more. A sender's `sequence` is
 * the last number used: a number is never used twice, also when it moves (a copy goes on well beyond it).
 */
struct avpn_sa_change {
    uint32_t size;
    uint8_t action;        /* enum avpn_sa_action */
    uint8_t is_sender;     /* 1: seals, 0: opens */
    uint8_t suite;
    uint8_t reserved;
    uint32_t spi;          /* a sender's is the peer's to choose: only with `member` it names an SA */
    uint32_t member;
    uint32_t uplink, remote_uplink;
    struct avpn_contact local, remote; /* outer addresses; local.family NONE: not known, the kernel's choice */
    uint8_t key[32];       /* all of INSTALL; zero in the others */
    uint8_t salt[4];
    uint32_t window;       /* a receiver's, in packets */
    uint64_t sequence;     /* a sender's last number, a receiver's highest; 64 bits: extended sequence numbers */
    uint64_t limit;        /* a sender's last number allowed */
    uint32_t inner_bytes;  /* a sender's: largest inner packet the path carries whole */
    uint32_t reserved2;
};

/* What the host's data plane knows of an SA. Counts grow; a report may come at any time and as often as wanted. */
struct avpn_sa_report {
    uint32_t size;
    uint32_t spi;
    uint32_t member;
    uint8_t is_sender;
    uint8_t reserved[3];
    uint64_t sequence;           /* as above */
    uint64_t packets, bytes;     /* inner, since INSTALL */
    struct avpn_contact source;  /* a receiver's: from where the newest genuine packet came; family NONE: not told */
};

#ifdef __cplusplus
}
#endif

#endif
