/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The one C++ file: libnode's embedder API has no other face. It starts Node on the calling thread,
 * keeps V8's lock and scopes around every entry, and runs the pump, a thread that serves timers and
 * I/O while nobody is inside. Values never pass here: they go through Node-API, in C. */
#include "node_embed.h"
#include "node_stack.h"

#include <metacall/loader.h>
#include <node.h>
#include <uv.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <new>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string>
#include <time.h>
#include <unistd.h>
#include <vector>

struct node_embed {
    std::unique_ptr<node::MultiIsolatePlatform> platform;
    std::unique_ptr<node::CommonEnvironmentSetup> setup;
    v8::Isolate *isolate;
    node::Environment *env;
    uv_loop_t *loop;
    v8::Global<v8::Context> context;
    v8::Global<v8::Object> resource; /* of the callback scope */
    uv_async_t wake;                 /* keeps the loop's timeout honest, and wakes the pump */

    /* Under V8's lock. */
    int entered;            /* threads that entered the isolate */
    int frames;             /* entries on all threads' stacks, suspended ones included */
    uint64_t pump_deadline; /* loop time until which the pump may sleep */
    bool binding_ready;

    std::atomic<int> state;
    std::atomic<int> exit_code;
    std::atomic<int> holders; /* threads that hold the lock or wait for it: 0 = free */
    std::atomic<int> spins;   /* node_embed_spin at work: the pump stands aside */

    pthread_key_t thread_end;
    pthread_t pump;
    bool pump_runs;
    pthread_mutex_t mutex; /* for `aside` alone */
    pthread_cond_t aside;  /* the pump waits here while frames or spins forbid it to run */
    bool pump_waits;
};

namespace
{

/* What an entry holds. */
struct frame_room {
    alignas(v8::Locker) unsigned char locker_[sizeof(v8::Locker)];
    alignas(v8::HandleScope) unsigned char handles_[sizeof(v8::HandleScope)];
    alignas(node::CallbackScope) unsigned char callback_[sizeof(node::CallbackScope)];
};
static_assert(sizeof(frame_room) <= sizeof(node_embed_frame::room), "a frame holds all scopes");
static_assert(sizeof(v8::Unlocker) <= sizeof(node_embed_gap::room), "a gap holds an unlocker");

enum { FRAME_CALLBACK = 1 };

/* What a thread keeps from its first entry to its end: a lock that it has stepped out of, the
 * isolate and the context entered. V8 then only puts the thread's state aside between entries
 * instead of building it anew, and not even that while no other thread comes in. Entering the
 * isolate once a thread is also what keeps V8's one stack of entries straight when the frames of
 * several threads overlap. The scope for handles is open all the time, since V8 13 makes some of
 * its own while it takes a thread's state up again. It serves the outermost entry and is emptied at
 * its end; what is entered within that has one of its own. */
struct thread_base {
    node_embed *embed;
    int depth; /* entries of this thread */
    alignas(v8::Locker) unsigned char locker[sizeof(v8::Locker)];
    alignas(v8::HandleScope) unsigned char handles[sizeof(v8::HandleScope)];
    alignas(v8::Unlocker) unsigned char unlocker[sizeof(v8::Unlocker)];
};

thread_local thread_base *own_base;
thread_local int own_frames;

frame_room *room_of(node_embed_frame *frame)
{
    return reinterpret_cast<frame_room *>(frame->room);
}

/* V8 measures the stack of the thread that made the isolate; each other one must be told. */
void tell_stack_limit(node_embed *embed)
{
    uintptr_t limit = node_stack_limit();
    if (limit)
        embed->isolate->SetStackLimit(limit);
}

uint64_t now_ms()
{
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<uint64_t>(t.tv_sec) * 1000 + static_cast<uint64_t>(t.tv_nsec) / 1000000;
}

/* The queue of watchers that are not in the poll set yet: two pointers, a struct since libuv 1.45,
 * and empty where the first one leads to itself. */
bool watchers_are_known(const uv_loop_t *loop)
{
    const void *first;
    memcpy(&first, &loop->watcher_queue, sizeof first);
    return first == &loop->watcher_queue;
}

/* Loop time at which the loop wants to run next; UINT64_MAX = when a descriptor says so. */
uint64_t loop_deadline(uv_loop_t *loop)
{
    /* A watcher that was started outside uv_run is not in the poll set yet. */
    if (!watchers_are_known(loop))
        return 0;
    int timeout = uv_backend_timeout(loop);
    return timeout < 0 ? UINT64_MAX : uv_now(loop) + static_cast<uint64_t>(timeout);
}

/* Is there work of the user's? The wake handle, which keeps the timeout honest, does not count. */
bool loop_alive(node_embed *embed)
{
    uv_unref(reinterpret_cast<uv_handle_t *>(&embed->wake));
    bool alive = uv_loop_alive(embed->loop) != 0;
    uv_ref(reinterpret_cast<uv_handle_t *>(&embed->wake));
    return alive;
}

bool make_base(node_embed *embed)
{
    thread_base *base = new (std::nothrow) thread_base;
    if (!base)
        return false;
    base->embed = embed;
    base->depth = 0;
    new (base->locker) v8::Locker(embed->isolate);
    embed->isolate->Enter();
    embed->entered++;
    tell_stack_limit(embed);
    ::new (base->handles) v8::HandleScope(embed->isolate);
    embed->context.Get(embed->isolate)->Enter();
    new (base->unlocker) v8::Unlocker(embed->isolate);
    own_base = base;
    pthread_setspecific(embed->thread_end, base);
    return true;
}

v8::HandleScope *handles_of(thread_base *base)
{
    return reinterpret_cast<v8::HandleScope *>(base->handles);
}

/* A thread ends: V8 forgets it. */
void drop_base(void *data)
{
    thread_base *base = static_cast<thread_base *>(data);
    node_embed *embed = base->embed;

    embed->holders.fetch_add(1);
    if (embed->state.load() == NODE_EMBED_RUNNING) {
        reinterpret_cast<v8::Unlocker *>(base->unlocker)->~Unlocker();
        if (embed->state.load() == NODE_EMBED_RUNNING) {
            embed->context.Get(embed->isolate)->Exit();
            handles_of(base)->~HandleScope();
            embed->isolate->Exit();
            embed->entered--;
        }
        v8::Isolate *isolate = embed->isolate;
        reinterpret_cast<v8::Locker *>(base->locker)->~Locker();
        isolate->DiscardThreadSpecificMetadata();
    }
    embed->holders.fetch_sub(1);
    own_base = nullptr;
    delete base;
}

/* The lock and the scopes, without accounting. */
void open_scopes(node_embed *embed, node_embed_frame *frame)
{
    embed->holders.fetch_add(1, std::memory_order_relaxed);
    if (!own_base && !make_base(embed))
        abort(); /* no memory for 64 bytes */
    new (room_of(frame)->locker_) v8::Locker(embed->isolate);
    if (own_base->depth++ > 0)
        ::new (room_of(frame)->handles_) v8::HandleScope(embed->isolate);
    frame->flags = 0;
}

void close_scopes(node_embed *embed, node_embed_frame *frame)
{
    if (--own_base->depth > 0) {
        reinterpret_cast<v8::HandleScope *>(room_of(frame)->handles_)->~HandleScope();
    } else {
        handles_of(own_base)->~HandleScope();
        ::new (own_base->handles) v8::HandleScope(embed->isolate);
    }
    reinterpret_cast<v8::Locker *>(room_of(frame)->locker_)->~Locker();
    embed->holders.fetch_sub(1, std::memory_order_relaxed);
}

void let_pump_go(node_embed *embed)
{
    pthread_mutex_lock(&embed->mutex);
    pthread_cond_signal(&embed->aside);
    pthread_mutex_unlock(&embed->mutex);
}

/* Sleeps until the loop has work; `deadline` in loop time. */
void sleep_until(node_embed *embed, uint64_t deadline)
{
    pollfd fd = {uv_backend_fd(embed->loop), POLLIN, 0};
    int timeout = -1;
    if (deadline != UINT64_MAX) {
        uint64_t now = now_ms();
        uint64_t left = deadline <= now ? 0 : deadline - now;
        timeout = left > 1000000 ? 1000000 : static_cast<int>(left);
    }
    poll(&fd, 1, timeout);
}

/* One turn of the loop, inside; returns when it wants the next one. */
uint64_t turn(node_embed *embed)
{
    embed->frames++;
    own_frames++;
    uv_run(embed->loop, UV_RUN_NOWAIT);
    own_frames--;
    embed->frames--;
    embed->pump_deadline = loop_deadline(embed->loop);
    return embed->pump_deadline;
}

void *pump_main(void *data)
{
    node_embed *embed = static_cast<node_embed *>(data);
    for (;;) {
        uint64_t deadline = UINT64_MAX;
        bool aside = false;
        {
            node_embed_frame frame;
            open_scopes(embed, &frame);
            bool ended = embed->state.load() != NODE_EMBED_RUNNING;
            aside = embed->frames > 0 || embed->spins.load() > 0;
            if (!ended && !aside)
                deadline = turn(embed);
            ended = embed->state.load() != NODE_EMBED_RUNNING;
            embed->pump_waits = aside;
            close_scopes(embed, &frame);
            if (ended)
                return nullptr;
        }
        if (!aside) {
            sleep_until(embed, deadline);
            continue;
        }
        pthread_mutex_lock(&embed->mutex);
        while (embed->pump_waits && embed->state.load() == NODE_EMBED_RUNNING)
            pthread_cond_wait(&embed->aside, &embed->mutex);
        pthread_mutex_unlock(&embed->mutex);
    }
}

/* The last one to leave: does the pump have to look at the loop again? */
void look_after_pump(node_embed *embed)
{
    if (embed->spins.load(std::memory_order_relaxed) > 0)
        return;
    if (embed->pump_waits) {
        pthread_mutex_lock(&embed->mutex);
        embed->pump_waits = false;
        pthread_cond_signal(&embed->aside);
        pthread_mutex_unlock(&embed->mutex);
        return;
    }
    uint64_t deadline = loop_deadline(embed->loop);
    if (deadline < embed->pump_deadline) {
        embed->pump_deadline = deadline;
        uv_async_send(&embed->wake);
    }
}

/* process.exit in JavaScript, or an error that nobody caught: the end of this Node, not of the
 * process. Runs inside; JavaScript unwinds as soon as it is back in V8's hands. */
void ended(node_embed *embed, int code)
{
    int running = NODE_EMBED_RUNNING;
    embed->exit_code.store(code);
    embed->state.compare_exchange_strong(running, NODE_EMBED_EXITED);
    node::Stop(embed->env, node::StopFlags::kNoFlags);
    uv_async_send(&embed->wake);
}

std::string joined(const std::vector<std::string> &errors)
{
    std::string text;
    for (const std::string &error : errors)
        text += (text.empty() ? "" : "; ") + error;
    return text.empty() ? "no reason given" : text;
}

/* The parts of libnode that exist once a process. */
int start_process(node_embed *embed, const std::vector<std::string> &args)
{
    using namespace node::ProcessInitializationFlags;
    auto result = node::InitializeOncePerProcess(
        args, {kNoInitializeV8, kNoInitializeNodeV8Platform, kNoDefaultSignalHandling,
               kNoStdioInitialization, kNoAdjustResourceLimits, kNoUseLargePages,
               kNoPrintHelpOrVersionOutput});
    if (result->exit_code() != 0 || result->early_return() || !result->errors().empty())
        return metacall_error_raise(METACALL_ERROR_LOADER, "libnode refused to start: %s",
                                    joined(result->errors()).c_str());
    embed->platform = node::MultiIsolatePlatform::Create(2);
    v8::V8::InitializePlatform(embed->platform.get());
    v8::V8::Initialize();
    return 0;
}

int start_environment(node_embed *embed, const std::vector<std::string> &args, const char *name,
                      napi_addon_register_func binding, const char *script)
{
    std::vector<std::string> errors;
    const std::vector<std::string> none;
    /* Not kOwnsInspector: it would take SIGUSR1, which is the host's. */
    embed->setup = node::CommonEnvironmentSetup::Create(embed->platform.get(), &errors, args, none,
                                                        node::EnvironmentFlags::kOwnsProcessState);
    if (!embed->setup)
        return metacall_error_raise(METACALL_ERROR_LOADER, "libnode made no environment: %s",
                                    joined(errors).c_str());
    embed->isolate = embed->setup->isolate();
    embed->env = embed->setup->env();
    embed->loop = embed->setup->event_loop();
    node_embed_frame frame;
    int rc = 0;
    {
        v8::Locker locker(embed->isolate);
        v8::Isolate::Scope isolate_scope(embed->isolate);
        v8::HandleScope handles(embed->isolate);
        v8::Context::Scope context_scope(embed->setup->context());
        embed->context.Reset(embed->isolate, embed->setup->context());
        embed->resource.Reset(embed->isolate, v8::Object::New(embed->isolate));
    }
    uv_async_init(embed->loop, &embed->wake, [](uv_async_t *) {});
    node::SetProcessExitHandler(embed->env,
                                [embed](node::Environment *, int code) { ended(embed, code); });
    node::AddLinkedBinding(embed->env, name, binding);
    if (node_embed_enter(embed, &frame) != 0)
        return metacall_error_raise(METACALL_ERROR_LOADER, "libnode ended while it started");
    if (node::LoadEnvironment(embed->env, script).IsEmpty())
        rc = metacall_error_raise(METACALL_ERROR_LOADER,
                                  "libnode did not run the loader's first script (exit code %d)",
                                  embed->exit_code.load());
    node_embed_leave(embed, &frame);
    return rc;
}

} // namespace

int node_embed_start(const char *executable, const char *name, napi_addon_register_func binding,
                     const char *script, struct node_embed **ret_embed)
{
    /* The second argument: entries of several threads may overlap, which is no corruption. */
    const std::vector<std::string> args = {executable, "--no-force-async-hooks-checks"};
    const std::vector<std::string> shown = {executable};
    sigset_t all, before;

    node_embed *embed = new (std::nothrow) node_embed();
    if (!embed)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    *ret_embed = embed;
    pthread_mutex_init(&embed->mutex, nullptr);
    pthread_cond_init(&embed->aside, nullptr);
    pthread_key_create(&embed->thread_end, drop_base);
    embed->pump_deadline = UINT64_MAX;
    /* Signals are the host's: no thread of Node's may take one. */
    sigfillset(&all);
    for (int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT})
        sigdelset(&all, number);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = start_process(embed, args);
    if (rc == 0)
        rc = start_environment(embed, shown, name, binding, script);
    if (rc == 0) {
        rc = pthread_create(&embed->pump, nullptr, pump_main, embed);
        embed->pump_runs = rc == 0;
        if (rc != 0)
            rc = metacall_error_raise(METACALL_ERROR_LOADER, "no thread for Node's event loop");
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (rc != 0)
        return -1; /* half a Node cannot be taken back: what there is stays until the end */
    pthread_setname_np(embed->pump, "node-pump");
    return 0;
}

int node_embed_enter(struct node_embed *embed, struct node_embed_frame *frame)
{
    if (embed->state.load(std::memory_order_relaxed) != NODE_EMBED_RUNNING)
        return -1;
    open_scopes(embed, frame);
    if (embed->state.load(std::memory_order_relaxed) != NODE_EMBED_RUNNING) {
        close_scopes(embed, frame);
        return -1;
    }
    if (embed->frames++ == 0) {
        new (room_of(frame)->callback_) node::CallbackScope(
            embed->isolate, embed->resource.Get(embed->isolate), node::async_context{0, 0});
        frame->flags |= FRAME_CALLBACK;
    }
    own_frames++;
    return 0;
}

void node_embed_leave(struct node_embed *embed, struct node_embed_frame *frame)
{
    if (frame->flags & FRAME_CALLBACK)
        reinterpret_cast<node::CallbackScope *>(room_of(frame)->callback_)->~CallbackScope();
    own_frames--;
    if (--embed->frames == 0)
        look_after_pump(embed);
    close_scopes(embed, frame);
}

void node_embed_unlock(struct node_embed *embed, struct node_embed_gap *gap)
{
    new (gap->room) v8::Unlocker(embed->isolate);
    embed->holders.fetch_sub(1, std::memory_order_relaxed);
}

void node_embed_relock(struct node_embed *embed, struct node_embed_gap *gap)
{
    embed->holders.fetch_add(1, std::memory_order_relaxed);
    reinterpret_cast<v8::Unlocker *>(gap->room)->~Unlocker();
    /* Node ended while this thread was away: its JavaScript must unwind as well. */
    if (embed->state.load(std::memory_order_relaxed) != NODE_EMBED_RUNNING)
        embed->isolate->TerminateExecution();
}

int node_embed_here(struct node_embed *embed)
{
    return v8::Locker::IsLocked(embed->isolate);
}

int node_embed_frames_here(const struct node_embed *embed)
{
    return embed->frames > 0 ? own_frames : 0;
}

enum node_embed_state node_embed_state(const struct node_embed *embed)
{
    return static_cast<enum node_embed_state>(embed->state.load());
}

int node_embed_exit_code(const struct node_embed *embed)
{
    return embed->exit_code.load();
}

void node_embed_exit(struct node_embed *embed, int code)
{
    ended(embed, code);
}

int node_embed_spin(struct node_embed *embed, int (*done)(void *data), void *data)
{
    int rc = -2;
    embed->spins.fetch_add(1);
    while (rc == -2) {
        node_embed_frame frame;
        uint64_t deadline = 0;
        open_scopes(embed, &frame);
        if (embed->state.load() != NODE_EMBED_RUNNING) {
            rc = -1;
        } else if (done && done(data)) {
            rc = 0;
        } else if (embed->frames > own_frames) {
            deadline = now_ms() + 1; /* another thread is in the middle of a function */
        } else {
            deadline = turn(embed);
            if (done && done(data))
                deadline = 0; /* to be seen at once, not when the loop wants its next turn */
            if (embed->state.load() == NODE_EMBED_RUNNING && !loop_alive(embed)) {
                embed->platform->DrainTasks(embed->isolate);
                if (!loop_alive(embed) && !(done && done(data)))
                    rc = 1;
            }
        }
        close_scopes(embed, &frame);
        if (rc == -2)
            sleep_until(embed, deadline);
    }
    embed->spins.fetch_sub(1);
    embed->pump_waits = false;
    let_pump_go(embed);
    return rc;
}

/* Waits until nobody holds or wants the lock; a fifth of a second at most. */
static bool wait_for_holders(node_embed *embed)
{
    const timespec pause = {0, 1000000};
    for (int i = 0; i < 200 && embed->holders.load() > 0; i++)
        nanosleep(&pause, nullptr);
    return embed->holders.load() == 0;
}

void node_embed_settle(struct node_embed *embed, unsigned grace_ms)
{
    struct wait {
        node_embed *embed;
        uint64_t until;
    } wait = {embed, now_ms() + grace_ms};
    if (own_frames == 0 && !wait_for_holders(embed)) {
        ended(embed, 1); /* JavaScript that does not come back */
        return;
    }
    uv_async_send(&embed->wake);
    node_embed_spin(
        embed,
        [](void *data) -> int {
            struct wait *w = static_cast<struct wait *>(data);
            return w->embed->loop->active_reqs.count == 0 || now_ms() >= w->until;
        },
        &wait);
}

int node_embed_finish(struct node_embed *embed)
{
    for (;;) {
        if (node_embed_spin(embed, nullptr, nullptr) < 0)
            break;
        node_embed_frame frame;
        bool over = false;
        if (node_embed_enter(embed, &frame) != 0)
            break;
        if (node::EmitProcessBeforeExit(embed->env).IsNothing()) {
            over = true;
        } else if (!loop_alive(embed)) {
            v8::Maybe<int> code = node::EmitProcessExit(embed->env);
            if (embed->state.load() == NODE_EMBED_RUNNING)
                ended(embed, code.FromMaybe(1));
            over = true;
        }
        node_embed_leave(embed, &frame);
        if (over)
            break;
    }
    return embed->exit_code.load();
}

void node_embed_stop(struct node_embed *embed)
{
    node_embed_frame frame;
    bool mine = own_frames > 0;

    if (!mine && !wait_for_holders(embed))
        ended(embed, 1); /* busy JavaScript */
    if (node_embed_enter(embed, &frame) == 0) {
        if (embed->frames == 1)
            (void)node::EmitProcessExit(embed->env);
        if (embed->state.load() == NODE_EMBED_RUNNING)
            ended(embed, 0);
        node_embed_leave(embed, &frame);
    }
    uv_async_send(&embed->wake);
    let_pump_go(embed);
    if (embed->pump_runs && !pthread_equal(embed->pump, pthread_self()))
        pthread_join(embed->pump, nullptr);
    embed->pump_runs = false;
    embed->state.store(NODE_EMBED_STOPPED);
    if (mine || embed->frames > 0 || !wait_for_holders(embed))
        return; /* JavaScript is on somebody's stack: it goes with the process */
    {
        v8::Locker locker(embed->isolate);
        v8::Isolate::Scope isolate_scope(embed->isolate);
        embed->isolate->CancelTerminateExecution();
        uv_close(reinterpret_cast<uv_handle_t *>(&embed->wake), nullptr);
        embed->context.Reset();
        embed->resource.Reset();
    }
    pthread_key_delete(embed->thread_end);
    while (embed->entered-- > 0)
        embed->isolate->Exit();
    embed->setup.reset();
    v8::V8::Dispose();
    v8::V8::DisposePlatform();
    node::TearDownOncePerProcess();
    embed->platform.reset();
}

void node_embed_lost(struct node_embed *embed)
{
    embed->state.store(NODE_EMBED_STOPPED);
    embed->pump_runs = false;
}
