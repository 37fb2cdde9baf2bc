/* SPDX-License-Identifier: ISC */
/* The example of authority.h: seeds, configuration and publication are there. */
#include <autovpn/authority.h>

void example(const struct avpn_config *config, struct avpn_publication publication);
void example(const struct avpn_config *config, struct avpn_publication publication)
{
    struct avpn_authority *authority;
    struct avpn_key root_seed = {0}, signer_seed = {0};
    static uint8_t bundle[8192];
    size_t needed;

EXAMPLE
}
