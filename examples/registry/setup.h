/* SPDX-License-Identifier: ISC */
/* setup: the registry's YAML file. Fields: autovpn-registry.yaml(5). */
#ifndef REGISTRY_SETUP_H
#define REGISTRY_SETUP_H

#include <limits.h>
#include <stdint.h>

#include <autovpn/types.h>

#define SETUP_LISTEN 8u
#define SETUP_ORGANIZATIONS 1024u
#define SETUP_PORT_FIRST 9350u /* [DMX-4] */
#define SETUP_PORT_LAST 9381u

struct setup_organization {
    struct avpn_key id;
    uint32_t line; /* of its bundle */
    char bundle[PATH_MAX]; /* empty: only what is published over the network */
};

struct setup {
    char key[PATH_MAX];
    char store[PATH_MAX - 64]; /* its companions' names are longer */
    char control[108]; /* empty: none */
    uint32_t log_level;
    uint32_t handshakes_per_second; /* 0: the library's default */
    uint32_t listen_count;
    struct avpn_contact listen[SETUP_LISTEN];
    uint32_t organization_count;
    struct setup_organization *organizations; /* owned */
};

/* 0, or -1 when problems were shown. To be freed in both cases. */
int setup_read(const char *path, struct setup *setup_out);
void setup_free(struct setup *setup);

#endif
