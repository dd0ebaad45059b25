/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Shims: what is generated, how it is mapped, what is left of it. */
#include "../expect.h"

#include "host_variants/elf_image.h"
#include "host_variants/shim.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_bytes(void)
{
    char bytes[2048];
    struct elf_image image;
    struct elf_symbol symbol;
    size_t size = shim_write("libmoo.so.3", NULL, bytes, sizeof(bytes));

    EXPECT(size > 300 && size < 800 && shim_write("libmoo.so.3", NULL, bytes, size - 1) == size);
    EXPECT_TEXT(elf_image_read(bytes, size, &image), NULL);
    EXPECT(image.native && image.type == ET_DYN && image.needed_count == 0);
    EXPECT_TEXT(image.soname, "libmoo.so.3");
    EXPECT(image.flags & ELF_IMAGE_STACK_HEADER && !(image.flags & ELF_IMAGE_STACK_EXEC));
    EXPECT(!(image.flags & (ELF_IMAGE_WRITE_EXEC | ELF_IMAGE_TEXTREL | ELF_IMAGE_PIE)));
    EXPECT(elf_image_symbol_count(&image) == 1 && elf_image_symbol(&image, 0, &symbol) == 0);
    EXPECT_TEXT(symbol.name, "");
    EXPECT(elf_image_find(&image, "", NULL, &symbol) != 0);

    size = shim_write("libmoo.so", "/opt/moo/libmoo.so.3", bytes, sizeof(bytes));
    EXPECT_TEXT(elf_image_read(bytes, size, &image), NULL);
    EXPECT(image.needed_count == 1);
    EXPECT_TEXT(elf_image_needed(&image, 0), "/opt/moo/libmoo.so.3");
    EXPECT_TEXT(image.soname, "libmoo.so");
}

static int count_mapped(const char *soname)
{
    struct modules *modules = NULL;
    int count = 0;

    if (modules_walk(&modules) != 0)
        return -1;
    for (size_t i = 0; i < modules_count(modules); i++) {
        const struct module *module = modules_at(modules, i);
        if (module->soname && strcmp(module->soname, soname) == 0) {
            EXPECT(shim_is(module));
            count++;
        }
    }
    modules_destroy(modules);
    return count;
}

static int stack_is_executable(void)
{
    char line[512];
    int executable = -1;
    FILE *maps = fopen("/proc/self/maps", "r");

    while (maps && fgets(line, sizeof(line), maps)) {
        char *mode = strchr(line, ' ');
        if (strstr(line, "[stack]") && mode)
            executable = mode[3] == 'x';
    }
    fclose(maps);
    return executable;
}

static int open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    while (folder && readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static void test_life(void)
{
    struct shim *first = NULL, *second = NULL, *other = NULL;
    int descriptors = open_descriptors();

    EXPECT(count_mapped("libnobody.so.1") == 0);
    EXPECT(shim_open("libnobody.so.1", NULL, &first) == 0 && shim_handle(first) != NULL);
    EXPECT(count_mapped("libnobody.so.1") == 1);
    EXPECT(shim_open("libnobody.so.1", NULL, &second) == 0 && second == first);
    EXPECT(shim_open("libnobody2.so.1", NULL, &other) == 0 && other != first);
    EXPECT(count_mapped("libnobody.so.1") == 1 && count_mapped("libnobody2.so.1") == 1);
    void *by_name = dlopen("libnobody.so.1", RTLD_NOW | RTLD_NOLOAD);
    EXPECT(by_name == shim_handle(first)); /* this is what a DT_NEEDED finds */
    dlclose(by_name);
    shim_close(second);
    EXPECT(count_mapped("libnobody.so.1") == 1);
    shim_close(first);
    shim_close(other);
    shim_close(NULL);
    EXPECT(count_mapped("libnobody.so.1") == 0 && count_mapped("libnobody2.so.1") == 0);
    EXPECT(dlopen("libnobody.so.1", RTLD_NOW) == NULL);
    EXPECT(open_descriptors() == descriptors);
    EXPECT(stack_is_executable() == 0);
}

static void test_forward(void)
{
    struct shim *shim = NULL;
    void *moo = dlopen(FIXTURES "/moo1/libmoo1.5.so.1", RTLD_NOW | RTLD_LOCAL);

    EXPECT(moo && shim_open("libstable.so", FIXTURES "/moo1/libmoo1.5.so.1", &shim) == 0);
    EXPECT(dlsym(shim_handle(shim), "moo_state") == dlsym(moo, "moo_state"));
    shim_close(shim);
    dlclose(moo);
    EXPECT(shim_open("libstable.so", "/nonexistent/libmoo.so", &shim) != 0);
    EXPECT_ERROR("libstable.so");
    EXPECT(count_mapped("libstable.so") == 0);
}

/* Somebody closed all descriptors, and the number means something else now. */
static void test_reused_number(void)
{
    struct shim *first = NULL, *second = NULL;

    EXPECT(shim_open("libfirst.so.1", NULL, &first) == 0);
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    EXPECT(shim_open("libsecond.so.1", NULL, &second) == 0);
    EXPECT(count_mapped("libfirst.so.1") == 1 && count_mapped("libsecond.so.1") == 1);
    shim_close(second);
    shim_close(first);
    EXPECT(count_mapped("libfirst.so.1") == 0 && count_mapped("libsecond.so.1") == 0);
}

static int forbid_memfd(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_create, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int entries_of(const char *path)
{
    DIR *folder = opendir(path);
    int count = 0;

    while (folder && readdir(folder))
        count++;
    closedir(folder);
    return count - 2;
}

static void without_memfd(void)
{
    char folder[] = "/tmp/metacall-shim-test-XXXXXX";
    struct shim *shim = NULL;

    EXPECT(mkdtemp(folder) != NULL);
    setenv("XDG_RUNTIME_DIR", folder, 1);
    EXPECT(shim_open("libnobody.so.1", NULL, &shim) == 0);
    EXPECT(count_mapped("libnobody.so.1") == 1);
    EXPECT(entries_of(folder) == 0); /* nothing is left on the disk */
    shim_close(shim);
    EXPECT(count_mapped("libnobody.so.1") == 0);
    /* a first place that cannot be written to: the next one serves */
    setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
    EXPECT(shim_open("libnobody.so.1", NULL, &shim) == 0);
    shim_close(shim);
    rmdir(folder);
}

static void test_without_memfd(void)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        if (forbid_memfd() != 0)
            _exit(77);
        without_memfd();
        _exit(expect_failed != 0);
    }
    EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        fprintf(stderr, "seccomp is not available: the file fallback was not tried\n");
    else
        EXPECT(WEXITSTATUS(status) == 0);
}

int main(void)
{
    test_bytes();
    test_life();
    test_forward();
    test_without_memfd();
    test_reused_number();
    return expect_result();
}
