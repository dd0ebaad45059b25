/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Looking at other processes, real ones: test_process CASE. */
#include "process_case.h"

#include <dlfcn.h>
#include <errno.h>
#include <metacall/loader.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PYTHON "/usr/bin/python3.11"
/* modules whose names hold that of the runtime, and which are not it */
#define PYTHON_WAITS                                                                               \
    "import sys, platform, ctypes, ssl; print('ready', platform.python_version(), flush=True); "   \
    "sys.stdin.read()"
#define NODE_WAITS "console.log('ready ' + process.versions.node); process.stdin.resume()"

static const char *own_program;

static const struct process_entrance *entrance_of(const struct process_runtime *runtime,
                                                  const char *id)
{
    for (size_t i = 0; i < runtime->entrance_count; i++) {
        if (strcmp(runtime->entrances[i].rule->id, id) == 0)
            return &runtime->entrances[i];
    }
    case_failed(__FILE__, __LINE__, id);
}

static void check_entrance(const struct process_runtime *runtime, const char *id, const char *state,
                           const char *because)
{
    const struct process_entrance *entrance = entrance_of(runtime, id);

    if (strcmp(process_entrance_state_name(entrance->state), state) != 0 ||
        !strstr(entrance->because, because))
        fprintf(stderr, "%s: %s, %s\n", id, process_entrance_state_name(entrance->state),
                entrance->because);
    CHECK(strcmp(process_entrance_state_name(entrance->state), state) == 0);
    CHECK(strstr(entrance->because, because) != NULL);
}

static const struct process_names *names_in_executable(const struct process_report *report)
{
    for (size_t i = 0; i < report->names_count; i++) {
        if (report->names[i].in_executable)
            return &report->names[i];
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------ python */

static void static_python(void)
{
    const char *const argv[] = {PYTHON, "-c", PYTHON_WAITS, NULL};
    char version[256];
    pid_t pid = case_start(argv, NULL, NULL, version);
    struct process_report *report = case_look(pid);
    const struct process_runtime *runtime = case_only(report, CASE_PYTHON);

    CHECK(report->runtime_count == 1 && runtime->in_executable == 1);
    CHECK(strcmp(runtime->path, PYTHON) == 0 && strcmp(report->executable, PYTHON) == 0);
    CHECK(strcmp(runtime->version, version) == 0);
    CHECK(strcmp(runtime->version_from, "Py_Version") == 0);
    CHECK(strlen(runtime->build_id) == 40);
    CHECK(runtime->running == 1 && runtime->duplicate == 0 && runtime->deleted == 0);
    CHECK(report->executable_deleted == 0 && report->other_root == 0 && report->other_mounts == 0);
    CHECK(report->uid == getuid() && strcmp(report->root, "/") == 0);
    CHECK(report->unreadable_count == 0 && report->module_count > 5);
    CHECK(names_in_executable(report) == NULL);
    CHECK(report->names_count == 0); /* libssl and libcrypto are two modules: neither has it all */
    check_entrance(runtime, "pep768", "absent", version);
    check_entrance(runtime, "always", "possible", version);
    check_entrance(runtime, "once", "absent", version);
    process_report_destroy(report);
}

static void python_door_shut(void)
{
    const char *const by_argument[] = {PYTHON, "-X",         "disable-remote-debug",
                                       "-c",   PYTHON_WAITS, NULL};
    const char *const by_variable[] = {PYTHON, "-c", PYTHON_WAITS, NULL};
    const char *const variables[] = {"PYTHON_DISABLE_REMOTE_DEBUG=1", NULL};
    char line[256], script[512];
    struct process_report *report;

    report = case_look(case_start(by_argument, NULL, NULL, line));
    check_entrance(case_only(report, CASE_PYTHON), "always", "shut", "argument -X");
    process_report_destroy(report);
    case_stop();
    report = case_look(case_start(by_variable, variables, NULL, line));
    check_entrance(case_only(report, CASE_PYTHON), "always", "shut", "PYTHON_DISABLE_REMOTE_DEBUG");
    process_report_destroy(report);
    case_stop();

    /* behind the script, it is the script's own argument */
    snprintf(script, sizeof(script), "%s/script.py", case_folder());
    FILE *file = fopen(script, "w");
    CHECK(file && fputs(PYTHON_WAITS, file) >= 0 && fclose(file) == 0);
    const char *const behind[] = {PYTHON, script, "-Xdisable-remote-debug", NULL};
    report = case_look(case_start(behind, NULL, NULL, line));
    check_entrance(case_only(report, CASE_PYTHON), "always", "possible", "version");
    process_report_destroy(report);
}

static void shared_python(void)
{
    static const char *const patterns[] = {METACALL_DEPS "/hosts/python*-shared/bin/python3.*",
                                           "~/.pyenv/versions/3.*/bin/python3.*[0-9]", NULL};
    char program[512], version[256];

    case_find(patterns, program);
    const char *const argv[] = {program, "-c", PYTHON_WAITS, NULL};
    struct process_report *report = case_look(case_start(argv, NULL, NULL, version));
    const struct process_runtime *runtime = case_only(report, CASE_PYTHON);
    CHECK(runtime->in_executable == 0 && runtime->running == 1);
    CHECK(strstr(runtime->path, "/libpython3.") != NULL);
    CHECK(strncmp(runtime->version, version, strlen(runtime->version)) == 0);
    CHECK(runtime->version_from && strlen(runtime->version) >= 3);
    process_report_destroy(report);
}

static void renamed_executable(void)
{
    char program[512], version[256];

    case_copy(PYTHON, "server", program);
    const char *const argv[] = {program, "-c", PYTHON_WAITS, NULL};
    struct process_report *report = case_look(case_start(argv, NULL, NULL, version));
    const struct process_runtime *runtime = case_only(report, CASE_PYTHON);
    CHECK(strcmp(runtime->path, program) == 0 && runtime->in_executable == 1);
    CHECK(strcmp(runtime->version, version) == 0);
    CHECK(runtime->running == -1); /* nothing outside can tell */
    process_report_destroy(report);
}

static void deleted_executable(void)
{
    char program[512], version[256];

    case_copy(PYTHON, "python3", program);
    const char *const argv[] = {program, "-c", PYTHON_WAITS, NULL};
    pid_t pid = case_start(argv, NULL, NULL, version);
    CHECK(unlink(program) == 0);
    struct process_report *report = case_look(pid);
    const struct process_runtime *runtime = case_only(report, CASE_PYTHON);
    CHECK(report->executable_deleted == 1 && strcmp(report->executable, program) == 0);
    CHECK(runtime->deleted == 1 && strcmp(runtime->path, program) == 0);
    CHECK(runtime->in_executable == 1 && runtime->running == 1);
    CHECK(strcmp(runtime->version, version) == 0);
    process_report_destroy(report);
}

/* ------------------------------------------------------------------------------- no runtime's */

/* test_process hold LIBRARY...: opens the libraries, says so, and waits. */
static int hold(int count, char **libraries)
{
    char byte;

    for (int i = 0; i < count; i++) {
        if (!dlopen(libraries[i], RTLD_LAZY | RTLD_LOCAL)) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
    }
    printf("ready\n");
    fflush(stdout);
    while (read(0, &byte, 1) > 0)
        ;
    return 0;
}

static const char *const libpythons[] = {"/usr/lib/*/libpython3.11.so.1.0",
                                         "~/.pyenv/versions/3.11*/lib/libpython3.11.so.1.0",
                                         "~/.pyenv/versions/3.1*/lib/libpython3.*.so.1.0", NULL};

/* In a C program that has one mapped, asleep: present, and that is all that can be said. */
static void library_only(void)
{
    char library[512], line[256];

    case_find(libpythons, library);
    const char *const argv[] = {own_program, "hold", library, NULL};
    struct process_report *report = case_look(case_start(argv, NULL, NULL, line));
    const struct process_runtime *runtime = case_only(report, CASE_PYTHON);
    CHECK(runtime->in_executable == 0 && runtime->running == -1 && runtime->duplicate == 0);
    CHECK(strstr(runtime->path, "libpython3.") != NULL);
    process_report_destroy(report);
}

static void duplicates(void)
{
    char library[512], copy[512], line[256];

    case_find(libpythons, library);
    case_copy(library, "libother.so", copy);
    const char *const argv[] = {own_program, "hold", library, copy, NULL};
    struct process_report *report = case_look(case_start(argv, NULL, NULL, line));
    CHECK(report->runtime_count == 2);
    CHECK(report->runtimes[0].duplicate == 1 && report->runtimes[1].duplicate == 1);
    CHECK(strcmp(report->runtimes[0].path, report->runtimes[1].path) != 0);
    CHECK(strcmp(report->runtimes[0].version, report->runtimes[1].version) == 0);
    process_report_destroy(report);
}

/* A library that is gone: found through the mapping where one is allowed to, else told. */
static void deleted_library(void)
{
    char library[512], copy[512], line[256];

    case_find(libpythons, library);
    case_copy(library, "libgone.so", copy);
    const char *const argv[] = {own_program, "hold", copy, NULL};
    pid_t pid = case_start(argv, NULL, NULL, line);
    CHECK(unlink(copy) == 0);
    struct process_report *report = case_look(pid);
    if (report->unreadable_count) {
        CHECK(geteuid() != 0 || report->runtime_count == 0);
        CHECK(report->unreadable_count == 1 && strcmp(report->unreadable, copy) == 0);
        CHECK(report->runtime_count == 0);
    } else {
        const struct process_runtime *runtime = case_only(report, CASE_PYTHON);
        CHECK(runtime->deleted == 1 && strcmp(runtime->path, copy) == 0);
    }
    process_report_destroy(report);
}

static char inner[64];

/* A container of one's own: other mounts, and a library that is only in there. Its root is the
 * same folder as ours, seen through a mount. */
static void enter_container(void)
{
    char target[160];

    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "", MS_REC | MS_PRIVATE, "") != 0 ||
        mount("/", inner, "", MS_BIND | MS_REC, "") != 0)
        _exit(77);
    snprintf(target, sizeof(target), "%s/mnt", inner);
    if (mount("tmpfs", target, "tmpfs", 0, "") != 0)
        _exit(77);
    snprintf(target, sizeof(target), "cp '%s.so' '%s/mnt/libinside.so'", inner, inner);
    if (system(target) != 0 || chdir(inner) != 0 || mkdir("mnt/old", 0755) != 0 ||
        syscall(SYS_pivot_root, ".", "mnt/old") != 0 || chdir("/") != 0 ||
        umount2("/mnt/old", MNT_DETACH) != 0)
        _exit(77);
}

static void container(void)
{
    char library[512], copy[512], line[256];
    struct stat info;

    if (geteuid() != 0)
        case_skip("a container needs root");
    case_find(libpythons, library);
    snprintf(inner, sizeof(inner), "%s/in", case_folder());
    CHECK(mkdir(inner, 0755) == 0);
    case_copy(library, "in.so", copy);
    const char *const argv[] = {own_program, "hold", "/mnt/libinside.so", NULL};
    struct process_report *report = case_look(case_start(argv, NULL, enter_container, line));
    CHECK(report->other_mounts == 1);
    CHECK(stat("/mnt/libinside.so", &info) != 0);
    const struct process_runtime *runtime = case_only(report, CASE_PYTHON);
    CHECK(strcmp(runtime->path, "/mnt/libinside.so") == 0 && runtime->version[0] == '3');
    process_report_destroy(report);
}

/* -------------------------------------------------------------------------------------- node */

static void check_node(const struct process_report *report, const char *version)
{
    const struct process_runtime *runtime = case_only(report, CASE_NODE);
    const struct process_names *names = names_in_executable(report);

    CHECK(report->runtime_count == 1 && runtime->running == 1);
    if (runtime->in_executable) {
        CHECK(strcmp(runtime->version, version) == 0);
        CHECK(strcmp(runtime->version_from, "text") == 0);
        CHECK(names && names->count > 1000 && strcmp(names->rule->id, "openssl") == 0);
        CHECK(strcmp(names->path, runtime->path) == 0);
    } else {
        CHECK(strcmp(runtime->version_from, "soname") == 0);
    }
}

static void each_node(void)
{
    static const char *const programs[] = {
        "/usr/bin/node",
        METACALL_DEPS "/hosts/node-16/bin/node",
        METACALL_DEPS "/hosts/node-18/bin/node",
        METACALL_DEPS "/hosts/node-22/bin/node",
        METACALL_DEPS "/hosts/node-24/bin/node",
    };
    int seen = 0;

    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        const char *const argv[] = {programs[i], "-e", NODE_WAITS, NULL};
        char version[256];
        if (access(programs[i], X_OK) != 0)
            continue;
        struct process_report *report = case_look(case_start(argv, NULL, NULL, version));
        check_node(report, version);
        check_entrance(case_only(report, CASE_NODE), "inspector", "possible", "has a handler");
        process_report_destroy(report);
        case_stop();
        seen++;
    }
    if (!seen)
        case_skip("no node on this machine");
}

static void node_inspector(void)
{
    static const char *const patterns[] = {"/usr/bin/node", METACALL_DEPS "/hosts/node-2*/bin/node",
                                           NULL};
    const char *const variables[] = {"NODE_OPTIONS=--no-warnings --inspect=127.0.0.1:0", NULL};
    char program[512], script[512], line[256];
    struct process_report *report;

    case_find(patterns, program);
    snprintf(script, sizeof(script), "%s/script.js", case_folder());
    FILE *file = fopen(script, "w");
    CHECK(file && fputs(NODE_WAITS, file) >= 0 && fclose(file) == 0);

    const char *const opened[] = {program, "--inspect=127.0.0.1:0", script, NULL};
    const char *const behind[] = {program, script, "--inspect", NULL};
    report = case_look(case_start(opened, NULL, NULL, line));
    check_entrance(case_only(report, CASE_NODE), "inspector", "open", "argument --inspect");
    process_report_destroy(report);
    case_stop();
    report = case_look(case_start(behind, NULL, NULL, line));
    check_entrance(case_only(report, CASE_NODE), "inspector", "possible", "handler");
    process_report_destroy(report);
    case_stop();

    const char *const by_options[] = {program, "-e", NODE_WAITS, NULL};
    report = case_look(case_start(by_options, variables, NULL, line));
    check_entrance(case_only(report, CASE_NODE), "inspector", "open", "NODE_OPTIONS");
    process_report_destroy(report);
}

/* ------------------------------------------------------------------------------------ errors */

static int look_fails(pid_t pid)
{
    struct process_report *report = NULL;
    int result = process_look(pid, case_rules, CASE_RULES, case_names, 1, &report);

    CHECK(report == NULL || result == 0);
    process_report_destroy(report);
    return result != 0;
}

static void vanished(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    CHECK(pid > 0);
    siginfo_t info;
    CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
    CHECK(look_fails(pid));
    case_error(METACALL_ERROR_NOT_FOUND, "waits for its parent");
    CHECK(waitpid(pid, NULL, 0) == pid);
    CHECK(look_fails(pid));
    case_error(METACALL_ERROR_NOT_FOUND, "there is no process");
    CHECK(look_fails(0));
    case_error(METACALL_ERROR_ARGUMENT, "not the number of a process");
    CHECK(look_fails(-1));
    case_error(METACALL_ERROR_ARGUMENT, "-1");
    process_report_destroy(NULL);

    /* ending, and becoming another program, while being looked at */
    int looked = 0, missed = 0;
    for (int i = 0; i < 200; i++) {
        pid = fork();
        if (pid == 0) {
            usleep((useconds_t)(i * 17 % 1500));
            execl("/bin/true", "true", NULL);
            _exit(0);
        }
        for (int again = 0; again < 20; again++) {
            if (!look_fails(pid)) {
                looked++;
                continue;
            }
            metacall_error *error = metacall_error_take();
            CHECK(error &&
                  (error->code == METACALL_ERROR_NOT_FOUND || error->code == METACALL_ERROR_HOST));
            missed += error->code == METACALL_ERROR_NOT_FOUND;
            metacall_error_release(error);
        }
        CHECK(waitpid(pid, NULL, 0) == pid);
    }
    CHECK(looked > 0 && missed > 0);
}

static void forbidden(void)
{
    pid_t target = getpid(), pid;
    int status = 0;

    if (geteuid() != 0) {
        CHECK(look_fails(1));
        case_error(METACALL_ERROR_HOST, "may not be looked at");
        return;
    }
    pid = fork();
    if (pid == 0) {
        if (setgid(65534) != 0 || setuid(65534) != 0)
            _exit(77);
        CHECK(look_fails(target));
        case_error(METACALL_ERROR_HOST, "belong to user 0");
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        case_skip("the user cannot be changed here");
    CHECK(WEXITSTATUS(status) == 0);
}

static void self(void)
{
    struct process_report *report = case_look(getpid());

    CHECK(report->runtime_count == 0 && report->module_count >= 2);
    CHECK(strcmp(report->executable, own_program) == 0);
    process_report_destroy(report);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {
        {"static_python", static_python},
        {"python_door_shut", python_door_shut},
        {"shared_python", shared_python},
        {"renamed_executable", renamed_executable},
        {"deleted_executable", deleted_executable},
        {"library_only", library_only},
        {"duplicates", duplicates},
        {"deleted_library", deleted_library},
        {"container", container},
        {"each_node", each_node},
        {"node_inspector", node_inspector},
        {"vanished", vanished},
        {"forbidden", forbidden},
        {"self", self},
    };
    int ran = 0;

    if (argc > 2 && strcmp(argv[1], "hold") == 0)
        return hold(argc - 2, argv + 2);
    CHECK(argc == 2 && (own_program = realpath(argv[0], NULL)) != NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            ran = 1;
        }
    }
    CHECK(ran);
    case_clean_up();
    free((void *)own_program);
    return 0;
}
