/* SPDX-License-Identifier: ISC */
/* report: what the registry tells at its control socket. */
#include <autovpn/version.h>
#include <string.h>

#include <autovpn/nat.h>

#include "common/json.h"
#include "registry/server.h"

static json_t *organization_object(const struct server *server,
                                   const struct setup_organization *organization)
{
    struct avpn_organization_status status = {.size = sizeof status};

    if (avpn_registry_organization(server->registry, &organization->id, &status) != AVPN_OK)
        return json_pack("{s:o, s:b}", "id", json_key(&organization->id), "served", 0);
    return json_pack("{s:o, s:b, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "id",
                     json_key(&organization->id), "served", 1, "name", status.name, "bundle",
                     organization->bundle, "version", (json_int_t)status.version, "created",
                     (json_int_t)status.created, "expires", (json_int_t)status.expires, "members",
                     (json_int_t)status.member_count, "invites", (json_int_t)status.invite_count,
                     "claims", (json_int_t)status.claim_count, "bytes",
                     (json_int_t)status.document_bytes);
}

static json_t *organizations(const struct server *server)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < server->setup->organization_count; i++)
        json_array_append_new(list,
                              organization_object(server, &server->setup->organizations[i]));
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
    uint64_t counters[AVPN_REGISTRY_COUNTERS] = {0};

    if (avpn_registry_status(server->registry, &status) != AVPN_OK)
        return NULL;
    (void)avpn_registry_counters(server->registry, counters, AVPN_REGISTRY_COUNTERS);
    return json_pack("{s:s, s:o, s:o, s:o, s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
                     "version", avpn_version(), "key", json_key(&server->public_key), "listen",
                     listening(server), "running_s", json_seconds(loop_now(), server->started_at),
                     "store", server->setup->store, "organizations", organizations(server),
                     "members", (json_int_t)status.member_count, "connected",
                     (json_int_t)status.connected_count, "published",
                     (json_int_t)counters[AVPN_REGISTRY_COUNT_PUBLISHES], "refused",
                     (json_int_t)counters[AVPN_REGISTRY_COUNT_REFUSALS], "claims",
                     (json_int_t)counters[AVPN_REGISTRY_COUNT_CLAIMS], "memory_bytes",
                     (json_int_t)status.memory_bytes, "configuration_bytes",
                     (json_int_t)status.configuration_bytes);
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

/* ---- for those who follow ---------------------------------------------------------------- */

static json_t *answer_changes(const struct server *server, const json_t *request)
{
    const json_t *after = json_object_get(request, "after");
    json_t *answer;

    if (after && (!json_is_integer(after) || json_integer_value(after) < 0))
        return json_pack("{s:s}", "error", "after: should be the number of a change, or 0");
    answer = changes_after(&server->changes,
                           after ? (uint64_t)json_integer_value(after) : server->changes.last);
    json_object_set_new(answer, "run", json_integer((json_int_t)server->run));
    return answer;
}

static void add_registrations(json_t *list, const struct server *server,
                              const struct avpn_key *organization, uint32_t member)
{
    for (uint32_t uplink = 0; uplink < AVPN_UPLINKS; uplink++) {
        struct avpn_registration found = {.size = sizeof found};

        if (avpn_registry_registration(server->registry, organization, member, uplink, &found) ==
            AVPN_OK)
            json_array_append_new(
                list, json_pack("{s:I, s:I, s:b, s:s, s:o, s:o, s:o}", "member",
                                (json_int_t)member, "uplink", (json_int_t)uplink, "connected",
                                found.is_connected, "nat", avpn_nat_name(found.nat),
                                "contact", json_contact(&found.observed), "local",
                                json_contact(&found.local), "heard_s",
                                json_seconds(found.heard_at < 0 ? -1 : loop_now(),
                                             found.heard_at)));
    }
}

static json_t *answer_registrations(const struct server *server, const json_t *request)
{
    const char *text = json_string_value(json_object_get(request, "organization"));
    const json_t *members = json_object_get(request, "members");
    json_t *list, *member;
    struct avpn_key organization;
    size_t i;

    if (!text || avpn_key_parse(text, &organization) != AVPN_OK)
        return json_pack("{s:s}", "error", "organization: should be an organization's id");
    if (!json_is_array(members))
        return json_pack("{s:s}", "error", "members: should be a list of member ids");
    list = json_array();
    json_array_foreach(members, i, member)
    {
        json_int_t id = json_integer_value(member);

        if (id > 0 && id <= AVPN_MEMBER_LAST)
            add_registrations(list, server, &organization, (uint32_t)id);
    }
    return json_pack("{s:o}", "registrations", list);
}

json_t *server_answer(void *user, const char *command, const json_t *request)
{
    const struct server *server = user;

    if (!server->registry)
        return NULL;
    if (strcmp(command, "status") == 0)
        return answer_status(server);
    if (strcmp(command, "counters") == 0)
        return answer_counters(server);
    if (strcmp(command, "changes") == 0)
        return answer_changes(server, request);
    if (strcmp(command, "registrations") == 0)
        return answer_registrations(server, request);
    return NULL;
}
