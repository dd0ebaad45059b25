/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Memory that two runtimes use in place: whatever has the buffer protocol goes out without a copy,
 * pinned; what comes in is a memoryview over the other runtime's bytes. */
#ifndef PY_MEMORY_H
#define PY_MEMORY_H

#include "py_api.h"

#include <metacall/loader.h>

/* From how many bytes on an immutable `bytes` is shared instead of copied. */
#define PY_MEMORY_SHARED 4096

/* Into the empty `slot`. 0, or -1 with the thread's error set. */
int py_memory_from_bytes(PyObject *object, metacall_value *slot, char *data, size_t size);
/* The same for anything that is contiguous memory of numbers; a number that shows its memory
 * (numpy's scalars) is that number. 1 when the object is neither (nothing is set). */
int py_memory_from(PyObject *object, metacall_value *slot);
/* For a METACALL_BUFFER: its own object where it is at home here, a memoryview where it is shared,
 * else bytes. A new reference, or NULL with an exception or the thread's error set. */
PyObject *py_memory_to(const metacall_value *value);
void py_memory_finish(void);

#endif /* PY_MEMORY_H */
