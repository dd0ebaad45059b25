/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What is refused, by its id, with the process left as it was. */
#include "host_process.h"

#include <dlfcn.h>

static void refused_file(const char *file, const char *id, const char *part)
{
    struct host_finding host;

    rt_start();
    host_found(&host);
    struct strategy_request request = request_of(STRATEGY_INTERPOSED, file, &host);
    expect_refusal(&request, id, part);
}

static void executable_stack(void)
{
    refused_file(RUNTIME("exec_stack", "libpl_exec_stack.so"), "bind.unsafe", "stack");
}

static void text_relocations(void)
{
    refused_file(RUNTIME("text_relocations", "libpl_textrel.so"), "bind.unsafe",
                 "text relocations");
}

static int only_3_11(const char *version, void *data)
{
    (void)data;
    return strncmp(version, "3.11.", 5) == 0;
}

static void wrong_version(void)
{
    struct host_finding host;

    host_opens(RUNTIME("old", "librt_o.so.1"), RTLD_LOCAL);
    EXPECT(host_found(&host) == 1);
    struct strategy_request request = request_of(STRATEGY_INTERPOSED, PLUGIN_LINKED, &host);
    request.accepts_version = only_3_11;
    request.version_range = ">=3.11 <3.12";
    expect_refusal(&request, "bind.version", "3.10.13 and the plugin is made for >=3.11 <3.12");
    EXPECT_TEXT(host.version, "3.10.13");
    request.accepts_version = NULL; /* nothing else tells them apart: ELF would have bound it */
    struct bound_plugin *plugin = open_plugin(&request);
    expect_bound(plugin, 7);
    bound_plugin_close(plugin);
}

static void two_that_run(void)
{
    struct host_finding host;

    host_opens(OTHER, RTLD_LOCAL);
    host_opens(THIRD, RTLD_LOCAL);
    EXPECT(host_found(&host) == 2 && host.running == 1);
    struct strategy_request request = request_of(STRATEGY_INTERPOSED, PLUGIN_LINKED, &host);
    expect_refusal(&request, "bind.ambiguous", "librt_c.so.1");
}

static void usurped_name(void)
{
    struct host_finding host;

    EXPECT(dlopen(RUNTIME("usurper", "libusurper.so"), RTLD_NOW | RTLD_GLOBAL) != NULL);
    host_opens(OTHER, RTLD_LOCAL);
    EXPECT(host_found(&host) == 1);
    struct strategy_request request = request_of(STRATEGY_INTERPOSED, PLUGIN_LINKED, &host);
    expect_refusal(&request, "bind.misbound", "libusurper.so");
    expect_refusal(&request, "bind.misbound", "rt_f1");
}

static void needed_not_as_declared(void)
{
    struct host_finding host;

    rt_start();
    host_found(&host);
    struct strategy_request request = request_of(STRATEGY_INTERPOSED, PLUGIN_LINKED, &host);
    request.needed = "librt_z.so.1";
    expect_refusal(&request, "bind.needed", "librt_z.so.1");
    request.plugin = PLUGIN_HOST;
    request.needed = "librt_a.so.1";
    expect_refusal(&request, "bind.needed", "librt_a.so.1");
    request.needed = NULL;
    expect_refusal(&request, "bind.needed", "host-unresolved");
}

static void soname_taken(void)
{
    struct host_finding host;

    EXPECT(dlopen(OWN, RTLD_NOW | RTLD_LOCAL) != NULL); /* mapped, not started */
    host_opens(OTHER, RTLD_LOCAL);
    EXPECT(host_found(&host) == 2);
    struct strategy_request request = request_of(STRATEGY_INTERPOSED, PLUGIN_LINKED, &host);
    expect_refusal(&request, "bind.soname-taken", "own/librt_a.so.1");
}

static void not_running(void)
{
    struct host_finding host;

    EXPECT(dlopen(OTHER, RTLD_NOW | RTLD_LOCAL) != NULL);
    EXPECT(host_found(&host) == 1 && host.running == 0);
    struct strategy_request request = request_of(STRATEGY_INTERPOSED, PLUGIN_LINKED, &host);
    expect_refusal(&request, "bind.not-running", "not started");
}

static void provider_gone(void)
{
    struct host_finding host;
    void *handle = host_opens(OTHER, RTLD_LOCAL);

    EXPECT(host_found(&host) == 1);
    dlclose(handle);
    struct strategy_request request = request_of(STRATEGY_INTERPOSED, PLUGIN_LINKED, &host);
    expect_refusal(&request, "bind.no-provider", "no longer mapped");
}

const struct test_case cases_refused[] = {{"35.executable-stack", executable_stack},
                                          {"37.wrong-version", wrong_version},
                                          {"44.two-that-run", two_that_run},
                                          {"45.text-relocations", text_relocations},
                                          {"46.usurped-name", usurped_name},
                                          {"48.needed-not-as-declared", needed_not_as_declared},
                                          {"interposed.soname-taken", soname_taken},
                                          {"interposed.not-running", not_running},
                                          {"interposed.provider-gone", provider_gone},
                                          {NULL, NULL}};
