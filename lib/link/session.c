/* SPDX-License-Identifier: ISC */
#include "link/session.h"

#include "crypto/hash.h"
#include "link/handover.h"
#include "link/peer.h"
#include <stdint.h>
#include <string.h>

#define RANDOM_MASK 0x3FFu /* the bits above the place */

/* ---- places --------------------------------------------------------------------- */

static void release_table(void *owner, struct avpni_retired *retired)
{
    const struct avpni_plane *plane = owner;

    avpni_release(&plane->memory, retired);
}

/* Twice the table in its place; places stay what they are. */
static int32_t grow(struct avpni_plane *plane)
{
    struct avpni_sessions *old = atomic_load(&plane->sessions), *next;
    uint32_t capacity = old != NULL ? old->capacity * 2 : 16;

    if (capacity > AVPNI_SESSION_LIMIT)
        return AVPN_ERROR_LIMIT;
    next = avpni_allocate(&plane->memory, 1, sizeof *next + capacity * sizeof next->slots[0]);
    if (next == NULL)
        return AVPN_ERROR_MEMORY;
    next->capacity = capacity;
    for (uint32_t i = 0; old != NULL && i < old->capacity; i++)
        atomic_init(&next->slots[i], atomic_load(&old->slots[i]));
    atomic_store(&plane->sessions, next);
    if (old != NULL)
        avpni_reclaim_retire(&plane->reclaim, &old->retired, release_table);
    return AVPN_OK;
}

/* A free place, searched from where the last one was found. */
static int32_t find_place(struct avpni_plane *plane, uint32_t *place_out)
{
    struct avpni_sessions *sessions = atomic_load(&plane->sessions);
    uint32_t capacity = sessions != NULL ? sessions->capacity : 0;

    for (uint32_t i = 0; i < capacity; i++) {
        uint32_t place = (plane->session_free + i) % capacity;

        if (atomic_load(&sessions->slots[place]) == NULL) {
            plane->session_free = place + 1;
            *place_out = place;
            return AVPN_OK;
        }
    }
    *place_out = capacity;
    return grow(plane);
}

static void put_session(struct avpni_plane *plane, uint32_t place, struct avpni_session *session)
{
    atomic_store(&atomic_load(&plane->sessions)->slots[place], session);
}

int32_t avpni_session_new(struct avpni_context *context, struct avpni_peer *peer,
                          struct avpni_session **session_out)
{
    struct avpni_session *session;
    uint8_t random[2];
    uint32_t place, above;
    int32_t error = avpni_random_fill(&context->random, random, sizeof random);

    if (error == AVPN_OK)
        error = find_place(&context->plane, &place);
    if (error != AVPN_OK)
        return error;
    session = avpni_allocate(&context->memory, 1, sizeof *session);
    if (session == NULL)
        return AVPN_ERROR_MEMORY;
    above = ((uint32_t)random[0] << 8 | random[1]) & RANDOM_MASK;
    if (above == 0)
        above = 1; /* keeps every index above the reserved SPIs [DMX-3] */
    session->peer = peer;
    session->gate = peer->gate;
    session->index = above << (AVPNI_SESSION_PLACE_BITS + 4) | place << 4;
    put_session(&context->plane, place, session);
    *session_out = session;
    return AVPN_OK;
}

/* ---- SAs of one path -------------------------------------------------------- */

static size_t align_up(size_t value)
{
    return (value + AVPNI_ESP_ALIGN - 1) / AVPNI_ESP_ALIGN * AVPNI_ESP_ALIGN;
}

static const struct avpn_aead *aead_of(const struct avpni_session *session)
{
    return session->peer->context->aeads[session->suite];
}

/* The allocator aligns to less than an SA asks for: one alignment more, to move within. */
static size_t pair_bytes(const struct avpn_aead *aead)
{
    return align_up(sizeof(struct avpni_pair)) + align_up(avpni_esp_bytes(aead, 0, false)) +
           align_up(avpni_esp_bytes(aead, AVPNI_REPLAY_WINDOW, true)) + AVPNI_ESP_ALIGN;
}

static void release_pair(const struct avpni_memory *memory, struct avpni_pair *pair)
{
    if (pair == NULL)
        return;
    avpni_esp_wipe(pair->send);
    avpni_esp_wipe(pair->receive);
    avpni_release(memory, pair);
}

/* [ESP-3]: of the SA from uplink `a` of its sender to uplink `b` of its receiver. */
void avpni_session_parameters(const struct avpni_session *session, uint32_t path, bool is_sender,
                              struct avpn_sa_parameters *parameters_out)
{
    const struct avpn_key *transport = is_sender ? &session->send_key : &session->receive_key;
    uint32_t ours = path / AVPN_UPLINKS, theirs = path % AVPN_UPLINKS;
    uint32_t a = is_sender ? ours : theirs, b = is_sender ? theirs : ours;
    uint32_t index = is_sender ? session->remote_index : session->index;
    const uint8_t which[3] = {session->suite, (uint8_t)a, (uint8_t)b};
    uint8_t material[36];

    avpni_derive(material, sizeof material, transport, "esp", which, sizeof which);
    parameters_out->size = sizeof *parameters_out;
    parameters_out->spi = index + a * AVPN_UPLINKS + b; /* [ESP-2] */
    parameters_out->suite = session->suite;
    parameters_out->window = AVPNI_REPLAY_WINDOW;
    parameters_out->limit = AVPNI_REJECT_AFTER_PACKETS;
    parameters_out->aead = aead_of(session);
    memcpy(parameters_out->key, material, sizeof parameters_out->key);
    memcpy(parameters_out->salt, material + 32, sizeof parameters_out->salt);
    avpni_wipe(material, sizeof material);
}

static int32_t init_sa(struct avpni_sa *sa, const struct avpni_session *session, uint32_t path,
                       bool is_sender)
{
    struct avpn_sa_parameters parameters = {0};
    int32_t error;

    avpni_session_parameters(session, path, is_sender, &parameters);
    error = avpni_esp_init(sa, &parameters, !is_sender);
    avpni_wipe(&parameters, sizeof parameters);
    return error;
}

static int32_t make_pair(const struct avpni_session *session, uint32_t path,
                         struct avpni_pair **pair_out)
{
    const struct avpni_memory *memory = &session->peer->context->memory;
    const struct avpn_aead *aead = aead_of(session);
    struct avpni_pair *pair = avpni_allocate(memory, 1, pair_bytes(aead));
    uintptr_t place;
    int32_t error;

    if (pair == NULL)
        return AVPN_ERROR_MEMORY;
    place = align_up((uintptr_t)pair + sizeof *pair);
    pair->send = (struct avpni_sa *)place;
    place += align_up(avpni_esp_bytes(aead, 0, false));
    pair->receive = (struct avpni_sa *)place;
    error = init_sa(pair->send, session, path, true);
    if (error == AVPN_OK)
        error = init_sa(pair->receive, session, path, false);
    if (error == AVPN_OK)
        *pair_out = pair;
    else
        release_pair(memory, pair); /* zeroed at first, so also one that has not begun */
    return error;
}

int32_t avpni_session_add_path(struct avpni_session *session, uint32_t path)
{
    struct avpni_pair *pair;
    int32_t error;

    if (session->suite == AVPN_SUITE_NONE || atomic_load(&session->pairs[path]) != NULL)
        return AVPN_OK;
    if (session->peer->context->hands_over) {
        avpni_handover_add_path(session, path);
        return AVPN_OK;
    }
    error = make_pair(session, path, &pair);
    if (error == AVPN_OK)
        atomic_store(&session->pairs[path], pair); /* found from now on: all of it is there */
    return error;
}

/* All of them, or none. */
static int32_t make_pairs(struct avpni_session *session)
{
    const struct avpni_memory *memory = &session->peer->context->memory;
    struct avpni_pair *pairs[AVPNI_PATHS] = {NULL};
    int32_t error = AVPN_OK;

    for (uint32_t i = 0; i < AVPNI_PATHS && error == AVPN_OK; i++)
        if (session->peer->paths[i] != NULL)
            error = make_pair(session, i, &pairs[i]);
    for (uint32_t i = 0; i < AVPNI_PATHS; i++) {
        if (error == AVPN_OK)
            atomic_store(&session->pairs[i], pairs[i]);
        else
            release_pair(memory, pairs[i]);
    }
    return error;
}

int32_t avpni_session_start(struct avpni_session *session, uint8_t suite, uint32_t remote_index,
                            const struct avpn_key *send_key, const struct avpn_key *receive_key,
                            avpn_time now)
{
    int32_t error;

    session->suite = suite;
    session->remote_index = remote_index;
    session->send_key = *send_key;
    session->receive_key = *receive_key;
    session->created_at = now;
    error = session->peer->context->hands_over ? avpni_handover_start(session)
                                               : make_pairs(session);
    if (error != AVPN_OK)
        session->suite = AVPN_SUITE_NONE;
    return error;
}

static void release_session(void *owner, struct avpni_retired *retired)
{
    const struct avpni_plane *plane = owner;
    struct avpni_session *session = (struct avpni_session *)retired; /* its first member */

    for (uint32_t i = 0; i < AVPNI_PATHS; i++)
        release_pair(&plane->memory, atomic_load(&session->pairs[i]));
    avpni_wipe(session, sizeof *session);
    avpni_release(&plane->memory, session);
}

void avpni_session_del(struct avpni_context *context, struct avpni_session *session)
{
    if (session == NULL)
        return;
    put_session(&context->plane, AVPNI_SESSION_PLACE(session->index), NULL);
    avpni_handover_end(session);
    avpni_peer_close(session->peer, session);
    avpni_reclaim_retire(&context->plane.reclaim, &session->retired, release_session);
}

struct avpni_session *avpni_session_find(struct avpni_context *context, uint32_t spi)
{
    return avpni_plane_session(&context->plane, spi);
}

bool avpni_session_is_expired(const struct avpni_session *session, avpn_time now)
{
    return now - session->created_at >= AVPNI_REJECT_AFTER;
}
