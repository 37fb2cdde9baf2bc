/* SPDX-License-Identifier: ISC */
#include "base/text.h"

void avpni_text_add(struct avpni_text *text, const char *more)
{
    while (*more != '\0' && text->count < AVPNI_TEXT_BYTES - 1)
        text->bytes[text->count++] = *more++;
    text->bytes[text->count] = '\0';
}

void avpni_text_add_number(struct avpni_text *text, uint64_t number)
{
    char digits[21];
    size_t place = sizeof digits - 1;

    digits[place] = '\0';
    do {
        digits[--place] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    avpni_text_add(text, digits + place);
}
