/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Hooks in C on functions of the host, for the tests of interception: what they see is written down
 * as one line a call. */
#include <metacall/loader.h>

#include <metacall/intercept.h>
#include <metacall/metacall_value.h>

#include <stdio.h>
#include <string.h>

#define WATCHES 8

METACALL_API int guest_watch(const char *name);
METACALL_API int guest_unwatch(int watch);
METACALL_API const char *guest_watch_log(void);

static metacall_interception *watches[WATCHES];
static char text[4096];

static void note(const char *word)
{
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, "%s", word);
}

static int before(metacall_function *function, const struct metacall_call *call,
                  metacall_value *ret, void *data)
{
    size_t i, first = call->count - call->keyword_count;
    (void)ret, (void)data;
    note(metacall_function_name(function));
    note("(");
    for (i = 0; i < call->count; i++) {
        if (i > 0)
            note(", ");
        if (i >= first) {
            note(call->keywords[i - first]);
            note("=");
        }
        note(metacall_kind_name((enum metacall_value_id)call->args[i]->id));
    }
    note(")");
    return 0;
}

static int after(metacall_function *function, const struct metacall_call *call, int result,
                 metacall_value *ret, void *data)
{
    (void)function, (void)call, (void)data;
    note(" -> ");
    note(result == 0 ? metacall_kind_name((enum metacall_value_id)ret->id) : "error");
    note("\n");
    return result;
}

/* The number of the watch, or -1. */
int guest_watch(const char *name)
{
    metacall_function *function = metacall_function_find(name);
    int i;
    if (function == NULL)
        return -1;
    for (i = 0; i < WATCHES && watches[i] != NULL; i++)
        continue;
    if (i < WATCHES)
        watches[i] = metacall_intercept(function, before, after, NULL, NULL);
    metacall_function_release(function);
    return i < WATCHES && watches[i] != NULL ? i : -1;
}

int guest_unwatch(int watch)
{
    int rc = metacall_intercept_remove(watches[watch]);
    watches[watch] = NULL;
    return rc;
}

/* What was seen since the last question. */
const char *guest_watch_log(void)
{
    static char seen[sizeof text];
    memcpy(seen, text, sizeof text);
    text[0] = '\0';
    return seen;
}
