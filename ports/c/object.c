/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Classes and objects in C: each call is one operation on a handle. */
#include "core/error.h"
#include "core/handle.h"
#include "core/value.h"
#include "ports/c/library.h"

#include <metacall/object.h>

#include <metacall/metacall.h>

/* One operation with its result as a heap value that owns all it holds. NULL with the error set. */
static metacall_value *object_perform(void *object, enum metacall_object_operation operation,
                                      const char *name, void *args[], size_t size)
{
    if (object == NULL) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "the class or object is NULL");
        return NULL;
    }
    metacall_value *ret = value_create();
    if (ret == NULL)
        return NULL;
    struct metacall_call call = {(metacall_value *const *)args, size, NULL, 0};
    if (metacall_object_perform(object, operation, name, &call, ret) < 0 || value_own(ret) != 0) {
        if (metacall_error_peek() == NULL)
            metacall_error_raise(METACALL_ERROR_INTERNAL, "a %s failed without an error",
                                 ((metacall_object *)object)->type);
        value_destroy(ret);
        return NULL;
    }
    return ret;
}

/* The result as the kind that the caller asks for. */
static metacall_value *object_expect(metacall_value *ret, enum metacall_value_id id)
{
    if (ret == NULL || id == METACALL_INVALID || ret->id == id)
        return ret;
    if (metacall_value_cast(ret, id) != NULL)
        return ret;
    value_destroy(ret);
    return NULL;
}

static int object_set(void *object, const char *key, void *v)
{
    metacall_value *ret = object_perform(object, METACALL_OBJECT_SET, key, &v, 1);
    value_destroy(ret);
    return ret != NULL ? 0 : -1;
}

void *metacall_class(const char *name)
{
    if (library_require() != 0)
        return NULL;
    if (name != NULL)
        return scope_lend_class(name);
    metacall_error_raise(METACALL_ERROR_ARGUMENT, "the name of a class is NULL");
    return NULL;
}

metacall_value_ref metacall_class_new(void *cls, const char *name, void *args[], size_t size)
{
    (void)name; /* languages name variables, not objects */
    return object_perform(cls, METACALL_OBJECT_CONSTRUCT, NULL, args, size);
}

metacall_value_ref metacall_class_static_get(void *cls, const char *key)
{
    return object_perform(cls, METACALL_OBJECT_GET, key, NULL, 0);
}

int metacall_class_static_set(void *cls, const char *key, void *v)
{
    return object_set(cls, key, v);
}

metacall_value_ref metacallv_class(void *cls, const char *name, void *args[], size_t size)
{
    return object_perform(cls, METACALL_OBJECT_METHOD, name, args, size);
}

metacall_value_ref metacallt_class(void *cls, const char *name, const enum metacall_value_id ret,
                                   void *args[], size_t size)
{
    return object_expect(metacallv_class(cls, name, args, size), ret);
}

metacall_value_ref metacall_object_get(void *obj, const char *key)
{
    return object_perform(obj, METACALL_OBJECT_GET, key, NULL, 0);
}

int metacall_object_set(void *obj, const char *key, void *v)
{
    return object_set(obj, key, v);
}

metacall_value_ref metacallv_object(void *obj, const char *name, void *args[], size_t size)
{
    return object_perform(obj, METACALL_OBJECT_METHOD, name, args, size);
}

metacall_value_ref metacallt_object(void *obj, const char *name, const enum metacall_value_id ret,
                                    void *args[], size_t size)
{
    return object_expect(metacallv_object(obj, name, args, size), ret);
}
