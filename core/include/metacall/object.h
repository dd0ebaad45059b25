/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Objects and classes of a runtime that stay where they are: others hold a counted handle and ask
 * for one operation at a time. Everything that has no kind of its own crosses this way (instances
 * of classes, iterators, generators, Decimal, RegExp ...), so nothing is lost on the way, and an
 * object that comes home is itself again.
 *
 * A value of kind METACALL_OBJECT or METACALL_CLASS holds a reference in as.object. */
#ifndef METACALL_OBJECT_H
#define METACALL_OBJECT_H

#include <metacall/loader.h>

METACALL_BEGIN_DECLS

/* What can be asked of an object. `name` is an attribute's; arguments are those of `call`. An
 * operation that the object's own language refuses fails with that language's exception
 * (METACALL_ERROR_GUEST); one that it does not know with METACALL_ERROR_SUPPORT. */
enum metacall_object_operation {
    METACALL_OBJECT_GET = 0,       /* attribute `name`; a method comes bound, as a FUNCTION */
    METACALL_OBJECT_SET = 1,       /* attribute `name` = args[0] */
    METACALL_OBJECT_DELETE = 2,    /* attribute `name` */
    METACALL_OBJECT_HAS = 3,       /* -> BOOL: is there an attribute `name` */
    METACALL_OBJECT_NAMES = 4,     /* -> ARRAY of STRING: attributes, as the language lists them */
    METACALL_OBJECT_METHOD = 5,    /* calls method `name` with the arguments */
    METACALL_OBJECT_CALL = 6,      /* calls the object itself */
    METACALL_OBJECT_CONSTRUCT = 7, /* a class: a new instance */
    METACALL_OBJECT_ITEM_GET = 8,  /* object[args[0]] */
    METACALL_OBJECT_ITEM_SET = 9,  /* object[args[0]] = args[1] */
    METACALL_OBJECT_ITEM_DELETE = 10, /* del object[args[0]] */
    METACALL_OBJECT_CONTAINS = 11,    /* -> BOOL: args[0] in object */
    METACALL_OBJECT_LENGTH = 12,      /* -> LONG */
    METACALL_OBJECT_ITERATE = 13,     /* -> OBJECT, an iterator over it */
    METACALL_OBJECT_NEXT = 14,        /* an iterator: 0 = the next item, 1 = at the end (ret: what a
                                         generator returned). args[0], if there, is sent in */
    METACALL_OBJECT_THROW = 15, /* a generator: raises args[0], an EXCEPTION, in it; then as NEXT */
    METACALL_OBJECT_RETURN =
        16, /* a generator: closes it; 1, ret as far as the language gives one */
    METACALL_OBJECT_ASYNC_ITERATE = 17, /* -> OBJECT, an asynchronous iterator */
    METACALL_OBJECT_ASYNC_NEXT = 18,    /* -> FUTURE of an ARRAY: [item], or [] at the end */
    METACALL_OBJECT_ASYNC_RETURN = 19,  /* -> FUTURE, when an asynchronous generator has closed */
    METACALL_OBJECT_ENTER = 20,         /* a context manager: what `as` would bind */
    METACALL_OBJECT_EXIT = 21,     /* args[0]: the EXCEPTION that ended the block, or null; -> BOOL:
                                      it is dealt with */
    METACALL_OBJECT_TEXT = 22,     /* -> STRING: str(), String() */
    METACALL_OBJECT_REPR = 23,     /* -> STRING: repr(), util.inspect() */
    METACALL_OBJECT_TYPE = 24,     /* -> CLASS: its class */
    METACALL_OBJECT_INSTANCE = 25, /* -> BOOL: an instance of the CLASS args[0] */
    METACALL_OBJECT_EQUAL = 26,    /* -> BOOL: equal to args[0], as the language has it */
    METACALL_OBJECT_HASH = 27,     /* -> LONG */
    /* What tools show and calls from C go by; who does not know them is asked no more. */
    METACALL_OBJECT_SIGNATURE = 28, /* a class: of its constructor; a callable: its own. -> ARRAY of
                                       parameters: [name, kind (LONG, or null for any), flags (LONG,
                                       enum metacall_parameter_flags)] */
    METACALL_OBJECT_MEMBERS = 29,   /* a class -> MAP of "methods", "staticMethods", "attributes",
                                       "staticAttributes": each a MAP of name -> FUNCTION or null */
    METACALL_OBJECT_NUMBER = 30,    /* -> LONG, BIGINT or DOUBLE: float(), Number(); null = none */
    METACALL_OBJECT_ASYNC_ENTER = 31, /* as ENTER and EXIT; -> FUTURE of what they give */
    METACALL_OBJECT_ASYNC_EXIT = 32
};

typedef struct metacall_object metacall_object;

struct metacall_object_ops {
    /* Does one operation on the calling thread, entering and leaving the runtime by itself. 0 with
     * *ret filled in (an empty slot before), 1 for an iterator at its end, -1 with the error set.
     */
    int (*perform)(metacall_object *object, enum metacall_object_operation operation,
                   const char *name, const struct metacall_call *call, metacall_value *ret);
    /* The last reference is gone; on any thread, possibly after the runtime has ended. */
    void (*destroy)(metacall_object *object);
};

/* What an object can do, known when it is made, so that a proxy offers just that. */
enum metacall_object_flags {
    METACALL_OBJECT_IS_CLASS = 1u << 0,
    METACALL_OBJECT_IS_CALLABLE = 1u << 1,
    METACALL_OBJECT_IS_ITERABLE = 1u << 2,
    METACALL_OBJECT_IS_ITERATOR = 1u << 3,
    METACALL_OBJECT_IS_GENERATOR = 1u << 4,
    METACALL_OBJECT_HAS_ITEMS = 1u << 5, /* object[key] */
    METACALL_OBJECT_HAS_LENGTH = 1u << 6,
    METACALL_OBJECT_IS_ASYNC_ITERABLE = 1u << 7,
    METACALL_OBJECT_IS_ASYNC_ITERATOR = 1u << 8,
    METACALL_OBJECT_IS_CONTEXT = 1u << 9, /* ENTER and EXIT */
    METACALL_OBJECT_IS_ASYNC_CONTEXT = 1u << 10
};

struct metacall_object {
    const struct metacall_object_ops *ops;
    metacall_loader *loader; /* the owner */
    void *native;            /* the owner's object */
    uint32_t refs;           /* atomic */
    uint32_t flags;          /* enum metacall_object_flags */
    char *type;              /* its class's name (a class: its own), a copy; never NULL */
};

/* A new handle with one reference, the caller's. NULL with the error set when out of memory. */
METACALL_API metacall_object *metacall_object_create(metacall_loader *loader, const char *type,
                                                     const struct metacall_object_ops *ops,
                                                     void *native, uint32_t flags);
METACALL_API void metacall_object_reference(metacall_object *object);
METACALL_API void metacall_object_release(metacall_object *object); /* NULL is accepted */
/* One operation through the gate: refuses when the loader has ended or was lost in a fork, and
 * checks that the name and the arguments that the operation needs are there. `call` may be NULL for
 * no arguments. *ret must be an empty slot. Results as of ops->perform. Call it without the lock of
 * another runtime than the object's. */
METACALL_API int metacall_object_perform(metacall_object *object,
                                         enum metacall_object_operation operation, const char *name,
                                         const struct metacall_call *call, metacall_value *ret);
/* A class as a function that constructs, a callable object as one that calls it; for a class the
 * same one as long as somebody holds it, so that it can be intercepted. A new reference; NULL with
 * the error set (METACALL_ERROR_TYPE for an object that is neither). */
METACALL_API metacall_function *metacall_object_function(metacall_object *object);
/* Makes `slot`, empty or a scalar, a METACALL_CLASS or METACALL_OBJECT (by the object's flag), with
 * a reference of its own. */
METACALL_API void metacall_slot_object(metacall_value *slot, metacall_object *object);

METACALL_END_DECLS

#endif /* METACALL_OBJECT_H */
