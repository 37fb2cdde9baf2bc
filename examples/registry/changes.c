/* SPDX-License-Identifier: ISC */
#include "registry/changes.h"

#include "common/json.h"

void changes_note(struct changes *changes, const struct avpn_registry *registry,
                  const struct avpn_key *organization, const struct avpn_event *event,
                  int64_t at_ms)
{
    struct avpn_organization_status status = {.size = sizeof status};
    struct change *change;

    /* An event that the engine lost has a number all the same: so its loss shows like any other. */
    changes->last += event->lost + 1u;
    change = &changes->kept[changes->last % CHANGES_KEPT];
    *change = (struct change){.number = changes->last,
                             .at_ms = at_ms,
                             .organization = *organization,
                             .event = *event};
    if (event->kind == AVPN_EVENT_PUBLISHED &&
        avpn_registry_organization(registry, organization, &status) == AVPN_OK)
        change->version = status.version;
}

static void add_details(json_t *object, const struct change *change)
{
    const struct avpn_event *event = &change->event;

    if (event->kind == AVPN_EVENT_PUBLISHED) {
        json_object_set_new(object, "version", json_integer((json_int_t)change->version));
        return;
    }
    json_object_set_new(object, "member", json_integer(event->peer));
    if (event->kind != AVPN_EVENT_MEMBER)
        return;
    json_object_set_new(object, "uplink", json_integer(event->uplink));
    json_object_set_new(object, "connected", json_boolean(event->state));
    json_object_set_new(object, "contact", json_contact(&event->contact));
}

static json_t *change_object(const struct change *change)
{
    json_t *object = json_pack("{s:I, s:f, s:s, s:o}", "number", (json_int_t)change->number, "time",
                               (double)change->at_ms / 1000.0, "event",
                               avpn_event_name(change->event.kind), "organization",
                               json_key(&change->organization));

    if (object)
        add_details(object, change);
    return object;
}

json_t *changes_after(const struct changes *changes, uint64_t after)
{
    uint64_t kept_from = changes->last > CHANGES_KEPT ? changes->last - CHANGES_KEPT : 0;
    uint64_t number = after > kept_from ? after : kept_from;
    uint64_t missed = number - after;
    json_t *list = json_array();

    while (number < changes->last && json_array_size(list) < CHANGES_ANSWER) {
        const struct change *change = &changes->kept[++number % CHANGES_KEPT];

        if (change->number == number)
            json_array_append_new(list, change_object(change));
        else
            missed++;
    }
    return json_pack("{s:I, s:I, s:o}", "last", (json_int_t)(number > after ? number : after),
                     "missed", (json_int_t)missed, "changes", list);
}
