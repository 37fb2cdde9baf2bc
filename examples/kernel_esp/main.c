/* SPDX-License-Identifier: ISC */
/*
 * kernel_esp: a node whose packets the Linux kernel carries. The engine registers, punches holes, shakes hands, probes,
 * roams and chooses routes over one UDP socket; the kernel takes the ESP out of the same socket, and seals and opens it.
 *
 *     kernel_esp --show-key KEYFILE
 *     kernel_esp ORGANIZATION KEYFILE BUNDLE ADDRESS:PORT
 *
 * SIGHUP: new keys with every peer, now. The machine's own part is the rest: forwarding, a route that leads to the other
 * sites at all, a firewall, and what the organization's rules and translations demand: with a data plane of the host's own
 * the engine does not see packets.
 */
#include <errno.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <autovpn/autovpn.h>

#include "common/log.h"
#include "common/loop.h"
#include "common/store.h"
#include "common/udp.h"
#include "kernel_esp/plane.h"

#define REPORT_SPAN AVPN_SECOND

struct program {
    struct loop loop;
    struct udp udp;
    struct udp_buffers *buffers;
    struct loop_watch udp_watch, mapping_watch;
    struct plane plane;
    struct avpn_node *node;
    avpn_time report_at;
};

/* ---- seams -------------------------------------------------------------------------------- */

static void seam_transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    struct program *program = user;

    udp_send(&program->udp, batch, count);
}

static void seam_sa(void *user, const struct avpn_sa_change *change)
{
    struct program *program = user;

    plane_change(&program->plane, change);
}

/* ---- events ------------------------------------------------------------------------------- */

static void show(const struct avpn_event *event)
{
    char text[AVPN_CONTACT_TEXT];

    switch (event->kind) {
    case AVPN_EVENT_TUNNEL:
        log_line(AVPN_LOG_INFO, "tunnel with member %u is %s", event->peer,
                 event->state ? "up" : "down");
        break;
    case AVPN_EVENT_ROAM:
        (void)avpn_contact_format(&event->contact, text, sizeof text);
        log_line(AVPN_LOG_INFO, "member %u has moved to %s", event->peer, text);
        break;
    default:
        break;
    }
}

static void take_events(struct program *program)
{
    struct avpn_event event;
    int has_news = 0;

    while (avpn_node_next_event(program->node, &event) == AVPN_OK) {
        show(&event);
        has_news = 1;
    }
    if (has_news)
        plane_refresh(&program->plane, program->node);
}

static void udp_ready(void *user, uint32_t events)
{
    struct program *program = user;
    struct avpn_datagrams batch[UDP_BATCH];
    size_t count = udp_receive(&program->udp, program->buffers, batch);

    (void)events;
    (void)avpn_node_receive(program->node, batch, count, loop_now());
}

static void mapping_ready(void *user, uint32_t events)
{
    struct program *program = user;

    (void)events;
    plane_read_mappings(&program->plane, program->node, loop_now());
}

static void rekey_all(struct avpn_node *node)
{
    struct avpn_peer_status peer = {.size = sizeof peer};

    for (uint32_t i = 0; avpn_node_peer_at(node, i, &peer) == AVPN_OK; i++)
        (void)avpn_node_rekey(node, peer.member, loop_now());
}

static void run(struct program *program)
{
    while (!program->loop.is_stopping) {
        avpn_time due = avpn_node_deadline(program->node);

        loop_wait(&program->loop, due < program->report_at ? due : program->report_at);
        if (program->loop.is_reloading)
            rekey_all(program->node);
        program->loop.is_reloading = 0;
        if (loop_now() >= program->report_at) {
            plane_report(&program->plane, program->node, loop_now());
            program->report_at = loop_now() + REPORT_SPAN;
        }
        avpn_node_tick(program->node, loop_now());
        take_events(program);
    }
    avpn_node_leave(program->node, loop_now());
}

/* ---- life --------------------------------------------------------------------------------- */

/* The kernel takes ESP out of this socket and leaves the rest: control messages begin with four zeros, as IKE's do. */
static int open_socket(struct program *program, const struct avpn_contact *local)
{
    const struct udp_options options = {.bind = *local, .is_server = 1, .finds_mtu = 1};
    int encapsulation = UDP_ENCAP_ESPINUDP;

    if (udp_open(&program->udp, &options) != 0)
        return -1;
    if (setsockopt(program->udp.fd, IPPROTO_UDP, UDP_ENCAP, &encapsulation, sizeof encapsulation) != 0)
        return -1;
    return policies_except_socket(program->udp.fd, states_family(local));
}

static int open_node(struct program *program, char **words)
{
    struct avpn_node_options options = {.size = sizeof options, .hands_over = 1};
    struct avpn_host host = {.size = sizeof host, .user = program};
    uint8_t *bundle = NULL;
    size_t count = 0;
    int32_t error = AVPN_ERROR_ARGUMENT;

    host.wall_clock = loop_wall_clock;
    host.log = log_host;
    host.transmit = seam_transmit;
    host.sa = seam_sa;
    if (avpn_key_parse(words[0], &options.organization) == AVPN_OK &&
        key_pair_load(words[1], &options.identity) == 0 &&
        file_read(words[2], AVPN_BUNDLE_LIMIT, &bundle, &count) == 0) {
        options.bundle = bundle;
        options.bundle_bytes = count;
        error = avpn_node_new(&options, &host, loop_now(), &program->node);
    }
    free(bundle);
    explicit_bzero(&options, sizeof options);
    return error == AVPN_OK ? 0 : -1;
}

static int start(struct program *program, const struct avpn_contact *local)
{
    struct avpn_uplink uplink = {.size = sizeof uplink, .is_up = 1, .local = *local};

    program->udp_watch = (struct loop_watch){program->udp.fd, udp_ready, program};
    program->mapping_watch =
        (struct loop_watch){plane_mapping_fd(&program->plane), mapping_ready, program};
    program->buffers = udp_buffers_new(UDP_BATCH);
    if (program->buffers == NULL || loop_open(&program->loop) != 0 ||
        loop_watch(&program->loop, &program->udp_watch, EPOLLIN) != 0 ||
        loop_watch(&program->loop, &program->mapping_watch, EPOLLIN) != 0)
        return -1;
    return avpn_node_set_uplink(program->node, 0, &uplink, loop_now()) == AVPN_OK ? 0 : -1;
}

static int show_key(const char *path)
{
    struct avpn_key_pair pair;
    char text[AVPN_KEY_TEXT];

    if (key_pair_make(path, &pair) != 0 ||
        avpn_key_format(&pair.public_key, text, sizeof text) != AVPN_OK)
        return EXIT_FAILURE;
    printf("%s\n", text);
    return EXIT_SUCCESS;
}

int main(int count, char **words)
{
    static struct program program;
    struct avpn_contact local;

    log_set("kernel_esp", AVPN_LOG_INFO);
    if (count == 3 && strcmp(words[1], "--show-key") == 0)
        return show_key(words[2]);
    if (count != 5 || avpn_contact_parse(words[4], &local) != AVPN_OK) {
        fprintf(stderr, "usage: kernel_esp ORGANIZATION KEYFILE BUNDLE ADDRESS:PORT\n"
                        "       kernel_esp --show-key KEYFILE\n");
        return 2;
    }
    if (plane_open(&program.plane) != 0 || open_socket(&program, &local) != 0) {
        log_line(AVPN_LOG_ERROR, "no data plane: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    if (open_node(&program, words + 1) != 0 || start(&program, &local) != 0) {
        log_line(AVPN_LOG_ERROR, "organization, key or bundle cannot be used");
        plane_close(&program.plane);
        return EXIT_FAILURE;
    }
    take_events(&program);
    run(&program);
    avpn_node_del(program.node);
    plane_close(&program.plane);
    udp_close(&program.udp);
    udp_buffers_del(program.buffers);
    loop_close(&program.loop);
    return EXIT_SUCCESS;
}
