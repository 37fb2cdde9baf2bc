/* SPDX-License-Identifier: ISC */
/* flows: see flows.h. */
#include "flows.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC 0x666c6f77u

/* Sites 0: the hub, 1 and 2: its spokes. The last two lie about their source. */
struct flow flows[FLOWS] = {
    {.from = 1, .to = 0, .claimed = 1},                 {.from = 0, .to = 1, .claimed = 0},
    {.from = 2, .to = 0, .claimed = 2},                 {.from = 0, .to = 2, .claimed = 0},
    {.from = 1, .to = 2, .claimed = 1},                 {.from = 2, .to = 1, .claimed = 2},
    {.from = 1, .to = 0, .claimed = 1, .is_v6 = true},  {.from = 0, .to = 1, .claimed = 0, .is_v6 = true},
    {.from = 2, .to = 0, .claimed = 2, .is_v6 = true},  {.from = 0, .to = 2, .claimed = 0, .is_v6 = true},
    {.from = 1, .to = 2, .claimed = 1, .is_v6 = true},  {.from = 2, .to = 1, .claimed = 2, .is_v6 = true},
    {.from = 1, .to = 0, .claimed = 2},                 {.from = 2, .to = 1, .claimed = 0, .is_v6 = true},
};

static bool is_honest(const struct flow *flow)
{
    return flow->claimed == flow->from;
}

void flows_begin(void)
{
    for (uint32_t i = 0; i < FLOWS; i++) {
        atomic_store(&flows[i].next, 0);
        atomic_store(&flows[i].arrived, 0);
        atomic_store(&flows[i].share, 0);
        atomic_store(&flows[i].forgotten, 0);
        flows[i].seen = calloc(FLOW_LIMIT, sizeof *flows[i].seen);
        if (flows[i].seen == NULL)
            abort();
    }
}

void flows_end(void)
{
    for (uint32_t i = 0; i < FLOWS; i++)
        free(flows[i].seen);
}

static bool take_share(struct flow *flow, uint32_t step, uint32_t wanted)
{
    unsigned long long share = atomic_load(&flow->share), next;

    do {
        uint32_t used = share >> 32 == step ? (uint32_t)share : 0;

        if (used + wanted > FLOW_SHARE)
            return false;
        next = (unsigned long long)step << 32 | (used + wanted);
    } while (!atomic_compare_exchange_weak(&flow->share, &share, next));
    return true;
}

uint32_t flow_reserve(struct flow *flow, uint32_t step, uint32_t wanted, uint32_t *count_out)
{
    *count_out = 0;
    if (atomic_load(&flow->next) + 64 * wanted > FLOW_LIMIT || !take_share(flow, step, wanted))
        return 0;
    *count_out = wanted;
    return atomic_fetch_add(&flow->next, wanted);
}

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write_header4(const struct flow *flow, uint8_t *packet, uint32_t bytes)
{
    uint32_t sum = 0;

    packet[0] = 0x45;
    packet[2] = (uint8_t)(bytes >> 8);
    packet[3] = (uint8_t)bytes;
    packet[6] = 0x40;
    packet[8] = 64;
    packet[9] = 253;
    memcpy(packet + 12, (uint8_t[]){10, (uint8_t)(flow->claimed + 1), 0, 1}, 4);
    memcpy(packet + 16, (uint8_t[]){10, (uint8_t)(flow->to + 1), 0, 1}, 4);
    for (uint32_t i = 0; i < 20; i += 2)
        sum += (uint32_t)packet[i] << 8 | packet[i + 1];
    sum = (sum & 0xFFFF) + (sum >> 16);
    sum = ~(sum + (sum >> 16));
    packet[10] = (uint8_t)(sum >> 8);
    packet[11] = (uint8_t)sum;
}

static void write_header6(const struct flow *flow, uint8_t *packet, uint32_t bytes)
{
    packet[0] = 0x60;
    packet[4] = (uint8_t)((bytes - 40) >> 8);
    packet[5] = (uint8_t)(bytes - 40);
    packet[6] = 59;
    packet[7] = 64;
    memcpy(packet + 8, (uint8_t[]){0xfd, 0, 0, (uint8_t)(flow->claimed + 1)}, 4);
    memcpy(packet + 24, (uint8_t[]){0xfd, 0, 0, (uint8_t)(flow->to + 1)}, 4);
    packet[23] = packet[39] = 1;
}

void flow_write(const struct flow *flow, uint32_t number, uint8_t *packet, uint32_t bytes)
{
    uint8_t *body = packet + (flow->is_v6 ? 40 : 20);

    memset(packet, 0, 40);
    if (flow->is_v6)
        write_header6(flow, packet, bytes);
    else
        write_header4(flow, packet, bytes);
    put32(body, MAGIC);
    put32(body + 4, (uint32_t)(flow - flows));
    put32(body + 8, number);
    for (uint32_t i = 12; body + i < packet + bytes; i++)
        body[i] = (uint8_t)(number * 31 + i);
}

/* The same but for what hops change. */
static bool is_unchanged(const struct flow *flow, uint32_t number, const uint8_t *packet, uint32_t bytes)
{
    uint8_t whole[2048];
    uint32_t hops = flow->is_v6 ? 7 : 8;

    flow_write(flow, number, whole, bytes);
    if (packet[hops] > 64 || packet[hops] < 63)
        return false;
    whole[hops] = packet[hops];
    if (!flow->is_v6)
        memcpy(whole + 10, packet + 10, 2);
    return memcmp(whole, packet, bytes) == 0;
}

const char *flow_arrived(uint32_t site, const uint8_t *packet, uint32_t bytes)
{
    bool is_v6 = packet[0] >> 4 == 6;
    uint8_t protocol = packet[is_v6 ? 6 : 9];
    const uint8_t *body = packet + (is_v6 ? 40 : 20);
    struct flow *flow;
    uint32_t number;

    if (protocol == 1 || protocol == 58)
        return NULL;
    if (bytes < FLOW_LEAST || bytes > 2048 || get32(body) != MAGIC || get32(body + 4) >= FLOWS)
        return "something was delivered that nobody sent";
    flow = &flows[get32(body + 4)];
    number = get32(body + 8);
    if (!is_honest(flow))
        return "a packet with another site's source was delivered";
    if (flow->to != site)
        return "a packet was delivered at another site";
    if (number >= atomic_load(&flow->next) || !is_unchanged(flow, number, packet, bytes))
        return "a packet was changed on its way";
    if (atomic_exchange(&flow->seen[number], 1) != 0)
        return "a packet was delivered twice";
    atomic_fetch_add(&flow->arrived, 1);
    return NULL;
}

void flows_forget(void)
{
    for (uint32_t i = 0; i < FLOWS; i++)
        atomic_store(&flows[i].forgotten, atomic_load(&flows[i].next) - atomic_load(&flows[i].arrived));
}

uint32_t flows_missing(void)
{
    uint32_t missing = 0;

    for (uint32_t i = 0; i < FLOWS; i++)
        if (is_honest(&flows[i]))
            missing += atomic_load(&flows[i].next) - atomic_load(&flows[i].arrived) -
                       atomic_load(&flows[i].forgotten);
    return missing;
}

uint64_t flows_arrived(void)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < FLOWS; i++)
        sum += atomic_load(&flows[i].arrived);
    return sum;
}
