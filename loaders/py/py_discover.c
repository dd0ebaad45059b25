/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Which names of a module other languages see, and the main program of a host, which is looked at
 * anew each time: its functions appear after the import of the port. */
#include "py_module.h"

#include "py_error.h"
#include "py_function.h"
#include "py_value.h"

#include <string.h>

/* An attribute or NULL, never an exception. A new reference. */
static PyObject *look(PyObject *object, const char *name)
{
    PyObject *attribute = PyObject_GetAttrString(object, name);
    if (attribute == NULL)
        PyErr_Clear();
    return attribute;
}

/* Functions and classes know where they were defined, and so do callable objects that have a name
 * of their own (a cached function); an object without one (functools.partial) was made here. */
static int is_from(PyObject *object, PyObject *module_name)
{
    PyObject *home, *name = look(object, "__name__");
    int named = name != NULL, own;
    Py_XDECREF(name);
    if ((home = look(object, "__module__")) == NULL || !PyUnicode_Check(home))
        own = 1;
    else if (!named)
        own = PyUnicode_CompareWithASCIIString(home, "typing") != 0;
    else
        own = PyObject_RichCompareBool(home, module_name, Py_EQ) == 1;
    Py_XDECREF(home);
    PyErr_Clear();
    return own;
}

int py_module_owns(PyObject *name, PyObject *object, PyObject *module_name)
{
    const char *text = PyUnicode_Check(name) ? PyUnicode_AsUTF8AndSize(name, NULL) : NULL;
    if (text == NULL || text[0] == '_' || PyModule_Check(object) || !PyCallable_Check(object)) {
        PyErr_Clear();
        return 0;
    }
    return module_name == NULL || is_from(object, module_name);
}

typedef int (*define_function)(metacall_handle *handle, const char *name,
                               const metacall_value *value);

static int define(metacall_handle *handle, const char *name, PyObject *object,
                  define_function definer)
{
    struct py_subject subject = {NULL, "name", 0, name, 0, NULL};
    struct py_path path = {NULL, &subject, NULL, NULL, 0, 0};
    metacall_value slot = METACALL_SLOT_INIT;
    int rc = py_value_from(object, &slot, PY_KEEP_COPY, &path);
    if (rc == 0) {
        rc = definer(handle, name, &slot);
        metacall_slot_clear(&slot);
    }
    return rc;
}

/* What __all__ lists is what the author wants seen: constants too, where they can cross. */
static int define_listed(PyObject *module, PyObject *all, metacall_handle *handle,
                         define_function definer)
{
    PyObject *list = PySequence_List(all), *object;
    Py_ssize_t i;
    int rc = list != NULL ? 0 : py_error_raise();
    for (i = 0; rc == 0 && i < PyList_Size(list); i++) {
        PyObject *name = PyList_GetItem(list, i);
        const char *text = PyUnicode_Check(name) ? PyUnicode_AsUTF8AndSize(name, NULL) : NULL;
        if (text == NULL || (object = PyObject_GetAttr(module, name)) == NULL) {
            rc = PyErr_Occurred()
                     ? py_error_raise()
                     : metacall_error_raise(METACALL_ERROR_LOAD, "__all__ holds what is not a str");
            break;
        }
        if (!PyModule_Check(object) && (rc = define(handle, text, object, definer)) != 0 &&
            metacall_error_peek() != NULL && metacall_error_peek()->code == METACALL_ERROR_TYPE) {
            metacall_error_release(metacall_error_take());
            rc = 0;
        }
        Py_DECREF(object);
    }
    Py_XDECREF(list);
    return rc;
}

static int define_public(PyObject *module, metacall_handle *handle, enum py_names names,
                         define_function definer)
{
    PyObject *home = names == PY_NAMES_OWN ? look(module, "__name__") : NULL;
    PyObject *items = PyDict_Items(PyModule_GetDict(module));
    Py_ssize_t i;
    int rc = items != NULL ? 0 : py_error_raise();
    for (i = 0; rc == 0 && i < PyList_Size(items); i++) {
        PyObject *pair = PyList_GetItem(items, i), *name = PyTuple_GetItem(pair, 0);
        PyObject *object = PyTuple_GetItem(pair, 1);
        if (py_module_owns(name, object, home))
            rc = define(handle, PyUnicode_AsUTF8AndSize(name, NULL), object, definer);
    }
    Py_XDECREF(items);
    Py_XDECREF(home);
    return rc;
}

int py_module_define(PyObject *module, metacall_handle *handle, enum py_names names,
                     define_function definer)
{
    PyObject *all = look(module, "__all__");
    int rc = all != NULL && PyModule_Check(module) ? define_listed(module, all, handle, definer)
                                                   : define_public(module, handle, names, definer);
    Py_XDECREF(all);
    return rc;
}

/* In the modules that the main program imported, in order of their names there: a function that is
 * the module's own. Borrowed or NULL. */
static PyObject *find_imported(PyObject *dict, PyObject *name)
{
    PyObject *key, *module, *object, *home;
    Py_ssize_t position = 0;
    while (PyDict_Next(dict, &position, &key, &module)) {
        if (!PyModule_Check(module) ||
            (object = PyDict_GetItemWithError(PyModule_GetDict(module), name)) == NULL)
            continue;
        home = PyDict_GetItemString(PyModule_GetDict(module), "__name__");
        if (home != NULL && py_module_owns(name, object, home))
            return object;
    }
    return NULL;
}

/* "json.dumps", "package.module.Class.method": from an imported module on, else from a name of the
 * main program, one attribute after the other. A new reference, or NULL. */
static PyObject *find_path(PyObject *dict, const char *path)
{
    PyObject *modules = PyImport_GetModuleDict(), *object = NULL, *name, *next;
    const char *end = path + strlen(path), *dot;
    /* The longest name of a module that is the beginning. */
    while (object == NULL && (end = memrchr(path, '.', (size_t)(end - path))) != NULL) {
        if ((name = PyUnicode_DecodeUTF8(path, end - path, NULL)) == NULL)
            break;
        object = PyObject_GetItem(modules, name);
        PyErr_Clear();
        Py_DECREF(name);
    }
    if (object == NULL) {
        end = strchr(path, '.');
        if ((name = PyUnicode_DecodeUTF8(path, end - path, NULL)) != NULL &&
            (object = PyDict_GetItemWithError(dict, name)) != NULL)
            Py_INCREF(object);
        Py_XDECREF(name);
    }
    for (; object != NULL && end != NULL && *end == '.'; end = dot) {
        dot = strchrnul(end + 1, '.');
        name = PyUnicode_DecodeUTF8(end + 1, dot - end - 1, NULL);
        next = name != NULL ? PyObject_GetAttr(object, name) : NULL;
        Py_XDECREF(name);
        Py_DECREF(object);
        object = next;
    }
    if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_Exception))
        PyErr_Clear();
    return object;
}

static int discover_name(PyObject *dict, metacall_handle *handle, const char *name)
{
    PyObject *key = PyUnicode_FromString(name), *object;
    int rc = 0;
    if (key == NULL)
        return py_error_raise();
    if ((object = PyDict_GetItemWithError(dict, key)) == NULL && name[0] != '_')
        object = find_imported(dict, key);
    Py_XINCREF(object);
    if (object == NULL && !PyErr_Occurred() && strchr(name, '.') != NULL)
        object = find_path(dict, name);
    if (object != NULL && PyCallable_Check(object))
        rc = define(handle, name, object, metacall_handle_update);
    Py_XDECREF(object);
    Py_DECREF(key);
    return PyErr_Occurred() ? py_error_raise() : rc;
}

int py_discover(metacall_handle *handle, const char *name)
{
    PyObject *module = PyImport_AddModule("__main__");
    if (module == NULL)
        return py_error_raise();
    if (name != NULL)
        return discover_name(PyModule_GetDict(module), handle, name);
    return define_public(module, handle, PY_NAMES_OWN, metacall_handle_update);
}
