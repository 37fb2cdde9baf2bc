/* SPDX-License-Identifier: ISC */
/* fuzz: what the libFuzzer targets share: the entry point and a check that every build keeps. */
#ifndef AUTOVPN_TESTS_FUZZ_H
#define AUTOVPN_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define FUZZ_CHECK(condition_)                                                                     \
    do {                                                                                           \
        if (!(condition_)) {                                                                       \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

#endif
