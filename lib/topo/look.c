/* SPDX-License-Identifier: ISC */
/*
 * look: what a configuration says: its fields, its policy, its members as views and in full; what a member
 * needs of it, and what may come after it. Spec: [CFG-5], [CFG-7], [CFG-10].
 */
#include "base/sized.h"
#include "topo/config.h"

#include "crypto/box.h"
#include "crypto/hash.h"
#include "wire/limits.h"

#include <string.h>

const char *avpn_config_name(const struct avpn_config *config)
{
    return config->name;
}

uint64_t avpn_config_version(const struct avpn_config *config)
{
    return config->version;
}

int64_t avpn_config_created(const struct avpn_config *config)
{
    return config->created;
}

int64_t avpn_config_expires(const struct avpn_config *config)
{
    return config->expires;
}

uint32_t avpn_config_psk_epoch(const struct avpn_config *config)
{
    return config->psk_epoch;
}

int32_t avpn_config_is_whole(const struct avpn_config *config)
{
    return config->is_whole;
}

uint32_t avpn_config_rotations(const struct avpn_config *config)
{
    return config->rotation_count;
}

uint32_t avpn_config_invite_count(const struct avpn_config *config)
{
    return config->invite_count;
}

int32_t avpn_config_invite(const struct avpn_config *config, uint32_t index,
                           struct avpn_invite *invite_out)
{
    if (index >= config->invite_count) {
        return AVPN_ERROR_EMPTY;
    }
    return avpni_give(invite_out, &config->invites[index], sizeof *invite_out, AVPNI_FIRST_INVITE);
}

uint32_t avpn_config_suites(const struct avpn_config *config, uint8_t *suites_out, size_t capacity)
{
    for (size_t i = 0; i < config->suite_count && i < capacity; i++) {
        suites_out[i] = config->suites[i];
    }
    return config->suite_count;
}

int32_t avpn_config_organization(const struct avpn_config *config,
                                 struct avpn_key *organization_out)
{
    if (!config->is_read) {
        return AVPN_ERROR_NOT_FOUND;
    }
    *organization_out = config->organization;
    return AVPN_OK;
}

uint32_t avpn_config_registry_count(const struct avpn_config *config)
{
    return config->registry_count;
}

int32_t avpn_config_registry(const struct avpn_config *config, uint32_t index,
                             struct avpn_registry_entry *registry_out)
{
    if (index >= config->registry_count) {
        return AVPN_ERROR_EMPTY;
    }
    return avpni_give(registry_out, &config->registries[index], sizeof *registry_out,
                      AVPNI_FIRST_REGISTRY_ENTRY);
}

const struct avpn_registry_entry *avpni_config_registries(const struct avpn_config *config,
                                                          uint32_t *count_out)
{
    *count_out = config->registry_count;
    return config->registries;
}

/* ---- the policy ------------------------------------------------------------------------------ */

uint32_t avpn_config_flags(const struct avpn_config *config)
{
    return config->policy.flags;
}

const struct avpni_policy *avpni_config_policy(const struct avpn_config *config)
{
    return &config->policy;
}

uint32_t avpn_config_rule_count(const struct avpn_config *config)
{
    return config->policy.rule_count;
}

int32_t avpn_config_rule(const struct avpn_config *config, uint32_t index,
                         struct avpn_rule *rule_out)
{
    if (index >= config->policy.rule_count) {
        return AVPN_ERROR_EMPTY;
    }
    return avpni_give(rule_out, &config->policy.rules[index], sizeof *rule_out, AVPNI_FIRST_RULE);
}

uint32_t avpn_config_breakout_count(const struct avpn_config *config)
{
    return config->policy.breakout_count;
}

int32_t avpn_config_breakout(const struct avpn_config *config, uint32_t index,
                             struct avpn_breakout *breakout_out)
{
    if (index >= config->policy.breakout_count) {
        return AVPN_ERROR_EMPTY;
    }
    return avpni_give(breakout_out, &config->policy.breakouts[index], sizeof *breakout_out,
                      AVPNI_FIRST_BREAKOUT);
}

/* ---- members --------------------------------------------------------------------------------- */

uint32_t avpn_config_member_count(const struct avpn_config *config)
{
    return config->member_count;
}

bool avpni_config_view(const struct avpn_config *config, uint32_t index,
                       struct avpni_member_view *view_out)
{
    if (index >= config->member_count) {
        return false;
    }
    const struct avpni_member_record *member = &config->members[config->by_id[index]];

    *view_out = (struct avpni_member_view){
        .id = member->id,
        .key = &member->key,
        .name = config->names + member->name,
        .role = member->role,
        .flags = member->flags,
        .hub_count = member->hub_count,
        .export_count = member->export_count,
        .uplink_count = member->uplink_count,
        .is_known = member->is_known,
        .hubs = config->hubs == NULL ? NULL : config->hubs + member->hubs,
        .exports = config->exports == NULL ? NULL : config->exports + member->exports,
        .manual = config->manual == NULL ? NULL : config->manual + member->manual,
        .translation_count = member->translation_count,
        .translations =
            config->translations == NULL ? NULL : config->translations + member->translations,
        .site_check = member->site_check,
    };
    return true;
}

static void expand(const struct avpni_member_view *view, struct avpn_member *member_out)
{
    memset(member_out, 0, sizeof *member_out);
    member_out->size = sizeof *member_out;
    member_out->id = view->id;
    member_out->key = *view->key;
    memcpy(member_out->name, view->name, strlen(view->name));
    member_out->role = view->role;
    member_out->flags = view->flags;
    member_out->hub_count = view->hub_count;
    member_out->export_count = view->export_count;
    member_out->uplink_count = view->uplink_count;
    member_out->translation_count = view->translation_count;
    member_out->is_known = view->is_known;
    for (uint32_t i = 0; i < view->hub_count; i++) {
        member_out->hubs[i] = view->hubs[i];
    }
    for (uint32_t i = 0; i < view->export_count; i++) {
        member_out->exports[i] = view->exports[i];
    }
    for (uint32_t i = 0; i < view->uplink_count; i++) {
        member_out->manual[i] = view->manual[i];
    }
    for (uint32_t i = 0; i < view->translation_count; i++) {
        member_out->translations[i] = view->translations[i];
    }
}

/* `absent` is what to answer when there is no member at the place. */
static int32_t give_member(const struct avpn_config *config, uint32_t index, int32_t absent,
                           struct avpn_member *member_out)
{
    struct avpni_member_view view;
    struct avpn_member member;

    if (!avpni_config_view(config, index, &view)) {
        return absent;
    }
    expand(&view, &member);
    return avpni_give(member_out, &member, sizeof member, AVPNI_FIRST_MEMBER);
}

int32_t avpn_config_member_at(const struct avpn_config *config, uint32_t index,
                              struct avpn_member *member_out)
{
    return give_member(config, index, AVPN_ERROR_EMPTY, member_out);
}

int32_t avpn_config_member(const struct avpn_config *config, uint32_t id,
                           struct avpn_member *member_out)
{
    return give_member(config, avpni_config_find(config, id), AVPN_ERROR_NOT_FOUND, member_out);
}

int32_t avpn_config_member_by_key(const struct avpn_config *config, const struct avpn_key *key,
                                  struct avpn_member *member_out)
{
    return give_member(config, avpni_config_find_key(config, key), AVPN_ERROR_NOT_FOUND,
                       member_out);
}

int32_t avpn_config_member_by_name(const struct avpn_config *config, const char *name,
                                   struct avpn_member *member_out)
{
    return give_member(config, avpni_config_find_name(config, name), AVPN_ERROR_NOT_FOUND,
                       member_out);
}

/* ---- what a member needs --------------------------------------------------------------------- */

/* The keys sealed to the member at a place; in a slice there are only those of whom it is for. */
static const uint8_t *sealed_of(const struct avpn_config *config, uint32_t index)
{
    return config->sealed[config->is_whole ? config->by_id[index] : 0];
}

static bool is_sealed(const uint8_t sealed[AVPNI_SEALED_PSK_BYTES])
{
    static const uint8_t zeros[AVPNI_SEALED_PSK_BYTES];

    return memcmp(sealed, zeros, sizeof zeros) != 0;
}

/* [CFG-10] */
int32_t avpn_config_is_complete(const struct avpn_config *config, uint32_t member)
{
    uint32_t index = avpni_config_find(config, member);
    struct avpni_member_view self, other;

    if (!config->is_read || !avpni_config_view(config, index, &self) || !self.is_known) {
        return AVPN_ERROR_NOT_FOUND;
    }
    /* Who is revoked has no peers and is not told the keys [CFG-7]. */
    if ((self.flags & AVPN_MEMBER_REVOKED) != 0) {
        return AVPN_OK;
    }
    for (uint32_t i = 0; avpni_config_view(config, i, &other); i++) {
        if (!other.is_known && avpni_member_is_peer(config, &self, &other)) {
            return AVPN_ERROR_NOT_FOUND;
        }
    }
    return is_sealed(sealed_of(config, index)) ? AVPN_OK : AVPN_ERROR_NOT_FOUND;
}

/* [CFG-7] */
void avpni_psk_commitment(const struct avpn_key *organization, uint32_t epoch,
                          const struct avpn_key keys[2], uint8_t commitment_out[32])
{
    static const char label[] = "autovpn psk"; /* its terminator is the 0x00 */
    const uint8_t number[] = {(uint8_t)(epoch >> 24), (uint8_t)(epoch >> 16),
                              (uint8_t)(epoch >> 8), (uint8_t)epoch};
    const struct avpni_piece pieces[] = {{label, sizeof label},
                                         {organization, sizeof *organization},
                                         {number, sizeof number},
                                         {keys, 2 * sizeof *keys}};

    avpni_hash(commitment_out, 32, NULL, 0, pieces, 4);
}

int32_t avpn_config_psk(const struct avpn_config *config, uint32_t member,
                        const struct avpn_key_pair *self, struct avpn_key *psk_out,
                        struct avpn_key *previous_out)
{
    uint32_t index = avpni_config_find(config, member);
    struct avpni_member_view view;
    struct avpn_key keys[2]; /* of this epoch and of the one before */
    uint8_t commitment[32];

    if (!config->is_read || !avpni_config_view(config, index, &view) ||
        (view.flags & AVPN_MEMBER_REVOKED) != 0) {
        return AVPN_ERROR_NOT_FOUND;
    }
    if (!avpni_sealed_read(keys[0].bytes, sealed_of(config, index), AVPNI_SEALED_PSK_BYTES,
                           self)) {
        return AVPN_ERROR_AUTH;
    }
    avpni_psk_commitment(&config->organization, config->psk_epoch, keys, commitment);
    bool is_genuine = avpni_is_equal(commitment, config->psk_commitment, sizeof commitment);

    if (is_genuine) {
        *psk_out = keys[0];
        if (previous_out != NULL) {
            *previous_out = keys[1];
        }
    }
    avpni_wipe(keys, sizeof keys);
    return is_genuine ? AVPN_OK : AVPN_ERROR_AUTH;
}

/* ---- what may come next [CFG-5] -------------------------------------------------------------- */

static bool is_within_a_step(uint64_t held, uint64_t next)
{
    uint64_t held_serial = held >> AVPN_VERSION_SERIAL_SHIFT;
    uint64_t next_serial = next >> AVPN_VERSION_SERIAL_SHIFT;

    if (next <= held) {
        return false;
    }
    return next_serial == held_serial ? next - held <= AVPNI_VERSION_STEP
                                      : next_serial - held_serial <= AVPNI_SERIAL_STEP;
}

int32_t avpn_config_succeeds(const struct avpn_config *held, const struct avpn_config *next)
{
    /* A root set that is not there has a name of zeros, which none has that is. */
    if (memcmp(held->roots, next->roots, (held->rotation_count + 1) * sizeof *held->roots) != 0) {
        return AVPN_ERROR_AUTH;
    }
    return is_within_a_step(held->version, next->version) ? AVPN_OK : AVPN_ERROR_VERSION;
}
