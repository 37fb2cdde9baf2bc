/* SPDX-License-Identifier: ISC */
#include "common/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_directories(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            return -1;
        *slash = '/';
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -1;
}

int store_open(struct store *store, const char *directory)
{
    struct stat info;
    size_t length = strlen(directory);

    store->lock = -1;
    if (length == 0 || length >= sizeof store->directory) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(store->directory, directory, length + 1);
    if (make_directories(store->directory) != 0 || stat(store->directory, &info) != 0)
        return -1;
    if (!S_ISDIR(info.st_mode)) {
        errno = ENOTDIR;
        return -1;
    }
    return 0;
}

void store_close(struct store *store)
{
    if (store->lock >= 0)
        (void)close(store->lock);
    store->lock = -1;
}

int store_lock(struct store *store)
{
    store->lock = open(store->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->lock < 0)
        return -1;
    return flock(store->lock, LOCK_EX | LOCK_NB);
}

static int store_path(const struct store *store, const char *name, char path_out[PATH_MAX])
{
    size_t length = strlen(name);

    if (length == 0 || length > 64 || name[0] == '.' ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") != length) {
        errno = EINVAL;
        return -1;
    }
    (void)snprintf(path_out, PATH_MAX, "%s/%s", store->directory, name);
    return 0;
}

int64_t store_read(const struct store *store, const char *name, uint8_t *bytes, size_t capacity)
{
    char path[PATH_MAX];
    uint8_t *all;
    size_t count;

    if (store_path(store, name, path) != 0 || file_read(path, 64u << 20, &all, &count) != 0)
        return -1;
    if (capacity > 0)
        memcpy(bytes, all, count < capacity ? count : capacity);
    free(all);
    return (int64_t)count;
}

int32_t store_write(const struct store *store, const char *name, const uint8_t *bytes,
                    size_t count)
{
    char path[PATH_MAX];

    if (store_path(store, name, path) != 0)
        return -1;
    return file_replace(path, bytes, count, 0600);
}

int store_remove(const struct store *store, const char *name)
{
    char path[PATH_MAX];

    if (store_path(store, name, path) != 0)
        return -1;
    return unlink(path) == 0 || errno == ENOENT ? 0 : -1;
}

static int read_all(int fd, size_t limit, uint8_t **bytes_out, size_t *count_out)
{
    size_t capacity = 4096;
    size_t count = 0;
    uint8_t *bytes = malloc(capacity + 1);

    while (bytes) {
        ssize_t n = read(fd, bytes + count, capacity - count);
        uint8_t *larger;

        if (n == 0) {
            bytes[count] = 0;
            *bytes_out = bytes;
            *count_out = count;
            return 0;
        }
        if (n < 0)
            break;
        count += (size_t)n;
        if (count > limit) {
            errno = EFBIG;
            break;
        }
        if (count < capacity)
            continue;
        larger = realloc(bytes, capacity * 2 + 1);
        if (!larger)
            break;
        bytes = larger;
        capacity *= 2;
    }
    free(bytes);
    return -1;
}

int file_read(const char *path, size_t limit, uint8_t **bytes_out, size_t *count_out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int result;
    int saved;

    if (fd < 0)
        return -1;
    result = read_all(fd, limit, bytes_out, count_out);
    saved = errno;
    (void)close(fd);
    errno = saved;
    return result;
}

static int write_all(int fd, const uint8_t *bytes, size_t count)
{
    while (count > 0) {
        ssize_t n = write(fd, bytes, count);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        bytes += n;
        count -= (size_t)n;
    }
    return fsync(fd);
}

static void directory_of(const char *path, char directory_out[PATH_MAX])
{
    char *slash;

    (void)snprintf(directory_out, PATH_MAX, "%s", path);
    slash = strrchr(directory_out, '/');
    if (!slash)
        (void)snprintf(directory_out, PATH_MAX, ".");
    else
        slash[slash == directory_out] = 0;
}

int file_make_directory(const char *path)
{
    char directory[PATH_MAX];

    directory_of(path, directory);
    return make_directories(directory);
}

/* The new name is on disk only when its directory is. */
static void sync_directory_of(const char *path)
{
    char directory[PATH_MAX];
    int fd;

    directory_of(path, directory);
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    (void)close(fd);
}

int file_replace(const char *path, const void *bytes, size_t count, mode_t mode)
{
    char beside[PATH_MAX];
    int saved;
    int fd;

    if (snprintf(beside, sizeof beside, "%s.new.%ld", path, (long)getpid()) >= (int)sizeof beside) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return -1;
    if (write_all(fd, bytes, count) == 0 && close(fd) == 0) {
        if (rename(beside, path) == 0) {
            sync_directory_of(path);
            return 0;
        }
        fd = -1;
    }
    saved = errno;
    if (fd >= 0)
        (void)close(fd);
    (void)unlink(beside);
    errno = saved;
    return -1;
}

int secret_load(const char *path, struct avpn_key *secret_out)
{
    uint8_t *bytes;
    size_t count;
    int32_t error;

    if (file_read(path, 256, &bytes, &count) != 0)
        return -1;
    while (count > 0 && (bytes[count - 1] == '\n' || bytes[count - 1] == ' '))
        bytes[--count] = 0;
    error = avpn_key_parse((const char *)bytes, secret_out);
    explicit_bzero(bytes, count);
    free(bytes);
    if (error == AVPN_OK)
        return 0;
    errno = EBADMSG;
    return -1;
}

int secret_save(const char *path, const struct avpn_key *secret)
{
    char text[AVPN_KEY_TEXT + 1];
    int result;

    if (avpn_key_format(secret, text, AVPN_KEY_TEXT) != AVPN_OK) {
        errno = EINVAL;
        return -1;
    }
    strcat(text, "\n");
    result = file_replace(path, text, strlen(text), 0600);
    explicit_bzero(text, sizeof text);
    return result;
}

int key_pair_load(const char *path, struct avpn_key_pair *pair_out)
{
    struct avpn_key secret;
    int32_t error;

    if (secret_load(path, &secret) != 0)
        return -1;
    error = avpn_key_pair_from_secret(&secret, pair_out);
    explicit_bzero(&secret, sizeof secret);
    if (error == AVPN_OK)
        return 0;
    errno = EBADMSG;
    return -1;
}

int key_pair_make(const char *path, struct avpn_key_pair *pair_out)
{
    if (key_pair_load(path, pair_out) == 0)
        return 0;
    if (errno != ENOENT)
        return -1; /* never overwrite what is there */
    if (avpn_key_pair_generate(pair_out) != AVPN_OK) {
        errno = EIO;
        return -1;
    }
    return secret_save(path, &pair_out->secret_key);
}
