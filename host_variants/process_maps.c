/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The ELF objects of another process: what its mappings name. The kernel writes their paths from
 * the root of the mounts: those are ours, or, in a container, what the root folder of the process
 * leads to. */
#include "host_variants/process_view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <metacall/loader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* openat2 (Linux 5.6), for headers that lack it; it has the same number on every machine. */
struct open_inside {
    uint64_t flags, mode, resolve;
};
#define OPENAT2 437
#define RESOLVE_NO_MAGIC 0x02
#define RESOLVE_INSIDE 0x10

/* Opens a path of the process inside its root; no link leads out of there. */
static int open_in_root(int root, const char *path)
{
    struct open_inside how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                              .resolve = RESOLVE_INSIDE | RESOLVE_NO_MAGIC};
    long file = syscall(OPENAT2, root, path, &how, sizeof(how));

    if (file < 0 && (errno == ENOSYS || errno == EPERM))
        file = openat(root, path[0] == '/' ? path + 1 : path, (int)how.flags);
    return (int)file;
}

/* In a namespace of mounts that is not ours. Whose root is a folder of it (chroot), its paths begin
 * with that folder's. */
static int open_elsewhere(const struct process_view *view, const char *path)
{
    char root[PATH_MAX];
    int file = view->root >= 0 ? open_in_root(view->root, path) : -1;

    if (file >= 0 || view->root < 0)
        return file;
    ssize_t size = readlinkat(view->folder, "root", root, sizeof(root));
    if (size > 1 && (size_t)size < sizeof(root) && strncmp(path, root, (size_t)size) == 0 &&
        path[size] == '/')
        file = open_in_root(view->root, path + size);
    return file;
}

/* The file as it is mapped: /proc/PID/exe and map_files lead to it even when its name is gone. */
static int open_module(const struct process_view *view, const struct process_module *module)
{
    char name[64];
    int file = -1;

    if (module->is_executable)
        return openat(view->folder, "exe", O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (!module->deleted && !view->other_mounts)
        return open(module->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (!module->deleted)
        file = open_elsewhere(view, module->path);
    if (file >= 0)
        return file;
    snprintf(name, sizeof(name), "map_files/%lx-%lx", (unsigned long)module->from,
             (unsigned long)module->to);
    return openat(view->folder, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

static void open_modules(struct process_view *view)
{
    for (size_t i = 0; i < view->module_count; i++) {
        struct process_module *module = &view->modules[i];
        int file = open_module(view, module);
        if (file < 0)
            continue;
        module->readable = elf_image_open(module->path, file, &module->image) == 0;
        if (!module->readable)
            metacall_error_release(metacall_error_take());
        close(file);
    }
}

/* The path of a mapping, cut loose from its mark and its escapes. */
static void clean_path(char *path, int *ret_deleted)
{
    static const char gone[] = " (deleted)";
    size_t size = strlen(path), tail = sizeof(gone) - 1;
    char *to = path;

    *ret_deleted = size > tail && strcmp(path + size - tail, gone) == 0;
    if (*ret_deleted)
        path[size - tail] = 0;
    for (const char *from = path; *from; from++) {
        if (strncmp(from, "\\012", 4) == 0) {
            *to++ = '\n';
            from += 3;
        } else {
            *to++ = *from;
        }
    }
    *to = 0;
}

static struct process_module *add_module(struct process_view *view)
{
    if (view->module_count == view->module_room) {
        size_t room = view->module_room ? view->module_room * 2 : 32;
        struct process_module *modules = realloc(view->modules, room * sizeof(*modules));
        if (!modules)
            return NULL;
        view->modules = modules;
        view->module_room = room;
    }
    memset(&view->modules[view->module_count], 0, sizeof(*view->modules));
    return &view->modules[view->module_count++];
}

/* What the line before was about, so that the mappings of one file are one module. */
struct last_file {
    char device[16];
    unsigned long inode;
    uintptr_t from, to; /* its first mapping */
};

/* One line: "from-to perms offset dev inode path". A file counts once it is mapped as code. */
static int read_line(struct process_view *view, char *line, struct last_file *last)
{
    unsigned long from, to, inode;
    char protection[5], device[16];
    int path_at = 0, deleted;

    if (sscanf(line, "%lx-%lx %4s %*s %15s %lu %n", &from, &to, protection, device, &inode,
               &path_at) < 5 ||
        inode == 0 || path_at == 0 || line[path_at] != '/')
        return 0;
    if (inode != last->inode || strcmp(device, last->device) != 0) {
        last->inode = inode;
        strcpy(last->device, device);
        last->from = from;
        last->to = to;
    }
    if (protection[2] != 'x')
        return 0;
    clean_path(line + path_at, &deleted);
    for (size_t i = 0; i < view->module_count; i++) {
        if (strcmp(view->modules[i].path, line + path_at) == 0 &&
            view->modules[i].deleted == deleted)
            return 0;
    }
    struct process_module *module = add_module(view);
    if (!module || !(module->path = strdup(line + path_at)))
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    module->from = last->from;
    module->to = last->to;
    module->deleted = deleted;
    module->is_executable =
        strcmp(module->path, view->executable) == 0 && deleted == view->executable_deleted;
    return 0;
}

int process_modules_read(struct process_view *view)
{
    struct last_file last = {.inode = 0};
    size_t size = 0;
    char *maps = process_read_file(view->folder, "maps", &size), *line = maps, *end;
    int result = 0;

    if (!maps)
        return process_raise(view->pid, view->folder, "mappings");
    if (size == 0) {
        errno = ESRCH;
        result = process_raise(view->pid, view->folder, "mappings");
    }
    for (; result == 0 && line && *line; line = end ? end + 1 : NULL) {
        end = strchr(line, '\n');
        if (end)
            *end = 0;
        result = read_line(view, line, &last);
    }
    free(maps);
    if (result == 0)
        open_modules(view);
    return result;
}
