/* SPDX-License-Identifier: ISC */
#include "admin/progress.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINE 400

static int columns(FILE *out)
{
    struct winsize size;

    return ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col - 1 : 79;
}

static void format(const struct fleet_registry *registry, char line_out[LINE])
{
    char words[LINE - FLEET_NAME - 40];

    fleet_words(registry, words, sizeof words);
    (void)snprintf(line_out, LINE, "  %-28s %s%s", registry->name, words,
                   registry->is_leaving ? " (no more in the file)" : "");
}

static void wipe(struct progress *progress)
{
    for (; progress->lines > 0; progress->lines--)
        fputs("\033[A\033[2K", progress->out);
}

static void draw(struct progress *progress, const struct fleet *fleet)
{
    char line[LINE];

    wipe(progress);
    for (uint32_t i = 0; i < fleet->count; i++) {
        format(&fleet->registries[i], line);
        fprintf(progress->out, "%.*s\n", columns(progress->out), line);
        progress->lines++;
    }
    fflush(progress->out);
}

static void changed(void *user, const struct fleet *fleet, uint32_t registry)
{
    struct progress *progress = user;

    (void)registry;
    if (progress->is_terminal)
        draw(progress, fleet);
}

/* Without a terminal a line is one that is final. */
static void changed_plainly(void *user, const struct fleet *fleet, uint32_t registry)
{
    struct progress *progress = user;
    char line[LINE];

    if (!fleet->registries[registry].is_done || !fleet->bundle)
        return;
    format(&fleet->registries[registry], line);
    fprintf(progress->out, "%s\n", line);
    fflush(progress->out);
}

void progress_begin(struct progress *progress, struct fleet *fleet, FILE *out)
{
    progress->out = out;
    progress->is_terminal = out && isatty(fileno(out)) == 1;
    progress->lines = 0;
    fleet->user = progress;
    if (out)
        fleet->changed = progress->is_terminal ? changed : changed_plainly;
}

void progress_end(struct progress *progress, const struct fleet *fleet, int is_kept)
{
    char line[LINE];

    if (!progress->is_terminal)
        return;
    wipe(progress);
    for (uint32_t i = 0; is_kept && i < fleet->count; i++) {
        format(&fleet->registries[i], line);
        fprintf(progress->out, "%s\n", line);
    }
    fflush(progress->out);
}
