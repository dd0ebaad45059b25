/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Interposition on a loaded object: see what it imports, and lead one of its imports elsewhere,
 * for as long as one likes. Only this object's own words are patched (its GOT and its pointers to
 * functions and data); others that use the same symbol see nothing. It works on objects whose
 * relocations are read-only (full RELRO), bound lazily or at once, with or without section headers.
 *
 * Usable alone: nothing here needs metacall_initialize, a loader or a manifest.
 *
 * Threads: every function may be called by any thread at any time. A word changes at once: threads
 * that run through it meanwhile see the old address or the new one, never a third. A call that a
 * thread is in the middle of is not waited for, and a compiler may keep an address in a register
 * across calls: so unload the code of a replacement only when no thread can be inside it any more.
 * Where the object binds lazily, a first call that the dynamic linker is working on at that very
 * moment may put the original back; metacall_interpose_holds tells.
 *
 * A replacement must not be installed from a constructor of the object itself (it is not there yet
 * as a whole) and is not inherited by objects loaded later. */
#ifndef METACALL_INTERPOSE_H
#define METACALL_INTERPOSE_H

#include <metacall/types.h>

METACALL_BEGIN_DECLS

typedef struct metacall_interpose metacall_interpose;           /* a loaded object */
typedef struct metacall_interpose_hook metacall_interpose_hook; /* one installed replacement */

enum metacall_import_kind {
    METACALL_IMPORT_UNKNOWN = 0, /* bound to nothing, so that nobody can say */
    METACALL_IMPORT_FUNCTION = 1,
    METACALL_IMPORT_DATA = 2,
    METACALL_IMPORT_THREAD_LOCAL = 3 /* cannot be replaced */
};

enum metacall_import_flags {
    METACALL_IMPORT_WEAK = 1u << 0, /* may stay unbound (NULL) */
    METACALL_IMPORT_LAZY = 1u << 1, /* not bound yet: the first call will */
    METACALL_IMPORT_OWN = 1u << 2,  /* the object defines the symbol itself, for others as well */
    METACALL_IMPORT_REPLACED = 1u << 3, /* a replacement of this library's is installed */
    METACALL_IMPORT_FIXED = 1u << 4     /* cannot be replaced: thread-local, or copied data */
};

/* One symbol that the object reaches by name. The strings belong to the object and live until
 * metacall_interpose_close, save `provider`: that one lives as long as the module it names. */
struct metacall_import {
    const char *symbol;
    const char *version;  /* NULL = unversioned */
    const char *library;  /* SONAME that the version is expected from; NULL = unversioned */
    const char *provider; /* path of the module that `address` is in; NULL = none, or not bound */
    enum metacall_import_kind kind;
    unsigned flags; /* enum metacall_import_flags */
    size_t words;   /* how many words of the object refer to it */
    void *address;  /* where it leads now; NULL = not bound, or thread-local */
};

/* Opens a loaded object and holds it in memory until it is closed. `object` is its path or its
 * SONAME; NULL is the executable. Opening the same object again gives the same handle, counted.
 * Returns 0; -1 with the error set: METACALL_ERROR_NOT_FOUND where no such object is loaded,
 * METACALL_ERROR_SUPPORT where it has no relocations that can be read, METACALL_ERROR_MEMORY. */
METACALL_API int metacall_interpose_open(const char *object, metacall_interpose **ret_object);
/* The same for the object that `address` lies in: a function or a variable of it. */
METACALL_API int metacall_interpose_open_address(const void *address,
                                                 metacall_interpose **ret_object);
/* Ends the handle's use; the object may then be unloaded again. Replacements that are installed
 * stay, and hold the object, until each is restored. NULL is accepted. */
METACALL_API void metacall_interpose_close(metacall_interpose *object);

/* The path of the object; lives until it is closed. */
METACALL_API const char *metacall_interpose_path(const metacall_interpose *object);
/* The number of imports. Their order is that of the object's symbol table and does not change. */
METACALL_API size_t metacall_interpose_count(const metacall_interpose *object);
/* Import number `index` as it is at this moment. Returns 0, or -1 past the end (no error set). */
METACALL_API int metacall_interpose_import(metacall_interpose *object, size_t index,
                                           struct metacall_import *ret_import);

/* Leads the object's import `symbol` ("name", or "name@VERSION" where it imports the name in more
 * than one version) to `replacement`, in all its words; an addend is kept.
 *
 * *next receives where the import led so far: the original, or the replacement installed before
 * this one. So replacements form a chain, in which each calls the next through its own *next; the
 * newest is first. *next is set before the first word changes, and the library stores into it
 * (atomically) whenever the one behind is restored: it must stay valid until this one is restored,
 * and is best read with __atomic_load_n or volatile. It is NULL where nothing was bound (weak).
 * `next` itself may be NULL for whoever does not call on. An import that is not bound yet is looked
 * up as the dynamic linker would, so that *next never leads to the linker's stub.
 *
 * Returns 0 and the hook, to be given to metacall_interpose_restore. -1 with the error set and
 * nothing changed: METACALL_ERROR_NOT_FOUND where the object has no such import,
 * METACALL_ERROR_ARGUMENT where the name is ambiguous, METACALL_ERROR_SUPPORT where it cannot be
 * replaced or a page cannot be opened, METACALL_ERROR_STATE where somebody else has changed a word
 * since this library did (it is named), METACALL_ERROR_MEMORY. */
METACALL_API int metacall_interpose_replace(metacall_interpose *object, const char *symbol,
                                            void *replacement, void **next,
                                            metacall_interpose_hook **ret_hook);
/* Removes one replacement, wherever in the chain it is; with the last one gone, every word is again
 * what it was before the first, to the bit. The hook is freed; its *next keeps its last value, for
 * threads that are still inside the replacement. Returns 0; -1 with the error set and the hook
 * still installed: METACALL_ERROR_STATE where somebody else has changed a word since, and may call
 * on to this replacement (restore again when that one is gone). NULL is accepted. */
METACALL_API int metacall_interpose_restore(metacall_interpose_hook *hook);
/* 1 when every word of the import still leads into this hook's chain, else 0. */
METACALL_API int metacall_interpose_holds(const metacall_interpose_hook *hook);

METACALL_END_DECLS

#endif /* METACALL_INTERPOSE_H */
