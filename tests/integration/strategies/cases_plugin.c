/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* interposed, by what the plugin is made of: kinds of symbols, of relocations, of linkers. */
#include "host_process.h"

#include "host_variants/elf_image.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static void forward(const char *file)
{
    host_opens(OTHER, RTLD_LOCAL);
    expect_interposed(file, BOUND_SHIM_FORWARD);
}

static void expect_thread_local(void)
{
    EXPECT(has_relocation(PLUGIN_LINKED, ELF_RELOCATION_TLS_MODULE, "rt_thread", 0) ||
           has_relocation(PLUGIN_LINKED, ELF_RELOCATION_TLS_DESCRIPTOR, "rt_thread", 0));
}

static void thread_local_forward(void)
{
    expect_thread_local();
    forward(PLUGIN_LINKED);
}

static void ifunc_forward(void)
{
    struct elf_symbol symbol;
    struct elf_image image;

    EXPECT(elf_image_open(OTHER, -1, &image) == 0);
    EXPECT(elf_image_find(&image, "rt_chosen", NULL, &symbol) == 0);
    EXPECT(symbol.type == STT_GNU_IFUNC);
    elf_image_close(&image);
    forward(PLUGIN_LINKED);
}

static void addend_forward(void)
{
    EXPECT(has_relocation(PLUGIN_LINKED, ELF_RELOCATION_ABSOLUTE, "rt_f3", 0));
    EXPECT(has_relocation(PLUGIN_LINKED, ELF_RELOCATION_ABSOLUTE, "rt_d1", 0));
    EXPECT(has_relocation(PLUGIN_LINKED, ELF_RELOCATION_ABSOLUTE, "rt_array", 2 * sizeof(int)));
    forward(PLUGIN_LINKED);
}

/* The mode of the mapping that holds an address: "r--p". */
static void mode_of(uintptr_t address, char *ret_mode)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[4096];
    uintptr_t from, to;

    strcpy(ret_mode, "none");
    while (maps && fgets(line, sizeof(line), maps)) {
        char mode[8];
        if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3 && from <= address && address < to)
            strcpy(ret_mode, mode);
    }
    fclose(maps);
}

/* What ld.so made read-only after relocation stays so. */
static void relro(void)
{
    struct host_finding host;
    struct modules *modules = NULL;
    ElfW(Phdr) header;
    char mode[8];
    int found = 0;

    host_opens(OTHER, RTLD_LOCAL);
    struct bound_plugin *plugin = open_interposed(PLUGIN_LINKED, &host);
    expect_bound(plugin, 7);
    EXPECT(modules_walk(&modules) == 0);
    const struct module *module =
        modules_of_address(modules, bound_plugin_symbol(plugin, "plugin_report"));
    for (size_t i = 0; elf_image_header(module_image(module), i, &header) == 0; i++) {
        if (header.p_type != PT_GNU_RELRO)
            continue;
        mode_of(module->base + header.p_vaddr, mode);
        EXPECT_TEXT(mode, "r--p");
        found++;
    }
    EXPECT(found == 1);
    modules_destroy(modules);
    bound_plugin_close(plugin);
}

static void lazy(void)
{
    const char *file = RUNTIME("lazy", "libpl_lazy.so");
    struct elf_image image;

    EXPECT(elf_image_open(file, -1, &image) == 0);
    EXPECT(!(image.flags & (ELF_IMAGE_BIND_NOW | ELF_IMAGE_RELRO)));
    elf_image_close(&image);
    forward(file);
}

static void no_plt(void)
{
    const char *file = RUNTIME("no_plt", "libpl_no_plt.so");

    EXPECT(has_relocation(file, ELF_RELOCATION_GLOB_DAT, "rt_f0", 0));
    EXPECT(!has_relocation(file, ELF_RELOCATION_JUMP_SLOT, "rt_f0", 0));
    forward(file);
}

static int has_tag(const char *file, ElfW(Sxword) tag)
{
    struct elf_image image;
    ElfW(Dyn) entry;
    int found = 0;

    if (elf_image_open(file, -1, &image) != 0)
        return -1;
    for (size_t i = 0; i < image.dynamic.size / sizeof(entry); i++) {
        memcpy(&entry, image.dynamic.at + i * sizeof(entry), sizeof(entry));
        found |= entry.d_tag == tag;
    }
    elf_image_close(&image);
    return found;
}

static void optional(const char *file)
{
    if (access(file, R_OK) != 0) {
        fprintf(stderr, "SKIP: this linker could not build %s\n", file);
        exit(77);
    }
    forward(file);
}

static void packed_relocations(void)
{
    const char *file = RUNTIME("relr", "libpl_relr.so");

#ifdef HAVE_RELR
    EXPECT(has_tag(file, 36) == 1); /* DT_RELR */
    forward(file);
#else
    fprintf(stderr, "SKIP: this linker cannot build %s\n", file);
    exit(77);
#endif
}

static void sysv_hash(void)
{
    const char *file = RUNTIME("sysv_hash", "libpl_sysv.so");

    EXPECT(has_tag(file, DT_HASH) == 1 && has_tag(file, DT_GNU_HASH) == 0);
    forward(file);
}

static void lld(void)
{
    optional(RUNTIME("lld", "libpl_lld.so"));
}

static void no_sections(void)
{
    const char *file = RUNTIME("no_sections", "libpl_no_sections.so");
    struct elf_image image;
    ElfW(Ehdr) head;

    EXPECT(elf_image_open(file, -1, &image) == 0);
    memcpy(&head, image.parts[0].at, sizeof(head));
    elf_image_close(&image);
    EXPECT(head.e_shnum == 0 && head.e_shoff == 0);
    forward(file);
}

static void expect_constructed(void)
{
    struct host_finding host;
    struct plugin_report report;
    void (*report_of)(struct plugin_report *);
    struct bound_plugin *plugin =
        open_interposed(RUNTIME("constructor", "libpl_constructor.so"), &host);

    expect_bound(plugin, 7);
    report_of = (void (*)(struct plugin_report *))bound_plugin_symbol(plugin, "plugin_report");
    report_of(&report);
    EXPECT(report.constructed_with == 7);
    bound_plugin_close(plugin);
}

static void constructor_global(void)
{
    rt_start();
    expect_constructed();
}

static void constructor_forward(void)
{
    host_opens(OTHER, RTLD_LOCAL);
    expect_constructed();
}

static void origin_of_plugin(void)
{
    struct host_finding host;
    struct plugin_report report;
    void (*report_of)(struct plugin_report *);

    host_opens(OTHER, RTLD_LOCAL);
    struct bound_plugin *plugin = open_interposed(RUNTIME("with_side", "libpl_side.so"), &host);
    expect_bound(plugin, 7);
    report_of = (void (*)(struct plugin_report *))bound_plugin_symbol(plugin, "plugin_report");
    report_of(&report);
    EXPECT(report.side == 55 && mapped("libside.so") == 1);
    bound_plugin_close(plugin);
    EXPECT(mapped("libside.so") == 0);
}

static void thread_local_global(void)
{
    expect_thread_local();
    rt_start();
    expect_interposed(PLUGIN_LINKED, BOUND_SHIM_GLOBAL);
}

const struct test_case cases_plugin[] = {{"16.thread-local-global", thread_local_global},
                                         {"16.thread-local-forward", thread_local_forward},
                                         {"18.ifunc-forward", ifunc_forward},
                                         {"19.addend-forward", addend_forward},
                                         {"20.relro", relro},
                                         {"21.lazy", lazy},
                                         {"22.no-plt", no_plt},
                                         {"23.packed-relocations", packed_relocations},
                                         {"24.sysv-hash", sysv_hash},
                                         {"25.lld", lld},
                                         {"26.no-sections", no_sections},
                                         {"27.constructor-global", constructor_global},
                                         {"27.constructor-forward", constructor_forward},
                                         {"34.origin-of-plugin", origin_of_plugin},
                                         {NULL, NULL}};
