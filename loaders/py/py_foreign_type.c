/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What foreign objects can do: each set of abilities is a type of its own, made when it is first
 * met, so that callable(), iter() and their like tell the truth. */
#include "py_foreign.h"

#include "py_arguments.h"
#include "py_async.h"
#include "py_error.h"

#include <metacall/loader.h>

#include <stdlib.h>

/* The flags that make a difference to the type. */
#define ABILITIES                                                                                  \
    (METACALL_OBJECT_IS_CLASS | METACALL_OBJECT_IS_CALLABLE | METACALL_OBJECT_IS_ITERABLE |        \
     METACALL_OBJECT_IS_ITERATOR | METACALL_OBJECT_IS_GENERATOR | METACALL_OBJECT_HAS_ITEMS |      \
     METACALL_OBJECT_HAS_LENGTH | METACALL_OBJECT_IS_ASYNC_ITERABLE |                              \
     METACALL_OBJECT_IS_ASYNC_ITERATOR | METACALL_OBJECT_IS_CONTEXT |                              \
     METACALL_OBJECT_IS_ASYNC_CONTEXT)

static PyObject *types;      /* abilities, an int -> type */
static PyObject *class_type; /* metacall.Class */

/* ----------------------------------------------------------------------- calls and containers */

static PyObject *tuple_of_names(PyObject *keywords, PyObject **values)
{
    PyObject *names = PyTuple_New(PyDict_Size(keywords)), *name, *value;
    Py_ssize_t at = 0, i = 0;
    while (names != NULL && PyDict_Next(keywords, &at, &name, &value)) {
        Py_INCREF(name);
        PyTuple_SetItem(names, i, name);
        values[i++] = value;
    }
    return names;
}

static PyObject *proxy_call(PyObject *self, PyObject *tuple, PyObject *keywords)
{
    enum metacall_object_operation operation =
        py_foreign_handle(self)->flags & METACALL_OBJECT_IS_CLASS ? METACALL_OBJECT_CONSTRUCT
                                                                  : METACALL_OBJECT_CALL;
    Py_ssize_t i, positional = PyTuple_Size(tuple);
    Py_ssize_t named = keywords != NULL ? PyDict_Size(keywords) : 0;
    PyObject **args = malloc((size_t)(positional + named + 1) * sizeof *args), *names = NULL;
    PyObject *result = NULL;
    if (args == NULL)
        return PyErr_NoMemory();
    for (i = 0; i < positional; i++)
        args[i] = PyTuple_GetItem(tuple, i);
    if (named == 0 || (names = tuple_of_names(keywords, args + positional)) != NULL)
        result = py_foreign_ask_with(self, operation, NULL, args, (size_t)positional, names, NULL);
    Py_XDECREF(names);
    free(args);
    return result;
}

static Py_ssize_t proxy_length(PyObject *self)
{
    PyObject *length = py_foreign_ask(self, METACALL_OBJECT_LENGTH, NULL);
    Py_ssize_t count = length != NULL ? PyLong_AsSsize_t(length) : -1;
    Py_XDECREF(length);
    return count;
}

static PyObject *proxy_get_item(PyObject *self, PyObject *key)
{
    metacall_value ret = METACALL_SLOT_INIT;
    struct py_arguments room;
    int rc = -1;
    if (py_arguments_init(&room, 1) != 0 ||
        py_arguments_fill(&room, py_foreign_handle(self)->type, &key, NULL, 1) != 0) {
        py_arguments_finish(&room);
        return py_error_to_python();
    }
    struct metacall_call call = {room.args, 1, NULL, 0};
    rc = py_foreign_perform(self, METACALL_OBJECT_ITEM_GET, NULL, &call, &ret);
    py_arguments_finish(&room);
    if (rc == 0)
        return py_foreign_take(&ret);
    py_foreign_raise_missing(self, PyLong_Check(key) ? PyExc_IndexError : PyExc_KeyError, key);
    return NULL;
}

static int proxy_set_item(PyObject *self, PyObject *key, PyObject *value)
{
    PyObject *args[2] = {key, value};
    PyObject *result = value != NULL ? py_foreign_ask_with(self, METACALL_OBJECT_ITEM_SET, NULL,
                                                           args, 2, NULL, NULL)
                                     : py_foreign_ask(self, METACALL_OBJECT_ITEM_DELETE, key);
    Py_XDECREF(result);
    return result != NULL ? 0 : -1;
}

static int proxy_contains(PyObject *self, PyObject *item)
{
    return py_foreign_truth(self, METACALL_OBJECT_CONTAINS, item);
}

/* -------------------------------------------------------------------- iteration and generators */

static PyObject *same(PyObject *self)
{
    Py_INCREF(self);
    return self;
}

static PyObject *proxy_iter(PyObject *self)
{
    return py_foreign_ask(self, METACALL_OBJECT_ITERATE, NULL);
}

/* The end of an iterator as Python has it; `value`, taken over, is what a generator returned. */
static PyObject *raise_stop(PyObject *value)
{
    PyObject *stop = PyObject_CallFunctionObjArgs(PyExc_StopIteration, value, NULL);
    if (stop != NULL)
        PyErr_SetObject(PyExc_StopIteration, stop);
    Py_XDECREF(stop);
    Py_DECREF(value);
    return NULL;
}

static PyObject *step(PyObject *self, enum metacall_object_operation operation, PyObject *argument)
{
    int end = 0;
    PyObject *result =
        py_foreign_ask_with(self, operation, NULL, &argument, argument != NULL, NULL, &end);
    return result != NULL && end ? raise_stop(result) : result;
}

static PyObject *proxy_next(PyObject *self)
{
    return step(self, METACALL_OBJECT_NEXT, NULL);
}

static PyObject *proxy_send(PyObject *self, PyObject *value)
{
    return step(self, METACALL_OBJECT_NEXT, value);
}

/* throw(exception), also in the older form with a type first. */
static PyObject *proxy_throw(PyObject *self, PyObject *args)
{
    PyObject *type, *value = NULL, *traceback = NULL, *exception, *result;
    if (!PyArg_ParseTuple(args, "O|OO:throw", &type, &value, &traceback))
        return NULL;
    if (PyExceptionInstance_Check(type)) {
        exception = same(type);
    } else if (value != NULL && PyExceptionInstance_Check(value)) {
        exception = same(value);
    } else if (PyExceptionClass_Check(type)) {
        exception = value != NULL && value != Py_None
                        ? PyObject_CallFunctionObjArgs(type, value, NULL)
                        : PyObject_CallObject(type, NULL);
    } else {
        return PyErr_Format(PyExc_TypeError, "throw() takes an exception");
    }
    if (exception == NULL)
        return NULL;
    result = step(self, METACALL_OBJECT_THROW, exception);
    Py_DECREF(exception);
    return result;
}

static PyObject *proxy_close(PyObject *self, PyObject *unused)
{
    PyObject *result = py_foreign_ask(self, METACALL_OBJECT_RETURN, NULL);
    (void)unused;
    return result;
}

static PyObject *proxy_async_iter(PyObject *self)
{
    return py_foreign_ask(self, METACALL_OBJECT_ASYNC_ITERATE, NULL);
}

static PyObject *proxy_async_next(PyObject *self)
{
    PyObject *advance = py_async("advance"), *future, *coroutine;
    if (advance == NULL ||
        (future = py_foreign_ask(self, METACALL_OBJECT_ASYNC_NEXT, NULL)) == NULL)
        return NULL;
    coroutine = PyObject_CallFunctionObjArgs(advance, future, NULL);
    Py_DECREF(future);
    return coroutine;
}

static PyObject *proxy_async_close(PyObject *self, PyObject *unused)
{
    (void)unused;
    return py_foreign_ask(self, METACALL_OBJECT_ASYNC_RETURN, NULL);
}

/* ---------------------------------------------------------------------------- context managers */

static PyObject *proxy_enter(PyObject *self, PyObject *unused)
{
    (void)unused;
    return py_foreign_ask(self, METACALL_OBJECT_ENTER, NULL);
}

static PyObject *proxy_exit(PyObject *self, PyObject *args)
{
    PyObject *type, *exception, *traceback;
    if (!PyArg_ParseTuple(args, "OOO:__exit__", &type, &exception, &traceback))
        return NULL;
    return py_foreign_ask(self, METACALL_OBJECT_EXIT, exception);
}

static PyObject *proxy_async_enter(PyObject *self, PyObject *unused)
{
    (void)unused;
    return py_foreign_ask(self, METACALL_OBJECT_ASYNC_ENTER, NULL);
}

static PyObject *proxy_async_exit(PyObject *self, PyObject *args)
{
    PyObject *type, *exception, *traceback;
    if (!PyArg_ParseTuple(args, "OOO:__aexit__", &type, &exception, &traceback))
        return NULL;
    return py_foreign_ask(self, METACALL_OBJECT_ASYNC_EXIT, exception);
}

/* ------------------------------------------------------------------------------------- classes */

static PyObject *proxy_instance_check(PyObject *self, PyObject *object)
{
    int truth = 0;
    if (py_object_behind(object) != NULL &&
        (truth = py_foreign_truth(object, METACALL_OBJECT_INSTANCE, self)) < 0)
        return NULL;
    return PyBool_FromLong(truth);
}

/* A class is called by its name, as classes are. */
static PyObject *get_name(PyObject *self, void *unused)
{
    (void)unused;
    return PyUnicode_FromString(py_foreign_handle(self)->type);
}

static PyGetSetDef class_getset[] = {{"__name__", get_name, NULL, NULL, NULL},
                                     {"__qualname__", get_name, NULL, NULL, NULL},
                                     {NULL, NULL, NULL, NULL, NULL}};

/* ----------------------------------------------------------------------------------- the types */

/* A type with these slots and methods, both ended by an empty one. */
static PyObject *derive(const char *name, PyObject *base, unsigned long flags, PyType_Slot *slots)
{
    PyType_Spec spec = {name, sizeof(struct py_foreign), 0, (unsigned)(Py_TPFLAGS_DEFAULT | flags),
                        slots};
    PyObject *bases = base != NULL ? PyTuple_Pack(1, base) : NULL, *type = NULL;
    if (bases != NULL)
        type = PyType_FromSpecWithBases(&spec, bases);
    Py_XDECREF(bases);
    return type;
}

PyObject *py_object_class_type(void)
{
    static PyMethodDef methods[] = {{"__instancecheck__", proxy_instance_check, METH_O, NULL},
                                    {NULL, NULL, 0, NULL}};
    static PyType_Slot slots[] = {{Py_tp_call, proxy_call},
                                  {Py_tp_methods, methods},
                                  {Py_tp_getset, class_getset},
                                  {Py_tp_doc, "A class of another language: call it for an "
                                              "instance, ask isinstance() about one."},
                                  {0, NULL}};
    if (class_type == NULL)
        class_type = derive("metacall.Class", py_object_type(), Py_TPFLAGS_BASETYPE, slots);
    return class_type;
}

/* What a type of abilities is made of. */
struct parts {
    struct parts *next;
    PyType_Slot slots[16];
    PyMethodDef methods[10]; /* the type refers to them for as long as it lives */
    size_t slot_count, method_count;
};

static struct parts *all_parts;

static void add_slot(struct parts *parts, int slot, void *function)
{
    parts->slots[parts->slot_count++] = (PyType_Slot){slot, function};
}

static void add_method(struct parts *parts, const char *name, PyCFunction function, int flags,
                       const char *doc)
{
    parts->methods[parts->method_count++] = (PyMethodDef){name, function, flags, doc};
}

static void add_iteration(struct parts *parts, uint32_t flags)
{
    if (flags & METACALL_OBJECT_IS_ITERATOR) {
        add_slot(parts, Py_tp_iter, (void *)same);
        add_slot(parts, Py_tp_iternext, (void *)proxy_next);
    } else if (flags & METACALL_OBJECT_IS_ITERABLE) {
        add_slot(parts, Py_tp_iter, (void *)proxy_iter);
    }
    if (flags & METACALL_OBJECT_IS_GENERATOR) {
        add_method(parts, "send", proxy_send, METH_O, "Resumes the generator with a value.");
        add_method(parts, "throw", proxy_throw, METH_VARARGS, "Raises an exception in it.");
        add_method(parts, "close", proxy_close, METH_NOARGS, "Ends the generator.");
    }
    if (flags & METACALL_OBJECT_IS_ASYNC_ITERATOR) {
        add_slot(parts, Py_am_aiter, (void *)same);
        add_slot(parts, Py_am_anext, (void *)proxy_async_next);
        add_method(parts, "aclose", proxy_async_close, METH_NOARGS, "Ends the generator.");
    } else if (flags & METACALL_OBJECT_IS_ASYNC_ITERABLE) {
        add_slot(parts, Py_am_aiter, (void *)proxy_async_iter);
    }
}

static void add_abilities(struct parts *parts, uint32_t flags)
{
    if ((flags & METACALL_OBJECT_IS_CALLABLE) && !(flags & METACALL_OBJECT_IS_CLASS))
        add_slot(parts, Py_tp_call, (void *)proxy_call);
    if (flags & METACALL_OBJECT_HAS_LENGTH) {
        add_slot(parts, Py_mp_length, (void *)proxy_length);
    }
    if (flags & METACALL_OBJECT_HAS_ITEMS) {
        add_slot(parts, Py_mp_subscript, (void *)proxy_get_item);
        add_slot(parts, Py_mp_ass_subscript, (void *)proxy_set_item);
    }
    if (flags & (METACALL_OBJECT_HAS_ITEMS | METACALL_OBJECT_IS_ITERABLE))
        add_slot(parts, Py_sq_contains, (void *)proxy_contains);
    add_iteration(parts, flags);
    if (flags & METACALL_OBJECT_IS_CONTEXT) {
        add_method(parts, "__enter__", proxy_enter, METH_NOARGS, NULL);
        add_method(parts, "__exit__", proxy_exit, METH_VARARGS, NULL);
    }
    if (flags & METACALL_OBJECT_IS_ASYNC_CONTEXT) {
        add_method(parts, "__aenter__", proxy_async_enter, METH_NOARGS, NULL);
        add_method(parts, "__aexit__", proxy_async_exit, METH_VARARGS, NULL);
    }
}

/* What the type is called, by what is most telling about it. */
static const char *name_of(uint32_t flags)
{
    return flags & METACALL_OBJECT_IS_CLASS            ? "metacall.Class"
           : flags & METACALL_OBJECT_IS_GENERATOR      ? "metacall.Generator"
           : flags & METACALL_OBJECT_IS_ASYNC_ITERATOR ? "metacall.AsyncIterator"
           : flags & METACALL_OBJECT_IS_ITERATOR       ? "metacall.Iterator"
                                                       : "metacall.Object";
}

static PyObject *make_type(uint32_t flags)
{
    struct parts *parts = calloc(1, sizeof *parts);
    PyObject *base = flags & METACALL_OBJECT_IS_CLASS ? py_object_class_type() : py_object_type(),
             *type;
    if (parts == NULL)
        return PyErr_NoMemory();
    add_abilities(parts, flags);
    if (parts->method_count > 0)
        add_slot(parts, Py_tp_methods, parts->methods);
    if (flags & METACALL_OBJECT_IS_CLASS)
        add_slot(parts, Py_tp_doc, "A class of another language.");
    else
        add_slot(parts, Py_tp_doc, "An object of another language.");
    parts->next = all_parts;
    all_parts = parts;
    type = derive(name_of(flags), base, 0, parts->slots);
    return type;
}

PyObject *py_foreign_type_for(uint32_t flags)
{
    PyObject *key = PyLong_FromUnsignedLong(flags & ABILITIES), *type = NULL;
    if (key == NULL || (types == NULL && (types = PyDict_New()) == NULL))
        goto out;
    if ((type = PyDict_GetItemWithError(types, key)) != NULL || PyErr_Occurred())
        goto out;
    if ((type = make_type(flags & ABILITIES)) != NULL) {
        int rc = PyDict_SetItem(types, key, type);
        Py_DECREF(type); /* the dict keeps it */
        type = rc == 0 ? type : NULL;
    }
out:
    Py_XDECREF(key);
    return type;
}

void py_foreign_types_finish(void)
{
    Py_CLEAR(types);
    Py_CLEAR(class_type);
}
