/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The levels of manifests/README.md, from METACALL_REGISTRY_ADD_PATH down to libmetacall's own
 * prefix. The working directory never takes part: a relative entry is shown and not used. */
#include "registry/search_path.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOADERS "metacall/loaders.d"

struct maker {
    const struct environment *environment;
    struct arena *arena;
    struct arena_list folders;
};

static void add(struct maker *maker, const char *path, enum metacall_registry_path_level level,
                const char *source)
{
    const struct search_folder *items = maker->folders.items;
    const char *reason = path[0] == '/' ? NULL : "it is relative";
    for (size_t i = 0; i < maker->folders.count && !reason; i++) {
        if (!items[i].reason && !items[i].file && strcmp(items[i].path, path) == 0)
            reason = "it was looked at before";
    }
    struct search_folder *folder =
        arena_push(maker->arena, &maker->folders, sizeof(struct search_folder));
    if (folder)
        *folder = (struct search_folder){
            .path = path, .level = level, .source = source, .reason = reason};
}

/* <base>/metacall/loaders.d */
static void add_base(struct maker *maker, const char *base, size_t size,
                     enum metacall_registry_path_level level, const char *source)
{
    while (size > 1 && base[size - 1] == '/')
        size--;
    add(maker, arena_format(maker->arena, "%.*s/" LOADERS, (int)size, base), level, source);
}

/* Each part of a list like PATH, given to `each`. */
static void split(struct maker *maker, const char *list, enum metacall_registry_path_level level,
                  const char *source,
                  void (*each)(struct maker *, const char *, size_t,
                               enum metacall_registry_path_level, const char *))
{
    while (list && *list) {
        size_t size = strcspn(list, ":");
        if (size > 0)
            each(maker, list, size, level, source);
        list += size + (list[size] == ':');
    }
}

static int is_kind(struct maker *maker, const char *path, mode_t kind)
{
    struct stat status;
    return stat(environment_real(maker->environment, maker->arena, path), &status) == 0 &&
           (status.st_mode & S_IFMT) == kind;
}

/* An entry of METACALL_REGISTRY_PATH: a prefix, a folder of manifests, or one manifest. */
static void add_entry(struct maker *maker, const char *entry, size_t size,
                      enum metacall_registry_path_level level, const char *source)
{
    static const char *const below[] = {"lib/" LOADERS, LOADERS};
    while (size > 1 && entry[size - 1] == '/')
        size--;
    const char *path = arena_copy(maker->arena, entry, size), *slash = strrchr(path, '/');
    if (path[0] == '/' && is_kind(maker, path, S_IFREG)) {
        add(maker, arena_copy(maker->arena, path, (size_t)(slash - path)), level, source);
        struct search_folder *items = maker->folders.items;
        items[maker->folders.count - 1].file = slash + 1;
        items[maker->folders.count - 1].reason = NULL;
        return;
    }
    for (size_t i = 0; path[0] == '/' && i < sizeof below / sizeof *below; i++) {
        const char *folder = arena_format(maker->arena, "%s/%s", path, below[i]);
        if (is_kind(maker, folder, S_IFDIR)) {
            path = folder;
            break;
        }
    }
    add(maker, path, level, source);
}

/* $NAME/metacall/loaders.d, or below home where NAME is not set. */
static void add_home(struct maker *maker, const char *name, const char *below_home,
                     enum metacall_registry_path_level level)
{
    const char *value = environment_get(maker->environment, name);
    const char *home = environment_get(maker->environment, "HOME");
    if (value) {
        add_base(maker, value, strlen(value), level, name);
    } else if (home) {
        const char *base = arena_format(maker->arena, "%s/%s", home, below_home);
        add_base(maker, base, strlen(base), level, name);
    }
}

/* <prefix>/lib/<version>/site-packages/...: the prefix that a package manager put us into, which
 * counts whether or not somebody activated it. */
static void add_around(struct maker *maker, const char *library)
{
    const char *packages = strstr(library, "/site-packages/"), *end = packages;
    for (int up = 0; end && up < 2; up++)
        end = memrchr(library, '/', (size_t)(end - library));
    if (end && end > library && !maker->environment->secure)
        add(maker, arena_format(maker->arena, "%.*s/share/" LOADERS, (int)(end - library), library),
            METACALL_REGISTRY_LEVEL_ENVIRONMENT, "site-packages");
}

static void add_active(struct maker *maker, const char *library)
{
    static const char *const prefixes[] = {"VIRTUAL_ENV", "CONDA_PREFIX"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        const char *value = environment_get(maker->environment, prefixes[i]);
        if (value)
            add(maker, arena_format(maker->arena, "%s/share/" LOADERS, value),
                METACALL_REGISTRY_LEVEL_ENVIRONMENT, prefixes[i]);
    }
    add_around(maker, library);
    const char *modules = strstr(library, "/node_modules/");
    if (modules && !maker->environment->secure)
        add_base(maker, library, (size_t)(modules - library) + strlen("/node_modules"),
                 METACALL_REGISTRY_LEVEL_ENVIRONMENT, "node_modules");
}

/* The folder of the object that this function is in: libmetacall.so, or a program linked static. */
static const char *own_folder(struct arena *arena)
{
    Dl_info info;
    char resolved[PATH_MAX];
    if (!dladdr((void *)search_path_make, &info) || !info.dli_fname)
        return "";
    const char *path = strchr(info.dli_fname, '/') ? info.dli_fname : "/proc/self/exe";
    if (!realpath(path, resolved))
        return "";
    char *slash = strrchr(resolved, '/');
    *slash = '\0';
    return arena_text(arena, resolved);
}

static void add_library(struct maker *maker, const char *library)
{
    const char *prefix = maker->environment->prefix, *slash = strrchr(library, '/');
    if (prefix) {
        const char *base = arena_format(maker->arena, "%s/lib", prefix);
        add_base(maker, base, strlen(base), METACALL_REGISTRY_LEVEL_LIBRARY, "prefix");
        return;
    }
    if (environment_is_foreign(maker->environment)) {
        add_base(maker, "/usr/local/lib", 14, METACALL_REGISTRY_LEVEL_LIBRARY, "root");
        add_base(maker, "/usr/lib", 8, METACALL_REGISTRY_LEVEL_LIBRARY, "root");
        return;
    }
    if (!*library)
        return;
    if (strcmp(slash, "/bin") == 0) {
        const char *base = arena_format(maker->arena, "%.*s/lib", (int)(slash - library), library);
        add_base(maker, base, strlen(base), METACALL_REGISTRY_LEVEL_LIBRARY, "libmetacall");
    } else {
        add_base(maker, library, strlen(library), METACALL_REGISTRY_LEVEL_LIBRARY, "libmetacall");
    }
}

void search_path_make(const struct environment *environment, struct arena *arena,
                      struct search_path *ret_search)
{
    struct maker maker = {.environment = environment, .arena = arena};
    const char *library = own_folder(arena);
    const char *replace = environment_get(environment, "METACALL_REGISTRY_PATH");
    const char *config = environment_get(environment, "XDG_CONFIG_DIRS");
    const char *data = environment_get(environment, "XDG_DATA_DIRS");
    split(&maker, environment_get(environment, "METACALL_REGISTRY_ADD_PATH"),
          METACALL_REGISTRY_LEVEL_ADD, "METACALL_REGISTRY_ADD_PATH", add_entry);
    split(&maker, replace, METACALL_REGISTRY_LEVEL_REPLACE, "METACALL_REGISTRY_PATH", add_entry);
    if (!replace) {
        add_home(&maker, "XDG_CONFIG_HOME", ".config", METACALL_REGISTRY_LEVEL_CONFIG);
        split(&maker, config ? config : "/etc/xdg", METACALL_REGISTRY_LEVEL_CONFIG,
              config ? "XDG_CONFIG_DIRS" : "/etc/xdg", add_base);
        add_base(&maker, "/etc", 4, METACALL_REGISTRY_LEVEL_CONFIG, "/etc");
        add_home(&maker, "XDG_DATA_HOME", ".local/share", METACALL_REGISTRY_LEVEL_DATA_HOME);
        add_active(&maker, library);
        split(&maker, data ? data : "/usr/local/share:/usr/share",
              METACALL_REGISTRY_LEVEL_DATA_DIRS, "XDG_DATA_DIRS", add_base);
        add_library(&maker, library);
    }
    *ret_search = (struct search_path){
        .folders = maker.folders.items, .count = maker.folders.count, .library = library};
}

const char *const *search_path_plugins(const struct environment *environment, struct arena *arena,
                                       const struct search_path *search, const char *manifest)
{
    const char **folders = arena_alloc(arena, 5 * sizeof *folders), *slash = strrchr(manifest, '/');
    size_t count = 0, size = (size_t)(slash - manifest), suffix = strlen("/loaders.d");
    if (!folders)
        return NULL;
    folders[count++] = arena_copy(arena, manifest, size);
    if (size > suffix && strncmp(manifest + size - suffix, "/loaders.d", suffix) == 0)
        folders[count++] = arena_format(arena, "%.*s/loaders", (int)(size - suffix), manifest);
    if (environment->prefix)
        folders[count++] = arena_format(arena, "%s/lib/metacall/loaders", environment->prefix);
    else if (*search->library)
        folders[count++] = arena_format(arena, "%s/metacall/loaders", search->library);
    return folders;
}
