/* SPDX-License-Identifier: ISC */
/* answer: a gateway's answer at its control socket: asked for, and its fields as people read them. */
#ifndef ADMIN_ANSWER_H
#define ADMIN_ANSWER_H

#include <jansson.h>

#include "common/version.h"

#define ANSWER_SOCKET "/run/autovpn/gateway.sock"

/* Ask with a request, taken over. The answer, a new reference; NULL after a complaint. */
json_t *answer_ask(const char *socket, json_t *request);
/* As it is, for programs. */
void answer_print_json(const json_t *answer);

/* A field that is absent, empty or of another type is "-", 0, or no. Text is borrowed. */
const char *answer_text(const json_t *object, const char *name);
int answer_has_text(const json_t *object, const char *name);
json_int_t answer_number(const json_t *object, const char *name);
double answer_real(const json_t *object, const char *name);
int answer_flag(const json_t *object, const char *name);
const char *answer_version(const json_t *object, const char *name, char text_out[VERSION_TEXT]);

#endif
