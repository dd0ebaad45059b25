/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A load in progress: handles that are filled, but not to be seen by anybody yet. */
#ifndef PORTS_C_LOAD_H
#define PORTS_C_LOAD_H

#include <metacall/loader.h>

struct load_batch {
    metacall_handle **parts;
    size_t count;
};

/* Loads one script into the batch. 0, or -1 with the error set. */
int load_batch_file(struct load_batch *batch, metacall_loader *loader, const char *path);
int load_batch_memory(struct load_batch *batch, metacall_loader *loader, const char *text,
                      size_t size);
int load_batch_package(struct load_batch *batch, metacall_loader *loader, const char *name);
/* Makes all names of the batch known: `handle` as metacall_load_from_file has it. All or nothing;
 * the batch is empty afterwards in both cases. */
int load_batch_publish(struct load_batch *batch, void **handle);
/* Unloads what the batch holds; the thread's error stays. */
void load_batch_abandon(struct load_batch *batch);

#endif /* PORTS_C_LOAD_H */
