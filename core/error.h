/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The error of a thread, as the core's own rooms use it. */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

#include <metacall/loader.h>
#include <stdarg.h>

/* The one error that needs no memory. Never freed; counting it does nothing. */
metacall_error *error_out_of_memory(void);
/* Sets it for the calling thread. Always returns -1. */
int error_raise_memory(void);
/* metacall_error_raise with the arguments taken as a list. */
int error_raise_list(enum metacall_error_code code, const char *format, va_list list)
    METACALL_PRINTF(2, 0);

/* The error as a value of kind METACALL_EXCEPTION that lives as long as the error and must not be
 * destroyed. NULL with the error set. */
metacall_value *error_value(metacall_error *error);

#endif /* CORE_ERROR_H */
