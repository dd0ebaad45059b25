/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Secure mode as the kernel makes it: a copy of this program that is set-user-id, and one that has
 * a file capability, run by an ordinary user; and the rule of owners, for root and for others. Run
 * by root it goes over to ordinary users itself; run by anybody else it can only do the last part.
 */
#include "../expect.h"
#include "tree.h"

#include <fcntl.h>
#include <metacall/registry.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#define USER 12345
#define OTHER 23456
#define SKIP 77

/* Child: prints "secure paths rows" of a registry with the environment that it got. */
static int report(void)
{
    metacall_registry *registry;
    struct metacall_registry_paths *paths;
    struct metacall_registry_rows *rows;
    size_t used = 0;
    if (metacall_registry_open(NULL, &registry) < 0 ||
        metacall_registry_paths(registry, &paths) < 0 ||
        metacall_registry_rows(registry, &rows) < 0)
        return 2;
    for (size_t i = 0; i < paths->count; i++)
        used += paths->items[i].level == METACALL_REGISTRY_LEVEL_ADD ||
                paths->items[i].level == METACALL_REGISTRY_LEVEL_REPLACE ||
                strcmp(paths->items[i].source, "XDG_CONFIG_HOME") == 0;
    printf("%lu %d %zu %zu\n", getauxval(AT_SECURE), metacall_registry_is_secure(registry), used,
           rows->count);
    metacall_registry_rows_free(rows);
    metacall_registry_paths_free(paths);
    metacall_registry_close(registry);
    return 0;
}

/* Runs `program` as `user` with METACALL_REGISTRY_PATH at `folder`; its line, "" = it failed. */
static const char *run_as(uid_t user, const char *program, const char *folder)
{
    static char line[128];
    int ends[2], status = 0;
    line[0] = '\0';
    if (pipe(ends) < 0)
        return line;
    pid_t child = fork();
    if (child == 0) {
        char variable[600];
        snprintf(variable, sizeof variable, "METACALL_REGISTRY_PATH=%s", folder);
        char *const environment[] = {variable, "HOME=/nonexistent", NULL};
        char *const argv[] = {(char *)program, "report", NULL};
        dup2(ends[1], 1);
        if (user != geteuid() && (setgid(user) < 0 || setuid(user) < 0))
            _exit(3);
        execve(program, argv, environment);
        _exit(4);
    }
    close(ends[1]);
    ssize_t size = read(ends[0], line, sizeof line - 1);
    line[size > 0 ? size : 0] = '\0';
    close(ends[0]);
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        line[0] = '\0';
    return line;
}

static void copy_self(const char *path)
{
    char buffer[65536];
    int from = open("/proc/self/exe", O_RDONLY), to = open(path, O_WRONLY | O_CREAT | O_EXCL, 0755);
    ssize_t size;
    while ((size = read(from, buffer, sizeof buffer)) > 0)
        EXPECT(write(to, buffer, (size_t)size) == size);
    close(from);
    close(to);
}

/* A leak checker stops its own process to look at it, which the kernel refuses in secure mode. */
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return getauxval(AT_SECURE) != 0;
}

/* CAP_NET_BIND_SERVICE, permitted and effective: struct vfs_cap_data of revision 2. */
static int give_capability(const char *path)
{
    const unsigned data[5] = {0x02000001, 1u << 10, 0, 0, 0};
    return setxattr(path, "security.capability", data, sizeof data, 0);
}

static void test_kernel(void)
{
    char plain[600], set_id[600], capable[600], folder[600];
    snprintf(plain, sizeof plain, "%s", tree_path("plain"));
    snprintf(set_id, sizeof set_id, "%s", tree_path("set-id"));
    snprintf(capable, sizeof capable, "%s", tree_path("capable"));
    snprintf(folder, sizeof folder, "%s", tree_path("path"));
    chmod(tree_root, 0755);
    tree_manifest(tree_path("path/moo.loader.json"), "moo", "1.0.0", "");
    copy_self(plain);
    copy_self(set_id);
    copy_self(capable);
    EXPECT(chown(set_id, OTHER, OTHER) == 0 && chmod(set_id, 04755) == 0);

    EXPECT_TEXT(run_as(USER, plain, folder), "0 0 1 1\n");
    const char *line = run_as(USER, set_id, folder);
    if (strncmp(line, "0 ", 2) == 0)
        printf("set-user-id has no effect in %s (mounted nosuid): that part was skipped\n",
               tree_root);
    else
        EXPECT_TEXT(line, "1 1 0 0\n");
    if (give_capability(capable) < 0)
        printf("no file capabilities in %s: that part was skipped\n", tree_root);
    else
        EXPECT_TEXT(run_as(USER, capable, folder), "1 1 0 0\n");
}

/* "reason" of the folder, and the id of the first diagnostic, as this user sees them. */
static void expect_trust(const char *folder, int refused_folder, const char *id)
{
    char variable[1200];
    const char *const environment[] = {variable, NULL};
    const struct metacall_registry_options options = {.environment = environment};
    metacall_registry *registry;
    struct metacall_registry_paths *paths;
    struct metacall_registry_entries *entries;
    snprintf(variable, sizeof variable, "METACALL_REGISTRY_PATH=%s", folder);
    EXPECT(metacall_registry_open(&options, &registry) == 0);
    EXPECT(metacall_registry_paths(registry, &paths) == 0);
    EXPECT((paths->items[0].reason && strncmp(paths->items[0].reason, "refused", 7) == 0) ==
           refused_folder);
    metacall_registry_paths_free(paths);
    EXPECT(metacall_registry_entries(registry, &entries) == 0);
    EXPECT(entries->count == (refused_folder ? 0 : 1));
    if (entries->count == 1)
        EXPECT_TEXT(entries->items[0].diagnostic_count ? entries->items[0].diagnostics[0].id : NULL,
                    id);
    metacall_registry_entries_free(entries);
    metacall_registry_close(registry);
}

static void test_owners(void)
{
    int root = geteuid() == 0;
    tree_manifest(tree_path("good/moo.loader.json"), "moo", "1.0.0", "");
    tree_manifest(tree_path("open-file/moo.loader.json"), "moo", "1.0.0", "");
    tree_manifest(tree_path("open-folder/moo.loader.json"), "moo", "1.0.0", "");
    EXPECT(chmod(tree_path("open-file/moo.loader.json"), 0666) == 0);
    EXPECT(chmod(tree_path("open-folder"), 0777) == 0);
    /* Root refuses what others may write; for anybody else it is a file like any other. */
    expect_trust(tree_path("good"), 0, NULL);
    expect_trust(tree_path("open-file"), 0, root ? "file.trust" : NULL);
    expect_trust(tree_path("open-folder"), root, NULL);
    if (!root)
        return;
    tree_manifest(tree_path("foreign/moo.loader.json"), "moo", "1.0.0", "");
    EXPECT(chown(tree_path("foreign/moo.loader.json"), USER, USER) == 0);
    expect_trust(tree_path("foreign"), 0, "file.trust");
    tree_manifest(tree_path("foreign-folder/moo.loader.json"), "moo", "1.0.0", "");
    EXPECT(chown(tree_path("foreign-folder"), USER, USER) == 0);
    expect_trust(tree_path("foreign-folder"), 1, NULL);
    tree_manifest(tree_path("group/moo.loader.json"), "moo", "1.0.0", "");
    EXPECT(chown(tree_path("group/moo.loader.json"), 0, USER) == 0 &&
           chmod(tree_path("group/moo.loader.json"), 0664) == 0);
    expect_trust(tree_path("group"), 0, "file.trust");
}

/* What the caller asks for is the same, without the kernel. */
static void test_asked_for(void)
{
    char variable[1200];
    const char *const environment[] = {variable, NULL};
    const struct metacall_registry_options options = {.environment = environment, .secure = 1};
    metacall_registry *registry;
    struct metacall_registry_rows *rows;
    snprintf(variable, sizeof variable, "METACALL_REGISTRY_PATH=%s", tree_path("good"));
    EXPECT(metacall_registry_open(&options, &registry) == 0);
    EXPECT(metacall_registry_is_secure(registry) == 1);
    EXPECT(metacall_registry_row(registry, "moo", &rows) == -1);
    EXPECT_ERROR("moo");
    metacall_registry_close(registry);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "report") == 0)
        return report();
    umask(022);
    tree_make();
    test_owners();
    test_asked_for();
    if (geteuid() == 0)
        test_kernel();
    else if (expect_result() == 0) {
        printf("SKIP: set-user-id and file capabilities need root to be set up; the rest passed\n");
        return SKIP;
    }
    return expect_result();
}
