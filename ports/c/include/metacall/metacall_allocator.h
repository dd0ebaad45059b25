/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Who allocates the texts that the library hands out (inspect, serialize). */
#ifndef METACALL_ALLOCATOR_H
#define METACALL_ALLOCATOR_H

#include <metacall/metacall_api.h>
#include <stdint.h>
#include <stdlib.h>

METACALL_BEGIN_DECLS

enum metacall_allocator_id { METACALL_ALLOCATOR_STD, METACALL_ALLOCATOR_NGINX };

struct ngx_pool_s;
typedef struct ngx_pool_s ngx_pool_t;

struct metacall_allocator_std_type {
    void *(*malloc)(size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
};

struct metacall_allocator_nginx_type {
    ngx_pool_t *pool;
    void *(*palloc)(ngx_pool_t *, size_t);
    void *(*pcopy)(void *, const void *, size_t);
    intptr_t (*pfree)(ngx_pool_t *, void *);
};

typedef struct metacall_allocator_std_type *metacall_allocator_std;
typedef struct metacall_allocator_nginx_type *metacall_allocator_nginx;

/* `ctx` points to the structure of that kind, which is copied. NULL with the error set on failure.
 * Free with metacall_allocator_destroy. */
METACALL_API void *metacall_allocator_create(enum metacall_allocator_id allocator_id, void *ctx);
/* NULL with the error set when out of memory. */
METACALL_API void *metacall_allocator_alloc(void *allocator, size_t size);
/* `size` is what `data` has now. On failure NULL, and `data` stays. */
METACALL_API void *metacall_allocator_realloc(void *allocator, void *data, size_t size,
                                              size_t new_size);
METACALL_API void metacall_allocator_free(void *allocator, void *data);
METACALL_API void metacall_allocator_destroy(void *allocator);

METACALL_END_DECLS

#endif /* METACALL_ALLOCATOR_H */
