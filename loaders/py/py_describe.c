/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Signatures read from code objects directly: inspect is not imported, no user code runs but lazy
 * annotations (3.14), whose failure is no failure of ours. */
#include "py_function.h"

#include "py_runtime.h"
#include "py_unwrap.h"

#include <string.h>

#define CO_VARARGS 0x04
#define CO_VARKEYWORDS 0x08
#define CO_GENERATOR 0x20
#define CO_COROUTINE 0x80
#define CO_ITERABLE_COROUTINE 0x100
#define CO_ASYNC_GENERATOR 0x200

static void flag(metacall_function *function, uint32_t bit)
{
    __atomic_or_fetch(&function->flags, bit, __ATOMIC_RELEASE);
}

/* --------------------------------------------------------------------------------- parameters */

/* Parameters one after the other, from whatever tells of them. */
struct writer {
    const struct py_unwrapped *unwrapped;
    metacall_function *function; /* whose parameters they are, or else */
    PyObject *list;              /* of [name, None, flags], as METACALL_OBJECT_SIGNATURE has it */
    long place;                  /* of the next one */
    int by_name;                 /* what follows is reached by its name only */
    int has_types;               /* at least one has a type to be checked */
};

static int is_filled_in(const struct writer *writer, PyObject *name)
{
    return writer->unwrapped->keywords != NULL &&
           PyDict_GetItemWithError(writer->unwrapped->keywords, name) != NULL;
}

static int list_parameter(PyObject *list, PyObject *name, int flags)
{
    PyObject *parameter = Py_BuildValue("[OOi]", name, Py_None, flags);
    int rc = parameter != NULL ? PyList_Append(list, parameter) : -1;
    Py_XDECREF(parameter);
    return rc;
}

/* It takes more than it names. */
static int put_rest(struct writer *writer)
{
    if (writer->function == NULL)
        return list_parameter(writer->list, Py_None, METACALL_PARAMETER_REST);
    flag(writer->function, METACALL_FUNCTION_VARIADIC);
    return 0;
}

/* One parameter; those that are taken already are left out. Behind one that functools.partial has
 * filled in by name, places say nothing any more. */
static int put(struct writer *writer, PyObject *name, enum metacall_value_id type, int flags)
{
    long place = writer->place++;
    const char *utf8 = PyUnicode_AsUTF8AndSize(name, NULL);
    if (utf8 == NULL)
        return -1;
    if (!(flags & METACALL_PARAMETER_KEYWORD) && place < writer->unwrapped->skip) {
        if (place >= 64 || !(writer->unwrapped->open >> place & 1))
            return 0;
        flags |= METACALL_PARAMETER_POSITIONAL;
    }
    if (!(flags & METACALL_PARAMETER_POSITIONAL) && is_filled_in(writer, name)) {
        flags &= ~METACALL_PARAMETER_REQUIRED;
        writer->by_name = 1;
    }
    if (writer->by_name)
        flags |= METACALL_PARAMETER_KEYWORD;
    if (writer->function == NULL)
        return list_parameter(writer->list, name, flags);
    writer->has_types |= type != METACALL_INVALID;
    return metacall_function_parameter(writer->function, utf8, type, flags);
}

/* -------------------------------------------------------------------------------- annotations */

/* The types that an annotation can name, as an object or, with postponed evaluation, as text. */
static enum metacall_value_id kind_of(PyObject *annotation)
{
    static const struct {
        PyTypeObject *type;
        const char *name;
        enum metacall_value_id id;
    } kinds[] = {
        {&PyLong_Type, "int", METACALL_LONG},      {&PyFloat_Type, "float", METACALL_DOUBLE},
        {&PyUnicode_Type, "str", METACALL_STRING}, {&PyBool_Type, "bool", METACALL_BOOL},
        {&PyBytes_Type, "bytes", METACALL_BUFFER}, {&PyList_Type, "list", METACALL_ARRAY},
        {&PyDict_Type, "dict", METACALL_MAP},
    };
    size_t i;
    for (i = 0; annotation != NULL && i < sizeof kinds / sizeof kinds[0]; i++)
        if (annotation == (PyObject *)kinds[i].type ||
            (PyUnicode_Check(annotation) &&
             PyUnicode_CompareWithASCIIString(annotation, kinds[i].name) == 0))
            return kinds[i].id;
    return METACALL_INVALID;
}

/* The annotations of a function whose own evaluation fails (3.14: one of them names what is not
 * there): the others count all the same. A new reference or NULL. */
static PyObject *annotations_in_part(PyObject *function)
{
    PyObject *module = PyImport_ImportModule("annotationlib"), *format = NULL, *forward = NULL;
    PyObject *get = NULL, *args = NULL, *names = NULL, *found = NULL;
    if (module != NULL && (format = py_unwrap_look(module, "Format")) != NULL &&
        (forward = py_unwrap_look(format, "FORWARDREF")) != NULL &&
        (get = py_unwrap_look(module, "get_annotations")) != NULL &&
        (args = PyTuple_Pack(1, function)) != NULL && (names = PyDict_New()) != NULL &&
        PyDict_SetItemString(names, "format", forward) == 0)
        found = PyObject_Call(get, args, names);
    PyErr_Clear();
    Py_XDECREF(names);
    Py_XDECREF(args);
    Py_XDECREF(get);
    Py_XDECREF(forward);
    Py_XDECREF(format);
    Py_XDECREF(module);
    return found;
}

static PyObject *annotations_of(PyObject *function)
{
    PyObject *found = PyObject_GetAttrString(function, "__annotations__");
    if (found == NULL && py_runtime.minor >= 14 && PyErr_ExceptionMatches(PyExc_Exception)) {
        PyErr_Clear();
        found = annotations_in_part(function);
    }
    PyErr_Clear();
    if (found != NULL && !PyDict_Check(found))
        Py_CLEAR(found);
    return found;
}

/* ---------------------------------------------------------------------------------- functions */

/* What a function is made of; new references, NULL where it has none. */
struct parts {
    PyObject *code, *defaults, *keyword_defaults, *annotations, *names;
};

static int parts_init(struct parts *parts, PyObject *function, int typed)
{
    parts->code = py_unwrap_look(function, "__code__");
    parts->defaults = py_unwrap_look(function, "__defaults__");
    parts->keyword_defaults = py_unwrap_look(function, "__kwdefaults__");
    parts->annotations = typed ? annotations_of(function) : NULL;
    parts->names = parts->code != NULL ? py_unwrap_look(parts->code, "co_varnames") : NULL;
    return parts->names != NULL && PyTuple_Check(parts->names) ? 0 : -1;
}

static void parts_finish(struct parts *parts)
{
    Py_XDECREF(parts->code);
    Py_XDECREF(parts->defaults);
    Py_XDECREF(parts->keyword_defaults);
    Py_XDECREF(parts->annotations);
    Py_XDECREF(parts->names);
}

static PyObject *default_of(const struct parts *parts, long i, long positional)
{
    Py_ssize_t count;
    if (i >= positional)
        return parts->keyword_defaults != NULL && PyDict_Check(parts->keyword_defaults)
                   ? PyDict_GetItem(parts->keyword_defaults, PyTuple_GetItem(parts->names, i))
                   : NULL;
    if (parts->defaults == NULL || !PyTuple_Check(parts->defaults))
        return NULL;
    count = PyTuple_Size(parts->defaults);
    return i < positional - count ? NULL
                                  : PyTuple_GetItem(parts->defaults, i - (positional - count));
}

/* A default of None makes any type an option: nothing is checked then. */
static enum metacall_value_id type_of(const struct parts *parts, PyObject *name,
                                      PyObject *otherwise)
{
    if (parts->annotations == NULL || otherwise == Py_None)
        return METACALL_INVALID;
    return kind_of(PyDict_GetItem(parts->annotations, name));
}

static int describe_function(struct writer *writer)
{
    struct parts parts;
    long i, positional, only, count, flags;
    int rc = parts_init(&parts, writer->unwrapped->object, writer->unwrapped->plain);
    if (rc != 0)
        goto out;
    positional = py_unwrap_number(parts.code, "co_argcount");
    only = py_unwrap_number(parts.code, "co_posonlyargcount");
    count = positional + py_unwrap_number(parts.code, "co_kwonlyargcount");
    flags = py_unwrap_number(parts.code, "co_flags");
    if (flags & (CO_VARARGS | CO_VARKEYWORDS))
        rc = put_rest(writer);
    for (i = 0; rc == 0 && i < count; i++) {
        PyObject *name = PyTuple_GetItem(parts.names, i), *otherwise;
        int kind = i < only          ? METACALL_PARAMETER_POSITIONAL
                   : i >= positional ? METACALL_PARAMETER_KEYWORD
                                     : 0;
        if (name == NULL)
            break;
        otherwise = default_of(&parts, i, positional);
        rc = put(writer, name, type_of(&parts, name, otherwise),
                 kind | (otherwise == NULL ? METACALL_PARAMETER_REQUIRED : 0));
    }
    if (rc == 0 && writer->function != NULL && parts.annotations != NULL)
        metacall_function_result(writer->function,
                                 kind_of(PyDict_GetItemString(parts.annotations, "return")));
out:
    parts_finish(&parts);
    return rc;
}

/* ------------------------------------------------------------------------------ __signature__ */

enum kind { POSITIONAL_ONLY, POSITIONAL_OR_KEYWORD, VAR_POSITIONAL, KEYWORD_ONLY, VAR_KEYWORD };

static int describe_inspected(struct writer *writer, PyObject *parameter)
{
    PyObject *name = py_unwrap_look(parameter, "name"), *kind = py_unwrap_look(parameter, "kind");
    PyObject *otherwise = py_unwrap_look(parameter, "default"),
             *empty = py_unwrap_look(parameter, "empty");
    long number = kind != NULL ? PyLong_AsLong(kind) : POSITIONAL_OR_KEYWORD;
    int rc = 0, flags = number == POSITIONAL_ONLY ? METACALL_PARAMETER_POSITIONAL
                        : number == KEYWORD_ONLY  ? METACALL_PARAMETER_KEYWORD
                                                  : 0;
    if (otherwise == empty)
        flags |= METACALL_PARAMETER_REQUIRED;
    if (number == VAR_POSITIONAL || number == VAR_KEYWORD)
        rc = put_rest(writer);
    else if (name != NULL && PyUnicode_Check(name))
        rc = put(writer, name, METACALL_INVALID, flags);
    Py_XDECREF(name);
    Py_XDECREF(kind);
    Py_XDECREF(otherwise);
    Py_XDECREF(empty);
    return rc;
}

static int describe_signature(struct writer *writer, PyObject *parameters)
{
    PyObject *values = PyMapping_Values(parameters);
    Py_ssize_t i;
    int rc = values != NULL ? 0 : -1;
    for (i = 0; rc == 0 && i < PyList_Size(values); i++)
        rc = describe_inspected(writer, PyList_GetItem(values, i));
    Py_XDECREF(values);
    return rc;
}

/* ----------------------------------------------------------------------------------- builtins */

/* The end of one item of "($self, a, b=',', /, *, c)": the comma or the last parenthesis. */
static const char *item_end(const char *at)
{
    int depth = 0;
    char quote = '\0';
    for (; *at != '\0'; at++) {
        if (quote != '\0') {
            if (*at == '\\' && at[1] != '\0')
                at++;
            else if (*at == quote)
                quote = '\0';
        } else if (*at == '\'' || *at == '"') {
            quote = *at;
        } else if (*at == '(' || *at == '[' || *at == '{') {
            depth++;
        } else if (depth > 0) {
            depth -= *at == ')' || *at == ']' || *at == '}';
        } else if (*at == ',' || *at == ')') {
            break;
        }
    }
    return at;
}

/* What stands before the item "/" is reached by its place only. */
static const char *places_end(const char *text)
{
    const char *at, *end;
    for (at = text; *at != '\0'; at = *end == ',' ? end + 1 : "") {
        at += strspn(at, "( ");
        end = item_end(at);
        if (*at == '/')
            return at;
    }
    return text;
}

static int describe_item(struct writer *writer, const char *at, const char *end, int flags)
{
    size_t length = strcspn(at, "=:,) ");
    PyObject *name;
    int rc;
    if (memchr(at, '=', (size_t)(end - at)) == NULL)
        flags |= METACALL_PARAMETER_REQUIRED;
    if ((name = PyUnicode_DecodeUTF8(at, (Py_ssize_t)length, "replace")) == NULL)
        return -1;
    rc = put(writer, name, METACALL_INVALID, flags);
    Py_DECREF(name);
    return rc;
}

/* "($self, a, b=2, /, *, c)": what builtins offer. A bound one has its $self. */
static int describe_text(struct writer *writer, const char *text, int bound)
{
    const char *at, *end, *places = places_end(text);
    int rc = 0, keyword = 0;
    for (at = text; rc == 0 && *at != '\0'; at = *end == ',' ? end + 1 : "") {
        at += strspn(at, "( ");
        end = item_end(at);
        if (at == end || *at == '/' || (*at == '$' && bound))
            continue;
        if (*at == '*') {
            if (at + 1 != end)
                rc = put_rest(writer);
            keyword = 1;
            continue;
        }
        rc = describe_item(writer, at + (*at == '$'), end,
                           keyword       ? METACALL_PARAMETER_KEYWORD
                           : at < places ? METACALL_PARAMETER_POSITIONAL
                                         : 0);
    }
    return rc;
}

static int describe_builtin(struct writer *writer)
{
    PyObject *object = writer->unwrapped->object;
    PyObject *text = py_unwrap_look(object, "__text_signature__");
    PyObject *self = PyType_Check(object) ? NULL : py_unwrap_look(object, "__self__");
    const char *utf8 =
        text != NULL && PyUnicode_Check(text) ? PyUnicode_AsUTF8AndSize(text, NULL) : NULL;
    int rc = 0;
    if (utf8 != NULL)
        rc = describe_text(writer, utf8, self != NULL || PyType_Check(object));
    else
        rc = put_rest(writer);
    Py_XDECREF(self);
    Py_XDECREF(text);
    return rc;
}

/* ------------------------------------------------------------------------------------ describe */

static void describe_kind(metacall_function *function, long code_flags)
{
    if (code_flags & (CO_COROUTINE | CO_ITERABLE_COROUTINE))
        flag(function, METACALL_FUNCTION_ASYNC);
    else if (code_flags & (CO_GENERATOR | CO_ASYNC_GENERATOR))
        flag(function, METACALL_FUNCTION_GENERATOR);
    flag(function, METACALL_FUNCTION_BIG);
}

static int describe(struct writer *writer)
{
    PyObject *object = writer->unwrapped->object, *signature, *parameters = NULL;
    int rc;
    if (object == NULL)
        return 0; /* a class that takes no arguments */
    if ((signature = py_unwrap_look(object, "__signature__")) != NULL)
        parameters = py_unwrap_look(signature, "parameters");
    Py_XDECREF(signature);
    if (parameters != NULL)
        rc = describe_signature(writer, parameters);
    else if (Py_IS_TYPE(object, &PyFunction_Type))
        rc = describe_function(writer);
    else
        rc = describe_builtin(writer);
    Py_XDECREF(parameters);
    PyErr_Clear();
    return rc;
}

/* Types are taken from a function whose arguments come as they are: a wrapper may well accept
 * others than what it wraps. */
int py_describe(PyObject *callable, metacall_function *function)
{
    struct py_unwrapped unwrapped;
    struct writer writer = {&unwrapped, function, NULL, 0, 0, 0};
    int rc;
    py_unwrap(callable, &unwrapped);
    describe_kind(function, unwrapped.code_flags);
    rc = describe(&writer);
    if (rc == 0 && !writer.has_types) /* there is nothing to be checked after all */
        __atomic_and_fetch(&function->flags, ~(uint32_t)METACALL_FUNCTION_TYPED, __ATOMIC_RELEASE);
    py_unwrapped_finish(&unwrapped);
    return rc;
}

PyObject *py_describe_parameters(PyObject *callable)
{
    struct py_unwrapped unwrapped;
    struct writer writer = {&unwrapped, NULL, PyList_New(0), 0, 0, 0};
    if (writer.list == NULL)
        return NULL;
    py_unwrap(callable, &unwrapped);
    unwrapped.plain = 0;
    if (describe(&writer) != 0)
        Py_CLEAR(writer.list);
    py_unwrapped_finish(&unwrapped);
    return writer.list != NULL ? writer.list : PyList_New(0);
}

/* Without evaluating them: since 3.14 a function has its annotations as code until it is asked. */
static int has_annotations(PyObject *function)
{
    static PyObject *names[2];
    PyObject *found = NULL;
    int i, has = 0;
    if (names[0] == NULL)
        names[0] = PyUnicode_InternFromString("__annotate__");
    if (names[1] == NULL)
        names[1] = PyUnicode_InternFromString("__annotations__");
    for (i = py_runtime.minor >= 14 ? 0 : 1; i < 2 && !has && names[i] != NULL; i++) {
        found = PyObject_GetAttr(function, names[i]);
        if (found != NULL && found != Py_None)
            has = PyDict_Check(found) ? PyDict_Size(found) > 0 : 1;
        Py_XDECREF(found);
        PyErr_Clear();
    }
    return has;
}

int py_describe_is_typed(PyObject *callable)
{
    PyObject *wrapped, *function = callable;
    if (Py_IS_TYPE(callable, &PyMethod_Type) &&
        (function = py_unwrap_look(callable, "__func__")) != NULL)
        Py_DECREF(function); /* the method keeps it */
    if (function == NULL || !Py_IS_TYPE(function, &PyFunction_Type) || !has_annotations(function))
        return 0;
    if ((wrapped = py_unwrap_look(function, "__wrapped__")) == NULL)
        return 1;
    Py_DECREF(wrapped); /* the types are those of what it wraps, not its own */
    return 0;
}
