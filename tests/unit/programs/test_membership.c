/* SPDX-License-Identifier: ISC */
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <autovpn/authority.h>

#include "gateway/membership.h"

#define DOCUMENT_BYTES 8192

static struct store store = {.lock = -1};
static struct setup setup;
static char said[2048]; /* on standard error by the last call */

/* Organizations A, B, ... are those whose root key is made of that letter. */
static struct avpn_authority *authority_of(char letter)
{
    const struct avpn_key root = {{(uint8_t)letter, 1}}, signer = {{(uint8_t)letter, 2}};
    struct avpn_authority *authority;

    ck_assert_int_eq(avpn_authority_new(NULL, &authority), AVPN_OK);
    ck_assert_int_eq(avpn_authority_add_root(authority, &root), AVPN_OK);
    ck_assert_int_eq(avpn_authority_add_signer(authority, &signer), AVPN_OK);
    return authority;
}

static struct avpn_key id_of(char letter)
{
    struct avpn_authority *authority = authority_of(letter);
    struct avpn_key id;

    ck_assert_int_eq(avpn_authority_organization(authority, &id), AVPN_OK);
    avpn_authority_del(authority);
    return id;
}

static size_t document_of(char letter, uint8_t bytes[DOCUMENT_BYTES])
{
    struct avpn_registry_entry registry = {
        .size = sizeof registry, .key = {{9}}, .port = 9350, .host = "192.0.2.1"};
    struct avpn_publication publication = {
        .size = sizeof publication, .version = 1, .created = 1000, .psk_epoch = 1, .psk = {{7}}};
    struct avpn_authority *authority = authority_of(letter);
    struct avpn_config *config;
    size_t count;

    ck_assert_int_eq(avpn_config_new(NULL, &config), AVPN_OK);
    ck_assert_int_eq(avpn_config_set_name(config, "x"), AVPN_OK);
    ck_assert_int_eq(avpn_config_add_registry(config, &registry), AVPN_OK);
    ck_assert_int_eq(
        avpn_authority_sign(authority, config, &publication, bytes, DOCUMENT_BYTES, &count),
        AVPN_OK);
    avpn_config_del(config);
    avpn_authority_del(authority);
    return count;
}

static struct avpn_token token_of(char letter)
{
    struct avpn_token token = {.size = sizeof token,
                               .member = 3,
                               .organization = id_of(letter),
                               .secret = {1},
                               .version = 1,
                               .expires = 2000,
                               .registry_count = 1,
                               .registries = {{.key = {{9}},
                                               .port = 9350,
                                               .host = "192.0.2.1"}}};
    return token;
}

static void begin(void)
{
    memset(&setup, 0, sizeof setup);
    strcpy(setup.state, "/tmp/test_membership.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(setup.state));
    ck_assert_int_eq(store_open(&store, setup.state), 0);
}

static void end(void)
{
    char command[PATH_MAX];

    snprintf(command, sizeof command, "rm -rf '%s'", setup.state);
    ck_assert_int_eq(system(command), 0);
}

/* membership_read, with what it says kept for the test. */
static int read_quietly(struct membership *membership, const struct avpn_token *token)
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO), result;
    size_t count;

    fflush(stderr);
    (void)dup2(fileno(file), STDERR_FILENO);
    result = membership_read(membership, &setup, "g.yaml", &store, token);
    fflush(stderr);
    (void)dup2(saved, STDERR_FILENO);
    (void)close(saved);
    rewind(file);
    count = fread(said, 1, sizeof said - 1, file);
    said[count] = 0;
    fclose(file);
    return result;
}

/* A letter: that organization; '-': none; '?': damaged. */
static const struct {
    char named, token, stored;
    char expected;         /* '-': refused */
    const char *complaint; /* part of it */
} sources[] = {
    {'A', '-', '-', 'A', ""},
    {'-', 'A', '-', 'A', ""},
    {'-', '-', 'A', 'A', ""},
    {'A', 'A', '-', 'A', ""},
    {'A', '-', 'A', 'A', ""},
    {'-', 'A', 'A', 'A', ""},
    {'A', 'A', 'A', 'A', ""},
    {'A', '-', '?', 'A', ""}, /* what is torn names nobody */
    {'-', 'A', '?', 'A', ""},
    {'-', '-', '-', '-', "g.yaml:1: organization: is missing"},
    {'-', '-', '?', '-', "g.yaml:1: organization: is missing"},
    {'A', 'B', '-', '-', "g.yaml:5: organization: "},
    {'A', '-', 'B', '-', "g.yaml:5: organization: "},
    {'A', 'B', 'B', '-', "the token is of organization"},
    {'A', 'A', 'B', '-', "the stored configuration is of organization"},
    {'-', 'A', 'B', '-', "another organization than the token"},
    {'-', '?', '-', '-', "is not a token, or damaged"},
    {'A', '?', 'A', '-', "is not a token, or damaged"},
};

static void put_sources(int i)
{
    uint8_t document[DOCUMENT_BYTES] = "torn";
    struct membership membership = {.has_token = 1};

    if (sources[i].named != '-') {
        setup.organization = id_of(sources[i].named);
        setup.organization_line = 5;
    }
    if (sources[i].token == '?') {
        ck_assert_int_eq(store_write(&store, "token", (const uint8_t *)"AVPNX", 5), 0);
    } else if (sources[i].token != '-') {
        membership.token = token_of(sources[i].token);
        ck_assert_int_eq(membership_keep_token(&membership, &store), 0);
    }
    if (sources[i].stored != '-') {
        size_t count = sources[i].stored == '?' ? 4 : document_of(sources[i].stored, document);

        ck_assert_int_eq(store_write(&store, "configuration-1", document, count), 0);
    }
}

START_TEST(sources_name_the_organization_and_must_agree)
{
    struct membership membership;
    struct avpn_key wanted;

    begin();
    put_sources(_i);
    if (sources[_i].expected == '-') {
        ck_assert_int_eq(read_quietly(&membership, NULL), -1);
        ck_assert_msg(strstr(said, sources[_i].complaint) != NULL, "said: %s", said);
    } else {
        ck_assert_int_eq(read_quietly(&membership, NULL), 0);
        wanted = id_of(sources[_i].expected);
        ck_assert_mem_eq(&membership.organization, &wanted, sizeof wanted);
        ck_assert_int_eq(membership.has_token, sources[_i].token != '-');
        ck_assert_int_eq(membership.has_stored, sources[_i].stored != '-');
        ck_assert_str_eq(said, "");
    }
    end();
}
END_TEST

START_TEST(a_token_that_is_given_goes_before_the_one_kept)
{
    const struct avpn_token kept = token_of('B'), given = token_of('A');
    struct membership membership = {.has_token = 1, .token = kept};

    begin();
    ck_assert_int_eq(membership_keep_token(&membership, &store), 0);
    ck_assert_int_eq(read_quietly(&membership, &given), 0);
    ck_assert_mem_eq(&membership.organization, &given.organization, sizeof given.organization);
    ck_assert_int_eq(membership.has_token, 1);
    end();
}
END_TEST

START_TEST(a_token_is_kept_for_its_owner_alone_and_dropped_for_good)
{
    const struct avpn_token token = token_of('A');
    struct membership membership = {.has_token = 1, .token = token}, again;
    struct stat info;
    char path[PATH_MAX];

    begin();
    ck_assert_int_eq(membership_keep_token(&membership, &store), 0);
    snprintf(path, sizeof path, "%s/token", setup.state);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 0777, 0600);
    ck_assert_int_eq(read_quietly(&again, NULL), 0);
    ck_assert_mem_eq(&again.token, &token, sizeof token);

    membership_drop_token(&membership, &store);
    ck_assert_int_ne(stat(path, &info), 0);
    ck_assert_int_eq(membership.has_token, 0);
    ck_assert_uint_eq(membership.token.secret[0], 0);
    membership_drop_token(&membership, &store);
    end();
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(sources_name_the_organization_and_must_agree, HARNESS_COUNT(sources)),
    HARNESS_CASE(a_token_that_is_given_goes_before_the_one_kept),
    HARNESS_CASE(a_token_is_kept_for_its_owner_alone_and_dropped_for_good),
};
HARNESS_MAIN("programs/membership", cases)
