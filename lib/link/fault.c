/* SPDX-License-Identifier: ISC */
/* fault: see fault.h. */
#include "link/fault.h"

uint8_t avpni_fault_shown(const struct avpni_context *context, uint32_t registry)
{
    for (uint8_t fault = AVPN_FAULT_FORGED; fault <= AVPN_FAULT_CONTACTS; fault++)
        if (context->faults[registry] & 1u << fault)
            return fault;
    return AVPN_FAULT_NONE;
}

static void set(struct avpni_context *context, uint32_t registry, uint8_t faults, uint64_t version,
                avpn_time now)
{
    uint8_t before = avpni_fault_shown(context, registry);
    struct avpn_event event;

    context->faults[registry] = faults;
    if (avpni_fault_shown(context, registry) == before)
        return;
    event = avpni_event(AVPN_EVENT_FAULT, avpni_fault_shown(context, registry), now);
    event.registry = registry;
    event.version = version;
    avpni_events_push(&context->events, &event);
}

void avpni_fault_set(struct avpni_context *context, uint32_t registry,
                     enum avpn_registry_fault fault, bool is_there, uint64_t version, avpn_time now)
{
    uint8_t bit = (uint8_t)(1u << fault);

    set(context, registry,
        (uint8_t)(is_there ? context->faults[registry] | bit : context->faults[registry] & ~bit),
        version, now);
}

void avpni_fault_forget(struct avpni_context *context, avpn_time now)
{
    for (uint32_t i = 0; i < AVPN_REGISTRIES; i++)
        set(context, i, 0, 0, now);
}
