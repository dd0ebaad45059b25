/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A C program that is no runtime: opens the libraries that it is given, RTLD_LOCAL, starts those
 * behind --start by calling the function named, says "ready" and waits for the end of its input.
 *   holder [LIBRARY | --start FUNCTION LIBRARY]... */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char byte;

    for (int i = 1; i < argc; i++) {
        const char *function = NULL;
        if (strcmp(argv[i], "--start") == 0 && i + 2 < argc) {
            function = argv[i + 1];
            i += 2;
        }
        void *library = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
        void *start = library && function ? dlsym(library, function) : NULL;
        if (!library || (function && !start)) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
        if (start)
            ((void (*)(int))start)(0);
    }
    printf("ready -\n");
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    return 0;
}
