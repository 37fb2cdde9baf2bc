/* SPDX-License-Identifier: ISC */
/* report_parts: the answers that have files of their own. New references. */
#ifndef GATEWAY_REPORT_PARTS_H
#define GATEWAY_REPORT_PARTS_H

#include <jansson.h>

#include <autovpn/config.h>

struct gateway;

/* Who carries packets, with which help of kernel and CPU, and what became of them. */
json_t *report_carrying(const struct gateway *gateway);
json_t *report_routes(const struct gateway *gateway);
json_t *report_rules(const struct gateway *gateway);
json_t *report_breakout(const struct avpn_breakout *breakout, uint32_t index);
/* `request`: {"source", "destination", "protocol", "source_port", "destination_port"}; the last three may be missing. */
json_t *report_explain(const struct gateway *gateway, const json_t *request);

#endif
