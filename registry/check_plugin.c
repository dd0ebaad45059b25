/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The checks that one file answers alone. */
#include "host_variants/plugin_note.h"
#include "registry/check.h"
#include "registry/pattern.h"
#include "registry/sha256.h"
#include "registry/source_file.h"
#include "registry/version.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <metacall/loader.h>
#include <stdint.h>
#include <string.h>

struct checking {
    const struct manifest *manifest;
    const struct manifest_variant *variant;
    const char *path;
    const struct elf_image *image;
    struct findings *findings;
};

static void report(const struct checking *checking, const char *id, const char *symbol,
                   const char *expected, const char *found, const char *fix)
{
    struct metacall_diagnostic what = {.id = id,
                                       .severity = FINDING_USUAL,
                                       .path = checking->path,
                                       .tag = checking->manifest->tag,
                                       .symbol = symbol,
                                       .expected = expected,
                                       .found = found,
                                       .fix = fix};
    what.message = arena_format(checking->findings->arena, "expected %s, found %s", expected,
                                found ? found : "none");
    findings_add(checking->findings, &what);
}

/* --------------------------------------------------------------------------------- the file */

static int refuse_file(const struct checking *checking, const char *id, const char *expected,
                       const char *found, const char *fix)
{
    report(checking, id, NULL, expected, found, fix);
    return -1;
}

static int verify_sha256(const struct checking *checking, struct plugin_file *file)
{
    char hex[65];
    if (!checking->variant->sha256)
        return 0;
    if (sha256_file(file->fd, hex) < 0)
        return refuse_file(checking, "plugin.unreadable", "a file that can be read",
                           strerror(errno), NULL);
    if (strcmp(hex, checking->variant->sha256) != 0)
        return refuse_file(
            checking, "plugin.sha256",
            arena_format(checking->findings->arena, "sha256 %s", checking->variant->sha256), hex,
            "install the plugin that belongs to the manifest");
    file->keep = 1;
    return 0;
}

int plugin_file_open(const struct environment *environment, const struct manifest *manifest,
                     const struct manifest_variant *variant, const char *path,
                     struct findings *findings, struct plugin_file *ret_file)
{
    struct checking checking = {
        .manifest = manifest, .variant = variant, .path = path, .findings = findings};
    struct plugin_file file = {.fd = -1};
    struct source_file source;
    source_file_open(environment, path, SIZE_MAX, &source);
    file.fd = source.fd;
    if (source.state == SOURCE_FILE_ABSENT)
        return refuse_file(&checking, "plugin.missing", "the plugin's file", "no such file", NULL);
    if (source.state == SOURCE_FILE_MASK)
        return refuse_file(&checking, "elf.unreadable", "an ELF library", "an empty file", NULL);
    if (source.state == SOURCE_FILE_REFUSED)
        return refuse_file(
            &checking, strcmp(source.id, "file.trust") == 0 ? "plugin.trust" : "plugin.unreadable",
            "a regular file that only its owner and root may write",
            arena_text(findings->arena, source.message),
            "chown root and chmod go-w the file and its folder");
    if (verify_sha256(&checking, &file) < 0) {
        plugin_file_close(&file);
        return -1;
    }
    *ret_file = file;
    return 0;
}

void plugin_file_close(struct plugin_file *file)
{
    struct source_file source = {.fd = file->fd};
    source_file_close(&source);
    elf_image_close(&file->image);
    file->fd = -1;
}

/* ------------------------------------------------------------------------------- the contract */

static int check_machine(const struct checking *checking)
{
    const struct elf_image *image = checking->image;
    struct arena *arena = checking->findings->arena;
    if (!image->native) {
        report(checking, "elf.machine", NULL,
               arena_format(arena, "class %d, machine %u", (int)sizeof(void *) == 8 ? 2 : 1,
                            elf_image_native_machine()),
               arena_format(arena, "class %d, machine %u", image->elf_class, image->machine),
               "install the plugin built for this machine");
        return -1;
    }
    if (image->type != ET_DYN || (image->flags & ELF_IMAGE_PIE) ||
        !(image->flags & ELF_IMAGE_DYNAMIC)) {
        report(checking, "elf.type", NULL, "a shared library",
               image->flags & ELF_IMAGE_PIE ? "a program" : "another kind of ELF file", NULL);
        return -1;
    }
    if (image->os_abi != ELFOSABI_SYSV && image->os_abi != ELFOSABI_GNU)
        report(checking, "elf.osabi", NULL, "the OS ABI 0 (System V) or 3 (GNU)",
               arena_format(arena, "%u", image->os_abi), NULL);
    return 0;
}

int check_hook_needed(enum manifest_hook_id hook, enum strategy strategy)
{
    switch (hook) {
    case HOOK_INITIALIZE:
    case HOOK_DESTROY:
        return strategy == STRATEGY_LINKED;
    case HOOK_HOST_ATTACH:
    case HOOK_HOST_DETACH:
        return strategy != STRATEGY_LINKED;
    default:
        return 1;
    }
}

static void check_hooks(const struct checking *checking)
{
    const struct manifest_lifecycle *lifecycle = checking->manifest->lifecycle;
    for (size_t i = 0; i < HOOK_COUNT; i++) {
        const char *name = lifecycle->hooks[i].symbol;
        struct elf_symbol symbol;
        const char *expected;
        if (!name || !check_hook_needed((enum manifest_hook_id)i, checking->variant->strategy))
            continue;
        expected = arena_format(checking->findings->arena, "the function %s (hook %s)", name,
                                manifest_hook_names[i]);
        if (elf_image_find(checking->image, name, NULL, &symbol) < 0)
            report(checking, "hook.missing", name, expected, "no such exported symbol",
                   "export it, or take the hook out of the manifest's lifecycle");
        else if (symbol.type != STT_FUNC && symbol.type != STT_GNU_IFUNC)
            report(checking, "hook.type", name, expected, "a symbol that is no function", NULL);
    }
}

/* The DT_NEEDED that a pattern of the manifest's runtime matches, or NULL. */
static const char *needed_runtime(const struct checking *checking)
{
    const struct manifest_runtime *runtime = checking->manifest->runtime;
    const char *needed;
    for (size_t i = 0; runtime && (needed = elf_image_needed(checking->image, i)) != NULL; i++) {
        for (size_t j = 0; j < runtime->libraries.count; j++) {
            const struct manifest_library *library = manifest_library_at(checking->manifest, j);
            for (const char *const *soname = library->sonames; *soname; soname++) {
                if (pattern_match(*soname, needed, NULL))
                    return needed;
            }
        }
        for (size_t j = 0; j < checking->manifest->variants.count; j++) {
            const char *pattern = manifest_variant_at(checking->manifest, j)->needed;
            if (pattern && pattern_match(pattern, needed, NULL))
                return needed;
        }
    }
    return NULL;
}

static void check_needed(const struct checking *checking)
{
    const char *pattern = checking->variant->needed, *found = needed_runtime(checking), *needed;
    int matched = 0;
    if (!pattern && found)
        report(checking, "needed.runtime", found,
               arena_format(checking->findings->arena,
                            "no DT_NEEDED on the runtime in a %s variant",
                            checking->variant->strategy_name),
               found, "link the plugin without its runtime, or declare \"needed\"");
    for (size_t i = 0; pattern && (needed = elf_image_needed(checking->image, i)) != NULL; i++)
        matched |= pattern_match(pattern, needed, NULL);
    if (pattern && !matched)
        report(checking, "needed.missing", pattern,
               arena_format(checking->findings->arena, "a DT_NEEDED that matches %s", pattern),
               found ? found : "none", "link the plugin to its runtime");
}

static void check_built_against(const struct checking *checking, const char *version)
{
    const struct manifest_runtime *runtime = checking->manifest->runtime;
    if (!runtime || !runtime->versions || !*version ||
        version_in_range(version, runtime->versions) == 1)
        return;
    report(checking, "note.runtime", NULL,
           arena_format(checking->findings->arena, "a plugin built against %s %s", runtime->name,
                        runtime->versions),
           arena_format(checking->findings->arena, "one built against %s", version),
           "rebuild the plugin, or mend runtime.versions in the manifest");
}

static void check_note(const struct checking *checking, int thorough)
{
    struct plugin_note note;
    struct arena *arena = checking->findings->arena;
    const char *tag = checking->manifest->tag;
    int found = plugin_note_read(checking->image, &note);
    if (found < 0) {
        report(checking, "note.malformed", NULL, "an ABI note of MetaCall", "a malformed one",
               "build the plugin with metacall_add_loader");
        return;
    }
    if (found == 1) {
        if (thorough)
            report(checking, "note.missing", NULL, "an ABI note (.note.metacall)", "none",
                   "build the plugin with metacall_add_loader");
        return;
    }
    if (note.interface_major != METACALL_LOADER_INTERFACE_MAJOR ||
        note.interface_minor > METACALL_LOADER_INTERFACE_MINOR)
        report(checking, "note.interface", NULL,
               arena_format(arena, "the loader interface %d, at most %d.%d",
                            METACALL_LOADER_INTERFACE_MAJOR, METACALL_LOADER_INTERFACE_MAJOR,
                            METACALL_LOADER_INTERFACE_MINOR),
               arena_format(arena, "%u.%u", note.interface_major, note.interface_minor),
               "rebuild the plugin against this library, or update the library");
    if (strcmp(note.tag, tag) != 0)
        report(checking, "note.tag", NULL, arena_format(arena, "the tag %s", tag), note.tag,
               "the manifest names another loader's plugin");
    if ((strcmp(note.strategy, "host-unresolved") == 0) !=
        (checking->variant->strategy == STRATEGY_HOST_UNRESOLVED))
        report(checking, "note.strategy", NULL,
               checking->variant->strategy == STRATEGY_HOST_UNRESOLVED
                   ? "a plugin built host-unresolved"
                   : "a plugin built linked",
               note.strategy, "the manifest names the plugin of another variant");
    check_built_against(checking, note.runtime_version);
}

/* ---------------------------------------------------------------------------------- hardening */

static void check_flag(const struct checking *checking, unsigned flag, int bad, const char *id,
                       const char *expected, const char *found, const char *fix)
{
    if (((checking->image->flags & flag) != 0) == bad)
        report(checking, id, NULL, expected, found, fix);
}

/* A few words are what a fast path may cost. glibc keeps 512 bytes for libraries opened late, for
 * all of them together; other C libraries keep nothing. */
static void check_tls(const struct checking *checking)
{
    const struct elf_image *image = checking->image;
    struct metacall_diagnostic what = {.id = "elf.tls", .severity = FINDING_USUAL};
#ifdef __GLIBC__
    const uint64_t usual = 64, most = 512;
#else
    const uint64_t usual = 0, most = 0;
#endif
    if (!(image->flags & ELF_IMAGE_STATIC_TLS) || image->tls_size <= usual)
        return;
    if (image->tls_size > most)
        what.severity = METACALL_SEVERITY_ERROR;
    what.path = checking->path;
    what.tag = checking->manifest->tag;
    what.expected =
        arena_format(checking->findings->arena, "at most %u bytes of static TLS", (unsigned)usual);
    what.found = arena_format(checking->findings->arena, "%ju bytes, of the %u that a process has",
                              (uintmax_t)image->tls_size, (unsigned)most);
    what.message =
        arena_format(checking->findings->arena, "expected %s, found %s", what.expected, what.found);
    what.fix = "compile without -ftls-model=initial-exec";
    findings_add(checking->findings, &what);
}

static void check_hardening(const struct checking *checking)
{
    char build_id[129];
    check_flag(checking, ELF_IMAGE_RELRO, 0, "elf.relro", "PT_GNU_RELRO", "none",
               "link with -Wl,-z,relro");
    check_flag(checking, ELF_IMAGE_BIND_NOW, 0, "elf.now", "immediate binding", "lazy binding",
               "link with -Wl,-z,now");
    check_flag(checking, ELF_IMAGE_NODELETE, 0, "elf.nodelete", "DF_1_NODELETE", "none",
               "link with -Wl,-z,nodelete: a loader's code is never unmapped");
    check_tls(checking);
    if (elf_image_build_id(checking->image, build_id, sizeof build_id) < 0)
        report(checking, "elf.build_id", NULL, "a build-id", "none", "link with -Wl,--build-id");
}

void check_image(const struct manifest *manifest, const struct manifest_variant *variant,
                 const char *path, const struct elf_image *image, int thorough,
                 struct findings *findings)
{
    const struct checking checking = {.manifest = manifest,
                                      .variant = variant,
                                      .path = path,
                                      .image = image,
                                      .findings = findings};
    if (check_machine(&checking) < 0)
        return;
    check_hooks(&checking);
    check_needed(&checking);
    check_note(&checking, thorough);
    check_flag(&checking, ELF_IMAGE_STACK_EXEC, 1, "elf.stack", "a stack that is not executable",
               "PT_GNU_STACK asks for an executable one", "link with -Wl,-z,noexecstack");
    check_flag(&checking, ELF_IMAGE_STACK_HEADER, 0, "elf.stack", "PT_GNU_STACK",
               "none, which makes the stack executable", "link with -Wl,-z,noexecstack");
    check_flag(&checking, ELF_IMAGE_TEXTREL, 1, "elf.textrel", "no text relocations",
               "text relocations", "compile with -fPIC");
    check_flag(&checking, ELF_IMAGE_WRITE_EXEC, 1, "elf.write_exec",
               "no segment that is writable and executable", "one", NULL);
    if (thorough)
        check_hardening(&checking);
}

int check_before_load(struct catalog *catalog, const struct selection *selection,
                      struct plugin_file *ret_file)
{
    struct arena arena = {.chunks = NULL};
    struct findings findings = {.arena = &arena};
    struct plugin_file file = {.fd = -1};
    const struct environment *environment = catalog_environment(catalog);
    const struct metacall_diagnostic *error;
    int result = plugin_file_open(environment, selection->manifest, selection->variant,
                                  selection->plugin, &findings, &file);
    if (result == 0 && (result = elf_image_open(selection->plugin, file.fd, &file.image)) < 0)
        goto out;
    if (result == 0)
        check_image(selection->manifest, selection->variant, selection->plugin, &file.image, 0,
                    &findings);
    elf_image_keep_tables(&file.image);
    if ((error = findings_first_error(&findings)) != NULL)
        result =
            metacall_error_raise(METACALL_ERROR_LOADER,
                                 "the plugin %s is refused: %s%s%s (%s); see "
                                 "`metacall-registry check %s`",
                                 selection->plugin, error->message, error->fix ? "; " : "",
                                 error->fix ? error->fix : "", error->id, selection->manifest->tag);
out:
    if (result == 0)
        *ret_file = file;
    else
        plugin_file_close(&file);
    arena_finish(&arena);
    return result;
}
