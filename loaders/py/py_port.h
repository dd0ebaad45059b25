/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The native module of the port: what `import metacall` finds behind its door. */
#ifndef PY_PORT_H
#define PY_PORT_H

#include "py_api.h"

/* What the door receives from metacall_host_attach: makes the module `metacall._metacall`. */
typedef PyObject *(*py_port_function)(void);
PyObject *py_port_module(void);
/* Functions of that module that lie elsewhere. */
PyObject *py_port_intercept(PyObject *self, PyObject *args);
PyObject *py_port_intercept_remove(PyObject *self, PyObject *capsule);
PyObject *py_port_run_main(PyObject *self, PyObject *args);
PyObject *py_port_version(PyObject *self, PyObject *unused);
/* Hooks into a host: its exit and its forks. 0, or -1 with a Python exception set. */
int py_port_hook_host(void);
int py_port_hook_fork(void);

#endif /* PY_PORT_H */
