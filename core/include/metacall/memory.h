/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Memory of one runtime that another one reads and writes in place: bytes, bytearray, an array of
 * numbers, an ArrayBuffer. A METACALL_BUFFER with METACALL_STORAGE_SHARED holds a reference to one;
 * its as.bytes.data and as.bytes.size are the memory's, so who only reads bytes needs none of this.
 *
 * Whoever keeps the bytes longer than the value takes a reference: it pins the runtime's object.
 * Memory that comes home (loader and native are one's own) is that very object again. */
#ifndef METACALL_MEMORY_H
#define METACALL_MEMORY_H

#include <metacall/loader.h>

METACALL_BEGIN_DECLS

enum metacall_memory_flags {
    METACALL_MEMORY_READONLY = 1u << 0 /* its owner holds it to be constant: do not write */
};

typedef struct metacall_memory metacall_memory;

struct metacall_memory {
    uint32_t refs;  /* atomic */
    uint32_t flags; /* enum metacall_memory_flags */
    char *data;
    size_t size;        /* bytes */
    char format;        /* an element, as Python's struct module writes it in native order: 'B' a
                           byte (the usual one), 'b' 'h' 'H' 'i' 'I' 'q' 'Q' 'f' 'd'; '?' unknown */
    uint32_t item_size; /* bytes of an element; 1 for bytes */
    metacall_loader *loader; /* the owner; NULL = made from C */
    void *native;            /* the owner's object */
    /* Lets go of `native`; on any thread, possibly after the runtime has ended, never for a runtime
     * that was lost in a fork. */
    void (*release)(metacall_memory *memory);
};

/* New memory with one reference, the caller's, of plain bytes; set format, item_size and flags
 * right after. `release` may be NULL. NULL with the error set when out of memory (`native` stays
 * the caller's then). */
METACALL_API metacall_memory *metacall_memory_create(metacall_loader *loader, char *data,
                                                     size_t size, void *native,
                                                     void (*release)(metacall_memory *memory));
METACALL_API void metacall_memory_reference(metacall_memory *memory);
METACALL_API void metacall_memory_release(metacall_memory *memory); /* NULL is accepted */
/* Makes `slot`, empty or a scalar, a METACALL_BUFFER of that memory, with a reference of its own.
 */
METACALL_API void metacall_slot_memory(metacall_value *slot, metacall_memory *memory);

METACALL_END_DECLS

#endif /* METACALL_MEMORY_H */
