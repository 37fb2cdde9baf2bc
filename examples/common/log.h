/* SPDX-License-Identifier: ISC */
/*
 * log: lines for a person, on standard error. One level for the whole program.
 *
 * Under systemd (JOURNAL_STREAM is set) a line begins with its priority, elsewhere with the
 * program's name.
 */
#ifndef EXAMPLES_LOG_H
#define EXAMPLES_LOG_H

#include <stdint.h>

#include <autovpn/host.h>

/* `program` is kept, not copied. Lines above `level` (enum avpn_log_level) are not shown. */
void log_set(const char *program, uint32_t level);
void log_line(uint32_t level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Fits host.log. */
void log_host(void *user, uint32_t level, const char *text);
/* "error", "warning", "info", "debug" to a level, or 0. */
uint32_t log_level_parse(const char *text);

#endif
