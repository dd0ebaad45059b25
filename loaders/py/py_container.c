/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Lists, tuples, dicts and sets, with the path to what cannot cross and to what contains itself. */
#include "py_value.h"

#include "py_error.h"

#include <metacall/text.h>

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

static struct py_keeper *keeper_of(const struct py_path *path)
{
    return path != NULL && path->subject != NULL ? path->subject->keeper : NULL;
}

/* Makes `slot` an array, a set or a map of nulls: in the keeper's memory, or in its own. */
static int make(metacall_value *slot, enum metacall_value_id id, Py_ssize_t count,
                struct py_keeper *keeper)
{
    size_t number = (size_t)count;
    void *memory;
    if (keeper == NULL)
        return id == METACALL_MAP   ? metacall_slot_map(slot, number)
               : id == METACALL_SET ? metacall_slot_set(slot, number)
                                    : metacall_slot_array(slot, number);
    memory =
        metacall_arena_take(&keeper->arena, id == METACALL_MAP ? metacall_slot_map_size(number)
                                                               : metacall_slot_array_size(number));
    if (memory == NULL && number > 0)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    if (id == METACALL_MAP)
        metacall_slot_map_lend(slot, number, memory);
    else
        metacall_slot_array_lend(slot, id, number, memory);
    return 0;
}

/* What a value in the keeper's memory owns is the keeper's to clear. */
static __attribute__((noinline)) int keep_owner(struct py_keeper *keeper, metacall_value *slot)
{
    if (py_keeper_own(keeper, slot) == 0)
        return 0;
    metacall_slot_clear(slot);
    return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
}

/* A member of a container. It is held meanwhile: conversion may run Python code, which may change
 * the container. */
static inline int from_member(PyObject *item, metacall_value *slot, const struct py_path *path,
                              struct py_keeper *keeper)
{
    int rc;
    if (PY_LIKELY(py_value_from_fast(item, slot)))
        return 0;
    Py_INCREF(item);
    rc = py_value_from_object(item, slot, keeper != NULL ? PY_KEEP_HOLD : PY_KEEP_COPY, path);
    Py_DECREF(item);
    if (rc == 0 && keeper != NULL && slot->id > METACALL_DOUBLE && slot->id != METACALL_NULL &&
        !(slot->storage & METACALL_STORAGE_BORROW))
        return keep_owner(keeper, slot);
    return rc;
}

int py_container_from_sequence(PyObject *object, metacall_value *slot, const struct py_path *path)
{
    struct py_path here;
    struct py_keeper *keeper = keeper_of(path);
    int is_list = PyList_Check(object);
    Py_ssize_t count = is_list ? PyList_Size(object) : PyTuple_Size(object);
    if (path_open(&here, object, path) != 0 || make(slot, METACALL_ARRAY, count, keeper) != 0)
        return -1;
    for (here.index = 0; here.index < count; here.index++) {
        PyObject *item =
            is_list ? PyList_GetItem(object, here.index) : PyTuple_GetItem(object, here.index);
        if (item == NULL) {
            py_error_raise();
            goto fail;
        }
        if (from_member(item, slot->as.array.items[here.index], &here, keeper) != 0)
            goto fail;
    }
    return 0;
fail:
    metacall_slot_clear(slot);
    return -1;
}

int py_container_from_dict(PyObject *object, metacall_value *slot, const struct py_path *path)
{
    struct py_path here;
    struct py_keeper *keeper = keeper_of(path);
    PyObject *item;
    Py_ssize_t position = 0, i = 0, count = PyDict_Size(object);
    if (path_open(&here, object, path) != 0 || make(slot, METACALL_MAP, count, keeper) != 0)
        return -1;
    while (i < count && PyDict_Next(object, &position, &here.key, &item)) {
        metacall_value *const *pair = slot->as.array.items[i++]->as.array.items;
        PyObject *key = here.key;
        int rc;
        /* What is run for one may take both out of the dict, and the key is part of the path. */
        Py_INCREF(key);
        Py_INCREF(item);
        rc = from_member(key, pair[0], &here, keeper);
        if (PY_LIKELY(rc == 0))
            rc = from_member(item, pair[1], &here, keeper);
        Py_DECREF(item);
        Py_DECREF(key);
        if (PY_UNLIKELY(rc != 0))
            goto fail;
        if (PY_UNLIKELY(PyDict_Size(object) != count))
            break;
    }
    if (i == count && PyDict_Size(object) == count)
        return 0;
    py_value_refuse(path, "the dict changed its size while it was converted");
fail:
    metacall_slot_clear(slot);
    return -1;
}

int py_container_from_set(PyObject *object, metacall_value *slot, const struct py_path *path)
{
    struct py_path here;
    struct py_keeper *keeper = keeper_of(path);
    PyObject *iterator = NULL, *item = NULL;
    Py_ssize_t count = PySet_Size(object);
    int rc = 0;
    if (path_open(&here, object, path) != 0 || make(slot, METACALL_SET, count, keeper) != 0)
        return -1;
    if ((iterator = PyObject_GetIter(object)) == NULL)
        rc = py_error_raise();
    while (rc == 0 && here.index < count && (item = PyIter_Next(iterator)) != NULL) {
        rc = from_member(item, slot->as.array.items[here.index], &here, keeper);
        here.index++;
        Py_DECREF(item);
    }
    if (rc == 0 && PyErr_Occurred())
        rc = py_error_raise();
    else if (rc == 0 && here.index != count)
        rc = py_value_refuse(path, "the set changed its size while it was converted");
    Py_XDECREF(iterator);
    if (rc != 0)
        metacall_slot_clear(slot);
    else if (PyObject_TypeCheck(object, &PyFrozenSet_Type))
        slot->storage |= METACALL_STORAGE_FROZEN;
    return rc;
}

/* ----------------------------------------------------------------------------- into Python */

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

static PyObject *to_key(const metacall_value *value, const struct py_subject *subject);

static PyObject *to_tuple(const metacall_value *value, const struct py_subject *subject)
{
    size_t i, count = value->as.array.count;
    PyObject *item, *tuple = PyTuple_New((Py_ssize_t)count);
    for (i = 0; tuple != NULL && i < count; i++) {
        if ((item = to_key(value->as.array.items[i], subject)) == NULL) {
            Py_DECREF(tuple);
            return NULL;
        }
        PyTuple_SetItem(tuple, (Py_ssize_t)i, item);
    }
    return tuple;
}

static int fill_set(PyObject *set, const metacall_value *value, const struct py_subject *subject)
{
    size_t i;
    int rc = 0;
    for (i = 0; rc == 0 && i < value->as.array.count; i++) {
        PyObject *item = to_key(value->as.array.items[i], subject);
        rc = item != NULL ? PySet_Add(set, item) : -1;
        Py_XDECREF(item);
    }
    return rc;
}

/* Says which key or item is equal in Python to one before it, though it was another elsewhere (1
 * and true, undefined and null): one of the two would be lost without a word. */
static void refuse_equal(const metacall_value *value, const struct py_subject *subject)
{
    struct py_path path = {NULL, subject, NULL, NULL, 0, 0};
    PyObject *seen = PySet_New(NULL), *key = NULL, *text = NULL;
    size_t i;
    int found = seen != NULL ? 0 : -1;
    for (i = 0; found == 0 && i < value->as.array.count; i++) {
        const metacall_value *item = value->as.array.items[i];
        Py_XDECREF(key);
        key = to_key(value->id == METACALL_MAP ? item->as.array.items[0] : item, subject);
        found = key != NULL ? PySet_Contains(seen, key) : -1;
        if (found == 0 && PySet_Add(seen, key) != 0)
            found = -1;
    }
    if (found > 0 && (text = PyObject_ASCII(key)) != NULL)
        py_value_refuse(&path, "two %s are equal in Python: %.200s",
                        value->id == METACALL_MAP ? "keys of a map" : "items of a set",
                        PyUnicode_AsUTF8AndSize(text, NULL));
    Py_XDECREF(text);
    Py_XDECREF(key);
    Py_XDECREF(seen);
}

static PyObject *to_set(const metacall_value *value, const struct py_subject *subject, int frozen)
{
    PyObject *other, *set = PySet_New(NULL);
    if (set != NULL && fill_set(set, value, subject) != 0)
        Py_CLEAR(set);
    if (set != NULL && (size_t)PySet_Size(set) != value->as.array.count) {
        refuse_equal(value, subject);
        Py_CLEAR(set);
    }
    if (set == NULL || !frozen)
        return set;
    other = PyFrozenSet_New(set);
    Py_DECREF(set);
    return other;
}

/* Keys come again and again, in every record of a list, say: one object for each of the latest. */
#define RECENT 4096
#define RECENT_SIZE 32

static struct recent {
    PyObject *name;
    const char *text; /* the name's own UTF-8 */
    size_t size;
} recent[RECENT];

static struct recent *recent_of(const char *data, size_t size)
{
    return &recent[metacall_text_hash(data, size) >> 8 & (RECENT - 1)];
}

static PyObject *to_name(const metacall_value *value, const struct py_subject *subject)
{
    const char *data = value->as.bytes.data, *text;
    size_t size = value->as.bytes.size;
    struct recent *place;
    PyObject *name;
    if (size == 0 || size > RECENT_SIZE)
        return py_value_to(value, subject);
    place = recent_of(data, size);
    if (place->size == size && metacall_text_same(place->text, data, size)) {
        Py_INCREF(place->name);
        return place->name;
    }
    if ((name = py_value_to(value, subject)) == NULL)
        return NULL;
    if ((text = PyUnicode_AsUTF8AndSize(name, NULL)) == NULL) {
        PyErr_Clear(); /* lone surrogates have no UTF-8 */
        return name;
    }
    Py_INCREF(name);
    Py_XDECREF(place->name);
    *place = (struct recent){name, text, size};
    return name;
}

/* A key of a dict or an item of a set: what is mutable becomes its constant counterpart. */
static PyObject *to_key(const metacall_value *value, const struct py_subject *subject)
{
    struct py_path path = {NULL, subject, NULL, NULL, 0, 0};
    if (value->id == METACALL_STRING)
        return to_name(value, subject);
    if (value->id == METACALL_ARRAY)
        return to_tuple(value, subject);
    if (value->id == METACALL_SET)
        return to_set(value, subject, 1);
    if (value->id == METACALL_MAP) {
        py_value_refuse(&path, "a map cannot be a key of a dict nor in a set: it has no hash in "
                               "Python");
        return NULL;
    }
    return py_value_to(value, subject);
}

PyObject *py_container_to_set(const metacall_value *value, const struct py_subject *subject)
{
    return to_set(value, subject, (value->storage & METACALL_STORAGE_FROZEN) != 0);
}

void py_container_finish(void)
{
    size_t i;
    py_keeper_end();
    for (i = 0; i < RECENT; i++) {
        Py_CLEAR(recent[i].name);
        recent[i].size = 0;
    }
}

/* One that need not grow on the way. */
static PyObject *new_dict(size_t count)
{
    return count > 5 && _PyDict_NewPresized != NULL ? _PyDict_NewPresized((Py_ssize_t)count)
                                                    : PyDict_New();
}

PyObject *py_container_to_dict(const metacall_value *value, const struct py_subject *subject)
{
    size_t i, count = value->as.array.count;
    PyObject *dict = new_dict(count), *key, *item;
    for (i = 0; dict != NULL && i < count; i++) {
        metacall_value *const *pair = value->as.array.items[i]->as.array.items;
        int rc = -1;
        item = NULL;
        if ((key = to_key(pair[0], subject)) != NULL &&
            (item = py_value_to(pair[1], subject)) != NULL)
            rc = PyDict_SetItem(dict, key, item);
        Py_XDECREF(key);
        Py_XDECREF(item);
        if (rc != 0) {
            Py_DECREF(dict);
            return NULL;
        }
    }
    if (dict != NULL && (size_t)PyDict_Size(dict) != count) {
        refuse_equal(value, subject);
        Py_CLEAR(dict);
    }
    return dict;
}
