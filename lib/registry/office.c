/* SPDX-License-Identifier: ISC */
/*
 * office: administrators' sessions with one organization: offers, parts, lists of claims. Spec: [PUB-1] to
 * [PUB-4], [PUB-6].
 *
 * What an administrator may do follows from its slot: the registry gives slots of SIGNED only to who signed with a
 * key of the charter, and derives session keys from slots. So an answer of a few bytes needs no state, and
 * none is kept before the source is proved. Who uploads, or lists, takes a seat: there the counters it used are
 * remembered. One seat is for those without a signature, and one upload each for those with and without:
 * nobody who cannot sign can keep out who can.
 *
 * An office is made when the first seat is taken and goes when nobody came for a while.
 */
#include "registry/engine.h"

#include "base/address.h"
#include "crypto/box.h"
#include "crypto/hash.h"
#include "registry/upload.h"

#include <string.h>

#define SEATS 4 /* the first is for UNSIGNED */
#define OFFICE_SPAN (60 * AVPN_SECOND) /* it goes after that without a message */
#define UPLOAD_SPAN (30 * AVPN_SECOND) /* and an upload without a part */
#define ROUND (30 * AVPN_SECOND)

enum rights { UNSIGNED = 0, SIGNED = 1, RIGHTS = 2 };

struct seat {
    uint64_t generation; /* 0: free */
    struct avpn_contact contact;
    struct avpni_counter_window window;
    avpn_time heard_at;
    uint8_t refused[AVPNI_DOCUMENT_HASH_BYTES]; /* the document refused last, and why */
    uint8_t refusal;                            /* WANTED: none was */
};

struct avpni_office {
    struct avpni_timer timer;
    struct avpn_registry *registry;
    uint32_t place; /* of the organization */
    avpn_time heard_at;
    avpn_time pause_until; /* for uploads without a signature */
    struct seat seats[SEATS];
    struct avpni_upload *uploads[RIGHTS];
};

static const uint8_t no_token[16];

/* A session message on its way. */
struct message {
    const struct avpni_arrival *arrival;
    struct avpni_session_head head;
    uint32_t place;
    enum rights rights;
    struct seat *seat; /* NULL: none yet */
    bool is_settled;   /* from the contact of its seat */
    uint8_t key[32];
    enum avpni_body kind; /* which of these three */
    struct avpni_offer offer;
    struct avpni_fetch list;
    struct avpni_part part;
    const uint8_t *bytes; /* the part's */
    uint8_t body[AVPNI_SESSION_BODY_LIMIT];
};

static struct avpni_organization *organization_of(const struct avpn_registry *registry,
                                                  const struct message *message)
{
    return registry->organizations[message->place];
}

/* ---- handshake [PUB-1] ------------------------------------------------------------------------ */

static bool is_signed(const struct avpn_registry *registry,
                      const struct avpni_organization *organization, const struct avpn_key *key,
                      const struct avpni_admin_request *request)
{
    uint8_t text[AVPNI_ADMIN_TEXT_BYTES];

    if (organization->published == NULL ||
        request->signer >= organization->published->signing.count) {
        return false;
    }
    size_t count = avpni_admin_text(text, &registry->guard.self, key, &organization->id);

    return avpni_sign_verify(request->signature, text, count,
                             &organization->published->signing.keys[request->signer]);
}

bool avpni_registry_find_office(struct avpn_registry *registry, const struct avpn_key *key,
                                const struct avpni_admin_request *request, uint32_t *slot_out)
{
    uint32_t place = avpni_map_find(&registry->map, request->organization.bytes);

    if (place == AVPNI_MAP_NONE) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_STRANGER);
        return false;
    }
    *slot_out = avpni_slot(place, AVPNI_PLACE_ADMINISTRATOR,
                           is_signed(registry, registry->organizations[place], key, request)
                               ? SIGNED
                               : UNSIGNED);
    return true;
}

/* ---- coming and going --------------------------------------------------------------------------- */

static void end_upload(struct avpni_office *office, enum rights rights)
{
    avpni_upload_del(office->uploads[rights]);
    office->uploads[rights] = NULL;
}

void avpni_registry_close_office(struct avpn_registry *registry,
                                 struct avpni_organization *organization)
{
    struct avpni_office *office = organization->office;

    if (office != NULL) {
        organization->office = NULL;
        end_upload(office, UNSIGNED);
        end_upload(office, SIGNED);
        avpni_timer_clear(&registry->timers, &office->timer);
        (void)avpni_timers_reserve(&registry->timers, -1);
        avpni_release(&registry->memory, office);
    }
}

static void look_round(void *owner, avpn_time now)
{
    struct avpni_office *office = owner;

    for (int i = 0; i < RIGHTS; i++) {
        if (office->uploads[i] != NULL && now - office->uploads[i]->heard_at >= UPLOAD_SPAN) {
            end_upload(office, (enum rights)i);
        }
    }
    if (now - office->heard_at >= OFFICE_SPAN) {
        avpni_registry_close_office(office->registry,
                                    office->registry->organizations[office->place]);
    } else {
        avpni_timer_set(&office->registry->timers, &office->timer, now + ROUND);
    }
}

/* NULL: no memory. */
static struct avpni_office *open_office(struct avpn_registry *registry, uint32_t place,
                                        avpn_time now)
{
    struct avpni_organization *organization = registry->organizations[place];

    if (organization->office != NULL) {
        return organization->office;
    }
    struct avpni_office *office = avpni_allocate(&registry->memory, 1, sizeof *office);

    if (office == NULL || avpni_timers_reserve(&registry->timers, 1) != AVPN_OK) {
        avpni_release(&registry->memory, office);
        return NULL;
    }
    office->registry = registry;
    office->place = place;
    office->heard_at = now;
    avpni_timer_init(&office->timer, look_round, office);
    avpni_timer_set(&registry->timers, &office->timer, now + ROUND);
    organization->office = office;
    return office;
}

void avpni_registry_renew_office(struct avpn_registry *registry,
                                 struct avpni_organization *organization, uint64_t publisher)
{
    struct avpni_office *office = organization->office;

    if (organization->published->charter_changed != organization->published->change) {
        return;
    }
    organization->office_floor = registry->generation;
    if (office == NULL) {
        return;
    }
    for (int i = UNSIGNED + 1; i < SEATS; i++) {
        if (office->seats[i].generation != publisher) {
            office->seats[i] = (struct seat){0};
        }
    }
    if (office->uploads[SIGNED] != NULL && office->uploads[SIGNED]->generation != publisher) {
        end_upload(office, SIGNED);
    }
}

size_t avpni_registry_office_footprint(const struct avpni_office *office)
{
    size_t bytes = sizeof *office;

    for (int i = 0; i < RIGHTS; i++) {
        if (office->uploads[i] != NULL) {
            bytes += sizeof *office->uploads[i] + office->uploads[i]->capacity;
        }
    }
    return bytes;
}

/* ---- seats ---------------------------------------------------------------------------------------- */

static struct seat *find_seat(struct avpni_office *office, uint64_t generation, enum rights rights)
{
    int first = rights == SIGNED ? UNSIGNED + 1 : UNSIGNED;
    int end = rights == SIGNED ? SEATS : UNSIGNED + 1;

    for (int i = first; office != NULL && i < end; i++) {
        if (office->seats[i].generation == generation) {
            return &office->seats[i];
        }
    }
    return NULL;
}

/* Its upload is under way, and the administrator has not gone silent [PUB-4]. */
static bool is_busy(const struct avpni_office *office, enum rights rights, avpn_time now)
{
    const struct avpni_upload *upload = office->uploads[rights];

    return upload != NULL && now - upload->heard_at < AVPNI_UPLOAD_IDLE;
}

/* A seat for a session that has none: a free one, or that of who has been silent longest and uploads nothing. */
static struct seat *free_seat(struct avpni_office *office, enum rights rights)
{
    const struct avpni_upload *upload = office->uploads[rights];
    struct seat *best = NULL;

    if (rights == UNSIGNED) {
        return &office->seats[UNSIGNED];
    }
    for (int i = UNSIGNED + 1; i < SEATS; i++) {
        struct seat *seat = &office->seats[i];
        bool is_uploading = upload != NULL && upload->generation == seat->generation;

        if (!is_uploading && (best == NULL || seat->heard_at < best->heard_at)) {
            best = seat;
        }
    }
    return best;
}

/* Remember the message at its seat; its source is proved. */
static void sit(struct avpni_office *office, struct message *message)
{
    struct seat *seat = message->seat;

    if (seat == NULL) {
        seat = message->seat = free_seat(office, message->rights);
        *seat = (struct seat){.generation = message->head.generation};
    }
    seat->contact = message->arrival->source;
    avpni_counter_window_mark(&seat->window, message->head.counter);
    seat->heard_at = message->arrival->now;
    office->heard_at = message->arrival->now;
}

/* ---- answers ---------------------------------------------------------------------------------------- */

static struct avpni_session_target target_of(const struct message *message)
{
    return (struct avpni_session_target){.socket = message->arrival->socket,
                                         .contact = message->arrival->source,
                                         .slot = message->head.slot,
                                         .generation = message->head.generation};
}

static void send_want(struct avpn_registry *registry, const struct message *message,
                      const struct avpni_want *want)
{
    struct avpni_session_target target = target_of(message);
    uint8_t body[AVPNI_WANT_BODY_BYTES];

    avpni_want_write(body, want);
    avpni_registry_send(registry, &target, message->key, body, sizeof body);
}

/* The matter is ended; `version` is the one served [PUB-2]. */
static void send_end(struct avpn_registry *registry, const struct message *message,
                     enum avpn_publish_result result)
{
    struct avpni_want want = {.status = (uint8_t)result,
                              .version = organization_of(registry, message)->version};

    if (result != AVPN_PUBLISH_IN_FORCE) {
        avpni_registry_count(registry, AVPN_REGISTRY_COUNT_REFUSALS);
    }
    send_want(registry, message, &want);
}

static void send_wish(struct avpn_registry *registry, const struct message *message,
                      const struct avpni_upload *upload)
{
    struct avpni_want want = {.status = AVPN_PUBLISH_WANTED,
                              .version = upload->offer.version,
                              .first = upload->first,
                              .mask = upload->missing};

    send_want(registry, message, &want);
}

/* ---- claims [PUB-6] ---------------------------------------------------------------------------------- */

static uint32_t age_of(const struct avpni_claim *claim, avpn_time now)
{
    avpn_span age = (now - claim->noted_at) / AVPN_SECOND;

    return age < 0 ? 0 : age > UINT32_MAX ? UINT32_MAX : (uint32_t)age;
}

static void send_claims(struct avpn_registry *registry, const struct message *message)
{
    const struct avpni_claims *claims = &organization_of(registry, message)->claims;
    uint8_t body[AVPNI_CLAIMS_HEAD_BYTES + AVPNI_CLAIMS_PER_PAGE * AVPNI_CLAIM_ENTRY_BYTES];
    struct avpni_writer w = avpni_writer(body, sizeof body);
    struct avpni_session_target target = target_of(message);
    struct avpni_claims_head head = {.total = claims->count, .first = message->list.first};

    head.first = head.first < head.total ? head.first : head.total;
    avpni_write_zeros(&w, AVPNI_CLAIMS_HEAD_BYTES);
    while (head.count < AVPNI_CLAIMS_PER_PAGE && head.first + head.count < head.total) {
        const struct avpni_claim *claim = &claims->list[head.first + head.count++];
        struct avpni_claim_entry entry = {.member = claim->member,
                                          .device = claim->device,
                                          .age = age_of(claim, message->arrival->now)};

        memcpy(entry.signature, claim->signature, sizeof entry.signature);
        avpni_claim_entry_write(&w, &entry);
    }
    avpni_claims_head_write(body, &head);
    avpni_registry_send(registry, &target, message->key, body, w.position);
}

static void take_list(struct avpn_registry *registry, struct message *message)
{
    struct avpni_office *office;

    if (message->rights != SIGNED) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_UPLOAD);
        return;
    }
    office = open_office(registry, message->place, message->arrival->now);
    if (office == NULL) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_MEMORY);
        return;
    }
    sit(office, message);
    send_claims(registry, message);
}

/* ---- uploads [PUB-2] to [PUB-4] ------------------------------------------------------------------------ */

/* It is over; the seat remembers a refusal, so that an Offer repeated is not an upload repeated. */
static void end_matter(struct avpn_registry *registry, struct avpni_office *office,
                       const struct message *message, enum avpn_publish_result result)
{
    struct seat *seat = message->seat;
    bool is_lasting = result != AVPN_PUBLISH_IN_FORCE && result != AVPN_PUBLISH_NOT_STORED &&
                      result != AVPN_PUBLISH_BUSY;

    if (is_lasting) {
        memcpy(seat->refused, office->uploads[message->rights]->offer.hash, sizeof seat->refused);
        seat->refusal = (uint8_t)result;
        if (message->rights == UNSIGNED) {
            office->pause_until = message->arrival->now + AVPNI_UPLOAD_PAUSE; /* [PUB-4] */
        }
    }
    end_upload(office, message->rights);
    send_end(registry, message, result);
}

/* A window is complete, or nothing was asked for yet: the next window, or the end. */
static void go_on(struct avpn_registry *registry, struct avpni_office *office,
                  const struct message *message)
{
    struct avpni_upload *upload = office->uploads[message->rights];
    enum avpn_publish_result result = AVPN_PUBLISH_WANTED;

    if (avpni_upload_is_done(upload)) {
        result =
            avpni_registry_publish(registry, message->place, upload, message->arrival->now);
    }
    if (result == AVPN_PUBLISH_WANTED && avpni_upload_advance(upload) != AVPN_OK) {
        result = AVPN_PUBLISH_BUSY;
    }
    if (result == AVPN_PUBLISH_WANTED) {
        send_wish(registry, message, upload);
    } else {
        end_matter(registry, office, message, result);
    }
}

/* Begin an upload in the place of any other. Without a signature only the first part is asked for. */
static void begin_upload(struct avpn_registry *registry, struct avpni_office *office,
                         struct message *message)
{
    struct avpni_upload *upload =
        avpni_upload_new(&registry->memory, &message->offer,
                         message->rights == SIGNED ? UINT32_MAX : 1, message->arrival->now);

    if (upload == NULL) {
        send_end(registry, message, AVPN_PUBLISH_BUSY);
        return;
    }
    end_upload(office, message->rights);
    sit(office, message);
    upload->generation = message->head.generation;
    office->uploads[message->rights] = upload;
    go_on(registry, office, message);
}

/* The same document again, from the same session or another: it goes on where it was. */
static void go_on_with(struct avpn_registry *registry, struct avpni_office *office,
                       struct message *message)
{
    struct avpni_upload *upload = office->uploads[message->rights];

    sit(office, message);
    upload->generation = message->head.generation;
    send_wish(registry, message, upload);
}

static void take_offer(struct avpn_registry *registry, struct message *message)
{
    const struct seat *seat = message->seat;
    avpn_time now = message->arrival->now;
    enum avpn_publish_result result =
        avpni_registry_judge_offer(organization_of(registry, message), &message->offer);

    if (result == AVPN_PUBLISH_WANTED && seat != NULL && seat->refusal != AVPN_PUBLISH_WANTED &&
        memcmp(seat->refused, message->offer.hash, sizeof seat->refused) == 0) {
        result = (enum avpn_publish_result)seat->refusal;
    }
    if (result != AVPN_PUBLISH_WANTED) {
        send_end(registry, message, result);
        return;
    }
    struct avpni_office *office = open_office(registry, message->place, now);

    if (office == NULL) {
        send_end(registry, message, AVPN_PUBLISH_BUSY);
        return;
    }
    const struct avpni_upload *upload = office->uploads[message->rights];
    bool is_own = upload != NULL && upload->generation == message->head.generation;

    if (upload != NULL && avpni_upload_is_of(upload, &message->offer)) {
        go_on_with(registry, office, message);
    } else if ((!is_own && is_busy(office, message->rights, now)) ||
               (message->rights == UNSIGNED && now < office->pause_until)) {
        send_end(registry, message, AVPN_PUBLISH_BUSY);
    } else {
        begin_upload(registry, office, message);
    }
}

static void take_part(struct avpn_registry *registry, struct message *message)
{
    struct avpni_office *office = organization_of(registry, message)->office;
    struct avpni_upload *upload = office->uploads[message->rights];

    if (upload == NULL || upload->generation != message->head.generation ||
        !avpni_upload_take(upload, &message->part, message->bytes, message->arrival->now)) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_UPLOAD);
        return;
    }
    sit(office, message);
    if (upload->missing == 0) {
        go_on(registry, office, message);
    }
}

/* ---- checks ------------------------------------------------------------------------------------------ */

/* Slot, generation and counter; false: dropped and counted. */
static bool find_session(struct avpn_registry *registry, struct message *message)
{
    const struct avpni_session_head *head = &message->head;
    const struct avpni_organization *organization =
        avpni_registry_organization_of(registry, head->slot);
    uint32_t rights = avpni_slot_uplink(head->slot);

    if (organization == NULL || rights >= RIGHTS || head->generation == 0 ||
        head->generation > registry->generation || head->counter == 0 ||
        head->counter >= AVPNI_NUMBER_LIMIT) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_SESSION);
        return false;
    }
    message->place = avpni_slot_organization(head->slot);
    message->rights = (enum rights)rights;
    message->seat = find_seat(organization->office, head->generation, message->rights);
    if (message->seat == NULL) {
        if (head->generation <= organization->office_floor) {
            avpni_registry_count(registry, AVPN_REGISTRY_DROP_SESSION);
            return false;
        }
        return true;
    }
    message->is_settled =
        avpni_contact_is_equal(&message->seat->contact, &message->arrival->source);
    if (!avpni_counter_window_allows(&message->seat->window, head->counter)) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_REPLAY);
        return false;
    }
    return true;
}

/* Tag and form; false: dropped and counted. */
static bool open_body(struct avpn_registry *registry, struct message *message,
                      const uint8_t *bytes, size_t count)
{
    size_t body_bytes = count - AVPNI_SESSION_OVERHEAD;
    uint8_t nonce[12];
    bool is_good = false;

    avpni_session_key(&registry->secrets, message->head.slot, message->head.generation,
                      message->key);
    avpni_session_nonce(nonce, AVPNI_TO_REGISTRY, message->head.counter);
    if (!avpni_aead_open(message->body, bytes + AVPNI_SESSION_BODY, count - AVPNI_SESSION_BODY,
                         bytes, AVPNI_SESSION_BODY, nonce, message->key)) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_SESSION);
        return false;
    }
    message->kind = avpni_body_kind(message->body, body_bytes);
    if (message->kind == AVPNI_BODY_OFFER) {
        is_good = avpni_offer_read(message->body, &message->offer);
    } else if (message->kind == AVPNI_BODY_LIST) {
        is_good = avpni_list_read(message->body, &message->list);
    } else if (message->kind == AVPNI_BODY_PART) {
        is_good = avpni_part_read(message->body, body_bytes, &message->part, &message->bytes);
    }
    if (!is_good) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_MALFORMED);
    }
    return is_good;
}

/* The source is that of its seat, or proves itself [REG-5]. A part has no token: it needs a seat. */
static bool prove_source(struct avpn_registry *registry, const struct message *message)
{
    struct avpni_session_target target = target_of(message);
    const uint8_t *token = message->body + AVPNI_BODY_TOKEN;

    if (message->is_settled) {
        return true;
    }
    if (message->kind == AVPNI_BODY_PART) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_UPLOAD);
        return false;
    }
    if (!avpni_is_equal(token, no_token, sizeof no_token)) {
        if (avpni_session_token_verify(&registry->secrets, message->head.slot,
                                       message->head.generation, &message->arrival->source,
                                       message->arrival->now, token)) {
            return true;
        }
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_TOKEN);
    }
    avpni_registry_challenge(registry, &target, message->key, message->arrival->now);
    return false;
}

void avpni_registry_take_office(struct avpn_registry *registry,
                                const struct avpni_arrival *arrival, const uint8_t *bytes,
                                size_t count)
{
    struct message message = {.arrival = arrival};

    avpni_session_head_read(bytes, &message.head);
    if (find_session(registry, &message) && open_body(registry, &message, bytes, count) &&
        prove_source(registry, &message)) {
        if (message.kind == AVPNI_BODY_OFFER) {
            take_offer(registry, &message);
        } else if (message.kind == AVPNI_BODY_LIST) {
            take_list(registry, &message);
        } else {
            take_part(registry, &message);
        }
    }
    avpni_wipe(message.key, sizeof message.key);
}
