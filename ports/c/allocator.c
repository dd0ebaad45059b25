/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Allocators of the caller's choice. */
#include "core/error.h"
#include "ports/c/text.h"

#include <metacall/metacall.h>

#include <stdlib.h>
#include <string.h>

struct allocator {
    enum metacall_allocator_id id;
    union {
        struct metacall_allocator_std_type std;
        struct metacall_allocator_nginx_type nginx;
    } as;
};

void *metacall_allocator_create(enum metacall_allocator_id allocator_id, void *ctx)
{
    struct allocator *allocator = NULL;
    if (ctx == NULL) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "an allocator needs its functions");
        return NULL;
    }
    if (allocator_id == METACALL_ALLOCATOR_STD)
        allocator = ((struct metacall_allocator_std_type *)ctx)->malloc(sizeof(*allocator));
    else if (allocator_id == METACALL_ALLOCATOR_NGINX) {
        struct metacall_allocator_nginx_type *nginx = ctx;
        allocator = nginx->palloc(nginx->pool, sizeof(*allocator));
    } else {
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "there is no allocator kind %d",
                             (int)allocator_id);
        return NULL;
    }
    if (allocator == NULL) {
        error_raise_memory();
        return NULL;
    }
    allocator->id = allocator_id;
    if (allocator_id == METACALL_ALLOCATOR_STD)
        allocator->as.std = *(struct metacall_allocator_std_type *)ctx;
    else
        allocator->as.nginx = *(struct metacall_allocator_nginx_type *)ctx;
    return allocator;
}

void *metacall_allocator_alloc(void *allocator, size_t size)
{
    struct allocator *own = allocator;
    void *data;
    if (own == NULL)
        data = malloc(size);
    else if (own->id == METACALL_ALLOCATOR_STD)
        data = own->as.std.malloc(size);
    else
        data = own->as.nginx.palloc(own->as.nginx.pool, size);
    if (data == NULL)
        error_raise_memory();
    return data;
}

void *metacall_allocator_realloc(void *allocator, void *data, size_t size, size_t new_size)
{
    struct allocator *own = allocator;
    void *grown;
    if (own == NULL) {
        grown = realloc(data, new_size);
    } else if (own->id == METACALL_ALLOCATOR_STD) {
        grown = own->as.std.realloc(data, new_size);
    } else {
        grown = own->as.nginx.palloc(own->as.nginx.pool, new_size);
        if (grown != NULL && data != NULL) {
            memcpy(grown, data, size < new_size ? size : new_size);
            own->as.nginx.pfree(own->as.nginx.pool, data);
        }
    }
    if (grown == NULL)
        error_raise_memory();
    return grown;
}

void metacall_allocator_free(void *allocator, void *data)
{
    struct allocator *own = allocator;
    if (data == NULL)
        return;
    if (own == NULL)
        free(data);
    else if (own->id == METACALL_ALLOCATOR_STD)
        own->as.std.free(data);
    else
        own->as.nginx.pfree(own->as.nginx.pool, data);
}

void metacall_allocator_destroy(void *allocator)
{
    if (allocator == NULL)
        return;
    struct allocator own = *(struct allocator *)allocator;
    metacall_allocator_free(&own, allocator);
}

char *text_hand_over(char *text, size_t length, size_t *ret_size, void *allocator)
{
    char *copy = text;
    if (allocator != NULL) {
        copy = metacall_allocator_alloc(allocator, length);
        if (copy != NULL)
            memcpy(copy, text, length);
        free(text);
    }
    if (copy != NULL)
        *ret_size = length;
    return copy;
}
