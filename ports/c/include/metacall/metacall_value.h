/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Values in C: made, read, assigned, cast, destroyed. A value that a function returns is the
 * caller's, to be given to metacall_value_destroy, unless its comment says otherwise. Functions
 * that return a value or a pointer return NULL on failure, with the thread's error set. */
#ifndef METACALL_VALUE_H
#define METACALL_VALUE_H

#include <metacall/metacall_api.h>
#include <stdlib.h>

METACALL_BEGIN_DECLS

/* ------------------------------------------------------------------------------------ create */

METACALL_API metacall_value_ref metacall_value_create_bool(boolean b);
METACALL_API metacall_value_ref metacall_value_create_char(char c);
METACALL_API metacall_value_ref metacall_value_create_short(short s);
METACALL_API metacall_value_ref metacall_value_create_int(int i);
METACALL_API metacall_value_ref metacall_value_create_long(long l);
METACALL_API metacall_value_ref metacall_value_create_float(float f);
METACALL_API metacall_value_ref metacall_value_create_double(double d);
/* Copies `length` bytes, NULs among them, and ends them with one more. */
METACALL_API metacall_value_ref metacall_value_create_string(const char *str, size_t length);
/* Copies `size` bytes; NULL gives zeros. */
METACALL_API metacall_value_ref metacall_value_create_buffer(const void *buffer, size_t size);
/* An array that takes over the values: they go when it goes. On failure they stay the caller's. A
 * value that lives in another one (an element, an argument of a callback) is copied. */
METACALL_API metacall_value_ref metacall_value_create_array(const void *values[], size_t size);
/* The same for a map; each tuple is an array of two values, key and value. */
METACALL_API metacall_value_ref metacall_value_create_map(const void *tuples[], size_t size);
METACALL_API metacall_value_ref metacall_value_create_ptr(const void *ptr);
/* From what metacall_value_to_future gave; takes a reference of its own. */
METACALL_API metacall_value_ref metacall_value_create_future(void *f);
/* Takes a reference of its own to the function. */
METACALL_API metacall_value_ref metacall_value_create_function(void *f);
/* A function registered from C, with `c` as the data that its invoke gets from this value. */
METACALL_API metacall_value_ref metacall_value_create_function_closure(void *f, void *c);
METACALL_API metacall_value_ref metacall_value_create_null(void);
/* From what metacall_value_to_class, metacall_class or metacall_value_to_object gave; take a
 * reference of their own. An object that is a class gives a METACALL_CLASS in both. */
METACALL_API metacall_value_ref metacall_value_create_class(void *c);
METACALL_API metacall_value_ref metacall_value_create_object(void *o);
/* From what metacall_value_to_exception or _to_throwable gave. */
METACALL_API metacall_value_ref metacall_value_create_exception(void *ex);
METACALL_API metacall_value_ref metacall_value_create_throwable(void *th);

/* ------------------------------------------------------------------------------------- about */

/* Size in bytes of the data: a string's with its NUL, an array's of its pointers. 0 for NULL. */
METACALL_API size_t metacall_value_size(void *v);
/* Number of elements of an array, pairs of a map, bytes of a string or a buffer; else 1. */
METACALL_API size_t metacall_value_count(void *v);
/* The kind; METACALL_INVALID for NULL. */
METACALL_API enum metacall_value_id metacall_value_id(void *v);
/* "Long", "String" ...; static. "Invalid" for what is no kind. */
METACALL_API const char *metacall_value_id_name(enum metacall_value_id id);
METACALL_API const char *metacall_value_type_name(void *v);
/* A deep copy; functions, classes, objects, futures, exceptions and shared memory are shared. */
METACALL_API metacall_value_ref metacall_value_copy(void *v);
/* A pointer value that leads to the data of `v` (an int * for an int, the bytes of a string),
 * through which a callee may change it. `v` must live longer. */
METACALL_API metacall_value_ref metacall_value_reference(void *v);
/* The value that a reference was made of. It stays its owner's. */
METACALL_API metacall_value_ref metacall_value_dereference(void *v);
/* Destroys what `dest` holds and moves there what `src` holds; `src` is null then. */
METACALL_API void metacall_value_move(void *src, void *dest);
/* Destroys the value and all that it owns. NULL is accepted. */
METACALL_API void metacall_value_destroy(void *v);

/* --------------------------------------------------------------------------------------- read */

/* Numbers: the value as that C type, where that is exact; else 0 with the error set. */
METACALL_API boolean metacall_value_to_bool(void *v);
METACALL_API char metacall_value_to_char(void *v);
METACALL_API short metacall_value_to_short(void *v);
METACALL_API int metacall_value_to_int(void *v);
METACALL_API long metacall_value_to_long(void *v);
METACALL_API float metacall_value_to_float(void *v);
METACALL_API double metacall_value_to_double(void *v);
/* The rest: what lies inside, which stays the value's; NULL with the error set for another kind. */
METACALL_API char *metacall_value_to_string(void *v);
METACALL_API void *metacall_value_to_buffer(void *v);
/* An array's elements, each a value. */
METACALL_API void **metacall_value_to_array(void *v);
/* A map's pairs, each an array of two. */
METACALL_API void **metacall_value_to_map(void *v);
METACALL_API void *metacall_value_to_ptr(void *v);
METACALL_API void *metacall_value_to_future(void *v);
METACALL_API void *metacall_value_to_function(void *v);
/* Always NULL; the error is set for another kind than null. */
METACALL_API void *metacall_value_to_null(void *v);
METACALL_API void *metacall_value_to_class(void *v);
METACALL_API void *metacall_value_to_object(void *v);
METACALL_API void *metacall_value_to_exception(void *v);
METACALL_API void *metacall_value_to_throwable(void *v);

/* ------------------------------------------------------------------------------------- assign */

/* Destroy what `v` holds and assign in place. Return v, or NULL with the error set, when v is as it
 * was. */
METACALL_API metacall_value_ref metacall_value_from_bool(void *v, boolean b);
METACALL_API metacall_value_ref metacall_value_from_char(void *v, char c);
METACALL_API metacall_value_ref metacall_value_from_short(void *v, short s);
METACALL_API metacall_value_ref metacall_value_from_int(void *v, int i);
METACALL_API metacall_value_ref metacall_value_from_long(void *v, long l);
METACALL_API metacall_value_ref metacall_value_from_float(void *v, float f);
METACALL_API metacall_value_ref metacall_value_from_double(void *v, double d);
METACALL_API metacall_value_ref metacall_value_from_string(void *v, const char *str, size_t length);
METACALL_API metacall_value_ref metacall_value_from_buffer(void *v, const void *buffer,
                                                           size_t size);
METACALL_API metacall_value_ref metacall_value_from_array(void *v, const void *values[],
                                                          size_t size);
METACALL_API metacall_value_ref metacall_value_from_map(void *v, const void *tuples[], size_t size);
METACALL_API metacall_value_ref metacall_value_from_ptr(void *v, const void *ptr);
METACALL_API metacall_value_ref metacall_value_from_future(void *v, void *f);
METACALL_API metacall_value_ref metacall_value_from_function(void *v, void *f);
METACALL_API metacall_value_ref metacall_value_from_null(void *v);
METACALL_API metacall_value_ref metacall_value_from_class(void *v, void *c);
METACALL_API metacall_value_ref metacall_value_from_object(void *v, void *o);
METACALL_API metacall_value_ref metacall_value_from_exception(void *v, void *ex);
METACALL_API metacall_value_ref metacall_value_from_throwable(void *v, void *th);

/* --------------------------------------------------------------------------------------- cast */

/* The value as another kind: `v` itself, changed in place (so that pointers to it stay good), or
 * NULL with the error set, when v is as it was. Unlike the parameters of a call, a cast may lose:
 * a real number is cut to an integer, a number out of range is refused; numbers become their text
 * and text that is all number becomes a number; an instant becomes milliseconds since 1970 or its
 * text in ISO 8601, and comes from both; a map or a set becomes the array of its pairs or values;
 * anything becomes a Boolean. */
METACALL_API metacall_value_ref metacall_value_cast(void *v, enum metacall_value_id id);

/* Cast *v and read it. The pointer stays the same. */
METACALL_API boolean metacall_value_cast_bool(void **v);
METACALL_API char metacall_value_cast_char(void **v);
METACALL_API short metacall_value_cast_short(void **v);
METACALL_API int metacall_value_cast_int(void **v);
METACALL_API long metacall_value_cast_long(void **v);
METACALL_API float metacall_value_cast_float(void **v);
METACALL_API double metacall_value_cast_double(void **v);
METACALL_API char *metacall_value_cast_string(void **v);
METACALL_API void *metacall_value_cast_buffer(void **v);
METACALL_API void **metacall_value_cast_array(void **v);
METACALL_API void *metacall_value_cast_map(void **v);
METACALL_API void *metacall_value_cast_ptr(void **v);
METACALL_API void *metacall_value_cast_future(void **v);
METACALL_API void *metacall_value_cast_function(void **v);
METACALL_API void *metacall_value_cast_null(void **v);
METACALL_API void *metacall_value_cast_class(void **v);
METACALL_API void *metacall_value_cast_object(void **v);
METACALL_API void *metacall_value_cast_exception(void **v);
METACALL_API void *metacall_value_cast_throwable(void **v);

METACALL_END_DECLS

#endif /* METACALL_VALUE_H */
