/* SPDX-License-Identifier: ISC */
/* show: asks a running gateway and prints its answer, for a person or as JSON. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin/command.h"
#include "common/control.h"
#include "common/version.h"

#define DEFAULT_SOCKET "/run/autovpn/gateway.sock"
#define ANSWER_MS 5000

static const char help[] =
    "Usage: autovpn %s [--socket PATH] [--json]\n"
    "\n"
    "%s\n"
    "\n"
    "      --socket PATH  the gateway's control socket (default " DEFAULT_SOCKET ")\n"
    "      --json         the gateway's answer as it is\n"
    "      --help         print this text\n";

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text && text[0] ? text : "-";
}

static json_int_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static double real_of(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static int flag_of(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

static const char *version_of(const json_t *object, const char *name, char text_out[VERSION_TEXT])
{
    return version_text((uint64_t)number_of(object, name), text_out);
}

static void print_registry(const json_t *registry)
{
    char version[VERSION_TEXT];

    printf("  registry %-24s %-12s %-21s sees us as %-21s rtt %.1f ms", text_of(registry, "host"),
           text_of(registry, "state"), text_of(registry, "contact"),
           text_of(registry, "observed"), (double)number_of(registry, "rtt_us") / 1000.0);
    if (number_of(registry, "config_version"))
        printf("  serves %s", version_of(registry, "config_version", version));
    putchar('\n');
    if (text_of(registry, "fault_text")[0] != '-')
        printf("    FAULT: it %s\n", text_of(registry, "fault_text"));
}

static void print_uplink(const json_t *uplink)
{
    const json_t *evidence = json_object_get(uplink, "evidence");
    const char *first = json_string_value(json_array_get(evidence, 0));
    const char *second = json_string_value(json_array_get(evidence, 1));
    const json_t *registry;
    size_t i;

    printf("\nuplink %lld  %s  %s  local %s  NAT %s", (long long)number_of(uplink, "uplink"),
           text_of(uplink, "interface"), flag_of(uplink, "up") ? "up" : "down",
           text_of(uplink, "local"), text_of(uplink, "nat"));
    if (first && second)
        printf(" (seen as %s%s%s)", first, strcmp(first, second) ? " and " : "",
               strcmp(first, second) ? second : "");
    putchar('\n');
    json_array_foreach(json_object_get(uplink, "registries"), i, registry)
        print_registry(registry);
}

static void print_day(const char *what, json_int_t seconds)
{
    time_t moment = (time_t)seconds;
    char text[32] = "";
    struct tm parts;

    if (seconds > 0 && gmtime_r(&moment, &parts) &&
        strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts) > 0)
        printf("%s%s", what, text);
}

/* What else there is beside the configuration in force. */
static void print_offers(const json_t *configuration)
{
    const json_t *sync = json_object_get(configuration, "sync");
    char version[VERSION_TEXT];

    if (number_of(configuration, "offered") > number_of(configuration, "version"))
        printf("configuration %s is offered\n", version_of(configuration, "offered", version));
    if (json_is_object(sync))
        printf("receiving it: %lld of %lld bytes\n", (long long)number_of(sync, "received"),
               (long long)number_of(sync, "total"));
    if (number_of(configuration, "undone"))
        printf("configuration %s cut this site off and was UNDONE\n",
               version_of(configuration, "undone", version));
}

static void print_membership(const json_t *answer)
{
    const json_t *configuration = json_object_get(answer, "configuration");
    const json_t *join = json_object_get(answer, "join");
    char version[VERSION_TEXT];

    if (json_is_object(join))
        printf("not a member yet: the place of member %lld %s\n",
               (long long)number_of(join, "member"), text_of(join, "text"));
    else if (number_of(answer, "config_version") == 0)
        printf("no configuration yet\n");
    if (number_of(answer, "config_version")) {
        printf("%s (%s, member %lld) of %s%s\nconfiguration %s", text_of(answer, "name"),
               text_of(answer, "role"), (long long)number_of(answer, "member"),
               text_of(answer, "organization"), flag_of(answer, "revoked") ? ", REVOKED" : "",
               version_of(answer, "config_version", version));
        print_day(" of ", number_of(configuration, "created"));
        print_day(flag_of(answer, "expired") ? ", EXPIRED " : ", expires ",
                  number_of(configuration, "expires"));
        putchar('\n');
    }
    print_offers(configuration);
}

static void print_status(const json_t *answer)
{
    const json_t *uplink;
    size_t i;

    print_membership(answer);
    printf("tunnels %lld up of %lld peers, %lld routes, interface %s, running %.0f s",
           (long long)number_of(answer, "tunnels_up"), (long long)number_of(answer, "peers"),
           (long long)number_of(answer, "routes"), text_of(answer, "interface"),
           real_of(answer, "running_s"));
    if (json_is_real(json_object_get(answer, "first_tunnel_after_s")))
        printf(", first tunnel after %.3f s", real_of(answer, "first_tunnel_after_s"));
    putchar('\n');
    json_array_foreach(json_object_get(answer, "uplinks"), i, uplink)
        print_uplink(uplink);
}

/* The contact traffic goes to. */
static const char *selected_contact(const json_t *peer)
{
    const json_t *path;
    size_t i;

    json_array_foreach(json_object_get(peer, "paths"), i, path)
        if (flag_of(path, "selected"))
            return text_of(path, "contact");
    return "-";
}

static void print_peers(const json_t *answer)
{
    const json_t *peer;
    size_t i;

    printf("%-16s %-6s %-11s %-9s %-22s %-20s %-9s %12s %12s\n", "PEER", "ROLE", "TUNNEL",
           "UP AFTER", "CONTACT", "NAT", "RTT", "SENT", "RECEIVED");
    json_array_foreach(json_object_get(answer, "peers"), i, peer) {
        char after[16] = "-";
        char rtt[16] = "-";

        if (json_is_real(json_object_get(peer, "up_after_s")))
            (void)snprintf(after, sizeof after, "%.3f s", real_of(peer, "up_after_s"));
        if (number_of(peer, "rtt_us") > 0)
            (void)snprintf(rtt, sizeof rtt, "%.1f ms", (double)number_of(peer, "rtt_us") / 1000.0);
        printf("%-16s %-6s %-11s %-9s %-22s %-20s %-9s %12lld %12lld\n", text_of(peer, "name"),
               text_of(peer, "role"), text_of(peer, "tunnel"), after, selected_contact(peer),
               text_of(peer, "nat"), rtt, (long long)number_of(peer, "sent_bytes"),
               (long long)number_of(peer, "received_bytes"));
    }
}

static void print_routes(const json_t *answer)
{
    const json_t *route;
    const json_t *hop;
    size_t i;
    size_t k;

    printf("%-24s %-8s %-16s %s\n", "PREFIX", "STATE", "VIA", "IN ORDER OF PREFERENCE");
    json_array_foreach(json_object_get(answer, "routes"), i, route) {
        printf("%-24s %-8s %-16s", text_of(route, "prefix"), text_of(route, "state"),
               text_of(route, "via"));
        json_array_foreach(json_object_get(route, "hops"), k, hop)
            printf(" %s", json_string_value(hop));
        putchar('\n');
    }
}

static const struct shown {
    const char *command;
    const char *about;
    void (*print)(const json_t *answer);
} commands[] = {
    {"status", "This node, its uplinks, their NAT and its registries.", print_status},
    {"peers", "The nodes this one has, or should have, a tunnel with.", print_peers},
    {"routes", "Which subnet is reached through which peer.", print_routes},
};

static int show(const struct shown *shown, const char *socket, int is_json)
{
    char problem[300];
    json_t *answer = control_ask(socket, shown->command, ANSWER_MS, problem, sizeof problem);

    if (!answer) {
        fprintf(stderr, "autovpn: %s\n", problem);
        return 1;
    }
    if (is_json) {
        (void)json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
        putchar('\n');
    } else {
        shown->print(answer);
    }
    json_decref(answer);
    return 0;
}

int command_show(int count, char **words)
{
    static const struct option options[] = {{"socket", required_argument, NULL, 's'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    const struct shown *shown = commands;
    const char *socket = DEFAULT_SOCKET;
    int is_json = 0;
    int option;

    while (strcmp(shown->command, words[0]) != 0)
        shown++; /* main knows the same three words */
    while ((option = getopt_long(count, words, "h", options, NULL)) != -1) {
        if (option == 's') {
            socket = optarg;
        } else if (option == 'j') {
            is_json = 1;
        } else {
            fprintf(option == 'h' ? stdout : stderr, help, shown->command, shown->about);
            return option == 'h' ? 0 : 2;
        }
    }
    if (optind != count) {
        fprintf(stderr, "autovpn %s: %s: unexpected; try --help\n", shown->command,
                words[optind]);
        return 2;
    }
    return show(shown, socket, is_json);
}
