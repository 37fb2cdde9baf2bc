/* SPDX-License-Identifier: ISC */
/*
 * organizations: which organizations this registry serves, and with what.
 *
 * The settings say which. What is served comes from the store, where everything that was published
 * over the network is, and from a bundle's file where the settings name one; the higher
 * version wins, and what came from a file goes into the store too. An organization that the settings
 * name no more is not served, but what the store has of it stays.
 */
#ifndef REGISTRY_ORGANIZATIONS_H
#define REGISTRY_ORGANIZATIONS_H

#include "registry/server.h"

#define ORGANIZATION_LABEL (AVPN_NAME_BYTES + AVPN_KEY_TEXT + 16)

/* Verify every bundle's file; 0, or -1 after complaints that name file and line. */
int organizations_check(const struct setup *setup, const char *setup_path);
/* Serve what the settings name. */
void organizations_open(struct server *server);
/* Read settings and bundles again: serve what is new in them, and no more what is gone. */
void organizations_reload(struct server *server);
/* "organization NAME (ID)", or the id alone while nothing is published. Returns label_out. */
const char *organizations_label(const struct server *server, const struct avpn_key *id,
                                char label_out[ORGANIZATION_LABEL]);

#endif
