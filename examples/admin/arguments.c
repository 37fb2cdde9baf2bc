/* SPDX-License-Identifier: ISC */
#include "admin/arguments.h"

#include <stdlib.h>
#include <string.h>

#define DAYS_MOST 36500u
#define YEAR 31622400u /* seconds */

int arguments_keys(struct key_ring *ring, int option, const char *value)
{
    if (option == 'k')
        return keys_add_directory(ring, value) == 0 ? 1 : -1;
    if (option == 'f')
        return passphrases_add_file(&ring->passphrases, value) == 0 ? 1 : -1;
    ring->passphrases.is_mute |= option == 'm';
    return option == 'm';
}

int arguments_keys_beside(struct key_ring *ring, const char *org_path)
{
    const char *slash = strrchr(org_path, '/');
    char directory[PATH_MAX];

    if (ring->count > 0)
        return 0;
    if (snprintf(directory, sizeof directory, "%.*skeys", slash ? (int)(slash - org_path) + 1 : 0,
                 org_path) >= (int)sizeof directory) {
        fprintf(stderr, "%s: the path is too long\n", org_path);
        return -1;
    }
    return keys_add_directory(ring, directory);
}

int arguments_number(const char *option, const char *text, uint32_t least, uint32_t most,
                     uint32_t *number_out)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end || number < least || number > most) {
        fprintf(stderr, "%s: %s: should be a number from %u to %u\n", option, text, least, most);
        return -1;
    }
    *number_out = (uint32_t)number;
    return 0;
}

int arguments_span(const char *option, const char *text, uint32_t *seconds_out)
{
    static const struct {
        const char *unit;
        uint32_t seconds;
    } units[] = {{"", 3600}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (text[0] >= '0' && text[0] <= '9' && strcmp(end, units[i].unit) == 0 && number > 0 &&
            number <= YEAR / units[i].seconds) {
            *seconds_out = (uint32_t)number * units[i].seconds;
            return 0;
        }
    fprintf(stderr, "%s: %s: should be a span like 90m, 8h or 3d, a year at most\n", option, text);
    return -1;
}

int arguments_days(const char *text, uint32_t *days_out)
{
    if (strcmp(text, "never") == 0) {
        *days_out = PUBLISHING_NEVER;
        return 0;
    }
    return arguments_number("--expires", text, 1, DAYS_MOST, days_out);
}
