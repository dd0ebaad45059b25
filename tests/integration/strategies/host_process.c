/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "host_process.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const markers[] = {"rt_id", "rt_is_running", "rt_version", "rt_d0", NULL};
static const char *const sonames[] = {"librt_%v.so.1", NULL};
static const struct host_version_source versions[] = {
    {.kind = HOST_VERSION_HEX, .symbol = "rt_version"}, {.kind = HOST_VERSION_NONE}};
const struct host_rule runtime_rule = {.tag = "rt",
                                       .markers = markers,
                                       .sonames = sonames,
                                       .running = HOST_RUNNING_CALL,
                                       .running_symbol = "rt_is_running",
                                       .versions = versions};

static char error_id[64], notes[512];

void *host_opens(const char *path, int flags)
{
    void *handle = dlopen(path, RTLD_NOW | flags);
    void (*start)(void) = handle ? (void (*)(void))dlsym(handle, "rt_start") : NULL;

    EXPECT(start != NULL);
    if (!start) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    start();
    return handle;
}

/* The walk that a finding belongs to must outlive it; these processes are short. */
static struct modules *walk(void)
{
    static struct modules *kept[64];
    static size_t count;

    if (count == 64 || modules_walk(&kept[count]) != 0)
        exit(1);
    return kept[count++];
}

size_t host_found(struct host_finding *ret_host)
{
    struct host_report report;

    memset(ret_host, 0, sizeof(*ret_host));
    if (host_detect(walk(), &runtime_rule, 1, &report) != 0)
        exit(1);
    size_t count = report.count;
    for (size_t i = 0; i < count; i++) {
        if (!ret_host->owner || (report.findings[i].running == 1 && ret_host->running != 1))
            *ret_host = report.findings[i];
    }
    host_report_finish(&report);
    return count;
}

void host_found_in(const char *name, struct host_finding *ret_host)
{
    struct host_report report;

    memset(ret_host, 0, sizeof(*ret_host));
    if (host_detect(walk(), &runtime_rule, 1, &report) != 0)
        exit(1);
    for (size_t i = 0; i < report.count; i++) {
        const struct module *owner = report.findings[i].owner;
        if (strcmp(owner->path, name) == 0 || (owner->soname && strcmp(owner->soname, name) == 0))
            *ret_host = report.findings[i];
    }
    host_report_finish(&report);
    EXPECT(ret_host->owner != NULL);
}

struct strategy_request request_of(enum strategy strategy, const char *plugin,
                                   const struct host_finding *host)
{
    return (struct strategy_request){
        .strategy = strategy,
        .tag = "rt",
        .plugin = plugin,
        .plugin_fd = -1,
        .needed = strategy == STRATEGY_HOST_UNRESOLVED ? NULL : "librt_a.so.1",
        .rule = &runtime_rule,
        .host = host && host->owner ? host : NULL,
    };
}

static void keep_finding(const struct metacall_diagnostic *diagnostic, void *data)
{
    (void)data;
    if (diagnostic->severity == METACALL_SEVERITY_ERROR) {
        snprintf(error_id, sizeof(error_id), "%s", diagnostic->id);
        EXPECT(diagnostic->message && diagnostic->path && diagnostic->tag);
    } else {
        size_t used = strlen(notes);
        snprintf(notes + used, sizeof(notes) - used, "[%s]", diagnostic->id);
    }
}

struct bound_plugin *open_plugin(const struct strategy_request *request)
{
    struct bound_plugin *plugin = NULL;

    error_id[0] = notes[0] = 0;
    int result = strategy_open(request, keep_finding, NULL, &plugin);
    EXPECT((result == 0) == (plugin != NULL) && (result == 0) == (error_id[0] == 0));
    return plugin;
}

const char *last_id(void)
{
    return error_id;
}

int was_noted(const char *id)
{
    char wanted[70];

    snprintf(wanted, sizeof(wanted), "[%s]", id);
    return strstr(notes, wanted) != NULL;
}

void expect_refusal(const struct strategy_request *request, const char *id, const char *part)
{
    char *before = mapped_all(), *after;

    EXPECT(open_plugin(request) == NULL);
    EXPECT_TEXT(last_id(), id);
    metacall_error *error = metacall_error_peek();
    EXPECT(error && error->code == METACALL_ERROR_LOADER);
    EXPECT(error && strstr(error->message, request->plugin));
    EXPECT_ERROR(part);
    after = mapped_all();
    EXPECT_TEXT(after, before);
    EXPECT(stack_is_executable() == 0);
    free(before);
    free(after);
}

void expect_bound(struct bound_plugin *plugin, int id)
{
    void (*report_of)(struct plugin_report *) = NULL;
    struct plugin_report report = {0};

    if (!plugin) {
        metacall_error *error = metacall_error_peek();
        fprintf(stderr, "not opened: %s\n", error ? error->message : "?");
        EXPECT(plugin != NULL);
        return;
    }
    report_of = (void (*)(struct plugin_report *))bound_plugin_symbol(plugin, "plugin_report");
    EXPECT(report_of != NULL && bound_plugin_symbol(plugin, "rt_id") == NULL);
    report_of(&report);
    EXPECT(report.id == id);
    for (int i = 0; i < 6; i++)
        EXPECT(report.called[i] == id * 100 + i);
    for (int i = 0; i < 3; i++)
        EXPECT(report.data[i] == id * 100 + i);
    EXPECT(report.inner == id * 10 + 2);
    EXPECT(report.thread == id);
    EXPECT(report.chosen == id * 1000);
}

struct bound_plugin *open_interposed(const char *file, struct host_finding *host)
{
    host_found(host);
    struct strategy_request request = request_of(STRATEGY_INTERPOSED, file, host);
    return open_plugin(&request);
}

void expect_interposed(const char *file, enum bound_how how)
{
    struct host_finding host;
    char *before = mapped_all();
    int of_that_name = mapped("librt_a.so.1");
    struct bound_plugin *plugin = open_interposed(file, &host);

    expect_bound(plugin, 7);
    EXPECT(plugin && bound_plugin_how(plugin) == how);
    EXPECT(mapped("librt_a.so.1") == of_that_name);
    EXPECT(stack_is_executable() == 0);
    if (plugin)
        bound_plugin_close(plugin);
    char *after = mapped_all();
    EXPECT_TEXT(after, before);
    free(before);
    free(after);
}

/* ---------------------------------------------------------------------------- what is mapped */

static int compare_lines(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The different files of /proc/self/maps. */
static size_t mapped_files(char **ret_files, size_t room)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[4096];
    size_t count = 0;

    while (maps && fgets(line, sizeof(line), maps)) {
        char *path = strchr(line, '/');
        size_t known = 0;
        if (!path)
            continue;
        path[strcspn(path, "\n")] = 0;
        while (known < count && strcmp(ret_files[known], path) != 0)
            known++;
        if (known == count && count < room)
            ret_files[count++] = strdup(path);
    }
    fclose(maps);
    return count;
}

int mapped(const char *base_name)
{
    char *files[512];
    size_t count = mapped_files(files, 512);
    int found = 0;

    for (size_t i = 0; i < count; i++) {
        found += strcmp(strrchr(files[i], '/') + 1, base_name) == 0;
        free(files[i]);
    }
    return found;
}

char *mapped_all(void)
{
    char *files[512], *text = calloc(1, 65536);
    size_t count = mapped_files(files, 512);

    qsort(files, count, sizeof(files[0]), compare_lines);
    for (size_t i = 0; i < count; i++) {
        if (strstr(files[i], "/fixtures/") || strstr(files[i], "memfd:") ||
            strstr(files[i], "shim.so")) {
            strcat(text, files[i]);
            strcat(text, "\n");
        }
        free(files[i]);
    }
    return text;
}

int stack_is_executable(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[4096];
    int executable = -1;

    while (maps && fgets(line, sizeof(line), maps)) {
        char *mode = strchr(line, ' ');
        if (strstr(line, "[stack]") && mode)
            executable = mode[3] == 'x';
    }
    fclose(maps);
    return executable;
}

int is_global(const char *name)
{
    void *program = dlopen(NULL, RTLD_LAZY);
    int found = dlsym(program, name) != NULL;

    dlclose(program);
    return found;
}

int exit_status_of(void (*work)(void))
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        expect_failed = 0;
        work();
        _exit(expect_failed != 0);
    }
    EXPECT(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int has_relocation(const char *file, enum elf_relocation_kind kind, const char *name,
                   int64_t addend)
{
    struct elf_relocation_cursor cursor = {0};
    struct elf_relocation relocation;
    struct elf_symbol symbol;
    struct elf_image image;
    int found = 0;

    if (elf_image_open(file, -1, &image) != 0)
        return 0;
    while (!found && elf_image_next_symbolic(&image, &cursor, &relocation))
        found = relocation.kind == kind && relocation.addend == addend &&
                elf_image_symbol(&image, relocation.symbol, &symbol) == 0 &&
                strcmp(symbol.name, name) == 0;
    elf_image_close(&image);
    return found;
}
