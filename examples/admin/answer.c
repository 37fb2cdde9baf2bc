/* SPDX-License-Identifier: ISC */
#include "admin/answer.h"

#include <stdio.h>

#include "common/control.h"

#define ANSWER_MS 5000

json_t *answer_ask(const char *socket, json_t *request)
{
    char problem[300];
    json_t *answer = control_ask(socket, request, ANSWER_MS, problem, sizeof problem);

    if (!answer)
        fprintf(stderr, "autovpn: %s\n", problem);
    json_decref(request);
    return answer;
}

void answer_print_json(const json_t *answer)
{
    (void)json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    putchar('\n');
}

int answer_has_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text && text[0];
}

const char *answer_text(const json_t *object, const char *name)
{
    return answer_has_text(object, name) ? json_string_value(json_object_get(object, name)) : "-";
}

json_int_t answer_number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

double answer_real(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

int answer_flag(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

const char *answer_version(const json_t *object, const char *name, char text_out[VERSION_TEXT])
{
    return version_text((uint64_t)answer_number(object, name), text_out);
}
