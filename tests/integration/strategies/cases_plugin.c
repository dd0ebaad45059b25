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

static void plain_forward(void)
{
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
    forward(RUNTIME("lazy", "libpl_lazy.so"));
}

static void no_plt(void)
{
    forward(RUNTIME("no_plt", "libpl_no_plt.so"));
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
    optional(RUNTIME("relr", "libpl_relr.so"));
}

static void sysv_hash(void)
{
    forward(RUNTIME("sysv_hash", "libpl_sysv.so"));
}

static void lld(void)
{
    optional(RUNTIME("lld", "libpl_lld.so"));
}

static void no_sections(void)
{
    forward(RUNTIME("no_sections", "libpl_no_sections.so"));
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

static void exported(void)
{
    rt_start();
    expect_interposed(PLUGIN_LINKED, BOUND_SHIM_GLOBAL);
}

const struct test_case cases_plugin[] = {{"16.thread-local-global", exported},
                                         {"16.thread-local-forward", plain_forward},
                                         {"18.ifunc-forward", plain_forward},
                                         {"19.addend-forward", plain_forward},
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
