/* SPDX-License-Identifier: ISC */
/* Once a tunnel stands, carrying packets takes no memory. */
#include "harness.h"
#include "node/pair.h"

static const struct pair_site three[] = {
    {.role = AVPN_ROLE_HUB, .exports = {"10.1.0.0/16"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .exports = {"10.2.0.0/16"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .exports = {"10.3.0.0/16"}},
};

static struct pair pair;

static uint64_t calls(void)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < 3; i++)
        sum += pair.hosts[i].heap.calls;
    return sum;
}

START_TEST(ten_thousand_packets_take_no_memory)
{
    static const struct {
        uint32_t from;
        const char *source, *destination;
        uint32_t to;
    } rows[] = {
        {1, "10.2.0.1", "10.1.0.1", 0}, /* to the hub */
        {0, "10.1.0.1", "10.3.0.1", 2}, /* from the hub */
        {1, "10.2.0.1", "10.3.0.1", 2}, /* through the hub */
    };
    uint64_t before, delivered;

    pair_begin(&pair, three, 3, 1, 51);
    pair.is_arena = false;
    pair_start(&pair);
    pair_run(&pair, 6 * AVPN_SECOND);
    delivered = pair.hosts[rows[_i].to].delivered;
    before = calls();
    for (int round = 0; round < 200; round++) {
        pair_send(&pair, rows[_i].from, rows[_i].source, rows[_i].destination, 50, 1000, 700);
        pair_run(&pair, 20 * AVPN_MILLISECOND);
    }
    ck_assert_uint_eq(pair.hosts[rows[_i].to].delivered - delivered, 10000);
    ck_assert_uint_eq(calls(), before);
    pair_end(&pair);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(ten_thousand_packets_take_no_memory, 3),
};
HARNESS_MAIN("alloc/none", cases)
