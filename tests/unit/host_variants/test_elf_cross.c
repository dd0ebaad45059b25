/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The reader against libelf, which goes by sections: on every library of this system's folder (or
 * the files given as arguments) both must say the same. */
#include "../expect.h"

#include "host_variants/elf_image.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <gelf.h>
#include <gnu/libc-version.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

struct other {
    Elf *elf;
    Elf_Scn *dynamic, *symbols, *versym;
};

static void find_sections(struct other *other)
{
    Elf_Scn *section = NULL;
    GElf_Shdr header;

    while ((section = elf_nextscn(other->elf, section)) != NULL) {
        if (!gelf_getshdr(section, &header))
            continue;
        if (header.sh_type == SHT_DYNAMIC)
            other->dynamic = section;
        else if (header.sh_type == SHT_DYNSYM)
            other->symbols = section;
        else if (header.sh_type == SHT_GNU_versym)
            other->versym = section;
    }
}

static void cross_dynamic(const struct other *other, const struct elf_image *image,
                          const char *path)
{
    Elf_Data *data = elf_getdata(other->dynamic, NULL);
    GElf_Shdr header;
    GElf_Dyn entry;
    size_t needed = 0;
    const char *soname = NULL, *runpath = NULL;
    int now = 0, textrel = 0;

    gelf_getshdr(other->dynamic, &header);
    for (int i = 0; gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++) {
        const char *text = elf_strptr(other->elf, header.sh_link, entry.d_un.d_val);
        if (entry.d_tag == DT_NEEDED)
            EXPECT_TEXT(elf_image_needed(image, needed++), text);
        else if (entry.d_tag == DT_SONAME)
            soname = text;
        else if (entry.d_tag == DT_RUNPATH)
            runpath = text;
        now |= entry.d_tag == DT_BIND_NOW || (entry.d_tag == DT_FLAGS && entry.d_un.d_val & 8) ||
               (entry.d_tag == DT_FLAGS_1 && entry.d_un.d_val & 1);
        textrel |= entry.d_tag == DT_TEXTREL || (entry.d_tag == DT_FLAGS && entry.d_un.d_val & 4);
    }
    EXPECT(needed == image->needed_count);
    EXPECT_TEXT(image->soname, soname);
    EXPECT_TEXT(image->runpath, runpath);
    EXPECT(!now == !(image->flags & ELF_IMAGE_BIND_NOW));
    EXPECT(!textrel == !(image->flags & ELF_IMAGE_TEXTREL));
    if (expect_failed)
        fprintf(stderr, "in %s\n", path);
}

static void cross_symbols(const struct other *other, const struct elf_image *image)
{
    Elf_Data *data = elf_getdata(other->symbols, NULL);
    Elf_Data *versions = other->versym ? elf_getdata(other->versym, NULL) : NULL;
    size_t count = elf_image_symbol_count(image), highest = 0;
    struct elf_symbol symbol, found;
    GElf_Shdr header;
    GElf_Sym raw;
    GElf_Versym version;

    gelf_getshdr(other->symbols, &header);
    for (int i = 1; gelf_getsym(data, i, &raw); i++) {
        const char *name = elf_strptr(other->elf, header.sh_link, raw.st_name);
        int defined = raw.st_shndx != SHN_UNDEF;
        if ((size_t)i >= count) {
            highest += GELF_ST_BIND(raw.st_info) != STB_LOCAL;
            continue;
        }
        EXPECT(elf_image_symbol(image, (size_t)i, &symbol) == 0);
        EXPECT_TEXT(symbol.name, name);
        EXPECT(symbol.defined == defined && symbol.value == raw.st_value &&
               symbol.size == raw.st_size && symbol.type == GELF_ST_TYPE(raw.st_info) &&
               symbol.binding == GELF_ST_BIND(raw.st_info));
        if (!versions || !gelf_getversym(versions, i, &version))
            version = 1;
        EXPECT(symbol.hidden_version == !!(version & 0x8000));
        EXPECT((version & 0x7fff) > 1 ? symbol.version != NULL || defined : !symbol.version);
        if (!defined || symbol.binding == STB_LOCAL || (symbol.visibility & 1) ||
            symbol.visibility == STV_HIDDEN || (!raw.st_value && symbol.type != STT_TLS))
            continue;
        EXPECT(elf_image_find(image, name, symbol.version, &found) == 0);
        EXPECT_TEXT(found.name, name);
        EXPECT(found.value == symbol.value || symbol.hidden_version);
    }
    EXPECT(highest == 0); /* none that matters was left out */
}

static int cross(const char *path)
{
    struct other other = {0};
    struct elf_image image;
    int fd = open(path, O_RDONLY | O_CLOEXEC), done = 0;

    other.elf = fd >= 0 ? elf_begin(fd, ELF_C_READ_MMAP, NULL) : NULL;
    if (other.elf && elf_kind(other.elf) == ELF_K_ELF) {
        find_sections(&other);
        EXPECT(elf_image_open(path, -1, &image) == 0);
        if (image.native && other.dynamic && other.symbols) {
            cross_dynamic(&other, &image, path);
            cross_symbols(&other, &image);
            done = 1;
        }
        elf_image_close(&image);
    }
    if (other.elf)
        elf_end(other.elf);
    if (fd >= 0)
        close(fd);
    return done;
}

static int cross_folder(const char *path, int limit)
{
    char file[PATH_MAX + NAME_MAX + 2];
    DIR *folder = opendir(path);
    int done = 0;

    for (struct dirent *entry; folder && done < limit && (entry = readdir(folder)) != NULL;) {
        if (!strstr(entry->d_name, ".so") || entry->d_type != DT_REG)
            continue;
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        done += cross(file);
    }
    if (folder)
        closedir(folder);
    return done;
}

/* The folder of libc is where a system's libraries are. */
static int cross_system(void)
{
    char path[PATH_MAX];
    Dl_info info;

    if (!dladdr((void *)gnu_get_libc_version, &info) || !realpath(info.dli_fname, path))
        return 0;
    *strrchr(path, '/') = 0;
    return cross_folder(path, 150);
}

int main(int argc, char **argv)
{
    int done = 0;

    elf_version(EV_CURRENT);
    for (int i = 1; i < argc; i++)
        done += cross(argv[i]);
    done += cross(FIXTURES "/sysv/libsysv.so") + cross(FIXTURES "/gnu/libgnu.so") +
            cross(FIXTURES "/versioned/libversioned.so");
    done += cross_folder(STAGED_LOADERS, 100) + cross_folder(STAGED_LIBRARIES, 100);
    if (argc == 1)
        done += cross_system();
    printf("%d objects compared\n", done);
    EXPECT(done >= 30);
    return expect_result();
}
