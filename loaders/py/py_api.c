/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What py_api.h takes from a Python that has it, done by hand for one that has not. */
#include "py_api.h"

PyObject *py_api_vectorcall_dict(PyObject *callable, PyObject *const *args, size_t nargsf,
                                 PyObject *names)
{
    PyObject *kwargs, *result;
    Py_ssize_t i, count, positional = PY_VECTORCALL_COUNT(nargsf);
    if (names == NULL || (count = PyTuple_Size(names)) == 0)
        return PyObject_VectorcallDict(callable, args, nargsf, NULL);
    if ((kwargs = PyDict_New()) == NULL)
        return NULL;
    for (i = 0; i < count; i++)
        if (PyDict_SetItem(kwargs, PyTuple_GetItem(names, i), args[positional + i]) != 0) {
            Py_DECREF(kwargs);
            return NULL;
        }
    result = PyObject_VectorcallDict(callable, args, nargsf, kwargs);
    Py_DECREF(kwargs);
    return result;
}
