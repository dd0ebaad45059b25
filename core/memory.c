/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Memory of one runtime that another one uses in place: counted, its owner let go of with the last
 * reference. */
#include <metacall/memory.h>

#include "core/error.h"
#include "core/loader_state.h"

#include <stdlib.h>

metacall_memory *metacall_memory_create(metacall_loader *loader, char *data, size_t size,
                                        void *native, void (*release)(metacall_memory *memory))
{
    metacall_memory *memory = malloc(sizeof(*memory));
    if (memory == NULL) {
        error_raise_memory();
        return NULL;
    }
    *memory = (metacall_memory){.refs = 1,
                                .data = data,
                                .size = size,
                                .format = 'B',
                                .item_size = 1,
                                .loader = loader,
                                .native = native,
                                .release = release};
    loader_reference(loader);
    return memory;
}

void metacall_memory_reference(metacall_memory *memory)
{
    __atomic_add_fetch(&memory->refs, 1, __ATOMIC_RELAXED);
}

void metacall_memory_release(metacall_memory *memory)
{
    if (memory == NULL || __atomic_sub_fetch(&memory->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    /* What a runtime lost in a fork holds stays where it is: its lock may be held for ever. */
    if (memory->release != NULL && !loader_is_lost(memory->loader))
        memory->release(memory);
    loader_release(memory->loader);
    free(memory);
}

void metacall_slot_memory(metacall_value *slot, metacall_memory *memory)
{
    metacall_memory_reference(memory);
    metacall_slot_kind(slot, METACALL_BUFFER);
    slot->storage |= METACALL_STORAGE_SHARED;
    slot->as.bytes.data = memory->data;
    slot->as.bytes.size = memory->size;
    slot->as.bytes.memory = memory;
}
