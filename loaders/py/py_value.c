/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Scalars, text and bytes, and who converts the rest: see py_value.h. */
#include "py_value.h"

#include "py_date.h"
#include "py_error.h"
#include "py_function.h"
#include "py_future.h"
#include "py_kind.h"
#include "py_memory.h"
#include "py_object.h"

#include <metacall/metacall_value.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "[3].name", outermost first. */
static void print_path(FILE *stream, const struct py_path *path)
{
    PyObject *text;
    if (path == NULL || path->container == NULL)
        return;
    print_path(stream, path->parent);
    if (path->key == NULL) {
        fprintf(stream, "[%zd]", path->index);
    } else if (PyUnicode_Check(path->key) && PyUnicode_IsIdentifier(path->key) == 1) {
        const char *name = PyUnicode_AsUTF8AndSize(path->key, NULL);
        fprintf(stream, ".%s", name != NULL ? name : "?");
    } else {
        text = PyObject_ASCII(path->key);
        fprintf(stream, "[%s]", text != NULL ? PyUnicode_AsUTF8AndSize(text, NULL) : "?");
        Py_XDECREF(text);
    }
    PyErr_Clear();
}

static void print_subject(FILE *stream, const struct py_subject *subject)
{
    if (subject->function != NULL && subject->function[0] != '\0')
        fprintf(stream, "%s(): ", subject->function);
    fputs(subject->role, stream);
    if (subject->index > 0)
        fprintf(stream, " %zd", subject->index);
    if (subject->keyword != NULL)
        fprintf(stream, " '%s'", subject->keyword);
}

/* The reason with the place in front, malloc'ed; NULL = out of memory. */
static char *explain(const struct py_path *path, const char *format, va_list list)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL)
        return NULL;
    if (path != NULL && path->subject != NULL) {
        print_subject(stream, path->subject);
        if (path->container != NULL) {
            fputs(" at ", stream);
            print_path(stream, path);
        }
        fputs(": ", stream);
    }
    vfprintf(stream, format, list);
    fclose(stream);
    return text;
}

/* Raises what `explain` gave, which is consumed. Returns -1. */
static int raise_text(int (*raise)(enum metacall_error_code code, const char *format, ...),
                      enum metacall_error_code code, char *text)
{
    raise(code, "%s", text != NULL ? text : "out of memory");
    free(text);
    return -1;
}

int py_value_refuse(const struct py_path *path, const char *format, ...)
{
    va_list list;
    char *text;
    va_start(list, format);
    text = explain(path, format, list);
    va_end(list);
    return raise_text(metacall_error_raise, METACALL_ERROR_TYPE, text);
}

int py_value_refuse_range(const struct py_path *path, const char *format, ...)
{
    va_list list;
    char *text;
    va_start(list, format);
    text = explain(path, format, list);
    va_end(list);
    return raise_text(metacall_error_wrap, METACALL_ERROR_RANGE, text);
}

/* --------------------------------------------------------------------------- out of Python */

/* An integer past 64 bits, through int's own methods: they are in every version. */
static int from_big(PyObject *object, metacall_value *slot)
{
    PyObject *size = NULL, *magnitude = NULL, *bytes = NULL, *zero = NULL;
    uint64_t *words = NULL;
    char *data;
    Py_ssize_t length;
    size_t count;
    int rc = -1, minus;
    if ((zero = PyLong_FromLong(0)) == NULL ||
        (minus = PyObject_RichCompareBool(object, zero, Py_LT)) < 0 ||
        (magnitude = PyNumber_Absolute(object)) == NULL ||
        (size = PyObject_CallMethod(magnitude, "bit_length", NULL)) == NULL)
        goto out;
    count = (PyLong_AsSize_t(size) + 63) / 64;
    if ((bytes = PyObject_CallMethod(magnitude, "to_bytes", "ns", (Py_ssize_t)(count * 8),
                                     "little")) == NULL ||
        PyBytes_AsStringAndSize(bytes, &data, &length) != 0)
        goto out;
    if ((words = malloc((size_t)length)) == NULL) {
        PyErr_NoMemory();
        goto out;
    }
    memcpy(words, data, (size_t)length); /* little-endian, as every platform that we build for */
    rc = metacall_slot_bigint(slot, minus, words, count);
out:
    free(words);
    Py_XDECREF(zero);
    Py_XDECREF(size);
    Py_XDECREF(magnitude);
    Py_XDECREF(bytes);
    return PyErr_Occurred() ? py_error_raise() : rc;
}

static int from_integer(PyObject *object, metacall_value *slot)
{
    int overflow;
    long long number = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow != 0)
        return from_big(object, slot);
    if (number == -1 && PyErr_Occurred())
        return py_error_raise();
    metacall_slot_long(slot, number);
    return 0;
}

/* Bytes that lie in `object`, as they may be kept. */
static int give_bytes(PyObject *object, metacall_value *slot, enum metacall_value_id id,
                      const char *data, size_t size, enum py_keep keep, const struct py_path *path)
{
    if (keep == PY_KEEP_COPY ||
        (keep == PY_KEEP_HOLD && py_keeper_hold(path->subject->keeper, object) != 0))
        return metacall_slot_bytes(slot, id, data, size);
    metacall_slot_borrow(slot, id, data, size);
    return 0;
}

static int from_text(PyObject *object, metacall_value *slot, enum py_keep keep,
                     const struct py_path *path)
{
    Py_ssize_t size;
    PyObject *bytes;
    char *data;
    int rc = -1;
    const char *text = PyUnicode_AsUTF8AndSize(object, &size);
    if (PY_LIKELY(text != NULL))
        return give_bytes(object, slot, METACALL_STRING, text, (size_t)size, keep, path);
    PyErr_Clear(); /* lone surrogates: three bytes each, as WTF-8 has them */
    if ((bytes = PyUnicode_AsEncodedString(object, "utf-8", "surrogatepass")) == NULL)
        return py_error_raise();
    if (PyBytes_AsStringAndSize(bytes, &data, &size) == 0)
        rc = metacall_slot_bytes(slot, METACALL_STRING, data, (size_t)size);
    Py_DECREF(bytes);
    return rc;
}

static int from_bytes(PyObject *object, metacall_value *slot, enum py_keep keep,
                      const struct py_path *path)
{
    char *data;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(object, &data, &size) != 0)
        return py_error_raise();
    if (size >= PY_MEMORY_SHARED)
        return py_memory_from_bytes(object, slot, data, (size_t)size);
    return give_bytes(object, slot, METACALL_BUFFER, data, (size_t)size, keep, path);
}

static int from_function(PyObject *object, metacall_value *slot)
{
    metacall_function *function = py_function_of(object);
    if (function == NULL)
        return -1;
    metacall_slot_function(slot, function);
    metacall_function_release(function);
    return 0;
}

static int from_exception(PyObject *object, metacall_value *slot)
{
    metacall_error *error = py_error_of(object);
    if (error == NULL)
        return -1;
    metacall_slot_error(slot, error);
    metacall_error_release(error);
    return 0;
}

/* What has no flag of its own in its type. The order matters only where a type has two sides. */
static int from_other(PyObject *object, metacall_value *slot, const struct py_path *path)
{
    int rc;
    if (py_kind_is_function(object))
        return from_function(object, slot);
    if (PyType_Check(object))
        return py_object_from(object, slot);
    if (PyObject_TypeCheck(object, &PySet_Type) || PyObject_TypeCheck(object, &PyFrozenSet_Type))
        return py_container_from_set(object, slot, path);
    if (Py_IS_TYPE(object, &PyCapsule_Type) && PyCapsule_IsValid(object, PY_VALUE_CAPSULE))
        return metacall_slot_copy(slot, PyCapsule_GetPointer(object, PY_VALUE_CAPSULE));
    if (PyObject_TypeCheck(object, &PyComplex_Type))
        return py_value_refuse(path,
                               "a value of Python type '%s' has no exact counterpart in other "
                               "languages; pass its .real and .imag",
                               py_error_type_name((PyObject *)Py_TYPE(object)));
    if ((rc = py_date_from(object, slot, path)) <= 0)
        return rc;
    if ((path == NULL || path->subject == NULL || !path->subject->watched) &&
        (rc = py_future_from(object, slot)) <= 0)
        return rc;
    if ((rc = py_memory_from(object, slot)) <= 0)
        return rc;
    return py_object_from(object, slot);
}

int py_value_from_object(PyObject *object, metacall_value *slot, enum py_keep keep,
                         const struct py_path *path)
{
    unsigned long flags;
    if (object == Py_None) {
        metacall_slot_null(slot);
        return 0;
    }
    if (Py_IS_TYPE(object, &PyBool_Type)) {
        metacall_slot_bool(slot, object == Py_True);
        return 0;
    }
    if (PY_LIKELY(Py_IS_TYPE(object, &PyUnicode_Type)))
        return from_text(object, slot, keep, path);
    if (PY_UNLIKELY(!Py_IS_TYPE((PyObject *)Py_TYPE(object), &PyType_Type)) &&
        py_kind_is_enum(object))
        return py_object_from(object, slot);
    flags = PyType_GetFlags(Py_TYPE(object));
    if (flags & Py_TPFLAGS_LONG_SUBCLASS)
        return from_integer(object, slot);
    if (flags & Py_TPFLAGS_UNICODE_SUBCLASS)
        return from_text(object, slot, keep, path);
    if (flags & Py_TPFLAGS_BYTES_SUBCLASS)
        return from_bytes(object, slot, keep, path);
    if (flags & (Py_TPFLAGS_LIST_SUBCLASS | Py_TPFLAGS_TUPLE_SUBCLASS))
        return py_container_from_sequence(object, slot, path);
    if (flags & Py_TPFLAGS_DICT_SUBCLASS)
        return py_container_from_dict(object, slot, path);
    if (flags & Py_TPFLAGS_BASE_EXC_SUBCLASS)
        return from_exception(object, slot);
    if (PyFloat_Check(object)) {
        metacall_slot_double(slot, PyFloat_AsDouble(object));
        return 0;
    }
    return from_other(object, slot, path);
}

/* ----------------------------------------------------------------------------- into Python */

static PyObject *to_text(const metacall_value *value)
{
    const char *data = value->as.bytes.data;
    Py_ssize_t size = (Py_ssize_t)value->as.bytes.size;
    return PyUnicode_DecodeUTF8(size == 0 ? "" : data, size, "surrogatepass");
}

static PyObject *to_big(const metacall_value *value)
{
    PyObject *bytes, *number = NULL, *negative;
    if ((bytes = PyBytes_FromStringAndSize((const char *)value->as.bigint.words,
                                           (Py_ssize_t)(value->as.bigint.count * 8))) == NULL)
        return NULL;
    number = PyObject_CallMethod((PyObject *)&PyLong_Type, "from_bytes", "Os", bytes, "little");
    Py_DECREF(bytes);
    if (number != NULL && (value->storage & METACALL_STORAGE_MINUS)) {
        negative = PyNumber_Negative(number);
        Py_DECREF(number);
        number = negative;
    }
    return number;
}

static void capsule_ends(PyObject *capsule)
{
    PyObject *owner = PyCapsule_GetContext(capsule);
    metacall_value_destroy(PyCapsule_GetPointer(capsule, PY_VALUE_CAPSULE));
    Py_XDECREF(owner);
}

PyObject *py_value_capsule(metacall_value *value)
{
    return PyCapsule_New(value, PY_VALUE_CAPSULE, capsule_ends);
}

static PyObject *to_pointer(const metacall_value *value)
{
    PyObject *capsule;
    metacall_value *copy = metacall_value_copy((metacall_value *)value);
    if (copy == NULL)
        return NULL;
    if ((capsule = py_value_capsule(copy)) == NULL)
        metacall_value_destroy(copy);
    return capsule;
}

static PyObject *to_number(const metacall_value *value)
{
    switch (value->id) {
    case METACALL_BOOL:
        return PyBool_FromLong(value->as.boolean_);
    case METACALL_CHAR:
        return PyUnicode_FromFormat("%c", (int)(unsigned char)value->as.char_);
    case METACALL_SHORT:
        return PyLong_FromLong(value->as.short_);
    case METACALL_INT:
        return PyLong_FromLong(value->as.int_);
    case METACALL_LONG:
        return PyLong_FromLongLong(value->as.long_);
    case METACALL_FLOAT:
        return PyFloat_FromDouble((double)value->as.float_);
    case METACALL_DOUBLE:
        return PyFloat_FromDouble(value->as.double_);
    default:
        return to_big(value);
    }
}

static PyObject *to_any(const metacall_value *value, const struct py_subject *subject)
{
    struct py_path path = {NULL, subject, NULL, NULL, 0, 0};
    switch (value->id) {
    case METACALL_STRING:
        return to_text(value);
    case METACALL_BUFFER:
        return py_memory_to(value);
    case METACALL_ARRAY:
        return py_container_to_list(value, subject);
    case METACALL_SET:
        return py_container_to_set(value, subject);
    case METACALL_MAP:
        return py_container_to_dict(value, subject);
    case METACALL_NULL:
        Py_INCREF(Py_None);
        return Py_None;
    case METACALL_FUNCTION:
        return py_function_object(value->as.function);
    case METACALL_EXCEPTION:
    case METACALL_THROWABLE:
        return py_error_object(value->as.error);
    case METACALL_PTR:
        return to_pointer(value);
    case METACALL_DATE:
        return py_date_to(value->as.date, &path);
    case METACALL_CLASS:
    case METACALL_OBJECT:
        return py_object_to(value->as.object);
    case METACALL_FUTURE:
        return py_future_to(value->as.future);
    default:
        py_value_refuse(&path, "a value of kind %d has no counterpart in Python", value->id);
        return NULL;
    }
}

PyObject *py_value_to_object(const metacall_value *value, const struct py_subject *subject)
{
    PyObject *object;
    if (value->id <= METACALL_DOUBLE || value->id == METACALL_BIGINT)
        object = to_number(value);
    else
        object = to_any(value, subject);
    if (object == NULL && PyErr_Occurred())
        py_error_raise();
    return object;
}
