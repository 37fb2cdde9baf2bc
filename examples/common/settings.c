/* SPDX-License-Identifier: ISC */
#include "common/settings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/store.h"

#define MESSAGE_BYTES 512

static void print_finding(void *user, const struct settings_finding *finding)
{
    (void)user;
    fprintf(stderr, "%s:", finding->file);
    if (finding->line)
        fprintf(stderr, "%u:", finding->line);
    if (finding->field[0])
        fprintf(stderr, " %s:", finding->field);
    if (finding->value[0])
        fprintf(stderr, " %.200s:", finding->value);
    fprintf(stderr, " %s\n", finding->message);
}

static void (*report)(void *user, const struct settings_finding *finding) = print_finding;
static void *report_user;

void settings_report_to(void (*to)(void *user, const struct settings_finding *finding), void *user)
{
    report = to ? to : print_finding;
    report_user = user;
}

static void complain(struct settings *file, uint32_t line, const char *field, const char *value,
                     const char *message)
{
    struct settings_finding finding = {file->path, line, field, value ? value : "", message};

    file->problems++;
    report(report_user, &finding);
}

void settings_problem(struct settings *file, const struct setting *value, const char *text,
                      const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list arguments;

    if (!text && settings_is_text(value))
        text = (const char *)value->node->data.scalar.value;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    complain(file, value->line, value->field, text, message);
}

/* ---- parsing ----------------------------------------------------------------- */

static void parser_problem(struct settings *file, const yaml_parser_t *parser)
{
    const char *problem = parser->problem ? parser->problem : "cannot be read";
    char message[MESSAGE_BYTES];

    if (parser->context)
        (void)snprintf(message, sizeof message, "not YAML: %s (%s, which begins at line %zu)",
                       problem, parser->context, parser->context_mark.line + 1);
    else
        (void)snprintf(message, sizeof message, "not YAML: %s", problem);
    complain(file, (uint32_t)parser->problem_mark.line + 1, "", NULL, message);
}

static void document_problem(struct settings *file, const char *text)
{
    complain(file, 1, "", NULL, text);
}

static int parse(struct settings *file, const uint8_t *bytes, size_t count)
{
    yaml_parser_t parser;
    yaml_document_t after;
    int is_alone = 0;

    if (!yaml_parser_initialize(&parser)) {
        document_problem(file, "out of memory");
        return -1;
    }
    yaml_parser_set_input_string(&parser, bytes, count);
    if (!yaml_parser_load(&parser, &file->document)) {
        parser_problem(file, &parser);
        yaml_parser_delete(&parser);
        return -1;
    }
    file->is_open = 1;
    if (!yaml_document_get_root_node(&file->document)) {
        document_problem(file, "the file is empty, it should hold a map of fields");
    } else if (!yaml_parser_load(&parser, &after)) {
        parser_problem(file, &parser);
    } else {
        is_alone = !yaml_document_get_root_node(&after);
        yaml_document_delete(&after);
        if (!is_alone)
            document_problem(file, "holds more than one YAML document, it should hold one");
    }
    yaml_parser_delete(&parser);
    return is_alone ? 0 : -1;
}

int settings_open(struct settings *file, const char *path)
{
    uint8_t *bytes;
    size_t count;
    int result;

    memset(file, 0, sizeof *file);
    file->path = path;
    if (file_read(path, SETTINGS_LIMIT, &bytes, &count) != 0) {
        char message[MESSAGE_BYTES];

        (void)snprintf(message, sizeof message, "cannot be read: %s", strerror(errno));
        complain(file, 0, "", NULL, message);
        return -1;
    }
    result = parse(file, bytes, count);
    free(bytes);
    return result;
}

void settings_close(struct settings *file)
{
    if (file->is_open)
        yaml_document_delete(&file->document);
    file->is_open = 0;
}

/* ---- walking ----------------------------------------------------------------- */

static yaml_node_t *node_of(const struct settings *file, int id)
{
    /* libyaml does not change the document here, its signature merely says so. */
    return yaml_document_get_node((yaml_document_t *)(uintptr_t)&file->document, id);
}

static uint32_t line_of(const yaml_node_t *node)
{
    return (uint32_t)node->start_mark.line + 1;
}

static void place(struct setting *value_out, yaml_node_t *node, uint32_t line, const char *parent,
                  const char *name)
{
    value_out->node = node;
    value_out->line = line;
    (void)snprintf(value_out->field, sizeof value_out->field, "%.90s%s%.60s", parent,
                   parent[0] && name[0] != '[' ? "." : "", name);
}

void settings_root(const struct settings *file, struct setting *root_out)
{
    yaml_node_t *node = node_of(file, 1);

    place(root_out, node, line_of(node), "", "");
}

int settings_is_text(const struct setting *value)
{
    return value->node && value->node->type == YAML_SCALAR_NODE;
}

int settings_is_map(const struct setting *value)
{
    return value->node && value->node->type == YAML_MAPPING_NODE;
}

static int is_absent(const struct setting *value)
{
    return settings_is_text(value) && value->node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (value->node->data.scalar.length == 0 ||
            strcmp((const char *)value->node->data.scalar.value, "~") == 0 ||
            strcmp((const char *)value->node->data.scalar.value, "null") == 0);
}

static uint32_t pair_count(const struct setting *map)
{
    const yaml_node_t *node = map->node;

    return (uint32_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
}

static const char *pair_name(const struct settings *file, const struct setting *map,
                             uint32_t index, uint32_t *line_out)
{
    const yaml_node_t *key = node_of(file, map->node->data.mapping.pairs.start[index].key);

    *line_out = line_of(key);
    return key->type == YAML_SCALAR_NODE ? (const char *)key->data.scalar.value : NULL;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(**(const char *const *const *)a, **(const char *const *const *)b);
}

/* Sorted, not compared each with each: a file may name 65,535 sites. */
static void complain_of_duplicates(struct settings *file, const struct setting *map)
{
    uint32_t count = pair_count(map);
    const char **names = calloc(count + 1u, sizeof *names);
    const char ***order = calloc(count + 1u, sizeof *order);
    uint32_t kept = 0;
    uint32_t line;

    for (uint32_t i = 0; names && order && i < count; i++) {
        names[i] = pair_name(file, map, i, &line);
        if (names[i])
            order[kept++] = &names[i];
    }
    if (kept > 1)
        qsort(order, kept, sizeof *order, compare_names);
    for (uint32_t i = 1; i < kept; i++) {
        struct setting where;

        if (strcmp(*order[i - 1], *order[i]) != 0)
            continue;
        (void)pair_name(file, map, (uint32_t)(order[i] - names), &line);
        place(&where, NULL, line, map->field, *order[i]);
        settings_problem(file, &where, NULL, "appears more than once, keep one of them");
    }
    free(order);
    free(names);
}

static int want_map(struct settings *file, const struct setting *map)
{
    if (settings_is_map(map))
        return 1;
    settings_problem(file, map, NULL, "should be a map, like \"name: value\" on lines of its own");
    return 0;
}

static int is_listed(va_list names, const char *name)
{
    for (const char *known = va_arg(names, const char *); known;
         known = va_arg(names, const char *))
        if (strcmp(known, name) == 0)
            return 1;
    return 0;
}

static void list_names(va_list names, char *text_out, size_t capacity)
{
    text_out[0] = 0;
    for (const char *known = va_arg(names, const char *); known;
         known = va_arg(names, const char *)) {
        if (text_out[0])
            strncat(text_out, ", ", capacity - strlen(text_out) - 1);
        strncat(text_out, known, capacity - strlen(text_out) - 1);
    }
}

int settings_expect(struct settings *file, const struct setting *map, ...)
{
    va_list names;
    char known[300];

    if (!want_map(file, map))
        return 0;
    va_start(names, map);
    list_names(names, known, sizeof known);
    va_end(names);
    for (uint32_t i = 0; i < pair_count(map); i++) {
        struct setting where;
        uint32_t line;
        const char *name = pair_name(file, map, i, &line);
        int is_known;

        va_start(names, map);
        is_known = name && is_listed(names, name);
        va_end(names);
        if (is_known)
            continue;
        place(&where, node_of(file, map->node->data.mapping.pairs.start[i].value), line,
              map->field, name ? name : "?");
        settings_problem(file, &where, NULL, "no such field here; there are: %s", known);
    }
    complain_of_duplicates(file, map);
    return 1;
}

int settings_get(struct settings *file, const struct setting *map, const char *name,
                 struct setting *value_out)
{
    if (!settings_is_map(map))
        return 0;
    for (uint32_t i = 0; i < pair_count(map); i++) {
        uint32_t line;
        const char *found = pair_name(file, map, i, &line);

        if (!found || strcmp(found, name) != 0)
            continue;
        place(value_out, node_of(file, map->node->data.mapping.pairs.start[i].value), line,
              map->field, name);
        return !is_absent(value_out);
    }
    return 0;
}

int settings_require(struct settings *file, const struct setting *map, const char *name,
                     struct setting *value_out)
{
    if (settings_get(file, map, name, value_out))
        return 1;
    if (settings_is_map(map)) {
        struct setting where;

        place(&where, NULL, map->line, map->field, name);
        settings_problem(file, &where, NULL, "is missing, it must be given");
    }
    return 0;
}

uint32_t settings_list(struct settings *file, const struct setting *list)
{
    if (list->node && list->node->type == YAML_SEQUENCE_NODE)
        return (uint32_t)(list->node->data.sequence.items.top -
                          list->node->data.sequence.items.start);
    if (!is_absent(list))
        settings_problem(file, list, NULL, "should be a list, like \"[a, b]\" or lines with \"- a\"");
    return 0;
}

int settings_at(struct settings *file, const struct setting *list, uint32_t index,
                struct setting *value_out)
{
    char name[16];
    yaml_node_t *node;

    if (!list->node || list->node->type != YAML_SEQUENCE_NODE ||
        index >= (uint32_t)(list->node->data.sequence.items.top -
                            list->node->data.sequence.items.start))
        return 0;
    node = node_of(file, list->node->data.sequence.items.start[index]);
    (void)snprintf(name, sizeof name, "[%u]", index);
    place(value_out, node, line_of(node), list->field, name);
    return 1;
}

uint32_t settings_pairs(struct settings *file, const struct setting *map)
{
    if (is_absent(map) || !want_map(file, map))
        return 0;
    complain_of_duplicates(file, map);
    return pair_count(map);
}

int settings_pair_at(struct settings *file, const struct setting *map, uint32_t index,
                     const char **name_out, struct setting *value_out)
{
    uint32_t line;
    const char *name;

    if (!settings_is_map(map) || index >= pair_count(map))
        return 0;
    name = pair_name(file, map, index, &line);
    place(value_out, node_of(file, map->node->data.mapping.pairs.start[index].value), line,
          map->field, name ? name : "?");
    *name_out = name;
    if (!name)
        settings_problem(file, value_out, NULL, "the name of a field should be plain text");
    return name != NULL;
}

/* ---- typed values ------------------------------------------------------------ */

int settings_text(struct settings *file, const struct setting *value, const char **text_out)
{
    if (settings_is_text(value) && value->node->data.scalar.length > 0 &&
        strlen((const char *)value->node->data.scalar.value) == value->node->data.scalar.length) {
        *text_out = (const char *)value->node->data.scalar.value;
        return 1;
    }
    settings_problem(file, value, NULL, "should be a text");
    return 0;
}

int settings_number(struct settings *file, const struct setting *value, uint32_t least,
                    uint32_t most, uint32_t *number_out)
{
    const char *text = settings_is_text(value) ? (const char *)value->node->data.scalar.value : "";
    int is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    unsigned long long number = 0;
    char *end = NULL;

    errno = 0;
    if (text[0] >= '0' && text[0] <= '9')
        number = strtoull(text, &end, is_hex ? 16 : 10);
    if (end && *end == 0 && errno == 0 && number >= least && number <= most) {
        *number_out = (uint32_t)number;
        return 1;
    }
    settings_problem(file, value, NULL, "should be a number from %u to %u", least, most);
    return 0;
}

int settings_flag(struct settings *file, const struct setting *value, int *flag_out)
{
    const char *text = settings_is_text(value) ? (const char *)value->node->data.scalar.value : "";

    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        *flag_out = text[0] == 't';
        return 1;
    }
    settings_problem(file, value, NULL, "should be true or false");
    return 0;
}

int settings_key(struct settings *file, const struct setting *value, struct avpn_key *key_out)
{
    const char *text;

    if (!settings_text(file, value, &text))
        return 0;
    if (avpn_key_parse(text, key_out) == AVPN_OK)
        return 1;
    settings_problem(file, value, NULL, "should be 32 bytes in base64: 44 characters, the last is =");
    return 0;
}

int settings_address(struct settings *file, const struct setting *value,
                     struct avpn_address *address_out)
{
    const char *text;

    if (!settings_text(file, value, &text))
        return 0;
    if (avpn_address_parse(text, address_out) == AVPN_OK)
        return 1;
    settings_problem(file, value, NULL, "should be an address like 192.0.2.1 or 2001:db8::1");
    return 0;
}

int settings_contact(struct settings *file, const struct setting *value,
                     struct avpn_contact *contact_out)
{
    const char *text;

    if (!settings_text(file, value, &text))
        return 0;
    if (avpn_contact_parse(text, contact_out) == AVPN_OK)
        return 1;
    settings_problem(file, value, NULL,
                     "should be address and port, like 192.0.2.1:40000 or \"[2001:db8::1]:40000\"");
    return 0;
}

/* A mistyped host part is the common mistake: say which prefix was probably meant. */
static void prefix_problem(struct settings *file, const struct setting *value, const char *text)
{
    char address_text[AVPN_ADDRESS_TEXT];
    char meant_text[AVPN_PREFIX_TEXT];
    struct avpn_address address;
    struct avpn_prefix meant = {0};
    const char *slash = strchr(text, '/');
    size_t length = slash ? (size_t)(slash - text) : 0;
    unsigned bits = slash && slash[1] >= '0' && slash[1] <= '9' ? (unsigned)atoi(slash + 1) : 999;

    if (slash && length < sizeof address_text) {
        memcpy(address_text, text, length);
        address_text[length] = 0;
        if (avpn_address_parse(address_text, &address) == AVPN_OK &&
            bits <= (address.family == AVPN_FAMILY_IPV4 ? 32u : 128u)) {
            meant.family = address.family;
            meant.length = (uint8_t)bits;
            memcpy(meant.bytes, address.bytes, sizeof meant.bytes);
            for (unsigned i = bits; i < 128; i++)
                meant.bytes[i / 8] = (uint8_t)(meant.bytes[i / 8] & ~(0x80u >> i % 8));
            if (avpn_prefix_format(&meant, meant_text, sizeof meant_text) == AVPN_OK) {
                settings_problem(file, value, NULL,
                                 "has bits set beyond its length; is %s meant?", meant_text);
                return;
            }
        }
    }
    settings_problem(file, value, NULL, "should be a subnet like 10.1.0.0/16 or 2001:db8:1::/48");
}

int settings_prefix(struct settings *file, const struct setting *value,
                    struct avpn_prefix *prefix_out)
{
    const char *text;

    if (!settings_text(file, value, &text))
        return 0;
    if (avpn_prefix_parse(text, prefix_out) == AVPN_OK)
        return 1;
    prefix_problem(file, value, text);
    return 0;
}
