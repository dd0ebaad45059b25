/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Extension modules against a host that exports the same library. An executable that carries an
 * OpenSSL of its own (node's does) comes first in the global scope, and Python's _ssl would bind to
 * it: another version, or a crash. Such modules alone are opened so that their own dependencies
 * come first (RTLD_DEEPBIND), when they are imported. */
#include "py_embed.h"

#include "py_api.h"

#include <dlfcn.h>
#include <sys/auxv.h>

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
