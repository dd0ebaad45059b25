/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Host detection on a made-up runtime: markers, probes, versions, copies. */
#include "../expect.h"

#include "host_variants/host.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static const char *const markers[] = {"moo_is_running", "moo_state", "moo_version_hex", NULL};
static const char *const sonames[] = {"libmoo%v.so.1", NULL};
static const char *const programs[] = {"moo", "test_hv_*", NULL};
static const struct host_version_source by_hex[] = {
    {.kind = HOST_VERSION_HEX, .symbol = "moo_version_hex"}, {.kind = HOST_VERSION_NONE}};

static struct host_rule moo_rule(void)
{
    return (struct host_rule){.tag = "moo",
                              .markers = markers,
                              .sonames = sonames,
                              .executables = programs,
                              .running = HOST_RUNNING_CALL,
                              .running_symbol = "moo_is_running",
                              .versions = by_hex};
}

static void test_patterns(void)
{
    char version[32] = "kept";

    EXPECT(host_pattern_matches("libmoo%v.so.1", "libmoo1.5.so.1", version, sizeof(version)));
    EXPECT_TEXT(version, "1.5");
    EXPECT(!host_pattern_matches("libmoo%v.so.1", "_moo.libmoo1.5.so.1.so", NULL, 0));
    EXPECT(!host_pattern_matches("libmoo%v.so.1", "libmoo.so.1", NULL, 0));
    EXPECT(!host_pattern_matches("libmoo%v.so.1", "libmoo1.5.so.10", NULL, 0));
    EXPECT(!host_pattern_matches("libmoo%v.so.1", "xlibmoo1.5.so.1", NULL, 0));
    EXPECT(host_pattern_matches("libnode.so.%v", "libnode.so.115", version, sizeof(version)));
    EXPECT_TEXT(version, "115");
    EXPECT(host_pattern_matches("python%v", "python3.11", version, sizeof(version)));
    EXPECT_TEXT(version, "3.11");
    EXPECT(!host_pattern_matches("python%v", "python3.", NULL, 0));
    EXPECT(!host_pattern_matches("python%v", "python3.11-config", NULL, 0));
    EXPECT(!host_pattern_matches("python%v", "python", NULL, 0));
    EXPECT(host_pattern_matches("libv%v.%v.so", "libv1.2.3.so", version, sizeof(version)));
    EXPECT_TEXT(version, "1.2");
    EXPECT(host_pattern_matches("a*c", "abbbc", NULL, 0));
    EXPECT(host_pattern_matches("a*c*", "ac", NULL, 0));
    EXPECT(!host_pattern_matches("a*c", "ab/c", NULL, 0));
    EXPECT(host_pattern_matches("", "", NULL, 0) && !host_pattern_matches("", "a", NULL, 0));
    char tiny[3] = "";
    EXPECT(host_pattern_matches("x%v", "x12345", tiny, sizeof(tiny)));
    EXPECT_TEXT(tiny, "12");
}

static void test_absent(void)
{
    void *like = dlopen(FIXTURES "/moo_like/_moo.libmoo1.5.so.1.so", RTLD_NOW | RTLD_GLOBAL);
    struct host_rule rule = moo_rule();
    struct host_report report = {0};
    struct modules *modules = NULL;

    /* one marker of three, and a file name that holds the runtime's: no runtime */
    EXPECT(like && modules_walk(&modules) == 0);
    EXPECT(host_detect(modules, &rule, 1, &report) == 0 && report.count == 0);
    host_report_finish(&report);
    rule.markers = NULL;
    EXPECT(host_detect(modules, &rule, 1, &report) == 0 && report.count == 0);
    host_report_finish(&report);
    modules_destroy(modules);
    dlclose(like);
}

static void test_present_then_running(void)
{
    void *moo = dlopen(FIXTURES "/moo1/libmoo1.5.so.1", RTLD_NOW | RTLD_LOCAL);
    int *calls = dlsym(moo, "moo_calls"), (*start)(void) = (int (*)(void))dlsym(moo, "moo_start");
    struct host_rule rule = moo_rule();
    struct host_report report;
    struct modules *modules = NULL;

    EXPECT(modules_walk(&modules) == 0);
    EXPECT(host_detect(modules, &rule, 1, &report) == 0 && report.count == 1);
    EXPECT(report.findings[0].running == 0 && report.findings[0].rule == &rule);
    EXPECT_TEXT(report.findings[0].owner->soname, "libmoo1.5.so.1");
    EXPECT_TEXT(report.findings[0].version, "1.5.3");
    EXPECT_TEXT(report.findings[0].version_from, "moo_version_hex");
    EXPECT(*calls == 1);
    host_report_finish(&report);
    start();
    EXPECT(host_detect(modules, &rule, 1, &report) == 0 && report.count == 1);
    EXPECT(report.findings[0].running == 1);
    host_report_finish(&report);

    rule.running = HOST_RUNNING_POINTER;
    rule.running_symbol = "moo_state";
    *calls = 0;
    EXPECT(host_detect(modules, &rule, 1, &report) == 0 && report.findings[0].running == 1);
    host_report_finish(&report);
    EXPECT(*calls == 0);
    rule.running_symbol = "moo_nothing";
    EXPECT(host_detect(modules, &rule, 1, &report) == 0 && report.findings[0].running == -1);
    host_report_finish(&report);
    rule.running = HOST_RUNNING_EXECUTABLE; /* the program's name is among the patterns */
    EXPECT(host_detect(modules, &rule, 1, &report) == 0 && report.findings[0].running == 1);
    host_report_finish(&report);
    rule.executables = NULL;
    EXPECT(host_detect(modules, &rule, 1, &report) == 0 && report.findings[0].running == 0);
    host_report_finish(&report);
    rule.running = HOST_RUNNING_HANDSHAKE;
    EXPECT(host_detect(modules, &rule, 1, &report) == 0 && report.findings[0].running == -1);
    host_report_finish(&report);
    modules_destroy(modules);
    dlclose(moo);
}

static void test_versions(void)
{
    static const struct host_version_source sources[][3] = {
        {{.kind = HOST_VERSION_CALL, .symbol = "moo_version_text"}, {.kind = HOST_VERSION_NONE}},
        {{.kind = HOST_VERSION_STRING, .symbol = "moo_version_array"}, {.kind = HOST_VERSION_NONE}},
        {{.kind = HOST_VERSION_STRING, .symbol = "moo_version_pointer"},
         {.kind = HOST_VERSION_NONE}},
        {{.kind = HOST_VERSION_STRING, .symbol = "moo_version_bytes"}, {.kind = HOST_VERSION_NONE}},
        {{.kind = HOST_VERSION_STRING, .symbol = "moo_version_digit"}, {.kind = HOST_VERSION_NONE}},
        {{.kind = HOST_VERSION_SONAME}, {.kind = HOST_VERSION_NONE}},
        {{.kind = HOST_VERSION_HEX, .symbol = "moo_nothing"},
         {.kind = HOST_VERSION_SONAME},
         {.kind = HOST_VERSION_NONE}},
        {{.kind = HOST_VERSION_HEX, .symbol = "moo_state"}, {.kind = HOST_VERSION_NONE}}};
    static const char *const wanted[] = {"1.6.4", "1.9.1", "1.9.2", "", "", "1.6", "1.6", ""};
    void *moo = dlopen(FIXTURES "/moo2/libmoo1.6.so.1", RTLD_NOW | RTLD_LOCAL);
    int (*start)(void) = (int (*)(void))dlsym(moo, "moo_start");
    struct host_rule rule = moo_rule();
    struct host_report report;
    struct modules *modules = NULL;

    EXPECT(start && modules_walk(&modules) == 0);
    rule.versions = sources[0]; /* not running: nothing is called for its version */
    EXPECT(host_detect(modules, &rule, 1, &report) == 0);
    EXPECT_TEXT(report.findings[0].version, "");
    EXPECT(report.findings[0].version_from == NULL);
    host_report_finish(&report);
    start();
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]) - 1; i++) {
        rule.versions = sources[i];
        EXPECT(host_detect(modules, &rule, 1, &report) == 0 && report.count == 1);
        EXPECT_TEXT(report.findings[0].version, wanted[i]);
        host_report_finish(&report);
    }
    modules_destroy(modules);
    dlclose(moo);
}

static void test_two_copies(void)
{
    void *first = dlopen(FIXTURES "/moo1/libmoo1.5.so.1", RTLD_NOW | RTLD_LOCAL);
    void *second = dlopen(FIXTURES "/moo2/libmoo1.6.so.1", RTLD_NOW | RTLD_LOCAL);
    struct host_rule rules[2] = {moo_rule(), moo_rule()};
    static const char *const absent[] = {"baa_marker", NULL};
    struct host_report report;
    struct modules *modules = NULL;

    rules[0].tag = "baa";
    rules[0].markers = absent;
    EXPECT(first && second && modules_walk(&modules) == 0);
    EXPECT(host_detect(modules, rules, 2, &report) == 0 && report.count == 2);
    EXPECT_TEXT(report.findings[0].version, "1.5.3");
    EXPECT_TEXT(report.findings[1].version, "1.6.3");
    EXPECT(report.findings[0].rule == &rules[1] && report.findings[1].rule == &rules[1]);
    host_report_finish(&report);
    dlclose(second);
    EXPECT(host_detect(modules, rules, 2, &report) != 0); /* the walk is out of date */
    EXPECT_ERROR("unloaded");
    modules_destroy(modules);
    dlclose(first);
}

int main(void)
{
    test_patterns();
    test_absent();
    test_present_then_running();
    test_versions();
    test_two_copies();
    return expect_result();
}
