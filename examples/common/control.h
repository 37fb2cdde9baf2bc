/* SPDX-License-Identifier: ISC */
/*
 * control: a local socket at which a daemon answers questions: one line of JSON in, one line of
 * JSON out, then it is closed. A request is {"command": "status"}; an answer is an object, with
 * "error" when the question was not understood.
 *
 * Limits: 8 clients at once (a ninth replaces the one that waited longest), 4 KiB a request.
 */
#ifndef EXAMPLES_CONTROL_H
#define EXAMPLES_CONTROL_H

#include <jansson.h>

#include "common/loop.h"

#define CONTROL_BACKLOG 64 /* wait their turn */
#define CONTROL_CLIENTS 8
#define CONTROL_REQUEST_BYTES 4096

struct control;

struct control_client {
    struct loop_watch watch; /* fd -1: free place */
    struct control *control;
    uint64_t number;
    size_t request_bytes;
    char request[CONTROL_REQUEST_BYTES];
    char *answer; /* NULL: still reading */
    size_t answer_bytes, answer_sent;
};

struct control {
    struct loop *loop;
    struct loop_watch watch; /* fd -1: closed */
    char path[108];
    /* The answer to a command, a new reference; NULL: no such command. */
    json_t *(*answer)(void *user, const char *command, const json_t *request);
    void *user;
    uint64_t served;
    struct control_client clients[CONTROL_CLIENTS];
};

/* Listen at `path` (0600, its directory is made). 0, or -1 with errno; EADDRINUSE: somebody answers there. */
int control_open(struct control *control, struct loop *loop, const char *path,
                 json_t *(*answer)(void *user, const char *command, const json_t *request),
                 void *user);
void control_close(struct control *control);

/* The other end: ask and wait at most `timeout_ms`. The answer, a new reference; NULL with a sentence in `problem_out`. */
json_t *control_ask(const char *path, const json_t *request, int timeout_ms, char *problem_out,
                    size_t capacity);

#endif
