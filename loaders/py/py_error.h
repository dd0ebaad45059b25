/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Exceptions across the border. A Python exception travels as an error that holds the exception
 * itself and comes home as the same object; an error of another language or of the library becomes
 * an instance of a class below metacall.Error. The interpreter's lock is held throughout. */
#ifndef PY_ERROR_H
#define PY_ERROR_H

#include "py_api.h"

#include <metacall/loader.h>

/* The Python exception that is set becomes the thread's error; nothing stays set. Returns -1. */
int py_error_raise(void);
/* The same, but always as an error of Python's own with its traceback: for the main program, whose
 * uncaught exception is shown to a person. */
int py_error_raise_own(void);
/* The thread's error becomes the Python exception that is set. Returns NULL. */
PyObject *py_error_to_python(void);

/* An error for an exception object: a new reference, or NULL with the thread's error set. */
metacall_error *py_error_of(PyObject *exception);
/* The exception object for an error: a new reference, or NULL with a Python exception set. */
PyObject *py_error_object(metacall_error *error);

/* A class by its name in the module metacall ("Error", "ForeignTypeError"); made when first asked
 * for. Borrowed, or NULL: with no exception set where there is no such class. */
PyObject *py_error_class(const char *name);
/* The class for an error: borrowed, or NULL with a Python exception set. */
PyObject *py_error_class_of(const metacall_error *error);
/* The error behind an instance of metacall.Error, borrowed; NULL (nothing set) for any other. */
metacall_error *py_error_behind(PyObject *exception);
/* Puts `error` behind `exception`. 0, or -1 with a Python exception set. */
int py_error_attach(PyObject *exception, metacall_error *error);
/* Lets go of the classes. */
void py_error_finish(void);

/* The name of a type, for a message: valid until the lock is given up. */
const char *py_error_type_name(PyObject *type);

/* Python's own text of a traceback, with what caused it, ending in "Type: message". malloc'ed;
 * NULL when there is no memory. */
char *py_traceback_text(PyObject *exception);
/* Shows the frames of another language's stack in the exception's traceback. For versions that do
 * not print notes. */
void py_traceback_add_foreign(PyObject *exception, const char *stack);
void py_traceback_finish(void);

#endif /* PY_ERROR_H */
