/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Generating and mapping shims. The object lives in a memfd, named /proc/<pid>/fd/N to the linker:
 * a debugger opens that name itself, so it must not be /proc/self, and the descriptor stays open as
 * long as the shim is mapped, or the number could come to mean something else. Where memfd is
 * forbidden it is a file in a private folder, removed as soon as it is mapped. */
#include "host_variants/shim.h"

#include "host_variants/elf_image.h"
#include "host_variants/plugin_note.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <metacall/loader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define SHIM_NOTE_TYPE 2

struct shim {
    char *soname, *forward; /* forward: NULL = none */
    char *path;             /* as the linker knows it */
    void *handle;           /* NULL once settled */
    int fd;                 /* the memfd; -1 = it was a file */
    unsigned references;
    struct shim *next;
};

static struct shim *shims; /* all that may still be mapped; guarded by the lock of strategy.c */

int shim_is_effective(void)
{
#ifdef __GLIBC__
    return 1;
#else
    return 0;
#endif
}

/* -------------------------------------------------------------------------------- generation */

/* Fixed part; the strings follow it. One segment, readable and writable: ld.so writes into the
 * dynamic section. */
struct shim_layout {
    ElfW(Ehdr) head;
    ElfW(Phdr) headers[4];
    ElfW(Dyn) dynamic[8];
    ElfW(Sym) symbols[1]; /* the empty one */
    uint32_t hash[4];     /* one bucket, one chain, both empty: musl needs a table */
    uint32_t note[3];
    char note_owner[12];
    char note_text[4];
};

static void add_dynamic(struct shim_layout *layout, size_t *count, ElfW(Sxword) tag, uint64_t value)
{
    layout->dynamic[*count].d_tag = tag;
    layout->dynamic[*count].d_un.d_val = value;
    ++*count;
}

static void set_header(ElfW(Phdr) * header, uint32_t type, size_t at, size_t size, size_t align)
{
    header->p_type = type;
    header->p_flags = type == PT_NOTE ? PF_R : PF_R | PF_W;
    header->p_offset = header->p_vaddr = header->p_paddr = at;
    header->p_filesz = header->p_memsz = size;
    header->p_align = align;
}

static void fill_layout(struct shim_layout *layout, size_t strings_size, size_t soname_at,
                        size_t forward_at)
{
    ElfW(Ehdr) *head = &layout->head;
    size_t count = 0;

    memcpy(head->e_ident, ELFMAG, SELFMAG);
    head->e_ident[EI_CLASS] = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
    head->e_ident[EI_DATA] = elf_image_native_encoding();
    head->e_ident[EI_VERSION] = EV_CURRENT;
    head->e_type = ET_DYN;
    head->e_machine = elf_image_native_machine();
    head->e_version = EV_CURRENT;
    head->e_phoff = offsetof(struct shim_layout, headers);
    head->e_ehsize = sizeof(*head);
    head->e_phentsize = sizeof(layout->headers[0]);
    head->e_phnum = 4;

    add_dynamic(layout, &count, DT_SONAME, soname_at);
    if (forward_at)
        add_dynamic(layout, &count, DT_NEEDED, forward_at);
    add_dynamic(layout, &count, DT_STRTAB, sizeof(*layout));
    add_dynamic(layout, &count, DT_STRSZ, strings_size);
    add_dynamic(layout, &count, DT_SYMTAB, offsetof(struct shim_layout, symbols));
    add_dynamic(layout, &count, DT_SYMENT, sizeof(layout->symbols[0]));
    add_dynamic(layout, &count, DT_HASH, offsetof(struct shim_layout, hash));
    add_dynamic(layout, &count, DT_NULL, 0);
    layout->hash[0] = layout->hash[1] = 1;
    layout->note[0] = sizeof(PLUGIN_NOTE_OWNER);
    layout->note[1] = sizeof(layout->note_text);
    layout->note[2] = SHIM_NOTE_TYPE;
    memcpy(layout->note_owner, PLUGIN_NOTE_OWNER, sizeof(PLUGIN_NOTE_OWNER));
    memcpy(layout->note_text, "shim", 4);

    set_header(&layout->headers[0], PT_LOAD, 0, sizeof(*layout) + strings_size,
               (size_t)sysconf(_SC_PAGESIZE));
    /* a few bytes beyond the file's: the linker clears them at once, so that the page is copied at
     * its first touch, and not first shared and then copied */
    layout->headers[0].p_memsz += sizeof(void *);
    set_header(&layout->headers[1], PT_DYNAMIC, offsetof(struct shim_layout, dynamic),
               count * sizeof(layout->dynamic[0]), sizeof(void *));
    set_header(&layout->headers[2], PT_NOTE, offsetof(struct shim_layout, note),
               sizeof(*layout) - offsetof(struct shim_layout, note), 4);
    set_header(&layout->headers[3], PT_GNU_STACK, 0, 0, 16); /* without it: an executable stack */
}

size_t shim_write(const char *soname, const char *forward, void *buffer, size_t size)
{
    size_t soname_size = strlen(soname) + 1, forward_size = forward ? strlen(forward) + 1 : 0;
    size_t strings_size = 1 + soname_size + forward_size;
    size_t total = sizeof(struct shim_layout) + strings_size;
    struct shim_layout layout;

    if (!buffer || total > size)
        return total;
    char *strings = (char *)buffer + sizeof(layout);
    memset(&layout, 0, sizeof(layout));
    fill_layout(&layout, strings_size, 1, forward ? 1 + soname_size : 0);
    memcpy(buffer, &layout, sizeof(layout));
    strings[0] = 0;
    memcpy(strings + 1, soname, soname_size);
    if (forward)
        memcpy(strings + 1 + soname_size, forward, forward_size);
    return total;
}

int shim_is(const struct module *module)
{
    struct elf_table note;

    return elf_image_note(module_image(module), PLUGIN_NOTE_OWNER, SHIM_NOTE_TYPE, &note) == 0;
}

/* ----------------------------------------------------------------------------------- mapping */

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return -1;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

static int is_taken(const char *path)
{
    struct modules *modules = NULL;

    if (modules_walk(&modules) != 0)
        return 0;
    int taken = modules_of_path(modules, path) != NULL;
    modules_destroy(modules);
    return taken;
}

/* A descriptor whose /proc name no mapped object bears: one could have been left behind by somebody
 * who closed all descriptors of the process. */
static int fresh_descriptor(int fd, char *path, size_t path_size)
{
    for (;;) {
        snprintf(path, path_size, "/proc/%d/fd/%d", (int)getpid(), fd);
        if (!is_taken(path))
            return fd;
        int other = fcntl(fd, F_DUPFD_CLOEXEC, fd + 1);
        close(fd);
        if (other < 0)
            return -1;
        fd = other;
    }
}

static int map_memory(struct shim *shim, const char *bytes, size_t size)
{
    char path[64];
    int fd = memfd_create("metacall-shim", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

    if (fd < 0 && errno == EINVAL)
        fd = memfd_create("metacall-shim", MFD_CLOEXEC);
    if (fd < 0)
        return -1;
    if (write_all(fd, bytes, size) != 0)
        goto fail;
    fd = fresh_descriptor(fd, path, sizeof(path));
    if (fd < 0)
        return -1;
    shim->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    shim->path = shim->handle ? strdup(path) : NULL;
    if (!shim->path)
        goto fail;
    shim->fd = fd;
    return 0;
fail:
    if (shim->handle)
        dlclose(shim->handle);
    shim->handle = NULL;
    close(fd);
    return -1;
}

static int map_file_in(struct shim *shim, const char *parent, const char *bytes, size_t size)
{
    char folder[512], path[600];
    int fd = -1;

    if (!parent || parent[0] != '/' ||
        snprintf(folder, sizeof(folder), "%s/metacall-XXXXXX", parent) >= (int)sizeof(folder) ||
        !mkdtemp(folder)) /* 0700 */
        return -1;
    snprintf(path, sizeof(path), "%s/shim.so", folder);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0 && write_all(fd, bytes, size) == 0) {
        shim->path = strdup(path);
        shim->handle = shim->path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    }
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    rmdir(folder);
    if (shim->handle)
        return 0;
    free(shim->path);
    shim->path = NULL;
    return -1;
}

static int map_file(struct shim *shim, const char *bytes, size_t size)
{
    const char *const parents[] = {secure_getenv("XDG_RUNTIME_DIR"), secure_getenv("TMPDIR"),
                                   "/tmp", "/dev/shm", "/var/tmp"};

    for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
        if (map_file_in(shim, parents[i], bytes, size) == 0)
            return 0;
    }
    return -1;
}

/* --------------------------------------------------------------------------------- life time */

static void forget(struct shim *shim)
{
    struct shim **link = &shims;

    while (*link && *link != shim)
        link = &(*link)->next;
    if (*link)
        *link = shim->next;
    if (shim->fd >= 0)
        close(shim->fd);
    free(shim->soname);
    free(shim->forward);
    free(shim->path);
    free(shim);
}

/* Whether the shim is mapped; it is, with one more reference of ours in `handle`, if it says 1. */
static int is_mapped(struct shim *shim)
{
    if (!shim->handle)
        shim->handle = dlopen(shim->path, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    return shim->handle != NULL;
}

static struct shim *find_mapped(const char *soname, const char *forward)
{
    for (struct shim *shim = shims, *next; shim; shim = next) {
        next = shim->next;
        if (strcmp(shim->soname, soname) != 0 || !shim->forward != !forward ||
            (forward && strcmp(shim->forward, forward) != 0))
            continue;
        if (is_mapped(shim))
            return shim;
        if (shim->references == 0)
            forget(shim);
    }
    return NULL;
}

int shim_open(const char *soname, const char *forward, struct shim **ret_shim)
{
    struct shim *shim = find_mapped(soname, forward);
    size_t size = shim_write(soname, forward, NULL, 0);
    char *bytes = NULL;
    int result = -1;

    if (shim) {
        shim->references++;
        *ret_shim = shim;
        return 0;
    }
    bytes = malloc(size);
    shim = calloc(1, sizeof(*shim));
    if (!bytes || !shim)
        goto memory;
    shim->fd = -1;
    shim->soname = strdup(soname);
    shim->forward = forward ? strdup(forward) : NULL;
    if (!shim->soname || (forward && !shim->forward))
        goto memory;
    shim_write(soname, forward, bytes, size);
    if (map_memory(shim, bytes, size) != 0 && map_file(shim, bytes, size) != 0) {
        const char *why = dlerror();
        metacall_error_raise(METACALL_ERROR_LOADER,
                             "cannot map the stand-in for %s: neither in memory (memfd) nor as a "
                             "file in XDG_RUNTIME_DIR, TMPDIR, /tmp, /dev/shm or /var/tmp: %s",
                             soname, why ? why : "not permitted");
        goto out;
    }
    shim->references = 1;
    shim->next = shims;
    shims = shim;
    *ret_shim = shim;
    result = 0;
    goto out;
memory:
    metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
out:
    free(bytes);
    if (result != 0 && shim)
        forget(shim);
    return result;
}

void *shim_handle(const struct shim *shim)
{
    return shim->handle;
}

void shim_settle(struct shim *shim)
{
    if (shim->handle)
        dlclose(shim->handle);
    shim->handle = NULL;
}

void shim_close(struct shim *shim)
{
    if (!shim || --shim->references > 0)
        return;
    shim_settle(shim);
    /* still the dependency of a plugin that stays: its descriptor and its name stay too */
    if (is_mapped(shim))
        shim_settle(shim);
    else
        forget(shim);
}
