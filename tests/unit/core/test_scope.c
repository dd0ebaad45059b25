/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Handles and the global scope: all or nothing, errors that name both files, no name left behind.
 */
#include "check.h"
#include "fake_loader.h"

#include "core/handle.h"
#include "core/value.h"

#include <stdlib.h>

static metacall_loader *first, *second;

static metacall_handle *filled(metacall_loader *loader, const char *path, const char *const *names)
{
    metacall_handle *handle = handle_create(loader, path);
    for (size_t i = 0; names[i] != NULL; i++)
        CHECK(fake_define(handle, loader, names[i]) == 0);
    return handle;
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static int known(const char *name)
{
    metacall_value *value = scope_lookup(name);
    value_destroy(value);
    return value != NULL;
}

/* The loader whose function a name finds; NULL = none. */
static const metacall_loader *owner_of(const char *name)
{
    metacall_function *function = metacall_function_find(name);
    const metacall_loader *loader = function != NULL ? function->loader : NULL;
    metacall_function_release(function);
    return loader;
}

static void test_private_names_stay_private(void)
{
    metacall_handle *handle = filled(first, "/a/private.x", NAMES("p"));
    CHECK(handle_publish(handle, 0) == 0);
    CHECK(!known("p"));
    int held = 0;
    metacall_function *function = handle_lookup_function(handle, "p", &held);
    CHECK_LONG(held, 1);
    CHECK(function != NULL);
    metacall_function_release(function);
    CHECK(handle_lookup(handle, "q") == NULL);
    handle_destroy(handle);
}

static void test_global_names_are_found(void)
{
    metacall_handle *handle = filled(first, "/a/global.x", NAMES("g", "h"));
    CHECK(!known("g")); /* not before it is published */
    CHECK(handle_publish(handle, 1) == 0);
    CHECK(known("g") && known("h"));
    handle_destroy(handle);
    CHECK(!known("g") && !known("h"));
    CHECK(metacall_function_find("g") == NULL);
    CHECK_ERROR(METACALL_ERROR_NOT_FOUND, "no function 'g' is loaded");
}

static void test_a_name_twice_names_both_files(void)
{
    metacall_handle *one = filled(first, "/a/one.x", NAMES("same"));
    metacall_handle *two = filled(first, "/b/two.x", NAMES("fresh", "same"));
    CHECK(handle_publish(one, 1) == 0);
    CHECK(handle_publish(two, 1) == -1);
    CHECK(strstr(metacall_error_peek()->message, "/a/one.x") != NULL);
    CHECK_ERROR(METACALL_ERROR_DUPLICATE, "'same' of /b/two.x");
    CHECK(!known("fresh")); /* nothing of the second */
    CHECK(handle_find(first, "/b/two.x") == NULL);
    CHECK(handle_publish(two, 0) == 0); /* with a handle of its own it is welcome */
    handle_destroy(one);
    handle_destroy(two);
}

static void test_a_name_twice_in_one_handle(void)
{
    metacall_handle *handle = filled(first, "/a/dup.x", NAMES("d"));
    CHECK(fake_define(handle, first, "d") == -1);
    CHECK_ERROR(METACALL_ERROR_DUPLICATE, "'d' is defined twice in /a/dup.x");
    metacall_value slot = METACALL_SLOT_INIT;
    metacall_slot_long(&slot, 9);
    CHECK(metacall_handle_update(handle, "d", &slot) == 0);
    metacall_value *value = handle_lookup(handle, "d");
    CHECK_LONG(value->as.long_, 9);
    value_destroy(value);
    metacall_handle_undefine(handle, "d");
    metacall_handle_undefine(handle, "d");
    CHECK(handle_lookup(handle, "d") == NULL);
    handle_destroy(handle);
}

static void test_earlier_loaders_win(void)
{
    metacall_handle *late = filled(second, "/l/late.y", NAMES("both"));
    CHECK(handle_publish(late, 1) == 0);
    CHECK(owner_of("both") == second);
    metacall_handle *early = filled(first, "/e/early.x", NAMES("both"));
    CHECK(handle_publish(early, 1) == 0); /* other tag: no clash */
    CHECK(owner_of("both") == first);
    handle_destroy(early);
    CHECK(owner_of("both") == second);
    handle_destroy(late);
    CHECK(owner_of("both") == NULL);
    metacall_error_release(metacall_error_take());
}

static void test_parts(void)
{
    metacall_handle *owner = filled(first, "/p/owner.x", NAMES("own"));
    CHECK(handle_publish(owner, 0) == 0);
    metacall_handle *part = filled(first, "/p/part.x", NAMES("extra", "more"));
    handle_set_loaded(part);
    CHECK(handle_adopt(owner, part) == 0);
    metacall_value *value = handle_lookup(owner, "more");
    CHECK(value != NULL);
    value_destroy(value);
    metacall_handle *clash = filled(first, "/p/clash.x", NAMES("new", "extra"));
    CHECK(handle_adopt(owner, clash) == -1);
    CHECK_ERROR(METACALL_ERROR_DUPLICATE, "'extra' of /p/clash.x");
    CHECK(handle_lookup(owner, "new") == NULL);
    handle_destroy(clash);
    fake_reset();
    CHECK(handle_clear(owner) == 0);
    CHECK_LONG(fake.cleared, 1); /* the part was loaded, the owner was not */
    CHECK_LONG(fake.functions_destroyed, 3);
}

static void test_populate_into_a_global_handle(void)
{
    metacall_handle *to = filled(first, "/t/to.x", NAMES("t")), *from;
    CHECK(handle_publish(to, 1) == 0);
    from = filled(first, "/t/from.x", NAMES("f"));
    CHECK(handle_populate(to, from) == 0);
    CHECK(known("f"));
    handle_destroy(from);
    CHECK(known("f")); /* the name is the target's now */
    handle_destroy(to);
    CHECK(!known("f"));
}

static void test_finding_handles(void)
{
    metacall_handle *one = filled(first, "/x/y/script.mock", NAMES("a"));
    metacall_handle *two = filled(first, "/z/script.mock", NAMES("b"));
    CHECK(handle_publish(one, 0) == 0 && handle_publish(two, 0) == 0);
    CHECK(handle_find(first, "/z/script.mock") == two);
    CHECK(handle_find(first, "script.mock") == one);
    CHECK(handle_find(first, "script") == one);
    CHECK(handle_find(first, "scrip") == NULL);
    CHECK(handle_find(second, "script") == NULL);
    CHECK(handle_exists(one) && !handle_exists(NULL));
    handle_destroy(one);
    CHECK(handle_find(first, "script") == two);
    handle_destroy(two);
}

static void test_native_names_come_first(void)
{
    metacall_handle *global = handle_global(loader_table_native());
    metacall_handle *script = filled(first, "/n/script.x", NAMES("shadow"));
    CHECK(global == handle_global(loader_table_native()));
    CHECK(handle_publish(script, 1) == 0);
    CHECK(owner_of("shadow") == first);
    metacall_value slot = METACALL_SLOT_INIT;
    fake_function(&slot, NULL, "shadow");
    CHECK(metacall_handle_define(global, "shadow", &slot) == 0);
    metacall_slot_clear(&slot);
    metacall_function *function = metacall_function_find("shadow");
    CHECK(function != NULL && function->loader == NULL);
    metacall_function_release(function);
    metacall_handle_undefine(global, "shadow");
    CHECK(owner_of("shadow") == first);
    handle_destroy(script);
}

static void test_a_name_that_is_no_function(void)
{
    metacall_handle *handle = handle_create(first, "/v/values.x");
    metacall_value slot = METACALL_SLOT_INIT;
    metacall_slot_long(&slot, 3);
    CHECK(metacall_handle_define(handle, "three", &slot) == 0);
    CHECK(handle_publish(handle, 1) == 0);
    CHECK(metacall_function_find("three") == NULL);
    CHECK_ERROR(METACALL_ERROR_TYPE, "'three' is loaded, but it is no function");
    metacall_value *value = scope_lookup("three");
    CHECK_LONG(value->as.long_, 3);
    value_destroy(value);
    handle_destroy(handle);
}

static void test_views(void)
{
    metacall_handle *one = filled(first, "/w/one.x", NAMES("z", "a", "m"));
    struct scope_view view;
    CHECK(handle_publish(one, 1) == 0);
    CHECK(scope_view_init(&view, first) == 0);
    CHECK_LONG(view.count, 1);
    CHECK_TEXT(view.handles[0].name, "/w/one.x");
    CHECK_LONG(view.handles[0].count, 3);
    CHECK_TEXT(view.handles[0].symbols[0].name, "z"); /* in order of definition */
    CHECK_TEXT(view.handles[0].symbols[2].name, "m");
    handle_destroy(one); /* the view keeps what it shows */
    CHECK_LONG(view.handles[0].symbols[1].value->id, METACALL_FUNCTION);
    scope_view_finish(&view);
}

static void test_many_names(void)
{
    metacall_handle *handle = handle_create(first, "/m/many.x");
    metacall_value slot = METACALL_SLOT_INIT;
    char name[32];
    int good = 1;
    for (int i = 0; i < 20000; i++) {
        snprintf(name, sizeof(name), "name%d", i);
        metacall_slot_long(&slot, i);
        good &= metacall_handle_define(handle, name, &slot) == 0;
    }
    CHECK(good && handle_publish(handle, 1) == 0);
    for (int i = 0; i < 20000; i++) {
        snprintf(name, sizeof(name), "name%d", i);
        metacall_value *value = scope_lookup(name);
        good &= value != NULL && value->as.long_ == i;
        value_destroy(value);
    }
    CHECK(good);
    handle_destroy(handle);
}

static void test_the_former_error_stays(void)
{
    metacall_handle *handle = handle_create(first, "/e/error.x");
    metacall_error_raise(METACALL_ERROR_LOAD, "still here");
    CHECK(fake_define(handle, first, "fine") == 0);
    CHECK_ERROR(METACALL_ERROR_LOAD, "still here");
    handle_destroy(handle);
}

static void start(void)
{
    first = fake_start("first");
    second = fake_start("second");
    CHECK(first != NULL && second != NULL);
}

static void end(void)
{
    metacall_handle *left = filled(first, "/end/left.x", NAMES("left"));
    handle_set_loaded(left);
    CHECK(handle_publish(left, 1) == 0);
    fake_reset();
    CHECK_LONG(loader_table_destroy(), 0);
    CHECK_LONG(fake.cleared, 1);
    CHECK_LONG(fake.functions_destroyed, 1);
    CHECK(!known("left"));
}

static const struct check_test tests[] = {
    {"start", start},
    {"private names stay private", test_private_names_stay_private},
    {"global names are found", test_global_names_are_found},
    {"a name twice names both files", test_a_name_twice_names_both_files},
    {"a name twice in one handle", test_a_name_twice_in_one_handle},
    {"earlier loaders win", test_earlier_loaders_win},
    {"parts", test_parts},
    {"populate into a global handle", test_populate_into_a_global_handle},
    {"finding handles", test_finding_handles},
    {"native names come first", test_native_names_come_first},
    {"a name that is no function", test_a_name_that_is_no_function},
    {"views", test_views},
    {"many names", test_many_names},
    {"the former error stays", test_the_former_error_stays},
    {"end", end},
};
CHECK_MAIN(tests)
