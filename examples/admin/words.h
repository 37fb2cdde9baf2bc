/* SPDX-License-Identifier: ISC */
/* words: moments, spans and lists as people read them. */
#ifndef ADMIN_WORDS_H
#define ADMIN_WORDS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#define WORDS_TIME 32
#define WORDS_NAMES 8 /* of a list, then "and N more" */

/* "2026-11-24 09:30 UTC". Returns `text_out`. */
const char *words_time(int64_t seconds, char text_out[WORDS_TIME]);
/* "40 s", "12 min", "3 h", "5 days". */
const char *words_age(uint64_t seconds, char text_out[WORDS_TIME]);
/* A list of texts: "a, b and 3 more". */
void words_list(const json_t *texts, char *text_out, size_t capacity);

#endif
