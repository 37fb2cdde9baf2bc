/* SPDX-License-Identifier: ISC */
/*
 * surroundings: what the engine is told about this machine: its uplinks, the subnets it is attached to, and
 * what it offers. Looked at when the kernel says that something changed, and now and then.
 */
#ifndef GATEWAY_SURROUNDINGS_H
#define GATEWAY_SURROUNDINGS_H

#include <stdint.h>

#include <autovpn/types.h>

struct gateway;

/* The kernel's KERNEL_CHANGED_*: look soon, at everything of a burst at once. */
void surroundings_changed(struct gateway *gateway, uint32_t changes, avpn_time now);
/* Another configuration is in force: what this site exports may be something else. */
void surroundings_renew(struct gateway *gateway, avpn_time now);
/* Look at what is due. */
void surroundings_look(struct gateway *gateway, avpn_time now);
/* When the next look is. */
avpn_time surroundings_deadline(const struct gateway *gateway);

#endif
