/* SPDX-License-Identifier: ISC */
/* Providers of packet encryption: each by itself, each against each other, chosen, brought by a host, broken. */
#include "crypto/aead.h"
#include "fake_aead.h"
#include "harness.h"

#include <stdlib.h>

#define PROVIDER_LIMIT 6 /* in any build */
#define TEXT_LIMIT 9100
#define GUARD 64

/* A provider with a key, in room that is aligned to what it asks for and no better. */
struct cipher {
    const struct avpn_aead *aead;
    uint8_t *state;
    _Alignas(AVPN_AEAD_ALIGN) uint8_t room[AVPN_AEAD_ALIGN + AVPNI_AEAD_STATE_LIMIT + GUARD];
};

struct packet {
    uint8_t key[32], nonce[12], ad[12], text[TEXT_LIMIT + 16];
};

static struct cipher ciphers[2];
static struct packet packet, sealed[2];

/* One that is built and runs here, or false. */
static bool have(struct cipher *cipher, int index)
{
    cipher->aead = avpn_aead_at((uint32_t)index);
    if (cipher->aead == NULL) {
        harness_skipped(1, "a provider that is not built");
        return false;
    }
    if (cipher->aead->is_available != NULL && cipher->aead->is_available(cipher->aead->user) != 1) {
        harness_skipped(1, "a provider that does not run on this machine");
        return false;
    }
    return true;
}

static void set_key(struct cipher *cipher)
{
    const struct avpn_aead *aead = cipher->aead;

    cipher->state = cipher->room + aead->state_align;
    memset(cipher->room, 0xee, sizeof cipher->room);
    ck_assert_int_eq(aead->set_key(aead->user, cipher->state, packet.key), 0);
}

static void clear_key(struct cipher *cipher)
{
    avpni_aead_clear(cipher->aead, cipher->state);
    for (size_t i = 0; i < GUARD; i++)
        ck_assert_uint_eq(cipher->state[cipher->aead->state_bytes + i], 0xee);
}

static void seal(const struct cipher *cipher, struct packet *p, size_t bytes)
{
    const struct avpn_aead *aead = cipher->aead;

    aead->seal(aead->user, cipher->state, p->text, bytes, p->text + bytes, p->ad, 12, p->nonce);
}

static int32_t open_sealed(const struct cipher *cipher, struct packet *p, size_t bytes)
{
    const struct avpn_aead *aead = cipher->aead;

    return aead->open(aead->user, cipher->state, p->text, bytes, p->text + bytes, p->ad, 12,
                      p->nonce);
}

static void random_packet(uint64_t *seed)
{
    uint8_t *bytes = (uint8_t *)&packet;

    for (size_t i = 0; i < sizeof packet; i++)
        bytes[i] = (uint8_t)harness_random(seed);
}

/* ---- the build's --------------------------------------------------------------------------- */

START_TEST(each_provider_is_sound_and_passes_its_test)
{
    if (have(&ciphers[0], _i)) {
        ck_assert_int_eq(avpn_aead_test(ciphers[0].aead), AVPN_OK);
        ck_assert_int_eq(avpni_aead_judge(ciphers[0].aead), AVPN_OK);
    }
}
END_TEST

/* Sealed by the first, opened by the second: identical bytes, and the text comes back. */
static void cross(size_t bytes)
{
    for (int i = 0; i < 2; i++) {
        sealed[i] = packet;
        seal(&ciphers[i], &sealed[i], bytes);
        ck_assert_mem_eq(sealed[i].text + bytes + 16, packet.text + bytes + 16, TEXT_LIMIT - bytes);
    }
    ck_assert_mem_eq(sealed[0].text, sealed[1].text, bytes + 16);
    ck_assert_int_eq(open_sealed(&ciphers[1], &sealed[0], bytes), 1);
    ck_assert_mem_eq(sealed[0].text, packet.text, bytes);
    ck_assert_mem_eq(sealed[0].text + bytes, sealed[1].text + bytes, sizeof packet.text - bytes);
}

START_TEST(what_one_provider_seals_any_other_of_the_suite_opens)
{
    uint64_t seed = 0x5eed + (uint64_t)_i;

    if (!have(&ciphers[0], _i / PROVIDER_LIMIT) || !have(&ciphers[1], _i % PROVIDER_LIMIT) ||
        ciphers[0].aead->suite != ciphers[1].aead->suite)
        return;
    for (size_t round = 0; round < 400; round++) {
        random_packet(&seed);
        set_key(&ciphers[0]);
        set_key(&ciphers[1]);
        for (size_t k = 0; k < 3; k++)
            cross(round <= 200 ? round : (size_t)(harness_random(&seed) % (TEXT_LIMIT + 1)));
        clear_key(&ciphers[0]);
        clear_key(&ciphers[1]);
    }
}
END_TEST

/* Refused, and every byte as it was. */
static void assert_refused(struct packet *p, size_t bytes)
{
    struct packet before = *p;

    ck_assert_int_eq(open_sealed(&ciphers[0], p, bytes), 0);
    ck_assert_mem_eq(p, &before, sizeof before);
}

static void flip(struct packet *p, size_t bytes, uint8_t *field, size_t field_bytes, uint64_t *seed)
{
    for (size_t i = 0; i < field_bytes; i += field_bytes <= 16 ? 1 : field_bytes / 13) {
        uint8_t bit = (uint8_t)(1 << harness_random(seed) % 8);

        field[i] ^= bit;
        assert_refused(p, bytes);
        field[i] ^= bit;
    }
}

START_TEST(whatever_is_changed_is_refused_and_the_text_left_alone)
{
    static const size_t sizes[] = {0,   1,   15,   16,   17,   64,   255,
                                   256, 257, 1000, 1400, 2048, 2049, TEXT_LIMIT};
    uint64_t seed = 77;

    if (!have(&ciphers[0], _i))
        return;
    for (int i = 0; i < HARNESS_COUNT(sizes); i++) {
        size_t bytes = sizes[i];

        random_packet(&seed);
        set_key(&ciphers[0]);
        sealed[0] = packet;
        seal(&ciphers[0], &sealed[0], bytes);
        flip(&sealed[0], bytes, sealed[0].text, bytes, &seed);
        flip(&sealed[0], bytes, sealed[0].text + bytes, 16, &seed);
        flip(&sealed[0], bytes, sealed[0].ad, 12, &seed);
        flip(&sealed[0], bytes, sealed[0].nonce, 12, &seed);
        if (bytes > 0)
            assert_refused(&sealed[0], bytes - 1);
        ck_assert_int_eq(open_sealed(&ciphers[0], &sealed[0], bytes), 1);
        ck_assert_mem_eq(sealed[0].text, packet.text, bytes);
        clear_key(&ciphers[0]);
    }
}
END_TEST

START_TEST(a_suite_gets_the_first_of_the_list_that_runs_here)
{
    const struct avpn_aead *first[AVPNI_AEAD_SUITES] = {NULL}, *aead;

    for (uint32_t i = 0; (aead = avpn_aead_at(i)) != NULL; i++) {
        ck_assert_uint_lt(i, PROVIDER_LIMIT);
        if (first[aead->suite] == NULL && avpn_aead_test(aead) == AVPN_OK)
            first[aead->suite] = aead;
    }
    ck_assert_ptr_nonnull(first[AVPN_SUITE_CHACHA20_POLY1305]);
    for (uint8_t suite = 0; suite < AVPNI_AEAD_SUITES; suite++) {
        ck_assert_ptr_eq(avpn_aead_find(suite), first[suite]);
        ck_assert_int_eq(avpn_suite_is_available(suite), first[suite] != NULL);
    }
    ck_assert_ptr_null(avpn_aead_find(AVPNI_AEAD_SUITES));
    ck_assert_ptr_null(avpn_aead_at(UINT32_MAX));
}
END_TEST

/* ---- a host's own ---------------------------------------------------------------------------- */

START_TEST(a_sound_provider_of_a_host_passes_and_leaves_nothing_behind)
{
    struct fake fake = {.defect = FAKE_SOUND};
    const struct avpn_aead mine = fake_aead(&fake);

    ck_assert_int_eq(avpn_aead_test(&mine), AVPN_OK);
    ck_assert_uint_gt(fake.keys, 0);
    ck_assert_uint_eq(fake.cleared, fake.keys);
}
END_TEST

struct defect {
    enum fake_defect defect;
    int32_t error;
};

static const struct defect defects[] = {
    {FAKE_NOT_HERE, AVPN_ERROR_STATE},         {FAKE_NO_MEMORY, AVPN_ERROR_MEMORY},
    {FAKE_WRONG_TAG, AVPN_ERROR_AUTH},         {FAKE_WRONG_ABOVE_1024, AVPN_ERROR_AUTH},
    {FAKE_LEAVES_TEXT, AVPN_ERROR_AUTH},       {FAKE_IGNORES_AD, AVPN_ERROR_AUTH},
    {FAKE_OPENS_ANYTHING, AVPN_ERROR_AUTH},    {FAKE_OPENS_NOTHING, AVPN_ERROR_AUTH},
    {FAKE_IGNORES_TAG_BEGIN, AVPN_ERROR_AUTH}, {FAKE_IGNORES_TAG_END, AVPN_ERROR_AUTH},
    {FAKE_WRITES_ON_FAILURE, AVPN_ERROR_AUTH}, {FAKE_WRITES_BEYOND_STATE, AVPN_ERROR_ARGUMENT},
};

START_TEST(a_broken_provider_of_a_host_is_found_out_and_the_builds_serves)
{
    struct fake fake = {.defect = defects[_i].defect};
    const struct avpn_aead mine = fake_aead(&fake);
    const struct avpn_aead *const all[] = {&mine, NULL};
    struct avpn_sa_parameters p = {
        .size = sizeof p, .spi = 256, .aead = &mine, .suite = AVPN_SUITE_CHACHA20_POLY1305};
    struct avpn_sa *sa = NULL;

    ck_assert_int_eq(avpn_aead_test(&mine), defects[_i].error);
    ck_assert_ptr_eq(avpni_aead_choose(all, AVPN_SUITE_CHACHA20_POLY1305),
                     avpn_aead_find(AVPN_SUITE_CHACHA20_POLY1305));
    ck_assert_int_eq(avpn_sa_new_sender(&p, NULL, &sa), defects[_i].error);
    ck_assert_int_eq(avpn_sa_new_receiver(&p, NULL, &sa), defects[_i].error);
    ck_assert_ptr_null(sa);
    ck_assert_uint_eq(fake.cleared, fake.keys);
}
END_TEST

START_TEST(a_table_that_contradicts_itself_is_refused_and_never_called)
{
    struct fake fake = {.defect = FAKE_SOUND};
    struct avpn_aead mine = fake_aead(&fake);

    switch (_i) {
    case 0:
        mine.size--;
        break;
    case 1:
        mine.suite = AVPN_SUITE_NONE;
        break;
    case 2:
        mine.suite = AVPNI_AEAD_SUITES;
        break;
    case 3:
        mine.name = NULL;
        break;
    case 4:
        mine.flags = 2;
        break;
    case 5:
        mine.state_align = 0;
        break;
    case 6:
        mine.state_align = 24;
        break;
    case 7:
        mine.state_align = 2 * AVPN_AEAD_ALIGN;
        break;
    case 8:
        mine.state_bytes = 0;
        break;
    case 9:
        mine.state_bytes = AVPNI_AEAD_STATE_LIMIT + 1;
        break;
    case 10:
        mine.set_key = NULL;
        break;
    case 11:
        mine.seal = NULL;
        break;
    default:
        mine.open = NULL;
        break;
    }
    ck_assert_int_eq(avpn_aead_test(&mine), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_aead_test(NULL), AVPN_ERROR_ARGUMENT);
    ck_assert_uint_eq(fake.keys + fake.seals + fake.opens, 0);
}
END_TEST

START_TEST(of_a_hosts_providers_the_first_sound_one_of_the_suite_is_chosen)
{
    struct fake fakes[3] = {
        {.defect = FAKE_WRONG_TAG}, {.defect = FAKE_SOUND}, {.defect = FAKE_SOUND}};
    const struct avpn_aead mine[3] = {fake_aead(&fakes[0]), fake_aead(&fakes[1]),
                                      fake_aead(&fakes[2])};
    const struct avpn_aead *const all[] = {&mine[0], &mine[1], &mine[2], NULL};

    ck_assert_ptr_eq(avpni_aead_choose(all, AVPN_SUITE_CHACHA20_POLY1305), &mine[1]);
    ck_assert_uint_eq(fakes[2].keys, 0); /* not even tried */
    ck_assert_ptr_eq(avpni_aead_choose(all, AVPN_SUITE_AES_256_GCM),
                     avpn_aead_find(AVPN_SUITE_AES_256_GCM));
    ck_assert_ptr_eq(avpni_aead_choose(NULL, AVPN_SUITE_CHACHA20_POLY1305),
                     avpn_aead_find(AVPN_SUITE_CHACHA20_POLY1305));
    ck_assert_ptr_null(avpni_aead_choose(all, AVPN_SUITE_NONE));
}
END_TEST

START_TEST(an_sa_uses_the_provider_it_is_given_and_clears_its_key)
{
    struct fake fake = {.defect = FAKE_SOUND};
    const struct avpn_aead mine = fake_aead(&fake);
    struct avpn_sa_parameters p = {
        .size = sizeof p, .spi = 256, .aead = &mine, .suite = AVPN_SUITE_CHACHA20_POLY1305};
    uint8_t buffer[AVPN_HEADROOM + 20 + AVPN_TAILROOM] = {[AVPN_HEADROOM] = 0x45,
                                                          [AVPN_HEADROOM + 3] = 20};
    struct avpn_sa *sa, *receiver;
    uint32_t seals;

    ck_assert_int_eq(avpn_sa_new_sender(&p, NULL, &sa), AVPN_OK);
    p.aead = NULL;
    ck_assert_int_eq(avpn_sa_new_receiver(&p, NULL, &receiver), AVPN_OK);
    ck_assert_ptr_eq(avpn_sa_aead(sa), &mine);
    ck_assert_ptr_eq(avpn_sa_aead(receiver), avpn_aead_find(AVPN_SUITE_CHACHA20_POLY1305));
    seals = fake.seals;
    ck_assert_int_eq(avpn_sa_seal(sa, buffer + AVPN_HEADROOM, 20), 56);
    ck_assert_uint_eq(fake.seals, seals + 1);
    ck_assert_int_eq(avpn_sa_open(receiver, buffer, 56), 20);
    ck_assert_uint_eq(fake.cleared, fake.keys - 1);
    avpn_sa_del(sa);
    ck_assert_uint_eq(fake.cleared, fake.keys);
    avpn_sa_del(receiver);
    p.aead = &mine;
    p.suite = AVPN_SUITE_AES_256_GCM;
    ck_assert_int_eq(avpn_sa_new_sender(&p, NULL, &sa), AVPN_ERROR_ARGUMENT);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(each_provider_is_sound_and_passes_its_test, PROVIDER_LIMIT),
    HARNESS_LOOP(what_one_provider_seals_any_other_of_the_suite_opens,
                 PROVIDER_LIMIT *PROVIDER_LIMIT),
    HARNESS_LOOP(whatever_is_changed_is_refused_and_the_text_left_alone, PROVIDER_LIMIT),
    HARNESS_CASE(a_suite_gets_the_first_of_the_list_that_runs_here),
    HARNESS_CASE(a_sound_provider_of_a_host_passes_and_leaves_nothing_behind),
    HARNESS_LOOP(a_broken_provider_of_a_host_is_found_out_and_the_builds_serves,
                 HARNESS_COUNT(defects)),
    HARNESS_LOOP(a_table_that_contradicts_itself_is_refused_and_never_called, 13),
    HARNESS_CASE(of_a_hosts_providers_the_first_sound_one_of_the_suite_is_chosen),
    HARNESS_CASE(an_sa_uses_the_provider_it_is_given_and_clears_its_key),
};
HARNESS_MAIN("crypto/aead", cases)
