/* SPDX-License-Identifier: ISC */
/* ESP: sizes, room, forgeries, malformed insides. [ESP-1] [ESP-4] [ESP-5] [ESP-8] [DMX-3] */
#include "crypto/esp.h"
#include "crypto/providers.h"
#include "crypto/replay.h"
#include "harness.h"

#include <string.h>

#define INNER_LIMIT 1500
#define GUARD 64
#define BLOCK_LIMIT 4096
#define PROVIDER_LIMIT 6

/* One SA in each direction, placed by their owner as link/ places them in its own objects. */
struct ends {
    _Alignas(AVPNI_ESP_ALIGN) uint8_t send[BLOCK_LIMIT];
    _Alignas(AVPNI_ESP_ALIGN) uint8_t receive[BLOCK_LIMIT];
    size_t receive_bytes;
    bool is_started;
};

static struct ends ends;

static struct avpni_sa *sender(void)
{
    void *block = ends.send;

    return block;
}

static struct avpni_sa *receiver(void)
{
    void *block = ends.receive;

    return block;
}

static struct avpn_sa_parameters parameters_of(const struct avpn_aead *aead, uint64_t sequence)
{
    struct avpn_sa_parameters p = {.size = sizeof p,
                                   .spi = 0x12345678,
                                   .suite = aead->suite,
                                   .sequence = sequence,
                                   .limit = UINT64_MAX,
                                   .aead = aead};

    for (uint8_t i = 0; i < 32; i++) {
        p.key[i] = (uint8_t)(i * 7 + 1);
    }
    memcpy(p.salt, "salt", 4);
    return p;
}

/* Another sender in the place of the one there is. */
static void start_sender(const struct avpn_sa_parameters *p)
{
    avpni_esp_wipe(sender());
    ck_assert_int_eq(avpni_esp_init(sender(), p, false), AVPN_OK);
}

/* Fresh SAs over a provider of the build; false when there is none of that number that runs here. */
static bool start_from(int provider, uint64_t sequence)
{
    const struct avpn_aead *aead = avpn_aead_at((uint32_t)provider);
    struct avpn_sa_parameters p;

    if (aead == NULL || avpni_aead_judge(aead) != AVPN_OK) {
        harness_skipped(1, "a provider that is not built or does not run on this machine");
        return false;
    }
    if (ends.is_started) {
        avpni_esp_wipe(sender());
        avpni_esp_wipe(receiver());
    }
    memset(&ends, 0xee, sizeof ends);
    p = parameters_of(aead, sequence);
    ends.receive_bytes = avpni_esp_bytes(aead, 0, true);
    ck_assert_uint_le(ends.receive_bytes, BLOCK_LIMIT);
    ck_assert_int_eq(avpni_esp_init(sender(), &p, false), AVPN_OK);
    ck_assert_int_eq(avpni_esp_init(receiver(), &p, true), AVPN_OK);
    ends.is_started = true;
    /* Nothing beyond the size that was asked for is touched. */
    ck_assert_uint_eq(ends.receive[ends.receive_bytes], 0xee);
    ck_assert_uint_eq(ends.send[avpni_esp_bytes(aead, 0, false)], 0xee);
    ck_assert_ptr_eq(sender()->aead, aead);
    return true;
}

/* A packet with a header that says `bytes`; IPv4 below 40 bytes and for even sizes, else IPv6. */
static void fill_inner(uint8_t *packet, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        packet[i] = (uint8_t)(i * 31 + bytes);
    }
    if (bytes < 40 || bytes % 2 == 0) {
        packet[0] = 0x45;
        packet[2] = (uint8_t)(bytes >> 8);
        packet[3] = (uint8_t)bytes;
    } else {
        packet[0] = 0x60;
        packet[4] = (uint8_t)((bytes - 40) >> 8);
        packet[5] = (uint8_t)(bytes - 40);
    }
}

static bool is_untouched(const uint8_t *from, const uint8_t *to)
{
    while (from < to && *from == 0xa5) {
        from++;
    }
    return from == to;
}

START_TEST(every_inner_size_comes_back_and_only_the_stated_room_is_touched)
{
    static uint8_t buffer[GUARD + AVPN_HEADROOM + INNER_LIMIT + AVPN_TAILROOM + GUARD];
    uint8_t inner[INNER_LIMIT];
    uint8_t *packet = buffer + GUARD + AVPN_HEADROOM, *esp = buffer + GUARD;

    if (!start_from(_i, 0)) {
        return;
    }
    for (uint32_t bytes = 20; bytes <= INNER_LIMIT; bytes++) {
        memset(buffer, 0xa5, sizeof buffer);
        fill_inner(inner, bytes);
        memcpy(packet, inner, bytes);
        uint32_t sealed = avpn_sealed_bytes(bytes);

        ck_assert_int_eq(avpni_esp_seal(sender(), packet, bytes), (int32_t)sealed);
        ck_assert_uint_eq(sealed % 4, 0);
        ck_assert(is_untouched(buffer, esp));
        /* From the end of what was sealed on: runs lie end to end at avpn_sealed_bytes. */
        ck_assert(is_untouched(esp + sealed, buffer + sizeof buffer));
        ck_assert_mem_ne(packet, inner, bytes);
        ck_assert_int_eq(avpni_esp_open(receiver(), esp, sealed), (int32_t)bytes);
        ck_assert_mem_eq(packet, inner, bytes);
        ck_assert_uint_eq(avpni_esp_sequence(receiver()), bytes - 19);
    }
}
END_TEST

START_TEST(the_header_is_spi_number_and_iv)
{
    uint8_t buffer[AVPN_HEADROOM + 20 + AVPN_TAILROOM];
    static const uint8_t expected[16] = {0x12, 0x34, 0x56, 0x78, 0, 0, 0, 6,
                                         0,    0,    0,    3,    0, 0, 0, 6};

    if (start_from(_i, 0x300000005)) {
        fill_inner(buffer + AVPN_HEADROOM, 20);
        ck_assert_int_eq(avpni_esp_seal(sender(), buffer + AVPN_HEADROOM, 20), 16 + 24 + 16);
        ck_assert_mem_eq(buffer, expected, 16);
        ck_assert_int_eq(avpni_esp_open(receiver(), buffer, 56), 20);
        ck_assert_uint_eq(avpni_esp_sequence(receiver()), 0x300000006);
    }
}
END_TEST

START_TEST(a_dummy_packet_opens_as_nothing_and_counts)
{
    uint8_t buffer[AVPN_HEADROOM + AVPN_TAILROOM] = {0};

    if (start_from(_i, 0)) {
        ck_assert_uint_eq(avpn_sealed_bytes(0), 36);
        ck_assert_int_eq(avpni_esp_seal(sender(), buffer + AVPN_HEADROOM, 0), 36);
        ck_assert_int_eq(avpni_esp_open(receiver(), buffer, 36), 0);
        ck_assert_uint_eq(avpni_esp_sequence(receiver()), 1);
    }
}
END_TEST

/* `count` bytes of `packet` are refused and leave packet and receiver as they are. */
static void assert_refused(uint8_t *packet, uint32_t count)
{
    uint8_t before[128], state[BLOCK_LIMIT];

    memcpy(before, packet, sizeof before);
    memcpy(state, ends.receive, ends.receive_bytes);
    ck_assert_int_lt(avpni_esp_open(receiver(), packet, count), 0);
    ck_assert_mem_eq(before, packet, sizeof before);
    ck_assert_mem_eq(state, ends.receive, ends.receive_bytes);
}

START_TEST(every_flipped_bit_and_every_truncation_is_refused_without_a_trace)
{
    uint8_t buffer[256] = {0};
    int32_t sealed;

    /* One number below the wrap, so that flips in the number reach across it as well. */
    if (!start_from(_i, 0xfffffffe)) {
        return;
    }
    fill_inner(buffer + AVPN_HEADROOM, 61);
    sealed = avpni_esp_seal(sender(), buffer + AVPN_HEADROOM, 61);
    ck_assert_int_gt(sealed, 0);
    for (uint32_t bit = 0; bit < 8 * (uint32_t)sealed; bit++) {
        buffer[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_refused(buffer, (uint32_t)sealed);
        buffer[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (uint32_t count = 0; count < (uint32_t)sealed; count++) {
        assert_refused(buffer, count);
    }
    assert_refused(buffer, (uint32_t)sealed + 4);
    ck_assert_int_eq(avpni_esp_open(receiver(), buffer, (uint32_t)sealed), 61);
}
END_TEST

START_TEST(a_replayed_packet_is_refused_as_such)
{
    uint8_t buffer[128], copy[128];

    if (start_from(_i, 0)) {
        fill_inner(buffer + AVPN_HEADROOM, 20);
        int32_t sealed = avpni_esp_seal(sender(), buffer + AVPN_HEADROOM, 20);

        memcpy(copy, buffer, sizeof copy);
        ck_assert_int_eq(avpni_esp_open(receiver(), buffer, (uint32_t)sealed), 20);
        memcpy(buffer, copy, sizeof copy);
        ck_assert_int_eq(avpni_esp_open(receiver(), buffer, (uint32_t)sealed), AVPN_ERROR_VERSION);
        ck_assert_mem_eq(buffer, copy, sizeof copy);
    }
}
END_TEST

START_TEST(a_large_forgery_leaves_its_bytes_alone_too)
{
    static uint8_t buffer[AVPN_HEADROOM + AVPN_PACKET_LIMIT + AVPN_TAILROOM];
    static uint8_t copy[sizeof buffer];

    if (start_from(_i, 0)) {
        fill_inner(buffer + AVPN_HEADROOM, AVPN_PACKET_LIMIT - 1);
        int32_t sealed = avpni_esp_seal(sender(), buffer + AVPN_HEADROOM, AVPN_PACKET_LIMIT - 1);

        buffer[40000] ^= 1;
        memcpy(copy, buffer, sizeof copy);
        ck_assert_int_eq(avpni_esp_open(receiver(), buffer, (uint32_t)sealed), AVPN_ERROR_AUTH);
        ck_assert_mem_eq(copy, buffer, sizeof copy);
        buffer[40000] ^= 1;
        ck_assert_int_eq(avpni_esp_open(receiver(), buffer, (uint32_t)sealed),
                         AVPN_PACKET_LIMIT - 1);
    }
}
END_TEST

/* A packet as another implementation may make it: any IV, any text. Returns its size. */
static uint32_t seal_text(uint8_t *esp, uint32_t number, const uint8_t *text, uint32_t count)
{
    const struct avpn_aead *aead = receiver()->aead;
    struct avpn_sa_parameters p = parameters_of(aead, 0);
    _Alignas(AVPNI_ESP_ALIGN) uint8_t state[AVPNI_AEAD_STATE_LIMIT];
    uint8_t ad[12] = {0x12, 0x34, 0x56, 0x78}, nonce[12];
    const uint8_t low[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
                            (uint8_t)(number >> 8), (uint8_t)number};

    memcpy(esp, ad, 4);
    memcpy(esp + 4, low, 4);
    memcpy(esp + 8, "any IV!!", 8);
    memcpy(ad + 8, low, 4);
    memcpy(nonce, p.salt, 4);
    memcpy(nonce + 4, esp + 8, 8);
    memcpy(esp + 16, text, count);
    aead->set_key(aead->user, state, p.key);
    aead->seal(aead->user, state, esp + 16, count, esp + 16 + count, ad, 12, nonce);
    avpni_aead_clear(aead, state);
    return 16 + count + 16;
}

struct inside {
    const char *what;
    uint32_t inner;   /* bytes before the padding */
    uint32_t padding; /* 1, 2, 3 ... */
    uint8_t next;
    uint8_t first;   /* first byte */
    uint16_t total;  /* the length field: bytes 2, 3 for IPv4, 4, 5 for IPv6 */
    uint8_t corrupt; /* 1: one padding byte wrong, 2: pad length larger than the text */
    int32_t result;
};

static const struct inside insides[] = {
    {"smallest IPv4", 20, 2, 4, 0x45, 20, 0, 20},
    {"smallest IPv6", 40, 2, 41, 0x60, 0, 0, 40},
    {"most padding", 23, 255, 4, 0x45, 23, 0, 23},
    {"no padding", 22, 0, 4, 0x45, 22, 0, 22},
    {"IPv4 with padding for flow confidentiality", 102, 0, 4, 0x45, 60, 0, 60},
    {"IPv6 with padding for flow confidentiality", 98, 0, 41, 0x6f, 5, 0, 45},
    {"IPv4 options", 62, 0, 4, 0x4f, 60, 0, 60},
    {"malformed dummy", 9, 1, 59, 0xff, 0, 1, 0},
    {"dummy with absurd pad length", 6, 0, 59, 0xff, 0, 2, 0},
    {"nothing, IPv4", 0, 2, 4, 0, 0, 0, AVPN_ERROR_FORMAT},
    {"nothing, IPv6", 0, 2, 41, 0, 0, 0, AVPN_ERROR_FORMAT},
    {"one byte", 1, 1, 4, 0x45, 0, 0, AVPN_ERROR_FORMAT},
    {"19 bytes", 19, 3, 4, 0x45, 19, 0, AVPN_ERROR_FORMAT},
    {"39 bytes", 39, 3, 41, 0x60, 0, 0, AVPN_ERROR_FORMAT},
    {"IPv4 longer than what came", 20, 2, 4, 0x45, 21, 0, AVPN_ERROR_FORMAT},
    {"IPv4 longer by the padding", 20, 2, 4, 0x45, 22, 0, AVPN_ERROR_FORMAT},
    {"IPv4 shorter than a header", 20, 2, 4, 0x45, 19, 0, AVPN_ERROR_FORMAT},
    {"IPv4 of length zero", 20, 2, 4, 0x45, 0, 0, AVPN_ERROR_FORMAT},
    {"IPv4 header of 16", 20, 2, 4, 0x44, 20, 0, AVPN_ERROR_FORMAT},
    {"IPv4 header longer than the packet", 22, 0, 4, 0x46, 22, 0, AVPN_ERROR_FORMAT},
    {"IPv6 longer than what came", 42, 0, 41, 0x60, 3, 0, AVPN_ERROR_FORMAT},
    {"IPv6 called IPv4", 42, 0, 4, 0x60, 2, 0, AVPN_ERROR_FORMAT},
    {"IPv4 called IPv6", 42, 0, 41, 0x45, 42, 0, AVPN_ERROR_FORMAT},
    {"another protocol", 22, 0, 17, 0x45, 22, 0, AVPN_ERROR_FORMAT},
    {"wrong padding", 20, 2, 4, 0x45, 20, 1, AVPN_ERROR_FORMAT},
    {"wrong padding, long", 23, 255, 4, 0x45, 23, 1, AVPN_ERROR_FORMAT},
    {"pad length beyond the text", 22, 0, 4, 0x45, 20, 2, AVPN_ERROR_FORMAT},
};

static uint32_t make_text(uint8_t *text, const struct inside *in)
{
    uint32_t size_at = in->first >> 4 == 6 ? 4 : 2, count = in->inner;

    memset(text, 0xcc, in->inner);
    text[0] = in->first;
    if (in->inner > 5) {
        text[size_at] = (uint8_t)(in->total >> 8);
        text[size_at + 1] = (uint8_t)in->total;
    }
    for (uint32_t i = 0; i < in->padding; i++) {
        text[count++] = (uint8_t)(i + 1);
    }
    if (in->corrupt == 1) {
        text[count - 1] ^= 0x80;
    }
    text[count] = (uint8_t)(in->corrupt == 2 ? count + 1 : in->padding);
    text[count + 1] = in->next;
    return count + 2;
}

START_TEST(a_genuine_packet_is_judged_by_what_is_inside)
{
    const struct inside *in = &insides[_i / PROVIDER_LIMIT];
    uint8_t esp[512], text[512];

    if (!start_from(_i % PROVIDER_LIMIT, 0)) {
        return;
    }
    uint32_t count = seal_text(esp, 5, text, make_text(text, in));
    int32_t result = avpni_esp_open(receiver(), esp, count);

    ck_assert_msg(result == in->result, "%s: %d", in->what, result);
    ck_assert_uint_eq(avpni_esp_sequence(receiver()), result >= 0 ? 5 : 0);
    if (result > 0) {
        ck_assert_mem_eq(esp + 16, text, (size_t)result);
    }
}
END_TEST

START_TEST(number_zero_and_texts_off_the_4_byte_grid_are_refused)
{
    const struct inside in = insides[0];
    uint8_t esp[512], text[512];

    if (start_from(_i, 0)) {
        uint32_t count = seal_text(esp, 0, text, make_text(text, &in));

        ck_assert_int_eq(avpni_esp_open(receiver(), esp, count), AVPN_ERROR_VERSION);
        count = make_text(text, &(struct inside){"", 20, 3, 4, 0x45, 20, 0, 0});
        count = seal_text(esp, 1, text, count);
        ck_assert_int_eq(avpni_esp_open(receiver(), esp, count), AVPN_ERROR_FORMAT);
    }
}
END_TEST

START_TEST(at_the_limit_sealing_is_refused_and_nothing_is_written)
{
    struct avpn_sa_parameters p;
    uint8_t buffer[AVPN_HEADROOM + 20 + AVPN_TAILROOM], copy[sizeof buffer];

    if (!start_from(_i, 0)) {
        return;
    }
    p = parameters_of(sender()->aead, 0);
    p.limit = 3;
    start_sender(&p);
    for (int i = 0; i < 3; i++) {
        fill_inner(buffer + AVPN_HEADROOM, 20);
        ck_assert_int_gt(avpni_esp_seal(sender(), buffer + AVPN_HEADROOM, 20), 0);
    }
    fill_inner(buffer + AVPN_HEADROOM, 20);
    memcpy(copy, buffer, sizeof copy);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(avpni_esp_seal(sender(), buffer + AVPN_HEADROOM, 20),
                         AVPN_ERROR_EXHAUSTED);
        ck_assert_mem_eq(copy, buffer, sizeof copy);
        ck_assert_uint_eq(avpni_esp_sequence(sender()), 3);
    }
    p.sequence = UINT64_MAX;
    p.limit = UINT64_MAX;
    start_sender(&p);
    ck_assert_int_eq(avpni_esp_seal(sender(), buffer + AVPN_HEADROOM, 20), AVPN_ERROR_EXHAUSTED);
    p.sequence = AVPNI_ESP_LIMIT_DEFAULT;
    p.limit = 0;
    start_sender(&p);
    ck_assert_int_eq(avpni_esp_seal(sender(), buffer + AVPN_HEADROOM, 20), AVPN_ERROR_EXHAUSTED);
}
END_TEST

START_TEST(what_is_no_ip_packet_or_too_large_is_not_sealed)
{
    static uint8_t buffer[AVPN_HEADROOM + AVPN_PACKET_LIMIT + 1 + AVPN_TAILROOM];
    uint8_t *packet = buffer + AVPN_HEADROOM;

    if (start_from(_i, 0)) {
        for (unsigned version = 0; version < 16; version++) {
            packet[0] = (uint8_t)(version << 4);
            if (version != 4 && version != 6) {
                ck_assert_int_eq(avpni_esp_seal(sender(), packet, 20), AVPN_ERROR_FORMAT);
            }
        }
        packet[0] = 0x45;
        ck_assert_int_eq(avpni_esp_seal(sender(), packet, AVPN_PACKET_LIMIT + 1),
                         AVPN_ERROR_ARGUMENT);
        ck_assert_int_eq(avpni_esp_seal(receiver(), packet, 20), AVPN_ERROR_ARGUMENT);
        ck_assert_int_eq(avpni_esp_open(sender(), buffer, 56), AVPN_ERROR_ARGUMENT);
        ck_assert_uint_eq(avpni_esp_sequence(sender()), 0);
    }
}
END_TEST

/* ---- batches ------------------------------------------------------------------------------------ */

#define BATCH 40
#define BATCH_STRIDE 256

static uint8_t rooms[BATCH][BATCH_STRIDE];
static struct avpni_esp_item items[BATCH];

static uint32_t batch_bytes(uint32_t i)
{
    return 20 + i * 4;
}

static void fill_batch(void)
{
    for (uint32_t i = 0; i < BATCH; i++) {
        memset(rooms[i], 0, sizeof rooms[i]);
        fill_inner(rooms[i] + AVPN_HEADROOM, batch_bytes(i));
        items[i] =
            (struct avpni_esp_item){.bytes = rooms[i] + AVPN_HEADROOM, .count = batch_bytes(i)};
    }
}

static void turn_batch(void)
{
    for (uint32_t i = 0; i < BATCH; i++) {
        items[i].bytes = rooms[i];
        items[i].count = (uint32_t)items[i].result;
    }
}

START_TEST(a_batch_seals_and_opens_as_single_calls_do)
{
    static uint8_t one_by_one[BATCH][BATCH_STRIDE];
    struct avpn_sa_parameters p;

    if (!start_from(_i, 4)) {
        return;
    }
    fill_batch();
    for (uint32_t i = 0; i < BATCH; i++) {
        ck_assert_int_gt(avpni_esp_seal(sender(), items[i].bytes, items[i].count), 0);
    }
    memcpy(one_by_one, rooms, sizeof rooms);
    p = parameters_of(sender()->aead, 4);
    start_sender(&p);
    fill_batch();
    avpni_esp_seal_batch(sender(), items, BATCH, false);
    ck_assert_mem_eq(one_by_one, rooms, sizeof rooms);
    for (uint32_t i = 0; i < BATCH; i++) {
        ck_assert_int_eq(items[i].result, (int32_t)avpn_sealed_bytes(batch_bytes(i)));
        ck_assert_uint_eq(items[i].number, 5 + i);
    }
    turn_batch();
    avpni_esp_open_batch(receiver(), items, BATCH, false);
    for (uint32_t i = 0; i < BATCH; i++) {
        ck_assert_int_eq(items[i].result, (int32_t)batch_bytes(i));
    }
    ck_assert_uint_eq(avpni_esp_sequence(receiver()), 4 + BATCH);
    avpni_esp_seal_batch(sender(), items, 0, false);
    ck_assert_uint_eq(avpni_esp_sequence(sender()), 4 + BATCH);
}
END_TEST

/* Each packet has its own fate, and what fails costs no number. */
START_TEST(in_a_batch_what_cannot_be_sealed_takes_no_number)
{
    struct avpn_sa_parameters p;
    uint32_t sealed = 0;

    if (!start_from(_i / 2, 0)) {
        return;
    }
    p = parameters_of(sender()->aead, 0);
    p.limit = 30;
    start_sender(&p);
    fill_batch();
    items[3].bytes[0] = 0x55;
    items[7].count = AVPN_PACKET_LIMIT + 1;
    avpni_esp_seal_batch(sender(), items, BATCH, _i % 2 != 0);
    for (uint32_t i = 0; i < BATCH; i++) {
        int32_t expected = i == 3        ? AVPN_ERROR_FORMAT
                           : i == 7      ? AVPN_ERROR_ARGUMENT
                           : sealed < 30 ? (int32_t)avpn_sealed_bytes(batch_bytes(i))
                                         : AVPN_ERROR_EXHAUSTED;

        ck_assert_int_eq(items[i].result, expected);
        if (expected >= 0) {
            ck_assert_uint_eq(items[i].number, ++sealed);
        } else {
            ck_assert_uint_eq(rooms[i][0] | rooms[i][15], 0); /* nothing was written */
        }
    }
    ck_assert_uint_eq(avpni_esp_sequence(sender()), 30);
    avpni_esp_open_batch(sender(), items, BATCH, _i % 2 != 0);
    ck_assert_int_eq(items[0].result, AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(items[BATCH - 1].result, AVPN_ERROR_ARGUMENT);
}
END_TEST

START_TEST(of_two_copies_in_one_batch_one_opens_and_forgeries_stay_as_they_were)
{
    static uint8_t copy[BATCH_STRIDE], forged[BATCH_STRIDE];
    bool is_shared = _i % 2 != 0;

    if (!start_from(_i / 2, 0)) {
        return;
    }
    fill_batch();
    avpni_esp_seal_batch(sender(), items, BATCH, is_shared);
    turn_batch();
    memcpy(copy, rooms[5], sizeof copy);
    items[9] = (struct avpni_esp_item){.bytes = copy, .count = items[5].count};
    rooms[11][20] ^= 1;
    memcpy(forged, rooms[11], sizeof forged);
    avpni_esp_open_batch(receiver(), items, 20, is_shared);
    for (uint32_t i = 0; i < 20; i++) {
        int32_t expected = i == 9    ? AVPN_ERROR_VERSION
                           : i == 11 ? AVPN_ERROR_AUTH
                                     : (int32_t)batch_bytes(i);

        ck_assert_int_eq(items[i].result, expected);
    }
    ck_assert_mem_eq(rooms[11], forged, sizeof forged);
    ck_assert_uint_eq(avpni_esp_sequence(receiver()), 20);
    /* What was not opened can be opened still, once. */
    rooms[11][20] ^= 1;
    ck_assert_int_eq(avpni_esp_open(receiver(), rooms[11], items[11].count),
                     (int32_t)batch_bytes(11));
    ck_assert_int_eq(avpni_esp_open(receiver(), rooms[9], avpn_sealed_bytes(batch_bytes(9))),
                     (int32_t)batch_bytes(9));
}
END_TEST

START_TEST(prefetching_touches_nothing)
{
    if (start_from(_i, 0)) {
        avpni_esp_prefetch(sender());
        avpni_esp_prefetch(NULL); /* any address */
        ck_assert_uint_eq(avpni_esp_sequence(sender()), 0);
    }
}
END_TEST

START_TEST(sizes_are_as_small_as_documented)
{
    const struct avpn_aead *chacha = &avpni_aead_sodium_chacha, *aes = &avpni_aead_sodium_aes;
    const bool is_wide = sizeof(void *) == 8; /* three pointers, and what aligns the key behind them */
    const size_t sender = is_wide ? 88 : 80;

    ck_assert_uint_eq(avpni_esp_bytes(chacha, 0, false), sender);
    ck_assert_uint_eq(avpni_esp_bytes(chacha, 0, true), sender + 264);
    ck_assert_uint_eq(avpni_esp_bytes(aes, 0, false), is_wide ? 576 : 560);
    ck_assert_uint_eq(avpni_esp_bytes(chacha, 100, true), 0);
    ck_assert_uint_eq(avpni_esp_bytes(NULL, 0, false), 0);
    ck_assert_uint_eq(avpn_sealed_bytes(AVPN_PACKET_LIMIT + 1), 0);
}
END_TEST

/* The inverse of avpn_sealed_bytes: the packet it names fits, and no larger one does [MTU-6]. */
START_TEST(the_largest_inner_packet_of_a_datagram_is_known_for_every_size)
{
    for (uint32_t bytes = 0; bytes < 36; bytes++) {
        ck_assert_uint_eq(avpn_inner_bytes(bytes), 0);
    }
    for (uint32_t bytes = 36; bytes <= AVPN_PACKET_LIMIT + 100; bytes++) {
        uint32_t inner = avpn_inner_bytes(bytes);

        ck_assert_uint_ge(inner, 2);
        ck_assert_uint_le(inner, AVPN_PACKET_LIMIT);
        ck_assert_uint_le(avpn_sealed_bytes(inner), bytes);
        ck_assert(inner == AVPN_PACKET_LIMIT || avpn_sealed_bytes(inner + 1) > bytes);
    }
    ck_assert_uint_eq(avpn_inner_bytes(1200), 1166);
    ck_assert_uint_eq(avpn_inner_bytes(1472), 1438);
    ck_assert_uint_eq(avpn_inner_bytes(UINT32_MAX), AVPN_PACKET_LIMIT);
}
END_TEST

START_TEST(a_wiped_sa_holds_nothing)
{
    if (start_from(_i, 9)) {
        avpni_esp_wipe(receiver());
        for (size_t i = 0; i < ends.receive_bytes; i++) {
            ck_assert_uint_eq(ends.receive[i], 0);
        }
        ck_assert_uint_eq(ends.receive[ends.receive_bytes], 0xee);
        avpni_esp_wipe(sender());
        ends.is_started = false;
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(every_inner_size_comes_back_and_only_the_stated_room_is_touched, PROVIDER_LIMIT),
    HARNESS_LOOP(the_header_is_spi_number_and_iv, PROVIDER_LIMIT),
    HARNESS_LOOP(a_dummy_packet_opens_as_nothing_and_counts, PROVIDER_LIMIT),
    HARNESS_LOOP(every_flipped_bit_and_every_truncation_is_refused_without_a_trace, PROVIDER_LIMIT),
    HARNESS_LOOP(a_replayed_packet_is_refused_as_such, PROVIDER_LIMIT),
    HARNESS_LOOP(a_large_forgery_leaves_its_bytes_alone_too, PROVIDER_LIMIT),
    HARNESS_LOOP(a_genuine_packet_is_judged_by_what_is_inside,
                 PROVIDER_LIMIT *HARNESS_COUNT(insides)),
    HARNESS_LOOP(number_zero_and_texts_off_the_4_byte_grid_are_refused, PROVIDER_LIMIT),
    HARNESS_LOOP(at_the_limit_sealing_is_refused_and_nothing_is_written, PROVIDER_LIMIT),
    HARNESS_LOOP(what_is_no_ip_packet_or_too_large_is_not_sealed, PROVIDER_LIMIT),
    HARNESS_LOOP(a_batch_seals_and_opens_as_single_calls_do, PROVIDER_LIMIT),
    HARNESS_LOOP(in_a_batch_what_cannot_be_sealed_takes_no_number, 2 * PROVIDER_LIMIT),
    HARNESS_LOOP(of_two_copies_in_one_batch_one_opens_and_forgeries_stay_as_they_were,
                 2 * PROVIDER_LIMIT),
    HARNESS_LOOP(prefetching_touches_nothing, PROVIDER_LIMIT),
    HARNESS_CASE(sizes_are_as_small_as_documented),
    HARNESS_CASE(the_largest_inner_packet_of_a_datagram_is_known_for_every_size),
    HARNESS_LOOP(a_wiped_sa_holds_nothing, PROVIDER_LIMIT),
};
HARNESS_MAIN("crypto/esp", cases)
