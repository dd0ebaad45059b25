/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Classes and objects: no loader hands any out yet, so every call says that it is not supported. */
#include <metacall/loader.h>
#include <metacall/metacall.h>

static int object_refuse(const char *what, const char *name)
{
    return metacall_error_raise(METACALL_ERROR_SUPPORT,
                                "%s '%s' is not supported: no loader has classes", what,
                                name != NULL ? name : "");
}

void *metacall_class(const char *name)
{
    object_refuse("class", name);
    return NULL;
}

metacall_value_ref metacall_class_new(void *cls, const char *name, void *args[], size_t size)
{
    (void)cls, (void)args, (void)size;
    object_refuse("a new object", name);
    return NULL;
}

metacall_value_ref metacall_class_static_get(void *cls, const char *key)
{
    (void)cls;
    object_refuse("static attribute", key);
    return NULL;
}

int metacall_class_static_set(void *cls, const char *key, void *v)
{
    (void)cls, (void)v;
    return object_refuse("static attribute", key);
}

metacall_value_ref metacallv_class(void *cls, const char *name, void *args[], size_t size)
{
    (void)cls, (void)args, (void)size;
    object_refuse("static method", name);
    return NULL;
}

metacall_value_ref metacallt_class(void *cls, const char *name, const enum metacall_value_id ret,
                                   void *args[], size_t size)
{
    (void)ret;
    return metacallv_class(cls, name, args, size);
}

metacall_value_ref metacall_object_get(void *obj, const char *key)
{
    (void)obj;
    object_refuse("attribute", key);
    return NULL;
}

int metacall_object_set(void *obj, const char *key, void *v)
{
    (void)obj, (void)v;
    return object_refuse("attribute", key);
}

metacall_value_ref metacallv_object(void *obj, const char *name, void *args[], size_t size)
{
    (void)obj, (void)args, (void)size;
    object_refuse("method", name);
    return NULL;
}

metacall_value_ref metacallt_object(void *obj, const char *name, const enum metacall_value_id ret,
                                    void *args[], size_t size)
{
    (void)ret;
    return metacallv_object(obj, name, args, size);
}
