/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The search: order of the folders, shadowing, masking, switching off, pinning, other roots and
 * prefixes, odd files, and that a lookup opens one file. */
#include "../expect.h"
#include "tree.h"

#include <fcntl.h>
#include <metacall/registry.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#endif

static char environment_text[8][1200];
static const char *environment_list[9];

/* Only these variables count. */
static void environment(const char *first, ...)
{
    va_list args;
    size_t count = 0;
    va_start(args, first);
    for (const char *item = first; item; item = va_arg(args, const char *))
        snprintf(environment_text[count++], sizeof environment_text[0], "%s", item);
    va_end(args);
    for (size_t i = 0; i < count; i++)
        environment_list[i] = environment_text[i];
    environment_list[count] = NULL;
}

static metacall_registry *open_registry(const char *root, const char *prefix)
{
    metacall_registry *registry = NULL;
    const struct metacall_registry_options options = {
        .root = root, .prefix = prefix, .environment = environment_list};
    EXPECT(metacall_registry_open(&options, &registry) == 0);
    return registry;
}

/* "path state" of the entry number `index` of a tag; "" past the end. */
static const char *entry(metacall_registry *registry, const char *tag, size_t index)
{
    static char text[1200];
    struct metacall_registry_entries *entries;
    text[0] = '\0';
    EXPECT(metacall_registry_entries(registry, &entries) == 0);
    for (size_t i = 0; i < entries->count; i++) {
        const struct metacall_registry_entry *item = &entries->items[i];
        size_t skip = strlen(tree_root);
        if (strcmp(item->tag, tag) == 0 && index-- == 0)
            snprintf(text, sizeof text, "%s %s",
                     strncmp(item->manifest, tree_root, skip) == 0 ? item->manifest + skip
                                                                   : item->manifest,
                     metacall_registry_state_name(item->state));
    }
    metacall_registry_entries_free(entries);
    return text;
}

static void test_order(void)
{
    static const char *const folders[] = {"add",
                                          "config-home/metacall/loaders.d",
                                          "xdg1/metacall/loaders.d",
                                          "xdg2/metacall/loaders.d",
                                          "data-home/metacall/loaders.d",
                                          "venv/share/metacall/loaders.d",
                                          "conda/share/metacall/loaders.d",
                                          "data1/metacall/loaders.d",
                                          "prefix/lib/metacall/loaders.d"};
    size_t count = sizeof folders / sizeof *folders;
    char add[1200], home[1200], dirs[1200], data_home[1200], venv[1200], conda[1200], data[1200];
    snprintf(add, sizeof add, "METACALL_REGISTRY_ADD_PATH=%s", tree_path("add"));
    snprintf(home, sizeof home, "XDG_CONFIG_HOME=%s", tree_path("config-home"));
    snprintf(dirs, sizeof dirs, "XDG_CONFIG_DIRS=%s:%s", tree_path("xdg1"), tree_path("xdg2"));
    snprintf(data_home, sizeof data_home, "XDG_DATA_HOME=%s", tree_path("data-home"));
    snprintf(venv, sizeof venv, "VIRTUAL_ENV=%s", tree_path("venv"));
    snprintf(conda, sizeof conda, "CONDA_PREFIX=%s", tree_path("conda"));
    snprintf(data, sizeof data, "XDG_DATA_DIRS=%s", tree_path("data1"));
    environment(add, home, dirs, data_home, venv, conda, data, NULL);
    for (size_t i = 0; i < count; i++)
        tree_manifest(tree_path("%s/moo.loader.json", folders[i]), "moo", "1.0.0", "");

    /* Take away one after another from the front: the next one counts each time. */
    for (size_t i = 0; i < count; i++) {
        char wanted[300];
        metacall_registry *registry = open_registry(NULL, tree_path("prefix"));
        snprintf(wanted, sizeof wanted, "/%s/moo.loader.json active", folders[i]);
        EXPECT_TEXT(entry(registry, "moo", 0), wanted);
        if (i + 1 < count) {
            snprintf(wanted, sizeof wanted, "/%s/moo.loader.json shadowed", folders[i + 1]);
            EXPECT_TEXT(entry(registry, "moo", 1), wanted);
            EXPECT(*entry(registry, "moo", count - i - 1) && !*entry(registry, "moo", count - i));
        }
        /* A lookup alone comes to the same. */
        metacall_registry *other = open_registry(NULL, tree_path("prefix"));
        struct metacall_registry_rows *rows;
        EXPECT(metacall_registry_row(other, "moo", &rows) == 0);
        EXPECT(strstr(rows->items[0].manifest, folders[i]) != NULL);
        metacall_registry_rows_free(rows);
        metacall_registry_close(other);
        metacall_registry_close(registry);
        unlink(tree_path("%s/moo.loader.json", folders[i]));
    }
}

static void test_replace(void)
{
    char replace[2400], home[1200];
    metacall_registry *registry;
    struct metacall_registry_paths *paths;
    tree_manifest(tree_path("r1/moo.loader.json"), "moo", "1.0.0", "");
    tree_manifest(tree_path("r2/lib/metacall/loaders.d/cow.loader.json"), "cow", "1.0.0", "");
    tree_manifest(tree_path("r3/other.loader.json"), "other", "1.0.0", "");
    tree_manifest(tree_path("r3/unseen.loader.json"), "unseen", "1.0.0", "");
    tree_manifest(tree_path("home/metacall/loaders.d/home.loader.json"), "home", "1.0.0", "");
    snprintf(replace, sizeof replace, "METACALL_REGISTRY_PATH=relative:%s:%s/:%s:%s:%s",
             tree_path("r1"), tree_path("r2"), tree_path("r3/other.loader.json"), tree_path("r1"),
             tree_path("none"));
    snprintf(home, sizeof home, "XDG_CONFIG_HOME=%s", tree_path("home"));
    environment(replace, home, NULL);
    registry = open_registry(NULL, NULL);
    EXPECT_TEXT(entry(registry, "moo", 0), "/r1/moo.loader.json active");
    EXPECT_TEXT(entry(registry, "moo", 1), "");
    EXPECT_TEXT(entry(registry, "cow", 0), "/r2/lib/metacall/loaders.d/cow.loader.json active");
    EXPECT_TEXT(entry(registry, "other", 0), "/r3/other.loader.json active");
    EXPECT_TEXT(entry(registry, "unseen", 0), "");
    EXPECT_TEXT(entry(registry, "home", 0), "");
    EXPECT(metacall_registry_paths(registry, &paths) == 0);
    EXPECT(paths->count == 6);
    EXPECT_TEXT(paths->items[0].reason, "it is relative");
    EXPECT(!paths->items[1].reason && paths->items[1].exists && paths->items[1].manifests == 1);
    EXPECT_TEXT(paths->items[4].reason, "it was looked at before");
    EXPECT_TEXT(paths->items[5].reason, "it does not exist");
    EXPECT(!paths->items[5].exists);
    metacall_registry_paths_free(paths);
    metacall_registry_close(registry);
}

static void test_states(void)
{
    char path[2400];
    struct metacall_registry_rows *rows;
    struct metacall_registry_steps *steps;
    snprintf(path, sizeof path, "METACALL_REGISTRY_PATH=%s:%s", tree_path("high"),
             tree_path("low"));
    environment(path, NULL);
    tree_manifest(tree_path("low/masked.loader.json"), "masked", "1.0.0", "");
    tree_file(tree_path("high/masked.loader.json"), "");
    tree_manifest(tree_path("low/nulled.loader.json"), "nulled", "1.0.0", "");
    EXPECT(symlink("/dev/null", tree_path("high/nulled.loader.json")) == 0);
    tree_manifest(tree_path("low/off.loader.json"), "off", "1.0.0", "");
    tree_file(tree_path("high/off.loader.json"),
              "{\"manifest_version\": 1, \"tag\": \"off\", \"enabled\": false}");
    tree_manifest(tree_path("low/pinned.loader.json"), "pinned", "1.0.0", "");
    tree_file(tree_path("high/pinned.loader.json"),
              "{\"manifest_version\": 1, \"tag\": \"pinned\", \"pin\": \"interposed\"}");
    tree_manifest(tree_path("low/mended.loader.json"), "mended", "1.0.0", "");
    tree_file(tree_path("high/mended.loader.json"), "{ broken");
    tree_manifest(tree_path("high/own.loader.json"), "own", "1.0.0", "\"enabled\": false,");
    tree_manifest(tree_path("low/own.loader.json"), "own", "1.0.0", "");
    tree_file(tree_path("low/future.loader.json"),
              "{\"manifest_version\": 2, \"tag\": \"future\"}");

    metacall_registry *registry = open_registry(NULL, NULL);
    EXPECT_TEXT(entry(registry, "masked", 0), "/high/masked.loader.json masked");
    EXPECT_TEXT(entry(registry, "masked", 1), "/low/masked.loader.json shadowed");
    EXPECT_TEXT(entry(registry, "nulled", 0), "/high/nulled.loader.json masked");
    EXPECT_TEXT(entry(registry, "off", 0), "/high/off.loader.json disabled");
    EXPECT_TEXT(entry(registry, "off", 1), "/low/off.loader.json disabled");
    EXPECT_TEXT(entry(registry, "own", 0), "/high/own.loader.json disabled");
    EXPECT_TEXT(entry(registry, "pinned", 0), "/high/pinned.loader.json active");
    EXPECT_TEXT(entry(registry, "pinned", 1), "/low/pinned.loader.json active");
    EXPECT_TEXT(entry(registry, "mended", 0), "/high/mended.loader.json broken");
    EXPECT_TEXT(entry(registry, "mended", 1), "/low/mended.loader.json active");
    EXPECT_TEXT(entry(registry, "future", 0), "/low/future.loader.json broken");

    EXPECT(metacall_registry_row(registry, "masked", &rows) == 0);
    EXPECT(rows->items[0].status == METACALL_REGISTRY_UNUSABLE);
    EXPECT(strstr(rows->items[0].reason, "masked by") != NULL);
    metacall_registry_rows_free(rows);
    EXPECT(metacall_registry_row(registry, "future", &rows) == 0);
    EXPECT(strstr(rows->items[0].reason, ":1:22:") != NULL);
    metacall_registry_rows_free(rows);
    /* The pin rules out the only variant. */
    EXPECT(metacall_registry_explain(registry, "pinned", &steps) == 0);
    EXPECT(steps->row && steps->row->status == METACALL_REGISTRY_NO_VARIANT);
    EXPECT(steps->row && strstr(steps->row->reason, "interposed is pinned") != NULL);
    metacall_registry_steps_free(steps);
    EXPECT(metacall_registry_row(registry, "pined", &rows) == -1);
    EXPECT_ERROR("did you mean \"pinned\"");
    metacall_registry_close(registry);

    /* The variable pins too, and wins. */
    snprintf(path, sizeof path, "METACALL_REGISTRY_PATH=%s:%s", tree_path("high"),
             tree_path("low"));
    environment(path, "METACALL_REGISTRY_STRATEGY=x=linked,pinned=linked,mended=host-unresolved",
                NULL);
    registry = open_registry(NULL, NULL);
    EXPECT(metacall_registry_row(registry, "pinned", &rows) == 0);
    EXPECT(rows->items[0].status == METACALL_REGISTRY_NO_PLUGIN);
    metacall_registry_rows_free(rows);
    EXPECT(metacall_registry_row(registry, "mended", &rows) == 0);
    EXPECT(rows->items[0].status == METACALL_REGISTRY_NO_VARIANT);
    metacall_registry_rows_free(rows);
    metacall_registry_close(registry);
}

static void test_root(void)
{
    struct metacall_registry_paths *paths;
    environment("HOME=/home/u", "METACALL_REGISTRY_ADD_PATH=/opt/more", NULL);
    tree_manifest(tree_path("image/etc/metacall/loaders.d/moo.loader.json"), "moo", "1.0.0", "");
    tree_manifest(tree_path("image/opt/more/cow.loader.json"), "cow", "1.0.0", "");
    tree_manifest(tree_path("image/home/u/.config/metacall/loaders.d/pig.loader.json"), "pig",
                  "1.0.0", "");
    tree_manifest(tree_path("image/usr/lib/metacall/loaders.d/hen.loader.json"), "hen", "1.0.0",
                  "");
    metacall_registry *registry = open_registry(tree_path("image/"), NULL);
    EXPECT_TEXT(entry(registry, "moo", 0), "/etc/metacall/loaders.d/moo.loader.json active");
    EXPECT_TEXT(entry(registry, "cow", 0), "/opt/more/cow.loader.json active");
    EXPECT_TEXT(entry(registry, "pig", 0),
                "/home/u/.config/metacall/loaders.d/pig.loader.json active");
    EXPECT_TEXT(entry(registry, "hen", 0), "/usr/lib/metacall/loaders.d/hen.loader.json active");
    EXPECT(metacall_registry_paths(registry, &paths) == 0);
    for (size_t i = 0; i < paths->count; i++)
        EXPECT(strncmp(paths->items[i].path, tree_root, strlen(tree_root)) != 0);
    metacall_registry_paths_free(paths);
    metacall_registry_close(registry);
}

static void expect_odd(metacall_registry *registry, const char *tag, const char *id)
{
    struct metacall_registry_entries *entries;
    int seen = 0;
    EXPECT(metacall_registry_entries(registry, &entries) == 0);
    for (size_t i = 0; i < entries->count; i++) {
        const struct metacall_registry_entry *item = &entries->items[i];
        if (strcmp(item->tag, tag) != 0)
            continue;
        seen = 1;
        EXPECT(item->state == METACALL_REGISTRY_BROKEN && item->diagnostic_count > 0);
        if (item->diagnostic_count > 0)
            EXPECT_TEXT(item->diagnostics[0].id, id);
    }
    EXPECT(seen);
    metacall_registry_entries_free(entries);
}

#if defined RESOLVE_IN_ROOT && defined SYS_openat2
/* Links of an image lead where they lead for a process inside it, not into this system. */
static void test_root_links(void)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
    long fd = syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how);
    if (fd < 0) {
        printf("no openat2 here: links of another root were skipped\n");
        return;
    }
    close((int)fd);
    environment("METACALL_REGISTRY_ADD_PATH=/linked:/outer", NULL);
    tree_manifest(tree_path("jail/real/one/moo.loader.json"), "moo", "1.0.0", "");
    tree_manifest(tree_path("jail/opt/cow.loader.json"), "cow", "1.0.0", "");
    tree_manifest(tree_path("outside/pig.loader.json"), "pig", "1.0.0", "");
    tree_manifest(tree_path("outside/hen.loader.json"), "hen", "1.0.0", "");
    EXPECT(symlink("/real/one", tree_path("jail/linked")) == 0);
    EXPECT(symlink("/opt/cow.loader.json", tree_path("jail/real/one/cow.loader.json")) == 0);
    EXPECT(symlink(tree_path("outside/pig.loader.json"),
                   tree_path("jail/real/one/pig.loader.json")) == 0);
    EXPECT(symlink("/dev/null", tree_path("jail/real/one/ant.loader.json")) == 0);
    EXPECT(symlink(tree_path("outside"), tree_path("jail/outer")) == 0);
    metacall_registry *registry = open_registry(tree_path("jail"), NULL);
    EXPECT_TEXT(entry(registry, "moo", 0), "/linked/moo.loader.json active");
    EXPECT_TEXT(entry(registry, "cow", 0), "/linked/cow.loader.json active");
    EXPECT_TEXT(entry(registry, "ant", 0), "/linked/ant.loader.json masked");
    expect_odd(registry, "pig", "file.link");
    EXPECT_TEXT(entry(registry, "hen", 0), "");
    metacall_registry_close(registry);
}

#else
static void test_root_links(void)
{
    printf("no openat2 here: links of another root were skipped\n");
}
#endif

static void make_odd(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char *large = malloc(300001);
    mkfifo(tree_path("odd/fifo.loader.json"), 0644);
    mkdir(tree_path("odd/folder.loader.json"), 0755);
    EXPECT(symlink("nowhere", tree_path("odd/dangling.loader.json")) == 0);
    EXPECT(symlink("loop.loader.json", tree_path("odd/loop.loader.json")) == 0);
    EXPECT(symlink("/dev/zero", tree_path("odd/device.loader.json")) == 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", tree_path("odd/socket.loader.json"));
    EXPECT(bind(server, (struct sockaddr *)&address, sizeof address) == 0);
    close(server);
    memset(large, '[', 200000);
    large[200000] = '\0';
    tree_file(tree_path("odd/deep.loader.json"), large);
    memset(large, ' ', 300000);
    large[300000] = '\0';
    tree_file(tree_path("odd/large.loader.json"), large);
    free(large);
    tree_file(tree_path("odd/random.loader.json"), "\x7f\x45\x4c\x46\x02\x01\x91\xfe\x80");
    tree_file(tree_path("odd/bom.loader.json"), "\xef\xbb\xbf{}");
    tree_file(tree_path("odd/README.json"), "{}");
    tree_file(tree_path("odd/Upper.loader.json"), "{}");
    tree_file(tree_path("odd/notes.txt"), "");
    tree_manifest(tree_path("odd/closed.loader.json"), "closed", "1.0.0", "");
    chmod(tree_path("odd/closed.loader.json"), 0);
}

static void test_odd_files(void)
{
    char path[1300];
    struct metacall_registry_findings *findings;
    size_t names = 0;
    snprintf(path, sizeof path, "METACALL_REGISTRY_PATH=%s", tree_path("odd"));
    environment(path, NULL);
    tree_manifest(tree_path("odd/good.loader.json"), "good", "1.0.0", "");
    tree_manifest(tree_path("odd/zgood.loader.json"), "zgood", "1.0.0", "");
    make_odd();
    metacall_registry *registry = open_registry(NULL, NULL);
    EXPECT_TEXT(entry(registry, "good", 0), "/odd/good.loader.json active");
    EXPECT_TEXT(entry(registry, "zgood", 0), "/odd/zgood.loader.json active");
    expect_odd(registry, "fifo", "file.type");
    expect_odd(registry, "folder", "file.type");
    expect_odd(registry, "dangling", "file.link");
    expect_odd(registry, "loop", "file.link");
    expect_odd(registry, "device", "file.type");
    expect_odd(registry, "socket", "file.type");
    expect_odd(registry, "deep", "json.depth");
    expect_odd(registry, "large", "file.size");
    expect_odd(registry, "random", "json.syntax");
    expect_odd(registry, "bom", "json.bom");
    if (geteuid() != 0)
        expect_odd(registry, "closed", "file.access");
    EXPECT(metacall_registry_check(registry, NULL, &findings) == 0);
    for (size_t i = 0; i < findings->count; i++)
        names += strcmp(findings->items[i].id, "file.name") == 0;
    EXPECT(names == 2);
    metacall_registry_findings_free(findings);
    metacall_registry_close(registry);
}

/* Which names were opened in a folder while one tag was looked up. */
static void test_lookup_opens_one(void)
{
    char path[1300], name[64], events[16384];
    struct metacall_registry_rows *rows;
    size_t opened = 0, others = 0;
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "moo%d", i);
        tree_manifest(tree_path("many/%s.loader.json", name), name, "1.0.0", "");
    }
    snprintf(path, sizeof path, "METACALL_REGISTRY_PATH=%s", tree_path("many"));
    environment(path, NULL);
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    EXPECT(inotify_add_watch(watch, tree_path("many"), IN_OPEN) >= 0);
    metacall_registry *registry = open_registry(NULL, NULL);
    EXPECT(metacall_registry_row(registry, "moo7", &rows) == 0);
    metacall_registry_rows_free(rows);
    ssize_t size = read(watch, events, sizeof events);
    for (char *at = events; at < events + size;) {
        const struct inotify_event *event = (const struct inotify_event *)at;
        if (event->len && strcmp(event->name, "moo7.loader.json") == 0)
            opened++;
        else if (event->len)
            others++;
        at += sizeof *event + event->len;
    }
    EXPECT(opened == 1 && others == 0);
    metacall_registry_close(registry);
    close(watch);
}

static void test_names(void)
{
    char path[1300], tag[METACALL_REGISTRY_TAG_SIZE];
    snprintf(path, sizeof path, "METACALL_REGISTRY_PATH=%s", tree_path("many"));
    environment(path, NULL);
    metacall_registry *registry = open_registry(NULL, NULL);
    EXPECT(metacall_registry_tag_for_path(registry, "a/b.c/script.moo3", tag) == 0);
    EXPECT_TEXT(tag, "moo3");
    EXPECT(metacall_registry_tag_for_path(registry, "LANG-MOO4", tag) == 0);
    EXPECT_TEXT(tag, "moo4");
    EXPECT(metacall_registry_tag_for_path(registry, "almoo5", tag) == 0);
    EXPECT_TEXT(tag, "moo5");
    EXPECT(metacall_registry_tag_for_path(registry, "moo6", tag) == 0);
    EXPECT_TEXT(tag, "moo6");
    EXPECT(metacall_registry_tag_for_path(registry, "x.nothing", tag) == -1);
    EXPECT_ERROR("x.nothing");
    metacall_registry_close(registry);
}

static void test_reload(void)
{
    char path[1300];
    struct metacall_registry_rows *rows;
    snprintf(path, sizeof path, "METACALL_REGISTRY_PATH=%s", tree_path("reload"));
    environment(path, NULL);
    tree_manifest(tree_path("reload/moo.loader.json"), "moo", "1.0.0", "");
    metacall_registry *registry = open_registry(NULL, NULL);
    EXPECT(metacall_registry_row(registry, "moo", &rows) == 0);
    tree_manifest(tree_path("reload/moo.loader.json"), "moo", "2.0.0", "");
    tree_manifest(tree_path("reload/new.loader.json"), "new", "1.0.0", "");
    EXPECT_TEXT(rows->items[0].version, "1.0.0");
    EXPECT(metacall_registry_reload(registry) == 0);
    EXPECT_TEXT(rows->items[0].version, "1.0.0");
    metacall_registry_rows_free(rows);
    EXPECT(metacall_registry_row(registry, "moo", &rows) == 0);
    EXPECT_TEXT(rows->items[0].version, "2.0.0");
    metacall_registry_rows_free(rows);
    EXPECT_TEXT(entry(registry, "new", 0), "/reload/new.loader.json active");
    metacall_registry_close(registry);
}

static void test_nothing(void)
{
    struct metacall_registry_findings *findings;
    struct metacall_registry_rows *rows;
    char path[1300], *text;
    snprintf(path, sizeof path, "METACALL_REGISTRY_PATH=%s", tree_path("empty"));
    environment(path, NULL);
    metacall_registry *registry = open_registry(NULL, NULL);
    EXPECT(metacall_registry_rows(registry, &rows) == 0 && rows->count == 0);
    metacall_registry_rows_free(rows);
    EXPECT(metacall_registry_doctor(registry, NULL, NULL, &findings) == 0);
    EXPECT(findings->errors == 1);
    EXPECT_TEXT(findings->items[0].id, "registry.empty");
    metacall_registry_findings_free(findings);
    text = metacall_registry_list_json(registry);
    EXPECT(text && strstr(text, "\"schema_version\":\t1") != NULL);
    free(text);
    metacall_registry_close(registry);
    metacall_registry_close(NULL);
}

int main(void)
{
    umask(022);
    tree_make();
    test_order();
    test_replace();
    test_states();
    test_root();
    test_root_links();
    test_odd_files();
    test_lookup_opens_one();
    test_names();
    test_reload();
    test_nothing();
    return expect_result();
}
