/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The host: this program is the runtime "moo" and, when it wants to, "rival" too. It attaches once,
 * is asked for what it runs, stays the host in a fork's child, and ends by its own hook. */
#include "capi.h"

#include <metacall/host.h>
#include <sys/wait.h>
#include <unistd.h>

/* ------------------------------------------------------------- the runtime that this process is */

static int moo_runs, rival_runs, has_late;
static unsigned detaches;

METACALL_API int moo_is_running(void);
METACALL_API int rival_is_running(void);
METACALL_API const char *moo_version(void);
METACALL_API const char *rival_version(void);
METACALL_API int host_runtime_value(const char *name, long *ret_value);

int moo_is_running(void)
{
    return moo_runs;
}

int rival_is_running(void)
{
    return rival_runs;
}

const char *moo_version(void)
{
    return "4.2.1 (moo)";
}

const char *rival_version(void)
{
    return "9.9";
}

/* What the main module has. */
int host_runtime_value(const char *name, long *ret_value)
{
    if (strcmp(name, "detached") == 0)
        detaches++;
    else if (strcmp(name, "main_value") != 0 && !(has_late && strcmp(name, "late_value") == 0))
        return -1;
    *ret_value = 7;
    return 0;
}

/* ------------------------------------------------------------------------------------- tests */

static void test_nobody(void)
{
    struct metacall_host host;
    CHECK_LONG(metacall_host_current(&host), 1);
    CHECK(metacall_host_tag() == NULL && metacall_host_version() == NULL &&
          metacall_host_evidence() == NULL);
    CHECK(metacall_host_current(NULL) != 0);
    CHECK_ERROR("ARGUMENT", "answer");
    metacall_host_exit(); /* harmless */
}

static void test_detected(void)
{
    struct metacall_host host;
    moo_runs = 1;
    if (!CHECK(metacall_host_current(&host) == 0))
        return;
    CHECK_TEXT(host.tag, "moo");
    CHECK_TEXT(host.version, "4.2.1");
    CHECK(strstr(host.owner, "test_capi_host") != NULL);
    CHECK_LONG(host.in_executable, 1);
    CHECK_LONG(host.running, 1);
    CHECK(strstr(host.evidence, "moo_is_running") != NULL);
    CHECK_TEXT(metacall_host_tag(), "moo");
}

static void test_attach(void)
{
    int data = 0;
    void *port = NULL, *again = NULL;
    struct metacall_host_handshake bad = {"nosuch", NULL, NULL}, moo = {"moo", "4.2.2", &data},
                                   rival = {"rival", NULL, NULL};
    struct metacall_host host;
    CHECK(metacall_host_attach(NULL, &port) != 0);
    CHECK_ERROR("ARGUMENT", "tag");
    CHECK(metacall_host_attach(&bad, &port) != 0);
    CHECK_ERROR("NOT_FOUND", "nosuch");
    CHECK(metacall_is_initialized(NULL) != 0); /* a failed attach leaves nothing */
    CHECK(metacall_host_attach(&moo, &port) == 0);
    CHECK(port == &data);
    CHECK(metacall_is_initialized(NULL) == 0);
    CHECK(metacall_host_attach(&moo, &again) == 0 && again == port);
    rival_runs = 1;
    CHECK(metacall_host_attach(&rival, &again) != 0);
    struct metacall_exception_type error;
    CHECK(metacall_error_last(&error) == 0);
    CHECK(strstr(error.message, "'moo'") != NULL);
    CHECK_ERROR("HOST", "'rival' cannot attach as host");
    CHECK_LONG(metacall_host_current(&host), 0);
    CHECK_TEXT(host.tag, "moo");
    CHECK_TEXT(host.version, "4.2.2"); /* as its port said */
    CHECK(strncmp(host.evidence, "handshake", 9) == 0);
    CHECK(strstr(host.evidence, "moo_is_running") != NULL);
    CHECK_TEXT(metacall_host_version(), "4.2.2");
}

static void test_main_module(void)
{
    CHECK_JSON(metacall("main_value"), "7");
    CHECK(metacall("late_value") == NULL);
    CHECK_ERROR("NOT_FOUND", "late_value");
    has_late = 1;
    CHECK_JSON(metacall("late_value"), "7");
    size_t size;
    static const char begin[] = "{\"moo\":[{\"name\":\"__main__\",";
    char *json = metacall_inspect(&size, NULL);
    CHECK(json != NULL && strncmp(json, begin, strlen(begin)) == 0);
    CHECK(json != NULL && strstr(json, "\"main_value\"") != NULL);
    free(json);
}

static void in_child(void)
{
    struct metacall_host host;
    capi_failed = 0;
    alarm(20);
    CHECK_LONG(metacall_host_current(&host), 0);
    CHECK_TEXT(host.tag, "moo");
    CHECK_JSON(metacall("main_value"), "7");
    metacall_host_exit();
    CHECK_LONG(detaches, 1);
}

static void test_fork(void)
{
    int status = -1;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        in_child();
        _exit(capi_failed != 0);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_LONG(status, 0);
}

static void test_end(void)
{
    /* A guest that counts wrong does not end its host. */
    CHECK(metacall_initialize() == 0);
    CHECK(metacall_destroy() == 0);
    CHECK(metacall_is_initialized("moo") == 0);
    metacall_host_exit();
    CHECK_LONG(detaches, 1);
    metacall_host_exit();
    CHECK_LONG(detaches, 1);
    CHECK(metacall_is_initialized("moo") != 0);
    CHECK(metacall_is_initialized(NULL) != 0);
    CHECK(metacall("main_value") == NULL);
    CHECK_ERROR("STATE", "not initialised");
}

int main(void)
{
    test_nobody();
    test_detected();
    test_attach();
    test_main_module();
    test_fork();
    test_end();
    return capi_result();
}
