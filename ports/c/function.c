/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What C may ask of a function. */
#include "core/function.h"

#include "core/error.h"
#include "core/handle.h"
#include "ports/c/library.h"

#include <metacall/metacall.h>

metacall_function_ref metacall_function(const char *name)
{
    if (library_require() != 0)
        return NULL;
    if (name == NULL) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "the name of a function is NULL");
        return NULL;
    }
    return scope_lend_function(name);
}

size_t metacall_function_size(void *func)
{
    const struct function_signature *signature = func != NULL ? function_signature(func) : NULL;
    return signature != NULL ? signature->count : 0;
}

int metacall_function_async(void *func)
{
    if (func == NULL)
        return -1;
    function_signature(func);
    const metacall_function *function = func;
    return (__atomic_load_n(&function->flags, __ATOMIC_ACQUIRE) & METACALL_FUNCTION_ASYNC) != 0;
}

int metacall_function_parameter_type(void *func, size_t parameter, enum metacall_value_id *id)
{
    const struct function_signature *signature = func != NULL ? function_signature(func) : NULL;
    if (signature == NULL || parameter >= signature->count || id == NULL)
        return 1;
    *id = signature->parameters[parameter].type;
    return 0;
}

int metacall_function_return_type(void *func, enum metacall_value_id *id)
{
    const struct function_signature *signature = func != NULL ? function_signature(func) : NULL;
    if (signature == NULL || id == NULL)
        return 1;
    *id = signature->result;
    return 0;
}
