/* SPDX-License-Identifier: ISC */
/* warnings_addresses: which site gets what, where addresses overlap [RTE-3]; and who gets nothing. */
#include <stdio.h>

#include "admin/findings.h"
#include "admin/prefixes.h"
#include "admin/warnings.h"

static const char *prefix_text(const struct avpn_prefix *prefix, char text_out[AVPN_PREFIX_TEXT])
{
    if (avpn_prefix_format(prefix, text_out, AVPN_PREFIX_TEXT) != AVPN_OK)
        text_out[0] = 0;
    return text_out;
}

static const struct org_site *site_of(const struct overlaps *overlaps,
                                      const struct org_export *export)
{
    return &overlaps->org->sites[export->site];
}

/* ---- exports of several sites: the same one ------------------------------------------------------ */

/* Of the owners in a group, the one a spoke asks first: the first of its own hubs that is one, else the first of all. */
static uint32_t first_choice(const struct overlaps *overlaps, uint32_t first, uint32_t count,
                             const struct org_site *spoke)
{
    for (uint8_t h = 0; spoke->role == AVPN_ROLE_SPOKE && h < spoke->hub_count; h++)
        for (uint32_t i = first; i < first + count; i++)
            if (site_of(overlaps, overlaps->sorted[i])->id == spoke->hubs[h].member)
                return i;
    return first;
}

/* The spokes that ask the owner at `place` first, though it is not the first of all: how many, and one of them. */
static uint32_t count_fans(const struct overlaps *overlaps, uint32_t first, uint32_t count,
                           uint32_t place, const char **name_out)
{
    const struct org *org = overlaps->org;
    uint32_t found = 0;

    for (uint32_t i = 0; i < org->site_count; i++) {
        const struct org_site *spoke = &org->sites[i];

        if (spoke->is_revoked || first_choice(overlaps, first, count, spoke) != place)
            continue;
        if (found++ == 0)
            *name_out = spoke->name;
    }
    return found;
}

static void warn_of_owner(const struct overlaps *overlaps, uint32_t first, uint32_t count,
                          uint32_t place)
{
    const struct org_export *winner = overlaps->sorted[first];
    const char *other = site_of(overlaps, winner)->name;
    const char *fan = "";
    struct setting here, there;
    uint32_t fans = 0;
    char more[32] = "";

    if (!org_export_setting(overlaps->org, overlaps->sorted[place], &here) ||
        !org_export_setting(overlaps->org, winner, &there))
        return;
    if (site_of(overlaps, overlaps->sorted[place])->role == AVPN_ROLE_HUB)
        fans = count_fans(overlaps, first, count, place, &fan);
    if (fans > 1)
        (void)snprintf(more, sizeof more, " and %u more", fans - 1);
    if (fans > 0)
        findings_warn(&overlaps->org->file, &here, NULL,
                      "is exported by %s too (line %u), which is asked first, but here by %s%s, "
                      "for which this is the preferred hub; while one is down the other is asked",
                      other, there.line, fan, more);
    else
        findings_warn(&overlaps->org->file, &here, NULL,
                      "is exported by %s too (line %u), which is asked first (hubs before spokes, "
                      "then the one added first); here only while that is down. Are they two "
                      "networks with the same addresses? Then export one as another subnet: "
                      "{subnet: ..., local: ...}",
                      other, there.line);
}

/* ---- exports of several sites: one in another ---------------------------------------------------- */

static void warn_of_nested(const struct overlaps *overlaps, const struct org_export *inner,
                           const struct org_export *outer)
{
    char text[AVPN_PREFIX_TEXT];
    struct setting here, there;

    if (org_export_setting(overlaps->org, inner, &here) &&
        org_export_setting(overlaps->org, outer, &there))
        findings_warn(&overlaps->org->file, &here, NULL,
                      "lies in %s of %s (line %u): this one, the more specific, wins, also while "
                      "its site is down",
                      prefix_text(&outer->prefix, text), site_of(overlaps, outer)->name,
                      there.line);
}

/* An owner of the group at `first` that is not the site itself. */
static const struct org_export *other_owner(const struct overlaps *overlaps, uint32_t first,
                                            uint32_t site)
{
    uint32_t end = first + overlaps_group(overlaps, first);

    for (uint32_t i = first; i < end; i++)
        if (overlaps->sorted[i]->site != site)
            return overlaps->sorted[i];
    return NULL;
}

/* Each export against the nearest one of another site that contains it, so that the list stays short. */
static void warn_of_overlaps(const struct overlaps *overlaps)
{
    uint32_t open[130]; /* first places of groups, nested: at most one of each length */
    uint32_t depth = 0, count;

    for (uint32_t first = 0; first < overlaps->count; first += count) {
        const struct avpn_prefix *prefix = &overlaps->sorted[first]->prefix;

        count = overlaps_group(overlaps, first);
        while (depth > 0 && !prefixes_contain(&overlaps->sorted[open[depth - 1]]->prefix, prefix))
            depth--;
        for (uint32_t i = first; i < first + count; i++) {
            const struct org_export *outer = NULL;

            for (uint32_t k = depth; k > 0 && !outer; k--)
                outer = other_owner(overlaps, open[k - 1], overlaps->sorted[i]->site);
            if (i > first && overlaps->sorted[i]->site != overlaps->sorted[first]->site)
                warn_of_owner(overlaps, first, count, i);
            else if (outer)
                warn_of_nested(overlaps, overlaps->sorted[i], outer);
        }
        open[depth++] = first;
    }
}

/* ---- translations -------------------------------------------------------------------------------- */

static int is_exported_address(const struct org *org, const struct org_site *site,
                               const struct avpn_prefix *local)
{
    for (uint32_t i = 0; i < site->translation_count; i++)
        if (prefixes_contain(&org->translations[site->first_translation + i].pair.exported, local))
            return 1;
    return 0;
}

/* The site's own export that has the local addresses too: as such they are dropped [TRN-3]. */
static const struct org_export *shadowed_export(const struct org *org, const struct org_site *site,
                                                const struct avpn_prefix *local)
{
    for (uint32_t i = 0; i < site->export_count; i++)
        if (prefixes_overlap(&org->exports[site->first_export + i].prefix, local))
            return &org->exports[site->first_export + i];
    return NULL;
}

/* One host's neighbours are not its own addresses. */
static int is_host(const struct avpn_prefix *prefix)
{
    return prefix->length == (prefix->family == AVPN_FAMILY_IPV4 ? 32 : 128);
}

static void warn_of_translation(const struct overlaps *overlaps,
                                const struct org_translation *translation)
{
    const struct org *org = overlaps->org;
    const struct avpn_prefix *local = &translation->pair.local;
    const struct org_site *site = &org->sites[translation->site];
    const struct org_export *own = shadowed_export(org, site, local);
    const struct org_export *other = overlaps_find(overlaps, local, translation->site);
    char text[AVPN_PREFIX_TEXT], exported[AVPN_PREFIX_TEXT];
    struct setting here, there;

    if (site->is_revoked || !org_translation_setting(org, translation, &here))
        return;
    if (own && !is_exported_address(org, site, local))
        findings_warn(&org->file, &here, NULL,
                      "is known to others as %s alone: what they send to it by the export %s is "
                      "dropped",
                      prefix_text(&translation->pair.exported, exported),
                      prefix_text(&own->prefix, text));
    if (other && !is_host(local) && org_export_setting(org, other, &there))
        findings_warn(&org->file, &here, NULL,
                      "has addresses that %s exports as they are (%s, line %u): from here they "
                      "cannot be reached, for this site's hosts take them for their neighbours; "
                      "%s should translate them too",
                      site_of(overlaps, other)->name, prefix_text(&other->prefix, text), there.line,
                      site_of(overlaps, other)->name);
}

/* ---- sites that cannot send ------------------------------------------------------------------------- */

static int has_family(const struct org *org, const struct org_site *site, uint8_t family)
{
    for (uint32_t i = 0; i < site->export_count; i++)
        if (org->exports[site->first_export + i].prefix.family == family)
            return 1;
    return 0;
}

static int knows_family(const struct overlaps *overlaps, uint8_t family)
{
    for (uint32_t i = 0; i < overlaps->count; i++)
        if (overlaps->sorted[i]->prefix.family == family)
            return 1;
    return 0;
}

/* A default route is of both families [RTE-2]; that nobody uses one of them needs no warning. */
static void warn_of_family(const struct overlaps *overlaps, uint8_t family, const char *name)
{
    const struct org *org = overlaps->org;

    if (!knows_family(overlaps, family))
        return;
    for (uint32_t i = 0; i < org->site_count; i++) {
        const struct org_site *site = &org->sites[i];

        if (!site->is_revoked && site->export_count > 0 && org_has_exit(site) &&
            !has_family(org, site, family))
            findings_warn(&org->file, &site->where, site->name,
                          "has its default route in the VPN, of %s too, and exports no %s subnet: "
                          "what its hosts send in %s is dropped",
                          name, name, name);
    }
}

/* Whatever has no exported source is accepted by nobody [RTE-5]. */
static void warn_of_mute(const struct org *org)
{
    for (uint32_t i = 0; i < org->site_count; i++) {
        const struct org_site *site = &org->sites[i];

        if (!site->is_revoked && site->hub_count > 0 && site->export_count == 0)
            findings_warn(&org->file, &site->where, site->name,
                          "exports nothing: nobody takes what it sends, and nobody can answer");
    }
}

void warnings_addresses(const struct overlaps *overlaps)
{
    warn_of_overlaps(overlaps);
    for (uint32_t i = 0; i < overlaps->org->translation_count; i++)
        warn_of_translation(overlaps, &overlaps->org->translations[i]);
    warn_of_mute(overlaps->org);
    warn_of_family(overlaps, AVPN_FAMILY_IPV4, "IPv4");
    warn_of_family(overlaps, AVPN_FAMILY_IPV6, "IPv6");
}
