/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The log of the library: silent unless a program asks for it here. */
#ifndef METACALL_LOG_H
#define METACALL_LOG_H

#include <metacall/metacall_api.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

METACALL_BEGIN_DECLS

enum metacall_log_id {
    METACALL_LOG_STDIO,
    METACALL_LOG_FILE,
    METACALL_LOG_SOCKET,
    METACALL_LOG_SYSLOG,
    METACALL_LOG_NGINX,
    METACALL_LOG_CUSTOM
};

struct metacall_log_stdio_type {
    FILE *stream; /* stays the caller's */
};

struct metacall_log_file_type {
    const char *file_name;
    const char *mode;
};

struct metacall_log_socket_type {
    const char *ip;
    uint16_t port;
};

struct metacall_log_syslog_type {
    const char *name;
};

struct metacall_log_nginx_type {
    void *log;
    void (*log_error)(void);
    uint16_t log_level;
};

struct metacall_log_custom_va_list_type {
    va_list va;
};

typedef struct metacall_log_stdio_type *metacall_log_stdio;
typedef struct metacall_log_file_type *metacall_log_file;
typedef struct metacall_log_socket_type *metacall_log_socket;
typedef struct metacall_log_syslog_type *metacall_log_syslog;
typedef struct metacall_log_nginx_type *metacall_log_nginx;
typedef struct metacall_log_custom_va_list_type *metacall_log_custom_va_list;

/* Only stream_write and stream_flush are used: they get finished lines. */
struct metacall_log_custom_type {
    void *context;
    size_t (*format_size)(void *, const char *, uint64_t, size_t, const char *, const char *,
                          const char *, const char *, metacall_log_custom_va_list);
    size_t (*format_serialize)(void *, void *, const size_t, const char *, uint64_t, size_t,
                               const char *, const char *, const char *, const char *,
                               metacall_log_custom_va_list);
    size_t (*format_deserialize)(void *, const void *, const size_t, const char *, uint64_t, size_t,
                                 const char *, const char *, const char *, const char *,
                                 metacall_log_custom_va_list);
    int (*stream_write)(void *, const char *, const size_t);
    int (*stream_flush)(void *);
};

typedef struct metacall_log_custom_type *metacall_log_custom;

/* Sends the log there; the former one is switched off. `ctx` points to the structure of that kind,
 * which is copied. 0, or non-zero with the error set: STDIO, FILE, SYSLOG and CUSTOM are
 * supported. */
METACALL_API int metacall_log(enum metacall_log_id log_id, void *ctx);

METACALL_END_DECLS

#endif /* METACALL_LOG_H */
