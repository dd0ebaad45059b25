/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Calls from foreign threads to an environment that has a thread of its own (a host, a worker). The
 * queue is ours, because whoever waits on a JavaScript thread must serve it meanwhile; a
 * thread-safe function of Node-API is only its doorbell. */
#ifndef NODE_QUEUE_H
#define NODE_QUEUE_H

#include <node_api.h>
#include <pthread.h>

struct node_env;
struct node_request;

struct node_queue {
    struct node_request *first;
    struct node_request *last;
    pthread_cond_t arrived; /* an environment's thread that waits for another one */
    napi_threadsafe_function bell;
    int open;
    int serving; /* requests under way, nested */
    long thread; /* kernel id of the environment's thread */
};

/* On the environment's thread. */
int node_queue_open(struct node_env *env);
/* Fails all who wait, and refuses newcomers. On the environment's thread, or at exit. */
void node_queue_close(struct node_env *env);
/* Sends `work` to the environment's thread and waits for it; serves the caller's own queue
 * meanwhile where the caller is a JavaScript thread too. Gives what work gave, with its error. */
int node_queue_run(struct node_env *env, int (*work)(struct node_env *env, void *data), void *data);

#endif /* NODE_QUEUE_H */
