/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "host_variants/binding_proof.h"

#include "host_variants/module_set.h"

#include <metacall/loader.h>
#include <string.h>

struct proof {
    struct attempt *attempt;
    const struct modules *modules; /* as they are now */
    const struct module *plugin, *provider;
    struct module_set others; /* what the plugin needs beside the runtime; filled when asked for */
    int has_others;
    int has_expected;  /* what the coverage found out is about this very object */
    const char *wrong; /* the first name that is bound elsewhere (the plugin's own string) */
    uintptr_t found;   /* and to what */
};

/* A function's address that a non-PIE executable has taken is that of its own PLT entry, and every
 * other object has to agree: the symbol is undefined there, with a value. */
static int is_canonical_plt(const struct modules *modules, const char *name, uintptr_t found)
{
    const struct module *executable = modules_at(modules, 0);
    const struct elf_image *image = module_image(executable);
    struct elf_symbol symbol;

    if (found < executable->lowest || found >= executable->highest)
        return 0;
    for (size_t i = 1, count = elf_image_symbol_count(image); i < count; i++) {
        if (elf_image_symbol(image, i, &symbol) == 0 && !symbol.defined && symbol.value &&
            executable->base + symbol.value == found && strcmp(symbol.name, name) == 0)
            return 1;
    }
    return 0;
}

/* Whether an address lies in a library that the plugin needs beside the runtime. */
static int is_others(struct proof *proof, uintptr_t found)
{
    const struct module *holder = modules_of_address(proof->modules, (const void *)found);

    if (!holder || holder == proof->plugin)
        return 0;
    if (!proof->has_others) {
        proof->has_others = 1;
        module_set_add_needs(&proof->others, module_image(proof->plugin),
                             proof->attempt->request->needed);
        module_set_close(&proof->others);
    }
    return module_set_has(&proof->others, holder);
}

static int is_accepted(struct proof *proof, const struct elf_symbol *wanted,
                       const struct elf_symbol *provided, uintptr_t found)
{
    if (provided->section == SHN_ABS && found == provided->value)
        return 1;
    if (found == proof->provider->base + provided->value && provided->type != STT_GNU_IFUNC)
        return 1;
    if (provided->type == STT_GNU_IFUNC)
        return found == (uintptr_t)module_symbol(proof->provider, wanted->name, NULL);
    if (provided->type == STT_OBJECT &&
        found == (uintptr_t)host_data_symbol(proof->modules, proof->provider, wanted->name, NULL))
        return 1; /* the executable's copy */
    /* a name that one of its other libraries provides as well (operator new, say) */
    if (is_others(proof, found))
        return 1;
    return is_canonical_plt(proof->modules, wanted->name, found);
}

/* The address that a relocated word stands for. 0 = not one of an address. */
static int slot_address(const struct elf_image *image, const struct elf_relocation *relocation,
                        uintptr_t *ret_address)
{
    const void *where = NULL;

    if (relocation->kind == ELF_RELOCATION_JUMP_SLOT ||
        relocation->kind == ELF_RELOCATION_GLOB_DAT ||
        relocation->kind == ELF_RELOCATION_ABSOLUTE ||
        relocation->kind == ELF_RELOCATION_TLS_MODULE)
        where = elf_image_at(image, relocation->where, sizeof(*ret_address));
    if (!where)
        return 0;
    memcpy(ret_address, where, sizeof(*ret_address));
    if (relocation->kind == ELF_RELOCATION_ABSOLUTE)
        *ret_address -= (uintptr_t)relocation->addend;
    return 1;
}

static int prove_slot(struct proof *proof, const struct elf_relocation *relocation)
{
    const struct elf_image *image = module_image(proof->plugin);
    const struct attempt *attempt = proof->attempt;
    struct elf_symbol wanted, provided;
    uintptr_t found, expected = 0;

    if (proof->has_expected && relocation->symbol < attempt->expected_count)
        expected = attempt->expected[relocation->symbol];
    if (expected == EXPECTED_ELSEWHERE || !slot_address(image, relocation, &found) ||
        (found && found == expected))
        return 0;
    if (elf_image_symbol(image, relocation->symbol, &wanted) != 0 || wanted.defined ||
        elf_image_find(module_image(proof->provider), wanted.name, wanted.version, &provided) != 0)
        return 0;
    if (relocation->kind == ELF_RELOCATION_TLS_MODULE) {
        if (found == proof->provider->tls_module)
            return 0;
        found = 0;
    } else if (is_accepted(proof, &wanted, &provided, found)) {
        return 0;
    }
    proof->wrong = wanted.name;
    proof->found = found;
    return 1;
}

static int same_bytes(const struct elf_table *left, const struct elf_table *right, size_t size)
{
    return size <= left->size && size <= right->size &&
           (size == 0 || memcmp(left->at, right->at, size) == 0);
}

/* Whether what was opened has the symbols of what was read before: the file may have been replaced
 * meanwhile, or something else of its name have been open. */
static int is_as_read(const struct attempt *attempt, const struct elf_image *opened)
{
    const struct elf_image *read = attempt->plugin;
    size_t count = attempt->expected_count;

    return attempt->expected && same_bytes(&read->strings, &opened->strings, read->strings.size) &&
           same_bytes(&read->symbols, &opened->symbols, count * sizeof(ElfW(Sym))) &&
           same_bytes(&read->versym, &opened->versym, read->versym.at ? count * 2 : 0);
}

static int prove_slots(void *data)
{
    struct proof *proof = data;
    struct elf_relocation_cursor cursor = {0};
    struct elf_relocation relocation;

    proof->has_expected = is_as_read(proof->attempt, module_image(proof->plugin));
    while (elf_image_next_symbolic(module_image(proof->plugin), &cursor, &relocation)) {
        if (prove_slot(proof, &relocation) != 0)
            break;
    }
    return 0;
}

static int refuse_slot(const struct proof *proof, int already)
{
    const struct module *holder = modules_of_address(proof->modules, (const void *)proof->found);
    const char *where = !proof->found ? "another object" : holder ? holder->path : "no object";

    if (already)
        return attempt_refuse(proof->attempt, "bind.already-bound", proof->wrong,
                              "let only the registry open it",
                              "the plugin was open before, and its %s is bound to %s, not to the "
                              "runtime in %s",
                              proof->wrong, where, proof->provider->path);
    return attempt_refuse(proof->attempt, "bind.misbound", proof->wrong,
                          "look for a preloaded library or a hook that has the same name",
                          "its %s is bound to %s, not to the runtime in %s", proof->wrong, where,
                          proof->provider->path);
}

/* One try on a fresh walk. Returns 0, -1 when refused, 1 when something was unloaded meanwhile. */
static int prove_once(struct attempt *attempt, const void *plugin_dynamic,
                      const void *provider_dynamic, int already)
{
    struct proof proof = {.attempt = attempt};
    struct modules *modules = NULL;
    int result = -1;

    if (modules_walk(&modules) != 0)
        return -1;
    proof.modules = modules;
    proof.plugin = modules_of_dynamic(modules, plugin_dynamic);
    proof.provider = modules_of_dynamic(modules, provider_dynamic);
    if (!proof.plugin || !proof.provider)
        attempt_refuse(attempt, "bind.plugin", NULL, NULL, "it is not where ld.so said it was");
    else if (module_set_init(&proof.others, modules) == 0)
        result = modules_locked(modules, prove_slots, &proof) == MODULES_STALE;
    if (result == 0 && proof.wrong)
        result = refuse_slot(&proof, already);
    module_set_finish(&proof.others);
    modules_destroy(modules);
    return result;
}

/* No object that came with the plugin may export the runtime's markers, but the provider. */
static int prove_no_copy(struct attempt *attempt, const void *provider_dynamic)
{
    struct host_rule silent = *attempt->request->rule;
    struct modules *modules = NULL;
    struct host_report report;
    int result = 0;

    silent.running = HOST_RUNNING_HANDSHAKE; /* nothing is called for this question */
    silent.versions = NULL;
    if (host_look(&silent, 1, &modules, &report) != 0)
        return -1;
    for (size_t i = 0; i < report.count && result == 0; i++) {
        const struct module *owner = report.findings[i].owner;
        if (owner->dynamic != provider_dynamic &&
            !modules_of_dynamic(attempt->before, owner->dynamic))
            result =
                attempt_refuse(attempt, "bind.second-copy", owner->path,
                               "rebuild the plugin so that it needs the declared library",
                               "opening it mapped a second copy of the runtime, %s", owner->path);
    }
    host_report_finish(&report);
    modules_destroy(modules);
    return result;
}

int binding_prove(struct attempt *attempt, const void *plugin_dynamic, const void *provider_dynamic,
                  int already)
{
    int result = provider_dynamic ? 1 : 0;

    while (result == 1)
        result = prove_once(attempt, plugin_dynamic, provider_dynamic, already);
    if (result == 0 && attempt->request->rule && !attempt->request->allow_second_copy)
        result = prove_no_copy(attempt, provider_dynamic);
    return result;
}
