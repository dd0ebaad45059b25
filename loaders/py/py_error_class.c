/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The exception classes of the module metacall, each made when it is first needed. All carry
 * .language .type .stack .code, read from the error behind them. */
#include "py_error.h"

#include "py_runtime.h"

#include <string.h>

#define CAPSULE "metacall.error"
#define ATTRIBUTE "_error"

/* name, first base (of ours), second base (of Python), doc */
struct class_rule {
    const char *name;
    const char *base;
    PyObject **builtin;
    const char *doc;
};

static const struct class_rule rules[] = {
    {"ForeignError", "Error", NULL, "An exception that code of another language threw."},
    {"ForeignTypeError", "ForeignError", &PyExc_TypeError, NULL},
    {"ForeignRangeError", "ForeignError", &PyExc_ValueError, NULL},
    {"ForeignReferenceError", "ForeignError", &PyExc_NameError, NULL},
    {"ForeignSyntaxError", "ForeignError", &PyExc_SyntaxError, NULL},
    {"ForeignURIError", "ForeignError", &PyExc_ValueError, NULL},
    {"ForeignValueError", "ForeignError", &PyExc_ValueError, NULL},
    {"ForeignArithmeticError", "ForeignError", &PyExc_ArithmeticError, NULL},
    {"ForeignZeroDivisionError", "ForeignError", &PyExc_ZeroDivisionError, NULL},
    {"ForeignOverflowError", "ForeignError", &PyExc_OverflowError, NULL},
    {"ForeignLookupError", "ForeignError", &PyExc_LookupError, NULL},
    {"ForeignIndexError", "ForeignError", &PyExc_IndexError, NULL},
    {"ForeignAttributeError", "ForeignError", &PyExc_AttributeError, NULL},
    {"ForeignNameError", "ForeignError", &PyExc_NameError, NULL},
    {"ForeignAssertionError", "ForeignError", &PyExc_AssertionError, NULL},
    {"ForeignExit", NULL, &PyExc_SystemExit,
     "Code of another language asked for the end of the process."},
    {"ArgumentError", "Error", &PyExc_TypeError, "The call itself is wrong."},
    {"ConversionError", "Error", &PyExc_TypeError, "A value cannot be converted exactly."},
    {"RangeError", "Error", &PyExc_ValueError, "A number or a size does not fit."},
    {"NotFoundError", "Error", &PyExc_LookupError, "No such function, handle, tag or file."},
    {"DuplicateError", "Error", NULL, "The name exists already."},
    {"LoadError", "Error", &PyExc_ImportError, "A script could not be loaded."},
    {"LoaderError", "Error", NULL, "A loader or its runtime could not be found or started."},
    {"HostError", "Error", NULL, "Host detection or attach failed."},
    {"StateError", "Error", NULL, "The library or a runtime is closing or has ended."},
    {"ForkError", "Error", NULL, "The runtime was lost in a fork; start a new process instead."},
    {"DeadlockError", "Error", NULL, "The wait could never have ended."},
    {"SupportError", "Error", &PyExc_NotImplementedError, "Known, but not supported here."},
    {"TimeoutError", "Error", &PyExc_TimeoutError, "It took longer than the time that was given."},
};

static PyObject *classes; /* name -> class */

/* ------------------------------------------------------------------ what each instance answers */

static void capsule_ends(PyObject *capsule)
{
    metacall_error_release(PyCapsule_GetPointer(capsule, CAPSULE));
}

int py_error_attach(PyObject *exception, metacall_error *error)
{
    PyObject *capsule = PyCapsule_New(error, CAPSULE, capsule_ends);
    int rc;
    if (capsule == NULL)
        return -1;
    metacall_error_reference(error);
    rc = PyObject_SetAttrString(exception, ATTRIBUTE, capsule);
    Py_DECREF(capsule);
    return rc;
}

metacall_error *py_error_behind(PyObject *exception)
{
    PyObject *capsule, *base;
    metacall_error *error = NULL;
    if (classes == NULL)
        return NULL; /* none was ever made */
    base = PyDict_GetItemString(classes, "Error");
    if ((base == NULL || PyObject_TypeCheck(exception, (PyTypeObject *)base) == 0) &&
        ((base = PyDict_GetItemString(classes, "ForeignExit")) == NULL ||
         PyObject_TypeCheck(exception, (PyTypeObject *)base) == 0))
        return NULL;
    if ((capsule = PyObject_GetAttrString(exception, ATTRIBUTE)) == NULL) {
        PyErr_Clear();
        return NULL;
    }
    if (PyCapsule_IsValid(capsule, CAPSULE))
        error = PyCapsule_GetPointer(capsule, CAPSULE);
    Py_DECREF(capsule); /* the exception keeps it */
    return error;
}

static PyObject *none(void)
{
    Py_INCREF(Py_None);
    return Py_None;
}

static PyObject *string_or_none(const char *text)
{
    return text == NULL ? none()
                        : PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "surrogatepass");
}

static PyObject *get_language(PyObject *self, void *unused)
{
    metacall_error *error = py_error_behind(self);
    (void)unused;
    return error == NULL || error->loader == NULL
               ? none()
               : string_or_none(metacall_loader_tag(error->loader));
}

static PyObject *get_type(PyObject *self, void *unused)
{
    metacall_error *error = py_error_behind(self);
    (void)unused;
    return error == NULL ? none() : string_or_none(error->type);
}

static PyObject *get_code(PyObject *self, void *unused)
{
    metacall_error *error = py_error_behind(self);
    (void)unused;
    if (error == NULL || error->code_name != NULL)
        return string_or_none(error != NULL ? error->code_name : NULL);
    return PyLong_FromLongLong(error->code == METACALL_ERROR_EXIT ? error->exit_status
                                                                  : error->number);
}

/* The other runtime is asked for its text here, without our lock. */
static PyObject *get_stack(PyObject *self, void *unused)
{
    metacall_error *error = py_error_behind(self);
    struct py_parked parked;
    const char *text;
    (void)unused;
    if (error == NULL)
        return none();
    metacall_error_reference(error);
    py_park(&parked);
    text = metacall_error_stack(error);
    py_unpark(&parked);
    self = string_or_none(text != NULL && text[0] != '\0' ? text : NULL);
    metacall_error_release(error);
    return self;
}

/* Since 3.11 a traceback shows the notes of an exception: ours is the foreign stack, made when
 * somebody prints it. */
static PyObject *get_notes(PyObject *self, void *unused)
{
    PyObject *stack, *notes = PyObject_GetAttrString(self, "_notes");
    (void)unused;
    if (notes != NULL)
        return notes;
    PyErr_Clear();
    if ((stack = get_stack(self, NULL)) == NULL)
        return NULL;
    if (stack == Py_None)
        PyErr_SetString(PyExc_AttributeError, "__notes__");
    else if ((notes = PyList_New(0)) != NULL &&
             (PyList_Append(notes, stack) != 0 ||
              PyObject_SetAttrString(self, "_notes", notes) != 0)) {
        Py_DECREF(notes);
        notes = NULL;
    }
    Py_DECREF(stack);
    return notes;
}

static int set_notes(PyObject *self, PyObject *notes, void *unused)
{
    (void)unused;
    if (notes == NULL)
        return PyObject_DelAttrString(self, "_notes");
    return PyObject_SetAttrString(self, "_notes", notes);
}

static PyGetSetDef getset[] = {
    {"language", get_language, NULL, "Tag of the loader where it was thrown, or None.", NULL},
    {"type", get_type, NULL, "Name of the exception's type in its own language.", NULL},
    {"code", get_code, NULL,
     "The exception's own code, a text ('ENOENT') or a number (0 = none); or the exit status.",
     NULL},
    {"stack", get_stack, NULL, "The foreign traceback as text, or None.", NULL},
    {"__notes__", get_notes, set_notes, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL}};

/* ------------------------------------------------------------------------------ making classes */

static PyObject *make_root(const char *name, PyObject *base, const char *doc)
{
    PyType_Slot slots[] = {{Py_tp_getset, getset}, {Py_tp_doc, (void *)doc}, {0, NULL}};
    PyType_Spec spec = {name, 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    PyObject *bases = PyTuple_Pack(1, base), *type = NULL;
    if (bases != NULL)
        type = PyType_FromSpecWithBases(&spec, bases);
    Py_XDECREF(bases);
    return type;
}

static const char *const root_name = "metacall.Error";

static PyObject *make_class(const struct class_rule *rule)
{
    char name[64] = "metacall.";
    PyObject *base = NULL, *bases, *type = NULL;
    strcat(name, rule->name);
    if (rule->base == NULL)
        return make_root(strdup(name), *rule->builtin, rule->doc);
    if ((base = py_error_class(rule->base)) == NULL)
        return NULL;
    bases = rule->builtin != NULL ? PyTuple_Pack(2, base, *rule->builtin) : PyTuple_Pack(1, base);
    if (bases != NULL)
        type = PyErr_NewExceptionWithDoc(name, rule->doc, bases, NULL);
    Py_XDECREF(bases);
    return type;
}

static PyObject *make(const char *name)
{
    size_t i;
    if (strcmp(name, "Error") == 0)
        return make_root(root_name, PyExc_RuntimeError,
                         "Base of what metacall raises: see .language, .type, .stack and .code.");
    for (i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (strcmp(name, rules[i].name) == 0)
            return make_class(&rules[i]);
    return NULL;
}

PyObject *py_error_class(const char *name)
{
    PyObject *type;
    if (classes == NULL && (classes = PyDict_New()) == NULL)
        return NULL;
    if ((type = PyDict_GetItemString(classes, name)) != NULL)
        return type;
    if ((type = make(name)) == NULL)
        return NULL;
    if (PyDict_SetItemString(classes, name, type) != 0) {
        Py_DECREF(type);
        return NULL;
    }
    Py_DECREF(type); /* the dict keeps it */
    return type;
}

static PyObject *foreign_class(const metacall_error *error)
{
    char name[64] = "Foreign";
    PyObject *type = NULL;
    size_t i;
    if (error->type == NULL || strlen(error->type) > 40)
        return py_error_class("ForeignError");
    strcat(name, error->type);
    for (i = 0; i < sizeof rules / sizeof rules[0] && type == NULL; i++)
        if (rules[i].base != NULL && strcmp(rules[i].base, "ForeignError") == 0 &&
            strcmp(name, rules[i].name) == 0)
            type = py_error_class(name);
    return type != NULL || PyErr_Occurred() ? type : py_error_class("ForeignError");
}

/* asyncio.CancelledError: what ends a task, and what a caller of result() must see. */
static PyObject *cancelled_class(void)
{
    static PyObject *type;
    PyObject *module = type == NULL ? PyImport_ImportModule("asyncio.exceptions") : NULL;
    if (module != NULL)
        type = PyObject_GetAttrString(module, "CancelledError");
    Py_XDECREF(module);
    return type;
}

PyObject *py_error_class_of(const metacall_error *error)
{
    static const char *const names[] = {
        [METACALL_ERROR_EXIT] = "ForeignExit",        [METACALL_ERROR_ARGUMENT] = "ArgumentError",
        [METACALL_ERROR_TYPE] = "ConversionError",    [METACALL_ERROR_RANGE] = "RangeError",
        [METACALL_ERROR_NOT_FOUND] = "NotFoundError", [METACALL_ERROR_DUPLICATE] = "DuplicateError",
        [METACALL_ERROR_LOAD] = "LoadError",          [METACALL_ERROR_LOADER] = "LoaderError",
        [METACALL_ERROR_MANIFEST] = "LoaderError",    [METACALL_ERROR_HOST] = "HostError",
        [METACALL_ERROR_STATE] = "StateError",        [METACALL_ERROR_FORK] = "ForkError",
        [METACALL_ERROR_DEADLOCK] = "DeadlockError",  [METACALL_ERROR_SUPPORT] = "SupportError",
        [METACALL_ERROR_TIMEOUT] = "TimeoutError",
    };
    if (error->code == METACALL_ERROR_GUEST)
        return foreign_class(error);
    if (error->code == METACALL_ERROR_INTERRUPT)
        return PyExc_KeyboardInterrupt;
    if (error->code == METACALL_ERROR_MEMORY)
        return PyExc_MemoryError;
    if (error->code == METACALL_ERROR_CANCELLED)
        return cancelled_class();
    if ((size_t)error->code < sizeof names / sizeof names[0] && names[error->code] != NULL)
        return py_error_class(names[error->code]);
    return py_error_class("Error");
}

void py_error_finish(void)
{
    Py_CLEAR(classes);
}
