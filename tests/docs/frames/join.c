/* SPDX-License-Identifier: ISC */
/* The example of join.h: the text came from the administrator. */
#include <autovpn/node.h>

struct avpn_node_options options;
void example(const char *text);
void example(const char *text)
{
EXAMPLE
}
