/* SPDX-License-Identifier: ISC */
#include "admin/fleet.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "admin/words.h"
#include "common/loop.h"
#include "common/version.h"

#define NO_NUMBER 255u
#define LAST_PATIENCE (10 * AVPN_SECOND)
#define PATIENCE (5 * AVPN_SECOND) /* while there is something else to try */

/* ---- who ---------------------------------------------------------------------------------- */

static int is_same(const struct avpn_registry_entry *a, const struct avpn_registry_entry *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0 &&
           memcmp(&a->key, &b->key, sizeof a->key) == 0;
}

void fleet_add(struct fleet *fleet, const struct avpn_registry_entry *entry, int is_leaving)
{
    struct fleet_registry *registry = &fleet->registries[fleet->count];

    for (uint32_t i = 0; i < fleet->count; i++)
        if (is_same(&fleet->registries[i].entry, entry))
            return;
    if (fleet->count == FLEET_REGISTRIES)
        return;
    registry->entry = *entry;
    registry->is_leaving = is_leaving != 0;
    registry->udp.fd = -1;
    (void)snprintf(registry->name, sizeof registry->name,
                   strchr(entry->host, ':') ? "[%s]:%u" : "%s:%u", entry->host, entry->port);
    fleet->count++;
}

static void take_addresses(struct fleet_registry *registry, const struct addrinfo *found)
{
    for (; found && registry->contact_count < FLEET_ADDRESSES; found = found->ai_next) {
        struct sockaddr_storage address = {0};
        struct avpn_contact *contact = &registry->contacts[registry->contact_count];

        if (found->ai_addrlen > sizeof address)
            continue;
        memcpy(&address, found->ai_addr, found->ai_addrlen);
        udp_address_to(&address, contact);
        contact->port = registry->entry.port;
        if (contact->family != AVPN_FAMILY_NONE)
            registry->contact_count++;
    }
}

static void resolve(struct fleet_registry *registry)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(registry->entry.host, NULL, &hints, &found);

    if (error == 0) {
        take_addresses(registry, found);
        freeaddrinfo(found);
    }
    if (registry->contact_count == 0)
        (void)snprintf(registry->problem, sizeof registry->problem, "its name has no address: %s",
                       error ? gai_strerror(error) : "none found");
}

int fleet_open(struct fleet *fleet)
{
    fleet->buffers = udp_buffers_new(UDP_BATCH);
    if (!fleet->buffers) {
        fprintf(stderr, "autovpn: out of memory\n");
        return -1;
    }
    for (uint32_t i = 0; i < fleet->count; i++)
        resolve(&fleet->registries[i]);
    return 0;
}

static void hang_up(struct fleet_registry *registry)
{
    avpn_publisher_del(registry->publisher);
    registry->publisher = NULL;
    udp_close(&registry->udp);
}

void fleet_close(struct fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->count; i++)
        hang_up(&fleet->registries[i]);
    udp_buffers_del(fleet->buffers);
    sodium_memzero(fleet, sizeof *fleet);
}

/* ---- one registry --------------------------------------------------------------------------- */

static void transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    struct fleet_registry *registry = user;

    udp_send(&registry->udp, batch, count);
}

/* Signed at each address, then unsigned at each; claims are listed to nobody unsigned. */
static uint32_t attempts(const struct fleet *fleet, const struct fleet_registry *registry)
{
    if (fleet->signer_number == NO_NUMBER)
        return fleet->bundle ? registry->contact_count : 0;
    return registry->contact_count * (fleet->bundle ? 2u : 1u);
}

static int call(const struct fleet *fleet, struct fleet_registry *registry, avpn_time now)
{
    struct avpn_host host = {.size = sizeof host, .user = registry, .transmit = transmit};
    struct avpn_publisher_options options = {.size = sizeof options,
                                             .signer_number = fleet->signer_number,
                                             .organization = fleet->organization,
                                             .registry = registry->entry.key,
                                             .signer = fleet->signer};
    struct udp_options socket = {0};
    int32_t error;

    options.contact = registry->contacts[registry->attempt % registry->contact_count];
    if (registry->attempt >= registry->contact_count)
        options.signer_number = NO_NUMBER;
    options.give_up_after =
        registry->attempt + 1 < attempts(fleet, registry) ? PATIENCE : LAST_PATIENCE;
    if (udp_open(&registry->udp, &socket) != 0) {
        (void)snprintf(registry->problem, sizeof registry->problem, "no socket: %s",
                       strerror(errno));
        return -1;
    }
    error = avpn_publisher_new(&options, &host, now, &registry->publisher);
    sodium_memzero(&options, sizeof options);
    if (error != AVPN_OK)
        (void)snprintf(registry->problem, sizeof registry->problem, "%s",
                       error == AVPN_ERROR_ARGUMENT ? "its key is none" : avpn_error_name(error));
    if (error != AVPN_OK)
        udp_close(&registry->udp);
    return error == AVPN_OK ? 0 : -1;
}

static void ask(const struct fleet *fleet, struct fleet_registry *registry, avpn_time now)
{
    int32_t error = fleet->bundle ? avpn_publisher_offer(registry->publisher, fleet->bundle,
                                                         fleet->bundle_bytes, now)
                                  : avpn_publisher_list_claims(registry->publisher, now);

    if (error != AVPN_OK) {
        (void)snprintf(registry->problem, sizeof registry->problem, "%s", avpn_error_name(error));
        registry->is_done = 1;
    }
}

/* Call and ask, from the attempt on that is next. */
static void begin(const struct fleet *fleet, struct fleet_registry *registry, avpn_time now)
{
    registry->is_done = 0;
    if (!registry->publisher &&
        (registry->attempt >= attempts(fleet, registry) || call(fleet, registry, now) != 0))
        registry->is_done = 1;
    else
        ask(fleet, registry, now);
}

static void look(const struct fleet *fleet, struct fleet_registry *registry, avpn_time now)
{
    struct avpn_publisher_status *status = &registry->status;

    status->size = sizeof *status;
    if (avpn_publisher_status(registry->publisher, status) != AVPN_OK)
        return;
    if (status->state == AVPN_PUBLISHER_SILENT &&
        registry->attempt + 1 < attempts(fleet, registry)) {
        hang_up(registry);
        registry->attempt++;
        begin(fleet, registry, now);
    } else {
        registry->is_done = status->state >= AVPN_PUBLISHER_DONE;
    }
}

/* ---- all of them ------------------------------------------------------------------------------ */

static avpn_time wait(struct fleet *fleet, struct pollfd *fds)
{
    avpn_time now = loop_now();
    avpn_time deadline = now + AVPN_SECOND;
    int milliseconds;

    for (uint32_t i = 0; i < fleet->count; i++) {
        struct fleet_registry *registry = &fleet->registries[i];
        avpn_time next = avpn_publisher_deadline(registry->publisher);

        fds[i] = (struct pollfd){registry->is_done ? -1 : registry->udp.fd, POLLIN, 0};
        if (!registry->is_done && next < deadline)
            deadline = next;
    }
    milliseconds =
        deadline > now ? (int)((deadline - now + AVPN_MILLISECOND - 1) / AVPN_MILLISECOND) : 0;
    (void)poll(fds, fleet->count, milliseconds);
    return loop_now();
}

static void serve(struct fleet *fleet, struct fleet_registry *registry, int is_readable,
                  avpn_time now)
{
    struct avpn_datagrams batch[UDP_BATCH];

    if (is_readable) {
        size_t count = udp_receive(&registry->udp, fleet->buffers, batch);

        (void)avpn_publisher_receive(registry->publisher, batch, count, now);
    }
    avpn_publisher_tick(registry->publisher, now);
    look(fleet, registry, now);
}

static void tell(const struct fleet *fleet, uint32_t registry)
{
    if (fleet->changed)
        fleet->changed(fleet->user, fleet, registry);
}

static void run(struct fleet *fleet)
{
    struct pollfd fds[FLEET_REGISTRIES];
    uint32_t left = 0;

    for (uint32_t i = 0; i < fleet->count; i++) {
        begin(fleet, &fleet->registries[i], loop_now());
        left += !fleet->registries[i].is_done;
        tell(fleet, i);
    }
    while (left > 0) {
        avpn_time now = wait(fleet, fds);

        for (uint32_t i = 0; i < fleet->count; i++) {
            struct fleet_registry *registry = &fleet->registries[i];
            struct avpn_publisher_status before = registry->status;

            if (registry->is_done)
                continue;
            serve(fleet, registry, (fds[i].revents & (POLLIN | POLLERR)) != 0, now);
            left -= registry->is_done;
            if (registry->is_done || memcmp(&before, &registry->status, sizeof before) != 0)
                tell(fleet, i);
        }
    }
}

void fleet_list(struct fleet *fleet)
{
    fleet->bundle = NULL;
    run(fleet);
}

void fleet_offer(struct fleet *fleet, const uint8_t *bundle, size_t count)
{
    fleet->bundle = bundle;
    fleet->bundle_bytes = count;
    for (uint32_t i = 0; i < fleet->count; i++) {
        struct fleet_registry *registry = &fleet->registries[i];

        /* who did not answer what was signed is asked unsigned */
        if (registry->publisher && registry->status.state == AVPN_PUBLISHER_SILENT) {
            hang_up(registry);
            registry->attempt = registry->contact_count;
        }
    }
    run(fleet);
}

/* ---- words ------------------------------------------------------------------------------------ */

int fleet_has_taken(const struct fleet_registry *registry)
{
    return registry->publisher && registry->status.state == AVPN_PUBLISHER_DONE &&
           registry->status.reason == AVPN_PUBLISH_IN_FORCE;
}

static void words_of_silence(const struct fleet_registry *registry, char *text_out, size_t capacity)
{
    char contact[AVPN_CONTACT_TEXT] = "";

    (void)avpn_contact_format(&registry->contacts[registry->attempt % registry->contact_count],
                              contact, sizeof contact);
    (void)snprintf(text_out, capacity,
                   "no answer from %s: it is down, UDP to it is blocked, its key in the file is "
                   "wrong, or it was not told to serve this organization",
                   contact);
}

static void words_of_refusal(const struct fleet_registry *registry, char *text_out, size_t capacity)
{
    const struct avpn_publisher_status *status = &registry->status;
    char version[VERSION_TEXT];

    if (status->reason == AVPN_PUBLISH_OLDER)
        (void)snprintf(text_out, capacity, "refused: it serves version %s",
                       version_text(status->served_version, version));
    else
        (void)snprintf(text_out, capacity, "refused: %s", avpn_publish_result_text(status->reason));
}

void fleet_words(const struct fleet_registry *registry, char *text_out, size_t capacity)
{
    const struct avpn_publisher_status *status = &registry->status;

    if (!registry->publisher) {
        (void)snprintf(text_out, capacity, "%s",
                       registry->problem[0] ? registry->problem : "not asked");
        return;
    }
    switch ((enum avpn_publisher_state)status->state) {
    case AVPN_PUBLISHER_CONNECTING:
    case AVPN_PUBLISHER_IDLE:
        (void)snprintf(text_out, capacity, "connecting");
        break;
    case AVPN_PUBLISHER_SENDING:
        (void)snprintf(text_out, capacity, "sending, %u of %u bytes", status->sent_bytes,
                       status->total_bytes);
        break;
    case AVPN_PUBLISHER_LISTING:
        (void)snprintf(text_out, capacity, "listing claims");
        break;
    case AVPN_PUBLISHER_DONE:
        (void)snprintf(text_out, capacity, "took it");
        break;
    case AVPN_PUBLISHER_REFUSED:
        words_of_refusal(registry, text_out, capacity);
        break;
    case AVPN_PUBLISHER_SILENT:
        words_of_silence(registry, text_out, capacity);
        break;
    }
}
