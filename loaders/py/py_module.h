/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Scripts, texts and packages as modules, and what they bring into a handle. The interpreter's lock
 * is held throughout; int functions return 0, or -1 with the thread's error set. */
#ifndef PY_MODULE_H
#define PY_MODULE_H

#include "py_api.h"

#include <metacall/loader.h>

/* Which names of a module count. */
enum py_names {
    PY_NAMES_OWN, /* __all__, else public names of what was defined there */
    PY_NAMES_ALL  /* __all__, else all public names: a package collects from its parts */
};

int py_module_load_files(metacall_loader *loader, metacall_handle *handle,
                         const char *const paths[], size_t count);
int py_module_load_text(metacall_handle *handle, const char *text, size_t size);
int py_module_load_package(metacall_handle *handle, const char *name);
/* Forgets the modules behind a handle; takes them out of sys.modules where `unload` is set. */
int py_module_clear(metacall_handle *handle, int unload);
/* Looks for scripts and imports in `path` as well. */
int py_module_add_path(const char *path);
/* Puts a folder into sys.path: in front (an interpreter of ours) or behind (a host's) what is
 * there, unless it is there. */
int py_module_add_import_path(const char *path, int in_front);
void py_module_finish(void);

/* Calls `define(handle, name, value)` for each name of the module that counts. */
int py_module_define(PyObject *module, metacall_handle *handle, enum py_names names,
                     int (*define)(metacall_handle *handle, const char *name,
                                   const metacall_value *value));
/* 1 when `name` may be shown as a name of the module `module_name`. */
int py_module_owns(PyObject *name, PyObject *object, PyObject *module_name);

/* What the host's main program offers: one name, or all for NULL. */
int py_discover(metacall_handle *handle, const char *name);

#endif /* PY_MODULE_H */
