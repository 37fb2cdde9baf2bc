/* SPDX-License-Identifier: ISC */
/*
 * fuzz_bundle: the readers of a configuration. No fuzzer forges a signature, so besides the whole
 * bundle each record is read by itself, which is what stands behind the signatures.
 *
 * What is accepted must be written again as the very same bytes: there is one encoding [CFG-1].
 */
#include "topo/record.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

#define AGAIN_BYTES 4096

static void compare(const struct avpni_writer *w, const uint8_t *bytes, size_t count)
{
    if (w->failed || w->position != count || memcmp(w->bytes, bytes, count) != 0) {
        abort();
    }
}

static void read_head(const uint8_t *bytes, size_t count)
{
    uint8_t again[AGAIN_BYTES];
    struct avpni_writer w = avpni_writer(again, sizeof again);
    struct avpni_head head;
    struct avpni_signatures signatures;
    size_t body_bytes;

    if (avpni_head_read(bytes, count, &head, &signatures, &body_bytes)) {
        avpni_head_write(&w, &head);
        avpni_signatures_write(&w, &signatures);
        compare(&w, bytes, count);
    }
}

static void read_charter(const uint8_t *bytes, size_t count)
{
    uint8_t again[AGAIN_BYTES];
    struct avpni_writer w = avpni_writer(again, sizeof again);
    struct avpni_charter charter;
    struct avpni_signatures signatures;
    size_t body_bytes;

    if (avpni_charter_read(bytes, count, &charter, &signatures, &body_bytes)) {
        avpni_charter_write(&w, &charter);
        avpni_signatures_write(&w, &signatures);
        compare(&w, bytes, count);
    }
}

static void read_member(const uint8_t *bytes, size_t count)
{
    uint8_t again[AGAIN_BYTES], sealed[AVPNI_SEALED_PSK_BYTES];
    struct avpni_writer w = avpni_writer(again, sizeof again);
    struct avpn_member member;
    struct avpn_config *config;
    struct avpni_member_view view;

    if (!avpni_member_read(bytes, count, &member, sealed)) {
        return;
    }
    if (avpn_config_new(NULL, &config) != AVPN_OK ||
        avpn_config_add_member(config, &member) != AVPN_OK ||
        !avpni_config_view(config, 0, &view)) {
        abort();
    }
    avpn_config_check(config, NULL, NULL);
    avpni_member_write(&w, &view, sealed);
    compare(&w, bytes, count);
    avpn_config_del(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct avpn_key organization;
    struct avpn_config *config;

    read_head(bytes, count);
    read_charter(bytes, count);
    read_member(bytes, count);
    if (avpn_bundle_organization(bytes, count, &organization) == AVPN_OK &&
        avpn_config_read(bytes, count, &organization, 0, NULL, &config) == AVPN_OK) {
        avpn_config_del(config);
    }
    return 0;
}
