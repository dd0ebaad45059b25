/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Rebinding a plugin that is mapped, from the copy of the provider that it was linked to (number 1)
 * to another that is in the process (number 2): test_rebind CASE PLUGIN PROVIDER [lazy] [TRAIT...].
 * A trait is what makes the plugin the one that the case is about: `+relr` it has it, `-relr` not.
 */
#include "fixtures/plugin.h"
#include "rebind_check.h"

#include <dlfcn.h>
#include <metacall/interpose.h>
#include <metacall/loader.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stage {
    void *provider_handle, *plugin_handle;
    struct modules *modules;
    const struct module *plugin, *from, *to;
    void (*probe)(struct plugin_probe *);
    int (*call)(int);
    int (*(*take_address)(void))(int);
    struct picture before;
};

static const struct module *module_of(const struct modules *modules, void *handle)
{
    struct link_map *map;

    CHECK(dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0);
    for (size_t i = 0; i < modules_count(modules); i++) {
        if (modules_at(modules, i)->dynamic == map->l_ld)
            return modules_at(modules, i);
    }
    return NULL;
}

static void *symbol_of(void *handle, const char *name)
{
    void *symbol = dlsym(handle, name);

    CHECK(symbol != NULL);
    return symbol;
}

static void *open_object(const char *path)
{
    void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);

    if (!handle)
        fprintf(stderr, "%s\n", dlerror());
    CHECK(handle != NULL);
    return handle;
}

static void set_stage(struct stage *stage, const char *plugin, const char *provider)
{
    memset(stage, 0, sizeof(*stage));
    stage->provider_handle = open_object(provider);
    stage->plugin_handle = open_object(plugin);
    CHECK(modules_walk(&stage->modules) == 0);
    stage->to = module_of(stage->modules, stage->provider_handle);
    stage->plugin = module_of(stage->modules, stage->plugin_handle);
    stage->from = modules_of_soname(stage->modules, "librebind_first.so");
    CHECK(stage->to && stage->plugin && stage->from && stage->to != stage->from);
    stage->probe = (void (*)(struct plugin_probe *))symbol_of(stage->plugin_handle, "plugin_probe");
    stage->call = (int (*)(int))symbol_of(stage->plugin_handle, "plugin_call");
    stage->take_address =
        (int (*(*)(void))(int))symbol_of(stage->plugin_handle, "plugin_take_address");
    picture_take(stage->plugin, &stage->before);
}

static void strike_stage(struct stage *stage)
{
    picture_free(&stage->before);
    modules_destroy(stage->modules);
    dlclose(stage->plugin_handle);
    dlclose(stage->provider_handle);
}

static struct rebind_plan *make_plan(const struct stage *stage)
{
    struct rebind_plan *plan = NULL;

    CHECK(rebind_plan_create(stage->modules, stage->plugin, stage->from, stage->to, 0, &plan) == 0);
    return plan;
}

static void refuse_plan(struct stage *stage, unsigned flags, int code, const char *text)
{
    struct rebind_plan *plan = NULL;

    CHECK(rebind_plan_create(stage->modules, stage->plugin, stage->from, stage->to, flags, &plan) ==
          -1);
    CHECK(plan == NULL);
    check_error(code, text);
    picture_compare(&stage->before, stage->plugin); /* not one write */
}

/* Every way leads to the provider of that number. */
static void expect(const struct stage *stage, int number)
{
    struct plugin_probe probe;

    memset(&probe, 0, sizeof(probe));
    stage->probe(&probe);
    CHECK(probe.count >= 12);
    for (int i = 0; i < probe.count; i++) {
        if (probe.by[i] != number)
            fprintf(stderr, "way %d answers %d, not %d\n", i, probe.by[i], number);
        CHECK(probe.by[i] == number);
    }
    CHECK(probe.constructed == 1);
    CHECK(probe.absent == 0);
}

/* ------------------------------------------------------------------------------------ traits */

static int has_tag(const struct module *module, ElfW(Sxword) tag)
{
    for (const ElfW(Dyn) *entry = module->dynamic; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == tag)
            return 1;
    }
    return 0;
}

static int has_trait(const struct module *module, const char *trait)
{
    const struct elf_image *image = module_image(module);
    struct elf_relocation_cursor cursor = {0};
    struct elf_relocation relocation;
    struct elf_image file;

    if (strcmp(trait, "relr") == 0)
        return has_tag(module, 36); /* DT_RELR */
    if (strcmp(trait, "gnu-hash") == 0)
        return has_tag(module, DT_GNU_HASH);
    if (strcmp(trait, "textrel") == 0)
        return (image->flags & ELF_IMAGE_TEXTREL) != 0;
    if (strcmp(trait, "now") == 0)
        return (image->flags & ELF_IMAGE_BIND_NOW) != 0;
    if (strcmp(trait, "relro") == 0)
        return (image->flags & ELF_IMAGE_RELRO) != 0;
    if (strcmp(trait, "sections") == 0) {
        CHECK(elf_image_open(module->path, -1, &file) == 0);
        ElfW(Ehdr) header;
        memcpy(&header, file.parts[0].at, sizeof(header));
        elf_image_close(&file);
        return header.e_shnum != 0;
    }
    while (elf_image_next_relocation(image, &cursor, &relocation)) {
        struct elf_symbol symbol;
        if (strcmp(elf_relocation_name(relocation.kind), trait) == 0 &&
            elf_image_symbol(image, relocation.symbol, &symbol) == 0 &&
            strncmp(symbol.name, "provider_", 9) == 0)
            return 1;
    }
    return 0;
}

static void check_traits(const struct stage *stage, int count, char **traits)
{
    for (int i = 0; i < count; i++) {
        if (strchr("+-", traits[i][0]) &&
            has_trait(stage->plugin, traits[i] + 1) != (traits[i][0] == '+')) {
            fprintf(stderr, "%s is not built as the case needs it: %s\n", stage->plugin->path,
                    traits[i]);
            check_failed(__FILE__, __LINE__, "the trait");
        }
    }
}

/* ------------------------------------------------------------------------------------- cases */

static void case_redirect(struct stage *stage, int lazy)
{
    struct rebind_plan *plan = make_plan(stage);
    size_t stubs = 0;
    char relro[5];

    for (size_t i = 0; i < rebind_plan_count(plan); i++)
        stubs += rebind_plan_slot(plan, i)->lazy != 0;
    CHECK(rebind_plan_count(plan) >= 11);
    CHECK(rebind_plan_slot(plan, rebind_plan_count(plan)) == NULL);
    CHECK((stubs > 0) == lazy); /* nothing has been called yet */
    picture_compare(&stage->before, stage->plugin);

    /* before the first call, and back to the bit */
    CHECK(rebind_plan_commit(plan) == 0);
    CHECK(rebind_plan_verify(plan) == 0);
    CHECK(rebind_residue(stage->plugin, stage->from, NULL) == 0);
    CHECK(rebind_plan_restore(plan) == 0);
    picture_compare(&stage->before, stage->plugin);

    CHECK(rebind_plan_commit(plan) == 0);
    expect(stage, 2);
    CHECK(rebind_plan_verify(plan) == 0);
    protection_of(symbol_of(stage->plugin_handle, "own_pointers"), relro);
    CHECK(strcmp(relro, strstr(stage->plugin->path, "norelro") ? "rw-p" : "r--p") == 0);
    CHECK(rebind_plan_restore(plan) == 0);
    CHECK(rebind_plan_restore(plan) == 0);
    rebind_plan_destroy(plan);
    expect(stage, 1); /* lazy ones are bound now */

    picture_free(&stage->before);
    picture_take(stage->plugin, &stage->before);
    plan = make_plan(stage);
    CHECK(rebind_plan_commit(plan) == 0);
    expect(stage, 2);
    CHECK(rebind_plan_restore(plan) == 0);
    picture_compare(&stage->before, stage->plugin);
    expect(stage, 1);
    rebind_plan_destroy(plan);
}

/* All that the provider exports, wherever it leads now. */
static void case_any(struct stage *stage)
{
    struct rebind_plan *plan = NULL, *limited = make_plan(stage);

    CHECK(rebind_plan_create(stage->modules, stage->plugin, NULL, stage->to, 0, &plan) == 0);
    CHECK(rebind_plan_count(plan) == rebind_plan_count(limited));
    CHECK(rebind_plan_commit(plan) == 0);
    expect(stage, 2);
    CHECK(rebind_plan_restore(plan) == 0);
    picture_compare(&stage->before, stage->plugin);
    rebind_plan_destroy(plan);
    rebind_plan_destroy(limited);
}

/* A pointer that a constructor has copied is found. */
static void case_residue(struct stage *stage)
{
    struct rebind_plan *plan = make_plan(stage);
    struct plugin_probe probe;
    uintptr_t first = 0;

    CHECK(rebind_plan_commit(plan) == 0);
    CHECK(rebind_residue(stage->plugin, stage->from, &first) == 1);
    CHECK(first >= stage->plugin->lowest && first < stage->plugin->highest);
    stage->probe(&probe);
    CHECK(probe.copied == 1 && probe.by[0] == 2);
    CHECK(rebind_plan_restore(plan) == 0);
    rebind_plan_destroy(plan);
}

static void case_missing(struct stage *stage)
{
    refuse_plan(stage, 0, METACALL_ERROR_NOT_FOUND, "lacks 1 of its symbols: provider_d0");
    expect(stage, 1);
}

static void case_text(struct stage *stage)
{
    metacall_interpose_hook *hook = NULL;
    metacall_interpose *object = NULL;

    refuse_plan(stage, 0, METACALL_ERROR_SUPPORT, "not in a writable segment");
    CHECK(metacall_interpose_open(stage->plugin->path, &object) == 0);
    CHECK(metacall_interpose_replace(object, "provider_f0", (void *)refuse_plan, NULL, &hook) ==
          -1);
    check_error(METACALL_ERROR_SUPPORT, "not in a writable segment");
    picture_compare(&stage->before, stage->plugin);
    metacall_interpose_close(object);
    expect(stage, 1);
}

static void case_version(struct stage *stage)
{
    refuse_plan(stage, 0, METACALL_ERROR_NOT_FOUND, "provider_aged@RT_1");
    expect(stage, 1);
}

static void case_descriptor(struct stage *stage)
{
    refuse_plan(stage, 0, METACALL_ERROR_SUPPORT, "TLS descriptor");
    expect(stage, 1);
}

static void case_not_static(struct stage *stage)
{
    refuse_plan(stage, 0, METACALL_ERROR_SUPPORT, "fixed distance");
    expect(stage, 1);
}

static void case_live_local(struct stage *stage)
{
    refuse_plan(stage, REBIND_LIVE, METACALL_ERROR_SUPPORT, "threads may be running");
}

static int stranger(int argument)
{
    return -argument;
}

/* Somebody else was there first: refused, and left alone. */
static void case_taken_before(struct stage *stage)
{
    metacall_interpose_hook *hook = NULL;
    metacall_interpose *object = NULL;

    CHECK(metacall_interpose_open(stage->plugin->path, &object) == 0);
    CHECK(metacall_interpose_replace(object, "provider_f1", (void *)stranger, NULL, &hook) == 0);
    picture_free(&stage->before);
    picture_take(stage->plugin, &stage->before);
    refuse_plan(stage, 0, METACALL_ERROR_STATE, "'provider_f1' is not bound to");
    CHECK(stage->call(5) == -5);
    CHECK(metacall_interpose_restore(hook) == 0);
    metacall_interpose_close(object);
}

/* Somebody else comes between plan and commit: nothing is written; and after the commit: it is
 * reported, and stays. The plugin has no RELRO, so that its words can be written plainly. */
static void case_taken_after(struct stage *stage)
{
    struct rebind_plan *plan = make_plan(stage);
    const struct rebind_slot *last = rebind_plan_slot(plan, rebind_plan_count(plan) - 1);
    uintptr_t former = *last->where, foreign = (uintptr_t)stranger;

    *last->where = foreign;
    picture_free(&stage->before);
    picture_take(stage->plugin, &stage->before);
    CHECK(rebind_plan_commit(plan) == -1);
    check_error(METACALL_ERROR_STATE, "somebody else has changed");
    picture_compare(&stage->before, stage->plugin);
    *last->where = former;

    CHECK(rebind_plan_commit(plan) == 0);
    *last->where = foreign;
    CHECK(rebind_plan_verify(plan) == -1);
    check_error(METACALL_ERROR_STATE, "test_rebind");
    CHECK(rebind_plan_restore(plan) == -1);
    check_error(METACALL_ERROR_STATE, "somebody else has changed");
    picture_compare(&stage->before, stage->plugin); /* all but the stranger's own */
    *last->where = former;
    expect(stage, 1);
    rebind_plan_destroy(plan);
}

/* ----------------------------------------------------------------------------------- threads */

struct runner {
    const struct stage *stage;
    int stop;
    long calls, seen[3];
};

static void *run_calls(void *data)
{
    struct runner *runner = data;

    while (!__atomic_load_n(&runner->stop, __ATOMIC_RELAXED)) {
        int called = runner->stage->call(7), taken = runner->stage->take_address()(7);
        CHECK(called == 1107 || called == 2107);
        CHECK(taken == 1207 || taken == 2207);
        runner->seen[called / 1000]++;
        runner->calls++;
    }
    return NULL;
}

static void case_threads(struct stage *stage)
{
    struct runner runners[3] = {{.stage = stage}, {.stage = stage}, {.stage = stage}};
    struct rebind_plan *plan;
    pthread_t threads[3];

    expect(stage, 1); /* binds what is bound by the first call */
    picture_free(&stage->before);
    picture_take(stage->plugin, &stage->before);
    plan = make_plan(stage);

    for (int i = 0; i < 3; i++)
        CHECK(pthread_create(&threads[i], NULL, run_calls, &runners[i]) == 0);
    for (int round = 0; round < 2000 || runners[0].calls < 20000; round++) {
        CHECK(rebind_plan_commit(plan) == 0);
        CHECK(rebind_plan_restore(plan) == 0);
    }
    for (int i = 0; i < 3; i++) {
        __atomic_store_n(&runners[i].stop, 1, __ATOMIC_RELAXED);
        pthread_join(threads[i], NULL);
        CHECK(runners[i].calls > 0);
    }
    picture_compare(&stage->before, stage->plugin);
    rebind_plan_destroy(plan);
}

/* The provider stays as long as the plugin is bound to it, whoever closes it. */
static void case_pinned(struct stage *stage)
{
    struct rebind_plan *plan = make_plan(stage);

    CHECK(rebind_plan_commit(plan) == 0);
    dlclose(stage->provider_handle);
    expect(stage, 2);
    CHECK(rebind_plan_restore(plan) == 0);
    rebind_plan_destroy(plan);
    struct modules *now;
    CHECK(modules_walk(&now) == 0);
    CHECK(modules_of_path(now, stage->to->path) == NULL);
    modules_destroy(now);
    stage->provider_handle = dlopen(NULL, RTLD_LAZY);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(struct stage *stage);
    } cases[] = {
        {"any", case_any},
        {"residue", case_residue},
        {"missing", case_missing},
        {"text", case_text},
        {"version", case_version},
        {"descriptor", case_descriptor},
        {"not-static", case_not_static},
        {"live-local", case_live_local},
        {"taken-before", case_taken_before},
        {"taken-after", case_taken_after},
        {"threads", case_threads},
        {"pinned", case_pinned},
    };
    struct stage stage;
    int ran = 0;

    CHECK(argc >= 4);
    set_stage(&stage, argv[2], argv[3]);
    check_traits(&stage, argc - 4, argv + 4);
    if (strcmp(argv[1], "redirect") == 0) {
        case_redirect(&stage, argc > 4 && strcmp(argv[4], "lazy") == 0);
        ran = 1;
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run(&stage);
            ran = 1;
        }
    }
    CHECK(ran);
    strike_stage(&stage);
    return 0;
}
