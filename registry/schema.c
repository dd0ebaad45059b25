/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The tables that say what a manifest may hold, key by key, and the rules between keys. The same
 * in machine form is manifests/schema/loader-1.schema.json; a test holds both to one verdict. */
#include "registry/manifest.h"
#include "registry/rules.h"
#include "registry/version.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SHAPE(name, type, ...)                                                                     \
    const struct shape name = {                                                                    \
        .fields = name##_fields, .count = COUNT(name##_fields), .size = sizeof(type), __VA_ARGS__}
#define TEXT(type, name, text_rule, field_flags)                                                   \
    {                                                                                              \
        .key = #name, .kind = FIELD_TEXT, .flags = field_flags, .offset = offsetof(type, name),    \
        .rule = &(text_rule)                                                                       \
    }
#define TEXTS(type, name, text_rule, field_flags)                                                  \
    {                                                                                              \
        .key = #name, .kind = FIELD_TEXTS, .flags = field_flags, .offset = offsetof(type, name),   \
        .rule = &(text_rule)                                                                       \
    }
#define OBJECT(type, name, of_shape, field_flags)                                                  \
    {                                                                                              \
        .key = #name, .kind = FIELD_OBJECT, .flags = field_flags, .offset = offsetof(type, name),  \
        .shape = &(of_shape)                                                                       \
    }
#define OBJECTS(type, name, of_shape, field_flags)                                                 \
    {                                                                                              \
        .key = #name, .kind = FIELD_OBJECTS, .flags = field_flags, .offset = offsetof(type, name), \
        .shape = &(of_shape)                                                                       \
    }
#define CUSTOM(type, name, function, field_flags)                                                  \
    {                                                                                              \
        .key = #name, .kind = FIELD_CUSTOM, .flags = field_flags, .offset = offsetof(type, name),  \
        .read = function                                                                           \
    }

/* -------------------------------------------------------------------------- language, markers */

static const struct field language_fields[] = {
    TEXT(struct manifest_language, name, rule_text, FIELD_REQUIRED),
    TEXTS(struct manifest_language, aliases, rule_alias, 0),
    TEXTS(struct manifest_language, extensions, rule_extension, 0),
};
static const SHAPE(language, struct manifest_language, );

static void finish_markers(struct reader *reader, const struct place *place, const cJSON *node,
                           void *out)
{
    (void)out;
    if (!cJSON_GetObjectItemCaseSensitive(node, "functions") &&
        !cJSON_GetObjectItemCaseSensitive(node, "data"))
        reader_missing(reader, place, "functions", "markers need functions or data");
}

static const struct field markers_fields[] = {
    TEXTS(struct manifest_markers, functions, rule_symbol, FIELD_FILLED),
    TEXTS(struct manifest_markers, data, rule_symbol, FIELD_FILLED),
};
static const SHAPE(markers, struct manifest_markers, .finish = finish_markers);

/* ----------------------------------------------------------------------------- version sources */

/* { "hex": SYMBOL } and its like: exactly one known key. */
static const struct {
    const char *key;
    enum version_kind kind;
    const struct text_rule *rule; /* NULL = the value is true */
} version_keys[] = {{"hex", VERSION_FROM_HEX, &rule_symbol},
                    {"call", VERSION_FROM_CALL, &rule_symbol},
                    {"string", VERSION_FROM_STRING, &rule_symbol},
                    {"soname", VERSION_FROM_SONAME, NULL},
                    {"text", VERSION_FROM_TEXT, &rule_version_text}};

static void read_true(struct reader *reader, const struct place *place, const cJSON *node,
                      void *out)
{
    (void)out;
    if (!cJSON_IsTrue(node))
        reader_expect(reader, place, "manifest.type", "true", node);
}

static const struct field source_fields[] = {
    {.key = "hex",
     .kind = FIELD_TEXT,
     .rule = &rule_symbol,
     .offset = offsetof(struct manifest_version_source, symbol)},
    {.key = "call",
     .kind = FIELD_TEXT,
     .rule = &rule_symbol,
     .offset = offsetof(struct manifest_version_source, symbol)},
    {.key = "string",
     .kind = FIELD_TEXT,
     .rule = &rule_symbol,
     .offset = offsetof(struct manifest_version_source, symbol)},
    {.key = "text",
     .kind = FIELD_TEXT,
     .rule = &rule_version_text,
     .offset = offsetof(struct manifest_version_source, symbol)},
    {.key = "soname", .kind = FIELD_CUSTOM, .read = read_true},
};

static void finish_source(struct reader *reader, const struct place *place, const cJSON *node,
                          void *out)
{
    struct manifest_version_source *source = out;
    unsigned count = 0;
    for (size_t i = 0; i < COUNT(version_keys); i++) {
        if (cJSON_GetObjectItemCaseSensitive(node, version_keys[i].key)) {
            source->kind = version_keys[i].kind;
            count++;
        }
    }
    if (count != 1)
        reader_expect(reader, place, "manifest.value.one_of",
                      "exactly one of hex, call, string, soname, text", node);
}

static const SHAPE(source, struct manifest_version_source, .finish = finish_source);

/* -------------------------------------------------------------------------------- find rules */

#define FIND(name, rules, flags) TEXT(struct manifest_find, name, rules, flags)
#define FINDS(name, rules, flags) TEXTS(struct manifest_find, name, rules, flags)
#define FIND_RULE                                                                                  \
    {                                                                                              \
        .key = "rule", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED,                                \
        .offset = offsetof(struct manifest_find, rule), .rule = &rule_find                         \
    }

static const struct field find_variable_fields[] = {
    FIND_RULE,
    FIND(variable, rule_variable, FIELD_REQUIRED),
};
static const struct field find_prefix_fields[] = {
    FIND_RULE,
    FINDS(variables, rule_variable, FIELD_REQUIRED | FIELD_FILLED),
    FINDS(globs, rule_path_below, FIELD_REQUIRED | FIELD_FILLED),
    FIND(executable, rule_path_below, 0),
};
static const struct field find_executable_fields[] = {
    FIND_RULE,
    FINDS(variables, rule_variable, 0),
    FIND(executable, rule_program, FIELD_REQUIRED),
    FINDS(globs, rule_path_below, FIELD_REQUIRED | FIELD_FILLED),
};
static const struct field find_build_details_fields[] = {
    FIND_RULE,
    FINDS(variables, rule_variable, 0),
    FIND(executable, rule_program, FIELD_REQUIRED),
    FINDS(globs, rule_path_below, FIELD_REQUIRED | FIELD_FILLED),
    FIND(library, rule_pointer, FIELD_REQUIRED),
};
static const struct field find_command_fields[] = {
    FIND_RULE,
    FINDS(variables, rule_variable, 0),
    FINDS(argv, rule_raw, FIELD_REQUIRED | FIELD_FILLED),
    {.key = "timeout_ms",
     .kind = FIELD_NUMBER,
     .least = 1,
     .most = 60000,
     .offset = offsetof(struct manifest_find, timeout_ms)},
};
static const struct field find_pkg_config_fields[] = {
    FIND_RULE,
    FIND(module, rule_identifier, FIELD_REQUIRED),
};
static const struct field find_glob_fields[] = {
    FIND_RULE,
    FINDS(globs, rule_path, FIELD_REQUIRED | FIELD_FILLED),
    FIND(executable, rule_path_absolute, 0),
};

static void finish_find(struct reader *reader, const struct place *place, const cJSON *node,
                        void *out);

#define FIND_SHAPE(name)                                                                           \
    {                                                                                              \
        .fields = name##_fields, .count = COUNT(name##_fields),                                    \
        .size = sizeof(struct manifest_find), .finish = finish_find                                \
    }

static const struct {
    const char *word;
    struct shape shape;
} find_shapes[] = {
    [FIND_VARIABLE] = {"variable", FIND_SHAPE(find_variable)},
    [FIND_PREFIX] = {"prefix", FIND_SHAPE(find_prefix)},
    [FIND_EXECUTABLE] = {"executable", FIND_SHAPE(find_executable)},
    [FIND_BUILD_DETAILS] = {"build-details", FIND_SHAPE(find_build_details)},
    [FIND_COMMAND] = {"command", FIND_SHAPE(find_command)},
    [FIND_PKG_CONFIG] = {"pkg-config", FIND_SHAPE(find_pkg_config)},
    [FIND_GLOB] = {"glob", FIND_SHAPE(find_glob)},
};

static void finish_find(struct reader *reader, const struct place *place, const cJSON *node,
                        void *out)
{
    struct manifest_find *find = out;
    (void)node;
    for (size_t i = 0; find->rule && i < COUNT(find_shapes); i++) {
        if (strcmp(find_shapes[i].word, find->rule) == 0)
            find->kind = (enum find_kind)i;
    }
    if (find->argv && find->argv[0] && !rule_program.valid(find->argv[0]) &&
        !rule_path_absolute.valid(find->argv[0])) {
        struct place argv = {.up = place, .key = "argv"}, first = {.up = &argv};
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(node, "argv");
        for (const cJSON *at = node->child; at != item; at = at->next)
            argv.ordinal++;
        reader_expect(reader, &first, "manifest.program",
                      "the name of a program, or an absolute path", item->child);
    }
}

static const struct shape *choose_find(struct reader *reader, const struct place *place,
                                       const cJSON *node)
{
    const cJSON *rule = cJSON_GetObjectItemCaseSensitive(node, "rule");
    struct place inner = {.up = place, .key = "rule"};
    if (!rule) {
        reader_missing(reader, place, "rule", NULL);
        return NULL;
    }
    for (const cJSON *at = node->child; at != rule; at = at->next)
        inner.ordinal++;
    for (size_t i = 0; cJSON_IsString(rule) && i < COUNT(find_shapes); i++) {
        if (strcmp(find_shapes[i].word, rule->valuestring) == 0)
            return &find_shapes[i].shape;
    }
    reader_text(reader, &inner, rule, &rule_find);
    return NULL;
}

static const struct shape find = {.choose = choose_find, .size = sizeof(struct manifest_find)};

/* ------------------------------------------------------------------------------------ runtime */

static void read_versions_of(struct reader *reader, const struct place *place, const cJSON *node,
                             void *out)
{
    struct object_list *list = out;
    struct place inner = {.up = place};
    if (!cJSON_IsObject(node)) {
        reader_expect(reader, place, "manifest.type", "an object", node);
        return;
    }
    for (const cJSON *item = node->child; item; item = item->next)
        list->count++;
    struct manifest_versions_of *items =
        arena_alloc(reader->arena, list->count * sizeof *items + 1);
    list->items = items;
    if (!items)
        list->count = 0;
    for (const cJSON *item = node->child; item && items; item = item->next, inner.ordinal++) {
        inner.key = item->string;
        if (!rule_version.valid(item->string))
            reader_report(reader, &inner, SPOT_KEY,
                          &(struct metacall_diagnostic){
                              .id = rule_version.id,
                              .expected = rule_version.expected,
                              .found = arena_format(reader->arena, "\"%s\"", item->string)});
        items[inner.ordinal].soname_version = item->string;
        items[inner.ordinal].version = reader_text(reader, &inner, item, &rule_version);
    }
}

static const struct field library_fields[] = {
    TEXT(struct manifest_library, id, rule_identifier, FIELD_REQUIRED),
    TEXTS(struct manifest_library, sonames, rule_soname, FIELD_REQUIRED | FIELD_FILLED),
    CUSTOM(struct manifest_library, versions_of, read_versions_of, 0),
    OBJECT(struct manifest_library, markers, markers, FIELD_REQUIRED),
    OBJECTS(struct manifest_library, version, source, 0),
    OBJECTS(struct manifest_library, find, find, 0),
};
static const SHAPE(library, struct manifest_library, );

static const struct field file_fields[] = {
    TEXT(struct manifest_file, path, rule_path_absolute, FIELD_REQUIRED),
    TEXT(struct manifest_file, package, rule_text, 0),
};
static const SHAPE(file, struct manifest_file, );

static const struct field assignment_fields[] = {
    TEXT(struct manifest_assignment, name, rule_variable, FIELD_REQUIRED),
    TEXT(struct manifest_assignment, value, rule_template, FIELD_REQUIRED),
};
static const SHAPE(assignment, struct manifest_assignment, );

static const struct field runtime_fields[] = {
    TEXT(struct manifest_runtime, name, rule_text, FIELD_REQUIRED),
    TEXT(struct manifest_runtime, versions, rule_range, 0),
    OBJECTS(struct manifest_runtime, libraries, library, FIELD_REQUIRED | FIELD_FILLED),
    OBJECTS(struct manifest_runtime, files, file, 0),
    OBJECTS(struct manifest_runtime, environment, assignment, 0),
};
static const SHAPE(runtime, struct manifest_runtime, );

/* --------------------------------------------------------------------------------------- host */

static const char *const running_words[] = {"executable", "handshake", NULL};
static const struct text_rule rule_running = {
    "manifest.value.unknown",
    "\"executable\", \"handshake\", {\"call\": symbol} or {\"pointer\": symbol}", NULL,
    running_words};

static const struct field probe_fields[] = {
    {.key = "call",
     .kind = FIELD_TEXT,
     .rule = &rule_symbol,
     .offset = offsetof(struct manifest_running, symbol)},
    {.key = "pointer",
     .kind = FIELD_TEXT,
     .rule = &rule_symbol,
     .offset = offsetof(struct manifest_running, symbol)},
};

static void finish_probe(struct reader *reader, const struct place *place, const cJSON *node,
                         void *out)
{
    struct manifest_running *running = out;
    int call = cJSON_GetObjectItemCaseSensitive(node, "call") != NULL;
    int pointer = cJSON_GetObjectItemCaseSensitive(node, "pointer") != NULL;
    running->kind = call ? HOST_RUNNING_CALL : HOST_RUNNING_POINTER;
    if (call + pointer != 1)
        reader_expect(reader, place, "manifest.value.one_of", "exactly one of call, pointer", node);
}

static const SHAPE(probe, struct manifest_running, .finish = finish_probe);

static void read_running(struct reader *reader, const struct place *place, const cJSON *node,
                         void *out)
{
    struct manifest_running *running = out;
    if (cJSON_IsObject(node)) {
        reader_object(reader, place, node, &probe, running);
    } else if (!cJSON_IsString(node)) {
        reader_expect(reader, place, "manifest.type", rule_running.expected, node);
    } else {
        const char *word = reader_text(reader, place, node, &rule_running);
        running->kind = word && word[0] == 'e' ? HOST_RUNNING_EXECUTABLE : HOST_RUNNING_HANDSHAKE;
    }
}

static const struct field host_fields[] = {
    OBJECT(struct manifest_host, markers, markers, 0),
    TEXTS(struct manifest_host, executables, rule_soname, FIELD_FILLED),
    CUSTOM(struct manifest_host, running, read_running, FIELD_REQUIRED),
    OBJECTS(struct manifest_host, version, source, 0),
};
static const SHAPE(host, struct manifest_host, );

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
static const SHAPE(when, struct manifest_when, );

static void finish_variant(struct reader *reader, const struct place *place, const cJSON *node,
                           void *out)
{
    struct manifest_variant *variant = out;
    const cJSON *needed = cJSON_GetObjectItemCaseSensitive(node, "needed");
    if (!variant->strategy_name ||
        strategy_from_name(variant->strategy_name, &variant->strategy) < 0)
        return;
    for (const char *const *flag = variant->flags; flag && *flag; flag++)
        variant->promote |= strcmp(*flag, "promote") == 0;
    if (variant->strategy == STRATEGY_INTERPOSED && !needed)
        reader_missing(reader, place, "needed",
                       "an interposed variant says which needed library the host stands for");
    if (variant->strategy == STRATEGY_HOST_UNRESOLVED && needed)
        reader_expect(reader, place, "manifest.variant.needed",
                      "no \"needed\": a host-unresolved plugin does not link its runtime", needed);
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
static const SHAPE(variant, struct manifest_variant, .finish = finish_variant);

/* ---------------------------------------------------------------------------------- lifecycle */

static const struct field hook_object_fields[] = {
    TEXT(struct manifest_hook, symbol, rule_symbol, FIELD_REQUIRED),
    TEXT(struct manifest_hook, thread, rule_thread, 0),
};
static const SHAPE(hook_object, struct manifest_hook, );

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
static const SHAPE(lifecycle, struct manifest_lifecycle, );

/* -------------------------------------------------------------------- dependencies, conflicts */

static const struct field dependency_fields[] = {
    TEXT(struct manifest_dependency, tag, rule_tag, FIELD_REQUIRED),
    TEXT(struct manifest_dependency, version, rule_range, 0),
};
static const SHAPE(dependency, struct manifest_dependency, );

static const struct field conflict_fields[] = {
    TEXT(struct manifest_conflict, id, rule_identifier, FIELD_REQUIRED),
    TEXT(struct manifest_conflict, host, rule_tag, FIELD_REQUIRED),
    TEXTS(struct manifest_conflict, exports, rule_symbol, FIELD_REQUIRED | FIELD_FILLED),
    TEXTS(struct manifest_conflict, affects, rule_text, 0),
    TEXT(struct manifest_conflict, action, rule_action, FIELD_REQUIRED),
    TEXT(struct manifest_conflict, advice, rule_text, FIELD_REQUIRED),
};
static const SHAPE(conflict, struct manifest_conflict, );

/* ------------------------------------------------------------------------------- the manifest */

const char *const manifest_features[] = {"build-details", "conflicts", "files",
                                         "interposed",    "sha256",    NULL};
static const struct text_rule rule_feature = {
    "manifest.requires",
    "a feature that this version has (build-details, conflicts, files, "
    "interposed, sha256)",
    NULL, manifest_features};

static void read_manifest_version(struct reader *reader, const struct place *place,
                                  const cJSON *node, void *out)
{
    unsigned major = 0, minor = 0;
    int size = 0;
    if (cJSON_IsNumber(node) && node->valuedouble == (int)node->valuedouble) {
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
    *(const char **)out = arena_format(reader->arena, "%u.%u", major, minor);
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

static void finish_hooks(struct reader *reader, const struct place *place, const cJSON *node,
                         const struct manifest *manifest, unsigned strategies)
{
    struct place inner = {.up = place, .key = "lifecycle"};
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(node, "lifecycle");
    const struct manifest_lifecycle *hooks = manifest->lifecycle;
    if (!hooks)
        return;
    for (const cJSON *at = node->child; at != item; at = at->next)
        inner.ordinal++;
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

static void finish_manifest(struct reader *reader, const struct place *place, const cJSON *node,
                            void *out)
{
    struct manifest *manifest = out;
    unsigned strategies = 0, needs_runtime = 0;
    if (!cJSON_GetObjectItemCaseSensitive(node, "variants") &&
        (cJSON_GetObjectItemCaseSensitive(node, "enabled") ||
         cJSON_GetObjectItemCaseSensitive(node, "pin"))) {
        manifest->is_override = 1;
        return;
    }
    require_key(reader, place, node, "name", NULL);
    require_key(reader, place, node, "version", NULL);
    require_key(reader, place, node, "language", NULL);
    require_key(reader, place, node, "variants",
                "only an override with \"enabled\" or \"pin\" may do without");
    require_key(reader, place, node, "lifecycle", NULL);
    for (size_t i = 0; i < manifest->variants.count; i++) {
        const struct manifest_variant *item = manifest_variant_at(manifest, i);
        if (!item->strategy_name)
            continue;
        strategies |= 1u << item->strategy;
        needs_runtime |= item->strategy != STRATEGY_LINKED || item->needed;
    }
    finish_hooks(reader, place, node, manifest, strategies);
    if (needs_runtime) {
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
    TEXT(struct manifest, pin, rule_strategy, 0),
    OBJECT(struct manifest, language, language, 0),
    OBJECT(struct manifest, runtime, runtime, 0),
    OBJECT(struct manifest, host, host, 0),
    OBJECTS(struct manifest, variants, variant, FIELD_FILLED),
    OBJECT(struct manifest, lifecycle, lifecycle, 0),
    TEXTS(struct manifest, execution_paths, rule_path, 0),
    OBJECTS(struct manifest, depends, dependency, 0),
    OBJECTS(struct manifest, conflicts, conflict, 0),
};
SHAPE(manifest_shape, struct manifest, .finish = finish_manifest);
