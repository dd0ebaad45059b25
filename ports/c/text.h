/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Texts that go to the caller through an allocator of his. */
#ifndef PORTS_C_TEXT_H
#define PORTS_C_TEXT_H

#include <stddef.h>

/* The malloc'ed `text` of `length` bytes in memory of `allocator` (NULL: malloc itself). Takes the
 * text over. NULL with the error set. */
char *text_hand_over(char *text, size_t length, size_t *ret_size, void *allocator);

#endif /* PORTS_C_TEXT_H */
