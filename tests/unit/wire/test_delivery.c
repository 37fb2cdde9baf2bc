/* SPDX-License-Identifier: ISC */
/* Bodies that carry configurations and claims, sections 4.1 to 4.3. */
#include "canonical.h"
#include "wire/message.h"
#include <autovpn/config.h>
#include <autovpn/publisher.h>

#define TOKEN "101112131415161718191a1b1c1d1e1f"
#define TOKEN_MAP "................"
#define ONES "ffffffffffffffff"
#define ANY_8 "........"
#define ZEROS_8 "0000000000000000"

static void count_up(uint8_t *bytes, size_t count, uint8_t first)
{
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(first + i);
    }
}

/* A single byte of these versions changed still leaves the version above the base. */
static void write_sync(uint8_t *out)
{
    struct avpni_sync sync = {.version = UINT64_MAX, .first = 0xB1B2B3B4, .mask = 0x00010001};

    count_up(sync.token, sizeof sync.token, 0x10);
    avpni_sync_write(out, &sync);
}
CANONICAL_REWRITE(sync)

static void write_offer(uint8_t *out)
{
    struct avpni_offer offer = {.version = UINT64_MAX, .size = 0xB1B2B3B4};

    count_up(offer.token, sizeof offer.token, 0x10);
    count_up(offer.hash, sizeof offer.hash, 0x10);
    avpni_offer_write(out, &offer);
}
CANONICAL_REWRITE(offer)

static void write_list(uint8_t *out)
{
    struct avpni_fetch list = {.first = 0xB1B2B3B4};

    count_up(list.token, sizeof list.token, 0x10);
    avpni_list_write(out, &list);
}

static bool rewrite_list(const uint8_t *in, size_t count, uint8_t *out)
{
    struct avpni_fetch list;

    (void)count;
    memset(&list, CANONICAL_POISON, sizeof list);
    if (!avpni_list_read(in, &list)) {
        canonical_check_poison(&list, sizeof list);
        return false;
    }
    avpni_list_write(out, &list);
    return true;
}

static void write_part(uint8_t *out)
{
    struct avpni_part part = {.version = UINT64_MAX, .size = AVPNI_PART_BYTES + 3, .number = 1};

    avpni_part_head_write(out, &part);
    count_up(out + AVPNI_PART_HEAD_BYTES, 3, 0x10);
}

static bool rewrite_part(const uint8_t *in, size_t count, uint8_t *out)
{
    struct avpni_part part;
    const uint8_t *bytes;

    memset(&part, CANONICAL_POISON, sizeof part);
    if (!avpni_part_read(in, count, &part, &bytes)) {
        canonical_check_poison(&part, sizeof part);
        return false;
    }
    avpni_part_head_write(out, &part);
    memcpy(out + AVPNI_PART_HEAD_BYTES, bytes, avpni_part_bytes(part.size, part.number));
    return true;
}

static void write_want(uint8_t *out)
{
    avpni_want_write(
        out, &(struct avpni_want){AVPN_PUBLISH_WANTED, 0x0102030405060708, 0xB1B2B3B4, 0x01000100});
}

static void write_end(uint8_t *out)
{
    avpni_want_write(out, &(struct avpni_want){AVPN_PUBLISH_OLDER, 0x0102030405060708, 0, 0});
}
CANONICAL_REWRITE(want)

static void write_claims(uint8_t *out)
{
    struct avpni_claims_head head = {.count = 1, .total = 0xFFFFFFFF, .first = 0};
    struct avpni_claim_entry entry = {.member = 0xA1A2A3A4, .age = 0xB1B2B3B4};
    struct avpni_writer w = avpni_writer(out + AVPNI_CLAIMS_HEAD_BYTES, AVPNI_CLAIM_ENTRY_BYTES);

    count_up(entry.device.bytes, AVPN_KEY_BYTES, 0x10);
    count_up(entry.signature, sizeof entry.signature, 0x10);
    avpni_claims_head_write(out, &head);
    avpni_claim_entry_write(&w, &entry);
    ck_assert(!w.failed);
}

static bool rewrite_claims(const uint8_t *in, size_t count, uint8_t *out)
{
    struct avpni_claims_head head;
    struct avpni_reader entries;
    struct avpni_writer w = avpni_writer(out + AVPNI_CLAIMS_HEAD_BYTES, CANONICAL_BYTES - 100);

    memset(&head, CANONICAL_POISON, sizeof head);
    if (!avpni_claims_read(in, count, &head, &entries)) {
        canonical_check_poison(&head, sizeof head);
        return false;
    }
    avpni_claims_head_write(out, &head);
    for (uint32_t i = 0; i < head.count; i++) {
        struct avpni_claim_entry entry;

        avpni_claim_entry_read(&entries, &entry);
        avpni_claim_entry_write(&w, &entry);
    }
    return true;
}

#define COUNT_32 TOKEN "202122232425262728292a2b2c2d2e2f"
#define COUNT_64 COUNT_32 "303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f"

static const struct codec codecs[] = {
    {"Sync",
     "03000000" TOKEN ZEROS_8 ONES "b1b2b3b4"
     "00010001" ZEROS_8,
     "k000" TOKEN_MAP ANY_8 ANY_8 "...."
     "...."
     "00000000",
     write_sync, rewrite_sync},
    {"Offer", "04000000" TOKEN ONES "b1b2b3b4" TOKEN "00000000",
     "k000" TOKEN_MAP ANY_8 "...." TOKEN_MAP "0000", write_offer, rewrite_offer},
    {"List", "05000000" TOKEN "b1b2b3b4" ZEROS_8 ZEROS_8 ZEROS_8 "00000000",
     "k000" TOKEN_MAP "...." ZEROS_8 "000000000000", write_list, rewrite_list},
    {"Part",
     "85000000" ZEROS_8 ONES "00000403"
     "00000001"
     "101112",
     "k000" ANY_8 ANY_8 "kkkk"
     "kkkk"
     "...",
     write_part, rewrite_part},
    {"Want",
     "86000000"
     "0102030405060708"
     "b1b2b3b4"
     "01000100",
     "k000" ANY_8 "...."
     "....",
     write_want, rewrite_want},
    {"Want, at the end",
     "86020000"
     "0102030405060708"
     "00000000"
     "00000000",
     "kw00" ANY_8 "0000"
     "0000",
     write_end, rewrite_want},
    {"Claims",
     "87000001"
     "ffffffff"
     "00000000"
     "a1a2a3a4" COUNT_32 "b1b2b3b4" COUNT_64,
     "k0kk"
     "...."
     "...."
     "...."
     "................................"
     "...."
     "................................................................",
     write_claims, rewrite_claims},
};

START_TEST(a_body_is_written_and_read_as_specified)
{
    canonical_check_sample(&codecs[_i]);
}
END_TEST

START_TEST(a_body_with_one_byte_changed_is_read_only_if_canonical)
{
    canonical_check_bytes(&codecs[_i]);
}
END_TEST

static const struct sync_row {
    uint64_t base, version;
    uint32_t mask;
    int is_good;
} sync_rows[] = {
    {0, 1, 1, 1}, {5, 6, 0x0000FFFF, 1}, {5, 6, 0xAAAAAAAA, 1}, {5, 5, 1, 0},          {6, 5, 1, 0},
    {0, 0, 1, 0}, {5, 6, 0, 0},          {5, 6, 0x0001FFFF, 0}, {5, 6, 0xFFFFFFFF, 0},
};

START_TEST(a_sync_goes_forward_and_asks_for_one_to_sixteen_parts) /* [SYN-1] */
{
    const struct sync_row *row = &sync_rows[_i];
    struct avpni_sync sync = {.base = row->base, .version = row->version, .mask = row->mask};
    uint8_t body[AVPNI_REQUEST_BODY_BYTES];

    avpni_sync_write(body, &sync);
    ck_assert_int_eq(avpni_sync_read(body, &sync), row->is_good);
}
END_TEST

static const struct part_row {
    uint32_t size, number, bytes;
} part_rows[] = {
    {1, 0, 1},
    {1024, 0, 1024},
    {1025, 0, 1024},
    {1025, 1, 1},
    {2048, 1, 1024},
    {0, 0, 0},
    {1, 1, 0},
    {1024, 1, 0},
    {2048, 2, 0},
    {5000, 9, 0},
    {UINT32_MAX, 4194303, 1023},
    {UINT32_MAX, 4194304, 0},
    {1, UINT32_MAX, 0},
};

START_TEST(a_part_has_the_length_that_size_and_number_ask_for)
{
    const struct part_row *row = &part_rows[_i];
    struct avpni_part part = {.version = 2, .size = row->size, .number = row->number}, read;
    uint8_t body[AVPNI_PART_HEAD_BYTES + AVPNI_PART_BYTES + 1] = {0};
    const uint8_t *bytes;

    ck_assert_uint_eq(avpni_part_bytes(row->size, row->number), row->bytes);
    avpni_part_head_write(body, &part);
    for (size_t count = 0; count <= sizeof body; count++) {
        ck_assert_int_eq(avpni_part_read(body, count, &read, &bytes),
                         row->bytes > 0 && count == AVPNI_PART_HEAD_BYTES + row->bytes);
    }
}
END_TEST

START_TEST(parts_cover_every_size_without_gap)
{
    for (uint32_t size = 0; size < 5000; size++) {
        uint32_t sum = 0;

        for (uint32_t i = 0; i < avpni_part_count(size); i++) {
            ck_assert_uint_eq(sum, i * AVPNI_PART_BYTES);
            sum += avpni_part_bytes(size, i);
        }
        ck_assert_uint_eq(sum, size);
    }
}
END_TEST

START_TEST(a_part_of_a_version_not_above_its_base_is_refused)
{
    struct avpni_part part = {.base = 7, .version = 7, .size = 1};
    uint8_t body[AVPNI_PART_HEAD_BYTES + 1] = {0};
    const uint8_t *bytes;

    avpni_part_head_write(body, &part);
    ck_assert(!avpni_part_read(body, sizeof body, &part, &bytes));
}
END_TEST

static const struct claims_row {
    uint16_t count;
    uint32_t total, first;
    uint32_t entries; /* that are there */
    int is_good;
} claims_rows[] = {
    {0, 0, 0, 0, 1},    {0, 5, 5, 0, 1}, {1, 5, 4, 1, 1},          {10, 10, 0, 10, 1},
    {1, 5, 5, 1, 0},    {2, 5, 4, 2, 0}, {1, 5, 0, 0, 0},          {0, 5, 0, 1, 0},
    {11, 20, 0, 10, 0}, {0, 5, 6, 0, 0}, {1, 0, UINT32_MAX, 1, 0},
};

START_TEST(a_page_of_claims_says_how_many_it_has) /* [PUB-6] */
{
    const struct claims_row *row = &claims_rows[_i];
    struct avpni_claims_head head = {row->count, row->total, row->first};
    uint8_t body[AVPNI_CLAIMS_HEAD_BYTES + 11 * AVPNI_CLAIM_ENTRY_BYTES] = {0};
    struct avpni_reader entries;
    size_t count = AVPNI_CLAIMS_HEAD_BYTES + row->entries * AVPNI_CLAIM_ENTRY_BYTES;

    avpni_claims_head_write(body, &head);
    ck_assert_int_eq(avpni_claims_read(body, count, &head, &entries), row->is_good);
    if (count > AVPNI_CLAIMS_HEAD_BYTES) {
        ck_assert(!avpni_claims_read(body, count - 1, &head, &entries));
    }
    ck_assert(!avpni_claims_read(body, count + 1, &head, &entries));
}
END_TEST

START_TEST(a_full_page_fits_a_session_message)
{
    ck_assert_uint_le(AVPNI_CLAIMS_HEAD_BYTES + AVPNI_CLAIMS_PER_PAGE * AVPNI_CLAIM_ENTRY_BYTES,
                      AVPNI_SESSION_BODY_LIMIT);
    ck_assert_uint_le(AVPNI_PART_HEAD_BYTES + AVPNI_PART_BYTES, AVPNI_SESSION_BODY_LIMIT);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_body_is_written_and_read_as_specified, HARNESS_COUNT(codecs)),
    HARNESS_LOOP(a_body_with_one_byte_changed_is_read_only_if_canonical, HARNESS_COUNT(codecs)),
    HARNESS_LOOP(a_sync_goes_forward_and_asks_for_one_to_sixteen_parts, HARNESS_COUNT(sync_rows)),
    HARNESS_LOOP(a_part_has_the_length_that_size_and_number_ask_for, HARNESS_COUNT(part_rows)),
    HARNESS_CASE(parts_cover_every_size_without_gap),
    HARNESS_CASE(a_part_of_a_version_not_above_its_base_is_refused),
    HARNESS_LOOP(a_page_of_claims_says_how_many_it_has, HARNESS_COUNT(claims_rows)),
    HARNESS_CASE(a_full_page_fits_a_session_message),
};
HARNESS_MAIN("wire/delivery", cases)
