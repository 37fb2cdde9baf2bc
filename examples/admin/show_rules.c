/* SPDX-License-Identifier: ISC */
/* show_rules: the firewall with its counters. */
#include <stdio.h>
#include <string.h>

#include "admin/rules.h"
#include "admin/show.h"

static void append(char *text, size_t capacity, const char *before, const char *more)
{
    size_t length = strlen(text);

    (void)snprintf(text + length, capacity - length, "%s%s", before, more);
}

static void append_protocol(char *text, size_t capacity, const json_t *protocol)
{
    char name[RULES_PROTOCOL_TEXT] = "any";

    if (json_is_integer(protocol))
        (void)rules_protocol_name((uint8_t)json_integer_value(protocol), name);
    append(text, capacity, "", json_is_string(protocol) ? json_string_value(protocol) : name);
}

/* One end: a prefix and, where the rule names any, ports. Absent, null and empty mean any. */
static void append_end(char *text, size_t capacity, const json_t *rule, const char *word,
                       const char *prefix, const char *ports)
{
    append(text, capacity, word, answer_has_text(rule, prefix) ? answer_text(rule, prefix) : "any");
    if (answer_has_text(rule, ports) && strcmp(answer_text(rule, ports), "any") != 0)
        append(text, capacity, strchr(answer_text(rule, ports), '-') ? " ports " : " port ",
               answer_text(rule, ports));
}

const char *show_rule_words(const json_t *rule, char *text_out, size_t capacity)
{
    (void)snprintf(text_out, capacity, "%s ", answer_text(rule, "action"));
    append_protocol(text_out, capacity, json_object_get(rule, "protocol"));
    append_end(text_out, capacity, rule, " from ", "source", "source_ports");
    append_end(text_out, capacity, rule, " to ", "destination", "destination_ports");
    return text_out;
}

const char *show_breakout_words(const json_t *breakout, char *text_out, size_t capacity)
{
    text_out[0] = 0;
    append_protocol(text_out, capacity, json_object_get(breakout, "protocol"));
    append_end(text_out, capacity, breakout, " to ", "destination", "destination_ports");
    return text_out;
}

void show_rules(const json_t *answer)
{
    const json_t *rules = json_object_get(answer, "rules");
    const json_t *rule;
    char words[RULES_TEXT];
    size_t i;

    printf("%4s %-24s %12s %12s  %s\n", "RULE", "NAME", "SENT", "RECEIVED", "WHAT");
    json_array_foreach(rules, i, rule)
    {
        printf("%4lld %-24s %12lld %12lld  %s\n", (long long)answer_number(rule, "index") + 1,
               answer_text(rule, "name"), (long long)answer_number(rule, "sent_packets"),
               (long long)answer_number(rule, "received_packets"),
               show_rule_words(rule, words, sizeof words));
    }
    printf("%4s %-24s %12s %12s  %s\n", "", "", "", "",
           json_array_size(rules) ? "allow all else" : "no rules: everything is allowed");
}
