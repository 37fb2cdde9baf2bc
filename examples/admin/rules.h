/* SPDX-License-Identifier: ISC */
/*
 * rules: from a firewall rule as people write it, with lists, to those of a signed policy, which have one of each
 * [FWL-1], [FWL-2]; and what they say in words. Values in, values out.
 *
 * A rule of a file expands to one of the policy for each combination of protocol, source, destination and port ranges. They stand
 * together and do the same, so their order among each other means nothing. Combinations that no packet can have are left out: IPv4
 * with IPv6, ICMP with IPv6.
 */
#ifndef ADMIN_RULES_H
#define ADMIN_RULES_H

#include <stddef.h>
#include <stdint.h>

#include <autovpn/config.h>

#define RULES_PROTOCOLS 16
#define RULES_RANGES 64
#define RULES_TEXT 320 /* of one rule in words */
#define RULES_PROTOCOL_TEXT 16

struct rules_range {
    uint16_t first, last; /* inclusive, from 1 */
};

/* What one rule, or breakout, of a file names. Counts of 0: any. */
struct rules_spec {
    uint8_t action; /* enum avpn_rule_action */
    uint8_t protocols[RULES_PROTOCOLS];
    uint32_t protocol_count;
    const struct avpn_prefix *from, *to;
    uint32_t from_count, to_count;
    struct rules_range source_ports[RULES_RANGES], ports[RULES_RANGES];
    uint32_t source_port_count, port_count;
    char name[AVPN_NAME_BYTES];
};

/* "tcp" or "6" -> 6; "any" -> 0. -1: no such protocol. */
int rules_protocol(const char *text);
/* Returns `text_out`. */
const char *rules_protocol_name(uint8_t protocol, char text_out[RULES_PROTOCOL_TEXT]);
int rules_has_ports(uint8_t protocol);
/* "22" or "8000-8100". 0, or -1: neither, or not within 1 to 65535, or backwards. */
int rules_parse_range(const char *text, struct rules_range *range_out);
/* Sort, and join what overlaps or adjoins. Returns how many are left. */
uint32_t rules_join_ranges(struct rules_range *ranges, uint32_t count);

/* How many it expands to; 0: it names nothing that a packet can be. */
uint64_t rules_count(const struct rules_spec *spec);
/* Give each of them, in order, to `put`. */
void rules_expand(const struct rules_spec *spec,
                  void (*put)(void *user, const struct avpn_rule *rule), void *user);

/* Does `outer` match every packet that `inner` matches? So behind it, the other can never decide. */
int rules_cover(const struct avpn_rule *outer, const struct avpn_rule *inner);
int rules_equal(const struct avpn_rule *a, const struct avpn_rule *b); /* but for the name */

/* "deny tcp from 10.9.0.0/16 to any port 22". Returns `text_out`. */
const char *rules_words(const struct avpn_rule *rule, char text_out[RULES_TEXT]);
/* "udp to 203.0.113.0/24 port 3478". Returns `text_out`. */
const char *rules_breakout_words(const struct avpn_breakout *breakout, char text_out[RULES_TEXT]);

#endif
