/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Handles: found, exported, filled, cleared. */
#include "capi.h"

int main(void)
{
    const char *paths[] = {SCRIPTS "/basic.mock"}, *others[] = {SCRIPTS "/other.mock"};
    void *handle = NULL, *empty = NULL, *other = NULL;
    int junk = 0;
    CHECK(metacall_initialize() == 0);
    CHECK(metacall_load_from_file("mock", paths, 1, &handle) == 0);
    CHECK_TEXT(metacall_handle_id(handle), SCRIPTS "/basic.mock");
    CHECK(metacall_handle("mock", SCRIPTS "/basic.mock") == handle);
    CHECK(metacall_handle("mock", "basic.mock") == handle);
    CHECK(metacall_handle("mock", "basic") == handle);
    CHECK(metacall_handle("mock", "basi") == NULL);
    CHECK_ERROR("NOT_FOUND", "loader 'mock' has no handle 'basi'");
    CHECK(metacall_handle("none", "basic") == NULL);
    CHECK_ERROR("NOT_FOUND", "loader 'none'");
    CHECK(metacall_handle(NULL, NULL) == NULL);
    CHECK_ERROR("NOT_FOUND", "");

    void *map = metacall_handle_export(handle);
    CHECK_LONG(metacall_value_id(map), METACALL_MAP);
    CHECK_LONG(metacall_value_count(map), 12);
    void **first = metacall_value_to_array(metacall_value_to_map(map)[0]);
    void **second = metacall_value_to_array(metacall_value_to_map(map)[1]);
    CHECK_TEXT(metacall_value_to_string(first[0]), "answer");
    CHECK_LONG(metacall_value_to_long(first[1]), 42);
    CHECK_TEXT(metacall_value_to_string(second[0]), "two_doubles");
    CHECK_LONG(metacall_value_id(second[1]), METACALL_FUNCTION);

    CHECK(metacall_handle_initialize(metacall_loader("mock"), "empty one", &empty) == 0);
    CHECK_TEXT(metacall_handle_id(empty), "empty one");
    CHECK(metacall_load_from_file("mock", others, 1, &other) == 0);
    CHECK(metacall_handle_populate(empty, other) == 0);
    CHECK(metacall_handle_function(empty, "only_here") != NULL);
    CHECK(metacall_handle_populate(empty, other) != 0);
    CHECK_ERROR("DUPLICATE", "only_here");
    CHECK(metacall_clear(other) == 0);
    void *arg = metacall_value_create_long(4);
    CHECK_JSON(metacallhv(empty, "only_here", &arg), "8"); /* the name is its own now */
    CHECK_JSON(metacallht_s(empty, "only_here", (enum metacall_value_id[]){METACALL_LONG}, 1, 5L),
               "10");
    CHECK(metacallhv(NULL, "only_here", &arg) == NULL);
    CHECK_ERROR("ARGUMENT", "the handle to call 'only_here' in is NULL");
    CHECK(metacallht_s(NULL, "only_here", NULL, 0) == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
    CHECK(metacallhv_s(&junk, "only_here", &arg, 1) == NULL);
    CHECK_ERROR("ARGUMENT", "a call needs a handle");
    CHECK(metacallhv_s(empty, "nothing", &arg, 1) == NULL);
    CHECK_ERROR("NOT_FOUND", "no function 'nothing' in handle empty one");
    metacall_value_destroy(arg);

    CHECK(metacall_clear(&junk) != 0);
    CHECK_ERROR("ARGUMENT", "handle");
    CHECK(metacall_clear(NULL) != 0);
    CHECK_ERROR("ARGUMENT", "handle");
    CHECK(metacall_handle_id(&junk) == NULL && metacall_handle_export(&junk) == NULL &&
          metacall_handle_function(&junk, "f") == NULL);
    CHECK_ERROR("ARGUMENT", "handle");
    CHECK(metacall_handle_initialize(NULL, "x", &empty) != 0);
    CHECK_ERROR("ARGUMENT", "loader");
    CHECK(metacall_clear(handle) == 0);
    /* What was exported lives on its own. */
    void *function = metacall_value_to_function(second[1]);
    CHECK_JSON(metacallfs(function, "[1.5, 1]", 8, NULL), "2.5");
    metacall_value_destroy(map);

    struct metacall_loader_type *types = NULL;
    size_t size = 0;
    CHECK(metacall_loader_types("mock", &types, &size) == 0 && size >= METACALL_SIZE);
    CHECK_TEXT(types[METACALL_LONG].name, "Long");
    CHECK_LONG(types[METACALL_LONG].id, METACALL_LONG);
    free(types);
    CHECK(metacall_loader_types(NULL, &types, &size) != 0);
    CHECK_ERROR("ARGUMENT", "tag");
    CHECK(metacall_destroy() == 0);
    return capi_result();
}
