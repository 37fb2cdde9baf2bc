/* SPDX-License-Identifier: ISC */
/*
 * settings: reads a YAML file so that every complaint names file, line, field, value and
 * what would be right:
 *
 *     gateway.yaml:7: tun.mtu: 90000: must be a number from 576 to 9000
 *
 * A binder over libyaml's document, because its marks (line numbers) must still be there when a
 * value turns out wrong long after parsing. Complaints are printed and counted; reading goes
 * on, so that one run shows them all. Getters return 1 when they set their output, else 0.
 *
 * Life: open -> root -> expect, get, list, typed getters -> problems -> close.
 *
 *     if (settings_open(&file, path) == 0) {
 *         settings_root(&file, &root);
 *         settings_expect(&file, &root, "name", "mtu", NULL);
 *         if (settings_require(&file, &root, "mtu", &mtu))
 *             settings_number(&file, &mtu, 576, 9000, &value);
 *     }
 *     if (file.problems) return 2;
 */
#ifndef EXAMPLES_SETTINGS_H
#define EXAMPLES_SETTINGS_H

#include <stdint.h>

#include <yaml.h>

#include <autovpn/types.h>

#define SETTINGS_LIMIT (16u << 20) /* bytes of one file */
#define SETTING_FIELD_BYTES 160

struct settings {
    const char *path; /* kept, not copied */
    uint32_t problems;
    int is_open;
    yaml_document_t document;
};

/* One value and where it stands. Valid while its file is open. */
struct setting {
    yaml_node_t *node;
    uint32_t line;
    char field[SETTING_FIELD_BYTES]; /* "sites.berlin.hubs[1]", empty: the whole file */
};

/* One complaint. Text is borrowed until return. */
struct settings_finding {
    const char *file;
    uint32_t line;       /* 0: the whole file */
    const char *field;   /* empty: none */
    const char *value;   /* empty: none */
    const char *message; /* what would be right */
};

/* Where complaints go from now on; NULL: to standard error, a line each. */
void settings_report_to(void (*to)(void *user, const struct settings_finding *finding), void *user);

/* 0, or -1 when there is nothing to read: then one problem was shown. */
int settings_open(struct settings *file, const char *path);
void settings_close(struct settings *file);

void settings_root(const struct settings *file, struct setting *root_out);
/* Complain about a map's fields that are not in the list (ended by NULL), or about no map. */
int settings_expect(struct settings *file, const struct setting *map, ...)
    __attribute__((sentinel));
/* The field of a map; `require` complains when it is missing. */
int settings_get(struct settings *file, const struct setting *map, const char *name,
                 struct setting *value_out);
int settings_require(struct settings *file, const struct setting *map, const char *name,
                     struct setting *value_out);

/* Elements of a list, or 0 after a complaint. */
uint32_t settings_list(struct settings *file, const struct setting *list);
int settings_at(struct settings *file, const struct setting *list, uint32_t index,
                struct setting *value_out);
/* Pairs of a map whose field names are free; duplicates are complained about. */
uint32_t settings_pairs(struct settings *file, const struct setting *map);
int settings_pair_at(struct settings *file, const struct setting *map, uint32_t index,
                     const char **name_out, struct setting *value_out);
/* Without any complaint. */
int settings_is_text(const struct setting *value);
int settings_is_map(const struct setting *value);

/* Typed values. Text is borrowed while the file is open. */
int settings_text(struct settings *file, const struct setting *value, const char **text_out);
int settings_number(struct settings *file, const struct setting *value, uint32_t least,
                    uint32_t most, uint32_t *number_out);
int settings_flag(struct settings *file, const struct setting *value, int *flag_out);
int settings_key(struct settings *file, const struct setting *value, struct avpn_key *key_out);
int settings_address(struct settings *file, const struct setting *value,
                     struct avpn_address *address_out);
int settings_contact(struct settings *file, const struct setting *value,
                     struct avpn_contact *contact_out);
int settings_prefix(struct settings *file, const struct setting *value,
                    struct avpn_prefix *prefix_out);

/* Complain about a value. `text`: what to show as the value, NULL: the value's own text. */
void settings_problem(struct settings *file, const struct setting *value, const char *text,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
