/* SPDX-License-Identifier: ISC */
/*
 * receive: what a node's session message does to a registry. Spec: [REG-1] to [REG-8], [REG-13], [REG-15],
 * [REG-17], [SYN-1].
 *
 * A message passes, in this order, the slot, the generation, the window, the tag, its form, the token or the
 * contact, and the bucket; what fails is dropped, or challenged, with nothing changed. Only then is a record made
 * or changed.
 */
#include "registry/engine.h"

#include "base/address.h"
#include "crypto/box.h"
#include "crypto/hash.h"

#define REQUEST_BYTES (AVPNI_SESSION_OVERHEAD + AVPNI_REQUEST_BODY_BYTES)

static const uint8_t no_token[16];

/* A session message on its way through the checks. */
struct request {
    const struct avpni_arrival *arrival;
    struct avpni_session_head head;
    struct avpni_organization *organization;
    struct avpni_member *member;
    uint32_t handle; /* the record, or 0 */
    bool is_current; /* of the record's generation */
    bool is_settled; /* ... and from its contact: needs no token [REG-5] */
    bool is_new;     /* contacts or NAT class are others than in the record */
    uint8_t key[32];
    enum avpni_body kind; /* which of these three */
    struct avpni_alive alive;
    struct avpni_fetch fetch;
    struct avpni_sync sync;
    const uint8_t *token; /* of that one */
    struct avpni_counter_window window; /* with this message */
};

/* ---- checks ------------------------------------------------------------------------------- */

/* Slot, generation and window; false: dropped and counted. */
static bool find_session(struct avpn_registry *registry, struct request *request)
{
    const struct avpni_session_head *head = &request->head;

    request->organization = avpni_registry_organization_of(registry, head->slot);
    request->member = avpni_registry_member_of(registry, head->slot);
    if (request->member == NULL || head->generation > registry->generation ||
        head->counter == 0 || head->counter >= AVPNI_NUMBER_LIMIT) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_SESSION);
        return false;
    }
    uint64_t established = 0;

    request->handle =
        avpni_table_find(&registry->table, request->member, avpni_slot_uplink(head->slot));
    if (request->handle != 0) {
        const struct avpni_record *record = avpni_table_at(&registry->table, request->handle);
        struct avpn_contact contact = avpni_table_contact(&registry->table, record, AVPNI_OBSERVED);

        established = avpni_record_generation(record);
        request->is_current = head->generation == established;
        request->is_settled = request->is_current &&
                              avpni_contact_is_equal(&contact, &request->arrival->source);
        request->window = avpni_record_window(record);
    }
    if (request->is_current) {
        if (!avpni_counter_window_allows(&request->window, head->counter)) {
            avpni_registry_count(registry, AVPN_REGISTRY_DROP_REPLAY);
            return false;
        }
    } else if (head->generation < established || head->generation <= request->organization->floor) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_SESSION); /* [REG-6] */
        return false;
    } else {
        request->window = (struct avpni_counter_window){0};
    }
    avpni_counter_window_mark(&request->window, head->counter);
    return true;
}

static bool read_body(struct request *request, const uint8_t body[AVPNI_REQUEST_BODY_BYTES])
{
    request->kind = avpni_body_kind(body, AVPNI_REQUEST_BODY_BYTES);
    if (request->kind == AVPNI_BODY_ALIVE) {
        request->token = request->alive.token;
        return avpni_alive_read(body, &request->alive);
    }
    if (request->kind == AVPNI_BODY_FETCH) {
        request->token = request->fetch.token;
        return avpni_fetch_read(body, &request->fetch);
    }
    request->token = request->sync.token;
    return request->kind == AVPNI_BODY_SYNC && avpni_sync_read(body, &request->sync);
}

/* Tag and form; false: dropped and counted. */
static bool open_body(struct avpn_registry *registry, struct request *request,
                      const uint8_t *bytes)
{
    uint8_t body[AVPNI_REQUEST_BODY_BYTES], nonce[12];

    avpni_session_key(&registry->secrets, request->head.slot, request->head.generation,
                      request->key);
    avpni_session_nonce(nonce, AVPNI_TO_REGISTRY, request->head.counter);
    if (!avpni_aead_open(body, bytes + AVPNI_SESSION_BODY, REQUEST_BYTES - AVPNI_SESSION_BODY,
                         bytes, AVPNI_SESSION_BODY, nonce, request->key)) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_SESSION);
        return false;
    }
    if (!read_body(request, body)) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_MALFORMED);
        return false;
    }
    return true;
}

static struct avpni_session_target target_of(const struct request *request)
{
    return (struct avpni_session_target){.socket = request->arrival->socket,
                                         .contact = request->arrival->source,
                                         .slot = request->head.slot,
                                         .generation = request->head.generation};
}

/* The source is the established contact, or proves itself; false: challenged [REG-5]. */
static bool prove_source(struct avpn_registry *registry, const struct request *request)
{
    struct avpni_session_target target = target_of(request);

    if (request->is_settled) {
        return true;
    }
    if (!avpni_is_equal(request->token, no_token, sizeof no_token)) {
        if (avpni_session_token_verify(&registry->secrets, request->head.slot,
                                       request->head.generation, &request->arrival->source,
                                       request->arrival->now, request->token)) {
            return true;
        }
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_TOKEN);
    }
    avpni_registry_challenge(registry, &target, request->key, request->arrival->now);
    return false;
}

/* ---- what it would do --------------------------------------------------------------------- */

static bool is_connected(const struct avpn_registry *registry, const struct request *request)
{
    return request->handle != 0 && (avpni_table_at(&registry->table, request->handle)->flags &
                                    AVPNI_RECORD_CONNECTED) != 0;
}

static bool is_alive(const struct request *request)
{
    return request->kind == AVPNI_BODY_ALIVE;
}

static bool is_leaving(const struct request *request)
{
    return is_alive(request) && (request->alive.flags & AVPNI_ALIVE_LEAVING) != 0;
}

/* Whether accepting this makes the uplink connected; a Fetch or Sync does where it proves a contact. */
static bool connects(const struct avpn_registry *registry, const struct request *request)
{
    return !is_connected(registry, request) && !is_leaving(request) &&
           (is_alive(request) || !request->is_settled);
}

/* Whether it says something else than the record. */
static bool is_new(const struct avpn_registry *registry, const struct request *request)
{
    if (request->handle == 0) {
        return true;
    }
    const struct avpni_record *record = avpni_table_at(&registry->table, request->handle);
    struct avpn_contact contact;

    if (!request->is_settled) { /* else it is the observed contact */
        contact = avpni_table_contact(&registry->table, record, AVPNI_OBSERVED);
        if (!avpni_contact_is_equal(&contact, &request->arrival->source)) {
            return true;
        }
    }
    contact = avpni_table_contact(&registry->table, record, AVPNI_LOCAL);
    return is_alive(request) && (!avpni_contact_is_equal(&contact, &request->alive.local) ||
                                 record->nat != request->alive.nat);
}

/* Whether peers must be told [REG-9]. */
static bool is_news(const struct avpn_registry *registry, const struct request *request)
{
    return connects(registry, request) ||
           (is_connected(registry, request) && (request->is_new || is_leaving(request)));
}

static uint32_t count_bits(uint32_t mask)
{
    uint32_t bits = 0;

    for (; mask != 0; mask &= mask - 1) {
        bits++;
    }
    return bits;
}

/* The first page comes unasked where it is not the answer anyway [REG-11]. */
static bool wants_first_page(const struct avpn_registry *registry, const struct request *request)
{
    return connects(registry, request) &&
           (request->kind != AVPNI_BODY_FETCH || request->fetch.first != 0);
}

/* What answering and telling costs [REG-17]. */
static avpn_span cost_of(const struct avpn_registry *registry, const struct request *request)
{
    avpn_span cost = is_news(registry, request) ? AVPNI_RATE_CHANGE : 0;

    if (wants_first_page(registry, request)) {
        cost += AVPNI_RATE_PAGE;
    }
    if (request->kind == AVPNI_BODY_FETCH) {
        cost += AVPNI_RATE_PAGE;
    } else if (request->kind == AVPNI_BODY_SYNC) {
        cost += AVPNI_RATE_PART * count_bits(request->sync.mask);
    }
    return cost;
}

/* ---- doing it ------------------------------------------------------------------------------- */

/* Make sure there is a record and room for what it will hold; false: dropped and counted. */
static bool prepare_record(struct avpn_registry *registry, struct request *request)
{
    if (registry->registration_limit != 0 && connects(registry, request) &&
        registry->table.connected >= registry->registration_limit) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_FULL);
        return false;
    }
    bool has_room = !request->is_new || avpni_table_reserve(&registry->table);

    if (has_room && request->handle == 0) {
        request->handle = avpni_table_add(&registry->table, request->member, request->head.slot);
    }
    if (!has_room || request->handle == 0) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_MEMORY);
        return false;
    }
    return true;
}

/* The message counts, whatever it says. */
static void note_message(struct avpn_registry *registry, const struct request *request,
                         struct avpni_record *record)
{
    avpni_record_set(record, request->head.generation, &request->window);
    if (is_alive(request) || !request->is_settled) {
        avpni_table_hear(&registry->table, record, request->arrival->now);
    }
}

static void update_record(struct avpn_registry *registry, const struct request *request,
                          struct avpni_record *record)
{
    const struct avpni_arrival *arrival = request->arrival;

    note_message(registry, request, record);
    record->flags = (uint8_t)((record->flags & ~AVPNI_RECORD_SOCKET_MASK) |
                              (arrival->socket << AVPNI_RECORD_SOCKET_SHIFT &
                               AVPNI_RECORD_SOCKET_MASK));
    if (!request->is_new) {
        return;
    }
    (void)avpni_table_set_contact(&registry->table, record, AVPNI_OBSERVED, &arrival->source);
    if (is_alive(request)) {
        (void)avpni_table_set_contact(&registry->table, record, AVPNI_LOCAL,
                                      &request->alive.local);
        record->nat = request->alive.nat;
    }
}

static void send_page(struct avpn_registry *registry, const struct request *request, uint32_t first)
{
    struct avpni_session_target target = target_of(request);
    uint32_t version = avpni_registry_version_of(registry, request->handle, request->head.slot,
                                                 request->head.generation);

    avpni_registry_send_page(registry, &target, request->key, version, first);
}

static void send_ack(struct avpn_registry *registry, const struct request *request)
{
    struct avpni_session_target target = target_of(request);
    struct avpni_ack ack = {
        .observed = request->arrival->source,
        .config_version = request->organization->version,
        .contacts_version = avpni_registry_version_of(registry, request->handle, request->head.slot,
                                                      request->head.generation)};
    uint8_t body[AVPNI_ACK_BODY_BYTES];

    avpni_ack_write(body, &ack);
    avpni_registry_send(registry, &target, request->key, body, sizeof body);
    avpni_registry_count(registry, AVPN_REGISTRY_COUNT_KEEPALIVES);
}

static void answer(struct avpn_registry *registry, const struct request *request)
{
    struct avpni_session_target target = target_of(request);

    if (request->kind == AVPNI_BODY_FETCH) {
        send_page(registry, request, request->fetch.first);
    } else if (request->kind == AVPNI_BODY_SYNC) {
        avpni_registry_send_parts(registry, &target, request->key, &request->sync);
    } else {
        send_ack(registry, request);
    }
}

/* A record becomes connected: the next version, for Changes were missed where the session goes on [REG-10]. */
static void begin_registration(struct avpn_registry *registry, const struct request *request,
                               struct avpni_record *record)
{
    record->version = request->is_current
                          ? record->version + 1
                          : avpni_session_version(&registry->secrets, request->head.slot,
                                                  request->head.generation);
    avpni_table_connect(&registry->table, request->handle);
    avpni_registry_raise(registry, record, request->arrival->now);
}

/*
 * The bucket would overflow: the message counts for nothing but being heard, and only a keepalive is
 * answered [REG-17].
 */
static void refuse_request(struct avpn_registry *registry, const struct request *request,
                           struct avpni_record *record)
{
    avpni_registry_count(registry, AVPN_REGISTRY_DROP_RATE);
    if (!is_alive(request)) {
        return;
    }
    if (request->is_settled) {
        note_message(registry, request, record);
    }
    send_ack(registry, request);
}

/* A message whose source is proved: change the record, answer, tell others. */
static void accept_request(struct avpn_registry *registry, struct request *request)
{
    request->is_new = is_new(registry, request);
    if (request->handle == 0 && is_leaving(request)) {
        send_ack(registry, request);
        return;
    }
    bool begins = connects(registry, request), is_told = is_news(registry, request);
    bool has_page = wants_first_page(registry, request);
    avpn_span cost = cost_of(registry, request);

    if (!prepare_record(registry, request)) {
        return;
    }
    struct avpni_record *record = avpni_table_at(&registry->table, request->handle);

    if (cost > 0 && !avpni_table_spend(&registry->table, record, cost, request->arrival->now)) {
        refuse_request(registry, request, record);
        return;
    }
    update_record(registry, request, record);
    if (begins) {
        begin_registration(registry, request, record);
    }
    /*
     * So that a node and its peers learn of each other at the same moment: whoever punches much earlier than the
     * other may find that its packets made a NAT choose another port [REG-11].
     */
    if (has_page) {
        send_page(registry, request, 0);
    }
    answer(registry, request);
    if (is_leaving(request)) {
        avpni_registry_disconnect(registry, record, request->arrival->now); /* [REG-15] */
    } else if (is_told) {
        avpni_registry_push_change(registry, record);
        if (!begins) {
            avpni_registry_raise(registry, record, request->arrival->now);
        }
    }
}

void avpni_registry_take_session(struct avpn_registry *registry,
                                 const struct avpni_arrival *arrival, const uint8_t *bytes,
                                 size_t count)
{
    struct request request = {.arrival = arrival};

    avpni_session_head_read(bytes, &request.head);
    if (avpni_slot_member(request.head.slot) == AVPNI_PLACE_ADMINISTRATOR) {
        avpni_registry_take_office(registry, arrival, bytes, count);
        return;
    }
    if (count != REQUEST_BYTES) {
        /* Only registries send other lengths [DMX-5]. */
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_UNEXPECTED);
        return;
    }
    if (find_session(registry, &request) && open_body(registry, &request, bytes) &&
        prove_source(registry, &request)) {
        accept_request(registry, &request);
    }
    avpni_wipe(request.key, sizeof request.key);
}
