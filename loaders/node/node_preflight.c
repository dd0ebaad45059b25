/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Debian's libnode keeps some of its built-in scripts in files, whose absolute paths are compiled
 * in. It calls abort() when one is missing; so they are looked for before. */
#include "node_loader.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *path;
    const char *package;
} built_in_files[] = {
    {"/usr/share/nodejs/cjs-module-lexer/lexer.js", "node-cjs-module-lexer"},
    {"/usr/share/nodejs/cjs-module-lexer/dist/lexer.js", "node-cjs-module-lexer"},
    {"/usr/share/nodejs/undici/undici-fetch.js", "node-undici"},
    {"/usr/share/nodejs/acorn/dist/acorn.js", "node-acorn"},
    {"/usr/share/nodejs/acorn-walk/dist/walk.js", "node-acorn"},
    {"/usr/share/nodejs/minimatch/dist/cjs/index.bundle.js", "node-minimatch"},
};

/* Does the library name this path? */
static int mentions(const char *library, const char *path)
{
    struct stat status;
    int found = 0, file = open(library, O_RDONLY | O_CLOEXEC);
    void *bytes;

    if (file < 0)
        return 0;
    if (fstat(file, &status) == 0 && status.st_size > 0) {
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (bytes != MAP_FAILED) {
            found = memmem(bytes, (size_t)status.st_size, path, strlen(path) + 1) != NULL;
            munmap(bytes, (size_t)status.st_size);
        }
    }
    close(file);
    return found;
}

int node_preflight(const char *library)
{
    for (size_t i = 0; i < sizeof built_in_files / sizeof built_in_files[0]; i++) {
        const char *path = built_in_files[i].path;
        if (access(path, R_OK) == 0 || !library || !mentions(library, path))
            continue;
        return metacall_error_raise(METACALL_ERROR_LOADER,
                                    "node: %s reads %s at its start and cannot do without; it "
                                    "belongs to the package %s: apt-get install %s (or copy the "
                                    "file there)",
                                    library, path, built_in_files[i].package,
                                    built_in_files[i].package);
    }
    return 0;
}
