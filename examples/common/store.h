/* SPDX-License-Identifier: ISC */
/*
 * store: small files that survive a crash. Every write goes to a file beside the old one, is
 * forced to disk and takes its place at once: readers see the old bytes or the new, never half.
 *
 * Names are a-z 0-9 . _ - and never begin with a dot.
 */
#ifndef EXAMPLES_STORE_H
#define EXAMPLES_STORE_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <autovpn/noise.h>

struct store {
    char directory[PATH_MAX - 128];
    int lock; /* -1: not locked */
};

/* Makes the directory (0700) with its parents if needed. 0, or -1 with errno. */
int store_open(struct store *store, const char *directory);
void store_close(struct store *store);
/* -1 with errno EWOULDBLOCK: another process holds the directory. */
int store_lock(struct store *store);

/* Fit the seams of struct avpn_host, with the store as user. */
int64_t store_read(const struct store *store, const char *name, uint8_t *bytes, size_t capacity);
int32_t store_write(const struct store *store, const char *name, const uint8_t *bytes,
                    size_t count);
/* What is not there is removed already. 0, or -1 with errno. */
int store_remove(const struct store *store, const char *name);

/* The whole file, at most `limit` bytes (EFBIG), to be freed; -1 with errno. NUL follows the bytes. */
int file_read(const char *path, size_t limit, uint8_t **bytes_out, size_t *count_out);
int file_replace(const char *path, const void *bytes, size_t count, mode_t mode);
/* The directory that `path` is to stand in, with its parents, where they are missing. 0, or -1 with errno. */
int file_make_directory(const char *path);

/*
 * A 32-byte secret as one line of base64. -1 with errno; EBADMSG: the file holds something
 * else. make: as load, but where there is no file, one is made first (0600).
 */
int secret_load(const char *path, struct avpn_key *secret_out);
int secret_save(const char *path, const struct avpn_key *secret);
int key_pair_load(const char *path, struct avpn_key_pair *pair_out);
int key_pair_make(const char *path, struct avpn_key_pair *pair_out);

#endif
