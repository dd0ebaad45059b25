/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* measure(strategy, plugin, needed) opens a plugin in this Python once and gives (microseconds, KiB
 * of memory that came with it). The strategy "dlopen" is a plain dlopen. */
#define Py_LIMITED_API 0x03090000
#include <Python.h>

#include "bench_row.h"

#include "host_variants/strategy.h"

#include <dlfcn.h>
#include <metacall/loader.h>
#include <unistd.h>

static const char *const markers[] = {"Py_IsInitialized", "_Py_NoneStruct", "PyExc_Exception",
                                      NULL};
static const struct host_version_source versions[] = {
    {.kind = HOST_VERSION_HEX, .symbol = "Py_Version"},
    {.kind = HOST_VERSION_CALL, .symbol = "Py_GetVersion"},
    {.kind = HOST_VERSION_NONE}};
static const struct host_rule rule = {.tag = "py",
                                      .markers = markers,
                                      .running = HOST_RUNNING_CALL,
                                      .running_symbol = "Py_IsInitialized",
                                      .versions = versions};

static long resident(void)
{
    long total = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file && fscanf(file, "%ld %ld", &total, &pages) != 2)
        pages = 0;
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static int open_by(const char *strategy, const char *plugin, const char *needed,
                   const struct elf_image *image, const struct host_finding *host)
{
    struct strategy_request request = {.tag = "py",
                                       .plugin = plugin,
                                       .plugin_fd = -1,
                                       .image = image,
                                       .needed = needed,
                                       .rule = &rule};
    struct bound_plugin *bound;

    if (strcmp(strategy, "dlopen") == 0)
        return dlopen(plugin, RTLD_NOW | RTLD_LOCAL) ? 0 : -1;
    request.host = host;
    return strategy_from_name(strategy, &request.strategy) == 0
               ? strategy_open(&request, NULL, NULL, &bound)
               : -1;
}

static PyObject *measure(PyObject *self, PyObject *args)
{
    const char *strategy, *plugin, *needed;
    struct modules *modules;
    struct host_report report;
    struct elf_image image;

    (void)self;
    if (!PyArg_ParseTuple(args, "ssz", &strategy, &plugin, &needed))
        return NULL;
    /* who the host is, the registry has found out before it chose a strategy, and it has read the
     * plugin's file to check it */
    if (elf_image_open(plugin, -1, &image) != 0 || host_look(&rule, 1, &modules, &report) != 0 ||
        report.count != 1)
        return PyErr_Format(PyExc_RuntimeError, "no host");
    elf_image_keep_tables(&image);
    long memory = resident();
    double start = bench_now();
    int result = open_by(strategy, plugin, needed, &image, report.findings);
    double took = (bench_now() - start) / 1000;
    memory = resident() - memory;
    if (result != 0) {
        metacall_error *error = metacall_error_peek();
        const char *why = error ? error->message : dlerror();
        return PyErr_Format(PyExc_RuntimeError, "%s", why);
    }
    return Py_BuildValue("(dl)", took, memory);
}

static PyMethodDef methods[] = {{"measure", measure, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "open_module", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_open_module(void);

PyMODINIT_FUNC PyInit_open_module(void)
{
    return PyModule_Create(&definition);
}
