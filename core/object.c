/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Handles of objects that stay in their runtime: counted, and the gate of every operation. */
#include "core/object.h"

#include "core/error.h"
#include "core/loader_state.h"

#include <stdlib.h>
#include <string.h>

metacall_object *metacall_object_create(metacall_loader *loader, const char *type,
                                        const struct metacall_object_ops *ops, void *native,
                                        uint32_t flags)
{
    size_t length = type != NULL ? strlen(type) : 0;
    struct object_block *block = malloc(sizeof(*block) + length + 1);
    if (block == NULL) {
        error_raise_memory();
        return NULL;
    }
    if (length != 0)
        memcpy(block->type, type, length);
    block->type[length] = '\0';
    block->function = NULL;
    block->head = (metacall_object){.ops = ops,
                                    .loader = loader,
                                    .native = native,
                                    .refs = 1,
                                    .flags = flags,
                                    .type = block->type};
    loader_reference(loader);
    return &block->head;
}

void metacall_object_reference(metacall_object *object)
{
    __atomic_add_fetch(&object->refs, 1, __ATOMIC_RELAXED);
}

void metacall_object_release(metacall_object *object)
{
    if (object == NULL || __atomic_sub_fetch(&object->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    /* What a runtime lost in a fork holds stays where it is: its lock may be held for ever. */
    if (object->ops->destroy != NULL && !loader_is_lost(object->loader))
        object->ops->destroy(object);
    loader_release(object->loader);
    free(object);
}

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

void metacall_slot_object(metacall_value *slot, metacall_object *object)
{
    metacall_object_reference(object);
    metacall_slot_kind(slot,
                       object->flags & METACALL_OBJECT_IS_CLASS ? METACALL_CLASS : METACALL_OBJECT);
    slot->as.object = object;
}
