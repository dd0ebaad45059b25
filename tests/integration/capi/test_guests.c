/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Real runtimes in a C program (test_capi_guests TAG...): every kind of value through each of them,
 * exceptions, callbacks, functions, threads, a fork, and each of them calling the other. */
#include "capi.h"

#include <math.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct guest {
    const char *tag;
    const char *script;
    const char *error; /* the type that `fail` throws */
} guests[] = {
    {"py",
     "def echo(x): return x\n"
     "def fail(text): raise KeyError(text)\n"
     "def apply(f, x): return f(x)\n"
     "def give(): return lambda x: x * 2\n"
     "def of_py(n): return n + 1\n"
     "def through(f, n): return f(n - 1) + 1 if n else 0\n"
     "def kinds(x): return type(x).__name__\n",
     "KeyError"},
    {"node",
     "module.exports = {\n"
     "  echo: (x) => x,\n"
     "  fail: (text) => { throw new RangeError(text); },\n"
     "  apply: (f, x) => f(x),\n"
     "  give: () => (x) => x * 2,\n"
     "  of_node: (n) => n + 1,\n"
     "  through: (f, n) => n ? f(n - 1) + 1 : 0,\n"
     "  kinds: (x) => Buffer.isBuffer(x) ? 'Buffer' : typeof x,\n"
     "};\n",
     "RangeError"},
};

static const struct guest *guest;
static void *handle;

static void *call(const char *name, void *first, void *second)
{
    void *args[2] = {first, second};
    void *ret = metacallhv_s(handle, name, args, second != NULL ? 2 : first != NULL ? 1 : 0);
    metacall_value_destroy(first);
    metacall_value_destroy(second);
    if (ret == NULL) {
        struct metacall_exception_type error;
        if (metacall_error_last(&error) == 0)
            fprintf(stderr, "    %s.%s: %s: %s\n", guest->tag, name, error.label, error.message);
    }
    return ret;
}

static void passes(const char *json)
{
    CHECK_JSON(call("echo", metacall_deserialize("json", json, strlen(json), NULL), NULL), json);
}

static void test_values(void)
{
    passes("null");
    passes("true");
    passes("false");
    passes("0");
    passes("-1");
    passes("9007199254740991");
    passes("9007199254740993"); /* past what a double holds */
    passes("9223372036854775807");
    passes("-9223372036854775808");
    passes("1180591620717411303424"); /* 2^70 */
    passes("-1180591620717411303424");
    passes("0.1");
    passes("-0.0");
    passes("1e+300");
    passes("\"\"");
    passes("\"a\\u0000b\"");
    passes("\"\xc3\xa9 \xf0\x9f\x98\x80\"");
    passes("\"lone \\ud800\"");
    passes("[]");
    passes("{}");
    passes("[1,[2,[3,{\"k\":[null,\"x\"]}]],true]");
    passes("{\"a\":1,\"b\":{\"c\":[1,2]},\"\":\"empty\"}");
    /* A whole number that is a Double in C may come back as an integer from a language that has
     * one kind of number; its value stays. */
    void *three = call("echo", metacall_value_create_double(3), NULL);
    CHECK(metacall_value_to_double(three) == 3.0);
    metacall_value_destroy(three);
    void *nan = call("echo", metacall_value_create_double(NAN), NULL);
    CHECK(isnan(metacall_value_to_double(nan)));
    metacall_value_destroy(nan);
    void *infinite = call("echo", metacall_value_create_double(-INFINITY), NULL);
    CHECK(metacall_value_to_double(infinite) == -INFINITY);
    metacall_value_destroy(infinite);
    static const char bytes[] = "\x00\x01\xff\x80\x00";
    void *buffer = call("echo", metacall_value_create_buffer(bytes, 5), NULL);
    CHECK_LONG(metacall_value_id(buffer), METACALL_BUFFER);
    CHECK_LONG(metacall_value_size(buffer), 5);
    CHECK(memcmp(metacall_value_to_buffer(buffer), bytes, 5) == 0);
    metacall_value_destroy(buffer);
}

static void test_errors(void)
{
    struct metacall_exception_type error;
    void *text = metacall_value_create_string("on purpose", 10);
    CHECK(metacallhv_s(handle, "fail", &text, 1) == NULL);
    CHECK(metacall_error_last(&error) == 0);
    CHECK_TEXT(error.label, guest->error);
    CHECK(strstr(error.message, "on purpose") != NULL);
    CHECK(strstr(error.stacktrace, "fail") != NULL);
    metacall_error_clear();
    CHECK(metacallhv_s(handle, "missing", &text, 1) == NULL);
    CHECK_ERROR("NOT_FOUND", "missing");
    metacall_value_destroy(text);
    CHECK(metacall_load_from_memory(guest->tag, "this is ( no script", 19, NULL) != 0);
    CHECK(metacall_error_last(&error) == 0 && error.message[0] != '\0');
    metacall_error_clear();
    const char *nowhere[] = {"/nowhere/at_all.script"};
    CHECK(metacall_load_from_file(guest->tag, nowhere, 1, NULL) != 0);
    CHECK(metacall_error_last(&error) == 0 && strstr(error.message, "at_all") != NULL);
    metacall_error_clear();
}

/* ------------------------------------------------------------------------------ functions */

static void *twice(size_t count, void *args[], void *data)
{
    (void)count;
    ++*(unsigned *)data;
    return metacall_value_create_long(metacall_value_to_long(args[0]) * 2);
}

static void *refuse(size_t count, void *args[], void *data)
{
    (void)count, (void)args, (void)data;
    return metacall_error_throw("OfC", 9, NULL, "refused in C");
}

/* through(f, n) calls f, which calls through again: C, guest, C, guest ... */
static void *descend(size_t count, void *args[], void *data)
{
    void *next[2] = {metacall_value_create_function(*(void **)data), args[0]};
    (void)count;
    void *ret = metacallhv_s(handle, "through", next, 2);
    metacall_value_destroy(next[0]);
    return ret;
}

static void test_functions(void)
{
    static unsigned calls;
    static void *function, *thrower, *descender;
    enum metacall_value_id number[1] = {METACALL_LONG};
    if (function == NULL) {
        CHECK(metacall_registerv_closure(NULL, twice, &function, METACALL_LONG, 1, number,
                                         &calls) == 0);
        CHECK(metacall_registerv(NULL, refuse, &thrower, METACALL_NULL, 1, number) == 0);
        CHECK(metacall_registerv_closure(NULL, descend, &descender, METACALL_LONG, 1, number,
                                         &descender) == 0);
    }
    calls = 0;
    CHECK_JSON(
        call("apply", metacall_value_create_function(function), metacall_value_create_long(21)),
        "42");
    CHECK_LONG(calls, 1);
    void *same = call("echo", metacall_value_create_function(function), NULL);
    CHECK(metacall_value_to_function(same) == function); /* comes home as itself */
    metacall_value_destroy(same);
    void *given = call("give", NULL, NULL);
    CHECK_LONG(metacall_value_id(given), METACALL_FUNCTION);
    void *arg = metacall_value_create_long(4);
    CHECK_JSON(metacallfv_s(metacall_value_to_function(given), &arg, 1), "8");
    metacall_value_destroy(arg);
    metacall_value_destroy(given);
    /* Twenty times C and guest on one stack. */
    CHECK_JSON(
        call("through", metacall_value_create_function(descender), metacall_value_create_long(20)),
        "20");
    /* An exception of C through the guest. */
    void *args[2] = {metacall_value_create_function(thrower), metacall_value_create_long(1)};
    CHECK(metacallhv_s(handle, "apply", args, 2) == NULL);
    CHECK_ERROR("OfC", "refused in C");
    /* A wrong argument is refused by name before C sees it. */
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
    args[0] = metacall_value_create_function(function);
    args[1] = metacall_value_create_string("x", 1);
    CHECK(metacallhv_s(handle, "apply", args, 2) == NULL);
    struct metacall_exception_type error;
    CHECK(metacall_error_last(&error) == 0);
    CHECK(strstr(error.message, "parameter 1 must be Long, got String") != NULL);
    metacall_error_clear();
    CHECK_LONG(calls, 1);
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
}

static void *call_in_thread(void *data)
{
    unsigned *wrong = data;
    for (long i = 0; i < 500; i++) {
        void *arg = metacall_value_create_long(i);
        void *ret = metacallhv_s(handle, "echo", &arg, 1);
        if (ret == NULL || metacall_value_to_long(ret) != i)
            __atomic_add_fetch(wrong, 1, __ATOMIC_RELAXED);
        metacall_value_destroy(ret);
        metacall_value_destroy(arg);
    }
    return NULL;
}

static void test_threads(void)
{
    pthread_t threads[8];
    unsigned wrong = 0;
    for (int i = 0; i < 8; i++)
        CHECK(pthread_create(&threads[i], NULL, call_in_thread, &wrong) == 0);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    CHECK_LONG(wrong, 0);
}

static void test_fork(void)
{
    int status = -1;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(20);
        capi_failed = 0;
        void *arg = metacall_value_create_long(1);
        CHECK(metacallhv_s(handle, "echo", &arg, 1) == NULL);
        CHECK_ERROR("FORK", "stayed in the parent process of a fork");
        CHECK(metacall_destroy() == 0);
        _exit(capi_failed != 0);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_LONG(status, 0);
}

/* ------------------------------------------------------------------------- both of them */

static void test_each_other(void)
{
    static const char py[] =
        "import metacall\n"
        "def py_asks(n): return metacall.metacall('of_node', n) * 10\n"
        "def ping(n): return metacall.metacall('pong', n - 1) + 1 if n else 0\n";
    static const char node[] = "const { metacall } = require('metacall');\n"
                               "module.exports = {\n"
                               "  of_node: (n) => n + 1,\n"
                               "  node_asks: (n) => metacall('of_py', n) * 10,\n"
                               "  pong: (n) => n ? metacall('ping', n - 1) + 1 : 0,\n"
                               "};\n";
    static const char more[] = "def of_py(n): return n + 1\n";
    CHECK(metacall_load_from_memory("py", py, sizeof(py), NULL) == 0);
    CHECK(metacall_load_from_memory("py", more, sizeof(more), NULL) == 0);
    CHECK(metacall_load_from_memory("node", node, sizeof(node), NULL) == 0);
    void *arg = metacall_value_create_long(4);
    CHECK_JSON(metacallv_s("py_asks", &arg, 1), "50");
    CHECK_JSON(metacallv_s("node_asks", &arg, 1), "50");
    metacall_value_destroy(arg);
    arg = metacall_value_create_long(20); /* twenty deep, on one thread */
    CHECK_JSON(metacallv_s("ping", &arg, 1), "20");
    metacall_value_destroy(arg);
}

static int test_guest(const char *tag)
{
    guest = NULL;
    for (size_t i = 0; i < sizeof(guests) / sizeof(guests[0]); i++)
        if (strcmp(guests[i].tag, tag) == 0)
            guest = &guests[i];
    handle = NULL;
    if (capi_load_guest(tag, guest->script, &handle) != 0)
        return 77;
    test_values();
    test_errors();
    test_functions();
    test_threads();
    test_fork();
    return 0;
}

int main(int argc, char *argv[])
{
    CHECK(metacall_initialize() == 0);
    for (int i = 1; i < argc; i++)
        if (test_guest(argv[i]) != 0)
            return 77;
    if (argc > 2)
        test_each_other();
    CHECK(metacall_destroy() == 0);
    return capi_result();
}
