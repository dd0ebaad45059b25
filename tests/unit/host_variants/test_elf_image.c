/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What the reader says of known objects, as files and as they are mapped. */
#include "../expect.h"

#include "host_variants/elf_image.h"
#include "host_variants/modules.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void check_symbols(const struct elf_image *image, int versioned)
{
    struct elf_symbol symbol;

    EXPECT(elf_image_find(image, "fx_function", NULL, &symbol) == 0);
    EXPECT(symbol.type == STT_FUNC && symbol.binding == STB_GLOBAL && symbol.defined);
    EXPECT_TEXT(symbol.version, versioned ? "FX_1" : NULL);
    EXPECT(elf_image_find(image, "fx_data", NULL, &symbol) == 0);
    EXPECT(symbol.type == STT_OBJECT && symbol.size == sizeof(int));
    EXPECT(elf_image_find(image, "fx_thread", NULL, &symbol) == 0 && symbol.type == STT_TLS);
    EXPECT(elf_image_find(image, "fx_chosen", NULL, &symbol) == 0);
    EXPECT(symbol.type == STT_GNU_IFUNC);
    EXPECT(elf_image_find(image, "fx_weak", NULL, &symbol) == 0 && symbol.binding == STB_WEAK);
    EXPECT(elf_image_find(image, "fx_hidden", NULL, &symbol) != 0);
    EXPECT(elf_image_find(image, "fx_missing_function", NULL, &symbol) != 0);
    EXPECT(elf_image_find(image, "fx_missing_data", NULL, &symbol) != 0);
    EXPECT(elf_image_find(image, "", NULL, &symbol) != 0);
    EXPECT(elf_image_find(image, "no_such_symbol_anywhere", NULL, &symbol) != 0);
}

static void check_undefined(const struct elf_image *image)
{
    int function = 0, data = 0, weak = 0, libc = 0;
    struct elf_symbol symbol;

    for (size_t i = 1; i < elf_image_symbol_count(image); i++) {
        EXPECT(elf_image_symbol(image, i, &symbol) == 0);
        if (symbol.defined)
            continue;
        function += strcmp(symbol.name, "fx_missing_function") == 0 && symbol.binding == STB_GLOBAL;
        data += strcmp(symbol.name, "fx_missing_data") == 0 && symbol.binding == STB_GLOBAL;
        weak += strcmp(symbol.name, "fx_missing_weak") == 0 && symbol.binding == STB_WEAK;
        libc += symbol.version_file && strcmp(symbol.version_file, "libc.so.6") == 0 &&
                strncmp(symbol.version, "GLIBC_", 6) == 0;
    }
    EXPECT(function == 1 && data == 1 && weak == 1);
    EXPECT(libc > 0 || !elf_image_needs(image, "libc.so.6"));
    EXPECT(elf_image_symbol(image, elf_image_symbol_count(image) + 100000, &symbol) != 0);
}

static void check_relocations(const struct elf_image *image)
{
    struct elf_relocation_cursor cursor = {0};
    struct elf_relocation relocation;
    struct elf_symbol symbol;
    int absolute = 0, slot = 0;

    while (elf_image_next_relocation(image, &cursor, &relocation)) {
        if (!relocation.symbol || elf_image_symbol(image, relocation.symbol, &symbol) != 0)
            continue;
        absolute += relocation.kind == ELF_RELOCATION_ABSOLUTE &&
                    strcmp(symbol.name, "fx_missing_data") == 0;
        slot += (relocation.kind == ELF_RELOCATION_JUMP_SLOT ||
                 relocation.kind == ELF_RELOCATION_GLOB_DAT) &&
                strcmp(symbol.name, "fx_missing_function") == 0;
    }
    EXPECT(absolute == 1);
    EXPECT(slot == 1);
}

static void test_file(const char *name, int gnu, int sysv, int versioned)
{
    char path[4096], build_id[129];
    struct elf_image image;

    snprintf(path, sizeof(path), FIXTURES "/%s/lib%s.so", name, name);
    EXPECT(elf_image_open(path, -1, &image) == 0);
    EXPECT(image.native && image.type == ET_DYN && !image.soname && !image.runpath);
    EXPECT((image.gnu_hash.at != NULL) == gnu && (image.sysv_hash.at != NULL) == sysv);
    EXPECT(image.flags & ELF_IMAGE_RELRO && image.flags & ELF_IMAGE_BIND_NOW);
    EXPECT(image.flags & ELF_IMAGE_STACK_HEADER && !(image.flags & ELF_IMAGE_STACK_EXEC));
    EXPECT(!(image.flags & (ELF_IMAGE_TEXTREL | ELF_IMAGE_PIE | ELF_IMAGE_WRITE_EXEC)));
    EXPECT(image.tls_size >= sizeof(int));
    EXPECT(elf_image_build_id(&image, build_id, sizeof(build_id)) == 0 && strlen(build_id) == 40);
    EXPECT(elf_image_build_id(&image, build_id, 40) != 0);
    EXPECT(elf_image_needed(&image, image.needed_count) == NULL);
    check_symbols(&image, versioned);
    check_undefined(&image);
    check_relocations(&image);
    elf_image_close(&image);
    elf_image_close(&image);
}

static void test_versions(void)
{
    struct elf_image image;
    struct elf_symbol symbol;

    EXPECT(elf_image_open(FIXTURES "/versioned/libversioned.so", -1, &image) == 0);
    EXPECT(elf_image_find(&image, "fx_both", "FX_1", &symbol) == 0);
    EXPECT_TEXT(symbol.version, "FX_1");
    EXPECT(symbol.hidden_version);
    uint64_t old = symbol.value;
    EXPECT(elf_image_find(&image, "fx_both", "FX_2", &symbol) == 0);
    EXPECT_TEXT(symbol.version, "FX_2");
    EXPECT(!symbol.hidden_version && symbol.value != old);
    uint64_t current = symbol.value;
    EXPECT(elf_image_find(&image, "fx_both", NULL, &symbol) == 0 && symbol.value != 0);
    EXPECT(elf_image_find(&image, "fx_data", "FX_2", &symbol) == 0);
    EXPECT(elf_image_find(&image, "fx_data", "FX_1", &symbol) != 0);
    EXPECT(elf_image_find(&image, "fx_both", "FX_3", &symbol) != 0);
    elf_image_close(&image);

    /* a reference with a version takes what an object without versions has */
    EXPECT(elf_image_open(FIXTURES "/gnu/libgnu.so", -1, &image) == 0);
    EXPECT(elf_image_find(&image, "fx_data", "FX_1", &symbol) == 0);
    elf_image_close(&image);
    (void)current;
}

/* The table of section headers is for tools; a stripped file loses it. */
static void test_no_sections(void)
{
    struct elf_image image;
    struct stat info;
    FILE *file = fopen(FIXTURES "/gnu/libgnu.so", "rb");

    EXPECT(file && fstat(fileno(file), &info) == 0);
    size_t size = (size_t)info.st_size;
    unsigned char *bytes = malloc(size);
    EXPECT(bytes && fread(bytes, 1, size, file) == size);
    fclose(file);
    ElfW(Ehdr) head;
    memcpy(&head, bytes, sizeof(head));
    head.e_shoff = head.e_shnum = head.e_shstrndx = 0;
    memcpy(bytes, &head, sizeof(head));
    EXPECT_TEXT(elf_image_read(bytes, size, &image), NULL);
    check_symbols(&image, 0);
    check_undefined(&image);
    check_relocations(&image);
    free(bytes);
}

static void test_mapped(void)
{
    struct modules *modules = NULL;
    int missing_data = 0;
    void *handle = dlopen(FIXTURES "/moo1/libmoo1.5.so.1", RTLD_NOW | RTLD_LOCAL);
    struct elf_symbol symbol;
    struct elf_image file;
    char mapped_id[129], file_id[129];

    (void)missing_data;
    EXPECT(handle && modules_walk(&modules) == 0);
    const struct module *moo = modules_of_soname(modules, "libmoo1.5.so.1");
    EXPECT(moo != NULL);
    const struct elf_image *image = module_image(moo);
    EXPECT(elf_image_find(image, "moo_is_running", NULL, &symbol) == 0);
    EXPECT((void *)(moo->base + symbol.value) == dlsym(handle, "moo_is_running"));
    EXPECT(elf_image_open(FIXTURES "/moo1/libmoo1.5.so.1", -1, &file) == 0);
    EXPECT(elf_image_symbol_count(&file) == elf_image_symbol_count(image));
    EXPECT(elf_image_build_id(image, mapped_id, sizeof(mapped_id)) == 0);
    EXPECT(elf_image_build_id(&file, file_id, sizeof(file_id)) == 0);
    EXPECT_TEXT(mapped_id, file_id);
    EXPECT_TEXT(file.soname, "libmoo1.5.so.1");
    EXPECT(file.flags == image->flags && file.needed_count == image->needed_count);
    elf_image_close(&file);
    modules_destroy(modules);
    dlclose(handle);
}

static void test_refusals(void)
{
    char folder[] = "/tmp/metacall-elf-XXXXXX", path[64];
    struct elf_image image;

    EXPECT(mkdtemp(folder) != NULL);
    EXPECT(elf_image_open("/nonexistent/lib.so", -1, &image) != 0);
    EXPECT_ERROR("/nonexistent/lib.so");
    EXPECT(elf_image_open(folder, -1, &image) != 0);
    EXPECT_ERROR("not a regular file");
    snprintf(path, sizeof(path), "%s/fifo", folder);
    EXPECT(mkfifo(path, 0600) == 0);
    EXPECT(elf_image_open(path, -1, &image) != 0); /* and does not wait for a writer */
    EXPECT_ERROR("not a regular file");
    unlink(path);
    snprintf(path, sizeof(path), "%s/empty", folder);
    fclose(fopen(path, "w"));
    EXPECT(elf_image_open(path, -1, &image) != 0);
    EXPECT_ERROR("empty");
    unlink(path);
    rmdir(folder);
    EXPECT(elf_image_open("/proc/self/cmdline", -1, &image) != 0);
    EXPECT_ERROR("/proc/self/cmdline");
    EXPECT(elf_image_open(OWN_FILE, -1, &image) == 0);
    EXPECT(image.flags & ELF_IMAGE_INTERPRETER && elf_image_interpreter(&image) != NULL);
    elf_image_close(&image);
}

/* Every name of the file, asked in batches of all sizes and one by one. */
static void expect_same_answers(const struct elf_image *image)
{
    struct elf_query queries[32];
    struct elf_symbol symbol, one, many;
    size_t total = elf_image_symbol_count(image);

    for (size_t first = 1, size = 1; first < total; first += size, size = size % 32 + 1) {
        size_t count = 0;
        for (size_t i = first; i < first + size && i < total; i++) {
            if (elf_image_symbol(image, i, &symbol) == 0)
                queries[count++] = (struct elf_query){.name = symbol.name,
                                                      .version = i % 3 ? symbol.version : NULL,
                                                      .hash = elf_image_gnu_hash(symbol.name)};
        }
        elf_image_find_many(image, queries, count);
        for (size_t i = 0; i < count; i++) {
            int found = elf_image_find(image, queries[i].name, queries[i].version, &one) == 0;
            EXPECT(found == (queries[i].index != 0));
            if (found && elf_image_symbol(image, queries[i].index, &many) == 0)
                EXPECT(one.value == many.value && strcmp(one.name, many.name) == 0);
        }
    }
}

/* What is read of a file's tables alone is what the whole file says; `is_read` whether it can be
 * done without the file being mapped. */
static void test_tables(const char *path, size_t scratch_size, int is_read)
{
    struct elf_image tables, whole;
    struct elf_symbol one, other;
    struct elf_need_cursor first = {0}, second = {0};
    struct elf_need need, same;
    char *scratch = malloc(scratch_size);

    EXPECT(elf_image_open(path, -1, &whole) == 0);
    EXPECT(elf_image_open_tables(path, -1, scratch, scratch_size, &tables) == 0);
    EXPECT((tables.owned_size == 0) == is_read);
    EXPECT(tables.flags == whole.flags && tables.type == whole.type);
    EXPECT(tables.tls_size == whole.tls_size && tables.needed_count == whole.needed_count);
    EXPECT_TEXT(tables.soname, whole.soname);
    EXPECT_TEXT(tables.runpath, whole.runpath);
    for (size_t i = 0; i < whole.needed_count; i++)
        EXPECT_TEXT(elf_image_needed(&tables, i), elf_image_needed(&whole, i));
    size_t count = elf_image_symbol_count(&whole);
    EXPECT(count > 1 && elf_image_symbol_count(&tables) == count);
    for (size_t i = 0; i < count; i++) {
        EXPECT(elf_image_symbol(&whole, i, &one) == 0 && elf_image_symbol(&tables, i, &other) == 0);
        EXPECT(strcmp(one.name, other.name) == 0 && one.value == other.value);
        EXPECT_TEXT(one.version, other.version);
    }
    while (elf_image_next_need(&whole, &first, &need)) {
        EXPECT(elf_image_next_need(&tables, &second, &same));
        EXPECT_TEXT(need.version, same.version);
    }
    expect_same_answers(&tables);
    expect_same_answers(&whole);
    elf_image_keep_tables(&whole);
    EXPECT((whole.owned_size == 0) == (is_read || scratch_size < 100));
    EXPECT(whole.flags == tables.flags && elf_image_symbol_count(&whole) == count);
    expect_same_answers(&whole);
    elf_image_close(&tables);
    elf_image_close(&whole);
    free(scratch);
}

/* As patchelf leaves a file: the table of strings begins in one segment and ends in the next one.
 */
static void test_touching_segments(const char *path)
{
    struct elf_image whole, split;
    ElfW(Phdr) headers[32], header;
    struct elf_symbol one, other;
    size_t count = 0, strings;

    EXPECT(elf_image_open(path, -1, &whole) == 0);
    size_t size = (size_t)whole.parts[0].size;
    uint8_t *bytes = memcpy(malloc(size), whole.parts[0].at, size);
    strings = (size_t)(whole.strings.at - whole.parts[0].at);
    for (size_t i = 0; elf_image_header(&whole, i, &header) == 0 && count < 31; i++) {
        if (header.p_type == PT_GNU_EH_FRAME || header.p_type == PT_NOTE)
            continue; /* gives its place to the second half */
        headers[count++] = header;
        if (header.p_type != PT_LOAD || header.p_offset != 0)
            continue;
        headers[count] = header;
        size_t half = strings + whole.strings.size / 2;
        headers[count - 1].p_filesz = headers[count - 1].p_memsz = half;
        headers[count].p_offset = headers[count].p_vaddr = half;
        headers[count].p_filesz = headers[count].p_memsz = header.p_filesz - half;
        count++;
    }
    EXPECT(count <= whole.header_count);
    memcpy(bytes + (whole.headers - whole.parts[0].at), headers, count * sizeof(header));
    ((ElfW(Ehdr) *)(void *)bytes)->e_phnum = (uint16_t)count;
    EXPECT_TEXT(elf_image_read(bytes, size, &split), NULL);
    EXPECT(split.strings.size == whole.strings.size);
    EXPECT_TEXT(split.soname, whole.soname);
    for (size_t i = 0; i < elf_image_symbol_count(&whole); i++) {
        EXPECT(elf_image_symbol(&whole, i, &one) == 0 && elf_image_symbol(&split, i, &other) == 0);
        EXPECT_TEXT(other.name, one.name);
    }
    free(bytes);
    elf_image_close(&whole);
}

static const char *libc_path(void)
{
    static Dl_info info;

    return dladdr((void *)gnu_get_libc_version, &info) ? info.dli_fname : "";
}

int main(void)
{
    test_file("sysv", 0, 1, 0);
    test_file("gnu", 1, 0, 0);
    test_file("versioned", 1, 0, 1);
    test_versions();
    test_no_sections();
    test_mapped();
    test_refusals();
    test_touching_segments(FIXTURES "/gnu/libgnu.so");
    test_tables(FIXTURES "/gnu/libgnu.so", 16384, 1);
    test_tables(FIXTURES "/sysv/libsysv.so", 16384, 1);
    test_tables(FIXTURES "/versioned/libversioned.so", 16384, 1);
    test_tables(FIXTURES "/versioned/libversioned.so", 1200, 1); /* into memory of its own */
    test_tables(FIXTURES "/versioned/libversioned.so", 64, 0);   /* not even the headers */
    test_tables(libc_path(), 16384, 0);                          /* its tables are too large */
    return expect_result();
}
