/* SPDX-License-Identifier: ISC */
/* The example of types.h. */
#include <autovpn/types.h>

void example(void);
void example(void)
{
EXAMPLE
}
