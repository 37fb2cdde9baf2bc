/* SPDX-License-Identifier: ISC */
/*
 * journal: a line in the log for each event a person wants to read while the gateway runs. Where
 * somebody has to do something the line says who and what.
 */
#ifndef GATEWAY_JOURNAL_H
#define GATEWAY_JOURNAL_H

#include <autovpn/event.h>

struct gateway;

void journal_event(const struct gateway *gateway, const struct avpn_event *event);

#endif
