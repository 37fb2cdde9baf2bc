/* SPDX-License-Identifier: ISC */
#include "admin/publishing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "admin/claims.h"
#include "admin/diff.h"
#include "admin/fleet.h"
#include "admin/progress.h"
#include "admin/signing.h"
#include "admin/words.h"
#include "common/store.h"
#include "common/version.h"

#define DAY 86400
#define SHOWN_CHANGES 30

struct work {
    struct desk *desk;
    struct publishing *publishing;
    struct fleet fleet;
    int64_t now;
    json_t *changes;
    json_t *claims;
};

/* ---- claims ------------------------------------------------------------------------------------ */

static void add_registries(struct work *work, const struct avpn_config *config, int is_leaving)
{
    struct avpn_registry_entry entry = {.size = sizeof entry};

    for (uint32_t i = 0; config && avpn_config_registry(config, i, &entry) == AVPN_OK; i++)
        fleet_add(&work->fleet, &entry, is_leaving);
}

/* Who is no more in the file is told once more, so that nodes which only know it learn of the others. */
static int open_fleet(struct work *work)
{
    struct fleet *fleet = &work->fleet;
    int number = 255;

    fleet->organization = work->desk->state.organization;
    add_registries(work, work->desk->config, 0);
    add_registries(work, work->desk->published, 1);
    number = signing_session_key(work->desk, work->publishing->ring, &fleet->signer);
    if (number < 0)
        return -1;
    fleet->signer_number = (uint32_t)number;
    return fleet_open(fleet);
}

static void tell_unlisted(const struct work *work)
{
    char words[300];

    for (uint32_t i = 0; i < work->fleet.count; i++) {
        const struct fleet_registry *registry = &work->fleet.registries[i];

        if (registry->status.has_claims || registry->is_leaving)
            continue;
        fleet_words(registry, words, sizeof words);
        if (work->publishing->say)
            fprintf(work->publishing->say, "%s: claims that it may hold are not known: %s\n",
                    registry->name, words);
    }
}

/* Only where there are open invites is there anything to claim. */
static int take_claims(struct work *work)
{
    struct progress progress;
    FILE *say = work->publishing->say;

    if (json_object_size(work->desk->state.invites) == 0 || !work->desk->published)
        return 0;
    if (work->fleet.signer_number == 255) {
        if (say)
            fprintf(say, "claims are not listed this time: registries do not know the signing keys "
                         "yet; publish once more for them\n");
        return 0;
    }
    progress_begin(&progress, &work->fleet, say);
    fleet_list(&work->fleet);
    progress_end(&progress, &work->fleet, 0);
    tell_unlisted(work);
    if (claims_take(work->desk, &work->fleet, work->now, work->claims, say) == 0)
        return 0;
    return desk_rebuild(work->desk);
}

/* ---- signing ----------------------------------------------------------------------------------- */

static int64_t span_of(const struct avpn_config *config)
{
    return avpn_config_expires(config) ? avpn_config_expires(config) - avpn_config_created(config)
                                       : 0;
}

/* 0: never. */
static int64_t wanted_span(const struct work *work)
{
    const struct avpn_config *published = work->desk->published;

    if (work->publishing->days == PUBLISHING_NEVER)
        return 0;
    if (work->publishing->days)
        return (int64_t)work->publishing->days * DAY;
    return published ? span_of(published) : (int64_t)PUBLISHING_DAYS * DAY;
}

static int is_new_needed(const struct work *work)
{
    const struct avpn_config *published = work->desk->published;

    if (!published || work->publishing->is_refresh || json_array_size(work->changes) > 0 ||
        avpn_config_version(published) < work->desk->state.version)
        return 1;
    if (avpn_config_expires(published) && avpn_config_expires(published) <= work->now)
        return 1;
    return span_of(published) != wanted_span(work);
}

/* What the state has to say once this is signed. */
static void note_signed(struct work *work)
{
    struct state *state = &work->desk->state;
    const struct org *org = &work->desk->org;
    const char *name;
    json_t *ignored;
    void *next;

    state->version = avpn_config_version(work->desk->published);
    state->psk_epoch = avpn_config_psk_epoch(work->desk->published);
    if (state->next_root.count > 0)
        state->root = state->next_root;
    state->next_root.count = 0;
    for (uint32_t i = 0; i < org->site_count; i++)
        if (org->sites[i].has_key)
            state_set_key(state, org->sites[i].name, "key", &org->sites[i].key);
    json_object_foreach_safe(state->invites, next, name, ignored)
    {
        struct avpn_invite invite = {.size = sizeof invite};

        if (!state_invite(state, name, &invite) || invite.expires <= work->now)
            state_remove_invite(state, name);
    }
    state_log_publish(state, state->version, work->now, diff_texts(work->changes));
}

static int sign(struct work *work)
{
    int64_t span = wanted_span(work);
    uint8_t *bundle;
    size_t count;
    int status = signing_run(work->desk, work->publishing->ring, work->now,
                             span ? work->now + span : 0, &bundle, &count);

    if (status != 0)
        return status;
    if (desk_keep(work->desk, bundle, count) != 0)
        return 1;
    note_signed(work);
    return state_save(&work->desk->state) == 0 ? 0 : 1;
}

/* ---- telling ----------------------------------------------------------------------------------- */

static void tell_version(const struct work *work, int is_new)
{
    const struct avpn_config *published = work->desk->published;
    FILE *say = work->publishing->say;
    char version[VERSION_TEXT], when[WORDS_TIME];
    int64_t expires = avpn_config_expires(published);

    if (!say)
        return;
    fprintf(say, "%s: version %s%s, %u sites, %zu bytes, %s %s\n", work->desk->path,
            version_text(avpn_config_version(published), version),
            is_new ? "" : " again, nothing has changed", avpn_config_member_count(published),
            work->desk->bundle_bytes, expires ? "valid until" : "valid for",
            expires ? words_time(expires, when) : "ever");
    diff_print(work->changes, SHOWN_CHANGES, say);
}

static void note_version(const struct work *work, int is_new)
{
    const struct avpn_config *published = work->desk->published;
    json_t *json = work->publishing->json;

    if (!json)
        return;
    json_object_update_new(json,
                           json_pack("{s:I, s:b, s:I, s:I, s:I, s:O, s:O}", "version",
                                     (json_int_t)avpn_config_version(published), "is_new", is_new,
                                     "sites", (json_int_t)avpn_config_member_count(published),
                                     "bytes", (json_int_t)work->desk->bundle_bytes, "expires",
                                     (json_int_t)avpn_config_expires(published), "changes",
                                     work->changes, "claims", work->claims));
}

static int write_out(const struct work *work)
{
    const char *out = work->publishing->out;

    if (!out)
        return 0;
    if (file_replace(out, work->desk->bundle, work->desk->bundle_bytes, 0644) != 0) {
        fprintf(stderr, "%s: cannot be written: %s\n", out, strerror(errno));
        return 1;
    }
    if (work->publishing->json)
        json_object_set_new(work->publishing->json, "bundle", json_string(out));
    return 0;
}

/* ---- sending ----------------------------------------------------------------------------------- */

static void note_outcome(struct work *work, const struct fleet_registry *registry)
{
    int has_taken = fleet_has_taken(registry);
    char words[300];

    fleet_words(registry, words, sizeof words);
    state_log_outcome(&work->desk->state, registry->name, words);
    work->publishing->asked += !registry->is_leaving;
    work->publishing->took += has_taken && !registry->is_leaving;
    if (work->publishing->json)
        json_array_append_new(
            json_object_get(work->publishing->json, "registries"),
            json_pack("{s:s, s:b, s:b, s:I, s:s}", "registry", registry->name, "took", has_taken,
                      "leaving", registry->is_leaving, "served_version",
                      (json_int_t)(registry->status.served_version & INT64_MAX), "outcome", words));
}

/* A registry that serves what we never signed here: somebody did, elsewhere, or our files are old. */
static void advise(const struct work *work)
{
    uint64_t ours = avpn_config_version(work->desk->published);

    for (uint32_t i = 0; i < work->fleet.count; i++) {
        const struct avpn_publisher_status *status = &work->fleet.registries[i].status;
        char theirs_text[VERSION_TEXT], ours_text[VERSION_TEXT];

        if (status->state != AVPN_PUBLISHER_REFUSED || status->reason != AVPN_PUBLISH_OLDER)
            continue;
        version_text(status->served_version, theirs_text);
        version_text(ours, ours_text);
        if (status->served_version > ours)
            fprintf(stderr,
                    "%s: serves version %s, and the newest one here is %s: %s is old, or somebody "
                    "publishes from another copy. Restore org.state.json and org.published from "
                    "where that was published, and publish again\n",
                    work->fleet.registries[i].name, theirs_text, ours_text, work->desk->state.path);
        else
            fprintf(stderr,
                    "%s: serves another configuration of version %s: somebody published from "
                    "another copy. When both copies agree, --refresh makes a newer version\n",
                    work->fleet.registries[i].name, theirs_text);
        return;
    }
}

static int deliver(struct work *work)
{
    struct progress progress;

    progress_begin(&progress, &work->fleet, work->publishing->say);
    fleet_offer(&work->fleet, work->desk->bundle, work->desk->bundle_bytes);
    progress_end(&progress, &work->fleet, 1);
    for (uint32_t i = 0; i < work->fleet.count; i++)
        note_outcome(work, &work->fleet.registries[i]);
    advise(work);
    (void)state_save(&work->desk->state); /* outcomes only: said if not */
    if (work->publishing->took == work->publishing->asked)
        return 0;
    fprintf(stderr, "%s: %u of %u registries took it; the same command again tries the others\n",
            work->desk->path, work->publishing->took, work->publishing->asked);
    return 1;
}

/* ---- all of it ---------------------------------------------------------------------------------- */

static int run(struct work *work)
{
    int is_file_only = work->publishing->is_file_only;
    int is_new;
    int status;

    if (!is_file_only && (open_fleet(work) != 0 || take_claims(work) != 0))
        return 1;
    work->changes =
        diff_make(work->desk->published, work->desk->config, &work->desk->state, work->now);
    is_new = is_new_needed(work);
    if (is_new && (status = sign(work)) != 0)
        return status;
    tell_version(work, is_new);
    note_version(work, is_new);
    status = write_out(work);
    if (!is_file_only && deliver(work) != 0)
        status = 1;
    return status;
}

int publishing_run(struct desk *desk, struct publishing *publishing)
{
    struct work *work = calloc(1, sizeof *work);
    int status = 1;

    if (publishing->json)
        json_object_set_new(publishing->json, "registries", json_array());
    if (work) {
        work->desk = desk;
        work->publishing = publishing;
        work->now = (int64_t)time(NULL);
        work->claims = json_array();
        status = run(work);
        fleet_close(&work->fleet);
        json_decref(work->changes);
        json_decref(work->claims);
    }
    free(work);
    return status;
}
