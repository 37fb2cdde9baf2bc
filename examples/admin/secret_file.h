/* SPDX-License-Identifier: ISC */
/*
 * secret_file: one secret in one file (0600), a line of text, locked with a passphrase or plain:
 *
 *     autovpn-secret 1 KIND PUBLIC argon2id13 OPERATIONS MEMORY_BYTES SALT xchacha20poly1305 NONCE SEALED
 *     autovpn-secret 1 KIND PUBLIC plain SECRET
 *
 * KIND is root, signer or psk. PUBLIC is what may be known without opening: the public half of a root or signing
 * key, the epoch of the pre-shared keys. Salt, nonce and what is sealed are base64. The key is Argon2id's of the
 * passphrase; all of the line before SEALED is authenticated with it, so no part of a file can be exchanged.
 */
#ifndef ADMIN_SECRET_FILE_H
#define ADMIN_SECRET_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "admin/passphrase.h"

#define SECRET_KIND_BYTES 8    /* with NUL */
#define SECRET_PUBLIC_BYTES 48 /* with NUL */
#define SECRET_LIMIT 64        /* bytes of a secret */

struct secret_label {
    char kind[SECRET_KIND_BYTES];
    char public_text[SECRET_PUBLIC_BYTES];
    int is_plain;
};

/* 1: read; 0: no such file, or none of ours; -1 after a complaint: damaged. */
int secret_file_label(const char *path, struct secret_label *label_out);
/* All `count` bytes of the secret. 0, or -1 after a complaint. */
int secret_file_open(const char *path, struct passphrases *passphrases, uint8_t *secret_out,
                     size_t count);
/* Replaces the file at once. `passphrases` NULL: plain, as label->is_plain says. 0, or -1 after a complaint. */
int secret_file_save(const char *path, const struct secret_label *label,
                     struct passphrases *passphrases, const uint8_t *secret, size_t count);

#endif
