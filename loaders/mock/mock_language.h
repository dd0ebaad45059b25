/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The mock language from inside: a script, its definitions, and their expressions as a tree. */
#ifndef MOCK_LANGUAGE_H
#define MOCK_LANGUAGE_H

#include <metacall/loader.h>

#include <metacall/future.h>
#include <metacall/object.h>

#define MOCK_NESTING_MAX 1000 /* levels of an expression, and operators in a row */
#define MOCK_CALLS_MAX 1000   /* calls within calls at run time */
#define MOCK_PARAMETERS_MAX 64

enum mock_node_kind {
    MOCK_CONSTANT,  /* constant */
    MOCK_PARAMETER, /* index */
    MOCK_NAME,      /* name, until mock_resolve turns it into one of the next two */
    MOCK_GLOBAL,    /* definition */
    MOCK_BUILTIN,   /* builtin */
    MOCK_ARRAY,     /* items */
    MOCK_MAP,       /* items: key, value, key, value */
    MOCK_CALL,      /* items[0] is what is called */
    MOCK_INDEX,     /* items[0] [ items[1] ] */
    MOCK_NEGATE,    /* items[0] */
    MOCK_OPERATOR   /* items[0] operation items[1] */
};

/* '=' is ==, '!' is !=, 'l' is <=, 'g' is >= */
struct mock_node {
    enum mock_node_kind kind;
    char operation;
    unsigned line, column;
    size_t index;
    char *name;
    struct mock_definition *definition;
    const struct mock_builtin *builtin;
    metacall_value constant;
    struct mock_node **items;
    size_t count;
    struct mock_node *next; /* all nodes of a script, for freeing */
};

struct mock_parameter {
    char *name;
    enum metacall_value_id type;
    int required;
};

enum mock_definition_kind {
    MOCK_IS_CONSTANT,
    MOCK_IS_FUNCTION,
    MOCK_IS_CLASS /* its parameters are its constructor's, and its attributes */
};

/* A constant, a function or a class. A function called "Class.name" is a method. */
struct mock_definition {
    struct mock_script *script;
    char *name;
    enum mock_definition_kind kind;
    unsigned line;
    enum metacall_value_id result;
    struct mock_parameter parameters[MOCK_PARAMETERS_MAX];
    size_t count;
    struct mock_node *body;
    metacall_value value; /* of a constant, evaluated when the script is loaded */
    int settled;          /* of a constant: -1 = being evaluated, 1 = value is there */
    int guarded; /* of a constant: it holds objects or functions, which may hold the script in their
                    turn; it goes with the handle, and is read under the lock of mock_script.c */
    /* As it crossed: weak, while somebody holds it. The lock of mock_script.c guards both. */
    metacall_function *function;
    metacall_object *class_object;
    struct mock_definition *next;
};

struct mock_script {
    uint32_t refs; /* the handle's, and one for each function */
    char *path;
    metacall_loader *loader;
    struct mock_definition *definitions; /* in order */
    struct mock_node *nodes;
};

/* What an expression is evaluated in. */
struct mock_frame {
    const struct mock_definition *definition;
    metacall_value *const *args; /* one for each parameter; NULL = missing */
};

struct mock_builtin {
    const char *name;
    size_t least, most; /* arguments */
    /* Fills the empty slot from the call's arguments (node->items[1...]), unevaluated. */
    int (*run)(const struct mock_frame *frame, const struct mock_node *node, metacall_value *slot);
};

/* ---- mock_script.c */
/* Reads the text. NULL with the error set: it begins with path:line:column. */
struct mock_script *mock_script_create(metacall_loader *loader, const char *path, const char *text,
                                       size_t size);
void mock_script_release(struct mock_script *script); /* NULL is accepted */
/* The handle is going: lets go of the constants that may hold the script. */
void mock_script_forget(struct mock_script *script);
/* 1 when the value holds objects, functions or futures, however deep. */
int mock_holds_references(const metacall_value *value);
/* A definition as a function, with a new reference: the same one while somebody holds it. */
metacall_function *mock_script_function(struct mock_definition *definition);
/* Adds the definition's parameters to a function's signature. */
int mock_script_describe(const struct mock_definition *definition, metacall_function *function);
/* A definition by name: a class's own, or NULL. */
struct mock_definition *mock_script_find(const struct mock_script *script, const char *class_name,
                                         const char *name);
/* 1 and a new reference where the weak place holds something that lives. The lock is held. */
int mock_weak_take(uint32_t *refs);
void mock_weak_lock(void);
void mock_weak_unlock(void);

/* ---- mock_parser.c */
int mock_parse(struct mock_script *script, const char *text, size_t size);

/* ---- mock_evaluate.c */
/* The value of an expression: *ret_value is a value that lives elsewhere (an argument, a constant),
 * or the slot, which was empty. 0, or -1 with the error set and the slot empty. */
int mock_evaluate(const struct mock_frame *frame, const struct mock_node *node,
                  metacall_value *slot, const metacall_value **ret_value);
/* Evaluates items[first...] of a call: args[i] is a value that lives elsewhere or slots[i], which
 * the caller clears. On failure nothing is left to clear. */
int mock_evaluate_arguments(const struct mock_frame *frame, const struct mock_node *node,
                            size_t first, metacall_value **args, metacall_value *slots);
/* Calls a function of any language from a script. */
int mock_call(const struct mock_frame *frame, const struct mock_node *node,
              metacall_function *function, metacall_value **args, size_t count,
              metacall_value *slot);
/* Runs a definition; args has one entry for each parameter. */
int mock_run(const struct mock_definition *definition, metacall_value *const *args,
             metacall_value *ret);
/* An error of the script's own, at the node. Returns -1. */
int mock_raise(const struct mock_frame *frame, const struct mock_node *node, const char *type,
               const char *format, ...) METACALL_PRINTF(4, 5);

/* ---- mock_define.c */
/* Defines everything of the script in the handle. */
int mock_script_define(struct mock_script *script, metacall_handle *handle);

/* ---- mock_names.c */
const struct mock_builtin *mock_builtin_find(const char *name);

/* ---- mock_builtin.c */
extern const struct mock_builtin mock_plain_builtins[];
/* A built-in that needs its arguments' values: evaluates args[1...], then runs the body. */
typedef int (*mock_body)(const struct mock_frame *frame, const struct mock_node *node,
                         metacall_value **args, metacall_value *slot);
int mock_builtin_with(const struct mock_frame *frame, const struct mock_node *node,
                      metacall_value *slot, mock_body body);
/* "... needs <expected>, not <kind>". Returns -1. */
int mock_builtin_raise_type(const struct mock_frame *frame, const struct mock_node *node,
                            const metacall_value *value, const char *expected);

/* ---- mock_value.c: sets, dates, memory, and what can be done with anybody's objects */
extern const struct mock_builtin mock_value_builtins[];

/* ---- mock_object.c */
/* A definition of a class as an object, with a new reference: the same one while it is held. */
metacall_object *mock_class_object(struct mock_definition *definition);

/* ---- mock_counter.c */
/* Iterators: count(from, to), ticks(from, to, ms). */
extern const struct mock_builtin mock_counter_builtins[];

/* ---- mock_later.c */
/* Futures: later(x, ms), fail_later(type, message, ms), never(), await(x). */
extern const struct mock_builtin mock_later_builtins[];
/* A future that resolves with a copy of the value, or rejects with the error (a reference of its
 * own), after that time. A new reference. NULL with the error set. */
metacall_future *mock_later(metacall_loader *loader, const metacall_value *value,
                            metacall_error *error, int64_t ms);
/* Ends the thread that settles them; what is pending stays so. */
void mock_later_end(void);

#endif /* MOCK_LANGUAGE_H */
