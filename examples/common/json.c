/* SPDX-License-Identifier: ISC */
#include "common/json.h"

json_t *json_contact(const struct avpn_contact *contact)
{
    char text[AVPN_CONTACT_TEXT];

    if (contact->family == AVPN_FAMILY_NONE ||
        avpn_contact_format(contact, text, sizeof text) != AVPN_OK)
        return json_null();
    return json_string(text);
}

json_t *json_prefix(const struct avpn_prefix *prefix)
{
    char text[AVPN_PREFIX_TEXT];

    if (prefix->family == AVPN_FAMILY_NONE ||
        avpn_prefix_format(prefix, text, sizeof text) != AVPN_OK)
        return json_null();
    return json_string(text);
}

json_t *json_key(const struct avpn_key *key)
{
    char text[AVPN_KEY_TEXT];

    if (avpn_key_format(key, text, sizeof text) != AVPN_OK)
        return json_null();
    return json_string(text);
}

json_t *json_seconds(avpn_time moment, avpn_time since)
{
    if (moment < 0)
        return json_null();
    /* whole milliseconds, so that a reader is not shown digits that mean nothing */
    return json_real((double)((moment - since) / AVPN_MILLISECOND) / 1000.0);
}
