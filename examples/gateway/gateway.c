/* SPDX-License-Identifier: ISC */
#include "gateway/gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "gateway/engine.h"
#include "gateway/report.h"
#include "gateway/surroundings.h"

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
        gateway->is_config_new = 1;
        gateway->are_routes_due = 1;
        break;
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
        gateway->are_routes_due = gateway->is_config_new = 1;
}

static void take_events(struct gateway *gateway)
{
    struct avpn_event event;

    while (avpn_node_next_event(gateway->node, &event) == AVPN_OK)
        take_event(gateway, &event);
}

static void settle(struct gateway *gateway)
{
    take_events(gateway);
    if (gateway->is_config_new)
        surroundings_renew(gateway, loop_now());
    gateway->is_config_new = 0;
    take_events(gateway); /* what came of that */
    journal_settle(gateway);
    if (gateway->membership.has_token && avpn_node_config(gateway->node))
        membership_drop_token(&gateway->membership, &gateway->store);
    if (gateway->are_routes_due && gateway->kernel.interface)
        routes_apply(&gateway->routes, gateway->node, &gateway->kernel);
    gateway->are_routes_due = 0;
}

/* ---- what the loop calls ---------------------------------------------------------------- */

static void uplink_ready(void *user, uint32_t events)
{
    struct uplink *uplink = user;

    (void)events;
    carrier_serve_socket(&uplink->gateway->carrier, uplink->number, 0);
}

static void tun_ready(void *user, uint32_t events)
{
    struct gateway *gateway = user;

    (void)events;
    carrier_serve_queue(&gateway->carrier, 0);
}

static void kernel_ready(void *user, uint32_t events)
{
    struct gateway *gateway = user;

    (void)events;
    surroundings_changed(gateway, kernel_monitor_drain(&gateway->kernel), loop_now());
}

/* ---- uplinks ------------------------------------------------------------------------------ */

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
        if (setup->uplinks[i].is_cut)
            log_line(AVPN_LOG_WARNING, "%s is used with IPv4 only: with IPv6 there would be more than %d "
                                       "uplinks; say family: in the settings to decide otherwise",
                     setup->uplinks[i].interface, AVPN_UPLINKS);
        uplink->gateway = gateway;
    }
    return 0;
}

/* Without workers this thread carries the packets. */
static int watch_packets(struct gateway *gateway)
{
    for (uint32_t i = 0; i < gateway->setup->uplink_count; i++) {
        struct uplink *uplink = &gateway->uplinks[i];

        if (uplink->socket_count == 0)
            continue;
        uplink->watch = (struct loop_watch){uplink->sockets[0].fd, uplink_ready, uplink};
        if (loop_watch(&gateway->loop, &uplink->watch, EPOLLIN) != 0)
            return -1;
    }
    if (gateway->tun.queue_count == 0)
        return 0;
    gateway->tun_watch = (struct loop_watch){gateway->tun.fds[0], tun_ready, gateway};
    return loop_watch(&gateway->loop, &gateway->tun_watch, EPOLLIN);
}

/* The engine, and who brings it packets. */
static int open_engine(struct gateway *gateway, const struct avpn_key_pair *identity,
                       uint32_t workers)
{
    if (carrier_open(&gateway->carrier, gateway) != 0) {
        log_line(AVPN_LOG_ERROR, "cannot start: out of memory");
        return -1;
    }
    if (engine_open(gateway, identity) != 0)
        return -1;
    if ((workers ? pool_open(&gateway->pool, gateway, workers) : watch_packets(gateway)) == 0)
        return 0;
    log_line(AVPN_LOG_ERROR, "cannot carry packets: %s", strerror(errno));
    return -1;
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
    struct tun_options tun_options = {
        .name = setup->tun,
        .queue_count = setup->workers > 1 ? setup->workers : 1,
        .is_plain = setup->is_tun_plain,
    };

    kernel->table = setup->table;
    kernel->guard = setup->guard;
    kernel->metric = setup->metric;
    gateway->learn.table = setup->learn_table;
    kernel->priority = setup->priority;
    kernel->mark = setup->mark;
    kernel->protocol = (uint8_t)setup->protocol;
    if (tun_open(&gateway->tun, &tun_options) != 0) {
        log_line(AVPN_LOG_ERROR, "interface %s cannot be made: %s", setup->tun, strerror(errno));
        return -1;
    }
    if (kernel_open(kernel) != 0) {
        log_line(AVPN_LOG_ERROR, "netlink: %s", strerror(errno));
        return -1;
    }
    kernel_clean(kernel);
    if (kernel_interface(kernel, gateway->tun.name, setup->mtu) != 0 ||
        (setup->tun_address.family && kernel_address(kernel, &setup->tun_address) != 0) ||
        kernel_add_rules(kernel) != 0) {
        log_line(AVPN_LOG_ERROR, "interface %s or its rules cannot be set up: %s", setup->tun,
                 strerror(errno));
        return -1;
    }
    gateway->kernel_watch = (struct loop_watch){kernel_monitor_fd(kernel), kernel_ready, gateway};
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
    for (uint32_t i = 0; i < TUN_QUEUES; i++)
        gateway->tun.fds[i] = -1;
    gateway->store.lock = -1;
    gateway->control.watch.fd = -1;
}

/* All it takes to talk to registries. */
static int open_network(struct gateway *gateway)
{
    if (loop_open(&gateway->loop) != 0 ||
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
             open_kernel(gateway) != 0 || open_engine(gateway, &identity, setup->workers) != 0)
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
    } else if (open_network(gateway) != 0 || open_engine(gateway, &identity, 0) != 0) {
        result = 1;
    }
    explicit_bzero(&identity, sizeof identity);
    return result;
}

static void reload(struct gateway *gateway)
{
    log_line(AVPN_LOG_INFO, "SIGHUP: reading the bundle again");
    loop_notify("RELOADING=1");
    engine_offer_bundle(gateway);
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

    (void)surroundings_look(gateway, now);
    deadline = resolver_tick(&gateway->resolver, now);
    answer_names(gateway, now);
    avpn_node_tick(gateway->node, now);
    settle(gateway);
    if (latest < deadline)
        deadline = latest;
    if (surroundings_deadline(gateway) < deadline)
        deadline = surroundings_deadline(gateway);
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
    pool_close(&gateway->pool);
    avpn_node_del(gateway->node);
    carrier_close(&gateway->carrier);
    if (gateway->kernel.netlink.socket)
        kernel_clean(&gateway->kernel);
    kernel_close(&gateway->kernel);
    routes_free(&gateway->routes);
    tun_close(&gateway->tun);
    for (uint32_t i = 0; i < AVPN_UPLINKS; i++)
        uplink_close(&gateway->uplinks[i]);
    if (gateway->control.loop)
        control_close(&gateway->control);
    resolver_close(&gateway->resolver);
    store_close(&gateway->store);
    explicit_bzero(&gateway->membership, sizeof gateway->membership);
    if (gateway->loop.epoll)
        loop_close(&gateway->loop);
}
