/* SPDX-License-Identifier: ISC */
#include "common/control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Known at both ends: who asks tells it from other complaints. */
#define NO_SUCH_COMMAND "no such command"

static int fill_address(const char *path, struct sockaddr_un *address_out)
{
    memset(address_out, 0, sizeof *address_out);
    address_out->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address_out->sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address_out->sun_path, path);
    return 0;
}

static int connect_to(const char *path)
{
    struct sockaddr_un address;
    int saved;
    int fd;

    if (fill_address(path, &address) != 0)
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    saved = errno;
    (void)close(fd);
    errno = saved;
    return -1;
}

/* ---- the daemon's end --------------------------------------------------------- */

static void drop(struct control_client *client)
{
    loop_unwatch(client->control->loop, &client->watch);
    (void)close(client->watch.fd);
    free(client->answer);
    client->answer = NULL;
    client->watch.fd = -1;
}

static json_t *make_answer(struct control *control, const char *request)
{
    json_error_t error;
    json_t *object = json_loads(request, 0, &error);
    const char *command = json_string_value(json_object_get(object, "command"));
    json_t *answer = NULL;

    if (command)
        answer = control->answer(control->user, command, object);
    if (!answer)
        answer = json_pack("{s:s}", "error",
                           command ? NO_SUCH_COMMAND : "a request is {\"command\": \"...\"}");
    json_decref(object);
    return answer;
}

static void send_answer(struct control_client *client)
{
    while (client->answer_sent < client->answer_bytes) {
        ssize_t n = send(client->watch.fd, client->answer + client->answer_sent,
                         client->answer_bytes - client->answer_sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            (void)loop_change(client->control->loop, &client->watch, EPOLLOUT);
            return;
        }
        if (n <= 0)
            break;
        client->answer_sent += (size_t)n;
    }
    drop(client);
}

static void answer_request(struct control_client *client)
{
    json_t *answer = make_answer(client->control, client->request);
    char *text = json_dumps(answer, JSON_COMPACT | JSON_REAL_PRECISION(12));
    size_t length = text ? strlen(text) : 0;
    char *line = text ? realloc(text, length + 2) : NULL;

    json_decref(answer);
    if (!line) {
        free(text);
        drop(client);
        return;
    }
    line[length] = '\n';
    client->answer = line;
    client->answer_bytes = length + 1;
    client->answer_sent = 0;
    send_answer(client);
}

static void read_request(struct control_client *client)
{
    size_t room = sizeof client->request - 1 - client->request_bytes;
    ssize_t n = recv(client->watch.fd, client->request + client->request_bytes, room, MSG_DONTWAIT);
    char *end;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        drop(client);
        return;
    }
    client->request_bytes += (size_t)n;
    client->request[client->request_bytes] = 0;
    end = memchr(client->request, '\n', client->request_bytes); /* behind a NUL too */
    if (end) {
        *end = 0;
        answer_request(client);
    } else if (client->request_bytes + 1 == sizeof client->request) {
        drop(client);
    }
}

static void client_ready(void *user, uint32_t events)
{
    struct control_client *client = user;

    if (client->answer)
        send_answer(client);
    else if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        read_request(client);
}

static struct control_client *free_place(struct control *control)
{
    struct control_client *oldest = &control->clients[0];

    for (uint32_t i = 0; i < CONTROL_CLIENTS; i++) {
        struct control_client *client = &control->clients[i];

        if (client->watch.fd < 0)
            return client;
        if (client->number < oldest->number)
            oldest = client;
    }
    drop(oldest);
    return oldest;
}

static void take_client(void *user, uint32_t events)
{
    struct control *control = user;
    struct control_client *client;
    int fd = accept4(control->watch.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (fd < 0)
        return;
    client = free_place(control);
    client->control = control;
    client->number = ++control->served;
    client->request_bytes = 0;
    client->watch.fd = fd;
    client->watch.ready = client_ready;
    client->watch.user = client;
    if (loop_watch(control->loop, &client->watch, EPOLLIN) != 0)
        drop(client);
}

/* A socket file that nobody answers at was left by a daemon that died. */
static int clear_path(const char *path)
{
    char directory[108];
    char *slash;
    int fd;

    (void)snprintf(directory, sizeof directory, "%s", path);
    slash = strrchr(directory, '/');
    if (slash && slash != directory) {
        *slash = 0;
        (void)mkdir(directory, 0755);
    }
    fd = connect_to(path);
    if (fd < 0) {
        if (errno == ECONNREFUSED)
            (void)unlink(path);
        return 0;
    }
    (void)close(fd);
    errno = EADDRINUSE;
    return -1;
}

int control_open(struct control *control, struct loop *loop, const char *path,
                 json_t *(*answer)(void *user, const char *command, const json_t *request),
                 void *user)
{
    struct sockaddr_un address;
    mode_t mask;
    int result;

    memset(control, 0, sizeof *control);
    control->watch.fd = -1;
    for (uint32_t i = 0; i < CONTROL_CLIENTS; i++)
        control->clients[i].watch.fd = -1;
    if (fill_address(path, &address) != 0 || clear_path(path) != 0)
        return -1;
    control->watch.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (control->watch.fd < 0)
        return -1;
    mask = umask(0177);
    result = bind(control->watch.fd, (const struct sockaddr *)&address, sizeof address);
    (void)umask(mask);
    if (result != 0)
        return -1;
    strcpy(control->path, path);
    control->loop = loop;
    control->answer = answer;
    control->user = user;
    control->watch.ready = take_client;
    control->watch.user = control;
    if (listen(control->watch.fd, CONTROL_BACKLOG) != 0)
        return -1;
    return loop_watch(loop, &control->watch, EPOLLIN);
}

void control_close(struct control *control)
{
    for (uint32_t i = 0; i < CONTROL_CLIENTS; i++)
        if (control->clients[i].watch.fd >= 0)
            drop(&control->clients[i]);
    if (control->watch.fd < 0)
        return;
    loop_unwatch(control->loop, &control->watch);
    (void)close(control->watch.fd);
    if (control->path[0])
        (void)unlink(control->path);
    control->watch.fd = -1;
}

/* ---- the asking end ------------------------------------------------------------ */

static char *read_line(int fd, int timeout_ms)
{
    avpn_time deadline = loop_now() + timeout_ms * AVPN_MILLISECOND;
    size_t capacity = 65536;
    size_t count = 0;
    char *text = malloc(capacity);

    while (text) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        avpn_span left = deadline - loop_now();
        char *larger;
        ssize_t n;

        if (left <= 0 || poll(&wait, 1, (int)(left / AVPN_MILLISECOND) + 1) <= 0)
            break;
        n = recv(fd, text + count, capacity - count - 1, 0);
        if (n <= 0)
            break;
        count += (size_t)n;
        text[count] = 0;
        if (text[count - 1] == '\n')
            return text;
        if (count + 1 < capacity)
            continue;
        larger = realloc(text, capacity * 2);
        if (!larger)
            break;
        text = larger;
        capacity *= 2;
    }
    free(text);
    return NULL;
}

static int send_request(int fd, const json_t *request)
{
    char *text = json_dumps(request, JSON_COMPACT);
    size_t length = text ? strlen(text) : 0;
    int is_sent = 0;

    if (text && length + 1 < CONTROL_REQUEST_BYTES) {
        text[length] = '\n'; /* in place of its NUL */
        is_sent = send(fd, text, length + 1, MSG_NOSIGNAL) == (ssize_t)(length + 1);
    }
    free(text);
    return is_sent;
}

static char *exchange(const char *path, const json_t *request, int timeout_ms, char *problem_out,
                      size_t capacity)
{
    char *text;
    int fd = connect_to(path);

    if (fd < 0) {
        (void)snprintf(problem_out, capacity, "%s: %s: is the daemon running?", path,
                       strerror(errno));
        return NULL;
    }
    text = send_request(fd, request) ? read_line(fd, timeout_ms) : NULL;
    (void)close(fd);
    if (!text)
        (void)snprintf(problem_out, capacity, "%s: no answer", path);
    return text;
}

json_t *control_ask(const char *path, const json_t *request, int timeout_ms, char *problem_out,
                    size_t capacity)
{
    const char *command = json_string_value(json_object_get(request, "command"));
    json_error_t error;
    json_t *answer;
    const char *complaint;
    char *text = exchange(path, request, timeout_ms, problem_out, capacity);

    if (!text)
        return NULL;
    answer = json_loads(text, 0, &error);
    free(text);
    complaint = json_string_value(json_object_get(answer, "error"));
    if (json_is_object(answer) && !complaint)
        return answer;
    if (complaint && strcmp(complaint, NO_SUCH_COMMAND) == 0)
        (void)snprintf(problem_out, capacity,
                       "%s: the daemon there does not know \"%s\": it is older than this program",
                       path, command);
    else
        (void)snprintf(problem_out, capacity, "%s: %s: %s", path, command,
                       complaint ? complaint : "the answer is not a JSON object");
    json_decref(answer);
    return NULL;
}
