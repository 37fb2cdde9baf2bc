/* SPDX-License-Identifier: ISC */
#include "link/session.h"

#include "crypto/hash.h"
#include "link/peer.h"
#include <stdint.h>
#include <string.h>

#define PLACE_MASK (AVPNI_SESSION_LIMIT - 1)
#define RANDOM_MASK 0x3FFu /* the bits above the place */

/* Double the table; places stay what they are. */
static int32_t grow(struct avpni_context *context)
{
    uint32_t capacity = context->session_capacity ? context->session_capacity * 2 : 16;
    struct avpni_session **table;

    if (capacity > AVPNI_SESSION_LIMIT)
        return AVPN_ERROR_LIMIT;
    table = avpni_resize(&context->memory, context->sessions, capacity, sizeof *table);
    if (table == NULL)
        return AVPN_ERROR_MEMORY;
    for (uint32_t i = context->session_capacity; i < capacity; i++)
        table[i] = NULL;
    context->sessions = table;
    context->session_capacity = capacity;
    return AVPN_OK;
}

/* A free place, searched from where the last one was found. */
static int32_t find_place(struct avpni_context *context, uint32_t *place_out)
{
    for (uint32_t i = 0; i < context->session_capacity; i++) {
        uint32_t place = (context->session_free + i) % context->session_capacity;

        if (context->sessions[place] == NULL) {
            context->session_free = place + 1;
            *place_out = place;
            return AVPN_OK;
        }
    }
    *place_out = context->session_capacity;
    return grow(context);
}

int32_t avpni_session_new(struct avpni_context *context, struct avpni_peer *peer,
                          struct avpni_session **session_out)
{
    struct avpni_session *session;
    uint8_t random[2];
    uint32_t place, above;
    int32_t error = avpni_random_fill(&context->random, random, sizeof random);

    if (error == AVPN_OK)
        error = find_place(context, &place);
    if (error != AVPN_OK)
        return error;
    session = avpni_allocate(&context->memory, 1, sizeof *session);
    if (session == NULL)
        return AVPN_ERROR_MEMORY;
    above = ((uint32_t)random[0] << 8 | random[1]) & RANDOM_MASK;
    if (above == 0)
        above = 1; /* keeps every index above the reserved SPIs [DMX-3] */
    session->peer = peer;
    session->index = above << (AVPNI_SESSION_PLACE_BITS + 4) | place << 4;
    context->sessions[place] = session;
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

static void drop_pair(const struct avpni_session *session, struct avpni_pair *pair)
{
    const struct avpni_memory *memory = &session->peer->context->memory;

    avpni_esp_wipe(pair->send);
    avpni_esp_wipe(pair->receive);
    avpni_release(memory, pair);
}

/* [ESP-3]: keys of the SA from uplink `a` of its sender to uplink `b` of its receiver. */
static int32_t init_sa(struct avpni_sa *sa, const struct avpni_session *session,
                       const struct avpn_key *transport, uint32_t index, uint32_t a, uint32_t b,
                       bool is_receiver)
{
    const uint8_t which[3] = {session->suite, (uint8_t)a, (uint8_t)b};
    struct avpn_sa_parameters parameters = {0};
    uint8_t material[36];
    int32_t error;

    avpni_derive(material, sizeof material, transport, "esp", which, sizeof which);
    parameters.size = sizeof parameters;
    parameters.spi = index + a * AVPN_UPLINKS + b; /* [ESP-2] */
    parameters.suite = session->suite;
    parameters.window = AVPNI_REPLAY_WINDOW;
    parameters.limit = AVPNI_REJECT_AFTER_PACKETS;
    parameters.aead = aead_of(session);
    memcpy(parameters.key, material, sizeof parameters.key);
    memcpy(parameters.salt, material + 32, sizeof parameters.salt);
    error = avpni_esp_init(sa, &parameters, is_receiver);
    avpni_wipe(material, sizeof material);
    avpni_wipe(&parameters, sizeof parameters);
    return error;
}

int32_t avpni_session_add_path(struct avpni_session *session, uint32_t path)
{
    const struct avpni_memory *memory = &session->peer->context->memory;
    const struct avpn_aead *aead = aead_of(session);
    uint32_t ours = path / AVPN_UPLINKS, theirs = path % AVPN_UPLINKS;
    struct avpni_pair *pair;
    uintptr_t place;
    int32_t error;

    if (session->suite == AVPN_SUITE_NONE || session->pairs[path] != NULL)
        return AVPN_OK;
    pair = avpni_allocate(memory, 1, pair_bytes(aead));
    if (pair == NULL)
        return AVPN_ERROR_MEMORY;
    place = align_up((uintptr_t)pair + sizeof *pair);
    pair->send = (struct avpni_sa *)place;
    place += align_up(avpni_esp_bytes(aead, 0, false));
    pair->receive = (struct avpni_sa *)place;
    error = init_sa(pair->send, session, &session->send_key, session->remote_index, ours, theirs,
                    false);
    if (error == AVPN_OK)
        error = init_sa(pair->receive, session, &session->receive_key, session->index, theirs,
                        ours, true);
    if (error != AVPN_OK) {
        drop_pair(session, pair); /* zeroed at first, so also one that has not begun */
        return error;
    }
    session->pairs[path] = pair;
    return AVPN_OK;
}

static void drop_pairs(struct avpni_session *session)
{
    for (uint32_t i = 0; i < AVPNI_PATHS; i++) {
        if (session->pairs[i] == NULL)
            continue;
        drop_pair(session, session->pairs[i]);
        session->pairs[i] = NULL;
    }
}

int32_t avpni_session_start(struct avpni_session *session, uint8_t suite, uint32_t remote_index,
                            const struct avpn_key *send_key, const struct avpn_key *receive_key,
                            avpn_time now)
{
    session->suite = suite;
    session->remote_index = remote_index;
    session->send_key = *send_key;
    session->receive_key = *receive_key;
    session->created_at = now;
    for (uint32_t i = 0; i < AVPNI_PATHS; i++) {
        if (session->peer->paths[i] == NULL)
            continue;
        if (avpni_session_add_path(session, i) != AVPN_OK) {
            drop_pairs(session);
            session->suite = AVPN_SUITE_NONE;
            return AVPN_ERROR_MEMORY;
        }
    }
    return AVPN_OK;
}

void avpni_session_del(struct avpni_context *context, struct avpni_session *session)
{
    if (session == NULL)
        return;
    drop_pairs(session);
    context->sessions[session->index >> 4 & PLACE_MASK] = NULL;
    avpni_wipe(session, sizeof *session);
    avpni_release(&context->memory, session);
}

struct avpni_session *avpni_session_find(const struct avpni_context *context, uint32_t spi)
{
    uint32_t place = spi >> 4 & PLACE_MASK;
    struct avpni_session *session;

    if (place >= context->session_capacity)
        return NULL;
    session = context->sessions[place];
    return session != NULL && session->index == (spi & ~15u) ? session : NULL;
}

uint32_t avpni_session_path(uint32_t spi)
{
    uint32_t a = spi >> 2 & 3, b = spi & 3; /* the peer's uplink, ours */

    return b * AVPN_UPLINKS + a;
}

bool avpni_session_is_expired(const struct avpni_session *session, avpn_time now)
{
    return now - session->created_at >= AVPNI_REJECT_AFTER;
}
