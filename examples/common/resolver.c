/* SPDX-License-Identifier: ISC */
#include "common/resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "common/log.h"

static void socket_ready(void *user, uint32_t events)
{
    struct resolver_socket *place = user;
    int fd = place->watch.fd;

    ares_process_fd(place->resolver->channel,
                    events & (EPOLLIN | EPOLLERR | EPOLLHUP) ? fd : ARES_SOCKET_BAD,
                    events & EPOLLOUT ? fd : ARES_SOCKET_BAD);
}

static struct resolver_socket *find_socket(struct resolver *resolver, int fd)
{
    for (uint32_t i = 0; i < RESOLVER_SOCKETS; i++)
        if (resolver->sockets[i].watch.fd == fd)
            return &resolver->sockets[i];
    return NULL;
}

/* c-ares tells which of its sockets want reading or writing; neither: it closes this one. */
static void socket_state(void *user, ares_socket_t fd, int readable, int writable)
{
    struct resolver *resolver = user;
    struct resolver_socket *place = find_socket(resolver, fd);
    uint32_t events = (readable ? (uint32_t)EPOLLIN : 0u) | (writable ? (uint32_t)EPOLLOUT : 0u);

    if (place && events) {
        (void)loop_change(resolver->loop, &place->watch, events);
    } else if (place) {
        loop_unwatch(resolver->loop, &place->watch);
        place->watch.fd = -1;
    } else if (events) {
        place = find_socket(resolver, -1);
        if (!place)
            return; /* its query times out */
        place->watch.fd = fd;
        place->watch.ready = socket_ready;
        place->watch.user = place;
        place->resolver = resolver;
        (void)loop_watch(resolver->loop, &place->watch, events);
    }
}

/* Names are asked for outside the tunnel, like everything else that makes the tunnel. */
static int mark_socket(ares_socket_t fd, int type, void *user)
{
    const struct resolver *resolver = user;

    (void)type;
    if (resolver->mark)
        (void)setsockopt(fd, SOL_SOCKET, SO_MARK, &resolver->mark, sizeof resolver->mark);
    return 0;
}

int resolver_open(struct resolver *resolver, struct loop *loop, uint32_t mark)
{
    struct ares_options options = {
        .sock_state_cb = socket_state,
        .sock_state_cb_data = resolver,
        .timeout = 2000,
        .tries = 2,
    };

    memset(resolver, 0, sizeof *resolver);
    resolver->loop = loop;
    resolver->mark = mark;
    for (uint32_t i = 0; i < RESOLVER_SOCKETS; i++)
        resolver->sockets[i].watch.fd = -1;
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
        return -1;
    if (ares_init_options(&resolver->channel, &options,
                          ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) !=
        ARES_SUCCESS)
        return -1;
    ares_set_socket_callback(resolver->channel, mark_socket, resolver);
    resolver->is_open = 1;
    return 0;
}

void resolver_close(struct resolver *resolver)
{
    if (!resolver->is_open)
        return;
    ares_destroy(resolver->channel);
    ares_library_cleanup();
    resolver->is_open = 0;
}

static int take_address(const struct sockaddr *from, struct avpn_address *address_out)
{
    memset(address_out, 0, sizeof *address_out);
    if (from->sa_family == AF_INET) {
        address_out->family = AVPN_FAMILY_IPV4;
        memcpy(address_out->bytes, (const char *)from + offsetof(struct sockaddr_in, sin_addr), 4);
        return 1;
    }
    if (from->sa_family == AF_INET6) {
        address_out->family = AVPN_FAMILY_IPV6;
        memcpy(address_out->bytes, (const char *)from + offsetof(struct sockaddr_in6, sin6_addr),
               16);
        return 1;
    }
    return 0;
}

static void answered(void *user, int status, int timeouts, struct ares_addrinfo *result)
{
    struct resolver_request *request = user;
    struct resolver_answer *answer = &request->answer;

    (void)timeouts;
    if (status == ARES_EDESTRUCTION)
        return;
    for (struct ares_addrinfo_node *node = result ? result->nodes : NULL;
         node && answer->count < RESOLVER_ADDRESSES; node = node->ai_next)
        if (take_address(node->ai_addr, &answer->addresses[answer->count]))
            answer->count++;
    if (result)
        ares_freeaddrinfo(result);
    if (status != ARES_SUCCESS)
        log_line(AVPN_LOG_WARNING, "a registry's name was not resolved: %s", ares_strerror(status));
    request->state = 2;
}

void resolver_ask(struct resolver *resolver, uint32_t number, const char *name)
{
    struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};

    for (uint32_t i = 0; i < RESOLVER_REQUESTS; i++) {
        struct resolver_request *request = &resolver->requests[i];

        if (request->state != 0)
            continue;
        memset(request, 0, sizeof *request);
        request->resolver = resolver;
        request->state = 1;
        request->answer.request = number;
        ares_getaddrinfo(resolver->channel, name, NULL, &hints, answered, request);
        return;
    }
    log_line(AVPN_LOG_WARNING, "too many names to resolve at once: %s waits", name);
}

avpn_time resolver_tick(struct resolver *resolver, avpn_time now)
{
    struct timeval longest = {.tv_sec = 3600};
    struct timeval buffer;
    struct timeval *next;

    ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    next = ares_timeout(resolver->channel, NULL, &buffer);
    if (!next)
        return AVPN_TIME_NEVER;
    if (next->tv_sec > longest.tv_sec)
        next = &longest;
    return now + (avpn_span)next->tv_sec * AVPN_SECOND +
           ((avpn_span)next->tv_usec + 1000) * AVPN_MICROSECOND;
}

int resolver_next(struct resolver *resolver, struct resolver_answer *answer_out)
{
    for (uint32_t i = 0; i < RESOLVER_REQUESTS; i++) {
        struct resolver_request *request = &resolver->requests[i];

        if (request->state != 2)
            continue;
        *answer_out = request->answer;
        request->state = 0;
        return 1;
    }
    return 0;
}
