/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Preloaded, it makes any Python look like a build without the global interpreter lock: it exports
 * the function by which the port knows one. */
#define EXPORT __attribute__((visibility("default")))

EXPORT void _Py_MergeZeroLocalRefcount(void *object);

void _Py_MergeZeroLocalRefcount(void *object)
{
    (void)object;
}
