/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "host_variants/opening.h"

#include "host_variants/binding_proof.h"
#include "host_variants/shim.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int attempt_open_shim(struct attempt *attempt, const char *forward)
{
    const char *soname = attempt->request->needed;

    if (!shim_is_effective())
        return attempt_refuse(attempt, "bind.linker", soname,
                              "use the host-unresolved variant, or a plugin that is linked to the "
                              "runtime's own library",
                              "this system's linker does not go by SONAME, so nothing can stand "
                              "for %s",
                              soname);
    if (shim_open(soname, forward, &attempt->bound->shim) != 0)
        return -1;
    attempt->bound->how = forward ? BOUND_SHIM_FORWARD : BOUND_SHIM_GLOBAL;
    attempt_note(attempt, "bind.shim", soname, "a shim stands for %s%s%s", soname,
                 forward ? " and forwards to " : ": the global scope provides it",
                 forward ? forward : "");
    return 0;
}

static int is_open_by(struct attempt *attempt, const char *path)
{
    void *handle =
        attempt_may_be_mapped(attempt, path) ? dlopen(path, RTLD_LAZY | RTLD_NOLOAD) : NULL;

    if (!handle)
        return 0;
    int before = modules_of_dynamic(attempt->before, attempt_dynamic_of(handle)) != NULL;
    dlclose(handle);
    return before;
}

int attempt_is_open(struct attempt *attempt)
{
    return is_open_by(attempt, attempt->request->plugin);
}

int attempt_open_plugin(struct attempt *attempt, const void *provider_dynamic)
{
    const struct strategy_request *request = attempt->request;
    struct bound_plugin *bound = attempt->bound;
    char by_fd[64];
    const char *path = request->plugin;

    if (request->plugin_fd >= 0) {
        bound->fd = fcntl(request->plugin_fd, F_DUPFD_CLOEXEC, 3);
        if (bound->fd < 0)
            return attempt_refuse(attempt, "bind.plugin", NULL, NULL, "its descriptor is closed");
        snprintf(by_fd, sizeof(by_fd), "/proc/%d/fd/%d", (int)getpid(), bound->fd);
        path = by_fd;
    }
    int already = is_open_by(attempt, path);
    bound->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!bound->handle) {
        const char *why = dlerror();
        return attempt_refuse(attempt, "bind.plugin", NULL, NULL, "%s",
                              why ? why : "ld.so gave no reason");
    }
    if (binding_prove(attempt, attempt_dynamic_of(bound->handle), provider_dynamic, already) != 0)
        return -1;
    if (bound->shim)
        shim_settle(bound->shim);
    return 0;
}
