/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Extension modules against a host that exports the same library. An executable that carries an
 * OpenSSL of its own (node's does) comes first in the global scope, and Python's _ssl would bind to
 * it: another version, or a crash. Such modules alone are opened so that their own dependencies
 * come first (RTLD_DEEPBIND), when they are imported. What libpython itself has built in (Debian's
 * has zlib) is led to the libraries that it was linked with, before the interpreter starts. */
#include "py_embed.h"

#include "py_api.h"

#include <metacall/interpose.h>
#include <metacall/loader.h>

#include <dlfcn.h>
#include <string.h>
#include <sys/auxv.h>

#define BUILT_IN_MOST 64 /* functions of zlib that a libpython may use */

/* A symbol that gives a library away, and the modules that need their own copy of it. */
static const struct {
    const char *symbol;
    const char *modules[3];
} conflicts[] = {
    {"SSL_CTX_new", {"_ssl", "_hashlib", NULL}},
    {"inflateInit2_", {"zlib", NULL, NULL}},
    {"sqlite3_open_v2", {"_sqlite3", NULL, NULL}},
};

static const char wrapper[] = "def isolate(names, flags):\n"
                              "    import sys\n"
                              "    from importlib.machinery import ExtensionFileLoader\n"
                              "    plain = ExtensionFileLoader.create_module\n"
                              "    def create_module(self, spec):\n"
                              "        if spec.name not in names:\n"
                              "            return plain(self, spec)\n"
                              "        former = sys.getdlopenflags()\n"
                              "        sys.setdlopenflags(flags)\n"
                              "        try:\n"
                              "            return plain(self, spec)\n"
                              "        finally:\n"
                              "            sys.setdlopenflags(former)\n"
                              "    ExtensionFileLoader.create_module = create_module\n";

static int executable_exports(const char *symbol)
{
    void *found = dlsym(RTLD_DEFAULT, symbol);
    Dl_info here, program;
    return found != NULL && dladdr(found, &here) != 0 &&
           dladdr((void *)(uintptr_t)getauxval(AT_PHDR), &program) != 0 &&
           here.dli_fbase == program.dli_fbase;
}

int py_isolate_is_needed(void)
{
    size_t i;
    for (i = 0; i < sizeof conflicts / sizeof conflicts[0]; i++)
        if (executable_exports(conflicts[i].symbol))
            return 1;
    return 0;
}

/* The names of the modules to be isolated: a new reference, NULL with an exception set. */
static PyObject *affected(void)
{
    PyObject *names = PySet_New(NULL), *name;
    size_t i, k;
    for (i = 0; names != NULL && i < sizeof conflicts / sizeof conflicts[0]; i++) {
        if (!executable_exports(conflicts[i].symbol))
            continue;
        for (k = 0; names != NULL && conflicts[i].modules[k] != NULL; k++) {
            name = PyUnicode_FromString(conflicts[i].modules[k]);
            if (name == NULL || PySet_Add(names, name) != 0)
                Py_CLEAR(names);
            Py_XDECREF(name);
        }
    }
    return names;
}

int py_isolate_extensions(void)
{
    PyObject *names = affected(), *code = NULL, *globals = NULL, *ran = NULL, *done = NULL;
    if (names != NULL && PySet_Size(names) == 0) {
        Py_DECREF(names);
        return 0;
    }
    if (names != NULL && (globals = PyDict_New()) != NULL &&
        PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins()) == 0 &&
        (code = Py_CompileString(wrapper, "<metacall>", Py_file_input)) != NULL &&
        (ran = PyEval_EvalCode(code, globals, globals)) != NULL)
        done = PyObject_CallFunction(PyDict_GetItemString(globals, "isolate"), "Oi", names,
                                     RTLD_NOW | RTLD_DEEPBIND);
    Py_XDECREF(names);
    Py_XDECREF(code);
    Py_XDECREF(globals);
    Py_XDECREF(ran);
    Py_XDECREF(done);
    return done != NULL ? 0 : -1;
}

/* ---------------------------------------------------------------------- built into libpython */

static int is_of_zlib(const char *symbol)
{
    static const char *const beginnings[] = {"inflate",  "deflate",    "crc32", "adler32",
                                             "compress", "uncompress", "gz",    "zlib"};
    size_t i;
    for (i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
        if (strncmp(symbol, beginnings[i], strlen(beginnings[i])) == 0)
            return 1;
    return 0;
}

/* Leads all of them, or none: two versions of one library must not share a stream. */
static void lead_home(metacall_interpose *python, void *own)
{
    metacall_interpose_hook *hooks[BUILT_IN_MOST];
    struct metacall_import import;
    size_t i, count = 0;
    int failed = 0;
    for (i = 0; !failed && metacall_interpose_import(python, i, &import) == 0; i++) {
        void *home = is_of_zlib(import.symbol) ? dlsym(own, import.symbol) : NULL;
        if (home == NULL || home == import.address)
            continue;
        failed = count == BUILT_IN_MOST ||
                 metacall_interpose_replace(python, import.symbol, home, NULL, &hooks[count]) != 0;
        count += !failed;
    }
    while (failed && count-- > 0)
        metacall_interpose_restore(hooks[count]);
}

void py_isolate_library(void)
{
    metacall_interpose *python = NULL;
    metacall_error *former;
    void *own;
    if (!executable_exports("inflateInit2_"))
        return;
    former = metacall_error_take();
    if (metacall_interpose_open_address((void *)(uintptr_t)&Py_IsInitialized, &python) == 0) {
        /* Looked up through its own handle: in itself and what it was linked with. */
        own = dlopen(metacall_interpose_path(python), RTLD_NOW | RTLD_NOLOAD);
        if (own != NULL) {
            lead_home(python, own);
            dlclose(own);
        }
        metacall_interpose_close(python);
    }
    metacall_error_release(metacall_error_take());
    if (former != NULL)
        metacall_error_set(former);
}
