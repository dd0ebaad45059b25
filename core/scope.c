/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Names looked up and listed: in a handle, in the global scope, and in what the host itself runs,
 * which is asked anew each time and never believed for longer than one question. */
#include "core/handle.h"

#include "core/error.h"
#include "core/function.h"
#include "core/handle_state.h"
#include "core/loader_state.h"
#include "core/loader_table.h"
#include "core/object.h"
#include "core/value.h"

#include <stdlib.h>
#include <string.h>

#define SCOPE_MAIN_NAME "__main__"

static pthread_rwlock_t scope_lock = PTHREAD_RWLOCK_INITIALIZER;
static uint64_t scope_clock; /* grows with every question to the host */

void scope_lock_for_fork(void)
{
    pthread_rwlock_wrlock(&scope_lock);
}

void scope_unlock_after_fork(void)
{
    pthread_rwlock_unlock(&scope_lock);
}

void scope_reset_lock(void)
{
    pthread_rwlock_init(&scope_lock, NULL);
}

metacall_error *scope_read(void)
{
    metacall_error *former = metacall_error_take();
    pthread_rwlock_rdlock(&scope_lock);
    return former;
}

metacall_error *scope_write(void)
{
    metacall_error *former = metacall_error_take();
    pthread_rwlock_wrlock(&scope_lock);
    return former;
}

int scope_leave(metacall_error *former, int result)
{
    pthread_rwlock_unlock(&scope_lock);
    if (former == NULL)
        return result;
    if (result == 0)
        metacall_error_set(former);
    else
        metacall_error_release(former);
    return result;
}

uint64_t scope_now(void)
{
    return scope_clock;
}

/* 0 the whole name, 1 the last part of the path, 2 that without its extension, 3 none of them. */
static int handle_match(const char *full, const char *name)
{
    if (strcmp(full, name) == 0)
        return 0;
    const char *base = strrchr(full, '/');
    base = base != NULL ? base + 1 : full;
    if (strcmp(base, name) == 0)
        return 1;
    const char *dot = strrchr(base, '.');
    size_t length = strlen(name);
    return dot != NULL && (size_t)(dot - base) == length && strncmp(base, name, length) == 0 ? 2
                                                                                             : 3;
}

metacall_handle *handle_find(metacall_loader *loader, const char *name)
{
    metacall_handle *best = NULL;
    int best_match = 3;
    pthread_rwlock_rdlock(&scope_lock);
    for (metacall_handle *handle = loader->handles; handle != NULL; handle = handle->next) {
        int match = handle_match(handle->name, name);
        if (match < best_match) {
            best = handle;
            best_match = match;
        }
    }
    pthread_rwlock_unlock(&scope_lock);
    return best;
}

/* The caller's reference of the symbol's value, with the lock held. */
static metacall_value *symbol_take(struct symbol *symbol)
{
    if (symbol == NULL)
        return NULL;
    value_reference(symbol->value);
    return symbol->value;
}

static metacall_function *symbol_take_function(struct symbol *symbol)
{
    if (symbol == NULL)
        return NULL;
    metacall_function *function =
        symbol->value->id == METACALL_FUNCTION ? symbol->value->as.function : symbol->function;
    if (function != NULL)
        metacall_function_reference(function);
    return function;
}

metacall_value *handle_lookup(metacall_handle *handle, const char *name)
{
    pthread_rwlock_rdlock(&scope_lock);
    metacall_value *value = symbol_take(handle_symbol(handle, name));
    pthread_rwlock_unlock(&scope_lock);
    return value;
}

/* A class or a callable object as a function; takes the caller's reference of the value over. NULL
 * for any other, without an error unless there was one. */
static metacall_function *scope_function_of(metacall_value *value)
{
    metacall_function *function = NULL;
    if (value != NULL && object_is_function(value))
        function = metacall_object_function(value->as.object);
    value_destroy(value);
    return function;
}

/* The symbol of a name: the handle's, or where that is NULL the global scope's. The lock is held.
 */
static struct symbol *scope_symbol(metacall_handle *handle, const char *name)
{
    return handle != NULL ? handle_symbol(handle, name) : name_index_find(name);
}

/* The same for the value of a symbol, which keeps the function from then on: 1 in *ret_held. */
static metacall_function *scope_function_kept(metacall_value *value, metacall_handle *handle,
                                              const char *name, int *ret_held)
{
    const metacall_object *object =
        value != NULL && object_is_function(value) ? value->as.object : NULL;
    metacall_function *function = scope_function_of(value);
    if (function == NULL)
        return NULL;
    pthread_rwlock_wrlock(&scope_lock);
    struct symbol *symbol = scope_symbol(handle, name); /* another one may stand there by now */
    int same =
        symbol != NULL && object_is_function(symbol->value) && symbol->value->as.object == object;
    if (same && symbol->function == NULL) {
        metacall_function_reference(function);
        symbol->function = function;
    }
    *ret_held = same && symbol->function == function;
    pthread_rwlock_unlock(&scope_lock);
    return function;
}

metacall_function *handle_lookup_function(metacall_handle *handle, const char *name, int *ret_held)
{
    metacall_value *value = NULL;
    pthread_rwlock_rdlock(&scope_lock);
    struct symbol *symbol = handle_symbol(handle, name);
    metacall_function *function = symbol_take_function(symbol);
    if (function == NULL)
        value = symbol_take(symbol);
    pthread_rwlock_unlock(&scope_lock);
    *ret_held = function != NULL;
    return function != NULL ? function : scope_function_kept(value, handle, name, ret_held);
}

/* The handle for what the host itself runs, made on first use. */
static metacall_handle *scope_main_handle(metacall_loader *host)
{
    metacall_handle *fresh = handle_create(host, SCOPE_MAIN_NAME);
    if (fresh == NULL)
        return NULL;
    pthread_rwlock_wrlock(&scope_lock);
    if (host->main_handle == NULL) {
        host->main_handle = fresh;
        fresh = NULL;
    }
    metacall_handle *handle = host->main_handle;
    pthread_rwlock_unlock(&scope_lock);
    handle_destroy(fresh);
    return handle;
}

/* Asks the loader of a main program (loader_table_next_main) for a name of it, or for all (NULL).
 * *ret_since is the stamp below which a symbol was not confirmed by this question. */
static int scope_ask_main(metacall_loader *host, const char *name, metacall_handle **ret_handle,
                          uint64_t *ret_since)
{
    metacall_handle *handle = __atomic_load_n(&host->main_handle, __ATOMIC_ACQUIRE);
    if (handle == NULL && (handle = scope_main_handle(host)) == NULL)
        return -1;
    pthread_rwlock_wrlock(&scope_lock);
    *ret_since = ++scope_clock;
    pthread_rwlock_unlock(&scope_lock);
    if (host->hooks.discover(host, handle, name) != 0) {
        if (metacall_error_peek() == NULL)
            metacall_error_raise(METACALL_ERROR_INTERNAL, "loader '%s' could not ask its host",
                                 host->tag);
        return -1;
    }
    *ret_handle = handle;
    return 0;
}

/* After a question: the name as the host has it now; a stale one is taken away. */
static metacall_value *scope_answer(metacall_handle *handle, const char *name, uint64_t since)
{
    struct symbol *stale = NULL;
    metacall_value *value = NULL;
    pthread_rwlock_wrlock(&scope_lock);
    struct symbol *symbol = handle_symbol(handle, name);
    if (symbol != NULL && symbol->stamp >= since) {
        value = symbol_take(symbol);
    } else if (symbol != NULL) {
        handle_extract(handle, symbol);
        stale = symbol;
    }
    pthread_rwlock_unlock(&scope_lock);
    if (stale != NULL)
        symbol_destroy(stale);
    return value;
}

static metacall_value *scope_lookup_main(const char *name)
{
    metacall_loader *loader = NULL;
    metacall_error_release(metacall_error_take());
    while ((loader = loader_table_next_main(loader)) != NULL) {
        metacall_handle *handle;
        metacall_value *value = NULL;
        uint64_t since = 0;
        if (metacall_gate_enter(&loader->questions) != 0)
            continue; /* it is ending: it has no names any more */
        int result = scope_ask_main(loader, name, &handle, &since);
        if (result == 0)
            value = scope_answer(handle, name, since);
        metacall_gate_leave(&loader->questions);
        if (result != 0 || value != NULL)
            return value;
    }
    return NULL;
}

metacall_value *scope_lookup(const char *name)
{
    pthread_rwlock_rdlock(&scope_lock);
    metacall_value *value = symbol_take(name_index_find(name));
    pthread_rwlock_unlock(&scope_lock);
    return value != NULL ? value : scope_lookup_main(name);
}

/* *ret_held is 1 when a script's handle holds the function. */
static metacall_function *scope_find_function(const char *name, int *ret_held)
{
    metacall_value *value = NULL;
    pthread_rwlock_rdlock(&scope_lock);
    struct symbol *symbol = name_index_find(name);
    metacall_function *function = symbol_take_function(symbol);
    if (function == NULL)
        value = symbol_take(symbol);
    int known = symbol != NULL;
    pthread_rwlock_unlock(&scope_lock);
    *ret_held = function != NULL;
    if (function != NULL)
        return function;
    if (known) {
        metacall_error *former = metacall_error_take();
        function = scope_function_kept(value, NULL, name, ret_held);
        if (function == NULL && metacall_error_peek() == NULL)
            metacall_error_raise(METACALL_ERROR_TYPE, "'%s' is loaded, but it is no function",
                                 name);
        if (function != NULL && former != NULL)
            metacall_error_set(former);
        else
            metacall_error_release(former);
        return function;
    }
    value = scope_lookup_main(name);
    if (value != NULL && value->id == METACALL_FUNCTION) {
        function = value->as.function;
        metacall_function_reference(function);
        value_destroy(value);
    } else {
        function = scope_function_of(value);
    }
    if (function == NULL && metacall_error_peek() == NULL)
        metacall_error_raise(METACALL_ERROR_NOT_FOUND, "no function '%s' is loaded", name);
    return function;
}

metacall_function *metacall_function_find(const char *name)
{
    int held;
    if (name != NULL)
        return scope_find_function(name, &held);
    metacall_error_raise(METACALL_ERROR_ARGUMENT, "the name of a function is NULL");
    return NULL;
}

/* What C was given and never gives back: a reference of one of the two. */
struct scope_loan {
    struct scope_loan *next;
    metacall_function *function;
    metacall_object *object;
};

static struct scope_loan *scope_loans;

int scope_lend(metacall_function *function)
{
    struct scope_loan *loan = malloc(sizeof(*loan));
    if (loan == NULL) {
        metacall_function_release(function);
        return error_raise_memory();
    }
    *loan = (struct scope_loan){.function = function};
    pthread_rwlock_wrlock(&scope_lock);
    int known = function_set_lent(function, 1);
    if (!known) {
        loan->next = scope_loans;
        scope_loans = loan;
    }
    pthread_rwlock_unlock(&scope_lock);
    if (known) {
        free(loan);
        metacall_function_release(function); /* never the last: the loan holds one */
    }
    return 0;
}

metacall_function *scope_lend_function(const char *name)
{
    int held;
    metacall_function *function = scope_find_function(name, &held);
    if (function == NULL)
        return NULL;
    if (held) {
        metacall_function_release(function); /* its handle holds it */
        return function;
    }
    return scope_lend(function) == 0 ? function : NULL;
}

/* The same for an object. */
static int scope_lend_known_object(metacall_object *object)
{
    struct scope_loan *loan = malloc(sizeof(*loan));
    if (loan == NULL) {
        metacall_object_release(object);
        return error_raise_memory();
    }
    *loan = (struct scope_loan){.object = object};
    pthread_rwlock_wrlock(&scope_lock);
    const struct scope_loan *known = scope_loans;
    while (known != NULL && known->object != object)
        known = known->next;
    if (known == NULL) {
        loan->next = scope_loans;
        scope_loans = loan;
    }
    pthread_rwlock_unlock(&scope_lock);
    if (known != NULL) {
        free(loan);
        metacall_object_release(object); /* never the last: the loan holds one */
    }
    return 0;
}

metacall_object *scope_lend_class(const char *name)
{
    metacall_object *object = NULL;
    pthread_rwlock_rdlock(&scope_lock);
    struct symbol *symbol = name_index_find(name);
    metacall_value *value = symbol_take(symbol);
    int known = symbol != NULL;
    pthread_rwlock_unlock(&scope_lock);
    if (!known)
        value = scope_lookup_main(name);
    if (value != NULL && value->id == METACALL_CLASS) {
        object = value->as.object;
        metacall_object_reference(object);
    }
    if (object == NULL && value != NULL)
        metacall_error_raise(METACALL_ERROR_TYPE, "'%s' is no class, but a %s", name,
                             value_kind_name(value->id));
    else if (object == NULL && metacall_error_peek() == NULL)
        metacall_error_raise(METACALL_ERROR_NOT_FOUND, "no class '%s' is loaded", name);
    value_destroy(value);
    if (object == NULL)
        return NULL;
    if (known)
        metacall_object_release(object); /* its handle holds it */
    else if (scope_lend_known_object(object) != 0)
        return NULL;
    return object;
}

void scope_reclaim(void)
{
    pthread_rwlock_wrlock(&scope_lock);
    struct scope_loan *loan = scope_loans;
    scope_loans = NULL;
    for (struct scope_loan *each = loan; each != NULL; each = each->next)
        if (each->function != NULL)
            function_set_lent(each->function, 0);
    pthread_rwlock_unlock(&scope_lock);
    while (loan != NULL) {
        struct scope_loan *next = loan->next;
        metacall_function_release(loan->function);
        metacall_object_release(loan->object);
        free(loan);
        loan = next;
    }
}

/* With the lock held. `since` leaves out what was not confirmed since then. */
static int handle_view_fill(struct handle_view *view, const metacall_handle *handle, uint64_t since)
{
    memset(view, 0, sizeof(*view));
    size_t count = HASH_COUNT(handle->symbols);
    view->global = handle->global;
    view->name = strdup(handle->name);
    view->symbols = calloc(count + 1, sizeof(*view->symbols));
    if (view->name == NULL || view->symbols == NULL)
        return error_raise_memory();
    for (struct symbol *symbol = handle->symbols; symbol != NULL; symbol = symbol->hh.next) {
        if (symbol->stamp < since)
            continue;
        struct symbol_view *entry = &view->symbols[view->count];
        if ((entry->name = strdup(symbol->name)) == NULL)
            return error_raise_memory();
        entry->value = symbol_take(symbol);
        view->count++;
    }
    return 0;
}

void handle_view_finish(struct handle_view *view)
{
    for (size_t i = 0; i < view->count; i++) {
        free(view->symbols[i].name);
        value_destroy(view->symbols[i].value);
    }
    free(view->symbols);
    free(view->name);
    memset(view, 0, sizeof(*view));
}

int handle_view_init(struct handle_view *view, metacall_handle *handle)
{
    metacall_error *former = scope_read();
    int result = handle_view_fill(view, handle, 0);
    if (scope_leave(former, result) != 0)
        handle_view_finish(view);
    return result;
}

void scope_view_finish(struct scope_view *view)
{
    for (size_t i = 0; i < view->count; i++)
        handle_view_finish(&view->handles[i]);
    free(view->handles);
    memset(view, 0, sizeof(*view));
}

static int scope_view_fill(struct scope_view *view, metacall_loader *loader)
{
    metacall_handle *main_handle = NULL;
    uint64_t since = 0;
    size_t count = 1;
    int result = 0;

    if (loader_has_main(loader) && scope_ask_main(loader, NULL, &main_handle, &since) != 0)
        return -1;
    metacall_error *former = scope_read();
    for (metacall_handle *handle = loader->handles; handle != NULL; handle = handle->next)
        count++;
    view->handles = calloc(count, sizeof(*view->handles));
    if (view->handles == NULL)
        result = error_raise_memory();
    if (result == 0 && main_handle != NULL)
        result = handle_view_fill(&view->handles[view->count++], main_handle, since);
    for (metacall_handle *handle = loader->handles; handle != NULL && result == 0;
         handle = handle->next)
        result = handle_view_fill(&view->handles[view->count++], handle, 0);
    if (scope_leave(former, result) != 0)
        scope_view_finish(view);
    return result;
}

int scope_view_init(struct scope_view *view, metacall_loader *loader)
{
    memset(view, 0, sizeof(*view));
    if (metacall_gate_enter(&loader->questions) != 0)
        return 0; /* it is ending: nothing is left to see */
    int result = scope_view_fill(view, loader);
    metacall_gate_leave(&loader->questions);
    return result;
}
