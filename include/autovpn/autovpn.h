/* SPDX-License-Identifier: ISC */
/**
 * autovpn: every public header at once. A program that wants only a part (an SA, a
 * handshake, a route table) includes that part's header instead.
 */
#ifndef AUTOVPN_AUTOVPN_H
#define AUTOVPN_AUTOVPN_H

#include <autovpn/aead.h>
#include <autovpn/authority.h>
#include <autovpn/batch.h>
#include <autovpn/config.h>
#include <autovpn/event.h>
#include <autovpn/host.h>
#include <autovpn/join.h>
#include <autovpn/nat.h>
#include <autovpn/node.h>
#include <autovpn/noise.h>
#include <autovpn/offload.h>
#include <autovpn/publisher.h>
#include <autovpn/registry.h>
#include <autovpn/route.h>
#include <autovpn/sa.h>
#include <autovpn/types.h>
#include <autovpn/version.h>
#include <autovpn/worker.h>

#endif
