/* SPDX-License-Identifier: ISC */
/*
 * loop: epoll with a callback per descriptor, signals as one of them, and the clock.
 *
 * Life: open -> watch descriptors -> wait again and again until is_stopping -> close. A
 * callback may unwatch any descriptor, its own too. SIGTERM and SIGINT set is_stopping,
 * SIGHUP sets is_reloading (the program clears it).
 */
#ifndef EXAMPLES_LOOP_H
#define EXAMPLES_LOOP_H

#include <stdint.h>
#include <sys/epoll.h>

#include <autovpn/types.h>

#define LOOP_EVENTS 32

/* Placed by the caller, who keeps it alive while it is watched. */
struct loop_watch {
    int fd;
    void (*ready)(void *user, uint32_t events); /* EPOLLIN, EPOLLOUT ... */
    void *user;
};

struct loop {
    int epoll;
    int is_stopping;
    int is_reloading;
    struct loop_watch signals;
    struct epoll_event pending[LOOP_EVENTS]; /* of the wait in progress */
    int pending_count;
};

/* 0, or -1 with errno. */
int loop_open(struct loop *loop);
void loop_close(struct loop *loop);
int loop_watch(struct loop *loop, struct loop_watch *watch, uint32_t events);
int loop_change(struct loop *loop, struct loop_watch *watch, uint32_t events);
void loop_unwatch(struct loop *loop, struct loop_watch *watch);
/* Wait until something is ready or `deadline` passes, and call what is ready. */
void loop_wait(struct loop *loop, avpn_time deadline);
/* The monotonic clock. */
avpn_time loop_now(void);
/* Seconds since 1970; fits host.wall_clock. */
int64_t loop_wall_clock(void *user);
/* Milliseconds since 1970. */
int64_t loop_wall_clock_ms(void);
/* Tell a service manager that listens at NOTIFY_SOCKET; nothing happens where there is none. */
void loop_notify(const char *state);

#endif
