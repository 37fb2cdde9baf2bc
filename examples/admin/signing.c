/* SPDX-License-Identifier: ISC */
#include "admin/signing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#define NO_NUMBER 255

static int complain(const struct desk *desk, const char *what)
{
    fprintf(stderr, "%s: %s\n", desk->path, what);
    return -1;
}

static int complain_of(const struct desk *desk, const char *what, int32_t error)
{
    fprintf(stderr, "%s: %s: %s\n", desk->path, what, avpn_error_name(error));
    return -1;
}

void signing_set(const struct desk *desk, const struct key_ring *ring, struct key_set *set_out)
{
    *set_out = desk->state.signing;
    if (set_out->count == 0)
        keys_guess(ring, "signer", 1, set_out);
}

/* Where the state was lost nobody can tell how many must sign; too many do no harm. */
static void root_set(const struct desk *desk, const struct key_ring *ring, struct key_set *set_out)
{
    *set_out = desk->state.root;
    if (set_out->count > 0)
        return;
    keys_guess(ring, "root", 1, set_out);
    set_out->threshold = set_out->count;
}

/* ---- the authority: what it goes on from ------------------------------------------------------- */

static int32_t declare_first(const struct desk *desk, struct avpn_authority *authority)
{
    const struct state *state = &desk->state;

    if (state->root.count == 0 || state->signing.count == 0)
        return AVPN_ERROR_STATE;
    return avpn_authority_set_root_keys(authority, state->root.threshold, state->root.keys,
                                        state->root.count);
}

static int32_t declare(const struct desk *desk, struct avpn_authority *authority)
{
    const struct state *state = &desk->state;
    int32_t error = desk->bundle ? avpn_authority_adopt(authority, &state->organization,
                                                        desk->bundle, desk->bundle_bytes)
                                 : declare_first(desk, authority);

    if (error == AVPN_OK && state->signing.count > 0)
        error = avpn_authority_set_signing_keys(authority, state->signing.threshold,
                                                state->signing.keys, state->signing.count);
    if (error == AVPN_OK && state->next_root.count > 0)
        error = avpn_authority_rotate_root(authority, state->next_root.threshold,
                                           state->next_root.keys, state->next_root.count);
    return error;
}

static int check_organization(const struct desk *desk, const struct avpn_authority *authority)
{
    struct avpn_key organization;

    if (avpn_authority_organization(authority, &organization) == AVPN_OK &&
        memcmp(&organization, &desk->state.organization, sizeof organization) == 0)
        return 0;
    return complain(desk, "its root keys are not those that the organization is named after; "
                          "restore org.published from version control");
}

static int prepare(const struct desk *desk, struct avpn_authority *authority)
{
    int32_t error = declare(desk, authority);

    if (error == AVPN_ERROR_STATE && !desk->bundle)
        return complain(desk, "its state is missing and nothing was published that would tell its "
                              "keys; restore org.state.json from version control");
    if (error == AVPN_ERROR_LIMIT)
        return complain(desk, "its root keys were rotated as often as they can be");
    if (error != AVPN_OK)
        return complain_of(desk, "cannot be signed", error);
    return check_organization(desk, authority);
}

/* ---- keys ------------------------------------------------------------------------------------- */

static int give_roots(const struct desk *desk, struct key_ring *ring,
                      struct avpn_authority *authority)
{
    struct key_set set;

    root_set(desk, ring, &set);
    if (keys_give(ring, "root", &set, authority) != 0)
        return -1;
    return desk->state.next_root.count == 0 ||
                   keys_give(ring, "root", &desk->state.next_root, authority) == 0
               ? 0
               : -1;
}

static int give_keys(const struct desk *desk, struct key_ring *ring,
                     struct avpn_authority *authority)
{
    struct key_set set;

    signing_set(desk, ring, &set);
    if (desk->state.signing.count == 0)
        set.threshold = set.count; /* as of root keys */
    if (keys_give(ring, "signer", &set, authority) != 0)
        return -1;
    return avpn_authority_needs_root(authority, desk->config, state_next_version(&desk->state))
               ? give_roots(desk, ring, authority)
               : 0;
}

static int open_psk(const struct desk *desk, struct key_ring *ring,
                    struct avpn_publication *publication)
{
    struct key_psk psk;
    int result = keys_psk_open(ring, &psk);

    if (result == 0 && psk.epoch < desk->state.psk_epoch) {
        fprintf(stderr,
                "%s: holds the pre-shared keys of epoch %u, but there were those of epoch %u "
                "already: restore the newer file\n",
                ring->directories[0], psk.epoch, desk->state.psk_epoch);
        result = -1;
    }
    publication->psk_epoch = psk.epoch;
    publication->psk = psk.current;
    publication->previous_psk = psk.previous;
    sodium_memzero(&psk, sizeof psk);
    return result;
}

/* ---- signing ---------------------------------------------------------------------------------- */

static int sign(const struct desk *desk, const struct avpn_authority *authority,
                const struct avpn_publication *publication, uint8_t **bundle_out, size_t *count_out)
{
    int32_t error = avpn_authority_sign(authority, desk->config, publication, NULL, 0, count_out);

    if (error == AVPN_ERROR_SPACE) {
        *bundle_out = malloc(*count_out);
        error = *bundle_out ? avpn_authority_sign(authority, desk->config, publication, *bundle_out,
                                                  *count_out, count_out)
                            : AVPN_ERROR_MEMORY;
    }
    if (error == AVPN_OK)
        return 0;
    free(*bundle_out);
    *bundle_out = NULL;
    return error == AVPN_ERROR_LIMIT ? complain(desk, "is larger than a configuration may be")
                                     : complain_of(desk, "cannot be signed", error);
}

int signing_run(const struct desk *desk, struct key_ring *ring, int64_t now, int64_t expires,
                uint8_t **bundle_out, size_t *count_out)
{
    struct avpn_publication publication = {.size = sizeof publication};
    struct avpn_authority *authority = NULL;
    struct avpn_invite *invites = calloc(AVPN_INVITES, sizeof *invites);
    int result = -1;

    *bundle_out = NULL;
    if (!invites || avpn_authority_new(NULL, &authority) != AVPN_OK) {
        free(invites);
        return complain(desk, "out of memory");
    }
    publication.version = state_next_version(&desk->state);
    publication.created = now;
    publication.expires = expires;
    publication.invites = invites;
    publication.invite_count = state_invites(&desk->state, now, invites);
    if (prepare(desk, authority) == 0 && open_psk(desk, ring, &publication) == 0 &&
        give_keys(desk, ring, authority) == 0)
        result = sign(desk, authority, &publication, bundle_out, count_out);
    avpn_authority_del(authority);
    sodium_memzero(&publication, sizeof publication);
    free(invites);
    return result == 0 ? 0 : 1;
}

int signing_session_key(const struct desk *desk, struct key_ring *ring, struct avpn_key *seed_out)
{
    uint64_t version = desk->published ? avpn_config_version(desk->published) : 0;
    struct key_set set;

    /* Registries serve the charter before, which does not know keys that are new. */
    if (!desk->published || version >> AVPN_VERSION_SERIAL_SHIFT != desk->state.serial)
        return NO_NUMBER;
    signing_set(desk, ring, &set);
    for (uint32_t i = 0; i < set.count; i++) {
        int result = keys_seed(ring, "signer", &set.keys[i], seed_out);

        if (result < 0)
            return -1;
        if (result == 1)
            return (int)i;
    }
    return NO_NUMBER;
}
