/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The version of a runtime that is mapped, by the sources that its rule names. */
#include "host_variants/elf_image.h"
#include "host_variants/host.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* ----------------------------------------------------------------------------------- symbols */

static int has_copy_of(const struct elf_image *image, const char *name)
{
    struct elf_relocation_cursor cursor = {0};
    struct elf_relocation relocation;
    struct elf_symbol symbol;

    while (elf_image_next_relocation(image, &cursor, &relocation)) {
        if (relocation.kind == ELF_RELOCATION_COPY &&
            elf_image_symbol(image, relocation.symbol, &symbol) == 0 &&
            strcmp(symbol.name, name) == 0)
            return 1;
    }
    return 0;
}

void *host_data_symbol(const struct modules *modules, const struct module *owner, const char *name,
                       size_t *ret_size)
{
    const struct module *executable = modules_at(modules, 0);

    if (executable && executable != owner && has_copy_of(module_image(executable), name)) {
        void *copy = module_symbol(executable, name, ret_size);
        if (copy)
            return copy;
    }
    return module_symbol(owner, name, ret_size);
}

/* ----------------------------------------------------------------------------------- version */

/* The leading dotted number of a text: "3.11.2 (main, ...)", "v20.1.0". */
static int keep_version(const char *text, size_t limit, char *ret_version, size_t version_size)
{
    size_t from = 0, to;

    while (from < limit && text[from] && !isdigit((unsigned char)text[from]))
        from++;
    for (to = from; to < limit && (isdigit((unsigned char)text[to]) || text[to] == '.'); to++)
        ;
    while (to > from && text[to - 1] == '.')
        to--;
    if (to == from || from > 32)
        return -1;
    snprintf(ret_version, version_size, "%.*s", (int)(to - from), text + from);
    return 0;
}

static int version_hex(const uint32_t *at, size_t size, char *ret_version, size_t version_size)
{
    if (!at || size < sizeof(*at) || *at == 0)
        return -1;
    snprintf(ret_version, version_size, "%u.%u.%u", *at >> 24, *at >> 16 & 255, *at >> 8 & 255);
    return 0;
}

/* Reads what an address leads to, if it leads anywhere: it may be no address at all. */
static size_t read_pointed(uintptr_t address, char *ret_text, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), rest = page - address % page;
    struct iovec to = {.iov_base = ret_text, .iov_len = rest < size ? rest : size};
    struct iovec from = {.iov_base = (void *)address, .iov_len = to.iov_len};

    if (address < page || address > UINTPTR_MAX / 2)
        return 0;
    ssize_t got = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
    return got > 0 ? (size_t)got : 0;
}

static int is_printable(const char *text, size_t limit)
{
    size_t at = 0;

    while (at < limit && text[at] >= ' ' && text[at] <= '~')
        at++;
    return at > 0 && (at == limit || text[at] == 0);
}

/* Of what is printable and nothing else, and with a dot: what a pointer leads to may be anything,
 * and has a digit before long. */
static int text_version(const char *text, size_t limit, char *ret_version, size_t version_size)
{
    char version[32];

    if (!is_printable(text, limit) || keep_version(text, limit, version, sizeof(version)) != 0 ||
        !strchr(version, '.'))
        return -1;
    snprintf(ret_version, version_size, "%s", version);
    return 0;
}

/* An array of characters, or an object that begins with a pointer to them: a `const char *`, or a
 * string of the runtime's own language. */
static int version_text(const struct modules *modules, const char *at, size_t size,
                        char *ret_version, size_t version_size)
{
    uintptr_t pointed;
    char text[64];

    if (!at)
        return -1;
    if (size >= sizeof(pointed)) {
        memcpy(&pointed, at, sizeof(pointed));
        const struct module *holder = modules_of_address(modules, (void *)pointed);
        if (holder)
            return text_version((const char *)pointed, holder->highest - pointed, ret_version,
                                version_size);
        size_t got = read_pointed(pointed, text, sizeof(text));
        if (got && text_version(text, got, ret_version, version_size) == 0)
            return 0;
    }
    return text_version(at, size ? size : 64, ret_version, version_size);
}

int host_version_numbers(const struct elf_image *image, const char *const *symbols,
                         char *ret_version, size_t version_size)
{
    struct elf_symbol symbol;
    char text[64];
    size_t used = 0;

    for (; *symbols && used < sizeof(text); symbols++) {
        uint8_t one = 0;
        uint16_t two = 0;
        uint32_t four = 0;
        const void *at = NULL;
        if (elf_image_find(image, *symbols, NULL, &symbol) == 0 &&
            (symbol.size == sizeof(one) || symbol.size == sizeof(two) ||
             symbol.size == sizeof(four)))
            at = elf_image_at(image, symbol.value, (size_t)symbol.size);
        if (!at)
            return -1;
        memcpy(symbol.size == sizeof(one)   ? (void *)&one
               : symbol.size == sizeof(two) ? (void *)&two
                                            : (void *)&four,
               at, (size_t)symbol.size);
        used += (size_t)snprintf(text + used, sizeof(text) - used, used ? ".%u" : "%u",
                                 one + two + four);
    }
    if (used == 0 || used >= version_size)
        return -1;
    strcpy(ret_version, text);
    return 0;
}

static int find_text(const char *bytes, size_t size, const char *pattern, char *ret_version,
                     size_t version_size)
{
    const char *mark = strstr(pattern, "%v"), *at = bytes, *end = bytes + size;
    size_t prefix = (size_t)(mark - pattern), rest = strlen(mark + 2);

    for (; (at = memmem(at, (size_t)(end - at), pattern, prefix)) != NULL; at++) {
        char text[128];
        size_t length = prefix;
        while (at + length < end && length < sizeof(text) - 1 - rest &&
               (isdigit((unsigned char)at[length]) || at[length] == '.'))
            length++;
        if ((size_t)(end - at) < length + rest)
            return -1;
        memcpy(text, at, length + rest);
        text[length + rest] = 0;
        if (host_pattern_matches(pattern, text, ret_version, version_size))
            return 0;
    }
    return -1;
}

int host_version_text(const struct elf_image *image, const char *pattern, char *ret_version,
                      size_t version_size)
{
    const char *mark = strstr(pattern, "%v");
    ElfW(Phdr) header;

    if (!mark || mark == pattern || (size_t)(mark - pattern) + strlen(mark) > 64)
        return -1;
    for (int code = 0; code < 2; code++) { /* texts lie among code only in old layouts */
        for (size_t i = 0; elf_image_header(image, i, &header) == 0; i++) {
            const char *from;
            if (header.p_type != PT_LOAD || !(header.p_flags & PF_R) || (header.p_flags & PF_W) ||
                code != !!(header.p_flags & PF_X))
                continue;
            from = elf_image_at(image, header.p_vaddr, header.p_filesz);
            if (from && find_text(from, header.p_filesz, pattern, ret_version, version_size) == 0)
                return 0;
        }
    }
    return -1;
}

/* Texts that were found in mapped modules: a search takes milliseconds, and who the host is gets
 * asked again and again. A module is known by its place and its build-id. */
#define TEXTS 8

static struct found_text {
    const void *dynamic; /* NULL = nothing */
    char build_id[65];
    char pattern[65];
    char version[32]; /* "" = there is none */
} texts[TEXTS];
static unsigned next_text;
/* Only ever tried: who finds it taken does without. */
static pthread_mutex_t texts_lock = PTHREAD_MUTEX_INITIALIZER;

static int version_of_text(const struct module *owner, const char *pattern, char *ret_version,
                           size_t version_size)
{
    struct found_text one = {.dynamic = owner->dynamic};
    int known = 0;

    if (strlen(pattern) >= sizeof(one.pattern) ||
        elf_image_build_id(module_image(owner), one.build_id, sizeof(one.build_id)) != 0)
        return host_version_text(module_image(owner), pattern, ret_version, version_size);
    strcpy(one.pattern, pattern);
    if (pthread_mutex_trylock(&texts_lock) == 0) {
        for (size_t i = 0; i < TEXTS && !known; i++) {
            known = texts[i].dynamic == one.dynamic &&
                    strcmp(texts[i].build_id, one.build_id) == 0 &&
                    strcmp(texts[i].pattern, one.pattern) == 0;
            if (known)
                one = texts[i];
        }
        pthread_mutex_unlock(&texts_lock);
    }
    if (!known) {
        if (host_version_text(module_image(owner), pattern, one.version, sizeof(one.version)) != 0)
            one.version[0] = 0;
        if (pthread_mutex_trylock(&texts_lock) == 0) {
            texts[next_text++ % TEXTS] = one;
            pthread_mutex_unlock(&texts_lock);
        }
    }
    if (!one.version[0])
        return -1;
    snprintf(ret_version, version_size, "%s", one.version);
    return 0;
}

static int version_soname(const struct host_rule *rule, const struct module *owner,
                          char *ret_version, size_t version_size)
{
    char version[32] = "";

    for (size_t i = 0; owner->soname && rule->sonames && rule->sonames[i]; i++) {
        if (host_pattern_matches(rule->sonames[i], owner->soname, version, sizeof(version)) &&
            version[0]) {
            snprintf(ret_version, version_size, "%s", version);
            return 0;
        }
    }
    return -1;
}

static int version_call(const struct module *owner, const char *symbol, char *ret_version,
                        size_t version_size)
{
    void *at = module_symbol(owner, symbol, NULL);
    const char *text = at ? ((const char *(*)(void))(uintptr_t)at)() : NULL;

    return text ? keep_version(text, 64, ret_version, version_size) : -1;
}

const char *host_version_of(const struct host_rule *rule, const struct modules *modules,
                            const struct module *owner, int running, char *ret_version,
                            size_t version_size)
{
    const struct host_version_source *source = rule->versions;

    for (; source && source->kind != HOST_VERSION_NONE; source++) {
        const char *name = source->symbol;
        size_t size = 0;
        void *at = NULL;
        int result = -1;
        if (source->kind == HOST_VERSION_HEX || source->kind == HOST_VERSION_STRING)
            at = host_data_symbol(modules, owner, source->symbol, &size);
        if (source->kind == HOST_VERSION_HEX) {
            result = version_hex(at, size, ret_version, version_size);
        } else if (source->kind == HOST_VERSION_STRING) {
            result = version_text(modules, at, size, ret_version, version_size);
        } else if (source->kind == HOST_VERSION_NUMBERS) {
            name = source->symbols[0];
            result = host_version_numbers(module_image(owner), source->symbols, ret_version,
                                          version_size);
        } else if (source->kind == HOST_VERSION_TEXT) {
            name = "text";
            result = version_of_text(owner, source->symbol, ret_version, version_size);
        } else if (source->kind == HOST_VERSION_SONAME) {
            name = "soname";
            result = version_soname(rule, owner, ret_version, version_size);
        } else if (running) {
            result = version_call(owner, source->symbol, ret_version, version_size);
        }
        if (result == 0)
            return name;
    }
    return NULL;
}
