/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The tables of a manifest's `runtime` and `host`: libraries, markers, where to look, versions. */
#include "registry/schema.h"

#include <signal.h>
#include <string.h>

static void finish_markers(struct reader *reader, const struct place *place, const cJSON *node,
                           void *out)
{
    const struct manifest_markers *read = out;
    if (!read->functions && !read->data && !cJSON_GetObjectItemCaseSensitive(node, "functions") &&
        !cJSON_GetObjectItemCaseSensitive(node, "data"))
        reader_missing(reader, place, "functions", "markers need functions or data");
}

static const struct field markers_fields[] = {
    TEXTS(struct manifest_markers, functions, rule_symbol, FIELD_FILLED),
    TEXTS(struct manifest_markers, data, rule_symbol, FIELD_FILLED),
};
static SHAPE(markers, struct manifest_markers, .finish = finish_markers);

/* ----------------------------------------------------------------------------- version sources */

/* { "hex": SYMBOL } and its like: exactly one known key. */
static const struct {
    const char *key;
    enum version_kind kind;
} version_keys[] = {{"hex", VERSION_FROM_HEX},         {"call", VERSION_FROM_CALL},
                    {"string", VERSION_FROM_STRING},   {"soname", VERSION_FROM_SONAME},
                    {"numbers", VERSION_FROM_NUMBERS}, {"text", VERSION_FROM_TEXT}};

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
    TEXTS(struct manifest_version_source, numbers, rule_symbol, FIELD_FILLED),
    {.key = "soname", .kind = FIELD_CUSTOM, .read = read_true},
};

static void finish_source(struct reader *reader, const struct place *place, const cJSON *node,
                          void *out)
{
    struct manifest_version_source *source = out;
    unsigned count = 0;
    for (const cJSON *item = node->child; item; item = item->next) {
        for (size_t i = 0; i < COUNT(version_keys); i++) {
            if (strcmp(item->string, version_keys[i].key) == 0) {
                source->kind = version_keys[i].kind;
                count++;
            }
        }
    }
    if (count != 1)
        reader_expect(reader, place, "manifest.value.one_of",
                      "exactly one of hex, call, string, numbers, soname, text", node);
}

static SHAPE(source, struct manifest_version_source, .finish = finish_source);

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
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(node, "argv");
        struct place argv = reader_member(place, node, "argv"), first = {.up = &argv};
        reader_expect(reader, &first, "manifest.program",
                      "the name of a program, or an absolute path", item->child);
    }
}

static const struct shape *choose_find(struct reader *reader, const struct place *place,
                                       const cJSON *node)
{
    const cJSON *rule = cJSON_GetObjectItemCaseSensitive(node, "rule");
    if (!rule) {
        reader_missing(reader, place, "rule", NULL);
        return NULL;
    }
    for (size_t i = 0; cJSON_IsString(rule) && i < COUNT(find_shapes); i++) {
        if (strcmp(find_shapes[i].word, rule->valuestring) == 0)
            return &find_shapes[i].shape;
    }
    struct place inner = reader_member(place, node, "rule");
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
        items[inner.ordinal].soname_version = reader_keep(reader, item->string);
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
static SHAPE(library, struct manifest_library, );

static const struct field file_fields[] = {
    TEXT(struct manifest_file, path, rule_path_absolute, FIELD_REQUIRED),
    TEXT(struct manifest_file, package, rule_text, 0),
    TEXT(struct manifest_file, versions, rule_range, 0),
};
static SHAPE(file, struct manifest_file, );

static const struct field assignment_fields[] = {
    TEXT(struct manifest_assignment, name, rule_variable, FIELD_REQUIRED),
    TEXT(struct manifest_assignment, value, rule_template, FIELD_REQUIRED),
};
static SHAPE(assignment, struct manifest_assignment, );

static const struct field schema_runtime_fields[] = {
    TEXT(struct manifest_runtime, name, rule_text, FIELD_REQUIRED),
    TEXT(struct manifest_runtime, versions, rule_range, 0),
    OBJECTS(struct manifest_runtime, libraries, library, FIELD_REQUIRED | FIELD_FILLED),
    OBJECTS(struct manifest_runtime, files, file, 0),
    OBJECTS(struct manifest_runtime, environment, assignment, 0),
};
SHAPE(schema_runtime, struct manifest_runtime, );

/* --------------------------------------------------------------------------------------- host */

static const char *const running_words[] = {"executable", "owner", "handshake", NULL};
static const struct text_rule rule_running = {
    "manifest.value.unknown",
    "\"executable\", \"owner\", \"handshake\", or one of call, pointer, flag, count with a symbol",
    NULL, running_words};

static const struct {
    const char *key;
    enum host_running_kind kind;
} probe_keys[] = {{"call", HOST_RUNNING_CALL},
                  {"pointer", HOST_RUNNING_POINTER},
                  {"flag", HOST_RUNNING_FLAG},
                  {"count", HOST_RUNNING_COUNT}};

#define PROBE(name)                                                                                \
    {                                                                                              \
        .key = name, .kind = FIELD_TEXT, .rule = &rule_symbol,                                     \
        .offset = offsetof(struct manifest_running, symbol)                                        \
    }
static const struct field probe_fields[] = {PROBE("call"), PROBE("pointer"), PROBE("flag"),
                                            PROBE("count")};

static void finish_probe(struct reader *reader, const struct place *place, const cJSON *node,
                         void *out)
{
    struct manifest_running *running = out;
    unsigned count = 0;
    for (size_t i = 0; i < COUNT(probe_keys); i++) {
        if (!cJSON_GetObjectItemCaseSensitive(node, probe_keys[i].key))
            continue;
        running->kind = probe_keys[i].kind;
        count++;
    }
    if (count != 1)
        reader_expect(reader, place, "manifest.value.one_of",
                      "exactly one of call, pointer, flag, count", node);
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
        running->kind = word && word[0] == 'e'   ? HOST_RUNNING_EXECUTABLE
                        : word && word[0] == 'o' ? HOST_RUNNING_OWNER
                                                 : HOST_RUNNING_HANDSHAKE;
    }
}

/* Ways in for a debugger: told by the tools, never taken. */
static const struct {
    const char *name;
    int number;
} signals[] = {{"SIGHUP", SIGHUP},   {"SIGINT", SIGINT},   {"SIGQUIT", SIGQUIT},
               {"SIGUSR1", SIGUSR1}, {"SIGUSR2", SIGUSR2}, {"SIGTRAP", SIGTRAP}};
static const char *const signal_words[] = {"SIGHUP",  "SIGINT",  "SIGQUIT", "SIGUSR1",
                                           "SIGUSR2", "SIGTRAP", NULL};
static const struct text_rule rule_signal = {"manifest.value.unknown",
                                             "one of SIGHUP SIGINT SIGQUIT SIGUSR1 SIGUSR2 SIGTRAP",
                                             NULL, signal_words};

static void finish_attach(struct reader *reader, const struct place *place, const cJSON *node,
                          void *out)
{
    struct manifest_attach *attach = out;
    (void)reader;
    (void)place;
    (void)node;
    for (size_t i = 0; attach->signal_name && i < COUNT(signals); i++) {
        if (strcmp(attach->signal_name, signals[i].name) == 0)
            attach->signal = signals[i].number;
    }
}

static const struct field attach_fields[] = {
    TEXT(struct manifest_attach, id, rule_identifier, FIELD_REQUIRED),
    TEXT(struct manifest_attach, since, rule_version, 0),
    TEXT(struct manifest_attach, until, rule_version, 0),
    TEXTS(struct manifest_attach, on_arguments, rule_text, FIELD_FILLED),
    TEXTS(struct manifest_attach, off_arguments, rule_text, FIELD_FILLED),
    TEXTS(struct manifest_attach, off_variables, rule_variable, FIELD_FILLED),
    TEXTS(struct manifest_attach, option_variables, rule_variable, FIELD_FILLED),
    {.key = "signal",
     .kind = FIELD_TEXT,
     .rule = &rule_signal,
     .offset = offsetof(struct manifest_attach, signal_name)},
    TEXT(struct manifest_attach, hint, rule_text, 0),
};
static const SHAPE(attach, struct manifest_attach, .finish = finish_attach);

static const struct field schema_host_fields[] = {
    OBJECT(struct manifest_host, markers, markers, 0),
    TEXTS(struct manifest_host, executables, rule_soname, FIELD_FILLED),
    CUSTOM(struct manifest_host, running, read_running, FIELD_REQUIRED),
    OBJECTS(struct manifest_host, version, source, 0),
    OBJECTS(struct manifest_host, attach, attach, 0),
};
SHAPE(schema_host, struct manifest_host, );
