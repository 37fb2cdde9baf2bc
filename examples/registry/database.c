/* SPDX-License-Identifier: ISC */
#include "registry/database.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/log.h"
#include "common/store.h"

#define APPLICATION 0x4156504e /* "AVPN", so that another program's file is not taken for ours */
#define SCHEMA 1
#define BUSY_MS 5000 /* somebody else may be looking in */
#define KEPT_NAMES "organization-"

/* What was found at a path. */
enum finding { FOUND_GOOD, FOUND_EMPTY, FOUND_DAMAGE, FOUND_TROUBLE };

static const char schema[] = "BEGIN IMMEDIATE;"
                             "CREATE TABLE document ("
                             " number INTEGER PRIMARY KEY AUTOINCREMENT,"
                             " name TEXT NOT NULL,"
                             " bytes BLOB NOT NULL,"
                             " written INTEGER NOT NULL);" /* seconds since 1970, for people */
                             "CREATE INDEX document_name ON document (name, number);"
                             "PRAGMA application_id = 0x4156504e;"
                             "PRAGMA user_version = 1;"
                             "COMMIT;";

/* ---- one statement ------------------------------------------------------------------------ */

static int execute(struct database *database, const char *text)
{
    return sqlite3_exec(database->handle, text, NULL, NULL, NULL);
}

/* The first value of the first row, as a number and as text. A SQLite result code. */
static int ask(struct database *database, const char *question, int64_t *number_out,
               char *text_out, size_t capacity)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(database->handle, question, -1, &statement, NULL);

    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(statement, 0);

        if (number_out)
            *number_out = sqlite3_column_int64(statement, 0);
        if (text_out)
            (void)snprintf(text_out, capacity, "%s", text ? (const char *)text : "");
        result = SQLITE_OK;
    }
    (void)sqlite3_finalize(statement);
    return result;
}

static int is_damage(int result)
{
    return (result & 0xff) == SQLITE_CORRUPT || (result & 0xff) == SQLITE_NOTADB;
}

static enum finding describe_failure(struct database *database, int result, char *problem_out)
{
    (void)snprintf(problem_out, DATABASE_PROBLEM, "%s",
                   database->handle ? sqlite3_errmsg(database->handle) : sqlite3_errstr(result));
    return is_damage(result) ? FOUND_DAMAGE : FOUND_TROUBLE;
}

/* ---- opening ------------------------------------------------------------------------------- */

static void close_handle(struct database *database)
{
    (void)sqlite3_finalize(database->read);
    (void)sqlite3_finalize(database->insert);
    (void)sqlite3_finalize(database->trim);
    (void)sqlite3_finalize(database->history);
    (void)sqlite3_close(database->handle);
    database->read = database->insert = database->trim = database->history = NULL;
    database->handle = NULL;
}

/* Nothing of a registry's store is for others to read, the file's companions included. */
static int connect_to(struct database *database, const char *path, int flags)
{
    mode_t mask = umask(077);
    int result = sqlite3_open_v2(path, &database->handle, flags, NULL);

    (void)umask(mask);
    if (result == SQLITE_OK)
        result = sqlite3_extended_result_codes(database->handle, 1);
    if (result == SQLITE_OK)
        result = sqlite3_busy_timeout(database->handle, BUSY_MS);
    return result;
}

static enum finding check_integrity(struct database *database, char *problem_out)
{
    char verdict[200] = "";
    int result = ask(database, "PRAGMA integrity_check(1)", NULL, verdict, sizeof verdict);

    if (result != SQLITE_OK)
        return describe_failure(database, result, problem_out);
    if (strcmp(verdict, "ok") == 0)
        return FOUND_GOOD;
    (void)snprintf(problem_out, DATABASE_PROBLEM, "%s", verdict);
    return FOUND_DAMAGE;
}

static enum finding inspect(struct database *database, char *problem_out)
{
    int64_t application = 0, version = 0, tables = 0;
    int result = ask(database, "PRAGMA application_id", &application, NULL, 0);

    if (result == SQLITE_OK)
        result = ask(database, "PRAGMA user_version", &version, NULL, 0);
    if (result == SQLITE_OK)
        result = ask(database, "SELECT count(*) FROM sqlite_schema", &tables, NULL, 0);
    if (result != SQLITE_OK)
        return describe_failure(database, result, problem_out);
    if (application == 0 && version == 0 && tables == 0)
        return FOUND_EMPTY;
    if (application != APPLICATION)
        (void)snprintf(problem_out, DATABASE_PROBLEM,
                       "is a database of another program; name another file");
    else if (version != SCHEMA)
        (void)snprintf(problem_out, DATABASE_PROBLEM,
                       "was made by another version of autovpn-registry (its schema is %lld, this one "
                       "knows %d); use that version, or name another file and publish again",
                       (long long)version, SCHEMA);
    else
        return check_integrity(database, problem_out);
    return FOUND_TROUBLE;
}

static int prepare(struct database *database, const char *text, sqlite3_stmt **statement_out)
{
    return sqlite3_prepare_v3(database->handle, text, -1, SQLITE_PREPARE_PERSISTENT, statement_out,
                              NULL);
}

static int prepare_all(struct database *database)
{
    int result = prepare(database,
                         "SELECT bytes FROM document WHERE name = ?1 ORDER BY number DESC LIMIT 1",
                         &database->read);

    if (result == SQLITE_OK)
        result = prepare(database,
                         "INSERT INTO document (name, bytes, written)"
                         " VALUES (?1, ?2, CAST(strftime('%s', 'now') AS INTEGER))",
                         &database->insert);
    if (result == SQLITE_OK)
        result = prepare(database,
                         "DELETE FROM document WHERE name = ?1 AND number NOT IN (SELECT number FROM "
                         "document WHERE name = ?1 ORDER BY number DESC LIMIT ?2)",
                         &database->trim);
    if (result == SQLITE_OK)
        result = prepare(database, "SELECT bytes FROM document WHERE name = ?1 ORDER BY number",
                         &database->history);
    return result;
}

static enum finding begin(struct database *database, enum finding found, char *problem_out)
{
    int result = execute(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                   "PRAGMA journal_size_limit = 1048576;");

    if (result == SQLITE_OK && found == FOUND_EMPTY)
        result = execute(database, schema);
    if (result == SQLITE_OK)
        result = prepare_all(database);
    if (result == SQLITE_OK)
        return FOUND_GOOD;
    /* ours by its marks, but without its table: what SQLite calls an error is damage here */
    if (found == FOUND_GOOD && (result & 0xff) == SQLITE_ERROR)
        result = SQLITE_CORRUPT;
    return describe_failure(database, result, problem_out);
}

static enum finding open_file(struct database *database, const char *path, char *problem_out)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int result = connect_to(database, path, flags);
    enum finding found;

    if (result != SQLITE_OK)
        return describe_failure(database, result, problem_out);
    found = inspect(database, problem_out);
    if (found == FOUND_GOOD || found == FOUND_EMPTY)
        found = begin(database, found, problem_out);
    return found;
}

/*
 * Two registries at one store would undo each other's writes. The lock is held on a descriptor of
 * its own, which stays open until SQLite is done: closing any descriptor of a file drops SQLite's locks.
 */
static int take_lock(struct database *database, const char *path)
{
    database->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return database->lock >= 0 && flock(database->lock, LOCK_EX | LOCK_NB) == 0 ? 0 : -1;
}

static void drop_lock(struct database *database)
{
    if (database->lock >= 0)
        (void)close(database->lock);
    database->lock = -1;
}

/* With its companions, which a person needs to recover what is left in it. */
static int move_aside(const char *path, char moved_out[PATH_MAX])
{
    static const char *const companions[] = {"-wal", "-shm"};
    char from[PATH_MAX + 8], to[PATH_MAX + 8], moment[32];
    time_t now = time(NULL);
    struct tm parts;

    (void)strftime(moment, sizeof moment, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &parts));
    if (snprintf(moved_out, PATH_MAX, "%s.damaged-%s", path, moment) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    for (size_t i = 0; i < sizeof companions / sizeof companions[0]; i++) {
        (void)snprintf(from, sizeof from, "%s%s", path, companions[i]);
        (void)snprintf(to, sizeof to, "%s%s", moved_out, companions[i]);
        if (rename(from, to) != 0 && errno != ENOENT)
            return -1;
    }
    return rename(path, moved_out);
}

static enum database_state begin_anew(struct database *database, const char *path,
                                      char *problem_out)
{
    char moved[PATH_MAX], why[200];

    (void)snprintf(why, sizeof why, "%s", problem_out);
    close_handle(database);
    drop_lock(database);
    if (move_aside(path, moved) != 0 || take_lock(database, path) != 0) {
        (void)snprintf(problem_out, DATABASE_PROBLEM,
                       "is damaged (%s) and cannot be moved aside: %s; move it away", why,
                       strerror(errno));
        return DATABASE_FAILED;
    }
    if (open_file(database, path, problem_out) != FOUND_GOOD)
        return DATABASE_FAILED;
    (void)snprintf(problem_out, DATABASE_PROBLEM,
                   "is damaged (%s); it is now %.400s, and a new one is begun: publish every "
                   "organization again (autovpn org publish); devices that wait claim again by themselves",
                   why, moved);
    return DATABASE_RENEWED;
}

enum database_state database_open(struct database *database, const char *path, char *problem_out)
{
    enum database_state state = DATABASE_FAILED;
    enum finding found;

    memset(database, 0, sizeof *database);
    problem_out[0] = 0;
    if (file_make_directory(path) != 0 || take_lock(database, path) != 0) {
        (void)snprintf(problem_out, DATABASE_PROBLEM, "%s",
                       errno == EWOULDBLOCK ? "is in use by another registry" : strerror(errno));
        drop_lock(database);
        return DATABASE_FAILED;
    }
    found = open_file(database, path, problem_out);
    if (found == FOUND_GOOD)
        return DATABASE_OPEN;
    if (found == FOUND_DAMAGE)
        state = begin_anew(database, path, problem_out);
    if (state == DATABASE_FAILED)
        database_close(database);
    return state;
}

void database_close(struct database *database)
{
    if (!database->handle && database->lock <= 0)
        return; /* never opened */
    close_handle(database);
    drop_lock(database);
}

int database_check(const char *path, char *problem_out)
{
    struct database database = {.lock = -1};
    enum finding found = FOUND_EMPTY;
    int result;

    if (access(path, F_OK) != 0 && errno == ENOENT)
        return 0;
    result = connect_to(&database, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX);
    found = result == SQLITE_OK ? inspect(&database, problem_out)
                                : describe_failure(&database, result, problem_out);
    close_handle(&database);
    if (found == FOUND_DAMAGE) {
        char why[200];

        (void)snprintf(why, sizeof why, "%s", problem_out);
        (void)snprintf(problem_out, DATABASE_PROBLEM,
                       "is damaged (%s); when the registry starts it moves it aside and begins a new "
                       "one, and every organization is to be published again",
                       why);
    }
    return found == FOUND_GOOD || found == FOUND_EMPTY ? 0 : -1;
}

/* ---- documents -------------------------------------------------------------------------------- */

/* Statements are reset as soon as they are done: a row that is not would hold up checkpoints. */
static void reset(sqlite3_stmt *statement)
{
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
}

static void complain(struct database *database, const char *what)
{
    log_line(AVPN_LOG_ERROR, "the store: %s: %s", what, sqlite3_errmsg(database->handle));
}

int64_t database_read(struct database *database, const char *name, uint8_t *bytes, size_t capacity)
{
    int64_t length = -1;
    int result;

    (void)sqlite3_bind_text(database->read, 1, name, -1, SQLITE_STATIC);
    result = sqlite3_step(database->read);
    if (result == SQLITE_ROW) {
        const void *blob = sqlite3_column_blob(database->read, 0);
        size_t count = (size_t)sqlite3_column_bytes(database->read, 0);

        if (blob && capacity > 0)
            memcpy(bytes, blob, count < capacity ? count : capacity);
        length = (int64_t)count;
    } else if (result != SQLITE_DONE) {
        complain(database, "cannot be read");
    }
    reset(database->read);
    return length;
}

static int step(sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);

    reset(statement);
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

static int write_inside(struct database *database, const char *name, const uint8_t *bytes,
                        size_t count)
{
    int kept = strncmp(name, KEPT_NAMES, strlen(KEPT_NAMES)) == 0 ? DATABASE_VERSIONS : 1;
    int result = sqlite3_bind_text(database->insert, 1, name, -1, SQLITE_STATIC);

    if (result == SQLITE_OK) /* no bytes are a blob of none, not NULL */
        result = sqlite3_bind_blob64(database->insert, 2, bytes ? bytes : (const uint8_t *)"",
                                     count, SQLITE_STATIC);
    if (result == SQLITE_OK)
        result = step(database->insert);
    if (result == SQLITE_OK)
        result = sqlite3_bind_text(database->trim, 1, name, -1, SQLITE_STATIC);
    if (result == SQLITE_OK)
        result = sqlite3_bind_int(database->trim, 2, kept);
    if (result == SQLITE_OK)
        result = step(database->trim);
    return result;
}

int32_t database_write(struct database *database, const char *name, const uint8_t *bytes,
                       size_t count)
{
    int result = execute(database, "BEGIN IMMEDIATE");

    if (result == SQLITE_OK)
        result = write_inside(database, name, bytes, count);
    if (result == SQLITE_OK)
        result = execute(database, "COMMIT");
    if (result == SQLITE_OK)
        return 0;
    complain(database, "nothing was written");
    if (!sqlite3_get_autocommit(database->handle))
        (void)execute(database, "ROLLBACK");
    return -1;
}

void database_history(struct database *database, const char *name,
                      void (*give)(void *user, const uint8_t *bytes, size_t count), void *user)
{
    int result;

    (void)sqlite3_bind_text(database->history, 1, name, -1, SQLITE_STATIC);
    while ((result = sqlite3_step(database->history)) == SQLITE_ROW) {
        const void *blob = sqlite3_column_blob(database->history, 0);

        if (blob)
            give(user, blob, (size_t)sqlite3_column_bytes(database->history, 0));
    }
    if (result != SQLITE_DONE)
        complain(database, "cannot be read");
    reset(database->history);
}
