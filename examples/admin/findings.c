/* SPDX-License-Identifier: ISC */
#include "admin/findings.h"

#include <stdio.h>

#include "common/settings.h"

static void collect(void *user, const struct settings_finding *finding)
{
    json_t *line = finding->line ? json_integer((json_int_t)finding->line) : json_null();

    json_array_append_new(user, json_pack("{s:s, s:o, s:s, s:s, s:s}", "file", finding->file,
                                          "line", line, "field", finding->field, "value",
                                          finding->value, "message", finding->message));
}

json_t *findings_begin(void)
{
    json_t *object = json_pack("{s:[]}", "findings");

    if (object)
        settings_report_to(collect, json_object_get(object, "findings"));
    return object;
}

int findings_print(json_t *object, int status)
{
    settings_report_to(NULL, NULL);
    json_object_set_new(object, "ok", json_boolean(status == 0));
    json_dumpf(object, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(object);
    return status;
}
