/* SPDX-License-Identifier: ISC */
/* warnings: what is legal in an organization's file, but worth a thought, by subject. org_warn (org.h) tells them all. */
#ifndef ADMIN_WARNINGS_H
#define ADMIN_WARNINGS_H

#include "admin/overlaps.h"

/* Addresses: exports that overlap, translations that hide something, sites that cannot send. */
void warnings_addresses(const struct overlaps *overlaps);
/* The firewall, breakouts, and hubs without tunnels. */
void warnings_policy(const struct overlaps *overlaps);

#endif
