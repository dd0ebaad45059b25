/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "host_variants/process_file.h"

#include <errno.h>
#include <fcntl.h>
#include <metacall/loader.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *process_read_file(int folder, const char *name, size_t *ret_size)
{
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOCTTY), wrong = 0;
    size_t size = 0, room = 4096;
    char *bytes = NULL;

    if (file < 0)
        return NULL;
    for (;;) {
        char *larger = size + 1 >= room || !bytes ? realloc(bytes, room *= 2) : bytes;
        if (!larger) {
            wrong = ENOMEM;
            break;
        }
        bytes = larger;
        ssize_t got = read(file, bytes + size, room - size - 1);
        if (got < 0 && errno == EINTR)
            continue;
        wrong = got < 0 ? errno : 0;
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    close(file);
    if (wrong) {
        free(bytes);
        errno = wrong;
        return NULL;
    }
    bytes[size] = 0;
    *ret_size = size;
    return bytes;
}

int process_is_other(int folder, const char *name, const char *own)
{
    struct stat theirs, ours;

    return fstatat(folder, name, &theirs, 0) == 0 && stat(own, &ours) == 0 &&
           (theirs.st_dev != ours.st_dev || theirs.st_ino != ours.st_ino);
}

int process_state(int folder)
{
    size_t size = 0;
    char *stat = process_read_file(folder, "stat", &size);
    const char *end = stat ? strrchr(stat, ')') : NULL;
    int state = end && end[1] == ' ' ? end[2] : 0;

    free(stat);
    return state;
}

int process_raise(pid_t pid, int folder, const char *what)
{
    int wrong = errno;
    struct stat info;

    if (wrong == ENOMEM)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    if (wrong == ESRCH || fstat(folder, &info) != 0 || process_state(folder) == 0)
        return metacall_error_raise(METACALL_ERROR_NOT_FOUND, "process %d has ended", (int)pid);
    if (process_state(folder) == 'Z' || process_state(folder) == 'X')
        return metacall_error_raise(METACALL_ERROR_NOT_FOUND,
                                    "process %d has ended, and waits for its parent to notice",
                                    (int)pid);
    if (wrong == EACCES || wrong == EPERM)
        return metacall_error_raise(METACALL_ERROR_HOST,
                                    "process %d may not be looked at: its %s belong to user %u, or "
                                    "it has made itself unreadable (you are user %u)",
                                    (int)pid, what, (unsigned)info.st_uid, (unsigned)geteuid());
    return metacall_error_raise(METACALL_ERROR_HOST, "process %d: its %s cannot be read: %s",
                                (int)pid, what, strerror(wrong));
}
