/* SPDX-License-Identifier: ISC */
#include "gateway/learn.h"

#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "gateway/subnets.h"

#define LOOK_SOON (200 * AVPN_MILLISECOND)
#define LOOK_APART AVPN_SECOND /* a large table takes its time to read */

const char *learn_daemon(uint8_t protocol)
{
    static const struct {
        uint8_t protocol;
        const char *name;
    } daemons[] = {{11, "zebra"}, {12, "bird"},  {14, "xorp"}, {42, "babel"},  {99, "openr"},
                   {186, "bgp"},  {187, "isis"}, {188, "ospf"}, {189, "rip"}, {192, "eigrp"}};

    for (size_t i = 0; i < sizeof daemons / sizeof daemons[0]; i++)
        if (daemons[i].protocol == protocol)
            return daemons[i].name;
    return NULL;
}

static int stands_for(const struct avpn_member *self, const struct avpn_prefix *export,
                      const struct avpn_prefix *prefix)
{
    if (subnets_contain(export, prefix))
        return 1;
    for (uint32_t i = 0; i < self->translation_count; i++) {
        const struct avpn_translation *one = &self->translations[i];

        if (subnets_contain(export, &one->exported) &&
            (subnets_contain(&one->local, prefix) || subnets_contain(prefix, &one->local)))
            return 1;
    }
    return 0;
}

void learn_take(void *user, const struct avpn_prefix *prefix, uint8_t protocol)
{
    struct learn *learn = user;
    int is_covered = 0;

    for (uint32_t i = 0; i < learn->self.export_count; i++)
        if (stands_for(&learn->self, &learn->self.exports[i], prefix))
            is_covered = learn->is_seen[i] = 1;
    if (is_covered || !learn_daemon(protocol))
        return;
    /* the same with several metrics comes in a row */
    if (learn->stranger_count > 0 && learn->stranger_count <= LEARN_STRANGERS &&
        subnets_compare(&learn->strangers[learn->stranger_count - 1].prefix, prefix) == 0)
        return;
    if (learn->stranger_count < LEARN_STRANGERS)
        learn->strangers[learn->stranger_count] = (struct learn_stranger){*prefix, protocol};
    learn->stranger_count++;
}

void learn_changed(struct learn *learn, avpn_time now)
{
    avpn_time soon = now + LOOK_SOON;

    if (soon < learn->looked_at + LOOK_APART)
        soon = learn->looked_at + LOOK_APART;
    if (learn->table && soon < learn->look_at)
        learn->look_at = soon;
}

static int read_self(const struct avpn_node *node, struct avpn_member *self_out)
{
    const struct avpn_config *config = avpn_node_config(node);
    struct avpn_node_status status = {.size = sizeof status};

    memset(self_out, 0, sizeof *self_out);
    self_out->size = sizeof *self_out;
    return config && avpn_node_status(node, &status) == AVPN_OK &&
           avpn_config_member(config, status.member, self_out) == AVPN_OK;
}

/* Whether an export was offered so far; the engine offers one that nothing was said about. */
static int was_offered(const struct learn *old, const struct avpn_prefix *export)
{
    for (uint32_t i = 0; i < old->self.export_count; i++)
        if (subnets_compare(&old->self.exports[i], export) == 0)
            return old->is_seen[i];
    return 1;
}

static void say(const struct learn *learn, const struct avpn_prefix *export, int is_offered)
{
    char text[AVPN_PREFIX_TEXT] = "";

    (void)avpn_prefix_format(export, text, sizeof text);
    if (is_offered)
        log_line(AVPN_LOG_INFO, "table %u has a route to %s: it is offered", learn->table, text);
    else
        log_line(AVPN_LOG_WARNING, "table %u has no route to %s: it is not offered", learn->table,
                 text);
}

/* After a new configuration everything is said again: what the engine kept of the old is its own affair. */
static void tell(const struct learn *old, const struct learn *new, struct avpn_node *node, int is_new,
                 avpn_time now)
{
    for (uint32_t i = 0; i < new->self.export_count; i++) {
        const struct avpn_prefix *export = &new->self.exports[i];
        int has_changed = was_offered(old, export) != new->is_seen[i];

        if (has_changed)
            say(new, export, new->is_seen[i]);
        if (has_changed || is_new)
            (void)avpn_node_set_offer(node, export, new->is_seen[i], now);
    }
}

void learn_look(struct learn *learn, struct avpn_node *node, struct kernel *kernel, int is_new,
                avpn_time now)
{
    struct learn new = {.table = learn->table, .look_at = AVPN_TIME_NEVER, .looked_at = now};

    if (!learn->table || (now < learn->look_at && !is_new))
        return;
    learn->look_at = AVPN_TIME_NEVER;
    if (!read_self(node, &new.self))
        return;
    if (kernel_each_route(kernel, learn->table, learn_take, &new) != 0) {
        log_line(AVPN_LOG_WARNING, "table %u cannot be read: %s; what is offered stays", learn->table,
                 strerror(errno));
        learn->look_at = now + LOOK_APART;
        return;
    }
    tell(learn, &new, node, is_new, now);
    *learn = new;
}
