/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The functions of the module metacall, over the C API. The interpreter's lock is given up around
 * every call into the library: a load may start another runtime. */
#include "py_port.h"

#include "py_async.h"
#include "py_error.h"
#include "py_function.h"
#include "py_future.h"
#include "py_object.h"
#include "py_runtime.h"
#include "py_value.h"

#include <metacall/host.h>
#include <metacall/metacall.h>
#include <metacall/registry.h>

#include <stdlib.h>
#include <string.h>

#define HANDLE_CAPSULE "metacall.handle"

typedef PyObject *(*py_fast_keywords)(PyObject *self, PyObject *const *args, Py_ssize_t count,
                                      PyObject *names);

/* -------------------------------------------------------------------------------------- calls */

static PyObject *port_call(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    struct py_parked parked;
    metacall_function *function;
    PyObject *callable, *result;
    const char *name;
    (void)self;
    if (count < 1 || !PyUnicode_Check(args[0]) ||
        (name = PyUnicode_AsUTF8AndSize(args[0], NULL)) == NULL) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError,
                            "metacall() takes the name of a function, a str, first");
        return NULL;
    }
    py_park(&parked);
    if ((function = metacall_function(name)) != NULL)
        metacall_function_reference(function);
    else if (metacall_error_peek() == NULL)
        metacall_error_raise(METACALL_ERROR_NOT_FOUND, "no function '%s' is loaded", name);
    py_unpark(&parked);
    if (function == NULL)
        return py_error_to_python();
    callable = py_function_object(function);
    metacall_function_release(function);
    if (callable == NULL)
        return NULL;
    result = py_api_vectorcall(callable, args + 1, (size_t)count - 1, names);
    Py_DECREF(callable);
    return result;
}

/* -------------------------------------------------------------------------------------- loads */

/* Paths as the library wants them: `items` keeps the bytes alive. */
struct paths {
    PyObject *items;
    const char **list;
    size_t count;
};

static void paths_finish(struct paths *paths)
{
    Py_XDECREF(paths->items);
    free(paths->list);
}

/* A str or path, or a list or tuple of them. 0, or -1 with an exception set. */
static int paths_init(struct paths *paths, PyObject *given)
{
    PyObject *bytes;
    Py_ssize_t i;
    paths->list = NULL;
    if (!PyList_Check(given) && !PyTuple_Check(given))
        paths->items = PyTuple_Pack(1, given);
    else
        paths->items = PySequence_List(given);
    if (paths->items == NULL)
        return -1;
    given = paths->items;
    paths->count = (size_t)PySequence_Size(given);
    paths->items = PyList_New(0);
    paths->list = calloc(paths->count + 1, sizeof *paths->list);
    for (i = 0; paths->items != NULL && paths->list != NULL && i < (Py_ssize_t)paths->count; i++) {
        PyObject *item = PySequence_GetItem(given, i);
        int failed = PyUnicode_FSConverter(item, &bytes) == 0;
        Py_XDECREF(item);
        if (failed || PyList_Append(paths->items, bytes) != 0)
            break;
        Py_DECREF(bytes);
        paths->list[i] = PyBytes_AsString(bytes);
    }
    Py_DECREF(given);
    if (PyErr_Occurred() || paths->items == NULL || paths->list == NULL) {
        paths_finish(paths);
        return PyErr_Occurred() ? -1 : (PyErr_NoMemory(), -1);
    }
    return 0;
}

/* How a load answers. */
enum answer {
    ANSWER_TRUE,   /* the names joined the global scope */
    ANSWER_NAMES,  /* a dict of the names */
    ANSWER_HANDLE, /* that dict and the handle, which clear() takes */
};

/* What a load brought. Takes `rc` of the load. */
static PyObject *exported(int rc, void *handle, enum answer answer)
{
    static const struct py_subject subject = {NULL, "export", 0, NULL, 0, NULL};
    struct py_parked parked;
    metacall_value *map;
    PyObject *dict;
    if (rc != 0)
        return py_error_to_python();
    if (answer == ANSWER_TRUE) {
        Py_INCREF(Py_True);
        return Py_True;
    }
    py_park(&parked);
    map = metacall_handle_export(handle);
    py_unpark(&parked);
    if (map == NULL)
        return py_error_to_python();
    dict = py_value_to(map, &subject);
    metacall_value_destroy(map);
    if (dict == NULL)
        return py_error_to_python();
    return answer == ANSWER_NAMES
               ? dict
               : Py_BuildValue("NN", dict, PyCapsule_New(handle, HANDLE_CAPSULE, NULL));
}

static PyObject *load_files(PyObject *args, const char *format, enum answer answer)
{
    const char *tag;
    PyObject *given;
    struct paths paths;
    struct py_parked parked;
    void *handle = NULL;
    int rc;
    if (!PyArg_ParseTuple(args, format, &tag, &given) || paths_init(&paths, given) != 0)
        return NULL;
    py_park(&parked);
    rc = metacall_load_from_file(tag, paths.list, paths.count,
                                 answer != ANSWER_TRUE ? &handle : NULL);
    py_unpark(&parked);
    paths_finish(&paths);
    return exported(rc, handle, answer);
}

static PyObject *port_load_from_file(PyObject *self, PyObject *args)
{
    (void)self;
    return load_files(args, "sO:metacall_load_from_file", ANSWER_TRUE);
}

static PyObject *port_load_from_file_export(PyObject *self, PyObject *args)
{
    (void)self;
    return load_files(args, "sO:metacall_load_from_file_export", ANSWER_NAMES);
}

/* For the finder, which takes back what it loaded when a module is loaded anew. */
static PyObject *port_load_file(PyObject *self, PyObject *args)
{
    (void)self;
    return load_files(args, "sO:load_file", ANSWER_HANDLE);
}

static PyObject *port_clear(PyObject *self, PyObject *capsule)
{
    void *handle = PyCapsule_GetPointer(capsule, HANDLE_CAPSULE);
    struct py_parked parked;
    int rc;
    (void)self;
    if (handle == NULL || PyCapsule_SetName(capsule, HANDLE_CAPSULE ".cleared") != 0)
        return NULL;
    py_park(&parked);
    rc = metacall_clear(handle);
    py_unpark(&parked);
    if (rc != 0)
        return py_error_to_python();
    Py_INCREF(Py_None);
    return Py_None;
}

static PyObject *load_text(PyObject *args, const char *format, enum answer answer)
{
    const char *tag, *text;
    Py_ssize_t size;
    struct py_parked parked;
    void *handle = NULL;
    int rc;
    if (!PyArg_ParseTuple(args, format, &tag, &text, &size))
        return NULL;
    py_park(&parked);
    rc = metacall_load_from_memory(tag, text, (size_t)size, answer != ANSWER_TRUE ? &handle : NULL);
    py_unpark(&parked);
    return exported(rc, handle, answer);
}

static PyObject *port_load_from_memory(PyObject *self, PyObject *args)
{
    (void)self;
    return load_text(args, "ss#:metacall_load_from_memory", ANSWER_TRUE);
}

static PyObject *port_load_from_memory_export(PyObject *self, PyObject *args)
{
    (void)self;
    return load_text(args, "ss#:metacall_load_from_memory_export", ANSWER_NAMES);
}

static PyObject *load_package(PyObject *args, const char *format, enum answer answer)
{
    const char *tag, *name;
    PyObject *options = Py_None;
    struct py_parked parked;
    void *handle = NULL;
    int rc;
    if (!PyArg_ParseTuple(args, format, &tag, &name, &options))
        return NULL;
    if (options != Py_None) {
        PyErr_SetString(PyExc_ValueError, "no loader takes options for a package; leave them out");
        return NULL;
    }
    py_park(&parked);
    rc = metacall_load_from_package(tag, name, answer != ANSWER_TRUE ? &handle : NULL);
    py_unpark(&parked);
    return exported(rc, handle, answer);
}

static PyObject *port_load_from_package(PyObject *self, PyObject *args)
{
    (void)self;
    return load_package(args, "ss|O:metacall_load_from_package", ANSWER_TRUE);
}

static PyObject *port_load_from_package_export(PyObject *self, PyObject *args)
{
    (void)self;
    return load_package(args, "ss|O:metacall_load_from_package_export", ANSWER_NAMES);
}

static PyObject *load_configuration(PyObject *args, const char *format, enum answer answer)
{
    PyObject *given;
    struct paths paths;
    struct py_parked parked;
    void *handle = NULL;
    int rc;
    if (!PyArg_ParseTuple(args, format, &given) || paths_init(&paths, given) != 0)
        return NULL;
    py_park(&parked);
    rc = metacall_load_from_configuration(paths.count > 0 ? paths.list[0] : "",
                                          answer != ANSWER_TRUE ? &handle : NULL, NULL);
    py_unpark(&parked);
    paths_finish(&paths);
    return exported(rc, handle, answer);
}

static PyObject *port_load_from_configuration(PyObject *self, PyObject *args)
{
    (void)self;
    return load_configuration(args, "O:metacall_load_from_configuration", ANSWER_TRUE);
}

static PyObject *port_load_from_configuration_export(PyObject *self, PyObject *args)
{
    (void)self;
    return load_configuration(args, "O:metacall_load_from_configuration_export", ANSWER_NAMES);
}

static PyObject *port_execution_path(PyObject *self, PyObject *args)
{
    const char *tag;
    PyObject *given;
    struct paths paths;
    struct py_parked parked;
    int rc;
    (void)self;
    if (!PyArg_ParseTuple(args, "sO:metacall_execution_path", &tag, &given) ||
        paths_init(&paths, given) != 0)
        return NULL;
    py_park(&parked);
    rc = metacall_execution_path(tag, paths.count > 0 ? paths.list[0] : "");
    py_unpark(&parked);
    paths_finish(&paths);
    return exported(rc, NULL, 0);
}

/* ------------------------------------------------------------------------------------ questions */

static PyObject *port_inspect(PyObject *self, PyObject *unused)
{
    static const struct py_subject subject = {"metacall_inspect", "result", 0, NULL, 0, NULL};
    struct py_parked parked;
    metacall_value *map;
    PyObject *dict;
    (void)self, (void)unused;
    py_park(&parked);
    map = metacall_inspect_value();
    py_unpark(&parked);
    if (map == NULL)
        return py_error_to_python();
    dict = py_value_to(map, &subject);
    metacall_value_destroy(map);
    if (dict == NULL)
        return py_error_to_python();
    if (PyDict_Check(dict) && PyDict_GetItemString(dict, "__metacall_host__") != NULL)
        PyDict_DelItemString(dict, "__metacall_host__");
    return dict;
}

static PyObject *port_host(PyObject *self, PyObject *unused)
{
    struct py_parked parked;
    struct metacall_host host;
    int rc;
    (void)self, (void)unused;
    py_park(&parked);
    rc = metacall_host_current(&host);
    py_unpark(&parked);
    if (rc < 0)
        return py_error_to_python();
    if (rc > 0) {
        Py_INCREF(Py_None);
        return Py_None;
    }
    return Py_BuildValue("{s:s,s:z,s:z,s:O,s:O,s:z}", "tag", host.tag, "version", host.version,
                         "owner", host.owner, "in_executable",
                         host.in_executable ? Py_True : Py_False, "running",
                         host.running ? Py_True : Py_False, "evidence", host.evidence);
}

/* The tag for a file name, a language or a tag; None where no manifest knows it. */
static PyObject *port_tag_for(PyObject *self, PyObject *name)
{
    char tag[METACALL_REGISTRY_TAG_SIZE] = "";
    metacall_registry *registry = NULL;
    struct py_parked parked;
    const char *text = PyUnicode_Check(name) ? PyUnicode_AsUTF8AndSize(name, NULL) : NULL;
    int rc;
    (void)self;
    if (text == NULL)
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_TypeError, "a name is a str");
    py_park(&parked);
    rc = metacall_registry_open(NULL, &registry);
    if (rc == 0)
        rc = metacall_registry_tag_for_path(registry, text, tag);
    metacall_registry_close(registry);
    if (rc != 0)
        metacall_error_release(metacall_error_take());
    py_unpark(&parked);
    if (rc != 0) {
        Py_INCREF(Py_None);
        return Py_None;
    }
    return PyUnicode_FromString(tag);
}

static PyObject *port_error_class(PyObject *self, PyObject *name)
{
    const char *text = PyUnicode_Check(name) ? PyUnicode_AsUTF8AndSize(name, NULL) : NULL;
    PyObject *type = text != NULL ? py_error_class(text) : NULL;
    (void)self;
    if (type == NULL && PyErr_Occurred())
        return NULL;
    type = type != NULL ? type : Py_None;
    Py_INCREF(type);
    return type;
}

/* The types of what comes from elsewhere, each made when somebody asks for it; else None. */
static PyObject *port_proxy_type(PyObject *self, PyObject *name)
{
    PyObject *type = Py_None;
    (void)self;
    if (!PyUnicode_Check(name))
        return PyErr_Format(PyExc_TypeError, "a name is a str");
    if (PyUnicode_CompareWithASCIIString(name, "Object") == 0)
        type = py_object_type();
    else if (PyUnicode_CompareWithASCIIString(name, "Class") == 0)
        type = py_object_class_type();
    else if (PyUnicode_CompareWithASCIIString(name, "Future") == 0)
        type = py_promise_type();
    Py_XINCREF(type);
    return type;
}

/* ------------------------------------------------------------------------------------- pointers */

/* A capsule of the heap value, which it takes over; NULL is the thread's error. */
static PyObject *capsule_of(metacall_value *value)
{
    PyObject *capsule = value != NULL ? py_value_capsule(value) : py_error_to_python();
    if (capsule == NULL && value != NULL)
        metacall_value_destroy(value);
    return capsule;
}

static PyObject *port_create_ptr(PyObject *self, PyObject *object)
{
    void *pointer = NULL;
    (void)self;
    if (PyLong_Check(object)) {
        pointer = PyLong_AsVoidPtr(object);
        if (pointer == NULL && PyErr_Occurred())
            return NULL;
    } else if (object != Py_None) {
        PyErr_SetString(PyExc_TypeError,
                        "metacall_value_create_ptr() takes None or an address, an int");
        return NULL;
    }
    return capsule_of(metacall_value_create_ptr(pointer));
}

/* A pointer to a value of its own, made from any object. */
static PyObject *port_reference(PyObject *self, PyObject *object)
{
    static const struct py_subject subject = {
        "metacall_value_reference", "argument", 1, NULL, 0, NULL};
    struct py_path path = {NULL, &subject, NULL, NULL, 0, 0};
    metacall_value slot = METACALL_SLOT_INIT, *kept, *pointer;
    PyObject *capsule, *owner;
    (void)self;
    if (py_value_from(object, &slot, PY_KEEP_COPY, &path) != 0)
        return py_error_to_python();
    kept = metacall_value_copy(&slot);
    metacall_slot_clear(&slot);
    if (kept == NULL || (owner = capsule_of(kept)) == NULL)
        return kept != NULL ? NULL : py_error_to_python();
    pointer = metacall_value_reference(kept);
    capsule = capsule_of(pointer);
    if (capsule == NULL || PyCapsule_SetContext(capsule, owner) != 0)
        Py_DECREF(owner);
    return capsule;
}

static PyObject *port_dereference(PyObject *self, PyObject *capsule)
{
    static const struct py_subject subject = {
        "metacall_value_dereference", "result", 0, NULL, 0, NULL};
    metacall_value *value;
    PyObject *object;
    (void)self;
    if (!PyCapsule_IsValid(capsule, PY_VALUE_CAPSULE)) {
        PyErr_SetString(PyExc_TypeError, "metacall_value_dereference() takes what "
                                         "metacall_value_reference() gave");
        return NULL;
    }
    value = metacall_value_dereference(PyCapsule_GetPointer(capsule, PY_VALUE_CAPSULE));
    if (value == NULL)
        return py_error_to_python();
    object = py_value_to(value, &subject);
    return object != NULL ? object : py_error_to_python();
}

/* ---------------------------------------------------------------------------------------- hooks */

/* The host's exit: guests end first, while they can still call Python. */
static PyObject *hook_exit(PyObject *self, PyObject *unused)
{
    struct py_parked parked;
    (void)self, (void)unused;
    py_park(&parked);
    metacall_host_exit();
    py_unpark(&parked);
    Py_INCREF(Py_None);
    return Py_None;
}

static PyObject *hook_fork_child(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    py_runtime_after_fork();
    py_async_forked();
    Py_INCREF(Py_None);
    return Py_None;
}

static PyMethodDef exit_method = {"metacall_exit", hook_exit, METH_NOARGS, NULL};
static PyMethodDef fork_method = {"metacall_after_fork", hook_fork_child, METH_NOARGS, NULL};

int py_port_hook_host(void)
{
    PyObject *module = PyImport_ImportModule("atexit"), *hook = NULL, *done = NULL;
    if (module != NULL && (hook = PyCFunction_New(&exit_method, NULL)) != NULL)
        done = PyObject_CallMethod(module, "register", "O", hook);
    Py_XDECREF(hook);
    Py_XDECREF(module);
    Py_XDECREF(done);
    return done != NULL ? 0 : -1;
}

int py_port_hook_fork(void)
{
    PyObject *module = PyImport_ImportModule("posix"), *hook = NULL, *plain = NULL, *done = NULL;
    PyObject *args = PyTuple_New(0), *names = PyDict_New();
    if (module != NULL && args != NULL && names != NULL &&
        (hook = PyCFunction_New(&fork_method, NULL)) != NULL &&
        PyDict_SetItemString(names, "after_in_child", hook) == 0 &&
        (plain = PyObject_GetAttrString(module, "register_at_fork")) != NULL)
        done = PyObject_Call(plain, args, names);
    Py_XDECREF(plain);
    Py_XDECREF(hook);
    Py_XDECREF(names);
    Py_XDECREF(args);
    Py_XDECREF(module);
    Py_XDECREF(done);
    return done != NULL ? 0 : -1;
}

/* --------------------------------------------------------------------------------------- module */

static PyMethodDef methods[] = {
    {"metacall", (PyCFunction)(void *)(py_fast_keywords)port_call, PY_METH_FASTCALL | METH_KEYWORDS,
     "metacall($module, name, /, *args, **kwargs)\n--\n\nCalls a loaded function by its name."},
    {"metacall_load_from_file", port_load_from_file, METH_VARARGS,
     "metacall_load_from_file($module, tag, paths, /)\n--\n\nLoads scripts into the global scope "
     "of their tag; "
     "raises metacall.LoadError and its like."},
    {"metacall_load_from_file_export", port_load_from_file_export, METH_VARARGS,
     "metacall_load_from_file_export($module, tag, paths, /)\n--\n\nLoads scripts and returns what "
     "they define."},
    {"metacall_load_from_memory", port_load_from_memory, METH_VARARGS,
     "metacall_load_from_memory($module, tag, text, /)\n--\n\nLoads a script from its text."},
    {"metacall_load_from_memory_export", port_load_from_memory_export, METH_VARARGS,
     "metacall_load_from_memory_export($module, tag, text, /)\n--\n\nThe same; returns what it "
     "defines."},
    {"metacall_load_from_package", port_load_from_package, METH_VARARGS,
     "metacall_load_from_package($module, tag, name, /)\n--\n\nLoads a package that the language "
     "knows by name."},
    {"metacall_load_from_package_ex", port_load_from_package, METH_VARARGS,
     "metacall_load_from_package_ex($module, tag, name, options=None, /)\n--\n\nThe same."},
    {"load_file", port_load_file, METH_VARARGS, NULL},
    {"clear", port_clear, METH_O, NULL},
    {"metacall_load_from_package_export", port_load_from_package_export, METH_VARARGS,
     "metacall_load_from_package_export($module, tag, name, /)\n--\n\nThe same; returns what it "
     "defines."},
    {"metacall_load_from_configuration", port_load_from_configuration, METH_VARARGS,
     "metacall_load_from_configuration($module, path, /)\n--\n\nLoads what a metacall.json lists."},
    {"metacall_load_from_configuration_export", port_load_from_configuration_export, METH_VARARGS,
     "metacall_load_from_configuration_export($module, path, /)\n--\n\nThe same; returns what it "
     "defines."},
    {"metacall_execution_path", port_execution_path, METH_VARARGS,
     "metacall_execution_path($module, tag, path, /)\n--\n\nAdds a folder where scripts are looked "
     "for."},
    {"metacall_inspect", port_inspect, METH_NOARGS,
     "metacall_inspect($module)\n--\n\nAll that can be called now, by tag."},
    {"metacall_host", port_host, METH_NOARGS,
     "metacall_host($module)\n--\n\nThe host of this process and how that is known, or None."},
    {"metacall_value_create_ptr", port_create_ptr, METH_O,
     "metacall_value_create_ptr($module, address, /)\n--\n\nA pointer; None is the null pointer."},
    {"metacall_value_reference", port_reference, METH_O,
     "metacall_value_reference($module, value, /)\n--\n\nA pointer to a copy of the value."},
    {"metacall_value_dereference", port_dereference, METH_O,
     "metacall_value_dereference($module, pointer, /)\n--\n\nThe value that a pointer leads to."},
    {"intercept", py_port_intercept, METH_VARARGS, NULL},
    {"intercept_remove", py_port_intercept_remove, METH_O, NULL},
    {"tag_for", port_tag_for, METH_O, NULL},
    {"run_main", py_port_run_main, METH_VARARGS, NULL},
    {"version", py_port_version, METH_NOARGS, NULL},
    {"error_class", port_error_class, METH_O, NULL},
    {"proxy_type", port_proxy_type, METH_O, NULL},
    {NULL, NULL, 0, NULL}};

PyObject *py_port_module(void)
{
    PyObject *module = PyModule_New("metacall._metacall"), *type = py_proxy_type();
    if (module == NULL || type == NULL || PyModule_AddFunctions(module, methods) != 0 ||
        PyModule_SetDocString(module, "The native half of the package metacall.") != 0) {
        Py_XDECREF(module);
        return NULL;
    }
    Py_INCREF(type);
    if (PyModule_AddObject(module, "Function", type) != 0) {
        Py_DECREF(type);
        Py_CLEAR(module);
    }
    return module;
}
