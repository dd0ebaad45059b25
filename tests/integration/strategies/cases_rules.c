/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What must never come out of us, with the proof that it would do harm; plugins that ld.so would
 * take amiss; and secure mode. */
#include "host_process.h"

#include "host_variants/elf_image.h"
#include "host_variants/shim.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLUGIN_V1 RUNTIME("linked_v1", "libpl_linked_v1.so")

static const char *descriptor_plugin(void)
{
    const char *file = RUNTIME("descriptor", "libpl_descriptor.so");

    if (access(file, R_OK) != 0) {
        fprintf(stderr, "SKIP: this compiler makes no TLS descriptors\n");
        exit(77);
    }
    EXPECT(has_relocation(file, ELF_RELOCATION_TLS_DESCRIPTOR, "rt_thread", 0));
    return file;
}

static void descriptor_global(void)
{
    rt_start();
    expect_interposed(descriptor_plugin(), BOUND_SHIM_GLOBAL);
}

static void descriptor_forward(void)
{
    host_opens(OTHER, RTLD_LOCAL);
    expect_interposed(descriptor_plugin(), BOUND_SHIM_FORWARD);
}

/* ------------------------------------------------------------------------ PT_GNU_STACK (36) */

/* The same shim without it: what ld.so makes of that. */
static void open_stackless(void)
{
    char bytes[2048], path[64];
    struct elf_image image;
    size_t size = shim_write("librt_stackless.so", NULL, bytes, sizeof(bytes));
    ElfW(Phdr) header;

    EXPECT(elf_image_read(bytes, size, &image) == NULL);
    for (size_t i = 0; elf_image_header(&image, i, &header) == 0; i++) {
        if (header.p_type != PT_GNU_STACK)
            continue;
        header.p_type = PT_NULL;
        memcpy(bytes + (image.headers - (const uint8_t *)bytes) + i * sizeof(header), &header,
               sizeof(header));
    }
    int fd = memfd_create("stackless", MFD_CLOEXEC);
    EXPECT(write(fd, bytes, size) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    EXPECT(stack_is_executable() == 0);
    EXPECT(dlopen(path, RTLD_NOW) != NULL);
    EXPECT(stack_is_executable() == 1);
}

static void stack_of_shim(void)
{
    static const char *const forwards[] = {NULL, OTHER};
    struct elf_image image;
    char bytes[2048];

    for (size_t i = 0; i < 2; i++) {
        size_t size = shim_write("librt_a.so.1", forwards[i], bytes, sizeof(bytes));
        EXPECT(elf_image_read(bytes, size, &image) == NULL);
        EXPECT((image.flags & ELF_IMAGE_STACK_HEADER) && !(image.flags & ELF_IMAGE_STACK_EXEC));
    }
    if (exit_status_of(open_stackless) != 0) {
        fprintf(stderr, "SKIP: this system lets no library change the stack: no counter-proof\n");
        exit(77);
    }
    rt_start();
    expect_interposed(PLUGIN_LINKED, BOUND_SHIM_GLOBAL); /* looks at the stack, too */
}

/* ------------------------------------------------- DT_NEEDED removed, DT_VERNEED left (42) */

/* A copy of the versioned plugin without the DT_NEEDED of its runtime, as some tools make it. */
static char *without_needed(char *path)
{
    struct elf_image image;
    ElfW(Dyn) entry;
    char *name = NULL;

    EXPECT(mkdtemp(path) != NULL && elf_image_open(PLUGIN_V1, -1, &image) == 0);
    size_t size = image.parts[0].size;
    char *bytes = malloc(size);
    memcpy(bytes, image.parts[0].at, size);
    for (size_t i = 0; i < image.dynamic.size / sizeof(entry); i++) {
        size_t at = (size_t)(image.dynamic.at - image.parts[0].at) + i * sizeof(entry);
        memcpy(&entry, bytes + at, sizeof(entry));
        if (entry.d_tag == DT_NEEDED &&
            strcmp((const char *)image.strings.at + entry.d_un.d_val, "librt_a.so.1") == 0) {
            entry.d_tag = DT_DEBUG;
            memcpy(bytes + at, &entry, sizeof(entry));
        }
    }
    EXPECT(asprintf(&name, "%s/libpl_cut.so", path) > 0);
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    EXPECT(write(fd, bytes, size) == (ssize_t)size);
    close(fd);
    free(bytes);
    elf_image_close(&image);
    return name;
}

static const char *cut_file;

static void open_cut(void)
{
    int null = open("/dev/null", O_WRONLY);

    dup2(null, 2);
    EXPECT(dlopen(cut_file, RTLD_NOW) != NULL);
}

static int memfds(void)
{
    char *all = mapped_all();
    int count = 0;

    for (const char *at = all; (at = strstr(at, "memfd:")) != NULL; at++)
        count++;
    free(all);
    return count;
}

static void needed_kept(void)
{
    char folder[] = "/tmp/metacall-cut-XXXXXX", *name = without_needed(folder);
    struct host_finding host;
    struct modules *modules = NULL;

    rt_start();
    /* this is why: ld.so asserts, and ends the process */
    cut_file = name;
    EXPECT(exit_status_of(open_cut) != 0);
    /* whatever we are asked, such a file is never handed to it */
    host_found(&host);
    struct strategy_request request = request_of(STRATEGY_INTERPOSED, name, &host);
    expect_refusal(&request, "bind.needed", "does not need librt_a.so.1");
    request = request_of(STRATEGY_HOST_UNRESOLVED, name, &host);
    expect_refusal(&request, "bind.unsafe", "librt_a.so.1");
    unlink(name);
    rmdir(folder);
    free(name);
    /* and none is made: the plugin is its own file, with the DT_NEEDED; only the shim is not */
    struct bound_plugin *plugin = open_interposed(PLUGIN_V1, &host);
    expect_bound(plugin, 7);
    EXPECT(memfds() == 1 && mapped("memfd:metacall-shim (deleted)") == 1);
    EXPECT(mapped("libpl_linked_v1.so") == 1 && modules_walk(&modules) == 0);
    const struct module *module = modules_of_path(modules, PLUGIN_V1);
    EXPECT(module && elf_image_needs(module_image(module), "librt_a.so.1"));
    EXPECT(module && module_image(module)->verneed.at);
    modules_destroy(modules);
    bound_plugin_close(plugin);
}

/* --------------------------------------------------------------------- initial-exec TLS (45) */

static void static_thread_local(void)
{
    const char *file = RUNTIME("static_tls", "libpl_static_tls.so");
    struct host_finding host;
    struct elf_image image;

    rt_start();
    EXPECT(elf_image_open(file, -1, &image) == 0);
    EXPECT(image.tls_size >= 4096);
    int is_marked = (image.flags & ELF_IMAGE_STATIC_TLS) != 0;
    elf_image_close(&image);
    host_found(&host);
    struct strategy_request request = request_of(STRATEGY_INTERPOSED, file, &host);
    if (is_marked) {
        expect_refusal(&request, "bind.unsafe", "static thread-local memory");
        request = request_of(STRATEGY_HOST_UNRESOLVED, file, &host);
        expect_refusal(&request, "bind.unsafe", "-ftls-model=initial-exec");
    } else { /* a linker that does not say so (AArch64's): the loading fails, cleanly */
        expect_refusal(&request, "bind.plugin", "static TLS block");
    }
#ifdef __x86_64__
    EXPECT(is_marked);
#endif
}

/* ------------------------------------------------------------------------------ entries (48) */

/* A copy of the plugin that wants a C library of the future. */
static void libc_too_new(void)
{
    char folder[] = "/tmp/metacall-new-XXXXXX", name[64];
    struct host_finding host;
    struct elf_image image;
    int changed = 0;

    EXPECT(mkdtemp(folder) != NULL && elf_image_open(PLUGIN_LINKED, -1, &image) == 0);
    size_t size = image.parts[0].size;
    char *bytes = malloc(size);
    memcpy(bytes, image.parts[0].at, size);
    elf_image_close(&image);
    for (size_t i = 0; i + 8 < size; i++) {
        if (memcmp(bytes + i, "GLIBC_2.", 8) == 0) {
            bytes[i + 6] = '9';
            changed++;
        }
    }
    if (changed == 0) {
        rmdir(folder);
        fprintf(stderr, "SKIP: the plugin wants nothing of the C library here\n");
        exit(77);
    }
    snprintf(name, sizeof(name), "%s/libpl_new.so", folder);
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    EXPECT(write(fd, bytes, size) == (ssize_t)size);
    close(fd);
    free(bytes);
    rt_start();
    host_found(&host);
    struct strategy_request request = request_of(STRATEGY_INTERPOSED, name, &host);
    expect_refusal(&request, "bind.plugin", "GLIBC_9.");
    unlink(name);
    rmdir(folder);
}

/* ------------------------------------------------------------------------- secure mode (47) */

#define USER 12345
#define OWNER 23456

static int copy_self(const char *path)
{
    char buffer[65536];
    int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    ssize_t size;

    while ((size = read(from, buffer, sizeof(buffer))) > 0)
        EXPECT(write(to, buffer, (size_t)size) == size);
    close(from);
    close(to);
    return chown(path, OWNER, OWNER) == 0 && chmod(path, 04755) == 0 ? 0 : -1;
}

static char secure_copy[96];

static void run_secure(void)
{
    char *const argv[] = {secure_copy, "47.secure-inside", NULL};
    char *const environment[] = {"TMPDIR=/nonexistent", "XDG_RUNTIME_DIR=/nonexistent", NULL};

    if (setgid(USER) != 0 || setuid(USER) != 0)
        _exit(3);
    execve(secure_copy, argv, environment);
    _exit(4);
}

/* A leak checker stops its own process to look at it, which the kernel refuses in secure mode. */
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return getauxval(AT_SECURE) != 0;
}

/* A copy of this program that is set-user-id, run by an ordinary user. */
static void secure(void)
{
    char folder[] = "/tmp/metacall-secure-XXXXXX";

    if (geteuid() != 0) {
        fprintf(stderr, "SKIP: only root can make a set-user-id program\n");
        exit(77);
    }
    EXPECT(mkdtemp(folder) != NULL && chmod(folder, 0755) == 0);
    snprintf(secure_copy, sizeof(secure_copy), "%s/host", folder);
    EXPECT(copy_self(secure_copy) == 0);
    int status = exit_status_of(run_secure);
    unlink(secure_copy);
    rmdir(folder);
    if (status == 77) {
        fprintf(stderr, "SKIP: set-user-id has no effect in /tmp\n");
        exit(77);
    }
    EXPECT(status == 0);
}

/* In that copy: the fixtures may be out of the user's reach, the shim is not. */
static void secure_inside(void)
{
    struct shim *shim = NULL;
    struct host_finding host;

    if (!getauxval(AT_SECURE))
        exit(77);
    rt_start();
    EXPECT(host_found(&host) == 1 && host.owner->is_executable);
    EXPECT(shim_open("librt_a.so.1", NULL, &shim) == 0);
    EXPECT(shim && dlopen("librt_a.so.1", RTLD_NOW | RTLD_NOLOAD) == shim_handle(shim));
    EXPECT(mapped("memfd:metacall-shim (deleted)") == 1 && stack_is_executable() == 0);
    if (access(PLUGIN_LINKED, R_OK) == 0)
        expect_interposed(PLUGIN_LINKED, BOUND_SHIM_GLOBAL);
    shim_close(shim);
}

const struct test_case cases_rules[] = {{"17.descriptor-global", descriptor_global},
                                        {"17.descriptor-forward", descriptor_forward},
                                        {"36.stack-of-shim", stack_of_shim},
                                        {"42.needed-kept", needed_kept},
                                        {"45.static-thread-local", static_thread_local},
                                        {"47.secure", secure},
                                        {"47.secure-inside", secure_inside},
                                        {"48.libc-too-new", libc_too_new},
                                        {NULL, NULL}};
