/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Functions as the core's own rooms and the C API see them: their signature and their arguments. */
#ifndef CORE_FUNCTION_H
#define CORE_FUNCTION_H

#include <metacall/loader.h>

struct function_parameter {
    char *name;                  /* NULL = by position only */
    enum metacall_value_id type; /* METACALL_INVALID = any */
    int flags;                   /* enum metacall_parameter_flags */
};

struct function_signature {
    struct function_parameter *parameters;
    size_t count;
    size_t room;
    enum metacall_value_id result; /* METACALL_INVALID = any */
};

/* The signature, asked from the owner on first use. NULL with the error set when the owner could
 * not tell. Lives as long as the function. */
const struct function_signature *function_signature(metacall_function *function);
/* The signature as far as it is known without asking. */
const struct function_signature *function_signature_now(const metacall_function *function);
void function_signature_destroy(struct function_signature *signature);

/* For interception.c: the place of the hooks' state, its lock's. */
struct interception_state;
struct interception_state **function_interception_place(const metacall_function *function);

/* Checks the arguments where the function has types, and calls it: past the gate and the hooks. */
int function_call_checked(metacall_function *function, const struct metacall_call *call,
                          metacall_value *ret);

/* For function.c: the place of the signature. */
struct function_signature **function_signature_place(const metacall_function *function);

/* For scope.c, with its lock held: whether the function is lent to C. Returns what it was. */
int function_set_lent(metacall_function *function, int lent);

/* The typed side of the gate, for arguments that are not simply those that the function wants:
 * checks and converts them, then calls. */
int function_call_typed(metacall_function *function, const struct metacall_call *call,
                        metacall_value *ret);

#endif /* CORE_FUNCTION_H */
