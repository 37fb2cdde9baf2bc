/* SPDX-License-Identifier: ISC */
#include "gateway/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "gateway/gateway.h"

/* ---- seams ---------------------------------------------------------------------------------- */

static int64_t seam_read(void *user, const char *name, uint8_t *bytes, size_t capacity)
{
    const struct gateway *gateway = user;

    return store_read(&gateway->store, name, bytes, capacity);
}

static int32_t seam_write(void *user, const char *name, const uint8_t *bytes, size_t count)
{
    const struct gateway *gateway = user;

    return store_write(&gateway->store, name, bytes, count);
}

static void seam_resolve(void *user, uint32_t request, const char *name)
{
    struct gateway *gateway = user;

    resolver_ask(&gateway->resolver, request, name);
}

static void seam_transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    struct gateway *gateway = user;

    carrier_transmit(&gateway->carrier, batch, count);
}

static void seam_deliver(void *user, const struct avpn_packets *batch, size_t count)
{
    struct gateway *gateway = user;

    carrier_deliver(&gateway->carrier, batch, count);
}

/* ---- configuration -------------------------------------------------------------------------- */

void engine_offer_bundle(struct gateway *gateway)
{
    uint8_t *bytes;
    size_t count;
    int32_t error;

    if (!gateway->setup->bundle[0])
        return;
    if (file_read(gateway->setup->bundle, AVPN_BUNDLE_LIMIT, &bytes, &count) != 0) {
        log_line(AVPN_LOG_WARNING, "%s cannot be read: %s", gateway->setup->bundle,
                 strerror(errno));
        return;
    }
    error = avpn_node_set_configuration(gateway->node, bytes, count, loop_now());
    free(bytes);
    if (error != AVPN_OK && error != AVPN_ERROR_VERSION)
        log_line(AVPN_LOG_ERROR, "%s %s; the configuration held stays in force",
                 gateway->setup->bundle, membership_advice(error));
}

static int32_t make_node(struct gateway *gateway, const struct avpn_key_pair *identity,
                         const uint8_t *bundle, size_t count)
{
    const struct membership *membership = &gateway->membership;
    struct avpn_node_options options = {.size = sizeof options};
    struct avpn_host host = {.size = sizeof host};
    int32_t error;

    options.organization = membership->organization;
    options.identity = *identity;
    options.token = membership->has_token ? &membership->token : NULL;
    options.undo_after = gateway->setup->undo_after_s * AVPN_SECOND;
    options.bundle = bundle;
    options.bundle_bytes = count;
    host.user = gateway;
    host.wall_clock = loop_wall_clock;
    host.store_read = seam_read;
    host.store_write = seam_write;
    host.resolve = seam_resolve;
    host.log = log_host;
    host.transmit = seam_transmit;
    host.deliver = seam_deliver;
    error = avpn_node_new(&options, &host, loop_now(), &gateway->node);
    explicit_bzero(&options, sizeof options);
    return error;
}

/* What is stored may not serve where the bundle's file does. */
int engine_open(struct gateway *gateway, const struct avpn_key_pair *identity)
{
    int32_t error = make_node(gateway, identity, NULL, 0);

    if (error == AVPN_OK) {
        engine_offer_bundle(gateway);
        return 0;
    }
    log_line(AVPN_LOG_WARNING, "the stored configuration is not used: %s", membership_advice(error));
    if (gateway->setup->bundle[0]) {
        uint8_t *bytes = NULL;
        size_t count;

        if (file_read(gateway->setup->bundle, AVPN_BUNDLE_LIMIT, &bytes, &count) != 0)
            return -1;
        error = make_node(gateway, identity, bytes, count);
        free(bytes);
    }
    if (error != AVPN_OK)
        log_line(AVPN_LOG_ERROR, "the engine does not start: %s", membership_advice(error));
    return error == AVPN_OK ? 0 : -1;
}
