/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The log: silent until asked for, then where it was asked to go. */
#include "capi.h"

#include <unistd.h>

static char written[4096];
static unsigned flushes;

static int custom_write(void *context, const char *data, const size_t size)
{
    CHECK(context == written);
    strncat(written, data, size);
    return 0;
}

static int custom_flush(void *context)
{
    (void)context;
    flushes++;
    return 0;
}

/* One start and end of a loader. */
static void live(void)
{
    CHECK(metacall_initialize() == 0);
    CHECK(metacall_loader("mock") != NULL);
    CHECK(metacall_destroy() == 0);
}

int main(void)
{
    char path[] = "/tmp/metacall-log-XXXXXX", text[4096] = "";
    struct metacall_log_custom_type custom = {written, NULL,         NULL,
                                              NULL,    custom_write, custom_flush};
    int descriptor = mkstemp(path);
    CHECK(descriptor >= 0);
    /* Silence first: nothing on the standard streams. */
    int out = dup(1), err = dup(2);
    fflush(NULL);
    CHECK(dup2(descriptor, 1) == 1 && dup2(descriptor, 2) == 2);
    live();
    fflush(NULL);
    CHECK(dup2(out, 1) == 1 && dup2(err, 2) == 2);
    CHECK_LONG(lseek(descriptor, 0, SEEK_END), 0);

    CHECK(metacall_log(METACALL_LOG_CUSTOM, &custom) == 0);
    live();
    CHECK(strstr(written, "loader mock: starting, embedded\n") != NULL);
    CHECK(strstr(written, "loader mock: ending\n") != NULL);
    CHECK(flushes >= 2);

    struct metacall_log_file_type file = {path, "w"};
    CHECK(metacall_log(METACALL_LOG_FILE, &file) == 0);
    written[0] = '\0';
    live();
    metacall_log_null();
    live(); /* not logged any more */
    CHECK_TEXT(written, "");
    FILE *stream = fopen(path, "re");
    CHECK(stream != NULL && fread(text, 1, sizeof(text) - 1, stream) > 0);
    CHECK(strncmp(text, "metacall info: loader mock: starting", 36) == 0);
    fclose(stream);

    struct metacall_log_stdio_type stdio = {fopen(path, "we")};
    CHECK(metacall_log(METACALL_LOG_STDIO, &stdio) == 0);
    live();
    metacall_log_null();
    CHECK(ftell(stdio.stream) > 0);
    fclose(stdio.stream); /* it stayed ours */

    struct metacall_log_file_type nowhere = {"/nowhere/log", NULL};
    CHECK(metacall_log(METACALL_LOG_FILE, &nowhere) != 0);
    CHECK_ERROR("ARGUMENT", "/nowhere/log");
    CHECK(metacall_log(METACALL_LOG_SOCKET, &nowhere) != 0);
    CHECK_ERROR("SUPPORT", "kind 2");
    CHECK(metacall_log(METACALL_LOG_STDIO, NULL) != 0);
    CHECK_ERROR("ARGUMENT", "context");
    close(descriptor);
    close(out);
    close(err);
    unlink(path);
    return capi_result();
}
