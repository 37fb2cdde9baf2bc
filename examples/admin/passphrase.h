/* SPDX-License-Identifier: ISC */
/*
 * passphrase: where the passphrases of key files come from, and the keys made of them.
 *
 * From --key-file FILE (its first line), or asked for on the terminal without echo. One run may
 * know several, since root keys may belong to several people. Making a key of a passphrase is slow on
 * purpose, so each is made once; all of it lives in memory that is locked and wiped.
 *
 * Life: zero -> add_file for each --key-file -> get, make, key -> close.
 */
#ifndef ADMIN_PASSPHRASE_H
#define ADMIN_PASSPHRASE_H

#include <stdint.h>

#define PASSPHRASES 8
#define PASSPHRASE_BYTES 256 /* with NUL */
#define PASSPHRASE_LEAST 8   /* characters of a new one */
#define PASSPHRASE_SALT_BYTES 16
#define PASSPHRASE_KEY_BYTES 32

/* How a key is made of a passphrase: Argon2id, libsodium's crypto_pwhash_ALG_ARGON2ID13. */
struct passphrase_cost {
    uint64_t operations;
    uint64_t memory_bytes;
    uint8_t salt[PASSPHRASE_SALT_BYTES];
};

struct passphrase_key {
    uint32_t number; /* of its passphrase */
    struct passphrase_cost cost;
    uint8_t bytes[PASSPHRASE_KEY_BYTES];
};

struct passphrase_memory; /* locked */

struct passphrases {
    const char *files[PASSPHRASES];
    uint32_t file_count;
    int is_mute;        /* nobody is asked */
    uint32_t count;     /* known so far */
    uint32_t key_count; /* made so far */
    uint32_t opener;    /* the one that opened something last: it locks what is new */
    struct passphrase_memory *memory;
};

/* -1 after a complaint: too many. */
int passphrases_add_file(struct passphrases *passphrases, const char *path);
/*
 * The passphrase of that number, for what is in `path`: one known already, that of the next --key-file, or, if none of
 * these is given, one asked for. NULL: there is none; *complained_out tells whether that was said.
 */
const char *passphrases_get(struct passphrases *passphrases, uint32_t number, const char *path,
                            int *complained_out);
/* It was typed, and wrong. 0: it came from a file and stays. */
int passphrases_forget(struct passphrases *passphrases, uint32_t number);
/* One to lock new keys with, unless one is known: the first --key-file's, or one asked for twice. -1 after a complaint. */
int passphrases_make(struct passphrases *passphrases);
/* The key; borrowed until close. NULL after a complaint. */
const uint8_t *passphrases_key(struct passphrases *passphrases, uint32_t number,
                               const struct passphrase_cost *cost);
/* The cost of new files. Those made in one run share a salt, hence a key: their nonces differ. */
void passphrases_cost(const struct passphrases *passphrases, struct passphrase_cost *cost_out);
void passphrases_close(struct passphrases *passphrases);

#endif
