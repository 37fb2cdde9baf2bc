/* SPDX-License-Identifier: ISC */
/**
 * @defgroup host Host seams
 * host: what an engine asks of the program that hosts it.
 *
 * The library has no sockets, threads, clock or files. A host fills in
 * `struct avpn_host`, passes it when it makes an engine (the struct is copied,
 * what its pointers name must outlive the engine) and is then called back,
 * from inside the engine's own calls only, on the caller's thread. A callback
 * must not call the engine that called it, except where its text says so.
 *
 * Every seam except the ones that carry packets has a documented default, used
 * where the pointer is NULL. `size` is sizeof(struct avpn_host), which keeps older
 * programs working when the struct grows (types.h); so for every struct that has a `size`.
 *
 *     struct avpn_host host = {0};
 *     host.size = sizeof host;
 *     host.user = &my_program;
 *     host.transmit = my_transmit;
 *     host.deliver = my_deliver;
 * @{
 */
#ifndef AUTOVPN_HOST_H
#define AUTOVPN_HOST_H

#include <autovpn/batch.h>
#include <autovpn/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct avpn_aead;
struct avpn_event;
struct avpn_sa_change;

/** How much a line of the log matters. */
enum avpn_log_level {
    AVPN_LOG_ERROR = 1,   /**< something does not work */
    AVPN_LOG_WARNING = 2, /**< somebody should look */
    AVPN_LOG_INFO = 3,    /**< changes of state */
    AVPN_LOG_DEBUG = 4    /**< for developers */
};

/** What the host gives an engine. */
struct avpn_host {
    uint32_t size; /**< sizeof(struct avpn_host) of the caller */
    uint32_t reserved;
    void *user; /**< given back, untouched, as the first argument of each callback */

    /* -- memory. All three or none; default: malloc, realloc semantics of C, free. */
    void *(*allocate)(void *user, size_t bytes);               /**< NULL when there is none */
    void *(*resize)(void *user, void *memory, size_t bytes);   /**< as realloc */
    void (*release)(void *user, void *memory);                 /**< NULL is ignored */

    /**
     * Fill `bytes` with cryptographically strong random bytes; 0, or negative when
     * that is not possible. Default: libsodium's randombytes_buf.
     */
    int32_t (*random)(void *user, uint8_t *bytes, size_t count);

    /**
     * Seconds since 1970-01-01 UTC, or 0 when unknown. Used to judge expiry, for
     * nothing else. Default: unknown, expiry is then not judged.
     */
    int64_t (*wall_clock)(void *user);

    /**
     * A small key-value store that survives restarts. `name` is a short ASCII word.
     * read: copies up to `capacity` bytes, returns the stored length, or negative
     * when there is none. write: replaces, best atomically, 0 or negative. Names in use: a node keeps
     * the last two slices it took as "configuration-0" and "configuration-1" [CFG-11], and as "configuration-trial", 8 bytes, which
     * of them has yet to show that it does not cut the node off [CFG-12]; a registry keeps
     * what was published to it as "organization-ID" and devices' claims as "claims-ID", ID being 64 hexadecimal
     * digits of the organization's id. Default: nothing is kept.
     */
    int64_t (*store_read)(void *user, const char *name, uint8_t *bytes, size_t capacity);
    /** As above: the other half of the store. */
    int32_t (*store_write)(void *user, const char *name, const uint8_t *bytes, size_t count);

    /**
     * Resolve a registry's name. Answer later (or from inside this call) with
     * avpn_node_resolved(node, request, ...). Default: only literal addresses work.
     */
    void (*resolve)(void *user, uint32_t request, const char *name);

    /** One line of text for a person. `text` is borrowed until return. Default: discarded. */
    void (*log)(void *user, uint32_t level, const char *text);

    /**
     * Send datagrams. The array and all bytes are borrowed until return. What
     * cannot be sent is simply lost: the network does that too. No default.
     */
    void (*transmit)(void *user, const struct avpn_datagrams *batch, size_t count);

    /**
     * Inner packets for this site, decrypted and checked. Borrowed until return.
     * Not used by registries and by nodes that hand over; no default for other nodes.
     */
    void (*deliver)(void *user, const struct avpn_packets *batch, size_t count);

    /**
     * Inner packets given to avpn_node_send that are to leave by the site's own internet connection [RTE-9]. Borrowed until
     * return. For hosts that do not sort them out before, as the gateway does with rules of the kernel. Default: dropped and
     * counted.
     */
    void (*breakout)(void *user, const struct avpn_packets *batch, size_t count);

    /**
     * One event, the moment it happens; the same events are also queued for
     * avpn_*_next_event. Default: polling only.
     */
    void (*event)(void *user, const struct avpn_event *event);

    /**
     * A security association comes, is to be used, moves or goes (sa.h); for nodes made with avpn_node_options.hands_over, which need it. Keys in it
     * are borrowed until return, and wiped here then: wipe what you copy. Called from avpn_node_del too.
     */
    void (*sa)(void *user, const struct avpn_sa_change *change);

    /**
     * Providers of packet encryption of the host's own (aead.h), NULL-terminated, tried before the library's. They outlive the
     * engine. Default: none.
     */
    const struct avpn_aead *const *aeads;
};

/** @} */

#ifdef __cplusplus
}
#endif

#endif
