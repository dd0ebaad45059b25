/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Host detection: the markers are looked up in every module while nothing can be unloaded; only
 * then, and only in the owners, is anything called. */
#include "host_variants/host.h"

#include "host_variants/elf_image.h"

#include <dlfcn.h>
#include <metacall/loader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------ owners */

struct search {
    const struct modules *modules;
    const struct host_rule *rules;
    size_t rule_count;
    struct host_finding *findings;
    size_t count, room;
};

/* Which modules of a walk export a name: the answers of the last walks, so that asking who the host
 * is once more costs next to nothing. An answer is found by the walk's serial and the name. */
#define MEMORY 64
#define MEMORY_OWNERS 4

struct remembered {
    uint64_t serial; /* 0 = nothing */
    char name[48];
    uint16_t count;
    uint16_t owners[MEMORY_OWNERS]; /* places in the walk */
};

/* Never waited for: who finds it busy does without. */
static int memory_is_busy;
static struct remembered memory[MEMORY];

static int recall(const struct modules *modules, const char *name, uint32_t hash,
                  struct remembered *ret_answer)
{
    const struct remembered *slot = &memory[hash % MEMORY];

    if (__atomic_exchange_n(&memory_is_busy, 1, __ATOMIC_ACQUIRE))
        return 0;
    int known = slot->serial == modules_serial(modules) && strcmp(slot->name, name) == 0;
    if (known)
        *ret_answer = *slot;
    __atomic_store_n(&memory_is_busy, 0, __ATOMIC_RELEASE);
    return known;
}

static void remember(const struct modules *modules, const char *name, uint32_t hash,
                     struct remembered *answer)
{
    size_t size = strlen(name) + 1;

    if (size > sizeof(answer->name) || answer->count > MEMORY_OWNERS)
        return;
    memcpy(answer->name, name, size);
    answer->serial = modules_serial(modules);
    if (__atomic_exchange_n(&memory_is_busy, 1, __ATOMIC_ACQUIRE))
        return;
    memory[hash % MEMORY] = *answer;
    __atomic_store_n(&memory_is_busy, 0, __ATOMIC_RELEASE);
}

static void add_owner(struct search *search, const struct host_rule *rule,
                      const struct module *module)
{
    for (size_t i = 1; rule->markers[i]; i++) {
        if (!module_exports(module, rule->markers[i], elf_image_gnu_hash(rule->markers[i])))
            return;
    }
    if (search->count < search->room)
        search->findings[search->count] =
            (struct host_finding){.rule = rule, .owner = module, .running = -1};
    search->count++;
}

static void find_owners_of(struct search *search, const struct host_rule *rule)
{
    const struct modules *modules = search->modules;
    const char *first = rule->markers[0];
    uint32_t hash = elf_image_gnu_hash(first);
    struct remembered answer = {.count = 0};

    if (recall(modules, first, hash, &answer)) {
        for (size_t i = 0; i < answer.count; i++)
            add_owner(search, rule, modules_at(modules, answer.owners[i]));
        return;
    }
    for (size_t i = 0, count = modules_count(modules); i < count; i++) {
        const struct module *module = modules_at(modules, i);
        if (!module_exports(module, first, hash))
            continue;
        if (answer.count < MEMORY_OWNERS)
            answer.owners[answer.count] = (uint16_t)i;
        answer.count++;
        add_owner(search, rule, module);
    }
    remember(modules, first, hash, &answer);
}

static int find_owners(void *data)
{
    struct search *search = data;

    search->count = 0;
    for (size_t i = 0; i < search->rule_count; i++) {
        const struct host_rule *rule = &search->rules[i];
        if (rule->markers && rule->markers[0])
            find_owners_of(search, rule);
    }
    return 0;
}

/* ----------------------------------------------------------------------------------- running */

static int executable_matches(const struct host_rule *rule, const struct modules *modules)
{
    const struct module *executable = modules_at(modules, 0);
    const char *name = executable ? strrchr(executable->path, '/') : NULL;

    for (size_t i = 0; name && rule->executables && rule->executables[i]; i++) {
        if (host_pattern_matches(rule->executables[i], name + 1, NULL, 0))
            return 1;
    }
    return 0;
}

static int counts_one(void *function)
{
    void *first = NULL;
    int count = 0;

    if (!function || ((int (*)(void **, int, int *))(uintptr_t)function)(&first, 1, &count) != 0)
        return -1;
    return count > 0;
}

static int is_running(const struct host_finding *finding, const struct modules *modules)
{
    const struct host_rule *rule = finding->rule;
    void *at;
    size_t size = 0;

    switch (rule->running) {
    case HOST_RUNNING_CALL:
        at = module_symbol(finding->owner, rule->running_symbol, NULL);
        return at ? ((int (*)(void))(uintptr_t)at)() != 0 : -1;
    case HOST_RUNNING_POINTER:
        at = host_data_symbol(modules, finding->owner, rule->running_symbol, &size);
        return at && size >= sizeof(void *) ? *(void *const volatile *)at != NULL : -1;
    case HOST_RUNNING_FLAG:
        at = host_data_symbol(modules, finding->owner, rule->running_symbol, &size);
        return at && size >= sizeof(int) ? *(const volatile int *)at != 0 : -1;
    case HOST_RUNNING_COUNT:
        return counts_one(module_symbol(finding->owner, rule->running_symbol, NULL));
    case HOST_RUNNING_EXECUTABLE:
    case HOST_RUNNING_OWNER:
        if (finding->owner->is_executable || executable_matches(rule, modules))
            return 1;
        return rule->running == HOST_RUNNING_OWNER ? -1 : 0;
    case HOST_RUNNING_HANDSHAKE:
        break;
    }
    return -1;
}

/* Keeps the owner mapped while it is asked. NULL = it is gone; the executable cannot go. */
static void *hold_owner(const struct module *owner)
{
    void *handle = dlopen(owner->is_executable ? NULL : owner->path, RTLD_LAZY | RTLD_NOLOAD);
    struct link_map *map;

    if (handle && !owner->is_executable &&
        (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || map->l_ld != owner->dynamic)) {
        dlclose(handle);
        handle = NULL;
    }
    return handle;
}

/* Returns 0, or -1 when the owner is gone. */
static int ask_owner(struct host_finding *finding, const struct modules *modules)
{
    void *held = hold_owner(finding->owner);

    if (!held)
        return -1;
    finding->running = is_running(finding, modules);
    finding->version_from =
        host_version_of(finding->rule, modules, finding->owner, finding->running != 0,
                        finding->version, sizeof(finding->version));
    dlclose(held);
    return 0;
}

/* Nothing of a rule may have to be called or read for a mere question of presence. */
static int needs_asking(const struct host_rule *rule)
{
    return rule->running != HOST_RUNNING_HANDSHAKE || rule->versions;
}

static int raise_stale(struct host_finding *findings)
{
    free(findings);
    return metacall_error_raise(METACALL_ERROR_HOST,
                                "a library was unloaded while the host was looked for: walk the "
                                "modules again");
}

int host_detect(const struct modules *modules, const struct host_rule *rules, size_t rule_count,
                struct host_report *ret_report)
{
    struct search search = {.modules = modules, .rules = rules, .rule_count = rule_count};

    search.room = rule_count + 8;
    for (;;) {
        free(search.findings);
        search.findings = calloc(search.room, sizeof(*search.findings));
        if (!search.findings)
            return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        if (modules_locked(modules, find_owners, &search) != 0)
            return raise_stale(search.findings);
        if (search.count <= search.room)
            break;
        search.room = search.count;
    }
    for (size_t i = 0; i < search.count; i++) {
        if (needs_asking(search.findings[i].rule) && ask_owner(&search.findings[i], modules) != 0)
            return raise_stale(search.findings);
    }
    ret_report->findings = search.findings;
    ret_report->count = search.count;
    return 0;
}

int host_look(const struct host_rule *rules, size_t rule_count, struct modules **ret_modules,
              struct host_report *ret_report)
{
    struct modules *modules = NULL;

    for (;;) {
        if (modules_walk(&modules) != 0)
            return -1;
        if (host_detect(modules, rules, rule_count, ret_report) == 0)
            break;
        modules_destroy(modules);
        const metacall_error *error = metacall_error_peek();
        if (error && error->code != METACALL_ERROR_HOST)
            return -1;
        metacall_error_release(metacall_error_take());
    }
    *ret_modules = modules;
    return 0;
}

void host_report_finish(struct host_report *report)
{
    free(report->findings);
    report->findings = NULL;
    report->count = 0;
}
