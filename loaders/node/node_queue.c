/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See node_queue.h. One lock for all queues: requests are rare beside direct calls, and a waiter
 * may have to look at two of them. */
#include "node_queue.h"
#include "node_env.h"
#include "node_future.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A request, on the stack of whoever waits. */
struct node_request {
    struct node_request *next;
    int (*work)(struct node_env *env, void *data);
    void *data;
    int rc;
    int taken;
    int done;
    metacall_error *error; /* of the thread that worked, for the one that waits */
    pthread_cond_t *wake;
};

/* A JavaScript thread that waits for another thread without end, and was seen so this often, will
 * never serve us. */
enum { LOOK_EVERY_MS = 250, LOOKS_UNTIL_DEADLOCK = 12 };

static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;

/* Takes one request and runs it. queue_lock is held on entry and return. */
static void serve_one(struct node_env *env)
{
    struct node_request *request = env->queue.first;
    napi_handle_scope scope;

    env->queue.first = request->next;
    if (!request->next)
        env->queue.last = NULL;
    request->taken = 1;
    env->queue.serving++;
    pthread_mutex_unlock(&queue_lock);
    if (napi_open_handle_scope(env->napi, &scope) == napi_ok) {
        request->rc = request->work(env, request->data);
        napi_close_handle_scope(env->napi, scope);
    } else {
        request->rc = node_env_refuse(env);
    }
    request->error = request->rc < 0 ? metacall_error_take() : NULL;
    pthread_mutex_lock(&queue_lock);
    env->queue.serving--;
    request->done = 1;
    pthread_cond_signal(request->wake);
}

static void serve_all(struct node_env *env)
{
    if (__atomic_load_n(&env->garbage, __ATOMIC_RELAXED))
        node_env_sweep(env);
    pthread_mutex_lock(&queue_lock);
    while (env->queue.first)
        serve_one(env);
    pthread_mutex_unlock(&queue_lock);
    node_future_deliver(env);
}

/* The doorbell rang: the loop of the environment's thread has come round. */
static void answer(napi_env napi, napi_value callback, void *context, void *data)
{
    (void)callback, (void)data;
    if (napi)
        serve_all(context);
}

int node_queue_open(struct node_env *env)
{
    napi_value name;

    if (napi_create_string_utf8(env->napi, "metacall", NAPI_AUTO_LENGTH, &name) != napi_ok ||
        napi_create_threadsafe_function(env->napi, NULL, NULL, name, 0, 1, NULL, NULL, env, answer,
                                        &env->queue.bell) != napi_ok ||
        napi_unref_threadsafe_function(env->napi, env->queue.bell) != napi_ok)
        return metacall_error_raise(METACALL_ERROR_LOADER,
                                    "node: no thread-safe function could be made");
    env->queue.thread = syscall(SYS_gettid);
    env->queue.open = 1;
    return 0;
}

int node_queue_ready(struct node_env *env)
{
    return env->queue.bell ? 0 : node_queue_open(env);
}

int node_queue_post(struct node_env *env, struct node_post *post)
{
    int rc = -1;

    pthread_mutex_lock(&queue_lock);
    if (env->queue.open) {
        post->next = env->queue.posted;
        env->queue.posted = post;
        rc = 0;
        if (!post->next)
            napi_call_threadsafe_function(env->queue.bell, NULL, napi_tsfn_nonblocking);
    }
    pthread_mutex_unlock(&queue_lock);
    return rc;
}

void node_queue_ring(struct node_env *env)
{
    pthread_mutex_lock(&queue_lock);
    if (env->queue.open)
        napi_call_threadsafe_function(env->queue.bell, NULL, napi_tsfn_nonblocking);
    pthread_mutex_unlock(&queue_lock);
}

struct node_post *node_queue_posted(struct node_env *env)
{
    struct node_post *post, *first = NULL;

    pthread_mutex_lock(&queue_lock);
    post = env->queue.posted;
    env->queue.posted = NULL;
    pthread_mutex_unlock(&queue_lock);
    while (post) {
        struct node_post *next = post->next;
        post->next = first;
        first = post;
        post = next;
    }
    return first;
}

void node_queue_keep(struct node_env *env, int keep)
{
    if (keep)
        napi_ref_threadsafe_function(env->napi, env->queue.bell);
    else
        napi_unref_threadsafe_function(env->napi, env->queue.bell);
}

void node_queue_close(struct node_env *env)
{
    pthread_mutex_lock(&queue_lock);
    env->queue.open = 0;
    while (env->queue.first) {
        struct node_request *request = env->queue.first;
        env->queue.first = request->next;
        request->taken = request->done = 1;
        request->rc = node_env_refuse(env);
        request->error = metacall_error_take();
        pthread_cond_signal(request->wake);
    }
    env->queue.last = NULL;
    pthread_mutex_unlock(&queue_lock);
}

/* Is this thread of ours asleep in a wait that has no end of its own: a lock, a join? */
static int sleeps_for_ever(long thread)
{
    char path[64], text[160];
    unsigned long number = 0, address, operation, expected, timeout = 1;
    ssize_t got;
    int file;

    snprintf(path, sizeof path, "/proc/self/task/%ld/syscall", thread);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    got = read(file, text, sizeof text - 1);
    close(file);
    if (got <= 0)
        return 0;
    text[got] = '\0';
    return sscanf(text, "%lu %lx %lx %lx %lx", &number, &address, &operation, &expected,
                  &timeout) == 5 &&
           number == SYS_futex && timeout == 0;
}

/* Waits a while for `request`. Returns 1 when it can never be answered. */
static int wait_foreign(struct node_env *env, struct node_request *request, int *looks)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += LOOK_EVERY_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    if (pthread_cond_timedwait(request->wake, &queue_lock, &until) != ETIMEDOUT || request->taken)
        return 0;
    if (__atomic_load_n(&env->away, __ATOMIC_RELAXED) > 0 && sleeps_for_ever(env->queue.thread))
        return ++*looks >= LOOKS_UNTIL_DEADLOCK;
    *looks = 0;
    return 0;
}

static void take_back(struct node_env *env, struct node_request *request)
{
    struct node_request **link = &env->queue.first;
    struct node_request *last = NULL;

    while (*link && *link != request) {
        last = *link;
        link = &last->next;
    }
    if (*link)
        *link = request->next;
    if (env->queue.last == request)
        env->queue.last = last;
}

static int wait_done(struct node_env *env, struct node_request *request)
{
    struct node_env *own = node_env_current();
    int looks = 0;

    while (!request->done) {
        if (own && own->queue.first) {
            serve_one(own);
        } else if (own) {
            pthread_cond_wait(request->wake, &queue_lock);
        } else if (wait_foreign(env, request, &looks)) {
            take_back(env, request);
            return metacall_error_raise(
                METACALL_ERROR_DEADLOCK,
                "node: this thread calls JavaScript, whose thread waits inside a call into another "
                "language (a lock, a join) and so can never answer; wait without blocking, or call "
                "from the JavaScript thread");
        }
    }
    return 0;
}

int node_queue_run(struct node_env *env, int (*work)(struct node_env *env, void *data), void *data)
{
    struct node_request request = {NULL, work, data, -1, 0, 0, NULL, NULL};
    struct node_env *own = node_env_current();
    pthread_cond_t wake;
    pthread_condattr_t clock;
    int rc;

    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&wake, &clock);
    pthread_condattr_destroy(&clock);
    request.wake = own && !own->embed ? &own->queue.arrived : &wake;
    pthread_mutex_lock(&queue_lock);
    if (!env->queue.open) {
        rc = node_env_refuse(env);
        goto out;
    }
    if (env->queue.last)
        env->queue.last->next = &request;
    else
        env->queue.first = &request;
    env->queue.last = &request;
    pthread_cond_signal(&env->queue.arrived);
    napi_call_threadsafe_function(env->queue.bell, NULL, napi_tsfn_nonblocking);
    rc = wait_done(env, &request);
    if (rc == 0) {
        rc = request.rc;
        if (request.error)
            metacall_error_set(request.error);
    }
out:
    pthread_mutex_unlock(&queue_lock);
    pthread_cond_destroy(&wake);
    return rc;
}
