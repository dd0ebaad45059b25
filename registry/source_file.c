/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "registry/source_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char *kind_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return "a folder";
    case S_IFIFO:
        return "a named pipe";
    case S_IFSOCK:
        return "a socket";
    case S_IFCHR:
    case S_IFBLK:
        return "a device";
    default:
        return "no regular file";
    }
}

static void refuse(struct source_file *file, const char *id, const char *format, const char *what)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
    file->state = SOURCE_FILE_REFUSED;
    file->id = id;
    snprintf(file->message, sizeof file->message, format, what);
}

static const char *distrust(const struct environment *environment, const struct stat *status)
{
    if (!environment->strict)
        return NULL;
    if (status->st_uid != 0 && status->st_uid != geteuid())
        return "it belongs to another user";
    if (status->st_mode & S_IWOTH)
        return "everybody may write it";
    if ((status->st_mode & S_IWGRP) && status->st_gid != 0)
        return "its group may write it";
    return NULL;
}

const char *source_file_distrust(const struct environment *environment, int fd)
{
    struct stat status;
    if (!environment->strict)
        return NULL;
    return fstat(fd, &status) < 0 ? "its owner cannot be read" : distrust(environment, &status);
}

static int is_null_device(const struct stat *status)
{
    return S_ISCHR(status->st_mode) && status->st_rdev == makedev(1, 3);
}

static void examine(const struct environment *environment, size_t size_max,
                    struct source_file *file)
{
    struct stat status;
    const char *reason;
    if (fstat(file->fd, &status) < 0) {
        refuse(file, "file.access", "cannot be read: %s", strerror(errno));
    } else if (is_null_device(&status) || (S_ISREG(status.st_mode) && status.st_size == 0)) {
        close(file->fd);
        file->fd = -1;
        file->state = SOURCE_FILE_MASK;
    } else if (!S_ISREG(status.st_mode)) {
        refuse(file, "file.type", "is %s, not a regular file", kind_of(status.st_mode));
    } else if ((uintmax_t)status.st_size > size_max) {
        char size[64];
        snprintf(size, sizeof size, "%jd bytes; at most %zu", (intmax_t)status.st_size, size_max);
        refuse(file, "file.size", "is too large: %s", size);
    } else if ((reason = distrust(environment, &status)) != NULL) {
        refuse(file, "file.trust", "is refused: %s", reason);
    } else {
        file->size = (size_t)status.st_size;
    }
}

/* Where a link in another root leads inside of it; NULL = it is none, or the one that masks. */
static const char *link_inside(const struct environment *environment, struct arena *arena,
                               int folder, const char *name)
{
    char target[16];
    ssize_t size = readlinkat(folder, name, target, sizeof target);
    if (size < 0 || (size == 9 && memcmp(target, "/dev/null", 9) == 0))
        return NULL;
    return environment_real_at(environment, arena, folder, name);
}

void source_file_open_at(const struct environment *environment, int folder, const char *name,
                         size_t size_max, struct source_file *ret_file)
{
    struct source_file file = {.state = SOURCE_FILE_OPEN};
    struct arena arena = {.chunks = NULL};
    const char *real = folder != AT_FDCWD && environment_is_foreign(environment)
                           ? link_inside(environment, &arena, folder, name)
                           : NULL;
    file.fd = openat(folder, real ? real : name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    arena_finish(&arena);
    if (file.fd >= 0) {
        examine(environment, size_max, &file);
    } else if (errno == ENOENT || errno == ENOTDIR) {
        struct stat status;
        if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
            refuse(&file, "file.link", "is a link to nothing%s", "");
        else
            file.state = SOURCE_FILE_ABSENT;
    } else if (errno == ENXIO) {
        refuse(&file, "file.type", "is %s, not a regular file", "a socket or a device");
    } else {
        refuse(&file, errno == ELOOP ? "file.link" : "file.access", "cannot be opened: %s",
               strerror(errno));
    }
    *ret_file = file;
}

void source_file_open(const struct environment *environment, const char *path, size_t size_max,
                      struct source_file *ret_file)
{
    struct arena arena = {.chunks = NULL};
    source_file_open_at(environment, AT_FDCWD, environment_real(environment, &arena, path),
                        size_max, ret_file);
    arena_finish(&arena);
}

void source_file_close(struct source_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

/* Reads into `text`, which has room for one byte more than fstat said, and a NUL. */
static int read_all(struct source_file *file, char *text)
{
    size_t at = 0, room = file->size + 1;
    while (at < room) {
        ssize_t got = read(file->fd, text + at, room - at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            refuse(file, "file.access", "cannot be read: %s", strerror(errno));
        if (got <= 0)
            break;
        at += (size_t)got;
        if (at == file->size)
            break; /* less than was asked for: a regular file's end */
    }
    if (file->state == SOURCE_FILE_OPEN && at > file->size)
        refuse(file, "file.size", "grew while it was read%s", "");
    if (file->state != SOURCE_FILE_OPEN)
        return -1;
    file->size = at;
    text[at] = '\0';
    return 0;
}

const char *source_file_read_into(struct source_file *file, char **buffer, size_t *buffer_size)
{
    size_t room = file->size + 2;
    if (room > *buffer_size) {
        size_t size = room > 16384 ? room : 16384;
        char *larger = realloc(*buffer, size);
        if (!larger) {
            refuse(file, "file.access", "cannot be read: %s", strerror(ENOMEM));
            file->no_memory = 1;
            return NULL;
        }
        *buffer = larger;
        *buffer_size = size;
    }
    return read_all(file, *buffer) < 0 ? NULL : *buffer;
}

char *source_file_read(struct source_file *file)
{
    char *text = NULL;
    size_t size = 0;
    if (source_file_read_into(file, &text, &size))
        return text;
    free(text);
    return NULL;
}
