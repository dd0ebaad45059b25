/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Every kind of value, function, object, promise, error and hook back and forth, a number of
 * rounds, and all of it given back: for Valgrind and the sanitizers. */
#include "embed_check.h"

#include <metacall/intercept.h>
#include <pthread.h>

static const char script[] =
    "const hold = new Map();\n"
    "exports.echo = (value) => value;\n"
    "exports.make = () => ({ n: 1.5, t: 'text', l: [1, 'two', null, true, [3]], big: 2n ** 70n,\n"
    "  m: new Map([[1, 'a'], ['b', { c: 2 }]]), s: new Set([1, 2]), d: new Date(5),\n"
    "  b: Buffer.from('bytes'), u: new Uint8Array(8192), f: (x) => x + 1,\n"
    "  e: new RangeError('inside', { cause: new Error('cause') }), p: Promise.resolve(7),\n"
    "  o: new (class Own { constructor() { this.v = 1; } get w() { return 2; } })(), r: /x/g,\n"
    "  C: class Made { static s() { return 1; } } });\n"
    "exports.keep = (key, value) => { hold.set(key, value); return hold.size; };\n"
    "exports.forget = () => { hold.clear(); return 0; };\n"
    "exports.call = (f, ...rest) => f(...rest);\n"
    "exports.fail = (text) => { throw new RangeError(text); };\n"
    "exports.later = async (value) => { await null; return value; };\n"
    "exports.never = async (text) => { await null; throw new TypeError(text); };\n";

static void *handle;

static void *ask(const char *name, size_t count, void **args)
{
    return metacallfv_s(metacall_handle_function(handle, name), args, count);
}

static void *twice(size_t count, void *args[], void *data)
{
    (void)data;
    CHECK(count == 1);
    return metacall_value_create_double(metacall_value_to_double(args[0]) * 2);
}

static void check_values(void)
{
    void *made = ask("make", 0, NULL), *back;

    CHECK(made && metacall_value_id(made) == METACALL_MAP && metacall_value_count(made) == 15);
    back = ask("echo", 1, &made);
    CHECK(back && metacall_value_count(back) == 15);
    void *args[2] = {metacall_value_create_string("key", 3), back};
    void *kept = ask("keep", 2, args);
    CHECK(kept != NULL);
    metacall_value_destroy(kept);
    metacall_value_destroy(args[0]);
    metacall_value_destroy(back);
    metacall_value_destroy(made);
    metacall_value_destroy(ask("forget", 0, NULL));
}

static void check_functions(void)
{
    enum metacall_value_id types[1] = {METACALL_DOUBLE};
    void *function = NULL;

    CHECK(metacall_registerv_closure(NULL, twice, &function, METACALL_DOUBLE, 1, types, NULL) == 0);
    void *args[2] = {metacall_value_create_function(function), metacall_value_create_double(20.5)};
    void *back = ask("call", 2, args);
    CHECK(back && metacall_value_to_long(back) == 41);
    metacall_value_destroy(back);
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
}

static void check_errors(void)
{
    void *text = metacall_value_create_string("told", 4);

    CHECK(ask("fail", 1, &text) == NULL);
    CHECK(strstr(metacall_error_stack(metacall_error_peek()), "RangeError: told") != NULL);
    metacall_error *error = metacall_error_take();
    metacall_error_release(error);
    metacall_value_destroy(text);
}

struct settled {
    pthread_mutex_t lock;
    pthread_cond_t there;
    int resolved, rejected;
};

static void *note(struct settled *settled, int *count)
{
    pthread_mutex_lock(&settled->lock);
    ++*count;
    pthread_cond_signal(&settled->there);
    pthread_mutex_unlock(&settled->lock);
    return NULL;
}

static void *resolved(void *value, void *data)
{
    (void)value;
    return note(data, &((struct settled *)data)->resolved);
}

static void *rejected(void *value, void *data)
{
    (void)value;
    return note(data, &((struct settled *)data)->rejected);
}

static void check_promises(void)
{
    struct settled settled = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
    void *args[1] = {metacall_value_create_string("late", 4)};
    void *one = metacallfv_await_s(metacall_handle_function(handle, "later"), args, 1, resolved,
                                   rejected, &settled);
    void *other = metacallfv_await_s(metacall_handle_function(handle, "never"), args, 1, resolved,
                                     rejected, &settled);

    CHECK(one && other);
    pthread_mutex_lock(&settled.lock);
    while (settled.resolved + settled.rejected < 2)
        pthread_cond_wait(&settled.there, &settled.lock);
    pthread_mutex_unlock(&settled.lock);
    CHECK(settled.resolved == 1 && settled.rejected == 1);
    metacall_value_destroy(one);
    metacall_value_destroy(other);
    metacall_value_destroy(args[0]);
}

static int count_call(metacall_function *function, const struct metacall_call *call,
                      metacall_value *ret, void *data)
{
    (void)function, (void)call, (void)ret;
    ++*(int *)data;
    return 0;
}

static void check_hooks(void)
{
    int calls = 0;
    metacall_function *echo = metacall_handle_function(handle, "echo");
    metacall_interception *hook = metacall_intercept(echo, count_call, NULL, &calls, NULL);
    void *args[2] = {metacall_value_create_function(echo), metacall_value_create_long(3)};
    void *back = ask("call", 2, args); /* JavaScript's own call */

    CHECK(hook && back && metacall_value_to_long(back) == 3);
    metacall_value_destroy(back);
    metacall_value_destroy(ask("echo", 1, &args[1]));
    CHECK(calls == 2);
    CHECK(metacall_intercept_remove(hook) == 0);
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
}

static void *other_thread(void *unused)
{
    (void)unused;
    check_values();
    check_functions();
    check_errors();
    return NULL;
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 10;
    pthread_t thread;

    CHECK(metacall_initialize() == 0);
    handle = load_script(script);
    for (int i = 0; i < rounds; i++) {
        check_values();
        check_functions();
        check_errors();
        check_promises();
        check_hooks();
        CHECK(pthread_create(&thread, NULL, other_thread, NULL) == 0);
        pthread_join(thread, NULL);
    }
    CHECK(metacall_clear(handle) == 0);
    CHECK(metacall_destroy() == 0);
    puts("ok");
    return 0;
}
