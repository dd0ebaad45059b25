/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "real_open.h"

#include "host_variants/strategy.h"

#include <metacall/loader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const py_markers[] = {"Py_IsInitialized", "_Py_NoneStruct", "PyExc_Exception",
                                         NULL};
static const char *const py_sonames[] = {"libpython%v.so.1.0", NULL};
static const struct host_version_source py_versions[] = {
    {.kind = HOST_VERSION_HEX, .symbol = "Py_Version"},
    {.kind = HOST_VERSION_CALL, .symbol = "Py_GetVersion"},
    {.kind = HOST_VERSION_SONAME},
    {.kind = HOST_VERSION_NONE}};
static const char *const node_markers[] = {"napi_create_function", "napi_module_register",
                                           "node_module_register", NULL};
static const char *const node_sonames[] = {"libnode.so.%v", NULL};
static const char *const node_programs[] = {"node", "node%v", "nodejs", NULL};
static const struct host_version_source node_versions[] = {{.kind = HOST_VERSION_SONAME},
                                                           {.kind = HOST_VERSION_NONE}};

static const struct host_rule rules[] = {
    {.tag = "py",
     .markers = py_markers,
     .sonames = py_sonames,
     .running = HOST_RUNNING_CALL,
     .running_symbol = "Py_IsInitialized",
     .versions = py_versions},
    {.tag = "node",
     .markers = node_markers,
     .sonames = node_sonames,
     .executables = node_programs,
     .running = HOST_RUNNING_EXECUTABLE,
     .versions = node_versions},
};

static const char *const hows[] = {"plain", "same-soname", "shim-global", "shim-forward",
                                   "promoted"};

static int begins_with(const char *version, void *data)
{
    return strncmp(version, data, strlen(data)) == 0;
}

void real_open(const struct real_request *request, struct real_result *ret_result)
{
    static char message[4096], version[32];
    static struct modules *modules;
    struct host_report report = {0};
    struct strategy_request open = {.tag = request->tag,
                                    .plugin = request->plugin,
                                    .plugin_fd = -1,
                                    .needed = request->needed,
                                    .runtime_library = request->runtime_library,
                                    .promote = request->promote};
    struct bound_plugin *plugin = NULL;

    memset(ret_result, 0, sizeof(*ret_result));
    ret_result->owner = ret_result->host_version = "";
    open.rule = strcmp(request->tag, "py") == 0 ? &rules[0] : &rules[1];
    if (strategy_from_name(request->strategy, &open.strategy) != 0 ||
        host_look(open.rule, 1, &modules, &report) != 0)
        abort();
    if (request->version) {
        open.accepts_version = begins_with;
        open.accepts_data = (void *)(uintptr_t)request->version;
        open.version_range = request->version;
    }
    ret_result->owners = report.count;
    if (report.count) {
        open.host = &report.findings[0];
        ret_result->running = report.findings[0].running;
        ret_result->owner = report.findings[0].owner->path;
        snprintf(version, sizeof(version), "%s", report.findings[0].version);
        ret_result->host_version = version;
    }
    if (strategy_open(&open, NULL, NULL, &plugin) == 0) {
        ret_result->message = hows[bound_plugin_how(plugin)];
        ret_result->function = bound_plugin_symbol(plugin, "real_plugin");
    } else {
        metacall_error *error = metacall_error_take();
        snprintf(message, sizeof(message), "%s", error->message);
        ret_result->message = message;
        metacall_error_release(error);
    }
    host_report_finish(&report);
}

int real_mapped(const char *part)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[4096], former[4096] = "";
    int found = 0;

    while (maps && fgets(line, sizeof(line), maps)) {
        const char *path = strchr(line, '/');
        if (!path || strcmp(path, former) == 0 || !strstr(strrchr(path, '/'), part))
            continue;
        snprintf(former, sizeof(former), "%s", path);
        found++;
    }
    fclose(maps);
    return found;
}
