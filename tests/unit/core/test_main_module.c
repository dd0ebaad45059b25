/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What the host itself runs: asked anew for every name, never believed for longer. */
#include "check.h"
#include "fake_loader.h"

#include "core/handle.h"
#include "core/value.h"

/* The host's main module: names that exist now. */
static struct {
    const char *names[8];
    metacall_function *functions[8];
    unsigned asked;
    int fails;
} module;

static int discover(metacall_loader *loader, metacall_handle *handle, const char *name)
{
    (void)loader;
    module.asked++;
    if (module.fails)
        return module.fails == 1 ? metacall_error_raise(METACALL_ERROR_GUEST, "the host is busy")
                                 : -1;
    for (size_t i = 0; i < 8; i++) {
        metacall_value slot = METACALL_SLOT_INIT;
        if (module.names[i] == NULL || (name != NULL && strcmp(name, module.names[i]) != 0))
            continue;
        metacall_slot_function(&slot, module.functions[i]);
        int result = metacall_handle_update(handle, module.names[i], &slot);
        metacall_slot_clear(&slot);
        if (result != 0)
            return -1;
    }
    return 0;
}

static metacall_loader *host;

static void define_in_host(size_t at, const char *name)
{
    metacall_function_release(module.functions[at]);
    module.functions[at] = metacall_function_create(host, name, &fake_ops, NULL);
    module.names[at] = name;
}

static void remove_from_host(size_t at)
{
    metacall_function_release(module.functions[at]);
    module.functions[at] = NULL;
    module.names[at] = NULL;
}

static metacall_function *found(const char *name)
{
    metacall_function *function = metacall_function_find(name);
    metacall_function_release(function);
    return function;
}

static void test_start(void)
{
    struct metacall_loader_hooks hooks = fake_hooks;
    hooks.discover = discover;
    CHECK(found("nobody") == NULL); /* no host: nobody is asked */
    CHECK_ERROR(METACALL_ERROR_NOT_FOUND, "nobody");
    host = fake_start_with("host", METACALL_BINDING_HOST, &hooks);
    CHECK(host != NULL && loader_table_host() == host);
    CHECK_LONG(fake.attached, 1);
    CHECK(metacall_loader_is_host(host));
}

static void test_names_appear_and_vanish(void)
{
    CHECK(found("early") == NULL);
    CHECK_ERROR(METACALL_ERROR_NOT_FOUND, "early");
    define_in_host(0, "early");
    CHECK(found("early") == module.functions[0]);
    remove_from_host(0);
    CHECK(found("early") == NULL);
    CHECK_ERROR(METACALL_ERROR_NOT_FOUND, "early");
}

static void test_the_newest_definition_counts(void)
{
    define_in_host(0, "changing");
    metacall_function *first = found("changing");
    define_in_host(0, "changing");
    CHECK(found("changing") == module.functions[0]);
    CHECK(found("changing") != first || first == module.functions[0]);
    remove_from_host(0);
}

static void test_loaded_names_come_first(void)
{
    metacall_handle *handle = handle_create(host, "/a/file.h");
    define_in_host(0, "shadowed");
    CHECK(fake_define(handle, host, "shadowed") == 0);
    CHECK(handle_publish(handle, 1) == 0);
    module.asked = 0;
    CHECK(found("shadowed") != module.functions[0]);
    CHECK_LONG(module.asked, 0);
    handle_destroy(handle);
    CHECK(found("shadowed") == module.functions[0]);
    remove_from_host(0);
}

static void test_views_show_what_is_there_now(void)
{
    struct scope_view view;
    define_in_host(0, "one");
    define_in_host(1, "two");
    CHECK(found("one") != NULL);
    remove_from_host(0);
    CHECK(scope_view_init(&view, host) == 0);
    CHECK_LONG(view.count, 1);
    CHECK_TEXT(view.handles[0].name, "__main__");
    CHECK_LONG(view.handles[0].count, 1);
    CHECK_TEXT(view.handles[0].symbols[0].name, "two");
    scope_view_finish(&view);
    remove_from_host(1);
}

static void test_a_question_may_fail(void)
{
    module.fails = 1;
    CHECK(metacall_function_find("any") == NULL);
    CHECK_ERROR(METACALL_ERROR_GUEST, "the host is busy");
    module.fails = 2;
    CHECK(metacall_function_find("any") == NULL);
    CHECK_ERROR(METACALL_ERROR_INTERNAL, "host");
    module.fails = 0;
}

static void test_lent_functions_stay_good(void)
{
    define_in_host(0, "lent");
    metacall_function *function = scope_lend_function("lent");
    CHECK(function == module.functions[0]);
    CHECK(scope_lend_function("lent") == function);
    fake.functions_destroyed = 0;
    define_in_host(0, "lent");
    CHECK(found("lent") == module.functions[0]); /* the scope lets go of the former one */
    CHECK_TEXT(metacall_function_name(function), "lent");
    CHECK_LONG(fake.functions_destroyed, 0);
    scope_reclaim();
    CHECK_LONG(fake.functions_destroyed, 1);
    remove_from_host(0);
}

static void test_end(void)
{
    define_in_host(0, "last");
    CHECK(found("last") != NULL);
    CHECK_LONG(loader_table_destroy(), 0);
    CHECK_LONG(fake.detached, 1);
    CHECK_LONG(fake.destroyed, 0); /* a host's runtime is never ended */
    CHECK(found("last") == NULL);
    CHECK_ERROR(METACALL_ERROR_NOT_FOUND, "last");
    remove_from_host(0);
}

static const struct check_test tests[] = {
    {"start", test_start},
    {"names appear and vanish", test_names_appear_and_vanish},
    {"the newest definition counts", test_the_newest_definition_counts},
    {"loaded names come first", test_loaded_names_come_first},
    {"views show what is there now", test_views_show_what_is_there_now},
    {"a question may fail", test_a_question_may_fail},
    {"lent functions stay good", test_lent_functions_stay_good},
    {"end", test_end},
};
CHECK_MAIN(tests)
