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
    struct module_set others; /* what the plugin needs beside the runtime; made when asked for */
    int already;
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
    if (!proof->others.held) {
        if (module_set_init(&proof->others, proof->modules) != 0)
            return 0;
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

static int refuse_slot(const struct proof *proof, const char *name, uintptr_t found)
{
    const struct module *holder = modules_of_address(proof->modules, (const void *)found);
    const char *where = !found ? "nothing" : holder ? holder->path : "an unknown address";

    if (proof->already)
        return attempt_refuse(proof->attempt, "bind.already-bound", name,
                              "let only the registry open it",
                              "the plugin was open before, and its %s is bound to %s, not to the "
                              "runtime in %s",
                              name, where, proof->provider->path);
    return attempt_refuse(proof->attempt, "bind.misbound", name,
                          "look for a preloaded library or a hook that has the same name",
                          "its %s is bound to %s, not to the runtime in %s", name, where,
                          proof->provider->path);
}

static int prove_slot(struct proof *proof, const struct elf_relocation *relocation)
{
    const struct elf_image *image = module_image(proof->plugin);
    struct elf_symbol wanted, provided;
    uintptr_t found;

    if (relocation->kind != ELF_RELOCATION_JUMP_SLOT &&
        relocation->kind != ELF_RELOCATION_GLOB_DAT &&
        relocation->kind != ELF_RELOCATION_ABSOLUTE &&
        relocation->kind != ELF_RELOCATION_TLS_MODULE)
        return 0;
    if (elf_image_symbol(image, relocation->symbol, &wanted) != 0 || wanted.defined ||
        elf_image_find(module_image(proof->provider), wanted.name, wanted.version, &provided) != 0)
        return 0;
    const void *where = elf_image_at(image, relocation->where, sizeof(found));
    if (!where)
        return 0;
    memcpy(&found, where, sizeof(found));
    if (relocation->kind == ELF_RELOCATION_TLS_MODULE)
        return found == proof->provider->tls_module ? 0 : refuse_slot(proof, wanted.name, 0);
    if (relocation->kind == ELF_RELOCATION_ABSOLUTE)
        found -= (uintptr_t)relocation->addend;
    return is_accepted(proof, &wanted, &provided, found) ? 0
                                                         : refuse_slot(proof, wanted.name, found);
}

static int prove_slots(struct proof *proof)
{
    struct elf_relocation_cursor cursor = {0};
    struct elf_relocation relocation;

    while (elf_image_next_relocation(module_image(proof->plugin), &cursor, &relocation)) {
        if (prove_slot(proof, &relocation) != 0)
            return -1;
    }
    return 0;
}

/* No object that came with the plugin may export the runtime's markers, but the provider. */
static int prove_no_copy(const struct proof *proof)
{
    const struct host_rule *rule = proof->attempt->request->rule;
    struct host_report report;
    int result = 0;

    if (!rule || proof->attempt->request->allow_second_copy)
        return 0;
    struct host_rule silent = *rule; /* nothing is called for this question */
    silent.running = HOST_RUNNING_HANDSHAKE;
    silent.versions = NULL;
    if (host_detect(proof->modules, &silent, 1, &report) != 0)
        return -1;
    for (size_t i = 0; i < report.count && result == 0; i++) {
        const struct module *owner = report.findings[i].owner;
        if (owner != proof->provider && !modules_of_dynamic(proof->attempt->before, owner->dynamic))
            result =
                attempt_refuse(proof->attempt, "bind.second-copy", owner->path,
                               "rebuild the plugin so that it needs the declared library",
                               "opening it mapped a second copy of the runtime, %s", owner->path);
    }
    host_report_finish(&report);
    return result;
}

int binding_prove(struct attempt *attempt, const void *plugin_dynamic, const void *provider_dynamic,
                  int already)
{
    struct proof proof = {.attempt = attempt, .already = already};
    struct modules *modules = NULL;
    int result = -1;

    if (modules_walk(&modules) != 0)
        return -1;
    proof.modules = modules;
    proof.plugin = modules_of_dynamic(modules, plugin_dynamic);
    proof.provider = modules_of_dynamic(modules, provider_dynamic);
    if (!proof.plugin || (provider_dynamic && !proof.provider)) {
        attempt_refuse(attempt, "bind.plugin", NULL, NULL,
                       "the plugin or its runtime was unloaded by another thread");
        goto out;
    }
    if (proof.provider && prove_slots(&proof) != 0)
        goto out;
    result = prove_no_copy(&proof);
out:
    module_set_finish(&proof.others);
    modules_destroy(modules);
    return result;
}
