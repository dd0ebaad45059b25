/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Coverage: before anything is opened, every strong symbol that the plugin leaves undefined is
 * looked for where it will have to come from: the runtime's module, the plugin's other libraries,
 * and what those need. Half a runtime is refused; ld.so would mix two copies without a word. */
#include "host_variants/attempt.h"

#include "host_variants/module_set.h"

#include <metacall/loader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMED 10
#define BATCH 32

struct coverage {
    struct attempt *attempt;
    struct module_set direct, deep;
    int has_deep;
    size_t unmapped; /* libraries of the plugin that are not in the process yet */
    size_t missing;
    const char *names[NAMED]; /* the plugin's own strings */
};

static int is_others(struct coverage *coverage, const struct elf_query *wanted)
{
    struct attempt *attempt = coverage->attempt;

    if (module_set_find(&coverage->direct, wanted->name, wanted->hash))
        return 1;
    if (!coverage->has_deep) {
        coverage->has_deep = 1;
        memcpy(coverage->deep.held, coverage->direct.held, modules_count(coverage->direct.modules));
        module_set_add_needs(&coverage->deep, module_image(attempt->provider), NULL);
        module_set_close(&coverage->deep);
    }
    return module_set_find(&coverage->deep, wanted->name, wanted->hash);
}

/* Symbols of the plugin that are looked up together. */
struct batch {
    struct elf_query queries[BATCH];
    const char *files[BATCH]; /* whence a version is expected */
    uint32_t indexes[BATCH];  /* among the plugin's symbols */
    size_t count;
};

/* Where the runtime has it. A function that is chosen at run time has no address yet. */
static void expect(struct attempt *attempt, uint32_t wanted, uint32_t provided)
{
    struct elf_symbol symbol;

    if (elf_image_symbol(module_image(attempt->provider), provided, &symbol) == 0 &&
        symbol.section != SHN_ABS && symbol.type != STT_TLS && symbol.type != STT_GNU_IFUNC)
        attempt->expected[wanted] = attempt->provider->base + symbol.value;
}

/* A library that is yet to be mapped may hold it; ld.so will say so, cleanly, if it does not. The
 * exception is a symbol that is expected from the runtime itself. */
static void look_for(struct coverage *coverage, struct batch *batch)
{
    struct attempt *attempt = coverage->attempt;
    const char *needed = attempt->request->needed;

    elf_image_find_many(module_image(attempt->provider), batch->queries, batch->count);
    for (size_t i = 0; i < batch->count; i++) {
        const struct elf_query *query = &batch->queries[i];
        const char *file = batch->files[i];
        if (query->index) {
            expect(attempt, batch->indexes[i], query->index);
            continue;
        }
        attempt->expected[batch->indexes[i]] = EXPECTED_ELSEWHERE;
        /* another library's version is checked by ld.so before it binds anything */
        if (file ? !needed || strcmp(file, needed) != 0 : is_others(coverage, query))
            continue;
        if (coverage->missing < NAMED)
            coverage->names[coverage->missing] = query->name;
        coverage->missing++;
    }
    batch->count = 0;
}

static int look_for_all(void *data)
{
    struct coverage *coverage = data;
    const struct elf_image *plugin = coverage->attempt->plugin;
    struct elf_symbol wanted;
    struct batch batch = {.count = 0};
    size_t count = coverage->attempt->expected_count;

    coverage->unmapped =
        module_set_add_needs(&coverage->direct, plugin, coverage->attempt->request->needed);
    for (size_t i = 1; i < count; i++) {
        if (elf_image_symbol(plugin, i, &wanted) != 0 || wanted.defined ||
            wanted.binding != STB_GLOBAL || wanted.name[0] == 0)
            continue;
        batch.queries[batch.count] = (struct elf_query){.name = wanted.name,
                                                        .version = wanted.version,
                                                        .hash = elf_image_gnu_hash(wanted.name)};
        batch.files[batch.count] = wanted.version_file;
        batch.indexes[batch.count++] = (uint32_t)i;
        if (batch.count == BATCH)
            look_for(coverage, &batch);
    }
    look_for(coverage, &batch);
    return 0;
}

static int refuse_missing(const struct coverage *coverage)
{
    const char *path = coverage->attempt->provider->path;
    char names[1024] = "";
    size_t used = 0;

    for (size_t i = 0; i < NAMED && i < coverage->missing && used < sizeof(names); i++)
        used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
                                 coverage->names[i]);
    return attempt_refuse(coverage->attempt, "bind.incomplete", coverage->names[0],
                          "use a plugin that was built for this runtime",
                          "the runtime in %s lacks %zu of its symbols: %s%s", path,
                          coverage->missing, names, coverage->missing > NAMED ? ", ..." : "");
}

int attempt_check_coverage(struct attempt *attempt)
{
    int result = -1, looked = MODULES_STALE;

    attempt->expected_count = elf_image_symbol_count(attempt->plugin);
    attempt->expected = calloc(attempt->expected_count + 1, sizeof(*attempt->expected));
    if (!attempt->expected)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    while (looked == MODULES_STALE) {
        struct coverage coverage = {.attempt = attempt};
        if (module_set_init(&coverage.direct, attempt->before) == 0 &&
            module_set_init(&coverage.deep, attempt->before) == 0) {
            looked = modules_locked(attempt->before, look_for_all, &coverage);
            /* with a library still to come nothing is certain; ld.so will tell */
            if (looked == 0)
                result = coverage.missing && !coverage.unmapped ? refuse_missing(&coverage) : 0;
        } else {
            looked = 0;
        }
        module_set_finish(&coverage.direct);
        module_set_finish(&coverage.deep);
        if (looked == MODULES_STALE && attempt_walk_again(attempt) != 0)
            break;
    }
    return result;
}
