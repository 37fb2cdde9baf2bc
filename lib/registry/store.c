/* SPDX-License-Identifier: ISC */
/*
 * store: what a registry keeps in its host's store, by organization: the document published last, and the claims.
 * What comes back from there is verified like anything else.
 */
#include "registry/engine.h"

#include <string.h>

#define NAME_BYTES 80

/* "organization-" or "claims-", and the id in hexadecimal digits. */
static void make_name(char name[NAME_BYTES], enum avpni_stored what, const struct avpn_key *id)
{
    static const char digits[] = "0123456789abcdef";
    const char *prefix = what == AVPNI_STORED_DOCUMENT ? "organization-" : "claims-";
    size_t count = strlen(prefix);

    memcpy(name, prefix, count);
    for (size_t i = 0; i < sizeof id->bytes; i++) {
        name[count++] = digits[id->bytes[i] >> 4];
        name[count++] = digits[id->bytes[i] & 15];
    }
    name[count] = '\0';
}

bool avpni_registry_store(const struct avpn_registry *registry, enum avpni_stored what,
                          const struct avpn_key *id, const uint8_t *bytes, size_t count)
{
    char name[NAME_BYTES];

    if (registry->host.store_write == NULL) {
        return true; /* the host wants nothing kept */
    }
    make_name(name, what, id);
    return registry->host.store_write(registry->host.user, name, bytes, count) >= 0;
}

int32_t avpni_registry_restore(const struct avpn_registry *registry, enum avpni_stored what,
                               const struct avpn_key *id, uint8_t **bytes_out, size_t *count_out)
{
    const struct avpn_host *host = &registry->host;
    char name[NAME_BYTES];
    uint8_t none;

    if (host->store_read == NULL) {
        return AVPN_ERROR_NOT_FOUND;
    }
    make_name(name, what, id);
    int64_t stored = host->store_read(host->user, name, &none, 0);

    if (stored <= 0 || stored > AVPN_BUNDLE_LIMIT) {
        return AVPN_ERROR_NOT_FOUND;
    }
    uint8_t *bytes = avpni_allocate(&registry->memory, 1, (size_t)stored);

    if (bytes == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    if (host->store_read(host->user, name, bytes, (size_t)stored) != stored) {
        avpni_release(&registry->memory, bytes);
        return AVPN_ERROR_NOT_FOUND;
    }
    *bytes_out = bytes;
    *count_out = (size_t)stored;
    return AVPN_OK;
}
