/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* interposed: the linked plugin in a process that holds the runtime already. */
#include "host_process.h"

#include "host_variants/elf_image.h"
#include "host_variants/shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHIM "memfd:metacall-shim (deleted)"

/* How it would end without us, in a process of its own: the number of files of that name that are
 * mapped after a plain dlopen of the plugin, and what it is bound to. */
static int plain_dlopen(const char *file, const char *base_name)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        void *plugin = dlopen(file, RTLD_NOW | RTLD_LOCAL);
        _exit(plugin ? mapped(base_name) : 100);
    }
    EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void exporting_executable(void)
{
    int *constructed = dlsym(RTLD_DEFAULT, "rt_constructed");

    rt_start();
    EXPECT(plain_dlopen(PLUGIN_LINKED, "librt_a.so.1") == 1); /* the second copy */
    EXPECT(constructed && *constructed == 1);
    expect_interposed(PLUGIN_LINKED, BOUND_SHIM_GLOBAL);
    EXPECT(*constructed == 1);
}

static void executable_without_exports(void)
{
    struct host_finding host;
    struct modules *modules = NULL;

    rt_start();
    EXPECT(host_found(&host) == 0);
    struct strategy_request request = request_of(STRATEGY_INTERPOSED, PLUGIN_LINKED, &host);
    expect_refusal(&request, "bind.no-provider", "no module of this process");
    /* its port says that the runtime is here, which is true, and of no use */
    EXPECT(modules_walk(&modules) == 0);
    host =
        (struct host_finding){.rule = &runtime_rule, .owner = modules_at(modules, 0), .running = 1};
    request.host = &host;
    expect_refusal(&request, "bind.incomplete", "rt_f0");
    modules_destroy(modules);
}

static void half_exported(void)
{
    struct host_finding host;

    rt_start();
    EXPECT(host_found(&host) == 1);
    struct strategy_request request = request_of(STRATEGY_INTERPOSED, PLUGIN_LINKED, &host);
    expect_refusal(&request, "bind.incomplete", "lacks 7 of its symbols");
    expect_refusal(&request, "bind.incomplete", "rt_thread");
}

static void local_other_soname(void)
{
    host_opens(OTHER, RTLD_LOCAL);
    EXPECT(plain_dlopen(PLUGIN_LINKED, "librt_a.so.1") == 1); /* a private copy */
    expect_interposed(PLUGIN_LINKED, BOUND_SHIM_FORWARD);
    EXPECT(mapped("librt_b.so.1") == 1 && !is_global("rt_id"));
}

static void local_same_soname(void)
{
    host_opens(SAME, RTLD_LOCAL);
    expect_interposed(PLUGIN_LINKED, BOUND_SAME_SONAME);
    EXPECT(mapped("librt_a.so.1") == 1);
}

static void provider_without_soname(void)
{
    host_opens(RUNTIME("no_soname", "librt_n.so"), RTLD_LOCAL);
    expect_interposed(PLUGIN_LINKED, BOUND_SHIM_FORWARD);
}

static void global_other_soname(void)
{
    host_opens(OTHER, RTLD_GLOBAL);
    EXPECT(plain_dlopen(PLUGIN_LINKED, "librt_a.so.1") == 1);
    expect_interposed(PLUGIN_LINKED, BOUND_SHIM_GLOBAL);
}

/* The flag is never used here; somebody else's RTLD_DEEPBIND finds the shim empty, too. */
static void deepbind(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    fprintf(stderr, "SKIP: AddressSanitizer forbids RTLD_DEEPBIND\n");
    exit(77);
#endif
    struct shim *shim = NULL;
    void (*report_of)(struct plugin_report *);
    struct plugin_report report;

    rt_start();
    EXPECT(shim_open("librt_a.so.1", NULL, &shim) == 0);
    void *plugin = dlopen(PLUGIN_LINKED, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    EXPECT(plugin != NULL);
    report_of = (void (*)(struct plugin_report *))dlsym(plugin, "plugin_report");
    report_of(&report);
    EXPECT(report.id == 7 && report.data[1] == 701 && mapped("librt_a.so.1") == 0);
    dlclose(plugin);
    shim_close(shim);
}

static void symbolic(void)
{
    host_opens(RUNTIME("symbolic", "librt_s.so.1"), RTLD_LOCAL);
    expect_interposed(PLUGIN_LINKED, BOUND_SHIM_FORWARD);
}

static void protected(void)
{
    host_opens(RUNTIME("protected", "librt_p.so.1"), RTLD_LOCAL);
    expect_interposed(PLUGIN_LINKED, BOUND_SHIM_FORWARD);
}

static void versioned_plugin(void)
{
    rt_start();
    expect_interposed(RUNTIME("linked_v1", "libpl_linked_v1.so"), BOUND_SHIM_GLOBAL);
}

static void versioned_plugin_local(void)
{
    host_opens(OTHER, RTLD_LOCAL);
    expect_interposed(RUNTIME("linked_v1", "libpl_linked_v1.so"), BOUND_SHIM_FORWARD);
}

/* Here ld.so itself would end the process. */
static void versioned_plugin_same_soname(void)
{
    struct host_finding host;

    host_opens(RUNTIME("same_bare", "librt_a.so.1"), RTLD_LOCAL);
    host_found(&host);
    struct strategy_request request =
        request_of(STRATEGY_INTERPOSED, RUNTIME("linked_v1", "libpl_linked_v1.so"), &host);
    expect_refusal(&request, "bind.incomplete", "no symbol versions");
}

static void executable_of_another_version(void)
{
    struct host_finding host;

    rt_start();
    EXPECT(host_found(&host) == 1);
    struct strategy_request request =
        request_of(STRATEGY_INTERPOSED, RUNTIME("linked_v1", "libpl_linked_v1.so"), &host);
    expect_refusal(&request, "bind.incomplete", "lacks");
}

static void same_soname_another_version(void)
{
    struct host_finding host;

    host_opens(RUNTIME("same_v2", "librt_a.so.1"), RTLD_LOCAL);
    EXPECT(host_found(&host) == 1);
    struct strategy_request request =
        request_of(STRATEGY_INTERPOSED, RUNTIME("linked_v1", "libpl_linked_v1.so"), &host);
    expect_refusal(&request, "bind.incomplete", "lacks");
}

static void copy_relocations(void)
{
    struct host_finding host;
    struct plugin_report report;
    void (*report_of)(struct plugin_report *);

    user_start();
    struct bound_plugin *plugin = open_interposed(PLUGIN_LINKED, &host);
    expect_bound(plugin, 7);
    report_of = (void (*)(struct plugin_report *))bound_plugin_symbol(plugin, "plugin_report");
    report_of(&report);
    EXPECT(!host.owner->is_executable);
    /* the live object is the executable's; the library's own is the dead original */
    EXPECT(report.object == user_object() && report.function == user_function());
    EXPECT(report.object != module_symbol(host.owner, "rt_d0", NULL));
    EXPECT(mapped("librt_a.so.1") == 1);
    bound_plugin_close(plugin);
}

static void host_closes_runtime(void)
{
    static const struct {
        const char *library;
        int flags;
    } runtimes[] = {{OTHER, RTLD_LOCAL}, {OTHER, RTLD_GLOBAL}, {SAME, RTLD_LOCAL}};
    struct host_finding host;

    for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++) {
        void *handle = host_opens(runtimes[i].library, runtimes[i].flags);
        struct bound_plugin *plugin = open_interposed(PLUGIN_LINKED, &host);
        dlclose(handle);
        expect_bound(plugin, 7);
        bound_plugin_close(plugin);
        char *left = mapped_all();
        EXPECT_TEXT(left, "");
        free(left);
    }
}

static void refused_then_linked(void)
{
    struct host_finding host;

    rt_start();
    EXPECT(host_found(&host) == 1);
    struct strategy_request request = request_of(STRATEGY_INTERPOSED, PLUGIN_LINKED, &host);
    expect_refusal(&request, "bind.incomplete", "lacks");
    /* the SONAME is free: the real library can have it, in a plain dlopen too */
    void *runtime = dlopen(OWN, RTLD_NOW | RTLD_LOCAL);
    void *by_name = dlopen("librt_a.so.1", RTLD_NOW | RTLD_NOLOAD);
    EXPECT(runtime && by_name == runtime);
    dlclose(by_name);
    dlclose(runtime);
    /* and linked says why it is no way out: the executable's half would be mixed in */
    request.strategy = STRATEGY_LINKED;
    request.runtime_library = OWN;
    expect_refusal(&request, "bind.second-copy", "second copy");
    request.allow_second_copy = 1;
    expect_refusal(&request, "bind.misbound", "st_host_half");
}

static void two_plugins_one_shim(void)
{
    struct host_finding host;

    rt_start();
    struct bound_plugin *first = open_interposed(PLUGIN_LINKED, &host);
    struct bound_plugin *second = open_interposed(RUNTIME("linked2", "libpl_linked2.so"), &host);
    expect_bound(first, 7);
    expect_bound(second, 7);
    EXPECT(mapped(SHIM) == 1);
    bound_plugin_close(first);
    EXPECT(mapped(SHIM) == 1 && mapped("libpl_linked.so") == 0);
    expect_bound(second, 7);
    struct bound_plugin *again = open_interposed(PLUGIN_LINKED, &host);
    expect_bound(again, 7);
    bound_plugin_close(second);
    bound_plugin_close(again);
    char *left = mapped_all();
    EXPECT_TEXT(left, "");
    free(left);
}

static void provider_deleted(void)
{
    char folder[] = "/tmp/metacall-gone-XXXXXX", path[64], command[512];

    EXPECT(mkdtemp(folder) != NULL);
    snprintf(path, sizeof(path), "%s/librt_gone.so", folder);
    snprintf(command, sizeof(command), "cp %s %s", OTHER, path);
    EXPECT(system(command) == 0);
    host_opens(path, RTLD_LOCAL);
    EXPECT(unlink(path) == 0 && rmdir(folder) == 0);
    expect_interposed(PLUGIN_LINKED, BOUND_SHIM_FORWARD);
}

/* Extension modules of a runtime that the host keeps RTLD_LOCAL fail; promotion mends that. */
static void promotion_and_extensions(void)
{
    struct host_finding host;

    host_opens(OTHER, RTLD_LOCAL);
    struct bound_plugin *plugin = open_interposed(PLUGIN_LINKED, &host);
    expect_bound(plugin, 7);
    EXPECT(dlopen(PLUGIN_HOST, RTLD_NOW) == NULL);
    EXPECT(strstr(dlerror(), "undefined symbol: rt_") != NULL);
    struct strategy_request request = request_of(STRATEGY_HOST_UNRESOLVED, PLUGIN_HOST, &host);
    request.promote = 1;
    struct bound_plugin *extension = open_plugin(&request);
    expect_bound(extension, 7);
    bound_plugin_close(extension);
    void *plain = dlopen(PLUGIN_HOST, RTLD_NOW);
    EXPECT(plain != NULL);
    dlclose(plain);
    bound_plugin_close(plugin);
}

/* A C++ global: a second mapping would construct and destroy it again, on the same memory. */
static void constructed_once(void)
{
    const char *file = RUNTIME("linked_object", "libpl_object.so");
    int *constructed = dlsym(RTLD_DEFAULT, "rt_object_constructed"), status = 0;
    struct host_finding host;

    rt_start();
    EXPECT(constructed && *constructed == 1);
    pid_t child = fork();
    if (child == 0) { /* without us */
        void *plain = dlopen(file, RTLD_NOW | RTLD_LOCAL);
        _exit(plain && *constructed == 2 ? 2 : 0);
    }
    EXPECT(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 2);
    host_found(&host);
    struct strategy_request request = request_of(STRATEGY_INTERPOSED, file, &host);
    request.needed = "librt_x.so.1";
    struct bound_plugin *plugin = open_plugin(&request);
    expect_bound(plugin, 7);
    EXPECT(*constructed == 1 && mapped("librt_x.so.1") == 0);
    bound_plugin_close(plugin);
    EXPECT(*constructed == 1); /* that it is destroyed once, its destructor sees to */
}

/* dladdr, and so every backtrace, names the plugin's own file. with_tools.sh runs this, too. */
static void interposed_once(void)
{
    struct host_finding host;
    Dl_info info = {0};

    rt_start();
    struct bound_plugin *plugin = open_interposed(PLUGIN_LINKED, &host);
    expect_bound(plugin, 7);
    void *report = bound_plugin_symbol(plugin, "plugin_report");
    EXPECT(dladdr(report, &info) != 0);
    EXPECT_TEXT(info.dli_fname, PLUGIN_LINKED);
    EXPECT_TEXT(info.dli_sname, "plugin_report");
    bound_plugin_close(plugin);
}

/* For with_tools.sh: the plugin reads past the end of a block. */
static void faulty_plugin(void)
{
    struct host_finding host;
    int (*fault)(const int *), *one = malloc(sizeof(*one));

    rt_start();
    struct bound_plugin *plugin = open_interposed(PLUGIN_LINKED, &host);
    fault = (int (*)(const int *))bound_plugin_symbol(plugin, "plugin_fault");
    EXPECT(fault != NULL);
    printf("%d\n", fault(one));
    free(one);
    bound_plugin_close(plugin);
}

/* Somebody opened the plugin before us: nothing changes what it is bound to. */
static void bound_before(void)
{
    struct host_finding host;
    struct strategy_request request;

    rt_start();
    host_found(&host);
    /* bound to the host, as it happens: then it serves */
    void *early = dlopen(PLUGIN_HOST, RTLD_NOW | RTLD_LOCAL);
    request = request_of(STRATEGY_HOST_UNRESOLVED, PLUGIN_HOST, &host);
    struct bound_plugin *plugin = open_plugin(&request);
    expect_bound(plugin, 7);
    bound_plugin_close(plugin);
    dlclose(early);
    /* a second copy came with it, whose probe reads the executable's state: two that run */
    request = request_of(STRATEGY_INTERPOSED, PLUGIN_LINKED, &host);
    early = dlopen(PLUGIN_LINKED, RTLD_NOW | RTLD_LOCAL);
    EXPECT(early && mapped("librt_a.so.1") == 1);
    expect_refusal(&request, "bind.ambiguous", "own/librt_a.so.1");
    dlclose(early);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    /* bound to a copy of its own: refused, and left as it is */
    early = dlopen(PLUGIN_LINKED, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    EXPECT(early != NULL);
    expect_refusal(&request, "bind.already-bound", "librt_a.so.1");
    dlclose(early);
#endif
    expect_interposed(PLUGIN_LINKED, BOUND_SHIM_GLOBAL);
}

static void one_of_two_runs(void)
{
    struct host_finding host;

    EXPECT(dlopen(THIRD, RTLD_NOW | RTLD_LOCAL) != NULL);
    host_opens(OTHER, RTLD_LOCAL);
    EXPECT(host_found(&host) == 2 && host.running == 1);
    EXPECT_TEXT(host.owner->soname, "librt_b.so.1");
    expect_interposed(PLUGIN_LINKED, BOUND_SHIM_FORWARD);
}

static struct bound_plugin *forked_plugin;

static void use_in_child(void)
{
    struct host_finding host;

    expect_bound(forked_plugin, 7);
    struct bound_plugin *another = open_interposed(RUNTIME("linked2", "libpl_linked2.so"), &host);
    expect_bound(another, 7);
    EXPECT(mapped(SHIM) == 1);
    bound_plugin_close(another);
    bound_plugin_close(forked_plugin);
    EXPECT(mapped(SHIM) == 0);
}

static void fork_after(void)
{
    struct host_finding host;

    rt_start();
    forked_plugin = open_interposed(PLUGIN_LINKED, &host);
    EXPECT(exit_status_of(use_in_child) == 0);
    expect_bound(forked_plugin, 7);
    bound_plugin_close(forked_plugin);
}

static void without_memfd(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_create, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        fprintf(stderr, "SKIP: seccomp is not available\n");
        exit(77);
    }
    rt_start();
    struct host_finding host;
    struct bound_plugin *plugin = open_interposed(PLUGIN_LINKED, &host);
    expect_bound(plugin, 7);
    EXPECT(mapped(SHIM) == 0 && mapped("shim.so (deleted)") == 1);
    EXPECT(mapped("librt_a.so.1") == 0);
    bound_plugin_close(plugin);
    EXPECT(mapped("shim.so (deleted)") == 0);
}

const struct test_case cases_interposed[] = {
    {"01.exporting-executable", exporting_executable},
    {"02.executable-without-exports", executable_without_exports},
    {"03.half-exported", half_exported},
    {"04.local-other-soname", local_other_soname},
    {"05.local-same-soname", local_same_soname},
    {"07.provider-without-soname", provider_without_soname},
    {"08.global-other-soname", global_other_soname},
    {"09.deepbind", deepbind},
    {"10.symbolic", symbolic},
    {"11.protected", protected},
    {"12.versioned-plugin", versioned_plugin},
    {"12.versioned-plugin-local", versioned_plugin_local},
    {"12.versioned-plugin-same-soname", versioned_plugin_same_soname},
    {"13.executable-of-another-version", executable_of_another_version},
    {"14.same-soname-another-version", same_soname_another_version},
    {"15.copy-relocations", copy_relocations},
    {"30.host-closes-runtime", host_closes_runtime},
    {"31.refused-then-linked", refused_then_linked},
    {"32.two-plugins-one-shim", two_plugins_one_shim},
    {"33.provider-deleted", provider_deleted},
    {"39.constructed-once", constructed_once},
    {"40.promotion-and-extensions", promotion_and_extensions},
    {"41.bound-before", bound_before},
    {"43.interposed-once", interposed_once},
    {"43.faulty-plugin", faulty_plugin},
    {"44.one-of-two-runs", one_of_two_runs},
    {"47.fork", fork_after},
    {"47.no-memfd", without_memfd},
    {NULL, NULL}};
