/* SPDX-License-Identifier: ISC */
/*
 * entries: what one registry says about peers: the whole list page by page, then change by change, each one with
 * the next number; a number that is missing makes the node ask for everything again. Entries are hints, handed
 * upward as they come [REG-14]. Spec: [REG-10], [REG-11].
 */
#ifndef AVPNI_LINK_ENTRIES_H
#define AVPNI_LINK_ENTRIES_H

#include "link/registration.h"

/* Ask for all of them, from the first. */
void avpni_entries_fetch(struct avpni_registration *registration, avpn_time now);
/* Ask, or ask again, for the page that is due. */
void avpni_entries_ask(struct avpni_registration *registration, avpn_time now);
void avpni_entries_page(struct avpni_registration *registration,
                        const struct avpni_page_head *head, struct avpni_reader *entries,
                        avpn_time now);
void avpni_entries_change(struct avpni_registration *registration,
                          const struct avpni_page_head *head, struct avpni_reader *entries,
                          avpn_time now);

#endif
