/* SPDX-License-Identifier: ISC */
#include "common/version.h"

#include <stdio.h>

#include <autovpn/config.h>

const char *version_text(uint64_t version, char text_out[VERSION_TEXT])
{
    uint64_t serial = version >> AVPN_VERSION_SERIAL_SHIFT;
    uint64_t number = version & (((uint64_t)1 << AVPN_VERSION_SERIAL_SHIFT) - 1);

    if (serial)
        (void)snprintf(text_out, VERSION_TEXT, "%llu.%llu", (unsigned long long)serial,
                       (unsigned long long)number);
    else
        (void)snprintf(text_out, VERSION_TEXT, "%llu", (unsigned long long)number);
    return text_out;
}
