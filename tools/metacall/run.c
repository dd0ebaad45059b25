/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* From a script to an exit code. The script's end becomes ours: its own exit code, 1 with its
 * traceback for an exception, the signal for an interrupt; 2 where it could not even be read. */
#include "run.h"

#include <errno.h>
#include <metacall/loader.h>
#include <metacall/metacall.h>
#include <metacall/registry.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_CANNOT_READ = 2 };

static int complain(const char *subject, const char *message)
{
    fprintf(stderr, "metacall: %s: %s\n", subject, message);
    return EXIT_CANNOT_READ;
}

/* The thread's error as text. */
static const char *reason(void)
{
    const metacall_error *error = metacall_error_peek();

    return error != NULL && error->message != NULL ? error->message : "no reason was given";
}

static int readable(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return complain(path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return complain(path, strerror(EISDIR));
    if (access(path, R_OK) != 0)
        return complain(path, strerror(errno));
    return 0;
}

/* "metacall.json", "dir/metacall-app.json": a description of what to load, not a script. */
static int is_deployment(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot != NULL && strcmp(dot, ".json") == 0;
}

static int find_tag(const char *path, char ret_tag[METACALL_REGISTRY_TAG_SIZE])
{
    metacall_registry *registry = NULL;
    int status = metacall_registry_open(NULL, &registry);

    if (status == 0)
        status = metacall_registry_tag_for_path(registry, path, ret_tag);
    metacall_registry_close(registry);
    return status;
}

static int load(const struct run_request *request)
{
    char tag[METACALL_REGISTRY_TAG_SIZE];
    const char *script = request->argv[0];
    void *handle = NULL;

    if (request->tag == NULL && is_deployment(script))
        return metacall_load_from_configuration(script, NULL, NULL);
    if (request->tag != NULL)
        snprintf(tag, sizeof tag, "%s", request->tag);
    else if (find_tag(script, tag) != 0)
        return -1;
    return metacall_load_from_file(tag, &script, 1, &handle);
}

/* Says on stderr what the runtime itself would have said, and gives the exit code. */
static int report(metacall_error *error, const char *script)
{
    const char *stack;

    switch (error->code) {
    case METACALL_ERROR_EXIT:
        if (error->message != NULL && error->message[0] != '\0')
            fprintf(stderr, "%s\n", error->message);
        return error->exit_status & 0xff;
    case METACALL_ERROR_GUEST:
    case METACALL_ERROR_INTERRUPT:
        stack = metacall_error_stack(error);
        if (stack[0] != '\0')
            fprintf(stderr, "%s%s", stack, stack[strlen(stack) - 1] == '\n' ? "" : "\n");
        else
            fprintf(stderr, "%s: %s\n", error->type != NULL ? error->type : "Error",
                    error->message != NULL ? error->message : "");
        return 1;
    default:
        fprintf(stderr, "metacall: %s: %s\n", script,
                error->message != NULL ? error->message : "no reason was given");
        return 1;
    }
}

/* The shell, and a make that waits for us, must see that it was the signal. */
static void die_of_interrupt(void)
{
    sigset_t set;

    signal(SIGINT, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(SIGINT);
}

int run(const struct run_request *request)
{
    const char *script = request->argv[0];
    metacall_error *error = NULL;
    int interrupted = 0;
    int code = readable(script);

    if (code != 0)
        return code;
    metacall_initialize_args(request->argc, request->argv);
    if (metacall_initialize() != 0)
        return complain(script, reason());
    if (load(request) != 0) {
        error = metacall_error_take();
        code = 1;
    }
    if (error != NULL) {
        interrupted = error->code == METACALL_ERROR_INTERRUPT;
        code = report(error, script);
        metacall_error_release(error);
    }
    /* Runs what the guests still have to do; a script that ends there ends us in the same way. */
    if (metacall_destroy() != 0 && code == 0) {
        error = metacall_error_take();
        code = error != NULL ? report(error, script) : 1;
        metacall_error_release(error);
    }
    if (interrupted)
        die_of_interrupt();
    return code;
}
