/* SPDX-License-Identifier: ISC */
/*
 * join: autovpn-gateway --join TOKEN. Claims this device's place in an organization and says in one
 * sentence what came of it; nothing of the network is touched but the uplinks' sockets.
 */
#ifndef GATEWAY_JOIN_H
#define GATEWAY_JOIN_H

#include "gateway/setup.h"

/* `word`: the token; "-": on standard input; "@FILE": in that file. Returns the exit status. */
int join_organization(const struct setup *setup, const char *setup_path, const char *word);

#endif
