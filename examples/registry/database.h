/* SPDX-License-Identifier: ISC */
/*
 * database: what a registry must not lose, in one SQLite file: documents under the names that
 * the engine's store seam uses (host.h).
 *
 * A write is whole and on disk when the call returns, or nothing happened, whatever kills the
 * process in between (WAL, synchronous=FULL). Of "organization-..." the last DATABASE_VERSIONS
 * writes are kept, so that a registry that starts again can still give updates between them; of
 * anything else the last one.
 *
 * A file that turns out damaged when it is opened is moved aside and a new one begun: all that was in
 * it can be published again, and a registry that does not start helps nobody. A file that cannot be
 * opened, is another program's or a later version's is left alone, and nothing is opened.
 *
 * Life: open -> read, write, history -> close. One process at a time.
 */
#ifndef REGISTRY_DATABASE_H
#define REGISTRY_DATABASE_H

#include <stddef.h>
#include <stdint.h>

#define DATABASE_VERSIONS 4
#define DATABASE_PROBLEM 1024 /* buffer that fits what open and check have to say */

struct sqlite3;
struct sqlite3_stmt;

struct database {
    struct sqlite3 *handle; /* NULL: closed */
    struct sqlite3_stmt *read, *insert, *trim, *history;
    int lock;
};

enum database_state {
    DATABASE_OPEN = 0,
    DATABASE_RENEWED = 1, /* open and empty; `problem_out` says what was moved where, and what to do */
    DATABASE_FAILED = 2   /* closed; `problem_out` says why */
};

/* Make the file, and its directory, where there is none. `problem_out`: DATABASE_PROBLEM bytes. */
enum database_state database_open(struct database *database, const char *path, char *problem_out);
void database_close(struct database *database);
/* Would it open as it is? Changes nothing; a file that is not there yet is fine. 0, or -1 and why. */
int database_check(const char *path, char *problem_out);

/* As the store seam: at most `capacity` bytes of the last write, and its length; negative: none. */
int64_t database_read(struct database *database, const char *name, uint8_t *bytes,
                      size_t capacity);
/* 0, or -1 after a line in the log. */
int32_t database_write(struct database *database, const char *name, const uint8_t *bytes,
                       size_t count);
/* Every write of `name` that is kept, the oldest first. Bytes are borrowed until `give` returns. */
void database_history(struct database *database, const char *name,
                      void (*give)(void *user, const uint8_t *bytes, size_t count), void *user);

#endif
