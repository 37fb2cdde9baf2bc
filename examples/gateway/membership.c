/* SPDX-License-Identifier: ISC */
#include "gateway/membership.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/loop.h"

#define TOKEN_NAME "token"

/* ---- which organization ------------------------------------------------------------------ */

static int is_same_key(const struct avpn_key *a, const struct avpn_key *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static int read_token(struct membership *membership, const struct store *store)
{
    char text[AVPN_TOKEN_TEXT];
    int64_t length = store_read(store, TOKEN_NAME, (uint8_t *)text, sizeof text - 1);
    int32_t error = AVPN_ERROR_FORMAT;

    if (length < 0)
        return 0;
    if (length < (int64_t)sizeof text) {
        text[length] = 0;
        membership->token.size = sizeof membership->token;
        error = avpn_token_parse(text, &membership->token);
    }
    explicit_bzero(text, sizeof text);
    membership->has_token = error == AVPN_OK;
    if (error == AVPN_OK)
        return 0;
    fprintf(stderr, "%s/%s: is not a token, or damaged; join again with autovpn-gateway --join\n",
            store->directory, TOKEN_NAME);
    return -1;
}

/* What the stored configuration claims is enough here: the engine verifies it against the result. */
static int read_stored(struct membership *membership, const struct store *store,
                       struct avpn_key *organization_out)
{
    static const char *const names[] = {"configuration-0", "configuration-1"};
    int is_told = 0;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[PATH_MAX];
        uint8_t *bytes;
        size_t count;

        (void)snprintf(path, sizeof path, "%s/%s", store->directory, names[i]);
        if (file_read(path, AVPN_BUNDLE_LIMIT, &bytes, &count) != 0)
            continue;
        membership->has_stored = 1;
        if (!is_told && avpn_bundle_organization(bytes, count, organization_out) == AVPN_OK)
            is_told = 1;
        free(bytes);
    }
    return is_told;
}

static int complain_of_setting(const struct setup *setup, const char *setup_path,
                               const char *what, const struct avpn_key *other)
{
    char named[AVPN_KEY_TEXT] = "", found[AVPN_KEY_TEXT] = "";

    (void)avpn_key_format(&setup->organization, named, sizeof named);
    (void)avpn_key_format(other, found, sizeof found);
    fprintf(stderr, "%s:%u: organization: %s: %s is of organization %s; name that one here, or begin "
                    "with another state directory than %s\n",
            setup_path, setup->organization_line, named, what, found, setup->state);
    return -1;
}

static int agree(const struct membership *membership, const struct setup *setup,
                 const char *setup_path, const struct avpn_key *stored)
{
    const struct avpn_key *in_token = &membership->token.organization;

    if (setup->organization_line && membership->has_token &&
        !is_same_key(&setup->organization, in_token))
        return complain_of_setting(setup, setup_path, "the token", in_token);
    if (setup->organization_line && stored && !is_same_key(&setup->organization, stored))
        return complain_of_setting(setup, setup_path, "the stored configuration", stored);
    if (!membership->has_token || !stored || is_same_key(in_token, stored))
        return 0;
    fprintf(stderr, "%s: holds the configuration of another organization than the token is of; begin "
                    "with another state directory\n",
            setup->state);
    return -1;
}

int membership_read(struct membership *membership, const struct setup *setup,
                    const char *setup_path, const struct store *store,
                    const struct avpn_token *token)
{
    struct avpn_key stored;
    int is_stored;

    memset(membership, 0, sizeof *membership);
    if (token)
        membership->token = *token;
    else if (read_token(membership, store) != 0)
        return -1;
    membership->has_token |= token != NULL;
    is_stored = read_stored(membership, store, &stored);
    if (agree(membership, setup, setup_path, is_stored ? &stored : NULL) != 0)
        return -1;
    if (setup->organization_line)
        membership->organization = setup->organization;
    else if (membership->has_token)
        membership->organization = membership->token.organization;
    else if (is_stored)
        membership->organization = stored;
    else {
        fprintf(stderr, "%s:1: organization: is missing, and none was joined yet: name it here, or "
                        "join with a token: autovpn-gateway --join TOKEN\n",
                setup_path);
        return -1;
    }
    return 0;
}

/* ---- the token ---------------------------------------------------------------------------- */

int membership_keep_token(const struct membership *membership, const struct store *store)
{
    char text[AVPN_TOKEN_TEXT];
    int32_t result = -1;

    if (avpn_token_format(&membership->token, text, sizeof text) == AVPN_OK)
        result = store_write(store, TOKEN_NAME, (const uint8_t *)text, strlen(text));
    explicit_bzero(text, sizeof text);
    return result;
}

void membership_drop_token(struct membership *membership, const struct store *store)
{
    (void)store_remove(store, TOKEN_NAME);
    explicit_bzero(&membership->token, sizeof membership->token);
    membership->has_token = 0;
}

/* ---- the bundle's file ---------------------------------------------------------------------- */

const char *membership_advice(int32_t error)
{
    switch (error) {
    case AVPN_ERROR_FORMAT:
        return "is not a bundle made by autovpn org publish, or damaged";
    case AVPN_ERROR_AUTH:
        return "is of another organization, or its signatures do not verify";
    case AVPN_ERROR_EXPIRED:
        return "has expired: publish a new one (or is this machine's clock wrong?)";
    case AVPN_ERROR_NOT_FOUND:
        return "does not name this node: add the key that --show-key prints to org.yaml";
    case AVPN_ERROR_ARGUMENT:
        return "is signed but not valid";
    default:
        return avpn_error_name(error);
    }
}

static int32_t verify_bundle(const struct membership *membership,
                             const struct avpn_key_pair *identity, const uint8_t *bytes,
                             size_t count)
{
    struct avpn_member self = {.size = sizeof self};
    struct avpn_config *config = NULL;
    int32_t error = avpn_config_read(bytes, count, &membership->organization,
                                     loop_wall_clock(NULL), NULL, &config);

    if (error == AVPN_OK)
        error = avpn_config_member_by_key(config, &identity->public_key, &self);
    avpn_config_del(config);
    return error;
}

int membership_check_bundle(const struct membership *membership, const struct setup *setup,
                            const char *setup_path, const struct avpn_key_pair *identity)
{
    uint8_t *bytes = NULL;
    size_t count = 0;
    int32_t error;

    if (!setup->bundle[0])
        return 0;
    if (file_read(setup->bundle, AVPN_BUNDLE_LIMIT, &bytes, &count) != 0) {
        fprintf(stderr, "%s:%u: bundle: %s: cannot be read: %s; it should be the file that "
                        "autovpn org publish wrote\n",
                setup_path, setup->bundle_line, setup->bundle, strerror(errno));
        return -1;
    }
    error = verify_bundle(membership, identity, bytes, count);
    free(bytes);
    if (error == AVPN_OK)
        return 0;
    fprintf(stderr, "%s:%u: bundle: %s: %s\n", setup_path, setup->bundle_line, setup->bundle,
            membership_advice(error));
    return -1;
}
