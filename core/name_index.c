/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* name -> the symbols of that name, by their loaders' order of start. */
#include "core/name_index.h"

#include "core/error.h"
#include "core/handle.h"
#include "core/loader_state.h"

#include <stdlib.h>

struct name_entry {
    UT_hash_handle hh;
    struct symbol *first;
    char name[];
};

static struct name_entry *name_index;

static struct name_entry *name_index_entry(const char *name)
{
    struct name_entry *entry;
    HASH_FIND_STR(name_index, name, entry);
    return entry;
}

struct symbol *name_index_find(const char *name)
{
    struct name_entry *entry = name_index_entry(name);
    return entry != NULL ? entry->first : NULL;
}

struct symbol *name_index_find_of(const char *name, const metacall_loader *loader)
{
    struct symbol *symbol = name_index_find(name);
    while (symbol != NULL && handle_loader(symbol->handle) != loader)
        symbol = symbol->next;
    return symbol;
}

static struct name_entry *name_index_make(const char *name)
{
    size_t length = strlen(name);
    struct name_entry *entry = calloc(1, sizeof(*entry) + length + 1);
    if (entry == NULL)
        return NULL;
    memcpy(entry->name, name, length + 1);
    HASH_ADD_KEYPTR(hh, name_index, entry->name, length, entry);
    if (entry->hh.tbl == NULL) {
        free(entry);
        return NULL;
    }
    return entry;
}

int name_index_add(struct symbol *symbol, const metacall_loader *loader)
{
    struct name_entry *entry = name_index_entry(symbol->name);
    if (entry == NULL && (entry = name_index_make(symbol->name)) == NULL)
        return error_raise_memory();
    struct symbol **at = &entry->first;
    while (*at != NULL && handle_loader((*at)->handle)->order <= loader->order)
        at = &(*at)->next;
    symbol->next = *at;
    *at = symbol;
    return 0;
}

void name_index_remove(struct symbol *symbol)
{
    struct name_entry *entry = name_index_entry(symbol->name);
    if (entry == NULL)
        return;
    struct symbol **at = &entry->first;
    while (*at != NULL && *at != symbol)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    *at = symbol->next;
    symbol->next = NULL;
    if (entry->first == NULL) {
        HASH_DEL(name_index, entry);
        free(entry);
    }
}
