/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Expectations: a failed one is printed with its place and counted; main ends with expect_result.
 */
#ifndef TESTS_EXPECT_H
#define TESTS_EXPECT_H

#include <metacall/loader.h>
#include <stdio.h>
#include <string.h>

/* One pair a program, however many files it has. */
__attribute__((weak)) unsigned expect_failed, expect_passed;

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (condition) {                                                                           \
            expect_passed++;                                                                       \
        } else {                                                                                   \
            expect_failed++;                                                                       \
            fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__, #condition);               \
        }                                                                                          \
    } while (0)

#define EXPECT_TEXT(found, wanted) expect_text(__FILE__, __LINE__, found, wanted)
/* The thread's error is set and its message holds `part`; it is cleared. */
#define EXPECT_ERROR(part) expect_error(__FILE__, __LINE__, part)

static inline void expect_text(const char *file, int line, const char *found, const char *wanted)
{
    if (found == wanted || (found && wanted && strcmp(found, wanted) == 0)) {
        expect_passed++;
        return;
    }
    expect_failed++;
    fprintf(stderr, "%s:%d: expected \"%s\", found \"%s\"\n", file, line,
            wanted ? wanted : "(null)", found ? found : "(null)");
}

static inline void expect_error(const char *file, int line, const char *part)
{
    metacall_error *error = metacall_error_take();

    if (error && error->message && strstr(error->message, part)) {
        expect_passed++;
    } else {
        expect_failed++;
        fprintf(stderr, "%s:%d: expected an error with \"%s\", found \"%s\"\n", file, line, part,
                error && error->message ? error->message : "(none)");
    }
    metacall_error_release(error);
}

static inline int expect_result(void)
{
    if (expect_failed)
        fprintf(stderr, "%u of %u failed\n", expect_failed, expect_failed + expect_passed);
    return expect_failed || !expect_passed;
}

#endif /* TESTS_EXPECT_H */
