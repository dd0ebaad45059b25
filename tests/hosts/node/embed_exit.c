/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The ends of an embedded Node, by name: none of them is the end of the program, and each leaves
 * its own exit code alone. */
#include "embed_check.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static const char script[] =
    "exports.exit = (code) => process.exit(code);\n"
    "exports.later = (code) => { setTimeout(() => process.exit(code), 5); return 0; };\n"
    "exports.uncaught = () => { setTimeout(() => { throw new Error('nobody'); }, 5); return 0; };\n"
    "exports.reject = () => { Promise.reject(new Error('nobody')); return 0; };\n"
    "exports.busy = () => { for (;;); };\n"
    "exports.timers = () => { setInterval(() => {}, 1); return 0; };\n"
    "exports.listen = () => { process.on('exit', (c) => require('fs').writeSync(1, `exit "
    "${c}\\n`));"
    " return 0; };\n"
    "exports.add = (a) => a + 1;\n";

static void *handle;

static void *call(const char *name, long argument)
{
    void *value = metacall_value_create_long(argument);
    void *result = metacallfv_s(metacall_handle_function(handle, name), &value, 1);

    metacall_value_destroy(value);
    return result;
}

/* Does it give something? */
static int gives(const char *name, long argument)
{
    void *result = call(name, argument);

    metacall_value_destroy(result);
    return result != NULL;
}

/* Node is over, with this code; later calls are refused, and it is not started again. */
static void check_over(int status)
{
    void *other = NULL;

    CHECK(!gives("add", 1));
    CHECK(metacall_error_peek()->code == METACALL_ERROR_EXIT);
    CHECK(metacall_error_peek()->exit_status == status);
    metacall_error_clear();
    CHECK(metacall_load_from_memory("node", "0", 2, &other) != 0);
    metacall_error_clear();
}

static void wait_over(void)
{
    for (int i = 0; i < 2000; i++) {
        if (!gives("add", 1))
            return;
        sleep_ms(1);
    }
    CHECK(!"Node did not end");
}

static void *be_busy(void *unused)
{
    (void)unused;
    CHECK(!gives("busy", 0));
    return NULL;
}

/* A child of a fork can end, and is refused when it calls. */
static void check_fork(void)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        if (call("add", 1) != NULL || metacall_error_peek()->code != METACALL_ERROR_FORK)
            _exit(1);
        exit(5);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 5);
    CHECK(gives("add", 1));
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "";
    pthread_t thread;

    CHECK(metacall_initialize() == 0);
    handle = load_script(script);
    CHECK(gives("add", 1));
    if (strcmp(way, "exit") == 0) {
        CHECK(!gives("exit", 3));
        CHECK(metacall_error_peek()->code == METACALL_ERROR_EXIT);
        CHECK(metacall_error_peek()->exit_status == 3);
        check_over(3);
    } else if (strcmp(way, "later") == 0) {
        CHECK(gives("later", 4));
        wait_over();
        check_over(4);
    } else if (strcmp(way, "uncaught") == 0 || strcmp(way, "reject") == 0) {
        gives(way, 0);
        wait_over();
        check_over(1);
    } else if (strcmp(way, "busy") == 0) {
        CHECK(pthread_create(&thread, NULL, be_busy, NULL) == 0);
        sleep_ms(100);
    } else if (strcmp(way, "timers") == 0 || strcmp(way, "listen") == 0) {
        CHECK(gives(way, 0));
    } else if (strcmp(way, "fork") == 0) {
        check_fork();
    } else {
        return 2;
    }
    metacall_destroy();
    puts("ok");
    return 7;
}
