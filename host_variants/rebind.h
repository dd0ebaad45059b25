/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Patching the relocations of an object that is mapped already, so that its references lead to
 * another provider. A plan is complete before the first write and refuses, with no write at all,
 * what cannot be done; what it wrote, it takes back word by word.
 *
 * This is the way out where a shim cannot serve: the object's constructors have run by then on what
 * they were bound to, and that stays mapped. Functions and data, thread-locals of the general and
 * the static model; not thread-local descriptors (TLSDESC), which hold more than two words say. */
#ifndef HOST_VARIANTS_REBIND_H
#define HOST_VARIANTS_REBIND_H

#include "host_variants/elf_image.h"
#include "host_variants/modules.h"

enum rebind_flags {
    /* Other threads may be running in the object. Each word changes at once, so that they see the
     * old provider or the new one; a thread-local is two words, and is refused. */
    REBIND_LIVE = 1u << 0
};

/* One word of the object and what becomes of it. */
struct rebind_slot {
    uintptr_t *where;
    uintptr_t before, after;
    uint32_t symbol;    /* index in the object */
    unsigned char kind; /* enum elf_relocation_kind */
    unsigned char lazy; /* `before` is the linker's own stub: the first call binds it */
};

struct rebind_plan;

/* Plans that every reference of `object` to what `from` provides leads to `to`. `from` NULL plans
 * all names that `to` exports. References are taken by where they lead now: a name of `from` that
 * somebody else has bound elsewhere is refused, as is a name that `to` lacks (in its version), all
 * of them named; a weak one becomes null. Where `to` is a library, the executable's copy of its
 * data counts as the data. Nothing is written. All three modules must stay loaded as long as the
 * plan. Returns 0, or -1 with the error set. */
int rebind_plan_create(const struct modules *modules, const struct module *object,
                       const struct module *from, const struct module *to, unsigned flags,
                       struct rebind_plan **ret_plan);
size_t rebind_plan_count(const struct rebind_plan *plan);
const struct rebind_slot *rebind_plan_slot(const struct rebind_plan *plan, size_t index);

/* Holds `to` in place and writes every slot, opening read-only pages and closing them again with
 * the protection that they had. A slot that changed since the plan is a conflict, unless the linker
 * bound it by a call: then all is taken back. Returns 0, or -1 with the error set and no slot
 * changed. */
int rebind_plan_commit(struct rebind_plan *plan);
/* 0 when every slot holds what was written; else -1 with the error set, naming the first that does
 * not and where it leads. */
int rebind_plan_verify(const struct rebind_plan *plan);
/* Puts back every slot that still holds what was written, and lets go of `to`. A slot that somebody
 * else has changed since stays as it is and makes it -1 with the error set. Idempotent. */
int rebind_plan_restore(struct rebind_plan *plan);
/* Does not restore: what was committed stays, and `to` stays held for good. NULL is accepted. */
void rebind_plan_destroy(struct rebind_plan *plan);

/* The words in the writable segments of `object` that lead into `module` (pointers that its
 * constructors have copied, which no relocation speaks of). *ret_first, where given, is the first
 * one's address. */
size_t rebind_residue(const struct module *object, const struct module *module,
                      uintptr_t *ret_first);

/* ------------------------------------------------------------------------ words (rebind.c) */

/* One lock for all who write into mapped objects; safe across fork. Never call the linker (dlopen,
 * dlsym, dlclose) while it is held: a constructor may be waiting for it. */
void rebind_lock(void);
void rebind_unlock(void);
/* With the lock held: turns each slot from `before` to `after`, or back where `back` is set. All or
 * nothing: where a slot holds neither, what was done is undone, *ret_conflict is its index and the
 * result is 1. With `ret_left` given, it is stepped over instead and counted there (unless the word
 * is already what it should become). -1 = the error is set (a page cannot be opened or closed), and
 * nothing has changed unless `ret_left` was given. */
int rebind_exchange(struct rebind_slot *slots, size_t count, int back, size_t *ret_conflict,
                    size_t *ret_left);

/* Whether a word of the object may be written: aligned, in a segment that the file calls writable
 * (RELRO is part of one). */
int rebind_may_write(const struct elf_image *image, uint64_t where);
/* The path of the module that holds an address, "null" for 0, else "no module". Writes to `text`
 * and returns it. */
const char *rebind_owner_of(uintptr_t address, char *text, size_t text_size);
/* Holds a module in place until dlclose of the result; NULL with the error set. For the executable
 * it is a handle too. */
void *rebind_pin(const struct module *module);

#endif /* HOST_VARIANTS_REBIND_H */
