/* SPDX-License-Identifier: ISC */
/*
 * charter: the charter of a configuration. The adopted one stays, signatures and all, as long as
 * the new one would say the same; so root keys are needed only when it changes. Spec: [CFG-3].
 */
#include "authority/authority.h"

#include <string.h>

/* As it will be, but for the signatures of a rotation that is new. */
static void fill(const struct avpn_authority *authority, const struct avpn_config *config,
                 uint64_t version, struct avpni_charter *charter_out)
{
    uint32_t registry_count;
    const struct avpn_registry_entry *registries = avpni_config_registries(config, &registry_count);
    const char *name = avpn_config_name(config);

    *charter_out = authority->charter;
    memset(charter_out->name, 0, sizeof charter_out->name);
    memcpy(charter_out->name, name, strlen(name));
    charter_out->serial = (uint16_t)(version >> AVPN_VERSION_SERIAL_SHIFT);
    charter_out->suite_count =
        (uint8_t)avpn_config_suites(config, charter_out->suites, sizeof charter_out->suites);
    charter_out->registry_count = (uint8_t)registry_count;
    for (uint32_t i = 0; i < registry_count; i++) {
        charter_out->registries[i] = registries[i];
    }
}

/* [CFG-3]: by the set before and by the new one. */
static void sign_rotation(const struct avpn_authority *authority, struct avpni_charter *charter)
{
    uint32_t number = charter->rotation_count;
    struct avpni_rotation *rotation = &charter->rotations[number - 1];
    uint8_t body[AVPNI_ROTATION_LIMIT];
    struct avpn_key organization;

    avpni_organization_id(&charter->first_root, &organization);
    size_t count = avpni_rotation_body(body, &organization, (uint8_t)number, &rotation->set);

    avpni_seeds_sign(&authority->root, avpni_charter_root(charter, number - 1),
                     AVPNI_ROTATION_LABEL, body, count, &rotation->by_previous);
    avpni_seeds_sign(&authority->root, &rotation->set, AVPNI_ROTATION_LABEL, body, count,
                     &rotation->by_itself);
}

static bool is_adopted(const struct avpn_authority *authority, const uint8_t *body, size_t count)
{
    return authority->adopted != NULL && count == authority->adopted_body_bytes &&
           memcmp(body, authority->adopted, count) == 0;
}

/* Room for any charter of this body, and the body. NULL: no memory. */
static uint8_t *write_body(const struct avpn_authority *authority,
                           const struct avpni_charter *charter, struct avpni_writer *w_out)
{
    struct avpni_writer size = avpni_writer(NULL, 0);

    avpni_charter_write(&size, charter);
    size_t capacity = size.position + sizeof(struct avpni_signatures);
    uint8_t *bytes = avpni_allocate(&authority->memory, capacity, 1);

    *w_out = avpni_writer(bytes, capacity);
    if (bytes != NULL) {
        avpni_charter_write(w_out, charter);
    }
    return bytes;
}

/* May it be changed, and by whom? */
static int32_t judge_change(const struct avpn_authority *authority,
                            const struct avpni_charter *charter)
{
    uint32_t last = charter->rotation_count;
    bool is_rotated = authority->is_rotated;

    /* [CFG-5] */
    if (is_rotated && charter->serial <= authority->adopted_serial) {
        return AVPN_ERROR_ARGUMENT;
    }
    if (!avpni_seeds_suffice(&authority->root, avpni_charter_root(charter, last)) ||
        (is_rotated &&
         !avpni_seeds_suffice(&authority->root, avpni_charter_root(charter, last - 1)))) {
        return AVPN_ERROR_STATE;
    }
    return AVPN_OK;
}

static int32_t finish(const struct avpn_authority *authority, const struct avpni_charter *charter,
                      struct avpni_writer *w)
{
    struct avpni_signatures signatures;

    if (is_adopted(authority, w->bytes, w->position)) {
        avpni_write_bytes(w, authority->adopted + w->position,
                          authority->adopted_bytes - w->position);
        return AVPN_OK;
    }
    int32_t result = judge_change(authority, charter);

    if (result == AVPN_OK) {
        avpni_seeds_sign(&authority->root, avpni_charter_root(charter, charter->rotation_count),
                         AVPNI_CHARTER_LABEL, w->bytes, w->position, &signatures);
        avpni_signatures_write(w, &signatures);
    }
    return result;
}

int32_t avpni_charter_make(const struct avpn_authority *authority,
                           const struct avpn_config *config, uint64_t version,
                           uint8_t **charter_out, size_t *charter_bytes_out)
{
    struct avpni_charter charter;
    struct avpni_writer w;

    fill(authority, config, version, &charter);
    if (authority->is_rotated) {
        sign_rotation(authority, &charter);
    }
    uint8_t *bytes = write_body(authority, &charter, &w);

    if (bytes == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    int32_t result = finish(authority, &charter, &w);

    if (result != AVPN_OK) {
        avpni_release(&authority->memory, bytes);
        return result;
    }
    *charter_out = bytes;
    *charter_bytes_out = w.position;
    return AVPN_OK;
}

int32_t avpn_authority_needs_root(const struct avpn_authority *authority,
                                  const struct avpn_config *config, uint64_t version)
{
    struct avpni_charter charter;
    struct avpni_writer w;

    if (authority->adopted == NULL || authority->is_rotated) {
        return 1;
    }
    fill(authority, config, version, &charter);
    uint8_t *bytes = write_body(authority, &charter, &w);

    if (bytes == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    bool is_kept = is_adopted(authority, bytes, w.position);

    avpni_release(&authority->memory, bytes);
    return is_kept ? 0 : 1;
}
