/* SPDX-License-Identifier: ISC */
/* validate: one check of a configuration, shared by the files that judge its parts. Spec: [CFG-9]. */
#ifndef AVPNI_TOPO_VALIDATE_H
#define AVPNI_TOPO_VALIDATE_H

#include "base/text.h"
#include "topo/config.h"

struct avpni_check {
    const struct avpn_config *config;
    void (*report)(void *user, const struct avpn_problem *problem);
    void *user;
    uint32_t problems;
    struct avpni_member_view member; /* the one being looked at; id 0: the organization */
};

/* Counts and reports a finding. Text is borrowed until return. */
void avpni_found(struct avpni_check *check, const char *field, uint32_t index, const char *value,
                 const char *message);
void avpni_text_add_prefix(struct avpni_text *text, const struct avpn_prefix *prefix);

/* Flags, rules and breakouts; `check->member` is none. */
void avpni_check_policy(struct avpni_check *check);
/* Of `check->member`. [CFG-14] */
void avpni_check_translations(struct avpni_check *check);

#endif
