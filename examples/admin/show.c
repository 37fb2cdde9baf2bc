/* SPDX-License-Identifier: ISC */
/* show: asks a running gateway and prints its answer, for a person or as JSON. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin/command.h"
#include "admin/show.h"

static const char help[] =
    "Usage: autovpn %s [--socket PATH] [--json]\n"
    "\n"
    "%s\n"
    "\n"
    "      --socket PATH  the gateway's control socket (default " ANSWER_SOCKET ")\n"
    "      --json         the gateway's answer as it is\n"
    "      --help         print this text\n";

static void print_registry(const json_t *registry)
{
    char version[VERSION_TEXT];

    printf("  registry %-24s %-12s %-21s sees us as %-21s rtt %.1f ms", answer_text(registry, "host"),
           answer_text(registry, "state"), answer_text(registry, "contact"),
           answer_text(registry, "observed"), (double)answer_number(registry, "rtt_us") / 1000.0);
    if (answer_number(registry, "config_version"))
        printf("  serves %s", answer_version(registry, "config_version", version));
    putchar('\n');
    if (answer_text(registry, "fault_text")[0] != '-')
        printf("    FAULT: it %s\n", answer_text(registry, "fault_text"));
}

static void print_uplink(const json_t *uplink)
{
    const json_t *evidence = json_object_get(uplink, "evidence");
    const char *first = json_string_value(json_array_get(evidence, 0));
    const char *second = json_string_value(json_array_get(evidence, 1));
    const json_t *registry;
    size_t i;

    printf("\nuplink %lld  %s  %s  local %s  NAT %s", (long long)answer_number(uplink, "uplink"),
           answer_text(uplink, "interface"), answer_flag(uplink, "up") ? "up" : "down",
           answer_text(uplink, "local"), answer_text(uplink, "nat"));
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

    if (answer_number(configuration, "offered") > answer_number(configuration, "version"))
        printf("configuration %s is offered\n", answer_version(configuration, "offered", version));
    if (json_is_object(sync))
        printf("receiving it: %lld of %lld bytes\n", (long long)answer_number(sync, "received"),
               (long long)answer_number(sync, "total"));
    if (answer_number(configuration, "undone"))
        printf("configuration %s cut this site off and was UNDONE\n",
               answer_version(configuration, "undone", version));
}

static void print_membership(const json_t *answer)
{
    const json_t *configuration = json_object_get(answer, "configuration");
    const json_t *join = json_object_get(answer, "join");
    char version[VERSION_TEXT];

    if (json_is_object(join))
        printf("not a member yet: the place of member %lld %s\n",
               (long long)answer_number(join, "member"), answer_text(join, "text"));
    else if (answer_number(answer, "config_version") == 0)
        printf("no configuration yet\n");
    if (answer_number(answer, "config_version")) {
        printf("%s (%s, member %lld) of %s%s\nconfiguration %s", answer_text(answer, "name"),
               answer_text(answer, "role"), (long long)answer_number(answer, "member"),
               answer_text(answer, "organization"), answer_flag(answer, "revoked") ? ", REVOKED" : "",
               answer_version(answer, "config_version", version));
        print_day(" of ", answer_number(configuration, "created"));
        print_day(answer_flag(answer, "expired") ? ", EXPIRED " : ", expires ",
                  answer_number(configuration, "expires"));
        putchar('\n');
    }
    print_offers(configuration);
}

/* "a, b" of a list's words, or "none". */
static void print_words(const json_t *list)
{
    const json_t *word;
    size_t i;

    json_array_foreach(list, i, word)
        printf("%s%s", i ? ", " : "", json_string_value(word));
    if (json_array_size(list) == 0)
        printf("none");
}

static void print_providers(const json_t *providers)
{
    const char *suite;
    json_t *name;
    int is_first = 1;

    printf("encryption");
    json_object_foreach((json_t *)(uintptr_t)providers, suite, name) {
        if (json_is_string(name))
            printf("%s %s by %s", is_first ? "" : ",", suite, json_string_value(name));
        is_first = is_first && !json_is_string(name);
    }
    putchar('\n');
}

/* Who carries the packets, with which offloads; losses only where there are any. */
static void print_carrying(const json_t *carrying)
{
    static const struct {
        const char *field, *text;
    } losses[] = {
        {"malformed", "read from the interface with headers that lie"},
        {"unwritten", "that the interface did not take"},
        {"punts_lost", "that the engine's thread had no room for"},
    };

    print_providers(json_object_get(carrying, "providers"));
    printf("packets are carried by ");
    if (answer_number(carrying, "workers") > 0)
        printf("%lld workers", (long long)answer_number(carrying, "workers"));
    else
        printf("one thread");
    printf("; offloads of the interface: ");
    print_words(json_object_get(carrying, "interface_offloads"));
    printf("; of the sockets: ");
    print_words(json_object_get(carrying, "socket_offloads"));
    printf("\n%lld large packets were cut into %lld, and %lld joined to large ones\n",
           (long long)answer_number(carrying, "large_read"),
           (long long)answer_number(carrying, "pieces_cut"),
           (long long)answer_number(carrying, "packets_joined"));
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++)
        if (answer_number(carrying, losses[i].field) > 0)
            printf("LOST: %lld packets %s\n", (long long)answer_number(carrying, losses[i].field),
                   losses[i].text);
}

static void print_status(const json_t *answer)
{
    const json_t *uplink;
    size_t i;

    print_membership(answer);
    printf("tunnels %lld up of %lld peers, %lld routes, interface %s, running %.0f s",
           (long long)answer_number(answer, "tunnels_up"), (long long)answer_number(answer, "peers"),
           (long long)answer_number(answer, "routes"), answer_text(answer, "interface"),
           answer_real(answer, "running_s"));
    if (json_is_real(json_object_get(answer, "first_tunnel_after_s")))
        printf(", first tunnel after %.3f s", answer_real(answer, "first_tunnel_after_s"));
    putchar('\n');
    print_carrying(json_object_get(answer, "carrying"));
    json_array_foreach(json_object_get(answer, "uplinks"), i, uplink)
        print_uplink(uplink);
}

/* The contact traffic goes to. */
static const char *selected_contact(const json_t *peer)
{
    const json_t *path;
    size_t i;

    json_array_foreach(json_object_get(peer, "paths"), i, path)
        if (answer_flag(path, "selected"))
            return answer_text(path, "contact");
    return "-";
}

static void print_peers(const json_t *answer)
{
    const json_t *peer;
    size_t i;

    printf("%-16s %-6s %-11s %-9s %-22s %-20s %-9s %-5s %12s %12s\n", "PEER", "ROLE", "TUNNEL",
           "UP AFTER", "CONTACT", "NAT", "RTT", "MTU", "SENT", "RECEIVED");
    json_array_foreach(json_object_get(answer, "peers"), i, peer) {
        char after[16] = "-";
        char rtt[16] = "-";
        char mtu[16] = "-";

        if (json_is_real(json_object_get(peer, "up_after_s")))
            (void)snprintf(after, sizeof after, "%.3f s", answer_real(peer, "up_after_s"));
        if (answer_number(peer, "rtt_us") > 0)
            (void)snprintf(rtt, sizeof rtt, "%.1f ms", (double)answer_number(peer, "rtt_us") / 1000.0);
        if (answer_number(peer, "mtu_bytes") > 0)
            (void)snprintf(mtu, sizeof mtu, "%lld", (long long)answer_number(peer, "mtu_bytes"));
        printf("%-16s %-6s %-11s %-9s %-22s %-20s %-9s %-5s %12lld %12lld\n", answer_text(peer, "name"),
               answer_text(peer, "role"), answer_text(peer, "tunnel"), after, selected_contact(peer),
               answer_text(peer, "nat"), rtt, mtu, (long long)answer_number(peer, "sent_bytes"),
               (long long)answer_number(peer, "received_bytes"));
    }
}

static const struct shown {
    const char *command;
    const char *about;
    void (*print)(const json_t *answer);
} commands[] = {
    {"status", "This node, its uplinks, their NAT and its registries.", print_status},
    {"peers", "The nodes this one has, or should have, a tunnel with.", print_peers},
    {"routes", "Which subnet is reached through which peer, and what is not used, and why.",
     show_routes},
    {"rules", "The rules of the firewall, and how many packets each of them decided.", show_rules},
};

static int show(const struct shown *shown, const char *socket, int is_json)
{
    json_t *answer = answer_ask(socket, json_pack("{s:s}", "command", shown->command));

    if (!answer)
        return 1;
    if (is_json)
        answer_print_json(answer);
    else
        shown->print(answer);
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
    const char *socket = ANSWER_SOCKET;
    int is_json = 0;
    int option;

    while (strcmp(shown->command, words[0]) != 0)
        shown++; /* main knows the same words */
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
