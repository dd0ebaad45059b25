/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The loader interface: all that a plugin (lib<tag>_loader.so) sees of the library, and all that
 * the library asks of a plugin. A plugin links libmetacall and includes public headers only.
 *
 * Values travel as `metacall_value *`. Their layout is open here, so that a loader can keep the
 * arguments and the result of a call on its own stack: a scalar costs no allocation. The layout is
 * part of METACALL_LOADER_INTERFACE; the plugin's ABI note carries that number and a plugin of
 * another major is refused before it is opened.
 *
 * Conventions: a function returning int gives 0 for success and -1 for failure with the thread's
 * error set (metacall_error_raise and friends). Outputs are untouched on failure.
 */
#ifndef METACALL_LOADER_H
#define METACALL_LOADER_H

#include <metacall/types.h>

#ifdef METACALL_H
#error "include <metacall/loader.h> before <metacall/metacall.h>"
#endif

METACALL_BEGIN_DECLS

typedef struct metacall_function metacall_function;
typedef struct metacall_handle metacall_handle;
typedef struct metacall_loader metacall_loader;

#define METACALL_LOADER_INTERFACE_MAJOR 1
#define METACALL_LOADER_INTERFACE_MINOR 0

/* ------------------------------------------------------------------ values in place (slots) */

/* What `storage` says about a value. */
enum metacall_storage {
    METACALL_STORAGE_SLOT = 0,         /* lives where its owner put it (a stack); never freed */
    METACALL_STORAGE_HEAP = 1u << 0,   /* made by metacall_value_create_*: counted by `refs` */
    METACALL_STORAGE_INNER = 1u << 1,  /* an element inside its array's block: the array frees it */
    METACALL_STORAGE_BORROW = 1u << 2, /* what is pointed to is the maker's, valid for this call
                                          only (or as long as what it lies in, _room below) */
    METACALL_STORAGE_MINUS = 1u << 3,  /* a METACALL_BIGINT below zero */
    METACALL_STORAGE_PAIR = 1u << 4,   /* an ARRAY whose two items lie in its map's block */
    METACALL_STORAGE_SHARED = 1u << 5, /* a BUFFER that is as.bytes.memory's, held by a reference */
    METACALL_STORAGE_FROZEN = 1u << 6  /* a SET that its language holds to be constant */
};

struct metacall_memory;
struct metacall_object;
struct metacall_future;

/* A value of 32 bytes. `id` is one of enum metacall_value_id. What lies behind the pointers belongs
 * to the value unless METACALL_STORAGE_BORROW is set. Read the fields freely; write them through
 * the metacall_slot_* functions below. */
struct metacall_value {
    uint16_t id;
    uint16_t storage;
    uint32_t refs; /* METACALL_STORAGE_HEAP only; atomic */
    union {
        boolean boolean_;
        char char_;
        short short_;
        int int_;
        int64_t long_;
        float float_;
        double double_;
        struct { /* STRING, BUFFER. A string has a NUL at data[size] that size does not count */
            char *data;
            size_t size;
            struct metacall_memory *memory; /* only with METACALL_STORAGE_SHARED */
        } bytes;
        struct { /* ARRAY, SET: items[count]; MAP: items[count], each an ARRAY of key and value */
            metacall_value **items;
            size_t count;
        } array;
        struct { /* BIGINT: magnitude, least significant word first, no leading zero word */
            uint64_t *words;
            size_t count;
        } bigint;
        struct { /* PTR: not owned */
            void *pointer;
            void *extra;
        } reference;
        int64_t date;                   /* DATE: microseconds since 1970-01-01T00:00Z */
        metacall_function *function;    /* FUNCTION: holds a reference */
        struct metacall_object *object; /* CLASS, OBJECT: holds a reference, <metacall/object.h> */
        struct metacall_future *future; /* FUTURE: holds a reference, <metacall/future.h> */
        metacall_error *error;          /* EXCEPTION, THROWABLE: holds a reference */
    } as;
};

/* An empty slot (null). Use as: metacall_value slot = METACALL_SLOT_INIT; */
#define METACALL_SLOT_INIT                                                                         \
    {                                                                                              \
        METACALL_NULL, METACALL_STORAGE_SLOT, 0,                                                   \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

/* The scalars: they write `slot`, whose former contents must be empty or a scalar. `storage` keeps
 * only where the value lives. */
#define METACALL_STORAGE_PLACE (METACALL_STORAGE_HEAP | METACALL_STORAGE_INNER)

static inline void metacall_slot_kind(metacall_value *slot, enum metacall_value_id id)
{
    slot->id = (uint16_t)id;
    slot->storage &= (uint16_t)METACALL_STORAGE_PLACE;
}

static inline void metacall_slot_null(metacall_value *slot)
{
    metacall_slot_kind(slot, METACALL_NULL);
}

static inline void metacall_slot_bool(metacall_value *slot, int truth)
{
    metacall_slot_kind(slot, METACALL_BOOL);
    slot->as.boolean_ = truth != 0;
}

static inline void metacall_slot_long(metacall_value *slot, int64_t number)
{
    metacall_slot_kind(slot, METACALL_LONG);
    slot->as.long_ = number;
}

static inline void metacall_slot_double(metacall_value *slot, double number)
{
    metacall_slot_kind(slot, METACALL_DOUBLE);
    slot->as.double_ = number;
}

/* An instant, in microseconds since 1970-01-01T00:00Z. */
static inline void metacall_slot_date(metacall_value *slot, int64_t microseconds)
{
    metacall_slot_kind(slot, METACALL_DATE);
    slot->as.date = microseconds;
}

/* A string or buffer that stays the caller's; it must outlive the call that the slot is used for.
 * The core copies it wherever a value is kept (metacall_value_copy, a result handed to C). A string
 * must be followed by a NUL byte. */
static inline void metacall_slot_borrow(metacall_value *slot, enum metacall_value_id id,
                                        const char *data, size_t size)
{
    metacall_slot_kind(slot, id);
    slot->storage |= METACALL_STORAGE_BORROW;
    slot->as.bytes.data = (char *)data;
    slot->as.bytes.size = size;
}

/* A string or buffer of `size` bytes that the slot owns, copied from `data`, or left to be filled
 * in where data is NULL (as.bytes.data; the final NUL is there). */
METACALL_API int metacall_slot_bytes(metacall_value *slot, enum metacall_value_id id,
                                     const char *data, size_t size);
/* An integer past 64 bits: `count` words of magnitude, copied. The slot becomes a METACALL_LONG
 * where the number fits one. With words NULL the words are zeros to be filled in
 * (as.bigint.words), and metacall_slot_bigint_settle must follow. */
METACALL_API int metacall_slot_bigint(metacall_value *slot, int minus, const uint64_t *words,
                                      size_t count);
/* Drops leading zero words of a METACALL_BIGINT; it becomes a METACALL_LONG where it fits one. */
METACALL_API void metacall_slot_bigint_settle(metacall_value *slot);
/* The name of a kind, "Long", "String" ...; "Invalid" for an unknown one. Static. */
METACALL_API const char *metacall_kind_name(enum metacall_value_id id);
/* An array of `count` nulls in one block; fill as.array.items[i], which are slots themselves. */
METACALL_API int metacall_slot_array(metacall_value *slot, size_t count);
/* A map of `count` pairs in one block; as.array.items[i]->as.array.items[0] is the key, [1] the
 * value, all nulls at first. */
METACALL_API int metacall_slot_map(metacall_value *slot, size_t count);
/* A set of `count` nulls in one block; fill as.array.items[i]. */
METACALL_API int metacall_slot_set(metacall_value *slot, size_t count);
/* An array or a map with `room` bytes behind it for what its own members borrow, however deep in it
 * (METACALL_STORAGE_BORROW: texts, arrays and maps of inner values): one allocation for all of it.
 * The room is aligned for values and lasts as long as the array or map does; who keeps a member
 * copies it. ret_room may be NULL where room is 0. */
METACALL_API int metacall_slot_array_room(metacall_value *slot, size_t count, size_t room,
                                          void **ret_room);
METACALL_API int metacall_slot_map_room(metacall_value *slot, size_t count, size_t room,
                                        void **ret_room);
/* The same in memory of the caller's, aligned for values, which has to last as long as the slot is
 * used: the slot borrows it, and what its members own is the caller's to clear. How many bytes that
 * takes; SIZE_MAX where no size_t can say it. */
METACALL_API size_t metacall_slot_array_size(size_t count);
METACALL_API size_t metacall_slot_map_size(size_t count);
METACALL_API void metacall_slot_array_lend(metacall_value *slot, enum metacall_value_id id,
                                           size_t count, void *memory); /* an array or a set */
METACALL_API void metacall_slot_map_lend(metacall_value *slot, size_t count, void *memory);
/* A function. Takes a reference of its own. */
METACALL_API void metacall_slot_function(metacall_value *slot, metacall_function *function);
/* An exception as a value. Takes a reference of its own. */
METACALL_API void metacall_slot_error(metacall_value *slot, metacall_error *error);
/* Frees what the slot owns and makes it null. Does nothing for a scalar. */
METACALL_API void metacall_slot_clear(metacall_value *slot);
/* Copies `from` into the empty `slot`, deeply; borrowed bytes become owned. */
METACALL_API int metacall_slot_copy(metacall_value *slot, const metacall_value *from);

/* ------------------------------------------------------------------------------- functions */

/* The arguments of one call. They stay the caller's; a callee that keeps one copies it. The last
 * keyword_count of them carry the names in `keywords` (UTF-8). */
struct metacall_call {
    metacall_value *const *args;
    size_t count;
    const char *const *keywords;
    size_t keyword_count;
};

/* What the owner of a function does for it. */
struct metacall_function_ops {
    /* Runs the function on the calling thread. On success fills *ret, an empty slot; what it
     * borrows may only be the call's own arguments'. A failure leaves *ret empty and the thread's
     * error set; a guest's exception is an error of code METACALL_ERROR_GUEST that holds the
     * exception itself. Enters and leaves the runtime by itself. */
    int (*call)(metacall_function *function, const struct metacall_call *call, metacall_value *ret);
    /* Fills in the signature when somebody first asks for it (metacall_function_parameter ...).
     * May be NULL. */
    int (*describe)(metacall_function *function);
    /* The last reference is gone; called on any thread, possibly after the runtime has ended. */
    void (*destroy)(metacall_function *function);
    /* Turns on (1) or off (0) that the language's own calls of the function run through
     * metacall_function_intercepted (<metacall/intercept.h>); `call` above goes to the original
     * all the same, for the core runs the hooks of those calls. Off leaves no trace. -1 with
     * METACALL_ERROR_SUPPORT where it cannot be done for this function, with METACALL_ERROR_STATE
     * where somebody else has changed it. May be NULL. */
    int (*intercept)(metacall_function *function, int on);
};

/* The open head of a function: enough to call it and to recognise one's own. */
struct metacall_function {
    const struct metacall_function_ops *ops;
    metacall_loader *loader; /* owner; NULL for one registered from C */
    void *data;              /* the owner's: a PyObject *, a reference to a JavaScript function */
    uint32_t refs;           /* atomic */
    uint32_t flags;          /* enum metacall_function_flags */
    void *core;              /* name, signature: the core's */
};

enum metacall_function_flags {
    METACALL_FUNCTION_ASYNC = 1u << 0,    /* calling it gives a future */
    METACALL_FUNCTION_TYPED = 1u << 1,    /* at least one parameter has a type to be checked */
    METACALL_FUNCTION_VARIADIC = 1u << 2, /* takes more arguments than it names */
    METACALL_FUNCTION_DESCRIBED = 1u << 3,
    METACALL_FUNCTION_BIG = 1u << 4, /* its METACALL_LONG parameters take a METACALL_BIGINT too */
    METACALL_FUNCTION_INTERCEPTED = 1u << 5, /* the core's: somebody has hooks on it */
    METACALL_FUNCTION_GENERATOR = 1u << 6    /* calling it gives a generator */
};

/* How a parameter takes its argument. */
enum metacall_parameter_flags {
    METACALL_PARAMETER_REQUIRED = 1u << 0,
    METACALL_PARAMETER_KEYWORD = 1u << 1,    /* by its name only; such parameters come last */
    METACALL_PARAMETER_POSITIONAL = 1u << 2, /* by its place only: the name just says what it is */
    METACALL_PARAMETER_REST = 1u << 3 /* METACALL_OBJECT_SIGNATURE only: takes more than is named */
};

/* A new function with one reference, owned by the caller. `name` is copied; NULL = anonymous.
 * Returns NULL with the error set when out of memory. */
METACALL_API metacall_function *metacall_function_create(metacall_loader *loader, const char *name,
                                                         const struct metacall_function_ops *ops,
                                                         void *data);
METACALL_API void metacall_function_reference(metacall_function *function);
METACALL_API void metacall_function_release(metacall_function *function); /* NULL is accepted */
/* A function by name, as a call by name finds it: in the global scope, then in what the host itself
 * runs; a class or a callable object comes as metacall_object_function gives it. A new reference,
 * the caller's to release. NULL with the error set (METACALL_ERROR_NOT_FOUND where there is none).
 */
METACALL_API metacall_function *metacall_function_find(const char *name);
/* The name; lives as long as the function. "" for an anonymous one. */
METACALL_API const char *metacall_function_name(const metacall_function *function);
/* Called by the owner in `describe`, or right after creation. `type` METACALL_INVALID = any;
 * `flags` of enum metacall_parameter_flags. */
METACALL_API int metacall_function_parameter(metacall_function *function, const char *name,
                                             enum metacall_value_id type, int flags);
METACALL_API void metacall_function_result(metacall_function *function,
                                           enum metacall_value_id type);
/* For an owner that wants arguments by position: places those of `call`, also the ones with
 * keywords, at ret_args[i] in the order of the function's parameters, NULL where an optional one is
 * missing. `room` is the length of ret_args. 0, or -1 with METACALL_ERROR_ARGUMENT. */
METACALL_API int metacall_function_arrange(metacall_function *function,
                                           const struct metacall_call *call,
                                           metacall_value **ret_args, size_t room);
/* Any function through the one gate: refuses when its loader has ended or was lost in a fork,
 * checks arguments against declared types (an argument of another kind is converted where that is
 * exact, else refused with METACALL_ERROR_TYPE or _RANGE), then ops->call. *ret must be an empty
 * slot. Thread-safe: whoever holds a lock of a runtime (the GIL, a v8::Locker) releases it as its
 * own rules say. */
METACALL_API int metacall_function_call(metacall_function *function,
                                        const struct metacall_call *call, metacall_value *ret);

/* --------------------------------------------------------------------------------- errors */

enum metacall_error_code {
    METACALL_ERROR_NONE = 0,
    METACALL_ERROR_GUEST = 1,     /* a guest's own exception */
    METACALL_ERROR_EXIT = 2,      /* a guest asked for the end of the process: exit_status */
    METACALL_ERROR_INTERRUPT = 3, /* a signal asked for the call to end (KeyboardInterrupt) */
    METACALL_ERROR_ARGUMENT = 4,  /* the call itself is wrong: count, NULL, keyword */
    METACALL_ERROR_TYPE = 5,      /* a value cannot be converted exactly */
    METACALL_ERROR_RANGE = 6,     /* a number or a size does not fit */
    METACALL_ERROR_NOT_FOUND = 7, /* no such function, handle, tag, file */
    METACALL_ERROR_DUPLICATE = 8, /* the name exists already */
    METACALL_ERROR_LOAD = 9,      /* a script could not be loaded */
    METACALL_ERROR_LOADER = 10,   /* a loader or its runtime could not be found, proven, started */
    METACALL_ERROR_MANIFEST = 11,
    METACALL_ERROR_HOST = 12,     /* host detection or attach */
    METACALL_ERROR_STATE = 13,    /* not initialised, closing or ended */
    METACALL_ERROR_FORK = 14,     /* the runtime was lost in a fork */
    METACALL_ERROR_DEADLOCK = 15, /* the wait could never end */
    METACALL_ERROR_MEMORY = 16,
    METACALL_ERROR_SUPPORT = 17, /* known, but not supported here */
    METACALL_ERROR_INTERNAL = 18,
    METACALL_ERROR_CANCELLED = 19, /* asyncio.CancelledError, AbortError */
    METACALL_ERROR_TIMEOUT = 20
};

/* What a loader can add to an error of its own. */
struct metacall_error_ops {
    /* Text of the guest's traceback, made when first asked for; malloc'ed, may be NULL. */
    char *(*stack)(metacall_error *error);
    /* Lets go of error->native; on any thread, possibly after the runtime has ended. */
    void (*release)(metacall_error *error);
};

/* One failure. Counted; NULL strings mean "unknown". */
struct metacall_error {
    uint32_t refs; /* atomic */
    enum metacall_error_code code;
    int exit_status;         /* METACALL_ERROR_EXIT */
    int64_t number;          /* the `code` of metacall_exception: a guest's own error number */
    char *code_name;         /* the guest's own code where that is a text: "ENOENT"; malloc'ed */
    char *type;              /* the guest's name of its type: "TypeError" */
    char *message;           /* names file, tag, symbol, expected and found, and the fix */
    char *stack;             /* the guest's frames, if already asked for */
    metacall_loader *loader; /* where it was thrown; NULL = in this library */
    void *native;            /* the guest's exception object, so that it comes home as itself */
    const struct metacall_error_ops *ops;
    metacall_error *cause; /* owned, or NULL */
    metacall_value *value; /* the core's: the error as a value, made when first asked for */
};

/* Sets the calling thread's error from a format; the former one becomes its cause only through
 * metacall_error_wrap. Always returns -1, so that `return metacall_error_raise(...)` reads well. */
METACALL_API int metacall_error_raise(enum metacall_error_code code, const char *format, ...)
    METACALL_PRINTF(2, 3);
/* Same, with what the thread's error was as the cause. */
METACALL_API int metacall_error_wrap(enum metacall_error_code code, const char *format, ...)
    METACALL_PRINTF(2, 3);
/* A new error with one reference for a loader to fill in (strings are malloc'ed copies); not set
 * yet. NULL when out of memory, with the error set. */
METACALL_API metacall_error *metacall_error_create(enum metacall_error_code code, const char *type,
                                                   const char *message);
/* Makes `error` the thread's error, taking over the caller's reference. Returns -1. */
METACALL_API int metacall_error_set(metacall_error *error);
/* Takes the thread's error away: the caller's reference now. NULL = none was set. */
METACALL_API metacall_error *metacall_error_take(void);
/* Looks at the thread's error, which stays set. NULL = none. */
METACALL_API metacall_error *metacall_error_peek(void);
METACALL_API void metacall_error_reference(metacall_error *error);
METACALL_API void metacall_error_release(metacall_error *error); /* NULL is accepted */
/* The traceback text, asked from the loader on first use; lives as long as the error. "" = none. */
METACALL_API const char *metacall_error_stack(metacall_error *error);

/* ------------------------------------------------------------------------- loader and scope */

/* How the plugin is bound, and so what the loader must do at its start and end. */
enum metacall_binding {
    METACALL_BINDING_EMBEDDED = 0, /* the loader initialises and finalises the runtime */
    METACALL_BINDING_HOST = 1      /* the runtime is the process's own: do neither */
};

/* What the registry found out before it started the loader. All strings live as long as the
 * loader. NULL where it does not apply. */
struct metacall_loader_config {
    enum metacall_binding binding;
    const char *tag;
    const char *manifest;               /* path of the manifest */
    const char *plugin;                 /* path of the plugin */
    const char *runtime_library;        /* path of libpython, libnode; NULL = in the executable */
    const char *runtime_version;        /* as found out: "3.11.2" */
    const char *runtime_executable;     /* the interpreter that belongs to the library, if known */
    const char *const *execution_paths; /* from the manifest, absolute; NULL-terminated */
    int argc;                           /* arguments of the script, in the runner; else 0 */
    char *const *argv;
    void *host; /* what the port handed over at attach: napi_env for Node, NULL for Python */
};

/* The lifecycle hooks. A manifest names the symbol of each; the registry resolves them. NULL =
 * absent. Each is called on the thread of whoever needs it, unless the manifest's lifecycle entry
 * says otherwise, and enters its runtime by itself. A name that starts with a path is absolute. */
struct metacall_loader_hooks {
    int (*initialize)(metacall_loader *loader, const struct metacall_loader_config *config);
    int (*host_attach)(metacall_loader *loader, const struct metacall_loader_config *config);
    int (*execution_path)(metacall_loader *loader, const char *path);
    /* Loads every path in order and defines what they export in `handle`. Paths are absolute; a
     * name that is no file comes as it was written. A failure frees what the loader keeps for the
     * handle by itself: the caller drops the handle without `clear`, and nothing half loaded may
     * stay reachable. The names become known to others when the hook has returned. */
    int (*load_from_file)(metacall_loader *loader, metacall_handle *handle,
                          const char *const paths[], size_t count);
    int (*load_from_memory)(metacall_loader *loader, metacall_handle *handle, const char *text,
                            size_t size);
    int (*load_from_package)(metacall_loader *loader, metacall_handle *handle, const char *name);
    /* Looks `name` up in the main program, the host's or the one that the runner was given (its
     * main module, then what that imported), and updates it in `handle` (metacall_handle_update); a
     * name that is not there is no failure. NULL = all that the main module has now. Asked for
     * every name that no script defines, each time anew: what is not updated is forgotten. */
    int (*discover)(metacall_loader *loader, metacall_handle *handle, const char *name);
    /* The handle is about to be dropped: forget the module behind it. Called for every handle that
     * was loaded well, at the latest before host_detach or destroy. */
    int (*clear)(metacall_loader *loader, metacall_handle *handle);
    /* Host: close the gate, give back every reference, remove every hook. */
    int (*host_detach)(metacall_loader *loader);
    /* Embedded: close the gate and finalise the runtime. Called once, last of all. */
    int (*destroy)(metacall_loader *loader);
};

METACALL_API const char *metacall_loader_tag(const metacall_loader *loader);
METACALL_API const struct metacall_loader_config *
metacall_loader_configuration(const metacall_loader *loader);
/* 1 when this process is the loader's own runtime (host), 0 when the runtime is embedded. */
METACALL_API int metacall_loader_is_host(const metacall_loader *loader);
/* The loader's own state. */
METACALL_API void metacall_loader_set_data(metacall_loader *loader, void *data);
METACALL_API void *metacall_loader_data(const metacall_loader *loader);
/* What the language's port asks for when it attaches: for py a function that makes the module, for
 * node one that fills `exports`. The loader sets it in initialize or host_attach. */
METACALL_API void metacall_loader_set_port(metacall_loader *loader, void *port);
METACALL_API void *metacall_loader_port(const metacall_loader *loader);

/* Defines `name` in a handle's scope, copying the value. A name that the scope has already is an
 * error (METACALL_ERROR_DUPLICATE) that names both files. */
METACALL_API int metacall_handle_define(metacall_handle *handle, const char *name,
                                        const metacall_value *value);
/* The same, but replaces: for the main module of a host, whose names change while it runs. */
METACALL_API int metacall_handle_update(metacall_handle *handle, const char *name,
                                        const metacall_value *value);
/* Removes `name` from the scope if it is there. */
METACALL_API void metacall_handle_undefine(metacall_handle *handle, const char *name);
METACALL_API const char *metacall_handle_name(const metacall_handle *handle);
/* What the loader keeps for a handle (its module); freed by its `clear` hook. */
METACALL_API void metacall_handle_set_data(metacall_handle *handle, void *data);
METACALL_API void *metacall_handle_data(const metacall_handle *handle);

/* ------------------------------------------------------------------------------------ gate */

/* Stands at every entry into a runtime: counts who is inside, and once closed refuses newcomers.
 * A call that comes back into the runtime from another language passes the gate again. */
struct metacall_gate {
    uint32_t inside; /* atomic */
    uint32_t closed; /* atomic */
};

/* 0 = inside; -1 = closed, with METACALL_ERROR_STATE set by the caller's own words. */
static inline int metacall_gate_enter(struct metacall_gate *gate)
{
    __atomic_add_fetch(&gate->inside, 1, __ATOMIC_SEQ_CST);
    if (__builtin_expect(__atomic_load_n(&gate->closed, __ATOMIC_SEQ_CST) == 0, 1))
        return 0;
    __atomic_sub_fetch(&gate->inside, 1, __ATOMIC_RELEASE);
    return -1;
}

static inline void metacall_gate_leave(struct metacall_gate *gate)
{
    __atomic_sub_fetch(&gate->inside, 1, __ATOMIC_RELEASE);
}

/* Closes the gate and waits until at most `allowed` are inside (those frames that are the caller's
 * own) or `timeout_ms` has passed. Call it without holding the runtime's lock. Returns 0, or -1
 * when somebody is still inside. */
METACALL_API int metacall_gate_close(struct metacall_gate *gate, uint32_t allowed,
                                     unsigned timeout_ms);
/* For a fork's child: nobody is inside any more. */
METACALL_API void metacall_gate_reset(struct metacall_gate *gate);

METACALL_END_DECLS

#endif /* METACALL_LOADER_H */
