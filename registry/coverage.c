/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The scope in which ld.so would look is built breadth first from files: the plugin, what it needs,
 * what those need, and the runtime. */
#include "registry/coverage.h"

#include "registry/needed_library.h"
#include <elf.h>
#include <metacall/loader.h>
#include <string.h>

#define SCOPE_MAX 64
#define NAMED_MAX 10

struct scope {
    const struct environment *environment;
    struct arena *arena;
    struct findings *findings;
    const char *tag;
    const char *path; /* of the plugin */
    struct elf_image images[SCOPE_MAX];
    const char *paths[SCOPE_MAX];
    const char *sonames[SCOPE_MAX];
    size_t count;
};

static int add_file(struct scope *scope, const char *path, const char *soname)
{
    if (scope->count == SCOPE_MAX)
        return -1;
    if (elf_image_open(environment_real(scope->environment, scope->arena, path), -1,
                       &scope->images[scope->count]) < 0) {
        metacall_error_release(metacall_error_take());
        return -1;
    }
    scope->paths[scope->count] = path;
    scope->sonames[scope->count++] = soname;
    return 0;
}

static int is_in(const struct scope *scope, const char *soname)
{
    for (size_t i = 0; i < scope->count; i++) {
        const char *own = scope->images[i].soname;
        if (strcmp(scope->sonames[i], soname) == 0 || (own && strcmp(own, soname) == 0))
            return 1;
    }
    return 0;
}

static void add_needed(struct scope *scope, const struct elf_image *image, const char *path,
                       const char *except, int direct)
{
    const char *soname, *found;
    for (size_t i = 0; (soname = elf_image_needed(image, i)) != NULL; i++) {
        if ((except && strcmp(soname, except) == 0) || is_in(scope, soname))
            continue;
        found = needed_library_find(scope->environment, scope->arena, image, path, soname);
        if (found && add_file(scope, found, arena_text(scope->arena, soname)) == 0)
            continue;
        if (direct || !found)
            findings_add(scope->findings,
                         &(struct metacall_diagnostic){
                             .id = "needed.absent",
                             .severity = FINDING_USUAL,
                             .path = path,
                             .tag = scope->tag,
                             .symbol = soname,
                             .expected = "the needed library",
                             .found = "none",
                             .message = arena_format(scope->arena,
                                                     "needs %s, which is not found in RUNPATH, "
                                                     "/etc/ld.so.cache and the standard folders",
                                                     soname),
                             .fix = "install the package that holds it"});
    }
}

static int provides(const struct scope *scope, const struct elf_symbol *wanted)
{
    struct elf_symbol symbol;
    uint32_t hash = elf_image_gnu_hash(wanted->name);
    for (size_t i = 0; i < scope->count; i++) {
        if (scope->images[i].native && elf_image_find_hashed(&scope->images[i], wanted->name, hash,
                                                             wanted->version, &symbol) == 0)
            return 1;
    }
    return 0;
}

static void report(struct scope *scope, const char *names, size_t missing, int proven)
{
    findings_add(scope->findings,
                 &(struct metacall_diagnostic){
                     .id = proven ? "symbol.undefined" : "symbol.unproven",
                     .severity = FINDING_USUAL,
                     .path = scope->path,
                     .tag = scope->tag,
                     .symbol = names,
                     .expected = "a library or a host that exports them",
                     .found = proven ? "none" : "no runtime to look at",
                     .message = arena_format(scope->arena, "%zu undefined symbol%s: %s%s", missing,
                                             missing == 1 ? "" : "s", names,
                                             missing > NAMED_MAX ? ", ..." : ""),
                     .fix = proven ? "link the library that holds them, or remove their use"
                                   : "install the runtime and check again"});
}

void coverage_check(const struct environment *environment, const char *tag, const char *path,
                    const struct elf_image *image, const char *provider, const char *needed,
                    struct findings *findings)
{
    struct arena arena = {.chunks = NULL};
    struct scope *scope = arena_alloc(&arena, sizeof *scope);
    struct elf_symbol symbol;
    size_t count = elf_image_symbol_count(image), missing = 0;
    const char *names = "";
    if (!scope)
        return;
    scope->environment = environment;
    scope->arena = &arena;
    scope->findings = findings;
    scope->tag = tag;
    scope->path = path;
    add_needed(scope, image, path, needed, 1);
    if (provider)
        add_file(scope, provider, needed ? needed : "");
    for (size_t i = 0; i < scope->count; i++)
        add_needed(scope, &scope->images[i], scope->paths[i], needed, 0);
    for (size_t i = 1; i < count; i++) {
        if (elf_image_symbol(image, i, &symbol) < 0 || symbol.defined || !*symbol.name ||
            symbol.binding != STB_GLOBAL || provides(scope, &symbol))
            continue;
        if (missing++ < NAMED_MAX)
            names = arena_format(&arena, "%s%s%s%s%s", names, *names ? ", " : "", symbol.name,
                                 symbol.version ? "@" : "", symbol.version ? symbol.version : "");
    }
    if (missing)
        report(scope, names, missing, provider != NULL);
    for (size_t i = 0; i < scope->count; i++)
        elf_image_close(&scope->images[i]);
    arena_finish(&arena);
}
