/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* check: a plugin for each fault, and exactly the findings that belong to it; and the choice of a
 * made-up runtime by each find rule. */
#include "../expect.h"
#include "tree.h"

#include <fcntl.h>
#include <metacall/registry.h>

static char environment_text[2][1200];
static const char *environment_list[3];

static metacall_registry *open_registry(const char *folder, const char *more)
{
    metacall_registry *registry = NULL;
    const struct metacall_registry_options options = {.environment = environment_list, .probe = 1};
    snprintf(environment_text[0], sizeof environment_text[0], "METACALL_REGISTRY_PATH=%s", folder);
    snprintf(environment_text[1], sizeof environment_text[1], "%s", more ? more : "UNUSED=1");
    environment_list[0] = environment_text[0];
    environment_list[1] = environment_text[1];
    EXPECT(metacall_registry_open(&options, &registry) == 0);
    return registry;
}

static void copy(const char *from, const char *to)
{
    char buffer[65536];
    tree_folders(to);
    int input = open(from, O_RDONLY), output = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    ssize_t size;
    EXPECT(input >= 0 && output >= 0);
    while ((size = read(input, buffer, sizeof buffer)) > 0)
        EXPECT(write(output, buffer, (size_t)size) == size);
    close(input);
    close(output);
    chmod(to, 0755);
}

/* A manifest of the made-up runtime. `finds` and `variant` are pieces of JSON. */
static void write_manifest(const char *folder, const char *finds, const char *variants,
                           const char *runtime)
{
    char text[4096];
    snprintf(text, sizeof text,
             "{\"manifest_version\": 1, \"tag\": \"toy\", \"name\": \"Toy\", \"version\": "
             "\"1.0.0\",\n\"language\": {\"name\": \"Toy\"},\n"
             "\"runtime\": {\"name\": \"Toy\", \"versions\": \"<2\", %s \"libraries\": [{\"id\": "
             "\"toy\", \"sonames\": [\"libtoy.so.%%v\"],\n\"markers\": {\"functions\": "
             "[\"toy_start\"], \"data\": [\"toy_none\"]}, \"version\": [{\"hex\": \"toy_hex\"}],\n"
             "\"find\": [%s]}]},\n"
             "\"host\": {\"running\": {\"call\": \"toy_is_running\"}},\n\"variants\": [%s],\n"
             "\"lifecycle\": {\"initialize\": \"toy_initialize\", \"host_attach\": "
             "\"toy_attach\", \"load_from_file\": \"toy_load\", \"host_detach\": \"toy_detach\", "
             "\"destroy\": \"toy_destroy\"}}\n",
             runtime, finds, variants);
    tree_file(tree_path("%s/toy.loader.json", folder), text);
}

#define LINKED                                                                                     \
    "{\"strategy\": \"linked\", \"library\": \"libtoy_loader.so\", \"needed\": \"libtoy.so.%v\"}"
#define HOST "{\"strategy\": \"host-unresolved\", \"library\": \"libtoy_loader.so\"}"
#define GLOB_15 "{\"rule\": \"glob\", \"globs\": [\"" FIXTURES "/toy15/libtoy.so.*\"]}"

/* Checks FIXTURES/plugin_<name> under a manifest with `variant`; wants exactly these ids. */
static void expect_check(const char *name, const char *variant, const char *wanted)
{
    char from[600], ids[512] = "";
    struct metacall_registry_findings *findings;
    snprintf(from, sizeof from, FIXTURES "/plugin_%s/libtoy_loader.so", name);
    write_manifest(name, GLOB_15, variant, "");
    copy(from, tree_path("%s/libtoy_loader.so", name));
    metacall_registry *registry = open_registry(tree_path("%s", name), NULL);
    EXPECT(metacall_registry_check(registry, "toy", &findings) == 0);
    for (size_t i = 0; i < findings->count; i++) {
        if (strstr(ids, findings->items[i].id))
            continue;
        snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%s%s", *ids ? " " : "",
                 findings->items[i].id);
    }
    EXPECT_TEXT(ids, wanted);
    if (strcmp(ids, wanted) != 0) {
        for (size_t i = 0; i < findings->count; i++)
            fprintf(stderr, "  %s: %s: %s\n", name, findings->items[i].id,
                    findings->items[i].message);
    }
    metacall_registry_findings_free(findings);
    metacall_registry_close(registry);
}

static void test_faults(void)
{
    expect_check("good", LINKED, "");
    expect_check("host", HOST, "");
    expect_check("host_linked", HOST, "needed.runtime needed.absent");
    expect_check("unlinked", LINKED, "needed.missing");
    expect_check("hookless", LINKED, "hook.missing");
    expect_check("data_hook", LINKED, "hook.type");
    expect_check("noteless", LINKED, "note.missing");
    expect_check("other_tag", LINKED, "note.tag");
    expect_check("other_strategy", LINKED, "note.strategy");
    expect_check("other_interface", LINKED, "note.interface");
    expect_check("undefined", LINKED, "symbol.undefined");
    expect_check("stack", LINKED, "elf.stack");
    expect_check("lazy", LINKED, "elf.now");
    expect_check("no_relro", LINKED, "elf.relro");
    expect_check("no_build_id", LINKED, "elf.build_id");
    expect_check("runpath_relative", LINKED, "elf.runpath.relative");
    expect_check("runpath_empty", LINKED, "elf.runpath.empty");
    expect_check("other_runtime", LINKED, "note.runtime");
    expect_check("no_runtime", LINKED, "");
}

/* A few words of static TLS are let pass, more are warned of, too much is an error. Other C
 * libraries than glibc have none to spare. */
static void test_tls(void)
{
#ifdef __GLIBC__
    const int refused = 0;
#else
    const int refused = 1;
#endif
    const struct {
        const char *name;
        int errors, warnings;
    } cases[] = {{"tls_64", refused, 0},
                 {"tls_65", refused, !refused},
                 {"tls_512", refused, !refused},
                 {"tls_513", 1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct metacall_registry_findings *findings;
        int none = cases[i].errors + cases[i].warnings == 0;
        expect_check(cases[i].name, LINKED, none ? "" : "elf.tls");
        metacall_registry *registry = open_registry(tree_path("%s", cases[i].name), NULL);
        EXPECT(metacall_registry_check(registry, "toy", &findings) == 0);
        EXPECT((int)findings->errors == cases[i].errors);
        EXPECT((int)findings->warnings == cases[i].warnings);
        metacall_registry_findings_free(findings);
        metacall_registry_close(registry);
    }
}

/* The same file with bytes changed: another machine, another class, cut off, no ELF at all. */
static void test_bytes(void)
{
    static const struct {
        const char *name, *id;
        long offset, size; /* cut to size where it is not 0 */
        unsigned char byte;
    } cases[] = {{"machine", "elf.machine", 18, 0, 0xb7},
                 {"class", "elf.machine", 4, 0, 1},
                 {"magic", "elf.unreadable", 0, 0, 'X'},
                 {"cut", "elf.unreadable", -1, 60, 0},
                 {"empty", "elf.unreadable", -1, -1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct metacall_registry_findings *findings;
        const char *path = tree_path("bytes-%s/libtoy_loader.so", cases[i].name);
        char folder[64];
        snprintf(folder, sizeof folder, "bytes-%s", cases[i].name);
        write_manifest(folder, GLOB_15, LINKED, "");
        copy(FIXTURES "/plugin_good/libtoy_loader.so", path);
        int file = open(path, O_WRONLY);
        if (cases[i].offset >= 0)
            EXPECT(pwrite(file, &cases[i].byte, 1, cases[i].offset) == 1);
        if (cases[i].size)
            EXPECT(ftruncate(file, cases[i].size < 0 ? 0 : cases[i].size) == 0);
        close(file);
        metacall_registry *registry = open_registry(tree_path("%s", folder), NULL);
        EXPECT(metacall_registry_check(registry, "toy", &findings) == 0);
        EXPECT(findings->count >= 1 && findings->errors >= 1);
        EXPECT_TEXT(findings->count ? findings->items[0].id : NULL, cases[i].id);
        metacall_registry_findings_free(findings);
        metacall_registry_close(registry);
    }
}

static void test_sha256(void)
{
    struct metacall_registry_findings *findings;
    write_manifest("sha", GLOB_15,
                   "{\"strategy\": \"linked\", \"library\": \"libtoy_loader.so\", \"needed\": "
                   "\"libtoy.so.%v\", \"sha256\": "
                   "\"0000000000000000000000000000000000000000000000000000000000000000\"}",
                   "");
    copy(FIXTURES "/plugin_good/libtoy_loader.so", tree_path("sha/libtoy_loader.so"));
    metacall_registry *registry = open_registry(tree_path("sha"), NULL);
    EXPECT(metacall_registry_check(registry, "toy", &findings) == 0);
    EXPECT_TEXT(findings->items[0].id, "plugin.sha256");
    metacall_registry_findings_free(findings);
    metacall_registry_close(registry);
}

/* ------------------------------------------------------------------------------------- runtime */

static void expect_runtime(const char *name, const char *finds, const char *more,
                           const char *library, const char *version, const char *source)
{
    struct metacall_registry_rows *rows;
    write_manifest(name, finds, LINKED, "");
    copy(FIXTURES "/plugin_good/libtoy_loader.so", tree_path("%s/libtoy_loader.so", name));
    metacall_registry *registry = open_registry(tree_path("%s", name), more);
    EXPECT(metacall_registry_row(registry, "toy", &rows) == 0);
    const struct metacall_registry_row *row = &rows->items[0];
    EXPECT_TEXT(row->runtime_library, library);
    EXPECT_TEXT(row->runtime_version, version);
    if (source)
        EXPECT(row->runtime_source && strstr(row->runtime_source, source));
    EXPECT(row->status == (library ? METACALL_REGISTRY_READY : METACALL_REGISTRY_NO_RUNTIME));
    if ((row->runtime_library == NULL) != (library == NULL))
        fprintf(stderr, "  %s: %s\n", name, row->reason);
    metacall_registry_rows_free(rows);
    metacall_registry_close(registry);
}

static void test_find(void)
{
    static const char toy15[] = FIXTURES "/toy15/libtoy.so.1.5";
    char more[1200], find[1200];
    /* 1.6 is another library than the plugin was built for, 2.0 out of range, 1.7 not the real
     * thing; the newest comes first and each is passed over. */
    expect_runtime("find-glob",
                   "{\"rule\": \"glob\", \"globs\": [\"" FIXTURES "/toy*/libtoy.so.*\"]}", NULL,
                   toy15, "1.5.7", "glob");
    expect_runtime("find-none", "{\"rule\": \"glob\", \"globs\": [\"" FIXTURES "/toy2*/lib*\"]}",
                   NULL, NULL, NULL, NULL);
    snprintf(more, sizeof more, "TOY_LIBRARY=%s", toy15);
    expect_runtime("find-variable", "{\"rule\": \"variable\", \"variable\": \"TOY_LIBRARY\"}", more,
                   toy15, "1.5.7", "TOY_LIBRARY");
    /* A variable that is wrong is not passed over. */
    expect_runtime("find-wrong",
                   "{\"rule\": \"variable\", \"variable\": \"TOY_LIBRARY\"}, " GLOB_15,
                   "TOY_LIBRARY=" FIXTURES "/toy20/libtoy.so.2.0", NULL, NULL, NULL);
    copy(toy15, tree_path("prefix/lib/libtoy.so.1.5"));
    snprintf(more, sizeof more, "TOY_HOME=%s", tree_path("prefix"));
    char library[600];
    snprintf(library, sizeof library, "%s", tree_path("prefix/lib/libtoy.so.1.5"));
    expect_runtime("find-prefix",
                   "{\"rule\": \"prefix\", \"variables\": [\"TOY_HOME\"], \"globs\": "
                   "[\"lib/libtoy.so.*\"]}",
                   more, library, "1.5.7", "TOY_HOME");
    /* A program in the prefix, through a link; %e is its real name. */
    copy("/proc/self/exe", tree_path("prefix/bin/toy.so.1.5"));
    EXPECT(symlink("toy.so.1.5", tree_path("prefix/bin/toy")) == 0);
    expect_runtime("find-executable",
                   "{\"rule\": \"executable\", \"variables\": [\"TOY_HOME\"], \"executable\": "
                   "\"toy\", \"globs\": [\"lib/lib%e\"]}",
                   more, library, "1.5.7", "bin/toy");
    snprintf(find, sizeof find, "{\"lib\": {\"dynamic\": \"../lib/libtoy.so.1.5\"}}");
    tree_file(tree_path("prefix/share/details.json"), find);
    snprintf(library, sizeof library, "%s", tree_path("prefix/share/../lib/libtoy.so.1.5"));
    expect_runtime("find-details",
                   "{\"rule\": \"build-details\", \"variables\": [\"TOY_HOME\"], \"executable\": "
                   "\"toy\", \"globs\": [\"share/details.json\"], \"library\": \"/lib/dynamic\"}",
                   more, library, "1.5.7", "details.json");
    snprintf(find, sizeof find,
             "{\"rule\": \"command\", \"argv\": [\"/bin/sh\", \"-c\", \"echo noise; echo "
             "library=/nowhere; echo library=%s; echo executable=/bin/sh\"]}",
             toy15);
    expect_runtime("find-command", find, NULL, toy15, "1.5.7", "asking /bin/sh");
    expect_runtime("find-slow",
                   "{\"rule\": \"command\", \"argv\": [\"/bin/sh\", \"-c\", \"sleep 60\"], "
                   "\"timeout_ms\": 50}, " GLOB_15,
                   NULL, toy15, "1.5.7", "glob");
    expect_runtime("find-failing",
                   "{\"rule\": \"command\", \"argv\": [\"/bin/sh\", \"-c\", \"exit 3\"]}, " GLOB_15,
                   NULL, toy15, "1.5.7", "glob");
    expect_runtime("find-endless",
                   "{\"rule\": \"command\", \"argv\": [\"/bin/sh\", \"-c\", \"yes\"], "
                   "\"timeout_ms\": 2000}, " GLOB_15,
                   NULL, toy15, "1.5.7", "glob");
}

static void test_data_files(void)
{
    struct metacall_registry_rows *rows;
    write_manifest("data", GLOB_15, LINKED,
                   "\"files\": [{\"path\": \"/nonexistent/never/mentioned\"}, {\"path\": "
                   "\"/nonexistent/toy/boot.data\", \"package\": \"toy-data\"}],");
    copy(FIXTURES "/plugin_good/libtoy_loader.so", tree_path("data/libtoy_loader.so"));
    metacall_registry *registry = open_registry(tree_path("data"), NULL);
    EXPECT(metacall_registry_row(registry, "toy", &rows) == 0);
    EXPECT(rows->items[0].status == METACALL_REGISTRY_MISSING_DATA);
    EXPECT(strstr(rows->items[0].reason, "toy-data") && !strstr(rows->items[0].reason, "never"));
    metacall_registry_rows_free(rows);
    metacall_registry_close(registry);
}

static void test_deployment(void)
{
    struct metacall_registry_findings *findings;
    write_manifest("deploy", GLOB_15, LINKED, "");
    copy(FIXTURES "/plugin_good/libtoy_loader.so", tree_path("deploy/libtoy_loader.so"));
    tree_file(tree_path("app/here.toy"), "");
    tree_file(tree_path("app/metacall.json"),
              "[{\"language_id\": \"toy\", \"path\": \".\", \"scripts\": [\"here.toy\"]},\n"
              " {\"language_id\": \"Toy\", \"path\": \".\", \"scripts\": [\"gone.toy\"],\n"
              "  \"execution_paths\": [\"nowhere\"]},\n"
              " {\"language_id\": \"cow\", \"scripts\": []}]\n");
    metacall_registry *registry = open_registry(tree_path("deploy"), NULL);
    EXPECT(metacall_registry_check(registry, tree_path("app/metacall.json"), &findings) == 0);
    EXPECT(findings->count == 3);
    if (findings->count == 3) {
        EXPECT_TEXT(findings->items[0].id, "deployment.script");
        EXPECT_TEXT(findings->items[0].pointer, "/1/scripts/0");
        EXPECT(findings->items[0].line == 2);
        EXPECT_TEXT(findings->items[1].id, "deployment.path");
        EXPECT_TEXT(findings->items[2].id, "deployment.language");
        EXPECT_TEXT(findings->items[2].pointer, "/2/language_id");
    }
    metacall_registry_findings_free(findings);
    metacall_registry_close(registry);
}

int main(void)
{
    umask(022);
    tree_make();
    test_faults();
    test_tls();
    test_bytes();
    test_sha256();
    test_find();
    test_data_files();
    test_deployment();
    return expect_result();
}
