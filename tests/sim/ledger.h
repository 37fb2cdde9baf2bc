/* SPDX-License-Identifier: ISC */
/*
 * ledger: what each host port exchanged with each remote contact, and whether the remote
 * has proved that it receives there. The simulator knows the truth that an engine has to
 * find out: a contact is proved to a port when something that was not forged comes from it, sent
 * after something sent to it had arrived at a host. Open addressing over the accounts' indices.
 */
#ifndef AVPN_SIM_LEDGER_H
#define AVPN_SIM_LEDGER_H

#include "net.h"

struct sim_ledger {
    struct sim_account *accounts;
    size_t count, capacity;
    uint32_t *slots; /* index + 1, 0: empty; a power of two */
    size_t slot_count;
};

void sim_ledger_fini(struct sim_ledger *ledger);
/* Made when it is not there yet. Valid until the next call. */
struct sim_account *sim_ledger_get(struct sim_ledger *ledger, uint32_t port,
                                   const struct avpn_contact *remote);
const struct sim_account *sim_ledger_find(const struct sim_ledger *ledger, uint32_t port,
                                          const struct avpn_contact *remote);
void sim_ledger_sent(struct sim_ledger *ledger, uint32_t port, const struct avpn_contact *to,
                     size_t bytes);
void sim_ledger_arrived(struct sim_ledger *ledger, uint32_t port,
                        const struct sim_datagram *datagram, avpn_time now);

#endif
