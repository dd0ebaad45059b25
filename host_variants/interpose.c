/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Replacements: chains of hooks, the newest first. The words of an import lead to the head; each
 * hook's *next leads to the one behind it, the last one's to the original. */
#include "host_variants/interpose_object.h"

#include <dlfcn.h>
#include <metacall/loader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* musl has none, and binds nothing lazily. */
extern void *dlvsym(void *handle, const char *name, const char *version) __attribute__((weak));

/* ------------------------------------------------------------------------------------ naming */

static int matches_name(const metacall_interpose *object, const struct import *import,
                        const char *name, size_t name_size, const char *version)
{
    struct elf_symbol symbol;

    if (elf_image_symbol(object->image, import->symbol, &symbol) != 0 ||
        strncmp(symbol.name, name, name_size) != 0 || symbol.name[name_size] != 0)
        return 0;
    return !version || (symbol.version && strcmp(symbol.version, version) == 0);
}

static struct import *find_import(metacall_interpose *object, const char *name)
{
    const char *at = strchr(name, '@');
    size_t size = at ? (size_t)(at - name) : strlen(name);
    struct import *found = NULL;

    for (size_t i = 0; i < object->import_count; i++) {
        struct import *import = &object->imports[i];
        if (!matches_name(object, import, name, size, at ? at + 1 : NULL))
            continue;
        if (found) {
            metacall_error_raise(METACALL_ERROR_ARGUMENT,
                                 "%s: it imports '%s' in more than one version: say which, as "
                                 "'%s@VERSION'",
                                 object->module->path, name, name);
            return NULL;
        }
        found = import;
    }
    if (!found)
        metacall_error_raise(METACALL_ERROR_NOT_FOUND, "%s: it does not import '%s'",
                             object->module->path, name);
    return found;
}

static int may_replace(const metacall_interpose *object, const struct import *import,
                       const char *name)
{
    for (size_t i = 0; i < import->count; i++) {
        const struct import_word *word = &object->words[import->first + i];
        if (!interpose_word_is_address(word))
            return metacall_error_raise(METACALL_ERROR_SUPPORT,
                                        "%s: '%s' cannot be replaced: it is reached by a "
                                        "relocation of the kind %s",
                                        object->module->path, name,
                                        elf_relocation_name(word->kind));
        if (!rebind_may_write(object->image, word->where - object->module->base))
            return metacall_error_raise(METACALL_ERROR_SUPPORT,
                                        "%s: '%s' cannot be replaced: a word of it is not in a "
                                        "writable segment",
                                        object->module->path, name);
    }
    return 0;
}

/* ---------------------------------------------------------------------------------- original */

/* What the linker would bind: the global scope comes before the object's own libraries. */
static int look_up(const metacall_interpose *object, const struct import *import,
                   uintptr_t *ret_address)
{
    void *global = dlopen(NULL, RTLD_LAZY | RTLD_NOLOAD), *handles[] = {global, object->pin};
    struct elf_symbol symbol = {.name = "?"};
    void *found = NULL;

    if (elf_image_symbol(object->image, import->symbol, &symbol) == 0) {
        for (size_t i = 0; i < 2 && !found; i++) {
            if (handles[i] && symbol.version && dlvsym)
                found = dlvsym(handles[i], symbol.name, symbol.version);
            else if (handles[i])
                found = dlsym(handles[i], symbol.name);
        }
    }
    if (global)
        dlclose(global);
    *ret_address = (uintptr_t)found;
    return found || symbol.binding == STB_WEAK
               ? 0
               : metacall_error_raise(METACALL_ERROR_NOT_FOUND,
                                      "%s: '%s' is not bound yet, and nothing provides it",
                                      object->module->path, symbol.name);
}

/* Where the import leads: what calls go to comes first. *ret_lazy = no word is bound. */
static uintptr_t bound_address(const metacall_interpose *object, const struct import *import,
                               int *ret_lazy)
{
    uintptr_t address = 0;

    *ret_lazy = 1;
    for (size_t i = 0; i < import->count; i++) {
        const struct import_word *word = &object->words[import->first + i];
        int lazy;
        uintptr_t now = interpose_word_now(object, word, &lazy);
        if (lazy || (!*ret_lazy && word->kind != ELF_RELOCATION_JUMP_SLOT))
            continue;
        address = now - (uintptr_t)word->addend;
        *ret_lazy = 0;
        if (word->kind == ELF_RELOCATION_JUMP_SLOT)
            break;
    }
    return address;
}

/* ------------------------------------------------------------------------------------- words */

/* Points every slot from what it holds (`head` NULL) or from the head to `address`. */
static void aim(const metacall_interpose *object, const struct import *import,
                struct rebind_slot *slots, const metacall_interpose_hook *head, uintptr_t address)
{
    for (size_t i = 0; i < import->count; i++) {
        const struct import_word *word = &object->words[import->first + i];
        struct rebind_slot *slot = &slots[i];
        int lazy = 0;
        slot->where = (uintptr_t *)word->where;
        slot->symbol = word->symbol;
        slot->kind = (unsigned char)word->kind;
        slot->before = head ? head->replacement + (uintptr_t)word->addend
                            : interpose_word_now(object, word, &lazy);
        slot->lazy = (unsigned char)lazy;
        slot->after = address + (uintptr_t)word->addend;
    }
}

static int raise_changed(const metacall_interpose *object, const struct import *import,
                         const struct rebind_slot *slot)
{
    uintptr_t now = __atomic_load_n(slot->where, __ATOMIC_ACQUIRE);
    struct elf_symbol symbol = {.name = "?"};
    char owner[256];

    elf_image_symbol(object->image, import->symbol, &symbol);
    return metacall_error_raise(
        METACALL_ERROR_STATE, "%s: somebody else has changed '%s' meanwhile: it leads to %s",
        object->module->path, symbol.name, rebind_owner_of(now, owner, sizeof(owner)));
}

static void set_next(metacall_interpose_hook *hook, uintptr_t address)
{
    if (hook->next)
        __atomic_store_n(hook->next, (void *)address, __ATOMIC_RELEASE);
}

/* ----------------------------------------------------------------------------------- install */

/* A slot that a thread had the linker bind at the very moment when it was hooked: it leads past the
 * chain, to the original. Then that is what it is to be turned from. */
static int linker_came_between(const struct import *import, struct rebind_slot *slots, size_t index)
{
    uintptr_t now = __atomic_load_n(slots[index].where, __ATOMIC_ACQUIRE);

    if (!import->slots || !import->slots[index].lazy || now != import->original ||
        now == slots[index].before)
        return 0;
    slots[index].before = now;
    return 1;
}

/* With the lock held. `original` is what *next becomes where the chain is empty. Returns as
 * rebind_exchange; *ret_conflict is the slot that had changed. */
static int install(metacall_interpose_hook *hook, struct rebind_slot *slots, uintptr_t original,
                   struct rebind_slot *ret_conflict)
{
    struct import *import = hook->import;
    metacall_interpose_hook *head = import->head;
    void *former = hook->next ? *hook->next : NULL;
    size_t conflict = 0;
    int result;

    aim(hook->object, import, slots, head, hook->replacement);
    set_next(hook, head ? head->replacement : original);
    do
        result = rebind_exchange(slots, import->count, 0, &conflict, NULL);
    while (result == 1 && linker_came_between(import, slots, conflict));
    if (result != 0) {
        set_next(hook, (uintptr_t)former);
        *ret_conflict = slots[conflict];
        return result;
    }
    hook->older = head;
    import->head = hook;
    if (!head) {
        import->original = original;
        import->slots = slots;
    }
    interpose_object_use(hook->object);
    return 0;
}

/* Installs, and again where a call bound a word between the look and the store. What nothing has
 * bound yet is looked up without the lock. */
static int install_anew(metacall_interpose_hook *hook, struct rebind_slot **slots)
{
    struct rebind_slot conflict = {0};
    uintptr_t found = 0;
    int looked = 0, result = 1;

    for (int tries = 0; result == 1 && tries < 4; tries++) {
        int lazy;
        rebind_lock();
        int chained = hook->import->head != NULL;
        uintptr_t original = bound_address(hook->object, hook->import, &lazy);
        if (!lazy || looked)
            result = install(hook, *slots, lazy ? found : original, &conflict);
        if (result == 0 && !chained)
            *slots = NULL; /* the import's now */
        rebind_unlock();
        if (result == 1 && lazy && !looked) {
            if (look_up(hook->object, hook->import, &found) != 0)
                return -1;
            looked = 1;
        }
    }
    return result == 1 ? raise_changed(hook->object, hook->import, &conflict) : result;
}

int metacall_interpose_replace(metacall_interpose *object, const char *symbol, void *replacement,
                               void **next, metacall_interpose_hook **ret_hook)
{
    struct import *import = find_import(object, symbol);
    metacall_interpose_hook *hook = NULL;
    struct rebind_slot *slots = NULL;
    int result = -1;

    if (!import || may_replace(object, import, symbol) != 0)
        return -1;
    hook = calloc(1, sizeof(*hook));
    slots = calloc(import->count, sizeof(*slots));
    if (!hook || !slots) {
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        goto out;
    }
    hook->object = object;
    hook->import = import;
    hook->replacement = (uintptr_t)replacement;
    hook->next = next;
    result = install_anew(hook, &slots);
    if (result == 0) {
        *ret_hook = hook;
        hook = NULL;
    }
out:
    free(hook);
    free(slots);
    return result;
}

/* ----------------------------------------------------------------------------------- restore */

/* Leads the words from the head to the hook behind it, or to exactly what they held. `before` of
 * the import's slots is kept for the last of the chain: a second set makes the step. */
static int step_back(const metacall_interpose_hook *hook, size_t *ret_conflict)
{
    struct import *import = hook->import;
    uintptr_t behind = hook->older ? hook->older->replacement : 0;
    struct rebind_slot few[8], *steps = few;
    int result;

    if (import->count > sizeof(few) / sizeof(few[0]))
        steps = malloc(import->count * sizeof(*steps));
    if (!steps)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    aim(hook->object, import, steps, hook, behind);
    for (size_t i = 0; i < import->count && !hook->older; i++)
        steps[i].after = import->slots[i].before;
    do
        result = rebind_exchange(steps, import->count, 0, ret_conflict, NULL);
    while (result == 1 && linker_came_between(import, steps, *ret_conflict));
    if (steps != few)
        free(steps);
    return result;
}

/* With the lock held. */
static int take_out(metacall_interpose_hook *hook, size_t *ret_conflict)
{
    struct import *import = hook->import;
    metacall_interpose_hook *newer = import->head;

    if (newer == hook) {
        int result = step_back(hook, ret_conflict);
        if (result != 0)
            return result;
        import->head = hook->older;
    } else {
        while (newer->older != hook)
            newer = newer->older;
        newer->older = hook->older;
        set_next(newer, hook->older ? hook->older->replacement : import->original);
    }
    if (!import->head) {
        free(import->slots);
        import->slots = NULL;
    }
    return 0;
}

int metacall_interpose_restore(metacall_interpose_hook *hook)
{
    metacall_interpose *last = NULL;
    struct rebind_slot changed = {0};
    size_t conflict = 0;

    if (!hook)
        return 0;
    rebind_lock();
    int result = take_out(hook, &conflict);
    if (result == 1)
        changed = hook->import->slots[conflict];
    else if (result == 0)
        last = interpose_object_leave(hook->object);
    rebind_unlock();
    if (result == 1)
        return raise_changed(hook->object, hook->import, &changed);
    if (result == 0)
        free(hook);
    interpose_object_destroy(last);
    return result;
}

int metacall_interpose_holds(const metacall_interpose_hook *hook)
{
    const struct import *import = hook->import;
    int holds = 1;

    rebind_lock();
    for (size_t i = 0; i < import->count && holds; i++) {
        const struct import_word *word = &hook->object->words[import->first + i];
        holds = __atomic_load_n((const uintptr_t *)word->where, __ATOMIC_ACQUIRE) ==
                import->head->replacement + (uintptr_t)word->addend;
    }
    rebind_unlock();
    return holds;
}
