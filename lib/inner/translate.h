/* SPDX-License-Identifier: ISC */
/*
 * translate: 1:1 subnet translation of a site, in place. Spec: [TRN-1] to [TRN-3], [CFG-14].
 *
 * A translator holds a member's list, longest first: both prefixes of a translation have the same length, so this is the order for both ways.
 * Zeros are one without translations. A packet is changed whole or not at all: what cannot be translated is refused and left as it was.
 */
#ifndef AVPNI_INNER_TRANSLATE_H
#define AVPNI_INNER_TRANSLATE_H

#include <autovpn/config.h>
#include <stdbool.h>

struct avpni_translator {
    struct avpn_translation list[AVPN_TRANSLATIONS]; /* by length, longest first */
    uint32_t count; /* 0: every call below is cheap and changes nothing */
};

/* `translations` as in a valid configuration, AVPN_TRANSLATIONS at most; copied. */
void avpni_translator_set(struct avpni_translator *translator,
                          const struct avpn_translation *translations, uint32_t count);
/* The address of a host in the VPN; its own if it is not translated. */
struct avpn_address avpni_translate_to_vpn(const struct avpni_translator *translator,
                                           const struct avpn_address *local);
/* The host that has an address in the VPN. False: none has [TRN-3]. */
bool avpni_translate_to_local(const struct avpni_translator *translator,
                              const struct avpn_address *exported, struct avpn_address *local_out);

/*
 * A packet that avpni_inner_parse accepted, on its way into the VPN: the source, and in ICMP errors the destination inside. False: unchanged, to be
 * dropped: an address whose answers would go to another host [TRN-3]; an ICMP error whose packet inside is cut short of its addresses; a checksum
 * that would have to follow but is not there, or in IPv6 cannot be found.
 */
bool avpni_translate_out(const struct avpni_translator *translator, uint8_t *packet, uint32_t bytes);
/* On its way out of it: the destination, and in ICMP errors the source inside. False: likewise. */
bool avpni_translate_in(const struct avpni_translator *translator, uint8_t *packet, uint32_t bytes);

#endif
