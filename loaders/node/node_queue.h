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

/* Something that another thread has for the environment and does not wait for. */
struct node_post {
    struct node_post *next;
};

struct node_queue {
    struct node_request *first;
    struct node_request *last;
    pthread_cond_t arrived; /* an environment's thread that waits for another one */
    napi_threadsafe_function bell;
    struct node_post *posted; /* the newest first */
    int open;
    int serving; /* requests under way, nested */
    long thread; /* kernel id of the environment's thread */
};

/* On the environment's thread. */
int node_queue_open(struct node_env *env);
/* The same where it was not opened yet: an embedded environment needs it for its posts alone. */
int node_queue_ready(struct node_env *env);
/* Leaves something for the environment's thread, which hears of it by node_future_deliver. From any
 * thread. -1 with no error set: the environment has ended. */
int node_queue_post(struct node_env *env, struct node_post *post);
/* Takes all that was left, in its order. */
struct node_post *node_queue_posted(struct node_env *env);
/* Has the environment's thread look at what there is, when it comes round. From any thread. */
void node_queue_ring(struct node_env *env);
/* Whether the event loop must go on for what is still to be posted. Inside. */
void node_queue_keep(struct node_env *env, int keep);
/* Fails all who wait, and refuses newcomers. On the environment's thread, or at exit. */
void node_queue_close(struct node_env *env);
/* Sends `work` to the environment's thread and waits for it; serves the caller's own queue
 * meanwhile where the caller is a JavaScript thread too. Gives what work gave, with its error. */
int node_queue_run(struct node_env *env, int (*work)(struct node_env *env, void *data), void *data);

#endif /* NODE_QUEUE_H */
