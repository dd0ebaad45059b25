/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What /proc/PID says of a process, in order. */
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

/* The executable's path, less the mark of a deleted file. */
static int read_executable(struct process_view *view)
{
    static const char gone[] = " (deleted)";
    size_t tail = sizeof(gone) - 1;
    char path[PATH_MAX + sizeof(gone)];
    ssize_t size = readlinkat(view->folder, "exe", path, sizeof(path) - 1);

    if (size < 0 && errno == ENOENT && process_state(view->folder) != 'Z' &&
        process_state(view->folder) != 0)
        return metacall_error_raise(METACALL_ERROR_HOST,
                                    "process %d is a kernel thread: it has no executable",
                                    (int)view->pid);
    if (size < 0)
        return process_raise(view->pid, view->folder, "executable");
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
