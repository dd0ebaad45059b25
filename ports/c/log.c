/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Where the log goes, as the program chose. */
#include "core/log.h"

#include "core/error.h"

#include <metacall/loader.h>
#include <metacall/metacall.h>

#include <errno.h>
#include <string.h>
#include <syslog.h>

static const char *const log_names[] = {"debug", "info", "warning", "error"};

/* What the current sink uses; replaced only while the log is switched off. */
static struct {
    FILE *file; /* opened here */
    struct metacall_log_custom_type custom;
} log_target;

static void log_to_stream(enum log_level level, const char *line, void *data)
{
    FILE *stream = data;
    fprintf(stream, "metacall %s: %s\n", log_names[level], line);
    fflush(stream);
}

static void log_to_syslog(enum log_level level, const char *line, void *data)
{
    static const int priorities[] = {LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERR};
    (void)data;
    syslog(priorities[level], "%s", line);
}

static void log_to_custom(enum log_level level, const char *line, void *data)
{
    const struct metacall_log_custom_type *custom = data;
    (void)level;
    custom->stream_write(custom->context, line, strlen(line));
    custom->stream_write(custom->context, "\n", 1);
    if (custom->stream_flush != NULL)
        custom->stream_flush(custom->context);
}

static int log_open_file(const struct metacall_log_file_type *file)
{
    FILE *stream = fopen(file->file_name, file->mode != NULL ? file->mode : "a");
    if (stream == NULL)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT, "cannot open %s for the log: %s",
                                    file->file_name, strerror(errno));
    metacall_log_null();
    log_target.file = stream;
    log_set_sink(log_to_stream, stream);
    return 0;
}

int metacall_log(enum metacall_log_id log_id, void *ctx)
{
    const struct metacall_log_custom_type *custom = ctx;
    if (ctx == NULL)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT, "a log needs its context");
    switch (log_id) {
    case METACALL_LOG_STDIO:
        metacall_log_null();
        log_set_sink(log_to_stream, ((struct metacall_log_stdio_type *)ctx)->stream);
        return 0;
    case METACALL_LOG_FILE:
        return log_open_file(ctx);
    case METACALL_LOG_SYSLOG:
        metacall_log_null();
        log_set_sink(log_to_syslog, NULL);
        return 0;
    case METACALL_LOG_CUSTOM:
        if (custom->stream_write == NULL)
            return metacall_error_raise(METACALL_ERROR_ARGUMENT, "a custom log needs stream_write");
        metacall_log_null();
        log_target.custom = *custom;
        log_set_sink(log_to_custom, &log_target.custom);
        return 0;
    default:
        return metacall_error_raise(METACALL_ERROR_SUPPORT, "the log cannot go to kind %d",
                                    (int)log_id);
    }
}

void metacall_log_null(void)
{
    log_set_sink(NULL, NULL);
    if (log_target.file != NULL)
        fclose(log_target.file);
    log_target.file = NULL;
}
