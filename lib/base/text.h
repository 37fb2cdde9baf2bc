/* SPDX-License-Identifier: ISC */
/*
 * text: a line for a person, put together piece by piece in a fixed buffer. What does not fit is cut
 * off; the text always ends with NUL.
 *
 *     struct avpni_text text = {0};
 *     avpni_text_add(&text, "member ");
 *     avpni_text_add_number(&text, 7);
 */
#ifndef AVPNI_BASE_TEXT_H
#define AVPNI_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define AVPNI_TEXT_BYTES 256

struct avpni_text {
    char bytes[AVPNI_TEXT_BYTES];
    size_t count; /* without NUL */
};

void avpni_text_add(struct avpni_text *text, const char *more);
void avpni_text_add_number(struct avpni_text *text, uint64_t number);

#endif
