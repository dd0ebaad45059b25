/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* interposed: the linked plugin in a host. Whoever carries the SONAME that the plugin needs decides
 * what is mapped: the host's own library where it has that SONAME, else a shim, empty where the
 * global scope has the runtime, forwarding where the host keeps it RTLD_LOCAL. */
#include "host_variants/opening.h"
#include "host_variants/strategies.h"

#include "host_variants/shim.h"

static int refuse_taken(struct attempt *attempt, const struct module *holder)
{
    return attempt_refuse(attempt, "bind.soname-taken", attempt->request->needed,
                          "start the process without that library, or use the host-unresolved "
                          "variant",
                          "%s is mapped from %s already, which is not the runtime in %s",
                          attempt->request->needed, holder->path, attempt->provider->path);
}

/* A shim that is there from an earlier plugin, and stands for the same provider. */
static int is_our_shim(const struct module *holder, const char *forward)
{
    const struct elf_image *image = module_image(holder);

    return shim_is(holder) &&
           (forward ? elf_image_needs(image, forward) : image->needed_count == 0);
}

static int stand_in(struct attempt *attempt)
{
    const struct module *holder = NULL;
    const char *forward = NULL;

    if (attempt_holder(attempt, attempt->request->needed, &attempt->bound->holder, &holder) != 0)
        return -1;
    const struct module *provider = attempt->provider;
    if (holder == provider) {
        attempt->bound->how = BOUND_SAME_SONAME;
        return attempt_check_versions(attempt, provider);
    }
    int global = attempt_is_global(attempt, provider);
    if (global < 0)
        return -1;
    if (!global)
        forward = provider->path;
    if (holder && !is_our_shim(holder, forward))
        return refuse_taken(attempt, holder);
    return attempt_open_shim(attempt, forward);
}

int strategy_interposed_open(struct attempt *attempt)
{
    if (!attempt->request->needed)
        return attempt_refuse(attempt, "bind.needed", NULL, "use the host-unresolved variant",
                              "an interposed plugin must name the library that it was linked to");
    if (attempt_find_provider(attempt) != 0 || attempt_check_coverage(attempt) != 0)
        return -1;
    attempt->bound->how = BOUND_PLAIN;
    if (!attempt_is_open(attempt) && stand_in(attempt) != 0)
        return -1;
    return attempt_open_plugin(attempt, attempt->provider->dynamic);
}
