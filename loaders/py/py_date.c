/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Instants: see py_date.h. Through datetime's own arithmetic, which is exact. */
#include "py_date.h"

#include "py_error.h"
#include "py_kind.h"

static PyObject *datetime_class; /* datetime.datetime */
static PyObject *delta_class;    /* datetime.timedelta */
static PyObject *epoch;          /* 1970-01-01T00:00Z, aware */
static PyObject *microsecond;    /* timedelta(microseconds=1) */

/* 0 with all of the above, or -1 with an exception set. */
static int prepare(PyObject *module)
{
    PyObject *zone_class = NULL, *zone = NULL;
    if (microsecond != NULL)
        return 0;
    if (datetime_class == NULL)
        datetime_class = PyObject_GetAttrString(module, "datetime");
    if (delta_class == NULL)
        delta_class = PyObject_GetAttrString(module, "timedelta");
    if (datetime_class != NULL && delta_class != NULL && epoch == NULL &&
        (zone_class = PyObject_GetAttrString(module, "timezone")) != NULL &&
        (zone = PyObject_GetAttrString(zone_class, "utc")) != NULL)
        epoch = PyObject_CallFunction(datetime_class, "iiiiiiiO", 1970, 1, 1, 0, 0, 0, 0, zone);
    if (epoch != NULL)
        microsecond = PyObject_CallFunction(delta_class, "iii", 0, 0, 1);
    Py_XDECREF(zone);
    Py_XDECREF(zone_class);
    return microsecond != NULL ? 0 : -1;
}

/* pandas.Timestamp is a datetime with nanoseconds: those would be lost. */
static int is_finer(PyObject *object)
{
    PyObject *fraction;
    int finer;
    if (Py_IS_TYPE(object, (PyTypeObject *)datetime_class) ||
        (fraction = PyObject_GetAttrString(object, "nanosecond")) == NULL) {
        PyErr_Clear();
        return 0;
    }
    finer = PyObject_IsTrue(fraction) != 0;
    Py_DECREF(fraction);
    PyErr_Clear();
    return finer;
}

/* A new reference to the aware datetime of the same instant. */
static PyObject *aware(PyObject *object)
{
    PyObject *offset = PyObject_CallMethod(object, "utcoffset", NULL);
    if (offset == NULL)
        return NULL;
    Py_DECREF(offset);
    if (offset == Py_None)
        return PyObject_CallMethod(object, "astimezone", NULL);
    Py_INCREF(object);
    return object;
}

/* OverflowError and its like: there is no such instant. Anything else goes on as itself. */
static int raise_range(const struct py_path *path, const char *what)
{
    if (!PyErr_ExceptionMatches(PyExc_OverflowError) && !PyErr_ExceptionMatches(PyExc_ValueError) &&
        !PyErr_ExceptionMatches(PyExc_OSError))
        return py_error_raise();
    py_error_raise();
    return py_value_refuse_range(path, "%s", what);
}

int py_date_from(PyObject *object, metacall_value *slot, const struct py_path *path)
{
    PyObject *module, *instant, *delta = NULL, *count = NULL;
    int rc = -1;
    if (microsecond == NULL) {
        if ((module = py_kind_loaded("datetime")) == NULL)
            return 1; /* nobody can have made one */
        rc = prepare(module);
        Py_DECREF(module);
        if (rc != 0)
            return py_error_raise();
    }
    if (!PyObject_TypeCheck(object, (PyTypeObject *)datetime_class) || is_finer(object))
        return 1;
    if ((instant = aware(object)) == NULL)
        return raise_range(path, "a naive datetime that local time cannot place");
    rc = -1;
    if ((delta = PyNumber_Subtract(instant, epoch)) != NULL &&
        (count = PyNumber_FloorDivide(delta, microsecond)) != NULL) {
        metacall_slot_date(slot, PyLong_AsLongLong(count));
        rc = PyErr_Occurred() ? -1 : 0;
    }
    Py_XDECREF(count);
    Py_XDECREF(delta);
    Py_DECREF(instant);
    return rc == 0 ? 0 : py_error_raise();
}

PyObject *py_date_to(int64_t microseconds, const struct py_path *path)
{
    PyObject *module, *number, *delta = NULL, *instant = NULL;
    int rc = 0;
    if (microsecond == NULL) {
        if ((module = PyImport_ImportModule("datetime")) == NULL)
            return NULL;
        rc = prepare(module);
        Py_DECREF(module);
    }
    if (rc != 0 || (number = PyLong_FromLongLong(microseconds)) == NULL)
        return NULL;
    if ((delta = PyNumber_Multiply(microsecond, number)) != NULL)
        instant = PyNumber_Add(epoch, delta);
    Py_DECREF(number);
    Py_XDECREF(delta);
    if (instant == NULL)
        raise_range(path, "a date outside the years 1 to 9999, which Python's datetime has");
    return instant;
}
