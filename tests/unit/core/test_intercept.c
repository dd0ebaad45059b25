/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Hooks on functions: their order, what they may do, how far they see. */
#include "fake_native.h"

#include "core/function.h"
#include "core/handle.h"

static void test_onion(void)
{
    struct hook a = {.name = "a"}, b = {.name = "b"};
    metacall_function *function = begin();
    add(function, &a);
    CHECK(function->flags & METACALL_FUNCTION_INTERCEPTED);
    add(function, &b);
    CHECK_LONG(native.turns, 1);
    CHECK_LONG(metacall_interception_scope(a.interception), METACALL_INTERCEPT_ALL);
    CHECK_NO_ERROR();
    CHECK_LONG(call_sum(function), 4);
    CHECK_TEXT(log_text, "<b <a a> b> ");
    CHECK_LONG(native.calls, 1);
    CHECK_LONG(metacall_intercept_remove(a.interception), 0);
    CHECK_LONG(a.released, 1);
    CHECK_LONG(native.detour, 1);
    forget();
    CHECK_LONG(call_sum(function), 4);
    CHECK_TEXT(log_text, "<b b> ");
    CHECK_LONG(metacall_intercept_remove(b.interception), 0);
    CHECK_LONG(native.detour, 0);
    CHECK_LONG(native.turns, 2);
    CHECK(!(function->flags & METACALL_FUNCTION_INTERCEPTED));
    forget();
    CHECK_LONG(call_sum(function), 4);
    CHECK_TEXT(log_text, "");
    finish(function);
}

static void test_answers_and_refusals(void)
{
    struct hook inner = {.name = "inner"}, middle = {.name = "middle", .answer = 1},
                outer = {.name = "outer"};
    metacall_value ret = METACALL_SLOT_INIT;
    metacall_function *function = begin();
    add(function, &inner);
    add(function, &middle);
    add(function, &outer);
    CHECK_LONG(metacall_function_call(function, &sum_call, &ret), 0);
    CHECK_TEXT(ret.as.bytes.data, "answer");
    CHECK_TEXT(log_text, "<outer <middle outer> ");
    CHECK_LONG(native.calls, 0);
    metacall_slot_clear(&ret);
    middle.answer = -1;
    forget();
    CHECK_LONG(metacall_function_call(function, &sum_call, &ret), -1);
    CHECK_TEXT(log_text, "<outer <middle outer!> ");
    CHECK_ERROR(METACALL_ERROR_GUEST, "not today");
    CHECK_LONG(ret.id, METACALL_NULL);
    metacall_intercept_remove(inner.interception);
    metacall_intercept_remove(middle.interception);
    metacall_intercept_remove(outer.interception);
    finish(function);
}

static void test_results_are_replaced(void)
{
    struct hook one = {.replaces = 1};
    metacall_value ret = METACALL_SLOT_INIT;
    metacall_function *function = begin();
    add(function, &one);
    CHECK_LONG(metacall_function_call(function, &text_call, &ret), 0);
    CHECK_TEXT(ret.as.bytes.data, "other");
    metacall_slot_clear(&ret);
    one.replaces = 0;
    CHECK_LONG(metacall_function_call(function, &text_call, &ret), 0);
    CHECK(ret.as.bytes.data == native.text); /* the very bytes, untouched */
    metacall_slot_clear(&ret);
    one.breaks = 1;
    CHECK_LONG(metacall_function_call(function, &text_call, &ret), -1);
    CHECK_ERROR(METACALL_ERROR_GUEST, "broken after");
    one.breaks = 0;
    native.fail = 1;
    CHECK_LONG(metacall_function_call(function, &text_call, &ret), -1);
    CHECK_ERROR(METACALL_ERROR_GUEST, "native fails");
    one.heals = one.replaces = 1;
    CHECK_LONG(metacall_function_call(function, &text_call, &ret), 0);
    CHECK_TEXT(ret.as.bytes.data, "other");
    CHECK_NO_ERROR();
    metacall_slot_clear(&ret);
    metacall_intercept_remove(one.interception);
    finish(function);
}

static void test_the_languages_own_calls(void)
{
    struct hook one = {.name = "h"};
    metacall_value ret = METACALL_SLOT_INIT;
    int same = 0;
    metacall_function *function = begin();
    add(function, &one);
    CHECK_LONG(own_call(&sum_call, &ret, &same), 0);
    CHECK_LONG(ret.as.long_, 4);
    CHECK(same);
    CHECK_TEXT(log_text, "<h h> ");
    CHECK_LONG(native.calls, 1);
    one.replaces = 1;
    CHECK_LONG(own_call(&sum_call, &ret, &same), 0);
    CHECK(!same);
    CHECK_TEXT(ret.as.bytes.data, "other");
    metacall_slot_clear(&ret);
    one.replaces = 0;
    one.answer = 1;
    native.calls = 0;
    CHECK_LONG(own_call(&sum_call, &ret, &same), 0);
    CHECK(!same);
    CHECK_LONG(native.calls, 0);
    metacall_slot_clear(&ret);
    one.answer = 0;
    native.fail = 1;
    CHECK_LONG(own_call(&sum_call, &ret, &same), -1);
    CHECK_ERROR(METACALL_ERROR_GUEST, "native fails");
    /* A chain that went between the detour and here: straight through. */
    native.fail = 0;
    metacall_intercept_remove(one.interception);
    native.detour = 1;
    forget();
    CHECK_LONG(own_call(&sum_call, &ret, &same), 0);
    CHECK(same);
    CHECK_TEXT(log_text, "");
    native.detour = 0;
    finish(function);
}

static void test_nobody_looks_at_the_result(void)
{
    metacall_value ret = METACALL_SLOT_INIT, seen = METACALL_SLOT_INIT;
    struct hook one = {.name = NULL};
    int replaced = 0;
    metacall_function *function = begin();
    metacall_interception *only_before = metacall_intercept(function, before, NULL, &one, NULL);
    struct own_call own = {&sum_call, &ret, -1};
    CHECK_LONG(
        metacall_function_intercepted(function, &sum_call, own_proceed, &own, &seen, &replaced), 0);
    CHECK_LONG(own.wanted, 0);
    CHECK_LONG(seen.id, METACALL_NULL);
    metacall_interception *only_after = metacall_intercept(function, NULL, after, &one, NULL);
    CHECK_LONG(
        metacall_function_intercepted(function, &sum_call, own_proceed, &own, &seen, &replaced), 0);
    CHECK_LONG(own.wanted, 1);
    CHECK_LONG(replaced, 0);
    CHECK_LONG(one.before, 2);
    CHECK_LONG(one.after, 1);
    metacall_intercept_remove(only_before);
    metacall_intercept_remove(only_after);
    CHECK(metacall_intercept(function, NULL, NULL, NULL, NULL) == NULL);
    CHECK_ERROR(METACALL_ERROR_ARGUMENT, "needs a function and a hook");
    CHECK(metacall_intercept(NULL, before, NULL, NULL, NULL) == NULL);
    CHECK_ERROR(METACALL_ERROR_ARGUMENT, "needs a function and a hook");
    finish(function);
}

static void test_a_hook_calls_the_function(void)
{
    struct hook one = {.name = "one", .calls_again = 1}, two_ = {.name = "two"};
    metacall_function *function = begin();
    add(function, &two_);
    add(function, &one);
    CHECK_LONG(call_sum(function), 4);
    /* Past itself, but not past the other. */
    CHECK_TEXT(log_text, "<one <two two> <two two> one> ");
    CHECK_LONG(native.calls, 2);
    metacall_intercept_remove(one.interception);
    metacall_intercept_remove(two_.interception);
    finish(function);
}

static void test_removed_from_inside(void)
{
    struct hook one = {.name = "one", .removes = 1};
    metacall_function *function = begin();
    add(function, &one);
    CHECK_LONG(call_sum(function), 4);
    CHECK_TEXT(log_text, "<one one> released "); /* the call ends as it began */
    CHECK_LONG(native.detour, 0);
    CHECK_LONG(call_sum(function), 4);
    CHECK_LONG(one.before, 1);
    finish(function);
}

static void test_found_by_name_each_time(void)
{
    struct hook one = {.name = NULL};
    metacall_function *function = begin();
    metacall_function_release(function);
    CHECK(native.function == NULL);
    function = native_cross(loader);
    add(function, &one);
    metacall_function_release(function); /* the interception holds it */
    for (int i = 0; i < 3; i++) {
        metacall_function *found = native_cross(loader); /* as discover makes it, each time anew */
        CHECK_LONG(call_sum(found), 4);
        metacall_function_release(found);
    }
    CHECK_LONG(one.before, 3);
    metacall_intercept_remove(one.interception);
    CHECK(native.function == NULL);
    loader_table_destroy();
}

/* The host's main module, asked anew each time: it updates what it made to cross. */
static int native_discover(metacall_loader *host, metacall_handle *handle, const char *name)
{
    metacall_value slot = METACALL_SLOT_INIT;
    if (name != NULL && strcmp(name, "native") != 0)
        return 0;
    metacall_function *function = native_cross(host);
    metacall_slot_function(&slot, function);
    metacall_function_release(function);
    int result = metacall_handle_update(handle, "native", &slot);
    metacall_slot_clear(&slot);
    return result;
}

static void test_names_of_the_main_module(void)
{
    static const struct metacall_loader_hooks hooks = {
        .host_attach = fake_attach, .discover = native_discover, .host_detach = fake_detach};
    struct hook one = {.name = NULL};
    metacall_value ret = METACALL_SLOT_INIT;
    int same = 0;
    metacall_function_release(begin());
    loader_table_destroy();
    CHECK(fake_start_with("host", METACALL_BINDING_HOST, &hooks) != NULL);
    metacall_function *function = metacall_function_find("native");
    add(function, &one);
    metacall_function_release(function);
    for (unsigned i = 1; i <= 3; i++) {
        function = metacall_function_find("native");
        CHECK_LONG(call_sum(function), 4);
        CHECK_LONG(one.before, i);
        metacall_function_release(function);
    }
    CHECK_LONG(own_call(&sum_call, &ret, &same), 0); /* the main module itself */
    CHECK_LONG(one.before, 4);
    CHECK_LONG(metacall_intercept_remove(one.interception), 0);
    CHECK_LONG(native.detour, 0);
    function = metacall_function_find("native");
    CHECK_LONG(call_sum(function), 4);
    CHECK_LONG(one.before, 4);
    finish(function);
}

static void test_scopes(void)
{
    struct hook one = {.name = NULL}, other = {.name = NULL};
    metacall_function *function = begin();
    native.refuse = METACALL_ERROR_SUPPORT;
    add(function, &one);
    CHECK_ERROR(METACALL_ERROR_SUPPORT, "not this function");
    CHECK_LONG(metacall_interception_scope(one.interception), METACALL_INTERCEPT_REGISTRY);
    add(function, &other); /* told to the second one as well, without asking anew */
    CHECK_ERROR(METACALL_ERROR_SUPPORT, "not this function");
    CHECK_LONG(call_sum(function), 4);
    CHECK_LONG(one.before, 1);
    native.refuse = 0;
    CHECK_LONG(metacall_intercept_remove(one.interception), 0);
    CHECK_LONG(metacall_intercept_remove(other.interception), 0);
    CHECK_LONG(native.turns, 0);
    native.refuse = METACALL_ERROR_MEMORY; /* a failure, not a limit */
    CHECK(metacall_intercept(function, before, after, &one, released) == NULL);
    CHECK_ERROR(METACALL_ERROR_MEMORY, "not this function");
    CHECK_LONG(one.released, 1); /* of the first time */
    CHECK(!(function->flags & METACALL_FUNCTION_INTERCEPTED));
    native.refuse = 0;
    add(function, &one);
    native.refuse = METACALL_ERROR_STATE;
    CHECK_LONG(metacall_intercept_remove(one.interception), -1);
    CHECK_ERROR(METACALL_ERROR_STATE, "not this function");
    CHECK_LONG(one.released, 2);
    native.detour = 0;
    metacall_function_release(function);

    function = metacall_function_create(loader, "native", &gate_only_ops, NULL);
    add(function, &one);
    CHECK_ERROR(METACALL_ERROR_SUPPORT, "loader 'fake' does not see the calls of native");
    metacall_intercept_remove(one.interception);
    metacall_function_release(function);
    function = metacall_function_create(NULL, "native", &gate_only_ops, NULL);
    add(function, &one);
    CHECK_ERROR(METACALL_ERROR_SUPPORT, "native was registered from C");
    CHECK_LONG(call_sum(function), 4);
    metacall_intercept_remove(one.interception);
    finish(function);
}

static void test_types_are_checked_behind_the_hooks(void)
{
    struct hook one = {.name = "h"};
    metacall_value text = METACALL_SLOT_INIT, ret = METACALL_SLOT_INIT, *args[1] = {&text};
    struct metacall_call call = {args, 1, NULL, 0};
    metacall_function *function = begin();
    CHECK(metacall_function_parameter(function, "a", METACALL_LONG, 1) == 0);
    metacall_slot_borrow(&text, METACALL_STRING, "x", 1);
    add(function, &one);
    CHECK_LONG(metacall_function_call(function, &call, &ret), -1);
    CHECK_ERROR(METACALL_ERROR_TYPE, "parameter 1 'a' must be Long, got String");
    CHECK_TEXT(log_text, "<h h!> ");
    metacall_slot_double(&text, 3.0);
    CHECK_LONG(metacall_function_call(function, &call, &ret), 0);
    CHECK_LONG(ret.as.long_, 3); /* converted, behind the hooks */
    metacall_intercept_remove(one.interception);
    finish(function);
}

static void test_the_loader_ends(void)
{
    struct hook one = {.name = NULL}, other = {.name = NULL};
    metacall_function *function = begin();
    add(function, &one);
    add(function, &other);
    CHECK_LONG(native.detour, 1);
    CHECK_LONG(loader_table_destroy(), 0);
    CHECK_LONG(native.detour, 0); /* the runtime is left as it was */
    CHECK(!(function->flags & METACALL_FUNCTION_INTERCEPTED));
    CHECK_LONG(one.released, 0); /* its owner has not let go yet */
    CHECK_LONG(metacall_interception_scope(one.interception), METACALL_INTERCEPT_REGISTRY);
    CHECK_LONG(metacall_intercept_remove(one.interception), 0);
    CHECK_LONG(metacall_intercept_remove(other.interception), 0);
    CHECK_LONG(one.released + other.released, 2);
    CHECK(metacall_intercept(function, before, NULL, NULL, NULL) == NULL);
    CHECK_ERROR(METACALL_ERROR_STATE, "has ended");
    finish(function);
}

static const struct check_test tests[] = {
    {"onion", test_onion},
    {"answers and refusals", test_answers_and_refusals},
    {"results are replaced", test_results_are_replaced},
    {"the language's own calls", test_the_languages_own_calls},
    {"nobody looks at the result", test_nobody_looks_at_the_result},
    {"a hook calls the function", test_a_hook_calls_the_function},
    {"removed from inside", test_removed_from_inside},
    {"found by name each time", test_found_by_name_each_time},
    {"names of the main module", test_names_of_the_main_module},
    {"scopes", test_scopes},
    {"types are checked behind the hooks", test_types_are_checked_behind_the_hooks},
    {"the loader ends", test_the_loader_ends},
};
CHECK_MAIN(tests)
