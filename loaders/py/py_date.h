/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* datetime.datetime as an instant. The module is not imported before the first one is met. */
#ifndef PY_DATE_H
#define PY_DATE_H

#include "py_value.h"

/* 0; 1 when the object is none (nothing is set); -1 with the thread's error set. A naive one is
 * local time, as its timestamp() has it. */
int py_date_from(PyObject *object, metacall_value *slot, const struct py_path *path);
/* An aware one in UTC: a new reference, or NULL with the thread's error or an exception set. */
PyObject *py_date_to(int64_t microseconds, const struct py_path *path);

#endif /* PY_DATE_H */
