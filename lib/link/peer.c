/* SPDX-License-Identifier: ISC */
#include "link/peer.h"

#include "base/address.h"
#include "crypto/box.h"
#include "crypto/hash.h"
#include "link/handover.h"
#include "link/path.h"
#include "link/probe.h"
#include <string.h>

static void fire(void *owner, avpn_time now);
static void untouch(struct avpni_peer *peer);

/* ---- keys [KDF-3] [KDF-4] ------------------------------------------------------ */

static void derive_keys(struct avpni_peer *peer)
{
    const struct avpni_context *context = peer->context;
    const struct avpn_key *self = &context->identity.public_key;
    const struct avpn_key *lower = peer->is_initiator ? self : &peer->key;
    const struct avpn_key *higher = peer->is_initiator ? &peer->key : self;
    const struct avpni_piece pieces[] = {
        {"autovpn pair", 13}, /* with its terminator: the 0x00 after the label */
        {peer->shared.bytes, AVPN_KEY_BYTES},
        {context->organization.bytes, AVPN_KEY_BYTES},
        {lower->bytes, AVPN_KEY_BYTES},
        {higher->bytes, AVPN_KEY_BYTES},
    };
    struct avpn_key pair;

    avpni_hash(pair.bytes, sizeof pair.bytes, NULL, 0, pieces, sizeof pieces / sizeof pieces[0]);
    avpni_derive(peer->send_probe_key, 32, &pair, "probe", self->bytes, AVPN_KEY_BYTES);
    avpni_derive(peer->receive_probe_key, 32, &pair, "probe", peer->key.bytes, AVPN_KEY_BYTES);
    avpni_derive(peer->send_tag, 8, &pair, "tag", self->bytes, AVPN_KEY_BYTES);
    avpni_derive(peer->receive_tag, 8, &pair, "tag", peer->key.bytes, AVPN_KEY_BYTES);
    avpni_wipe(&pair, sizeof pair);
}

int32_t avpni_peer_new(struct avpni_context *context, uint32_t member, const struct avpn_key *key,
                       avpn_time now, struct avpni_peer **peer_out)
{
    struct avpni_peer *peer = avpni_allocate(&context->memory, 1, sizeof *peer);
    int32_t error = AVPN_ERROR_ARGUMENT;

    if (peer == NULL)
        return AVPN_ERROR_MEMORY;
    peer->gate = avpni_gate_new(&context->plane, member);
    if (peer->gate == NULL) {
        avpni_release(&context->memory, peer);
        return AVPN_ERROR_MEMORY;
    }
    peer->context = context;
    peer->member = member;
    peer->key = *key;
    peer->selected = AVPNI_PATH_NONE;
    peer->up_since = -1;
    peer->failback_at = AVPN_TIME_NEVER;
    peer->heard_at = now;
    avpni_hold_init(&peer->hold);
    peer->hop_state = AVPN_HOP_DEAD;
    peer->offers = peer->offers_told = AVPNI_OFFERS_ALL;
    peer->offers_asked_at = -1;
    peer->is_initiator = memcmp(context->identity.public_key.bytes, key->bytes, AVPN_KEY_BYTES) < 0;
    avpni_timer_init(&peer->timer, fire, peer);
    if (avpni_dh(&peer->shared, &context->identity.secret_key, key)) {
        derive_keys(peer);
        error = avpni_timers_reserve(&context->timers, 1);
    }
    if (error == AVPN_OK) {
        error = avpni_tunnel_init(&peer->tunnel, peer);
        if (error != AVPN_OK)
            avpni_timers_reserve(&context->timers, -1);
    }
    if (error != AVPN_OK) {
        avpni_gate_retire(&context->plane, peer->gate);
        avpni_wipe(peer, sizeof *peer);
        avpni_release(&context->memory, peer);
        return error;
    }
    *peer_out = peer;
    return AVPN_OK;
}

void avpni_peer_del(struct avpni_peer *peer)
{
    struct avpni_context *context;

    if (peer == NULL)
        return;
    context = peer->context;
    avpni_tunnel_fini(&peer->tunnel, peer);
    for (uint32_t i = 0; i < AVPNI_PATHS; i++)
        avpni_path_del(peer->paths[i]);
    for (uint32_t i = 0; i < AVPN_UPLINKS; i++)
        avpni_release(&context->memory, peer->remotes[i]);
    avpni_timer_clear(&context->timers, &peer->timer);
    avpni_timers_reserve(&context->timers, -1);
    untouch(peer);
    avpni_gate_retire(&context->plane, peer->gate);
    avpni_wipe(peer, sizeof *peer);
    avpni_release(&context->memory, peer);
}

/* ---- the gate ------------------------------------------------------------------------ */

void avpni_peer_touch(struct avpni_peer *peer)
{
    if (peer->is_touched)
        return;
    peer->is_touched = true;
    peer->touched = peer->context->touched;
    peer->context->touched = peer;
}

static void untouch(struct avpni_peer *peer)
{
    struct avpni_peer **place = &peer->context->touched;

    while (*place != NULL && *place != peer)
        place = &(*place)->touched;
    if (*place != NULL)
        *place = peer->touched;
    peer->is_touched = false;
}

static uint32_t flags_of(const struct avpni_path *path)
{
    return path->mtu.state == AVPN_MTU_BELOW ? AVPN_DATAGRAMS_MAY_FRAGMENT : 0;
}

/* False: packets to the peer cannot leave now. */
static bool describe_way(const struct avpni_peer *peer, struct avpni_way *way)
{
    const struct avpni_session *session = peer->tunnel.current;
    const struct avpni_path *path;
    const struct avpni_pair *pair;

    if (session == NULL || peer->selected == AVPNI_PATH_NONE)
        return false;
    path = peer->paths[peer->selected];
    pair = atomic_load(&session->pairs[peer->selected]);
    way->limit = avpni_peer_inner_limit(peer);
    if (pair == NULL || way->limit == 0)
        return false;
    way->sa = pair->send;
    way->until = session->created_at + AVPNI_REJECT_AFTER;
    way->uplink = path->uplink;
    way->path = peer->selected;
    way->flags = flags_of(path);
    way->contact = path->contact;
    return true;
}

static bool is_same_way(const struct avpni_way *a, const struct avpni_way *b)
{
    return a->sa == b->sa && a->until == b->until && a->limit == b->limit &&
           a->path == b->path && a->flags == b->flags &&
           avpni_contact_is_equal(&a->contact, &b->contact);
}

void avpni_peer_collect(struct avpni_peer *peer)
{
    struct avpni_way *way = atomic_load(&peer->gate->way);
    struct avpni_path *path = way != NULL ? peer->paths[way->path] : NULL;

    if (path != NULL)
        avpni_mtu_note_sent(&path->mtu, atomic_exchange(&way->largest, 0));
}

static bool settle_way(struct avpni_peer *peer)
{
    struct avpni_way next = {.sa = NULL}, *last = atomic_load(&peer->gate->way);
    bool is_open = describe_way(peer, &next);

    if (is_open ? last != NULL && is_same_way(last, &next) : last == NULL)
        return true;
    avpni_peer_collect(peer);
    return avpni_gate_set_way(&peer->context->plane, peer->gate, is_open ? &next : NULL) ==
           AVPN_OK;
}

static void settle_sources(struct avpni_peer *peer)
{
    for (uint32_t i = 0; i < AVPNI_PATHS; i++)
        atomic_store_explicit(&peer->gate->sources[i],
                              avpni_path_is_alive(peer->paths[i])
                                  ? avpni_source_check(&peer->paths[i]->contact)
                                  : 0,
                              memory_order_relaxed);
}

void avpni_peers_settle(struct avpni_context *context)
{
    struct avpni_peer *peer = context->touched;

    context->touched = NULL;
    while (peer != NULL) {
        struct avpni_peer *next = peer->touched;

        peer->is_touched = false;
        if (context->hands_over) {
            avpni_handover_settle(peer);
        } else {
            settle_sources(peer);
            if (!settle_way(peer)) {
                avpni_count(context, AVPN_DROP_MEMORY);
                avpni_peer_touch(peer);
            }
        }
        peer = next;
    }
}

void avpni_peer_close(struct avpni_peer *peer, const struct avpni_session *session)
{
    struct avpni_way *way = atomic_load(&peer->gate->way);

    for (uint32_t i = 0; i < AVPNI_PATHS && way != NULL; i++) {
        const struct avpni_pair *pair = atomic_load(&session->pairs[i]);

        if (pair != NULL && pair->send == way->sa) {
            (void)avpni_gate_set_way(&peer->context->plane, peer->gate, NULL);
            way = NULL;
        }
    }
    avpni_peer_touch(peer);
}

/* ---- what is known about where it is ---------------------------------------------- */

static struct avpni_remote *need_remote(struct avpni_peer *peer, uint32_t uplink)
{
    if (peer->remotes[uplink] == NULL)
        peer->remotes[uplink] =
            avpni_allocate(&peer->context->memory, 1, sizeof *peer->remotes[uplink]);
    if (peer->remotes[uplink] == NULL)
        avpni_count(peer->context, AVPN_DROP_MEMORY);
    return peer->remotes[uplink];
}

/* Attempts over every uplink of ours that is up towards one of theirs. */
static void attempt_all(struct avpni_peer *peer, uint32_t remote_uplink, avpn_time now)
{
    for (uint32_t uplink = 0; uplink < AVPN_UPLINKS; uplink++) {
        struct avpni_path *path;

        if (!peer->context->uplinks[uplink].is_up)
            continue;
        path = avpni_peer_path(peer, uplink, remote_uplink);
        if (path != NULL)
            avpni_path_attempt(path, now);
    }
}

/* ---- what it offers [PRB-14], [RTE-8] -------------------------------------------------- */

static void set_offers(struct avpni_peer *peer, uint64_t offers, avpn_time now)
{
    if (peer->offers == offers)
        return;
    peer->offers = offers;
    peer->context->offers_changed(peer->context->owner, peer, now);
}

/* Whether a probe speaks of the exports that our configuration gives the peer. 0 is no site, on neither end. */
static bool is_of_site(const struct avpni_peer *peer, const struct avpni_probe *probe)
{
    return probe->site_check != 0 && probe->site_check == peer->site_check;
}

/* Only a question: requests can be replayed, and replays must not make us send more than this. */
static void ask_offers(struct avpni_peer *peer, struct avpni_path *path,
                       const struct avpni_probe *request, avpn_time now)
{
    bool is_early =
        peer->offers_asked_at >= 0 && now - peer->offers_asked_at < AVPNI_OFFERS_ASK;

    if (!is_of_site(peer, request) || request->offers == peer->offers || is_early ||
        !avpni_path_is_alive(path))
        return;
    peer->offers_asked_at = now;
    avpni_path_probe(path, now);
}

void avpni_peer_announce_offers(struct avpni_peer *peer, avpn_time now)
{
    for (uint32_t i = 0; i < AVPNI_PATHS; i++)
        if (peer->paths[i] != NULL)
            avpni_path_probe(peer->paths[i], now);
}

/* ---- what the configuration and registries say ------------------------------------------ */

int32_t avpni_peer_configure(struct avpni_peer *peer, uint8_t role, bool marks_us,
                             uint32_t site_check, const struct avpn_contact *manual,
                             size_t manual_count, avpn_time now)
{
    static const struct avpn_contact none = {0};

    peer->role = role; /* in any case: forwarding depends on it [RTE-4] */
    atomic_store(&peer->gate->role, role);
    atomic_store(&peer->gate->marks_us, marks_us);
    if (peer->site_check != site_check) {
        peer->site_check = site_check;
        set_offers(peer, AVPNI_OFFERS_ALL, now); /* what it said was about other exports */
    }
    for (uint32_t i = 0; i < manual_count && i < AVPN_UPLINKS; i++)
        if (manual[i].family != AVPN_FAMILY_NONE && need_remote(peer, i) == NULL)
            return AVPN_ERROR_MEMORY;
    for (uint32_t i = 0; i < AVPN_UPLINKS; i++) {
        const struct avpn_contact *wanted = i < manual_count ? &manual[i] : &none;
        struct avpni_remote *remote = peer->remotes[i];

        if (remote == NULL || avpni_contact_is_equal(&remote->manual, wanted))
            continue;
        remote->manual = *wanted;
        attempt_all(peer, i, now);
    }
    return AVPN_OK;
}

static void set_timer(struct avpni_peer *peer)
{
    avpn_time when = peer->heard_at + peer->context->purge_after;

    if (peer->failback_at < when)
        when = peer->failback_at;
    if (peer->hold.until >= 0 && peer->hold.until < when)
        when = peer->hold.until;
    avpni_timer_set(&peer->context->timers, &peer->timer, when);
}

/* For those who compare what registries say (link/witness.h). */
static void note_told(struct avpni_remote *remote, uint32_t registry,
                      const struct avpni_entry *entry, avpn_time now)
{
    bool was_connected = (remote->connected & 1u << registry) != 0;
    bool is_connected = (entry->flags & AVPNI_ENTRY_CONNECTED) != 0;

    remote->told_at[registry] = now;
    if (was_connected != is_connected || remote->nats[registry] != entry->nat ||
        !avpni_contact_is_equal(&remote->observed[registry], &entry->observed))
        remote->changed_at = now;
}

void avpni_peer_learn(struct avpni_peer *peer, uint32_t registry, const struct avpni_entry *entry,
                      avpn_time now)
{
    struct avpni_remote *remote;
    uint8_t bit = (uint8_t)(1u << registry);
    bool was_connected, is_new;

    if (entry->uplink >= AVPN_UPLINKS || registry >= AVPN_REGISTRIES)
        return;
    remote = need_remote(peer, entry->uplink);
    if (remote == NULL)
        return;
    was_connected = (remote->connected & bit) != 0;
    note_told(remote, registry, entry, now);
    if (!(entry->flags & AVPNI_ENTRY_CONNECTED)) {
        remote->connected &= (uint8_t)~bit; /* what we know of it stays until the purge */
        return;
    }
    is_new = !avpni_contact_is_equal(&remote->observed[registry], &entry->observed) ||
             !avpni_contact_is_equal(&remote->local, &entry->local);
    remote->connected |= bit;
    remote->nat = remote->nats[registry] = entry->nat;
    remote->local = entry->local;
    remote->observed[registry] = entry->observed;
    peer->heard_at = now;
    set_timer(peer);
    if (is_new || !was_connected)
        attempt_all(peer, entry->uplink, now); /* [PRB-11] */
}

bool avpni_peer_is_connected(const struct avpni_peer *peer)
{
    for (uint32_t i = 0; i < AVPN_UPLINKS; i++)
        if (peer->remotes[i] != NULL && peer->remotes[i]->connected != 0)
            return true;
    return false;
}

static uint32_t add_unique(struct avpn_contact *list, uint32_t count,
                           const struct avpn_contact *contact, uint8_t family)
{
    if (count == AVPNI_CANDIDATES || !avpni_contact_is_usable(contact) ||
        (family != AVPN_FAMILY_NONE && contact->family != family))
        return count;
    for (uint32_t i = 0; i < count; i++)
        if (avpni_contact_is_equal(&list[i], contact))
            return count;
    list[count] = *contact;
    return count + 1;
}

/* Both ends are seen at the same public address: they may be neighbours. */
static bool is_neighbour(const struct avpni_uplink *uplink, const struct avpni_remote *remote)
{
    for (uint32_t i = 0; i < AVPN_REGISTRIES; i++)
        if (remote->observed[i].family != AVPN_FAMILY_NONE &&
            avpni_contact_is_same_address(&remote->observed[i], &uplink->observed))
            return true;
    return false;
}

uint32_t avpni_peer_candidates(const struct avpni_peer *peer, uint32_t uplink,
                               uint32_t remote_uplink,
                               struct avpn_contact candidates_out[AVPNI_CANDIDATES])
{
    const struct avpni_uplink *ours = &peer->context->uplinks[uplink];
    const struct avpni_remote *remote = peer->remotes[remote_uplink];
    uint8_t family = ours->local.family;
    bool has_manual;
    uint32_t count;

    if (remote == NULL)
        return 0;
    count = add_unique(candidates_out, 0, &remote->manual, family);
    has_manual = count > 0;
    if (is_neighbour(ours, remote))
        count = add_unique(candidates_out, count, &remote->local, family);
    if (has_manual)
        return count; /* the administrator's word wins over what was observed [PRB-10] */
    for (uint32_t i = 0; i < AVPN_REGISTRIES; i++)
        count = add_unique(candidates_out, count, &remote->observed[i], family);
    return count;
}

/* ---- paths --------------------------------------------------------------------------- */

struct avpni_path *avpni_peer_path(struct avpni_peer *peer, uint32_t uplink, uint32_t remote_uplink)
{
    uint32_t number = uplink * AVPN_UPLINKS + remote_uplink;

    if (peer->paths[number] == NULL &&
        (avpni_path_new(peer, uplink, remote_uplink, &peer->paths[number]) != AVPN_OK ||
         avpni_tunnel_add_path(peer, number) != AVPN_OK)) {
        avpni_path_del(peer->paths[number]);
        peer->paths[number] = NULL;
        avpni_count(peer->context, AVPN_DROP_MEMORY);
    }
    return peer->paths[number];
}

struct avpni_path *avpni_peer_proved_path(const struct avpni_peer *peer, uint32_t uplink,
                                          const struct avpn_contact *contact)
{
    for (uint32_t i = 0; i < AVPN_UPLINKS; i++) {
        struct avpni_path *path = peer->paths[uplink * AVPN_UPLINKS + i];

        if (avpni_path_is_alive(path) && avpni_contact_is_equal(&path->contact, contact))
            return path;
    }
    return NULL;
}

bool avpni_peer_expects(const struct avpni_peer *peer, uint32_t uplink,
                        const struct avpn_contact *contact)
{
    for (uint32_t i = 0; i < AVPN_UPLINKS; i++) {
        const struct avpni_path *path = peer->paths[uplink * AVPN_UPLINKS + i];

        if (path != NULL && avpni_path_expects(path, contact))
            return true;
    }
    return false;
}

static uint8_t best_path(const struct avpni_peer *peer)
{
    for (uint8_t i = 0; i < AVPNI_PATHS; i++)
        if (avpni_path_is_alive(peer->paths[i]))
            return i;
    return AVPNI_PATH_NONE;
}

static void set_hop(struct avpni_peer *peer, uint32_t state, avpn_time now)
{
    peer->hop_state = state;
    atomic_store(&peer->gate->state, (uint8_t)state);
    peer->context->hop_changed(peer->context->owner, peer, state, now);
}

static void push_tunnel(struct avpni_peer *peer, avpn_time now)
{
    struct avpn_event event = avpni_event(AVPN_EVENT_TUNNEL, peer->is_up, now);

    event.peer = peer->member;
    avpni_events_push(&peer->context->events, &event);
}

/*
 * Only a hub is held: whoever prefers another to it knows whether that one is alive. A spoke's other hubs may have no tunnel with it, and
 * nobody here would know [RTE-7].
 */
static bool is_held(struct avpni_peer *peer, avpn_time now)
{
    bool is_back = avpni_hold_up(&peer->hold, now);

    if (peer->role == AVPN_ROLE_HUB)
        return is_back;
    peer->hold.until = -1;
    return false;
}

/* A tunnel that came back is held as a next hop; one that is gone leaves nothing withdrawn [RTE-7], [RTE-8]. */
static void set_up(struct avpni_peer *peer, bool is_up, avpn_time now)
{
    if (peer->is_up == is_up)
        return;
    peer->is_up = is_up;
    peer->up_since = is_up ? now : -1;
    push_tunnel(peer, now);
    if (is_up) {
        set_hop(peer, is_held(peer, now) ? AVPN_HOP_HELD : AVPN_HOP_ALIVE, now);
        return;
    }
    avpni_hold_down(&peer->hold, now);
    set_hop(peer, AVPN_HOP_DEAD, now);
    set_offers(peer, AVPNI_OFFERS_ALL, now);
}

/* [PTH-1] at once where the selected path is gone, [PTH-2] after a while where it is only not the best. */
void avpni_peer_reselect(struct avpni_peer *peer, avpn_time now)
{
    uint8_t best = best_path(peer);
    bool is_first = peer->selected == AVPNI_PATH_NONE;

    avpni_peer_touch(peer);
    peer->failback_at = AVPN_TIME_NEVER;
    if (is_first || best == AVPNI_PATH_NONE || !avpni_path_is_alive(peer->paths[peer->selected])) {
        peer->selected = best;
    } else if (best < peer->selected) {
        avpn_time due = peer->paths[best]->alive_since + AVPNI_PATH_FAILBACK;

        if (now >= due)
            peer->selected = best;
        else
            peer->failback_at = due;
    }
    if (peer->selected != AVPNI_PATH_NONE)
        peer->heard_at = now;
    set_up(peer, peer->selected != AVPNI_PATH_NONE && peer->tunnel.current != NULL, now);
    set_timer(peer);
    if (is_first && peer->selected != AVPNI_PATH_NONE)
        avpni_tunnel_drive(peer, now);
}

void avpni_peer_uplink_changed(struct avpni_peer *peer, uint32_t uplink, avpn_time now)
{
    bool is_up = peer->context->uplinks[uplink].is_up;

    avpni_peer_touch(peer);
    for (uint32_t i = 0; i < AVPN_UPLINKS; i++) {
        struct avpni_path *path = peer->paths[uplink * AVPN_UPLINKS + i];

        if (path != NULL && !is_up)
            avpni_path_reset(path, now);
        if (is_up && peer->remotes[i] != NULL) {
            path = avpni_peer_path(peer, uplink, i);
            if (path != NULL)
                avpni_path_attempt(path, now);
        }
    }
}

uint32_t avpni_peer_inner_limit(const struct avpni_peer *peer)
{
    return peer->selected == AVPNI_PATH_NONE
               ? 0
               : avpn_inner_bytes(peer->paths[peer->selected]->mtu.size); /* [MTU-6] */
}

/* ---- purge, failback, and the end of a hold ----------------------------------------------------------------- */

void avpni_peer_forget_registries(struct avpni_peer *peer)
{
    for (uint32_t i = 0; i < AVPN_UPLINKS; i++) {
        struct avpni_remote *remote = peer->remotes[i];

        if (remote == NULL)
            continue;
        memset(remote->observed, 0, sizeof remote->observed);
        memset(&remote->local, 0, sizeof remote->local);
        memset(remote->nats, 0, sizeof remote->nats);
        memset(remote->told_at, 0, sizeof remote->told_at);
        remote->connected = 0;
        remote->nat = AVPN_NAT_UNKNOWN;
    }
}

/* [PRB-12]: what registries said is forgotten; the configuration's word is not. */
static void purge(struct avpni_peer *peer, avpn_time now)
{
    avpni_peer_forget_registries(peer);
    for (uint32_t i = 0; i < AVPNI_PATHS; i++) {
        if (peer->paths[i] == NULL)
            continue;
        avpni_path_reset(peer->paths[i], now);
        avpni_path_attempt(peer->paths[i], now); /* a manual contact is still worth trying */
    }
}

static void fire(void *owner, avpn_time now)
{
    struct avpni_peer *peer = owner;

    if (peer->selected != AVPNI_PATH_NONE || avpni_peer_is_connected(peer))
        peer->heard_at = now;
    if (now >= peer->heard_at + peer->context->purge_after) {
        purge(peer, now);
        avpni_timer_clear(&peer->context->timers, &peer->timer);
        return;
    }
    if (avpni_hold_end(&peer->hold, now))
        set_hop(peer, AVPN_HOP_ALIVE, now);
    avpni_peer_reselect(peer, now);
}

/* ---- probes ------------------------------------------------------------------------------ */

static void receive_request(struct avpni_peer *peer, uint32_t uplink,
                            const struct avpn_contact *source, const struct avpni_probe *probe,
                            avpn_time now)
{
    struct avpni_path *path = avpni_peer_path(peer, uplink, probe->uplink);

    if (path == NULL)
        return;
    avpni_probe_respond(peer, uplink, source, probe); /* [PRB-2] */
    avpni_path_heard(path, source, now);
    ask_offers(peer, path, probe, now);
    avpni_tunnel_probe(peer, probe, now);
}

static void receive_response(struct avpni_peer *peer, uint32_t uplink,
                             const struct avpn_contact *source, const struct avpni_probe *probe,
                             avpn_time now)
{
    avpn_time sent_at = avpni_probe_sent_at(peer, uplink, source, probe, now);
    struct avpni_path *path;

    if (sent_at < 0) {
        avpni_count(peer->context, AVPN_DROP_TRANSACTION); /* [PRB-3] */
        return;
    }
    path = avpni_peer_path(peer, uplink, probe->uplink);
    if (path == NULL)
        return;
    if (!avpni_path_answered(path, source, sent_at, now)) {
        avpni_count(peer->context, AVPN_DROP_TRANSACTION);
        return;
    }
    if (is_of_site(peer, probe))
        set_offers(peer, probe->offers, now);
    avpni_tunnel_probe(peer, probe, now);
}

/* It can only come of a request to a proved contact, so there is a path. */
static void receive_size_response(struct avpni_peer *peer, uint32_t uplink,
                                  const struct avpn_contact *source,
                                  const struct avpni_probe *probe, avpn_time now)
{
    avpn_time sent_at = avpni_probe_sent_at(peer, uplink, source, probe, now);
    struct avpni_path *path = peer->paths[uplink * AVPN_UPLINKS + probe->uplink];

    if (sent_at < 0 || path == NULL ||
        !avpni_path_size_answered(path, source, probe->size, sent_at, now))
        avpni_count(peer->context, AVPN_DROP_TRANSACTION);
}

void avpni_peer_receive_probe(struct avpni_peer *peer, uint32_t uplink,
                              const struct avpn_contact *source, const uint8_t *bytes,
                              size_t count, avpn_time now)
{
    struct avpni_probe probe;

    if (!avpni_probe_open(peer, bytes, count, &probe)) {
        avpni_count(peer->context, AVPN_DROP_PROBE);
        return;
    }
    switch ((enum avpni_probe_kind)probe.kind) {
    case AVPNI_PROBE_REQUEST:
        receive_request(peer, uplink, source, &probe, now);
        break;
    case AVPNI_PROBE_RESPONSE:
        receive_response(peer, uplink, source, &probe, now);
        break;
    case AVPNI_PROBE_SIZE_REQUEST:
        avpni_probe_respond(peer, uplink, source, &probe); /* changes nothing here [MTU-2] */
        break;
    case AVPNI_PROBE_SIZE_RESPONSE:
        receive_size_response(peer, uplink, source, &probe, now);
        break;
    }
}
