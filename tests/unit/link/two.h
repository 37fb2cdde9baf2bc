/* SPDX-License-Identifier: ISC */
/* two: a hub and a spoke, one registry, for tests that look into their peers. */
#ifndef AUTOVPN_TESTS_TWO_H
#define AUTOVPN_TESTS_TWO_H

#include "base/address.h"
#include "harness.h"
#include "link/path.h"
#include "link/probe.h"
#include "link/session.h"
#include "node/pair.h"
#include <string.h>

static struct pair pair;
static uint32_t first, second; /* who initiates [HS-8], who does not */

static const struct pair_site two_sites[] = {
    {.role = AVPN_ROLE_HUB, .exports = {"10.1.0.0/16"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .exports = {"10.2.0.0/16"}},
};

static inline void begin_two(uint64_t seed)
{
    pair_begin(&pair, two_sites, 2, 1, seed);
    first = pair_initiator(&pair, 0, 1);
    second = 1 - first;
}

/* Started, and up. */
static inline void have_two(uint64_t seed)
{
    begin_two(seed);
    pair_start(&pair);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, 0, 1) && pair_is_up(&pair, 1, 0));
}

static inline struct avpni_peer *peer_of(uint32_t number)
{
    return pair_peer(&pair, number, 1 - number);
}

static inline struct avpni_path *path_of(uint32_t number)
{
    return pair_path(&pair, number, 1 - number);
}

static inline void say(uint32_t from)
{
    pair_send(&pair, from, from == 0 ? "10.1.0.1" : "10.2.0.1", from == 0 ? "10.2.0.1" : "10.1.0.1",
              1, 100, 100);
}

static inline enum avpni_kind kind_of(const struct pair_datagram *d)
{
    return avpni_message_kind(d->data, d->bytes);
}

#endif
