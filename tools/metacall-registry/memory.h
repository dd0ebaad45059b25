/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Memory that is there or the program ends: a command line tool has nothing to save. */
#ifndef METACALL_REGISTRY_MEMORY_H
#define METACALL_REGISTRY_MEMORY_H

#include <metacall/api.h>
#include <stddef.h>

void *memory_take(size_t size);              /* zeroed */
void *memory_grow(void *block, size_t size); /* as realloc */
char *memory_copy(const char *text);         /* NULL stays NULL */
char *memory_format(const char *format, ...) METACALL_PRINTF(1, 2);

#endif /* METACALL_REGISTRY_MEMORY_H */
