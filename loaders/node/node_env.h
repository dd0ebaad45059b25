/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* One JavaScript environment: the process's own (host), the embedded one, or a worker's. All state
 * lies here and nothing in globals, because each worker has an environment of its own. */
#ifndef NODE_ENV_H
#define NODE_ENV_H

#include "node_draft.h"
#include "node_embed.h"
#include "node_names.h"
#include "node_queue.h"
#include "node_shape.h"
#include <metacall/loader.h>
#include <node_api.h>
#include <pthread.h>

/* What the scripts of bootstrap/ give back, by name. */
enum node_helper {
    NODE_PACK,
    NODE_UNPACK,
    NODE_GROW_INBOX,
    NODE_IMPORT_OF,
    NODE_CALLER_OF,
    NODE_LEARN,
    NODE_LEARN_SHAPE,
    NODE_MAKE_ERROR,
    NODE_DESCRIBE_ERROR,
    NODE_STACK_OF,
    NODE_ADD_PATH,
    NODE_LOAD_FILE,
    NODE_LOAD_TEXT,
    NODE_LOAD_PACKAGE,
    NODE_FORGET,
    NODE_FUNCTIONS_OF,
    NODE_DISCOVER,
    NODE_PARAMETERS_OF,
    NODE_MARK_EXIT,
    NODE_WATCH,
    NODE_FOREIGN_ERROR,
    NODE_LINK_GET,
    NODE_LINK_SET,
    NODE_LINK_DELETE,
    NODE_FOREIGN_GET,
    NODE_FOREIGN_SET,
    NODE_SORT_OF,
    NODE_DESCRIBE_OBJECT,
    NODE_OPERATE,
    NODE_MAKE_OBJECT,
    NODE_FOLLOW,
    NODE_FORGET_SIGNAL,
    NODE_CANCEL_PROMISE,
    NODE_REASON_OF,
    NODE_PIN,
    NODE_MAKE_VIEW,
    NODE_VIEW_OF,
    NODE_INTERCEPT_ON,
    NODE_INTERCEPT_OFF,
    NODE_INTERCEPT_CALL,
    NODE_DETOUR_OF,
    NODE_HOOK_BEFORE,
    NODE_HOOK_AFTER,
    NODE_HELPER_COUNT
};

struct node_env;
struct node_import;
struct js_future;
struct metacall_arena_block;

/* The loader: one a process. */
struct node_loader {
    metacall_loader *loader;
    struct node_embed *embed; /* NULL in a host */
    struct node_env *main;    /* the embedded environment, or the one that attached first */
    metacall_error *fatal;    /* atomic: what the embedded Node ended over */
    int lost;                 /* a fork's child: Node is gone, embedded or host */
    int ending;               /* host: the end has begun, no more JavaScript */
};

/* Something that only the environment's own thread may let go of. */
struct node_garbage {
    struct node_garbage *next;
    void (*drop)(struct node_env *env, struct node_garbage *garbage);
};

struct node_env {
    uint32_t refs; /* atomic: functions and errors outlive a worker */
    int closed;    /* atomic: no JavaScript any more */
    napi_env napi;
    struct node_loader *owner;
    struct node_embed *embed; /* NULL: this environment has a thread of its own */
    napi_ref helpers[NODE_HELPER_COUNT];
    napi_ref require; /* what index.js handed over, for bootstrap/ */
    napi_ref exports; /* of a port: where its functions are */
    napi_ref shared;  /* what bootstrap/ made */
    int ready;        /* bootstrap/ ran */

    /* The buffers of the packed form; see bootstrap/cell.js. */
    const double *cells;
    size_t cells_size;
    double *inbox;
    size_t inbox_size;
    double *head;
    struct metacall_arena_block *spare; /* of finished calls' arenas */
    struct node_names names;            /* keys that JavaScript knows */
    struct node_shapes *shapes; /* objects' keys that both sides know; NULL until there are */
    struct node_draft draft;    /* a message's, while none is written */
    unsigned writing;           /* messages that are being written, nested */
    double calls; /* by other languages, counted: head[7] is the running one's number */

    struct node_import **imports; /* by what they hold, open addressing */
    size_t import_count;          /* used slots, graves included */
    size_t import_room;

    struct node_hooks *hooks; /* that JavaScript of this environment has on functions */

    struct node_garbage *garbage; /* atomic: a stack */
    struct node_queue queue;
    struct js_future *promises; /* that others wait for */
    size_t awaited;             /* futures of others that Promises here wait for */
    unsigned away;              /* host: calls that left for another language, nested */
};

/* A new environment on its own thread, inside; registers clean-up where it has a thread of its own.
 * NULL with the error set. */
struct node_env *node_env_create(napi_env napi, struct node_loader *owner,
                                 struct node_embed *embed);
void node_env_reference(struct node_env *env);
void node_env_release(struct node_env *env);
/* Runs the scripts of bootstrap/ with this `require`. 0, or -1 with the error set. */
int node_env_bootstrap(struct node_env *env, napi_value require, napi_value options);
/* Runs it now where it waited until it is needed (a host). Inside. 0, or -1 with the error set. */
int node_env_prepare(struct node_env *env);
/* The environment that this thread belongs to, or NULL: the embedded one belongs to none. */
struct node_env *node_env_current(void);

/* 1 while JavaScript can be entered. */
int node_env_alive(const struct node_env *env);

/* Runs `work` inside: directly on the environment's thread, under the lock where it is embedded,
 * through the queue from a foreign thread. Gives what work gives, or -1 with the error set. */
int node_env_run(struct node_env *env, int (*work)(struct node_env *env, void *data), void *data);

/* Inside only, from here on. */

napi_value node_env_helper(struct node_env *env, enum node_helper helper);
/* Calls a helper. NULL with the exception pending in JavaScript. */
napi_value node_env_help(struct node_env *env, enum node_helper helper, size_t count,
                         const napi_value *args);
/* Around a call that leaves for another language. Others may come in meanwhile. `away` is written
 * by the environment's own thread alone, and so without the price of an atomic addition. */
static inline void node_env_depart(struct node_env *env, struct node_embed_gap *gap)
{
    if (env->embed)
        node_embed_unlock(env->embed, gap);
    else
        __atomic_store_n(&env->away, env->away + 1, __ATOMIC_RELAXED);
}

static inline void node_env_return(struct node_env *env, struct node_embed_gap *gap)
{
    if (env->embed)
        node_embed_relock(env->embed, gap);
    else
        __atomic_store_n(&env->away, env->away - 1, __ATOMIC_RELAXED);
}

/* Later, at the next entry, on the right thread; from any thread. Drops at once where the
 * environment has ended. */
void node_env_discard(struct node_env *env, struct node_garbage *garbage);
void node_env_sweep(struct node_env *env);
/* Sets the error that says why this environment cannot be entered. Returns -1. */
int node_env_refuse(struct node_env *env);

#endif /* NODE_ENV_H */
