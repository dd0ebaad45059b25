/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* `python -m metacall SCRIPT`: a script of another language as the main program of this Python. Its
 * end is the program's end: its exit code, and what is said of an exception that nobody caught. */
#include "py_port.h"

#include "py_error.h"
#include "py_runtime.h"

#include <metacall/loader.h>
#include <metacall/metacall.h>

#include <stdlib.h>
#include <string.h>

/* The arguments stay for the life of the process: runtimes may look at them at any time. */
static char **copy_arguments(PyObject *list, Py_ssize_t *ret_count)
{
    Py_ssize_t count = PyList_Size(list);
    char **copies = count > 0 ? calloc((size_t)count + 1, sizeof *copies) : NULL;
    for (Py_ssize_t i = 0; copies != NULL && i < count; i++) {
        char *text = PyBytes_AsString(PyList_GetItem(list, i));
        if (text == NULL || (copies[i] = strdup(text)) == NULL) {
            while (i-- > 0)
                free(copies[i]);
            free(copies);
            copies = NULL;
        }
    }
    if (copies == NULL && !PyErr_Occurred())
        PyErr_SetString(PyExc_ValueError, "no script, or no memory for its arguments");
    *ret_count = count;
    return copies;
}

/* (exit code, text for standard error) of what ended the script; takes the error over. The guests
 * may have ended by now: only what the error says of itself is asked for. */
static PyObject *told(metacall_error *error)
{
    const char *message = error->message != NULL ? error->message : "", *stack;
    PyObject *result;
    if (error->code == METACALL_ERROR_EXIT) {
        result = Py_BuildValue("(is)", error->exit_status & 0xff, message);
    } else if (error->code == METACALL_ERROR_INTERRUPT) {
        result = Py_BuildValue("(Os)", Py_None, message);
    } else if (error->code == METACALL_ERROR_GUEST) {
        stack = metacall_error_stack(error);
        if (stack[0] != '\0')
            result = Py_BuildValue("(is)", 1, stack);
        else
            result = Py_BuildValue("(iN)", 1, PyUnicode_FromFormat("%s: %s", error->type, message));
    } else {
        result = Py_BuildValue("(iN)", 1, PyUnicode_FromFormat("metacall: %s", message));
    }
    metacall_error_release(error);
    return result;
}

/* run_main(tag, [script, argument...]) -> (code, text). The tag None: a deployment. Loads, lets the
 * guests finish what they have to do, and ends them. */
PyObject *py_port_run_main(PyObject *self, PyObject *args)
{
    const char *tag, *script;
    PyObject *list;
    struct py_parked parked;
    metacall_error *error = NULL;
    Py_ssize_t count;
    void *handle = NULL;
    char **copies;
    int rc;
    (void)self;

    if (!PyArg_ParseTuple(args, "zO!:run_main", &tag, &PyList_Type, &list) ||
        (copies = copy_arguments(list, &count)) == NULL)
        return NULL;
    script = copies[0];
    py_park(&parked);
    metacall_initialize_args((int)count, copies);
    if (tag != NULL)
        rc = metacall_load_from_file(tag, &script, 1, &handle);
    else
        rc = metacall_load_from_configuration(script, NULL, NULL);
    if (rc != 0)
        error = metacall_error_take();
    /* A script that ends while the guests finish ends us in the same way. */
    if (metacall_destroy() != 0 && rc == 0)
        error = metacall_error_take();
    py_unpark(&parked);
    return error != NULL ? told(error) : Py_BuildValue("(is)", rc != 0, "");
}

PyObject *py_port_version(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    return PyUnicode_FromString(metacall_version_str());
}
