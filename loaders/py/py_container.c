/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Lists, tuples and dicts, with the path to what cannot cross and to what contains itself. */
#include "py_value.h"

#include "py_error.h"

/* Opens a container: refuses one that is inside itself, or too deep. */
static int path_open(struct py_path *here, PyObject *container, const struct py_path *path)
{
    const struct py_path *up;
    for (up = path; up != NULL; up = up->parent)
        if (up->container == container)
            return py_value_refuse(path, "the %s contains itself; a cycle cannot be copied",
                                   py_error_type_name((PyObject *)Py_TYPE(container)));
    here->parent = path;
    here->subject = path != NULL ? path->subject : NULL;
    here->container = container;
    here->key = NULL;
    here->index = 0;
    here->depth = path != NULL ? path->depth + 1 : 1;
    if (here->depth > PY_VALUE_DEPTH)
        return py_value_refuse(path != NULL && path->subject != NULL
                                   ? &(struct py_path){NULL, path->subject, NULL, NULL, 0, 0}
                                   : NULL,
                               "nested deeper than %d levels", PY_VALUE_DEPTH);
    return 0;
}

int py_container_from_sequence(PyObject *object, metacall_value *slot, const struct py_path *path)
{
    struct py_path here;
    int is_list = PyList_Check(object);
    Py_ssize_t count = is_list ? PyList_Size(object) : PyTuple_Size(object);
    if (path_open(&here, object, path) != 0 || metacall_slot_array(slot, (size_t)count) != 0)
        return -1;
    for (here.index = 0; here.index < count; here.index++) {
        /* Conversion may run Python code, which may change the list: hold the item. */
        PyObject *item =
            is_list ? PyList_GetItem(object, here.index) : PyTuple_GetItem(object, here.index);
        int rc;
        if (item == NULL) {
            py_error_raise();
            goto fail;
        }
        Py_INCREF(item);
        rc = py_value_from(item, slot->as.array.items[here.index], PY_KEEP_COPY, &here);
        Py_DECREF(item);
        if (rc != 0)
            goto fail;
    }
    return 0;
fail:
    metacall_slot_clear(slot);
    return -1;
}

static int from_key(PyObject *key, metacall_value *slot, const struct py_path *path)
{
    unsigned long flags = PyType_GetFlags(Py_TYPE(key));
    if (key != Py_None && !PyFloat_Check(key) &&
        !(flags &
          (Py_TPFLAGS_UNICODE_SUBCLASS | Py_TPFLAGS_LONG_SUBCLASS | Py_TPFLAGS_BYTES_SUBCLASS)))
        return py_value_refuse(path,
                               "a dict key of Python type '%s' cannot cross; keys may be str, int, "
                               "float, bool, bytes or None",
                               py_error_type_name((PyObject *)Py_TYPE(key)));
    return py_value_from(key, slot, PY_KEEP_COPY, path);
}

static int from_pair(PyObject *key, PyObject *item, metacall_value *pair,
                     const struct py_path *path)
{
    int rc;
    Py_INCREF(key);
    Py_INCREF(item);
    rc = from_key(key, pair->as.array.items[0], path);
    if (rc == 0)
        rc = py_value_from(item, pair->as.array.items[1], PY_KEEP_COPY, path);
    Py_DECREF(item);
    Py_DECREF(key);
    return rc;
}

int py_container_from_dict(PyObject *object, metacall_value *slot, const struct py_path *path)
{
    struct py_path here;
    PyObject *item;
    Py_ssize_t position = 0, i = 0, count = PyDict_Size(object);
    if (path_open(&here, object, path) != 0 || metacall_slot_map(slot, (size_t)count) != 0)
        return -1;
    while (i < count && PyDict_Next(object, &position, &here.key, &item)) {
        if (from_pair(here.key, item, slot->as.array.items[i++], &here) != 0)
            goto fail;
        if (PyDict_Size(object) != count)
            break;
    }
    if (i == count && PyDict_Size(object) == count)
        return 0;
    py_value_refuse(path, "the dict changed its size while it was converted");
fail:
    metacall_slot_clear(slot);
    return -1;
}

PyObject *py_container_to_list(const metacall_value *value, const struct py_subject *subject)
{
    size_t i, count = value->as.array.count;
    PyObject *item, *list = PyList_New((Py_ssize_t)count);
    for (i = 0; list != NULL && i < count; i++) {
        if ((item = py_value_to(value->as.array.items[i], subject)) == NULL) {
            Py_DECREF(list);
            return NULL;
        }
        PyList_SetItem(list, (Py_ssize_t)i, item);
    }
    return list;
}

PyObject *py_container_to_dict(const metacall_value *value, const struct py_subject *subject)
{
    size_t i, count = value->as.array.count;
    PyObject *dict = PyDict_New(), *key, *item;
    for (i = 0; dict != NULL && i < count; i++) {
        metacall_value *const *pair = value->as.array.items[i]->as.array.items;
        int rc = -1;
        item = NULL;
        if ((key = py_value_to(pair[0], subject)) != NULL &&
            (item = py_value_to(pair[1], subject)) != NULL)
            rc = PyDict_SetItem(dict, key, item);
        Py_XDECREF(key);
        Py_XDECREF(item);
        if (rc != 0) {
            Py_DECREF(dict);
            return NULL;
        }
    }
    return dict;
}
