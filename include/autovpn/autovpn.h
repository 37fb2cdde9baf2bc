/* SPDX-License-Identifier: ISC */
/**
 * @mainpage libautovpn
 * autovpn: every public header at once. A program that wants only a part (an SA, a
 * handshake, a route table) includes that part's header instead.
 *
 * A node, in call order: avpn_key_pair_generate once (noise.h), fill in struct avpn_host (host.h), avpn_node_new,
 * avpn_node_set_uplink for each WAN; then in a loop avpn_node_receive, avpn_node_send, avpn_node_tick,
 * avpn_node_next_event, and a wait until avpn_node_deadline; at the end avpn_node_leave and avpn_node_del (node.h).
 *
 * An administrator's program: avpn_config_new and its add calls, avpn_config_check (config.h), avpn_authority_sign (authority.h), then
 * avpn_publisher_new and avpn_publisher_offer for each registry (publisher.h). A registry: avpn_registry_new,
 * avpn_registry_admit, then the same loop (registry.h). How a device joins: join.h.
 *
 * Packets, time, addresses and errors are the same everywhere: types.h, batch.h, event.h.
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
