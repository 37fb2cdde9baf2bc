/* SPDX-License-Identifier: ISC */
#include "admin/matches.h"

#include <stdlib.h>
#include <string.h>

#include "admin/prefixes.h"

#define WITH_PORTS "tcp, udp, sctp, dccp or udplite"

/* ---- one value or a list of them -------------------------------------------------------------- */

/*
 * A field that is there and says nothing is a slip: a rule must not match everything because of it. So absent
 * and empty differ, and only absent means any.
 */
uint32_t matches_values(struct org *org, const struct setting *entry, const char *name,
                        uint32_t most, struct setting *field_out)
{
    uint32_t before = org->file.problems;
    uint32_t count = 0;

    memset(field_out, 0, sizeof *field_out);
    if (settings_get(&org->file, entry, name, field_out))
        count = settings_is_text(field_out) ? 1 : settings_list(&org->file, field_out);
    else if (!field_out->node)
        return 0;
    if (count == 0 && org->file.problems == before)
        settings_problem(&org->file, field_out, "", "is empty: name something, or leave it out");
    if (count <= most)
        return count;
    settings_problem(&org->file, field_out, NULL, "should have at most %u entries, not %u", most,
                     count);
    return 0;
}

int matches_value_at(struct org *org, const struct setting *field, uint32_t place,
                     struct setting *value_out, const char **text_out)
{
    if (settings_is_text(field))
        *value_out = *field;
    else if (!settings_at(&org->file, field, place, value_out))
        return 0;
    return settings_text(&org->file, value_out, text_out);
}

/* ---- protocols and ports ------------------------------------------------------------------------ */

static void read_protocols(struct org *org, const struct setting *entry, struct rules_spec *spec)
{
    struct setting field, value;
    uint32_t count = matches_values(org, entry, "protocol", RULES_PROTOCOLS, &field);
    const char *text;

    for (uint32_t i = 0; i < count; i++) {
        int protocol;

        if (!matches_value_at(org, &field, i, &value, &text))
            continue;
        protocol = rules_protocol(text);
        if (protocol < 0 || (protocol == 0 && count > 1))
            settings_problem(&org->file, &value, NULL,
                             "should be tcp, udp, icmp, icmpv6, sctp, dccp, udplite, esp, gre, a "
                             "number from 1 to 255, a list of these, or any alone");
        else if (protocol > 0 && !memchr(spec->protocols, protocol, spec->protocol_count))
            spec->protocols[spec->protocol_count++] = (uint8_t)protocol;
    }
}

static void read_ranges(struct org *org, const struct setting *field, uint32_t count,
                        struct rules_range *ranges, uint32_t *count_out)
{
    struct setting value;
    const char *text;

    for (uint32_t i = 0; i < count; i++) {
        if (!matches_value_at(org, field, i, &value, &text) ||
            (count == 1 && strcmp(text, "any") == 0))
            continue;
        if (rules_parse_range(text, &ranges[*count_out]) == 0)
            (*count_out)++;
        else
            settings_problem(&org->file, &value, NULL,
                             "should be a port from 1 to 65535, a range like 8000-8100, or a list "
                             "of these");
    }
    *count_out = rules_join_ranges(ranges, *count_out);
}

static int all_have_ports(const struct rules_spec *spec)
{
    for (uint32_t i = 0; i < spec->protocol_count; i++)
        if (!rules_has_ports(spec->protocols[i]))
            return 0;
    return spec->protocol_count > 0;
}

static void read_ports(struct org *org, const struct setting *entry, const char *name,
                       struct rules_spec *spec, struct rules_range *ranges, uint32_t *count_out)
{
    struct setting field;
    uint32_t count = matches_values(org, entry, name, RULES_RANGES, &field);

    read_ranges(org, &field, count, ranges, count_out);
    if (*count_out > 0 && !all_have_ports(spec))
        settings_problem(&org->file, &field, NULL,
                         "ports are only of protocols that have them: protocol should be "
                         "%s, or a list like [tcp, udp]",
                         WITH_PORTS);
}

/* ---- from and to ---------------------------------------------------------------------------------- */

/* A list that grows; NULL and 0: any. */
struct side {
    struct avpn_prefix *prefixes;
    uint32_t count, capacity;
    int has_failed; /* no memory */
};

static void side_add(struct side *side, const struct avpn_prefix *prefix)
{
    if (side->count == side->capacity) {
        uint32_t capacity = side->capacity ? side->capacity * 2 : 16;
        struct avpn_prefix *larger = realloc(side->prefixes, capacity * sizeof *larger);

        if (!larger) {
            side->has_failed = 1;
            return;
        }
        side->prefixes = larger;
        side->capacity = capacity;
    }
    side->prefixes[side->count++] = *prefix;
}

static void side_add_text(struct org *org, const struct setting *value, const char *text,
                          struct side *side)
{
    const struct org_site *site = strchr(text, '/') ? NULL : org_site_by_name(org, text);
    struct avpn_address address;
    struct avpn_prefix prefix;

    if (site) {
        for (uint32_t i = 0; i < site->export_count; i++)
            side_add(side, &org->exports[site->first_export + i].prefix);
    } else if (avpn_address_parse(text, &address) == AVPN_OK) {
        prefix = prefixes_host(&address);
        side_add(side, &prefix);
    } else if (strchr(text, '/')) {
        if (settings_prefix(&org->file, value, &prefix))
            side_add(side, &prefix);
    } else {
        settings_problem(&org->file, value, NULL,
                         "there is no such site; it should be a site's name, a subnet, an address, "
                         "a list of these, or any");
    }
}

/* "any" as a site's name would make a rule mean more than its writer thinks. */
static int is_any(struct org *org, const struct setting *value, const char *text, uint32_t count)
{
    if (strcmp(text, "any") != 0)
        return 0;
    if (org_site_by_name(org, text))
        settings_problem(&org->file, value, NULL,
                         "is a site's name and also means everything; give the site another name");
    else if (count > 1)
        settings_problem(&org->file, value, NULL,
                         "means everything and should stand alone, not in a list");
    return 1;
}

/* The prefixes a field names; none: any. */
static void read_side(struct org *org, const struct setting *entry, const char *name,
                      struct side *side)
{
    uint32_t before = org->file.problems;
    struct setting field, value;
    uint32_t count = matches_values(org, entry, name, UINT32_MAX, &field);
    const char *text;
    int has_any = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (!matches_value_at(org, &field, i, &value, &text))
            continue;
        if (is_any(org, &value, text, count))
            has_any = 1;
        else
            side_add_text(org, &value, text, side);
    }
    if (side->has_failed)
        settings_problem(&org->file, entry, "", "out of memory");
    else if (count > 0 && side->count == 0 && !has_any && org->file.problems == before)
        settings_problem(&org->file, &field, NULL,
                         "names nothing: no site in it exports a subnet; any is everything");
    side->count = prefixes_shorten(side->prefixes, side->count);
}

/* ---- all of it --------------------------------------------------------------------------------- */

void matches_read(struct org *org, const struct setting *entry, struct matches *matches)
{
    struct rules_spec *spec = &matches->spec;
    struct side from = {0}, to = {0};

    read_protocols(org, entry, spec);
    read_ports(org, entry, "ports", spec, spec->ports, &spec->port_count);
    read_ports(org, entry, "source_ports", spec, spec->source_ports, &spec->source_port_count);
    read_side(org, entry, "from", &from);
    read_side(org, entry, "to", &to);
    spec->from = matches->from = from.prefixes;
    spec->from_count = from.count;
    spec->to = matches->to = to.prefixes;
    spec->to_count = to.count;
}

void matches_free(struct matches *matches)
{
    free(matches->from);
    free(matches->to);
    memset(matches, 0, sizeof *matches);
}
