/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* posix_spawn, because it does not copy a large host process and runs none of its fork handlers. */
#include "registry/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static int spawn(const struct environment *environment, const char *program,
                 const char *const *argv, int output, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int error;
    sigemptyset(&none);
    sigfillset(&all);
    if ((error = posix_spawn_file_actions_init(&actions)) != 0)
        return error;
    if ((error = posix_spawnattr_init(&attributes)) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
#ifdef __GLIBC__
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
#endif
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    error = posix_spawn(ret_pid, program, &actions, &attributes, (char *const *)argv,
                        (char *const *)environment->variables);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Reads until the end of the output. -1 when the time or the room ran out. */
static int collect(int input, long long deadline, char *output, size_t *ret_size)
{
    size_t size = 0;
    for (;;) {
        struct pollfd wait = {.fd = input, .events = POLLIN};
        long long left = deadline - now_ms();
        if (left <= 0 || size == COMMAND_OUTPUT_MAX)
            return -1;
        int ready = poll(&wait, 1, (int)left);
        if (ready == 0 || (ready < 0 && errno == EINTR))
            continue;
        ssize_t got = read(input, output + size, COMMAND_OUTPUT_MAX - size);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    *ret_size = size;
    return 0;
}

/* Waits for the end of the child; 0 and its status, or -1 when the time ran out. Where the host
 * takes children's ends for itself (SIGCHLD ignored), a child that is gone counts as successful. */
static int wait_for(pid_t pid, long long deadline, int *ret_status)
{
    for (long pause = 200000;; pause = pause < 5000000 ? pause * 2 : pause) {
        pid_t ended = waitpid(pid, ret_status, WNOHANG);
        if (ended == pid)
            return 0;
        if (ended < 0 && errno != EINTR) {
            *ret_status = 0;
            return 0;
        }
        if (now_ms() >= deadline)
            return -1;
        nanosleep(&(struct timespec){.tv_nsec = pause}, NULL);
    }
}

const char *command_run(const struct environment *environment, struct arena *arena,
                        const char *program, const char *const *argv, int timeout_ms,
                        const char **ret_reason)
{
    int ends[2], status = 0, error;
    size_t size = 0;
    pid_t pid;
    int limit = timeout_ms > 0 ? timeout_ms : COMMAND_TIMEOUT_MS;
    long long deadline = now_ms() + limit;
    char *output = arena_bytes(arena, COMMAND_OUTPUT_MAX + 1);
    if (!output || pipe2(ends, O_CLOEXEC) < 0) {
        *ret_reason = "no memory or no file descriptor for its output";
        return NULL;
    }
    error = spawn(environment, program, argv, ends[1], &pid);
    close(ends[1]);
    if (error) {
        close(ends[0]);
        *ret_reason = arena_format(arena, "cannot be run: %s", strerror(error));
        return NULL;
    }
    int result = collect(ends[0], deadline, output, &size);
    close(ends[0]);
    if (result == 0)
        result = wait_for(pid, deadline, &status);
    if (result < 0) {
        kill(-pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        *ret_reason = arena_format(arena, "did not end within %d ms, or wrote too much", limit);
        return NULL;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        *ret_reason =
            arena_format(arena, "failed with %s %d", WIFEXITED(status) ? "status" : "signal",
                         WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        return NULL;
    }
    output[size] = '\0';
    return output;
}
