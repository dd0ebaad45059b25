/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The door of the Python port: one explicit call tells the library that this process is Python, and
 * gets from the py loader what makes the module. Everything else is the loader's. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <metacall/host.h>
#include <metacall/loader.h>

#include <stdio.h>
#include <string.h>

#define WEAK __attribute__((weak))

/* Only in a build without the global interpreter lock (PEP 703), whose objects are laid out
 * otherwise than the stable ABI of this file says. */
extern void _Py_MergeZeroLocalRefcount(PyObject *object) WEAK;

typedef PyObject *(*port_function)(void);

/* "3.11.2" of "3.11.2 (main, ...)". */
static void own_version(char *text, size_t size)
{
    const char *version = Py_GetVersion();
    size_t length = strcspn(version, " ");
    snprintf(text, size, "%.*s", (int)length, version);
}

static PyObject *raise_free_threaded(void)
{
    char version[32];
    own_version(version, sizeof version);
    return PyErr_Format(PyExc_ImportError,
                        "metacall does not support free-threaded builds of CPython, and Python %s "
                        "is one: use the standard build of the same version",
                        version);
}

static PyObject *raise_import_error(const char *message)
{
    PyErr_SetString(PyExc_ImportError, message);
    return NULL;
}

/* The library's error as an ImportError: nothing of ours is there yet that could say it better. */
static PyObject *raise_attach_error(void)
{
    metacall_error *error = metacall_error_take();
    const char *message = error != NULL && error->message != NULL ? error->message : "unknown";
    PyErr_Format(PyExc_ImportError, "metacall cannot attach to this Python: %s", message);
    metacall_error_release(error);
    return NULL;
}

/* Asked by each interpreter that imports the module: multi-phase initialisation shares nothing. */
static PyObject *create(PyObject *spec, PyModuleDef *definition)
{
    char version[32];
    struct metacall_host_handshake handshake = {"py", version, NULL};
    void *port = NULL;
    (void)spec, (void)definition;
    if (PyInterpreterState_GetID(PyInterpreterState_Get()) != 0)
        return raise_import_error("metacall does not support subinterpreters; import it in the "
                                  "main interpreter");
    own_version(version, sizeof version);
    if (metacall_host_attach(&handshake, &port) != 0)
        return raise_attach_error();
    if (port == NULL)
        return raise_import_error("the py loader offers no port to this Python");
    return ((port_function)port)();
}

static PyModuleDef_Slot slots[] = {{Py_mod_create, (void *)create}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_metacall", NULL, 0, NULL, slots, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__metacall(void);

PyMODINIT_FUNC PyInit__metacall(void)
{
    if (_Py_MergeZeroLocalRefcount != NULL)
        return raise_free_threaded();
    return PyModuleDef_Init(&definition);
}
