/* SPDX-License-Identifier: ISC */
/*
 * keys: the secrets of an organization, files of one line of base64 in a directory (0700):
 * root and signer (Ed25519 seeds) and psk (the pre-shared key pushed to every member).
 */
#ifndef ADMIN_KEYS_H
#define ADMIN_KEYS_H

#include <autovpn/authority.h>

struct keys {
    struct avpn_authority *authority;
    struct avpn_key psk;
    struct avpn_key organization; /* the id these root keys make */
};

/* 0, or -1 after a complaint. `create` refuses a directory that has keys. */
int keys_create(const char *directory);
int keys_open(struct keys *keys, const char *directory);
void keys_close(struct keys *keys);

#endif
