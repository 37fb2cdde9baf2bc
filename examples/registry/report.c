/* SPDX-License-Identifier: ISC */
/* report: what the registry tells at its control socket. */
#include <string.h>

#include "common/json.h"
#include "registry/server.h"

static json_t *organizations(const struct server *server)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < server->setup->organization_count; i++)
        json_array_append_new(list, json_pack("{s:o, s:s}", "id",
                                              json_key(&server->setup->organizations[i].id),
                                              "bundle", server->setup->organizations[i].bundle));
    return list;
}

static json_t *listening(const struct server *server)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < server->setup->listen_count; i++)
        if (server->sockets[i].udp.fd >= 0)
            json_array_append_new(list, json_contact(&server->setup->listen[i]));
    return list;
}

static json_t *answer_status(const struct server *server)
{
    struct avpn_registry_status status = {.size = sizeof status};

    if (avpn_registry_status(server->registry, &status) != AVPN_OK)
        return NULL;
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:I}", "version", avpn_version(), "key",
                     json_key(&server->public_key), "listen", listening(server), "running_s",
                     json_seconds(loop_now(), server->started_at), "organizations",
                     organizations(server), "members", (json_int_t)status.member_count,
                     "connected", (json_int_t)status.connected_count, "memory_bytes",
                     (json_int_t)status.memory_bytes);
}

static json_t *answer_counters(const struct server *server)
{
    uint64_t counters[AVPN_REGISTRY_COUNTERS] = {0};
    json_t *object = json_object();

    (void)avpn_registry_counters(server->registry, counters, AVPN_REGISTRY_COUNTERS);
    for (uint32_t i = 0; i < AVPN_REGISTRY_COUNTERS; i++)
        json_object_set_new(object, avpn_registry_counter_name(i),
                            json_integer((json_int_t)counters[i]));
    return json_pack("{s:o}", "counters", object);
}

json_t *server_answer(void *user, const char *command, const json_t *request)
{
    const struct server *server = user;

    (void)request;
    if (!server->registry)
        return NULL;
    if (strcmp(command, "status") == 0)
        return answer_status(server);
    if (strcmp(command, "counters") == 0)
        return answer_counters(server);
    return NULL;
}
