/* SPDX-License-Identifier: ISC */
/*
 * epoll_site: a site of an Auto VPN on Linux in one file: a UDP socket, a TUN device, epoll. What doc/embedding.md says, in that
 * order; a place to begin from. examples/libuv does the same on another loop, examples/gateway is the grown-up one.
 *
 * Left out, which costs a line or a hundred: names of registries (seam resolve), expiry (seam wall_clock), more than one uplink,
 * IPv6 outside, offloads, default routes.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <autovpn/autovpn.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
    "Usage: epoll_site [OPTION...] DIRECTORY TOKEN\n"
    "       epoll_site [OPTION...] DIRECTORY ORGANIZATION [CONFIGURATION]\n"
    "\n"
    "Connects this machine with the other sites of its organization, until a signal ends it.\n"
    "\n"
    "  DIRECTORY             keeps the key, made when it is missing, and the configuration\n"
    "  TOKEN                 from autovpn invite\n"
    "  ORGANIZATION          its id, from autovpn org init\n"
    "  CONFIGURATION         a file from autovpn org publish --out, to start with\n"
    "  -t, --tun NAME        TUN device to make (default avpn0)\n"
    "  -u, --uplink CONTACT  address and port of the socket (default: any)\n"
    "  -h, --help            print this text\n";

enum { BATCH = 32, PACKET = 65535 };

static struct site {
    struct avpn_node *node;
    int directory, udp, tun, signals;
    char tun_name[IFNAMSIZ];
    FILE *routes; /* ip -batch */
} site = {.tun_name = "avpn0"};

/* What is read, with room for what the engine puts around it. Pages that nobody touches do not exist. */
static uint8_t rooms[BATCH][AVPN_HEADROOM + PACKET + AVPN_TAILROOM];

__attribute__((format(printf, 1, 2))) static _Noreturn void fail(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    fputs("epoll_site: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
    exit(EXIT_FAILURE);
}

static avpn_time now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * AVPN_SECOND + t.tv_nsec;
}

/* ---- what the engine asks of us -------------------------------------------------------------- */

static struct sockaddr_in to_address(const struct avpn_contact *contact)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(contact->port)};

    memcpy(&address.sin_addr, contact->bytes, 4);
    return address;
}

/* Datagrams that the path does not carry whole are to vanish, so that the engine learns it; but those that may be cut. */
static void forbid_fragments(int is_forbidden)
{
    int mode = is_forbidden ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT;

    (void)setsockopt(site.udp, IPPROTO_IP, IP_MTU_DISCOVER, &mode, sizeof mode);
}

static void transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    (void)user;
    for (size_t i = 0; i < count; i++) {
        const struct avpn_packets *run = &batch[i].packets;
        struct sockaddr_in to = to_address(&batch[i].remote);

        if (batch[i].flags & AVPN_DATAGRAMS_MAY_FRAGMENT)
            forbid_fragments(0);
        for (uint32_t k = 0; k < run->count; k++) /* what cannot be sent is lost, as in any network */
            (void)sendto(site.udp, run->data + (size_t)k * run->stride,
                         k + 1 < run->count ? run->bytes : run->last_bytes, 0,
                         (const struct sockaddr *)&to, sizeof to);
        if (batch[i].flags & AVPN_DATAGRAMS_MAY_FRAGMENT)
            forbid_fragments(1);
    }
}

static void deliver(void *user, const struct avpn_packets *batch, size_t count)
{
    (void)user;
    for (const struct avpn_packets *run = batch; run < batch + count; run++)
        for (uint32_t k = 0; k < run->count; k++)
            if (write(site.tun, run->data + (size_t)k * run->stride,
                      k + 1 < run->count ? run->bytes : run->last_bytes) < 0 && errno == EBADFD)
                fail("%s is gone: %s", site.tun_name, strerror(errno));
}

static int64_t store_read(void *user, const char *name, uint8_t *bytes, size_t capacity)
{
    int fd = openat(site.directory, name, O_RDONLY | O_CLOEXEC);
    struct stat status;
    int is_read;

    (void)user;
    if (fd < 0)
        return -1;
    is_read = fstat(fd, &status) == 0 && read(fd, bytes, capacity) >= 0;
    close(fd);
    return is_read ? status.st_size : -1;
}

static int32_t store_write(void *user, const char *name, const uint8_t *bytes, size_t count)
{
    int fd = openat(site.directory, "new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int is_written;

    (void)user;
    if (fd < 0)
        return -1;
    is_written = write(fd, bytes, count) == (ssize_t)count && fsync(fd) == 0;
    close(fd);
    return is_written ? renameat(site.directory, "new", site.directory, name) : -1;
}

/* ---- events --------------------------------------------------------------------------------- */

/*
 * A line for ip(8), which waits for them. Routes of the machine's own have a better metric and win. A default route would take our own
 * datagrams too: exits are for hosts that mark their socket.
 */
static void set_route(const struct avpn_prefix *prefix, const char *verb)
{
    char text[AVPN_PREFIX_TEXT];

    avpn_prefix_format(prefix, text, sizeof text);
    if (prefix->length == 0)
        fprintf(stderr, "route %s is not used here\n", text);
    else if (fprintf(site.routes, "route %s %s dev %s metric 9350\n", verb, text, site.tun_name) < 0)
        fail("route %s: ip has ended: %s; is iproute2 installed?", text, strerror(errno));
}

static void show_events(void)
{
    struct avpn_event event;

    while (avpn_node_next_event(site.node, &event) == AVPN_OK) {
        printf("%s: state %u, peer %u, version %llu\n", avpn_event_name(event.kind), event.state,
               event.peer, (unsigned long long)event.version);
        if (event.kind == AVPN_EVENT_ROUTE_ADD)
            set_route(&event.prefix, "replace");
        else if (event.kind == AVPN_EVENT_ROUTE_DELETE)
            set_route(&event.prefix, "delete");
    }
    fflush(stdout);
}

/* ---- the loop --------------------------------------------------------------------------------- */

static void read_datagrams(void)
{
    struct avpn_datagrams batch[BATCH];
    size_t count = 0;

    for (; count < BATCH; count++) {
        struct sockaddr_in from;
        socklen_t length = sizeof from;
        ssize_t bytes = recvfrom(site.udp, rooms[count], PACKET, 0, (struct sockaddr *)&from, &length);

        if (bytes <= 0)
            break;
        batch[count] = (struct avpn_datagrams){
            .remote = {.family = AVPN_FAMILY_IPV4, .port = ntohs(from.sin_port)},
            .packets = {rooms[count], 1, (uint32_t)bytes, (uint32_t)bytes, (uint32_t)bytes}};
        memcpy(batch[count].remote.bytes, &from.sin_addr, 4);
    }
    (void)avpn_node_receive(site.node, batch, count, now());
}

static void read_packets(void)
{
    struct avpn_packets batch[BATCH];
    size_t count = 0;

    for (; count < BATCH; count++) {
        uint8_t *packet = rooms[count] + AVPN_HEADROOM;
        ssize_t bytes = read(site.tun, packet, PACKET);

        if (bytes <= 0)
            break;
        batch[count] = (struct avpn_packets){packet, 1, (uint32_t)bytes, (uint32_t)bytes, (uint32_t)bytes};
    }
    (void)avpn_node_send(site.node, batch, count, now());
}

/* Milliseconds until the engine wants to be called, rounded up: a tick that comes too early is one for nothing. */
static int patience(void)
{
    avpn_span left = avpn_node_deadline(site.node) - now();

    return left <= 0 ? 0 : left > 3600 * AVPN_SECOND ? -1 : (int)((left + AVPN_MILLISECOND - 1) / AVPN_MILLISECOND);
}

static void run(void)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int fds[] = {site.udp, site.tun, site.signals};

    for (int i = 0; i < 3; i++)
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &(struct epoll_event){.events = EPOLLIN, .data.fd = fds[i]}) != 0)
            fail("epoll: %s", strerror(errno));
    for (;;) {
        struct epoll_event ready[3];
        int count = epoll_wait(epoll, ready, 3, patience());

        for (int i = 0; i < count; i++) {
            if (ready[i].data.fd == site.signals)
                return;
            if (ready[i].data.fd == site.udp)
                read_datagrams();
            else
                read_packets();
        }
        avpn_node_tick(site.node, now());
        show_events();
    }
}

/* ---- the beginning ------------------------------------------------------------------------------ */

/* The secret key as a line of base64, as autovpn's own programs keep it. */
static void open_key(const char *path, struct avpn_key_pair *pair_out)
{
    int fd = openat(site.directory, "key", O_RDONLY | O_CLOEXEC);
    char text[AVPN_KEY_TEXT] = "";
    struct avpn_key secret;

    if (fd < 0 && errno == ENOENT) {
        if (avpn_key_pair_generate(pair_out) != AVPN_OK ||
            avpn_key_format(&pair_out->secret_key, text, sizeof text) != AVPN_OK ||
            store_write(NULL, "key", (const uint8_t *)text, sizeof text - 1) != 0)
            fail("%s/key: cannot be made: %s", path, strerror(errno));
    } else if (fd < 0 || read(fd, text, sizeof text - 1) < 0 || avpn_key_parse(text, &secret) != AVPN_OK ||
               avpn_key_pair_from_secret(&secret, pair_out) != AVPN_OK) {
        fail("%s/key: not a secret key in base64", path);
    }
    if (fd >= 0)
        close(fd);
    explicit_bzero(text, sizeof text);
    explicit_bzero(&secret, sizeof secret);
    avpn_key_format(&pair_out->public_key, text, sizeof text);
    printf("key %s\n", text);
}

static void open_tun(void)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int query = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(request.ifr_name, site.tun_name, IFNAMSIZ);
    site.tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (site.tun < 0 || ioctl(site.tun, TUNSETIFF, &request) != 0)
        fail("--tun %s: %s", site.tun_name, strerror(errno));
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (query < 0 || ioctl(query, SIOCSIFFLAGS, &request) != 0)
        fail("--tun %s: cannot be switched on: %s", site.tun_name, strerror(errno));
    close(query);
    site.routes = popen("exec ip -force -batch -", "we");
    if (!site.routes || setvbuf(site.routes, NULL, _IOLBF, BUFSIZ) != 0)
        fail("ip: %s", strerror(errno));
}

/* Of a socket with any address the engine is told none: only peers behind the same NAT could do something with it. */
static void open_udp(const char *text, struct avpn_uplink *uplink)
{
    struct sockaddr_in address = {.sin_family = AF_INET};

    if (text) {
        if (avpn_contact_parse(text, &uplink->local) != AVPN_OK || uplink->local.family != AVPN_FAMILY_IPV4)
            fail("--uplink %s: not an IPv4 address and port such as 203.0.113.7:40001", text);
        address = to_address(&uplink->local);
        if (address.sin_addr.s_addr == INADDR_ANY)
            uplink->local.family = AVPN_FAMILY_NONE;
    }
    site.udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (site.udp < 0 || bind(site.udp, (const struct sockaddr *)&address, sizeof address) != 0)
        fail("--uplink %s: %s", text ? text : "any", strerror(errno));
    forbid_fragments(1);
}

/* A token names the organization; else its id is given, and what to begin with may be. */
static void open_node(char *const *words, const struct avpn_uplink *uplink)
{
    static uint8_t bundle[1 << 20];
    static struct avpn_token token = {.size = sizeof token};
    struct avpn_node_options options = {.size = sizeof options};
    struct avpn_host host = {.size = sizeof host, .transmit = transmit, .deliver = deliver,
                             .store_read = store_read, .store_write = store_write};
    int32_t error;

    open_key(words[0], &options.identity);
    if (avpn_token_parse(words[1], &token) == AVPN_OK) {
        options.token = &token;
        options.organization = token.organization;
    } else if (avpn_key_parse(words[1], &options.organization) != AVPN_OK) {
        fail("'%s': neither a token nor the id of an organization", words[1]);
    }
    if (words[2]) {
        FILE *file = fopen(words[2], "rb");

        if (!file)
            fail("%s: %s", words[2], strerror(errno));
        options.bundle = bundle;
        options.bundle_bytes = fread(bundle, 1, sizeof bundle, file);
        fclose(file);
    }
    error = avpn_node_new(&options, &host, now(), &site.node);
    explicit_bzero(&options, sizeof options);
    if (error == AVPN_OK)
        error = avpn_node_set_uplink(site.node, 0, uplink, now());
    if (error != AVPN_OK)
        fail("%s: %s", words[2] ? words[2] : words[0], avpn_error_name(error));
}

int main(int count, char **words)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {"tun", required_argument, NULL, 't'},
                                            {"uplink", required_argument, NULL, 'u'}, {0}};
    struct avpn_uplink uplink = {.size = sizeof uplink, .is_up = 1};
    const char *contact = NULL;
    sigset_t ends;
    int option;

    while ((option = getopt_long(count, words, "ht:u:", options, NULL)) != -1)
        if (option == 't')
            snprintf(site.tun_name, IFNAMSIZ, "%s", optarg);
        else if (option == 'u')
            contact = optarg;
        else
            return fputs(help, option == 'h' ? stdout : stderr), option == 'h' ? 0 : 2;
    if (count - optind < 2 || count - optind > 3)
        return fputs(help, stderr), 2;
    if (mkdir(words[optind], 0700) != 0 && errno != EEXIST)
        fail("%s: %s", words[optind], strerror(errno));
    site.directory = open(words[optind], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (site.directory < 0)
        fail("%s: %s", words[optind], strerror(errno));
    sigemptyset(&ends), sigaddset(&ends, SIGINT), sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    site.signals = signalfd(-1, &ends, SFD_CLOEXEC);
    open_tun();
    open_udp(contact, &uplink);
    open_node(words + optind, &uplink);
    show_events();
    run();
    avpn_node_leave(site.node, now()); /* the registries tell the others */
    avpn_node_del(site.node);
    return 0;
}
