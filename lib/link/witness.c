/* SPDX-License-Identifier: ISC */
/* witness: see witness.h. */
#include "link/witness.h"

#include "base/address.h"
#include "link/path.h"

/* It says so in the session we have with it. */
static bool is_said(const struct avpni_remote *remote, uint32_t registry,
                    const avpn_time since[AVPN_REGISTRIES])
{
    return (remote->connected & 1u << registry) != 0 &&
           remote->told_at[registry] >= since[registry];
}

static bool answers_at(const struct avpni_peer *peer, uint32_t remote_uplink,
                       const struct avpn_contact *contact)
{
    for (uint32_t i = 0; i < AVPN_UPLINKS; i++) {
        const struct avpni_path *path = peer->paths[i * AVPN_UPLINKS + remote_uplink];

        if (avpni_path_is_alive(path) && avpni_contact_is_equal(&path->contact, contact))
            return true;
    }
    return false;
}

static bool is_contradicted(const struct avpni_peer *peer, uint32_t remote_uplink,
                            uint32_t registry, const avpn_time since[AVPN_REGISTRIES],
                            avpn_time now)
{
    const struct avpni_remote *remote = peer->remotes[remote_uplink];

    if (remote == NULL || now - remote->changed_at < AVPNI_CONTRADICTED_AFTER ||
        !is_said(remote, registry, since))
        return false;
    for (uint32_t other = 0; other < AVPN_REGISTRIES; other++) {
        const struct avpn_contact *contact = &remote->observed[other];

        if (other != registry && is_said(remote, other, since) &&
            remote->nats[other] == AVPN_NAT_FRIENDLY &&
            contact->family == remote->observed[registry].family &&
            !avpni_contact_is_equal(contact, &remote->observed[registry]) &&
            answers_at(peer, remote_uplink, contact))
            return true;
    }
    return false;
}

bool avpni_witness_contradicts(const struct avpni_peer *peer, uint32_t registry,
                               const avpn_time since[AVPN_REGISTRIES], avpn_time now)
{
    for (uint32_t i = 0; i < AVPN_UPLINKS; i++)
        if (is_contradicted(peer, i, registry, since, now))
            return true;
    return false;
}
