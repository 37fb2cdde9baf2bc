/* SPDX-License-Identifier: ISC */
/*
 * Leftovers: what carries the own protocol number in the own tables and among the own rules is sent
 * back to the kernel as it was told, as a request to remove it.
 */
#include "gateway/kernel.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

/* Messages end to end: nothing can be removed while a dump goes on. */
struct pile {
    const struct kernel *kernel;
    uint8_t *bytes;
    size_t used, room;
};

static void pile_add(struct pile *pile, const struct nlmsghdr *message)
{
    size_t bytes = NLMSG_ALIGN(message->nlmsg_len);

    if (message->nlmsg_len > NETLINK_REQUEST_BYTES)
        return;
    if (pile->room - pile->used < bytes) {
        size_t room = 2 * pile->room + NETLINK_REQUEST_BYTES;
        uint8_t *larger = realloc(pile->bytes, room);

        if (!larger)
            return;
        pile->bytes = larger;
        pile->room = room;
    }
    memcpy(pile->bytes + pile->used, message, message->nlmsg_len);
    pile->used += bytes;
}

/* One attribute that is looked for. */
struct wanted {
    uint16_t type;
    uint32_t value; /* 0 where it is not there */
};

static int note_attribute(const struct nlattr *attribute, void *data)
{
    struct wanted *wanted = data;
    uint32_t bytes = mnl_attr_get_payload_len(attribute);

    if (mnl_attr_get_type(attribute) == wanted->type)
        wanted->value = bytes == 1   ? mnl_attr_get_u8(attribute)
                        : bytes == 4 ? mnl_attr_get_u32(attribute)
                                     : 0;
    return MNL_CB_OK;
}

/* A number among the attributes behind a header of `head` bytes. */
static uint32_t number_in(const struct nlmsghdr *message, size_t head, uint16_t type)
{
    struct wanted wanted = {type, 0};

    (void)mnl_attr_parse(message, (unsigned)head, note_attribute, &wanted);
    return wanted.value;
}

static void note_route(void *user, const struct nlmsghdr *answer)
{
    const struct rtmsg *head = mnl_nlmsg_get_payload(answer);
    struct pile *pile = user;
    const struct kernel *kernel = pile->kernel;
    uint32_t table = number_in(answer, sizeof *head, RTA_TABLE);

    if (answer->nlmsg_type == RTM_NEWROUTE && head->rtm_protocol == kernel->protocol &&
        (table == kernel->table || table == kernel->guard))
        pile_add(pile, answer);
}

/* Another gateway of this machine has other priorities and another mark. */
static void note_rule(void *user, const struct nlmsghdr *answer)
{
    size_t head = sizeof(struct fib_rule_hdr);
    struct pile *pile = user;
    const struct kernel *kernel = pile->kernel;
    uint32_t place = number_in(answer, head, FRA_PRIORITY) - kernel->priority;

    if (answer->nlmsg_type == RTM_NEWRULE &&
        number_in(answer, head, FRA_PROTOCOL) == kernel->protocol &&
        (place < KERNEL_RULES || number_in(answer, head, FRA_FWMARK) == kernel->mark))
        pile_add(pile, answer);
}

static void dump_routes(struct kernel *kernel, uint8_t family, uint32_t table, struct pile *pile)
{
    uint8_t buffer[NETLINK_REQUEST_BYTES];
    struct nlmsghdr *request = netlink_begin(buffer, RTM_GETROUTE, 0);
    struct rtmsg *head = mnl_nlmsg_put_extra_header(request, sizeof *head);

    head->rtm_family = family;
    head->rtm_protocol = kernel->protocol;
    mnl_attr_put_u32(request, RTA_TABLE, table);
    (void)netlink_dump(&kernel->netlink, request, note_route, pile);
}

static void dump_rules(struct kernel *kernel, uint8_t family, struct pile *pile)
{
    uint8_t buffer[NETLINK_REQUEST_BYTES];
    struct nlmsghdr *request = netlink_begin(buffer, RTM_GETRULE, 0);
    struct fib_rule_hdr *head = mnl_nlmsg_put_extra_header(request, sizeof *head);

    head->family = family;
    (void)netlink_dump(&kernel->netlink, request, note_rule, pile);
}

/* NEW becomes DEL, the rest is what the kernel said. */
static void remove_all(struct kernel *kernel, const struct pile *pile)
{
    struct netlink_batch *batch = malloc(sizeof *batch);
    size_t step;

    if (!batch)
        return;
    netlink_batch_begin(batch, &kernel->netlink);
    for (size_t at = 0; at < pile->used; at += step) {
        const struct nlmsghdr *old = (const struct nlmsghdr *)(const void *)(pile->bytes + at);
        uint16_t type = old->nlmsg_type == RTM_NEWRULE ? RTM_DELRULE : RTM_DELROUTE;
        struct nlmsghdr *request = netlink_batch_put(batch, type, 0, NULL);

        memcpy(mnl_nlmsg_get_payload(request), mnl_nlmsg_get_payload(old),
               mnl_nlmsg_get_payload_len(old));
        request->nlmsg_len = old->nlmsg_len;
        step = NLMSG_ALIGN(old->nlmsg_len);
    }
    netlink_batch_flush(batch);
    free(batch);
}

void kernel_clean(struct kernel *kernel)
{
    static const uint8_t families[] = {AF_INET, AF_INET6};
    struct pile pile = {.kernel = kernel};

    for (uint32_t i = 0; i < 2; i++) {
        dump_rules(kernel, families[i], &pile);
        dump_routes(kernel, families[i], kernel->table, &pile);
        dump_routes(kernel, families[i], kernel->guard, &pile);
    }
    remove_all(kernel, &pile);
    free(pile.bytes);
}
