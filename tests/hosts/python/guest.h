/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The parts of the guest in C that the tests of the Python host load. */
#ifndef GUEST_H
#define GUEST_H

#include <metacall/loader.h>

#include <metacall/metacall.h>

typedef void *(*guest_function)(size_t count, void *args[], void *data);

METACALL_API int guest_register(void);
/* guest_object, guest_future, guest_memory ...: called by guest_register. */
int guest_register_objects(void);

#endif /* GUEST_H */
