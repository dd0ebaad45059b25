/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A Python object as a handle: what other languages may ask of it (<metacall/object.h>). */
#include "py_object.h"

#include "py_arguments.h"
#include "py_error.h"
#include "py_function.h"
#include "py_future.h"
#include "py_home.h"
#include "py_kind.h"
#include "py_members.h"
#include "py_runtime.h"

#include <stdlib.h>
#include <string.h>

/* One operation on its way. */
struct operation {
    metacall_object *handle;
    PyObject *object;
    enum metacall_object_operation code;
    const char *name;
    const struct metacall_call *call;
    PyObject **args; /* call->count of them, and one free place in front */
    metacall_value *ret;
};

/* What the operation gave, taken over, into its result. NULL = a Python exception is set. */
static int give(struct operation *operation, PyObject *result)
{
    struct py_subject subject = {
        operation->name != NULL ? operation->name : operation->handle->type,
        "result",
        0,
        NULL,
        0,
        NULL};
    struct py_path path = {NULL, &subject, NULL, NULL, 0, 0};
    int rc;
    if (result == NULL)
        return py_error_raise();
    rc = py_value_from(result, operation->ret, PY_KEEP_COPY, &path);
    Py_DECREF(result);
    return rc;
}

/* The same for an iterator, which stays a handle even if it has a kind of its own. */
static int give_object(struct operation *operation, PyObject *result)
{
    int rc;
    if (result == NULL)
        return py_error_raise();
    rc = py_object_from(result, operation->ret);
    Py_DECREF(result);
    return rc;
}

/* 1, 0, or -1 with an exception set. */
static int give_truth(struct operation *operation, int truth)
{
    if (truth < 0)
        return py_error_raise();
    metacall_slot_bool(operation->ret, truth);
    return 0;
}

/* 0, or -1 with an exception set. */
static int give_nothing(struct operation *operation, int rc)
{
    if (rc < 0)
        return py_error_raise();
    metacall_slot_null(operation->ret);
    return 0;
}

static int give_number(struct operation *operation, Py_ssize_t number)
{
    if (number == -1 && PyErr_Occurred())
        return py_error_raise();
    metacall_slot_long(operation->ret, number);
    return 0;
}

/* ---------------------------------------------------------------------------------- attributes */

/* An attribute that is not there: others ask for names that need not exist. */
static int raise_attribute(void)
{
    int missing = PyErr_ExceptionMatches(PyExc_AttributeError);
    metacall_error *error;
    py_error_raise();
    error = metacall_error_peek();
    if (missing && error != NULL && error->code == METACALL_ERROR_GUEST)
        error->code = METACALL_ERROR_NOT_FOUND;
    return -1;
}

static PyObject *attribute(struct operation *operation)
{
    PyObject *name = PyUnicode_InternFromString(operation->name), *value = NULL;
    if (name != NULL)
        value = PyObject_GetAttr(operation->object, name);
    Py_XDECREF(name);
    return value;
}

static int get(struct operation *operation)
{
    PyObject *value = attribute(operation);
    return value != NULL ? give(operation, value) : raise_attribute();
}

static int has(struct operation *operation)
{
    PyObject *value = attribute(operation);
    if (value == NULL && !PyErr_ExceptionMatches(PyExc_AttributeError))
        return py_error_raise();
    PyErr_Clear();
    metacall_slot_bool(operation->ret, value != NULL);
    Py_XDECREF(value);
    return 0;
}

static int set_attribute(struct operation *operation, PyObject *value)
{
    if (PyObject_SetAttrString(operation->object, operation->name, value) != 0)
        return value == NULL ? raise_attribute() : py_error_raise();
    metacall_slot_null(operation->ret);
    return 0;
}

static int call_it(struct operation *operation, PyObject *callable)
{
    const struct metacall_call *call = operation->call;
    PyObject *names = NULL, *result = NULL;
    if (call->keyword_count == 0 || (names = py_arguments_names(call)) != NULL)
        result =
            py_api_vectorcall(callable, operation->args,
                              (call->count - call->keyword_count) | PY_VECTORCALL_OFFSET, names);
    Py_XDECREF(names);
    return give(operation, result);
}

/* The types that a method's annotations name are checked on its way as a function. */
static int call_typed(struct operation *operation, PyObject *method)
{
    metacall_function *function = py_function_of(method);
    int rc = -1;
    if (function != NULL)
        rc = metacall_function_call(function, operation->call, operation->ret);
    metacall_function_release(function);
    return rc;
}

static int call_method(struct operation *operation)
{
    PyObject *method = attribute(operation);
    int rc;
    if (method == NULL)
        return raise_attribute();
    rc = Py_IS_TYPE(method, &PyMethod_Type) && py_describe_is_typed(method)
             ? call_typed(operation, method)
             : call_it(operation, method);
    Py_DECREF(method);
    return rc;
}

/* -------------------------------------------------------------------- iteration and generators */

/* `result` of a step, taken over; NULL with StopIteration set is the end. */
static int step(struct operation *operation, PyObject *result)
{
    PyObject *type, *exception, *traceback, *value;
    if (result != NULL)
        return give(operation, result);
    if (PyErr_Occurred() == NULL) {
        metacall_slot_null(operation->ret);
        return 1;
    }
    if (!PyErr_ExceptionMatches(PyExc_StopIteration))
        return py_error_raise();
    PyErr_Fetch(&type, &exception, &traceback);
    PyErr_NormalizeException(&type, &exception, &traceback);
    value = PyObject_GetAttrString(exception, "value");
    Py_XDECREF(type);
    Py_XDECREF(exception);
    Py_XDECREF(traceback);
    return give(operation, value) == 0 ? 1 : -1;
}

static int next(struct operation *operation)
{
    if (operation->handle->flags & METACALL_OBJECT_IS_GENERATOR)
        return step(operation,
                    PyObject_CallMethod(operation->object, "send", "O",
                                        operation->call->count > 0 ? operation->args[0] : Py_None));
    if (PyIter_Check(operation->object))
        return step(operation, PyIter_Next(operation->object));
    PyErr_Format(PyExc_TypeError, "'%s' object is not an iterator", operation->handle->type);
    return py_error_raise();
}

static int close_generator(struct operation *operation)
{
    PyObject *result;
    if (!PyObject_HasAttrString(operation->object, "close")) {
        metacall_slot_null(operation->ret);
        return 1;
    }
    result = PyObject_CallMethod(operation->object, "close", NULL);
    return give(operation, result) == 0 ? 1 : -1;
}

/* Calls __exit__ or its like with the error that the body ended with, or with none. */
static PyObject *call_exit(struct operation *operation, const char *method)
{
    PyObject *error = operation->call->count > 0 ? operation->args[0] : Py_None;
    PyObject *traceback, *result;
    if (error == Py_None)
        return PyObject_CallMethod(operation->object, method, "OOO", Py_None, Py_None, Py_None);
    traceback = PyException_GetTraceback(error);
    result = PyObject_CallMethod(operation->object, method, "OOO", (PyObject *)Py_TYPE(error),
                                 error, traceback != NULL ? traceback : Py_None);
    Py_XDECREF(traceback);
    return result;
}

static int leave_context(struct operation *operation)
{
    PyObject *result = call_exit(operation, "__exit__");
    int truth = result != NULL ? PyObject_IsTrue(result) : -1;
    Py_XDECREF(result);
    return give_truth(operation, truth);
}

/* ---------------------------------------------------------------------------------------- all */

static int perform_attribute(struct operation *operation)
{
    switch (operation->code) {
    case METACALL_OBJECT_GET:
        return get(operation);
    case METACALL_OBJECT_SET:
        return set_attribute(operation, operation->args[0]);
    case METACALL_OBJECT_DELETE:
        return set_attribute(operation, NULL);
    case METACALL_OBJECT_HAS:
        return has(operation);
    case METACALL_OBJECT_NAMES:
        return give(operation, PyObject_Dir(operation->object));
    case METACALL_OBJECT_METHOD:
        return call_method(operation);
    default: /* CALL, CONSTRUCT */
        return call_it(operation, operation->object);
    }
}

static int perform_container(struct operation *operation)
{
    PyObject *object = operation->object, **args = operation->args;
    switch (operation->code) {
    case METACALL_OBJECT_ITEM_GET:
        return give(operation, PyObject_GetItem(object, args[0]));
    case METACALL_OBJECT_ITEM_SET:
        return give_nothing(operation, PyObject_SetItem(object, args[0], args[1]));
    case METACALL_OBJECT_ITEM_DELETE:
        return give_nothing(operation, PyObject_DelItem(object, args[0]));
    case METACALL_OBJECT_CONTAINS:
        return give_truth(operation, PySequence_Contains(object, args[0]));
    case METACALL_OBJECT_LENGTH:
        return give_number(operation, PyObject_Size(object));
    case METACALL_OBJECT_ITERATE:
        return give_object(operation, PyObject_GetIter(object));
    case METACALL_OBJECT_NEXT:
        return next(operation);
    case METACALL_OBJECT_THROW:
        return step(operation, PyObject_CallMethod(object, "throw", "O", args[0]));
    default: /* RETURN */
        return close_generator(operation);
    }
}

/* An integer where it stands for one (an IntEnum), else what float() makes of it (a Fraction). */
static int give_as_number(struct operation *operation)
{
    if (PyIndex_Check(operation->object))
        return give(operation, PyNumber_Index(operation->object));
    if (PyObject_HasAttrString((PyObject *)Py_TYPE(operation->object), "__float__"))
        return give(operation, PyNumber_Float(operation->object));
    return give_nothing(operation, 0);
}

static int perform_rest(struct operation *operation)
{
    PyObject *object = operation->object;
    switch (operation->code) {
    case METACALL_OBJECT_ASYNC_ITERATE:
        return give_object(operation, PyObject_CallMethod(object, "__aiter__", NULL));
    case METACALL_OBJECT_ASYNC_NEXT:
        return py_future_step(object, operation->ret);
    case METACALL_OBJECT_ASYNC_RETURN:
        return py_future_close(object, operation->ret);
    case METACALL_OBJECT_ENTER:
        return give(operation, PyObject_CallMethod(object, "__enter__", NULL));
    case METACALL_OBJECT_EXIT:
        return leave_context(operation);
    case METACALL_OBJECT_ASYNC_ENTER:
        return give(operation, PyObject_CallMethod(object, "__aenter__", NULL));
    case METACALL_OBJECT_ASYNC_EXIT:
        return give(operation, call_exit(operation, "__aexit__"));
    case METACALL_OBJECT_TEXT:
        return give(operation, PyObject_Str(object));
    case METACALL_OBJECT_REPR:
        return give(operation, PyObject_Repr(object));
    case METACALL_OBJECT_TYPE:
        return py_object_from((PyObject *)Py_TYPE(object), operation->ret);
    case METACALL_OBJECT_INSTANCE:
        return give_truth(operation, PyObject_IsInstance(object, operation->args[0]));
    case METACALL_OBJECT_EQUAL:
        return give_truth(operation, PyObject_RichCompareBool(object, operation->args[0], Py_EQ));
    case METACALL_OBJECT_SIGNATURE:
        return give(operation, py_describe_parameters(operation->object));
    case METACALL_OBJECT_MEMBERS:
        return give(operation, py_members(operation->object));
    case METACALL_OBJECT_HASH:
        return give_number(operation, PyObject_Hash(object));
    case METACALL_OBJECT_NUMBER:
        return give_as_number(operation);
    default:
        return metacall_error_raise(METACALL_ERROR_SUPPORT,
                                    "Python knows no operation %d of an object", operation->code);
    }
}

static int perform_converted(struct operation *operation)
{
    if (operation->code <= METACALL_OBJECT_CONSTRUCT)
        return perform_attribute(operation);
    if (operation->code <= METACALL_OBJECT_RETURN)
        return perform_container(operation);
    return perform_rest(operation);
}

static int perform(struct operation *operation, PyObject **room)
{
    size_t made;
    int rc = -1;
    operation->args = room + 1;
    made = py_arguments_objects(operation->call, operation->args);
    if (made == operation->call->count)
        rc = perform_converted(operation);
    else if (PyErr_Occurred())
        py_error_raise();
    while (made-- > 0)
        Py_DECREF(operation->args[made]);
    return rc;
}

static int object_perform(metacall_object *handle, enum metacall_object_operation code,
                          const char *name, const struct metacall_call *call, metacall_value *ret)
{
    PyObject *room[PY_ARGUMENTS_STACK + 1], **more = NULL;
    struct operation operation = {handle, NULL, code, name, call, NULL, ret};
    struct py_scope scope;
    int rc;
    if (call->count > PY_ARGUMENTS_STACK &&
        (more = malloc((call->count + 1) * sizeof *more)) == NULL)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    if ((rc = py_enter(&scope)) == 0) {
        operation.object = ((struct py_home *)handle->native)->object;
        rc = perform(&operation, more != NULL ? more : room);
        py_leave(&scope);
    }
    free(more);
    return rc;
}

static void object_destroy(metacall_object *handle)
{
    py_home_leave(handle->native);
}

static const struct metacall_object_ops object_ops = {object_perform, object_destroy};

static metacall_object *create(PyObject *object)
{
    struct py_home *home = calloc(1, sizeof *home);
    metacall_object *handle;
    uint32_t flags;
    if (home == NULL) {
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        return NULL;
    }
    flags = py_kind_flags(object);
    handle = metacall_object_create(
        py_runtime.loader,
        py_error_type_name(PyType_Check(object) ? object : (PyObject *)Py_TYPE(object)),
        &object_ops, home, flags);
    if (handle == NULL) {
        free(home);
        return NULL;
    }
    py_home_keep(home, PY_HOME_OBJECT, object, handle, &handle->refs);
    return handle;
}

int py_object_from(PyObject *object, metacall_value *slot)
{
    metacall_object *handle = py_object_behind(object);
    if (handle != NULL) {
        metacall_slot_object(slot, handle);
        return 0;
    }
    if ((handle = py_home_find(object, PY_HOME_OBJECT)) == NULL &&
        (handle = create(object)) == NULL)
        return -1;
    metacall_slot_object(slot, handle);
    metacall_object_release(handle);
    return 0;
}

PyObject *py_object_to(metacall_object *handle)
{
    PyObject *object;
    if (handle->ops != &object_ops)
        return py_object_proxy(handle);
    object = ((struct py_home *)handle->native)->object;
    Py_INCREF(object);
    return object;
}
