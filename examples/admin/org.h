/* SPDX-License-Identifier: ISC */
/*
 * org: an organization as one YAML file, and what it means together with the state beside it.
 *
 * Life: open (parses) -> resolve (which id and key each site has) -> build (an avpn_config; findings are shown
 * at the line they are about) -> close. Resolve and build may be repeated when the state has changed. The file:
 * autovpn-org.yaml(5).
 *
 * A site without a key *waits* for a device: all rules are checked as if it were there, but it is no member yet. A site
 * that was published and is no longer in the file is *gone*: it stays a member, revoked.
 */
#ifndef ADMIN_ORG_H
#define ADMIN_ORG_H

#include <limits.h>
#include <stdint.h>

#include <autovpn/config.h>

#include "admin/policy.h"
#include "admin/state.h"
#include "common/settings.h"

struct org_site {
    const char *name;
    struct setting where;
    uint32_t id; /* 0: not known yet */
    struct avpn_key key;
    uint8_t has_key;      /* 0: waits */
    uint8_t has_file_key; /* `key` is the file's */
    uint8_t is_revoked;   /* by the file or by command */
    /* As found by build: */
    uint8_t role; /* enum avpn_role */
    uint8_t hub_count;
    struct avpn_member_hub hubs[AVPN_HUBS];
    uint32_t first_export, export_count;           /* its places in `exports` */
    uint32_t first_translation, translation_count; /* and in `translations` */
};

struct org_gone {
    const char *name; /* the state's */
    uint32_t id;
    struct avpn_key key;
};

/* Something a site has, and where it stands in the file. */
struct org_export {
    struct avpn_prefix prefix;
    uint32_t site;  /* place in `sites` */
    uint32_t index; /* in the list of exports */
};

struct org_translation {
    struct avpn_translation pair;
    uint32_t site;
    uint32_t index;
    uint8_t is_export; /* in the list of exports, else in that of `translate` */
};

struct org {
    struct settings file;
    struct setting root;
    uint32_t site_count;
    struct org_site *sites; /* in the file's order */
    uint32_t *by_name;      /* places of `sites`, in order of name */
    uint32_t *by_id;        /* and of id, once resolved */
    uint32_t gone_count;
    struct org_gone *gone;
    uint32_t export_count, export_capacity;
    struct org_export *exports; /* of all sites, each one's together, as found by build */
    uint32_t translation_count, translation_capacity;
    struct org_translation *translations;
    struct policy *policy; /* as found by build */
};

/* 0, or -1 when there is nothing to go on with: problems were shown. */
int org_open(struct org *org, const char *path);
void org_close(struct org *org);
/* NULL: there is none. */
struct org_site *org_site_by_name(const struct org *org, const char *name);
struct org_site *org_site_by_id(const struct org *org, uint32_t id);
/* Does a hub take its default route? After build. */
int org_has_exit(const struct org_site *site);
/* Sort by id, when all have one. */
int org_index_ids(struct org *org);

/* One entry under "sites". Whatever is wrong is told. */
void org_read_site(struct org *org, struct org_site *site, struct avpn_member *member);
/* Its exports and translations: the part of that about addresses. */
void org_read_subnets(struct org *org, struct org_site *site, struct avpn_member *member);
/* Where an export or a translation stands. 1, or 0: nowhere. */
int org_export_setting(const struct org *org, const struct org_export *export,
                       struct setting *where_out);
int org_translation_setting(const struct org *org, const struct org_translation *translation,
                            struct setting *where_out);
/* The length of a list that may have `limit` elements; 0 after a complaint. */
uint32_t org_list(struct org *org, const struct setting *list, uint32_t limit);

/* What file and state together say of each site; new ids and new names are noted in the state. 0, or -1: no memory. */
int org_resolve(struct org *org, struct state *state);
/* 0 when valid; the configuration is the caller's. -1: problems were shown. */
int org_build(struct org *org, struct avpn_config **config_out);
/* Everything that is legal but worth a thought, as warnings. After build. */
void org_warn(const struct org *org, const struct state *state, const struct avpn_config *config);

#endif
