/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* From a Python exception to an error of the registry and back: see py_error.h. */
#include "py_error.h"

#include "py_kind.h"
#include "py_runtime.h"

#include <stdlib.h>
#include <string.h>

/* How far a chain of causes is followed. */
#define CAUSES 16

const char *py_error_type_name(PyObject *type)
{
    static char name[128]; /* the GIL guards it: every caller copies it before letting go */
    PyObject *text = PyObject_GetAttrString(type, "__name__");
    const char *utf8 = text != NULL ? PyUnicode_AsUTF8AndSize(text, NULL) : NULL;
    strncpy(name, utf8 != NULL ? utf8 : "?", sizeof name - 1);
    Py_XDECREF(text);
    if (PyErr_Occurred())
        PyErr_Clear();
    return name;
}

/* ------------------------------------------------------------------------------ out of Python */

static char *error_stack(metacall_error *error)
{
    struct py_scope scope;
    char *text;
    if (py_enter(&scope) != 0) {
        metacall_error_release(metacall_error_take());
        return NULL;
    }
    text = py_traceback_text(error->native);
    py_leave(&scope);
    return text;
}

static void error_release(metacall_error *error)
{
    py_decref_later(error->native);
}

static const struct metacall_error_ops error_ops = {error_stack, error_release};

/* str(exception), malloc'ed; never fails but for memory. */
static char *message_of(PyObject *exception)
{
    PyObject *text = PyObject_Str(exception), *bytes = NULL;
    const char *utf8 = text != NULL ? PyUnicode_AsUTF8AndSize(text, NULL) : NULL;
    char *copy;
    if (text != NULL && utf8 == NULL) { /* lone surrogates */
        PyErr_Clear();
        bytes = PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass");
        utf8 = bytes != NULL ? PyBytes_AsString(bytes) : NULL;
    }
    copy = strdup(utf8 != NULL ? utf8 : "<exception whose str() failed>");
    Py_XDECREF(bytes);
    Py_XDECREF(text);
    PyErr_Clear();
    return copy;
}

/* An integer attribute, or `otherwise`. */
static int64_t integer_of(PyObject *object, const char *attribute, int64_t otherwise)
{
    PyObject *number = PyObject_GetAttrString(object, attribute);
    int64_t value = otherwise;
    int overflow;
    if (number != NULL && PyLong_Check(number)) {
        value = PyLong_AsLongLongAndOverflow(number, &overflow);
        if (overflow != 0)
            value = otherwise;
    }
    Py_XDECREF(number);
    PyErr_Clear();
    return value;
}

/* sys.exit(): None is 0, a number is itself, anything else is a text and 1. */
static void exit_of(PyObject *exception, metacall_error *error)
{
    PyObject *code = PyObject_GetAttrString(exception, "code");
    if (code == NULL || code == Py_None) {
        error->exit_status = 0;
    } else if (PyLong_Check(code)) {
        error->exit_status = (int)(integer_of(exception, "code", -1) & 0xff);
    } else {
        error->exit_status = 1;
        error->message = message_of(code);
    }
    Py_XDECREF(code);
    PyErr_Clear();
}

/* An exception whose cause is looked at, the latest first. */
struct chain {
    const struct chain *outer;
    PyObject *exception;
    int depth;
};

static metacall_error *error_of(PyObject *exception, const struct chain *outer);

/* What raised it: __cause__, or __context__ unless it is suppressed. A new reference or NULL. */
static PyObject *cause_of(PyObject *exception)
{
    PyObject *suppressed, *cause = PyException_GetCause(exception);
    if (cause != NULL)
        return cause;
    suppressed = PyObject_GetAttrString(exception, "__suppress_context__");
    if (suppressed == Py_False)
        cause = PyException_GetContext(exception);
    Py_XDECREF(suppressed);
    PyErr_Clear();
    return cause;
}

/* The cause as an error; NULL where there is none, or where it leads back into the chain. */
static metacall_error *cause_error(PyObject *exception, const struct chain *outer)
{
    struct chain chain = {outer, exception, outer != NULL ? outer->depth + 1 : 1};
    PyObject *cause = chain.depth <= CAUSES ? cause_of(exception) : NULL;
    const struct chain *link = &chain;
    metacall_error *error = NULL;
    while (link != NULL && link->exception != cause)
        link = link->outer;
    if (cause != NULL && link == NULL)
        error = error_of(cause, &chain);
    Py_XDECREF(cause);
    return error;
}

/* asyncio's, where somebody has imported that, or the one of concurrent.futures. */
static int is_cancelled(PyObject *exception)
{
    static const char *const modules[] = {"asyncio.exceptions", "concurrent.futures._base"};
    size_t i;
    int matches = 0;
    if (strcmp(py_error_type_name((PyObject *)Py_TYPE(exception)), "CancelledError") != 0)
        return 0;
    for (i = 0; i < sizeof modules / sizeof modules[0] && !matches; i++) {
        PyObject *module = py_kind_loaded(modules[i]), *type = NULL;
        if (module != NULL && (type = PyObject_GetAttrString(module, "CancelledError")) != NULL)
            matches = PyErr_GivenExceptionMatches(exception, type);
        Py_XDECREF(type);
        Py_XDECREF(module);
        PyErr_Clear();
    }
    return matches;
}

static enum metacall_error_code code_of(PyObject *exception)
{
    if (PyErr_GivenExceptionMatches(exception, PyExc_SystemExit))
        return METACALL_ERROR_EXIT;
    if (PyErr_GivenExceptionMatches(exception, PyExc_KeyboardInterrupt))
        return METACALL_ERROR_INTERRUPT;
    if (is_cancelled(exception))
        return METACALL_ERROR_CANCELLED;
    return METACALL_ERROR_GUEST;
}

/* An error of Python for the exception, whatever lies behind it. */
static metacall_error *create(PyObject *exception, const struct chain *outer)
{
    metacall_error *error;
    char *message = NULL;
    enum metacall_error_code code = code_of(exception);
    if (code != METACALL_ERROR_EXIT)
        message = message_of(exception);
    error =
        metacall_error_create(code, py_error_type_name((PyObject *)Py_TYPE(exception)), message);
    free(message);
    if (error == NULL)
        return NULL;
    if (code == METACALL_ERROR_EXIT)
        exit_of(exception, error);
    else if (PyErr_GivenExceptionMatches(exception, PyExc_OSError))
        error->number = integer_of(exception, "errno", 0);
    Py_INCREF(exception);
    error->native = exception;
    error->loader = py_runtime.loader;
    error->ops = &error_ops;
    error->cause = cause_error(exception, outer);
    return error;
}

/* What came from elsewhere goes back as itself. */
static metacall_error *error_of(PyObject *exception, const struct chain *outer)
{
    metacall_error *error = py_error_behind(exception);
    if (error == NULL)
        return create(exception, outer);
    metacall_error_reference(error);
    return error;
}

metacall_error *py_error_of(PyObject *exception)
{
    return error_of(exception, NULL);
}

static int raise_as(metacall_error *(*make)(PyObject *exception, const struct chain *outer))
{
    PyObject *type, *exception, *traceback;
    metacall_error *error;
    PyErr_Fetch(&type, &exception, &traceback);
    if (type == NULL)
        return metacall_error_raise(METACALL_ERROR_INTERNAL,
                                    "Python reported a failure without an exception");
    PyErr_NormalizeException(&type, &exception, &traceback);
    if (traceback != NULL)
        PyException_SetTraceback(exception, traceback);
    error = make(exception, NULL);
    Py_DECREF(type);
    Py_XDECREF(exception);
    Py_XDECREF(traceback);
    return error != NULL ? metacall_error_set(error) : -1;
}

int py_error_raise(void)
{
    return raise_as(error_of);
}

int py_error_raise_own(void)
{
    return raise_as(create);
}

/* -------------------------------------------------------------------------------- into Python */

static PyObject *text_of(const char *text)
{
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "surrogatepass");
}

/* SystemExit takes the status, all others the message. */
static PyObject *argument_of(const metacall_error *error)
{
    if (error->code == METACALL_ERROR_EXIT && error->message == NULL)
        return PyLong_FromLong(error->exit_status);
    return text_of(error->message != NULL ? error->message : "");
}

/* Two of Python's classes keep their text in an attribute that RuntimeError, the first base of
 * ours, does not fill in. */
static int set_message(PyObject *exception, const metacall_error *error)
{
    PyObject *text;
    int rc;
    if (error->message == NULL || (!PyErr_GivenExceptionMatches(exception, PyExc_SyntaxError) &&
                                   !PyErr_GivenExceptionMatches(exception, PyExc_ImportError)))
        return 0;
    if ((text = text_of(error->message)) == NULL)
        return -1;
    rc = PyObject_SetAttrString(exception, "msg", text);
    Py_DECREF(text);
    return rc;
}

/* Since 3.11 the stack is a note, made when somebody prints it; before, nothing but the traceback
 * is shown. */
static void show_stack(PyObject *exception, metacall_error *error)
{
    struct py_parked parked;
    const char *stack;
    if (py_runtime.minor >= 11 || error->code != METACALL_ERROR_GUEST)
        return;
    py_park(&parked);
    stack = metacall_error_stack(error);
    py_unpark(&parked);
    if (stack[0] != '\0')
        py_traceback_add_foreign(exception, stack);
}

static PyObject *object_of(metacall_error *error, int causes)
{
    PyObject *type, *argument, *exception = NULL, *cause;
    if (error->loader != NULL && error->loader == py_runtime.loader && error->native != NULL) {
        Py_INCREF((PyObject *)error->native);
        return error->native;
    }
    if ((type = py_error_class_of(error)) == NULL || (argument = argument_of(error)) == NULL)
        return NULL;
    exception = PyObject_CallFunctionObjArgs(type, argument, NULL);
    Py_DECREF(argument);
    if (exception == NULL)
        return NULL;
    if ((error->code != METACALL_ERROR_INTERRUPT && error->code != METACALL_ERROR_CANCELLED &&
         py_error_attach(exception, error) != 0) ||
        set_message(exception, error) != 0) {
        Py_DECREF(exception);
        return NULL;
    }
    show_stack(exception, error);
    if (error->cause != NULL && causes > 0) {
        if ((cause = object_of(error->cause, causes - 1)) != NULL)
            PyException_SetCause(exception, cause); /* steals it */
        else
            PyErr_Clear();
    }
    return exception;
}

PyObject *py_error_object(metacall_error *error)
{
    return object_of(error, CAUSES);
}

PyObject *py_error_to_python(void)
{
    metacall_error *error = metacall_error_take();
    PyObject *exception, *type, *traceback;
    if (error == NULL) {
        PyErr_SetString(PyExc_SystemError, "the library failed without saying why");
        return NULL;
    }
    exception = py_error_object(error);
    metacall_error_release(error);
    if (exception == NULL)
        return NULL;
    type = (PyObject *)Py_TYPE(exception);
    Py_INCREF(type);
    traceback = PyException_GetTraceback(exception);
    PyErr_Restore(type, exception, traceback);
    return NULL;
}
