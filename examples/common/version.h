/* SPDX-License-Identifier: ISC */
/* version: a configuration's version as people count it: "8", or "2.8" once the charter's serial is 2. */
#ifndef EXAMPLES_VERSION_H
#define EXAMPLES_VERSION_H

#include <stdint.h>

#define VERSION_TEXT 32

/* Returns text_out. */
const char *version_text(uint64_t version, char text_out[VERSION_TEXT]);

#endif
