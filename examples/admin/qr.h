/* SPDX-License-Identifier: ISC */
/* qr: a text as a QR code of half-block characters, two rows of modules to a line. */
#ifndef ADMIN_QR_H
#define ADMIN_QR_H

#include <stdio.h>

/* Light on dark, as terminals are; `has_colors` makes sure of it with escape codes. 0, or -1: too long for one. */
int qr_print(const char *text, int has_colors, FILE *file);

#endif
