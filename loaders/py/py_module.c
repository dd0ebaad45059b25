/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Loading: a script becomes a module of its own, with name, file and spec as an import gives them,
 * found again by what it defines (pickle, dataclasses) through sys.modules. */
#include "py_module.h"

#include "py_error.h"
#include "py_runtime.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static PyObject *search; /* list of str: execution paths */

/* The Python exception that is set becomes the cause of a load error; an exit or an interrupt goes
 * on as itself, and so does everything that ends the main program. */
static int raise_load(const char *what, int is_main)
{
    metacall_error *error;
    if (is_main)
        return py_error_raise_own();
    py_error_raise();
    error = metacall_error_peek();
    if (error == NULL || error->code == METACALL_ERROR_EXIT ||
        error->code == METACALL_ERROR_INTERRUPT)
        return -1;
    return metacall_error_wrap(METACALL_ERROR_LOAD, "could not load '%s': %s: %s", what,
                               error->type != NULL ? error->type : "error",
                               error->message != NULL ? error->message : "");
}

/* ------------------------------------------------------------------------------ where it lies */

/* An absolute path for `path`: as it is, from the working directory, from an execution path.
 * malloc'ed, or NULL with the error set. */
static char *resolve(const char *path)
{
    char candidate[PATH_MAX], *found = realpath(path, NULL);
    Py_ssize_t i, count = search != NULL ? PyList_Size(search) : 0;
    if (found != NULL)
        return found;
    for (i = 0; path[0] != '/' && found == NULL && i < count; i++) {
        const char *folder = PyUnicode_AsUTF8AndSize(PyList_GetItem(search, i), NULL);
        if (folder != NULL &&
            snprintf(candidate, sizeof candidate, "%s/%s", folder, path) < (int)sizeof candidate)
            found = realpath(candidate, NULL);
    }
    PyErr_Clear();
    if (found == NULL)
        metacall_error_raise(METACALL_ERROR_NOT_FOUND,
                             "there is no file '%s' in the working directory%s", path,
                             count > 0 ? " nor in an execution path" : "");
    return found;
}

int py_module_add_import_path(const char *path, int in_front)
{
    PyObject *list = PySys_GetObject("path"), *text = PyUnicode_DecodeFSDefault(path);
    int there, rc = -1;
    if (text != NULL && list != NULL && PyList_Check(list) &&
        (there = PySequence_Contains(list, text)) >= 0)
        rc = there ? 0 : in_front ? PyList_Insert(list, 0, text) : PyList_Append(list, text);
    Py_XDECREF(text);
    if (rc != 0 && PyErr_Occurred())
        return py_error_raise();
    return rc == 0 ? 0 : metacall_error_raise(METACALL_ERROR_STATE, "sys.path is not a list");
}

int py_module_add_path(const char *path)
{
    char *absolute = realpath(path, NULL);
    PyObject *text;
    int rc = -1;
    if (absolute == NULL)
        return metacall_error_raise(METACALL_ERROR_NOT_FOUND, "there is no folder '%s'", path);
    if ((search != NULL || (search = PyList_New(0)) != NULL) &&
        (text = PyUnicode_DecodeFSDefault(absolute)) != NULL) {
        rc = PyList_Append(search, text);
        Py_DECREF(text);
    }
    rc = rc == 0 ? py_module_add_import_path(absolute, 0) : py_error_raise();
    free(absolute);
    return rc;
}

/* The folder of a script, for its own imports. */
static int add_folder(const char *path, int in_front)
{
    char *folder = strdup(path), *slash = folder != NULL ? strrchr(folder, '/') : NULL;
    int rc;
    if (slash == NULL) {
        free(folder);
        return folder != NULL ? 0 : metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    }
    slash[slash == folder] = '\0';
    rc = py_module_add_import_path(folder, in_front);
    free(folder);
    return rc;
}

/* ------------------------------------------------------------------------------- its own name */

/* Would `import name` give something else than this file? */
static int imports_other(PyObject *name, PyObject *file)
{
    PyObject *machinery = PyImport_ImportModule("importlib.machinery"), *finder = NULL,
             *spec = NULL;
    PyObject *origin = NULL;
    int other = 0;
    if (machinery != NULL && (finder = PyObject_GetAttrString(machinery, "PathFinder")) != NULL &&
        (spec = PyObject_CallMethod(finder, "find_spec", "O", name)) != NULL && spec != Py_None &&
        (origin = PyObject_GetAttrString(spec, "origin")) != NULL)
        other = file == NULL || PyObject_RichCompareBool(origin, file, Py_EQ) != 1;
    Py_XDECREF(origin);
    Py_XDECREF(spec);
    Py_XDECREF(finder);
    Py_XDECREF(machinery);
    PyErr_Clear();
    return other;
}

static int taken(PyObject *name, PyObject *file)
{
    PyObject *modules = PyImport_GetModuleDict(),
             *builtin = PySys_GetObject("builtin_module_names");
    int there = PySequence_Contains(modules, name);
    if (there == 0 && builtin != NULL)
        there = PySequence_Contains(builtin, name);
    PyErr_Clear();
    return there != 0 || imports_other(name, file);
}

/* The file's name without its extension; numbered where an import of that name gives another
 * module: the script must not be found in its place. A new reference. */
static PyObject *name_for(const char *path, PyObject *file)
{
    const char *base = strrchr(path, '/');
    const char *dot = strrchr(base = base != NULL ? base + 1 : path, '.');
    size_t length = dot != NULL && dot != base ? (size_t)(dot - base) : strlen(base);
    PyObject *stem = PyUnicode_DecodeFSDefaultAndSize(base, (Py_ssize_t)length), *name = stem;
    int i;
    for (i = 2; name != NULL && taken(name, file); i++) {
        if (name != stem)
            Py_DECREF(name);
        name = PyUnicode_FromFormat("%U@%d", stem, i);
    }
    if (name != stem)
        Py_XDECREF(stem);
    return name;
}

/* ------------------------------------------------------------------------------------ loading */

static int set_and_drop(PyObject *object, const char *name, PyObject *value)
{
    int rc = value != NULL ? PyObject_SetAttrString(object, name, value) : -1;
    Py_XDECREF(value);
    return rc;
}

/* importlib's loader for the file; it reads and writes the cached bytecode as an import does. */
static PyObject *loader_for(PyObject *machinery, PyObject *name, PyObject *file)
{
    const char *path = PyUnicode_AsUTF8AndSize(file, NULL);
    size_t length = path != NULL ? strlen(path) : 0;
    const char *kind = length > 4 && strcmp(path + length - 4, ".pyc") == 0 ? "SourcelessFileLoader"
                                                                            : "SourceFileLoader";
    PyErr_Clear();
    return PyObject_CallMethod(machinery, kind, "OO", name, file);
}

static int fill_module(PyObject *module, PyObject *machinery, PyObject *name, PyObject *file,
                       PyObject *loader)
{
    PyObject *spec = PyObject_CallMethod(machinery, "ModuleSpec", "OO", name, loader);
    int rc = -1;
    Py_INCREF(Py_True);
    Py_INCREF(file);
    if (spec != NULL && set_and_drop(spec, "origin", file) == 0 &&
        set_and_drop(spec, "has_location", Py_True) == 0 &&
        PyObject_SetAttrString(module, "__spec__", spec) == 0 &&
        PyObject_SetAttrString(module, "__loader__", loader) == 0 &&
        PyObject_SetAttrString(module, "__file__", file) == 0)
        rc = set_and_drop(module, "__package__", PyUnicode_FromString(""));
    Py_XDECREF(spec);
    return rc;
}

/* A new module from a file, in sys.modules; a new reference, or NULL with an exception set. */
static PyObject *load_file(PyObject *name, PyObject *file)
{
    PyObject *machinery = PyImport_ImportModule("importlib.machinery"), *loader = NULL;
    PyObject *module = NULL, *done = NULL, *modules = PyImport_GetModuleDict();
    if (machinery != NULL && (loader = loader_for(machinery, name, file)) != NULL &&
        (module = PyModule_NewObject(name)) != NULL &&
        fill_module(module, machinery, name, file, loader) == 0 &&
        PyObject_SetItem(modules, name, module) == 0 &&
        (done = PyObject_CallMethod(loader, "exec_module", "O", module)) == NULL) {
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        if (PyObject_DelItem(modules, name) != 0)
            PyErr_Clear();
        PyErr_Restore(type, value, traceback);
    }
    if (done == NULL)
        Py_CLEAR(module);
    Py_XDECREF(done);
    Py_XDECREF(loader);
    Py_XDECREF(machinery);
    return module;
}

static PyObject *compile_text(PyObject *text, PyObject *file)
{
    PyObject *builtins = PyImport_ImportModule("builtins"), *code = NULL;
    if (builtins != NULL)
        code = PyObject_CallMethod(builtins, "compile", "OOsiO", text, file, "exec", 0, Py_True);
    Py_XDECREF(builtins);
    return code;
}

/* Runs code in a module's namespace. 0, or -1 with an exception set. */
static int run(PyObject *module, PyObject *code)
{
    PyObject *dict = PyModule_GetDict(module), *builtins, *result;
    if (PyDict_GetItemString(dict, "__builtins__") == NULL) {
        if ((builtins = PyImport_ImportModule("builtins")) == NULL)
            return -1;
        if (PyDict_SetItemString(dict, "__builtins__", builtins) != 0) {
            Py_DECREF(builtins);
            return -1;
        }
        Py_DECREF(builtins);
    }
    if ((result = PyEval_EvalCode(code, dict, dict)) == NULL)
        return -1;
    Py_DECREF(result);
    return 0;
}

/* The threads of a main program that has come to its end go on, and what they call must still be
 * there: so they are waited for here, before any runtime ends. Threads of a pool wait for more work
 * and end with the interpreter. */
static const char join_text[] =
    "def join():\n"
    "    import sys, threading\n"
    "    pool = sys.modules.get('concurrent.futures.thread')\n"
    "    pooled = getattr(pool, '_threads_queues', ())\n"
    "    own = threading.current_thread(), threading.main_thread()\n"
    "    while True:\n"
    "        left = [each for each in threading.enumerate()\n"
    "                if each not in own and not each.daemon and each not in pooled]\n"
    "        if not left:\n"
    "            return\n"
    "        for each in left:\n"
    "            each.join()\n"
    "join()\n";

static int join_threads(void)
{
    PyObject *scope = PyDict_New(), *code = NULL, *done = NULL;
    if (scope != NULL && PyDict_SetItemString(scope, "__builtins__", PyEval_GetBuiltins()) == 0 &&
        (code = Py_CompileString(join_text, "<metacall>", Py_file_input)) != NULL)
        done = PyEval_EvalCode(code, scope, scope);
    Py_XDECREF(code);
    Py_XDECREF(scope);
    Py_XDECREF(done);
    return done != NULL ? 0 : -1;
}

/* The runner's own script: it is __main__. */
static PyObject *run_main(PyObject *file)
{
    PyObject *module = PyImport_AddModule("__main__"), *io, *stream = NULL, *text = NULL, *done;
    PyObject *code = NULL, *machinery = PyImport_ImportModule("importlib.machinery"), *loader;
    PyObject *name = PyUnicode_FromString("__main__");
    int rc = -1;
    if (module != NULL && machinery != NULL && name != NULL &&
        (loader = loader_for(machinery, name, file)) != NULL) {
        PyObject_SetAttrString(module, "__file__", file);
        set_and_drop(module, "__loader__", loader);
    }
    if ((io = PyImport_ImportModule("io")) != NULL &&
        (stream = PyObject_CallMethod(io, "open", "Os", file, "rb")) != NULL &&
        (text = PyObject_CallMethod(stream, "read", NULL)) != NULL &&
        (done = PyObject_CallMethod(stream, "close", NULL)) != NULL) {
        Py_DECREF(done);
        code = compile_text(text, file);
    }
    py_runtime.is_main = 1;
    if (module != NULL && code != NULL && (rc = run(module, code)) == 0)
        rc = join_threads();
    Py_XDECREF(code);
    Py_XDECREF(text);
    Py_XDECREF(stream);
    Py_XDECREF(io);
    Py_XDECREF(name);
    Py_XDECREF(machinery);
    if (rc != 0)
        return NULL;
    Py_INCREF(module);
    return module;
}

/* ------------------------------------------------------------------------- behind each handle */

/* Takes a module that cannot be kept out of sys.modules again. */
static void forget(PyObject *module)
{
    PyObject *modules = PyImport_GetModuleDict(),
             *name = PyObject_GetAttrString(module, "__name__");
    PyObject *there = name != NULL ? PyDict_GetItem(modules, name) : NULL;
    if (there == module && PyUnicode_CompareWithASCIIString(name, "__main__") != 0)
        PyDict_DelItem(modules, name);
    Py_XDECREF(name);
    PyErr_Clear();
}

static void forget_all(PyObject *list)
{
    Py_ssize_t i;
    for (i = PyList_Size(list); i-- > 0;)
        forget(PyList_GetItem(list, i));
}

int py_module_clear(metacall_handle *handle, int unload)
{
    PyObject *list = metacall_handle_data(handle);
    if (list == NULL)
        return 0;
    metacall_handle_set_data(handle, NULL);
    if (unload)
        forget_all(list);
    Py_DECREF(list);
    return 0;
}

/* Is this file the script that the runner runs? */
static int is_main_program(metacall_loader *loader, const char *absolute)
{
    const struct metacall_loader_config *config = metacall_loader_configuration(loader);
    char *program = NULL;
    int same;
    if (py_runtime.runner && config->argc > 0)
        program = realpath(config->argv[0], NULL);
    same = program != NULL && strcmp(program, absolute) == 0;
    free(program);
    return same;
}

/* One script into `handle`; its module is added to `list`. */
static int load_one(metacall_loader *loader, metacall_handle *handle, const char *path,
                    PyObject *list)
{
    char *absolute = resolve(path);
    int is_main = absolute != NULL && is_main_program(loader, absolute);
    PyObject *file = NULL, *name = NULL, *module = NULL;
    int rc = -1;
    if (absolute == NULL || add_folder(absolute, py_runtime.embedded) != 0)
        goto out;
    if ((file = PyUnicode_DecodeFSDefault(absolute)) != NULL)
        module = is_main                                     ? run_main(file)
                 : (name = name_for(absolute, file)) != NULL ? load_file(name, file)
                                                             : NULL;
    if (module == NULL || PyList_Append(list, module) != 0)
        rc = raise_load(path, is_main);
    else
        rc = py_module_define(module, handle, PY_NAMES_OWN, metacall_handle_define);
out:
    Py_XDECREF(module);
    Py_XDECREF(name);
    Py_XDECREF(file);
    free(absolute);
    return rc;
}

int py_module_load_files(metacall_loader *loader, metacall_handle *handle,
                         const char *const paths[], size_t count)
{
    PyObject *list = PyList_New(0);
    size_t i;
    int rc = 0;
    if (list == NULL)
        return py_error_raise();
    for (i = 0; rc == 0 && i < count; i++)
        rc = load_one(loader, handle, paths[i], list);
    if (rc == 0) {
        metacall_handle_set_data(handle, list);
        return 0;
    }
    forget_all(list);
    Py_DECREF(list);
    return rc;
}

int py_module_load_text(metacall_handle *handle, const char *text, size_t size)
{
    PyObject *bytes = NULL, *file = NULL, *code = NULL, *name = NULL, *module = NULL;
    PyObject *list = PyList_New(0);
    int rc = -1;
    if (list != NULL && (bytes = PyBytes_FromStringAndSize(text, (Py_ssize_t)size)) != NULL &&
        (file = PyUnicode_FromFormat("<%s>", metacall_handle_name(handle))) != NULL &&
        (code = compile_text(bytes, file)) != NULL &&
        (name = name_for(metacall_handle_name(handle), NULL)) != NULL &&
        (module = PyModule_NewObject(name)) != NULL &&
        PyObject_SetItem(PyImport_GetModuleDict(), name, module) == 0 &&
        PyList_Append(list, module) == 0)
        rc = run(module, code);
    rc = rc != 0 ? raise_load(metacall_handle_name(handle), 0)
                 : py_module_define(module, handle, PY_NAMES_OWN, metacall_handle_define);
    if (rc == 0) {
        metacall_handle_set_data(handle, list);
        list = NULL;
    } else if (module != NULL) {
        forget(module);
    }
    Py_XDECREF(list);
    Py_XDECREF(module);
    Py_XDECREF(name);
    Py_XDECREF(code);
    Py_XDECREF(file);
    Py_XDECREF(bytes);
    return rc;
}

int py_module_load_package(metacall_handle *handle, const char *name)
{
    PyObject *module = PyImport_ImportModule(name);
    int rc;
    if (module == NULL)
        return raise_load(name, 0);
    rc = py_module_define(module, handle, PY_NAMES_ALL, metacall_handle_define);
    Py_DECREF(module);
    return rc;
}

void py_module_finish(void)
{
    Py_CLEAR(search);
}
