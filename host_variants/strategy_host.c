/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* host-unresolved: the plugin names no runtime; its symbols are found in the global scope, where
 * the host's executable always is and its library usually. */
#include "host_variants/opening.h"
#include "host_variants/strategies.h"

#include <dlfcn.h>

static int promote(struct attempt *attempt)
{
    const char *path = attempt->provider->path;
    void *again = dlopen(path, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);

    if (!again) {
        const char *why = dlerror();
        return attempt_refuse(attempt, "bind.local", path, NULL,
                              "%s cannot be put into the global scope: %s", path,
                              why ? why : "ld.so gave no reason");
    }
    dlclose(again);
    attempt->bound->how = BOUND_PROMOTED;
    attempt_note(attempt, "bind.promoted", path, "%s is in the global scope", path);
    return 0;
}

int strategy_host_open(struct attempt *attempt)
{
    attempt->bound->how = BOUND_PLAIN;
    if (attempt_find_provider(attempt) != 0)
        return -1;
    int global = attempt_is_global(attempt, attempt->provider);
    if (global < 0 || attempt_check_coverage(attempt) != 0)
        return -1;
    if (!global && !attempt->request->promote)
        return attempt_refuse(attempt, "bind.local", attempt->provider->path,
                              "open it with RTLD_GLOBAL, allow promotion in the manifest, or use "
                              "the interposed variant",
                              "the runtime in %s was opened RTLD_LOCAL, and its symbols cannot be "
                              "found by the plugin",
                              attempt->provider->path);
    if (!global && promote(attempt) != 0)
        return -1;
    return attempt_open_plugin(attempt, attempt->provider->dynamic);
}
