/* SPDX-License-Identifier: ISC */
/*
 * value: addresses and contacts for scenarios. A text that is wrong is a mistake in the
 * scenario itself, so it ends the program with that text on the screen.
 */
#include "net.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct avpn_contact sim_contact(const char *text)
{
    struct avpn_contact contact;

    if (avpn_contact_parse(text, &contact) != AVPN_OK) {
        fprintf(stderr, "sim: not a contact: %s\n", text);
        abort();
    }
    return contact;
}

struct avpn_address sim_address(const char *text)
{
    struct avpn_address address;

    if (avpn_address_parse(text, &address) != AVPN_OK) {
        fprintf(stderr, "sim: not an address: %s\n", text);
        abort();
    }
    return address;
}

struct avpn_contact sim_join(struct avpn_address address, uint16_t port)
{
    struct avpn_contact contact = {.family = address.family, .port = port};

    memcpy(contact.bytes, address.bytes, sizeof contact.bytes);
    return contact;
}

struct avpn_address sim_address_of(const struct avpn_contact *contact)
{
    struct avpn_address address = {.family = contact->family};

    memcpy(address.bytes, contact->bytes, sizeof address.bytes);
    return address;
}

bool sim_contact_is_equal(const struct avpn_contact *a, const struct avpn_contact *b)
{
    return a->family == b->family && a->port == b->port &&
           memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool sim_address_is_equal(const struct avpn_address *a, const struct avpn_address *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool sim_contact_has_address(const struct avpn_contact *contact, const struct avpn_address *address)
{
    return contact->family == address->family &&
           memcmp(contact->bytes, address->bytes, sizeof address->bytes) == 0;
}

const char *sim_text(const struct avpn_contact *contact)
{
    static char texts[8][AVPN_CONTACT_TEXT];
    static unsigned next;
    char *text = texts[next++ % 8];

    if (avpn_contact_format(contact, text, AVPN_CONTACT_TEXT) != AVPN_OK)
        strcpy(text, "?");
    return text;
}
