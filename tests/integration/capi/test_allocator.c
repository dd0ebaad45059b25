/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Allocators of the caller's: of malloc's kind, of a pool's kind, and one that fails. */
#include "capi.h"

static unsigned allocated, freed;
static int failing;

static void *count_malloc(size_t size)
{
    if (failing)
        return NULL;
    allocated++;
    return malloc(size);
}

static void count_free(void *data)
{
    freed++;
    free(data);
}

static void *pool_alloc(ngx_pool_t *pool, size_t size)
{
    CHECK(pool == (ngx_pool_t *)&allocated);
    return count_malloc(size);
}

static intptr_t pool_free(ngx_pool_t *pool, void *data)
{
    CHECK(pool == (ngx_pool_t *)&allocated);
    count_free(data);
    return 0;
}

static void exercise(void *allocator)
{
    size_t size = 0;
    void *value = metacall_value_create_string("text", 4);
    char *data = metacall_allocator_alloc(allocator, 8);
    CHECK(data != NULL);
    memcpy(data, "1234567", 8);
    data = metacall_allocator_realloc(allocator, data, 8, 100);
    CHECK_TEXT(data, "1234567");
    metacall_allocator_free(allocator, data);
    metacall_allocator_free(allocator, NULL);
    char *text = metacall_serialize("json", value, &size, allocator);
    CHECK_TEXT(text, "\"text\"");
    CHECK_LONG(size, 7);
    metacall_allocator_free(allocator, text);
    failing = 1;
    CHECK(metacall_serialize("json", value, &size, allocator) == NULL);
    CHECK_ERROR("MEMORY", "out of memory");
    CHECK(metacall_allocator_alloc(allocator, 1) == NULL);
    CHECK_ERROR("MEMORY", "out of memory");
    failing = 0;
    metacall_value_destroy(value);
}

int main(void)
{
    struct metacall_allocator_std_type std = {count_malloc, realloc, count_free};
    struct metacall_allocator_nginx_type pool = {(ngx_pool_t *)&allocated, pool_alloc, NULL,
                                                 pool_free};
    void *allocator = metacall_allocator_create(METACALL_ALLOCATOR_STD, &std);
    exercise(allocator);
    metacall_allocator_destroy(allocator);
    CHECK_LONG(allocated, freed);
    allocator = metacall_allocator_create(METACALL_ALLOCATOR_NGINX, &pool);
    exercise(allocator);
    metacall_allocator_destroy(allocator);
    CHECK_LONG(allocated, freed);
    CHECK(metacall_allocator_create(METACALL_ALLOCATOR_STD, NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "functions");
    CHECK(metacall_allocator_create((enum metacall_allocator_id)9, &std) == NULL);
    CHECK_ERROR("ARGUMENT", "kind 9");
    metacall_allocator_destroy(NULL);
    void *plain = metacall_allocator_alloc(NULL, 4); /* no allocator: malloc */
    free(metacall_allocator_realloc(NULL, plain, 4, 40));
    return capi_result();
}
