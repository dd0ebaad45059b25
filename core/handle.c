/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Handles: made by a load, filled by its loader, published when all went well. */
#include "core/handle.h"

#include "core/error.h"
#include "core/handle_state.h"
#include "core/loader_state.h"
#include "core/value.h"

#include <stdlib.h>
#include <string.h>

/* --------------------------------------------------------------------------------- symbols */

static struct symbol *symbol_create(metacall_handle *handle, const char *name,
                                    metacall_value *value)
{
    size_t length = strlen(name);
    struct symbol *symbol = calloc(1, sizeof(*symbol) + length + 1);
    if (symbol == NULL) {
        error_raise_memory();
        return NULL;
    }
    memcpy(symbol->name, name, length + 1);
    symbol->handle = handle;
    symbol->value = value;
    return symbol;
}

struct symbol *handle_symbol(const metacall_handle *handle, const char *name)
{
    struct symbol *symbol;
    HASH_FIND_STR(handle->symbols, name, symbol);
    return symbol;
}

static int handle_insert(metacall_handle *handle, struct symbol *symbol)
{
    HASH_ADD_KEYPTR(hh, handle->symbols, symbol->name, strlen(symbol->name), symbol);
    return symbol->hh.tbl != NULL ? 0 : error_raise_memory();
}

/* Takes a symbol out of its handle and of the index; the caller frees it without the lock. */
void handle_extract(metacall_handle *handle, struct symbol *symbol)
{
    if (handle->global)
        name_index_remove(symbol);
    HASH_DEL(handle->symbols, symbol);
}

void symbol_destroy(struct symbol *symbol)
{
    metacall_function_release(symbol->function);
    value_destroy(symbol->value);
    free(symbol);
}

static int handle_raise_duplicate(const char *name, const metacall_handle *first,
                                  const metacall_handle *second)
{
    if (first == second)
        return metacall_error_raise(METACALL_ERROR_DUPLICATE, "'%s' is defined twice in %s (%s)",
                                    name, first->name, first->loader->tag);
    return metacall_error_raise(
        METACALL_ERROR_DUPLICATE,
        "'%s' of %s is already defined by %s in the global scope of '%s'; load one of the two "
        "files with a handle of its own",
        name, second->name, first->name, first->loader->tag);
}

/* With the lock held: a name that the handle does not have yet. */
static int handle_add(metacall_handle *handle, struct symbol *symbol)
{
    struct symbol *taken = handle->global ? name_index_find_of(symbol->name, handle->loader) : NULL;
    if (taken != NULL)
        return handle_raise_duplicate(symbol->name, taken->handle, handle);
    if (handle_insert(handle, symbol) != 0)
        return -1;
    if (handle->global && name_index_add(symbol, handle->loader) != 0) {
        HASH_DEL(handle->symbols, symbol);
        return -1;
    }
    return 0;
}

/* Takes over the value. */
static int handle_put(metacall_handle *handle, const char *name, metacall_value *value, int replace)
{
    struct symbol *symbol = symbol_create(handle, name, value);
    if (symbol == NULL) {
        value_destroy(value);
        return -1;
    }
    struct symbol *spare = symbol; /* what is to be freed without the lock */
    int result = 0;
    metacall_error *former = scope_write();
    struct symbol *there = handle_symbol(handle, name);
    symbol->stamp = scope_now();
    if (there == NULL) {
        result = handle_add(handle, symbol);
        spare = result == 0 ? NULL : symbol;
    } else if (replace) {
        symbol->value = there->value;
        there->value = value;
        symbol->function = there->function;
        there->function = NULL;
        there->stamp = symbol->stamp;
    } else {
        result = handle_raise_duplicate(name, handle, handle);
    }
    scope_leave(former, result);
    if (spare != NULL)
        symbol_destroy(spare);
    return result;
}

int metacall_handle_define(metacall_handle *handle, const char *name, const metacall_value *value)
{
    metacall_value *kept = value_copy(value);
    return kept != NULL ? handle_put(handle, name, kept, 0) : -1;
}

/* 1 when the name has this very function, class or object already: then only its stamp is renewed.
 */
static int handle_confirm(metacall_handle *handle, const char *name, const metacall_value *value)
{
    if (value->id != METACALL_FUNCTION && value->id != METACALL_CLASS &&
        value->id != METACALL_OBJECT)
        return 0;
    metacall_error *former = scope_write();
    struct symbol *there = handle_symbol(handle, name);
    int same = there != NULL && there->value->id == value->id &&
               (value->id == METACALL_FUNCTION ? there->value->as.function == value->as.function
                                               : there->value->as.object == value->as.object);
    if (same)
        there->stamp = scope_now();
    scope_leave(former, 0);
    return same;
}

int metacall_handle_update(metacall_handle *handle, const char *name, const metacall_value *value)
{
    if (handle_confirm(handle, name, value))
        return 0;
    metacall_value *kept = value_copy(value);
    return kept != NULL ? handle_put(handle, name, kept, 1) : -1;
}

void metacall_handle_undefine(metacall_handle *handle, const char *name)
{
    metacall_error *former = scope_write();
    struct symbol *symbol = handle_symbol(handle, name);
    if (symbol != NULL)
        handle_extract(handle, symbol);
    scope_leave(former, 0);
    if (symbol != NULL)
        symbol_destroy(symbol);
}

/* --------------------------------------------------------------------------------- handles */

metacall_handle *handle_create(metacall_loader *loader, const char *name)
{
    metacall_handle *handle = calloc(1, sizeof(*handle));
    if (handle == NULL || (handle->name = strdup(name)) == NULL) {
        free(handle);
        error_raise_memory();
        return NULL;
    }
    handle->magic = HANDLE_MAGIC;
    handle->loader = loader;
    return handle;
}

void handle_set_loaded(metacall_handle *handle)
{
    handle->loaded = 1;
}

/* With the lock held: the first name of `handle` that its loader's global scope has already. */
static int handle_check_global(const metacall_handle *handle)
{
    for (struct symbol *symbol = handle->symbols; symbol != NULL; symbol = symbol->hh.next) {
        struct symbol *taken = name_index_find_of(symbol->name, handle->loader);
        if (taken != NULL)
            return handle_raise_duplicate(symbol->name, taken->handle, handle);
    }
    return 0;
}

/* With the lock held: to the end of its loader's list. */
static void handle_append(metacall_handle *handle)
{
    metacall_handle **at = &handle->loader->handles;
    while (*at != NULL)
        at = &(*at)->next;
    *at = handle;
    handle->published = 1;
}

static int handle_index(metacall_handle *handle)
{
    if (handle_check_global(handle) != 0)
        return -1;
    for (struct symbol *symbol = handle->symbols; symbol != NULL; symbol = symbol->hh.next) {
        if (name_index_add(symbol, handle->loader) == 0)
            continue;
        for (struct symbol *back = handle->symbols; back != symbol; back = back->hh.next)
            name_index_remove(back);
        return -1;
    }
    handle->global = 1;
    return 0;
}

metacall_handle *handle_global(metacall_loader *loader)
{
    metacall_handle *handle = __atomic_load_n(&loader->global_handle, __ATOMIC_ACQUIRE);
    if (handle != NULL)
        return handle;
    metacall_handle *fresh = handle_create(loader, loader->tag);
    if (fresh == NULL)
        return NULL;
    /* Global from the start: each name is checked against the scope as it is defined. */
    metacall_error *former = scope_write();
    handle = loader->global_handle;
    if (handle == NULL) {
        fresh->global = 1;
        handle_append(fresh);
        __atomic_store_n(&loader->global_handle, fresh, __ATOMIC_RELEASE);
        handle = fresh;
        fresh = NULL;
    }
    scope_leave(former, 0);
    handle_destroy(fresh);
    return handle;
}

int handle_publish(metacall_handle *handle, int global)
{
    metacall_error *former = scope_write();
    /* Asked under the lock: the end of a loader sees every handle that came before it. */
    int result = loader_admit(handle->loader, handle->name);
    if (result == 0 && global)
        result = handle_index(handle);
    if (result == 0)
        handle_append(handle);
    return scope_leave(former, result);
}

/* Copies of the symbols of `from` for `to`, chained through `next`. */
static int handle_prepare_merge(metacall_handle *to, const metacall_handle *from,
                                struct symbol **ret_chain)
{
    struct symbol *chain = NULL, **end = &chain;
    for (struct symbol *symbol = from->symbols; symbol != NULL; symbol = symbol->hh.next) {
        struct symbol *copy = symbol_create(to, symbol->name, symbol->value);
        if (copy == NULL)
            goto fail;
        value_reference(copy->value);
        *end = copy;
        end = &copy->next;
        struct symbol *there = handle_symbol(to, symbol->name);
        struct symbol *taken =
            there == NULL && to->global ? name_index_find_of(symbol->name, to->loader) : there;
        if (taken != NULL) {
            handle_raise_duplicate(symbol->name, taken->handle, from);
            goto fail;
        }
    }
    *ret_chain = chain;
    return 0;

fail:
    while (chain != NULL) {
        struct symbol *next = chain->next;
        /* Never the last reference: `from` holds one. */
        value_destroy(chain->value);
        free(chain);
        chain = next;
    }
    return -1;
}

static int handle_merge(metacall_handle *to, const metacall_handle *from)
{
    struct symbol *chain;
    if (handle_prepare_merge(to, from, &chain) != 0)
        return -1;
    int result = 0;
    while (chain != NULL) {
        struct symbol *symbol = chain;
        chain = symbol->next;
        symbol->next = NULL;
        if (result == 0 && handle_insert(to, symbol) == 0 &&
            (!to->global || name_index_add(symbol, to->loader) == 0))
            continue;
        result = -1; /* out of memory: what is in stays, the caller drops or keeps the handle */
        if (symbol->hh.tbl != NULL)
            HASH_DEL(to->symbols, symbol);
        value_destroy(symbol->value);
        free(symbol);
    }
    return result;
}

int handle_adopt(metacall_handle *owner, metacall_handle *part)
{
    metacall_error *former = scope_write();
    int result = handle_merge(owner, part);
    if (result == 0) {
        metacall_handle **at = &owner->parts;
        while (*at != NULL)
            at = &(*at)->next;
        *at = part;
        part->owner = owner;
    }
    return scope_leave(former, result);
}

int handle_populate(metacall_handle *to, metacall_handle *from)
{
    metacall_error *former = scope_write();
    int result = handle_merge(to, from);
    return scope_leave(former, result);
}

/* Out of every list, so that nobody finds it any more. */
static void handle_unlink(metacall_handle *handle)
{
    metacall_error *former = scope_write();
    metacall_handle **at = handle->owner != NULL ? &handle->owner->parts
                           : handle->published   ? &handle->loader->handles
                                                 : NULL;
    while (at != NULL && *at != NULL) {
        if (*at == handle) {
            *at = handle->next;
            break;
        }
        at = &(*at)->next;
    }
    if (handle->loader->global_handle == handle)
        handle->loader->global_handle = NULL;
    handle->owner = NULL;
    handle->published = 0;
    handle->next = NULL;
    if (handle->global)
        for (struct symbol *symbol = handle->symbols; symbol != NULL; symbol = symbol->hh.next)
            name_index_remove(symbol);
    handle->global = 0;
    scope_leave(former, 0);
}

static void handle_free(metacall_handle *handle)
{
    struct symbol *symbol, *next;
    HASH_ITER(hh, handle->symbols, symbol, next)
    {
        HASH_DEL(handle->symbols, symbol);
        symbol_destroy(symbol);
    }
    handle->magic = 0;
    free(handle->name);
    free(handle);
}

void handle_destroy(metacall_handle *handle)
{
    if (handle == NULL)
        return;
    handle_unlink(handle);
    while (handle->parts != NULL)
        handle_destroy(handle->parts);
    handle_free(handle);
}

int handle_clear(metacall_handle *handle)
{
    int result = 0;
    metacall_error *error = NULL;
    int (*hook)(metacall_loader *, metacall_handle *) = handle->loader->hooks.clear;

    handle_unlink(handle);
    while (handle->parts != NULL) {
        if (handle_clear(handle->parts) != 0 && result == 0) {
            result = -1;
            error = metacall_error_take();
        }
    }
    if (handle->loaded && hook != NULL && loader_hears(handle->loader) &&
        hook(handle->loader, handle) != 0 && result == 0) {
        result = -1;
        error = metacall_error_take();
    }
    handle_free(handle);
    if (error != NULL)
        metacall_error_set(error);
    return result;
}

int handle_exists(const metacall_handle *handle)
{
    return handle != NULL && handle->magic == HANDLE_MAGIC;
}

metacall_loader *handle_loader(const metacall_handle *handle)
{
    return handle->loader;
}

/* Left where it is while somebody asks who did not come out in time. */
static void loader_drop_main(metacall_loader *loader)
{
    if (__atomic_load_n(&loader->questions.inside, __ATOMIC_ACQUIRE) != 0)
        return;
    handle_destroy(loader->main_handle);
    loader->main_handle = NULL;
}

static metacall_handle *loader_first_handle(const metacall_loader *loader)
{
    metacall_error *former = scope_read();
    metacall_handle *handle = loader->handles;
    scope_leave(former, 0);
    return handle;
}

void loader_clear_handles(metacall_loader *loader)
{
    metacall_handle *handle;
    while ((handle = loader_first_handle(loader)) != NULL)
        if (handle_clear(handle) != 0)
            metacall_error_release(metacall_error_take());
    loader_drop_main(loader);
}

void loader_drop_handles(metacall_loader *loader)
{
    metacall_handle *handle;
    while ((handle = loader_first_handle(loader)) != NULL)
        handle_destroy(handle);
    loader_drop_main(loader);
}

const char *metacall_handle_name(const metacall_handle *handle)
{
    return handle->name;
}

void metacall_handle_set_data(metacall_handle *handle, void *data)
{
    handle->data = data;
}

void *metacall_handle_data(const metacall_handle *handle)
{
    return handle->data;
}
