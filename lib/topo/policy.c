/* SPDX-License-Identifier: ISC */
/* policy: see policy.h. Each reader mirrors its writer, line by line. */
#include "topo/policy.h"

#include "topo/fields.h"

#include <string.h>

#define POLICY 5 /* kind of leaf */

/* ---- parts ----------------------------------------------------------------------------------- */

static void write_ports(struct avpni_writer *w, uint16_t first, uint16_t last)
{
    avpni_write_u16(w, first);
    avpni_write_u16(w, last);
}

static void read_ports(struct avpni_reader *r, uint16_t *first_out, uint16_t *last_out)
{
    *first_out = avpni_read_u16(r);
    *last_out = avpni_read_u16(r);
}

/* A count within bounds, else 0 and failed. */
static uint32_t read_long_count(struct avpni_reader *r, uint32_t most)
{
    uint32_t count = avpni_read_u16(r);

    if (count > most) {
        avpni_reader_fail(r);
        return 0;
    }
    return count;
}

/* ---- rules and breakouts --------------------------------------------------------------------- */

static void write_rule(struct avpni_writer *w, const struct avpn_rule *rule)
{
    avpni_write_u8(w, rule->action);
    avpni_write_u8(w, rule->protocol);
    avpni_prefix_write(w, &rule->source);
    write_ports(w, rule->source_first, rule->source_last);
    avpni_prefix_write(w, &rule->destination);
    write_ports(w, rule->destination_first, rule->destination_last);
    avpni_name_write(w, rule->name);
}

static void read_rule(struct avpni_reader *r, struct avpn_rule *rule_out)
{
    memset(rule_out, 0, sizeof *rule_out);
    rule_out->size = sizeof *rule_out;
    rule_out->action = avpni_read_u8(r);
    rule_out->protocol = avpni_read_u8(r);
    avpni_scope_read(r, &rule_out->source);
    read_ports(r, &rule_out->source_first, &rule_out->source_last);
    avpni_scope_read(r, &rule_out->destination);
    read_ports(r, &rule_out->destination_first, &rule_out->destination_last);
    avpni_name_read(r, 0, false, rule_out->name);
}

static void write_breakout(struct avpni_writer *w, const struct avpn_breakout *breakout)
{
    avpni_write_u32(w, breakout->member);
    avpni_write_u8(w, breakout->protocol);
    avpni_prefix_write(w, &breakout->destination);
    write_ports(w, breakout->destination_first, breakout->destination_last);
}

static void read_breakout(struct avpni_reader *r, struct avpn_breakout *breakout_out)
{
    memset(breakout_out, 0, sizeof *breakout_out);
    breakout_out->size = sizeof *breakout_out;
    breakout_out->member = avpni_read_u32(r);
    breakout_out->protocol = avpni_read_u8(r);
    avpni_scope_read(r, &breakout_out->destination);
    read_ports(r, &breakout_out->destination_first, &breakout_out->destination_last);
}

/* ---- the leaf -------------------------------------------------------------------------------- */

void avpni_policy_write(struct avpni_writer *w, const struct avpni_policy *policy)
{
    avpni_write_u8(w, POLICY);
    avpni_write_u8(w, policy->flags);
    avpni_write_u16(w, (uint16_t)policy->rule_count);
    for (uint32_t i = 0; i < policy->rule_count; i++) {
        write_rule(w, &policy->rules[i]);
    }
    avpni_write_u16(w, (uint16_t)policy->breakout_count);
    for (uint32_t i = 0; i < policy->breakout_count; i++) {
        write_breakout(w, &policy->breakouts[i]);
    }
}

bool avpni_policy_read(const uint8_t *bytes, size_t count, struct avpni_policy *policy)
{
    struct avpni_reader r = avpni_reader(bytes, count);

    avpni_expect_u8(&r, POLICY);
    policy->flags = avpni_read_u8(&r);
    policy->rule_count = read_long_count(&r, AVPN_RULES);
    for (uint32_t i = 0; i < policy->rule_count && !r.failed; i++) {
        struct avpn_rule rule;

        read_rule(&r, policy->rules != NULL ? &policy->rules[i] : &rule);
    }
    policy->breakout_count = read_long_count(&r, AVPN_BREAKOUTS);
    for (uint32_t i = 0; i < policy->breakout_count && !r.failed; i++) {
        struct avpn_breakout breakout;

        read_breakout(&r, policy->breakouts != NULL ? &policy->breakouts[i] : &breakout);
    }
    return avpni_reader_is_done(&r);
}
