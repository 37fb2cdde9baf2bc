/* SPDX-License-Identifier: ISC */
#include "common/loop.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void take_signals(void *user, uint32_t events)
{
    struct loop *loop = user;
    struct signalfd_siginfo info;

    (void)events;
    while (read(loop->signals.fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP)
            loop->is_reloading = 1;
        else
            loop->is_stopping = 1;
    }
}

int loop_open(struct loop *loop)
{
    sigset_t set;

    memset(loop, 0, sizeof *loop);
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    (void)signal(SIGPIPE, SIG_IGN);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    loop->signals.ready = take_signals;
    loop->signals.user = loop;
    if (loop->epoll < 0 || loop->signals.fd < 0)
        return -1;
    return loop_watch(loop, &loop->signals, EPOLLIN);
}

void loop_close(struct loop *loop)
{
    (void)close(loop->signals.fd);
    (void)close(loop->epoll);
}

int loop_watch(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};

    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, watch->fd, &event);
}

int loop_change(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};

    return epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

void loop_unwatch(struct loop *loop, struct loop_watch *watch)
{
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    /* It may be ready in the very wait that runs now. */
    for (int i = 0; i < loop->pending_count; i++)
        if (loop->pending[i].data.ptr == watch)
            loop->pending[i].data.ptr = NULL;
}

/* Rounded up: waking early would only mean to wait again. */
static int timeout_ms(avpn_time deadline)
{
    avpn_span left;

    if (deadline == AVPN_TIME_NEVER)
        return -1;
    left = deadline - loop_now();
    if (left <= 0)
        return 0;
    left = (left - 1) / AVPN_MILLISECOND + 1;
    return left > INT_MAX ? INT_MAX : (int)left;
}

void loop_wait(struct loop *loop, avpn_time deadline)
{
    int count = epoll_wait(loop->epoll, loop->pending, LOOP_EVENTS, timeout_ms(deadline));

    loop->pending_count = count > 0 ? count : 0;
    for (int i = 0; i < loop->pending_count; i++) {
        struct loop_watch *watch = loop->pending[i].data.ptr;

        if (watch)
            watch->ready(watch->user, loop->pending[i].events);
    }
    loop->pending_count = 0;
}

avpn_time loop_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (avpn_time)now.tv_sec * AVPN_SECOND + now.tv_nsec;
}

int64_t loop_wall_clock(void *user)
{
    (void)user;
    return (int64_t)time(NULL);
}

int64_t loop_wall_clock_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / AVPN_MILLISECOND;
}

void loop_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = path ? strlen(path) : 0;
    int fd;

    if (length < 2 || length >= sizeof address.sun_path)
        return;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = 0; /* abstract namespace */
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
    (void)close(fd);
}
