/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A plugin against its manifest, from its file, before anything of it runs. */
#ifndef REGISTRY_CHECK_H
#define REGISTRY_CHECK_H

#include "host_variants/elf_image.h"
#include "registry/select.h"

/* A plugin's file that is open for checking. */
struct plugin_file {
    int fd;                 /* -1 = not open */
    int keep;               /* its contents were verified: open the plugin from this descriptor */
    struct elf_image image; /* as check_before_load read it; else zeros */
};

/* Opens a plugin's file: a regular one that nobody else may write where that matters, with the
 * sha256 that the manifest gives. Findings tell what is wrong: 0, or -1 when it must not be used.
 */
int plugin_file_open(const struct environment *environment, const struct manifest *manifest,
                     const struct manifest_variant *variant, const char *path,
                     struct findings *findings, struct plugin_file *ret_file);
void plugin_file_close(struct plugin_file *file);

/* What the file itself says: machine, hooks, needed libraries, ABI note, hardening. No other file
 * is opened. `thorough` 0 leaves out what only a packager can mend (warnings). */
void check_image(const struct manifest *manifest, const struct manifest_variant *variant,
                 const char *path, const struct elf_image *image, int thorough,
                 struct findings *findings);
/* Whether a loader that is bound by `strategy` cannot do without the hook. */
int check_hook_needed(enum manifest_hook_id hook, enum strategy strategy);

/* The part of the check that every load passes. 0 and the open file, or -1 with the error set. */
int check_before_load(struct catalog *catalog, const struct selection *selection,
                      struct plugin_file *ret_file);

/* All of it, for every variant of a manifest; the runtime and all needed libraries are searched. */
int check_manifest(struct catalog *catalog, const struct catalog_tag *tag,
                   struct findings *findings);

#endif /* REGISTRY_CHECK_H */
