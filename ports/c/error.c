/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Errors and exceptions in C. */
#include "core/error.h"

#include "core/value.h"

#include <metacall/metacall.h>

#include <stdlib.h>
#include <string.h>

/* The label of an error that no guest gave a type. */
static const char *error_label(enum metacall_error_code code)
{
    static const char *const labels[] = {
        "NONE",      "GUEST",     "EXIT",   "INTERRUPT", "ARGUMENT", "TYPE",      "RANGE",
        "NOT_FOUND", "DUPLICATE", "LOAD",   "LOADER",    "MANIFEST", "HOST",      "STATE",
        "FORK",      "DEADLOCK",  "MEMORY", "SUPPORT",   "INTERNAL", "CANCELLED", "TIMEOUT"};
    return (size_t)code < sizeof(labels) / sizeof(labels[0]) ? labels[code] : "INTERNAL";
}

static void error_describe(metacall_error *error, metacall_exception ex)
{
    ex->message = error->message != NULL ? error->message : "";
    ex->label = error->type != NULL ? error->type : error_label(error->code);
    ex->code = error->code == METACALL_ERROR_GUEST ? error->number : (int64_t)error->code;
    ex->stacktrace = metacall_error_stack(error);
}

metacall_value_ref metacall_error_throw(const char *label, int64_t code, const char *stacktrace,
                                        const char *message, ...)
{
    metacall_error *error = metacall_error_create(METACALL_ERROR_GUEST, label, NULL);
    if (error == NULL)
        return NULL;
    error->number = code;
    if (message != NULL) {
        va_list list;
        va_start(list, message);
        if (vasprintf(&error->message, message, list) < 0)
            error->message = NULL;
        va_end(list);
    }
    if (stacktrace != NULL)
        error->stack = strdup(stacktrace);
    metacall_value *value = NULL;
    if ((message != NULL && error->message == NULL) || (stacktrace != NULL && error->stack == NULL))
        error_raise_memory();
    else
        value = metacall_value_create_throwable(error);
    metacall_error_release(error);
    return value;
}

int metacall_error_from_value(void *v, metacall_exception ex)
{
    const metacall_value *value = v;
    if (value == NULL || ex == NULL ||
        (value->id != METACALL_EXCEPTION && value->id != METACALL_THROWABLE))
        return metacall_error_raise(METACALL_ERROR_TYPE, "a %s is no exception",
                                    metacall_value_type_name(v));
    error_describe(value->as.error, ex);
    return 0;
}

int metacall_error_last(metacall_exception ex)
{
    metacall_error *error = metacall_error_peek();
    if (error == NULL || ex == NULL)
        return 1;
    error_describe(error, ex);
    return 0;
}

void metacall_error_clear(void)
{
    metacall_error_release(metacall_error_take());
}

/* The value is made once and kept in the error: it is no reference of its own. */
metacall_value_ref metacall_throwable_value(void *th)
{
    metacall_error *error = th;
    if (error == NULL) {
        metacall_error_raise(METACALL_ERROR_ARGUMENT, "the throwable is NULL");
        return NULL;
    }
    return error_value(error);
}
