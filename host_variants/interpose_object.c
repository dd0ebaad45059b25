/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Opening a loaded object for interposition, and telling what it imports. */
#include "host_variants/interpose_object.h"

#include "host_variants/rebind_machine.h"

#include <dlfcn.h>
#include <link.h>
#include <metacall/loader.h>
#include <stdlib.h>
#include <string.h>

static metacall_interpose *objects; /* guarded by rebind_lock */

/* ------------------------------------------------------------------------------------- words */

int interpose_word_is_address(const struct import_word *word)
{
    return word->kind == ELF_RELOCATION_JUMP_SLOT || word->kind == ELF_RELOCATION_GLOB_DAT ||
           word->kind == ELF_RELOCATION_ABSOLUTE;
}

/* The words of another object: a sanitizer may have fenced some of them; they are only read. */
__attribute__((no_sanitize("address"))) uintptr_t
interpose_word_now(const metacall_interpose *object, const struct import_word *word, int *ret_lazy)
{
    uintptr_t now = __atomic_load_n((const uintptr_t *)word->where, __ATOMIC_ACQUIRE);

    *ret_lazy = word->plt_index != SIZE_MAX && now >= object->module->lowest &&
                now < object->module->highest &&
                rebind_machine_is_stub(object->image, now, word->plt_index);
    return now;
}

static int by_symbol(const void *left, const void *right)
{
    const struct import_word *a = left, *b = right;

    if (a->symbol != b->symbol)
        return a->symbol < b->symbol ? -1 : 1;
    return a->where < b->where ? -1 : a->where > b->where;
}

static int read_words(metacall_interpose *object)
{
    size_t entry = object->image->plt_has_addends ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel));
    struct elf_relocation_cursor cursor = {0};
    struct elf_relocation relocation;
    size_t room = 0;

    while (elf_image_next_relocation(object->image, &cursor, &relocation)) {
        if (relocation.symbol == 0 || relocation.kind == ELF_RELOCATION_NONE)
            continue;
        if (object->word_count == room) {
            room = room ? room * 2 : 128;
            struct import_word *words = realloc(object->words, room * sizeof(*words));
            if (!words)
                return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
            object->words = words;
        }
        object->words[object->word_count++] = (struct import_word){
            .where = object->module->base + (uintptr_t)relocation.where,
            .addend = (int64_t)rebind_machine_word(relocation.kind, 0, relocation.addend),
            .symbol = relocation.symbol,
            .kind = relocation.kind,
            .plt_index = cursor.table == 2 && relocation.kind == ELF_RELOCATION_JUMP_SLOT
                             ? cursor.at / entry - 1
                             : SIZE_MAX,
        };
    }
    if (object->word_count)
        qsort(object->words, object->word_count, sizeof(*object->words), by_symbol);
    return 0;
}

/* One import a symbol. Words of a symbol without a name, or of a local one, are the object's own
 * business. */
static int group_words(metacall_interpose *object)
{
    struct elf_symbol symbol;
    size_t i = 0;

    object->imports = calloc(object->word_count + 1, sizeof(*object->imports));
    if (!object->imports)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    while (i < object->word_count) {
        size_t first = i, end = i;
        while (end < object->word_count && object->words[end].symbol == object->words[i].symbol)
            end++;
        i = end;
        if (elf_image_symbol(object->image, object->words[first].symbol, &symbol) != 0 ||
            symbol.binding == STB_LOCAL || symbol.name[0] == 0)
            continue;
        object->imports[object->import_count++] = (struct import){
            .symbol = object->words[first].symbol, .first = first, .count = end - first};
    }
    return 0;
}

/* -------------------------------------------------------------------------------------- open */

void interpose_object_use(metacall_interpose *object)
{
    object->uses++;
}

metacall_interpose *interpose_object_leave(metacall_interpose *object)
{
    metacall_interpose **at = &objects;

    if (--object->uses)
        return NULL;
    while (*at != object)
        at = &(*at)->next;
    *at = object->next;
    return object;
}

void interpose_object_destroy(metacall_interpose *object)
{
    if (!object)
        return;
    free(object->imports);
    free(object->words);
    modules_destroy(object->modules);
    if (object->pin)
        dlclose(object->pin);
    free(object);
}

/* The object that has this module's dynamic section, with one use more; NULL = not open yet. */
static metacall_interpose *find_open(const struct module *module)
{
    metacall_interpose *object = objects;

    while (object && object->module->dynamic != module->dynamic)
        object = object->next;
    if (object)
        interpose_object_use(object);
    return object;
}

/* Takes over `modules`. */
static int open_module(struct modules *modules, const struct module *module,
                       metacall_interpose **ret_object)
{
    metacall_interpose *object = calloc(1, sizeof(*object)), *opened;

    if (!object) {
        modules_destroy(modules);
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    }
    object->modules = modules;
    object->module = module;
    object->image = module_image(module);
    object->uses = 1;
    if (!module->dynamic || !rebind_machine_known() || object->image->rel.size) {
        metacall_error_raise(METACALL_ERROR_SUPPORT,
                             "%s: it has no relocations that can be read here", module->path);
        goto fail;
    }
    /* first of all: from here on it stays, and it is no longer being relocated */
    object->pin = rebind_pin(module);
    if (!object->pin || read_words(object) != 0 || group_words(object) != 0)
        goto fail;
    rebind_lock();
    opened = find_open(module);
    if (!opened) {
        object->next = objects;
        objects = object;
    }
    rebind_unlock();
    if (opened)
        interpose_object_destroy(object);
    *ret_object = opened ? opened : object;
    return 0;
fail:
    interpose_object_destroy(object);
    return -1;
}

int metacall_interpose_open(const char *object, metacall_interpose **ret_object)
{
    const struct module *module;
    struct modules *modules;

    if (modules_walk(&modules) != 0)
        return -1;
    if (!object)
        module = modules_at(modules, 0);
    else if (strchr(object, '/'))
        module = modules_of_file(modules, object);
    else
        module = modules_of_soname(modules, object);
    if (!module) {
        modules_destroy(modules);
        return metacall_error_raise(METACALL_ERROR_NOT_FOUND, "%s: no such object is loaded",
                                    object ? object : "the executable");
    }
    return open_module(modules, module, ret_object);
}

int metacall_interpose_open_address(const void *address, metacall_interpose **ret_object)
{
    const struct module *module;
    struct modules *modules;

    if (modules_walk(&modules) != 0)
        return -1;
    module = modules_of_address(modules, address);
    if (!module) {
        modules_destroy(modules);
        return metacall_error_raise(METACALL_ERROR_NOT_FOUND,
                                    "no loaded object holds the address %p", address);
    }
    return open_module(modules, module, ret_object);
}

void metacall_interpose_close(metacall_interpose *object)
{
    if (!object)
        return;
    rebind_lock();
    metacall_interpose *last = interpose_object_leave(object);
    rebind_unlock();
    interpose_object_destroy(last);
}

const char *metacall_interpose_path(const metacall_interpose *object)
{
    return object->module->path;
}

size_t metacall_interpose_count(const metacall_interpose *object)
{
    return object->import_count;
}

/* ------------------------------------------------------------------------------------ import */

struct address_search {
    uintptr_t address;
    const char *path;
    unsigned flags; /* PF_* */
    int found;
};

static int match_address(struct dl_phdr_info *info, size_t size, void *data)
{
    struct address_search *search = data;

    (void)size;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_LOAD ||
            search->address - (info->dlpi_addr + header->p_vaddr) >= header->p_memsz)
            continue;
        search->found = 1;
        search->flags = header->p_flags;
        search->path = info->dlpi_name;
        return 1;
    }
    return 0;
}

static void describe_provider(const metacall_interpose *object, uintptr_t address,
                              struct metacall_import *import)
{
    struct address_search search = {.address = address};

    dl_iterate_phdr(match_address, &search);
    if (!search.found)
        return;
    import->provider =
        search.path && search.path[0] ? search.path : modules_at(object->modules, 0)->path;
    if (import->kind == METACALL_IMPORT_UNKNOWN)
        import->kind = search.flags & PF_X ? METACALL_IMPORT_FUNCTION : METACALL_IMPORT_DATA;
}

static void describe_word(const metacall_interpose *object, const struct import_word *word,
                          struct metacall_import *import)
{
    int lazy;

    if (!interpose_word_is_address(word)) {
        import->flags |= METACALL_IMPORT_FIXED;
        if (word->kind == ELF_RELOCATION_COPY)
            import->kind = METACALL_IMPORT_DATA;
        else if (word->kind != ELF_RELOCATION_OTHER)
            import->kind = METACALL_IMPORT_THREAD_LOCAL;
        return;
    }
    if (!rebind_may_write(object->image, word->where - object->module->base)) {
        import->flags |= METACALL_IMPORT_FIXED;
        return;
    }
    uintptr_t now = interpose_word_now(object, word, &lazy);
    if (word->kind == ELF_RELOCATION_JUMP_SLOT)
        import->kind = METACALL_IMPORT_FUNCTION;
    if (lazy)
        import->flags |= METACALL_IMPORT_LAZY;
    else if (!import->address)
        import->address = (void *)(now - (uintptr_t)word->addend);
}

int metacall_interpose_import(metacall_interpose *object, size_t index,
                              struct metacall_import *ret_import)
{
    struct metacall_import described = {0};
    struct elf_symbol symbol;

    if (index >= object->import_count)
        return -1;
    const struct import *import = &object->imports[index];
    if (elf_image_symbol(object->image, import->symbol, &symbol) != 0)
        return -1;
    described.symbol = symbol.name;
    described.version = symbol.version;
    described.library = symbol.version_file;
    described.words = import->count;
    if (symbol.type == STT_FUNC || symbol.type == STT_GNU_IFUNC)
        described.kind = METACALL_IMPORT_FUNCTION;
    else if (symbol.type == STT_OBJECT)
        described.kind = METACALL_IMPORT_DATA;
    described.flags = (symbol.binding == STB_WEAK ? METACALL_IMPORT_WEAK : 0u) |
                      (symbol.defined ? METACALL_IMPORT_OWN : 0u);
    for (size_t i = 0; i < import->count; i++)
        describe_word(object, &object->words[import->first + i], &described);
    if (described.address) {
        described.flags &= ~(unsigned)METACALL_IMPORT_LAZY;
        describe_provider(object, (uintptr_t)described.address, &described);
    }
    rebind_lock();
    described.flags |= import->head ? METACALL_IMPORT_REPLACED : 0u;
    rebind_unlock();
    *ret_import = described;
    return 0;
}
