/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Shared memory in both directions: see py_memory.h. */
#include "py_memory.h"

#include "py_error.h"
#include "py_home.h"
#include "py_identity.h"
#include "py_runtime.h"

#include <metacall/memory.h>

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------- out of Python */

/* An object of ours whose memory others use. */
struct py_pin {
    struct py_home home; /* first: home.handle is the metacall_memory */
    struct py_buffer buffer;
    int pinned; /* the buffer is held; bytes need none */
};

static void unpin(struct py_home *home)
{
    struct py_pin *pin = (struct py_pin *)home;
    if (pin->pinned)
        py_api_release_buffer(&pin->buffer);
    pin->pinned = 0;
}

static void memory_release(metacall_memory *memory)
{
    py_home_leave(memory->native);
}

static int give(metacall_value *slot, metacall_memory *memory)
{
    metacall_slot_memory(slot, memory);
    metacall_memory_release(memory);
    return 0;
}

int py_memory_from_bytes(PyObject *object, metacall_value *slot, char *data, size_t size)
{
    metacall_memory *memory = py_home_find(object, PY_HOME_MEMORY);
    struct py_pin *pin;
    if (memory != NULL)
        return give(slot, memory);
    if ((pin = calloc(1, sizeof *pin)) == NULL)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    memory = metacall_memory_create(py_runtime.loader, data, size, pin, memory_release);
    if (memory == NULL) {
        free(pin);
        return -1;
    }
    memory->flags = METACALL_MEMORY_READONLY;
    py_home_keep(&pin->home, PY_HOME_MEMORY, object, memory, &memory->refs);
    return give(slot, memory);
}

/* The letter that <metacall/memory.h> has for the items, or 0 where it has none. */
static char format_of(const struct py_buffer *buffer)
{
    static const char letters[] = "BbhHiIqQfd";
    static const char sizes[] = {1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
    const char *format = buffer->format != NULL ? buffer->format : "B", *found;
    char letter;
    if (*format == '@' || *format == '=' || *format == '<')
        format++; /* little-endian, as every platform that we build for */
    if (format[0] == '\0' || format[1] != '\0')
        return 0;
    letter = format[0];
    if (letter == 'c' || letter == '?')
        letter = 'B';
    else if (letter == 'l' || letter == 'n')
        letter = buffer->itemsize == 8 ? 'q' : 'i';
    else if (letter == 'L' || letter == 'N')
        letter = buffer->itemsize == 8 ? 'Q' : 'I';
    found = strchr(letters, letter);
    return found != NULL && sizes[found - letters] == buffer->itemsize ? letter : 0;
}

static int is_contiguous(const struct py_buffer *buffer)
{
    Py_ssize_t step = buffer->itemsize;
    int i;
    if (buffer->suboffsets != NULL)
        return 0;
    for (i = buffer->ndim - 1; buffer->strides != NULL && buffer->shape != NULL && i >= 0; i--) {
        if (buffer->shape[i] > 1 && buffer->strides[i] != step)
            return buffer->len == 0;
        step *= buffer->shape[i];
    }
    return 1;
}

/* A scalar of numpy shows its memory too, but is a number: 0 with the slot filled in, 1 where it is
 * none of ours, or -1. */
static int from_scalar(PyObject *object, metacall_value *slot, char format)
{
    PyObject *number;
    int overflow, rc;
    if (format == 'f' || format == 'd') {
        if ((number = PyNumber_Float(object)) == NULL)
            return py_error_raise();
        metacall_slot_double(slot, PyFloat_AsDouble(number));
        Py_DECREF(number);
        return 0;
    }
    if (!PyIndex_Check(object))
        return 1;
    if ((number = PyNumber_Index(object)) == NULL)
        return py_error_raise();
    metacall_slot_long(slot, PyLong_AsLongLongAndOverflow(number, &overflow));
    rc = overflow != 0; /* a uint64 past int64: it stays an object */
    Py_DECREF(number);
    if (rc != 0)
        metacall_slot_null(slot);
    return rc;
}

static int share(PyObject *object, metacall_value *slot, struct py_pin *pin, char format)
{
    const struct py_buffer *buffer = &pin->buffer;
    metacall_memory *memory = metacall_memory_create(py_runtime.loader, buffer->buf,
                                                     (size_t)buffer->len, pin, memory_release);
    if (memory == NULL)
        return -1;
    memory->flags = buffer->readonly ? METACALL_MEMORY_READONLY : 0;
    memory->format = format;
    memory->item_size = (uint32_t)buffer->itemsize;
    pin->pinned = 1;
    pin->home.release = unpin;
    py_home_keep(&pin->home, PY_HOME_MEMORY, object, memory, &memory->refs);
    return give(slot, memory);
}

/* Takes the buffer of `pin`: 1 when it stays unused. */
static int from_buffer(PyObject *object, metacall_value *slot, struct py_pin *pin)
{
    const struct py_buffer *buffer = &pin->buffer;
    char format = format_of(buffer);
    if (format == 0 || !is_contiguous(buffer))
        return 1;
    if (buffer->ndim > 0)
        return share(object, slot, pin, format);
    if (!buffer->readonly)
        return 1;
    if (buffer->format != NULL && buffer->format[0] == '?') {
        metacall_slot_bool(slot, *(const char *)buffer->buf != 0);
        return 0;
    }
    return from_scalar(object, slot, format);
}

static metacall_memory *foreign_of(PyObject *object);

int py_memory_from(PyObject *object, metacall_value *slot)
{
    metacall_memory *memory;
    struct py_pin *pin;
    int rc;
    if (!py_api_check_buffer(object))
        return 1;
    if ((memory = foreign_of(object)) != NULL ||
        (memory = py_home_find(object, PY_HOME_MEMORY)) != NULL)
        return give(slot, memory);
    if ((pin = calloc(1, sizeof *pin)) == NULL)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    if (py_api_get_buffer(object, &pin->buffer, PY_BUFFER_FULL_RO) != 0) {
        free(pin);
        if (!PyErr_ExceptionMatches(PyExc_Exception))
            return py_error_raise();
        PyErr_Clear(); /* it has one, but not now or not like this: an object like any other */
        return 1;
    }
    rc = from_buffer(object, slot, pin);
    if (!pin->pinned) {
        py_api_release_buffer(&pin->buffer);
        free(pin);
    }
    return rc;
}

/* -------------------------------------------------------------------------------- into Python */

/* What a memoryview of another runtime's memory stands on. */
struct py_exporter {
    PyObject_HEAD metacall_memory *memory; /* held */
    PyObject *view;                        /* a weak reference to the one memoryview, or NULL */
    Py_ssize_t shape;
    char format[2];
};

static PyObject *exporter_type;
static struct py_identity exporters; /* metacall_memory * -> PyObject *, not held */

static int exporter_get_buffer(PyObject *self, struct py_buffer *view, int flags)
{
    struct py_exporter *exporter = (struct py_exporter *)self;
    metacall_memory *memory = exporter->memory;
    int readonly = (memory->flags & METACALL_MEMORY_READONLY) != 0;
    static char nothing[8];
    if (readonly && (flags & PY_BUFFER_WRITABLE)) {
        PyErr_SetString(PyExc_BufferError, "the memory is read-only where it comes from");
        view->obj = NULL;
        return -1;
    }
    memset(view, 0, sizeof *view);
    view->buf = memory->data != NULL ? memory->data : nothing;
    view->len = (Py_ssize_t)memory->size;
    view->itemsize = (Py_ssize_t)memory->item_size;
    view->readonly = readonly;
    view->ndim = 1;
    if (flags & PY_BUFFER_FORMAT)
        view->format = exporter->format;
    if (flags & PY_BUFFER_ND)
        view->shape = &exporter->shape;
    if ((flags & PY_BUFFER_STRIDES) == PY_BUFFER_STRIDES)
        view->strides = &view->itemsize;
    Py_INCREF(self);
    view->obj = self;
    return 0;
}

static void exporter_dealloc(PyObject *self)
{
    struct py_exporter *exporter = (struct py_exporter *)self;
    PyTypeObject *type = Py_TYPE(self);
    metacall_memory *memory = exporter->memory;
    void (*release)(void *) = (void (*)(void *))PyType_GetSlot(type, Py_tp_free);
    py_identity_remove(&exporters, memory, self);
    Py_XDECREF(exporter->view);
    release(self);
    Py_DECREF((PyObject *)type);
    metacall_memory_release(memory);
}

static PyObject *type_of_exporters(void)
{
    static PyType_Slot slots[] = {{PY_SLOT_GETBUFFER, (void *)exporter_get_buffer},
                                  {Py_tp_dealloc, (void *)exporter_dealloc},
                                  {Py_tp_doc, "Memory of another language; see memoryview()."},
                                  {0, NULL}};
    static PyType_Spec spec = {"metacall.Memory", sizeof(struct py_exporter), 0, Py_TPFLAGS_DEFAULT,
                               slots};
    if (exporter_type == NULL)
        exporter_type = PyType_FromSpec(&spec);
    return exporter_type;
}

/* A new reference to the exporter of `memory`. */
static PyObject *exporter_of(metacall_memory *memory)
{
    PyObject *type = type_of_exporters(), *known = py_identity_find(&exporters, memory);
    struct py_exporter *exporter;
    if (known != NULL) {
        Py_INCREF(known);
        return known;
    }
    if (type == NULL ||
        (exporter = (struct py_exporter *)PyType_GenericAlloc((PyTypeObject *)type, 0)) == NULL)
        return NULL;
    metacall_memory_reference(memory);
    exporter->memory = memory;
    exporter->format[0] = memory->format == '?' ? 'B' : memory->format;
    exporter->shape = (Py_ssize_t)(memory->size / memory->item_size);
    py_identity_put(&exporters, memory, exporter);
    return (PyObject *)exporter;
}

/* The memoryview of an exporter: the same one while it lives. */
static PyObject *view_of(struct py_exporter *exporter)
{
    PyObject *view = exporter->view != NULL ? PyWeakref_GetObject(exporter->view) : Py_None;
    if (view == NULL)
        return NULL;
    if (view != Py_None) {
        Py_INCREF(view);
        return view;
    }
    Py_CLEAR(exporter->view);
    if ((view = PyMemoryView_FromObject((PyObject *)exporter)) != NULL &&
        (exporter->view = PyWeakref_NewRef(view, NULL)) == NULL)
        PyErr_Clear();
    return view;
}

/* The memory of another runtime that `object` shows all of: a new reference, or NULL. */
static metacall_memory *foreign_of(PyObject *object)
{
    PyObject *exporter, *view;
    metacall_memory *memory = NULL;
    if (exporter_type == NULL || !Py_IS_TYPE(object, &PyMemoryView_Type) ||
        (exporter = PyObject_GetAttrString(object, "obj")) == NULL) {
        PyErr_Clear(); /* a memoryview that was released */
        return NULL;
    }
    if (Py_IS_TYPE(exporter, (PyTypeObject *)exporter_type) &&
        ((struct py_exporter *)exporter)->view != NULL &&
        (view = PyWeakref_GetObject(((struct py_exporter *)exporter)->view)) == object) {
        memory = ((struct py_exporter *)exporter)->memory; /* not a part or a cast of it */
        metacall_memory_reference(memory);
    }
    Py_DECREF(exporter);
    return memory;
}

PyObject *py_memory_to(const metacall_value *value)
{
    metacall_memory *memory;
    PyObject *exporter, *object;
    if (!(value->storage & METACALL_STORAGE_SHARED))
        return PyBytes_FromStringAndSize(value->as.bytes.data, (Py_ssize_t)value->as.bytes.size);
    memory = value->as.bytes.memory;
    if (memory->release == memory_release) {
        object = ((struct py_pin *)memory->native)->home.object;
        Py_INCREF(object);
        return object;
    }
    if ((exporter = exporter_of(memory)) == NULL)
        return NULL;
    object = view_of((struct py_exporter *)exporter);
    Py_DECREF(exporter);
    return object;
}

void py_memory_finish(void)
{
    Py_CLEAR(exporter_type);
    py_identity_finish(&exporters);
}
