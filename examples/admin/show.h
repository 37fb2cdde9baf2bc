/* SPDX-License-Identifier: ISC */
/* show: answers of a gateway in words, by command. */
#ifndef ADMIN_SHOW_H
#define ADMIN_SHOW_H

#include "admin/answer.h"

void show_routes(const json_t *answer);
void show_rules(const json_t *answer);
/* "deny tcp from 10.9.0.0/16 to any port 22", of a rule in an answer. Returns `text_out`. */
const char *show_rule_words(const json_t *rule, char *text_out, size_t capacity);
/* "udp to 203.0.113.0/24 port 3478", likewise. */
const char *show_breakout_words(const json_t *breakout, char *text_out, size_t capacity);

#endif
