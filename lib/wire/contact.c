/* SPDX-License-Identifier: ISC */
/*
 * contact: the two forms of a contact on the wire, section 3.2 (fixed) and section 4 (compact).
 *
 * Any address is allowed here, for what is usable differs by field; the port of a contact is
 * never 0, and where the family is 0 all else is zero.
 */
#include "wire/message.h"

#define IPV4_BYTES 4
#define IPV6_BYTES 16

/* Bytes of the family's address; 0 for none and for families there are not. */
static size_t address_bytes(uint8_t family)
{
    switch (family) {
    case AVPN_FAMILY_IPV4:
        return IPV4_BYTES;
    case AVPN_FAMILY_IPV6:
        return IPV6_BYTES;
    default:
        return 0;
    }
}

/* Port and address, without what fills the fixed form. */
static void read_place(struct avpni_reader *r, struct avpn_contact *contact)
{
    contact->port = avpni_read_u16(r);
    if (contact->port == 0)
        avpni_reader_fail(r);
    avpni_read_bytes(r, contact->bytes, address_bytes(contact->family));
}

void avpni_contact_write_fixed(struct avpni_writer *w, const struct avpn_contact *contact)
{
    size_t bytes = address_bytes(contact->family);

    avpni_write_u8(w, contact->family);
    avpni_write_u8(w, 0);
    avpni_write_u16(w, contact->port);
    avpni_write_bytes(w, contact->bytes, bytes);
    avpni_write_zeros(w, IPV6_BYTES - bytes);
}

void avpni_contact_read_fixed(struct avpni_reader *r, struct avpn_contact *contact_out)
{
    struct avpn_contact contact = {.family = avpni_read_u8(r)};
    size_t bytes = address_bytes(contact.family);

    avpni_read_zeros(r, 1);
    if (bytes > 0)
        read_place(r, &contact);
    else if (contact.family == AVPN_FAMILY_NONE)
        avpni_read_zeros(r, 2);
    else
        avpni_reader_fail(r);
    avpni_read_zeros(r, IPV6_BYTES - bytes);
    *contact_out = r->failed ? (struct avpn_contact){0} : contact;
}

void avpni_contact_write_compact(struct avpni_writer *w, const struct avpn_contact *contact)
{
    size_t bytes = address_bytes(contact->family);

    avpni_write_u8(w, contact->family);
    if (bytes > 0) {
        avpni_write_u16(w, contact->port);
        avpni_write_bytes(w, contact->bytes, bytes);
    }
}

void avpni_contact_read_compact(struct avpni_reader *r, struct avpn_contact *contact_out)
{
    struct avpn_contact contact = {.family = avpni_read_u8(r)};

    if (address_bytes(contact.family) > 0)
        read_place(r, &contact);
    else if (contact.family != AVPN_FAMILY_NONE)
        avpni_reader_fail(r);
    *contact_out = r->failed ? (struct avpn_contact){0} : contact;
}
