/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Instants as text: ISO 8601 in UTC, as every language of the registry reads it. */
#ifndef CORE_DATE_TEXT_H
#define CORE_DATE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define DATE_TEXT_SIZE 40

/* "2026-11-23T18:06:00Z", with ".123" or ".123456" where there are parts of a second; a year past
 * four digits has a sign and at least six, as in JavaScript. */
void date_format(char text[DATE_TEXT_SIZE], int64_t microseconds);
/* 1 and *ret_microseconds for text of that form, a date alone (midnight in UTC), or an instant with
 * another offset (+01:00). 0 for any other, also for a time without an offset: which instant that
 * is depends on the place. */
int date_parse(const char *text, size_t size, int64_t *ret_microseconds);

#endif /* CORE_DATE_TEXT_H */
