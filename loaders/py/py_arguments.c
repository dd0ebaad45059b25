/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Arguments of calls: see py_arguments.h. */
#include "py_arguments.h"

#include "py_error.h"

#include <stdlib.h>

int py_arguments_init(struct py_arguments *room, size_t count)
{
    room->slots = room->stack_slots;
    room->args = room->stack_args;
    room->keywords = room->stack_keywords;
    room->count = count;
    room->filled = 0;
    py_keeper_init(&room->keeper);
    if (PY_LIKELY(count <= PY_ARGUMENTS_STACK))
        return 0;
    room->slots = malloc(count * (sizeof *room->slots + 2 * sizeof(void *)));
    if (room->slots == NULL)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    room->args = (metacall_value **)(room->slots + count);
    room->keywords = (const char **)(room->args + count);
    return 0;
}

void py_arguments_finish(struct py_arguments *room)
{
    while (room->filled > 0) {
        metacall_value *slot = &room->slots[--room->filled];
        if (slot->id > METACALL_DOUBLE && slot->id != METACALL_NULL)
            metacall_slot_clear(slot);
    }
    if (PY_UNLIKELY(py_keeper_is_used(&room->keeper)))
        py_keeper_finish(&room->keeper);
    if (PY_UNLIKELY(room->slots != room->stack_slots))
        free(room->slots);
}

int py_arguments_fill(struct py_arguments *room, const char *function, PyObject *const *args,
                      PyObject *names, size_t positional)
{
    static const metacall_value empty = METACALL_SLOT_INIT;
    struct py_subject subject = {function, "argument", 0, NULL, 0, &room->keeper};
    struct py_path path = {NULL, &subject, NULL, NULL, 0, 0};
    size_t i;
    for (i = 0; i < room->count; i++) {
        room->slots[i] = empty;
        room->args[i] = &room->slots[i];
        room->filled = i + 1;
        if (PY_UNLIKELY(i >= positional)) {
            PyObject *name = PyTuple_GetItem(names, (Py_ssize_t)(i - positional));
            if ((room->keywords[i - positional] = PyUnicode_AsUTF8AndSize(name, NULL)) == NULL)
                return py_error_raise();
            subject.keyword = room->keywords[i - positional];
        }
        subject.index = (Py_ssize_t)i + 1;
        if (PY_UNLIKELY(py_value_from(args[i], &room->slots[i], PY_KEEP_BORROW, &path) != 0))
            return -1;
    }
    return 0;
}

PyObject *py_arguments_names(const struct metacall_call *call)
{
    PyObject *names = PyTuple_New((Py_ssize_t)call->keyword_count), *name;
    size_t i;
    for (i = 0; names != NULL && i < call->keyword_count; i++) {
        if ((name = PyUnicode_InternFromString(call->keywords[i])) == NULL) {
            Py_DECREF(names);
            return NULL;
        }
        PyTuple_SetItem(names, (Py_ssize_t)i, name);
    }
    return names;
}

size_t py_arguments_objects(const struct metacall_call *call, PyObject **args)
{
    size_t i;
    for (i = 0; i < call->count; i++) {
        struct py_subject subject = {NULL, "argument", (Py_ssize_t)i + 1, NULL, 0, NULL};
        if ((args[i] = py_value_to(call->args[i], &subject)) == NULL)
            break;
    }
    return i;
}
