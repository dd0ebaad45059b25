/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "process_case.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <metacall/loader.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIST(...)                                                                                  \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static const struct host_rule python = {
    .tag = "py",
    .markers = LIST("Py_IsInitialized", "PyLong_Type", "_Py_NoneStruct"),
    .sonames = LIST("libpython%v.so.1.0", "libpython%vm.so.1.0", "libpython%v.so"),
    .executables = LIST("python", "python3", "python%v"),
    .running = HOST_RUNNING_CALL,
    .running_symbol = "Py_IsInitialized",
    .versions =
        (const struct host_version_source[]){{.kind = HOST_VERSION_HEX, .symbol = "Py_Version"},
                                             {.kind = HOST_VERSION_CALL, .symbol = "Py_GetVersion"},
                                             {.kind = HOST_VERSION_SONAME},
                                             {.kind = HOST_VERSION_NONE}},
};
static const struct host_rule node = {
    .tag = "node",
    .markers = LIST("napi_create_function", "napi_module_register"),
    .sonames = LIST("libnode.so.%v"),
    .executables = LIST("node", "nodejs", "node%v"),
    .running = HOST_RUNNING_EXECUTABLE,
    .versions = (const struct host_version_source[]){{.kind = HOST_VERSION_SONAME},
                                                     {.kind = HOST_VERSION_NONE}},
};
const struct process_rule case_rules[] = {
    {
        .host = &python,
        .entrances =
            (const struct process_entrance_rule[]){
                {.id = "pep768",
                 .since = "3.14",
                 .off_arguments = LIST("-X disable-remote-debug", "-Xdisable-remote-debug"),
                 .off_variables = LIST("PYTHON_DISABLE_REMOTE_DEBUG")},
                /* the same door, as if it had always been there */
                {.id = "always",
                 .since = "3.2",
                 .off_arguments = LIST("-X disable-remote-debug", "-Xdisable-remote-debug"),
                 .off_variables = LIST("PYTHON_DISABLE_REMOTE_DEBUG")},
                {.id = "once", .until = "3.2"},
                {.id = NULL}},
    },
    {
        .host = &node,
        .texts = LIST("node.js/v%v"),
        .entrances =
            (const struct process_entrance_rule[]){
                {.id = "inspector",
                 .on_arguments = LIST("--inspect", "--inspect=*", "--inspect-brk"),
                 .off_arguments = LIST("--disable-sigusr1"),
                 .option_variables = LIST("NODE_OPTIONS"),
                 .signal = SIGUSR1},
                {.id = NULL}},
    },
};
const struct process_names_rule case_names[] = {
    {"openssl", LIST("SSL_CTX_new", "EVP_MD_CTX_new"),
     LIST("SSL_*", "EVP_*", "X509_*", "BIO_*", "BN_*", "CRYPTO_*", "RSA_*", "EC_*", "ASN1_*")},
};

static pid_t child;
static char folder[64];

void case_stop(void)
{
    if (child > 0) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        child = 0;
    }
}

void case_clean_up(void)
{
    char command[128];

    case_stop();
    if (folder[0]) {
        snprintf(command, sizeof(command), "rm -rf '%s'", folder);
        if (system(command) != 0)
            fprintf(stderr, "%s is left behind\n", folder);
        folder[0] = 0;
    }
}

void case_failed(const char *file, int line, const char *what)
{
    metacall_error *error = metacall_error_peek();

    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    if (error && error->message)
        fprintf(stderr, "  the error is: %s\n", error->message);
    case_clean_up();
    exit(1);
}

void case_skip(const char *reason)
{
    printf("SKIP: %s\n", reason);
    case_clean_up();
    exit(77);
}

void case_error(int code, const char *text)
{
    metacall_error *error = metacall_error_take();

    if (!error || (int)error->code != code || (text && !strstr(error->message, text))) {
        fprintf(stderr, "an error of code %d with '%s' was expected; it is %d: %s\n", code,
                text ? text : "", error ? (int)error->code : -1, error ? error->message : "none");
        case_failed(__FILE__, __LINE__, "the error");
    }
    metacall_error_release(error);
}

static void become(const char *const argv[], const char *const environment[], void (*before)(void),
                   const int in[2], const int out[2])
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(in[0], 0);
    dup2(out[1], 1);
    close(in[0]);
    close(in[1]);
    close(out[0]);
    close(out[1]);
    for (; environment && *environment; environment++)
        putenv((char *)*environment);
    if (before)
        before();
    execv(argv[0], (char *const *)argv);
    _exit(errno == ENOENT ? 76 : 75);
}

pid_t case_start(const char *const argv[], const char *const environment[], void (*before)(void),
                 char ret_line[256])
{
    static int keep; /* its standard input stays open as long as this process lives */
    struct pollfd wait;
    size_t size = 0;
    int in[2], out[2], status;

    CHECK(child == 0 && pipe(in) == 0 && pipe(out) == 0);
    child = fork();
    CHECK(child >= 0);
    if (child == 0)
        become(argv, environment, before, in, out);
    close(in[0]);
    close(out[1]);
    keep = in[1];
    (void)keep;
    wait = (struct pollfd){.fd = out[0], .events = POLLIN};
    while (size < 255 && poll(&wait, 1, 60000) == 1 && read(out[0], ret_line + size, 1) == 1 &&
           ret_line[size] != '\n')
        size++;
    ret_line[size] = 0;
    close(out[0]);
    if (size == 0 && waitpid(child, &status, 0) == child) {
        child = 0;
        if (WIFEXITED(status) && (WEXITSTATUS(status) == 76 || WEXITSTATUS(status) == 77))
            case_skip(WEXITSTATUS(status) == 76 ? argv[0] : "this needs more rights");
    }
    CHECK(strncmp(ret_line, "ready", 5) == 0);
    memmove(ret_line, ret_line + (ret_line[5] == ' ' ? 6 : 5), 240);
    return child;
}

struct process_report *case_look(pid_t pid)
{
    struct process_report *report = NULL;

    CHECK(process_look(pid, case_rules, CASE_RULES, case_names, 1, &report) == 0);
    CHECK(report != NULL && report->pid == pid);
    return report;
}

const struct process_runtime *case_only(const struct process_report *report, int rule)
{
    const struct process_runtime *found = NULL;

    for (size_t i = 0; i < report->runtime_count; i++) {
        if (report->runtimes[i].rule == &case_rules[rule]) {
            CHECK(found == NULL);
            found = &report->runtimes[i];
        }
    }
    CHECK(found != NULL);
    return found;
}

const char *case_folder(void)
{
    if (!folder[0]) {
        strcpy(folder, "/tmp/metacall-process-XXXXXX");
        CHECK(mkdtemp(folder) != NULL);
        chmod(folder, 0755);
    }
    return folder;
}

void case_copy(const char *from, const char *name, char ret_path[512])
{
    char buffer[65536];
    ssize_t size;

    snprintf(ret_path, 512, "%s/%s", case_folder(), name);
    int source = open(from, O_RDONLY | O_CLOEXEC);
    if (source < 0)
        case_skip(from);
    int target = open(ret_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    CHECK(target >= 0);
    while ((size = read(source, buffer, sizeof(buffer))) > 0)
        CHECK(write(target, buffer, (size_t)size) == size);
    CHECK(size == 0);
    close(source);
    close(target);
}

void case_find(const char *const patterns[], char ret_path[512])
{
    for (; *patterns; patterns++) {
        glob_t found;
        int failed = glob(*patterns, GLOB_TILDE, NULL, &found);
        if (!failed && found.gl_pathc)
            snprintf(ret_path, 512, "%s", found.gl_pathv[0]);
        if (!failed)
            globfree(&found);
        if (!failed)
            return;
    }
    case_skip("no such host on this machine (tools/setup fetches it)");
}
