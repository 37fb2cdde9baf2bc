/* SPDX-License-Identifier: ISC */
#include "two.h"

START_TEST(an_index_is_unpredictable_and_finds_its_session)
{
    static struct avpni_session *sessions[5000];
    struct avpni_context *context;
    struct avpni_peer *peer;
    uint32_t changes = 0;

    have_two(1);
    context = &pair.hosts[0].node->context;
    peer = peer_of(0);
    for (uint32_t i = 0; i < 5000; i++) {
        ck_assert_int_eq(avpni_session_new(context, peer, &sessions[i]), AVPN_OK);
        ck_assert_uint_eq(sessions[i]->index & 15, 0); /* [HS-3] */
        ck_assert_uint_ge(sessions[i]->index, 256);    /* [DMX-3] */
        changes += i > 0 && sessions[i]->index >> 22 != sessions[i - 1]->index >> 22;
    }
    ck_assert_uint_ge(changes, 4000);
    for (uint32_t i = 0; i < 5000; i++)
        for (uint32_t low = 0; low < 16; low++)
            ck_assert_ptr_eq(avpni_session_find(context, sessions[i]->index | low), sessions[i]);
    uint32_t wrong = sessions[7]->index ^ 0x80000000u; /* the place is right, the rest is not */

    ck_assert_ptr_null(avpni_session_find(context, wrong));
    for (uint32_t i = 0; i < 5000; i++) {
        uint32_t index = sessions[i]->index;

        avpni_session_del(context, sessions[i]);
        ck_assert_ptr_null(avpni_session_find(context, index));
    }
    ck_assert_ptr_null(avpni_session_find(context, 0xFFFFFFFF));
    ck_assert_ptr_null(avpni_session_find(context, 256));
    avpni_session_del(context, NULL);
    pair_end(&pair);
}
END_TEST

START_TEST(an_spi_names_the_path_from_the_receivers_side)
{
    for (uint32_t a = 0; a < 4; a++)
        for (uint32_t b = 0; b < 4; b++)
            ck_assert_uint_eq(avpni_session_path(0x12345670 + 4 * a + b), b * 4 + a); /* [ESP-2] */
}
END_TEST

/* What one end seals on any path the other opens on the same path, and on no other [ESP-2] [ESP-3]. */
START_TEST(both_ends_agree_on_every_sa)
{
    have_two(2);
    for (uint32_t i = 0; i < 2; i++)
        for (uint32_t path = 0; path < AVPNI_PATHS; path++)
            ck_assert_int_eq(avpni_session_add_path(peer_of(i)->tunnel.current, path), AVPN_OK);
    for (uint32_t i = 0; i < 2; i++)
        for (uint32_t path = 0; path < AVPNI_PATHS; path++) {
            uint8_t room[AVPN_HEADROOM + 60 + AVPN_TAILROOM], copy[sizeof room];
            struct avpni_session *from = peer_of(i)->tunnel.current;
            struct avpni_context *to = &pair.hosts[1 - i].node->context;
            uint32_t other = path % 4 * 4 + path / 4;
            struct avpni_session *found;
            int32_t sealed;

            pair_packet(room + AVPN_HEADROOM, "10.1.0.1", "10.2.0.1", 60);
            sealed = avpni_esp_seal(from->pairs[path]->send, room + AVPN_HEADROOM, 60);
            ck_assert_int_gt(sealed, 0);
            found = avpni_session_find(to, avpni_esp_spi(room));
            ck_assert_ptr_eq(found, peer_of(1 - i)->tunnel.current);
            ck_assert_uint_eq(avpni_session_path(avpni_esp_spi(room)), other);
            for (uint32_t k = 0; k < AVPNI_PATHS; k++) {
                memcpy(copy, room, sizeof room);
                ck_assert_int_eq(avpni_esp_open(found->pairs[k]->receive, copy, (uint32_t)sealed),
                                 k == other ? 60 : AVPN_ERROR_AUTH);
            }
        }
    pair_end(&pair);
}
END_TEST

/* The same packet under the same number: equal bytes would mean equal keys. */
START_TEST(every_sa_has_keys_of_its_own)
{
    uint8_t rooms[2 * AVPNI_PATHS][AVPN_HEADROOM + 60 + AVPN_TAILROOM];

    have_two(5);
    for (uint32_t i = 0; i < 2 * AVPNI_PATHS; i++) {
        struct avpni_session *session = peer_of(i / AVPNI_PATHS)->tunnel.current;

        ck_assert_int_eq(avpni_session_add_path(session, i % AVPNI_PATHS), AVPN_OK);
        session->pairs[i % AVPNI_PATHS]->send->sequence = 1000;
        pair_packet(rooms[i] + AVPN_HEADROOM, "10.1.0.1", "10.2.0.1", 60);
        ck_assert_int_gt(avpni_esp_seal(session->pairs[i % AVPNI_PATHS]->send,
                                        rooms[i] + AVPN_HEADROOM, 60), 0);
        for (uint32_t k = 0; k < i; k++)
            ck_assert_mem_ne(rooms[i] + AVPN_HEADROOM, rooms[k] + AVPN_HEADROOM, 60); /* [ESP-3] */
    }
    pair_end(&pair);
}
END_TEST

START_TEST(adding_a_path_twice_keeps_the_first_sas)
{
    struct avpni_session *session;
    struct avpni_pair *sas;

    have_two(3);
    session = peer_of(0)->tunnel.current;
    sas = session->pairs[0];
    ck_assert_ptr_nonnull(sas);
    ck_assert_int_eq(avpni_session_add_path(session, 0), AVPN_OK);
    ck_assert_ptr_eq(session->pairs[0], sas);
    pair_end(&pair);
}
END_TEST

START_TEST(a_session_without_keys_has_no_sas)
{
    struct avpni_session *session;

    have_two(4);
    ck_assert_int_eq(avpni_session_new(&pair.hosts[0].node->context, peer_of(0), &session), AVPN_OK);
    ck_assert_int_eq(avpni_session_add_path(session, 0), AVPN_OK);
    ck_assert_ptr_null(session->pairs[0]);
    avpni_session_del(&pair.hosts[0].node->context, session);
    pair_end(&pair);
}
END_TEST

START_TEST(a_session_expires_after_900_seconds)
{
    struct avpni_session session = {.created_at = 5};

    ck_assert(!avpni_session_is_expired(&session, 5));
    ck_assert(!avpni_session_is_expired(&session, 4 + 900 * AVPN_SECOND));
    ck_assert(avpni_session_is_expired(&session, 5 + 900 * AVPN_SECOND)); /* [ESP-6] */
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(an_index_is_unpredictable_and_finds_its_session),
    HARNESS_CASE(an_spi_names_the_path_from_the_receivers_side),
    HARNESS_CASE(both_ends_agree_on_every_sa),
    HARNESS_CASE(every_sa_has_keys_of_its_own),
    HARNESS_CASE(adding_a_path_twice_keeps_the_first_sas),
    HARNESS_CASE(a_session_without_keys_has_no_sas),
    HARNESS_CASE(a_session_expires_after_900_seconds),
};
HARNESS_MAIN("link/session", cases)
