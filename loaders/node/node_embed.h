/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Node inside another program: what the loader asks of libnode's embedder API. Implemented by
 * node_embed.cc in the linked variant; the host variant has node_embed_absent.c, where nothing is
 * ever embedded. JavaScript runs on the caller's thread, under V8's lock; a pump thread serves
 * timers and I/O while nobody is inside. */
#ifndef NODE_EMBED_H
#define NODE_EMBED_H

#include <node_api.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct node_embed;

/* How Node goes on. */
enum node_embed_state {
    NODE_EMBED_RUNNING = 0,
    NODE_EMBED_EXITED = 1, /* process.exit, or an error that nobody caught: node_embed_exit_code */
    NODE_EMBED_STOPPED = 2 /* node_embed_stop */
};

/* Room for the scopes that an entry holds; lives on the stack of whoever enters. */
struct node_embed_frame {
    void *room[24];
    int flags;
};

/* Room for what steps out of an entry; on the stack too. */
struct node_embed_gap {
    void *room[2];
};

/* Starts Node, once in a process, on the calling thread. `binding` is the Node-API module that
 * `script` gets at by process._linkedBinding(name). *ret_embed is set before the script runs. Fails
 * with the thread's error set. */
int node_embed_start(const char *executable, const char *name, napi_addon_register_func binding,
                     const char *script, struct node_embed **ret_embed);

/* Takes the lock and opens the scopes on the calling thread. The first one in gets a callback
 * scope: ticks and microtasks run when it leaves. -1 with no error set when Node has ended. */
int node_embed_enter(struct node_embed *embed, struct node_embed_frame *frame);
void node_embed_leave(struct node_embed *embed, struct node_embed_frame *frame);
/* Around a call that leaves JavaScript for another language: lets others in meanwhile. */
void node_embed_unlock(struct node_embed *embed, struct node_embed_gap *gap);
void node_embed_relock(struct node_embed *embed, struct node_embed_gap *gap);
/* 1 when this thread runs this Node's JavaScript now (a worker of it does not). */
int node_embed_here(struct node_embed *embed);

/* How many entries lie on this thread's stack, left ones included. */
int node_embed_frames_here(const struct node_embed *embed);

enum node_embed_state node_embed_state(const struct node_embed *embed);
int node_embed_exit_code(const struct node_embed *embed);
/* Ends Node for good with this code, as process.exit does. Inside. */
void node_embed_exit(struct node_embed *embed, int code);

/* Serves the loop on the calling thread (outside) until `done` says so, or until it is dry and
 * `done` is NULL, or Node has ended. `done` is called inside. Returns 0, 1 = dry before done, -1 =
 * ended. */
int node_embed_spin(struct node_embed *embed, int (*done)(void *data), void *data);
/* Serves the loop while it has requests under way (a file being written), at most `grace_ms`.
 * JavaScript that runs without end is terminated. */
void node_embed_settle(struct node_embed *embed, unsigned grace_ms);
/* Emits beforeExit and exit, and serves the loop until it is dry: the end of a program that is
 * Node's own. Returns the exit code, process.exitCode included. Outside. */
int node_embed_finish(struct node_embed *embed);
/* Emits exit where it was not, stops JavaScript wherever it runs, frees the environment and ends
 * V8. Nobody may be inside but the caller's own frames: then only JavaScript is stopped. */
void node_embed_stop(struct node_embed *embed);
/* In a fork's child: Node's threads are gone, and it with them. */
void node_embed_lost(struct node_embed *embed);

#ifdef __cplusplus
}
#endif

#endif /* NODE_EMBED_H */
