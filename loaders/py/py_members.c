/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The members of a class: public names of its own and of its bases, but for those of object. They
 * are read from the dicts of the classes, so that no property runs. */
#include "py_members.h"

#include "py_unwrap.h"

enum group { METHODS, STATIC_METHODS, ATTRIBUTES, STATIC_ATTRIBUTES, GROUPS };

static const char *const keys[GROUPS] = {
    [METHODS] = "methods",
    [STATIC_METHODS] = "staticMethods",
    [ATTRIBUTES] = "attributes",
    [STATIC_ATTRIBUTES] = "staticAttributes",
};

static int is_of(PyObject *object, const char *builtin)
{
    PyObject *type = PyDict_GetItemString(PyEval_GetBuiltins(), builtin); /* borrowed */
    return type != NULL && PyType_Check(type) && PyObject_TypeCheck(object, (PyTypeObject *)type);
}

/* Which group an entry of a class's dict belongs to. */
static enum group group_of(PyObject *entry)
{
    if (is_of(entry, "staticmethod") || is_of(entry, "classmethod"))
        return STATIC_METHODS;
    if (PyType_Check(entry))
        return STATIC_ATTRIBUTES;
    if (PyCallable_Check(entry) || py_unwrap_is_of_functools(entry, "partialmethod") ||
        py_unwrap_is_of_functools(entry, "singledispatchmethod"))
        return METHODS;
    /* A property, a slot, any descriptor that an instance's attribute goes through. */
    return PyObject_HasAttrString((PyObject *)Py_TYPE(entry), "__get__") ? ATTRIBUTES
                                                                         : STATIC_ATTRIBUTES;
}

/* What stands for the member: a function where it is one, else None. A new reference. */
static PyObject *value_of(PyObject *type, PyObject *name, PyObject *entry, enum group group)
{
    PyObject *value = NULL;
    if (group == STATIC_METHODS)
        value = PyObject_GetAttr(type, name);
    else if (group == METHODS && Py_IS_TYPE(entry, &PyFunction_Type))
        value = PyObject_CallFunctionObjArgs((PyObject *)&PyMethod_Type, entry, type, NULL);
    if (value != NULL)
        return value;
    PyErr_Clear();
    Py_INCREF(Py_None);
    return Py_None;
}

static int is_public(PyObject *name)
{
    return PyUnicode_Check(name) && PyUnicode_GetLength(name) > 0 &&
           PyUnicode_ReadChar(name, 0) != '_';
}

/* Puts the member into its group, in the place of one of a base. */
static int add(PyObject *groups[GROUPS], enum group group, PyObject *name, PyObject *value)
{
    int i;
    for (i = 0; i < GROUPS; i++)
        if (i != (int)group && PyDict_GetItemWithError(groups[i], name) != NULL &&
            PyDict_DelItem(groups[i], name) != 0)
            return -1;
    return PyErr_Occurred() ? -1 : PyDict_SetItem(groups[group], name, value);
}

static int add_entry(PyObject *groups[GROUPS], PyObject *type, PyObject *pair)
{
    PyObject *name = PyTuple_GetItem(pair, 0), *entry = PyTuple_GetItem(pair, 1), *value;
    enum group group;
    int rc;
    if (name == NULL || entry == NULL || !is_public(name))
        return name == NULL || entry == NULL ? -1 : 0;
    group = group_of(entry);
    if ((value = value_of(type, name, entry, group)) == NULL)
        return -1;
    rc = add(groups, group, name, value);
    Py_DECREF(value);
    return rc;
}

/* Names that are only annotated (the fields of a dataclass) are attributes of the instances. */
static int add_annotated(PyObject *groups[GROUPS], PyObject *base)
{
    PyObject *fields = py_unwrap_look(base, "__dataclass_fields__"), *names;
    Py_ssize_t i;
    int rc = 0;
    if (fields == NULL)
        fields = py_unwrap_look(base, "__annotations__");
    if (fields == NULL || !PyDict_Check(fields)) {
        Py_XDECREF(fields);
        return 0;
    }
    names = PyDict_Keys(fields);
    Py_DECREF(fields);
    if (names == NULL)
        return -1;
    for (i = 0; rc == 0 && i < PyList_Size(names); i++)
        if (is_public(PyList_GetItem(names, i)))
            rc = add(groups, ATTRIBUTES, PyList_GetItem(names, i), Py_None);
    Py_DECREF(names);
    return rc;
}

static int add_base(PyObject *groups[GROUPS], PyObject *type, PyObject *base)
{
    PyObject *dict = py_unwrap_look(base, "__dict__"),
             *items = dict != NULL ? PyMapping_Items(dict) : NULL;
    Py_ssize_t i;
    int rc = items != NULL ? 0 : -1;
    for (i = 0; rc == 0 && i < PyList_Size(items); i++)
        rc = add_entry(groups, type, PyList_GetItem(items, i));
    Py_XDECREF(items);
    Py_XDECREF(dict);
    return rc == 0 ? add_annotated(groups, base) : rc;
}

PyObject *py_members(PyObject *type)
{
    PyObject *members = PyDict_New(), *mro = py_unwrap_look(type, "__mro__");
    PyObject *groups[GROUPS] = {NULL};
    Py_ssize_t i = mro != NULL && PyTuple_Check(mro) ? PyTuple_Size(mro) : 0;
    int group, rc = members != NULL ? 0 : -1;
    for (group = 0; rc == 0 && group < GROUPS; group++)
        if ((groups[group] = PyDict_New()) == NULL ||
            PyDict_SetItemString(members, keys[group], groups[group]) != 0)
            rc = -1;
    while (rc == 0 && i-- > 0)
        if (PyTuple_GetItem(mro, i) != (PyObject *)&PyBaseObject_Type)
            rc = add_base(groups, type, PyTuple_GetItem(mro, i));
    for (group = 0; group < GROUPS; group++)
        Py_XDECREF(groups[group]); /* `members` holds them */
    Py_XDECREF(mro);
    if (rc != 0)
        Py_CLEAR(members);
    return members;
}
