/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* import st_real: open(strategy, plugin, needed, version) -> (opened, message, owner, host version,
 * owners, running); run(code) calls the plugin that was opened last. */
#define Py_LIMITED_API 0x03090000
#include <Python.h>

#include "real_open.h"

static struct real_result last;

static PyObject *real_open_plugin(PyObject *self, PyObject *args)
{
    struct real_request request = {.tag = "py"};

    (void)self;
    if (!PyArg_ParseTuple(args, "sszz", &request.strategy, &request.plugin, &request.needed,
                          &request.version))
        return NULL;
    real_open(&request, &last);
    return Py_BuildValue("(issssni)", last.function != NULL, last.message, last.owner,
                         last.host_version, "", (Py_ssize_t)last.owners, last.running);
}

static PyObject *real_run(PyObject *self, PyObject *args)
{
    int (*plugin)(int, const char *) = (int (*)(int, const char *))last.function;
    const char *code;

    (void)self;
    if (!PyArg_ParseTuple(args, "s", &code))
        return NULL;
    return PyLong_FromLong(plugin ? plugin(0, code) : -1);
}

static PyMethodDef methods[] = {{"open", real_open_plugin, METH_VARARGS, NULL},
                                {"run", real_run, METH_VARARGS, NULL},
                                {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "st_real", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_st_real(void);

PyMODINIT_FUNC PyInit_st_real(void)
{
    return PyModule_Create(&definition);
}
