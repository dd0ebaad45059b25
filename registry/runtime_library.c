/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The find rules, in the manifest's order. The first candidate that is proved wins; a variable that
 * names something wrong ends the search, because whoever set it wants that one and no other. */
#include "registry/runtime_library.h"

#include "registry/command.h"
#include "registry/pattern.h"
#include "registry/source_file.h"
#include "registry/version.h"
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <metacall/loader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 16
#define BUILD_DETAILS_MAX 65536

enum { STOP = -1, NONE = 0, FOUND = 1 };

static void note(const struct runtime_search *search, const char *subject, const char *reason)
{
    trace_step(search->trace, "runtime", subject, METACALL_REGISTRY_FACT, "%s", reason);
}

static const char *real(const struct runtime_search *search, const char *path)
{
    return environment_real(search->environment, search->arena, path);
}

static int exists(const struct runtime_search *search, const char *path)
{
    return access(real(search, path), F_OK) == 0;
}

/* Follows the links of the last part of a path, inside the root. */
static const char *follow(const struct environment *environment, struct arena *arena,
                          const char *path)
{
    char target[PATH_MAX];
    for (int i = 0; i < LINKS_MAX; i++) {
        const char *slash = strrchr(path, '/');
        const char *folder =
            environment_real(environment, arena,
                             slash > path ? arena_copy(arena, path, (size_t)(slash - path)) : "/");
        ssize_t size =
            readlink(arena_format(arena, "%s%s", folder, slash), target, sizeof target - 1);
        if (size <= 0)
            break;
        target[size] = '\0';
        path = target[0] == '/' ? arena_text(arena, target)
                                : arena_format(arena, "%.*s/%s", (int)(slash - path), path, target);
    }
    return path;
}

static int is_program(const struct environment *environment, struct arena *arena, const char *path)
{
    struct stat status;
    const char *file = environment_real(environment, arena, path);
    return stat(file, &status) == 0 && S_ISREG(status.st_mode) && access(file, X_OK) == 0;
}

const char *runtime_program(const struct environment *environment, struct arena *arena,
                            const char *name, const char *const *variables)
{
    const char *path = environment_get(environment, "PATH");
    if (name[0] == '/')
        return is_program(environment, arena, name) ? name : NULL;
    for (; variables && *variables; variables++) {
        const char *prefix = environment_get(environment, *variables);
        if (!prefix || prefix[0] != '/')
            continue;
        const char *program = arena_format(arena, "%s/bin/%s", prefix, name);
        if (is_program(environment, arena, program))
            return program;
    }
    if (!path || environment_is_foreign(environment))
        path = "/usr/local/bin:/usr/bin:/bin";
    while (*path) {
        size_t size = strcspn(path, ":");
        if (path[0] == '/') {
            const char *program = arena_format(arena, "%.*s/%s", (int)size, path, name);
            if (is_program(environment, arena, program))
                return program;
        }
        path += size + (path[size] == ':');
    }
    return NULL;
}

/* ----------------------------------------------------------------------------------- globbing */

static const char *escape(struct arena *arena, const char *text)
{
    char *out = arena_bytes(arena, 2 * strlen(text) + 1), *at = out;
    if (!out)
        return "";
    for (; *text; text++) {
        if (strchr("*?[\\", *text))
            *at++ = '\\';
        *at++ = *text;
    }
    *at = '\0';
    return out;
}

/* `%e` or `%v` in a text stands for `value`. */
static const char *fill(struct arena *arena, const char *text, char letter, const char *value)
{
    const char *done = "";
    for (;;) {
        const char *place = strchr(text, '%');
        while (place && place[1] != letter)
            place = strchr(place + 1, '%');
        if (!place)
            return *done ? arena_format(arena, "%s%s", done, text) : text;
        done = arena_format(arena, "%s%.*s%s", done, (int)(place - text), text, value);
        text = place + 2;
    }
}

struct globbed {
    const char *path;
    struct version version;
};

static int newest_first(const void *a, const void *b)
{
    const struct globbed *left = a, *right = b;
    int order = version_compare(&right->version, &left->version);
    return order ? order : strcmp(left->path, right->path);
}

/* The version that a file's name has by the library's patterns; zeros where it has none. */
static struct version version_of_name(const struct runtime_search *search, const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    char text[PATTERN_VERSION_SIZE];
    struct version version = {.count = 0};
    for (const char *const *pattern = search->library->sonames; *pattern; pattern++) {
        if (pattern_match(*pattern, name, text) && *text) {
            version_read(text, &version);
            break;
        }
    }
    return version;
}

/* Adds the files that one absolute glob finds, as paths inside the root. */
static void expand(const struct runtime_search *search, const char *pattern,
                   struct arena_list *list)
{
    glob_t found;
    size_t skip = strlen(search->environment->root);
    const char *below = arena_format(search->arena, "%s%s",
                                     escape(search->arena, search->environment->root), pattern);
    if (glob(below, GLOB_NOSORT, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct globbed *item = arena_push(search->arena, list, sizeof *item);
        if (!item)
            break;
        item->path = arena_text(search->arena, found.gl_pathv[i] + skip);
        item->version = version_of_name(search, item->path);
    }
    globfree(&found);
}

/* A pattern below a folder; one that begins with "../" is below the folder's own folder. */
static const char *below(struct arena *arena, const char *folder, const char *pattern)
{
    const char *slash = strrchr(folder, '/');
    if (pattern[0] == '/')
        return pattern;
    if (strncmp(pattern, "../", 3) == 0 && slash)
        return arena_format(arena, "%.*s/%s", (int)(slash - folder), folder, pattern + 3);
    return arena_format(arena, "%s/%s", folder, pattern);
}

/* The globs of a rule under a folder, newest first. `e` stands for %e. */
static void expand_all(const struct runtime_search *search, const struct manifest_find *find,
                       const char *folder, const char *e, struct arena_list *list)
{
    const char *base = escape(search->arena, folder);
    for (const char *const *glob = find->globs; *glob; glob++) {
        const char *pattern = fill(search->arena, *glob, 'e', escape(search->arena, e));
        expand(search, below(search->arena, base, pattern), list);
    }
    if (list->count > 1)
        qsort(list->items, list->count, sizeof(struct globbed), newest_first);
}

static int verify_all(const struct runtime_search *search, const struct arena_list *list,
                      const char *source, struct runtime_found *ret_found)
{
    const struct globbed *items = list->items;
    for (size_t i = 0; i < list->count; i++) {
        if (runtime_library_verify(search, items[i].path, source, ret_found) == 0)
            return FOUND;
    }
    return NONE;
}

/* -------------------------------------------------------------------------------------- rules */

static int find_variable(const struct runtime_search *search, const struct manifest_find *find,
                         struct runtime_found *ret_found)
{
    struct stat status;
    const char *value = environment_get(search->environment, find->variable);
    const char *source = arena_format(search->arena, "the variable %s", find->variable);
    if (!value) {
        note(search, find->variable, "the variable is not set");
        return NONE;
    }
    if (value[0] != '/') {
        trace_step(search->trace, "runtime", value, METACALL_REGISTRY_REJECTED,
                   "%s must hold an absolute path", find->variable);
        return STOP;
    }
    if (stat(real(search, value), &status) == 0 && S_ISDIR(status.st_mode)) {
        struct arena_list list = {.items = NULL};
        const struct manifest_find all = {.globs = (const char *const[]){"*.so*", NULL}};
        expand_all(search, &all, value, "", &list);
        return verify_all(search, &list, source, ret_found) == FOUND ? FOUND : STOP;
    }
    return runtime_library_verify(search, value, source, ret_found) == 0 ? FOUND : STOP;
}

static int find_prefix(const struct runtime_search *search, const struct manifest_find *find,
                       struct runtime_found *ret_found)
{
    for (const char *const *name = find->variables; *name; name++) {
        const char *prefix = environment_get(search->environment, *name);
        struct arena_list list = {.items = NULL};
        if (!prefix || prefix[0] != '/') {
            note(search, *name, "the variable is not set");
            continue;
        }
        expand_all(search, find, prefix, "", &list);
        if (verify_all(search, &list, arena_format(search->arena, "the prefix of %s", *name),
                       ret_found) == FOUND) {
            const char *program =
                find->executable ? arena_format(search->arena, "%s/%s", prefix, find->executable)
                                 : NULL;
            if (program && is_program(search->environment, search->arena, program))
                ret_found->executable = program;
            return FOUND;
        }
    }
    return NONE;
}

/* The program of a rule, the prefix that it lies in, and what the rule's patterns find there; NULL,
 * noted, where there is no such program. */
static const char *locate(const struct runtime_search *search, const struct manifest_find *find,
                          const char **ret_prefix, struct arena_list *ret_list)
{
    const char *program =
        runtime_program(search->environment, search->arena, find->executable, find->variables);
    if (!program) {
        note(search, find->executable, "there is no such program in the active prefix and PATH");
        return NULL;
    }
    const char *target = follow(search->environment, search->arena, program);
    const char *slash = strrchr(target, '/'), *above = slash;
    while (above > target && above[-1] != '/')
        above--;
    *ret_list = (struct arena_list){.items = NULL};
    *ret_prefix =
        arena_copy(search->arena, target, above > target ? (size_t)(above - target) - 1 : 0);
    trace_step(search->trace, "runtime", program, METACALL_REGISTRY_FACT,
               "%s is %s, in the prefix %s", find->executable, target,
               **ret_prefix ? *ret_prefix : "/");
    expand_all(search, find, *ret_prefix, slash + 1, ret_list);
    return program;
}

static int find_executable(const struct runtime_search *search, const struct manifest_find *find,
                           struct runtime_found *ret_found)
{
    struct arena_list list;
    const char *prefix, *program = locate(search, find, &prefix, &list);
    if (!program)
        return NONE;
    if (list.count == 0)
        note(search, program, "its prefix holds no such library");
    if (verify_all(search, &list, arena_format(search->arena, "the program %s", program),
                   ret_found) != FOUND)
        return NONE;
    ret_found->executable = program;
    return FOUND;
}

static const char *pointed(const cJSON *node, const char *pointer)
{
    while (node && *pointer == '/') {
        size_t size = strcspn(++pointer, "/");
        const cJSON *child = node->child;
        while (child && (!child->string || strlen(child->string) != size ||
                         memcmp(child->string, pointer, size) != 0))
            child = child->next;
        node = child;
        pointer += size;
    }
    return cJSON_IsString(node) ? node->valuestring : NULL;
}

static int read_build_details(const struct runtime_search *search, const char *path,
                              const char *pointer, struct runtime_found *ret_found)
{
    struct source_file source;
    int result = NONE;
    source_file_open(search->environment, path, BUILD_DETAILS_MAX, &source);
    char *text = source.state == SOURCE_FILE_OPEN ? source_file_read(&source) : NULL;
    cJSON *details = text ? cJSON_Parse(text) : NULL;
    const char *library = pointed(details, pointer), *slash = strrchr(path, '/');
    if (library) {
        if (library[0] != '/')
            library = arena_format(search->arena, "%.*s/%s", (int)(slash - path), path, library);
        if (runtime_library_verify(search, library,
                                   arena_format(search->arena, "the build details in %s", path),
                                   ret_found) == 0)
            result = FOUND;
    } else {
        note(search, path, "it names no library");
    }
    cJSON_Delete(details);
    free(text);
    source_file_close(&source);
    return result;
}

static int find_build_details(const struct runtime_search *search, const struct manifest_find *find,
                              struct runtime_found *ret_found)
{
    struct arena_list list;
    const char *prefix, *program = locate(search, find, &prefix, &list);
    if (!program)
        return NONE;
    if (list.count == 0)
        note(search, prefix, "it holds no build details");
    for (size_t i = 0; i < list.count; i++) {
        if (read_build_details(search, ((struct globbed *)list.items)[i].path, find->library,
                               ret_found) == FOUND) {
            ret_found->executable = program;
            return FOUND;
        }
    }
    return NONE;
}

/* Why no command may be run, or NULL. */
static const char *no_commands(const struct runtime_search *search)
{
    if (environment_is_foreign(search->environment))
        return "programs of another root are not run";
    if (search->environment->secure)
        return "no program is run in secure mode";
    return search->probe ? NULL : "it was not run: only a load or a probe asks it";
}

/* The program's own path goes first: many a runtime finds its home by it. */
static const char *const *full_argv(const struct runtime_search *search, const char *program,
                                    const char *const *argv)
{
    size_t count = 0;
    while (argv[count])
        count++;
    const char **full = arena_alloc(search->arena, (count + 1) * sizeof *full);
    if (!full)
        return argv;
    memcpy(full, argv, count * sizeof *full);
    full[0] = program;
    return full;
}

static int find_command(const struct runtime_search *search, const struct manifest_find *find,
                        struct runtime_found *ret_found)
{
    const char *forbidden = no_commands(search), *reason = NULL, *executable = NULL;
    const char *program =
        runtime_program(search->environment, search->arena, find->argv[0], find->variables);
    if (!program) {
        note(search, find->argv[0], "there is no such program in the active prefix and PATH");
        return NONE;
    }
    if (forbidden) {
        note(search, program, forbidden);
        ret_found->unasked = search->probe ? NULL : program;
        return NONE;
    }
    const char *line =
        command_run(search->environment, search->arena, program,
                    full_argv(search, program, find->argv), find->timeout_ms, &reason);
    if (!line) {
        trace_step(search->trace, "runtime", program, METACALL_REGISTRY_REJECTED, "the probe %s",
                   reason);
        return NONE;
    }
    int seen = 0;
    for (; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        size_t size = strcspn(line, "\n");
        if (strncmp(line, "executable=/", 12) == 0)
            executable = arena_copy(search->arena, line + 11, size - 11);
        if (strncmp(line, "library=/", 9) != 0)
            continue;
        const char *library = arena_copy(search->arena, line + 8, size - 8);
        seen = 1;
        if (exists(search, library) &&
            runtime_library_verify(search, library,
                                   arena_format(search->arena, "asking %s", program),
                                   ret_found) == 0) {
            ret_found->executable = executable;
            return FOUND;
        }
    }
    note(search, program,
         seen ? "none of the libraries that it names fits"
              : "it names no library: it was built without one");
    return NONE;
}

static int find_pkg_config(const struct runtime_search *search, const struct manifest_find *find,
                           struct runtime_found *ret_found)
{
    const char *argv[] = {"pkg-config", "--variable=libdir", find->module, NULL};
    const char *forbidden = no_commands(search), *reason = NULL;
    const char *program = runtime_program(search->environment, search->arena, "pkg-config", NULL);
    struct arena_list list = {.items = NULL};
    const struct manifest_find all = {.globs = (const char *const[]){"*.so*", NULL}};
    if (!program || forbidden) {
        note(search, "pkg-config", program ? forbidden : "it is not installed");
        return NONE;
    }
    const char *folder = command_run(search->environment, search->arena, program, argv, 0, &reason);
    if (!folder || folder[0] != '/') {
        note(search, find->module, folder ? "pkg-config gives no folder for it" : reason);
        return NONE;
    }
    folder = arena_copy(search->arena, folder, strcspn(folder, "\n"));
    expand_all(search, &all, folder, "", &list);
    struct arena_list named = {.items = NULL};
    for (size_t i = 0; i < list.count; i++) {
        const struct globbed *item = (struct globbed *)list.items + i;
        struct globbed *kept =
            item->version.count ? arena_push(search->arena, &named, sizeof *kept) : NULL;
        if (kept)
            *kept = *item;
    }
    return verify_all(search, &named, arena_format(search->arena, "pkg-config %s", find->module),
                      ret_found);
}

static int find_glob(const struct runtime_search *search, const struct manifest_find *find,
                     struct runtime_found *ret_found)
{
    struct arena_list list = {.items = NULL};
    char version[PATTERN_VERSION_SIZE] = "";
    expand_all(search, find, search->manifest_folder, "", &list);
    if (list.count == 0)
        note(search, find->globs[0], "nothing matches this and its neighbours");
    if (verify_all(search, &list, "a glob", ret_found) != FOUND)
        return NONE;
    for (const char *const *pattern = search->library->sonames; *pattern; pattern++) {
        if (pattern_match(*pattern, strrchr(ret_found->library, '/') + 1, version))
            break;
    }
    if (find->executable && *version) {
        const char *program = fill(search->arena, find->executable, 'v', version);
        if (is_program(search->environment, search->arena, program))
            ret_found->executable = program;
    }
    return FOUND;
}

int runtime_library_find(const struct runtime_search *search, struct runtime_found *ret_found)
{
    static int (*const rules[])(const struct runtime_search *, const struct manifest_find *,
                                struct runtime_found *) = {
        [FIND_VARIABLE] = find_variable,
        [FIND_PREFIX] = find_prefix,
        [FIND_EXECUTABLE] = find_executable,
        [FIND_BUILD_DETAILS] = find_build_details,
        [FIND_COMMAND] = find_command,
        [FIND_PKG_CONFIG] = find_pkg_config,
        [FIND_GLOB] = find_glob,
    };
    const struct manifest_find *finds = search->library->find.items;
    const char *unasked = NULL;
    for (size_t i = 0; i < search->library->find.count; i++) {
        struct runtime_found found = {.library = NULL};
        int result = rules[finds[i].kind](search, &finds[i], &found);
        unasked = unasked ? unasked : found.unasked;
        if (result == FOUND) {
            *ret_found = found;
            ret_found->unasked = unasked;
            return 1;
        }
        if (result == STOP)
            return 0;
    }
    return 0;
}
