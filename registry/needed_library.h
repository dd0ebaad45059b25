/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Where the dynamic linker would find a DT_NEEDED, without asking it to load anything. */
#ifndef REGISTRY_NEEDED_LIBRARY_H
#define REGISTRY_NEEDED_LIBRARY_H

#include "host_variants/elf_image.h"
#include "registry/environment.h"

/* The path of `soname` for the object at `path`: a mapped library of that SONAME, RPATH,
 * LD_LIBRARY_PATH, RUNPATH, /etc/ld.so.cache, the standard folders. Only native libraries count.
 * NULL = not found. */
const char *needed_library_find(const struct environment *environment, struct arena *arena,
                                const struct elf_image *image, const char *path,
                                const char *soname);
/* $ORIGIN and ${ORIGIN} in an entry of RPATH or RUNPATH stand for the folder of `path`. */
const char *needed_library_origin(struct arena *arena, const char *entry, size_t size,
                                  const char *path);

#endif /* REGISTRY_NEEDED_LIBRARY_H */
