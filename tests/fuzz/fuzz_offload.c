/* SPDX-License-Identifier: ISC */
/*
 * fuzz_offload: virtio-net headers, large packets, and mixtures of small ones.
 *
 * The first byte chooses: any bytes as virtio-net header and packet; a large packet that would be right, with changes; or a script that draws
 * pieces of eight flows, changes some, and puts anything between them. What is cut has to be what the slow reference cuts, in
 * a room of exactly the size that was told. What is joined has to give, cut again, the same packets byte by byte, those that may
 * be of one flow in their order.
 */
#include "fuzz.h"
#include "inner/checksum.h"
#include "inner/offload.h"
#include "unit/inner/reference.h"

#include <stdbool.h>
#include <string.h>

#define BYTES_LIMIT 4096
#define PACKETS_LIMIT 48
#define FLOWS 8
#define FLOW_PIECES 24u

/* What is left of the input; zeros after its end. */
struct input {
    const uint8_t *bytes;
    size_t count;
};

static uint8_t take(struct input *input)
{
    if (input->count == 0)
        return 0;
    input->count--;
    return *input->bytes++;
}

static uint32_t take_word(struct input *input)
{
    uint32_t high = take(input);

    return high << 8 | take(input);
}

static void put_word(uint8_t *bytes, uint32_t word)
{
    bytes[0] = (uint8_t)(word >> 8);
    bytes[1] = (uint8_t)word;
}

static uint8_t *copy_of(const uint8_t *bytes, size_t count)
{
    uint8_t *copy = malloc(count == 0 ? 1 : count);

    FUZZ_CHECK(copy != NULL);
    if (count > 0)
        memcpy(copy, bytes, count);
    return copy;
}

/* ---- large packets ---------------------------------------------------------------------------- */

struct super {
    struct avpn_offload offload;
    uint32_t bytes, transport;
    uint8_t packet[8192];
};

/* Right in all but its transport checksum. `kind`: bit 0: IPv6, bit 1: UDP. */
static void make_super(uint32_t kind, uint32_t segment, uint32_t payload, struct super *s)
{
    bool is_ipv4 = (kind & 1) == 0, is_udp = (kind & 2) != 0;

    memset(s, 0, sizeof *s);
    s->transport = is_ipv4 ? 20 : 40;
    s->bytes = s->transport + (is_udp ? 8 : 32) + payload;
    uint8_t *p = s->packet, *t = p + s->transport;

    for (uint32_t i = s->transport; i < s->bytes; i++)
        p[i] = (uint8_t)(i * 7);
    p[0] = is_ipv4 ? 0x45 : 0x60;
    p[is_ipv4 ? 8 : 7] = 64;
    p[is_ipv4 ? 9 : 6] = is_udp ? 17 : 6;
    p[is_ipv4 ? 12 : 8] = p[is_ipv4 ? 16 : 24] = 10;
    if (is_udp)
        put_word(t + 4, 8 + payload);
    else
        memcpy(t + 12, "\x80\x10", 2);
    s->offload = (struct avpn_offload){.kind = is_udp    ? AVPN_OFFLOAD_UDP
                                               : is_ipv4 ? AVPN_OFFLOAD_TCP4
                                                         : AVPN_OFFLOAD_TCP6,
                                       .needs_checksum = 1,
                                       .segment_bytes = (uint16_t)segment,
                                       .checksum_start = (uint16_t)s->transport,
                                       .checksum_offset = is_udp ? 6 : 16};
    avpni_network_length(p, s->bytes);
}

static void check_cut(const struct avpn_offload *offload, const uint8_t *packet, uint32_t bytes)
{
    static uint8_t piece[REFERENCE_LIMIT];
    size_t needed = avpn_segment_room(offload, packet, bytes);
    uint8_t *room = malloc(needed + 1); /* uninitialized: what is not written would be seen */
    uint8_t *exact = copy_of(packet, bytes);
    struct avpn_packets run;
    int32_t result;

    FUZZ_CHECK(room != NULL && needed <= AVPN_SEGMENT_ROOM);
    result = avpn_segment(offload, exact, bytes, room, needed, &run);
    FUZZ_CHECK(result == (needed > 0 ? AVPN_OK : AVPN_ERROR_FORMAT));
    if (needed > 0) {
        FUZZ_CHECK(avpn_segment(offload, exact, bytes, room, needed - 1, &run) == AVPN_ERROR_LIMIT);
        FUZZ_CHECK(run.count <= AVPN_SEGMENT_PIECES && run.last_bytes <= run.bytes);
        FUZZ_CHECK(run.stride == avpn_sealed_bytes(run.bytes));
    }
    for (uint32_t i = 0; needed > 0 && i < run.count; i++) {
        const uint8_t *made = run.data + (size_t)i * run.stride;
        uint32_t made_bytes = i + 1 < run.count ? run.bytes : run.last_bytes;

        if (offload->kind != AVPN_OFFLOAD_NONE) {
            FUZZ_CHECK(reference_piece(offload, packet, bytes, i, piece) == made_bytes);
            FUZZ_CHECK(memcmp(made, piece, made_bytes) == 0);
        } else {
            uint32_t at = offload->needs_checksum
                              ? offload->checksum_start + offload->checksum_offset
                              : bytes;

            FUZZ_CHECK(made_bytes == bytes && memcmp(made, packet, at) == 0);
            if (at < bytes)
                FUZZ_CHECK(memcmp(made + at + 2, packet + at + 2, bytes - at - 2) == 0);
        }
    }
    free(room);
    free(exact);
}

static void fuzz_any(struct input *input)
{
    struct avpn_offload offload;
    uint8_t *vnet;

    if (input->count < AVPN_VNET_BYTES)
        return;
    vnet = copy_of(input->bytes, AVPN_VNET_BYTES);
    uint32_t bytes = (uint32_t)(input->count - AVPN_VNET_BYTES);

    if (avpn_offload_read(vnet, bytes, &offload) == AVPN_OK)
        check_cut(&offload, input->bytes + AVPN_VNET_BYTES, bytes);
    free(vnet);
}

static void fuzz_changed(struct input *input)
{
    static struct super s;
    uint32_t kind = take(input), segment = take_word(input);

    make_super(kind, segment, take_word(input) % 6000, &s);
    while (input->count >= 3) {
        uint32_t at = take_word(input), value = take(input);

        if (at < s.bytes)
            s.packet[at] ^= (uint8_t)value;
        else if (at < s.bytes + sizeof s.offload)
            ((uint8_t *)&s.offload)[at - s.bytes] ^= (uint8_t)value;
        else
            s.bytes = at % (s.bytes + 1);
    }
    check_cut(&s.offload, s.packet, s.bytes);
}

/* ---- mixtures --------------------------------------------------------------------------------- */

struct list {
    uint32_t count;
    struct {
        uint8_t *bytes;
        uint32_t count;
    } packets[PACKETS_LIMIT];
};

static struct list in, out;

static void add(struct list *list, const uint8_t *bytes, uint32_t count)
{
    FUZZ_CHECK(list->count < PACKETS_LIMIT);
    list->packets[list->count].bytes = copy_of(bytes, count);
    list->packets[list->count++].count = count;
}

static void clear(struct list *list)
{
    while (list->count > 0)
        free(list->packets[--list->count].bytes);
}

static bool is_same(const struct list *a, uint32_t i, const struct list *b, uint32_t k)
{
    return a->packets[i].count == b->packets[k].count &&
           memcmp(a->packets[i].bytes, b->packets[k].bytes, a->packets[i].count) == 0;
}

/* A packet that was changed where its lengths and header lengths are not. */
static void seal(uint8_t *packet, uint32_t bytes, uint32_t transport, bool is_udp)
{
    uint8_t *field = packet + transport + (is_udp ? 6 : 16);
    uint64_t sum = avpni_pseudo_sum(packet, is_udp ? 17 : 6) + bytes - transport;

    if (transport == 20) {
        put_word(packet + 10, 0);
        put_word(packet + 10, avpni_sum_finish(avpni_sum_add(0, packet, 20)));
    }
    put_word(field, 0);
    put_word(field, avpni_sum_finish(avpni_sum_add(sum, packet + transport, bytes - transport)));
}

/* Take from the script until it ends or there are enough. */
static void draw(struct input *input)
{
    static struct super flows[FLOWS];
    static uint8_t piece[REFERENCE_LIMIT];
    uint32_t next[FLOWS] = {0};

    for (uint32_t f = 0; f < FLOWS && flows[f].bytes == 0; f++) {
        make_super(f % 4, 20, 20 * FLOW_PIECES - 5, &flows[f]);
        flows[f].packet[flows[f].transport + 1] = (uint8_t)f;
    }
    while (input->count > 0 && in.count < PACKETS_LIMIT - 1) {
        uint32_t code = take(input), f = code % FLOWS, action = code / FLOWS % 8;

        const struct super *flow = &flows[f];
        uint32_t bytes = reference_piece(&flow->offload, flow->packet, flow->bytes,
                                         next[f]++ % FLOW_PIECES, piece);
        uint32_t at = action >= 4 ? take(input) : 0, value = action >= 4 ? take(input) : 0;

        if (action == 4 || action == 5)
            piece[at % bytes] ^= (uint8_t)value;
        if (action == 4)
            seal(piece, bytes, flow->transport, f % 4 >= 2);
        if (action == 6)
            bytes = at % (bytes + 1);
        if (action == 7)
            next[f] += value % 4 + FLOW_PIECES - 2;
        else
            add(&in, piece, bytes);
    }
}

static void take_written(void *user, const struct avpn_slice *slices, size_t count)
{
    static uint8_t flat[AVPN_VNET_BYTES + AVPN_PACKET_LIMIT], room[AVPN_SEGMENT_ROOM];
    struct avpn_offload offload;
    struct avpn_packets run;
    uint32_t bytes = 0;

    (void)user;
    FUZZ_CHECK(count >= 2 && count <= AVPN_COALESCE_SLICES && slices[0].count == AVPN_VNET_BYTES);
    for (size_t i = 0; i < count; i++) {
        FUZZ_CHECK(slices[i].count <= sizeof flat - bytes);
        if (slices[i].count > 0)
            memcpy(flat + bytes, slices[i].bytes, slices[i].count);
        bytes += (uint32_t)slices[i].count;
    }
    bytes -= AVPN_VNET_BYTES;
    FUZZ_CHECK(avpn_offload_read(flat, bytes, &offload) == AVPN_OK);
    if (offload.kind == AVPN_OFFLOAD_NONE) {
        FUZZ_CHECK(count == 2 && offload.needs_checksum == 0);
        add(&out, flat + AVPN_VNET_BYTES, bytes);
        return;
    }
    FUZZ_CHECK(avpn_segment(&offload, flat + AVPN_VNET_BYTES, bytes, room, sizeof room, &run) ==
               AVPN_OK);
    FUZZ_CHECK(run.count == count - 2);
    for (uint32_t i = 0; i < run.count; i++)
        add(&out, run.data + (size_t)i * run.stride,
            i + 1 < run.count ? run.bytes : run.last_bytes);
}

/* Of equal packets the n-th is the n-th. */
static void check_all_came_out(void)
{
    uint32_t place[PACKETS_LIMIT];

    FUZZ_CHECK(in.count == out.count);
    for (uint32_t i = 0; i < in.count; i++) {
        uint32_t same = 0;

        for (uint32_t k = 0; k < i; k++)
            same += is_same(&in, k, &in, i) ? 1 : 0;
        place[i] = 0;
        while (place[i] < out.count && (!is_same(&in, i, &out, place[i]) || same-- > 0))
            place[i]++;
        FUZZ_CHECK(place[i] < out.count);
        for (uint32_t k = 0; k < i; k++)
            FUZZ_CHECK(place[k] < place[i] ||
                       !reference_is_related(in.packets[k].bytes, in.packets[k].count,
                                             in.packets[i].bytes, in.packets[i].count));
    }
}

static void fuzz_mixture(struct input *input)
{
    static struct avpn_coalescer *coalescer;
    struct avpn_packets batch[PACKETS_LIMIT];

    if (coalescer == NULL)
        FUZZ_CHECK(avpn_coalescer_new(NULL,
                                      AVPN_COALESCE_TCP4 | AVPN_COALESCE_TCP6 | AVPN_COALESCE_UDP,
                                      &coalescer) == AVPN_OK);
    draw(input);
    for (uint32_t i = 0; i < in.count; i++)
        batch[i] = (struct avpn_packets){in.packets[i].bytes, 1, in.packets[i].count,
                                         in.packets[i].count, 0};
    avpn_coalesce(coalescer, batch, in.count, take_written, NULL);
    check_all_came_out();
    clear(&in);
    clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct input input = {bytes, count};

    if (count == 0 || count > BYTES_LIMIT)
        return 0;
    switch (take(&input) % 3) {
    case 0:
        fuzz_any(&input);
        break;
    case 1:
        fuzz_changed(&input);
        break;
    default:
        fuzz_mixture(&input);
    }
    return 0;
}
