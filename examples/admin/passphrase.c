/* SPDX-License-Identifier: ISC */
#include "admin/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <sodium.h>

#include "common/store.h"

#define MADE_KEYS 16

struct passphrase_memory {
    char texts[PASSPHRASES][PASSPHRASE_BYTES];
    struct passphrase_key keys[MADE_KEYS];
};

static int is_ready(struct passphrases *passphrases)
{
    if (!passphrases->memory && sodium_init() >= 0) {
        passphrases->memory = sodium_malloc(sizeof *passphrases->memory);
        if (passphrases->memory)
            sodium_memzero(passphrases->memory, sizeof *passphrases->memory);
    }
    if (!passphrases->memory)
        fprintf(stderr, "autovpn: no memory for passphrases\n");
    return passphrases->memory != NULL;
}

void passphrases_close(struct passphrases *passphrases)
{
    if (passphrases->memory)
        sodium_free(passphrases->memory); /* which wipes it */
    memset(passphrases, 0, sizeof *passphrases);
}

int passphrases_add_file(struct passphrases *passphrases, const char *path)
{
    if (passphrases->file_count == PASSPHRASES) {
        fprintf(stderr, "--key-file: %s: there can be %d at most\n", path, PASSPHRASES);
        return -1;
    }
    passphrases->files[passphrases->file_count++] = path;
    return 0;
}

/* ---- from a file -------------------------------------------------------------------------- */

static int take_line(const char *path, uint8_t *bytes, size_t count,
                     char text_out[PASSPHRASE_BYTES])
{
    const uint8_t *end = memchr(bytes, '\n', count);
    size_t length = end ? (size_t)(end - bytes) : count;

    if (length > 0 && bytes[length - 1] == '\r')
        length--;
    if (length == 0 || length >= PASSPHRASE_BYTES || memchr(bytes, 0, length)) {
        fprintf(stderr, "%s:1: the first line should be a passphrase of 1 to %d bytes\n", path,
                PASSPHRASE_BYTES - 1);
        return -1;
    }
    memcpy(text_out, bytes, length);
    text_out[length] = 0;
    return 0;
}

static int read_file(const char *path, char text_out[PASSPHRASE_BYTES])
{
    uint8_t *bytes;
    size_t count;
    int result;

    if (file_read(path, 65536, &bytes, &count) != 0) {
        fprintf(stderr, "%s: the key file cannot be read: %s\n", path, strerror(errno));
        return -1;
    }
    result = take_line(path, bytes, count, text_out);
    sodium_memzero(bytes, count);
    free(bytes);
    return result;
}

/* ---- from the terminal -------------------------------------------------------------------- */

#define END_OF_INPUT 4
#define INTERRUPT 3
#define KILL_LINE 21
#define BACKSPACE 8
#define DELETE 127

/* 0, or -1: given up. Key by key, so that an interrupt too comes here and the terminal is restored. */
static int read_keys(int tty, char text_out[PASSPHRASE_BYTES])
{
    size_t length = 0;
    unsigned char key;

    while (read(tty, &key, 1) == 1) {
        if (key == '\n' || key == '\r') {
            text_out[length] = 0;
            return 0;
        }
        if (key == INTERRUPT || (key == END_OF_INPUT && length == 0))
            return -1;
        if (key == KILL_LINE)
            length = 0;
        else if (key == BACKSPACE || key == DELETE)
            length -= length > 0;
        else if (key >= ' ' && length + 1 < PASSPHRASE_BYTES)
            text_out[length++] = (char)key;
    }
    return -1;
}

/* Silent before it asks: what is typed at once is neither shown nor lost. */
static int read_terminal(int tty, const char *question, const char *about,
                         char text_out[PASSPHRASE_BYTES])
{
    struct termios before, silent;
    int result;

    if (tcgetattr(tty, &before) != 0)
        return -1;
    silent = before;
    silent.c_lflag &= (tcflag_t) ~(ECHO | ICANON | ISIG);
    silent.c_cc[VMIN] = 1;
    silent.c_cc[VTIME] = 0;
    (void)tcsetattr(tty, TCSAFLUSH, &silent);
    dprintf(tty, "%s %s: ", question, about);
    result = read_keys(tty, text_out);
    (void)tcsetattr(tty, TCSAFLUSH, &before);
    dprintf(tty, "\n");
    return result;
}

static int ask(const char *question, const char *about, char text_out[PASSPHRASE_BYTES])
{
    int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    int result;

    if (tty < 0) {
        fprintf(stderr,
                "%s: there is no terminal to ask for the passphrase; --key-file FILE takes it "
                "from a file's first line\n",
                about);
        return -1;
    }
    result = read_terminal(tty, question, about, text_out);
    (void)close(tty);
    if (result != 0)
        fprintf(stderr, "autovpn: given up; nothing was changed\n");
    return result;
}

/* ---- which ------------------------------------------------------------------------------------- */

const char *passphrases_get(struct passphrases *passphrases, uint32_t number, const char *path,
                            int *complained_out)
{
    char *text;

    *complained_out = 1;
    if (!is_ready(passphrases))
        return NULL;
    if (number < passphrases->count)
        return passphrases->memory->texts[number];
    *complained_out = 0;
    if (number >= PASSPHRASES || (passphrases->file_count && number >= passphrases->file_count))
        return NULL;
    text = passphrases->memory->texts[number];
    *complained_out = 1;
    if (passphrases->is_mute && !passphrases->file_count) {
        fprintf(stderr,
                "%s: is locked with a passphrase; --key-file FILE takes it from a file's "
                "first line\n",
                path);
        return NULL;
    }
    if ((passphrases->file_count ? read_file(passphrases->files[number], text)
                                 : ask("Passphrase of", path, text)) != 0)
        return NULL;
    passphrases->count = number + 1;
    return text;
}

int passphrases_forget(struct passphrases *passphrases, uint32_t number)
{
    struct passphrase_memory *memory = passphrases->memory;
    uint32_t kept = 0;

    if (passphrases->file_count)
        return 0;
    for (uint32_t i = 0; i < passphrases->key_count; i++)
        if (memory->keys[i].number != number)
            memory->keys[kept++] = memory->keys[i];
    passphrases->key_count = kept;
    passphrases->count = number;
    sodium_memzero(memory->texts[number], PASSPHRASE_BYTES);
    return 1;
}

static int ask_twice(char text_out[PASSPHRASE_BYTES], char again[PASSPHRASE_BYTES])
{
    for (int tries = 0; tries < 3; tries++) {
        if (ask("New passphrase for", "the organization's keys", text_out) != 0)
            return -1;
        if (strlen(text_out) < PASSPHRASE_LEAST) {
            fprintf(stderr, "it should have at least %d characters\n", PASSPHRASE_LEAST);
            continue;
        }
        if (ask("Once more, for", "the organization's keys", again) != 0)
            return -1;
        if (strcmp(text_out, again) == 0)
            return 0;
        fprintf(stderr, "the two are not the same\n");
    }
    return -1;
}

int passphrases_make(struct passphrases *passphrases)
{
    char *texts[2];

    if (!is_ready(passphrases))
        return -1;
    if (passphrases->count > 0)
        return 0;
    texts[0] = passphrases->memory->texts[0];
    texts[1] = passphrases->memory->texts[1]; /* free: nothing is known yet */
    if (passphrases->file_count == 0) {
        if (ask_twice(texts[0], texts[1]) != 0)
            return -1;
        sodium_memzero(texts[1], PASSPHRASE_BYTES);
    } else if (read_file(passphrases->files[0], texts[0]) != 0) {
        return -1;
    } else if (strlen(texts[0]) < PASSPHRASE_LEAST) {
        fprintf(stderr, "%s:1: a passphrase should have at least %d characters\n",
                passphrases->files[0], PASSPHRASE_LEAST);
        return -1;
    }
    passphrases->count = 1;
    return 0;
}

/* ---- keys made of them ------------------------------------------------------------------------ */

static int is_same_cost(const struct passphrase_cost *a, const struct passphrase_cost *b)
{
    return a->operations == b->operations && a->memory_bytes == b->memory_bytes &&
           memcmp(a->salt, b->salt, sizeof a->salt) == 0;
}

const uint8_t *passphrases_key(struct passphrases *passphrases, uint32_t number,
                               const struct passphrase_cost *cost)
{
    struct passphrase_memory *memory = passphrases->memory;
    struct passphrase_key *key;

    for (uint32_t i = 0; i < passphrases->key_count; i++)
        if (memory->keys[i].number == number && is_same_cost(&memory->keys[i].cost, cost))
            return memory->keys[i].bytes;
    key = &memory->keys[passphrases->key_count % MADE_KEYS];
    if (passphrases->key_count == MADE_KEYS)
        passphrases->key_count = 0; /* made again when they are asked for again */
    if (crypto_pwhash(key->bytes, sizeof key->bytes, memory->texts[number],
                      strlen(memory->texts[number]), cost->salt, cost->operations,
                      (size_t)cost->memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        fprintf(stderr, "autovpn: %llu MiB of memory are needed to make a key of a passphrase\n",
                (unsigned long long)(cost->memory_bytes >> 20));
        return NULL;
    }
    key->number = number;
    key->cost = *cost;
    passphrases->key_count++;
    return key->bytes;
}

void passphrases_cost(const struct passphrases *passphrases, struct passphrase_cost *cost_out)
{
    for (uint32_t i = 0; i < passphrases->key_count; i++) {
        const struct passphrase_key *key = &passphrases->memory->keys[i];

        if (key->number == passphrases->opener &&
            key->cost.operations >= crypto_pwhash_OPSLIMIT_MODERATE &&
            key->cost.memory_bytes >= crypto_pwhash_MEMLIMIT_MODERATE) {
            *cost_out = key->cost;
            return;
        }
    }
    cost_out->operations = crypto_pwhash_OPSLIMIT_MODERATE;
    cost_out->memory_bytes = crypto_pwhash_MEMLIMIT_MODERATE;
    randombytes_buf(cost_out->salt, sizeof cost_out->salt);
}
