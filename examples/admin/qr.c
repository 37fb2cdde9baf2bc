/* SPDX-License-Identifier: ISC */
#include "admin/qr.h"

#include <qrencode.h>

#define QUIET 2 /* modules around it; readers ask for 4, and all take 2 */

/* Outside of the code everything is light. */
static int is_light(const QRcode *code, int x, int y)
{
    if (x < 0 || y < 0 || x >= code->width || y >= code->width)
        return 1;
    return (code->data[y * code->width + x] & 1) == 0;
}

static void print_line(const QRcode *code, int y, int has_colors, FILE *file)
{
    static const char *const blocks[] = {" ", "\u2584", "\u2580", "\u2588"}; /* by upper, lower */

    if (has_colors)
        fputs("\033[40;97m", file);
    for (int x = -QUIET; x < code->width + QUIET; x++) {
        int upper = is_light(code, x, y);
        int lower = y + 1 < code->width + QUIET && is_light(code, x, y + 1);

        fputs(blocks[upper * 2 + lower], file);
    }
    fputs(has_colors ? "\033[0m\n" : "\n", file);
}

int qr_print(const char *text, int has_colors, FILE *file)
{
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);

    if (!code)
        return -1;
    for (int y = -QUIET; y < code->width + QUIET; y += 2)
        print_line(code, y, has_colors, file);
    QRcode_free(code);
    return 0;
}
