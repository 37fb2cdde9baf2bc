/* SPDX-License-Identifier: ISC */
#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *log_program = "autovpn";
static uint32_t log_limit = AVPN_LOG_INFO;

static const char *const level_names[] = {"", "error", "warning", "info", "debug"};
static const char *const level_priorities[] = {"", "<3>", "<4>", "<6>", "<7>"};

void log_set(const char *program, uint32_t level)
{
    log_program = program;
    log_limit = level;
}

void log_line(uint32_t level, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    if (level < AVPN_LOG_ERROR || level > log_limit)
        return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (getenv("JOURNAL_STREAM"))
        fprintf(stderr, "%s%s\n", level_priorities[level], text);
    else
        fprintf(stderr, "%s: %s: %s\n", log_program, level_names[level], text);
}

void log_host(void *user, uint32_t level, const char *text)
{
    (void)user;
    if (level <= AVPN_LOG_DEBUG)
        log_line(level, "%s", text);
}

uint32_t log_level_parse(const char *text)
{
    for (uint32_t i = AVPN_LOG_ERROR; i <= AVPN_LOG_DEBUG; i++)
        if (strcmp(text, level_names[i]) == 0)
            return i;
    return 0;
}
