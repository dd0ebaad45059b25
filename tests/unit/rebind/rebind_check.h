/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What the tests of this folder share: a check that says what failed, and a picture of an object's
 * writable memory and of its protections. */
#ifndef REBIND_CHECK_H
#define REBIND_CHECK_H

#include "host_variants/rebind.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            check_failed(__FILE__, __LINE__, #condition);                                          \
    } while (0)

void check_failed(const char *file, int line, const char *what) __attribute__((noreturn));
/* The thread's error, which must be set, of that code and holding that text (NULL = any). */
void check_error(int code, const char *text);

/* The bytes and the protections of the writable segments. */
struct picture {
    unsigned char *bytes;
    size_t size;
    char protections[2048];
};

void picture_take(const struct module *module, struct picture *ret_picture);
/* Compares bytes and protections; the first difference is a failure. */
void picture_compare(const struct picture *picture, const struct module *module);
void picture_free(struct picture *picture);
/* "r--p" of the page that holds an address. */
void protection_of(const void *address, char text[5]);

#endif /* REBIND_CHECK_H */
