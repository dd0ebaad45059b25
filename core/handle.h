/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Handles: what one load brought in, by name. A handle is private to whoever holds it, or global:
 * then its names are also those of its loader's tag, and of the whole process. */
#ifndef CORE_HANDLE_H
#define CORE_HANDLE_H

#include <metacall/loader.h>

/* An empty handle that is not published yet. `name` is copied: the path of the file. NULL with the
 * error set. */
metacall_handle *handle_create(metacall_loader *loader, const char *name);
/* Says that a load hook filled the handle, so that its clear hook is due when it goes. */
void handle_set_loaded(metacall_handle *handle);
/* Puts the handle among those of its loader, and where `global` its names into the global scope:
 * all of them, or none and -1 with METACALL_ERROR_DUPLICATE, which names both files. */
int handle_publish(metacall_handle *handle, int global);
/* Makes `part` a part of the published `owner`: its names become the owner's too, and it goes
 * when the owner goes. All or nothing, as handle_publish. */
int handle_adopt(metacall_handle *owner, metacall_handle *part);
/* Copies the names of `from` into `to`; all or nothing. */
int handle_populate(metacall_handle *to, metacall_handle *from);
/* Frees a handle and its parts, without a word to the loader. NULL is accepted. */
void handle_destroy(metacall_handle *handle);
/* Tells the loader (clear hook) of the handle and of its parts, then frees them. Returns 0, or -1
 * with the error of the first hook that failed; the handle is gone in any case. */
int handle_clear(metacall_handle *handle);
/* The loader's own handle for names that no script defines (registered from C): global, made on
 * first use. NULL with the error set. */
metacall_handle *handle_global(metacall_loader *loader);
/* 1 when the pointer is a handle that lives. */
int handle_exists(const metacall_handle *handle);
metacall_loader *handle_loader(const metacall_handle *handle);

/* The published handle of that name: the whole name, else the last part of a path, else that
 * without its extension. NULL (no error set) when there is none. */
metacall_handle *handle_find(metacall_loader *loader, const char *name);
/* The value of a name: a reference of the caller's, or NULL (no error set). */
metacall_value *handle_lookup(metacall_handle *handle, const char *name);
/* The function of a name, also a class or a callable object as one: a reference of the caller's, or
 * NULL (no error set, but where memory ran out). *ret_held is 1 when the handle holds it itself. */
metacall_function *handle_lookup_function(metacall_handle *handle, const char *name, int *ret_held);

/* A name in the global scope, and where it is not there, in the main program of the host or of the
 * runner, which is asked anew each time. A reference of the caller's. NULL without an error: there
 * is no such name; NULL with one: the host could not be asked. For functions there is
 * metacall_function_find. */
metacall_value *scope_lookup(const char *name);

/* The function of a name for a caller that never gives it back: it stays good as long as its
 * handle, and one that the host itself runs until scope_reclaim, even where the host replaces it.
 * NULL with the error set. */
metacall_function *scope_lend_function(const char *name);
/* The same for a function at hand; takes over the caller's reference, also on failure. */
int scope_lend(metacall_function *function);
/* A class of the name, for as long. NULL with the error set. */
struct metacall_object *scope_lend_class(const char *name);
/* Gives back what was lent; before the loaders end. */
void scope_reclaim(void);

/* A copy of what a handle defines, to be walked without a lock. */
struct handle_view {
    char *name;
    int global;
    size_t count;
    struct symbol_view {
        char *name;
        metacall_value *value;
    } * symbols;
};

struct scope_view {
    struct handle_view *handles;
    size_t count;
};

/* What one handle defines now. */
int handle_view_init(struct handle_view *view, metacall_handle *handle);
void handle_view_finish(struct handle_view *view);
/* All published handles of a loader, in order; for one that runs a main program (the host's, the
 * runner's) that first, as it is now, under the name "__main__". */
int scope_view_init(struct scope_view *view, metacall_loader *loader);
void scope_view_finish(struct scope_view *view);

/* For loader_table.c: the end of all handles of a loader, with and without its clear hook. */
void loader_clear_handles(metacall_loader *loader);
void loader_drop_handles(metacall_loader *loader);
/* Around a fork. */
void scope_lock_for_fork(void);
void scope_unlock_after_fork(void);
void scope_reset_lock(void);

#endif /* CORE_HANDLE_H */
