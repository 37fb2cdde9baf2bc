/* SPDX-License-Identifier: ISC */
/**
 * @defgroup sa Security associations (ESP)
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
 *     p.size = sizeof p; p.spi = 0x1001; p.suite = AVPN_SUITE_AES_256_GCM;
 *     memcpy(p.key, key, sizeof p.key); memcpy(p.salt, salt, sizeof p.salt);
 *     avpn_sa_new_sender(&p, NULL, &sa);
 *     uint8_t buffer[AVPN_HEADROOM + 1500 + AVPN_TAILROOM];      // packet at +HEADROOM
 *     int32_t n = avpn_sa_seal(sa, buffer + AVPN_HEADROOM, 84);  // ESP at buffer, n bytes
 * @{
 */
#ifndef AUTOVPN_SA_H
#define AUTOVPN_SA_H

#include <autovpn/aead.h>
#include <autovpn/host.h>
#include <autovpn/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A cipher suite of ESP. */
enum avpn_suite {
    AVPN_SUITE_NONE = 0,              /**< none */
    AVPN_SUITE_AES_256_GCM = 1,       /**< where a provider has it (aead.h): see avpn_suite_is_available */
    AVPN_SUITE_CHACHA20_POLY1305 = 2, /**< always */
};

/** What RFC 4303 calls the next header of a packet that carries nothing: to be dropped after opening. */
#define AVPN_ESP_DUMMY 59

/** One direction of an SA. */
struct avpn_sa;

/** What an SA is made of. */
struct avpn_sa_parameters {
    uint32_t size;  /**< sizeof(struct avpn_sa_parameters) */
    uint32_t spi;   /**< 256 or more (RFC 4303 2.1; 0 is the non-ESP marker of RFC 3948) */
    uint8_t suite;  /**< enum avpn_suite */
    uint8_t reserved[3];
    uint32_t window; /**< receiver: replay window in packets, 64..8192, a power of two; 0: 2048 */
    const struct avpn_aead *aead; /**< NULL: the best of this build; must outlive the SA */
    uint8_t key[32]; /**< of the suite */
    uint8_t salt[4]; /**< first 4 bytes of each nonce */
    uint8_t reserved2[4];
    uint64_t sequence; /**< sender: last number used; receiver: highest number seen. Normally 0 */
    uint64_t limit;    /**< sender: refuse beyond this number; 0: 2^34 */
};

/** 1 when this machine and build can run the suite, else 0. */
AVPN_API int32_t avpn_suite_is_available(uint8_t suite);
/** "AES-256-GCM" ... Static text, never NULL. */
AVPN_API const char *avpn_suite_name(uint8_t suite);

/**
 * Make an SA that seals. Parameters are copied; `host` gives the allocator and may be NULL.
 * AVPN_ERROR_ARGUMENT: spi, suite, window or size out of range, or a provider of another suite;
 * AVPN_ERROR_STATE: suite not available here; AVPN_ERROR_AUTH: `aead` fails its self-test
 * (avpn_aead_test); AVPN_ERROR_MEMORY.
 */
AVPN_API int32_t avpn_sa_new_sender(const struct avpn_sa_parameters *parameters,
                                    const struct avpn_host *host, struct avpn_sa **sa_out);
/** Make an SA that opens; likewise. */
AVPN_API int32_t avpn_sa_new_receiver(const struct avpn_sa_parameters *parameters,
                                      const struct avpn_host *host, struct avpn_sa **sa_out);
/** Wipes the keys. NULL is ignored. */
AVPN_API void avpn_sa_del(struct avpn_sa *sa);

/**
 * Seal an inner IPv4 or IPv6 packet of `bytes` bytes in place: AVPN_HEADROOM bytes before
 * it and AVPN_TAILROOM after it are overwritten; the ESP packet begins at packet -
 * AVPN_HEADROOM. `bytes` 0 seals a dummy packet (next header 59). Returns the ESP
 * packet's size (avpn_sealed_bytes).
 * AVPN_ERROR_FORMAT: neither IPv4 nor IPv6 by its first nibble. AVPN_ERROR_EXHAUSTED: the limit
 * is reached, nothing was written. AVPN_ERROR_ARGUMENT: a receiver, or more than AVPN_PACKET_LIMIT.
 */
AVPN_API int32_t avpn_sa_seal(struct avpn_sa *sa, uint8_t *packet, uint32_t bytes);

/**
 * Open an ESP packet in place. Returns the inner packet's size; it begins at esp +
 * AVPN_HEADROOM. 0: a dummy packet, genuine, with nothing inside. On any error the window
 * is unchanged; after AVPN_ERROR_AUTH the bytes are as they were.
 * AVPN_ERROR_FORMAT: too short, or genuine but with wrong padding, next header or inner
 * length. AVPN_ERROR_VERSION: replayed or left of the window. AVPN_ERROR_AUTH: not genuine, or
 * of another SPI. AVPN_ERROR_ARGUMENT: a sender.
 */
AVPN_API int32_t avpn_sa_open(struct avpn_sa *sa, uint8_t *esp, uint32_t bytes);

/**
 * Seal a run: what a single call does to each packet, in their order, at less cost. Sealing stops at the first packet that
 * cannot be sealed; returns how many were, or its error if that is none. `sealed_bytes_out`, one number a packet, may be NULL.
 * AVPN_ERROR_ARGUMENT: also when the run contradicts itself.
 */
AVPN_API int32_t avpn_sa_seal_run(struct avpn_sa *sa, const struct avpn_packets *run,
                                  uint32_t *sealed_bytes_out);
/**
 * Open a run. Each packet's result as avpn_sa_open would return it goes to results_out. Returns how many were opened.
 * AVPN_ERROR_ARGUMENT: a sender, or the run contradicts itself; no result was written.
 */
AVPN_API int32_t avpn_sa_open_run(struct avpn_sa *sa, const struct avpn_packets *run,
                                  int32_t *results_out);

/** The provider that seals and opens. Static or the host's. */
AVPN_API const struct avpn_aead *avpn_sa_aead(const struct avpn_sa *sa);
/** The last number sealed, or the highest number opened. */
AVPN_API uint64_t avpn_sa_sequence(const struct avpn_sa *sa);
/** The SPI it was made with. */
AVPN_API uint32_t avpn_sa_spi(const struct avpn_sa *sa);
/** Bytes this SA holds on the heap. */
AVPN_API size_t avpn_sa_footprint(const struct avpn_sa *sa);

/* ---- handing over --------------------------------------------------------------------- */

/**
 * A host with a data plane of its own - a kernel, a NIC, DPDK - makes its node with avpn_node_options.hands_over and is given every SA
 * through host.sa. The engine then neither seals nor opens: it keeps registries, handshakes, probes, roaming, routes and verdicts, and is
 * told with avpn_node_report_sa what the data plane counts. All else that the engine does to packets is the host's too: routes
 * (events), the source check, the policy's rules, translations, what is too big.
 *
 * For each SA: INSTALL once, then any number of MOVE and, of a sender, SELECT and DESELECT, then REMOVE once. In this order:
 *   - a receiver is installed before the peer can know that it may send to it, and removed when nothing under it can be on its way
 *     any more, 30 s after its successor came into use at the latest;
 *   - a sender is installed when packets may leave under it, and selected when they are to. New ones are installed and selected before the one they
 *     replace is removed: no packet has to wait. Never is a selected one removed.
 * A host does as it is told, in this order, and loses nothing.
 */
enum avpn_sa_action {
    AVPN_SA_NONE = 0,    /**< nothing */
    AVPN_SA_INSTALL = 1, /**< it exists: a receiver opens from now on, a sender waits to be selected */
    AVPN_SA_SELECT = 2,  /**< a sender: packets to `member` leave under it from now on, and under no other. Again when `inner_bytes` changed */
    AVPN_SA_MOVE = 3,    /**< `local` or `remote` is another; keys, numbers, window and selection stay */
    AVPN_SA_REMOVE = 4,  /**< nothing is sealed or opened under it any more; wipe it */
    AVPN_SA_DESELECT = 5 /**< a sender: packets to `member` have no way now, and must not leave in the clear */
};

/**
 * Numbers. A data plane numbers on from `sequence`, and no number is used twice under one key, whatever happens: that is the one thing that breaks
 * the encryption. Where an SA cannot be moved in place (Linux: its destination is part of its name) make a copy that begins well beyond the
 * last number, for example 2^20 beyond, let packets leave under the copy, then remove the old one. Extended numbers: a jump
 * is to stay below 2^31, or the peer takes it for one backwards. A host that cannot know the last number, because its data plane
 * died, makes a new node: its sessions are new ones, with keys of their own.
 */
struct avpn_sa_change {
    uint32_t size;         /**< of the library's struct */
    uint8_t action;        /**< enum avpn_sa_action */
    uint8_t is_sender;     /**< 1: seals, 0: opens */
    uint8_t suite;         /**< enum avpn_suite */
    uint8_t reserved;
    uint32_t spi;          /**< a receiver's names it in this node; a sender's is the peer's choice, and names it only with `member` */
    uint32_t member;       /**< the peer's id */
    uint32_t uplink;       /**< of this node */
    uint32_t remote_uplink; /**< of the peer */
    struct avpn_contact local;  /**< outer, of this node; family NONE: the host's choice */
    struct avpn_contact remote; /**< outer, of the peer; family NONE, a receiver's only: any */
    uint8_t key[32];       /**< of INSTALL; zero in the others */
    uint8_t salt[4];       /**< likewise */
    uint32_t window;       /**< a receiver's, in packets */
    uint64_t sequence;     /**< a sender's last number, a receiver's highest: 64 bits, extended sequence numbers */
    uint64_t limit;        /**< a sender's last number allowed */
    uint32_t inner_bytes;  /**< of SELECT: the largest inner packet that the path carries whole */
    uint32_t reserved2;
};

/**
 * What the host's data plane knows of an SA. Counts are of the SA, from INSTALL on, and never become less; a report may come at any time
 * and as often as wanted. The engine takes from it: that a responder's session is in use (a receiver's packets), that new keys are due (a
 * sender's `sequence`), that the peer may have moved (`source`), and what status and findings count.
 */
struct avpn_sa_report {
    uint32_t size;     /**< sizeof(struct avpn_sa_report) */
    uint32_t spi;      /**< as avpn_sa_change named it */
    uint32_t member;   /**< likewise */
    uint8_t is_sender; /**< likewise */
    uint8_t reserved[3];
    uint64_t sequence;           /**< as above */
    uint64_t packets;            /**< inner, genuine */
    uint64_t bytes;              /**< of these */
    struct avpn_contact source;  /**< a receiver's: from where the newest genuine packet came; family NONE: not told */
    uint32_t reserved2;
};

/** @} */

#ifdef __cplusplus
}
#endif

#endif
