/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Checks and named tests. A failed check is printed with its place; main runs every test and fails
 * when one check did, or when there was none. */
#ifndef TESTS_CORE_CHECK_H
#define TESTS_CORE_CHECK_H

#include <metacall/loader.h>

#include <stdio.h>
#include <string.h>

struct check_test {
    const char *name;
    void (*run)(void);
};

static unsigned check_failed, check_passed;
static const char *check_current = "";

#define CHECK(condition) check_that((condition) != 0, __FILE__, __LINE__, #condition)
#define CHECK_LONG(found, wanted) check_long(__FILE__, __LINE__, #found, found, wanted)
#define CHECK_TEXT(found, wanted) check_text(__FILE__, __LINE__, #found, found, wanted)
/* The thread's error has that code and its message holds the text; it is cleared. */
#define CHECK_ERROR(code, part) check_error(__FILE__, __LINE__, code, part)
#define CHECK_NO_ERROR() check_no_error(__FILE__, __LINE__)

static inline int check_that(int truth, const char *file, int line, const char *what)
{
    __atomic_add_fetch(truth ? &check_passed : &check_failed, 1, __ATOMIC_RELAXED);
    if (!truth)
        fprintf(stderr, "%s:%d: %s: not so: %s\n", file, line, check_current, what);
    return truth;
}

static inline void check_long(const char *file, int line, const char *what, long long found,
                              long long wanted)
{
    if (!check_that(found == wanted, file, line, what))
        fprintf(stderr, "    found %lld, wanted %lld\n", found, wanted);
}

static inline void check_text(const char *file, int line, const char *what, const char *found,
                              const char *wanted)
{
    if (!check_that(found != NULL && strcmp(found, wanted) == 0, file, line, what))
        fprintf(stderr, "    found \"%s\", wanted \"%s\"\n", found != NULL ? found : "(null)",
                wanted);
}

static inline void check_error(const char *file, int line, enum metacall_error_code code,
                               const char *part)
{
    metacall_error *error = metacall_error_take();
    if (!check_that(error != NULL && error->code == code && error->message != NULL &&
                        strstr(error->message, part) != NULL,
                    file, line, part))
        fprintf(stderr, "    found code %d: %s\n", error != NULL ? (int)error->code : 0,
                error != NULL && error->message != NULL ? error->message : "(none)");
    metacall_error_release(error);
}

static inline void check_no_error(const char *file, int line)
{
    metacall_error *error = metacall_error_peek();
    if (!check_that(error == NULL, file, line, "no error"))
        fprintf(stderr, "    found: %s\n", error->message != NULL ? error->message : "(no text)");
}

static inline int check_main(const struct check_test *tests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned before = check_failed;
        check_current = tests[i].name;
        metacall_error_release(metacall_error_take());
        tests[i].run();
        printf("%s %s\n", check_failed == before ? "ok  " : "FAIL", tests[i].name);
    }
    metacall_error_release(metacall_error_take());
    printf("%u checks, %u failed\n", check_passed + check_failed, check_failed);
    return check_failed != 0 || check_passed == 0;
}

#define CHECK_MAIN(tests)                                                                          \
    int main(void)                                                                                 \
    {                                                                                              \
        return check_main(tests, sizeof(tests) / sizeof((tests)[0]));                              \
    }

#endif /* TESTS_CORE_CHECK_H */
