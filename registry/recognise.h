/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* From manifests to rules of recognition, and from rules to the runtimes of this process. */
#ifndef REGISTRY_RECOGNISE_H
#define REGISTRY_RECOGNISE_H

#include "registry/catalog.h"
#include "registry/trace.h"

/* The rule that a manifest's runtime and host parts make. Arrays lie in `arena`, texts are the
 * manifest's. Returns 0, or -1 when the manifest has no runtime to recognise (no error set). */
int recognise_rule(const struct manifest *manifest, struct arena *arena,
                   struct host_rule *ret_rule);

/* A version of a runtime from the %v of its library's name, by the library's versions_of; "" when
 * it has none for it. */
const char *recognise_soname_version(const struct manifest_library *library, const char *version);

/* What this process holds, for one tag or for all. */
struct recognition {
    struct modules *modules;
    struct host_rule *rules;
    size_t rule_count;
    struct host_report report;
};

/* Walks the modules and applies the rule of one manifest. */
int recognise_manifest(const struct manifest *manifest, struct arena *arena,
                       struct recognition *ret_recognition);
/* The same with the rules of all active manifests. */
int recognise_all(struct catalog *catalog, struct arena *arena,
                  struct recognition *ret_recognition);
void recognition_finish(struct recognition *recognition); /* zeros are accepted */
/* The finding of `tag` that counts: the one that runs, else the one in the executable, else the
 * first. NULL = none. *ret_count, *ret_running: how many there are, how many of them run. */
const struct host_finding *recognition_of(const struct recognition *recognition, const char *tag,
                                          size_t *ret_count, size_t *ret_running);
/* The facts of a finding, one a line. */
const char *recognition_evidence(const struct host_finding *finding, struct arena *arena);
/* The version as a runtime's version: a SONAME's is translated by the manifest. NULL = unknown. */
const char *recognition_version(const struct host_finding *finding,
                                const struct manifest *manifest);

#endif /* REGISTRY_RECOGNISE_H */
