/* SPDX-License-Identifier: ISC */
/*
 * keys: the secrets of an organization, a file each (secret_file.h) in one or more directories (0700).
 *
 *     root-1 ...     Ed25519 seeds that sign the charter: who signs, which registries and suites there are
 *     signer-1 ...   Ed25519 seeds that sign every publish
 *     psk            the pre-shared keys of this epoch and of the one before
 *
 * A seed is found by its public half, whatever its file is called and in whichever directory it lies: root
 * keys may be on several people's sticks. Only as many are opened as a threshold asks for.
 */
#ifndef ADMIN_KEYS_H
#define ADMIN_KEYS_H

#include <limits.h>

#include <autovpn/authority.h>

#include "admin/passphrase.h"

#define KEY_DIRECTORIES 8

struct key_ring {
    char directories[KEY_DIRECTORIES][PATH_MAX]; /* new keys go to the first */
    uint32_t count;
    int is_plain; /* new files are not locked; found out when one is opened */
    struct passphrases passphrases;
};

/* A set of which `threshold` must sign; ascending, so that a key's place is its number in signatures. */
struct key_set {
    uint32_t threshold;
    uint32_t count;
    struct avpn_key keys[AVPN_AUTHORITY_KEYS]; /* public halves */
};

struct key_psk {
    uint32_t epoch;
    struct avpn_key current;
    struct avpn_key previous; /* zero in epoch 1 */
};

/* All: 0, or -1 after a complaint. */
int keys_add_directory(struct key_ring *ring, const char *directory);
void keys_close(struct key_ring *ring);

/* Make the set's keys, files KIND-1 ... in the first directory, which is made if it is missing; never overwrites. */
int keys_make(struct key_ring *ring, const char *kind, uint32_t count, uint32_t threshold,
              struct key_set *set_out);
/* Make room: KIND-1 ... become retired-GENERATION-KIND-1 ..., and are found as before. */
int keys_retire(const struct key_ring *ring, const char *kind, uint32_t generation);

/* 1 opened; 0 no file has it; -1 after a complaint. */
int keys_seed(struct key_ring *ring, const char *kind, const struct avpn_key *public_key,
              struct avpn_key *seed_out);
/* Give an authority as many seeds of a set as its threshold asks for. */
int keys_give(struct key_ring *ring, const char *kind, const struct key_set *set,
              struct avpn_authority *authority);
/* The public halves of the files KIND-1 ... that are there, as a set with this threshold. 0 keys: there are none. */
void keys_guess(const struct key_ring *ring, const char *kind, uint32_t threshold,
                struct key_set *set_out);

int keys_psk_open(struct key_ring *ring, struct key_psk *psk_out);
int keys_psk_save(struct key_ring *ring, const struct key_psk *psk);
/* The epoch, without opening. */
int keys_psk_epoch(const struct key_ring *ring, uint32_t *epoch_out);

#endif
