/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Who attached, as the other rooms of the C API need it. */
#ifndef PORTS_C_HOST_STATE_H
#define PORTS_C_HOST_STATE_H

#include "registry/load.h"
#include <metacall/host.h>

/* 1 when a runtime attached as this process's host. */
int host_is_attached(void);
/* Fills in what the registry must know of the host: the attached one, or the one that is about to
 * attach (handshake). */
void host_fill_request(const struct metacall_host_handshake *handshake,
                       struct registry_load_request *request);
/* At the end of the library: nobody is attached any more. */
void host_forget(void);

#endif /* PORTS_C_HOST_STATE_H */
