/* SPDX-License-Identifier: ISC */
/* explain: what the gateway on this machine does with a packet, and why. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <autovpn/types.h>

#include "admin/arguments.h"
#include "admin/command.h"
#include "admin/rules.h"
#include "admin/show.h"

static const char help[] =
    "Usage: autovpn explain SRC DST [PROTOCOL [PORT]] [OPTION...]\n"
    "\n"
    "Tells what the gateway on this machine does with a packet from the address SRC to\n"
    "DST, and why: the rule of the firewall, the translation, the route with its\n"
    "alternatives, the path, suite and MTU. Nothing is sent. SRC is an address of a host\n"
    "of this site as the host itself has it, or of another one, for what comes from there.\n"
    "PROTOCOL is tcp, udp, icmp ... or a number, PORT the destination's; rules that name\n"
    "what is not given here do not match.\n"
    "Exit status 0: it would pass, 1: it would not, 2: bad usage, or no answer.\n"
    "\n"
    "      --source-port PORT  the source's port\n"
    "      --socket PATH       the gateway's control socket (default " ANSWER_SOCKET ")\n"
    "      --json              the gateway's answer as it is\n"
    "      --help              print this text\n";

struct question {
    const char *source, *destination;
    int protocol; /* 0: not said */
    uint32_t source_port, port;
    const char *socket;
    int is_json, is_help;
};

/* ---- the question ------------------------------------------------------------------------------- */

static int read_addresses(char **words, struct question *question)
{
    struct avpn_address source, destination;
    const char *wrong = NULL;

    if (avpn_address_parse(words[0], &source) != AVPN_OK)
        wrong = words[0];
    else if (avpn_address_parse(words[1], &destination) != AVPN_OK)
        wrong = words[1];
    if (wrong) {
        fprintf(stderr, "autovpn explain: %s: should be an address like 10.1.0.5 or 2001:db8::5\n",
                wrong);
        return -1;
    }
    if (source.family != destination.family) {
        fprintf(stderr, "autovpn explain: %s and %s: should both be IPv4 or both IPv6\n", words[0],
                words[1]);
        return -1;
    }
    question->source = words[0];
    question->destination = words[1];
    return 0;
}

static int read_flow(int count, char **words, struct question *question)
{
    if (count > 2)
        question->protocol = rules_protocol(words[2]);
    if (question->protocol < 0) {
        fprintf(stderr,
                "autovpn explain: %s: should be tcp, udp, icmp, icmpv6, sctp, dccp, udplite, esp, "
                "gre, or a number from 1 to 255\n",
                words[2]);
        return -1;
    }
    if (count > 3 &&
        arguments_number("autovpn explain: PORT", words[3], 1, UINT16_MAX, &question->port) != 0)
        return -1;
    if ((question->port || question->source_port) &&
        !rules_has_ports((uint8_t)question->protocol)) {
        fprintf(stderr, "autovpn explain: ports are of tcp, udp, sctp, dccp and udplite; give one "
                        "of them as PROTOCOL\n");
        return -1;
    }
    return 0;
}

/* 0, or -1: bad usage, or help was asked for, as is_help says. */
static int read_question(int count, char **words, struct question *question)
{
    static const struct option options[] = {{"source-port", required_argument, NULL, 'p'},
                                            {"socket", required_argument, NULL, 's'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int option;

    while ((option = getopt_long(count, words, "h", options, NULL)) != -1) {
        question->is_help |= option == 'h';
        question->is_json |= option == 'j';
        if (option == 's')
            question->socket = optarg;
        if (option == '?' ||
            (option == 'p' &&
             arguments_number("--source-port", optarg, 1, UINT16_MAX, &question->source_port) != 0))
            return -1;
    }
    count -= optind;
    words += optind;
    if (question->is_help)
        return -1;
    if (count < 2 || count > 4) {
        fprintf(stderr, "autovpn explain: should be given two addresses, and a protocol and a port "
                        "if you like; try --help\n");
        return -1;
    }
    return read_addresses(words, question) == 0 ? read_flow(count, words, question) : -1;
}

static json_t *make_request(const struct question *question)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:I, s:I}", "command", "explain", "source",
                     question->source, "destination", question->destination, "protocol",
                     question->protocol ? json_integer(question->protocol) : json_null(),
                     "source_port", (json_int_t)question->source_port, "destination_port",
                     (json_int_t)question->port);
}

/* ---- the verdict ------------------------------------------------------------------------------------ */

static const char *next_name(const json_t *answer)
{
    return answer_text(json_object_get(answer, "next_hop"), "name");
}

static void say_nothing(const json_t *answer)
{
    (void)answer;
}

static void say_next(const json_t *answer)
{
    printf(" to %s", next_name(answer));
}

static void say_origin(const json_t *answer)
{
    const json_t *from = json_object_get(answer, "from");

    if (json_is_object(from))
        printf(" from %s", answer_text(from, "name"));
    printf(" and is delivered here");
}

static void say_breakout(const json_t *answer)
{
    if (!json_is_object(json_object_get(answer, "breakout")))
        printf(", for no exit hub takes this site's default route");
}

/* Its number, as "autovpn rules" counts, and its name if it has one. */
static void print_rule_title(const json_t *rule)
{
    printf("rule %lld%s%s", (long long)answer_number(rule, "index") + 1,
           answer_has_text(rule, "name") ? " " : "",
           answer_has_text(rule, "name") ? answer_text(rule, "name") : "");
}

static void say_rule(const json_t *answer)
{
    const json_t *rule = json_object_get(answer, "rule");

    if (!json_is_object(rule))
        return;
    printf(" by ");
    print_rule_title(rule);
}

static const struct verdict {
    const char *word; /* the gateway's */
    uint8_t passes;
    uint8_t asks_rules; /* else it never comes to the firewall */
    const char *text;
    void (*say_more)(const json_t *answer);
} verdicts[] = {
    {"tunnel", 1, 1, "goes through the tunnel", say_next},
    {"here", 1, 0, "stays here: the destination is of this site", say_nothing},
    {"breakout", 1, 0, "leaves by this site's own internet connection", say_breakout},
    {"delivered", 1, 1, "comes through the VPN", say_origin},
    {"denied", 0, 1, "is denied", say_rule},
    {"source", 0, 0,
     "is dropped: its source is of no subnet that this site exports, so nobody would take it",
     say_nothing},
    {"no-route", 0, 0, "is dropped: nobody exports its destination", say_nothing},
    {"no-tunnel", 0, 1, "is dropped: there is a route, but no tunnel for it is up", say_nothing},
};

/* NULL: a word this program does not know. */
static const struct verdict *verdict_of(const json_t *answer)
{
    const char *word = answer_text(answer, "verdict");

    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        const char *known = verdicts[i].word;
        size_t k = 0;

        while (known[k] && (known[k] == word[k] || (known[k] == '-' && word[k] == '_')))
            k++;
        if (known[k] == word[k])
            return &verdicts[i];
    }
    return NULL;
}

static void print_verdict(const struct question *question, const json_t *answer,
                          const struct verdict *verdict)
{
    char protocol[RULES_PROTOCOL_TEXT];

    printf("%s to %s", question->source, question->destination);
    if (question->protocol)
        printf(", %s", rules_protocol_name((uint8_t)question->protocol, protocol));
    if (question->port)
        printf(" port %u", question->port);
    if (verdict) {
        printf(": %s", verdict->text);
        verdict->say_more(answer);
    } else {
        printf(": %s", answer_text(answer, "verdict"));
    }
    putchar('\n');
}

/* ---- why -------------------------------------------------------------------------------------------------- */

static void print_rule(const json_t *answer)
{
    const json_t *rule = json_object_get(answer, "rule");

    printf("  firewall     ");
    if (!json_is_object(rule)) {
        puts("no rule matches: allowed");
        return;
    }
    print_rule_title(rule);
    printf(": %s\n", answer_text(rule, "action"));
}

/* As the VPN sees the packet, where that differs from what the hosts see. */
static void print_translation(const struct question *question, const json_t *answer)
{
    const json_t *translated = json_object_get(answer, "translated");
    const char *source = answer_text(answer, "source");
    const char *destination = answer_text(answer, "destination");

    if (json_is_false(translated) || json_is_null(translated) || source[0] == '-' ||
        (strcmp(source, question->source) == 0 && strcmp(destination, question->destination) == 0))
        return;
    printf("  translation  in the VPN it is from %s to %s\n", source, destination);
}

static const char *hop_reason(const char *state)
{
    static const struct {
        const char *state, *text;
    } reasons[] = {
        {"used", "used"},
        {"standby", "standby: its tunnel is up, others come first"},
        {"held", "held: its tunnel came back a short while ago"},
        {"down", "down: its tunnel is not up"},
    };

    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(reasons[i].state, state) == 0)
            return reasons[i].text;
    return state;
}

static void print_route(const json_t *answer)
{
    const json_t *route = json_object_get(answer, "route");
    const json_t *hop;
    size_t i;

    if (!json_is_object(route))
        return;
    printf("  route        %s\n", answer_text(route, "prefix"));
    json_array_foreach(json_object_get(route, "hops"), i, hop)
    {
        printf("               %zu. %-16s %s\n", i + 1, answer_text(hop, "name"),
               hop_reason(answer_text(hop, "state")));
    }
}

static void print_path(const json_t *answer)
{
    const json_t *path = json_object_get(answer, "path");

    if (json_is_object(path))
        printf("  path         uplink %lld to uplink %lld at %s, rtt %.1f ms\n",
               (long long)answer_number(path, "uplink"),
               (long long)answer_number(path, "remote_uplink"), answer_text(path, "contact"),
               answer_real(path, "rtt_us") / 1000.0);
    if (answer_has_text(answer, "suite"))
        printf("  suite        %s\n", answer_text(answer, "suite"));
    if (answer_number(answer, "mtu_bytes") > 0)
        printf("  MTU          %lld bytes\n", (long long)answer_number(answer, "mtu_bytes"));
}

static void print_sentences(const char *title, const json_t *list)
{
    const json_t *sentence;
    size_t i;

    json_array_foreach(list, i, sentence)
    {
        if (json_is_string(sentence))
            printf("  %-12s %s\n", i == 0 ? title : "", json_string_value(sentence));
    }
}

static void print_breakout(const json_t *breakout)
{
    char words[RULES_TEXT];

    if (json_is_object(breakout))
        printf("  breakout     %s\n", show_breakout_words(breakout, words, sizeof words));
}

static void print_answer(const struct question *question, const json_t *answer)
{
    const struct verdict *verdict = verdict_of(answer);

    print_verdict(question, answer, verdict);
    if (!verdict) /* of a newer gateway: in its own words */
        print_sentences("", json_object_get(answer, "text"));
    print_translation(question, answer);
    if (verdict && verdict->asks_rules)
        print_rule(answer);
    print_breakout(json_object_get(answer, "breakout"));
    print_route(answer);
    print_path(answer);
    print_sentences("conflict", json_object_get(answer, "conflicts"));
}

int command_explain(int count, char **words)
{
    struct question question = {.socket = ANSWER_SOCKET};
    const struct verdict *verdict;
    json_t *answer;
    int status;

    if (read_question(count, words, &question) != 0) {
        if (question.is_help)
            fputs(help, stdout);
        return question.is_help ? 0 : 2;
    }
    answer = answer_ask(question.socket, make_request(&question));
    if (!answer)
        return 2;
    if (question.is_json)
        answer_print_json(answer);
    else
        print_answer(&question, answer);
    verdict = verdict_of(answer);
    status = verdict && verdict->passes ? 0 : 1;
    json_decref(answer);
    return status;
}
