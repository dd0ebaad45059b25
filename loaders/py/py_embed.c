/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The start of an interpreter of our own. It is set up as the python program beside the library
 * would set itself up: same prefix, same sys.path, virtual environments honoured. It installs no
 * signal handlers, and its lock is free whenever nobody is in Python. */
#include "py_embed.h"

#include "py_error.h"
#include "py_module.h"
#include "py_runtime.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* In the limited API until they are removed; the newest versions may lack them. */
extern void weak_set_program_name(const wchar_t *name) __asm__("Py_SetProgramName") PY_WEAK;
extern void weak_set_python_home(const wchar_t *home) __asm__("Py_SetPythonHome") PY_WEAK;
extern int weak_utf8_mode __asm__("Py_UTF8Mode") PY_WEAK;
extern int weak_no_site __asm__("Py_NoSiteFlag") PY_WEAK;

static wchar_t *wide_program, *wide_home; /* the interpreter keeps the pointers */

static int is_file(const char *path, int mode)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, mode) == 0;
}

/* "<prefix>" of "<prefix>/lib[/...]/libpython3.11.so.1.0"; malloc'ed or NULL. */
static char *prefix_of(const char *library)
{
    char *prefix = library != NULL ? realpath(library, NULL) : NULL, *at, *lib = NULL;
    for (at = prefix; at != NULL && (at = strstr(at, "/lib")) != NULL; at++)
        if (at[4] == '/' || strncmp(at, "/lib64/", 7) == 0)
            lib = at;
    if (lib == NULL || lib == prefix) {
        free(prefix);
        return lib == prefix && prefix != NULL ? strdup("/usr") : NULL;
    }
    *lib = '\0';
    return prefix;
}

/* Is the environment at `prefix` one of this minor version? Its pyvenv.cfg says "version = 3.11.2"
 * (venv) or "version_info = 3.11.2.final.0" (virtualenv). */
static int is_environment(const char *prefix)
{
    char path[4096], line[512];
    FILE *file;
    int minor = -1;
    snprintf(path, sizeof path, "%s/pyvenv.cfg", prefix);
    if ((file = fopen(path, "re")) == NULL)
        return 0;
    while (minor < 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "version", 7) == 0 && sscanf(line, "%*[a-z_] = 3.%d", &minor) != 1)
            minor = -1;
    fclose(file);
    return minor == py_runtime.minor;
}

/* The program of the active virtual environment, where that is one for this library; the library
 * may have been named without it. 1 when `program` was filled in. */
static int environment_program(char *program, size_t size)
{
    const char *prefix = secure_getenv("VIRTUAL_ENV");
    if (prefix == NULL || *prefix == '\0' || !is_environment(prefix))
        return 0;
    snprintf(program, size, "%s/bin/python3", prefix);
    return is_file(program, X_OK);
}

/* Tells the interpreter who it is: the program that belongs to the library, else its prefix. What
 * PATH finds first is another Python as often as not. */
static void set_identity(const struct metacall_loader_config *config)
{
    char program[4096], *prefix;
    if (config->runtime_executable != NULL && is_file(config->runtime_executable, X_OK)) {
        wide_program = Py_DecodeLocale(config->runtime_executable, NULL);
    } else if (environment_program(program, sizeof program)) {
        wide_program = Py_DecodeLocale(program, NULL);
    } else if ((prefix = prefix_of(config->runtime_library)) != NULL) {
        snprintf(program, sizeof program, "%s/bin/python3.%d", prefix, py_runtime.minor);
        if (is_file(program, X_OK))
            wide_program = Py_DecodeLocale(program, NULL);
        else
            wide_home = Py_DecodeLocale(prefix, NULL);
        free(prefix);
    }
    if (wide_program != NULL && weak_set_program_name != NULL)
        weak_set_program_name(wide_program);
    if (wide_home != NULL && weak_set_python_home != NULL && getenv("PYTHONHOME") == NULL)
        weak_set_python_home(wide_home);
}

/* PEP 540: python works in UTF-8 in the C locale, and where it is told to; an embedded one asks
 * neither and would use ASCII. */
static void set_text_mode(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *locale = NULL, *asked = getenv("PYTHONUTF8");
    size_t i;
    if (&weak_utf8_mode == NULL)
        return;
    if (asked != NULL && *asked != '\0') {
        weak_utf8_mode = strcmp(asked, "1") == 0;
        return;
    }
    for (i = 0; i < sizeof names / sizeof names[0] && (locale == NULL || *locale == '\0'); i++)
        locale = getenv(names[i]);
    if (locale == NULL || *locale == '\0' || strcmp(locale, "C") == 0 ||
        strcmp(locale, "POSIX") == 0)
        weak_utf8_mode = 1;
}

/* sys.argv as a script sees it; [''] where there is none. */
static int set_arguments(const struct metacall_loader_config *config)
{
    PyObject *list = PyList_New(0), *text;
    int i, rc = list != NULL ? 0 : -1;
    for (i = 0; rc == 0 && (i < config->argc || i == 0); i++) {
        text = PyUnicode_DecodeFSDefault(config->argc > 0 ? config->argv[i] : "");
        rc = text != NULL ? PyList_Append(list, text) : -1;
        Py_XDECREF(text);
    }
    if (rc == 0)
        rc = PySys_SetObject("argv", list);
    Py_XDECREF(list);
    return rc;
}

/* A runner's main program expects Ctrl-C to be a KeyboardInterrupt, as under python itself. */
static int set_interrupt(void)
{
    PyObject *module = PyImport_ImportModule("_signal"), *handler = NULL, *number = NULL,
             *done = NULL;
    if (module != NULL &&
        (handler = PyObject_GetAttrString(module, "default_int_handler")) != NULL &&
        (number = PyObject_GetAttrString(module, "SIGINT")) != NULL)
        done = PyObject_CallMethod(module, "signal", "OO", number, handler);
    Py_XDECREF(number);
    Py_XDECREF(handler);
    Py_XDECREF(module);
    Py_XDECREF(done);
    return done != NULL ? 0 : -1;
}

/* So that the main thread is the one that started the interpreter, whoever imports it later. */
static int import_threading(void)
{
    PyObject *module = PyImport_ImportModule("threading");
    Py_XDECREF(module);
    return module != NULL ? 0 : -1;
}

/* Scripts of other languages can be imported without `import metacall`: the first import that would
 * fail brings the port, whose finder then stands in this one's place. */
static const char finder_text[] = "class Finder:\n"
                                  "    @staticmethod\n"
                                  "    def find_spec(name, path=None, target=None):\n"
                                  "        import sys\n"
                                  "        if Finder in sys.meta_path:\n"
                                  "            sys.meta_path.remove(Finder)\n"
                                  "        try:\n"
                                  "            from metacall import _Finder\n"
                                  "        except ImportError:\n"
                                  "            return None\n"
                                  "        return _Finder.find_spec(name, path, target)\n"
                                  "import sys\n"
                                  "sys.meta_path.append(Finder)\n";

static int add_finder(void)
{
    PyObject *scope = PyDict_New(), *name = PyUnicode_FromString("metacall"), *code = NULL;
    PyObject *done = NULL;
    if (scope != NULL && name != NULL && PyDict_SetItemString(scope, "__name__", name) == 0 &&
        PyDict_SetItemString(scope, "__builtins__", PyEval_GetBuiltins()) == 0 &&
        (code = Py_CompileString(finder_text, "<metacall>", Py_file_input)) != NULL)
        done = PyEval_EvalCode(code, scope, scope);
    Py_XDECREF(code);
    Py_XDECREF(name);
    Py_XDECREF(scope);
    Py_XDECREF(done);
    return done != NULL ? 0 : -1;
}

/* What site does may import any extension module (a .pth file), so where some must be isolated it
 * comes after that. 1 when it was put off. */
static int put_off_site(void)
{
    if (!py_isolate_is_needed() || &weak_no_site == NULL || weak_no_site != 0)
        return 0;
    weak_no_site = 1;
    return 1;
}

static int run_site(void)
{
    PyObject *module, *done = NULL;
    weak_no_site = 0;
    if ((module = PyImport_ImportModule("site")) != NULL)
        done = PyObject_CallMethod(module, "main", NULL);
    Py_XDECREF(module);
    Py_XDECREF(done);
    return done != NULL ? 0 : -1;
}

static int set_up(const struct metacall_loader_config *config, int site)
{
    const char *const *path;
    if (py_isolate_extensions() != 0 || (site && run_site() != 0) || import_threading() != 0 ||
        add_finder() != 0 || set_arguments(config) != 0 ||
        (config->argc > 0 && set_interrupt() != 0))
        return py_error_raise();
    for (path = config->execution_paths; path != NULL && *path != NULL; path++)
        if (access(*path, R_OK) == 0 && py_module_add_path(*path) != 0)
            return -1;
    return 0;
}

int py_embed_start(metacall_loader *loader, const struct metacall_loader_config *config)
{
    int rc, site;
    if (py_runtime.ended)
        return metacall_error_raise(METACALL_ERROR_STATE,
                                    "the Python interpreter of this process has been finalised; "
                                    "CPython cannot be started again (extension modules crash)");
    if (Py_IsInitialized())
        return metacall_error_raise(METACALL_ERROR_LOADER,
                                    "a Python interpreter runs in this process already, but was "
                                    "not recognised as the host; see `metacall-registry explain "
                                    "py`");
    if (py_runtime_prepare(loader, 1) != 0)
        return -1;
    py_runtime.runner = config->argc > 0;
    set_identity(config);
    set_text_mode();
    site = put_off_site();
    py_isolate_library();
    Py_InitializeEx(0);
    if (!Py_IsInitialized())
        return metacall_error_raise(METACALL_ERROR_LOADER, "Python did not start");
    rc = set_up(config, site);
    py_runtime.main = PyEval_SaveThread();
    py_this_thread.saved = py_runtime.main;
    if (rc != 0)
        py_runtime.ended = 1; /* half set up: never used, never started again */
    return rc;
}
