/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Scripts by relative name: working directory, LOADER_SCRIPT_PATH, execution paths of the tag. */
#include "ports/c/script_path.h"

#include "core/error.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct script_folder {
    struct script_folder *next;
    char *path;
    char tag[];
};

static pthread_mutex_t script_lock = PTHREAD_MUTEX_INITIALIZER;
static struct script_folder *script_folders; /* in order; entries are never freed while in use */

static char *script_join(const char *folder, size_t length, const char *name)
{
    char *path = NULL;
    if (asprintf(&path, "%.*s/%s", (int)length, folder, name) < 0) {
        error_raise_memory();
        return NULL;
    }
    return path;
}

static int script_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

/* Absolute and without links in its folders; where that fails, as it was. Takes over `path`. */
static char *script_absolute(char *path)
{
    char *real = realpath(path, NULL);
    if (real == NULL)
        return path;
    free(path);
    return real;
}

char *script_path_absolute(const char *path)
{
    char *copy;
    char folder[PATH_MAX];
    if (*path == '/' || getcwd(folder, sizeof(folder)) == NULL) {
        if ((copy = strdup(path)) == NULL)
            error_raise_memory();
    } else {
        copy = script_join(folder, strlen(folder), path);
    }
    return copy != NULL ? script_absolute(copy) : NULL;
}

/* A path that exists, or NULL without an error. */
static char *script_try(const char *folder, size_t length, const char *name)
{
    char *path = script_join(folder, length, name);
    if (path != NULL && script_exists(path))
        return script_absolute(path);
    free(path);
    return NULL;
}

static char *script_search_environment(const char *name)
{
    const char *folders = getenv("LOADER_SCRIPT_PATH");
    while (folders != NULL && *folders != '\0') {
        size_t length = strcspn(folders, ":");
        char *path = length != 0 ? script_try(folders, length, name) : NULL;
        if (path != NULL)
            return path;
        folders += length;
        folders += *folders == ':';
    }
    return NULL;
}

struct script_search {
    const char *name;
    char *found;
};

static int script_visit(const char *path, void *data)
{
    struct script_search *search = data;
    search->found = script_try(path, strlen(path), search->name);
    return search->found != NULL;
}

char *script_path_resolve(const char *tag, const char *name)
{
    struct script_search search = {name, NULL};
    char *path = NULL;
    if (*name != '/') {
        path = script_try(".", 1, name);
        if (path == NULL)
            path = script_search_environment(name);
        if (path == NULL && script_path_each(tag, script_visit, &search) != 0)
            path = search.found;
    }
    if (path == NULL && (path = strdup(name)) == NULL)
        error_raise_memory();
    return path;
}

int script_path_each(const char *tag, int (*visit)(const char *path, void *data), void *data)
{
    pthread_mutex_lock(&script_lock);
    struct script_folder *folder = script_folders;
    pthread_mutex_unlock(&script_lock);
    for (; folder != NULL; folder = __atomic_load_n(&folder->next, __ATOMIC_ACQUIRE)) {
        int result = strcmp(folder->tag, tag) == 0 ? visit(folder->path, data) : 0;
        if (result != 0)
            return result;
    }
    return 0;
}

static void script_fork_prepare(void)
{
    pthread_mutex_lock(&script_lock);
}

static void script_fork_done(void)
{
    pthread_mutex_unlock(&script_lock);
}

static void script_watch_forks(void)
{
    pthread_atfork(script_fork_prepare, script_fork_done, script_fork_done);
}

int script_path_add(const char *tag, const char *path)
{
    static pthread_once_t watch = PTHREAD_ONCE_INIT;
    pthread_once(&watch, script_watch_forks);

    size_t length = strlen(tag);
    struct script_folder *folder = calloc(1, sizeof(*folder) + length + 1);
    char *copy = strdup(path);
    if (folder == NULL || copy == NULL) {
        free(folder);
        free(copy);
        return error_raise_memory();
    }
    memcpy(folder->tag, tag, length + 1);
    folder->path = copy;
    pthread_mutex_lock(&script_lock);
    struct script_folder **at = &script_folders;
    while (*at != NULL && !(strcmp((*at)->tag, tag) == 0 && strcmp((*at)->path, folder->path) == 0))
        at = &(*at)->next;
    if (*at == NULL) {
        __atomic_store_n(at, folder, __ATOMIC_RELEASE);
        folder = NULL;
    }
    pthread_mutex_unlock(&script_lock);
    if (folder != NULL) { /* known already */
        free(folder->path);
        free(folder);
    }
    return 0;
}

void script_path_forget(void)
{
    pthread_mutex_lock(&script_lock);
    struct script_folder *folder = script_folders;
    script_folders = NULL;
    pthread_mutex_unlock(&script_lock);
    while (folder != NULL) {
        struct script_folder *next = folder->next;
        free(folder->path);
        free(folder);
        folder = next;
    }
}
