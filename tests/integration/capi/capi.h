/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Checks for programs that see the public C API alone. */
#ifndef TESTS_CAPI_H
#define TESTS_CAPI_H

#include <metacall/metacall.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned capi_failed, capi_passed;

#define CHECK(condition) capi_check((condition) != 0, __FILE__, __LINE__, #condition)
#define CHECK_TEXT(found, wanted) capi_text(__FILE__, __LINE__, #found, found, wanted)
#define CHECK_LONG(found, wanted) capi_long(__FILE__, __LINE__, #found, found, wanted)
/* The call failed with that label, and its message holds the part. Clears the error. */
#define CHECK_ERROR(label, part) capi_error(__FILE__, __LINE__, label, part)
/* A value's JSON text; the value is destroyed. */
#define CHECK_JSON(value, wanted) capi_json(__FILE__, __LINE__, #value, value, wanted)

static inline int capi_check(int truth, const char *file, int line, const char *what)
{
    __atomic_add_fetch(truth ? &capi_passed : &capi_failed, 1, __ATOMIC_RELAXED);
    if (!truth)
        fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    return truth;
}

static inline void capi_text(const char *file, int line, const char *what, const char *found,
                             const char *wanted)
{
    if (!capi_check(found != NULL && strcmp(found, wanted) == 0, file, line, what))
        fprintf(stderr, "    found \"%s\", wanted \"%s\"\n", found != NULL ? found : "(null)",
                wanted);
}

static inline void capi_long(const char *file, int line, const char *what, long long found,
                             long long wanted)
{
    if (!capi_check(found == wanted, file, line, what))
        fprintf(stderr, "    found %lld, wanted %lld\n", found, wanted);
}

static inline void capi_error(const char *file, int line, const char *label, const char *part)
{
    struct metacall_exception_type error = {0};
    int none = metacall_error_last(&error);
    if (!capi_check(none == 0 && strcmp(error.label, label) == 0 &&
                        strstr(error.message, part) != NULL,
                    file, line, part))
        fprintf(stderr, "    found %s: %s\n", none == 0 ? error.label : "no error",
                none == 0 ? error.message : "");
    metacall_error_clear();
}

static inline void capi_json(const char *file, int line, const char *what, void *value,
                             const char *wanted)
{
    struct metacall_exception_type error = {0};
    size_t size = 0;
    char *text = value != NULL ? metacall_serialize(metacall_serial(), value, &size, NULL) : NULL;
    if (text == NULL && metacall_error_last(&error) == 0)
        fprintf(stderr, "    %s: %s\n", error.label, error.message);
    capi_text(file, line, what, text, wanted);
    free(text);
    metacall_value_destroy(value);
}

/* Loads `script` into a handle of its own. -1 where the guest is not to be had, and says so. */
static inline int capi_load_guest(const char *tag, const char *script, void **ret_handle)
{
    struct metacall_exception_type error;
    if (metacall_load_from_memory(tag, script, strlen(script), ret_handle) == 0)
        return 0;
    metacall_error_last(&error);
    printf("SKIP: %s: %s\n", tag, error.message);
    return -1;
}

static inline int capi_result(void)
{
    printf("%u checks, %u failed\n", capi_passed + capi_failed, capi_failed);
    return capi_failed != 0 || capi_passed == 0;
}

#endif /* TESTS_CAPI_H */
