/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What happens inside, for whoever wants to read it. Silent until somebody sets a sink. */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <metacall/api.h>
#include <stdarg.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

/* Receives one finished line without a line end. Called on any thread, one call at a time. */
typedef void (*log_sink)(enum log_level level, const char *line, void *data);

/* NULL switches the log off. */
void log_set_sink(log_sink sink, void *data);
/* Costs one load where there is no sink. */
void log_write(enum log_level level, const char *format, ...) METACALL_PRINTF(2, 3);
/* For a fork's child. */
void log_reset_lock(void);

#endif /* CORE_LOG_H */
