/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Reading /proc/PID. */
#include "host_variants/process_view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <metacall/loader.h>
#include <stdio.h>
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

static int state_of(const struct process_view *view)
{
    size_t size = 0;
    char *stat = process_read_file(view->folder, "stat", &size);
    const char *end = stat ? strrchr(stat, ')') : NULL;
    int state = end && end[1] == ' ' ? end[2] : 0;

    free(stat);
    return state;
}

int process_raise(const struct process_view *view, const char *what)
{
    int wrong = errno;
    struct stat info;

    if (wrong == ENOMEM)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    if (wrong == ESRCH || fstat(view->folder, &info) != 0 || state_of(view) == 0)
        return metacall_error_raise(METACALL_ERROR_NOT_FOUND, "process %d has ended",
                                    (int)view->pid);
    if (state_of(view) == 'Z' || state_of(view) == 'X')
        return metacall_error_raise(METACALL_ERROR_NOT_FOUND,
                                    "process %d has ended, and waits for its parent to notice",
                                    (int)view->pid);
    if (wrong == EACCES || wrong == EPERM)
        return metacall_error_raise(METACALL_ERROR_HOST,
                                    "process %d may not be looked at: its %s belong to user %u, or "
                                    "it has made itself unreadable (you are user %u)",
                                    (int)view->pid, what, (unsigned)info.st_uid,
                                    (unsigned)geteuid());
    return metacall_error_raise(METACALL_ERROR_HOST, "process %d: its %s cannot be read: %s",
                                (int)view->pid, what, strerror(wrong));
}

/* The executable's path, less the mark of a deleted file. */
static int read_executable(struct process_view *view)
{
    static const char gone[] = " (deleted)";
    size_t tail = sizeof(gone) - 1;
    char path[PATH_MAX + sizeof(gone)];
    ssize_t size = readlinkat(view->folder, "exe", path, sizeof(path) - 1);

    if (size < 0 && errno == ENOENT && state_of(view) != 'Z' && state_of(view) != 0)
        return metacall_error_raise(METACALL_ERROR_HOST,
                                    "process %d is a kernel thread: it has no executable",
                                    (int)view->pid);
    if (size < 0)
        return process_raise(view, "executable");
    path[size] = 0;
    if ((size_t)size > tail && strcmp(path + size - tail, gone) == 0) {
        path[(size_t)size - tail] = 0;
        view->executable_deleted = 1;
    }
    view->executable = strdup(path);
    return view->executable ? 0 : metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
}

/* What is good to know and may be kept from us. */
static void read_extras(struct process_view *view)
{
    size_t size = 0;
    char *status = process_read_file(view->folder, "status", &size);
    const char *handled = status ? strstr(status, "\nSigCgt:") : NULL;

    if (handled) {
        view->handled = strtoull(handled + strlen("\nSigCgt:"), NULL, 16);
        view->handled_known = 1;
    }
    free(status);
    view->arguments = process_read_file(view->folder, "cmdline", &view->arguments_size);
    view->environment = process_read_file(view->folder, "environ", &view->environment_size);
}

int process_view_read(pid_t pid, struct process_view *ret_view)
{
    struct process_view *view = ret_view;
    char path[32];
    struct stat info;

    memset(view, 0, sizeof(*view));
    view->pid = pid;
    view->folder = view->root = -1;
    if (pid <= 0)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT, "%d is not the number of a process",
                                    (int)pid);
    snprintf(path, sizeof(path), "/proc/%d", (int)pid);
    view->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (view->folder < 0 && errno == ENOENT && stat("/proc/self", &info) != 0)
        return metacall_error_raise(METACALL_ERROR_SUPPORT, "/proc is not mounted");
    if (view->folder < 0 && errno == ENOENT)
        return metacall_error_raise(METACALL_ERROR_NOT_FOUND,
                                    "there is no process %d, or it is hidden from you", (int)pid);
    if (view->folder < 0)
        return metacall_error_raise(METACALL_ERROR_HOST, "%s: %s", path, strerror(errno));
    if (read_executable(view) != 0)
        return -1;
    view->other_mounts = process_is_other(view->folder, "ns/mnt", "/proc/self/ns/mnt");
    view->root = openat(view->folder, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (process_modules_read(view) != 0)
        return -1;
    read_extras(view);
    return 0;
}

void process_view_finish(struct process_view *view)
{
    for (size_t i = 0; i < view->module_count; i++) {
        elf_image_close(&view->modules[i].image);
        free(view->modules[i].path);
    }
    free(view->modules);
    free(view->executable);
    free(view->arguments);
    free(view->environment);
    if (view->root >= 0)
        close(view->root);
    if (view->folder >= 0)
        close(view->folder);
}

int process_view_confirm(const struct process_view *view)
{
    struct process_view now = {.pid = view->pid, .folder = view->folder, .root = -1};
    int result = read_executable(&now);

    if (result == 0 && strcmp(now.executable, view->executable) != 0)
        result = metacall_error_raise(METACALL_ERROR_HOST,
                                      "process %d has become another program meanwhile: it was "
                                      "%s, and is %s",
                                      (int)view->pid, view->executable, now.executable);
    free(now.executable);
    return result;
}
