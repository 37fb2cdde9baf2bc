/* SPDX-License-Identifier: ISC */
/*
 * journal: a line in the log for each event a person wants to read while the gateway runs. Where
 * somebody has to do something the line says who and what.
 */
#ifndef GATEWAY_JOURNAL_H
#define GATEWAY_JOURNAL_H

#include <autovpn/event.h>

struct gateway;

#define JOURNAL_ROUTES 16 /* lines about routes at once, and about conflicts; the rest is counted */

struct journal {
    uint32_t lines, conflicts;
    uint32_t active, standby, gone; /* without a line of their own */
};

void journal_event(struct gateway *gateway, const struct avpn_event *event);
/* Events that belong together have come: say how many were left out. */
void journal_settle(struct gateway *gateway);

#endif
