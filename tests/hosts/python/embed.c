/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A C program with Python inside: embed SCRIPT [FUNCTION...]. Loads the script, calls each function
 * and prints what it gave; ends the library, says so, and ends with status 5, which nobody may
 * change. With METACALL_EMBED_FORGET set it leaves without ending the library. */
#include <metacall/metacall.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void print_error(const char *what)
{
    struct metacall_exception_type error;
    if (metacall_error_last(&error) == 0)
        printf("%s failed: %s: %s\n%s", what, error.label, error.message, error.stacktrace);
    else
        printf("%s failed without a word\n", what);
    metacall_error_clear();
}

static void *call(void *name)
{
    size_t size;
    char *text;
    void *allocator, *result = metacallv_s(name, metacall_null_args, 0);
    struct metacall_allocator_std_type functions = {&malloc, &realloc, &free};
    if (result == NULL) {
        print_error(name);
        return NULL;
    }
    allocator = metacall_allocator_create(METACALL_ALLOCATOR_STD, &functions);
    text = metacall_serialize(metacall_serial(), result, &size, allocator);
    printf("%s\n", text != NULL ? text : "(cannot be shown)");
    metacall_allocator_free(allocator, text);
    metacall_allocator_destroy(allocator);
    metacall_value_destroy(result);
    return NULL;
}

int main(int argc, char *argv[])
{
    const char *paths[1] = {argv[1]};
    pthread_t thread;
    int i;
    if (argc < 2 || metacall_initialize() != 0)
        return 1;
    if (metacall_load_from_file("py", paths, 1, NULL) != 0)
        print_error("load");
    for (i = 2; i < argc; i++) {
        if (argv[i][0] == '#') { /* "#300" waits for so many milliseconds */
            usleep((useconds_t)atoi(argv[i] + 1) * 1000);
        } else if (argv[i][0] != '@') { /* "@name" is called on a thread of its own */
            call(argv[i]);
        } else if (pthread_create(&thread, NULL, call, argv[i] + 1) == 0) {
            pthread_join(thread, NULL);
        }
    }
    fflush(stdout);
    if (getenv("METACALL_EMBED_FORGET") != NULL)
        return 5;
    if (metacall_destroy() != 0)
        print_error("destroy");
    printf("destroyed\n");
    if (metacall_initialize() == 0 && metacall_load_from_memory("py", "x = 1", 6, NULL) != 0)
        print_error("again");
    metacall_destroy();
    return 5;
}
