/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "registry/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <metacall/loader.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>
#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#endif

extern char **environ;

static const char *clean_root(struct environment *environment, const char *root)
{
    size_t size = root ? strlen(root) : 0;
    while (size > 0 && root[size - 1] == '/')
        size--;
    return arena_copy(&environment->arena, root ? root : "", size);
}

int environment_init(struct environment *environment, const char *root, const char *prefix,
                     const char *const *variables, int secure)
{
    size_t count = 0;
    const char *const *from = variables ? variables : (const char *const *)environ;
    memset(environment, 0, sizeof *environment);
    environment->secure = secure || getauxval(AT_SECURE) != 0;
    environment->strict = environment->secure || geteuid() == 0;
    environment->root = clean_root(environment, root);
    environment->prefix = arena_text(&environment->arena, prefix);
    while (from && from[count])
        count++;
    const char **copy = arena_alloc(&environment->arena, (count + 1) * sizeof *copy);
    for (size_t i = 0; copy && i < count; i++)
        copy[i] = arena_text(&environment->arena, from[i]);
    environment->variables = copy;
    if (environment->arena.failed) {
        environment_finish(environment);
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    }
    return 0;
}

void environment_finish(struct environment *environment)
{
    arena_finish(&environment->arena);
}

const char *environment_peek(const struct environment *environment, const char *name)
{
    size_t size = strlen(name);
    for (const char *const *at = environment->variables; *at; at++) {
        if (strncmp(*at, name, size) == 0 && (*at)[size] == '=')
            return (*at)[size + 1] ? *at + size + 1 : NULL;
    }
    return NULL;
}

const char *environment_get(const struct environment *environment, const char *name)
{
    return environment->secure ? NULL : environment_peek(environment, name);
}

#if defined RESOLVE_IN_ROOT && defined SYS_openat2
/* Where an open file really lies, NULL = it cannot be told. */
static const char *path_of(struct arena *arena, int fd)
{
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path);
    return size > 0 && size < (ssize_t)sizeof path ? arena_copy(arena, path, (size_t)size) : NULL;
}

/* The path with every link followed as a process with that root would; NULL = the kernel cannot
 * say. */
static const char *resolve(const char *root, struct arena *arena, const char *path)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
    const char *found = NULL;
    int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return NULL;
    long fd = syscall(SYS_openat2, folder, path, &how, sizeof how);
    if (fd >= 0) {
        found = path_of(arena, (int)fd);
        close((int)fd);
    } else if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EACCES) {
        /* It is not there, or not for us. Joined to the root it could lead out of it. */
        found = arena_format(arena, "/proc/self/fd/none%s", path);
    }
    close(folder);
    return found;
}

const char *environment_real(const struct environment *environment, struct arena *arena,
                             const char *path)
{
    const char *real = NULL;
    if (!environment->root[0])
        return path;
    if (path[0] == '/')
        real = resolve(environment->root, arena, path);
    return real ? real : arena_format(arena, "%s%s", environment->root, path);
}

const char *environment_real_at(const struct environment *environment, struct arena *arena,
                                int folder, const char *name)
{
    int fd = open(environment->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    const char *root = fd >= 0 ? path_of(arena, fd) : NULL, *path = path_of(arena, folder);
    size_t size = root ? strlen(root) : 0;
    if (fd >= 0)
        close(fd);
    if (!root || !path || strncmp(path, root, size) != 0)
        return NULL;
    return resolve(root, arena, arena_format(arena, "%s/%s", path + size, name));
}
#else
const char *environment_real(const struct environment *environment, struct arena *arena,
                             const char *path)
{
    return environment->root[0] ? arena_format(arena, "%s%s", environment->root, path) : path;
}

const char *environment_real_at(const struct environment *environment, struct arena *arena,
                                int folder, const char *name)
{
    (void)environment;
    (void)arena;
    (void)folder;
    (void)name;
    return NULL;
}
#endif
