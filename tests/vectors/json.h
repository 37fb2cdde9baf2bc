/* SPDX-License-Identifier: ISC */
/* json: what the vector tests need of libjansson: fields as text, numbers and bytes. */
#ifndef AUTOVPN_TESTS_JSON_H
#define AUTOVPN_TESTS_JSON_H

#include "harness.h"
#include <jansson.h>
#include <stdlib.h>

#define JSON_BYTES_LIMIT 4096

struct json_bytes {
    uint8_t bytes[JSON_BYTES_LIMIT];
    size_t count;
};

/* The vector file, to be released with json_decref; NULL, with the skip told, when absent. */
static inline json_t *json_vectors(const char *name, int checks)
{
    char *text = harness_vectors(name, NULL);
    json_error_t error;

    if (text == NULL) {
        harness_skipped(checks, name);
        return NULL;
    }
    json_t *root = json_loads(text, 0, &error);

    free(text);
    ck_assert_msg(root != NULL, "%s:%d: %s", name, error.line, error.text);
    return root;
}

/* Hex of a field; no bytes where there is no such field. */
static inline struct json_bytes json_hex(const json_t *object, const char *name)
{
    struct json_bytes out = {.count = 0};
    const char *text = json_string_value(json_object_get(object, name));

    if (text != NULL) {
        out.count = harness_hex(text, out.bytes, sizeof out.bytes);
    }
    return out;
}

static inline const char *json_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

#endif
