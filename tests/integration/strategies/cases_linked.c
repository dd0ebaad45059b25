/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* linked: the registry has found the runtime's library. */
#include "host_process.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct strategy_request linked_request(const char *plugin, const char *library)
{
    struct strategy_request request = request_of(STRATEGY_LINKED, plugin, NULL);

    request.runtime_library = library;
    return request;
}

/* The plugin's own RUNPATH leads to another copy; the chosen library comes first. */
static void same_soname(void)
{
    struct strategy_request request = linked_request(PLUGIN_LINKED, SAME);
    struct bound_plugin *plugin = open_plugin(&request);

    expect_bound(plugin, 7);
    EXPECT(bound_plugin_how(plugin) == BOUND_SAME_SONAME);
    EXPECT(mapped("librt_a.so.1") == 1 && mapped("memfd:metacall-shim (deleted)") == 0);
    EXPECT(!is_global("rt_id")); /* not promoted */
    bound_plugin_close(plugin);
    EXPECT(mapped("librt_a.so.1") == 0 && mapped("libpl_linked.so") == 0);
}

static void stable_name(void)
{
    static const struct {
        const char *library;
        int id;
    } runtimes[] = {{SAME, 7}, {THIRD, 8}, {OTHER, 7}, {OWN, 1}};

    for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++) {
        struct strategy_request request =
            linked_request(RUNTIME("linked_stable", "libpl_stable.so"), runtimes[i].library);
        request.needed = "librt.so";
        struct bound_plugin *plugin = open_plugin(&request);
        expect_bound(plugin, runtimes[i].id);
        EXPECT(bound_plugin_how(plugin) == BOUND_SHIM_FORWARD && was_noted("bind.shim"));
        EXPECT(mapped("librt.so") == 0); /* the real one of that name was not needed */
        EXPECT(mapped("librt_a.so.1") + mapped("librt_b.so.1") + mapped("librt_c.so.1") == 1);
        bound_plugin_close(plugin);
        char *left = mapped_all();
        EXPECT_TEXT(left, "");
        free(left);
    }
}

static void promoted(void)
{
    struct strategy_request request = linked_request(PLUGIN_LINKED, SAME);

    request.promote = 1;
    struct bound_plugin *plugin = open_plugin(&request);
    expect_bound(plugin, 7);
    EXPECT(was_noted("bind.promoted") && is_global("rt_id"));
    /* what an extension module of the runtime is: symbols of it, and no DT_NEEDED */
    void *extension = dlopen(PLUGIN_HOST, RTLD_NOW | RTLD_LOCAL);
    EXPECT(extension != NULL);
    if (extension)
        dlclose(extension);
    bound_plugin_close(plugin);
    EXPECT(mapped("librt_a.so.1") == 0);
}

static void mapped_already(void)
{
    char path[] = "/tmp/metacall-link-XXXXXX";
    void *before = dlopen(SAME, RTLD_NOW | RTLD_LOCAL);

    /* found under another name by the registry: still the same file, opened once */
    EXPECT(before && mkdtemp(path) != NULL);
    char name[64];
    snprintf(name, sizeof(name), "%s/librt-link.so", path);
    EXPECT(symlink(SAME, name) == 0);
    struct strategy_request request = linked_request(PLUGIN_LINKED, name);
    request.promote = 1;
    struct bound_plugin *plugin = open_plugin(&request);
    expect_bound(plugin, 7);
    EXPECT(mapped("librt_a.so.1") == 1 && is_global("rt_id"));
    bound_plugin_close(plugin);
    unlink(name);
    rmdir(path);
}

static void no_runtime(void)
{
    struct strategy_request request = linked_request(RUNTIME("alone", "libpl_alone.so"), NULL);

    request.needed = NULL;
    request.rule = NULL;
    struct bound_plugin *plugin = open_plugin(&request);
    EXPECT(plugin && bound_plugin_how(plugin) == BOUND_PLAIN);
    EXPECT(bound_plugin_symbol(plugin, "nothing_here") != NULL);
    EXPECT(bound_plugin_symbol(plugin, "malloc") == NULL); /* its library's, not its own */
    bound_plugin_close(plugin);
    EXPECT(mapped("libpl_alone.so") == 0);
}

static void no_library(void)
{
    struct strategy_request request = linked_request(PLUGIN_LINKED, "/nonexistent/librt_a.so.1");

    expect_refusal(&request, "bind.runtime", "/nonexistent/librt_a.so.1");
    request.runtime_library = PLUGIN_HOST; /* a library that cannot be opened: undefined symbols */
    expect_refusal(&request, "bind.runtime", "libpl_host.so");
    request.runtime_library = RUNTIME("alone", "libpl_alone.so"); /* and one that is no runtime */
    EXPECT(open_plugin(&request) == NULL);
    EXPECT_ERROR("libpl_linked.so");
}

static void second_copy(void)
{
    void *other = dlopen(OTHER, RTLD_NOW | RTLD_LOCAL);
    struct strategy_request request = linked_request(PLUGIN_LINKED, SAME);

    EXPECT(other != NULL);
    expect_refusal(&request, "bind.second-copy", "librt_b.so.1");
    request.allow_second_copy = 1;
    struct bound_plugin *plugin = open_plugin(&request);
    expect_bound(plugin, 7);
    bound_plugin_close(plugin);
}

static void soname_taken(void)
{
    struct strategy_request request =
        linked_request(RUNTIME("linked_stable", "libpl_stable.so"), SAME);
    void *stable = dlopen(RUNTIME("stable", "librt.so"), RTLD_NOW | RTLD_LOCAL);

    EXPECT(stable != NULL);
    request.needed = "librt.so";
    expect_refusal(&request, "bind.soname-taken", "librt.so");
    dlclose(stable);
    struct bound_plugin *plugin = open_plugin(&request);
    expect_bound(plugin, 7);
    bound_plugin_close(plugin);
}

/* The descriptor that was checked is what is opened, whatever the path has become. */
static void by_descriptor(void)
{
    struct strategy_request request = linked_request(PLUGIN_LINKED, SAME);
    int fd = open(PLUGIN_LINKED, O_RDONLY | O_CLOEXEC);

    request.plugin = "/nonexistent/libpl_linked.so";
    request.plugin_fd = fd;
    struct bound_plugin *plugin = open_plugin(&request);
    close(fd);
    expect_bound(plugin, 7);
    EXPECT(mapped("libpl_linked.so") == 1);
    bound_plugin_close(plugin);
    request.plugin_fd = 999;
    EXPECT(open_plugin(&request) == NULL);
    EXPECT_ERROR("bind.plugin");
}

static void versions(void)
{
    struct strategy_request request = linked_request(RUNTIME("linked_v1", "libpl_linked_v1.so"),
                                                     RUNTIME("own_v1", "librt_a.so.1"));
    struct bound_plugin *plugin = open_plugin(&request);

    expect_bound(plugin, 1);
    bound_plugin_close(plugin);
    /* ld.so would end the process by an assertion: a version is wanted of a library without any */
    request.runtime_library = RUNTIME("same_bare", "librt_a.so.1");
    expect_refusal(&request, "bind.incomplete", "RT_1");
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 2);
        void *runtime = dlopen(request.runtime_library, RTLD_NOW);
        void *plain = runtime ? dlopen(request.plugin, RTLD_NOW) : NULL;
        _exit(plain ? 0 : 1);
    }
    EXPECT(waitpid(child, &status, 0) == child);
    EXPECT(status != 0); /* with glibc 2.36: an assertion of its own, and exit status 127 */
}

static void missing_symbols(void)
{
    struct strategy_request request = linked_request(RUNTIME("linked_stable", "libpl_stable.so"),
                                                     RUNTIME("half", "librt_h.so.1"));

    request.needed = "librt.so";
    expect_refusal(&request, "bind.plugin", "undefined symbol: rt_");
}

static void unreadable(void)
{
    struct strategy_request request = linked_request("/nonexistent/libpl.so", SAME);

    expect_refusal(&request, "bind.plugin", "No such file");
    request.plugin = FIXTURES;
    expect_refusal(&request, "bind.plugin", "not a regular file");
    request.plugin = OWN_FILE;
    expect_refusal(&request, "bind.plugin", "not a shared library");
    request.plugin = "/proc/self/cmdline";
    expect_refusal(&request, "bind.plugin", "/proc/self/cmdline");
}

const struct test_case cases_linked[] = {{"linked.same-soname", same_soname},
                                         {"linked.stable-name", stable_name},
                                         {"linked.promoted", promoted},
                                         {"linked.mapped-already", mapped_already},
                                         {"linked.no-runtime", no_runtime},
                                         {"linked.no-library", no_library},
                                         {"linked.second-copy", second_copy},
                                         {"linked.soname-taken", soname_taken},
                                         {"linked.by-descriptor", by_descriptor},
                                         {"linked.versions", versions},
                                         {"linked.missing-symbols", missing_symbols},
                                         {"plugin.unreadable", unreadable},
                                         {NULL, NULL}};
