/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The tables that say what a manifest may hold, key by key, and the rules between keys. The same
 * in machine form is manifests/schema/loader-1.schema.json; a test holds both to one verdict. */
#include "registry/schema.h"
#include "registry/version.h"

#include <stdio.h>
#include <string.h>

/* ----------------------------------------------------------------------------------- language */

static const struct field language_fields[] = {
    TEXT(struct manifest_language, name, rule_text, FIELD_REQUIRED),
    TEXTS(struct manifest_language, aliases, rule_alias, 0),
    TEXTS(struct manifest_language, extensions, rule_extension, 0),
};
static SHAPE(language, struct manifest_language, );

/* ----------------------------------------------------------------------------------- variants */

static void read_when_host(struct reader *reader, const struct place *place, const cJSON *node,
                           void *out)
{
    if (cJSON_IsArray(node)) {
        *(const char *const **)out = reader_texts(reader, place, node, &rule_host, FIELD_FILLED);
        return;
    }
    const char **texts = arena_alloc(reader->arena, 2 * sizeof *texts);
    if (texts && (texts[0] = reader_text(reader, place, node, &rule_host)))
        *(const char *const **)out = texts;
}

static const struct field when_fields[] = {
    CUSTOM(struct manifest_when, host, read_when_host, 0),
    TEXT(struct manifest_when, host_version, rule_range, 0),
    TEXT(struct manifest_when, runtime_version, rule_range, 0),
    TEXTS(struct manifest_when, platform, rule_platform, FIELD_FILLED),
    TEXTS(struct manifest_when, machine, rule_machine, FIELD_FILLED),
    TEXTS(struct manifest_when, libc, rule_libc, FIELD_FILLED),
};
static SHAPE(when, struct manifest_when, );

static void finish_variant(struct reader *reader, const struct place *place, const cJSON *node,
                           void *out)
{
    struct manifest_variant *variant = out;
    if (!variant->strategy_name ||
        strategy_from_name(variant->strategy_name, &variant->strategy) < 0)
        return;
    for (const char *const *flag = variant->flags; flag && *flag; flag++)
        variant->promote |= strcmp(*flag, "promote") == 0;
    if ((variant->strategy == STRATEGY_INTERPOSED) == (variant->needed != NULL) ||
        variant->strategy == STRATEGY_LINKED)
        return;
    const cJSON *needed = cJSON_GetObjectItemCaseSensitive(node, "needed");
    if (variant->strategy == STRATEGY_INTERPOSED && !needed)
        reader_missing(reader, place, "needed",
                       "an interposed variant says which needed library the host stands for");
    if (variant->strategy == STRATEGY_HOST_UNRESOLVED && needed) {
        struct place inner = reader_member(place, node, "needed");
        reader_expect(reader, &inner, "manifest.variant.needed",
                      "no \"needed\": a host-unresolved plugin does not link its runtime", needed);
    }
}

static const struct field variant_fields[] = {
    {.key = "strategy",
     .kind = FIELD_TEXT,
     .flags = FIELD_REQUIRED,
     .rule = &rule_strategy,
     .offset = offsetof(struct manifest_variant, strategy_name)},
    TEXT(struct manifest_variant, library, rule_path, FIELD_REQUIRED),
    TEXT(struct manifest_variant, needed, rule_soname, 0),
    TEXTS(struct manifest_variant, flags, rule_flag, 0),
    TEXT(struct manifest_variant, sha256, rule_sha256, 0),
    OBJECT(struct manifest_variant, when, when, 0),
};
static SHAPE(variant, struct manifest_variant, .finish = finish_variant);

/* ---------------------------------------------------------------------------------- lifecycle */

static const struct field hook_object_fields[] = {
    TEXT(struct manifest_hook, symbol, rule_symbol, FIELD_REQUIRED),
    TEXT(struct manifest_hook, thread, rule_thread, 0),
};
static SHAPE(hook_object, struct manifest_hook, );

static void read_hook(struct reader *reader, const struct place *place, const cJSON *node,
                      void *out)
{
    struct manifest_hook *hook = out;
    if (cJSON_IsNull(node))
        return;
    if (cJSON_IsObject(node))
        reader_object(reader, place, node, &hook_object, hook);
    else if (cJSON_IsString(node))
        hook->symbol = reader_text(reader, place, node, &rule_symbol);
    else
        reader_expect(reader, place, "manifest.type", "a symbol, an object or null", node);
}

const char *const manifest_hook_names[HOOK_COUNT] = {
    [HOOK_INITIALIZE] = "initialize",
    [HOOK_HOST_ATTACH] = "host_attach",
    [HOOK_EXECUTION_PATH] = "execution_path",
    [HOOK_LOAD_FROM_FILE] = "load_from_file",
    [HOOK_LOAD_FROM_MEMORY] = "load_from_memory",
    [HOOK_LOAD_FROM_PACKAGE] = "load_from_package",
    [HOOK_DISCOVER] = "discover",
    [HOOK_CLEAR] = "clear",
    [HOOK_HOST_DETACH] = "host_detach",
    [HOOK_DESTROY] = "destroy",
};

#define HOOK(id, name)                                                                             \
    {                                                                                              \
        .key = name, .kind = FIELD_CUSTOM, .read = read_hook,                                      \
        .offset = offsetof(struct manifest_lifecycle, hooks) + (id) * sizeof(struct manifest_hook) \
    }

static const struct field lifecycle_fields[] = {
    HOOK(HOOK_INITIALIZE, "initialize"),
    HOOK(HOOK_HOST_ATTACH, "host_attach"),
    HOOK(HOOK_EXECUTION_PATH, "execution_path"),
    HOOK(HOOK_LOAD_FROM_FILE, "load_from_file"),
    HOOK(HOOK_LOAD_FROM_MEMORY, "load_from_memory"),
    HOOK(HOOK_LOAD_FROM_PACKAGE, "load_from_package"),
    HOOK(HOOK_DISCOVER, "discover"),
    HOOK(HOOK_CLEAR, "clear"),
    HOOK(HOOK_HOST_DETACH, "host_detach"),
    HOOK(HOOK_DESTROY, "destroy"),
};
static SHAPE(lifecycle, struct manifest_lifecycle, );

/* -------------------------------------------------------------------- dependencies, conflicts */

static const struct field dependency_fields[] = {
    TEXT(struct manifest_dependency, tag, rule_tag, FIELD_REQUIRED),
    TEXT(struct manifest_dependency, version, rule_range, 0),
};
static SHAPE(dependency, struct manifest_dependency, );

static const struct field conflict_fields[] = {
    TEXT(struct manifest_conflict, id, rule_identifier, FIELD_REQUIRED),
    TEXT(struct manifest_conflict, host, rule_tag, FIELD_REQUIRED),
    TEXTS(struct manifest_conflict, exports, rule_symbol, FIELD_REQUIRED | FIELD_FILLED),
    TEXTS(struct manifest_conflict, counts, rule_soname, FIELD_FILLED),
    TEXTS(struct manifest_conflict, affects, rule_text, 0),
    TEXT(struct manifest_conflict, action, rule_action, FIELD_REQUIRED),
    TEXT(struct manifest_conflict, advice, rule_text, FIELD_REQUIRED),
};
static SHAPE(conflict, struct manifest_conflict, );

/* ------------------------------------------------------------------------------- the manifest */

const char *const manifest_features[] = {"build-details", "conflicts", "detection", "files",
                                         "interposed",    "sha256",    NULL};
static const struct text_rule rule_feature = {
    "manifest.requires",
    "a feature that this version has (build-details, conflicts, detection, "
    "files, interposed, sha256)",
    NULL, manifest_features};

static void read_manifest_version(struct reader *reader, const struct place *place,
                                  const cJSON *node, void *out)
{
    unsigned major = 0, minor = 0;
    int size = 0;
    if (cJSON_IsNumber(node) && node->valuedouble >= 0 && node->valuedouble < 1e9 &&
        node->valuedouble == (int)node->valuedouble) {
        major = (unsigned)node->valuedouble;
    } else if (!cJSON_IsString(node) || !rule_version.valid(node->valuestring) ||
               sscanf(node->valuestring, "%9u.%9u%n", &major, &minor, &size) != 2 ||
               node->valuestring[size]) {
        reader_expect(reader, place, "manifest.type", "1 or a text such as \"1.0\"", node);
        return;
    }
    if (major != METACALL_MANIFEST_VERSION_MAJOR || minor > METACALL_MANIFEST_VERSION_MINOR)
        reader_report(reader, place, SPOT_VALUE,
                      &(struct metacall_diagnostic){
                          .id = "manifest.version.unsupported",
                          .expected = "version 1, at most 1.0",
                          .found = reader_found(reader->arena, node),
                          .fix = "a newer library, or a manifest written for version 1"});
    *(const char **)out =
        major == 1 && minor == 0 ? "1.0" : arena_format(reader->arena, "%u.%u", major, minor);
}

static void require_key(struct reader *reader, const struct place *place, const cJSON *node,
                        const char *key, const char *why)
{
    if (!cJSON_GetObjectItemCaseSensitive(node, key))
        reader_missing(reader, place, key, why);
}

static void require_hook(struct reader *reader, const struct manifest_lifecycle *hooks,
                         enum manifest_hook_id id, const char *strategy, const struct place *place)
{
    if (!hooks->hooks[id].symbol)
        reader_report(
            reader, place, SPOT_VALUE,
            &(struct metacall_diagnostic){
                .id = "manifest.lifecycle.required",
                .symbol = manifest_hook_names[id],
                .expected = arena_format(reader->arena, "the hook \"%s\"", manifest_hook_names[id]),
                .found = "none",
                .message = arena_format(reader->arena,
                                        "the hook \"%s\" is missing; a loader with a %s "
                                        "variant needs it",
                                        manifest_hook_names[id], strategy)});
}

static int hooks_complete(const struct manifest_lifecycle *hooks, unsigned strategies)
{
    const struct manifest_hook *hook = hooks->hooks;
    return hook[HOOK_LOAD_FROM_FILE].symbol &&
           (!(strategies & 1u << STRATEGY_LINKED) ||
            (hook[HOOK_INITIALIZE].symbol && hook[HOOK_DESTROY].symbol)) &&
           (!(strategies & (1u << STRATEGY_HOST_UNRESOLVED | 1u << STRATEGY_INTERPOSED)) ||
            (hook[HOOK_HOST_ATTACH].symbol && hook[HOOK_HOST_DETACH].symbol));
}

static void finish_hooks(struct reader *reader, const struct place *place, const cJSON *node,
                         const struct manifest *manifest, unsigned strategies)
{
    const struct manifest_lifecycle *hooks = manifest->lifecycle;
    if (!hooks || hooks_complete(hooks, strategies))
        return;
    struct place inner = reader_member(place, node, "lifecycle");
    require_hook(reader, hooks, HOOK_LOAD_FROM_FILE, "usable", &inner);
    if (strategies & 1u << STRATEGY_LINKED) {
        require_hook(reader, hooks, HOOK_INITIALIZE, "linked", &inner);
        require_hook(reader, hooks, HOOK_DESTROY, "linked", &inner);
    }
    if (strategies & (1u << STRATEGY_HOST_UNRESOLVED | 1u << STRATEGY_INTERPOSED)) {
        require_hook(reader, hooks, HOOK_HOST_ATTACH, "host", &inner);
        require_hook(reader, hooks, HOOK_HOST_DETACH, "host", &inner);
    }
}

/* How a runtime is recognised, and no loader for it. */
static void finish_detection(struct reader *reader, const struct place *place, const cJSON *node,
                             const struct manifest *manifest)
{
    static const char *const refused[] = {"variants", "lifecycle", "pin"};
    if (!manifest->runtime)
        require_key(reader, place, node, "runtime", "detection needs its markers");
    if (!manifest->host)
        require_key(reader, place, node, "host", "detection asks whether the runtime is here");
    for (size_t i = 0; i < COUNT(refused); i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(node, refused[i]);
        struct place inner = reader_member(place, node, refused[i]);
        if (item)
            reader_expect(reader, &inner, "manifest.detection",
                          arena_format(reader->arena, "no \"%s\": there is no loader", refused[i]),
                          item);
    }
}

static void finish_manifest(struct reader *reader, const struct place *place, const cJSON *node,
                            void *out)
{
    struct manifest *manifest = out;
    unsigned strategies = 0, needs_runtime = 0;
    if (!manifest->detection_only && !manifest->variants.items &&
        !cJSON_GetObjectItemCaseSensitive(node, "variants") &&
        (cJSON_GetObjectItemCaseSensitive(node, "enabled") ||
         cJSON_GetObjectItemCaseSensitive(node, "pin"))) {
        manifest->is_override = 1;
        return;
    }
    if (!manifest->name)
        require_key(reader, place, node, "name", NULL);
    if (!manifest->version)
        require_key(reader, place, node, "version", NULL);
    if (!manifest->language)
        require_key(reader, place, node, "language", NULL);
    if (manifest->detection_only) {
        finish_detection(reader, place, node, manifest);
        return;
    }
    if (!manifest->variants.items)
        require_key(reader, place, node, "variants",
                    "only an override with \"enabled\" or \"pin\" may do without");
    if (!manifest->lifecycle)
        require_key(reader, place, node, "lifecycle", NULL);
    for (size_t i = 0; i < manifest->variants.count; i++) {
        const struct manifest_variant *item = manifest_variant_at(manifest, i);
        if (!item->strategy_name)
            continue;
        strategies |= 1u << item->strategy;
        needs_runtime |= item->strategy != STRATEGY_LINKED || item->needed;
    }
    finish_hooks(reader, place, node, manifest, strategies);
    if (needs_runtime && (!manifest->runtime || !manifest->host)) {
        require_key(reader, place, node, "runtime", "a variant needs one");
        require_key(reader, place, node, "host", "a variant asks whether the runtime is here");
    }
}

static const struct field manifest_shape_fields[] = {
    {.key = "$schema", .kind = FIELD_IGNORED},
    CUSTOM(struct manifest, manifest_version, read_manifest_version, FIELD_REQUIRED),
    TEXTS(struct manifest, requires, rule_feature, 0),
    TEXT(struct manifest, tag, rule_tag, FIELD_REQUIRED),
    TEXT(struct manifest, name, rule_text, 0),
    TEXT(struct manifest, version, rule_semver, 0),
    TEXT(struct manifest, license, rule_text, 0),
    TEXT(struct manifest, homepage, rule_text, 0),
    TEXT(struct manifest, description, rule_text, 0),
    {.key = "enabled", .kind = FIELD_FLAG, .offset = offsetof(struct manifest, enabled)},
    {.key = "detection_only",
     .kind = FIELD_FLAG,
     .offset = offsetof(struct manifest, detection_only)},
    TEXT(struct manifest, pin, rule_strategy, 0),
    OBJECT(struct manifest, language, language, 0),
    OBJECT(struct manifest, runtime, schema_runtime, 0),
    OBJECT(struct manifest, host, schema_host, 0),
    OBJECTS(struct manifest, variants, variant, FIELD_FILLED),
    OBJECT(struct manifest, lifecycle, lifecycle, 0),
    TEXTS(struct manifest, execution_paths, rule_path, 0),
    OBJECTS(struct manifest, depends, dependency, 0),
    OBJECTS(struct manifest, conflicts, conflict, 0),
};
SHAPE(manifest_shape, struct manifest, .finish = finish_manifest);
