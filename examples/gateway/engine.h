/* SPDX-License-Identifier: ISC */
/* engine: makes the node engine and answers its seams: store, names, packets. */
#ifndef GATEWAY_ENGINE_H
#define GATEWAY_ENGINE_H

#include <autovpn/noise.h>

struct gateway;

/* 0, or -1; what was wrong has been said. */
int engine_open(struct gateway *gateway, const struct avpn_key_pair *identity);
/* Offer the bundle's file to the engine; an equal or older one is not worth a word. */
void engine_offer_bundle(struct gateway *gateway);

#endif
