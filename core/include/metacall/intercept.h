/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Function interception: code of one's own before and after every call of a function that the
 * registry knows, whoever calls it: another language, or the function's own (the main module of a
 * host included). Removed again without trace. For C symbols of mapped objects see
 * <metacall/interpose.h>. */
#ifndef METACALL_INTERCEPT_H
#define METACALL_INTERCEPT_H

#include <metacall/loader.h>

METACALL_BEGIN_DECLS

typedef struct metacall_interception metacall_interception;

/* Sees the arguments as the caller gave them, before the function does. 0 = go on; 1 = *ret, an
 * empty slot before, is the result; -1 = the call fails with the thread's error. After 1 and -1
 * neither the hooks further in nor the function are called, and of the hooks behind it only those
 * further out. Arguments of a call inside the own language that have no exact kind come as
 * METACALL_OBJECT. */
typedef int (*metacall_intercept_before)(metacall_function *function,
                                         const struct metacall_call *call, metacall_value *ret,
                                         void *data);
/* Sees the result, and may put another into *ret (metacall_slot_clear first; what lies behind the
 * present one is not to be changed in place). `result` is what the call gave, 0 or -1 with the
 * thread's error set and *ret empty; returns what the call is to give: `result` itself, 0 with *ret
 * for a failure that it has dealt with, -1 with the thread's error. A result that it leaves alone
 * reaches the language's own caller as the very object that the function gave. */
typedef int (*metacall_intercept_after)(metacall_function *function,
                                        const struct metacall_call *call, int result,
                                        metacall_value *ret, void *data);

enum metacall_intercept_scope {
    METACALL_INTERCEPT_ALL = 0,     /* every call, also the language's own */
    METACALL_INTERCEPT_REGISTRY = 1 /* only calls through the registry: the language's own cannot be
                                       seen for this function; right after metacall_intercept
                                       metacall_error_peek says why */
};

/* Adds an interception; it holds a reference of the function, so that a name of the host's main
 * module found again (metacall_function_find) gives the same one. The newest is the outermost.
 * Either of before and after may be NULL. `data` must live until `released` (may be NULL) has been
 * called with it: once, after the removal, when the last call in flight has left the hooks, on
 * whatever thread that was. A call runs the hooks that were there when it began, each once, however
 * it reached the function. A hook that calls the function again reaches it without this
 * interception. Thread-safe, also from inside a hook; call it without the lock of another runtime
 * than the function's. Returns NULL with the error set on failure, with nothing changed and
 * `released` not called. */
METACALL_API metacall_interception *metacall_intercept(metacall_function *function,
                                                       metacall_intercept_before before,
                                                       metacall_intercept_after after, void *data,
                                                       void (*released)(void *data));
/* How far it sees. */
METACALL_API enum metacall_intercept_scope
metacall_interception_scope(const metacall_interception *interception);
/* Removes it and frees the handle; in any order, from any thread, also from inside its own hook.
 * With the last one gone the function is as it was before the first. Where the function's loader
 * has ended, the function was put right then, and only the handle is left to be freed. -1 with
 * METACALL_ERROR_STATE when somebody else has changed the function meanwhile so that it cannot be
 * put back; the hooks are not called any more even then. */
METACALL_API int metacall_intercept_remove(metacall_interception *interception);

/* For a loader whose ops have `intercept`: the detour that the language itself runs into. Runs the
 * hooks before, then `proceed`, then the hooks after. `proceed` calls the original with what the
 * language gave and fills *ret only if `wanted` (somebody will look at it). */
typedef int (*metacall_intercept_proceed)(void *data, int wanted, metacall_value *ret);
/* 0 = *ret_replaced tells whether *ret counts (1) or what the original itself gave (0); -1 = fails
 * with the thread's error. */
METACALL_API int metacall_function_intercepted(metacall_function *function,
                                               const struct metacall_call *call,
                                               metacall_intercept_proceed proceed, void *data,
                                               metacall_value *ret, int *ret_replaced);

METACALL_END_DECLS

#endif /* METACALL_INTERCEPT_H */
