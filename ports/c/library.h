/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The library as a whole: whether it is initialised, its arguments, its one registry. */
#ifndef PORTS_C_LIBRARY_H
#define PORTS_C_LIBRARY_H

#include <metacall/host.h>
#include <metacall/loader.h>
#include <metacall/registry.h>

/* 0 when initialised, else -1 with METACALL_ERROR_STATE. */
int library_require(void);
/* The registry, opened on first use. NULL with the error set. */
metacall_registry *library_registry(void);
/* Starts the loader of a tag; for the host's own, with what its port said. */
int library_start_loader(const char *tag, const struct metacall_host_handshake *handshake,
                         metacall_loader **ret_loader);

#endif /* PORTS_C_LIBRARY_H */
