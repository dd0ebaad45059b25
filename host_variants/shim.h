/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The shim: a generated ELF object of about half a kilobyte that carries a SONAME and no symbol.
 * While it is mapped, ld.so takes it for the library of that name and maps no other; what a plugin
 * then binds to is decided by the global scope, or by the library that the shim forwards to. */
#ifndef HOST_VARIANTS_SHIM_H
#define HOST_VARIANTS_SHIM_H

#include "host_variants/modules.h"

struct shim;

/* Whether this system's linker takes whatever mapped object has a SONAME for the library of that
 * name, which is what a shim lives by. glibc does; musl goes by the names that it searched for and
 * by inodes. */
int shim_is_effective(void);

/* Writes the object into `buffer`. `forward` becomes its one DT_NEEDED; NULL = none. Returns its
 * size, which may be larger than `size`: then nothing was written. */
size_t shim_write(const char *soname, const char *forward, void *buffer, size_t size);

/* Maps a shim (RTLD_LOCAL), or takes one more reference to an equal one that is mapped already.
 * The caller holds the lock of strategy.c. Returns 0, or -1 with METACALL_ERROR_LOADER set. */
int shim_open(const char *soname, const char *forward, struct shim **ret_shim);
/* The handle for dlopen's rules, until shim_settle. */
void *shim_handle(const struct shim *shim);
/* Once a plugin holds the shim as its dependency: it now goes when the plugin goes. */
void shim_settle(struct shim *shim);
/* Gives the reference back; the last one closes what is no longer mapped. NULL is accepted. */
void shim_close(struct shim *shim);
/* Whether a mapped object is a shim of ours (by its note). */
int shim_is(const struct module *module);

#endif /* HOST_VARIANTS_SHIM_H */
