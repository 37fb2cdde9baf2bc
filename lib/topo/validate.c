/* SPDX-License-Identifier: ISC */
/*
 * validate: is a configuration one that an organization can run on? Each finding names the member,
 * the field, the place in it, the value, and what would be right. Spec: [CFG-9]. The policy and translations
 * have a file of their own.
 *
 * Uniqueness is seen where equal neighbours stand in the sorted orders; the member added first
 * keeps its place, the others are reported.
 */
#include "topo/validate.h"

#include "base/address.h"
#include <autovpn/sa.h>

#include <string.h>

/* ---- text ----------------------------------------------------------------------------------- */

static struct avpni_text text_of_number(uint32_t number)
{
    struct avpni_text text = {.count = 0};

    avpni_text_add_number(&text, number);
    return text;
}

static struct avpni_text text_of_key(const struct avpn_key *key)
{
    struct avpni_text text = {.count = 0};

    avpn_key_format(key, text.bytes, sizeof text.bytes);
    return text;
}

void avpni_text_add_prefix(struct avpni_text *text, const struct avpn_prefix *prefix)
{
    char bytes[AVPN_PREFIX_TEXT];

    if (avpn_prefix_format(prefix, bytes, sizeof bytes) == AVPN_OK) {
        avpni_text_add(text, bytes);
    }
}

static struct avpni_text text_of_prefix(const struct avpn_prefix *prefix)
{
    struct avpni_text text = {.count = 0};

    avpni_text_add_prefix(&text, prefix);
    return text;
}

static struct avpni_text text_of_contact(const struct avpn_contact *contact)
{
    struct avpni_text text = {.count = 0};

    avpn_contact_format(contact, text.bytes, sizeof text.bytes);
    return text;
}

/* "member 7 has the same key; ..." */
static struct avpni_text text_of_twin(uint32_t member, const char *rest)
{
    struct avpni_text text = {.count = 0};

    avpni_text_add(&text, "member ");
    avpni_text_add_number(&text, member);
    avpni_text_add(&text, rest);
    return text;
}

/* ---- findings ---------------------------------------------------------------------------------- */

void avpni_found(struct avpni_check *check, const char *field, uint32_t index, const char *value,
                  const char *message)
{
    const struct avpn_problem problem = {.size = sizeof problem,
                                         .member = check->member.id,
                                         .index = index,
                                         .field = field,
                                         .value = value,
                                         .message = message};

    check->problems++;
    if (check->report != NULL) {
        check->report(check->user, &problem);
    }
}

static bool is_zero_key(const struct avpn_key *key)
{
    static const struct avpn_key zero;

    return memcmp(key, &zero, sizeof zero) == 0;
}

/* ---- the organization ---------------------------------------------------------------------------- */

static void check_suites(struct avpni_check *check)
{
    const struct avpn_config *config = check->config;

    for (uint32_t i = 0; i < config->suite_count; i++) {
        uint8_t suite = config->suites[i];
        const struct avpni_text value = text_of_number(suite);

        if (suite != AVPN_SUITE_AES_256_GCM && suite != AVPN_SUITE_CHACHA20_POLY1305) {
            avpni_found(check, "suites", i, value.bytes,
                  "there is no such suite: use 1 (AES-256-GCM) and 2 (ChaCha20-Poly1305)");
        } else if (memchr(config->suites, suite, i) != NULL) {
            avpni_found(check, "suites", i, value.bytes,
                  "this suite is in the list already: name each one once");
        }
    }
}

/* An earlier entry for the same registry. */
static bool has_registry_before(const struct avpn_registry_entry *entries, uint32_t index)
{
    const struct avpn_registry_entry *entry = &entries[index];

    for (uint32_t i = 0; i < index; i++) {
        if (memcmp(&entry->key, &entries[i].key, sizeof entry->key) == 0 ||
            (entry->port == entries[i].port && strcmp(entry->host, entries[i].host) == 0)) {
            return true;
        }
    }
    return false;
}

bool avpni_registries_are_valid(const struct avpn_registry_entry *registries, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (registries[i].port == 0 || is_zero_key(&registries[i].key) ||
            has_registry_before(registries, i)) {
            return false;
        }
    }
    return count > 0;
}

static void check_registries(struct avpni_check *check)
{
    const struct avpn_config *config = check->config;

    if (config->registry_count == 0) {
        avpni_found(check, "registries", 0, "",
              "there is no registry: name at least one, better two independent ones");
    }
    for (uint32_t i = 0; i < config->registry_count; i++) {
        const struct avpn_registry_entry *entry = &config->registries[i];

        if (entry->port == 0) {
            avpni_found(check, "registries", i, entry->host,
                  "this registry has no port: give the UDP port it listens on, 9350 to 9381");
        }
        if (is_zero_key(&entry->key)) {
            avpni_found(check, "registries", i, entry->host,
                  "this registry has no key: give its static public key");
        }
        if (has_registry_before(config->registries, i)) {
            avpni_found(check, "registries", i, entry->host,
                  "an earlier registry has the same key, or host and port: list each one once");
        }
    }
}

/* Only a configuration that was read has invites. */
static void check_invites(struct avpni_check *check)
{
    const struct avpn_config *config = check->config;

    for (uint32_t i = 0; i < config->invite_count; i++) {
        const struct avpni_text value = text_of_number(config->invites[i].member);

        if (config->invites[i].member == 0 || is_zero_key(&config->invites[i].key)) {
            avpni_found(check, "invites", i, value.bytes,
                  "an invite is for a member, from 1 on, and has a claim key");
        }
    }
}

static void check_organization(struct avpni_check *check)
{
    if (check->config->name[0] == '\0') {
        avpni_found(check, "name", 0, "",
              "the organization has no name: give it 1 to 63 of a-z A-Z 0-9 . _ -");
    }
    check_suites(check);
    check_registries(check);
    check_invites(check);
    avpni_check_policy(check);
}

/* ---- one member -------------------------------------------------------------------------------- */

static void check_basics(struct avpni_check *check)
{
    const struct avpni_member_view *member = &check->member;
    const struct avpni_text role = text_of_number(member->role), flags = text_of_number(member->flags);

    if (member->id == 0) {
        avpni_found(check, "id", 0, "0", "0 is not an id: number members from 1");
    }
    if (member->id > AVPN_MEMBER_LAST) {
        const struct avpni_text id = text_of_number(member->id);

        avpni_found(check, "id", 0, id.bytes,
                    "this id has a meaning of its own: number members from 1 to 4294967039");
    }
    if (member->is_known && is_zero_key(member->key)) {
        avpni_found(check, "key", 0, "", "this member has no key: give its static public key");
    }
    if (member->role != AVPN_ROLE_HUB && member->role != AVPN_ROLE_SPOKE) {
        avpni_found(check, "role", 0, role.bytes, "this is no role: make it hub (1) or spoke (2)");
    }
    if ((member->flags & ~AVPN_MEMBER_REVOKED) != 0) {
        avpni_found(check, "flags", 0, flags.bytes,
              "there is no such flag: use 0, or 1 for a member that is revoked");
    }
}

static bool has_hub_before(const struct avpni_member_view *member, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (member->hubs[i].member == member->hubs[index].member) {
            return true;
        }
    }
    return false;
}

/* What is wrong with one place of a member's hub list, or NULL. */
static const char *judge_hub(const struct avpni_check *check, uint32_t index)
{
    const struct avpni_member_view *member = &check->member;
    const struct avpn_member_hub *hub = &member->hubs[index];
    struct avpni_member_view named;

    if (hub->member == member->id) {
        return "a member is not its own hub: name another one, or none";
    }
    if (!avpni_config_view(check->config, avpni_config_find(check->config, hub->member), &named)) {
        return "there is no member with this id: name one whose role is hub";
    }
    if (named.role != AVPN_ROLE_HUB) {
        return "this member is not a hub: name one whose role is hub, or make it one";
    }
    if (has_hub_before(member, index)) {
        return "this hub is in the list already: name each one once, in order of preference";
    }
    if ((hub->flags & ~AVPN_HUB_DEFAULT_ROUTE) != 0) {
        return "there is no such flag: use 0, or 1 for a hub that takes the default route";
    }
    if (member->role == AVPN_ROLE_HUB && hub->flags != AVPN_HUB_DEFAULT_ROUTE) {
        return "a hub needs no hubs of its own: it names one only for its default route, with flag 1";
    }
    return NULL;
}

static void check_hubs(struct avpni_check *check)
{
    for (uint32_t i = 0; i < check->member.hub_count; i++) {
        const char *message = judge_hub(check, i);

        if (message != NULL) {
            const struct avpni_text value = text_of_number(check->member.hubs[i].member);

            avpni_found(check, "hubs", i, value.bytes, message);
        }
    }
}

static const char *judge_export(const struct avpni_member_view *member, uint32_t index)
{
    const struct avpn_prefix *prefix = &member->exports[index];

    if (!avpni_prefix_is_canonical(prefix)) {
        return "this is not a subnet: give an IPv4 or IPv6 prefix without bits beyond its length";
    }
    if (avpni_prefix_is_default(prefix)) {
        return "a default route is no export: mark a hub for the default route instead";
    }
    for (uint32_t i = 0; i < index; i++) {
        if (avpni_prefix_is_equal(&member->exports[i], prefix)) {
            return "this subnet is in the list already: name each one once";
        }
    }
    return NULL;
}

static void check_exports(struct avpni_check *check)
{
    for (uint32_t i = 0; i < check->member.export_count; i++) {
        const char *message = judge_export(&check->member, i);

        if (message != NULL) {
            const struct avpni_text value = text_of_prefix(&check->member.exports[i]);

            avpni_found(check, "exports", i, value.bytes, message);
        }
    }
}

static bool is_no_contact(const struct avpn_contact *contact)
{
    static const uint8_t zeros[16];

    return contact->family == AVPN_FAMILY_NONE && contact->reserved == 0 && contact->port == 0 &&
           memcmp(contact->bytes, zeros, sizeof zeros) == 0;
}

static void check_manual(struct avpni_check *check)
{
    for (uint32_t i = 0; i < check->member.uplink_count; i++) {
        const struct avpn_contact *contact = &check->member.manual[i];

        if (!is_no_contact(contact) && !avpni_contact_is_usable(contact)) {
            const struct avpni_text value = text_of_contact(contact);

            avpni_found(check, "manual", i, value.bytes,
                  "nobody can be reached there: give the public address and UDP port that are "
                  "forwarded to this uplink, or none");
        }
    }
}

/* ---- uniqueness -------------------------------------------------------------------------------- */

static const struct avpni_member_record *member_in(const struct avpni_check *check,
                                                   const uint32_t *order, uint32_t index)
{
    return &check->config->members[order[index]];
}

static void check_ids(struct avpni_check *check)
{
    const uint32_t *order = check->config->by_id;

    for (uint32_t i = 1; i < check->config->member_count; i++) {
        const struct avpni_member_record *member = member_in(check, order, i);

        if (member->id == member_in(check, order, i - 1)->id) {
            const struct avpni_text value = text_of_number(member->id);

            check->member.id = member->id;
            avpni_found(check, "id", 0, value.bytes,
                  "another member has the same id: give each its own, and never one used before");
        }
    }
}

static void check_keys(struct avpni_check *check)
{
    const uint32_t *order = check->config->by_key;

    for (uint32_t i = 1, first = 0; i < check->config->member_count; i++) {
        const struct avpni_member_record *member = member_in(check, order, i);
        const struct avpni_member_record *twin = member_in(check, order, first);

        if (memcmp(&member->key, &twin->key, sizeof member->key) != 0) {
            first = i;
        } else if (!is_zero_key(&member->key)) { /* as that of one not known is */
            const struct avpni_text value = text_of_key(&member->key);
            const struct avpni_text message =
                text_of_twin(twin->id, " has the same key: every member makes a key of its own");

            check->member.id = member->id;
            avpni_found(check, "key", 0, value.bytes, message.bytes);
        }
    }
}

static void check_names(struct avpni_check *check)
{
    const uint32_t *order = check->config->by_name;
    const char *names = check->config->names;

    for (uint32_t i = 1, first = 0; i < check->config->member_count; i++) {
        const struct avpni_member_record *member = member_in(check, order, i);
        const struct avpni_member_record *twin = member_in(check, order, first);

        if (strcmp(names + member->name, names + twin->name) != 0) {
            first = i;
        } else if (member->is_known) {
            const struct avpni_text message =
                text_of_twin(twin->id, " has the same name: give every member its own");

            check->member.id = member->id;
            avpni_found(check, "name", 0, names + member->name, message.bytes);
        }
    }
}

uint32_t avpn_config_check(const struct avpn_config *config,
                           void (*report)(void *user, const struct avpn_problem *problem),
                           void *user)
{
    struct avpni_check check = {.config = config, .report = report, .user = user};

    check_organization(&check);
    for (uint32_t i = 0; avpni_config_view(config, i, &check.member); i++) {
        check_basics(&check);
        check_hubs(&check);
        check_exports(&check);
        check_manual(&check);
        avpni_check_translations(&check);
    }
    check_ids(&check);
    check_keys(&check);
    check_names(&check);
    return check.problems;
}
