/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Integers past 64 bits: to and from decimal text, to and from machine numbers. */
#ifndef CORE_BIGINT_H
#define CORE_BIGINT_H

#include <metacall/loader.h>

/* 1 and *ret_number when the METACALL_BIGINT fits an int64. */
int bigint_to_long(const metacall_value *value, int64_t *ret_number);
/* 1 and *ret_number when a double holds the METACALL_BIGINT exactly. */
int bigint_to_double(const metacall_value *value, double *ret_number);
/* Decimal text, malloc'ed. NULL with the error set. */
char *bigint_to_text(const metacall_value *value);
/* Reads an optional sign and decimal digits into the empty slot (a METACALL_LONG where it fits).
 * 0, or -1 with the error set: METACALL_ERROR_ARGUMENT where the text is no integer. */
int bigint_from_text(metacall_value *slot, const char *text, size_t size);

#endif /* CORE_BIGINT_H */
