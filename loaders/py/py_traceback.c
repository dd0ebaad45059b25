/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The text of a traceback as Python itself would print it, made by the interpreter's own C code:
 * nothing is imported but io, which every interpreter has loaded. */
#include "py_error.h"

#include <stdlib.h>
#include <string.h>

#define CHAIN 16

static void write_text(PyObject *stream, const char *text)
{
    PyObject *done = PyObject_CallMethod(stream, "write", "s", text);
    Py_XDECREF(done);
    PyErr_Clear();
}

static void write_object(PyObject *stream, const char *format, PyObject *object)
{
    PyObject *text = PyUnicode_FromFormat(format, object), *done;
    if (text != NULL && (done = PyObject_CallMethod(stream, "write", "O", text)) != NULL)
        Py_DECREF(done);
    Py_XDECREF(text);
    PyErr_Clear();
}

/* The place that a SyntaxError speaks of. */
static void write_syntax(PyObject *stream, PyObject *exception)
{
    PyObject *file = PyObject_GetAttrString(exception, "filename");
    PyObject *line = PyObject_GetAttrString(exception, "lineno");
    PyObject *text = PyObject_GetAttrString(exception, "text");
    PyObject *place, *stripped;
    if (file != NULL && line != NULL && line != Py_None &&
        (place = PyUnicode_FromFormat("  File \"%S\", line %S\n", file, line)) != NULL) {
        write_object(stream, "%U", place);
        Py_DECREF(place);
        if (text != NULL && text != Py_None &&
            (stripped = PyObject_CallMethod(text, "strip", NULL)) != NULL) {
            write_object(stream, "    %S\n", stripped);
            Py_DECREF(stripped);
        }
    }
    Py_XDECREF(file);
    Py_XDECREF(line);
    Py_XDECREF(text);
    PyErr_Clear();
}

/* "module.Type: message", without the module where Python leaves it out. */
static void write_line(PyObject *stream, PyObject *exception)
{
    PyObject *type = (PyObject *)Py_TYPE(exception), *text = NULL;
    PyObject *name = PyObject_GetAttrString(type, "__qualname__");
    PyObject *module = PyObject_GetAttrString(type, "__module__");
    PyObject *message = PyErr_GivenExceptionMatches(exception, PyExc_SyntaxError)
                            ? PyObject_GetAttrString(exception, "msg")
                            : PyObject_Str(exception);
    if (module != NULL && PyUnicode_Check(module) &&
        PyUnicode_CompareWithASCIIString(module, "builtins") != 0 &&
        PyUnicode_CompareWithASCIIString(module, "__main__") != 0)
        write_object(stream, "%S.", module);
    write_object(stream, "%S", name != NULL ? name : type);
    PyErr_Clear();
    if (message == NULL)
        write_text(stream, ": <exception str() failed>");
    else if ((text = PyObject_Str(message)) != NULL && PyObject_Size(text) > 0)
        write_object(stream, ": %S", text);
    write_text(stream, "\n");
    Py_XDECREF(text);
    Py_XDECREF(message);
    Py_XDECREF(module);
    Py_XDECREF(name);
    PyErr_Clear();
}

/* PEP 678: one note a line. */
static void write_notes(PyObject *stream, PyObject *exception)
{
    PyObject *notes = PyObject_GetAttrString(exception, "__notes__");
    Py_ssize_t i;
    for (i = 0; notes != NULL && PyList_Check(notes) && i < PyList_Size(notes); i++)
        write_object(stream, "%S\n", PyList_GetItem(notes, i));
    Py_XDECREF(notes);
    PyErr_Clear();
}

static void write_exception(PyObject *stream, PyObject *exception, int chain)
{
    PyObject *traceback, *suppressed, *before = PyException_GetCause(exception);
    const char *between = "\nThe above exception was the direct cause of the following "
                          "exception:\n\n";
    if (before == NULL) {
        suppressed = PyObject_GetAttrString(exception, "__suppress_context__");
        if (suppressed == Py_False)
            before = PyException_GetContext(exception);
        Py_XDECREF(suppressed);
        between = "\nDuring handling of the above exception, another exception occurred:\n\n";
    }
    if (before != NULL && chain > 0) {
        write_exception(stream, before, chain - 1);
        write_text(stream, between);
    }
    Py_XDECREF(before);
    if ((traceback = PyException_GetTraceback(exception)) != NULL) {
        PyTraceBack_Print(traceback, stream);
        Py_DECREF(traceback);
    }
    PyErr_Clear();
    if (PyErr_GivenExceptionMatches(exception, PyExc_SyntaxError))
        write_syntax(stream, exception);
    write_line(stream, exception);
    write_notes(stream, exception);
}

char *py_traceback_text(PyObject *exception)
{
    PyObject *type, *value, *traceback, *io, *stream = NULL, *text = NULL, *bytes = NULL;
    char *copy = NULL;
    PyErr_Fetch(&type, &value, &traceback);
    if ((io = PyImport_ImportModule("io")) != NULL &&
        (stream = PyObject_CallMethod(io, "StringIO", NULL)) != NULL) {
        write_exception(stream, exception, CHAIN);
        text = PyObject_CallMethod(stream, "getvalue", NULL);
    }
    if (text != NULL && (bytes = PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass")) != NULL)
        copy = strdup(PyBytes_AsString(bytes));
    Py_XDECREF(bytes);
    Py_XDECREF(text);
    Py_XDECREF(stream);
    Py_XDECREF(io);
    PyErr_Restore(type, value, traceback);
    return copy;
}

/* -------------------------------------------------------------------- foreign frames up to 3.10 */

/* Makes a traceback of the lines "at name (file:line:column)" of a stack, the innermost first. Each
 * frame is one of a piece of code that bears the name, file and line. */
static const char foreign_source[] =
    "def frames(stack, kind):\n"
    "    traceback = None\n"
    "    for text in stack.splitlines():\n"
    "        name, bracket, place = text.strip().rpartition(' (')\n"
    "        rest, _, line = place.rstrip(')').rpartition(':')\n"
    "        file, _, number = rest.rpartition(':')\n"
    "        if number.isdigit():\n"
    "            line = number  # what came last was the column\n"
    "        else:\n"
    "            file = rest\n"
    "        if not name.startswith('at ') or not line.isdigit() or int(line) < 1:\n"
    "            continue\n"
    "        code = compile('raise KeyError', file, 'exec')\n"
    "        code = code.replace(co_name=name[3:], co_firstlineno=int(line))\n"
    "        try:\n"
    "            exec(code, {})\n"
    "        except KeyError as error:\n"
    "            at = error.__traceback__.tb_next\n"
    "            traceback = kind(traceback, at.tb_frame, at.tb_lasti, int(line))\n"
    "    return traceback\n";

static PyObject *foreign_frames;

static PyObject *frames_function(void)
{
    PyObject *globals, *code, *ran = NULL;
    if (foreign_frames != NULL || (globals = PyDict_New()) == NULL)
        return foreign_frames;
    if (PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins()) == 0 &&
        (code = Py_CompileString(foreign_source, "<metacall>", Py_file_input)) != NULL) {
        ran = PyEval_EvalCode(code, globals, globals);
        Py_DECREF(code);
    }
    if (ran != NULL) {
        foreign_frames = PyDict_GetItemString(globals, "frames");
        Py_XINCREF(foreign_frames);
    }
    Py_XDECREF(ran);
    Py_DECREF(globals);
    return foreign_frames;
}

void py_traceback_add_foreign(PyObject *exception, const char *stack)
{
    PyObject *function = frames_function(), *text, *traceback = NULL;
    if (function != NULL &&
        (text = PyUnicode_DecodeUTF8(stack, (Py_ssize_t)strlen(stack), "replace")) != NULL) {
        traceback = PyObject_CallFunctionObjArgs(function, text, &PyTraceBack_Type, NULL);
        Py_DECREF(text);
    }
    if (traceback != NULL && traceback != Py_None)
        PyException_SetTraceback(exception, traceback);
    Py_XDECREF(traceback);
    PyErr_Clear(); /* an ornament: the exception itself is what counts */
}

void py_traceback_finish(void)
{
    Py_CLEAR(foreign_frames);
}
