/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* metacall/interpose.h on a loaded object: test_interpose CASE OBJECT [OTHER OBJECT]. */
#include "fixtures/provider.h"
#include "rebind_check.h"

#include <dlfcn.h>
#include <errno.h>
#include <metacall/interpose.h>
#include <metacall/loader.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct stage {
    const char *path;
    void *handle;
    struct modules *modules;
    const struct module *module;
    metacall_interpose *object;
    struct picture before;
    int (*call)(int), (*call_two)(int), (*data)(void), (*inside)(void), (*absent)(void);
    int (*own)(void);
    int (*(*pointer)(void))(int);
};

static void *symbol_of(const struct stage *stage, const char *name)
{
    void *symbol = dlsym(stage->handle, name);

    CHECK(symbol != NULL);
    return symbol;
}

static void set_stage(struct stage *stage, const char *path)
{
    memset(stage, 0, sizeof(*stage));
    stage->path = path;
    stage->handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (!stage->handle)
        fprintf(stderr, "%s\n", dlerror());
    CHECK(stage->handle != NULL);
    CHECK(modules_walk(&stage->modules) == 0);
    stage->module = modules_of_path(stage->modules, path);
    CHECK(stage->module != NULL);
    CHECK(metacall_interpose_open(path, &stage->object) == 0);
    stage->call = (int (*)(int))symbol_of(stage, "importer_call");
    stage->call_two = (int (*)(int))symbol_of(stage, "importer_call_two");
    stage->pointer = (int (*(*)(void))(int))symbol_of(stage, "importer_pointer");
    stage->data = (int (*)(void))symbol_of(stage, "importer_data");
    stage->inside = (int (*)(void))symbol_of(stage, "importer_inside");
    stage->absent = (int (*)(void))symbol_of(stage, "importer_call_absent");
    stage->own = (int (*)(void))symbol_of(stage, "importer_call_own");
    picture_take(stage->module, &stage->before);
}

static void strike_stage(struct stage *stage)
{
    picture_free(&stage->before);
    modules_destroy(stage->modules);
    metacall_interpose_close(stage->object);
    dlclose(stage->handle);
}

static struct metacall_import import_of(metacall_interpose *object, const char *name)
{
    struct metacall_import import;

    for (size_t i = 0; metacall_interpose_import(object, i, &import) == 0; i++) {
        if (strcmp(import.symbol, name) == 0)
            return import;
    }
    fprintf(stderr, "no import %s\n", name);
    check_failed(__FILE__, __LINE__, "the import is listed");
}

static metacall_interpose_hook *replace(const struct stage *stage, const char *symbol, void *with,
                                        void **next)
{
    metacall_interpose_hook *hook = NULL;

    CHECK(metacall_interpose_replace(stage->object, symbol, with, next, &hook) == 0);
    CHECK(hook != NULL && metacall_interpose_holds(hook) == 1);
    return hook;
}

static void refuse(const struct stage *stage, const char *symbol, int code, const char *text)
{
    void *next = &next;
    metacall_interpose_hook *hook = NULL;

    CHECK(metacall_interpose_replace(stage->object, symbol, (void *)refuse, &next, &hook) == -1);
    CHECK(hook == NULL && next == &next);
    check_error(code, text);
    picture_compare(&stage->before, stage->module);
}

/* Hooks that leave their digit: what they pass on becomes ten times as much, plus the digit. */
static void *next_of[4];
#define HOOK(number)                                                                               \
    static int hook_##number(int argument)                                                         \
    {                                                                                              \
        int (*next)(int) = (int (*)(int))__atomic_load_n(&next_of[number], __ATOMIC_ACQUIRE);      \
        return next(argument * 10 + number);                                                       \
    }
HOOK(1)
HOOK(2)
HOOK(3)
static int (*const hooks[])(int) = {NULL, hook_1, hook_2, hook_3};

/* ------------------------------------------------------------------------------------- cases */

static void case_list(struct stage *stage)
{
    struct metacall_import import = import_of(stage->object, "provider_f0");

    CHECK(strcmp(metacall_interpose_path(stage->object), stage->path) == 0);
    CHECK(import.kind == METACALL_IMPORT_FUNCTION && import.words == 2 && import.flags == 0);
    CHECK(((int (*)(int))import.address)(5) == 1005);
    CHECK(strstr(import.provider, "librebind_first.so") != NULL);
    CHECK(import.version == NULL && import.library == NULL);
    import = import_of(stage->object, "provider_d0");
    CHECK(import.kind == METACALL_IMPORT_DATA && import.words == 1 && *(int *)import.address == 1);
    import = import_of(stage->object, "provider_table"); /* the addend is not part of it */
    CHECK(import.kind == METACALL_IMPORT_DATA && ((int *)import.address)[3] == 31);
    import = import_of(stage->object, "provider_local");
    CHECK(import.kind == METACALL_IMPORT_THREAD_LOCAL && (import.flags & METACALL_IMPORT_FIXED));
    CHECK(import.address == NULL && import.provider == NULL);
    import = import_of(stage->object, "importer_absent");
    CHECK(import.flags & METACALL_IMPORT_WEAK);
    CHECK(import.address == NULL && import.provider == NULL);
    import = import_of(stage->object, "importer_own");
    CHECK((import.flags & METACALL_IMPORT_OWN) && import.provider &&
          strcmp(import.provider, stage->path) == 0);
    import = import_of(stage->object, "strtol");
    CHECK(import.version && strncmp(import.version, "GLIBC_", 6) == 0);
    CHECK(import.library && strncmp(import.library, "libc.so.", 8) == 0);

    size_t count = metacall_interpose_count(stage->object);
    CHECK(metacall_interpose_import(stage->object, count, &import) == -1);
    metacall_interpose_hook *hook = replace(stage, "provider_f2", (void *)hook_1, &next_of[1]);
    CHECK(import_of(stage->object, "provider_f2").flags & METACALL_IMPORT_REPLACED);
    CHECK(import_of(stage->object, "provider_f2").address == (void *)hook_1);
    CHECK(metacall_interpose_restore(hook) == 0);
    CHECK(import_of(stage->object, "provider_f2").flags == 0);
    CHECK(metacall_interpose_count(stage->object) == count);
    picture_compare(&stage->before, stage->module);
}

static void case_open(struct stage *stage)
{
    metacall_interpose *object = NULL, *executable = NULL, *libc = NULL, *none = NULL;

    CHECK(metacall_interpose_open_address((void *)stage->call, &object) == 0);
    CHECK(object == stage->object);
    metacall_interpose_close(object);
    CHECK(metacall_interpose_open("librebind_first.so", &object) == 0);
    CHECK(object != stage->object && strstr(metacall_interpose_path(object), "librebind_first"));
    metacall_interpose_close(object);
    CHECK(metacall_interpose_open(NULL, &executable) == 0);
    CHECK(strstr(metacall_interpose_path(executable), "test_interpose") != NULL);
    metacall_interpose_close(executable);
    CHECK(metacall_interpose_open_address((void *)&case_open, &object) == 0);
    metacall_interpose_close(object);
    CHECK(metacall_interpose_open("libc.so.6", &libc) == 0);
    CHECK(metacall_interpose_count(libc) > 0);
    metacall_interpose_close(libc);
    metacall_interpose_close(NULL);

    CHECK(metacall_interpose_open("libnothing_of_the_kind.so.1", &none) == -1);
    check_error(METACALL_ERROR_NOT_FOUND, "libnothing_of_the_kind.so.1");
    CHECK(metacall_interpose_open("/nothing/of/the/kind.so", &none) == -1);
    check_error(METACALL_ERROR_NOT_FOUND, "/nothing/of/the/kind.so");
    CHECK(metacall_interpose_open_address(&object, &none) == -1); /* the stack */
    check_error(METACALL_ERROR_NOT_FOUND, NULL);
    CHECK(none == NULL);
}

static void case_replace(struct stage *stage)
{
    metacall_interpose_hook *hook = replace(stage, "provider_f0", (void *)hook_1, &next_of[1]);
    char protection[5];

    CHECK(((int (*)(int))next_of[1])(5) == 1005); /* the function, not the linker's stub */
    CHECK(stage->call(2) == 1021);                /* through the PLT or the GOT */
    CHECK(stage->pointer()(3) == 1031);           /* through a pointer in data */
    CHECK(stage->call(2) == 1021);                /* a call of the original has not bound it back */
    CHECK(metacall_interpose_holds(hook) == 1);
    CHECK(stage->call_two(1) == 1201);
    struct picture now;
    picture_take(stage->module, &now);
    CHECK(strcmp(now.protections, stage->before.protections) == 0);
    picture_free(&now);
    protection_of((void *)stage->call, protection);
    CHECK(strcmp(protection, "r-xp") == 0);
    CHECK(metacall_interpose_restore(hook) == 0);
    CHECK(metacall_interpose_restore(NULL) == 0);
    CHECK(stage->call(2) == 1002 && stage->pointer()(3) == 1003);
}

/* Restored before anything was called: to the bit, the linker's stubs included. */
static void case_restore_exact(struct stage *stage)
{
    metacall_interpose_hook *first = replace(stage, "provider_f0", (void *)hook_1, &next_of[1]);
    metacall_interpose_hook *second = replace(stage, "provider_f0", (void *)hook_2, &next_of[2]);

    CHECK(metacall_interpose_restore(first) == 0);
    CHECK(metacall_interpose_restore(second) == 0);
    picture_compare(&stage->before, stage->module);
    CHECK(stage->call(2) == 1002);
}

/* Three hooks, removed in each of the six orders. The newest runs first. */
static void case_chain(struct stage *stage)
{
    static const int orders[6][3] = {{1, 2, 3}, {1, 3, 2}, {2, 1, 3},
                                     {2, 3, 1}, {3, 1, 2}, {3, 2, 1}};

    CHECK(stage->call(0) == 1000);
    picture_free(&stage->before);
    picture_take(stage->module, &stage->before);
    for (int o = 0; o < 6; o++) {
        metacall_interpose_hook *installed[4] = {NULL};
        for (int i = 1; i <= 3; i++)
            installed[i] = replace(stage, "provider_f0", (void *)hooks[i], &next_of[i]);
        CHECK(stage->call(0) == 1000 + 321);
        CHECK(stage->pointer()(0) == 1000 + 321);
        for (int removed = 0; removed < 3; removed++) {
            int gone = orders[o][removed], expected = 0;
            CHECK(metacall_interpose_restore(installed[gone]) == 0);
            installed[gone] = NULL;
            for (int i = 3; i >= 1; i--)
                expected = installed[i] ? expected * 10 + i : expected;
            CHECK(stage->call(0) == 1000 + expected);
            CHECK(stage->pointer()(0) == 1000 + expected);
        }
        picture_compare(&stage->before, stage->module);
    }
}

static void case_data(struct stage *stage)
{
    static int number = 77, table[PROVIDER_TABLE] = {0, 1, 2, 3003};
    int *former_number = NULL, *former_table = NULL;
    metacall_interpose_hook *a = replace(stage, "provider_d0", &number, (void **)&former_number);
    metacall_interpose_hook *b = replace(stage, "provider_table", table, (void **)&former_table);

    CHECK(stage->data() == 77 && *former_number == 1);
    CHECK(stage->inside() == 3003 && former_table[3] == 31);
    CHECK(metacall_interpose_restore(a) == 0 && metacall_interpose_restore(b) == 0);
    CHECK(stage->data() == 1 && stage->inside() == 31);
    picture_compare(&stage->before, stage->module);
}

static int answer(void)
{
    return 42;
}

static void case_unbound(struct stage *stage)
{
    void *next = &next;
    metacall_interpose_hook *hook;

    CHECK(stage->absent() == -1);
    hook = replace(stage, "importer_absent", (void *)answer, &next);
    CHECK(next == NULL && stage->absent() == 42);
    CHECK(metacall_interpose_restore(hook) == 0);
    CHECK(stage->absent() == -1);
    hook = replace(stage, "importer_own", (void *)answer, &next);
    CHECK(((int (*)(void))next)() == 41 && stage->own() == 42);
    CHECK(metacall_interpose_restore(hook) == 0);
    CHECK(stage->own() == 41);
}

static void case_refused(struct stage *stage)
{
    refuse(stage, "provider_local", METACALL_ERROR_SUPPORT, "tls-");
    refuse(stage, "provider_taken_later", METACALL_ERROR_NOT_FOUND, "does not import");
    refuse(stage, "provider_f", METACALL_ERROR_NOT_FOUND, "does not import");
    refuse(stage, "provider_f0@RT_9", METACALL_ERROR_NOT_FOUND, "does not import");
    refuse(stage, "", METACALL_ERROR_NOT_FOUND, NULL);
}

static void case_versions(struct stage *stage)
{
    int (*aged)(int) = (int (*)(int))symbol_of(stage, "importer_aged"), (*next)(void) = NULL;

    refuse(stage, "provider_aged", METACALL_ERROR_ARGUMENT, "more than one version");
    metacall_interpose_hook *hook =
        replace(stage, "provider_aged@RT_1", (void *)answer, (void **)&next);
    CHECK(next() == 1001 && aged(1) == 42 && aged(2) == 1002);
    CHECK(metacall_interpose_restore(hook) == 0);
    CHECK(aged(1) == 1001);
}

/* Somebody else changes the word: neither overwritten nor forgotten. The object has no RELRO. */
static void case_stranger(struct stage *stage)
{
    metacall_interpose_hook *hook = replace(stage, "provider_f2", (void *)hook_1, &next_of[1]);
    metacall_interpose_hook *second = NULL;
    uintptr_t *word = NULL;

    for (uintptr_t at = stage->module->lowest; at < stage->module->highest; at += sizeof(at)) {
        char protection[5];
        if (at % 4096 == 0) {
            protection_of((void *)at, protection);
            if (protection[0] != 'r') {
                at += 4096 - sizeof(at);
                continue;
            }
        }
        if (*(uintptr_t *)at == (uintptr_t)hook_1)
            word = (uintptr_t *)at;
    }
    CHECK(word != NULL);
    *word = (uintptr_t)hook_2;
    CHECK(metacall_interpose_holds(hook) == 0);
    CHECK(metacall_interpose_restore(hook) == -1);
    check_error(METACALL_ERROR_STATE, "test_interpose");
    CHECK(metacall_interpose_replace(stage->object, "provider_f2", (void *)hook_3, &next_of[3],
                                     &second) == -1);
    check_error(METACALL_ERROR_STATE, "somebody else has changed 'provider_f2'");
    CHECK(*word == (uintptr_t)hook_2 && next_of[3] == NULL);
    *word = (uintptr_t)hook_1;
    CHECK(stage->call_two(1) == 1211);
    CHECK(metacall_interpose_restore(hook) == 0);
    CHECK(stage->call_two(1) == 1201);
}

/* The object stays while it is open or hooked, and goes when it is neither. */
static void case_held(struct stage *stage)
{
    metacall_interpose_hook *hook = replace(stage, "provider_f0", (void *)hook_1, &next_of[1]);
    struct modules *now;

    metacall_interpose_close(stage->object);
    dlclose(stage->handle);
    CHECK(stage->call(2) == 1021);
    CHECK(metacall_interpose_restore(hook) == 0);
    CHECK(modules_walk(&now) == 0);
    CHECK(modules_of_path(now, stage->path) == NULL);
    modules_destroy(now);
    stage->handle = dlopen(stage->path, RTLD_NOW | RTLD_LOCAL);
    CHECK(stage->handle != NULL && metacall_interpose_open(stage->path, &stage->object) == 0);
}

/* ----------------------------------------------------------------------------------- threads */

struct runner {
    struct stage *stage;
    int number, stop;
    long calls;
};

static void *run_calls(void *data)
{
    struct runner *runner = data;

    while (!__atomic_load_n(&runner->stop, __ATOMIC_RELAXED)) {
        /* Every digit is a hook's, and the original ends it. One may come twice: removed and put
         * on top again while the call was on its way to it. */
        int digits = runner->stage->call(0) - 1000;
        for (; digits; digits /= 10)
            CHECK(digits % 10 >= 1 && digits % 10 <= 3);
        runner->calls++;
    }
    return NULL;
}

static metacall_interpose_hook *installed[4]; /* where a fork's child can see them too */

static void *run_hooks(void *data)
{
    struct runner *runner = data;
    int number = runner->number;

    while (!__atomic_load_n(&runner->stop, __ATOMIC_RELAXED)) {
        CHECK(metacall_interpose_replace(runner->stage->object, "provider_f0",
                                         (void *)hooks[number], &next_of[number],
                                         &installed[number]) == 0);
        CHECK(metacall_interpose_restore(installed[number]) == 0);
        runner->calls++;
    }
    return NULL;
}

/* Three threads install and remove each its own hook while two call through the chain: no call
 * meets anything but whole chains, and what is left is what there was. */
static void case_threads(struct stage *stage)
{
    struct runner runners[5] = {
        {stage, 1, 0, 0}, {stage, 2, 0, 0}, {stage, 3, 0, 0}, {stage, 0, 0, 0}, {stage, 0, 0, 0}};
    pthread_t threads[5];

    CHECK(stage->call(0) == 1000);
    picture_free(&stage->before);
    picture_take(stage->module, &stage->before);
    for (int i = 0; i < 5; i++)
        CHECK(pthread_create(&threads[i], NULL, i < 3 ? run_hooks : run_calls, &runners[i]) == 0);
    for (int i = 0; i < 5; i++) {
        while (__atomic_load_n(&runners[i].calls, __ATOMIC_RELAXED) < 500)
            usleep(1000);
    }
    for (int i = 0; i < 5; i++)
        __atomic_store_n(&runners[i].stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 5; i++)
        pthread_join(threads[i], NULL);
    CHECK(stage->call(0) == 1000);
    picture_compare(&stage->before, stage->module);
}

/* The linker binds the import by a first call while it is being hooked: whoever wins, no call goes
 * astray, the hook can be restored, and the original is what is left. */
static void *run_first_call(void *data)
{
    struct runner *runner = data;

    while (!__atomic_load_n(&runner->stop, __ATOMIC_ACQUIRE))
        ;
    int answer = runner->stage->call(2);
    CHECK(answer == 1002 || answer == 1021);
    return NULL;
}

static void case_first_call(struct stage *stage)
{
    int missed = 0;

    for (int i = 0; i < 300; i++) {
        struct runner runner = {stage, 0, 0, 0};
        metacall_interpose_hook *hook = NULL;
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, run_first_call, &runner) == 0);
        __atomic_store_n(&runner.stop, 1, __ATOMIC_RELEASE);
        for (volatile int wait = i * 20; wait > 0; wait--)
            ;
        CHECK(metacall_interpose_replace(stage->object, "provider_f0", (void *)hook_1, &next_of[1],
                                         &hook) == 0);
        pthread_join(thread, NULL);
        missed += !metacall_interpose_holds(hook);
        CHECK(metacall_interpose_restore(hook) == 0);
        CHECK(stage->call(2) == 1002 && stage->pointer()(2) == 1002);
        strike_stage(stage); /* a fresh one, not bound yet */
        set_stage(stage, stage->path);
        CHECK(import_of(stage->object, "provider_f2").flags & METACALL_IMPORT_LAZY);
    }
    printf("the linker came last %d times of 300\n", missed);
}

/* Children come into being while another thread is patching; each can go on with it. */
static void case_fork(struct stage *stage)
{
    struct runner runner = {stage, 1, 0, 0};
    pthread_t thread;

    CHECK(pthread_create(&thread, NULL, run_hooks, &runner) == 0);
    for (int i = 0; i < 50; i++) {
        pid_t child = fork();
        int status = 0;
        CHECK(child >= 0);
        if (child == 0) {
            metacall_interpose_hook *hook = NULL;
            alarm(20);
            int failed = metacall_interpose_replace(stage->object, "provider_f0", (void *)hook_2,
                                                    &next_of[2], &hook) != 0 ||
                         metacall_interpose_restore(hook) != 0;
            _exit(failed);
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    __atomic_store_n(&runner.stop, 1, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
}

static int hooked_getppid(void)
{
    return -7;
}

/* The executable's own imports. */
static void case_executable(struct stage *stage)
{
    metacall_interpose_hook *hook = NULL;
    metacall_interpose *object = NULL;
    int (*next)(void) = NULL, parent = getppid();

    CHECK(metacall_interpose_open(NULL, &object) == 0);
    CHECK(metacall_interpose_replace(object, "getppid", (void *)hooked_getppid, (void **)&next,
                                     &hook) == 0);
    CHECK(getppid() == -7 && next() == parent);
    CHECK(metacall_interpose_restore(hook) == 0);
    CHECK(getppid() == parent);
    metacall_interpose_close(object);
    (void)stage;
}

/* A kernel before 6.11, as far as this executable can tell: protections are read as text. */
static int no_ioctl(int file, unsigned long request, ...)
{
    (void)file, (void)request;
    errno = ENOTTY;
    return -1;
}

static void case_old_kernel(struct stage *stage)
{
    metacall_interpose_hook *hook = NULL;
    metacall_interpose *object = NULL;

    CHECK(metacall_interpose_open(NULL, &object) == 0);
    CHECK(metacall_interpose_replace(object, "ioctl", (void *)no_ioctl, NULL, &hook) == 0);
    case_restore_exact(stage);
    case_chain(stage);
    CHECK(metacall_interpose_restore(hook) == 0);
    metacall_interpose_close(object);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(struct stage *stage);
    } cases[] = {
        {"list", case_list},
        {"open", case_open},
        {"replace", case_replace},
        {"restore-exact", case_restore_exact},
        {"chain", case_chain},
        {"data", case_data},
        {"unbound", case_unbound},
        {"refused", case_refused},
        {"versions", case_versions},
        {"stranger", case_stranger},
        {"held", case_held},
        {"threads", case_threads},
        {"fork", case_fork},
        {"first-call", case_first_call},
        {"old-kernel", case_old_kernel},
        {"executable", case_executable},
    };
    struct stage stage;
    int ran = 0;

    CHECK(argc >= 3);
    set_stage(&stage, argv[2]);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run(&stage);
            ran = 1;
        }
    }
    CHECK(ran);
    strike_stage(&stage);
    return 0;
}
