/* SPDX-License-Identifier: ISC */
#include "admin/claims.h"

#include <string.h>

#include "admin/words.h"
#include "common/json.h"

#define DEVICES 16 /* different ones for one place that are told of */

/* A genuine claim, of one device: the oldest that any registry holds. */
struct device {
    struct avpn_key key;
    uint32_t age;
    const char *registry;
};

struct place {
    const char *site;
    struct avpn_invite invite;
    uint32_t count;
    struct device devices[DEVICES];
};

/* ---- collecting ------------------------------------------------------------------------------- */

static void note_device(struct place *place, const struct avpn_claim *claim, const char *registry)
{
    struct device *device = place->devices;
    struct device *end = place->devices + place->count;

    while (device < end && memcmp(&device->key, &claim->device, sizeof device->key) != 0)
        device++;
    if (device == end && place->count == DEVICES)
        return; /* who has the token made sixteen keys: more say nothing new */
    if (device == end)
        place->count++;
    else if (device->age >= claim->age)
        return;
    *device = (struct device){claim->device, claim->age, registry};
}

static int is_genuine(const struct desk *desk, const struct place *place,
                      const struct avpn_claim *claim)
{
    return avpn_claim_verify(&place->invite.key, &desk->state.organization, place->invite.member,
                             &claim->device, claim->signature) == AVPN_OK;
}

static void tell(json_t *told, FILE *out, const char *site, const struct device *device,
                 int is_taken, const char *text)
{
    json_array_append_new(told,
                          json_pack("{s:s, s:o, s:s, s:I, s:b, s:s}", "site", site, "key",
                                    json_key(&device->key), "registry", device->registry, "age",
                                    (json_int_t)device->age, "taken", is_taken, "text", text));
    if (out)
        fprintf(out, "%s: %s\n", site, text);
}

/* From one registry; one that shows what no token made is told of, once for a place. */
static void collect(const struct desk *desk, struct place *place,
                    const struct fleet_registry *registry, json_t *told, FILE *out)
{
    struct avpn_claim claim = {.size = sizeof claim};
    int is_told = 0;

    if (!registry->publisher || !registry->status.has_claims)
        return;
    for (uint32_t i = 0; avpn_publisher_claim(registry->publisher, i, &claim) == AVPN_OK; i++) {
        struct device device = {claim.device, claim.age, registry->name};
        char text[300];

        if (claim.member != place->invite.member)
            continue;
        if (is_genuine(desk, place, &claim)) {
            note_device(place, &claim, registry->name);
        } else if (!is_told) {
            is_told = 1;
            (void)snprintf(text, sizeof text,
                           "%s shows a claim that the token in force did not make; it is not taken",
                           registry->name);
            tell(told, out, place->site, &device, 0, text);
        }
    }
}

/* ---- deciding --------------------------------------------------------------------------------- */

/* The device may be a site already, under this name or another. */
static const char *owner_of(const struct desk *desk, const struct avpn_key *key, const char *site)
{
    for (uint32_t i = 0; i < desk->org.site_count; i++) {
        const struct org_site *other = &desk->org.sites[i];

        if (other->has_key && strcmp(other->name, site) != 0 &&
            memcmp(&other->key, key, sizeof *key) == 0)
            return other->name;
    }
    return NULL;
}

static const char *refusal(const struct desk *desk, const struct place *place,
                           const struct device *device, int64_t now, char text_out[300])
{
    const char *owner = owner_of(desk, &device->key, place->site);
    char when[WORDS_TIME];

    if (owner)
        (void)snprintf(text_out, 300, "is claimed by the device of %s: not taken", owner);
    else if (now - (int64_t)device->age > place->invite.expires)
        (void)snprintf(text_out, 300, "was claimed after its invite had expired (%s): not taken",
                       words_time(place->invite.expires, when));
    else
        return NULL;
    return text_out;
}

static int is_better(const struct device *device, const struct device *best)
{
    if (!best || device->age != best->age)
        return !best || device->age > best->age;
    return memcmp(&device->key, &best->key, sizeof device->key) < 0; /* one answer, whoever asks */
}

static const struct device *choose(const struct desk *desk, const struct place *place, int64_t now,
                                   json_t *told, FILE *out)
{
    const struct device *best = NULL;
    char text[300];

    for (uint32_t i = 0; i < place->count; i++) {
        const struct device *device = &place->devices[i];

        if (refusal(desk, place, device, now, text))
            tell(told, out, place->site, device, 0, text);
        else if (is_better(device, best))
            best = device;
    }
    return best;
}

static void tell_of_losers(const struct desk *desk, const struct place *place,
                           const struct device *best, int64_t now, json_t *told, FILE *out)
{
    char key[AVPN_KEY_TEXT];
    char age[WORDS_TIME];
    char text[300];

    for (uint32_t i = 0; i < place->count; i++) {
        const struct device *device = &place->devices[i];

        if (device == best || refusal(desk, place, device, now, text) ||
            avpn_key_format(&device->key, key, sizeof key) != AVPN_OK)
            continue;
        (void)snprintf(text, sizeof text,
                       "is claimed by a second device too, %s (%s ago, by %s): refused, the first "
                       "one has it. If that is not yours, revoke the site and invite again",
                       key, words_age(device->age, age), device->registry);
        tell(told, out, place->site, device, 0, text);
    }
}

static uint32_t take(struct desk *desk, const struct place *place, int64_t now, json_t *told,
                     FILE *out)
{
    const struct device *best = choose(desk, place, now, told, out);
    char key[AVPN_KEY_TEXT];
    char age[WORDS_TIME];
    char text[300];

    if (!best || avpn_key_format(&best->key, key, sizeof key) != AVPN_OK)
        return 0;
    (void)snprintf(text, sizeof text, "is claimed by the device %s (%s ago, by %s): taken", key,
                   words_age(best->age, age), best->registry);
    tell(told, out, place->site, best, 1, text);
    tell_of_losers(desk, place, best, now, told, out);
    state_set_key(&desk->state, place->site, "claimed", &best->key);
    state_set_key(&desk->state, place->site, "key", &best->key);
    return 1;
}

uint32_t claims_take(struct desk *desk, const struct fleet *fleet, int64_t now, json_t *told,
                     FILE *out)
{
    uint32_t taken = 0;
    const char *site;
    json_t *ignored;
    void *next;

    json_object_foreach_safe(desk->state.invites, next, site, ignored)
    {
        struct place place = {.site = site};

        if (!state_invite(&desk->state, site, &place.invite))
            continue;
        for (uint32_t i = 0; i < fleet->count; i++)
            collect(desk, &place, &fleet->registries[i], told, out);
        if (take(desk, &place, now, told, out)) {
            state_remove_invite(&desk->state, site);
            taken++;
        }
    }
    return taken;
}
