/* SPDX-License-Identifier: ISC */
/*
 * publish: from an upload to a configuration that is served. Spec: [PUB-2], [PUB-4], [PUB-5], [CFG-6].
 *
 *     first part -> parts of head and charter -> these verify, the version is newer -> all parts
 *     all parts -> the document is the one offered -> verified whole -> may follow -> stored -> served
 *
 * With a signature the first line is skipped. Everything that can fail comes before the store, so what is stored
 * is served, and what is not stored changed nothing.
 */
#include "registry/engine.h"

#include "crypto/hash.h"
#include "registry/upload.h"

#include <string.h>

/* "AVPNCONF", format, kind: where the length of the head is. */
#define HEAD_LENGTH_AT 10
#define START_PARTS 32 /* more than the largest head and charter take */

enum avpn_publish_result
avpni_registry_judge_offer(const struct avpni_organization *organization,
                           const struct avpni_offer *offer)
{
    if (offer->size > AVPN_BUNDLE_LIMIT) {
        return AVPN_PUBLISH_TOO_LARGE;
    }
    if (offer->version > organization->version) {
        return AVPN_PUBLISH_WANTED;
    }
    bool is_served =
        offer->version == organization->version &&
        memcmp(organization->published->hash, offer->hash, AVPNI_DOCUMENT_HASH_BYTES) == 0;

    return is_served ? AVPN_PUBLISH_IN_FORCE : AVPN_PUBLISH_OLDER;
}

static enum avpn_publish_result result_of(int32_t error)
{
    switch (error) {
    case AVPN_OK:
        return AVPN_PUBLISH_IN_FORCE;
    case AVPN_ERROR_AUTH:
        return AVPN_PUBLISH_NOT_VERIFIED;
    case AVPN_ERROR_VERSION:
        return AVPN_PUBLISH_OLDER;
    case AVPN_ERROR_EXPIRED:
        return AVPN_PUBLISH_EXPIRED;
    case AVPN_ERROR_MEMORY:
    case AVPN_ERROR_LIMIT:
        return AVPN_PUBLISH_BUSY;
    default:
        return AVPN_PUBLISH_NOT_VALID;
    }
}

/* It claims to be of another organization. */
static bool is_foreign(const uint8_t *bytes, size_t count, const struct avpn_key *id)
{
    struct avpn_key organization;

    return avpn_bundle_organization(bytes, count, &organization) == AVPN_OK &&
           memcmp(&organization, id, sizeof organization) != 0;
}

/* ---- head and charter [PUB-4] --------------------------------------------------------------------- */

/* Where the charter ends, by the first part; 0: that says nothing of the kind. */
static size_t find_start_end(const uint8_t *bytes, size_t count)
{
    struct avpni_reader r = avpni_reader(bytes, count);

    avpni_read_view(&r, HEAD_LENGTH_AT);
    avpni_read_view(&r, avpni_read_u16(&r));
    size_t charter_bytes = avpni_read_u32(&r);

    return r.failed || charter_bytes > START_PARTS * AVPNI_PART_BYTES ? 0
                                                                     : r.position + charter_bytes;
}

/* More parts are allowed, or it ends here. */
static enum avpn_publish_result judge_start(const struct avpni_organization *organization,
                                            struct avpni_upload *upload)
{
    size_t count = avpni_upload_bytes(upload), end = find_start_end(upload->bytes, count);
    uint64_t version = 0;

    if (end == 0 || end > upload->offer.size || end > START_PARTS * AVPNI_PART_BYTES) {
        return AVPN_PUBLISH_NOT_VALID;
    }
    if (is_foreign(upload->bytes, count, &organization->id)) {
        return AVPN_PUBLISH_FOREIGN;
    }
    if (end > count) {
        upload->allowed = avpni_part_count((uint32_t)end);
        return AVPN_PUBLISH_WANTED;
    }
    int32_t error = avpni_bundle_prove_start(upload->bytes, end, &organization->id, &version);

    if (error != AVPN_OK) {
        return result_of(error);
    }
    if (version != upload->offer.version) {
        return AVPN_PUBLISH_NOT_VALID;
    }
    upload->allowed = upload->part_count;
    return AVPN_PUBLISH_WANTED;
}

/* ---- the whole document [PUB-5] --------------------------------------------------------------------- */

static bool is_as_offered(const struct avpni_upload *upload, const struct avpn_config *config)
{
    return avpn_config_version(config) == upload->offer.version && avpn_config_is_whole(config);
}

static bool has_offered_hash(const struct avpni_upload *upload)
{
    uint8_t hash[AVPNI_DOCUMENT_HASH_BYTES];

    avpni_hash(hash, sizeof hash, NULL, 0,
               &(struct avpni_piece){upload->bytes, upload->offer.size}, 1);
    return memcmp(hash, upload->offer.hash, sizeof hash) == 0;
}

static void raise_published(struct avpn_registry *registry, uint32_t place, uint64_t version,
                            avpn_time now)
{
    struct avpn_event event = {.kind = AVPN_EVENT_PUBLISHED,
                               .at = now,
                               .organization = place,
                               .version = version};

    avpni_registry_count(registry, AVPN_REGISTRY_COUNT_PUBLISHES);
    avpni_events_push(&registry->events, &event);
}

static enum avpn_publish_result serve_upload(struct avpn_registry *registry, uint32_t place,
                                             struct avpni_upload *upload,
                                             const struct avpn_config *config, avpn_time now)
{
    struct avpn_key id = registry->organizations[place]->id;
    struct avpni_succession succession;
    int32_t error = avpni_registry_prepare(registry, &id, config, upload->bytes,
                                           upload->offer.size, &succession);

    if (error != AVPN_OK) {
        return result_of(error);
    }
    succession.publisher = upload->generation;
    bool is_stored = avpni_registry_store(registry, AVPNI_STORED_DOCUMENT, &id, upload->bytes,
                                          upload->offer.size);

    upload->bytes = NULL; /* the succession has them */
    upload->capacity = 0;
    if (!is_stored) {
        avpni_registry_abandon(&succession);
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_STORE);
        return AVPN_PUBLISH_NOT_STORED;
    }
    avpni_registry_commit(registry, &succession, now);
    raise_published(registry, place, upload->offer.version, now);
    return AVPN_PUBLISH_IN_FORCE;
}

static enum avpn_publish_result judge_whole(struct avpn_registry *registry, uint32_t place,
                                            struct avpni_upload *upload, avpn_time now)
{
    const struct avpn_key *id = &registry->organizations[place]->id;
    struct avpn_config *config;

    if (is_foreign(upload->bytes, upload->offer.size, id)) {
        return AVPN_PUBLISH_FOREIGN;
    }
    if (!has_offered_hash(upload)) {
        return AVPN_PUBLISH_NOT_VALID;
    }
    int32_t error = avpn_config_read(upload->bytes, upload->offer.size, id,
                                     avpni_registry_clock(registry), &registry->host, &config);

    if (error != AVPN_OK) {
        return result_of(error);
    }
    enum avpn_publish_result result =
        is_as_offered(upload, config) ? serve_upload(registry, place, upload, config, now)
                                      : AVPN_PUBLISH_NOT_VALID;

    avpn_config_del(config);
    return result;
}

enum avpn_publish_result avpni_registry_publish(struct avpn_registry *registry, uint32_t place,
                                                struct avpni_upload *upload, avpn_time now)
{
    if (upload->allowed < upload->part_count) {
        return judge_start(registry->organizations[place], upload);
    }
    return judge_whole(registry, place, upload, now);
}
