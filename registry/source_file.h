/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A file that the registry relies on: a regular one, of bounded size, opened so that nothing can
 * make it wait, and nobody else's to change where that matters. */
#ifndef REGISTRY_SOURCE_FILE_H
#define REGISTRY_SOURCE_FILE_H

#include "registry/environment.h"

enum source_file_state {
    SOURCE_FILE_OPEN,   /* the descriptor is there */
    SOURCE_FILE_ABSENT, /* no such file */
    SOURCE_FILE_MASK,   /* empty, or a link to /dev/null */
    SOURCE_FILE_REFUSED /* see `id` and `message` */
};

struct source_file {
    enum source_file_state state;
    int fd; /* -1 unless open */
    size_t size;
    const char *id; /* finding: file.type, file.size, file.access, file.trust ... */
    char message[160];
    int no_memory; /* refused because there was no room to read it */
};

/* Opens `path` (a path inside the root). The state says what became of it. */
void source_file_open(const struct environment *environment, const char *path, size_t size_max,
                      struct source_file *ret_file);
/* The same relative to a folder that is open. */
void source_file_open_at(const struct environment *environment, int folder, const char *name,
                         size_t size_max, struct source_file *ret_file);
void source_file_close(struct source_file *file);
/* Reads all of it, with a NUL after it; malloc'ed. NULL: the state is REFUSED then, with a reason.
 */
char *source_file_read(struct source_file *file);

/* The same into a buffer that is used again and grows as needed; free it at the end. */
const char *source_file_read_into(struct source_file *file, char **buffer, size_t *buffer_size);

/* Whether others may write a file or folder, by what fstat says: 0 = nobody but us and root, else
 * a reason. Only asked in strict mode. */
const char *source_file_distrust(const struct environment *environment, int fd);

#endif /* REGISTRY_SOURCE_FILE_H */
