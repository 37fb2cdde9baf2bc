/* SPDX-License-Identifier: ISC */
/*
 * sa: the public face of esp: an SA on the heap, in one allocation. Its block follows the head, where it is aligned: an allocator
 * promises less than AVPNI_ESP_ALIGN.
 */
#include <autovpn/sa.h>

#include "base/memory.h"
#include "base/sized.h"
#include "crypto/esp.h"

struct avpn_sa {
    struct avpni_memory memory;
    struct avpni_sa *esp;
    size_t bytes; /* of the whole allocation */
};

/* AVPN_OK, or what avpn_sa_new_* says about a provider of the caller's own. */
static int32_t check_aead(const struct avpn_aead *aead)
{
    return aead == NULL ? AVPN_OK : avpni_aead_judge(aead);
}

static int32_t make(const struct avpn_sa_parameters *parameters, const struct avpn_host *host,
                    bool is_receiver, struct avpn_sa **sa_out)
{
    struct avpni_memory memory;
    int32_t result = avpni_memory_init(&memory, host);

    if (result == AVPN_OK) {
        result = check_aead(parameters->aead);
    }
    if (result != AVPN_OK) {
        return result;
    }
    const struct avpn_aead *aead =
        parameters->aead != NULL ? parameters->aead : avpn_aead_find(parameters->suite);
    size_t block = avpni_esp_bytes(aead, parameters->window, is_receiver);
    /* With no block size the parameters are wrong; avpni_esp_init says in which way. */
    size_t bytes = sizeof(struct avpn_sa) + AVPNI_ESP_ALIGN - 1 +
                   (block != 0 ? block : sizeof(struct avpni_sa));
    struct avpn_sa *sa = avpni_allocate(&memory, 1, bytes);

    if (sa == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    uintptr_t end = (uintptr_t)(sa + 1);

    sa->memory = memory;
    sa->bytes = bytes;
    sa->esp = (struct avpni_sa *)((end + AVPNI_ESP_ALIGN - 1) & ~(uintptr_t)(AVPNI_ESP_ALIGN - 1));
    result = avpni_esp_init(sa->esp, parameters, is_receiver);
    if (result != AVPN_OK) {
        avpni_release(&memory, sa);
        return result;
    }
    *sa_out = sa;
    return AVPN_OK;
}

static int32_t sa_new(const struct avpn_sa_parameters *parameters, const struct avpn_host *host,
                      bool is_receiver, struct avpn_sa **sa_out)
{
    struct avpn_sa_parameters own;
    int32_t result = avpni_take(&own, sizeof own, parameters, AVPNI_FIRST_SA_PARAMETERS);

    if (result == AVPN_OK) {
        result = make(&own, host, is_receiver, sa_out);
    }
    avpni_wipe(&own, sizeof own); /* the key */
    return result;
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

    avpni_esp_wipe(sa->esp);
    avpni_release(&memory, sa);
}

int32_t avpn_sa_seal(struct avpn_sa *sa, uint8_t *packet, uint32_t bytes)
{
    return avpni_esp_seal(sa->esp, packet, bytes);
}

int32_t avpn_sa_open(struct avpn_sa *sa, uint8_t *esp, uint32_t bytes)
{
    return avpni_esp_open(sa->esp, esp, bytes);
}

/* ---- runs ---------------------------------------------------------------------------------- */

static bool is_run(const struct avpn_packets *run)
{
    return run != NULL && run->data != NULL && run->count >= 1 && run->count <= INT32_MAX &&
           run->last_bytes <= run->bytes && (run->count > 1 || run->last_bytes == run->bytes);
}

/* The packets from `first` on, as many as one batch takes. */
static uint32_t cut(const struct avpn_packets *run, uint32_t first, struct avpni_esp_item *items)
{
    uint32_t count = run->count - first;

    count = count < AVPNI_ESP_BATCH_LIMIT ? count : AVPNI_ESP_BATCH_LIMIT;
    for (uint32_t i = 0; i < count; i++) {
        items[i].bytes = run->data + (size_t)(first + i) * run->stride;
        items[i].count = first + i + 1 < run->count ? run->bytes : run->last_bytes;
    }
    return count;
}

/* How many of the items can be sealed before the first that cannot; its error otherwise goes to error_out. */
static uint32_t count_sealable(const struct avpni_esp_item *items, uint32_t count,
                               int32_t *error_out)
{
    for (uint32_t i = 0; i < count; i++) {
        int32_t next_header = avpni_esp_next_header(items[i].bytes, items[i].count);

        if (next_header < 0) {
            *error_out = next_header;
            return i;
        }
    }
    return count;
}

int32_t avpn_sa_seal_run(struct avpn_sa *sa, const struct avpn_packets *run,
                         uint32_t *sealed_bytes_out)
{
    struct avpni_esp_item items[AVPNI_ESP_BATCH_LIMIT];
    uint32_t sealed = 0;
    int32_t error = AVPN_OK;

    if (!is_run(run) || sa->esp->window != 0) {
        return AVPN_ERROR_ARGUMENT;
    }
    while (sealed < run->count && error == AVPN_OK) {
        uint32_t count = count_sealable(items, cut(run, sealed, items), &error);

        avpni_esp_seal_batch(sa->esp, items, count, false);
        for (uint32_t i = 0; i < count; i++) {
            if (items[i].result < 0) { /* and so are all behind it: the limit */
                error = items[i].result;
                break;
            }
            if (sealed_bytes_out != NULL) {
                sealed_bytes_out[sealed] = (uint32_t)items[i].result;
            }
            sealed++;
        }
    }
    return sealed > 0 ? (int32_t)sealed : error;
}

int32_t avpn_sa_open_run(struct avpn_sa *sa, const struct avpn_packets *run, int32_t *results_out)
{
    struct avpni_esp_item items[AVPNI_ESP_BATCH_LIMIT];
    int32_t opened = 0;

    if (!is_run(run) || results_out == NULL || sa->esp->window == 0) {
        return AVPN_ERROR_ARGUMENT;
    }
    for (uint32_t first = 0; first < run->count;) {
        uint32_t count = cut(run, first, items);

        avpni_esp_open_batch(sa->esp, items, count, false);
        for (uint32_t i = 0; i < count; i++) {
            results_out[first + i] = items[i].result;
            opened += items[i].result >= 0;
        }
        first += count;
    }
    return opened;
}

/* ---- what there is to know ------------------------------------------------------------------- */

const struct avpn_aead *avpn_sa_aead(const struct avpn_sa *sa)
{
    return sa->esp->aead;
}

uint64_t avpn_sa_sequence(const struct avpn_sa *sa)
{
    return avpni_esp_sequence(sa->esp);
}

uint32_t avpn_sa_spi(const struct avpn_sa *sa)
{
    return sa->esp->spi;
}

size_t avpn_sa_footprint(const struct avpn_sa *sa)
{
    return sa->bytes;
}
