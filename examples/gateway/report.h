/* SPDX-License-Identifier: ISC */
/*
 * report: what the gateway tells: answers of the control socket, and a log line per event.
 *
 * Commands: status, peers, routes, counters, events.
 */
#ifndef GATEWAY_REPORT_H
#define GATEWAY_REPORT_H

#include <jansson.h>

#include <autovpn/event.h>

struct gateway;

/* Fits control_open, with the gateway as user. */
json_t *report_answer(void *user, const char *command, const json_t *request);
void report_log_event(const struct gateway *gateway, const struct avpn_event *event);
/* How a claim stands (enum avpn_join_state): "is claimed; ...", to follow "the place of member N". */
const char *report_join_text(uint32_t state);

#endif
