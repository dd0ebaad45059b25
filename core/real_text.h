/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Real numbers as text, with a point whatever the locale of the process says. */
#ifndef CORE_REAL_TEXT_H
#define CORE_REAL_TEXT_H

#include <stddef.h>

#define REAL_TEXT_SIZE 40

/* The shortest text that reads back as the same number: "0.1", "1e+300", "3" (no point), "nan",
 * "inf". `single` = of single precision. */
void real_format(char text[REAL_TEXT_SIZE], double real, int single);
/* Reads all of the text as a number. 1 and *ret_real, or 0 where it is none. Too large gives
 * infinity. */
int real_parse(const char *text, size_t size, double *ret_real);

#endif /* CORE_REAL_TEXT_H */
