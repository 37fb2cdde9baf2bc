/* SPDX-License-Identifier: ISC */
#include "gateway/gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "gateway/journal.h"
#include "gateway/report.h"

#define LOOK_SPAN (5 * AVPN_SECOND)        /* between two looks at the uplinks' addresses */
#define LOOK_SOON (100 * AVPN_MILLISECOND) /* after the kernel said that something changed */
#define ROUNDS 16                          /* of reading one descriptor before the others' turn */

/* ---- the engine's seams ------------------------------------------------------------- */

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

/* Batches for the same uplink leave together. */
static void seam_transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    struct gateway *gateway = user;

    for (size_t first = 0, next; first < count; first = next) {
        uint32_t uplink = batch[first].uplink;

        for (next = first + 1; next < count && batch[next].uplink == uplink; next++)
            ;
        if (uplink < gateway->setup->uplink_count)
            udp_send(&gateway->uplinks[uplink].udp, batch + first, next - first);
    }
}

static void seam_deliver(void *user, const struct avpn_packets *batch, size_t count)
{
    struct gateway *gateway = user;

    if (gateway->tun.fd >= 0)
        tun_write(&gateway->tun, batch, count);
}

/* ---- events ---------------------------------------------------------------------------- */

static void take_event(struct gateway *gateway, const struct avpn_event *event)
{
    gateway->events[gateway->event_count++ % GATEWAY_EVENTS] = *event;
    journal_event(gateway, event);
    switch (event->kind) {
    case AVPN_EVENT_TUNNEL:
        if (event->state && gateway->first_tunnel_at < 0)
            gateway->first_tunnel_at = event->at;
        break;
    case AVPN_EVENT_CONFIG:
    case AVPN_EVENT_REVOKED:
    case AVPN_EVENT_ROUTE_ADD:
    case AVPN_EVENT_ROUTE_REPLACE:
    case AVPN_EVENT_ROUTE_DELETE:
        gateway->are_routes_due = 1;
        break;
    default:
        break;
    }
    if (event->lost)
        gateway->are_routes_due = 1;
}

static void settle(struct gateway *gateway)
{
    struct avpn_event event = {.size = sizeof event};

    while (avpn_node_next_event(gateway->node, &event) == AVPN_OK)
        take_event(gateway, &event);
    if (gateway->membership.has_token && avpn_node_config(gateway->node))
        membership_drop_token(&gateway->membership, &gateway->store);
    if (gateway->are_routes_due && gateway->interface)
        routes_apply(&gateway->routes, gateway->node, &gateway->kernel, gateway->interface);
    gateway->are_routes_due = 0;
}

/* ---- what the loop calls ---------------------------------------------------------------- */

static void uplink_ready(void *user, uint32_t events)
{
    struct uplink *uplink = user;
    struct gateway *gateway = uplink->gateway;
    struct avpn_datagrams batch[UDP_BATCH];
    size_t count = UDP_BATCH;

    (void)events;
    for (uint32_t i = 0; i < ROUNDS && count == UDP_BATCH; i++) {
        count = udp_receive(&uplink->udp, gateway->buffers, batch);
        if (count > 0)
            (void)avpn_node_receive(gateway->node, batch, count, loop_now());
    }
}

static void tun_ready(void *user, uint32_t events)
{
    struct gateway *gateway = user;
    struct avpn_packets batch[TUN_BATCH];

    (void)events;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        size_t count = tun_read(&gateway->tun, batch);

        if (count == 0)
            return;
        (void)avpn_node_send(gateway->node, batch, count, loop_now());
    }
}

static void kernel_ready(void *user, uint32_t events)
{
    struct gateway *gateway = user;
    avpn_time soon = loop_now() + LOOK_SOON;

    (void)events;
    kernel_monitor_drain(&gateway->kernel);
    if (soon < gateway->look_at)
        gateway->look_at = soon;
}

/* ---- uplinks ------------------------------------------------------------------------------ */

/* A registry that is known, to ask the kernel for the way to it. */
static void registry_contact(const struct gateway *gateway, uint32_t uplink,
                             struct avpn_contact *contact_out)
{
    memset(contact_out, 0, sizeof *contact_out);
    for (uint32_t i = 0; i < AVPN_REGISTRIES; i++) {
        struct avpn_registration_status status = {.size = sizeof status};

        if (avpn_node_registration_status(gateway->node, uplink, i, &status) == AVPN_OK &&
            status.registry.family != AVPN_FAMILY_NONE) {
            *contact_out = status.registry;
            return;
        }
    }
}

static void look_at_uplinks(struct gateway *gateway, avpn_time now)
{
    for (uint32_t i = 0; i < gateway->setup->uplink_count; i++) {
        struct uplink *uplink = &gateway->uplinks[i];
        char text[AVPN_CONTACT_TEXT] = "no address";
        struct avpn_contact towards;

        registry_contact(gateway, i, &towards);
        if (!uplink_look(uplink, &towards, gateway->setup->mark))
            continue;
        if (uplink->state.is_up)
            (void)avpn_contact_format(&uplink->state.local, text, sizeof text);
        log_line(AVPN_LOG_INFO, "uplink %u is %s: %s", i, uplink->state.is_up ? "up" : "down",
                 text);
        (void)avpn_node_set_uplink(gateway->node, i, &uplink->state, now);
    }
    gateway->look_at = now + LOOK_SPAN;
}

static int open_uplinks(struct gateway *gateway)
{
    const struct setup *setup = gateway->setup;

    for (uint32_t i = 0; i < setup->uplink_count; i++) {
        struct uplink *uplink = &gateway->uplinks[i];

        if (uplink_open(uplink, &setup->uplinks[i], i, setup->mark, &gateway->store) != 0) {
            log_line(AVPN_LOG_ERROR, "uplink %u (%s): cannot open its socket: %s", i,
                     setup->uplinks[i].interface, strerror(errno));
            return -1;
        }
        uplink->gateway = gateway;
        uplink->watch = (struct loop_watch){uplink->udp.fd, uplink_ready, uplink};
        if (loop_watch(&gateway->loop, &uplink->watch, EPOLLIN) != 0)
            return -1;
    }
    return 0;
}

/* ---- configuration -------------------------------------------------------------------------- */

/* Offer the bundle's file to the engine; an equal or older one is not worth a word. */
static void offer_bundle(struct gateway *gateway)
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
static int open_node(struct gateway *gateway, const struct avpn_key_pair *identity)
{
    int32_t error = make_node(gateway, identity, NULL, 0);

    if (error == AVPN_OK) {
        offer_bundle(gateway);
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

/* ---- life -------------------------------------------------------------------------------------- */

static void warn_if_not_forwarding(void)
{
    char value = '1';
    int fd = open("/proc/sys/net/ipv4/ip_forward", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    if (read(fd, &value, 1) == 1 && value == '0')
        log_line(AVPN_LOG_WARNING, "net.ipv4.ip_forward is 0: hosts behind this gateway cannot "
                                   "use the tunnels");
    (void)close(fd);
}

static int open_kernel(struct gateway *gateway)
{
    const struct setup *setup = gateway->setup;
    struct kernel *kernel = &gateway->kernel;

    kernel->table = setup->table;
    kernel->priority = setup->priority;
    kernel->mark = setup->mark;
    kernel->protocol = (uint8_t)setup->protocol;
    if (tun_open(&gateway->tun, setup->tun, setup->mtu) != 0) {
        log_line(AVPN_LOG_ERROR, "interface %s cannot be made: %s", setup->tun, strerror(errno));
        return -1;
    }
    if (kernel_open(kernel) != 0) {
        log_line(AVPN_LOG_ERROR, "netlink: %s", strerror(errno));
        return -1;
    }
    kernel_clean(kernel);
    if (kernel_interface(kernel, gateway->tun.name, setup->mtu, &gateway->interface) != 0 ||
        (setup->tun_address.family &&
         kernel_address(kernel, gateway->interface, &setup->tun_address) != 0) ||
        kernel_add_rules(kernel) != 0) {
        log_line(AVPN_LOG_ERROR, "interface %s or its rules cannot be set up: %s", setup->tun,
                 strerror(errno));
        return -1;
    }
    gateway->tun_watch = (struct loop_watch){gateway->tun.fd, tun_ready, gateway};
    gateway->kernel_watch = (struct loop_watch){kernel_monitor_fd(kernel), kernel_ready, gateway};
    if (loop_watch(&gateway->loop, &gateway->tun_watch, EPOLLIN) != 0)
        return -1;
    return loop_watch(&gateway->loop, &gateway->kernel_watch, EPOLLIN);
}

static int open_state(struct gateway *gateway, const char *setup_path,
                      struct avpn_key_pair *identity_out)
{
    const struct setup *setup = gateway->setup;
    char path[PATH_MAX];

    if (store_open(&gateway->store, setup->state) != 0 || store_lock(&gateway->store) != 0) {
        fprintf(stderr, "%s: state_directory: %s: %s\n", setup_path, setup->state,
                errno == EWOULDBLOCK ? "is in use by another gateway" : strerror(errno));
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/key", setup->state);
    if (key_pair_make(path, identity_out) == 0)
        return 0;
    fprintf(stderr, "%s: cannot be used: %s; it should hold a secret key as one line of base64\n",
            path, strerror(errno));
    return -1;
}

static void blank(struct gateway *gateway, const struct setup *setup)
{
    memset(gateway, 0, sizeof *gateway);
    gateway->setup = setup;
    gateway->started_at = loop_now();
    gateway->first_tunnel_at = -1;
    gateway->tun.fd = -1;
    gateway->store.lock = -1;
    gateway->control.watch.fd = -1;
    for (uint32_t i = 0; i < AVPN_UPLINKS; i++)
        gateway->uplinks[i].udp.fd = -1;
}

/* All it takes to talk to registries. */
static int open_network(struct gateway *gateway)
{
    gateway->buffers = udp_buffers_new();
    if (!gateway->buffers || loop_open(&gateway->loop) != 0 ||
        resolver_open(&gateway->resolver, &gateway->loop, gateway->setup->mark) != 0) {
        log_line(AVPN_LOG_ERROR, "cannot start: %s", strerror(errno));
        return -1;
    }
    return open_uplinks(gateway);
}

static int open_control(struct gateway *gateway)
{
    const char *path = gateway->setup->control;

    if (!path[0] || control_open(&gateway->control, &gateway->loop, path, report_answer,
                                 gateway) == 0)
        return 0;
    log_line(AVPN_LOG_ERROR, "control socket %s: %s", path, strerror(errno));
    return -1;
}

int gateway_open(struct gateway *gateway, const struct setup *setup, const char *setup_path)
{
    struct avpn_key_pair identity;
    int result = 0;

    blank(gateway, setup);
    if (open_state(gateway, setup_path, &identity) != 0)
        return 2;
    if (membership_read(&gateway->membership, setup, setup_path, &gateway->store, NULL) != 0 ||
        /* with a stored configuration a bad file is no reason not to run */
        (membership_check_bundle(&gateway->membership, setup, setup_path, &identity) != 0 &&
         !gateway->membership.has_stored))
        result = 2;
    else if (open_network(gateway) != 0 || open_control(gateway) != 0 ||
             open_kernel(gateway) != 0 || open_node(gateway, &identity) != 0)
        result = 1;
    explicit_bzero(&identity, sizeof identity);
    return result;
}

int gateway_open_to_join(struct gateway *gateway, const struct setup *setup,
                         const char *setup_path, const struct avpn_token *token)
{
    struct avpn_key_pair identity;
    int result = 0;

    blank(gateway, setup);
    if (open_state(gateway, setup_path, &identity) != 0)
        return 2;
    if (membership_read(&gateway->membership, setup, setup_path, &gateway->store, token) != 0) {
        result = 2;
    } else if (membership_keep_token(&gateway->membership, &gateway->store) != 0) {
        log_line(AVPN_LOG_ERROR, "%s: the token cannot be kept: %s", setup->state, strerror(errno));
        result = 1;
    } else if (open_network(gateway) != 0 || open_node(gateway, &identity) != 0) {
        result = 1;
    }
    explicit_bzero(&identity, sizeof identity);
    return result;
}

static void reload(struct gateway *gateway)
{
    log_line(AVPN_LOG_INFO, "SIGHUP: reading the bundle again");
    loop_notify("RELOADING=1");
    offer_bundle(gateway);
    loop_notify("READY=1");
}

static void answer_names(struct gateway *gateway, avpn_time now)
{
    struct resolver_answer answer;

    while (resolver_next(&gateway->resolver, &answer))
        (void)avpn_node_resolved(gateway->node, answer.request, answer.addresses, answer.count,
                                 now);
}

void gateway_turn(struct gateway *gateway, avpn_time latest)
{
    avpn_time now = loop_now();
    avpn_time deadline;

    if (now >= gateway->look_at)
        look_at_uplinks(gateway, now);
    deadline = resolver_tick(&gateway->resolver, now);
    answer_names(gateway, now);
    avpn_node_tick(gateway->node, now);
    settle(gateway);
    if (latest < deadline)
        deadline = latest;
    if (gateway->look_at < deadline)
        deadline = gateway->look_at;
    if (avpn_node_deadline(gateway->node) < deadline)
        deadline = avpn_node_deadline(gateway->node);
    loop_wait(&gateway->loop, deadline);
}

static void tell_what_is_missing(const struct gateway *gateway)
{
    if (avpn_node_config(gateway->node))
        return;
    if (gateway->membership.has_token)
        log_line(AVPN_LOG_INFO, "no configuration yet: claiming the place of member %u until this "
                                "device is signed in",
                 gateway->membership.token.member);
    else
        log_line(AVPN_LOG_WARNING, "no configuration and no token: join with autovpn-gateway --join, or "
                                   "name a bundle");
}

void gateway_run(struct gateway *gateway)
{
    warn_if_not_forwarding();
    loop_notify("READY=1");
    log_line(AVPN_LOG_INFO, "autovpn %s runs on %s", avpn_version(), gateway->tun.name);
    tell_what_is_missing(gateway);
    while (!gateway->loop.is_stopping) {
        if (gateway->loop.is_reloading)
            reload(gateway);
        gateway->loop.is_reloading = 0;
        gateway_turn(gateway, AVPN_TIME_NEVER);
    }
    loop_notify("STOPPING=1");
    avpn_node_leave(gateway->node, loop_now());
}

void gateway_close(struct gateway *gateway)
{
    avpn_node_del(gateway->node);
    if (gateway->kernel.socket)
        kernel_clean(&gateway->kernel);
    kernel_close(&gateway->kernel);
    routes_free(&gateway->routes);
    tun_close(&gateway->tun);
    for (uint32_t i = 0; i < AVPN_UPLINKS; i++)
        uplink_close(&gateway->uplinks[i]);
    if (gateway->control.loop)
        control_close(&gateway->control);
    resolver_close(&gateway->resolver);
    udp_buffers_del(gateway->buffers);
    store_close(&gateway->store);
    explicit_bzero(&gateway->membership, sizeof gateway->membership);
    if (gateway->loop.epoll)
        loop_close(&gateway->loop);
}
