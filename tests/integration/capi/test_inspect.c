/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What inspect says, in exactly the documented shape. */
#include "capi.h"

static void *noop(size_t count, void *args[], void *data)
{
    (void)count, (void)args, (void)data;
    return NULL;
}

static void *allocate(size_t size)
{
    return malloc(size);
}

int main(void)
{
    static const char text[] = "double add(double a, any b?) = a\nconst c = 1\n";
    struct metacall_allocator_std_type std = {allocate, realloc, free};
    void *handle = NULL;
    size_t size = 0;
    CHECK(metacall_initialize() == 0);
    CHECK_JSON(metacall_inspect_value(), "{\"__metacall_host__\":[]}");
    CHECK(metacall_load_from_memory("mock", text, sizeof(text), &handle) == 0);
    CHECK(metacall_register("in_c", noop, NULL, METACALL_NULL, 1, METACALL_STRING) == 0);
    void *allocator = metacall_allocator_create(METACALL_ALLOCATOR_STD, &std);
    char *json = metacall_inspect(&size, allocator);
    char wanted[2048];
    snprintf(
        wanted, sizeof(wanted),
        "{\"mock\":[{\"name\":\"%s\",\"scope\":{\"name\":\"%s\",\"funcs\":["
        "{\"name\":\"add\",\"signature\":{\"ret\":{\"type\":{\"name\":\"Double\",\"id\":6}},"
        "\"args\":[{\"name\":\"a\",\"type\":{\"name\":\"Double\",\"id\":6},"
        "\"required\":true,\"kind\":\"any\"},{\"name\":\"b\",\"type\":{\"name\":\"\",\"id\":20},"
        "\"required\":false,\"kind\":\"any\"}],\"variadic\":false},\"async\":false,"
        "\"generator\":false}],"
        "\"classes\":[],\"objects\":[]}}],"
        "\"__metacall_host__\":[{\"name\":\"__metacall_host__\",\"scope\":"
        "{\"name\":\"global_namespace\",\"funcs\":[{\"name\":\"in_c\",\"signature\":"
        "{\"ret\":{\"type\":{\"name\":\"Null\",\"id\":14}},\"args\":[{\"name\":\"\","
        "\"type\":{\"name\":\"String\",\"id\":7},\"required\":true,\"kind\":\"any\"}],"
        "\"variadic\":false},\"async\":false,\"generator\":false}],\"classes\":[],"
        "\"objects\":[]}}]}",
        metacall_handle_id(handle), metacall_handle_id(handle));
    CHECK_TEXT(json, wanted);
    CHECK_LONG(size, strlen(wanted) + 1);
    metacall_allocator_free(allocator, json);
    metacall_allocator_destroy(allocator);
    CHECK(metacall_inspect(NULL, NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "size");
    CHECK(metacall_clear(handle) == 0);
    json = metacall_inspect(&size, NULL);
    CHECK(json != NULL && strncmp(json, "{\"mock\":[],", 11) == 0);
    free(json);
    CHECK(metacall_destroy() == 0);
    return capi_result();
}
