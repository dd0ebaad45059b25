/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The C API: load scripts of any language, call what they define, hand functions and values over.
 * Programs written for MetaCall core 0.9 compile and run unchanged.
 *
 * Functions that return int give 0 for success, unless their comment says otherwise. Functions that
 * return a pointer give NULL on failure. A failure leaves the calling thread's error, which
 * metacall_error_last reads. A value that is returned is the caller's to destroy; arguments stay
 * the caller's. Every function may be called from any thread. */
#ifndef METACALL_H
#define METACALL_H

#include <metacall/metacall_api.h>

#include <metacall/metacall_allocator.h>
#include <metacall/metacall_def.h>
#include <metacall/metacall_error.h>
#include <metacall/metacall_log.h>
#include <metacall/metacall_value.h>
#include <metacall/metacall_version.h>

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

/* A plugin knows metacall_function, metacall_handle and metacall_loader as types too. There the
 * functions of those names are reached through macros that only match a call. */
#ifdef METACALL_LOADER_H
#define metacall_function(...) metacall_function_by_name(__VA_ARGS__)
#define metacall_handle(...) metacall_handle_by_name(__VA_ARGS__)
#define metacall_loader(...) metacall_loader_by_tag(__VA_ARGS__)
#define METACALL_SYMBOL(name) __asm__(name)
#else
#define METACALL_SYMBOL(name)
#endif

METACALL_BEGIN_DECLS

#define METACALL_FLAGS_FORK_SAFE 0x01 << 0x00

/* A tag whose loader gets options of its own; the array ends with a NULL tag. */
struct metacall_initialize_configuration_type {
    char *tag;
    void *options; /* a value of kind METACALL_MAP, which the library takes over */
};

typedef void *(*metacall_await_callback)(void *, void *);

typedef struct metacall_await_callbacks_type {
    metacall_await_callback resolve;
    metacall_await_callback reject;
} metacall_await_callbacks;

/* A type that a loader knows under a name of its own. */
struct metacall_loader_type {
    const char *name;
    enum metacall_value_id id;
};

typedef struct metacall_loader_type metacall_loader_type;

/* For calls without arguments. */
METACALL_API extern void *metacall_null_args[1];

/* --------------------------------------------------------------------------------- lifecycle */

/* Counted. Starts no runtime: a loader starts when something is first loaded with it. */
METACALL_API int metacall_initialize(void);
/* The same, with options for loaders by tag. */
METACALL_API int
metacall_initialize_ex(struct metacall_initialize_configuration_type initialize_config[]);
/* The arguments of the script that this process runs; the runtimes see them as theirs. Call it
 * before the first load. The strings must outlive the library. */
METACALL_API void metacall_initialize_args(int argc, char *argv[]);
METACALL_API int metacall_argc(void);
METACALL_API char **metacall_argv(void);
/* 0 when the loader of `tag` runs (NULL: when the library is initialised), else non-zero. */
METACALL_API int metacall_is_initialized(const char *tag);
/* Ends what one metacall_initialize began; the last one ends all loaders, the last started first.
 * In a host only the host's own exit ends loaders. Does nothing where nothing is initialised. */
METACALL_API int metacall_destroy(void);
/* Accepted for compatibility: a fork is always safe. */
METACALL_API void metacall_flags(int flags);
/* Switches the log off. It is off at first. */
METACALL_API void metacall_log_null(void);
/* The name of the JSON serialiser, for metacall_serialize. */
METACALL_API const char *metacall_serial(void);
/* The name of the means of function interception. */
METACALL_API const char *metacall_detour(void);
/* Most arguments that metacall(), metacallf() and metacallt() take; arrays take any number. */
METACALL_API size_t metacall_args_size(void);

/* -------------------------------------------------------------------------------------- load */

/* Loads every file in order, with all their names or none. A relative path is looked up in the
 * working directory, in the folders of LOADER_SCRIPT_PATH, in the tag's execution paths.
 * handle NULL: the names join the global scope of the tag, where a name defined twice is an error
 * that names both files. *handle NULL: a new handle, which keeps the names to itself, is given
 * back. Else the names join that handle. */
METACALL_API int metacall_load_from_file(const char *tag, const char *paths[], size_t size,
                                         void **handle);
/* The same from text; `size` may count the final NUL. */
METACALL_API int metacall_load_from_memory(const char *tag, const char *buffer, size_t size,
                                           void **handle);
/* The same from a package that the language knows by name. */
METACALL_API int metacall_load_from_package(const char *tag, const char *path, void **handle);
/* `options` is for loaders that take some; none of the built-in ones does, and all accept NULL. */
METACALL_API int metacall_load_from_package_ex(const char *tag, const char *path, void **handle,
                                               void *options);
/* Loads what a metacall.json lists: an object {language_id, path, scripts, execution_paths}, or an
 * array of such. Paths are relative to the file. */
METACALL_API int metacall_load_from_configuration(const char *path, void **handle, void *allocator);
/* Adds a folder where scripts of `tag` are looked for. */
METACALL_API int metacall_execution_path(const char *tag, const char *path);
METACALL_API int metacall_execution_path_s(const char *tag, size_t tag_length, const char *path,
                                           size_t path_length);

/* -------------------------------------------------------------------------------------- call */

/* By name, over all tags in the order in which their loaders started, then in what the host itself
 * runs. The name of a class constructs, that of a callable object calls it. Without a count the
 * function's signature gives it. */
METACALL_API metacall_value_ref metacallv(const char *name, void *args[]);
METACALL_API metacall_value_ref metacallv_s(const char *name, void *args[], size_t size);
METACALL_API metacall_value_ref metacallhv(void *handle, const char *name, void *args[]);
METACALL_API metacall_value_ref metacallhv_s(void *handle, const char *name, void *args[],
                                             size_t size);
/* Arguments as C types, as the signature says: int, long, double, const char * ..., a value for
 * arrays and maps and for a parameter without a type. */
METACALL_API metacall_value_ref metacall(const char *name, ...);
/* The same, as `ids` say. */
METACALL_API metacall_value_ref metacallt(const char *name, const enum metacall_value_id ids[],
                                          ...);
METACALL_API metacall_value_ref metacallt_s(const char *name, const enum metacall_value_id ids[],
                                            size_t size, ...);
METACALL_API metacall_value_ref metacallht_s(void *handle, const char *name,
                                             const enum metacall_value_id ids[], size_t size, ...);
/* By function. */
METACALL_API metacall_value_ref metacallf(void *func, ...);
METACALL_API metacall_value_ref metacallfv(void *func, void *args[]);
METACALL_API metacall_value_ref metacallfv_s(void *func, void *args[], size_t size);
/* Arguments from JSON text: an array by position, an object by name. */
METACALL_API metacall_value_ref metacallfs(void *func, const char *buffer, size_t size,
                                           void *allocator);
METACALL_API metacall_value_ref metacallfms(void *func, const char *buffer, size_t size,
                                            void *allocator);
/* Arguments by name: keys are strings; as many as the function has parameters. */
METACALL_API metacall_value_ref metacallfmv(void *func, void *keys[], void *values[]);

/* ------------------------------------------------------------------------------------- async */

/* Calls whose result comes later. What is called runs at once, on this thread; NULL is returned,
 * and no callback called, where that fails. Else the result, a future or a value that is there
 * already, is followed: resolve_callback(value, data) gets what it resolves with,
 * reject_callback(exception, data) what it rejects with, each once, on the thread that settles it,
 * which may be this one, before the call returns. The value stays the library's; a callback may not
 * wait. Returned is a value of kind METACALL_FUTURE, which settles with what the callback gives: a
 * value, which the library takes over (NULL is null; a METACALL_THROWABLE, or NULL with an error
 * left, rejects; a future is followed in its turn). A callback that is NULL passes on what came.
 * Destroying the returned value does not cancel anything. A thread that wants to wait has
 * metacall_future_value in <metacall/metacall_kinds.h>. */
METACALL_API metacall_value_ref metacall_await(const char *name, void *args[],
                                               void *(*resolve_callback)(void *, void *),
                                               void *(*reject_callback)(void *, void *),
                                               void *data);
METACALL_API metacall_value_ref metacall_await_s(const char *name, void *args[], size_t size,
                                                 void *(*resolve_callback)(void *, void *),
                                                 void *(*reject_callback)(void *, void *),
                                                 void *data);
/* The same for a future at hand (metacall_value_to_future). */
METACALL_API metacall_value_ref metacall_await_future(void *f,
                                                      void *(*resolve_callback)(void *, void *),
                                                      void *(*reject_callback)(void *, void *),
                                                      void *data);
METACALL_API metacall_value_ref metacallfv_await(void *func, void *args[],
                                                 void *(*resolve_callback)(void *, void *),
                                                 void *(*reject_callback)(void *, void *),
                                                 void *data);
METACALL_API metacall_value_ref metacallfv_await_s(void *func, void *args[], size_t size,
                                                   void *(*resolve_callback)(void *, void *),
                                                   void *(*reject_callback)(void *, void *),
                                                   void *data);
METACALL_API metacall_value_ref metacallfv_await_struct_s(void *func, void *args[], size_t size,
                                                          metacall_await_callbacks cb, void *data);
METACALL_API metacall_value_ref metacallfs_await(void *func, const char *buffer, size_t size,
                                                 void *allocator,
                                                 void *(*resolve_callback)(void *, void *),
                                                 void *(*reject_callback)(void *, void *),
                                                 void *data);
METACALL_API metacall_value_ref metacallfms_await(void *func, const char *buffer, size_t size,
                                                  void *allocator,
                                                  void *(*resolve_callback)(void *, void *),
                                                  void *(*reject_callback)(void *, void *),
                                                  void *data);
METACALL_API metacall_value_ref metacallfmv_await(void *func, void *keys[], void *values[],
                                                  void *(*resolve_callback)(void *, void *),
                                                  void *(*reject_callback)(void *, void *),
                                                  void *data);
METACALL_API metacall_value_ref metacallfmv_await_s(void *func, void *keys[], void *values[],
                                                    size_t size,
                                                    void *(*resolve_callback)(void *, void *),
                                                    void *(*reject_callback)(void *, void *),
                                                    void *data);

/* ---------------------------------------------------------------------------------- function */

/* A function by name, as metacall() finds it; a class counts as one that constructs. It belongs to
 * where it is defined: valid until that handle is cleared, and for one that the host runs until the
 * library ends. */
METACALL_API metacall_function_ref metacall_function(const char *name)
    METACALL_SYMBOL("metacall_function");
/* Number of parameters; 0 for NULL. */
METACALL_API size_t metacall_function_size(void *func);
/* 1 when calling it gives a future, 0 when not, -1 for NULL. */
METACALL_API int metacall_function_async(void *func);
/* METACALL_INVALID = any. 0, or 1 where there is no such parameter. */
METACALL_API int metacall_function_parameter_type(void *func, size_t parameter,
                                                  enum metacall_value_id *id);
METACALL_API int metacall_function_return_type(void *func, enum metacall_value_id *id);

/* ------------------------------------------------------------------------------------ handle */

/* A handle by the path of its file, that path's last part, or that without its extension. */
METACALL_API metacall_handle_ref metacall_handle(const char *tag, const char *name)
    METACALL_SYMBOL("metacall_handle");
/* Its name, as long as it lives. */
METACALL_API const char *metacall_handle_id(void *handle);
/* A map of its names and values. */
METACALL_API metacall_value_ref metacall_handle_export(void *handle);
/* A function of it, which belongs to it. */
METACALL_API metacall_function_ref metacall_handle_function(void *handle, const char *name);
/* An empty handle of a loader. */
METACALL_API int metacall_handle_initialize(void *loader, const char *name, void **handle_ptr);
/* Adds the names of `handle_src` to `handle_dest`: all, or none where one is taken. */
METACALL_API int metacall_handle_populate(void *handle_dest, void *handle_src);
/* Unloads a handle with all its names. */
METACALL_API int metacall_clear(void *handle);
/* The loader of a tag, started where it does not run. */
METACALL_API metacall_loader_ref metacall_loader(const char *tag)
    METACALL_SYMBOL("metacall_loader");
/* The types that a loader knows by name: *types is malloc'ed, to be freed with free(); its names
 * live as long as the library. */
METACALL_API int metacall_loader_types(const char *tag, struct metacall_loader_type **types,
                                       size_t *size);

/* ---------------------------------------------------------------------------------- register */

/* Makes a C function callable from everywhere. `invoke` gets the arguments, which stay the
 * library's, and gives back a value that the library takes over (NULL counts as null, or as a
 * failure where it left an error; a METACALL_THROWABLE throws). name NULL: not in the scope. Types
 * are checked before it is called. *func, where given, is valid until the library ends. */
METACALL_API int metacall_register(const char *name, void *(*invoke)(size_t, void *[], void *),
                                   void **func, enum metacall_value_id return_type, size_t size,
                                   ...);
METACALL_API int metacall_registerv(const char *name, void *(*invoke)(size_t, void *[], void *),
                                    void **func, enum metacall_value_id return_type, size_t size,
                                    enum metacall_value_id types[]);
/* The same with `data` for invoke. */
METACALL_API int metacall_registerv_closure(const char *name,
                                            void *(*invoke)(size_t, void *[], void *), void **func,
                                            enum metacall_value_id return_type, size_t size,
                                            enum metacall_value_id types[], void *data);
/* The same in a handle of a loader; handle NULL: in the loader's global scope. */
METACALL_API int metacall_register_loaderv(void *loader, void *handle, const char *name,
                                           void *(*invoke)(size_t, void *[], void *),
                                           enum metacall_value_id return_type, size_t size,
                                           enum metacall_value_id types[], void *data);

/* ------------------------------------------------------------------------- class and object */

/* A class by name, as a call by name finds it; a call by that name constructs. It belongs to where
 * it is defined, as metacall_function has it. */
METACALL_API void *metacall_class(const char *name);
/* A new instance, a value of kind METACALL_OBJECT, as far as the language's constructor gives one.
 * `name` is for compatibility. `cls` is from metacall_class or metacall_value_to_class. */
METACALL_API metacall_value_ref metacall_class_new(void *cls, const char *name, void *args[],
                                                   size_t size);
/* Attributes and methods of the class itself. An attribute that is a method comes as a function. */
METACALL_API metacall_value_ref metacall_class_static_get(void *cls, const char *key);
METACALL_API int metacall_class_static_set(void *cls, const char *key, void *v);
METACALL_API metacall_value_ref metacallv_class(void *cls, const char *name, void *args[],
                                                size_t size);
/* The same, with the result cast to the kind `ret` (METACALL_INVALID: as it is). */
METACALL_API metacall_value_ref metacallt_class(void *cls, const char *name,
                                                const enum metacall_value_id ret, void *args[],
                                                size_t size);
/* Attributes and methods of an object, from metacall_value_to_object. */
METACALL_API metacall_value_ref metacall_object_get(void *obj, const char *key);
METACALL_API int metacall_object_set(void *obj, const char *key, void *v);
METACALL_API metacall_value_ref metacallv_object(void *obj, const char *name, void *args[],
                                                 size_t size);
METACALL_API metacall_value_ref metacallt_object(void *obj, const char *name,
                                                 const enum metacall_value_id ret, void *args[],
                                                 size_t size);
/* The exception in a throwable, as a value that stays the throwable's. */
METACALL_API metacall_value_ref metacall_throwable_value(void *th);

/* -------------------------------------------------------------------------- inspect and JSON */

/* All that is loaded, as JSON: {tag: [{name, scope: {name, funcs, classes, objects}}]}. A function
 * is {name, signature: {ret: {type}, args: [{name, type, required, kind}], variadic}, async,
 * generator}; a type is {name, id}; the kind of an argument is "any", "positional" (by its place
 * only) or "keyword" (by its name only). A class is {name, constructors, methods, staticMethods,
 * attributes, staticAttributes}; an object {name, class}. The text is the caller's, to be freed
 * with the allocator; *size counts its NUL. */
METACALL_API char *metacall_inspect(size_t *size, void *allocator);
METACALL_API metacall_value_ref metacall_inspect_value(void);
/* A value as JSON text. `name` is metacall_serial(). An instant becomes its text in ISO 8601, UTC
 * ("2026-11-23T18:06:00Z"), a set an array: they come back as that. Buffers, functions, classes,
 * objects, futures, exceptions, NaN and infinities have no form: they are refused with
 * METACALL_ERROR_TYPE, which names their type and their place in the value. */
METACALL_API char *metacall_serialize(const char *name, void *v, size_t *size, void *allocator);
METACALL_API metacall_value_ref metacall_deserialize(const char *name, const char *buffer,
                                                     size_t size, void *allocator);

METACALL_END_DECLS

#endif /* METACALL_H */
