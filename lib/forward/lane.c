/* SPDX-License-Identifier: ISC */
#include "forward/lane.h"

void avpni_lane_renew(struct avpni_lane *lane)
{
    lane->tables = atomic_load(&lane->plane->tables);
}

void avpni_lane_begin(struct avpni_lane *lane, avpn_time now)
{
    lane->now = now;
    lane->is_inside = true;
    avpni_lane_renew(lane);
}

void avpni_lane_end(struct avpni_lane *lane)
{
    avpni_lane_settle(lane);
    lane->is_inside = false;
}

void avpni_lane_flush(struct avpni_lane *lane)
{
    avpni_sealing_close(&lane->sealed, lane->outbox);
    avpni_runs_flush(&lane->inner);
    avpni_runs_flush(&lane->breakout);
    avpni_outbox_flush(lane->outbox);
    avpni_tally_set(&lane->counters[AVPN_COUNT_TRANSMITTED], lane->outbox->transmitted);
}

bool avpni_lane_is_receivable(const struct avpn_datagrams *datagrams)
{
    const struct avpn_packets *run = &datagrams->packets;

    if (run->data == NULL || run->count == 0 || run->bytes > AVPN_PACKET_LIMIT ||
        run->last_bytes > run->bytes || datagrams->uplink >= AVPN_UPLINKS)
        return false;
    return run->count == 1 ? run->last_bytes == run->bytes : run->stride >= run->bytes;
}

/* With the room of batch.h between packets. */
bool avpni_lane_is_sendable(const struct avpn_packets *run)
{
    if (run->data == NULL || run->count == 0 || run->bytes > AVPN_PACKET_LIMIT ||
        run->last_bytes == 0 || run->last_bytes > run->bytes)
        return false;
    if (run->count == 1)
        return run->last_bytes == run->bytes;
    return run->stride >= run->bytes + AVPN_HEADROOM + AVPN_TAILROOM ||
           run->stride == avpn_sealed_bytes(run->bytes);
}
