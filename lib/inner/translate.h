/* SPDX-License-Identifier: ISC */
/*
 * translate: 1:1 subnet translation of a site, in place. Spec: [TRN-1] to [TRN-3], [CFG-14].
 *
 * A translator holds a member's list twice: by local and by exported prefix, longest first.
 */
#ifndef AVPNI_INNER_TRANSLATE_H
#define AVPNI_INNER_TRANSLATE_H

#include <autovpn/config.h>
#include <stdbool.h>

struct avpni_translator {
    struct avpn_translation by_local[AVPN_TRANSLATIONS];    /* by length, longest first */
    struct avpn_translation by_exported[AVPN_TRANSLATIONS]; /* likewise */
    uint32_t count; /* 0: every call below is cheap and changes nothing */
};

/* `translations` as in a valid configuration. */
void avpni_translator_set(struct avpni_translator *translator,
                          const struct avpn_translation *translations, uint32_t count);
/* The address of a host in the VPN; its own if it is not translated. */
struct avpn_address avpni_translate_to_vpn(const struct avpni_translator *translator,
                                           const struct avpn_address *local);
/* The host that has an address in the VPN. False: none has [TRN-3]. */
bool avpni_translate_to_local(const struct avpni_translator *translator,
                              const struct avpn_address *exported, struct avpn_address *local_out);

/*
 * A packet that avpni_inner_parse accepted, on its way into the VPN: the source, and in ICMP errors the destination inside. False: [TRN-3], or an
 * ICMP error whose packet inside is cut short of its addresses; unchanged then.
 */
bool avpni_translate_out(const struct avpni_translator *translator, uint8_t *packet, uint32_t bytes);
/* On its way out of it: the destination, and in ICMP errors the source inside. */
bool avpni_translate_in(const struct avpni_translator *translator, uint8_t *packet, uint32_t bytes);

#endif
