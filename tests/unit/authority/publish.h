/* SPDX-License-Identifier: ISC */
/* publish: authorities with fixed keys, and bundles made with them, for tests. */
#ifndef AUTOVPN_TESTS_AUTHORITY_PUBLISH_H
#define AUTOVPN_TESTS_AUTHORITY_PUBLISH_H

#include "topo/organization.h"
#include <autovpn/authority.h>

struct bundle {
    uint8_t *bytes;
    size_t count;
    struct avpn_key organization;
};

static inline struct avpn_key seed_of(uint8_t number)
{
    return (struct avpn_key){{number, 0x5e, 0xed}};
}

static inline struct avpn_publication publication_of(uint64_t version)
{
    return (struct avpn_publication){.size = sizeof(struct avpn_publication),
                                     .psk_epoch = 3,
                                     .version = version,
                                     .created = 1000,
                                     .expires = 2000,
                                     .psk = {{0x42, 7}},
                                     .previous_psk = {{0x41, 7}}};
}

/* Root keys 1.. and signing keys 101.. */
static inline struct avpn_authority *authority_of(const struct avpn_host *host, uint8_t roots,
                                                  uint8_t signers)
{
    struct avpn_authority *authority;

    ck_assert_int_eq(avpn_authority_new(host, &authority), AVPN_OK);
    for (uint8_t i = 1; i <= roots; i++) {
        const struct avpn_key seed = seed_of(i);

        ck_assert_int_eq(avpn_authority_add_root(authority, &seed), AVPN_OK);
    }
    for (uint8_t i = 1; i <= signers; i++) {
        const struct avpn_key seed = seed_of((uint8_t)(100 + i));

        ck_assert_int_eq(avpn_authority_add_signer(authority, &seed), AVPN_OK);
    }
    return authority;
}

static inline struct bundle bundle_of(const struct avpn_config *config, uint8_t roots,
                                      uint8_t signers)
{
    struct avpn_authority *authority = authority_of(NULL, roots, signers);
    const struct avpn_publication publication = publication_of(5);
    struct bundle bundle;

    ck_assert_int_eq(avpn_authority_organization(authority, &bundle.organization), AVPN_OK);
    ck_assert_int_eq(
        avpn_authority_sign(authority, config, &publication, NULL, 0, &bundle.count),
        AVPN_ERROR_SPACE);
    bundle.bytes = malloc(bundle.count);
    ck_assert_int_eq(avpn_authority_sign(authority, config, &publication, bundle.bytes,
                                         bundle.count, &bundle.count),
                     AVPN_OK);
    avpn_authority_del(authority);
    return bundle;
}

#endif
