/* SPDX-License-Identifier: ISC */
/*
 * config: the inside of an organization's configuration, for this layer, and cheap read-only
 * views of it for node, registry and authority (which use nothing of it but the calls below).
 *
 * Members are stored in some 80 bytes each; struct avpn_member, 5 KB, is only the form in which
 * they are exchanged. Lists and names lie in pools, each member's in one piece.
 */
#ifndef AVPNI_TOPO_CONFIG_H
#define AVPNI_TOPO_CONFIG_H

#include "base/memory.h"
#include "topo/policy.h"
#include <autovpn/config.h>
#include <autovpn/join.h>
#include <stdbool.h>

#define AVPNI_MEMBER_NONE UINT32_MAX
#define AVPNI_SEALED_PSK_BYTES 112 /* [CFG-7] */

/* ---- views -------------------------------------------------------------------------- */

/* One member, borrowed as long as the configuration lives and is not added to. */
struct avpni_member_view {
    uint32_t id;
    const struct avpn_key *key;
    const char *name;
    uint8_t role, flags;
    uint8_t hub_count, export_count, uplink_count;
    bool is_known; /* if not: a zero key, an empty name, no manual contacts and no translations */
    const struct avpn_member_hub *hubs; /* in order of preference */
    const struct avpn_prefix *exports;
    const struct avpn_contact *manual;
    uint8_t translation_count;
    const struct avpn_translation *translations;
    uint32_t site_check; /* first 4 bytes of L(site) [PRB-14], of a configuration that was read; else 0 */
};

/* The member at a place in ascending order of id. False beyond the end. */
bool avpni_config_view(const struct avpn_config *config, uint32_t index,
                       struct avpni_member_view *view_out);
/* The place of a member, or AVPNI_MEMBER_NONE. */
uint32_t avpni_config_find(const struct avpn_config *config, uint32_t id);
uint32_t avpni_config_find_key(const struct avpn_config *config, const struct avpn_key *key);
uint32_t avpni_config_find_name(const struct avpn_config *config, const char *name);
/* The flags under which `view` names a hub (0 is possible), or -1: it does not. */
int32_t avpni_member_hub_flags(const struct avpni_member_view *view, uint32_t hub);
/* [TOP-1], [TOP-2] for two views of one configuration. */
bool avpni_member_is_peer(const struct avpn_config *config, const struct avpni_member_view *a,
                          const struct avpni_member_view *b);
const struct avpn_registry_entry *avpni_config_registries(const struct avpn_config *config,
                                                          uint32_t *count_out);
/* Borrowed as views are. */
const struct avpni_policy *avpni_config_policy(const struct avpn_config *config);
/* Bytes on the heap. */
size_t avpni_config_footprint(const struct avpn_config *config);

/* ---- inside of topo --------------------------------------------------------------------- */

struct avpni_member_record {
    uint32_t id;
    uint32_t name, hubs, exports, manual, translations; /* places in the pools */
    uint32_t site_check;
    struct avpn_key key;
    uint8_t role, flags;
    uint8_t hub_count, export_count, uplink_count, translation_count;
    bool is_known;
};

struct avpn_config {
    struct avpni_memory memory;
    char name[AVPN_NAME_BYTES];
    uint8_t suites[AVPN_SUITES];
    uint8_t suite_count;
    bool is_read;  /* came from a bundle or slice: everything stays as it is */
    bool is_whole; /* came from a bundle */
    uint32_t psk_epoch;
    uint64_t version;
    int64_t created, expires;
    uint8_t psk_commitment[32];
    struct avpn_key organization;
    struct avpn_key roots[AVPN_ROTATIONS + 1]; /* names of the root sets; the first: organization */
    uint32_t rotation_count;
    struct avpn_registry_entry registries[AVPN_REGISTRIES];
    uint32_t registry_count;
    struct avpni_policy policy;
    uint32_t rule_capacity, breakout_capacity;

    struct avpni_member_record *members; /* in the order in which they were added */
    uint32_t *by_id, *by_key, *by_name;  /* places in `members`, sorted; equal ones as added */
    uint32_t member_count, member_capacity;
    char *names;
    struct avpn_member_hub *hubs;
    struct avpn_prefix *exports;
    struct avpn_contact *manual;
    struct avpn_translation *translations;
    uint32_t name_bytes, name_capacity, hub_count, hub_capacity;
    uint32_t export_count, export_capacity, manual_count, manual_capacity;
    uint32_t translation_count, translation_capacity;

    /* Of a configuration that was read: */
    uint8_t (*sealed)[AVPNI_SEALED_PSK_BYTES]; /* by place in `members`; of a slice, the only one */
    struct avpn_invite *invites;
    uint32_t invite_count;
    uint32_t *hub_ids;                         /* hubs in force, ascending; none without hub tunnels */
    uint32_t hub_id_count;
    uint32_t *named_start; /* place of the first of those that name a member in named_ids; one more at the end */
    uint32_t *named_ids;   /* who in force names it and has a tunnel with it for that, ascending */
};

/* [CFG-7]: of the keys of an epoch and the one before. */
void avpni_psk_commitment(const struct avpn_key *organization, uint32_t epoch,
                          const struct avpn_key keys[2], uint8_t commitment_out[32]);
/* As avpn_config_add_member, but `is_known` counts, and avpni_config_index follows the last one. */
int32_t avpni_config_append(struct avpn_config *config, const struct avpn_member *member,
                            uint32_t site_check);
/* Sort what was appended and note each hub's spokes. AVPN_ERROR_MEMORY. */
int32_t avpni_config_index(struct avpn_config *config);
/* Put the member added last where it belongs in the sorted orders. */
void avpni_config_index_last(struct avpn_config *config);

/* Those of a token, whose registry_count is within bounds. */
void avpni_token_registries(const struct avpn_token *token,
                            struct avpn_registry_entry entries_out[AVPN_REGISTRIES]);
/* Each has a port, a key and a place of its own [CFG-9]. */
bool avpni_registries_are_valid(const struct avpn_registry_entry *registries, uint32_t count);
/* 1 to 63 of a-z A-Z 0-9 . _ - (and for hosts ':'), and a NUL within AVPN_NAME_BYTES. */
bool avpni_is_name(const char *name, bool is_host);

#endif
