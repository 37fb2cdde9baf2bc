/* SPDX-License-Identifier: ISC */
/*
 * configure: see configure.h. Everything that can fail comes before the change: a configuration that is not taken, for
 * whatever reason, leaves the one in force, the store and the trial as they were.
 */
#include "node/configure.h"

#include "link/claim.h"
#include "node/node.h"
#include "topo/document.h"
#include <string.h>

#define WATCH AVPN_SECOND /* on trial: so often a look whether the node is connected */

/* ---- small things ------------------------------------------------------------------ */

static void log_version(const struct avpn_node *node, enum avpn_log_level level, const char *before,
                        uint64_t version, const char *after)
{
    struct avpni_text text = {0};

    avpni_text_add(&text, before);
    avpni_text_add_number(&text, version);
    avpni_text_add(&text, after);
    avpni_log(&node->context, level, &text);
}

static void set_timer(struct avpn_node *node, avpn_time when)
{
    avpni_timer_set(&node->context.timers, &node->configure.timer, when);
}

static void drop_slice(struct avpn_node *node, struct avpni_slice *slice)
{
    avpni_slice_drop(&node->context.memory, slice);
}

/* The one takes what the other holds. */
static void move_slice(struct avpn_node *node, struct avpni_slice *to, struct avpni_slice *from)
{
    drop_slice(node, to);
    *to = *from;
    memset(from, 0, sizeof *from);
}

static bool is_on_trial(const struct avpni_configure *configure)
{
    return configure->fallback.bytes != NULL;
}

/* It has a tunnel or a registration. */
static bool is_connected(const struct avpn_node *node)
{
    for (uint32_t i = 0; i < node->peer_count; i++)
        if (node->peers[i]->is_up)
            return true;
    for (uint32_t u = 0; u < AVPN_UPLINKS; u++)
        for (uint32_t i = 0; i < node->registrar_count; i++)
            if (node->registrations[u][i] != NULL &&
                node->registrations[u][i]->state == AVPN_REGISTRATION_REGISTERED)
                return true;
    return false;
}

/* ---- verifying ------------------------------------------------------------------------ */

/* Expiry refuses nothing at a node [CFG-6]: no clock can keep it from what is new, or on what is old. */
static int32_t read_slice(const struct avpn_node *node, struct avpni_slice *slice,
                          struct avpn_config **config_out)
{
    int32_t error = avpn_config_read(slice->bytes, slice->count, &node->context.organization, 0,
                                     &node->context.host, config_out);

    if (error == AVPN_OK)
        slice->version = avpn_config_version(*config_out);
    return error;
}

/* May it come after what is held [CFG-5], and is all there that this node needs [CFG-10]? */
static int32_t check(const struct avpn_node *node, const struct avpn_config *config)
{
    struct avpn_member self = {.size = sizeof self};
    int32_t error = AVPN_OK;

    if (avpn_config_version(config) <= node->configure.highest)
        return AVPN_ERROR_VERSION;
    if (node->config != NULL)
        error = avpn_config_succeeds(node->config, config);
    if (error == AVPN_OK)
        error = avpn_config_member_by_key(config, &node->context.identity.public_key, &self);
    return error == AVPN_OK ? avpn_config_is_complete(config, self.id) : error;
}

/* ---- trial and undoing [CFG-12] ----------------------------------------------------------- */

static void begin_trial(struct avpn_node *node, avpn_time now)
{
    node->configure.connected_since = AVPN_TIME_NEVER;
    node->configure.cut_since = now;
    set_timer(node, now + WATCH);
}

static void end_trial(struct avpn_node *node)
{
    struct avpni_configure *configure = &node->configure;

    drop_slice(node, &configure->fallback);
    configure->retry_span = 0;
    set_timer(node, AVPN_TIME_NEVER);
    avpni_slices_mark(&configure->slices, 0);
}

/* Bring a slice into force that was taken before. AVPN_ERROR_MEMORY and the like: nothing changed. */
static int32_t apply_again(struct avpn_node *node, struct avpni_slice *slice, avpn_time now)
{
    struct avpn_config *config = NULL;
    int32_t error = read_slice(node, slice, &config);

    if (error == AVPN_OK)
        error = avpni_node_apply(node, config, now);
    if (error != AVPN_OK)
        avpn_config_del(config);
    return error;
}

static void undo(struct avpn_node *node, avpn_time now)
{
    struct avpni_configure *configure = &node->configure;
    struct avpn_event event = avpni_event(AVPN_EVENT_UNDONE, 1, now);
    avpn_span span =
        configure->retry_span == 0 ? AVPNI_RETRY_UNDONE_FIRST : configure->retry_span * 2;

    if (apply_again(node, &configure->fallback, now) != AVPN_OK)
        return; /* for want of memory: at the next look */
    event.version = configure->current.version;
    move_slice(node, &configure->undone, &configure->current);
    move_slice(node, &configure->current, &configure->fallback);
    configure->retry_span = span < AVPNI_RETRY_UNDONE_LAST ? span : AVPNI_RETRY_UNDONE_LAST;
    set_timer(node, now + configure->retry_span);
    log_version(
        node, AVPN_LOG_WARNING, "configuration ", event.version,
        " left this node without a tunnel and a registry: the one before is in force again");
    avpni_events_push(&node->context.events, &event);
    avpni_syncer_hold(&node->syncer, configure->current.version, configure->highest, now);
}

static void try_again(struct avpn_node *node, avpn_time now)
{
    struct avpni_configure *configure = &node->configure;

    if (apply_again(node, &configure->undone, now) != AVPN_OK) {
        set_timer(node, now + AVPNI_RETRY_UNDONE_FIRST);
        return;
    }
    move_slice(node, &configure->fallback, &configure->current);
    move_slice(node, &configure->current, &configure->undone);
    begin_trial(node, now);
    log_version(node, AVPN_LOG_INFO, "configuration ", configure->current.version,
                " was undone and is tried again");
    avpni_syncer_hold(&node->syncer, configure->current.version, configure->highest, now);
}

/* Each second on trial: connected for long enough it stands, cut off for as long it is undone. */
static void watch(struct avpn_node *node, avpn_time now)
{
    struct avpni_configure *configure = &node->configure;
    bool is_up = is_connected(node);
    avpn_time *since = is_up ? &configure->connected_since : &configure->cut_since;

    *(is_up ? &configure->cut_since : &configure->connected_since) = AVPN_TIME_NEVER;
    if (*since == AVPN_TIME_NEVER)
        *since = now;
    set_timer(node, now + WATCH);
    if (now - *since < configure->undo_after)
        return;
    if (is_up)
        end_trial(node);
    else
        undo(node, now);
}

static void fire(void *owner, avpn_time now)
{
    struct avpn_node *node = owner;

    if (is_on_trial(&node->configure))
        watch(node, now);
    else if (node->configure.undone.bytes != NULL)
        try_again(node, now);
}

/* ---- taking ---------------------------------------------------------------------------------- */

/*
 * A new slice is in force: what it replaces is the fallback, if it may be needed. A slice that was itself on trial is none: then the
 * fallback stays what it is.
 */
static void settle(struct avpn_node *node, struct avpni_slice *slice, bool was_connected,
                   avpn_time now)
{
    struct avpni_configure *configure = &node->configure;
    bool is_trial = !node->is_revoked && (is_on_trial(configure) || was_connected) &&
                    configure->current.bytes != NULL && configure->undo_after > 0;

    drop_slice(node, &configure->undone);
    configure->retry_span = 0;
    if (is_trial && !is_on_trial(configure))
        move_slice(node, &configure->fallback, &configure->current);
    if (is_trial)
        begin_trial(node, now);
    else
        end_trial(node);
    move_slice(node, &configure->current, slice);
    configure->highest = configure->current.version;
}

/* Take a slice, if all of it is right; it is moved from the caller then. Errors: nothing changed. */
static int32_t take(struct avpn_node *node, struct avpni_slice *slice, avpn_time now)
{
    struct avpni_configure *configure = &node->configure;
    uint64_t before = configure->current.version;
    bool was_connected = is_connected(node);
    struct avpn_config *config = NULL;
    int32_t error = read_slice(node, slice, &config);

    if (error == AVPN_OK)
        error = check(node, config);
    if (error == AVPN_OK)
        error = avpni_node_apply(node, config, now);
    if (error != AVPN_OK) {
        avpn_config_del(config);
        return error;
    }
    settle(node, slice, was_connected, now);
    if (is_on_trial(configure))
        avpni_slices_mark(&configure->slices, configure->current.version);
    avpni_slices_write(&configure->slices, &configure->current, before);
    avpni_syncer_hold(&node->syncer, configure->current.version, configure->highest, now);
    return AVPN_OK;
}

static enum avpni_sync_verdict judge(const struct avpn_node *node, int32_t error, uint64_t version)
{
    switch (error) {
    case AVPN_OK:
        return AVPNI_SYNC_TAKEN;
    case AVPN_ERROR_VERSION: /* too old, or too far ahead [CFG-5] */
        return version <= node->configure.highest ? AVPNI_SYNC_OLDER : AVPNI_SYNC_REFUSED;
    case AVPN_ERROR_ARGUMENT: /* well signed: no registry made it */
        return AVPNI_SYNC_REFUSED;
    case AVPN_ERROR_MEMORY:
    case AVPN_ERROR_RANDOM:
    case AVPN_ERROR_LIMIT:
        return AVPNI_SYNC_FAILED;
    default:
        return AVPNI_SYNC_BROKEN;
    }
}

enum avpni_sync_verdict avpni_configure_update(struct avpn_node *node, uint64_t base,
                                               const uint8_t *update, size_t bytes, avpn_time now)
{
    struct avpni_configure *configure = &node->configure;
    const struct avpni_slice none = {0}, *held = base != 0 ? &configure->current : &none;
    struct avpni_slice slice = {0};
    enum avpni_sync_verdict verdict;
    int32_t error = avpni_update_apply(&node->context.memory, held->bytes, held->count, update,
                                       bytes, &slice.bytes, &slice.count);

    if (error == AVPN_OK)
        error = take(node, &slice, now);
    verdict = judge(node, error, slice.version);
    if (verdict == AVPNI_SYNC_REFUSED)
        log_version(
            node, AVPN_LOG_ERROR, "configuration ", slice.version,
            " is genuine, but does not follow the one held or is not valid: it is not taken");
    drop_slice(node, &slice);
    return verdict;
}

/* This node's slice of a bundle; another document as it is. */
static int32_t cut(const struct avpn_node *node, const uint8_t *bundle, size_t count,
                   const struct avpn_config *config, struct avpni_slice *slice_out)
{
    struct avpn_member self = {.size = sizeof self};
    struct avpni_slice slice = {.count = count};
    int32_t error = avpn_config_member_by_key(config, &node->context.identity.public_key, &self);

    if (error == AVPN_OK && avpn_config_is_whole(config)) {
        error = avpn_bundle_slice(bundle, count, config, self.id, NULL, 0, &slice.count);
        error = error == AVPN_ERROR_SPACE ? AVPN_OK : error;
    }
    if (error != AVPN_OK)
        return error;
    slice.bytes = avpni_allocate(&node->context.memory, 1, slice.count);
    if (slice.bytes == NULL)
        return AVPN_ERROR_MEMORY;
    if (avpn_config_is_whole(config))
        error = avpn_bundle_slice(bundle, count, config, self.id, slice.bytes, slice.count,
                                  &slice.count);
    else
        memcpy(slice.bytes, bundle, count);
    if (error != AVPN_OK)
        avpni_slice_drop(&node->context.memory, &slice);
    *slice_out = slice;
    return error;
}

int32_t avpn_node_set_configuration(struct avpn_node *node, const uint8_t *bundle, size_t count,
                                    avpn_time now)
{
    struct avpn_config *config = NULL;
    struct avpni_slice slice = {0};
    int32_t error;

    if (node == NULL || bundle == NULL)
        return AVPN_ERROR_ARGUMENT;
    error = avpn_config_read(bundle, count, &node->context.organization, 0, &node->context.host,
                             &config);
    if (error != AVPN_OK)
        return error;
    error = cut(node, bundle, count, config, &slice);
    avpn_config_del(config);
    if (error == AVPN_OK)
        error = take(node, &slice, now);
    drop_slice(node, &slice);
    if (error == AVPN_OK)
        avpni_node_flush(node, now);
    return error;
}

/* ---- the first one ---------------------------------------------------------------------------- */

static bool is_ours(int32_t error)
{
    return error == AVPN_ERROR_MEMORY || error == AVPN_ERROR_RANDOM;
}

static void log_unused(const struct avpn_node *node, uint32_t place, int32_t error)
{
    struct avpni_text text = {0};

    avpni_text_add(&text, "stored configuration ");
    avpni_text_add_number(&text, place);
    avpni_text_add(&text, " is not used: ");
    avpni_text_add(&text, avpn_error_name(error));
    avpni_log(&node->context, AVPN_LOG_WARNING, &text);
}

/* A place's slice if it verifies; what does not is as good as none. */
static int32_t load(struct avpn_node *node, uint32_t place, struct avpni_slice *slice_out)
{
    struct avpn_config *config = NULL;
    int32_t error = avpni_slices_read(&node->configure.slices, place, slice_out);

    if (error != AVPN_OK || slice_out->bytes == NULL)
        return error;
    error = read_slice(node, slice_out, &config);
    avpn_config_del(config);
    if (error == AVPN_OK) {
        avpni_slices_note(&node->configure.slices, place, slice_out->version);
        return AVPN_OK;
    }
    drop_slice(node, slice_out);
    if (is_ours(error))
        return error;
    log_unused(node, place, error);
    return AVPN_OK;
}

/* What was stored comes into force as it is: it was checked when it was taken. */
static int32_t start_with(struct avpn_node *node, uint32_t place, struct avpni_slice *slice,
                          avpn_time now)
{
    int32_t error = slice->bytes == NULL ? AVPN_OK : apply_again(node, slice, now);

    if (error != AVPN_OK && !is_ours(error)) {
        log_unused(node, place, error);
        return AVPN_OK;
    }
    if (error == AVPN_OK && slice->bytes != NULL) {
        node->configure.highest = slice->version;
        move_slice(node, &node->configure.current, slice);
    }
    return error;
}

/* The higher of the two places; if it has not stood its trial, the other is what an undoing brings back. */
static int32_t start_stored(struct avpn_node *node, avpn_time now)
{
    struct avpni_configure *configure = &node->configure;
    struct avpni_slice found[AVPNI_SLICE_PLACES] = {{0}};
    uint32_t newer;
    int32_t error = load(node, 0, &found[0]);

    if (error == AVPN_OK)
        error = load(node, 1, &found[1]);
    newer = found[1].version > found[0].version;
    if (error == AVPN_OK)
        error = start_with(node, newer, &found[newer], now);
    if (error == AVPN_OK && node->config == NULL)
        error = start_with(node, 1 - newer, &found[1 - newer], now);
    if (error == AVPN_OK && found[1 - newer].bytes != NULL && configure->undo_after > 0 &&
        configure->slices.trial == configure->current.version && !node->is_revoked) {
        move_slice(node, &configure->fallback, &found[1 - newer]);
        begin_trial(node, now);
    }
    drop_slice(node, &found[0]);
    drop_slice(node, &found[1]);
    return error;
}

/* The bundle of the options; one that is not newer than what is held already is no error. */
static int32_t start_given(struct avpn_node *node, const struct avpn_node_options *options,
                           avpn_time now)
{
    int32_t error = avpn_node_set_configuration(node, options->bundle, options->bundle_bytes, now);
    uint64_t version = 0;

    if (error == AVPN_ERROR_VERSION && node->config != NULL &&
        avpn_bundle_version(options->bundle, options->bundle_bytes, &version) == AVPN_OK &&
        version <= node->configure.highest)
        return AVPN_OK;
    return error;
}

/* The token's registries, and claims in the place of registrations [JOIN-2]. */
static int32_t start_joining(struct avpn_node *node, const struct avpn_token *token, avpn_time now)
{
    int32_t error = avpni_claim_begin(&node->context, token);
    struct avpn_registry_entry entries[AVPN_REGISTRIES];

    if (error != AVPN_OK)
        return error;
    avpni_token_registries(token, entries);
    avpni_node_set_registries(node, entries, token->registry_count, now);
    node->configure.highest = token->version == 0 ? 0 : token->version - 1;
    return AVPN_OK;
}

int32_t avpni_configure_init(struct avpn_node *node, const struct avpn_node_options *options,
                             avpn_time now)
{
    struct avpni_configure *configure = &node->configure;
    int32_t error = avpni_timers_reserve(&node->context.timers, 1);

    if (error != AVPN_OK)
        return error;
    avpni_timer_init(&configure->timer, fire, node);
    configure->undo_after = options->undo_after == 0 ? AVPNI_UNDO_AFTER : options->undo_after;
    if (configure->undo_after < 0)
        configure->undo_after = 0;
    avpni_slices_init(&configure->slices, &node->context);
    error = start_stored(node, now);
    if (error == AVPN_OK && options->bundle != NULL)
        error = start_given(node, options, now);
    if (error == AVPN_OK && node->config == NULL && options->token != NULL)
        error = start_joining(node, options->token, now);
    if (error == AVPN_OK)
        avpni_syncer_hold(&node->syncer, configure->current.version, configure->highest, now);
    return error;
}

void avpni_configure_fini(struct avpn_node *node)
{
    struct avpni_configure *configure = &node->configure;

    if (configure->timer.fire == NULL)
        return;
    drop_slice(node, &configure->current);
    drop_slice(node, &configure->fallback);
    drop_slice(node, &configure->undone);
    avpni_timer_clear(&node->context.timers, &configure->timer);
    avpni_timers_reserve(&node->context.timers, -1);
}
