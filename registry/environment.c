/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "registry/environment.h"

#include <metacall/loader.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

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

const char *environment_real(const struct environment *environment, struct arena *arena,
                             const char *path)
{
    return environment->root[0] ? arena_format(arena, "%s%s", environment->root, path) : path;
}
