/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What a class has, for tools that show it. The interpreter's lock is held. */
#ifndef PY_MEMBERS_H
#define PY_MEMBERS_H

#include "py_api.h"

/* A dict as METACALL_OBJECT_MEMBERS has it; methods are bound to the class, so that what is told of
 * them leaves out the instance. A new reference, or NULL with an exception set. */
PyObject *py_members(PyObject *type);

#endif /* PY_MEMBERS_H */
