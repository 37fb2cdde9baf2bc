/* SPDX-License-Identifier: ISC */
/*
 * serve: the parts of updates that members ask for. Spec: [SYN-1], [SYN-2]. To a proved contact only, and within
 * the member's bucket (receive.c).
 */
#include "registry/engine.h"

#include "registry/cut.h"

void avpni_registry_send_part(struct avpn_registry *registry,
                              const struct avpni_session_target *target, const uint8_t key[32],
                              const struct avpni_part *part, uint8_t *body)
{
    avpni_part_head_write(body, part);
    avpni_registry_send(registry, target, key, body,
                        AVPNI_PART_HEAD_BYTES + avpni_part_bytes(part->size, part->number));
    avpni_registry_count(registry, AVPN_REGISTRY_COUNT_PARTS);
}

/* Parts that follow each other: made in one walk over the document, at most a window. */
static void send_run(struct avpn_registry *registry, const struct avpni_session_target *target,
                     const uint8_t key[32], const struct avpni_cut *cut, uint32_t first,
                     uint32_t count)
{
    uint8_t bytes[AVPNI_PART_HEAD_BYTES + AVPNI_SYNC_WINDOW * AVPNI_PART_BYTES];
    struct avpni_part part = {.base = cut->base, .version = cut->version, .size = cut->size};

    avpni_cut_write(cut, first, count, bytes + AVPNI_PART_HEAD_BYTES);
    for (uint32_t i = 0; i < count; i++) {
        part.number = first + i;
        /* Each head goes over the last bytes of the part before it, which has been sent. */
        avpni_registry_send_part(registry, target, key, &part,
                                 bytes + (size_t)i * AVPNI_PART_BYTES);
    }
}

static void send_asked(struct avpn_registry *registry, const struct avpni_session_target *target,
                       const uint8_t key[32], const struct avpni_cut *cut, uint32_t first, uint32_t mask)
{
    uint32_t total = avpni_part_count(cut->size);

    for (uint32_t i = 0; i < 32 && first < total && i < total - first;) {
        uint32_t count = 0;

        while (i + count < 32 && i + count < total - first && (mask >> (i + count) & 1) != 0) {
            count++;
        }
        if (count > 0) {
            send_run(registry, target, key, cut, first + i, count);
        }
        i += count + 1;
    }
}

void avpni_registry_send_parts(struct avpn_registry *registry,
                               const struct avpni_session_target *target, const uint8_t key[32],
                               const struct avpni_sync *sync)
{
    const struct avpni_organization *organization =
        avpni_registry_organization_of(registry, target->slot);
    struct avpni_cut cut;

    if (!avpni_cut_init(&cut, &registry->memory, organization, avpni_slot_member(target->slot),
                        sync->base)) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_MEMORY);
    } else if (cut.base == sync->base && cut.version == sync->version) {
        send_asked(registry, target, key, &cut, sync->first, sync->mask);
    } else {
        send_run(registry, target, key, &cut, 0, 1); /* [SYN-2] */
    }
    avpni_cut_fini(&cut, &registry->memory);
}
