/* SPDX-License-Identifier: ISC */
#include "admin/findings.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>

#define MESSAGE_BYTES 512

static json_t *collected; /* NULL: printed */

static void collect(const struct settings_finding *finding, const char *severity)
{
    json_t *line = finding->line ? json_integer((json_int_t)finding->line) : json_null();

    json_array_append_new(collected,
                          json_pack("{s:s, s:s, s:o, s:s, s:s, s:s}", "severity", severity, "file",
                                    finding->file, "line", line, "field", finding->field, "value",
                                    finding->value, "message", finding->message));
}

static void collect_error(void *user, const struct settings_finding *finding)
{
    (void)user;
    collect(finding, "error");
}

json_t *findings_begin(void)
{
    json_t *object = json_pack("{s:[]}", "findings");

    if (object) {
        collected = json_object_get(object, "findings");
        settings_report_to(collect_error, NULL);
    }
    return object;
}

int findings_print(json_t *object, int status)
{
    settings_report_to(NULL, NULL);
    collected = NULL;
    json_object_set_new(object, "ok", json_boolean(status == 0));
    json_dumpf(object, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(object);
    return status;
}

int findings_command(int count, char **words, const char *help,
                     int (*run)(const char *path, json_t *json))
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
    json_t *json = NULL;
    int option, is_json = 0, status;

    while ((option = getopt_long(count, words, "h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (option != 'j') {
            fputs(help, stderr);
            return 2;
        }
        is_json = 1;
    }
    if (optind + 1 != count) {
        fputs(help, stderr);
        return 2;
    }
    if (is_json)
        json = findings_begin();
    status = run(words[optind], json);
    return json ? findings_print(json, status) : status;
}

static void print_warning(const struct settings_finding *finding)
{
    fprintf(stderr, "%s:", finding->file);
    if (finding->line)
        fprintf(stderr, "%u:", finding->line);
    if (finding->field[0])
        fprintf(stderr, " %s:", finding->field);
    if (finding->value[0])
        fprintf(stderr, " %.200s:", finding->value);
    fprintf(stderr, " warning: %s\n", finding->message);
}

void findings_warn(const struct settings *file, const struct setting *where, const char *value,
                   const char *format, ...)
{
    char message[MESSAGE_BYTES];
    struct settings_finding finding = {file->path, where->line, where->field, value, message};
    va_list arguments;

    if (!value)
        finding.value = settings_is_text(where) ? (const char *)where->node->data.scalar.value : "";
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (collected)
        collect(&finding, "warning");
    else
        print_warning(&finding);
}
