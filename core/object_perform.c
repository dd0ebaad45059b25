/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The gate of every operation on an object: what it needs is there, and its loader lives. */
#include "core/error.h"
#include "core/loader_state.h"
#include "core/object.h"

/* What each operation cannot do without. */
static const struct object_need {
    const char *verb; /* for errors */
    unsigned name : 1;
    unsigned args : 2;
} object_needs[] = {
    [METACALL_OBJECT_GET] = {"get an attribute", 1, 0},
    [METACALL_OBJECT_SET] = {"set an attribute", 1, 1},
    [METACALL_OBJECT_DELETE] = {"delete an attribute", 1, 0},
    [METACALL_OBJECT_HAS] = {"ask for an attribute", 1, 0},
    [METACALL_OBJECT_NAMES] = {"list the attributes", 0, 0},
    [METACALL_OBJECT_METHOD] = {"call a method", 1, 0},
    [METACALL_OBJECT_CALL] = {"call it", 0, 0},
    [METACALL_OBJECT_CONSTRUCT] = {"construct one", 0, 0},
    [METACALL_OBJECT_ITEM_GET] = {"get an item", 0, 1},
    [METACALL_OBJECT_ITEM_SET] = {"set an item", 0, 2},
    [METACALL_OBJECT_ITEM_DELETE] = {"delete an item", 0, 1},
    [METACALL_OBJECT_CONTAINS] = {"look for an item", 0, 1},
    [METACALL_OBJECT_LENGTH] = {"ask for the length", 0, 0},
    [METACALL_OBJECT_ITERATE] = {"iterate", 0, 0},
    [METACALL_OBJECT_NEXT] = {"take the next item", 0, 0},
    [METACALL_OBJECT_THROW] = {"throw into it", 0, 1},
    [METACALL_OBJECT_RETURN] = {"close it", 0, 0},
    [METACALL_OBJECT_ASYNC_ITERATE] = {"iterate asynchronously", 0, 0},
    [METACALL_OBJECT_ASYNC_NEXT] = {"await the next item", 0, 0},
    [METACALL_OBJECT_ASYNC_RETURN] = {"close it asynchronously", 0, 0},
    [METACALL_OBJECT_ENTER] = {"enter it", 0, 0},
    [METACALL_OBJECT_EXIT] = {"leave it", 0, 1},
    [METACALL_OBJECT_TEXT] = {"ask for its text", 0, 0},
    [METACALL_OBJECT_REPR] = {"ask for its representation", 0, 0},
    [METACALL_OBJECT_TYPE] = {"ask for its class", 0, 0},
    [METACALL_OBJECT_INSTANCE] = {"ask for its instance", 0, 1},
    [METACALL_OBJECT_EQUAL] = {"compare", 0, 1},
    [METACALL_OBJECT_HASH] = {"hash", 0, 0},
    [METACALL_OBJECT_SIGNATURE] = {"ask for the signature", 0, 0},
    [METACALL_OBJECT_MEMBERS] = {"ask for the members", 0, 0},
    [METACALL_OBJECT_NUMBER] = {"ask for its number", 0, 0},
    [METACALL_OBJECT_ASYNC_ENTER] = {"enter it asynchronously", 0, 0},
    [METACALL_OBJECT_ASYNC_EXIT] = {"leave it asynchronously", 0, 1},
};

static int object_check(const metacall_object *object, enum metacall_object_operation operation,
                        const char *name, const struct metacall_call *call)
{
    if ((size_t)operation >= sizeof(object_needs) / sizeof(object_needs[0]) ||
        object->ops->perform == NULL)
        return metacall_error_raise(METACALL_ERROR_SUPPORT, "a %s knows no operation %d",
                                    object->type, (int)operation);
    const struct object_need *need = &object_needs[operation];
    if (need->name && name == NULL)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT, "to %s of a %s takes a name",
                                    need->verb, object->type);
    if (call->count < need->args)
        return metacall_error_raise(
            METACALL_ERROR_ARGUMENT, "to %s of a %s takes %u argument%s, got %zu", need->verb,
            object->type, need->args, need->args == 1 ? "" : "s", call->count);
    for (size_t i = 0; i < call->count; i++)
        if (call->args[i] == NULL)
            return metacall_error_raise(METACALL_ERROR_ARGUMENT, "argument %zu to a %s is NULL",
                                        i + 1, object->type);
    return 0;
}

int metacall_object_perform(metacall_object *object, enum metacall_object_operation operation,
                            const char *name, const struct metacall_call *call, metacall_value *ret)
{
    static const struct metacall_call none = {NULL, 0, NULL, 0};
    const metacall_loader *loader = object->loader;
    if (loader != NULL &&
        __builtin_expect(__atomic_load_n(&loader->state, __ATOMIC_RELAXED) > LOADER_READY, 0) &&
        loader_admit(loader, name != NULL ? name : object->type) != 0)
        return -1;
    if (call == NULL)
        call = &none;
    if (object_check(object, operation, name, call) != 0)
        return -1;
    if ((operation == METACALL_OBJECT_CONSTRUCT || operation == METACALL_OBJECT_CALL) &&
        __builtin_expect(__atomic_load_n(object_function_place(object), __ATOMIC_RELAXED) != NULL,
                         0))
        return object_call_through(object, operation, call, ret);
    return object->ops->perform(object, operation, name, call, ret);
}
