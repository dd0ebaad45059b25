/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The name under which MetaCall core 0.9 has <metacall/api.h>. */
#ifndef METACALL_API_COMPATIBLE_H
#define METACALL_API_COMPATIBLE_H

#include <metacall/api.h>
#include <metacall/types.h>

/* What the functions of the C API take and give. In C these are typed, and convert from and to
 * void * by themselves. C++ converts no void *, so there they are what MetaCall core 0.9 declares:
 * its programs compile unchanged in both. */
#ifdef __cplusplus
typedef void *metacall_value_ref;
typedef void *metacall_function_ref;
typedef void *metacall_handle_ref;
typedef void *metacall_loader_ref;
#else
typedef metacall_value *metacall_value_ref;
typedef struct metacall_function *metacall_function_ref;
typedef struct metacall_handle *metacall_handle_ref;
typedef struct metacall_loader *metacall_loader_ref;
#endif

#endif /* METACALL_API_COMPATIBLE_H */
