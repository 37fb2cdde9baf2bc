/* SPDX-License-Identifier: ISC */
/*
 * esp: one direction of an ESP security association as plain memory that its owner places.
 *
 * An SA is one block without pointers to elsewhere on the heap: the fields of struct avpni_sa,
 * then the AEAD's expanded key, then (receivers) the replay bitmap. The owner asks for its size,
 * provides that much memory aligned to AVPNI_ESP_ALIGN, and does not move it between init and wipe.
 *
 *     size_t size = avpni_esp_bytes(suite, window, true);
 *     struct avpni_sa *sa = ... size bytes ...;
 *     avpni_esp_init(sa, &parameters, true);
 *     n = avpni_esp_open(sa, datagram, count);
 *     avpni_esp_wipe(sa);
 *
 * Sizes: a ChaCha20-Poly1305 sender 72 bytes, an AES-256-GCM sender 560; a receiver with the
 * default window 264 more. Contracts of seal and open: autovpn/sa.h.
 */
#ifndef AVPNI_CRYPTO_ESP_H
#define AVPNI_CRYPTO_ESP_H

#include "crypto/aead.h"
#include <autovpn/batch.h>
#include <autovpn/sa.h>

#define AVPNI_ESP_ALIGN AVPNI_AEAD_STATE_ALIGN_LIMIT
#define AVPNI_ESP_SPI_MIN 256 /* RFC 4303 2.1: 1..255 reserved, 0 never on the wire */
#define AVPNI_ESP_LIMIT_DEFAULT ((uint64_t)1 << 34)

/* Read freely, write only through the functions below. */
struct avpni_sa {
    const struct avpni_aead *aead;
    uint64_t sequence; /* sender: last used; receiver: highest seen */
    uint64_t limit;    /* sender: last number it may use; receiver: not used */
    uint32_t spi;
    uint32_t window; /* receiver: replay window; 0 makes this a sender */
    uint8_t salt[4];
};

/*
 * The size of an SA; 0 when `suite` cannot be had here or `window` is out of range.
 * `window` 0 is the default one; senders ignore it.
 */
size_t avpni_esp_bytes(uint8_t suite, uint32_t window, bool is_receiver);
/* Errors as avpn_sa_new_*; `sa` is then unchanged. */
int32_t avpni_esp_init(struct avpni_sa *sa, const struct avpn_sa_parameters *parameters,
                       bool is_receiver);
int32_t avpni_esp_seal(struct avpni_sa *sa, uint8_t *packet, uint32_t bytes);
int32_t avpni_esp_open(struct avpni_sa *sa, uint8_t *esp, uint32_t bytes);
/* Zeroes the whole block; every later call needs another init. */
void avpni_esp_wipe(struct avpni_sa *sa);

#endif
