/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The floor of the rows about a guest Python: `floor_python call` prints nanoseconds of one
 * PyObject_Vectorcall of `def add(a, b): return a + b` with two ints made and one read each time.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "bench_row.h"

int main(void)
{
    const int count = 500000;
    PyObject *globals, *add;
    double start;

    Py_InitializeEx(0);
    globals = PyDict_New();
    PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins());
    Py_XDECREF(PyRun_String("def add(a, b):\n    return a + b\n", Py_file_input, globals, globals));
    add = PyDict_GetItemString(globals, "add");
    if (!add)
        return 1;
    start = 0;
    for (int i = -count / 5; i < count; i++) {
        PyObject *args[2], *result;
        if (i == 0)
            start = bench_now();
        args[0] = PyLong_FromLong(i);
        args[1] = PyLong_FromLong(1);
        result = PyObject_Vectorcall(add, args, 2, NULL);
        if (!result || PyLong_AsLong(result) != i + 1)
            return 1;
        Py_DECREF(result);
        Py_DECREF(args[0]);
        Py_DECREF(args[1]);
    }
    printf("%.1f\n", (bench_now() - start) / count);
    return 0;
}
