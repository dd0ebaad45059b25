/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Carrying out a plan: one atomic store a word between opened pages, and the way back. */
#include "host_variants/rebind.h"

#include "host_variants/rebind_plan.h"
#include "host_variants/rebind_protect.h"

#include <dlfcn.h>
#include <link.h>
#include <metacall/loader.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -------------------------------------------------------------------------------------- lock */

static pthread_mutex_t writers = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static void take_writers(void)
{
    pthread_mutex_lock(&writers);
}

static void leave_writers(void)
{
    pthread_mutex_unlock(&writers);
}

/* A child must not find a page open, or the lock held, by a thread that it does not have. */
static void watch_fork(void)
{
    pthread_atfork(take_writers, leave_writers, leave_writers);
}

void rebind_lock(void)
{
    pthread_once(&fork_once, watch_fork);
    take_writers();
}

void rebind_unlock(void)
{
    leave_writers();
}

/* ------------------------------------------------------------------------------------- words */

/* A word that the linker may bind at this moment takes a compare-and-swap. For the others, which
 * nobody but the holders of the lock writes, a look and a store do, at a fifth of the price. */
static int swap_word(const struct rebind_slot *slot, int back)
{
    uintptr_t expected = back ? slot->after : slot->before;
    uintptr_t wanted = back ? slot->before : slot->after;

    if (slot->lazy)
        return __atomic_compare_exchange_n(slot->where, &expected, wanted, 0, __ATOMIC_RELEASE,
                                           __ATOMIC_ACQUIRE);
    if (__atomic_load_n(slot->where, __ATOMIC_ACQUIRE) != expected)
        return 0;
    __atomic_store_n(slot->where, wanted, __ATOMIC_RELEASE);
    return 1;
}

/* Whether the word is already what swap_word would make it. */
static int holds(const struct rebind_slot *slot, int back)
{
    return __atomic_load_n(slot->where, __ATOMIC_ACQUIRE) == (back ? slot->before : slot->after);
}

int rebind_exchange(struct rebind_slot *slots, size_t count, int back, size_t *ret_conflict,
                    size_t *ret_left)
{
    struct rebind_openings openings;
    size_t left = 0, done;
    int result = 0;

    if (rebind_open_pages(slots, count, &openings) != 0)
        return -1;
    for (done = 0; done < count; done++) {
        if (swap_word(&slots[done], back) || (ret_left && holds(&slots[done], back)))
            continue;
        if (left++ == 0)
            *ret_conflict = done;
        if (ret_left)
            continue;
        while (done-- > 0)
            swap_word(&slots[done], !back);
        result = 1;
        break;
    }
    if (rebind_close_pages(&openings) != 0) {
        for (done = 0; result == 0 && !ret_left && done < count; done++)
            swap_word(&slots[done], !back); /* the pages are open still */
        result = -1;
    }
    if (ret_left)
        *ret_left = left;
    return result;
}

int rebind_may_write(const struct elf_image *image, uint64_t where)
{
    ElfW(Phdr) header;

    if (where % sizeof(uintptr_t))
        return 0;
    for (size_t i = 0; elf_image_header(image, i, &header) == 0; i++) {
        if (header.p_type == PT_LOAD && (header.p_flags & PF_W) && where >= header.p_vaddr &&
            where - header.p_vaddr < header.p_memsz &&
            header.p_memsz - (where - header.p_vaddr) >= sizeof(uintptr_t))
            return 1;
    }
    return 0;
}

/* ------------------------------------------------------------------------------------ owners */

const char *rebind_owner_of(uintptr_t address, char *text, size_t text_size)
{
    Dl_info info;

    if (address == 0)
        snprintf(text, text_size, "null");
    else if (dladdr((void *)address, &info) && info.dli_fname)
        snprintf(text, text_size, "%s", info.dli_fname);
    else
        snprintf(text, text_size, "no module");
    return text;
}

void *rebind_pin(const struct module *module)
{
    void *handle = dlopen(module->is_executable ? NULL : module->path, RTLD_LAZY | RTLD_NOLOAD);
    struct link_map *map = NULL;

    if (handle && (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || map->l_ld != module->dynamic)) {
        dlclose(handle);
        handle = NULL;
    }
    if (!handle)
        metacall_error_raise(METACALL_ERROR_NOT_FOUND,
                             "%s: it is not loaded, or not under this name", module->path);
    return handle;
}

/* -------------------------------------------------------------------------------------- plan */

size_t rebind_plan_count(const struct rebind_plan *plan)
{
    return plan->count;
}

const struct rebind_slot *rebind_plan_slot(const struct rebind_plan *plan, size_t index)
{
    return index < plan->count ? &plan->slots[index] : NULL;
}

static const char *name_of(const struct rebind_plan *plan, const struct rebind_slot *slot)
{
    struct elf_symbol symbol;

    return elf_image_symbol(module_image(plan->object), slot->symbol, &symbol) == 0 ? symbol.name
                                                                                    : "?";
}

static int raise_conflict(const struct rebind_plan *plan, const struct rebind_slot *slot)
{
    char owner[256];
    uintptr_t now = __atomic_load_n(slot->where, __ATOMIC_ACQUIRE);

    return metacall_error_raise(
        METACALL_ERROR_STATE, "%s: somebody else has changed '%s' meanwhile: it leads to %s",
        plan->object->path, name_of(plan, slot), rebind_owner_of(now, owner, sizeof(owner)));
}

/* A call may have bound a slot since the plan was made: then that is what was there before. */
static int bound_meanwhile(const struct rebind_plan *plan, struct rebind_slot *slot)
{
    uintptr_t now = __atomic_load_n(slot->where, __ATOMIC_ACQUIRE);

    if (!slot->lazy || now == slot->before)
        return 0;
    if (plan->from && (now < plan->from->lowest || now >= plan->from->highest))
        return 0;
    slot->before = now;
    slot->lazy = 0;
    return 1;
}

int rebind_plan_commit(struct rebind_plan *plan)
{
    size_t conflict = 0;
    int result;

    if (plan->committed)
        return 0;
    void *pin = rebind_pin(plan->to);
    if (!pin)
        return -1;
    rebind_lock();
    do
        result = rebind_exchange(plan->slots, plan->count, 0, &conflict, NULL);
    while (result == 1 && bound_meanwhile(plan, &plan->slots[conflict]));
    rebind_unlock();
    if (result != 0) {
        if (result == 1)
            raise_conflict(plan, &plan->slots[conflict]);
        dlclose(pin);
        return -1;
    }
    plan->pin = pin;
    plan->committed = 1;
    return 0;
}

int rebind_plan_verify(const struct rebind_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct rebind_slot *slot = &plan->slots[i];
        if (__atomic_load_n(slot->where, __ATOMIC_ACQUIRE) != slot->after)
            return raise_conflict(plan, slot);
    }
    return 0;
}

int rebind_plan_restore(struct rebind_plan *plan)
{
    size_t conflict = 0, left = 0;
    int result;

    if (!plan->committed)
        return 0;
    rebind_lock();
    /* a first call that the linker was working on during the commit has put its own there */
    for (size_t i = 0; i < plan->count; i++) {
        if (__atomic_load_n(plan->slots[i].where, __ATOMIC_ACQUIRE) != plan->slots[i].after)
            bound_meanwhile(plan, &plan->slots[i]);
    }
    result = rebind_exchange(plan->slots, plan->count, 1, &conflict, &left);
    rebind_unlock();
    if (result != 0)
        return -1;
    plan->committed = 0;
    if (left) /* what somebody else put there may lead on to `to`, which stays held */
        return raise_conflict(plan, &plan->slots[conflict]);
    dlclose(plan->pin);
    plan->pin = NULL;
    return 0;
}

void rebind_plan_destroy(struct rebind_plan *plan)
{
    if (!plan)
        return;
    free(plan->slots);
    free(plan);
}

size_t rebind_residue(const struct module *object, const struct module *module,
                      uintptr_t *ret_first)
{
    const struct elf_image *image = module_image(object);
    size_t found = 0;
    ElfW(Phdr) header;

    for (size_t i = 0; elf_image_header(image, i, &header) == 0; i++) {
        if (header.p_type != PT_LOAD || (header.p_flags & PF_W) == 0)
            continue;
        uintptr_t at = (object->base + header.p_vaddr + sizeof(at) - 1) & ~(sizeof(at) - 1);
        uintptr_t end = object->base + header.p_vaddr + header.p_memsz;
        for (; at + sizeof(at) <= end; at += sizeof(at)) {
            uintptr_t word = __atomic_load_n((const uintptr_t *)at, __ATOMIC_RELAXED);
            if (word < module->lowest || word >= module->highest)
                continue;
            if (found++ == 0 && ret_first)
                *ret_first = at;
        }
    }
    return found;
}
