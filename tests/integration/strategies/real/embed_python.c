/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* embed_python CASE LIBPYTHON: a C program and a real libpython.
 * linked: one plugin that needs libpython3.so, whatever libpython it is; extension modules load.
 * local:  the program itself opened libpython RTLD_LOCAL and runs it.
 * present: libpython is mapped, and nobody has started it.
 * two LIBPYTHON: two different ones are mapped. */
#include "real_open.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define IMPORTS                                                                                    \
    "import sys\n"                                                                                 \
    "assert seen == (int, str, TypeError, OSError, None), seen\n"                                  \
    "for name in ('_ctypes', '_json', 'math', '_decimal', '_struct'):\n"                           \
    "    try:\n"                                                                                   \
    "        __import__(name)\n"                                                                   \
    "    except ModuleNotFoundError:\n"                                                            \
    "        pass\n"

static int failed;

static void expect(int truth, const char *what, const struct real_result *result)
{
    if (truth)
        return;
    failed = 1;
    fprintf(stderr, "expected %s; message: %s\n", what, result ? result->message : "-");
}

static int call(const struct real_result *result, int start, const char *code)
{
    int (*plugin)(int, const char *) = (int (*)(int, const char *))result->function;

    return plugin ? plugin(start, code) : -1;
}

static void linked(const char *library)
{
    struct real_request request = {.tag = "py",
                                   .strategy = "linked",
                                   .plugin = PLUGINS "/libpl_python.so",
                                   .needed = "libpython3.so",
                                   .runtime_library = library,
                                   .promote = 1};
    struct real_result result;

    real_open(&request, &result);
    expect(result.function && strcmp(result.message, "shim-forward") == 0, "a forward shim",
           &result);
    expect(real_mapped("libpython") == 1, "one libpython mapped", &result);
    expect(call(&result, 1, IMPORTS) == 0, "Python to run, with extension modules", &result);
    expect(real_mapped("libpython") == 1, "one libpython mapped at the end", &result);
}

static void local(const char *library)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    void (*initialize)(int) = handle ? (void (*)(int))dlsym(handle, "Py_InitializeEx") : NULL;
    int (*run)(const char *) =
        handle ? (int (*)(const char *))dlsym(handle, "PyRun_SimpleString") : NULL;
    struct real_request request = {
        .tag = "py", .strategy = "host-unresolved", .plugin = PLUGINS "/libpl_python_host.so"};
    struct real_result result;

    if (!initialize || !run) {
        fprintf(stderr, "%s\n", dlerror());
        failed = 1;
        return;
    }
    initialize(0);
    real_open(&request, &result);
    expect(!result.function && strstr(result.message, "bind.local"), "refusal: RTLD_LOCAL",
           &result);
    request.strategy = "interposed";
    request.plugin = PLUGINS "/libpl_python.so";
    request.needed = "libpython3.so";
    real_open(&request, &result);
    expect(result.function && strcmp(result.message, "shim-forward") == 0, "a forward shim",
           &result);
    expect(call(&result, 0, "assert seen == (int, str, TypeError, OSError, None)") == 0,
           "the plugin on the host's objects", &result);
    expect(run("import _ctypes") != 0, "an extension module to fail (libpython is RTLD_LOCAL)",
           &result);
    request.strategy = "host-unresolved";
    request.plugin = PLUGINS "/libpl_python_host.so";
    request.needed = NULL;
    request.promote = 1;
    real_open(&request, &result);
    expect(result.function && strcmp(result.message, "promoted") == 0, "promotion", &result);
    expect(call(&result, 0, IMPORTS) == 0, "extension modules after promotion", &result);
    expect(real_mapped("libpython") == 1, "one libpython mapped", &result);
}

static void present(const char *library)
{
    struct real_request request = {
        .tag = "py", .strategy = "host-unresolved", .plugin = PLUGINS "/libpl_python_host.so"};
    struct real_result result;

    if (!dlopen(library, RTLD_NOW | RTLD_GLOBAL)) {
        fprintf(stderr, "%s\n", dlerror());
        failed = 1;
        return;
    }
    real_open(&request, &result);
    expect(result.owners == 1 && result.running == 0, "present and not running", &result);
    expect(!result.function && strstr(result.message, "bind.not-running"), "refusal", &result);
    linked(library); /* what is mapped serves, and stays the only one */
}

static void two(const char *library, const char *other)
{
    struct real_request request = {.tag = "py",
                                   .strategy = "linked",
                                   .plugin = PLUGINS "/libpl_python.so",
                                   .needed = "libpython3.so",
                                   .runtime_library = library,
                                   .promote = 1};
    struct real_result result;

    if (!dlopen(library, RTLD_NOW | RTLD_LOCAL) || !dlopen(other, RTLD_NOW | RTLD_LOCAL)) {
        fprintf(stderr, "%s\n", dlerror());
        failed = 1;
        return;
    }
    expect(real_mapped("libpython") == 2, "two libpythons mapped", NULL);
    real_open(&request, &result);
    expect(result.owners == 2 && result.running == 0, "two owners", &result);
    expect(!result.function && strstr(result.message, "bind.second-copy") &&
               strstr(result.message, other),
           "refusal that names the other one", &result);
}

/* Nothing of Python is here, whatever the parent was and the environment says. */
static void nobody(void)
{
    struct real_request request = {
        .tag = "py", .strategy = "host-unresolved", .plugin = PLUGINS "/libpl_python_host.so"};
    struct real_result result;

    real_open(&request, &result);
    expect(result.owners == 0 && !result.function &&
               strstr(result.message, "bind.no-provider") != NULL,
           "no host", &result);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "two") == 0)
        two(argv[2], argv[3]);
    else if (argc == 2 && strcmp(argv[1], "nobody") == 0)
        nobody();
    else if (argc != 3)
        return 2;
    else if (strcmp(argv[1], "linked") == 0)
        linked(argv[2]);
    else if (strcmp(argv[1], "present") == 0)
        present(argv[2]);
    else
        local(argv[2]);
    return failed;
}
