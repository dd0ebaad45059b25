/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A folder of a test's own below the temporary folder, removed with all that it holds at the end;
 * and files in it. */
#ifndef TESTS_REGISTRY_TREE_H
#define TESTS_REGISTRY_TREE_H

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char tree_root[512];

static inline int tree_remove_one(const char *path, const struct stat *status, int kind,
                                  struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static inline void tree_remove(void)
{
    nftw(tree_root, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void tree_make(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(tree_root, sizeof tree_root, "%s/registry-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(tree_root)) {
        perror(tree_root);
        exit(2);
    }
    atexit(tree_remove);
}

/* The absolute path of a name in the tree, in one of a few buffers that take turns. */
__attribute__((format(printf, 1, 2))) static inline const char *tree_path(const char *format, ...)
{
    static char buffers[8][1024];
    static unsigned turn;
    char *buffer = buffers[turn++ % 8];
    int size = snprintf(buffer, sizeof buffers[0], "%s/", tree_root);
    va_list args;
    va_start(args, format);
    vsnprintf(buffer + size, sizeof buffers[0] - (size_t)size, format, args);
    va_end(args);
    return buffer;
}

/* Makes the folders above `path`. */
static inline void tree_folders(const char *path)
{
    char copy[1024];
    snprintf(copy, sizeof copy, "%s", path);
    for (char *at = copy + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        if (mkdir(copy, 0755) < 0 && errno != EEXIST) {
            perror(copy);
            exit(2);
        }
        *at = '/';
    }
}

static inline const char *tree_file(const char *path, const char *text)
{
    tree_folders(path);
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) {
        perror(path);
        exit(2);
    }
    chmod(path, 0644);
    return path;
}

/* A valid manifest without a runtime. `extra` is put among its keys: "\"x-a\": 1,". */
static inline const char *tree_manifest(const char *path, const char *tag, const char *version,
                                        const char *extra)
{
    char text[4096];
    snprintf(text, sizeof text,
             "{\"manifest_version\": 1, \"tag\": \"%s\", \"name\": \"%s loader\", %s\n"
             "\"version\": \"%s\", \"language\": {\"name\": \"Lang-%s\", \"aliases\": [\"al%s\"], "
             "\"extensions\": [\".%s\"]},\n"
             "\"variants\": [{\"strategy\": \"linked\", \"library\": \"lib%s_loader.so\"}],\n"
             "\"lifecycle\": {\"initialize\": \"i\", \"load_from_file\": \"l\", \"destroy\": "
             "\"d\"}}\n",
             tag, tag, extra, version, tag, tag, tag, tag);
    return tree_file(path, text);
}

#endif /* TESTS_REGISTRY_TREE_H */
