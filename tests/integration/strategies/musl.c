/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The strategies under musl, whose linker does not go by SONAME: what cannot work is refused before
 * a second copy is mapped, and the rest works. */
#include "host_process.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUSL_OWN FIXTURES "/own/librt_a.so.1"
#define MUSL_SAME FIXTURES "/same/librt_a.so.1"
#define MUSL_LINKED FIXTURES "/libpl_linked.so"
#define MUSL_HOST FIXTURES "/libpl_host.so"

static int copies(void)
{
    return (mapped("librt_a.so.1") != 0) + (mapped("librt_a.so.1") == 2);
}

static int copies_after_plain_dlopen(void)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0)
        _exit(dlopen(MUSL_LINKED, RTLD_NOW | RTLD_LOCAL) ? copies() : 100);
    EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void interposed(void)
{
    struct host_finding host;

    host_opens(MUSL_SAME, RTLD_LOCAL);
    EXPECT(host_found(&host) == 1 && copies() == 1);
    EXPECT(copies_after_plain_dlopen() == 2); /* the same SONAME, and yet a private copy */
    struct strategy_request request = request_of(STRATEGY_INTERPOSED, MUSL_LINKED, &host);
    expect_refusal(&request, "bind.linker", "host-unresolved");
    EXPECT(copies() == 1 && mapped("libpl_linked.so") == 0);
}

static void host(void)
{
    struct host_finding host;

    host_opens(MUSL_SAME, RTLD_GLOBAL);
    EXPECT(host_found(&host) == 1);
    EXPECT_TEXT(host.version, "3.11.2");
    struct strategy_request request = request_of(STRATEGY_HOST_UNRESOLVED, MUSL_HOST, &host);
    struct bound_plugin *plugin = open_plugin(&request);
    expect_bound(plugin, 7);
    EXPECT(copies() == 1);
    bound_plugin_close(plugin);
}

static void linked(void)
{
    struct strategy_request request = request_of(STRATEGY_LINKED, MUSL_LINKED, NULL);

    /* the plugin's own search leads to the library that was chosen: one copy */
    request.runtime_library = MUSL_OWN;
    struct bound_plugin *plugin = open_plugin(&request);
    expect_bound(plugin, 1);
    EXPECT(copies() == 1);
    bound_plugin_close(plugin);
    /* and here it does not (nothing is ever unmapped by musl, so the first copy is still there) */
    request.runtime_library = MUSL_SAME;
    EXPECT(open_plugin(&request) == NULL);
    EXPECT_TEXT(last_id(), "bind.second-copy");
    EXPECT_ERROR("second copy");
}

int main(int argc, char **argv)
{
    const char *which = argc == 2 ? argv[1] : "";

    if (strcmp(which, "interposed") == 0)
        interposed();
    else if (strcmp(which, "host") == 0)
        host();
    else if (strcmp(which, "linked") == 0)
        linked();
    return expect_result();
}
