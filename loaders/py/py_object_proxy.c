/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* metacall.Object: an object of another language as a Python object. Names that begin and end with
 * two underscores are Python's own; all others are asked of the object. */
#include "py_foreign.h"

#include "py_arguments.h"
#include "py_error.h"
#include "py_identity.h"
#include "py_runtime.h"

static struct py_identity proxies; /* metacall_object * -> PyObject *, not held */
static PyObject *base_type;        /* metacall.Object */

const char *py_foreign_tag(PyObject *self)
{
    const metacall_loader *loader = py_foreign_handle(self)->loader;
    return loader != NULL ? metacall_loader_tag(loader) : "c";
}

/* --------------------------------------------------------------------------- asking the object */

int py_foreign_perform(PyObject *self, enum metacall_object_operation operation, const char *name,
                       const struct metacall_call *call, metacall_value *ret)
{
    struct py_parked parked;
    int rc;
    py_park(&parked);
    rc = metacall_object_perform(py_foreign_handle(self), operation, name, call, ret);
    py_unpark(&parked);
    return rc;
}

static PyObject *take_result(metacall_value *ret, const char *name)
{
    struct py_subject subject = {name, "result", 0, NULL, 0, NULL};
    PyObject *object = py_value_to(ret, &subject);
    metacall_slot_clear(ret);
    return object != NULL ? object : py_error_to_python();
}

PyObject *py_foreign_take(metacall_value *ret)
{
    return take_result(ret, NULL);
}

PyObject *py_foreign_ask_with(PyObject *self, enum metacall_object_operation operation,
                              const char *name, PyObject *const *args, size_t positional,
                              PyObject *names, int *ret_end)
{
    size_t keywords = names != NULL ? (size_t)PyTuple_Size(names) : 0;
    metacall_value ret = METACALL_SLOT_INIT;
    struct py_arguments room;
    int rc = -1;
    if (py_arguments_init(&room, positional + keywords) != 0)
        return py_error_to_python();
    if (py_arguments_fill(&room, name != NULL ? name : py_foreign_handle(self)->type, args, names,
                          positional) == 0) {
        struct metacall_call call = {room.args, room.count, room.keywords, keywords};
        rc = py_foreign_perform(self, operation, name, &call, &ret);
    }
    py_arguments_finish(&room);
    if (rc < 0)
        return py_error_to_python();
    if (ret_end != NULL)
        *ret_end = rc == 1;
    return take_result(&ret, name);
}

PyObject *py_foreign_ask(PyObject *self, enum metacall_object_operation operation,
                         PyObject *argument)
{
    return py_foreign_ask_with(self, operation, NULL, &argument, argument != NULL, NULL, NULL);
}

int py_foreign_truth(PyObject *self, enum metacall_object_operation operation, PyObject *argument)
{
    PyObject *result = py_foreign_ask(self, operation, argument);
    int truth = result != NULL ? PyObject_IsTrue(result) : -1;
    Py_XDECREF(result);
    return truth;
}

void py_foreign_raise_missing(PyObject *self, PyObject *type, PyObject *name)
{
    metacall_error *error = metacall_error_peek();
    if (error == NULL || error->code != METACALL_ERROR_NOT_FOUND) {
        py_error_to_python();
        return;
    }
    metacall_error_release(metacall_error_take());
    if (type == PyExc_AttributeError)
        PyErr_Format(type, "'%s' object of %s has no attribute '%U'", py_foreign_handle(self)->type,
                     py_foreign_tag(self), name);
    else
        PyErr_SetObject(type, name);
}

/* ---------------------------------------------------------------------------------- attributes */

static int is_special(const char *name, Py_ssize_t size)
{
    return size > 4 && name[0] == '_' && name[1] == '_' && name[size - 1] == '_' &&
           name[size - 2] == '_';
}

/* Is it a name of the proxy itself (language, and what protocols of Python ask for)? */
static int is_own(PyObject *self, PyObject *name, const char *text, Py_ssize_t size)
{
    if (is_special(text, size))
        return 1;
    return _PyType_Lookup != NULL ? _PyType_Lookup(Py_TYPE(self), name) != NULL
                                  : PyObject_HasAttr((PyObject *)Py_TYPE(self), name);
}

static PyObject *proxy_getattro(PyObject *self, PyObject *name)
{
    metacall_value ret = METACALL_SLOT_INIT;
    Py_ssize_t size;
    const char *text = PyUnicode_AsUTF8AndSize(name, &size);
    if (text == NULL)
        return NULL;
    if (is_own(self, name, text, size))
        return PyObject_GenericGetAttr(self, name);
    if (py_foreign_perform(self, METACALL_OBJECT_GET, text, NULL, &ret) != 0) {
        py_foreign_raise_missing(self, PyExc_AttributeError, name);
        return NULL;
    }
    return py_foreign_take(&ret);
}

static int proxy_setattro(PyObject *self, PyObject *name, PyObject *value)
{
    metacall_value ret = METACALL_SLOT_INIT;
    PyObject *result;
    Py_ssize_t size;
    const char *text = PyUnicode_AsUTF8AndSize(name, &size);
    if (text == NULL)
        return -1;
    if (is_own(self, name, text, size))
        return PyObject_GenericSetAttr(self, name, value);
    if (value != NULL) {
        result = py_foreign_ask_with(self, METACALL_OBJECT_SET, text, &value, 1, NULL, NULL);
        Py_XDECREF(result);
        return result != NULL ? 0 : -1;
    }
    if (py_foreign_perform(self, METACALL_OBJECT_DELETE, text, NULL, &ret) != 0) {
        py_foreign_raise_missing(self, PyExc_AttributeError, name);
        return -1;
    }
    metacall_slot_clear(&ret);
    return 0;
}

/* Both the object's names and the proxy's own. */
static PyObject *proxy_dir(PyObject *self, PyObject *unused)
{
    PyObject *names = py_foreign_ask(self, METACALL_OBJECT_NAMES, NULL), *own, *done;
    (void)unused;
    if (names == NULL)
        return NULL;
    if ((own = PyObject_Dir((PyObject *)Py_TYPE(self))) == NULL ||
        (done = PyObject_CallMethod(names, "extend", "O", own)) == NULL)
        Py_CLEAR(names);
    else
        Py_DECREF(done);
    Py_XDECREF(own);
    return names;
}

/* A loader may know nothing of an operation that every object of Python has: then the exception
 * that is set is cleared, 1, and Python's own answer stands in. */
static int is_unknown(void)
{
    PyObject *type = py_error_class("SupportError");
    if (type == NULL || !PyErr_ExceptionMatches(type))
        return 0;
    PyErr_Clear();
    return 1;
}

static PyObject *proxy_repr(PyObject *self)
{
    PyObject *text = py_foreign_ask(self, METACALL_OBJECT_REPR, NULL);
    if (text == NULL && is_unknown())
        text = PyUnicode_FromFormat("<%s object %s at %p>", py_foreign_tag(self),
                                    py_foreign_handle(self)->type, self);
    return text;
}

static PyObject *proxy_str(PyObject *self)
{
    PyObject *text = py_foreign_ask(self, METACALL_OBJECT_TEXT, NULL);
    return text == NULL && is_unknown() ? proxy_repr(self) : text;
}

static PyObject *proxy_compare(PyObject *self, PyObject *other, int operation)
{
    int equal;
    if (operation != Py_EQ && operation != Py_NE)
        Py_RETURN_NOTIMPLEMENTED;
    if (self == other)
        return PyBool_FromLong(operation == Py_EQ);
    if (py_object_behind(other) == NULL)
        Py_RETURN_NOTIMPLEMENTED; /* it may know better; else they are two */
    if ((equal = py_foreign_truth(self, METACALL_OBJECT_EQUAL, other)) < 0) {
        if (!is_unknown())
            return NULL;
        equal = 0;
    }
    return PyBool_FromLong(equal == (operation == Py_EQ));
}

static Py_hash_t proxy_hash(PyObject *self)
{
    PyObject *number = py_foreign_ask(self, METACALL_OBJECT_HASH, NULL);
    Py_hash_t hash;
    if (number == NULL) {
        if (!is_unknown())
            return -1;
        hash = (Py_hash_t)((uintptr_t)py_foreign_handle(self) >> 4);
    } else {
        hash = PyObject_Hash(number);
        Py_DECREF(number);
    }
    return hash == -1 ? -2 : hash;
}

/* ----------------------------------------------------------------------------------- the type */

static PyObject *get_language(PyObject *self, void *unused)
{
    (void)unused;
    return PyUnicode_FromString(py_foreign_tag(self));
}

static void proxy_dealloc(PyObject *self)
{
    struct py_foreign *proxy = (struct py_foreign *)self;
    PyTypeObject *type = Py_TYPE(self);
    metacall_object *handle = proxy->handle;
    void (*release)(void *) = (void (*)(void *))PyType_GetSlot(type, Py_tp_free);
    py_identity_remove(&proxies, handle, self);
    if (proxy->weak_references != NULL)
        PyObject_ClearWeakRefs(self);
    release(self);
    Py_DECREF((PyObject *)type);
    metacall_object_release(handle);
}

static PyObject *proxy_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    (void)type, (void)args, (void)keywords;
    PyErr_SetString(PyExc_TypeError,
                    "objects of other languages come from there; call their class");
    return NULL;
}

static PyMemberDef members[] = {{"__weaklistoffset__", T_PYSSIZET,
                                 offsetof(struct py_foreign, weak_references), READONLY, NULL},
                                {NULL, 0, 0, 0, NULL}};

static PyGetSetDef object_getset[] = {
    {"language", get_language, NULL, "Tag of the loader that the object belongs to.", NULL},
    {NULL, NULL, NULL, NULL, NULL}};

static PyMethodDef object_methods[] = {{"__dir__", proxy_dir, METH_NOARGS, NULL},
                                       {NULL, NULL, 0, NULL}};

static PyType_Slot object_slots[] = {{Py_tp_new, proxy_new},
                                     {Py_tp_dealloc, proxy_dealloc},
                                     {Py_tp_getattro, proxy_getattro},
                                     {Py_tp_setattro, proxy_setattro},
                                     {Py_tp_repr, proxy_repr},
                                     {Py_tp_str, proxy_str},
                                     {Py_tp_richcompare, proxy_compare},
                                     {Py_tp_hash, proxy_hash},
                                     {Py_tp_methods, object_methods},
                                     {Py_tp_getset, object_getset},
                                     {Py_tp_members, members},
                                     {Py_tp_doc, "An object of another language."},
                                     {0, NULL}};

PyObject *py_object_type(void)
{
    static PyType_Spec spec = {"metacall.Object", sizeof(struct py_foreign), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, object_slots};
    if (base_type == NULL)
        base_type = PyType_FromSpec(&spec);
    return base_type;
}

PyObject *py_object_proxy(metacall_object *handle)
{
    PyObject *known = py_identity_find(&proxies, handle), *type;
    struct py_foreign *proxy;
    if (known != NULL) {
        Py_INCREF(known);
        return known;
    }
    if ((type = py_foreign_type_for(handle->flags)) == NULL ||
        (proxy = (struct py_foreign *)PyType_GenericAlloc((PyTypeObject *)type, 0)) == NULL)
        return NULL;
    metacall_object_reference(handle);
    proxy->handle = handle;
    py_identity_put(&proxies, handle, proxy); /* out of memory: it lives without its identity */
    return (PyObject *)proxy;
}

metacall_object *py_object_behind(PyObject *object)
{
    return base_type != NULL && PyObject_TypeCheck(object, (PyTypeObject *)base_type)
               ? py_foreign_handle(object)
               : NULL;
}

void py_object_finish(void)
{
    py_foreign_types_finish();
    Py_CLEAR(base_type);
    py_identity_finish(&proxies);
}
