/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* `metacall script.py args...`: our own options end at the script's name, all that follows is the
 * script's. */
#include "run.h"

#include <metacall/loader.h>
#include <metacall/metacall.h>
#include <metacall/registry.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

static const char usage_text[] =
    "Examples:\n"
    "  metacall app.py --port 8080     run a Python script; --port 8080 is the script's\n"
    "  metacall app.js                 run a Node script\n"
    "  metacall metacall.json          load a deployment: scripts of several languages\n"
    "  metacall --tag py ./server      a script whose name has no extension\n"
    "\n"
    "Usage: metacall [--tag TAG] FILE [ARGUMENT...]\n"
    "       metacall --help | --version\n"
    "\n"
    "Runs FILE in the runtime of its language, found through the loader manifests. A script may\n"
    "load scripts of other languages into the same process: `import metacall` in Python,\n"
    "`require('metacall')` in Node. The exit code is the script's own; 1 after an exception that\n"
    "nobody caught; 2 when FILE cannot be read or the usage is wrong.\n"
    "\n"
    "Options:\n"
    "  --tag TAG   the loader to use, whatever the extension of FILE says\n"
    "  -h, --help  show this text\n"
    "  --version   show the version, the loader interface and the manifest format\n"
    "\n"
    "See also: metacall-registry list, metacall-registry explain TAG, man metacall\n";

static int usage_error(const char *message, const char *argument)
{
    fprintf(stderr, "metacall: %s%s%s%s\nTry: metacall --help\n", message, *argument ? " '" : "",
            argument, *argument ? "'" : "");
    return EXIT_USAGE;
}

static int show_version(void)
{
    printf("metacall %s (loader interface %d.%d, manifest format %d.%d)\n", metacall_version_str(),
           METACALL_LOADER_INTERFACE_MAJOR, METACALL_LOADER_INTERFACE_MINOR,
           METACALL_MANIFEST_VERSION_MAJOR, METACALL_MANIFEST_VERSION_MINOR);
    return 0;
}

int main(int argc, char **argv)
{
    struct run_request request = {NULL, 0, NULL};
    int at = 1;

    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        if (strcmp(argv[at], "-h") == 0 || strcmp(argv[at], "--help") == 0) {
            fputs(usage_text, stdout);
            return 0;
        }
        if (strcmp(argv[at], "--version") == 0)
            return show_version();
        if (strcmp(argv[at], "--tag") != 0)
            return usage_error("unknown option", argv[at]);
        if (at + 1 == argc)
            return usage_error("--tag needs a loader's tag", "");
        request.tag = argv[++at];
    }
    if (at == argc)
        return usage_error("no script given", "");
    request.argc = argc - at;
    request.argv = argv + at;
    return run(&request);
}
