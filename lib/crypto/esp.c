/* SPDX-License-Identifier: ISC */
/*
 * esp: RFC 4303 tunnel mode with extended sequence numbers over the AEAD seam.
 *
 *      0        4          8     16                                       n - 16     n
 *     | SPI[4] | seq low[4] | IV[8] | inner packet | 1,2,.. | pad length | next | ICV[16] |
 *              additional data: SPI[4] || sequence[8]       nonce: salt[4] || IV[8]
 *
 * Owns an SA's block: struct avpni_sa, the expanded key, the replay bitmap. A sender's number only
 * grows and is never used twice; a receiver's window moves only for a packet that is genuine and
 * well-formed. No allocation, no branch on secrets. Spec: [ESP-1], [ESP-4], [ESP-5], [ESP-8].
 *
 * Threads: `sequence` is atomic. A sender's is where its threads meet; nothing else of it changes. A receiver's is written, and
 * its bitmap read and written, under window_lock when the SA is shared.
 */
#include "crypto/esp.h"

#include "base/memory.h"
#include "crypto/box.h"
#include "crypto/replay.h"
#include <assert.h>
#include <string.h>

#define TRAILER_BYTES 2 /* pad length, next header */
#define NEXT_IPV4 4
#define NEXT_IPV6 41
#define IPV4_HEADER_BYTES 20
#define IPV6_HEADER_BYTES 40
#define ESP_BYTES_MIN (AVPN_HEADROOM + 4 + AVPNI_TAG_BYTES)
#define ESP_BYTES_MAX                                                                              \
    (AVPN_HEADROOM + ((AVPN_PACKET_LIMIT + TRAILER_BYTES + 3) & ~3u) + AVPNI_TAG_BYTES)
#define WINDOW_MIN 64
#define WINDOW_MAX 8192

/* ---- the block ------------------------------------------------------------------------------- */

static size_t round_up(size_t bytes, size_t align)
{
    return (bytes + align - 1) & ~(align - 1);
}

static size_t state_offset(const struct avpn_aead *aead)
{
    return round_up(sizeof(struct avpni_sa), aead->state_align);
}

static size_t bitmap_offset(const struct avpn_aead *aead)
{
    return round_up(state_offset(aead) + (size_t)aead->state_bytes, sizeof(uint64_t));
}

static size_t block_bytes(const struct avpn_aead *aead, uint32_t window)
{
    return bitmap_offset(aead) + (window == 0 ? 0 : AVPNI_REPLAY_WORDS(window) * sizeof(uint64_t));
}

static uint64_t sequence_of(const struct avpni_sa *sa)
{
    return atomic_load_explicit(&sa->sequence, memory_order_relaxed);
}

static struct avpni_replay replay_of(struct avpni_sa *sa)
{
    return (struct avpni_replay){.highest = sequence_of(sa),
                                 .window = sa->window,
                                 .words = AVPNI_REPLAY_WORDS(sa->window),
                                 .bits = sa->bitmap};
}

static bool window_is_valid(uint32_t window)
{
    return window >= WINDOW_MIN && window <= WINDOW_MAX && (window & (window - 1)) == 0;
}

/* The window an SA will have: 0 for a sender. */
static uint32_t window_for(uint32_t window, bool is_receiver)
{
    if (!is_receiver) {
        return 0;
    }
    return window == 0 ? AVPNI_REPLAY_WINDOW_DEFAULT : window;
}

size_t avpni_esp_bytes(const struct avpn_aead *aead, uint32_t window, bool is_receiver)
{
    uint32_t actual = window_for(window, is_receiver);

    if (aead == NULL || (is_receiver && !window_is_valid(actual))) {
        return 0;
    }
    return block_bytes(aead, actual);
}

static int32_t check_parameters(const struct avpn_sa_parameters *parameters, bool is_receiver)
{
    uint8_t suite = parameters->suite;

    if (parameters->spi < AVPNI_ESP_SPI_MIN ||
        (suite != AVPN_SUITE_AES_256_GCM && suite != AVPN_SUITE_CHACHA20_POLY1305)) {
        return AVPN_ERROR_ARGUMENT;
    }
    if (is_receiver && !window_is_valid(window_for(parameters->window, true))) {
        return AVPN_ERROR_ARGUMENT;
    }
    if (parameters->aead != NULL) {
        return parameters->aead->suite == suite ? AVPN_OK : AVPN_ERROR_ARGUMENT;
    }
    return avpn_suite_is_available(suite) ? AVPN_OK : AVPN_ERROR_STATE;
}

int32_t avpni_esp_init(struct avpni_sa *sa, const struct avpn_sa_parameters *parameters,
                       bool is_receiver)
{
    int32_t result = check_parameters(parameters, is_receiver);
    const struct avpn_aead *aead;
    uint8_t *block = (uint8_t *)sa;

    if (result != AVPN_OK) {
        return result;
    }
    aead = parameters->aead != NULL ? parameters->aead : avpn_aead_find(parameters->suite);
    if (aead->set_key(aead->user, block + state_offset(aead), parameters->key) != 0) {
        return AVPN_ERROR_MEMORY;
    }
    *sa = (struct avpni_sa){
        .aead = aead,
        .state = block + state_offset(aead),
        .sequence = parameters->sequence,
        .limit = parameters->limit == 0 ? AVPNI_ESP_LIMIT_DEFAULT : parameters->limit,
        .spi = parameters->spi,
        .window = window_for(parameters->window, is_receiver),
    };
    memcpy(sa->salt, parameters->salt, sizeof sa->salt);
    if (is_receiver) {
        /* A multiple of 8 in a block aligned to more, which `void *` tells the compiler. */
        void *bitmap = block + bitmap_offset(aead);
        struct avpni_replay replay;

        sa->bitmap = bitmap;
        avpni_replay_init(&replay, sa->bitmap, sa->window, parameters->sequence);
    }
    return AVPN_OK;
}

void avpni_esp_wipe(struct avpni_sa *sa)
{
    const struct avpn_aead *aead = sa->aead;

    if (aead != NULL) {
        avpni_aead_clear(aead, sa->state);
    }
    avpni_wipe(sa, aead == NULL ? sizeof *sa : block_bytes(aead, sa->window));
}

uint64_t avpni_esp_sequence(const struct avpni_sa *sa)
{
    return sequence_of(sa);
}

/* ---- numbers on the wire: packets are aligned to nothing ----------------------------------- */

/* Told to the compiler, which does not see it in shifts and turns each number into bytes one by one. */
static inline uint64_t swap_u64(uint64_t value)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_bswap64(value);
#else
    return value;
#endif
}

static inline void store_u64(uint8_t *bytes, uint64_t value)
{
    value = swap_u64(value);
    memcpy(bytes, &value, sizeof value);
}

static inline void store_u32(uint8_t *bytes, uint32_t value)
{
    value = (uint32_t)(swap_u64(value) >> (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 32 : 0));
    memcpy(bytes, &value, sizeof value);
}

static inline uint64_t load_u64(const uint8_t *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, sizeof value);
    return swap_u64(value);
}

static inline uint32_t load_u16(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

/*
 * What the AEAD takes beside the text; alike in both suites: RFC 4106 3 and 5, RFC 7634 2. Those of a batch are written before the
 * first packet is sealed or opened: what was written just before would be read, in larger pieces, while it is on its way to memory.
 */
struct framing {
    uint8_t ad[12];
    uint8_t nonce[12];
};

static void framing_fill(struct framing *framing, const struct avpni_sa *sa, uint64_t number,
                         const uint8_t iv[8])
{
    store_u64(framing->ad, (uint64_t)sa->spi << 32 | number >> 32);
    store_u32(framing->ad + 8, (uint32_t)number);
    memcpy(framing->nonce, sa->salt, 4);
    memcpy(framing->nonce + 4, iv, 8);
}

/* ---- sealing --------------------------------------------------------------------------------- */

uint32_t avpn_sealed_bytes(uint32_t bytes)
{
    if (bytes > AVPN_PACKET_LIMIT) {
        return 0;
    }
    return AVPN_HEADROOM + ((bytes + TRAILER_BYTES + 3) & ~(uint32_t)3) + AVPNI_TAG_BYTES;
}

uint32_t avpn_inner_bytes(uint32_t bytes)
{
    if (bytes < ESP_BYTES_MIN) {
        return 0;
    }
    uint32_t inner = ((bytes - AVPN_HEADROOM - AVPNI_TAG_BYTES) & ~(uint32_t)3) - TRAILER_BYTES;

    return inner < AVPN_PACKET_LIMIT ? inner : AVPN_PACKET_LIMIT;
}

/*
 * Padding, pad length and next header behind the packet; returns the size of the text. At most five bytes; the rest of the
 * eight that are written lies where the ICV will be.
 */
static uint32_t write_trailer(uint8_t *packet, uint32_t bytes, uint8_t next_header)
{
    static const uint64_t begins[4] = {UINT64_C(0x00) << 56, UINT64_C(0x0101) << 48,
                                       UINT64_C(0x010202) << 40, UINT64_C(0x01020303) << 32};
    uint32_t padding = (0 - (bytes + TRAILER_BYTES)) & 3;

    store_u64(packet + bytes, begins[padding] | (uint64_t)next_header << (48 - 8 * padding));
    return bytes + padding + TRAILER_BYTES;
}

/*
 * Takes up to `wanted` numbers and returns how many: those behind *last_out. None is ever taken twice, and none above the limit,
 * whoever else takes numbers at the same time.
 */
static uint32_t take_numbers(struct avpni_sa *sa, uint32_t wanted, bool is_shared,
                             uint64_t *last_out)
{
    uint64_t last = sequence_of(sa);
    uint32_t taken;

    do {
        uint64_t left = last < sa->limit ? sa->limit - last : 0;

        taken = wanted < left ? wanted : (uint32_t)left;
        if (!is_shared) {
            atomic_store_explicit(&sa->sequence, last + taken, memory_order_relaxed);
            break;
        }
    } while (!atomic_compare_exchange_weak_explicit(&sa->sequence, &last, last + taken,
                                                    memory_order_relaxed, memory_order_relaxed));
    *last_out = last;
    return taken;
}

static void call_seal(struct avpni_sa *sa, const struct avpni_esp_item *item,
                      const struct framing *framing, bool is_locking)
{
    const struct avpn_aead *aead = sa->aead;
    uint32_t text_bytes = (uint32_t)item->result - AVPN_HEADROOM - AVPNI_TAG_BYTES;

    if (is_locking) {
        avpni_spin_lock(&sa->state_lock);
    }
    aead->seal(aead->user, sa->state, item->bytes, text_bytes, item->bytes + text_bytes,
               framing->ad, sizeof framing->ad, framing->nonce);
    if (is_locking) {
        avpni_spin_unlock(&sa->state_lock);
    }
}

/* Everything around the packet but the ICV; the result is now the datagram's size. */
static void wrap(const struct avpni_sa *sa, struct avpni_esp_item *item, struct framing *framing)
{
    uint8_t *esp = item->bytes - AVPN_HEADROOM;
    uint32_t text_bytes = write_trailer(item->bytes, item->count, (uint8_t)item->result);

    store_u64(esp, (uint64_t)sa->spi << 32 | (uint32_t)item->number);
    store_u64(esp + 8, item->number); /* the IV: unique because the number is [ESP-4] */
    framing_fill(framing, sa, item->number, esp + 8);
    item->result = (int32_t)(AVPN_HEADROOM + text_bytes + AVPNI_TAG_BYTES);
}

int32_t avpni_esp_next_header(const uint8_t *packet, uint32_t bytes)
{
    if (bytes > AVPN_PACKET_LIMIT) {
        return AVPN_ERROR_ARGUMENT;
    }
    if (bytes == 0) {
        return AVPN_ESP_DUMMY;
    }
    switch (packet[0] >> 4) {
    case 4:
        return NEXT_IPV4;
    case 6:
        return NEXT_IPV6;
    default:
        return AVPN_ERROR_FORMAT;
    }
}

static bool must_lock_state(const struct avpni_sa *sa, bool is_shared)
{
    return is_shared && (sa->aead->flags & AVPN_AEAD_EXCLUSIVE) != 0;
}

static void refuse_all(struct avpni_esp_item *items, uint32_t count, int32_t error)
{
    for (uint32_t i = 0; i < count; i++) {
        items[i].result = error;
    }
}

void avpni_esp_seal_batch(struct avpni_sa *sa, struct avpni_esp_item *items, uint32_t count,
                          bool is_shared)
{
    const bool is_locking = must_lock_state(sa, is_shared);
    struct framing framings[AVPNI_ESP_BATCH_LIMIT];
    uint32_t wanted = 0, left;
    uint64_t number;

    assert(count <= AVPNI_ESP_BATCH_LIMIT);
    if (sa->window != 0) {
        refuse_all(items, count, AVPN_ERROR_ARGUMENT);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        items[i].result = avpni_esp_next_header(items[i].bytes, items[i].count);
        wanted += items[i].result >= 0;
    }
    left = take_numbers(sa, wanted, is_shared, &number);
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].result < 0) {
            continue;
        }
        if (left == 0) {
            items[i].result = AVPN_ERROR_EXHAUSTED;
            continue;
        }
        left--;
        items[i].number = ++number;
        wrap(sa, &items[i], &framings[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].result >= 0) {
            call_seal(sa, &items[i], &framings[i], is_locking);
        }
    }
}

int32_t avpni_esp_seal(struct avpni_sa *sa, uint8_t *packet, uint32_t bytes)
{
    struct avpni_esp_item item = {.bytes = packet, .count = bytes};

    avpni_esp_seal_batch(sa, &item, 1, false);
    return item.result;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* The packet's own idea of its size, or 0: no header of that version, or more than there is. */
static uint32_t ipv4_bytes(const uint8_t *packet, uint32_t room)
{
    if (room < IPV4_HEADER_BYTES || packet[0] >> 4 != 4) {
        return 0;
    }
    uint32_t header = (uint32_t)(packet[0] & 15) * 4, total = load_u16(packet + 2);

    return header >= IPV4_HEADER_BYTES && total >= header && total <= room ? total : 0;
}

static uint32_t ipv6_bytes(const uint8_t *packet, uint32_t room)
{
    if (room < IPV6_HEADER_BYTES || packet[0] >> 4 != 6) {
        return 0;
    }
    uint32_t total = load_u16(packet + 4) + IPV6_HEADER_BYTES;

    return total <= room ? total : 0;
}

/* RFC 4303 2.4: the padding counts 1, 2, 3, ... and lies before the two trailer bytes. */
static bool padding_is_valid(const uint8_t *text, uint32_t text_bytes, uint32_t padding)
{
    if (padding > text_bytes - TRAILER_BYTES) {
        return false;
    }
    const uint8_t *first = text + text_bytes - TRAILER_BYTES - padding;
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < padding; i++) {
        wrong |= first[i] ^ (i + 1);
    }
    return wrong == 0;
}

/*
 * The size of the inner packet in a genuine text; 0 for a dummy. What follows the inner
 * packet's own length is traffic flow confidentiality padding (RFC 4303 2.7) and not returned.
 */
static int32_t read_text(const uint8_t *text, uint32_t text_bytes)
{
    uint32_t padding = text[text_bytes - 2], next_header = text[text_bytes - 1], total = 0;

    if (next_header == AVPN_ESP_DUMMY) {
        return 0; /* RFC 4303 2.6: what is before the next header need not be well-formed */
    }
    if (!padding_is_valid(text, text_bytes, padding)) {
        return AVPN_ERROR_FORMAT;
    }
    uint32_t room = text_bytes - TRAILER_BYTES - padding;

    if (next_header == NEXT_IPV4) {
        total = ipv4_bytes(text, room);
    } else if (next_header == NEXT_IPV6) {
        total = ipv6_bytes(text, room);
    }
    return total != 0 ? (int32_t)total : AVPN_ERROR_FORMAT;
}

/* Of an ESP packet that is long enough. */
static uint32_t text_bytes_of(const struct avpni_esp_item *item)
{
    return item->count - AVPN_HEADROOM - AVPNI_TAG_BYTES;
}

static int32_t check_datagram(const struct avpni_sa *sa, const uint8_t *esp, uint32_t bytes)
{
    if (bytes < ESP_BYTES_MIN || bytes > ESP_BYTES_MAX || bytes % 4 != 0) {
        return AVPN_ERROR_FORMAT;
    }
    return load_u64(esp) >> 32 == sa->spi ? AVPN_OK : AVPN_ERROR_AUTH;
}

static int32_t call_open(struct avpni_sa *sa, const struct avpni_esp_item *item,
                         const struct framing *framing, bool is_locking)
{
    const struct avpn_aead *aead = sa->aead;
    uint8_t *text = item->bytes + AVPN_HEADROOM;
    uint32_t text_bytes = text_bytes_of(item);
    int32_t is_genuine;

    if (is_locking) {
        avpni_spin_lock(&sa->state_lock);
    }
    is_genuine = aead->open(aead->user, sa->state, text, text_bytes, text + text_bytes, framing->ad,
                            sizeof framing->ad, framing->nonce);
    if (is_locking) {
        avpni_spin_unlock(&sa->state_lock);
    }
    return is_genuine == 1 ? AVPN_OK : AVPN_ERROR_AUTH;
}

static void read_one(struct avpni_esp_item *item)
{
    if (item->result == AVPN_OK) {
        item->result = read_text(item->bytes + AVPN_HEADROOM, text_bytes_of(item));
    }
}

/* A text is read one packet later: what was written just before is not yet there to be read. */
static void open_all(struct avpni_sa *sa, struct avpni_esp_item *items,
                     const struct framing *framings, uint32_t count, bool is_locking)
{
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].result == AVPN_OK) {
            items[i].result = call_open(sa, &items[i], &framings[i], is_locking);
        }
        if (i > 0) {
            read_one(&items[i - 1]);
        }
    }
    if (count > 0) {
        read_one(&items[count - 1]);
    }
}

/* What needs no key: form, SPI, and a number not seen yet. */
static void judge_all(struct avpni_sa *sa, struct avpni_esp_item *items, uint32_t count)
{
    const struct avpni_replay replay = replay_of(sa);

    for (uint32_t i = 0; i < count; i++) {
        struct avpni_esp_item *item = &items[i];

        item->result = check_datagram(sa, item->bytes, item->count);
        if (item->result != AVPN_OK) {
            continue;
        }
        item->number = avpni_replay_complete(&replay, (uint32_t)load_u64(item->bytes));
        if (!avpni_replay_is_fresh(&replay, item->number)) {
            item->result = AVPN_ERROR_VERSION;
        }
    }
}

/* Genuine packets enter the window, unless a copy was faster: in this batch or another thread's. */
static void record_all(struct avpni_sa *sa, struct avpni_esp_item *items, uint32_t count)
{
    struct avpni_replay replay = replay_of(sa);

    for (uint32_t i = 0; i < count; i++) {
        if (items[i].result < 0) {
            continue;
        }
        if (avpni_replay_is_fresh(&replay, items[i].number)) {
            avpni_replay_record(&replay, items[i].number);
        } else {
            items[i].result = AVPN_ERROR_VERSION;
        }
    }
    atomic_store_explicit(&sa->sequence, replay.highest, memory_order_relaxed);
}

/* Decrypting, the long part, is done without the window's lock; so the window is looked at twice [ESP-5]. */
void avpni_esp_open_batch(struct avpni_sa *sa, struct avpni_esp_item *items, uint32_t count,
                          bool is_shared)
{
    const bool is_locking = must_lock_state(sa, is_shared);
    struct framing framings[AVPNI_ESP_BATCH_LIMIT];

    assert(count <= AVPNI_ESP_BATCH_LIMIT);
    if (sa->window == 0) {
        refuse_all(items, count, AVPN_ERROR_ARGUMENT);
        return;
    }
    if (is_shared) {
        avpni_spin_lock(&sa->window_lock);
    }
    judge_all(sa, items, count);
    if (is_shared) {
        avpni_spin_unlock(&sa->window_lock);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].result == AVPN_OK) {
            framing_fill(&framings[i], sa, items[i].number, items[i].bytes + 8);
        }
    }
    open_all(sa, items, framings, count, is_locking);
    if (is_shared) {
        avpni_spin_lock(&sa->window_lock);
    }
    record_all(sa, items, count);
    if (is_shared) {
        avpni_spin_unlock(&sa->window_lock);
    }
}

int32_t avpni_esp_open(struct avpni_sa *sa, uint8_t *esp, uint32_t bytes)
{
    struct avpni_esp_item item = {.bytes = esp, .count = bytes};

    avpni_esp_open_batch(sa, &item, 1, false);
    return item.result;
}
