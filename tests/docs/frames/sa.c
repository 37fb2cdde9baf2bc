/* SPDX-License-Identifier: ISC */
/* The example of sa.h. */
#include <autovpn/batch.h>
#include <autovpn/sa.h>
#include <string.h>

int32_t example(const uint8_t *key, const uint8_t *salt);
int32_t example(const uint8_t *key, const uint8_t *salt)
{
    struct avpn_sa *sa;

EXAMPLE
    return n;
}
