/* SPDX-License-Identifier: ISC */
/*
 * authority: signs configurations. Spec: doc/protocol.md 8.
 *
 * Keys are kept sorted by their public halves, for that is the order in which the charter lists
 * them and its signatures count them; so one set of keys has one organization id however added.
 *
 * A bundle is written front to back with the head's place left open: its size is known, its Merkle
 * root only after the last leaf.
 */
#include <autovpn/authority.h>

#include "topo/merkle.h"
#include "topo/record.h"

#include <string.h>

static const uint8_t magic[] = {'A', 'V', 'P', 'N', 'C', 'O', 'N', 'F', 1};

#define HEAD_BODY_BYTES 93 /* doc/protocol.md 8 */

struct key_ring {
    struct avpni_key_set set; /* public halves, ascending; the threshold is their number */
    uint8_t seeds[AVPN_AUTHORITY_KEYS][AVPN_KEY_BYTES];
};

struct avpn_authority {
    struct avpni_memory memory;
    struct key_ring root, signing;
};

int32_t avpn_authority_new(const struct avpn_host *host, struct avpn_authority **authority_out)
{
    struct avpni_memory memory;

    if (authority_out == NULL || avpni_memory_init(&memory, host) != AVPN_OK) {
        return AVPN_ERROR_ARGUMENT;
    }
    int32_t result = avpni_crypto_init();

    if (result != AVPN_OK) {
        return result;
    }
    struct avpn_authority *authority = avpni_allocate(&memory, 1, sizeof *authority);

    if (authority == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    authority->memory = memory;
    *authority_out = authority;
    return AVPN_OK;
}

void avpn_authority_del(struct avpn_authority *authority)
{
    if (authority == NULL) {
        return;
    }
    const struct avpni_memory memory = authority->memory;

    avpni_wipe(authority, sizeof *authority);
    avpni_release(&memory, authority);
}

/* ---- keys ----------------------------------------------------------------------------------- */

static int32_t add_key(struct key_ring *ring, const struct avpn_key *seed)
{
    static const struct avpn_key zero;
    struct avpn_key public_key;
    uint8_t place = ring->set.count;

    if (memcmp(seed, &zero, sizeof zero) == 0) {
        return AVPN_ERROR_ARGUMENT;
    }
    avpni_sign_keypair(seed->bytes, &public_key);
    for (; place > 0; place--) {
        int order = memcmp(&ring->set.keys[place - 1], &public_key, sizeof public_key);

        if (order == 0) {
            return AVPN_ERROR_ARGUMENT;
        }
        if (order < 0) {
            break;
        }
    }
    if (ring->set.count == AVPN_AUTHORITY_KEYS) {
        return AVPN_ERROR_LIMIT;
    }
    for (uint8_t i = ring->set.count; i > place; i--) {
        ring->set.keys[i] = ring->set.keys[i - 1];
        memcpy(ring->seeds[i], ring->seeds[i - 1], AVPN_KEY_BYTES);
    }
    ring->set.keys[place] = public_key;
    memcpy(ring->seeds[place], seed, AVPN_KEY_BYTES);
    ring->set.count++;
    ring->set.threshold = ring->set.count;
    return AVPN_OK;
}

int32_t avpn_authority_add_root(struct avpn_authority *authority, const struct avpn_key *seed)
{
    return add_key(&authority->root, seed);
}

int32_t avpn_authority_add_signer(struct avpn_authority *authority, const struct avpn_key *seed)
{
    return add_key(&authority->signing, seed);
}

int32_t avpn_authority_organization(const struct avpn_authority *authority,
                                    struct avpn_key *organization_out)
{
    if (authority->root.set.count == 0) {
        return AVPN_ERROR_STATE;
    }
    avpni_organization_id(&authority->root.set, organization_out);
    return AVPN_OK;
}

/* ---- signing ---------------------------------------------------------------------------------- */

/* All keys of a ring sign the last bytes written, from `start`; the signatures follow them. */
static void sign_since(struct avpni_writer *w, size_t start, const char *label,
                       const struct key_ring *ring)
{
    struct avpni_signatures signatures = {.count = ring->set.count};
    uint8_t text[AVPNI_SIGNED_LIMIT];
    size_t text_bytes =
        w->failed ? 0 : avpni_signed_text(text, label, w->bytes + start, w->position - start);

    for (uint8_t i = 0; i < ring->set.count; i++) {
        signatures.numbers[i] = i;
        if (text_bytes > 0) {
            avpni_sign(signatures.bytes[i], text, text_bytes, ring->seeds[i]);
        }
    }
    avpni_signatures_write(w, &signatures);
}

static void fill_charter(const struct avpn_authority *authority, const struct avpn_config *config,
                         const struct avpn_publication *publication,
                         struct avpni_charter *charter_out)
{
    uint32_t registry_count;
    const struct avpn_registry_entry *registries = avpni_config_registries(config, &registry_count);
    const char *name = avpn_config_name(config);

    memset(charter_out, 0, sizeof *charter_out);
    memcpy(charter_out->name, name, strlen(name));
    charter_out->root = authority->root.set;
    charter_out->signing = authority->signing.set;
    charter_out->suite_count =
        (uint8_t)avpn_config_suites(config, charter_out->suites, sizeof charter_out->suites);
    charter_out->psk_epoch = publication->psk_epoch;
    charter_out->registry_count = (uint8_t)registry_count;
    for (uint32_t i = 0; i < registry_count; i++) {
        charter_out->registries[i] = registries[i];
    }
}

/* The leaf's length, which is known only at its end. */
static void end_leaf(struct avpni_writer *w, size_t start, struct avpni_merkle *merkle)
{
    size_t count = w->position - start - 4;

    if (!w->failed) {
        struct avpni_writer length = avpni_writer(w->bytes + start, 4);

        avpni_write_u32(&length, (uint32_t)count);
        avpni_merkle_add(merkle, w->bytes + start + 4, count);
    }
}

static int32_t write_member(struct avpni_writer *w, const struct avpni_member_view *member,
                            const struct avpn_key *psk)
{
    uint8_t sealed[AVPNI_SEALED_PSK_BYTES] = {0};

    /* [CFG-7]: who is revoked is not told the key of those who stay. */
    if (!w->failed && (member->flags & AVPN_MEMBER_REVOKED) == 0) {
        int32_t result = avpni_sealed_write(sealed, psk->bytes, sizeof psk->bytes, member->key);

        if (result != AVPN_OK) {
            return result;
        }
    }
    avpni_member_write(w, member, sealed);
    return AVPN_OK;
}

static int32_t write_leaves(struct avpni_writer *w, const struct avpn_authority *authority,
                            const struct avpn_config *config,
                            const struct avpn_publication *publication,
                            struct avpni_merkle *merkle)
{
    struct avpni_charter charter;
    struct avpni_member_view member;
    size_t start = w->position;

    fill_charter(authority, config, publication, &charter);
    avpni_write_zeros(w, 4);
    avpni_charter_write(w, &charter);
    sign_since(w, start + 4, AVPNI_CHARTER_LABEL, &authority->root);
    end_leaf(w, start, merkle);
    for (uint32_t i = 0; avpni_config_view(config, i, &member); i++) {
        start = w->position;
        avpni_write_zeros(w, 4);
        int32_t result = write_member(w, &member, &publication->psk);

        if (result != AVPN_OK) {
            return result;
        }
        end_leaf(w, start, merkle);
    }
    return AVPN_OK;
}

static void write_head(struct avpni_writer *w, const struct avpn_authority *authority,
                       const struct avpn_publication *publication,
                       const struct avpni_merkle *merkle)
{
    struct avpni_head head = {.version = publication->version,
                              .created = publication->created,
                              .expires = publication->expires,
                              .leaf_count = merkle->count};

    avpni_organization_id(&authority->root.set, &head.organization);
    avpni_merkle_root(merkle, head.root);
    avpni_head_write(w, &head);
    sign_since(w, 0, AVPNI_HEAD_LABEL, &authority->signing);
}

/* With a writer of no capacity: the size, and no cryptography at all. */
static int32_t write_bundle(struct avpni_writer *w, const struct avpn_authority *authority,
                            const struct avpn_config *config,
                            const struct avpn_publication *publication)
{
    size_t head_bytes =
        HEAD_BODY_BYTES + 1 + authority->signing.set.count * (1u + AVPNI_SIGNATURE_BYTES);
    struct avpni_merkle merkle;

    avpni_merkle_init(&merkle);
    avpni_write_bytes(w, magic, sizeof magic);
    avpni_write_u32(w, (uint32_t)head_bytes);
    size_t head_start = w->position;

    avpni_write_zeros(w, head_bytes);
    avpni_write_u32(w, avpn_config_member_count(config) + 1);
    int32_t result = write_leaves(w, authority, config, publication, &merkle);

    if (result == AVPN_OK && !w->failed) {
        struct avpni_writer head = avpni_writer(w->bytes + head_start, head_bytes);

        write_head(&head, authority, publication, &merkle);
    }
    return result;
}

static bool is_in_range(const struct avpn_publication *publication)
{
    return publication->size == sizeof *publication && publication->version >= 1 &&
           publication->created >= 0 &&
           (publication->expires == 0 || publication->expires > publication->created);
}

int32_t avpn_authority_sign(const struct avpn_authority *authority,
                            const struct avpn_config *config,
                            const struct avpn_publication *publication, uint8_t *bundle_out,
                            size_t capacity, size_t *needed_out)
{
    struct avpni_writer size = avpni_writer(NULL, 0);

    *needed_out = 0;
    if (!is_in_range(publication) || avpn_config_check(config, NULL, NULL) != 0) {
        return AVPN_ERROR_ARGUMENT;
    }
    if (authority->root.set.count == 0 || authority->signing.set.count == 0) {
        return AVPN_ERROR_STATE;
    }
    write_bundle(&size, authority, config, publication);
    *needed_out = size.position;
    /* [CFG-8] */
    if (size.position > AVPN_BUNDLE_LIMIT) {
        return AVPN_ERROR_LIMIT;
    }
    if (size.position > capacity) {
        return AVPN_ERROR_SPACE;
    }
    struct avpni_writer w = avpni_writer(bundle_out, capacity);

    return write_bundle(&w, authority, config, publication);
}
