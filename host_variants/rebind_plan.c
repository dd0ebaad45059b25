/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Making a plan: every relocation by name, what its word holds now, and what it is to hold. */
#include "host_variants/rebind_plan.h"

#include "host_variants/rebind_machine.h"
#include "host_variants/rebind_tls.h"

#include <metacall/loader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 32 /* names that are looked up together */

/* What a name of the object becomes. */
enum target_state {
    TARGET_UNKNOWN,
    TARGET_ADDRESS, /* `value` is an address */
    TARGET_LOCAL,   /* `value` is an offset in the thread-local block */
    TARGET_NULL,    /* weak, and not there */
    TARGET_NONE     /* not of this plan, or reported as missing */
};

struct target {
    uintptr_t value;
    unsigned char state;
};

/* A name that the executable has taken over from `to`: COPY of data, a function's own PLT entry. */
struct takeover {
    uint32_t hash;
    const char *name;
    uintptr_t address;
    int is_function;
};

struct planner {
    struct rebind_plan *plan;
    const struct module *object, *from, *to, *executable;
    const struct elf_image *image;
    unsigned flags;
    uint64_t writable_from, writable_to; /* the segment that the last word was in */
    struct target *targets;
    size_t target_count;
    struct takeover *takeovers;
    size_t takeover_count;
    size_t from_tls, to_tls; /* asked for once */
    int asked_tls, asked_distance;
    intptr_t from_distance, to_distance;
    char missing[400];
    size_t missing_count;
};

static int refuse(const struct planner *planner, const char *name, const char *reason)
{
    return metacall_error_raise(METACALL_ERROR_SUPPORT, "%s: '%s' cannot be rebound: %s",
                                planner->object->path, name, reason);
}

static int is_inside(const struct module *module, uintptr_t address)
{
    return address >= module->lowest && address < module->highest;
}

static int from_provides(const struct planner *planner, const struct elf_symbol *reference,
                         struct elf_symbol *ret_symbol)
{
    const struct module *source = planner->from ? planner->from : planner->to;

    return elf_image_find(module_image(source), reference->name, reference->version, ret_symbol) ==
           0;
}

/* --------------------------------------------------------------- what the executable took over */

static int add_takeover(struct planner *planner, const struct elf_symbol *symbol, int is_function)
{
    size_t size = (planner->takeover_count + 1) * sizeof(*planner->takeovers);
    struct takeover *takeovers = realloc(planner->takeovers, size);

    if (!takeovers)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    planner->takeovers = takeovers;
    takeovers[planner->takeover_count++] = (struct takeover){
        .hash = elf_image_gnu_hash(symbol->name),
        .name = symbol->name,
        .address = planner->executable->base + (uintptr_t)symbol->value,
        .is_function = is_function,
    };
    return 0;
}

/* Only an executable that was linked to `to` can have taken something over. */
static int find_takeovers(struct planner *planner)
{
    const struct elf_image *image = module_image(planner->executable);
    struct elf_relocation_cursor cursor = {0};
    struct elf_relocation relocation;
    struct elf_symbol symbol;

    if (planner->to == planner->executable || !planner->to->soname ||
        !elf_image_needs(image, planner->to->soname))
        return 0;
    while (elf_image_next_relocation(image, &cursor, &relocation)) {
        int is_copy = relocation.kind == ELF_RELOCATION_COPY;
        if (!is_copy && relocation.kind != ELF_RELOCATION_JUMP_SLOT &&
            relocation.kind != ELF_RELOCATION_GLOB_DAT)
            continue;
        if (elf_image_symbol(image, relocation.symbol, &symbol) != 0 || symbol.value == 0 ||
            symbol.defined != is_copy)
            continue;
        if (add_takeover(planner, &symbol, !is_copy) != 0)
            return -1;
    }
    return 0;
}

static const struct takeover *taken_over(const struct planner *planner, const char *name,
                                         uint32_t hash, int is_call)
{
    for (size_t i = 0; i < planner->takeover_count; i++) {
        const struct takeover *takeover = &planner->takeovers[i];
        if (takeover->hash == hash && !(takeover->is_function && is_call) &&
            strcmp(takeover->name, name) == 0)
            return takeover;
    }
    return NULL;
}

/* ----------------------------------------------------------------------------------- targets */

static void report_missing(struct planner *planner, const struct elf_symbol *reference)
{
    size_t used = strlen(planner->missing);

    if (planner->missing_count++ < 10)
        snprintf(planner->missing + used, sizeof(planner->missing) - used, "%s%s%s%s",
                 used ? ", " : "", reference->name, reference->version ? "@" : "",
                 reference->version ? reference->version : "");
}

static void find_target(struct planner *planner, const struct elf_symbol *reference, int is_call,
                        struct target *target)
{
    uint32_t hash = elf_image_gnu_hash(reference->name);
    const struct takeover *takeover =
        planner->takeover_count ? taken_over(planner, reference->name, hash, is_call) : NULL;
    struct elf_symbol found;

    if (takeover) {
        *target = (struct target){takeover->address, TARGET_ADDRESS};
    } else if (elf_image_find_hashed(module_image(planner->to), reference->name, hash,
                                     reference->version, &found) != 0) {
        target->state = TARGET_NONE;
        if (planner->from && reference->binding == STB_WEAK)
            target->state = TARGET_NULL;
        else if (planner->from)
            report_missing(planner, reference);
    } else if (found.type == STT_TLS) {
        *target = (struct target){(uintptr_t)found.value, TARGET_LOCAL};
    } else {
        target->state = TARGET_ADDRESS;
        target->value = (uintptr_t)found.value;
        if (found.section != SHN_ABS)
            target->value += planner->to->base;
        if (found.type == STT_GNU_IFUNC)
            target->value = rebind_machine_resolve(target->value);
    }
}

/* What a batch of look-ups has found; anything but a plain address is left to find_target. */
static void take_targets(struct planner *planner, struct elf_query *queries, const size_t *indexes,
                         size_t count)
{
    const struct elf_image *image = module_image(planner->to);
    struct elf_symbol found;

    elf_image_find_many(image, queries, count);
    for (size_t i = 0; i < count; i++) {
        if (queries[i].index && elf_image_symbol(image, queries[i].index, &found) == 0 &&
            found.type != STT_TLS && found.type != STT_GNU_IFUNC && found.section != SHN_ABS)
            planner->targets[indexes[i]] =
                (struct target){planner->to->base + (uintptr_t)found.value, TARGET_ADDRESS};
    }
}

/* All names at once, before the relocations: one by one, most of the time would be waiting for the
 * memory that `to` has its tables in. */
static void find_targets(struct planner *planner)
{
    struct elf_query queries[BATCH];
    size_t indexes[BATCH], count = 0;
    struct elf_symbol wanted;

    if (!planner->from || planner->takeover_count)
        return;
    for (size_t i = 1; i < planner->target_count; i++) {
        if (elf_image_symbol(planner->image, i, &wanted) != 0 || wanted.defined ||
            wanted.binding == STB_LOCAL || wanted.name[0] == 0)
            continue;
        queries[count] = (struct elf_query){.name = wanted.name,
                                            .version = wanted.version,
                                            .hash = elf_image_gnu_hash(wanted.name)};
        indexes[count++] = i;
        if (count == BATCH) {
            take_targets(planner, queries, indexes, count);
            count = 0;
        }
    }
    take_targets(planner, queries, indexes, count);
}

/* The target of symbol `index`, found once. A function that the executable has an address of its
 * own for has two: that for calls is not kept. */
static struct target target_of(struct planner *planner, size_t index,
                               const struct elf_symbol *reference, enum elf_relocation_kind kind)
{
    struct target target = {0, TARGET_UNKNOWN};
    int is_call = kind == ELF_RELOCATION_JUMP_SLOT;

    if (index >= planner->target_count || (is_call && planner->takeover_count)) {
        find_target(planner, reference, is_call, &target);
        return target;
    }
    if (planner->targets[index].state == TARGET_UNKNOWN)
        find_target(planner, reference, is_call, &planner->targets[index]);
    return planner->targets[index];
}

/* ------------------------------------------------------------------------------------- slots */

/* As rebind_may_write, with the segment kept that the last word was in. */
static int may_write(struct planner *planner, uint64_t where)
{
    const struct elf_image *image = planner->image;
    ElfW(Phdr) header;

    if (where % sizeof(uintptr_t) == 0 && where >= planner->writable_from &&
        where < planner->writable_to)
        return 1;
    if (!rebind_may_write(image, where))
        return 0;
    for (size_t i = 0; elf_image_header(image, i, &header) == 0; i++) {
        if (header.p_type == PT_LOAD && where - header.p_vaddr < header.p_memsz) {
            planner->writable_from = header.p_vaddr;
            planner->writable_to = (header.p_vaddr + header.p_memsz) & ~(sizeof(uintptr_t) - 1);
        }
    }
    return 1;
}

/* Room for a slot of every relocation, so that the plan never moves. */
static int reserve_slots(struct planner *planner)
{
    const struct elf_image *image = planner->image;
    size_t entry = image->plt_has_addends ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel));
    size_t room = image->rela.size / sizeof(ElfW(Rela)) + image->plt.size / entry;

    planner->plan->slots = malloc((room + 1) * sizeof(*planner->plan->slots));
    planner->plan->room = room;
    return planner->plan->slots ? 0 : metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
}

/* The word may be written: that was asked before. */
static int add_slot(struct planner *planner, const struct elf_relocation *relocation,
                    uintptr_t before, uintptr_t after, int lazy)
{
    struct rebind_plan *plan = planner->plan;

    if (plan->count == plan->room)
        return metacall_error_raise(METACALL_ERROR_INTERNAL, "%s: more relocations than counted",
                                    planner->object->path);
    plan->slots[plan->count++] = (struct rebind_slot){
        .where = (uintptr_t *)(planner->object->base + (uintptr_t)relocation->where),
        .before = before,
        .after = after,
        .symbol = relocation->symbol,
        .kind = (unsigned char)relocation->kind,
        .lazy = (unsigned char)lazy,
    };
    return 0;
}

static int raise_bound_elsewhere(const struct planner *planner, const char *name, uintptr_t now)
{
    char owner[256];

    return metacall_error_raise(METACALL_ERROR_STATE,
                                "%s: '%s' is not bound to %s but to %s: it is left alone",
                                planner->object->path, name, planner->from->path,
                                rebind_owner_of(now, owner, sizeof(owner)));
}

/* Whether a word that leads to `now` is of this plan: 1, 0, or -1 with the error set. */
static int is_ours(const struct planner *planner, const struct elf_symbol *reference, uintptr_t now,
                   int lazy)
{
    struct elf_symbol found;

    if (!planner->from)
        return 1;
    if (!lazy && is_inside(planner->from, now))
        return 1;
    if (!from_provides(planner, reference, &found))
        return 0;
    if (lazy || now == 0 || is_inside(planner->to, now))
        return 1;
    /* what `to` and the executable share is where it should be */
    if (planner->takeover_count &&
        taken_over(planner, reference->name, elf_image_gnu_hash(reference->name), 0))
        return 1;
    return raise_bound_elsewhere(planner, reference->name, now);
}

static int plan_word(struct planner *planner, const struct elf_relocation *relocation,
                     size_t plt_index, const struct elf_symbol *reference)
{
    const uintptr_t *where =
        (const uintptr_t *)(planner->object->base + (uintptr_t)relocation->where);

    if (!may_write(planner, relocation->where)) {
        struct elf_symbol found;
        return from_provides(planner, reference, &found)
                   ? refuse(planner, reference->name, "its word is not in a writable segment")
                   : 0;
    }
    uintptr_t held = __atomic_load_n(where, __ATOMIC_ACQUIRE);
    int lazy = relocation->kind == ELF_RELOCATION_JUMP_SLOT && is_inside(planner->object, held) &&
               rebind_machine_is_stub(planner->image, held, plt_index);
    uintptr_t nothing = rebind_machine_word(relocation->kind, 0, relocation->addend);
    int ours = is_ours(planner, reference, held - nothing, lazy);

    if (ours <= 0)
        return ours;
    struct target target = target_of(planner, relocation->symbol, reference, relocation->kind);
    if (target.state == TARGET_NONE)
        return 0;
    if (target.state == TARGET_LOCAL)
        return refuse(planner, reference->name, "it is a thread-local there");
    return add_slot(planner, relocation, held, target.value + nothing, lazy);
}

/* The short way, for a further word of a symbol whose target is known: 1 where it was taken. */
static int plan_known(struct planner *planner, const struct elf_relocation *relocation)
{
    if (!planner->from || planner->takeover_count || relocation->symbol >= planner->target_count ||
        planner->targets[relocation->symbol].state != TARGET_ADDRESS ||
        (relocation->kind != ELF_RELOCATION_JUMP_SLOT &&
         relocation->kind != ELF_RELOCATION_GLOB_DAT &&
         relocation->kind != ELF_RELOCATION_ABSOLUTE) ||
        !may_write(planner, relocation->where))
        return 0;
    uintptr_t nothing = rebind_machine_word(relocation->kind, 0, relocation->addend);
    uintptr_t held =
        __atomic_load_n((const uintptr_t *)(planner->object->base + (uintptr_t)relocation->where),
                        __ATOMIC_ACQUIRE);
    return is_inside(planner->from, held - nothing) &&
           add_slot(planner, relocation, held, planner->targets[relocation->symbol].value + nothing,
                    0) == 0;
}

/* ------------------------------------------------------------------------------ thread-locals */

static int ask_tls(struct planner *planner)
{
    if (!planner->asked_tls) {
        planner->asked_tls = 1;
        planner->to_tls = rebind_tls_module(planner->to);
        planner->from_tls = planner->from ? rebind_tls_module(planner->from) : 0;
    }
    return planner->to_tls != 0;
}

/* 1 when both blocks lie at a fixed distance from the thread pointer. */
static int ask_distance(struct planner *planner)
{
    if (!planner->asked_distance) {
        planner->asked_distance = -1;
        if (rebind_tls_distance(planner->to_tls, &planner->to_distance) == 0 &&
            (!planner->from ||
             rebind_tls_distance(planner->from_tls, &planner->from_distance) == 0))
            planner->asked_distance = 1;
    }
    return planner->asked_distance > 0;
}

/* The word for a thread-local at `offset` of a block. */
static uintptr_t local_word(enum elf_relocation_kind kind, size_t tls_module, intptr_t distance,
                            uintptr_t offset, int64_t addend)
{
    if (kind == ELF_RELOCATION_TLS_MODULE)
        return tls_module;
    offset += (uintptr_t)addend;
    return kind == ELF_RELOCATION_TLS_STATIC ? offset + (uintptr_t)distance : offset;
}

static int plan_local(struct planner *planner, const struct elf_relocation *relocation,
                      const struct elf_symbol *reference)
{
    uintptr_t *where = (uintptr_t *)(planner->object->base + (uintptr_t)relocation->where);
    enum elf_relocation_kind kind = relocation->kind;
    struct elf_symbol source;

    if (!from_provides(planner, reference, &source) || source.type != STT_TLS)
        return 0;
    struct target target = target_of(planner, relocation->symbol, reference, kind);
    if (target.state == TARGET_NONE)
        return 0;
    if (target.state != TARGET_LOCAL || !ask_tls(planner))
        return refuse(planner, reference->name, "it is no thread-local there");
    if (planner->flags & REBIND_LIVE)
        return refuse(planner, reference->name,
                      "a thread-local is two words, and threads may be running");
    if (kind == ELF_RELOCATION_TLS_STATIC && !ask_distance(planner))
        return refuse(planner, reference->name,
                      "it is reached at a fixed distance from the thread pointer, where the "
                      "provider's thread-locals have no place");
    if (!rebind_may_write(planner->image, relocation->where))
        return refuse(planner, reference->name, "its word is not in a writable segment");
    uintptr_t after =
        local_word(kind, planner->to_tls, planner->to_distance, target.value, relocation->addend);
    uintptr_t now = __atomic_load_n(where, __ATOMIC_ACQUIRE);
    if (planner->from && now != after &&
        now != local_word(kind, planner->from_tls, planner->from_distance, (uintptr_t)source.value,
                          relocation->addend))
        return refuse(planner, reference->name, "its thread-local is bound elsewhere");
    return add_slot(planner, relocation, now, after, 0);
}

/* --------------------------------------------------------------------------------------- plan */

static int plan_relocation(struct planner *planner, const struct elf_relocation *relocation,
                           size_t plt_index)
{
    struct elf_symbol reference, found;

    if (relocation->symbol == 0 || relocation->kind == ELF_RELOCATION_NONE)
        return 0; /* relative, indirect, or the object's own */
    if (plan_known(planner, relocation))
        return 0;
    if (elf_image_symbol(planner->image, relocation->symbol, &reference) != 0)
        return metacall_error_raise(METACALL_ERROR_SUPPORT,
                                    "%s: a relocation names symbol %u, which is not there",
                                    planner->object->path, relocation->symbol);
    if (reference.binding == STB_LOCAL)
        return 0;
    switch (relocation->kind) {
    case ELF_RELOCATION_JUMP_SLOT:
    case ELF_RELOCATION_GLOB_DAT:
    case ELF_RELOCATION_ABSOLUTE:
        return plan_word(planner, relocation, plt_index, &reference);
    case ELF_RELOCATION_TLS_MODULE:
    case ELF_RELOCATION_TLS_OFFSET:
    case ELF_RELOCATION_TLS_STATIC:
        return plan_local(planner, relocation, &reference);
    default:
        break;
    }
    if (!from_provides(planner, &reference, &found))
        return 0;
    if (relocation->kind == ELF_RELOCATION_TLS_DESCRIPTOR)
        return refuse(planner, reference.name, "it is reached through a TLS descriptor");
    if (relocation->kind == ELF_RELOCATION_COPY)
        return refuse(planner, reference.name, "its data was copied into the object");
    return refuse(planner, reference.name, "its relocation is of an unknown type");
}

static int plan_relocations(struct planner *planner)
{
    const struct elf_image *image = planner->image;
    size_t entry = image->plt_has_addends ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel));
    struct elf_relocation_cursor cursor = {0};
    struct elf_relocation relocation;

    if (!rebind_machine_known())
        return metacall_error_raise(METACALL_ERROR_SUPPORT,
                                    "%s: the relocations of this machine are not known",
                                    planner->object->path);
    if (image->rel.size)
        return metacall_error_raise(METACALL_ERROR_SUPPORT,
                                    "%s: it has relocations without addends (DT_REL)",
                                    planner->object->path);
    if (reserve_slots(planner) != 0)
        return -1;
    while (elf_image_next_relocation(image, &cursor, &relocation)) {
        size_t plt_index = cursor.table == 2 ? cursor.at / entry - 1 : SIZE_MAX;
        if (plan_relocation(planner, &relocation, plt_index) != 0)
            return -1;
    }
    if (planner->missing_count)
        return metacall_error_raise(METACALL_ERROR_NOT_FOUND,
                                    "%s: it cannot be rebound to %s, which lacks %zu of its "
                                    "symbols: %s%s",
                                    planner->object->path, planner->to->path,
                                    planner->missing_count, planner->missing,
                                    planner->missing_count > 10 ? ", ..." : "");
    return 0;
}

int rebind_plan_create(const struct modules *modules, const struct module *object,
                       const struct module *from, const struct module *to, unsigned flags,
                       struct rebind_plan **ret_plan)
{
    struct planner planner = {.object = object, .from = from, .to = to, .flags = flags};
    int result = -1;

    if (!object->dynamic || !to->dynamic || (from && !from->dynamic))
        return metacall_error_raise(METACALL_ERROR_SUPPORT, "%s: it has no dynamic section",
                                    !object->dynamic ? object->path : to->path);
    planner.executable = modules_at(modules, 0);
    planner.image = module_image(object);
    planner.target_count = elf_image_symbol_count(planner.image);
    planner.targets = calloc(planner.target_count + 1, sizeof(*planner.targets));
    planner.plan = calloc(1, sizeof(*planner.plan));
    if (!planner.targets || !planner.plan) {
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        goto out;
    }
    planner.plan->object = object;
    planner.plan->from = from;
    planner.plan->to = to;
    if (find_takeovers(&planner) != 0)
        goto out;
    find_targets(&planner);
    if (plan_relocations(&planner) != 0)
        goto out;
    *ret_plan = planner.plan;
    planner.plan = NULL;
    result = 0;
out:
    rebind_plan_destroy(planner.plan);
    free(planner.targets);
    free(planner.takeovers);
    return result;
}
