/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A plugin of CPython by the limited API: functions, objects by reference and in relocated data. */
#define Py_LIMITED_API 0x03090000
#include <Python.h>

__attribute__((visibility("default"))) int real_plugin(int start, const char *code);

static PyTypeObject *const types[] = {&PyLong_Type, &PyUnicode_Type};
static PyObject **const exceptions[] = {&PyExc_TypeError, &PyExc_ValueError};

/* Runs `code` in __main__ with what this plugin sees of the runtime in `seen`. */
static int run(const char *code)
{
    PyObject *module = PyImport_AddModule("__main__");
    PyObject *globals = module ? PyModule_GetDict(module) : NULL;
    PyObject *seen = Py_BuildValue("(OOOOO)", (PyObject *)types[0], (PyObject *)types[1],
                                   *exceptions[0], PyExc_OSError, Py_None);
    PyObject *compiled = NULL, *result = NULL;
    int failed = 1;

    if (!globals || !seen || PyDict_SetItemString(globals, "seen", seen) != 0)
        goto out;
    compiled = Py_CompileString(code, "<plugin>", Py_file_input);
    result = compiled ? PyEval_EvalCode(compiled, globals, globals) : NULL;
    failed = result == NULL;
out:
    if (failed)
        PyErr_Print();
    Py_XDECREF(result);
    Py_XDECREF(compiled);
    Py_XDECREF(seen);
    return failed;
}

int real_plugin(int start, const char *code)
{
    PyGILState_STATE state;
    int failed;

    if (start) {
        if (Py_IsInitialized())
            return 2;
        Py_InitializeEx(0);
    }
    if (!Py_IsInitialized())
        return 3;
    state = PyGILState_Ensure();
    failed = run(code);
    PyGILState_Release(state);
    if (start && Py_FinalizeEx() != 0)
        return 4;
    return failed;
}
