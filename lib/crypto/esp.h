/* SPDX-License-Identifier: ISC */
/*
 * esp: one direction of an ESP security association as plain memory that its owner places.
 *
 * An SA is one block without pointers to elsewhere but its provider: the fields of struct avpni_sa,
 * then the AEAD's expanded key, then (receivers) the replay bitmap. The owner asks for its size,
 * provides that much memory aligned to AVPNI_ESP_ALIGN, and does not move it between init and wipe.
 *
 *     size_t size = avpni_esp_bytes(aead, window, true);
 *     struct avpni_sa *sa = ... size bytes ...;
 *     parameters.aead = aead;
 *     avpni_esp_init(sa, &parameters, true);
 *     n = avpni_esp_open(sa, datagram, count);
 *     avpni_esp_wipe(sa);
 *
 * Packets go through in batches: numbers are taken and recorded, and locks held, once for all of them. An SA that several threads
 * use at the same time is *shared*: they all say so in each call. Otherwise nothing is locked. Contracts of seal and open: autovpn/sa.h.
 *
 * Sizes: a ChaCha20-Poly1305 sender of libsodium 88 bytes, an AES-256-GCM one 576; a receiver with the
 * default window 264 more.
 */
#ifndef AVPNI_CRYPTO_ESP_H
#define AVPNI_CRYPTO_ESP_H

#include "crypto/aead.h"
#include "crypto/spin.h"
#include <autovpn/batch.h>
#include <autovpn/sa.h>
#include <stdatomic.h>

#define AVPNI_ESP_ALIGN AVPN_AEAD_ALIGN
#define AVPNI_ESP_SPI_MIN 256 /* RFC 4303 2.1: 1..255 reserved, 0 never on the wire */
#define AVPNI_ESP_LIMIT_DEFAULT ((uint64_t)1 << 34)
#define AVPNI_ESP_BATCH_LIMIT 64 /* packets in one call */
#define AVPNI_ESP_PREFETCH_LINES 17 /* of 64 bytes: the fields, and the largest expanded key */

/* Read freely what is constant after init, write only through the functions below. */
struct avpni_sa {
    const struct avpn_aead *aead;
    void *state;               /* the expanded key, in this block */
    _Atomic uint64_t sequence; /* sender: last used; receiver: highest seen. See avpni_esp_sequence */
    uint64_t limit;            /* sender: last number it may use; receiver: not used */
    uint64_t *bitmap;          /* receiver: in this block */
    uint32_t spi;
    uint32_t window; /* receiver: replay window; 0 makes this a sender */
    uint8_t salt[4];
    struct avpni_spin window_lock; /* of sequence and bitmap of a shared receiver */
    struct avpni_spin state_lock;  /* of the state, with an exclusive provider, of a shared SA */
};

/* One packet of a batch. */
struct avpni_esp_item {
    uint8_t *bytes;  /* to seal: the inner packet, room around it as avpn_sa_seal asks for; to open: the ESP packet */
    uint32_t count;  /* its size */
    int32_t result;  /* what avpni_esp_seal or avpni_esp_open would return */
    uint64_t number; /* its sequence number; undefined where none was taken or none could be read */
};

/* The size of an SA; 0 when `aead` is NULL or `window` is out of range. `window` 0 is the default one; senders ignore it. */
size_t avpni_esp_bytes(const struct avpn_aead *aead, uint32_t window, bool is_receiver);
/*
 * Errors as avpn_sa_new_*; `sa` then holds nothing to wipe. parameters->aead has passed its test, or is NULL: the best of the build.
 */
int32_t avpni_esp_init(struct avpni_sa *sa, const struct avpn_sa_parameters *parameters,
                       bool is_receiver);
int32_t avpni_esp_seal(struct avpni_sa *sa, uint8_t *packet, uint32_t bytes);
int32_t avpni_esp_open(struct avpni_sa *sa, uint8_t *esp, uint32_t bytes);
/* Up to AVPNI_ESP_BATCH_LIMIT packets, in their order, each with its own result. */
void avpni_esp_seal_batch(struct avpni_sa *sa, struct avpni_esp_item *items, uint32_t count,
                          bool is_shared);
void avpni_esp_open_batch(struct avpni_sa *sa, struct avpni_esp_item *items, uint32_t count,
                          bool is_shared);
/* The next header under which a packet can be sealed, AVPN_ERROR_FORMAT or AVPN_ERROR_ARGUMENT as avpn_sa_seal. */
int32_t avpni_esp_next_header(const uint8_t *packet, uint32_t bytes);
/* The last number sealed, or the highest number opened. Any thread. */
uint64_t avpni_esp_sequence(const struct avpni_sa *sa);
/* Lets the provider release what it holds and zeroes the whole block; every later call needs another init. */
void avpni_esp_wipe(struct avpni_sa *sa);

/* Memory that the first packet under an SA will read, asked for before it is needed. Any address will do. */
static inline void avpni_esp_prefetch(const struct avpni_sa *sa)
{
    /* What is read first is always here; how much follows would have to be read. */
    for (uint32_t i = 0; i < AVPNI_ESP_PREFETCH_LINES; i++)
        __builtin_prefetch((const uint8_t *)sa + (size_t)i * 64);
}

#endif
