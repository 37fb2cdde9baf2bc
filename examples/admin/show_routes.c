/* SPDX-License-Identifier: ISC */
/* show_routes: the table, then what is not in it, and why. */
#include <stdio.h>
#include <string.h>

#include "admin/show.h"

/* A hop is a name, or an object with a name and a state. */
static void print_hop(const json_t *hop)
{
    const char *name = json_is_string(hop) ? json_string_value(hop) : answer_text(hop, "name");

    printf(" %s", name);
    if (answer_has_text(hop, "state") && strcmp(answer_text(hop, "state"), "used") != 0)
        printf(" (%s)", answer_text(hop, "state"));
}

/* That the first choice is in use needs no reason. */
static int is_as_expected(const json_t *route)
{
    const char *first = json_string_value(json_array_get(json_object_get(route, "hops"), 0));

    return strcmp(answer_text(route, "state"), "local") == 0 ||
           (strcmp(answer_text(route, "state"), "active") == 0 && first &&
            strcmp(first, answer_text(route, "via")) == 0);
}

static void print_route(const json_t *route)
{
    const json_t *hop;
    char metric[24] = "-";
    size_t i;

    if (json_is_integer(json_object_get(route, "metric")))
        (void)snprintf(metric, sizeof metric, "%lld", (long long)answer_number(route, "metric"));
    printf("%-24s %-6s %-8s %-16s", answer_text(route, "prefix"), metric,
           answer_text(route, "state"), answer_text(route, "via"));
    json_array_foreach(json_object_get(route, "hops"), i, hop)
    {
        print_hop(hop);
    }
    putchar('\n');
    if (answer_has_text(route, "reason") && !is_as_expected(route))
        printf("    %s\n", answer_text(route, "reason"));
}

/* A list of prefixes with reasons; nothing where there are none, as from a gateway that does not tell. */
static void print_reasons(const json_t *list, const char *title)
{
    const json_t *item;
    size_t i;

    if (json_array_size(list) > 0)
        printf("\n%s\n", title);
    json_array_foreach(list, i, item)
    {
        printf("%-24s %-16s %s\n", answer_text(item, "prefix"),
               answer_has_text(item, "name") ? answer_text(item, "name") : "",
               answer_text(item, "reason"));
    }
}

void show_routes(const json_t *answer)
{
    const json_t *route;
    size_t i;

    printf("%-24s %-6s %-8s %-16s %s\n", "PREFIX", "METRIC", "STATE", "VIA",
           "IN ORDER OF PREFERENCE");
    json_array_foreach(json_object_get(answer, "routes"), i, route)
    {
        print_route(route);
    }
    print_reasons(json_object_get(answer, "unused"), "NOT USED, OR NOT AS CONFIGURED");
    print_reasons(json_object_get(answer, "learned_not_allowed"),
                  "LEARNED FROM THE WATCHED TABLE, NOT OFFERED");
}
