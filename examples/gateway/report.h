/* SPDX-License-Identifier: ISC */
/*
 * report: what the gateway tells at its control socket.
 *
 * Commands: status, peers, routes, counters, events.
 */
#ifndef GATEWAY_REPORT_H
#define GATEWAY_REPORT_H

#include <jansson.h>

/* Fits control_open, with the gateway as user. */
json_t *report_answer(void *user, const char *command, const json_t *request);

#endif
