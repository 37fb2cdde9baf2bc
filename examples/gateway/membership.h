/* SPDX-License-Identifier: ISC */
/*
 * membership: which organization this device is of, and how it gets in.
 *
 * Three places can name the organization: the settings, a token in the state directory, and a
 * configuration stored there. One is enough, and those that do must agree. A token is kept from
 * --join until a configuration is in force; it is a secret like a key.
 */
#ifndef GATEWAY_MEMBERSHIP_H
#define GATEWAY_MEMBERSHIP_H

#include <autovpn/join.h>

#include "common/store.h"
#include "gateway/setup.h"

struct membership {
    struct avpn_key organization;
    int has_token;
    int has_stored; /* a configuration is in the state directory, whether or not it verifies */
    struct avpn_token token;
};

/* `token`: in the place of one in the store, or NULL. 0, or -1 after a complaint that says what to do. */
int membership_read(struct membership *membership, const struct setup *setup,
                    const char *setup_path, const struct store *store,
                    const struct avpn_token *token);
/* Keep the token for when the gateway runs. 0, or -1 with errno. */
int membership_keep_token(const struct membership *membership, const struct store *store);
/* It has served its purpose, or never will. */
void membership_drop_token(struct membership *membership, const struct store *store);

/* Verify the bundle that the setup names, and that this node is in it; 0, or -1 after a complaint. */
int membership_check_bundle(const struct membership *membership, const struct setup *setup,
                            const char *setup_path, const struct avpn_key_pair *identity);
/* Why a configuration was not taken, and what to do about it. */
const char *membership_advice(int32_t error);

#endif
