/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The inside of process.h: a process as /proc shows it, held by a descriptor of its folder, so that
 * another one that gets the same number is never mistaken for it. */
#ifndef HOST_VARIANTS_PROCESS_VIEW_H
#define HOST_VARIANTS_PROCESS_VIEW_H

#include "host_variants/elf_image.h"
#include "host_variants/process.h"
#include "host_variants/process_file.h"

/* An ELF object that the process has mapped as code. */
struct process_module {
    char *path;
    int is_executable;
    int deleted;
    int readable;       /* `image` is open */
    uintptr_t from, to; /* its first mapping */
    struct elf_image image;
};

struct process_view {
    pid_t pid;
    int folder; /* /proc/PID */
    int root;   /* its root; -1 = may not be entered */
    int other_mounts;
    char *executable;
    int executable_deleted;
    struct process_module *modules;
    size_t module_count, module_room;
    char *arguments; /* cmdline: each ends with NUL; NULL = cannot be read */
    size_t arguments_size;
    char *environment; /* as above */
    size_t environment_size;
    uint64_t handled; /* signals that have a handler, by bit */
    int handled_known;
};

/* Opens and reads all of it. Returns 0, or -1 with the error set; process_view_finish in any case.
 */
int process_view_read(pid_t pid, struct process_view *ret_view);
void process_view_finish(struct process_view *view);
/* 0 when the process is still there and the same program; else -1 with the error set. */
int process_view_confirm(const struct process_view *view);
/* Fills view->modules from the mappings (process_maps.c). Returns 0, or -1 with the error set. */
int process_modules_read(struct process_view *view);

/* The version of a runtime, from its file (process_version.c). Returns as host_version_of. */
const char *process_version_of(const struct process_rule *rule, const struct process_module *owner,
                               char *ret_version, size_t version_size);
/* How a debugger could enter (process_entrance.c). */
void process_entrance_judge(const struct process_view *view,
                            const struct process_entrance_rule *rule, const char *version,
                            struct process_entrance *ret_entrance);

#endif /* HOST_VARIANTS_PROCESS_VIEW_H */
