/* SPDX-License-Identifier: ISC */
/*
 * groups: the members of a vector that have something in common - an SA -, each group in the vector's order, groups in the order of their
 * first members. A few comparisons a member, however many groups there are.
 */
#ifndef AVPNI_FORWARD_GROUPS_H
#define AVPNI_FORWARD_GROUPS_H

#include <stdint.h>

#define AVPNI_GROUPS_LIMIT 64
#define AVPNI_GROUPS_END 255

struct avpni_groups {
    uint8_t count;
    uint8_t first[AVPNI_GROUPS_LIMIT]; /* by group: its first member */
    uint8_t next[AVPNI_GROUPS_LIMIT];  /* by member: the next of its group, or END */
};

/* `keys`: of `count` members; NULL belongs to no group. */
void avpni_groups_make(struct avpni_groups *groups, const void *const *keys, uint32_t count);

#endif
