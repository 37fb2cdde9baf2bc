/* SPDX-License-Identifier: ISC */
/* harness: see harness.h. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int harness_run(const char *name, const struct harness_case *cases, int count)
{
    Suite *suite = suite_create(name);
    SRunner *runner = srunner_create(suite);

    for (int i = 0; i < count; i++) {
        TCase *tcase = tcase_create((*cases[i].test)->name);

        tcase_set_timeout(tcase, 30);
        tcase_add_loop_test(tcase, *cases[i].test, 0, cases[i].rounds);
        suite_add_tcase(suite, tcase);
    }
    if (getenv("CK_FORK") == NULL) {
        srunner_set_fork_status(runner, CK_NOFORK);
    }
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);

    int failed = srunner_ntests_failed(runner);

    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

void harness_skipped(int count, const char *reason)
{
    printf("# skipped %d: %s\n", count, reason);
    fflush(stdout);
}

static FILE *open_vectors(const char *name)
{
    const char *folder = getenv("AVPN_VECTORS");
    const char *root = getenv("AVPN_SOURCE_ROOT");
    char path[4096];

    if (folder != NULL) {
        snprintf(path, sizeof path, "%s/%s", folder, name);
    } else {
        snprintf(path, sizeof path, "%s/../shared/vectors/%s", root != NULL ? root : ".", name);
    }
    return fopen(path, "rb");
}

char *harness_vectors(const char *name, size_t *bytes_out)
{
    FILE *file = open_vectors(name);
    char *text = NULL;
    size_t bytes = 0, capacity = 0;

    if (file == NULL) {
        return NULL;
    }
    for (;;) {
        if (bytes + 65536 > capacity) {
            capacity = 2 * capacity + 131072;
            char *larger = realloc(text, capacity);

            ck_assert_ptr_nonnull(larger);
            text = larger;
        }
        size_t got = fread(text + bytes, 1, capacity - bytes - 1, file);

        if (got == 0) {
            break;
        }
        bytes += got;
    }
    fclose(file);
    text[bytes] = '\0';
    if (bytes_out != NULL) {
        *bytes_out = bytes;
    }
    return text;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

size_t harness_hex(const char *text, uint8_t *out, size_t capacity)
{
    size_t digits = 0;

    for (; *text != '\0'; text++) {
        if (*text == ' ' || *text == '\n') {
            continue;
        }
        int digit = hex_digit(*text);

        ck_assert_int_ge(digit, 0);
        ck_assert_uint_lt(digits / 2, capacity);
        out[digits / 2] = (uint8_t)(digits % 2 == 0 ? digit << 4 : out[digits / 2] | digit);
        digits++;
    }
    ck_assert_uint_eq(digits % 2, 0);
    return digits / 2;
}

uint64_t harness_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}
