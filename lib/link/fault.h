/* SPDX-License-Identifier: ISC */
/*
 * fault: what this node can prove to be wrong with a registry (enum avpn_registry_fault, node.h). A registry may have
 * several faults at once; the one with the lowest number is shown, and an event tells whenever that changes.
 * Spec: [SYN-5], [SYN-6].
 */
#ifndef AVPNI_LINK_FAULT_H
#define AVPNI_LINK_FAULT_H

#include "link/context.h"

/* `version`: what the registry speaks of, for the event. */
void avpni_fault_set(struct avpni_context *context, uint32_t registry,
                     enum avpn_registry_fault fault, bool is_there, uint64_t version,
                     avpn_time now);
/* There are other registries now: what was wrong with those before is over. */
void avpni_fault_forget(struct avpni_context *context, avpn_time now);
/* The fault that is shown. */
uint8_t avpni_fault_shown(const struct avpni_context *context, uint32_t registry);

#endif
