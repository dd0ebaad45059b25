/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The floor of the rows about a guest Python, an addon for the very process that is measured:
 * call(count) gives nanoseconds of one PyObject_Vectorcall of `def add(a, b): return a + b` with
 * two ints made and one read each time. It is not linked to Python; the loader has opened it. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "bench_row.h"

#include <node_api.h>

static PyObject *add_of_python(void)
{
    static PyObject *globals;

    if (!globals && (globals = PyDict_New())) {
        PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins());
        Py_XDECREF(
            PyRun_String("def add(a, b):\n    return a + b\n", Py_file_input, globals, globals));
    }
    return globals ? PyDict_GetItemString(globals, "add") : NULL;
}

static int add_once(PyObject *add, long number)
{
    PyObject *args[2] = {PyLong_FromLong(number), PyLong_FromLong(1)};
    PyObject *result = PyObject_Vectorcall(add, args, 2, NULL);
    int right = result && PyLong_AsLong(result) == number + 1;

    Py_XDECREF(result);
    Py_DECREF(args[0]);
    Py_DECREF(args[1]);
    return right;
}

static napi_value call(napi_env env, napi_callback_info info)
{
    napi_value value;
    size_t count = 1;
    int32_t rounds = 0, right = 0;
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *add = add_of_python();
    double begin = bench_now();

    napi_get_cb_info(env, info, &count, &value, NULL, NULL);
    napi_get_value_int32(env, value, &rounds);
    for (int32_t i = 0; add && i < rounds; i++)
        right += add_once(add, i);
    begin = (bench_now() - begin) / rounds;
    PyGILState_Release(state);
    if (rounds <= 0 || right != rounds)
        napi_throw_error(env, NULL, "wrong");
    napi_create_double(env, begin, &value);
    return value;
}

NAPI_MODULE_INIT()
{
    napi_value function;

    if (strncmp(Py_GetVersion(), PY_VERSION, sizeof "3.11" - 1) != 0)
        napi_throw_error(env, NULL, "the guest is another Python than this was built for");
    napi_create_function(env, "call", NAPI_AUTO_LENGTH, call, NULL, &function);
    napi_set_named_property(env, exports, "call", function);
    return exports;
}
