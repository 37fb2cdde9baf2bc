/* SPDX-License-Identifier: ISC */
/*
 * sa: the public face of esp: an SA on the heap, in one allocation. Its block follows the head,
 * at an offset that keeps it aligned.
 */
#include <autovpn/sa.h>

#include "base/memory.h"
#include "crypto/esp.h"

struct avpn_sa {
    struct avpni_memory memory;
    size_t bytes; /* of the whole allocation */
};

#define HEAD_BYTES \
    ((sizeof(struct avpn_sa) + AVPNI_ESP_ALIGN - 1) / AVPNI_ESP_ALIGN * AVPNI_ESP_ALIGN)

static struct avpni_sa *block_of(struct avpn_sa *sa)
{
    void *block = (uint8_t *)sa + HEAD_BYTES;

    return block;
}

static const struct avpni_sa *const_block_of(const struct avpn_sa *sa)
{
    const void *block = (const uint8_t *)sa + HEAD_BYTES;

    return block;
}

static int32_t sa_new(const struct avpn_sa_parameters *parameters, const struct avpn_host *host,
                      bool is_receiver, struct avpn_sa **sa_out)
{
    struct avpni_memory memory;
    int32_t result = avpni_memory_init(&memory, host);

    if (result != AVPN_OK) {
        return result;
    }
    size_t block = avpni_esp_bytes(parameters->suite, parameters->window, is_receiver);
    /* With no block size the parameters are wrong; avpni_esp_init says in which way. */
    size_t bytes = HEAD_BYTES + (block != 0 ? block : sizeof(struct avpni_sa));
    struct avpn_sa *sa = avpni_allocate(&memory, 1, bytes);

    if (sa == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    sa->memory = memory;
    sa->bytes = bytes;
    result = avpni_esp_init(block_of(sa), parameters, is_receiver);
    if (result != AVPN_OK) {
        avpni_release(&memory, sa);
        return result;
    }
    *sa_out = sa;
    return AVPN_OK;
}

int32_t avpn_sa_new_sender(const struct avpn_sa_parameters *parameters,
                           const struct avpn_host *host, struct avpn_sa **sa_out)
{
    return sa_new(parameters, host, false, sa_out);
}

int32_t avpn_sa_new_receiver(const struct avpn_sa_parameters *parameters,
                             const struct avpn_host *host, struct avpn_sa **sa_out)
{
    return sa_new(parameters, host, true, sa_out);
}

void avpn_sa_del(struct avpn_sa *sa)
{
    if (sa == NULL) {
        return;
    }
    struct avpni_memory memory = sa->memory;

    avpni_wipe(sa, sa->bytes);
    avpni_release(&memory, sa);
}

int32_t avpn_sa_seal(struct avpn_sa *sa, uint8_t *packet, uint32_t bytes)
{
    return avpni_esp_seal(block_of(sa), packet, bytes);
}

int32_t avpn_sa_open(struct avpn_sa *sa, uint8_t *esp, uint32_t bytes)
{
    return avpni_esp_open(block_of(sa), esp, bytes);
}

uint64_t avpn_sa_sequence(const struct avpn_sa *sa)
{
    return const_block_of(sa)->sequence;
}

uint32_t avpn_sa_spi(const struct avpn_sa *sa)
{
    return const_block_of(sa)->spi;
}

size_t avpn_sa_footprint(const struct avpn_sa *sa)
{
    return sa->bytes;
}
