/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Objects as the core's own rooms see them: those that can be called are functions too. */
#ifndef CORE_OBJECT_H
#define CORE_OBJECT_H

#include <metacall/object.h>

struct object_block {
    metacall_object head;
    metacall_function *function; /* weak: what it is as a function, while somebody holds that */
    char type[];
};

static inline metacall_function **object_function_place(metacall_object *object)
{
    return &((struct object_block *)object)->function;
}

/* 1 when the function is an object's, and so needs no runtime to go. */
int object_is_of(const metacall_function *function);
/* 1 when the value is a class, or an object that can be called. */
int object_is_function(const metacall_value *value);
/* CONSTRUCT or CALL of an object that somebody holds as a function: past its hooks, if any. */
int object_call_through(metacall_object *object, enum metacall_object_operation operation,
                        const struct metacall_call *call, metacall_value *ret);

#endif /* CORE_OBJECT_H */
