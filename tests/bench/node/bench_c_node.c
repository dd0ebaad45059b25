/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* call.c-node: a JavaScript function of two integers called through the C API, its arguments
 * prepared, against the same function called through Node-API by a bare embedder that takes the
 * lock and the scopes for each call (floor_node, a process of its own). */
#include "bench_row.h"

#include <metacall/metacall.h>

#include <limits.h>

static void *function, *args[2];

static void call(size_t count, void *data)
{
    (void)data;
    while (count-- > 0)
        metacall_value_destroy(metacallfv_s(function, args, 2));
}

/* Nanoseconds that floor_node prints; 0 where it cannot be run. */
static double floor_of(const char *folder)
{
    char command[PATH_MAX + 32];
    double value = 0;
    FILE *out;

    snprintf(command, sizeof command, "%s/bench/floor_node call", folder);
    out = popen(command, "r");
    if (!out)
        return 0;
    if (fscanf(out, "%lf", &value) != 1)
        value = 0;
    pclose(out);
    return value;
}

int main(void)
{
    static const char text[] = "module.exports = { add: (a, b) => a + b };";
    const char *folder = getenv("METACALL_BUILD_DIR");
    double values[BENCH_SAMPLES], floors[BENCH_SAMPLES];
    void *handle = NULL;

    if (!bench_wanted("call.c-node") || !folder || floor_of(folder) == 0)
        return 77;
    if (metacall_initialize() != 0 ||
        metacall_load_from_memory("node", text, sizeof text, &handle) != 0 ||
        !(function = metacall_handle_function(handle, "add"))) {
        fputs("bench_c_node: Node could not be started\n", stderr);
        return 1;
    }
    args[0] = metacall_value_create_long(3);
    args[1] = metacall_value_create_long(4);
    call(20000, NULL);
    for (int i = 0; i < BENCH_SAMPLES; i++) {
        floors[i] = floor_of(folder);
        values[i] = bench_time(call, 200000, NULL);
    }
    bench_row("call.c-node", bench_median(values, BENCH_SAMPLES),
              bench_median(floors, BENCH_SAMPLES), "ns", 1.5);
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
    return metacall_destroy() == 0 ? 0 : 1;
}
