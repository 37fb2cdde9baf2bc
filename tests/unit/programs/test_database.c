/* SPDX-License-Identifier: ISC */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/log.h"
#include "registry/database.h"

#define ORGANIZATION "organization-00ff"
#define CLAIMS "claims-00ff"
#define LARGE 300000 /* bytes: many pages of the file */

static char directory[64], path[128];
static char problem[DATABASE_PROBLEM];
static uint8_t large[LARGE], back[LARGE];

/* A folder for one test, without a line in the log of what it provokes. */
static void begin(void)
{
    log_set("test", AVPN_LOG_ERROR - 1);
    strcpy(directory, "/tmp/test_database.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/inner/registry.db", directory);
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (uint8_t)(i * 7 + i / 256);
}

static void end(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    ck_assert_int_eq(system(command), 0);
}

static void open_as(struct database *database, enum database_state state)
{
    enum database_state got = database_open(database, path, problem);

    ck_assert_msg(got == state, "state %d, wanted %d: %s", (int)got, (int)state, problem);
}

static void write_text(struct database *database, const char *name, const char *text)
{
    ck_assert_int_eq(database_write(database, name, (const uint8_t *)text, strlen(text)), 0);
}

static void expect_text(struct database *database, const char *name, const char *text)
{
    char got[64] = "";

    ck_assert_int_eq(database_read(database, name, (uint8_t *)got, sizeof got - 1),
                     (int64_t)strlen(text));
    ck_assert_str_eq(got, text);
}

static void collect(void *user, const uint8_t *bytes, size_t count)
{
    char *all = user;

    strncat(all, (const char *)bytes, count);
    strcat(all, " ");
}

static size_t moved_aside(void)
{
    char pattern[160];
    glob_t found;
    size_t count;

    snprintf(pattern, sizeof pattern, "%s.damaged-*Z", path);
    (void)glob(pattern, 0, NULL, &found);
    count = found.gl_pathc;
    globfree(&found);
    return count;
}

static void overwrite(long offset, const void *bytes, size_t count)
{
    int fd = open(path, O_RDWR);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, bytes, count, offset), (ssize_t)count);
    close(fd);
}

static void run_sql(const char *file, const char *text)
{
    sqlite3 *handle;

    ck_assert_int_eq(sqlite3_open(file, &handle), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(handle, text, NULL, NULL, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(handle));
    sqlite3_close(handle);
}

/* ---- documents ----------------------------------------------------------------------- */

START_TEST(what_was_written_is_read_again_also_after_closing)
{
    struct database database;

    begin();
    open_as(&database, DATABASE_OPEN);
    ck_assert_int_lt(database_read(&database, CLAIMS, back, sizeof back), 0);
    write_text(&database, CLAIMS, "one");
    write_text(&database, CLAIMS, "two");
    ck_assert_int_eq(database_write(&database, ORGANIZATION, large, sizeof large), 0);
    expect_text(&database, CLAIMS, "two");
    database_close(&database);

    open_as(&database, DATABASE_OPEN);
    expect_text(&database, CLAIMS, "two");
    ck_assert_int_eq(database_read(&database, ORGANIZATION, back, sizeof back), LARGE);
    ck_assert_mem_eq(back, large, LARGE);
    ck_assert_int_lt(database_read(&database, "organization-00fe", back, sizeof back), 0);
    database_close(&database);
    end();
}
END_TEST

START_TEST(a_read_tells_the_whole_length_and_writes_no_more_than_fits)
{
    struct database database;

    begin();
    open_as(&database, DATABASE_OPEN);
    write_text(&database, CLAIMS, "abcdef");
    memset(back, 'x', 8);
    ck_assert_int_eq(database_read(&database, CLAIMS, back, 3), 6);
    ck_assert_mem_eq(back, "abcxxxxx", 8);
    ck_assert_int_eq(database_read(&database, CLAIMS, NULL, 0), 6);
    ck_assert_int_eq(database_write(&database, CLAIMS, NULL, 0), 0);
    ck_assert_int_eq(database_read(&database, CLAIMS, back, 3), 0);
    database_close(&database);
    end();
}
END_TEST

START_TEST(of_a_configuration_the_last_four_are_kept_and_given_oldest_first)
{
    static const char *const versions[] = {"v1", "v2", "v3", "v4", "v5", "v6"};
    struct database database;
    char all[64] = "";

    begin();
    open_as(&database, DATABASE_OPEN);
    for (size_t i = 0; i < 6; i++) {
        write_text(&database, ORGANIZATION, versions[i]);
        write_text(&database, "organization-other", "other");
        write_text(&database, CLAIMS, versions[i]);
    }
    database_history(&database, ORGANIZATION, collect, all);
    ck_assert_str_eq(all, "v3 v4 v5 v6 ");
    expect_text(&database, ORGANIZATION, "v6");
    all[0] = 0;
    database_history(&database, CLAIMS, collect, all);
    ck_assert_str_eq(all, "v6 ");
    all[0] = 0;
    database_history(&database, "organization-none", collect, all);
    ck_assert_str_eq(all, "");
    database_close(&database);
    end();
}
END_TEST

/* The process dies between writes; what returned is there, and the file is good. */
START_TEST(a_write_that_returned_survives_the_end_of_the_process)
{
    struct database database;
    pid_t child;
    int status;

    begin();
    fflush(stdout);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (database_open(&database, path, problem) == DATABASE_OPEN &&
            database_write(&database, ORGANIZATION, large, sizeof large) == 0 &&
            database_write(&database, CLAIMS, (const uint8_t *)"held", 4) == 0)
            raise(SIGKILL);
        _exit(1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    open_as(&database, DATABASE_OPEN);
    expect_text(&database, CLAIMS, "held");
    ck_assert_int_eq(database_read(&database, ORGANIZATION, back, sizeof back), LARGE);
    ck_assert_mem_eq(back, large, LARGE);
    database_close(&database);
    end();
}
END_TEST

/* As on a full disk: nothing changes, and the next write is whole again. */
START_TEST(a_write_that_fails_leaves_what_was_there)
{
    struct database database;

    begin();
    open_as(&database, DATABASE_OPEN);
    write_text(&database, ORGANIZATION, "before");
    ck_assert_int_eq(sqlite3_exec(database.handle, "PRAGMA max_page_count = 8", NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_lt(database_write(&database, ORGANIZATION, large, sizeof large), 0);
    expect_text(&database, ORGANIZATION, "before");
    write_text(&database, ORGANIZATION, "after");
    expect_text(&database, ORGANIZATION, "after");
    database_close(&database);
    end();
}
END_TEST

/* ---- opening --------------------------------------------------------------------------- */

START_TEST(others_cannot_read_the_files)
{
    static const char *const companions[] = {"", "-wal", "-shm"};
    struct database database;
    struct stat info;
    char file[160];

    begin();
    open_as(&database, DATABASE_OPEN);
    write_text(&database, CLAIMS, "one");
    for (size_t i = 0; i < 3; i++) {
        snprintf(file, sizeof file, "%s%s", path, companions[i]);
        ck_assert_int_eq(stat(file, &info), 0);
        ck_assert_uint_eq(info.st_mode & 0777, 0600);
    }
    database_close(&database);
    end();
}
END_TEST

START_TEST(one_registry_at_a_time)
{
    struct database database, second;

    begin();
    open_as(&database, DATABASE_OPEN);
    open_as(&second, DATABASE_FAILED);
    ck_assert_ptr_nonnull(strstr(problem, "another registry"));
    database_close(&second);
    write_text(&database, CLAIMS, "still");
    ck_assert_int_eq(database_check(path, problem), 0);
    database_close(&database);
    open_as(&database, DATABASE_OPEN);
    expect_text(&database, CLAIMS, "still");
    database_close(&database);
    end();
}
END_TEST

static const struct damage {
    const char *what;
    long offset; /* negative: from the end, to be cut off there */
    size_t bytes;
} damages[] = {
    {"the magic at the beginning", 0, 16},  {"the first page's tree", 100, 400},
    {"a page of the tree of documents", 4096, 64}, {"the second half is gone", -1, 0},
};

static void damage(const struct damage *damage)
{
    uint8_t noise[512];
    struct stat info;

    memset(noise, 0xa5, sizeof noise);
    ck_assert_int_eq(stat(path, &info), 0);
    if (damage->offset >= 0)
        overwrite(damage->offset, noise, damage->bytes);
    else
        ck_assert_int_eq(truncate(path, info.st_size / 2), 0);
}

START_TEST(a_damaged_file_is_moved_aside_and_a_new_one_begun)
{
    struct database database;

    begin();
    open_as(&database, DATABASE_OPEN);
    ck_assert_int_eq(database_write(&database, ORGANIZATION, large, sizeof large), 0);
    database_close(&database);
    damage(&damages[_i]);

    ck_assert_msg(database_check(path, problem) != 0, "check: %s", damages[_i].what);
    ck_assert_ptr_nonnull(strstr(problem, "is damaged"));
    ck_assert_uint_eq(moved_aside(), 0);

    open_as(&database, DATABASE_RENEWED);
    ck_assert_ptr_nonnull(strstr(problem, "publish every organization again"));
    ck_assert_uint_eq(moved_aside(), 1);
    ck_assert_int_lt(database_read(&database, ORGANIZATION, back, sizeof back), 0);
    write_text(&database, ORGANIZATION, "again");
    database_close(&database);
    open_as(&database, DATABASE_OPEN);
    expect_text(&database, ORGANIZATION, "again");
    database_close(&database);
    end();
}
END_TEST

START_TEST(a_file_that_is_no_database_is_moved_aside_too)
{
    struct database database;
    FILE *file;

    begin();
    snprintf(path, sizeof path, "%s/registry.db", directory);
    file = fopen(path, "w");
    for (int i = 0; i < 100; i++)
        fputs("this was never a database\n", file);
    fclose(file);
    open_as(&database, DATABASE_RENEWED);
    ck_assert_uint_eq(moved_aside(), 1);
    database_close(&database);
    end();
}
END_TEST

START_TEST(ours_without_its_table_is_damaged)
{
    struct database database;

    begin();
    open_as(&database, DATABASE_OPEN);
    database_close(&database);
    run_sql(path, "DROP TABLE document");
    open_as(&database, DATABASE_RENEWED);
    database_close(&database);
    end();
}
END_TEST

static const struct {
    const char *text, *complaint;
} foreign[] = {
    {"CREATE TABLE theirs (x)", "another program"},
    {"PRAGMA application_id = 77", "another program"},
    {"PRAGMA application_id = 0x4156504e; PRAGMA user_version = 2; CREATE TABLE later (x)",
     "another version"},
};

START_TEST(what_is_not_ours_is_left_alone)
{
    struct database database;
    struct stat before, after;

    begin();
    snprintf(path, sizeof path, "%s/registry.db", directory);
    run_sql(path, foreign[_i].text);
    ck_assert_int_eq(stat(path, &before), 0);
    open_as(&database, DATABASE_FAILED);
    ck_assert_ptr_nonnull(strstr(problem, foreign[_i].complaint));
    ck_assert_int_ne(database_check(path, problem), 0);
    ck_assert_ptr_nonnull(strstr(problem, foreign[_i].complaint));
    ck_assert_int_eq(stat(path, &after), 0);
    ck_assert_uint_eq(before.st_ino, after.st_ino);
    ck_assert_uint_eq(moved_aside(), 0);
    database_close(&database);
    end();
}
END_TEST

START_TEST(check_makes_no_file)
{
    begin();
    ck_assert_int_eq(database_check(path, problem), 0);
    ck_assert_int_ne(access(path, F_OK), 0);
    end();
}
END_TEST

START_TEST(where_there_can_be_no_file_it_says_why)
{
    struct database database;

    begin();
    snprintf(path, sizeof path, "/dev/null/registry.db");
    open_as(&database, DATABASE_FAILED);
    ck_assert_str_eq(problem, strerror(ENOTDIR));
    database_close(&database);
    end();
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(what_was_written_is_read_again_also_after_closing),
    HARNESS_CASE(a_read_tells_the_whole_length_and_writes_no_more_than_fits),
    HARNESS_CASE(of_a_configuration_the_last_four_are_kept_and_given_oldest_first),
    HARNESS_CASE(a_write_that_returned_survives_the_end_of_the_process),
    HARNESS_CASE(a_write_that_fails_leaves_what_was_there),
    HARNESS_CASE(others_cannot_read_the_files),
    HARNESS_CASE(one_registry_at_a_time),
    HARNESS_LOOP(a_damaged_file_is_moved_aside_and_a_new_one_begun, HARNESS_COUNT(damages)),
    HARNESS_CASE(a_file_that_is_no_database_is_moved_aside_too),
    HARNESS_CASE(ours_without_its_table_is_damaged),
    HARNESS_LOOP(what_is_not_ours_is_left_alone, HARNESS_COUNT(foreign)),
    HARNESS_CASE(check_makes_no_file),
    HARNESS_CASE(where_there_can_be_no_file_it_says_why),
};
HARNESS_MAIN("programs/database", cases)
