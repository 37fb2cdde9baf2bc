/* SPDX-License-Identifier: ISC */
/*
 * harness: what every Check program here would otherwise repeat.
 *
 *     #include "harness.h"
 *
 *     START_TEST(an_empty_map_finds_nothing) { ... } END_TEST
 *     START_TEST(each_valid_text_parses) { const struct row *row = &rows[_i]; ... } END_TEST
 *
 *     static const struct harness_case cases[] = {
 *         HARNESS_CASE(an_empty_map_finds_nothing),
 *         HARNESS_LOOP(each_valid_text_parses, HARNESS_COUNT(rows)),
 *     };
 *     HARNESS_MAIN("base/map", cases)
 *
 * Output is TAP on stdout, one line per case, so meson and tests/run.sh count cases and not
 * programs. Cases run without fork (sanitizers and debuggers see everything) unless CK_FORK=yes.
 * Whatever else a test prints begins with "# ".
 */
#ifndef AUTOVPN_TESTS_HARNESS_H
#define AUTOVPN_TESTS_HARNESS_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>

struct harness_case {
    const TTest *const *test;
    int rounds; /* the test runs with _i = 0 .. rounds - 1 */
};

#define HARNESS_COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define HARNESS_CASE(test_) {(const TTest *const *)&(test_), 1}
#define HARNESS_LOOP(test_, rounds_) {(const TTest *const *)&(test_), (rounds_)}
#define HARNESS_MAIN(name_, cases_)                                                                \
    int main(void)                                                                                 \
    {                                                                                              \
        return harness_run(name_, cases_, HARNESS_COUNT(cases_));                                  \
    }

/* Run the cases; the process's exit status. */
int harness_run(const char *name, const struct harness_case *cases, int count);

/* Tell that `count` checks could not be made here, and why; tests/run.sh adds these up. */
void harness_skipped(int count, const char *reason);

/*
 * The whole of a vector file such as "wycheproof/x25519_test.json", NUL-terminated, to be
 * freed by the caller; NULL when there is none (harness_skipped is then the caller's to call).
 * Looked for under $AVPN_VECTORS, else under ../shared/vectors beside the source tree.
 */
char *harness_vectors(const char *name, size_t *bytes_out);

/* Bytes of a hex text, blanks allowed; returns their number and fails the test on other text. */
size_t harness_hex(const char *text, uint8_t *out, size_t capacity);

/* splitmix64: a repeatable stream for randomized tests. */
uint64_t harness_random(uint64_t *state);

#endif
