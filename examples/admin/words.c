/* SPDX-License-Identifier: ISC */
#include "admin/words.h"

#include <string.h>
#include <time.h>

const char *words_time(int64_t seconds, char text_out[WORDS_TIME])
{
    time_t moment = (time_t)seconds;
    struct tm parts;

    if (!gmtime_r(&moment, &parts) ||
        strftime(text_out, WORDS_TIME, "%Y-%m-%d %H:%M UTC", &parts) == 0)
        (void)snprintf(text_out, WORDS_TIME, "%lld", (long long)seconds);
    return text_out;
}

const char *words_age(uint64_t seconds, char text_out[WORDS_TIME])
{
    static const struct {
        uint64_t least;
        uint64_t unit;
        const char *word;
    } units[] = {{172800, 86400, "days"}, {7200, 3600, "h"}, {120, 60, "min"}, {0, 1, "s"}};
    size_t i = 0;

    while (seconds < units[i].least)
        i++;
    (void)snprintf(text_out, WORDS_TIME, "%llu %s", (unsigned long long)(seconds / units[i].unit),
                   units[i].word);
    return text_out;
}

void words_list(const json_t *texts, char *text_out, size_t capacity)
{
    size_t count = json_array_size(texts);
    size_t shown = count > WORDS_NAMES + 1 ? WORDS_NAMES : count;

    text_out[0] = 0;
    for (size_t i = 0; i < shown; i++) {
        size_t length = strlen(text_out);

        (void)snprintf(text_out + length, capacity - length, "%s%s", i ? ", " : "",
                       json_string_value(json_array_get(texts, i)));
    }
    if (shown < count) {
        size_t length = strlen(text_out);

        (void)snprintf(text_out + length, capacity - length, " and %zu more", count - shown);
    }
}
