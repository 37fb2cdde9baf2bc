/* SPDX-License-Identifier: ISC */
#include "registry/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/store.h"

#define ROUNDS 16 /* of reading one socket before the others' turn */

static void transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    struct server *server = user;

    for (size_t first = 0, next; first < count; first = next) {
        uint32_t number = batch[first].uplink;

        for (next = first + 1; next < count && batch[next].uplink == number; next++)
            ;
        if (number < server->setup->listen_count)
            udp_send(&server->sockets[number].udp, batch + first, next - first);
    }
}

static void socket_ready(void *user, uint32_t events)
{
    struct server_socket *socket = user;
    struct server *server = socket->server;
    struct avpn_datagrams batch[UDP_BATCH];
    size_t count = UDP_BATCH;

    (void)events;
    for (uint32_t i = 0; i < ROUNDS && count == UDP_BATCH; i++) {
        count = udp_receive(&socket->udp, server->buffers, batch);
        if (count > 0)
            (void)avpn_registry_receive(server->registry, batch, count, loop_now());
    }
}

/* ---- organizations -------------------------------------------------------------------- */

static const char *bundle_advice(int32_t error)
{
    switch (error) {
    case AVPN_ERROR_FORMAT:
        return "is not a bundle made by autovpn org publish, or damaged";
    case AVPN_ERROR_AUTH:
        return "is of another organization than id, or its signatures do not verify";
    case AVPN_ERROR_EXPIRED:
        return "has expired: publish a new one (or is this machine's clock wrong?)";
    default:
        return avpn_error_name(error);
    }
}

static int check_bundle(const struct setup_organization *organization, uint32_t index,
                        const char *setup_path)
{
    struct avpn_config *config = NULL;
    uint8_t *bytes;
    size_t count;
    int32_t error;

    if (file_read(organization->bundle, AVPN_BUNDLE_LIMIT, &bytes, &count) != 0) {
        fprintf(stderr, "%s:%u: organizations[%u].bundle: %s: cannot be read: %s; it should be "
                        "the file that autovpn org publish wrote\n",
                setup_path, organization->line, index, organization->bundle, strerror(errno));
        return -1;
    }
    error = avpn_config_read(bytes, count, &organization->id, loop_wall_clock(NULL), NULL,
                             &config);
    free(bytes);
    avpn_config_del(config);
    if (error == AVPN_OK)
        return 0;
    fprintf(stderr, "%s:%u: organizations[%u].bundle: %s: %s\n", setup_path, organization->line,
            index, organization->bundle, bundle_advice(error));
    return -1;
}

int server_check_bundles(const struct setup *setup, const char *setup_path)
{
    int result = 0;

    for (uint32_t i = 0; i < setup->organization_count; i++)
        if (check_bundle(&setup->organizations[i], i, setup_path) != 0)
            result = -1;
    return result;
}

/* Read all bundles' files; what is not newer than what is served changes nothing. */
static void load_bundles(struct server *server)
{
    for (uint32_t i = 0; i < server->setup->organization_count; i++) {
        const struct setup_organization *organization = &server->setup->organizations[i];
        uint8_t *bytes;
        size_t count;
        int32_t error;

        if (file_read(organization->bundle, AVPN_BUNDLE_LIMIT, &bytes, &count) != 0) {
            log_line(AVPN_LOG_ERROR, "%s cannot be read: %s", organization->bundle,
                     strerror(errno));
            continue;
        }
        error = avpn_registry_set_organization(server->registry, &organization->id, bytes, count,
                                               loop_now());
        free(bytes);
        if (error == AVPN_OK)
            log_line(AVPN_LOG_INFO, "%s is in force", organization->bundle);
        else if (error != AVPN_ERROR_VERSION)
            log_line(AVPN_LOG_ERROR, "%s %s", organization->bundle, bundle_advice(error));
    }
}

/* ---- life ------------------------------------------------------------------------------- */

static int open_sockets(struct server *server)
{
    for (uint32_t i = 0; i < server->setup->listen_count; i++) {
        struct server_socket *socket = &server->sockets[i];
        struct udp_options options = {.bind = server->setup->listen[i], .number = i,
                                      .is_server = 1};
        char text[AVPN_CONTACT_TEXT] = "";

        (void)avpn_contact_format(&options.bind, text, sizeof text);
        if (udp_open(&socket->udp, &options) != 0) {
            /* a machine without IPv6 still serves IPv4 */
            if (errno == EAFNOSUPPORT && i > 0)
                continue;
            log_line(AVPN_LOG_ERROR, "cannot listen at %s: %s", text, strerror(errno));
            return -1;
        }
        log_line(AVPN_LOG_INFO, "listening at %s", text);
        socket->server = server;
        socket->watch = (struct loop_watch){socket->udp.fd, socket_ready, socket};
        if (loop_watch(&server->loop, &socket->watch, EPOLLIN) != 0)
            return -1;
    }
    return 0;
}

static int open_registry(struct server *server, const struct avpn_key_pair *identity)
{
    struct avpn_registry_options options = {.size = sizeof options};
    struct avpn_host host = {.size = sizeof host};
    int32_t error;

    options.identity = *identity;
    options.handshakes_per_second = server->setup->handshakes_per_second;
    host.user = server;
    host.wall_clock = loop_wall_clock;
    host.log = log_host;
    host.transmit = transmit;
    error = avpn_registry_new(&options, &host, loop_now(), &server->registry);
    explicit_bzero(&options, sizeof options);
    if (error != AVPN_OK) {
        log_line(AVPN_LOG_ERROR, "the engine does not start: %s", avpn_error_name(error));
        return -1;
    }
    load_bundles(server);
    return 0;
}

int server_open(struct server *server, const struct setup *setup,
                const struct avpn_key_pair *identity)
{
    memset(server, 0, sizeof *server);
    for (uint32_t i = 0; i < SETUP_LISTEN; i++)
        server->sockets[i].udp.fd = -1;
    server->setup = setup;
    server->public_key = identity->public_key;
    server->started_at = loop_now();
    server->buffers = udp_buffers_new();
    if (!server->buffers || loop_open(&server->loop) != 0) {
        log_line(AVPN_LOG_ERROR, "cannot start: %s", strerror(errno));
        return 1;
    }
    if (setup->control[0] && control_open(&server->control, &server->loop, setup->control,
                                          server_answer, server) != 0) {
        log_line(AVPN_LOG_ERROR, "control socket %s: %s", setup->control, strerror(errno));
        return 1;
    }
    return open_sockets(server) == 0 && open_registry(server, identity) == 0 ? 0 : 1;
}

static void log_event(const struct avpn_event *event)
{
    char contact[AVPN_CONTACT_TEXT] = "";

    (void)avpn_contact_format(&event->contact, contact, sizeof contact);
    log_line(AVPN_LOG_DEBUG, "%s: organization %u member %u uplink %u state %u %s",
             avpn_event_name(event->kind), event->organization, event->peer, event->uplink,
             event->state, contact);
}

void server_run(struct server *server)
{
    struct avpn_event event = {.size = sizeof event};

    loop_notify("READY=1");
    while (!server->loop.is_stopping) {
        if (server->loop.is_reloading) {
            server->loop.is_reloading = 0;
            log_line(AVPN_LOG_INFO, "SIGHUP: reading the bundles again");
            load_bundles(server);
        }
        avpn_registry_tick(server->registry, loop_now());
        while (avpn_registry_next_event(server->registry, &event) == AVPN_OK)
            log_event(&event);
        loop_wait(&server->loop, avpn_registry_deadline(server->registry));
    }
    loop_notify("STOPPING=1");
}

void server_close(struct server *server)
{
    avpn_registry_del(server->registry);
    for (uint32_t i = 0; i < SETUP_LISTEN; i++)
        udp_close(&server->sockets[i].udp);
    if (server->control.loop)
        control_close(&server->control);
    udp_buffers_del(server->buffers);
    if (server->loop.epoll)
        loop_close(&server->loop);
}
