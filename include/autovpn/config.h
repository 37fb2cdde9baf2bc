/* SPDX-License-Identifier: ISC */
/**
 * @defgroup config Configuration of an organization
 * config: an organization's configuration: who its members are, their roles, hubs and
 * subnets, and who is a peer of whom.
 *
 * Two ways to one: an administrator's program makes it empty, adds to it, checks it and has an
 * authority sign it (authority.h); a node or registry reads it from a signed bundle. A
 * configuration that was read is not to be changed. One thread at a time; read-only calls
 * may run in parallel. Spec: doc/protocol.md 8, [CFG-1] to [CFG-14], [TOP-1], [TOP-2].
 *
 * A bundle is the whole document; a slice is what one member gets of it: the policy and every site (role, hubs,
 * exports), but key, name, manual contacts and subnet translation of itself and its peers only.
 *
 *     struct avpn_config *config;
 *     avpn_config_new(NULL, &config);
 *     avpn_config_set_name(config, "example");
 *     avpn_config_add_registry(config, &registry);
 *     avpn_config_add_member(config, &hub);
 *     avpn_config_add_member(config, &spoke);
 *     if (avpn_config_check(config, print_problem, NULL) == 0)
 *         sign(config);
 * @{
 */
#ifndef AUTOVPN_CONFIG_H
#define AUTOVPN_CONFIG_H

#include <autovpn/host.h>
#include <autovpn/noise.h>
#include <autovpn/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Limits [CFG-8] */
#define AVPN_NAME_BYTES 64 /**< 63 characters and NUL */
#define AVPN_MEMBERS 65535 /**< of an organization */
#define AVPN_MEMBER_LAST 0xFFFFFEFFu /**< the highest id [CFG-9]: those above are no members' (route.h) */
#define AVPN_HUBS 16 /**< that a member names */
#define AVPN_EXPORTS 64 /**< of a member */
#define AVPN_UPLINKS 4 /**< of a member */
#define AVPN_TRANSLATIONS 64 /**< of a member */
#define AVPN_RULES 1024 /**< of the firewall */
#define AVPN_BREAKOUTS 256 /**< of the policy */
#define AVPN_REGISTRIES 8 /**< of an organization */
#define AVPN_AUTHORITY_KEYS 8 /**< of a set */
#define AVPN_SUITES 4 /**< that an organization allows */
#define AVPN_ROTATIONS 16 /**< of root keys */
#define AVPN_INVITES 1024 /**< open at once */
#define AVPN_BUNDLE_LIMIT (32u << 20) /**< bytes */
/** The upper 16 bits of a version are the serial of the charter [CFG-5]. */
#define AVPN_VERSION_SERIAL_SHIFT 48

/** What a member is to the others. */
enum avpn_role {
    AVPN_ROLE_NONE = 0, /**< no member */
    AVPN_ROLE_HUB = 1,  /**< has tunnels with hubs and with the spokes that name it */
    AVPN_ROLE_SPOKE = 2 /**< has tunnels with the hubs it names */
};

#define AVPN_MEMBER_REVOKED 1u /**< shut out: nobody's peer */
#define AVPN_HUB_DEFAULT_ROUTE 1u /**< this hub takes the member's default route */

/** A hub that a member names. */
struct avpn_member_hub {
    uint32_t member; /**< the hub's member id */
    uint32_t flags;  /**< AVPN_HUB_* */
};

/**
 * Subnet translation, 1:1 [CFG-14]: hosts of `local` are known to the rest of the organization by the address
 * with the same host bits in `exported`, which lies in one of the member's exports. A single host: /32 or /128.
 */
struct avpn_translation {
    struct avpn_prefix local;    /**< at home */
    struct avpn_prefix exported; /**< same family, same length */
};

/**
 * One node of the organization. Plain values; unused array places are zero. Exports and translations mean the same in any
 * order: they come back as they were added, and ascending (translations by `exported`) from what was read.
 */
struct avpn_member {
    uint32_t size; /**< sizeof(struct avpn_member) */
    uint32_t id;   /**< 1 to AVPN_MEMBER_LAST, unique, never reused */
    struct avpn_key key;        /**< its static key */
    char name[AVPN_NAME_BYTES]; /**< unique */
    uint8_t role;               /**< enum avpn_role */
    uint8_t flags;              /**< AVPN_MEMBER_* */
    uint8_t hub_count;          /**< of `hubs` */
    uint8_t export_count;       /**< of `exports` */
    uint8_t uplink_count; /**< 0..4: how many places of `manual` are meant */
    uint8_t is_known; /**< out: 0 in a slice that does not tell key, name and manual contacts; ignored by add */
    uint8_t translation_count; /**< of `translations` */
    uint8_t reserved;
    struct avpn_member_hub hubs[AVPN_HUBS]; /**< in order of preference */
    struct avpn_prefix exports[AVPN_EXPORTS]; /**< subnets it offers */
    struct avpn_contact manual[AVPN_UPLINKS]; /**< port forwarding: wins over what was observed; family NONE: none */
    struct avpn_translation translations[AVPN_TRANSLATIONS]; /**< of its exports */
};

/* ---- the policy: what holds for the whole organization [CFG-13] --------------------- */

/** Hubs have no tunnels with each other, but where one takes the other's default route [TOP-2]. */
#define AVPN_ORGANIZATION_NO_HUB_TUNNELS 1u

/** What a rule says of packets that match. */
enum avpn_rule_action {
    AVPN_RULE_ALLOW = 1, /**< they pass */
    AVPN_RULE_DENY = 2   /**< they are dropped and counted */
};

/**
 * One rule of the site-to-site firewall [FWL-1]. The first that matches decides; none: allowed. Each packet is judged
 * for itself, by the addresses it has in the VPN (after translation), where it enters the VPN and again where it
 * leaves it. What depends on the state of a connection is the host's business.
 */
struct avpn_rule {
    uint32_t size; /**< sizeof(struct avpn_rule) */
    uint8_t action;   /**< enum avpn_rule_action */
    uint8_t protocol; /**< IANA number; 0: any */
    uint8_t reserved[2];
    struct avpn_prefix source;      /**< family NONE: any, of both families */
    struct avpn_prefix destination; /**< likewise */
    /* Ports: inclusive ranges; 0 to 0: any. Only with TCP (6), UDP (17), DCCP (33), SCTP (132) and UDP-Lite (136). */
    uint16_t source_first;      /**< the source's first port */
    uint16_t source_last;       /**< and last */
    uint16_t destination_first; /**< the destination's first port */
    uint16_t destination_last;  /**< and last */
    char name[AVPN_NAME_BYTES]; /**< shown where it decides; may be empty */
};

/** What a member with a full tunnel sends out by its own internet connection all the same [RTE-9]. */
struct avpn_breakout {
    uint32_t size;   /**< sizeof(struct avpn_breakout) */
    uint32_t member; /**< whose; 0: of every member */
    struct avpn_prefix destination; /**< family NONE: any */
    uint8_t protocol; /**< as in a rule */
    uint8_t reserved[3];
    uint16_t destination_first; /**< as in a rule */
    uint16_t destination_last;  /**< as in a rule */
};

/** Where a registry is, and how it is known. */
struct avpn_registry_entry {
    uint32_t size; /**< sizeof(struct avpn_registry_entry) */
    struct avpn_key key; /**< its static key */
    uint16_t port;       /**< UDP */
    uint16_t reserved;
    char host[AVPN_NAME_BYTES]; /**< a name, or a literal address */
};

/** A place in the organization that waits for the device that has its token (join.h). */
struct avpn_invite {
    uint32_t size;        /**< sizeof(struct avpn_invite) */
    uint32_t member;      /**< the place: an id, of a member or of one to come */
    struct avpn_key key;  /**< claim key: avpn_token_claim_key */
    int64_t expires;      /**< seconds since 1970 UTC */
};

/** A configuration. */
struct avpn_config;

/** A finding about one field. Text is borrowed until return of the callback. */
struct avpn_problem {
    uint32_t size;       /**< of the library's struct */
    uint32_t member;     /**< member id, or 0: the organization's own fields */
    uint32_t index;      /**< place in the list, when `field` is one, else 0 */
    uint32_t reserved;
    const char *field;   /**< "hubs", "exports", "role" ... as in struct avpn_member */
    const char *value;   /**< the value as text */
    const char *message; /**< what is wrong and what would be right, one sentence */
};

/** Make an empty configuration. `host` gives memory, NULL: the C library's. AVPN_ERROR_MEMORY. */
AVPN_API int32_t avpn_config_new(const struct avpn_host *host, struct avpn_config **config_out);
/** NULL is ignored. */
AVPN_API void avpn_config_del(struct avpn_config *config);

/** Name the organization. AVPN_ERROR_FORMAT: not 1 to 63 characters of a-z A-Z 0-9 . _ - */
AVPN_API int32_t avpn_config_set_name(struct avpn_config *config, const char *name);
/** Allowed suites in order of preference; default: AES-256-GCM, then ChaCha20-Poly1305. */
AVPN_API int32_t avpn_config_set_suites(struct avpn_config *config, const uint8_t *suites,
                                        size_t count);
/**
 * Add a registry, copied. This call and those below take what avpn_config_check then judges, and refuse only what cannot be represented:
 * AVPN_ERROR_ARGUMENT (size, counts), AVPN_ERROR_FORMAT (name), AVPN_ERROR_LIMIT, AVPN_ERROR_MEMORY.
 */
AVPN_API int32_t avpn_config_add_registry(struct avpn_config *config,
                                          const struct avpn_registry_entry *registry);
/** Add a member; likewise. */
AVPN_API int32_t avpn_config_add_member(struct avpn_config *config,
                                        const struct avpn_member *member);
/** Add a rule behind those that are there: order decides. */
AVPN_API int32_t avpn_config_add_rule(struct avpn_config *config, const struct avpn_rule *rule);
/** Add a breakout; likewise. */
AVPN_API int32_t avpn_config_add_breakout(struct avpn_config *config,
                                          const struct avpn_breakout *breakout);
/** Set AVPN_ORGANIZATION_*. AVPN_ERROR_ARGUMENT: more than 8 bits. */
AVPN_API int32_t avpn_config_set_flags(struct avpn_config *config, uint32_t flags);

/**
 * Check [CFG-9]; returns the number of problems (0: valid), each first shown to `report` (which
 * may be NULL). Overlaps of exports between members are legal and not problems.
 */
AVPN_API uint32_t avpn_config_check(const struct avpn_config *config,
                                    void (*report)(void *user, const struct avpn_problem *problem),
                                    void *user);

/**
 * Read a signed bundle or slice and verify all of it [CFG-1] to [CFG-4]. `organization`: the id
 * the reader was born knowing. `wall_clock`: seconds since 1970, 0: unknown, expiry not judged. Bytes are
 * borrowed until return.
 * AVPN_ERROR_FORMAT: not canonical. AVPN_ERROR_AUTH: another organization, or a signature or the Merkle root
 * does not verify. AVPN_ERROR_EXPIRED. AVPN_ERROR_ARGUMENT: well signed but invalid by [CFG-9].
 */
AVPN_API int32_t avpn_config_read(const uint8_t *document, size_t count,
                                  const struct avpn_key *organization, int64_t wall_clock,
                                  const struct avpn_host *host, struct avpn_config **config_out);
/**
 * Which organization a bundle or slice claims to be of, without verifying anything: to show it to a person.
 * AVPN_ERROR_FORMAT.
 */
AVPN_API int32_t avpn_bundle_organization(const uint8_t *document, size_t count,
                                          struct avpn_key *organization_out);
/** Which version it claims to be, likewise: to choose the newest. AVPN_ERROR_FORMAT. */
AVPN_API int32_t avpn_bundle_version(const uint8_t *document, size_t count, uint64_t *version_out);
/**
 * The slice of one member, from a bundle [CFG-10]: what a registry gives it, byte for byte. To hand a
 * site its configuration as a file. `bundle` must be one that avpn_config_read accepted: it is `config`'s.
 * AVPN_ERROR_NOT_FOUND: no such member. AVPN_ERROR_SPACE: *needed_out says how much. AVPN_ERROR_STATE: config is no bundle's.
 */
AVPN_API int32_t avpn_bundle_slice(const uint8_t *bundle, size_t count,
                                   const struct avpn_config *config, uint32_t member,
                                   uint8_t *slice_out, size_t capacity, size_t *needed_out);

/** The organization's name, borrowed as long as the configuration lives. */
AVPN_API const char *avpn_config_name(const struct avpn_config *config);
/** Its version; 0: not signed yet. */
AVPN_API uint64_t avpn_config_version(const struct avpn_config *config);
/** When it was signed, seconds since 1970 UTC. */
AVPN_API int64_t avpn_config_created(const struct avpn_config *config);
/** When it expires, likewise; 0: never. */
AVPN_API int64_t avpn_config_expires(const struct avpn_config *config);
/** The epoch of its pre-shared key. */
AVPN_API uint32_t avpn_config_psk_epoch(const struct avpn_config *config);
/** 1: read from a bundle, which tells everything; 0: from a slice, or made here. */
AVPN_API int32_t avpn_config_is_whole(const struct avpn_config *config);
/** Root key rotations so far [CFG-3]. */
AVPN_API uint32_t avpn_config_rotations(const struct avpn_config *config);
/** How many invites a bundle has. */
AVPN_API uint32_t avpn_config_invite_count(const struct avpn_config *config);
/** In order of member id. AVPN_ERROR_EMPTY beyond the end. */
AVPN_API int32_t avpn_config_invite(const struct avpn_config *config, uint32_t index,
                                    struct avpn_invite *invite_out);
/**
 * May a holder of `held` take `next` after it [CFG-5]? AVPN_OK; AVPN_ERROR_VERSION: not higher, or higher than one step
 * may be; AVPN_ERROR_AUTH: its root sets do not continue those held.
 */
AVPN_API int32_t avpn_config_succeeds(const struct avpn_config *held,
                                      const struct avpn_config *next);
/** AVPN_OK if everything is there that `member` needs [CFG-10]; AVPN_ERROR_NOT_FOUND. */
AVPN_API int32_t avpn_config_is_complete(const struct avpn_config *config, uint32_t member);
/** AVPN_ORGANIZATION_*. */
AVPN_API uint32_t avpn_config_flags(const struct avpn_config *config);
/** How many rules the firewall has. */
AVPN_API uint32_t avpn_config_rule_count(const struct avpn_config *config);
/** In their order. AVPN_ERROR_EMPTY beyond the end. */
AVPN_API int32_t avpn_config_rule(const struct avpn_config *config, uint32_t index,
                                  struct avpn_rule *rule_out);
/** How many breakouts the policy has. */
AVPN_API uint32_t avpn_config_breakout_count(const struct avpn_config *config);
/** In their order. AVPN_ERROR_EMPTY beyond the end. */
AVPN_API int32_t avpn_config_breakout(const struct avpn_config *config, uint32_t index,
                                      struct avpn_breakout *breakout_out);
/** Allowed suites in order of preference: writes at most `capacity`, returns how many there are. */
AVPN_API uint32_t avpn_config_suites(const struct avpn_config *config, uint8_t *suites_out,
                                     size_t capacity);
/** The organization's id. AVPN_ERROR_NOT_FOUND: it was not read from a bundle. */
AVPN_API int32_t avpn_config_organization(const struct avpn_config *config,
                                          struct avpn_key *organization_out);
/** How many registries there are. */
AVPN_API uint32_t avpn_config_registry_count(const struct avpn_config *config);
/** By place. AVPN_ERROR_EMPTY beyond the end. */
AVPN_API int32_t avpn_config_registry(const struct avpn_config *config, uint32_t index,
                                      struct avpn_registry_entry *registry_out);
/** How many members there are. */
AVPN_API uint32_t avpn_config_member_count(const struct avpn_config *config);
/** By place, in order of id. AVPN_ERROR_EMPTY beyond the end. */
AVPN_API int32_t avpn_config_member_at(const struct avpn_config *config, uint32_t index,
                                       struct avpn_member *member_out);
/** By id. AVPN_ERROR_NOT_FOUND. */
AVPN_API int32_t avpn_config_member(const struct avpn_config *config, uint32_t id,
                                    struct avpn_member *member_out);
/** By static key. AVPN_ERROR_NOT_FOUND. */
AVPN_API int32_t avpn_config_member_by_key(const struct avpn_config *config,
                                           const struct avpn_key *key,
                                           struct avpn_member *member_out);
/** By name. AVPN_ERROR_NOT_FOUND. */
AVPN_API int32_t avpn_config_member_by_name(const struct avpn_config *config, const char *name,
                                            struct avpn_member *member_out);
/**
 * Open the pre-shared keys sealed to a member, of this epoch and the one before (zeros in epoch 1) [CFG-7].
 * `previous_out` may be NULL. AVPN_ERROR_AUTH: not to this key, or they do not fit the commitment in the
 * head. AVPN_ERROR_NOT_FOUND: no such member, or it is revoked.
 */
AVPN_API int32_t avpn_config_psk(const struct avpn_config *config, uint32_t member,
                                 const struct avpn_key_pair *self, struct avpn_key *psk_out,
                                 struct avpn_key *previous_out);

/* ---- peer selection: pure functions of the configuration, [TOP-1], [TOP-2] ------ */

/** 1 if a and b are to have a tunnel, else 0 (also when one is unknown). */
AVPN_API int32_t avpn_config_is_peer(const struct avpn_config *config, uint32_t a, uint32_t b);
/**
 * The peers of a member in ascending order of id; returns how many there are, writes
 * at most `capacity`. 0 for an unknown or revoked member.
 */
AVPN_API uint32_t avpn_config_peers(const struct avpn_config *config, uint32_t member,
                                    uint32_t *ids_out, size_t capacity);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
