/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A detour put in place and taken away, by the mechanism of each version: see py_intercept.h. */
#include "py_detour.h"

#include "py_error.h"
#include "py_identity.h"
#include "py_runtime.h"

#include <stdlib.h>

/* Of a type object, in every CPython for 64 bits: where tp_vectorcall_offset lies. */
#define TYPE_VECTORCALL_OFFSET 56
#define CAPSULE "metacall.detour"

/* Exported by every CPython since 3.9. */
extern PyObject *PyFunction_New(PyObject *code, PyObject *globals);
extern PyObject *PyFunction_GetCode(PyObject *function);
extern PyObject *PyFunction_GetGlobals(PyObject *function);
extern PyObject *PyFunction_GetDefaults(PyObject *function);
extern int PyFunction_SetDefaults(PyObject *function, PyObject *defaults);
extern PyObject *PyFunction_GetKwDefaults(PyObject *function);
extern int PyFunction_SetKwDefaults(PyObject *function, PyObject *defaults);
extern PyObject *PyFunction_GetClosure(PyObject *function);
extern int PyFunction_SetClosure(PyObject *function, PyObject *closure);
/* 3.12 and later. */
extern void PyFunction_SetVectorcall(PyObject *function, py_vectorcall_function call) PY_WEAK;
extern py_vectorcall_function PyVectorcall_Function(PyObject *callable) PY_WEAK;

static struct py_identity detours; /* PyObject *, a function -> struct py_detour * */

static int by_code(void)
{
    return py_runtime.minor == 11;
}

void py_targets_release(struct py_targets *targets)
{
    size_t i;
    if (targets == NULL || --targets->refs > 0)
        return;
    for (i = 0; i < targets->count; i++) {
        Py_XDECREF(targets->items[i].self);
        metacall_function_release(targets->items[i].function);
    }
    free(targets);
}

void py_detour_set_targets(struct py_detour *detour, struct py_targets *targets)
{
    struct py_targets *former = detour->targets;
    detour->targets = targets;
    py_targets_release(former);
}

void py_detour_release(struct py_detour *detour)
{
    if (--detour->refs > 0)
        return;
    py_targets_release(detour->targets);
    Py_XDECREF(detour->trampoline);
    Py_XDECREF(detour->clone);
    Py_DECREF(detour->function);
    free(detour);
}

struct py_detour *py_detour_find(PyObject *function)
{
    return py_identity_find(&detours, function);
}

/* ------------------------------------------------------------------------- the vectorcall slot */

static py_vectorcall_function *slot_of(PyObject *function)
{
    Py_ssize_t offset =
        *(const Py_ssize_t *)((const char *)&PyFunction_Type + TYPE_VECTORCALL_OFFSET);
    return (py_vectorcall_function *)((char *)function + offset);
}

static py_vectorcall_function read_slot(PyObject *function)
{
    return PyFunction_SetVectorcall != NULL ? PyVectorcall_Function(function) : *slot_of(function);
}

static void write_slot(PyObject *function, py_vectorcall_function call)
{
    if (PyFunction_SetVectorcall != NULL)
        PyFunction_SetVectorcall(function, call); /* specialised callers start anew */
    else
        *slot_of(function) = call;
}

static PyObject *slot_called(PyObject *function, PyObject *const *args, size_t nargsf,
                             PyObject *names)
{
    struct py_detour *detour = py_detour_find(function);
    if (PY_UNLIKELY(detour == NULL)) { /* by somebody who kept what the slot held */
        if (read_slot(function) != slot_called)
            return py_api_vectorcall(function, args, nargsf, names);
        PyErr_SetString(PyExc_SystemError, "a detour of metacall without its function");
        return NULL;
    }
    return detour->run(detour, args, nargsf, names);
}

/* ---------------------------------------------------------------------------- the code (3.11) */

static PyObject *trampoline_called(PyObject *self, PyObject *const *args, Py_ssize_t count,
                                   PyObject *names)
{
    struct py_detour *detour = PyCapsule_GetPointer(self, CAPSULE);
    return detour->run(detour, args, (size_t)count, names);
}

typedef PyObject *(*py_fast_keywords)(PyObject *self, PyObject *const *args, Py_ssize_t count,
                                      PyObject *names);
static PyMethodDef trampoline_method = {"metacall_detour",
                                        (PyCFunction)(void *)(py_fast_keywords)trampoline_called,
                                        PY_METH_FASTCALL | METH_KEYWORDS, NULL};

static void capsule_ends(PyObject *capsule)
{
    py_detour_release(PyCapsule_GetPointer(capsule, CAPSULE));
}

static PyObject *clone_of(PyObject *function)
{
    PyObject *clone = PyFunction_New(PyFunction_GetCode(function), PyFunction_GetGlobals(function));
    PyObject *closure = PyFunction_GetClosure(function);
    if (clone != NULL && closure != NULL && PyFunction_SetClosure(clone, closure) != 0)
        Py_CLEAR(clone);
    return clone;
}

/* The trampoline's constants hold the detour: the cycle is broken when it is removed. */
static int place_code(struct py_detour *detour)
{
    PyObject *capsule, *target = NULL;
    int rc = -1;
    if ((detour->clone = clone_of(detour->function)) == NULL ||
        (capsule = PyCapsule_New(detour, CAPSULE, capsule_ends)) == NULL)
        return -1;
    detour->refs++; /* the capsule's */
    if ((target = PyCFunction_New(&trampoline_method, capsule)) != NULL &&
        (detour->trampoline = py_trampoline_create(detour->function, target)) != NULL)
        rc = PyObject_SetAttrString(detour->function, "__code__", detour->trampoline);
    Py_XDECREF(target);
    Py_DECREF(capsule);
    if (rc != 0)
        Py_CLEAR(detour->trampoline);
    return rc;
}

/* Calls by the registry may leave arguments to their defaults, which may have changed. */
static int share_defaults(struct py_detour *detour)
{
    PyObject *defaults = PyFunction_GetDefaults(detour->function);
    PyObject *keyword = PyFunction_GetKwDefaults(detour->function);
    if (PyFunction_GetDefaults(detour->clone) != defaults &&
        PyFunction_SetDefaults(detour->clone, defaults != NULL ? defaults : Py_None) != 0)
        return -1;
    if (PyFunction_GetKwDefaults(detour->clone) != keyword &&
        PyFunction_SetKwDefaults(detour->clone, keyword != NULL ? keyword : Py_None) != 0)
        return -1;
    return 0;
}

/* --------------------------------------------------------------------------------- place, remove
 */

PyObject *py_detour_original(struct py_detour *detour, PyObject *const *args, size_t nargsf,
                             PyObject *names)
{
    if (detour->former != NULL)
        return detour->former(detour->function, args, nargsf, names);
    if (share_defaults(detour) != 0)
        return NULL;
    return py_api_vectorcall(detour->clone, args, nargsf, names);
}

static int place(struct py_detour *detour)
{
    if (by_code())
        return place_code(detour);
    if ((detour->former = read_slot(detour->function)) == NULL) {
        PyErr_SetString(PyExc_SystemError, "a function without a vectorcall");
        return -1;
    }
    write_slot(detour->function, slot_called);
    return 0;
}

struct py_detour *py_detour_place(PyObject *function, py_detour_function run)
{
    struct py_detour *detour = py_detour_find(function);
    if (detour != NULL)
        return detour;
    if ((detour = calloc(1, sizeof *detour)) == NULL) {
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        return NULL;
    }
    detour->refs = 1;
    detour->run = run;
    detour->function = function;
    Py_INCREF(function);
    if (py_identity_put(&detours, function, detour) != 0) {
        py_detour_release(detour);
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        return NULL;
    }
    if (place(detour) == 0)
        return detour;
    py_error_raise();
    py_identity_remove(&detours, function, detour);
    py_detour_release(detour);
    return NULL;
}

/* Is the function as we left it? */
static int is_placed(const struct py_detour *detour)
{
    if (by_code())
        return PyFunction_GetCode(detour->function) == detour->trampoline;
    return read_slot(detour->function) == slot_called;
}

static int put_back(struct py_detour *detour)
{
    if (!by_code()) {
        write_slot(detour->function, detour->former);
        return 0;
    }
    return PyObject_SetAttrString(detour->function, "__code__", PyFunction_GetCode(detour->clone));
}

int py_detour_remove(struct py_detour *detour)
{
    if (!is_placed(detour))
        return metacall_error_raise(METACALL_ERROR_STATE,
                                    "the %s of this function was changed by somebody else "
                                    "meanwhile; its hooks are gone, but it cannot be put back",
                                    by_code() ? "__code__" : "vectorcall");
    if (put_back(detour) != 0)
        return py_error_raise();
    Py_CLEAR(detour->trampoline);
    py_identity_remove(&detours, detour->function, detour);
    py_detour_release(detour);
    return 0;
}

void py_detour_finish(void)
{
    size_t i;
    for (i = 0; i < detours.capacity; i++) {
        struct py_detour *detour = detours.slots[i].value;
        if (detour == NULL)
            continue;
        py_detour_set_targets(detour, NULL);
        if (!is_placed(detour))
            continue; /* whoever keeps it goes on passing through */
        if (put_back(detour) != 0)
            PyErr_Clear();
        Py_CLEAR(detour->trampoline);
        py_detour_release(detour);
    }
    py_identity_finish(&detours);
}
