/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* host-unresolved: the plugin names no runtime and binds to what the process holds. */
#include "host_process.h"

#include <dlfcn.h>
#include <stdlib.h>

static struct bound_plugin *open_unresolved(struct host_finding *host, int promote)
{
    EXPECT(host_found(host) == 1);
    struct strategy_request request = request_of(STRATEGY_HOST_UNRESOLVED, PLUGIN_HOST, host);
    request.promote = promote;
    return open_plugin(&request);
}

static void executable(void)
{
    struct host_finding host;

    rt_start();
    struct bound_plugin *plugin = open_unresolved(&host, 0);
    EXPECT(host.owner->is_executable && host.running == 1);
    EXPECT_TEXT(host.version, "3.11.2");
    expect_bound(plugin, 7);
    EXPECT(bound_plugin_how(plugin) == BOUND_PLAIN);
    bound_plugin_close(plugin);
    EXPECT(mapped("libpl_host.so") == 0);
}

static void linked_library(void)
{
    struct host_finding host;

    user_start();
    struct bound_plugin *plugin = open_unresolved(&host, 0);
    EXPECT_TEXT(host.owner->soname, "librt_b.so.1");
    expect_bound(plugin, 7);
    EXPECT(mapped("librt_b.so.1") == 1 && mapped("librt_a.so.1") == 0);
    bound_plugin_close(plugin);
}

static void global(void)
{
    struct host_finding host;

    host_opens(OTHER, RTLD_GLOBAL);
    struct bound_plugin *plugin = open_unresolved(&host, 0);
    expect_bound(plugin, 7);
    EXPECT(bound_plugin_how(plugin) == BOUND_PLAIN && !was_noted("bind.promoted"));
    bound_plugin_close(plugin);
}

static void local_refused(void)
{
    struct host_finding host;

    host_opens(OTHER, RTLD_LOCAL);
    EXPECT(host_found(&host) == 1);
    struct strategy_request request = request_of(STRATEGY_HOST_UNRESOLVED, PLUGIN_HOST, &host);
    expect_refusal(&request, "bind.local", "RTLD_LOCAL");
    EXPECT(!is_global("rt_id"));
}

static void local_promoted(void)
{
    struct host_finding host;

    host_opens(OTHER, RTLD_LOCAL);
    struct bound_plugin *plugin = open_unresolved(&host, 1);
    expect_bound(plugin, 7);
    EXPECT(bound_plugin_how(plugin) == BOUND_PROMOTED && was_noted("bind.promoted"));
    EXPECT(is_global("rt_id") && mapped("librt_b.so.1") == 1);
    bound_plugin_close(plugin);
}

static void not_running(void)
{
    struct host_finding host;

    EXPECT(dlopen(OTHER, RTLD_NOW | RTLD_GLOBAL) != NULL); /* present, never started */
    EXPECT(host_found(&host) == 1 && host.running == 0);
    struct strategy_request request = request_of(STRATEGY_HOST_UNRESOLVED, PLUGIN_HOST, &host);
    expect_refusal(&request, "bind.not-running", "librt_b.so.1");
}

/* Promotion cannot be taken back: it must not have happened when symbols are missing. */
static void half(void)
{
    struct host_finding host;

    host_opens(RUNTIME("half", "librt_h.so.1"), RTLD_LOCAL);
    EXPECT(host_found(&host) == 1);
    struct strategy_request request = request_of(STRATEGY_HOST_UNRESOLVED, PLUGIN_HOST, &host);
    request.promote = 1;
    expect_refusal(&request, "bind.incomplete", "rt_f3");
    EXPECT(!is_global("rt_id"));
}

static int below_3_11(const char *version, void *data)
{
    ++*(int *)data;
    return strncmp(version, "3.11", 4) != 0;
}

static void version(void)
{
    struct host_finding host;
    int asked = 0;

    host_opens(OTHER, RTLD_GLOBAL);
    EXPECT(host_found(&host) == 1);
    struct strategy_request request = request_of(STRATEGY_HOST_UNRESOLVED, PLUGIN_HOST, &host);
    request.accepts_version = below_3_11;
    request.accepts_data = &asked;
    request.version_range = "<3.11";
    expect_refusal(&request, "bind.version", "3.11.2 and the plugin is made for <3.11");
    EXPECT(asked == 1);
}

static void none(void)
{
    struct strategy_request request = request_of(STRATEGY_HOST_UNRESOLVED, PLUGIN_HOST, NULL);

    expect_refusal(&request, "bind.no-provider", "no module of this process");
}

const struct test_case cases_host[] = {{"host.executable", executable},
                                       {"host.linked-library", linked_library},
                                       {"host.global", global},
                                       {"host.local-refused", local_refused},
                                       {"host.local-promoted", local_promoted},
                                       {"host.not-running", not_running},
                                       {"host.half", half},
                                       {"host.version", version},
                                       {"host.none", none},
                                       {NULL, NULL}};
