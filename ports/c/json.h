/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Values as JSON text and back: integers of any size stay integers, strings keep their NULs, lone
 * surrogates travel as \u escapes. Instants become their ISO text and sets arrays, and come back as
 * that. What JSON has no form for is refused by its path: NaN, bytes, functions, futures, objects
 * (with their type). */
#ifndef PORTS_C_JSON_H
#define PORTS_C_JSON_H

#include <metacall/loader.h>

#define JSON_NESTING_MAX 2000

/* The text, malloc'ed and ended with a NUL that *ret_size counts. NULL with the error set. */
char *json_write(const metacall_value *value, size_t *ret_size);
/* Reads one JSON text into the empty slot. 0, or -1 with the error set: it names line and column.
 */
int json_read(metacall_value *slot, const char *text, size_t size);

#endif /* PORTS_C_JSON_H */
