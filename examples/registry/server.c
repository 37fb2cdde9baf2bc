/* SPDX-License-Identifier: ISC */
#include "registry/server.h"

#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "common/version.h"
#include "registry/organizations.h"

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

static int64_t seam_read(void *user, const char *name, uint8_t *bytes, size_t capacity)
{
    struct server *server = user;

    return database_read(&server->database, name, bytes, capacity);
}

static int32_t seam_write(void *user, const char *name, const uint8_t *bytes, size_t count)
{
    struct server *server = user;

    return database_write(&server->database, name, bytes, count);
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
    host.store_read = seam_read;
    host.store_write = seam_write;
    host.log = log_host;
    host.transmit = transmit;
    error = avpn_registry_new(&options, &host, loop_now(), &server->registry);
    explicit_bzero(&options, sizeof options);
    if (error != AVPN_OK) {
        log_line(AVPN_LOG_ERROR, "the engine does not start: %s", avpn_error_name(error));
        return -1;
    }
    organizations_open(server);
    return 0;
}

static int open_database(struct server *server)
{
    const char *path = server->setup->store;
    char problem[DATABASE_PROBLEM];
    enum database_state state = database_open(&server->database, path, problem);

    if (state != DATABASE_OPEN)
        log_line(AVPN_LOG_ERROR, "the store: %s %s", path, problem);
    return state == DATABASE_FAILED ? -1 : 0;
}

int server_open(struct server *server, struct setup *setup, const char *setup_path,
                const struct avpn_key_pair *identity)
{
    memset(server, 0, sizeof *server);
    for (uint32_t i = 0; i < SETUP_LISTEN; i++)
        server->sockets[i].udp.fd = -1;
    server->setup = setup;
    server->setup_path = setup_path;
    server->public_key = identity->public_key;
    server->started_at = loop_now();
    server->run = loop_wall_clock_ms();
    server->buffers = udp_buffers_new(UDP_BATCH);
    if (!server->buffers || loop_open(&server->loop) != 0) {
        log_line(AVPN_LOG_ERROR, "cannot start: %s", strerror(errno));
        return 1;
    }
    if (setup->control[0] && control_open(&server->control, &server->loop, setup->control,
                                          server_answer, server) != 0) {
        log_line(AVPN_LOG_ERROR, "control socket %s: %s", setup->control, strerror(errno));
        return 1;
    }
    if (open_database(server) != 0 || open_sockets(server) != 0)
        return 1;
    return open_registry(server, identity) == 0 ? 0 : 1;
}

static void log_published(const struct server *server, const struct avpn_key *id,
                          const char *label)
{
    struct avpn_organization_status status = {.size = sizeof status};
    char version[VERSION_TEXT];

    if (avpn_registry_organization(server->registry, id, &status) == AVPN_OK)
        log_line(AVPN_LOG_INFO, "%s: configuration %s is served: %u members, %u invites", label,
                 version_text(status.version, version), status.member_count, status.invite_count);
}

static void take_event(struct server *server, const struct avpn_event *event)
{
    char contact[AVPN_CONTACT_TEXT] = "", label[ORGANIZATION_LABEL];
    struct avpn_key id;

    if (avpn_registry_organization_at(server->registry, event->organization, &id) != AVPN_OK)
        return; /* gone meanwhile */
    changes_note(&server->changes, server->registry, &id, event, loop_wall_clock_ms());
    (void)organizations_label(server, &id, label);
    (void)avpn_contact_format(&event->contact, contact, sizeof contact);
    if (event->kind == AVPN_EVENT_PUBLISHED)
        log_published(server, &id, label);
    else if (event->kind == AVPN_EVENT_CLAIM)
        log_line(AVPN_LOG_INFO, "%s: a device claims the place of member %u; autovpn org publish "
                                "signs it in",
                 label, event->peer);
    else
        log_line(AVPN_LOG_DEBUG, "%s: %s: member %u uplink %u state %u %s", label,
                 avpn_event_name(event->kind), event->peer, event->uplink, event->state, contact);
}

void server_run(struct server *server)
{
    struct avpn_event event;

    loop_notify("READY=1");
    while (!server->loop.is_stopping) {
        if (server->loop.is_reloading) {
            server->loop.is_reloading = 0;
            log_line(AVPN_LOG_INFO, "SIGHUP: reading %s again", server->setup_path);
            organizations_reload(server);
        }
        avpn_registry_tick(server->registry, loop_now());
        while (avpn_registry_next_event(server->registry, &event) == AVPN_OK)
            take_event(server, &event);
        loop_wait(&server->loop, avpn_registry_deadline(server->registry));
    }
    loop_notify("STOPPING=1");
}

void server_close(struct server *server)
{
    avpn_registry_del(server->registry);
    database_close(&server->database);
    for (uint32_t i = 0; i < SETUP_LISTEN; i++)
        udp_close(&server->sockets[i].udp);
    if (server->control.loop)
        control_close(&server->control);
    udp_buffers_del(server->buffers);
    if (server->loop.epoll)
        loop_close(&server->loop);
}
