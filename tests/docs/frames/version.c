/* SPDX-License-Identifier: ISC */
/* The example of version.h. */
#include <autovpn/version.h>

void complain(const char *format, ...);
void example(void);
void example(void)
{
EXAMPLE
}
