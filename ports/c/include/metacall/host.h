/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The host: the runtime that this process already is. A port calls metacall_host_attach once, from
 * its import; everybody may ask afterwards. No constructor and no environment variable takes part,
 * and a child process starts without a host. */
#ifndef METACALL_HOST_H
#define METACALL_HOST_H

#include <metacall/types.h>

METACALL_BEGIN_DECLS

/* What a port knows of its own runtime. */
struct metacall_host_handshake {
    const char *tag;     /* loader tag: "py", "node" */
    const char *version; /* of the runtime, as it says itself; NULL = ask its symbols */
    void *data;          /* reaches the loader as metacall_loader_config.host */
};

/* Who is the host and how that is known. Strings live until metacall_destroy. */
struct metacall_host {
    const char *tag;
    const char *version;
    const char *owner;    /* path of the executable or library that holds the runtime */
    int in_executable;    /* 1 = the runtime is in the executable, 0 = in a library */
    int running;          /* 1 = running, 0 = only present (mapped, not started) */
    const char *evidence; /* one line a fact: handshake, markers, probe, version symbol */
};

/* Says "this process is `tag`". Initialises the library where nobody did; proves the claim with the
 * manifest's markers and its probe; starts the loader's host variant, which initialises nothing.
 * Where the tag's loader runs already (attached before, or embedded by the runner or a C program)
 * only its port is given. *ret_port is what the loader set with metacall_loader_set_port.
 * Returns 0, or -1 with the error set: METACALL_ERROR_HOST when another runtime attached first
 * (both are named) or the claim is not true. Call it on the runtime's own thread, its lock held. */
METACALL_API int metacall_host_attach(const struct metacall_host_handshake *handshake,
                                      void **ret_port);

/* The host of this process: the one that attached, else the one that detection finds running.
 * Returns 0, 1 when there is none, -1 with the error set when detection failed. In a fork's child
 * the host stays the host; in a new program nothing is inherited. */
METACALL_API int metacall_host_current(struct metacall_host *ret_host);
/* The host's own exit hook calls this, without the runtime's lock (Python atexit; Node clean-up
 * hook and C atexit): every loader ends, whatever the count of metacall_initialize, guests before
 * the host. Later calls do nothing. In a fork's child the runtimes that stayed in the parent are
 * only forgotten. */
METACALL_API void metacall_host_exit(void);
/* Shortcuts: NULL when there is none. */
METACALL_API const char *metacall_host_tag(void);
METACALL_API const char *metacall_host_version(void);
METACALL_API const char *metacall_host_evidence(void);

METACALL_END_DECLS

#endif /* METACALL_HOST_H */
