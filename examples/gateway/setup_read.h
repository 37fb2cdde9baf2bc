/* SPDX-License-Identifier: ISC */
/* setup_read: what the files that read the settings have in common. */
#ifndef GATEWAY_SETUP_READ_H
#define GATEWAY_SETUP_READ_H

#include "common/settings.h"
#include "gateway/setup.h"

void setup_read_interface(struct settings *file, const struct setting *value, char out[IFNAMSIZ]);
void setup_read_uplinks(struct settings *file, const struct setting *root, struct setup *setup);

#endif
