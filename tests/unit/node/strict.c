/* SPDX-License-Identifier: ISC */
/* strict: see strict.h. */
#include "node/strict.h"

#include "base/address.h"
#include "harness.h"
#include "wire/message.h"
#include <string.h>

#define MEMBERS 16

static uint32_t selected_of[PAIR_NODES][MEMBERS]; /* by node and member: place + 1 of the sender */

static uint32_t *selection(struct strict *strict, uint32_t member)
{
    ck_assert_uint_lt(member, MEMBERS);
    return &selected_of[strict->host->number][member];
}

struct strict_sa *strict_selected(struct strict *strict, uint32_t member)
{
    uint32_t place = *selection(strict, member);

    return place == 0 ? NULL : &strict->sas[place - 1];
}

uint32_t strict_count(const struct strict *strict, uint32_t is_sender)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < STRICT_SAS; i++)
        count += strict->sas[i].sa != NULL &&
                 (is_sender == 2 || strict->sas[i].change.is_sender == is_sender);
    return count;
}

/* ---- what it is told ---------------------------------------------------------------------- */

/* A receiver's SPI is this node's and needs no member to name it. */
static struct strict_sa *find(struct strict *strict, const struct avpn_sa_change *change)
{
    for (uint32_t i = 0; i < STRICT_SAS; i++) {
        struct strict_sa *sa = &strict->sas[i];

        if (sa->sa != NULL && sa->change.spi == change->spi &&
            sa->change.is_sender == change->is_sender &&
            (!change->is_sender || sa->change.member == change->member))
            return sa;
    }
    return NULL;
}

static void note_key(struct strict *strict, const struct avpn_sa_change *change)
{
    uint8_t key[36];

    memcpy(key, change->key, 32);
    memcpy(key + 32, change->salt, 4);
    for (uint32_t i = 0; i < strict->key_count; i++)
        ck_assert_msg(memcmp(strict->keys[i], key, sizeof key) != 0, "a key is installed twice");
    ck_assert_uint_lt(strict->key_count, STRICT_KEYS);
    memcpy(strict->keys[strict->key_count++], key, sizeof key);
}

static void install(struct strict *strict, const struct avpn_sa_change *change)
{
    struct avpn_sa_parameters p = {.size = sizeof p, .spi = change->spi, .suite = change->suite,
                                   .window = change->window, .sequence = change->sequence,
                                   .limit = change->limit};
    struct strict_sa *sa = strict->sas;

    ck_assert_msg(find(strict, change) == NULL, "an SA is installed that is there");
    note_key(strict, change);
    while (sa->sa != NULL)
        sa++;
    ck_assert(sa < strict->sas + STRICT_SAS);
    memcpy(p.key, change->key, sizeof p.key);
    memcpy(p.salt, change->salt, sizeof p.salt);
    if (change->is_sender) {
        ck_assert_uint_ne(change->remote.family, AVPN_FAMILY_NONE);
        ck_assert_uint_gt(change->limit, 0);
        ck_assert_int_eq(avpn_sa_new_sender(&p, NULL, &sa->sa), AVPN_OK);
    } else {
        ck_assert_uint_eq(change->window, 2048); /* [ESP-5] */
        ck_assert_int_eq(avpn_sa_new_receiver(&p, NULL, &sa->sa), AVPN_OK);
    }
    ck_assert_uint_eq(change->sequence, 0);
    sa->change = *change;
    sa->report = (struct avpn_sa_report){.size = sizeof sa->report, .spi = change->spi,
                                         .member = change->member,
                                         .is_sender = change->is_sender};
}

static void take_ends(struct strict_sa *sa, const struct avpn_sa_change *change)
{
    ck_assert(!avpni_contact_is_equal(&sa->change.local, &change->local) ||
              !avpni_contact_is_equal(&sa->change.remote, &change->remote));
    ck_assert(!change->is_sender || change->remote.family != AVPN_FAMILY_NONE);
    sa->change.local = change->local;
    sa->change.remote = change->remote;
}

static void change_one(struct strict *strict, struct strict_sa *sa,
                       const struct avpn_sa_change *change)
{
    static const uint8_t none[36];
    uint32_t place = (uint32_t)(sa - strict->sas) + 1, *selected;

    ck_assert_mem_eq(change->key, none, sizeof change->key); /* keys come once */
    ck_assert_mem_eq(change->salt, none, sizeof change->salt);
    ck_assert_uint_eq(sa->change.member, change->member);
    selected = selection(strict, change->member);
    switch ((enum avpn_sa_action)change->action) {
    case AVPN_SA_SELECT:
        ck_assert(change->is_sender);
        ck_assert_uint_gt(change->inner_bytes, 0);
        ck_assert(*selected != place || sa->change.inner_bytes != change->inner_bytes);
        sa->change.inner_bytes = change->inner_bytes;
        *selected = place;
        break;
    case AVPN_SA_DESELECT:
        ck_assert_uint_eq(*selected, place);
        *selected = 0;
        break;
    case AVPN_SA_MOVE:
        take_ends(sa, change);
        break;
    case AVPN_SA_REMOVE:
        ck_assert_msg(*selected != place, "the selected SA is removed");
        avpn_sa_del(sa->sa);
        memset(sa, 0, sizeof *sa);
        break;
    case AVPN_SA_INSTALL:
    case AVPN_SA_NONE:
        ck_abort_msg("no such change");
    }
}

static void take_change(struct pair_plane *plane, const struct avpn_sa_change *change)
{
    struct strict *strict = (struct strict *)plane;
    struct strict_sa *sa = find(strict, change);

    ck_assert_uint_eq(change->size, sizeof *change);
    ck_assert_uint_le(change->action, AVPN_SA_DESELECT);
    strict->counts[change->action]++;
    strict->last[change->action] = *change;
    if (change->action == AVPN_SA_INSTALL) {
        install(strict, change);
        return;
    }
    ck_assert_msg(sa != NULL, "change %u of an SA that is not there", change->action);
    change_one(strict, sa, change);
}

/* ---- packets -------------------------------------------------------------------------------- */

static struct avpn_address address_of(const uint8_t *packet, uint32_t offset)
{
    struct avpn_address address = {.family = AVPN_FAMILY_IPV4};

    memcpy(address.bytes, packet + offset, 4);
    return address;
}

static void send_one(struct pair_plane *plane, uint8_t *packet, uint32_t bytes)
{
    struct strict *strict = (struct strict *)plane;
    struct avpn_flow flow = {.size = sizeof flow, .source = address_of(packet, 12),
                             .destination = address_of(packet, 16)};
    struct avpn_explanation route = {.size = sizeof route};
    struct strict_sa *sa;
    int32_t sealed;

    ck_assert_int_eq(avpn_node_explain(strict->host->node, &flow, &route), AVPN_OK);
    sa = route.verdict == AVPN_EXPLAIN_TUNNEL ? strict_selected(strict, route.next_hop) : NULL;
    if (sa == NULL)
        return; /* lost */
    sealed = avpn_sa_seal(sa->sa, packet, bytes);
    ck_assert_int_gt(sealed, 0);
    sa->report.packets++;
    sa->report.bytes += bytes;
    pair_post(strict->host, sa->change.uplink, &sa->change.remote, packet - AVPN_HEADROOM,
              (uint32_t)sealed);
}

static bool may_send(const struct strict *strict, const struct avpn_address *source,
                     uint32_t member)
{
    struct avpn_route route = {.size = sizeof route};
    struct avpn_routes *routes;
    uint32_t active;
    bool result;

    ck_assert_int_eq(avpn_routes_new(NULL, &routes), AVPN_OK);
    for (uint32_t i = 0; avpn_node_route_at(strict->host->node, i, &route, &active) == AVPN_OK; i++)
        ck_assert_int_eq(avpn_routes_put(routes, &route), AVPN_OK);
    result = avpn_routes_allows(routes, source, member) == 1;
    avpn_routes_del(routes);
    return result;
}

static void report(struct strict *strict, struct strict_sa *sa, const struct avpn_contact *source)
{
    struct avpn_sa_report now = sa->report;

    now.sequence = avpn_sa_sequence(sa->sa);
    if (source != NULL)
        now.source = *source;
    ck_assert_int_eq(avpn_node_report_sa(strict->host->node, &now, strict->host->pair->now),
                     AVPN_OK);
}

static void receive_one(struct pair_plane *plane, const struct pair_datagram *d, uint32_t uplink)
{
    static uint8_t bytes[PAIR_DATAGRAM];
    struct strict *strict = (struct strict *)plane;
    struct avpn_sa_change name = {.spi = avpni_esp_spi(d->data)};
    struct strict_sa *sa = find(strict, &name);
    struct avpn_address source;
    int32_t opened = -1;

    memcpy(bytes, d->data, d->bytes);
    if (sa != NULL && sa->change.uplink == uplink)
        opened = avpn_sa_open(sa->sa, bytes, d->bytes);
    if (opened <= 0) {
        strict->unopened++;
        return;
    }
    source = address_of(bytes + AVPN_HEADROOM, 12);
    sa->report.packets++;
    sa->report.bytes += (uint32_t)opened;
    if (may_send(strict, &source, sa->change.member))
        strict->host->delivered++;
    else
        strict->refused++;
    if (!strict->is_silent && !avpni_contact_is_equal(&d->source, &sa->change.remote))
        report(strict, sa, &d->source); /* may end the SA */
}

static void tick(struct pair_plane *plane, avpn_time now)
{
    struct strict *strict = (struct strict *)plane;

    if (strict->is_silent || now < strict->report_at)
        return;
    strict->report_at = now + AVPN_SECOND;
    for (uint32_t i = 0; i < STRICT_SAS; i++)
        if (strict->sas[i].sa != NULL)
            report(strict, &strict->sas[i], NULL);
}

void strict_begin(struct strict *strict, struct pair_host *host)
{
    memset(strict, 0, sizeof *strict);
    strict->plane = (struct pair_plane){take_change, receive_one, send_one, tick};
    strict->host = host;
    host->plane = &strict->plane;
    memset(selected_of[host->number], 0, sizeof selected_of[0]);
}
