/* SPDX-License-Identifier: ISC */
#include "admin/secret_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "common/store.h"

#define MAGIC "autovpn-secret"
#define LINE_LIMIT 512
#define WORDS 11
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define BASE64 sodium_base64_VARIANT_ORIGINAL
/* What a file may ask this machine for: beyond it, it is not one that this program made. */
#define OPERATIONS_MOST 64u
#define MEMORY_MOST (2ull << 30)

struct line {
    char text[LINE_LIMIT]; /* as it stands in the file */
    char cut[LINE_LIMIT];  /* the same, cut into words */
    char *words[WORDS];
    uint32_t count;
};

static int complain(const char *path, const char *what)
{
    fprintf(stderr, "%s:1: %s\n", path, what);
    return -1;
}

/* ---- a line and its words ------------------------------------------------------------------- */

static void cut_words(struct line *line)
{
    char *rest = NULL;

    memcpy(line->cut, line->text, sizeof line->cut);
    line->count = 0;
    for (char *word = strtok_r(line->cut, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (line->count == WORDS) {
            line->count = 0; /* none of ours has so many */
            return;
        }
        line->words[line->count++] = word;
    }
}

static int is_locked(const struct line *line)
{
    return line->count == 11 && strcmp(line->words[4], "argon2id13") == 0 &&
           strcmp(line->words[8], "xchacha20poly1305") == 0;
}

static int is_plain(const struct line *line)
{
    return line->count == 6 && strcmp(line->words[4], "plain") == 0;
}

static int is_ours(const struct line *line)
{
    return line->count > 0 && strcmp(line->words[0], MAGIC) == 0;
}

static int check(const char *path, const struct line *line)
{
    if (line->count < 4 || strcmp(line->words[1], "1") != 0)
        return complain(path, "of a version that this program does not know; it knows " MAGIC " 1");
    if ((!is_locked(line) && !is_plain(line)) || strlen(line->words[2]) >= SECRET_KIND_BYTES ||
        strlen(line->words[3]) >= SECRET_PUBLIC_BYTES)
        return complain(path, "the line is damaged; restore the file from a copy");
    return 1;
}

/* As secret_file_label. */
static int read_line(const char *path, struct line *line)
{
    uint8_t *bytes;
    size_t count;
    size_t length;

    memset(line, 0, sizeof *line);
    if (file_read(path, 65536, &bytes, &count) != 0) {
        if (errno == ENOENT || errno == EISDIR || errno == EFBIG)
            return 0;
        fprintf(stderr, "%s: cannot be read: %s\n", path, strerror(errno));
        return -1;
    }
    length = strcspn((const char *)bytes, "\r\n");
    if (length < sizeof line->text)
        memcpy(line->text, bytes, length);
    sodium_memzero(bytes, count);
    free(bytes);
    cut_words(line);
    return is_ours(line) ? check(path, line) : 0;
}

static void warn_of_readers(const char *path)
{
    struct stat info;

    if (stat(path, &info) == 0 && (info.st_mode & 077) != 0)
        fprintf(stderr, "%s: warning: others than its owner may read this plain key; chmod 600\n",
                path);
}

int secret_file_label(const char *path, struct secret_label *label_out)
{
    struct line line;
    int result = read_line(path, &line);

    memset(label_out, 0, sizeof *label_out);
    if (result == 1) {
        strcpy(label_out->kind, line.words[2]); /* check() measured them */
        strcpy(label_out->public_text, line.words[3]);
        label_out->is_plain = is_plain(&line);
    }
    sodium_memzero(&line, sizeof line);
    return result;
}

/* ---- opening -------------------------------------------------------------------------------- */

static int decode(const char *text, uint8_t *bytes_out, size_t count)
{
    size_t found = 0;
    const char *end = NULL;

    return sodium_base642bin(bytes_out, count, text, strlen(text), NULL, &found, &end, BASE64) ==
                       0 &&
                   found == count && *end == 0
               ? 0
               : -1;
}

static int read_number(const char *text, uint64_t least, uint64_t most, uint64_t *number_out)
{
    char *end;

    errno = 0;
    *number_out = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == 0 && errno == 0 && *number_out >= least &&
                   *number_out <= most
               ? 0
               : -1;
}

struct locked {
    struct passphrase_cost cost;
    uint8_t nonce[NONCE_BYTES];
    uint8_t sealed[SECRET_LIMIT + TAG_BYTES];
    size_t sealed_bytes;
    const char *authenticated;
    size_t authenticated_bytes;
};

static int read_locked(const struct line *line, size_t count, struct locked *locked_out)
{
    locked_out->sealed_bytes = count + TAG_BYTES;
    locked_out->authenticated = line->text;
    locked_out->authenticated_bytes = (size_t)(line->words[10] - line->cut);
    if (read_number(line->words[5], crypto_pwhash_OPSLIMIT_MIN, OPERATIONS_MOST,
                    &locked_out->cost.operations) != 0 ||
        read_number(line->words[6], crypto_pwhash_MEMLIMIT_MIN, MEMORY_MOST,
                    &locked_out->cost.memory_bytes) != 0)
        return -1;
    if (decode(line->words[7], locked_out->cost.salt, sizeof locked_out->cost.salt) != 0 ||
        decode(line->words[9], locked_out->nonce, sizeof locked_out->nonce) != 0)
        return -1;
    return decode(line->words[10], locked_out->sealed, locked_out->sealed_bytes);
}

/* 1 opened, 0 not with this passphrase, -1 after a complaint. */
static int try_passphrase(struct passphrases *passphrases, uint32_t number,
                          const struct locked *locked, uint8_t *secret_out)
{
    const uint8_t *key = passphrases_key(passphrases, number, &locked->cost);

    if (!key)
        return -1;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            secret_out, NULL, NULL, locked->sealed, locked->sealed_bytes,
            (const uint8_t *)locked->authenticated, locked->authenticated_bytes, locked->nonce,
            key) != 0)
        return 0;
    passphrases->opener = number;
    return 1;
}

static int unlock(const char *path, struct passphrases *passphrases, const struct locked *locked,
                  uint8_t *secret_out)
{
    uint32_t number = 0;
    uint32_t tries = 0;

    for (;;) {
        int was_said;
        int result;

        if (!passphrases_get(passphrases, number, path, &was_said))
            return was_said ? -1
                            : complain(path, "none of the passphrases given opens it; --key-file "
                                             "may be given once for each");
        result = try_passphrase(passphrases, number, locked, secret_out);
        if (result != 0)
            return result == 1 ? 0 : -1;
        if (number + 1 < passphrases->count || !passphrases_forget(passphrases, number)) {
            number++;
        } else {
            fprintf(stderr, "that does not open %s\n", path);
            if (++tries == 3)
                return complain(path, "not opened: wrong passphrase, or the file is damaged");
        }
    }
}

int secret_file_open(const char *path, struct passphrases *passphrases, uint8_t *secret_out,
                     size_t count)
{
    struct locked locked;
    struct line line;
    int result = read_line(path, &line);

    if (result != 1) {
        result = result == 0 ? complain(path, "should be a line that begins with " MAGIC) : -1;
    } else if (is_plain(&line)) {
        warn_of_readers(path);
        result = decode(line.words[5], secret_out, count);
        if (result != 0)
            complain(path, "the secret should be base64 of the right length");
    } else if (count > SECRET_LIMIT || read_locked(&line, count, &locked) != 0) {
        result = complain(path, "the line is damaged; restore the file from a copy");
    } else {
        result = unlock(path, passphrases, &locked, secret_out);
    }
    sodium_memzero(&line, sizeof line);
    return result;
}

/* ---- saving ------------------------------------------------------------------------------- */

static void append(char line[LINE_LIMIT], const uint8_t *bytes, size_t count, const char *after)
{
    size_t length = strlen(line);

    (void)sodium_bin2base64(line + length, LINE_LIMIT - length, bytes, count, BASE64);
    strncat(line, after, LINE_LIMIT - strlen(line) - 1);
}

/* Our own words are far below LINE_LIMIT: the longest line has some 330 characters. */
static int lock(char line[LINE_LIMIT], struct passphrases *passphrases, const uint8_t *secret,
                size_t count)
{
    struct passphrase_cost cost;
    uint8_t sealed[SECRET_LIMIT + TAG_BYTES];
    uint8_t nonce[NONCE_BYTES];
    size_t length = strlen(line);
    const uint8_t *key;

    passphrases_cost(passphrases, &cost);
    key = passphrases_key(passphrases, passphrases->opener, &cost);
    if (!key)
        return -1;
    (void)snprintf(line + length, LINE_LIMIT - length, " argon2id13 %llu %llu ",
                   (unsigned long long)cost.operations, (unsigned long long)cost.memory_bytes);
    append(line, cost.salt, sizeof cost.salt, " xchacha20poly1305 ");
    randombytes_buf(nonce, sizeof nonce);
    append(line, nonce, sizeof nonce, " ");
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(
        sealed, NULL, secret, count, (const uint8_t *)line, strlen(line), NULL, nonce, key);
    append(line, sealed, count + TAG_BYTES, "\n");
    return 0;
}

int secret_file_save(const char *path, const struct secret_label *label,
                     struct passphrases *passphrases, const uint8_t *secret, size_t count)
{
    char line[LINE_LIMIT];
    int result = 0;

    if (count > SECRET_LIMIT)
        return complain(path, "the secret is too long");
    (void)snprintf(line, sizeof line, MAGIC " 1 %s %s", label->kind, label->public_text);
    if (passphrases) {
        result = lock(line, passphrases, secret, count);
    } else {
        strcat(line, " plain ");
        append(line, secret, count, "\n");
    }
    if (result == 0 && file_replace(path, line, strlen(line), 0600) != 0) {
        fprintf(stderr, "%s: cannot be written: %s\n", path, strerror(errno));
        result = -1;
    }
    sodium_memzero(line, sizeof line);
    return result;
}
