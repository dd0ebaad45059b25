/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The public results as JSON text, so that no program needs a JSON library to show them. */
#include "registry/findings.h"

#include <cjson/cJSON.h>
#include <metacall/loader.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that are not UTF-8 (a path may hold any) become U+FFFD, so that the text stays JSON. */
static cJSON *text_node(const char *text)
{
    static const char replacement[] = "\xef\xbf\xbd";
    size_t size = 0;
    if (!text)
        return cJSON_CreateNull();
    char *clean = malloc(3 * strlen(text) + 1);
    if (!clean)
        return NULL;
    while (*text) {
        const unsigned char *c = (const unsigned char *)text;
        size_t length = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
        size_t good = length > 0 && c[0] < 0xf5;
        while (good > 0 && good < length && (c[good] & 0xc0) == 0x80)
            good++;
        if (good == 0 || good < length ||
            (length == 3 && ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f))) ||
            (length == 4 && ((c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f)))) {
            memcpy(clean + size, replacement, 3);
            size += 3;
            text++;
        } else {
            memcpy(clean + size, text, length);
            size += length;
            text += length;
        }
    }
    clean[size] = '\0';
    cJSON *node = cJSON_CreateString(clean);
    free(clean);
    return node;
}

/* Hands `node` to an object, or to an array where `key` is NULL; returns it, NULL = out of memory.
 * cJSON does not use the number of objects and arrays: here it tells that something is missing. */
static cJSON *attach(cJSON *parent, const char *key, cJSON *node)
{
    if (parent && node &&
        (key ? cJSON_AddItemToObject(parent, key, node) : cJSON_AddItemToArray(parent, node)))
        return node;
    cJSON_Delete(node);
    if (parent)
        parent->valueint = 1;
    return NULL;
}

static int is_whole(const cJSON *node)
{
    for (; node; node = node->next) {
        if ((cJSON_IsObject(node) || cJSON_IsArray(node)) &&
            (node->valueint || !is_whole(node->child)))
            return 0;
    }
    return 1;
}

static void add_flag(cJSON *object, const char *key, int flag)
{
    attach(object, key, cJSON_CreateBool(flag));
}

static void add_text(cJSON *object, const char *key, const char *text)
{
    attach(object, key, text_node(text));
}

static void add_number(cJSON *object, const char *key, double number)
{
    attach(object, key, cJSON_CreateNumber(number));
}

static cJSON *add_list(cJSON *object, const char *key)
{
    return attach(object, key, cJSON_CreateArray());
}

static cJSON *add_item(cJSON *list)
{
    return attach(list, NULL, cJSON_CreateObject());
}

static cJSON *begin(const char *kind)
{
    cJSON *object = cJSON_CreateObject();
    add_number(object, "schema_version", METACALL_REGISTRY_JSON_SCHEMA_VERSION);
    add_text(object, "kind", kind);
    return object;
}

static char *finish(cJSON *object)
{
    char *text = object && is_whole(object) ? cJSON_Print(object) : NULL;
    cJSON_Delete(object);
    if (!text)
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    return text;
}

static const char *severity_name(enum metacall_severity severity)
{
    return severity == METACALL_SEVERITY_ERROR     ? "error"
           : severity == METACALL_SEVERITY_WARNING ? "warning"
                                                   : "note";
}

static cJSON *diagnostic_node(const struct metacall_diagnostic *diagnostic, int with_why)
{
    const struct metacall_registry_finding_kind *kind =
        metacall_registry_finding_kind(diagnostic->id);
    cJSON *object = cJSON_CreateObject();
    add_text(object, "id", diagnostic->id);
    add_text(object, "severity", severity_name(diagnostic->severity));
    add_text(object, "path", diagnostic->path);
    add_number(object, "line", diagnostic->line);
    add_number(object, "column", diagnostic->column);
    add_text(object, "pointer", diagnostic->pointer);
    add_text(object, "tag", diagnostic->tag);
    add_text(object, "symbol", diagnostic->symbol);
    add_text(object, "expected", diagnostic->expected);
    add_text(object, "found", diagnostic->found);
    add_text(object, "message", diagnostic->message);
    add_text(object, "fix", diagnostic->fix);
    if (with_why) {
        add_text(object, "summary", kind ? kind->summary : NULL);
        add_text(object, "why", kind ? kind->why : NULL);
    }
    return object;
}

static void add_diagnostics(cJSON *object, const char *key, const struct metacall_diagnostic *items,
                            size_t count, int with_why)
{
    cJSON *array = add_list(object, key);
    for (size_t i = 0; i < count; i++)
        attach(array, NULL, diagnostic_node(&items[i], with_why));
}

/* ---------------------------------------------------------------------------------------- list */

static cJSON *row_node(const struct metacall_registry_row *row)
{
    cJSON *object = row ? cJSON_CreateObject() : cJSON_CreateNull();
    if (!row)
        return object;
    add_text(object, "tag", row->tag);
    add_text(object, "language", row->language);
    add_text(object, "version", row->version);
    add_text(object, "state", metacall_registry_state_name(row->state));
    add_text(object, "status", metacall_registry_status_name(row->status));
    add_text(object, "strategy", row->strategy);
    add_text(object, "plugin", row->plugin);
    add_text(object, "runtime", row->runtime);
    add_text(object, "runtime_version", row->runtime_version);
    add_text(object, "runtime_library", row->runtime_library);
    add_text(object, "runtime_executable", row->runtime_executable);
    add_text(object, "runtime_source", row->runtime_source);
    add_flag(object, "is_host", row->is_host);
    add_flag(object, "unproven", row->unproven);
    add_text(object, "reason", row->reason);
    add_text(object, "manifest", row->manifest);
    return object;
}

static cJSON *entry_node(const struct metacall_registry_entry *entry)
{
    cJSON *object = cJSON_CreateObject(), *extensions;
    add_text(object, "tag", entry->tag);
    add_text(object, "language", entry->language);
    add_text(object, "name", entry->name);
    add_text(object, "version", entry->version);
    extensions = add_list(object, "extensions");
    for (const char *const *item = entry->extensions; item && *item; item++)
        attach(extensions, NULL, text_node(*item));
    add_text(object, "manifest", entry->manifest);
    add_text(object, "source", entry->source);
    add_text(object, "state", metacall_registry_state_name(entry->state));
    add_text(object, "shadowed_by", entry->shadowed_by);
    add_diagnostics(object, "diagnostics", entry->diagnostics, entry->diagnostic_count, 0);
    return object;
}

char *metacall_registry_list_json(metacall_registry *registry)
{
    struct metacall_registry_rows *rows = NULL;
    struct metacall_registry_entries *entries = NULL;
    char *text = NULL;
    if (metacall_registry_rows(registry, &rows) == 0 &&
        metacall_registry_entries(registry, &entries) == 0) {
        cJSON *object = begin("list"), *array = add_list(object, "loaders");
        for (size_t i = 0; i < rows->count; i++)
            attach(array, NULL, row_node(&rows->items[i]));
        array = add_list(object, "entries");
        for (size_t i = 0; i < entries->count; i++)
            attach(array, NULL, entry_node(&entries->items[i]));
        text = finish(object);
    }
    metacall_registry_rows_free(rows);
    metacall_registry_entries_free(entries);
    return text;
}

/* ------------------------------------------------------------------------------- show, explain */

char *metacall_registry_show_json(metacall_registry *registry, const char *tag)
{
    struct metacall_registry_manifest *manifest;
    if (metacall_registry_show(registry, tag, &manifest) < 0)
        return NULL;
    cJSON *object = begin("show"), *array;
    add_text(object, "tag", manifest->tag);
    add_text(object, "path", manifest->path);
    array = add_list(object, "fields");
    for (size_t i = 0; i < manifest->count; i++) {
        const struct metacall_registry_field *field = &manifest->fields[i];
        cJSON *item = add_item(array),
              *value = field->value ? cJSON_Parse(field->value) : cJSON_CreateNull();
        add_text(item, "pointer", field->pointer);
        attach(item, "value", value);
        add_text(item, "origin", field->origin);
        add_number(item, "line", field->line);
        add_number(item, "column", field->column);
    }
    add_diagnostics(object, "diagnostics", manifest->diagnostics, manifest->diagnostic_count, 0);
    metacall_registry_manifest_free(manifest);
    return finish(object);
}

char *metacall_registry_explain_json(metacall_registry *registry, const char *tag)
{
    static const char *const verdicts[] = {"fact", "taken", "rejected"};
    struct metacall_registry_steps *steps;
    if (metacall_registry_explain(registry, tag, &steps) < 0)
        return NULL;
    cJSON *object = begin("explain"), *array;
    add_text(object, "tag", steps->tag);
    array = add_list(object, "steps");
    for (size_t i = 0; i < steps->count; i++) {
        cJSON *item = add_item(array);
        add_text(item, "stage", steps->items[i].stage);
        add_text(item, "subject", steps->items[i].subject);
        add_text(item, "verdict", verdicts[steps->items[i].verdict]);
        add_text(item, "reason", steps->items[i].reason);
    }
    attach(object, "outcome", row_node(steps->row));
    metacall_registry_steps_free(steps);
    return finish(object);
}

/* --------------------------------------------------------------------- detect, paths, variables */

char *metacall_registry_detect_json(metacall_registry *registry)
{
    struct metacall_registry_hosts *hosts;
    if (metacall_registry_detect(registry, &hosts) < 0)
        return NULL;
    cJSON *object = begin("detect"), *array = add_list(object, "hosts");
    for (size_t i = 0; i < hosts->count; i++) {
        const struct metacall_registry_host *host = &hosts->items[i];
        cJSON *item = add_item(array);
        add_text(item, "tag", host->tag);
        add_text(item, "language", host->language);
        add_text(item, "owner", host->owner);
        add_flag(item, "in_executable", host->in_executable);
        add_number(item, "running", host->running);
        add_text(item, "version", host->version);
        add_text(item, "version_from", host->version_from);
        add_text(item, "evidence", host->evidence);
        add_flag(item, "duplicate", host->duplicate);
        add_flag(item, "embedded", host->embedded);
    }
    metacall_registry_hosts_free(hosts);
    return finish(object);
}

static cJSON *runtime_node(const struct metacall_registry_process_runtime *runtime)
{
    cJSON *object = cJSON_CreateObject(), *array;
    add_text(object, "tag", runtime->tag);
    add_text(object, "language", runtime->language);
    add_text(object, "runtime", runtime->runtime);
    add_text(object, "owner", runtime->owner);
    add_flag(object, "in_executable", runtime->in_executable);
    add_flag(object, "deleted", runtime->deleted);
    add_number(object, "running", runtime->running);
    add_flag(object, "duplicate", runtime->duplicate);
    add_text(object, "version", runtime->version);
    add_text(object, "version_from", runtime->version_from);
    add_text(object, "build_id", runtime->build_id);
    array = add_list(object, "entrances");
    for (size_t i = 0; i < runtime->entrance_count; i++) {
        cJSON *item = add_item(array);
        add_text(item, "id", runtime->entrances[i].id);
        add_text(item, "state", runtime->entrances[i].state);
        add_text(item, "because", runtime->entrances[i].because);
        add_text(item, "hint", runtime->entrances[i].hint);
    }
    return object;
}

char *metacall_registry_process_json(const struct metacall_registry_process *process)
{
    cJSON *object = begin("process"), *array;
    add_number(object, "pid", process->pid);
    add_number(object, "uid", process->uid);
    add_text(object, "executable", process->executable);
    add_flag(object, "executable_deleted", process->executable_deleted);
    add_text(object, "root", process->root);
    add_flag(object, "other_root", process->other_root);
    add_flag(object, "other_mounts", process->other_mounts);
    array = add_list(object, "runtimes");
    for (size_t i = 0; i < process->runtime_count; i++)
        attach(array, NULL, runtime_node(&process->runtimes[i]));
    array = add_list(object, "names");
    for (size_t i = 0; i < process->names_count; i++) {
        cJSON *item = add_item(array);
        add_text(item, "id", process->names[i].id);
        add_text(item, "owner", process->names[i].owner);
        add_flag(item, "in_executable", process->names[i].in_executable);
        add_number(item, "count", (double)process->names[i].count);
    }
    add_number(object, "modules", (double)process->modules);
    add_text(object, "unreadable", process->unreadable);
    add_number(object, "unreadable_count", (double)process->unreadable_count);
    return finish(object);
}

char *metacall_registry_paths_json(metacall_registry *registry)
{
    struct metacall_registry_paths *paths;
    if (metacall_registry_paths(registry, &paths) < 0)
        return NULL;
    cJSON *object = begin("paths"), *array;
    add_flag(object, "secure", metacall_registry_is_secure(registry));
    array = add_list(object, "paths");
    for (size_t i = 0; i < paths->count; i++) {
        const struct metacall_registry_path *path = &paths->items[i];
        cJSON *item = add_item(array);
        add_text(item, "path", path->path);
        add_number(item, "level", path->level);
        add_text(item, "source", path->source);
        add_flag(item, "exists", path->exists);
        add_text(item, "reason", path->reason);
        add_number(item, "manifests", (double)path->manifests);
    }
    metacall_registry_paths_free(paths);
    return finish(object);
}

char *metacall_registry_environment_json(metacall_registry *registry)
{
    struct metacall_registry_variables *variables;
    if (metacall_registry_environment(registry, &variables) < 0)
        return NULL;
    cJSON *object = begin("environment"), *array = add_list(object, "variables");
    for (size_t i = 0; i < variables->count; i++) {
        const struct metacall_registry_variable *variable = &variables->items[i];
        cJSON *item = add_item(array);
        add_text(item, "name", variable->name);
        add_text(item, "value", variable->value);
        add_text(item, "meaning", variable->meaning);
        add_text(item, "tag", variable->tag);
        add_flag(item, "ignored", variable->ignored);
    }
    metacall_registry_variables_free(variables);
    return finish(object);
}

/* ------------------------------------------------------------------------------------ findings */

char *metacall_registry_findings_json(const struct metacall_registry_findings *findings,
                                      const char *kind, const char *target)
{
    cJSON *object = begin(kind);
    add_text(object, "target", target);
    add_text(object, "verdict",
             findings->errors     ? "errors"
             : findings->warnings ? "warnings"
                                  : "ok");
    add_number(object, "errors", (double)findings->errors);
    add_number(object, "warnings", (double)findings->warnings);
    add_number(object, "notes", (double)findings->notes);
    add_number(object, "files", (double)findings->files);
    add_diagnostics(object, "findings", findings->items, findings->count, 1);
    return finish(object);
}
