/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Out of memory at every single allocation of every public call: it fails with an error or answers
 * in full, nothing is lost, and the next call goes well. */
#include "../expect.h"
#include "../failing_malloc.h"
#include "tree.h"

#include <metacall/loader.h>
#include <metacall/registry.h>

/* ------------------------------------------------------------------------------- scenarios */

static char variable[1200];
static const char *const environment[] = {variable, "PATH=/usr/bin:/bin", NULL};
static const struct metacall_registry_options options = {.environment = environment};

/* A new registry, `CALL` on it, its result freed. The count of the whole result is `wanted`. */
#define SCENARIO(name, TYPE, CALL, FREE, COUNT)                                                    \
    static long name(void)                                                                         \
    {                                                                                              \
        metacall_registry *registry;                                                               \
        struct TYPE *result;                                                                       \
        long count = -1;                                                                           \
        if (metacall_registry_open(&options, &registry) < 0)                                       \
            return -1;                                                                             \
        if (CALL == 0) {                                                                           \
            count = (long)(COUNT);                                                                 \
            FREE(result);                                                                          \
        }                                                                                          \
        metacall_registry_close(registry);                                                         \
        return count;                                                                              \
    }

SCENARIO(entries, metacall_registry_entries, metacall_registry_entries(registry, &result),
         metacall_registry_entries_free, result->count)
SCENARIO(rows, metacall_registry_rows, metacall_registry_rows(registry, &result),
         metacall_registry_rows_free, result->count)
SCENARIO(row, metacall_registry_rows, metacall_registry_row(registry, "moo", &result),
         metacall_registry_rows_free, result->count)
SCENARIO(paths, metacall_registry_paths, metacall_registry_paths(registry, &result),
         metacall_registry_paths_free, result->count)
SCENARIO(variables, metacall_registry_variables, metacall_registry_environment(registry, &result),
         metacall_registry_variables_free, result->count)
SCENARIO(check, metacall_registry_findings, metacall_registry_check(registry, NULL, &result),
         metacall_registry_findings_free, result->files)
SCENARIO(doctor, metacall_registry_findings,
         metacall_registry_doctor(registry, NULL, NULL, &result), metacall_registry_findings_free,
         result->files)

/* A text: what counts is that it is whole. */
#define SCENARIO_JSON(name, CALL)                                                                  \
    static long name(void)                                                                         \
    {                                                                                              \
        metacall_registry *registry;                                                               \
        long size = -1;                                                                            \
        if (metacall_registry_open(&options, &registry) < 0)                                       \
            return -1;                                                                             \
        char *text = CALL;                                                                         \
        if (text)                                                                                  \
            size = (long)strlen(text);                                                             \
        free(text);                                                                                \
        metacall_registry_close(registry);                                                         \
        return size;                                                                               \
    }

SCENARIO_JSON(list_json, metacall_registry_list_json(registry))
SCENARIO_JSON(show_json, metacall_registry_show_json(registry, "moo"))
SCENARIO_JSON(explain_json, metacall_registry_explain_json(registry, "moo"))

static long validate(void)
{
    static const char text[] = "{\"manifest_version\": 1, \"tag\": \"m\xc3\xa4h\", \"nmae\": 1}";
    struct metacall_registry_findings *result;
    if (metacall_registry_validate("/x/moo.loader.json", text, sizeof text - 1, &result) < 0)
        return -1;
    long count = (long)result->count;
    metacall_registry_findings_free(result);
    return count;
}

/* Fails the first, second, third ... allocation until none fails. */
static void with_every_failure(const char *name, long (*scenario)(void))
{
    unsigned failures = 0;
    long wanted = scenario();
    EXPECT(wanted > 0);
    for (long n = 0; n < 5000; n++) {
        metacall_error_release(metacall_error_take());
        long before = balance;
        failed_once = 0;
        fail_at = n;
        long found = scenario();
        fail_at = -1;
        metacall_error *error = metacall_error_take();
        if (found < 0)
            EXPECT(error != NULL);
        else
            EXPECT(found == wanted);
        if (found >= 0 && found != wanted)
            fprintf(stderr, "  %s: allocation %ld: %ld, not %ld\n", name, n, found, wanted);
        metacall_error_release(error);
        EXPECT(balance == before);
        if (balance != before)
            fprintf(stderr, "  %s: allocation %ld: %ld blocks more\n", name, n, balance - before);
        failures += found < 0;
        if (!failed_once)
            break;
    }
    EXPECT(!failed_once && failures > 0);
}

int main(void)
{
    static const struct {
        const char *name;
        long (*scenario)(void);
    } scenarios[] = {
        {"entries", entries},      {"rows", rows},           {"row", row},
        {"paths", paths},          {"variables", variables}, {"check", check},
        {"doctor", doctor},        {"list_json", list_json}, {"show_json", show_json},
        {"explain", explain_json}, {"validate", validate},
    };
    umask(022);
    tree_make();
    snprintf(variable, sizeof variable, "METACALL_REGISTRY_PATH=%s", tree_path("all"));
    tree_manifest(tree_path("all/moo.loader.json"), "moo", "1.0.0", "");
    tree_manifest(tree_path("all/cow.loader.json"), "cow", "1.0.0",
                  "\"description\": \"\xc3\xa4\",");
    tree_file(tree_path("all/bad.loader.json"), "{\"tag\": 1, ");
    tree_file(tree_path("all/off.loader.json"),
              "{\"manifest_version\": 1, \"tag\": \"off\", \"enabled\": false}\n");
    metacall_error_raise(METACALL_ERROR_MEMORY, "the first error makes what stays");
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        for (fail_on = 0; fail_on < 2; fail_on++)
            with_every_failure(scenarios[i].name, scenarios[i].scenario);
    }
    return expect_result();
}
