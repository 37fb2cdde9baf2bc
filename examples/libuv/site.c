/* SPDX-License-Identifier: ISC */
/*
 * libuv_site: a site of an Auto VPN on libuv: uv_udp_t for the uplink, uv_poll_t for the TUN device, uv_timer_t for the engine's
 * deadline, uv_getaddrinfo for the names of registries. examples/epoll does the same without a library.
 *
 * Everything happens on the loop's thread, so the engine needs no lock. A prepare handle does what is due each time before the loop
 * waits: the engine's timers, its events, and when to wake up next.
 */
#define _GNU_SOURCE
#include <autovpn/autovpn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

static const char help[] =
    "Usage: libuv_site DIRECTORY TUN PORT (TOKEN | ORGANIZATION [CONFIGURATION])\n"
    "\n"
    "Connects this machine with the other sites of its organization, until a signal ends it.\n"
    "\n"
    "  DIRECTORY      keeps the key, made when it is missing, and the configuration\n"
    "  TUN            the TUN device to make, such as avpn0\n"
    "  PORT           UDP port, 0: any\n"
    "  TOKEN          from autovpn invite\n"
    "  ORGANIZATION   its id, from autovpn org init\n"
    "  CONFIGURATION  a file from autovpn org publish --out, to start with\n";

enum { PACKET = 65535, PACKETS_AT_ONCE = 32 };

static struct site {
    struct avpn_node *node;
    uv_loop_t *loop;
    uv_udp_t udp;
    uv_poll_t packets;
    uv_timer_t deadline;
    uv_prepare_t before_waiting;
    uv_signal_t ends[2];
    const char *directory, *tun_name;
    int tun;
    FILE *routes; /* ip -batch */
} site;

static uint8_t datagram[PACKET], rooms[PACKETS_AT_ONCE][AVPN_HEADROOM + PACKET + AVPN_TAILROOM];

__attribute__((format(printf, 1, 2))) static _Noreturn void fail(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    fputs("libuv_site: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
    exit(EXIT_FAILURE);
}

/* libuv's functions return 0 or a negative error. */
static void must(int result, const char *what)
{
    if (result < 0)
        fail("%s: %s", what, uv_strerror(result));
}

static avpn_time now(void)
{
    return (avpn_time)uv_hrtime();
}

/* ---- what the engine asks of us --------------------------------------------------------------- */

/* Datagrams that the path does not carry whole are to vanish, so that the engine learns it; but those that may be cut. */
static void forbid_fragments(int is_forbidden)
{
    int mode = is_forbidden ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT;
    uv_os_fd_t fd;

    must(uv_fileno((uv_handle_t *)&site.udp, &fd), "socket");
    (void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &mode, sizeof mode);
}

static uv_buf_t packet_of(const struct avpn_packets *run, uint32_t place)
{
    return uv_buf_init((char *)run->data + (size_t)place * run->stride,
                       place + 1 < run->count ? run->bytes : run->last_bytes);
}

/* uv_udp_try_send sends now or never: waiting for room is not what datagrams are for. */
static void transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    (void)user;
    for (size_t i = 0; i < count; i++) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(batch[i].remote.port)};

        memcpy(&to.sin_addr, batch[i].remote.bytes, 4);
        if (batch[i].flags & AVPN_DATAGRAMS_MAY_FRAGMENT)
            forbid_fragments(0);
        for (uint32_t k = 0; k < batch[i].packets.count; k++) {
            uv_buf_t packet = packet_of(&batch[i].packets, k);

            (void)uv_udp_try_send(&site.udp, &packet, 1, (const struct sockaddr *)&to);
        }
        if (batch[i].flags & AVPN_DATAGRAMS_MAY_FRAGMENT)
            forbid_fragments(1);
    }
}

static void deliver(void *user, const struct avpn_packets *batch, size_t count)
{
    (void)user;
    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < batch[i].count; k++) {
            uv_buf_t packet = packet_of(&batch[i], k);

            if (write(site.tun, packet.base, packet.len) < 0 && errno == EBADFD)
                fail("%s is gone: %s", site.tun_name, strerror(errno));
        }
}

struct question {
    uv_getaddrinfo_t handle;
    uint32_t request;
};

static void resolved(uv_getaddrinfo_t *handle, int status, struct addrinfo *list)
{
    struct question *question = handle->data;
    struct avpn_address addresses[8];
    size_t count = 0;

    for (struct addrinfo *at = list; status == 0 && at && count < 8; at = at->ai_next) {
        addresses[count] = (struct avpn_address){.family = AVPN_FAMILY_IPV4};
        memcpy(addresses[count++].bytes, &((struct sockaddr_in *)(void *)at->ai_addr)->sin_addr, 4);
    }
    if (status != UV_ECANCELED)
        (void)avpn_node_resolved(site.node, question->request, addresses, count, now());
    uv_freeaddrinfo(list);
    free(question);
}

static void resolve(void *user, uint32_t request, const char *name)
{
    static const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM};
    struct question *question = malloc(sizeof *question);

    (void)user;
    if (!question)
        return; /* it asks again */
    question->request = request;
    question->handle.data = question;
    if (uv_getaddrinfo(site.loop, &question->handle, resolved, name, NULL, &hints) != 0)
        free(question);
}

static FILE *open_file(const char *name, const char *mode)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", site.directory, name);
    return fopen(path, mode);
}

static int64_t store_read(void *user, const char *name, uint8_t *bytes, size_t capacity)
{
    FILE *file = open_file(name, "rbe");
    struct stat status;
    int is_read;

    (void)user;
    if (!file)
        return -1;
    is_read = fstat(fileno(file), &status) == 0 &&
              fread(bytes, 1, capacity, file) == ((size_t)status.st_size < capacity ? (size_t)status.st_size : capacity);
    fclose(file);
    return is_read ? status.st_size : -1;
}

/* Under another name first: whatever happens, there is the old one or the new one. */
static int32_t store_write(void *user, const char *name, const uint8_t *bytes, size_t count)
{
    char path[PATH_MAX], beside[PATH_MAX];
    FILE *file = open_file("new", "wbe");
    int is_written;

    (void)user;
    if (!file)
        return -1;
    is_written = fchmod(fileno(file), 0600) == 0 && fwrite(bytes, 1, count, file) == count &&
                 fflush(file) == 0 && fsync(fileno(file)) == 0;
    snprintf(path, sizeof path, "%s/%s", site.directory, name);
    snprintf(beside, sizeof beside, "%s/new", site.directory);
    return fclose(file) == 0 && is_written ? rename(beside, path) : -1;
}

/* ---- what the loop tells us --------------------------------------------------------------------- */

static void lend_buffer(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer_out)
{
    (void)handle;
    (void)wanted;
    *buffer_out = uv_buf_init((char *)datagram, sizeof datagram);
}

static void on_datagram(uv_udp_t *udp, ssize_t bytes, const uv_buf_t *buffer, const struct sockaddr *from,
                        unsigned flags)
{
    struct avpn_datagrams in = {.remote = {.family = AVPN_FAMILY_IPV4}};

    (void)udp;
    if (bytes <= 0 || !from || (flags & UV_UDP_PARTIAL))
        return;
    in.remote.port = ntohs(((const struct sockaddr_in *)(const void *)from)->sin_port);
    memcpy(in.remote.bytes, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
    in.packets = (struct avpn_packets){(uint8_t *)buffer->base, 1, (uint32_t)bytes, (uint32_t)bytes, (uint32_t)bytes};
    (void)avpn_node_receive(site.node, &in, 1, now());
}

static void on_packets(uv_poll_t *poll, int status, int what)
{
    struct avpn_packets batch[PACKETS_AT_ONCE];
    size_t count = 0;

    (void)poll;
    (void)what;
    must(status, site.tun_name);
    for (; count < PACKETS_AT_ONCE; count++) {
        uint8_t *packet = rooms[count] + AVPN_HEADROOM;
        ssize_t bytes = read(site.tun, packet, PACKET);

        if (bytes <= 0)
            break;
        batch[count] = (struct avpn_packets){packet, 1, (uint32_t)bytes, (uint32_t)bytes, (uint32_t)bytes};
    }
    (void)avpn_node_send(site.node, batch, count, now());
}

/*
 * A line for ip(8), which waits for them. Routes of the machine's own have a better metric and win. A default route would take our own
 * datagrams too: exits are for hosts that mark their socket.
 */
static void set_route(const struct avpn_prefix *prefix, const char *verb)
{
    char text[AVPN_PREFIX_TEXT];

    avpn_prefix_format(prefix, text, sizeof text);
    if (prefix->length > 0 &&
        fprintf(site.routes, "route %s %s dev %s metric 9350\n", verb, text, site.tun_name) < 0)
        fail("route %s: ip has ended: %s; is iproute2 installed?", text, strerror(errno));
}

static void wake_up(uv_timer_t *timer)
{
    (void)timer; /* prepare does the rest */
}

static void prepare(uv_prepare_t *handle)
{
    struct avpn_event event;
    avpn_span left;

    (void)handle;
    avpn_node_tick(site.node, now());
    while (avpn_node_next_event(site.node, &event) == AVPN_OK) {
        printf("%s: state %u, peer %u, version %llu\n", avpn_event_name(event.kind), event.state,
               event.peer, (unsigned long long)event.version);
        if (event.kind == AVPN_EVENT_ROUTE_ADD || event.kind == AVPN_EVENT_ROUTE_DELETE)
            set_route(&event.prefix, event.kind == AVPN_EVENT_ROUTE_ADD ? "replace" : "delete");
    }
    fflush(stdout);
    uv_update_time(site.loop);
    left = avpn_node_deadline(site.node) - now();
    must(uv_timer_start(&site.deadline, wake_up, left <= 0 ? 0 : (uint64_t)(left / AVPN_MILLISECOND) + 1, 0), "timer");
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    avpn_node_leave(site.node, now()); /* the registries tell the others */
    uv_stop(handle->loop);
}

/* ---- the beginning ------------------------------------------------------------------------------ */

/* The secret key as a line of base64, as autovpn's own programs keep it. */
static void open_key(struct avpn_key_pair *pair_out)
{
    char text[AVPN_KEY_TEXT] = "";
    struct avpn_key secret = {0};
    FILE *file = open_file("key", "re");

    if (!file && errno == ENOENT) {
        if (avpn_key_pair_generate(pair_out) != AVPN_OK ||
            avpn_key_format(&pair_out->secret_key, text, sizeof text) != AVPN_OK ||
            store_write(NULL, "key", (const uint8_t *)text, sizeof text - 1) != 0)
            fail("%s/key: cannot be made: %s", site.directory, strerror(errno));
    } else if (!file || !fgets(text, sizeof text, file) || avpn_key_parse(text, &secret) != AVPN_OK ||
               avpn_key_pair_from_secret(&secret, pair_out) != AVPN_OK) {
        fail("%s/key: not a secret key in base64", site.directory);
    }
    if (file)
        fclose(file);
    explicit_bzero(text, sizeof text);
    explicit_bzero(&secret, sizeof secret);
    avpn_key_format(&pair_out->public_key, text, sizeof text);
    printf("key %s\n", text);
}

static void open_tun(void)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int query = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(request.ifr_name, site.tun_name, strnlen(site.tun_name, IFNAMSIZ - 1));
    site.tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (site.tun < 0 || ioctl(site.tun, TUNSETIFF, &request) != 0)
        fail("TUN %s: %s", site.tun_name, strerror(errno));
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (query < 0 || ioctl(query, SIOCSIFFLAGS, &request) != 0)
        fail("TUN %s: cannot be switched on: %s", site.tun_name, strerror(errno));
    close(query);
    site.routes = popen("exec ip -force -batch -", "we");
    if (!site.routes || setvbuf(site.routes, NULL, _IOLBF, BUFSIZ) != 0)
        fail("ip: %s", strerror(errno));
}

/* A token names the organization; else its id is given, and what to begin with may be. */
static void open_node(const char *who, const char *path)
{
    static uint8_t bundle[1 << 20];
    static struct avpn_token token = {.size = sizeof token};
    struct avpn_node_options options = {.size = sizeof options};
    struct avpn_host host = {.size = sizeof host, .transmit = transmit, .deliver = deliver, .resolve = resolve,
                             .store_read = store_read, .store_write = store_write};
    struct avpn_uplink uplink = {.size = sizeof uplink, .is_up = 1};
    FILE *file = path ? fopen(path, "rb") : NULL;
    int32_t error;

    open_key(&options.identity);
    if (avpn_token_parse(who, &token) == AVPN_OK) {
        options.token = &token;
        options.organization = token.organization;
    } else if (avpn_key_parse(who, &options.organization) != AVPN_OK) {
        fail("'%s': neither a token nor the id of an organization", who);
    }
    if (path && !file)
        fail("%s: %s", path, strerror(errno));
    if (file) {
        options.bundle = bundle;
        options.bundle_bytes = fread(bundle, 1, sizeof bundle, file);
        fclose(file);
    }
    error = avpn_node_new(&options, &host, now(), &site.node);
    explicit_bzero(&options, sizeof options);
    if (error == AVPN_OK)
        error = avpn_node_set_uplink(site.node, 0, &uplink, now());
    if (error != AVPN_OK)
        fail("%s: %s", path ? path : site.directory, avpn_error_name(error));
}

static void open_loop(const char *port)
{
    char *end;
    unsigned long number = strtoul(port, &end, 10);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number)};

    if (!*port || *end || number > 65535)
        fail("PORT '%s': not a number from 0 to 65535", port);
    site.loop = uv_default_loop();
    must(uv_udp_init(site.loop, &site.udp), "socket");
    if (uv_udp_bind(&site.udp, (const struct sockaddr *)&any, 0) != 0)
        fail("PORT %s: %s", port, strerror(errno));
    forbid_fragments(1);
    must(uv_udp_recv_start(&site.udp, lend_buffer, on_datagram), "socket");
    must(uv_poll_init(site.loop, &site.packets, site.tun), site.tun_name);
    must(uv_poll_start(&site.packets, UV_READABLE, on_packets), site.tun_name);
    must(uv_timer_init(site.loop, &site.deadline), "timer");
    must(uv_prepare_init(site.loop, &site.before_waiting), "prepare");
    must(uv_prepare_start(&site.before_waiting, prepare), "prepare");
    for (int i = 0; i < 2; i++) {
        must(uv_signal_init(site.loop, &site.ends[i]), "signal");
        must(uv_signal_start(&site.ends[i], on_signal, i == 0 ? SIGINT : SIGTERM), "signal");
    }
}

int main(int count, char **words)
{
    if (count == 2 && (strcmp(words[1], "--help") == 0 || strcmp(words[1], "-h") == 0))
        return fputs(help, stdout), 0;
    if (count < 5 || count > 6)
        return fputs(help, stderr), 2;
    site.directory = words[1];
    site.tun_name = words[2];
    if (mkdir(site.directory, 0700) != 0 && errno != EEXIST)
        fail("DIRECTORY %s: %s", site.directory, strerror(errno));
    signal(SIGPIPE, SIG_IGN);
    open_tun();
    open_loop(words[3]);
    open_node(words[4], count == 6 ? words[5] : NULL);
    uv_run(site.loop, UV_RUN_DEFAULT);
    avpn_node_del(site.node);
    return 0;
}
