/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Functions intercepted from C by their names: a script's, one registered from C, a class. */
#include <metacall/intercept.h>

#include "capi.h"

#include <unistd.h>

static const char script[] = "long add(long a, long b) = a + b\n"
                             "long twice(long a) = add(a, a)\n"
                             "future add_later(long a, long b) = later(add(a, b), 1)\n"
                             "class Point(double x)\n"
                             "any make(double x) = Point(x)\n";

static struct hooks {
    unsigned before, after, released;
    long answer; /* != 0: instead of the function */
} hooks;

static int before(metacall_function *function, const struct metacall_call *call,
                  metacall_value *ret, void *data)
{
    struct hooks *seen = data;
    CHECK(*metacall_function_name(function) != '\0');
    CHECK(call->count >= 1);
    seen->before++;
    if (seen->answer == 0)
        return 0;
    metacall_slot_long(ret, seen->answer);
    return 1;
}

/* Ten more. */
static int after(metacall_function *function, const struct metacall_call *call, int result,
                 metacall_value *ret, void *data)
{
    struct hooks *seen = data;
    (void)function, (void)call;
    seen->after++;
    if (result == 0 && ret->id == METACALL_LONG)
        metacall_slot_long(ret, ret->as.long_ + 10);
    return result;
}

static void released(void *data)
{
    ((struct hooks *)data)->released++;
}

static metacall_interception *intercept(const char *name)
{
    metacall_function *function = metacall_function_find(name);
    memset(&hooks, 0, sizeof(hooks));
    metacall_interception *interception =
        metacall_intercept(function, before, after, &hooks, released);
    CHECK(function != NULL && interception != NULL);
    metacall_function_release(function);
    return interception;
}

static void test_a_scripts_function(void)
{
    void *args[2] = {metacall_value_create_long(1), metacall_value_create_long(2)};
    metacall_interception *interception = intercept("add");
    CHECK_LONG(metacall_interception_scope(interception), METACALL_INTERCEPT_ALL);
    CHECK_JSON(metacallv_s("add", args, 2), "13");
    CHECK_JSON(metacallv_s("twice", args, 1), "12"); /* the language's own call of it */
    CHECK_LONG(hooks.before, 2);
    CHECK_LONG(hooks.after, 2);
    hooks.answer = 99;
    CHECK_JSON(metacallf(metacall_function("add"), 1L, 2L), "99");
    CHECK_JSON(metacallv_s("twice", args, 1), "99");
    CHECK_LONG(hooks.after, 2);
    hooks.answer = 0;
    void *text = metacall_value_create_string("x", 1), *wrong[2] = {text, text};
    CHECK(metacallv_s("add", wrong, 2) == NULL); /* seen, and refused behind the hooks */
    CHECK_ERROR("TYPE", "must be Long, got String");
    CHECK_LONG(hooks.after, 3);
    CHECK(metacall_intercept_remove(interception) == 0);
    CHECK_LONG(hooks.released, 1);
    CHECK_JSON(metacallv_s("twice", args, 1), "2");
    CHECK_LONG(hooks.before, 5);
    metacall_value_destroy(text);
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
}

static void *in_c(size_t count, void *args[], void *data)
{
    (void)count, (void)data;
    return metacall_value_create_long(-metacall_value_to_long(args[0]));
}

static void test_a_function_from_c(void)
{
    void *arg = metacall_value_create_long(5);
    CHECK(metacall_register("negate", in_c, NULL, METACALL_LONG, 1, METACALL_LONG) == 0);
    metacall_interception *interception = intercept("negate");
    CHECK_LONG(metacall_interception_scope(interception), METACALL_INTERCEPT_REGISTRY);
    CHECK_ERROR("SUPPORT", "negate was registered from C");
    CHECK_JSON(metacallv_s("negate", &arg, 1), "5");
    CHECK(metacall_intercept_remove(interception) == 0);
    CHECK_JSON(metacallv_s("negate", &arg, 1), "-5");
    metacall_value_destroy(arg);
}

static void test_a_class(void)
{
    void *x = metacall_value_create_double(5);
    metacall_interception *interception = intercept("Point");
    metacall_error_clear(); /* the registry's constructions alone */
    void *object = metacallv_s("make", &x, 1);
    CHECK_LONG(hooks.before, 1);
    metacall_value_destroy(object);
    metacall_value_destroy(metacallv_s("Point", &x, 1));
    CHECK_LONG(hooks.before, 2);
    object = metacall_class_new(metacall_class("Point"), "p", &x, 1);
    CHECK_LONG(hooks.before, 3);
    CHECK_JSON(metacall_object_get(metacall_value_to_object(object), "x"), "5.0");
    metacall_value_destroy(object);
    CHECK(metacall_intercept_remove(interception) == 0);
    metacall_value_destroy(metacallv_s("Point", &x, 1));
    CHECK_LONG(hooks.before, 3);
    metacall_value_destroy(x);
}

/* The last test: hooks that are on when the library ends. */
static void test_the_loader_ends(void)
{
    metacall_interception *interception = intercept("add");
    CHECK(metacall_destroy() == 0);
    CHECK_LONG(hooks.released, 0);
    CHECK(metacall_intercept_remove(interception) == 0);
    CHECK_LONG(hooks.released, 1);
}

int main(void)
{
    CHECK(metacall_initialize() == 0);
    CHECK(metacall_load_from_memory("mock", script, sizeof(script), NULL) == 0);
    test_a_scripts_function();
    test_a_function_from_c();
    test_a_class();
    test_the_loader_ends();
    return capi_result();
}
