/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Handles of objects that stay in their runtime, counted. */
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

void metacall_slot_object(metacall_value *slot, metacall_object *object)
{
    metacall_object_reference(object);
    metacall_slot_kind(slot,
                       object->flags & METACALL_OBJECT_IS_CLASS ? METACALL_CLASS : METACALL_OBJECT);
    slot->as.object = object;
}
