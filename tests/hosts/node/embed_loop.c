/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The event loop of an embedded Node: timers and I/O go on while the program sleeps or calls, an
 * idle one costs nothing, standard streams keep their flags, files that are being written are
 * finished at the end. */
#include "embed_check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char script[] =
    "let count = 0; let timer = null;\n"
    "exports.start = (ms) => { timer = setInterval(() => count++, ms); return 0; };\n"
    "exports.count = () => count;\n"
    "exports.stop = () => { clearInterval(timer); return 0; };\n"
    "exports.print = (x) => { process.stdout.write(`${x}\\n`); return 0; };\n"
    "exports.read = () => { require('fs').readFile('/proc/self/stat', (e, d) => { count = -7; });\n"
    "  return 0; };\n"
    "exports.write = (x) => { require('fs').writeFile(process.env.EMBED_FILE,\n"
    "  Buffer.alloc(8 << 20), () => {}); return 0; };\n"
    "exports.argv = () => process.argv.length;\n";

static void *handle;

static double ask(const char *name, double argument)
{
    void *value = metacall_value_create_double(argument);
    void *result = metacallfv_s(metacall_handle_function(handle, name), &value, 1);
    double number;

    CHECK(result != NULL);
    number = (double)metacall_value_to_long(result);
    metacall_value_destroy(value);
    metacall_value_destroy(result);
    return number;
}

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void check_timers(void)
{
    double seen;

    CHECK(ask("start", 5) == 0);
    sleep_ms(500);
    seen = ask("count", 0);
    CHECK(seen >= 20 && seen <= 110);
    /* A busy program does not starve them. */
    for (double end = cpu_ms() + 300; cpu_ms() < end;)
        ask("argv", 0);
    CHECK(ask("count", 0) >= seen + 10);
    CHECK(ask("stop", 0) == 0);
}

static void check_io(void)
{
    CHECK(ask("read", 0) == 0);
    for (int i = 0; i < 1000 && ask("count", 0) != -7; i++)
        sleep_ms(1);
    CHECK(ask("count", 0) == -7);
}

static void check_idle(void)
{
    double before;

    sleep_ms(200);
    before = cpu_ms();
    sleep_ms(2000);
    CHECK(cpu_ms() - before < 40); /* 2 %: a spinning thread would take all of it */
}

static void check_streams(int flags)
{
    ask("print", 1);
    CHECK(fcntl(1, F_GETFL) == flags);
}

int main(void)
{
    char name[] = "/tmp/metacall-embed-XXXXXX";
    int file = mkstemp(name), flags = fcntl(1, F_GETFL);
    struct stat status;

    CHECK(file >= 0 && close(file) == 0);
    setenv("EMBED_FILE", name, 1);
    CHECK(metacall_initialize() == 0);
    handle = load_script(script);
    check_timers();
    check_io();
    check_idle();
    check_streams(flags);
    CHECK(ask("write", 0) == 0);
    CHECK(metacall_destroy() == 0);
    CHECK(fcntl(1, F_GETFL) == flags);
    CHECK(stat(name, &status) == 0 && status.st_size == 8 << 20);
    unlink(name);
    puts("ok");
    return 0;
}
