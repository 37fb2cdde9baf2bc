/* SPDX-License-Identifier: ISC */
#include "ledger.h"
#include <stdlib.h>
#include <string.h>

static uint64_t account_hash(uint32_t port, const struct avpn_contact *remote)
{
    uint64_t words[2], h = UINT64_C(0x9e3779b97f4a7c15) ^ port ^ ((uint64_t)remote->port << 32);

    memcpy(words, remote->bytes, sizeof words);
    h = (h ^ words[0]) * UINT64_C(0xff51afd7ed558ccd);
    h = ((h ^ (h >> 31)) ^ words[1]) * UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ (h >> 29);
}

static bool account_is(const struct sim_account *account, uint32_t port,
                       const struct avpn_contact *remote)
{
    return account->port == port && sim_contact_is_equal(&account->remote, remote);
}

static size_t ledger_slot(const struct sim_ledger *ledger, uint32_t port,
                          const struct avpn_contact *remote)
{
    size_t slot = (size_t)account_hash(port, remote) & (ledger->slot_count - 1);

    while (ledger->slots[slot] != 0 &&
           !account_is(&ledger->accounts[ledger->slots[slot] - 1], port, remote))
        slot = (slot + 1) & (ledger->slot_count - 1);
    return slot;
}

static void *need(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

static void ledger_grow(struct sim_ledger *ledger)
{
    ledger->capacity = ledger->capacity == 0 ? 64 : ledger->capacity * 2;
    ledger->slot_count = ledger->capacity * 2;
    ledger->accounts =
        need(realloc(ledger->accounts, ledger->capacity * sizeof *ledger->accounts));
    free(ledger->slots);
    ledger->slots = need(calloc(ledger->slot_count, sizeof *ledger->slots));
    for (size_t i = 0; i < ledger->count; i++) {
        const struct sim_account *account = &ledger->accounts[i];

        ledger->slots[ledger_slot(ledger, account->port, &account->remote)] = (uint32_t)i + 1;
    }
}

void sim_ledger_fini(struct sim_ledger *ledger)
{
    free(ledger->accounts);
    free(ledger->slots);
}

const struct sim_account *sim_ledger_find(const struct sim_ledger *ledger, uint32_t port,
                                          const struct avpn_contact *remote)
{
    if (ledger->slot_count == 0)
        return NULL;

    const uint32_t index = ledger->slots[ledger_slot(ledger, port, remote)];

    return index == 0 ? NULL : &ledger->accounts[index - 1];
}

struct sim_account *sim_ledger_get(struct sim_ledger *ledger, uint32_t port,
                                   const struct avpn_contact *remote)
{
    if (ledger->count == ledger->capacity)
        ledger_grow(ledger);

    const size_t slot = ledger_slot(ledger, port, remote);

    if (ledger->slots[slot] == 0) {
        ledger->accounts[ledger->count] = (struct sim_account){
            .port = port, .remote = *remote, .reached = AVPN_TIME_NEVER};
        ledger->slots[slot] = (uint32_t)++ledger->count;
    }
    return &ledger->accounts[ledger->slots[slot] - 1];
}

void sim_ledger_sent(struct sim_ledger *ledger, uint32_t port, const struct avpn_contact *to,
                     size_t bytes)
{
    struct sim_account *account = sim_ledger_get(ledger, port, to);

    account->packets_out++;
    account->bytes_out += bytes;
    if (!account->is_proved) {
        account->unproven_packets_out++;
        account->unproven_bytes_out += bytes;
    }
}

void sim_ledger_arrived(struct sim_ledger *ledger, uint32_t port,
                        const struct sim_datagram *datagram, avpn_time now)
{
    struct sim_account *account = sim_ledger_get(ledger, port, &datagram->from);

    account->packets_in++;
    account->bytes_in += datagram->count;
    if (!account->is_proved)
        account->unproven_bytes_in += datagram->count;
    if (!datagram->is_forged && datagram->sent >= account->reached)
        account->is_proved = true;
    if (datagram->is_forged)
        return;
    account = sim_ledger_get(ledger, datagram->origin, &datagram->first_to);
    if (account->reached == AVPN_TIME_NEVER)
        account->reached = now;
}
