/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* metacall.Function: a function of another language as a Python callable, by vectorcall. */
#include "py_function.h"

#include "py_arguments.h"
#include "py_error.h"
#include "py_identity.h"
#include "py_runtime.h"

#include <string.h>

struct py_proxy {
    PyObject_HEAD py_vectorcall_function vectorcall;
    metacall_function *function; /* held */
    PyObject *weak_references;
};

static struct py_identity proxies; /* metacall_function * -> PyObject *, not held */
static PyObject *proxy_type;

static PyObject *result_slowly(const metacall_function *function, const metacall_value *ret)
{
    struct py_subject subject = {metacall_function_name(function), "result", 0, NULL, 0, NULL};
    return py_value_to_object(ret, &subject);
}

static PyObject *proxy_call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    metacall_function *function = ((struct py_proxy *)self)->function;
    size_t positional = (size_t)PY_VECTORCALL_COUNT(nargsf);
    size_t keywords = names != NULL ? (size_t)PyTuple_Size(names) : 0;
    metacall_value ret = METACALL_SLOT_INIT;
    struct py_arguments room;
    struct py_parked parked;
    PyObject *result = NULL;
    int rc = -1;
    if (PY_UNLIKELY(py_arguments_init(&room, positional + keywords) != 0))
        return py_error_to_python();
    if (PY_LIKELY(py_arguments_fill(&room, metacall_function_name(function), args, names,
                                    positional) == 0)) {
        struct metacall_call call = {room.args, room.count, room.keywords, keywords};
        py_park(&parked);
        rc = metacall_function_call(function, &call, &ret);
        py_unpark(&parked);
    }
    py_arguments_finish(&room);
    if (PY_LIKELY(rc == 0)) {
        if ((result = py_value_to_fast(&ret)) == NULL)
            result = result_slowly(function, &ret);
        if (ret.id > METACALL_DOUBLE && ret.id != METACALL_NULL)
            metacall_slot_clear(&ret);
    }
    return PY_LIKELY(result != NULL) ? result : py_error_to_python();
}

/* ---------------------------------------------------------------------------------- the type */

static void proxy_dealloc(PyObject *self)
{
    struct py_proxy *proxy = (struct py_proxy *)self;
    PyTypeObject *type = Py_TYPE(self);
    metacall_function *function = proxy->function;
    void (*release)(void *) = (void (*)(void *))PyType_GetSlot(type, Py_tp_free);
    py_identity_remove(&proxies, function, self);
    if (proxy->weak_references != NULL)
        PyObject_ClearWeakRefs(self);
    release(self);
    Py_DECREF((PyObject *)type);
    metacall_function_release(function);
}

static const char *tag_of(const metacall_function *function)
{
    return function->loader != NULL ? metacall_loader_tag(function->loader) : "c";
}

static PyObject *proxy_repr(PyObject *self)
{
    const metacall_function *function = ((struct py_proxy *)self)->function;
    const char *name = metacall_function_name(function);
    return PyUnicode_FromFormat("<%s function %s at %p>", tag_of(function),
                                name[0] != '\0' ? name : "(anonymous)", self);
}

static PyObject *get_name(PyObject *self, void *unused)
{
    (void)unused;
    return PyUnicode_FromString(metacall_function_name(((struct py_proxy *)self)->function));
}

static PyObject *get_language(PyObject *self, void *unused)
{
    (void)unused;
    return PyUnicode_FromString(tag_of(((struct py_proxy *)self)->function));
}

static PyGetSetDef proxy_getset[] = {
    {"__name__", get_name, NULL, NULL, NULL},
    {"__qualname__", get_name, NULL, NULL, NULL},
    {"language", get_language, NULL, "Tag of the loader that the function belongs to.", NULL},
    {NULL, NULL, NULL, NULL, NULL}};

static PyMemberDef proxy_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(struct py_proxy, vectorcall), READONLY, NULL},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(struct py_proxy, weak_references), READONLY, NULL},
    {NULL, 0, 0, 0, NULL}};

static PyType_Slot proxy_slots[] = {{Py_tp_dealloc, proxy_dealloc},
                                    {Py_tp_call, PyVectorcall_Call},
                                    {Py_tp_repr, proxy_repr},
                                    {Py_tp_getset, proxy_getset},
                                    {Py_tp_members, proxy_members},
                                    {Py_tp_doc, "A function of another language."},
                                    {0, NULL}};

static PyType_Spec proxy_spec = {"metacall.Function", sizeof(struct py_proxy), 0,
                                 Py_TPFLAGS_DEFAULT | PY_TPFLAGS_HAVE_VECTORCALL, proxy_slots};

/* Python code gets its functions from a load, never from the class. */
static PyObject *proxy_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    (void)type, (void)args, (void)kwargs;
    PyErr_SetString(PyExc_TypeError, "metacall.Function cannot be instantiated");
    return NULL;
}

PyObject *py_proxy_type(void)
{
    static PyType_Slot slots[sizeof proxy_slots / sizeof proxy_slots[0] + 1];
    if (proxy_type == NULL) {
        slots[0].slot = Py_tp_new;
        slots[0].pfunc = (void *)proxy_new;
        memcpy(slots + 1, proxy_slots, sizeof proxy_slots);
        proxy_spec.slots = slots;
        proxy_type = PyType_FromSpec(&proxy_spec);
    }
    return proxy_type;
}

PyObject *py_proxy_create(metacall_function *function)
{
    PyObject *known = py_identity_find(&proxies, function), *type;
    struct py_proxy *proxy;
    if (known != NULL) {
        Py_INCREF(known);
        return known;
    }
    if ((type = py_proxy_type()) == NULL ||
        (proxy = (struct py_proxy *)PyType_GenericAlloc((PyTypeObject *)type, 0)) == NULL)
        return NULL;
    metacall_function_reference(function);
    proxy->vectorcall = proxy_call;
    proxy->function = function;
    if (py_identity_put(&proxies, function, proxy) != 0)
        PyErr_Clear(); /* out of memory: it lives without its identity */
    return (PyObject *)proxy;
}

metacall_function *py_proxy_function(PyObject *object)
{
    return proxy_type != NULL && Py_TYPE(object) == (PyTypeObject *)proxy_type
               ? ((struct py_proxy *)object)->function
               : NULL;
}

void py_proxy_finish(void)
{
    Py_CLEAR(proxy_type);
    py_identity_finish(&proxies);
}
