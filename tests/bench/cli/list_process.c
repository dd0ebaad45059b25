/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* list.process: a whole run of `metacall-registry list` over ten manifests of about 1.5 KB, each
 * with a runtime to look for, against a whole run of /bin/true. */
#include "bench_row.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANIFESTS = 10 };

static char folder[] = "/tmp/metacall-bench-XXXXXX";

static const char manifest[] =
    "{\n"
    "  \"manifest_version\": 1,\n"
    "  \"tag\": \"bench%d\",\n"
    "  \"name\": \"Loader %d of the benchmark\",\n"
    "  \"version\": \"1.2.3\",\n"
    "  \"license\": \"Apache-2.0\",\n"
    "  \"description\": \"A loader as it could be: one runtime, two ways to find it\",\n"
    "  \"language\": { \"name\": \"Bench\", \"aliases\": [\"bench\"], \"extensions\": [\".b\"] },\n"
    "  \"runtime\": {\n"
    "    \"name\": \"Bench\",\n"
    "    \"versions\": \">=3.9 <3.15\",\n"
    "    \"libraries\": [\n"
    "      {\n"
    "        \"id\": \"libbench\",\n"
    "        \"sonames\": [\"libbench%%v.so.1.0\"],\n"
    "        \"markers\": {\n"
    "          \"functions\": [\"bench_start\", \"bench_version\", \"bench_lock\", "
    "\"bench_call\"],\n"
    "          \"data\": [\"bench_none\", \"bench_error\", \"bench_type\"]\n"
    "        },\n"
    "        \"version\": [{ \"hex\": \"bench_hex\" }, { \"soname\": true }],\n"
    "        \"find\": [\n"
    "          { \"rule\": \"variable\", \"variable\": \"BENCH_LIBRARY\" },\n"
    "          { \"rule\": \"glob\", \"globs\": [\"../runtimes/libbench*.so.1.0\"] }\n"
    "        ]\n"
    "      }\n"
    "    ]\n"
    "  },\n"
    "  \"host\": {\n"
    "    \"executables\": [\"bench\", \"bench%%v\"],\n"
    "    \"running\": { \"call\": \"bench_running\" },\n"
    "    \"version\": [{ \"hex\": \"bench_hex\" }, { \"soname\": true }]\n"
    "  },\n"
    "  \"variants\": [\n"
    "    { \"strategy\": \"host-unresolved\", \"library\": \"libbench_loader_host.so\" },\n"
    "    { \"strategy\": \"linked\", \"library\": \"libbench_loader.so\" }\n"
    "  ],\n"
    "  \"lifecycle\": {\n"
    "    \"initialize\": { \"symbol\": \"bench_loader_initialize\", \"thread\": \"any\" },\n"
    "    \"host_attach\": { \"symbol\": \"bench_loader_host_attach\", \"thread\": \"host\" },\n"
    "    \"host_detach\": \"bench_loader_host_detach\",\n"
    "    \"load_from_file\": \"bench_loader_load_from_file\",\n"
    "    \"load_from_memory\": \"bench_loader_load_from_memory\",\n"
    "    \"destroy\": \"bench_loader_destroy\"\n"
    "  }\n"
    "}\n";

static void manifest_path(char *path, size_t size, int number)
{
    snprintf(path, size, "%s/bench%d.loader.json", folder, number);
}

static int write_manifests(void)
{
    char path[128];

    if (mkdtemp(folder) == NULL || chmod(folder, 0755) != 0)
        return -1;
    for (int i = 0; i < MANIFESTS; i++) {
        FILE *file;

        manifest_path(path, sizeof path, i);
        file = fopen(path, "we");
        if (file == NULL)
            return -1;
        fprintf(file, manifest, i, i);
        if (fclose(file) != 0)
            return -1;
    }
    return 0;
}

static void remove_manifests(void)
{
    char path[128];

    for (int i = 0; i < MANIFESTS; i++) {
        manifest_path(path, sizeof path, i);
        unlink(path);
    }
    rmdir(folder);
}

/* Runs a program with its output thrown away; ends the benchmark where that fails. */
static void run(char *const *argv, char *const *environment)
{
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status = -1;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&child, argv[0], &actions, NULL, argv, environment) == 0)
        waitpid(child, &status, 0);
    posix_spawn_file_actions_destroy(&actions);
    if (status != 0) {
        fprintf(stderr, "%s ended with status %d\n", argv[0], status);
        remove_manifests();
        exit(1);
    }
}

static void run_list(size_t count, void *data)
{
    static char *const argv[] = {METACALL_REGISTRY_COMMAND, "list", NULL};

    while (count-- != 0)
        run(argv, data);
}

static void run_true(size_t count, void *data)
{
    static char *const argv[] = {"/bin/true", NULL};

    while (count-- != 0)
        run(argv, data);
}

int main(void)
{
    char search[128];
    char *environment[] = {search, "PATH=/usr/bin:/bin", NULL};

    if (write_manifests() != 0) {
        perror(folder);
        return 1;
    }
    snprintf(search, sizeof search, "METACALL_REGISTRY_PATH=%s", folder);
    bench_compare("list.process", run_list, run_true, 50, environment, 3);
    remove_manifests();
    return 0;
}
