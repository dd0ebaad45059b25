/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* list.1000, list.5000/list.1000, lookup.5000: manifests of about 1.5 KB, read, validated and
 * listed in this process, against open+read+cJSON parse of the same files. check.plugin: one plugin
 * against its manifest from its own file, against open+mmap+walk of PT_DYNAMIC. */
#include "bench_row.h"
#include "registry/check.h"

#include <elf.h>
#include <fcntl.h>
#include <ftw.h>
#include <metacall/registry.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    char path[512];
    char variable[600];
    unsigned count;
};

static void write_manifest(const struct folder *folder, unsigned number)
{
    char path[600];
    snprintf(path, sizeof path, "%s/tag%05u.loader.json", folder->path, number);
    FILE *file = fopen(path, "w");
    if (!file) {
        perror(path);
        exit(2);
    }
    fprintf(
        file,
        "{\n  \"manifest_version\": 1,\n  \"tag\": \"tag%05u\",\n  \"name\": \"Loader %u\",\n"
        "  \"version\": \"1.2.3\",\n  \"license\": \"Apache-2.0\",\n"
        "  \"language\": { \"name\": \"Language %u\", \"aliases\": [\"lang%u\"], "
        "\"extensions\": [\".l%u\"] },\n"
        "  \"runtime\": {\n    \"name\": \"Runtime %u\",\n    \"versions\": \">=1.0 <3\",\n"
        "    \"libraries\": [\n      {\n        \"id\": \"library\",\n"
        "        \"sonames\": [\"libruntime%u.so.%%v\"],\n"
        "        \"markers\": { \"functions\": [\"runtime_start\", \"runtime_stop\"], \"data\": "
        "[\"runtime_none\"] },\n"
        "        \"version\": [{ \"hex\": \"runtime_hex\" }, { \"soname\": true }],\n"
        "        \"find\": [\n          { \"rule\": \"variable\", \"variable\": "
        "\"RUNTIME_LIBRARY\" },\n"
        "          { \"rule\": \"glob\", \"globs\": [\"/nonexistent/libruntime%u.so.*\"] }\n"
        "        ]\n      }\n    ]\n  },\n"
        "  \"host\": { \"executables\": [\"runtime\"], \"running\": { \"call\": "
        "\"runtime_is_running\" } },\n"
        "  \"variants\": [\n    { \"strategy\": \"linked\", \"library\": \"libtag%u_loader.so\", "
        "\"needed\": \"libruntime%u.so.%%v\" }\n  ],\n"
        "  \"lifecycle\": {\n    \"initialize\": \"tag_loader_initialize\",\n"
        "    \"load_from_file\": \"tag_loader_load_from_file\",\n"
        "    \"load_from_memory\": \"tag_loader_load_from_memory\",\n"
        "    \"discover\": \"tag_loader_discover\",\n    \"clear\": \"tag_loader_clear\",\n"
        "    \"destroy\": \"tag_loader_destroy\"\n  },\n"
        "  \"x-padding\": \"%0*d\"\n}\n",
        number, number, number, number, number, number, number, number, number, number, 60, 0);
    fclose(file);
}

static struct folder make_folder(const char *base, unsigned count)
{
    struct folder folder = {.count = count};
    snprintf(folder.path, sizeof folder.path, "%s/%u", base, count);
    snprintf(folder.variable, sizeof folder.variable, "METACALL_REGISTRY_PATH=%s", folder.path);
    mkdir(folder.path, 0755);
    for (unsigned i = 0; i < count; i++)
        write_manifest(&folder, i);
    return folder;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void fail(const char *what)
{
    fprintf(stderr, "bench_registry: %s failed\n", what);
    exit(2);
}

static metacall_registry *open_registry(const struct folder *folder)
{
    const char *const environment[] = {folder->variable, NULL};
    const struct metacall_registry_options options = {.environment = environment};
    metacall_registry *registry;
    if (metacall_registry_open(&options, &registry) < 0)
        fail("open");
    return registry;
}

static void list(size_t count, void *data)
{
    const struct folder *folder = data;
    for (size_t i = 0; i < count; i++) {
        metacall_registry *registry = open_registry(folder);
        struct metacall_registry_entries *entries;
        if (metacall_registry_entries(registry, &entries) < 0 || entries->count != folder->count ||
            entries->items[0].state != METACALL_REGISTRY_ACTIVE ||
            entries->items[0].diagnostic_count != 0)
            fail("list");
        metacall_registry_entries_free(entries);
        metacall_registry_close(registry);
    }
}

static void parse(size_t count, void *data)
{
    const struct folder *folder = data;
    static char text[8192];
    char path[600];
    for (size_t i = 0; i < count; i++) {
        for (unsigned number = 0; number < folder->count; number++) {
            snprintf(path, sizeof path, "%s/tag%05u.loader.json", folder->path, number);
            int fd = open(path, O_RDONLY | O_CLOEXEC);
            ssize_t size = read(fd, text, sizeof text);
            close(fd);
            cJSON *root = cJSON_ParseWithLength(text, (size_t)size);
            if (!root)
                fail("parse");
            cJSON_Delete(root);
        }
    }
}

static void lookup(size_t count, void *data)
{
    const struct folder *folder = data;
    for (size_t i = 0; i < count; i++) {
        metacall_registry *registry = open_registry(folder);
        struct metacall_registry_rows *rows;
        if (metacall_registry_row(registry, "tag00000", &rows) < 0 || rows->count != 1)
            fail("lookup");
        metacall_registry_rows_free(rows);
        metacall_registry_close(registry);
    }
}

static void bench_lists(const char *base)
{
    double values[BENCH_SAMPLES], floors[BENCH_SAMPLES];
    struct folder thousand = make_folder(base, 1000), one = make_folder(base, 1);
    if (bench_wanted("list.1000"))
        bench_compare("list.1000", list, parse, 5, &thousand, 1.35);
    struct folder five = make_folder(base, 5000);
    list(1, &five);
    for (size_t i = 0; i < BENCH_SAMPLES; i++) {
        floors[i] = bench_time(list, 2, &thousand);
        values[i] = bench_time(list, 1, &five);
    }
    if (bench_wanted("list.5000/list.1000"))
        bench_row("list.5000/list.1000", bench_median(values, BENCH_SAMPLES),
                  bench_median(floors, BENCH_SAMPLES), "ns", 5.6);
    lookup(20, &five);
    lookup(20, &one);
    for (size_t i = 0; i < BENCH_SAMPLES; i++) {
        floors[i] = bench_time(lookup, 50, &one);
        values[i] = bench_time(lookup, 50, &five);
    }
    if (bench_wanted("lookup.5000"))
        bench_row("lookup.5000", bench_median(values, BENCH_SAMPLES),
                  bench_median(floors, BENCH_SAMPLES), "ns", 2);
}

#ifdef BENCH_PLUGIN
struct checked {
    struct environment environment;
    const struct manifest *manifest;
    const struct manifest_variant *variant;
};

static void check(size_t count, void *data)
{
    const struct checked *checked = data;
    for (size_t i = 0; i < count; i++) {
        struct arena arena = {.chunks = NULL};
        struct findings findings = {.arena = &arena};
        struct plugin_file file;
        struct elf_image image;
        if (plugin_file_open(&checked->environment, checked->manifest, checked->variant,
                             BENCH_PLUGIN, &findings, &file) < 0 ||
            elf_image_open(BENCH_PLUGIN, file.fd, &image) < 0)
            fail("check");
        check_image(checked->manifest, checked->variant, BENCH_PLUGIN, &image, 1, &findings);
        if (findings.errors)
            fail("check: an error was found; the check");
        elf_image_close(&image);
        plugin_file_close(&file);
        arena_finish(&arena);
    }
}

/* What any reader of an ELF file must do at least: find PT_DYNAMIC and look at its entries. */
static void walk(size_t count, void *data)
{
    static volatile uint64_t sum;
    (void)data;
    for (size_t i = 0; i < count; i++) {
        struct stat status;
        int fd = open(BENCH_PLUGIN, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &status) < 0)
            fail("open");
        const char *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        const ElfW(Ehdr) *header = (const void *)bytes;
        const ElfW(Phdr) *segments = (const void *)(bytes + header->e_phoff);
        for (unsigned j = 0; j < header->e_phnum; j++) {
            if (segments[j].p_type != PT_DYNAMIC)
                continue;
            const ElfW(Dyn) *entry = (const void *)(bytes + segments[j].p_offset);
            for (; entry->d_tag != DT_NULL; entry++)
                sum += entry->d_un.d_val;
        }
        munmap((void *)bytes, (size_t)status.st_size);
        close(fd);
    }
}

static char *read_all(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "r");
    char *text = malloc(65536);
    if (!file || !text)
        fail("reading the manifest");
    *ret_size = fread(text, 1, 65536, file);
    fclose(file);
    return text;
}

static void bench_check(void)
{
    struct checked checked;
    struct manifest *manifest;
    struct arena arena = {.chunks = NULL};
    size_t size;
    char *text = read_all(BENCH_MANIFEST, &size);
    if (manifest_read(&arena, BENCH_MANIFEST, NULL, text, size, &manifest) < 0 ||
        environment_init(&checked.environment, NULL, NULL, NULL, 0) < 0)
        fail("set-up");
    checked.manifest = manifest;
    for (size_t i = 0; i < manifest->variants.count; i++) {
        checked.variant = manifest_variant_at(manifest, i);
        if (checked.variant->strategy == STRATEGY_LINKED)
            break;
    }
    bench_compare("check.plugin", check, walk, 2000, &checked, 2);
    environment_finish(&checked.environment);
    arena_finish(&arena);
    free(text);
}
#endif

int main(void)
{
    char base[] = "/tmp/bench-registry-XXXXXX";
    umask(022);
    if (!mkdtemp(base))
        fail("mkdtemp");
    bench_lists(base);
    nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
#ifdef BENCH_PLUGIN
    if (bench_wanted("check.plugin"))
        bench_check();
#endif
    return 0;
}
