/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The table: one loader a tag, however many ask; ended in reverse order, once. */
#include "check.h"
#include "fake_loader.h"

#include "core/handle.h"
#include "core/loader_state.h"
#include "core/log.h"

#include <pthread.h>
#include <unistd.h>

static struct {
    unsigned asked;
    int fails; /* 1 = with an error, 2 = without, 3 = says yes, does nothing */
} registry;

static int source(const char *tag, void *data)
{
    registry.asked++;
    CHECK(data == &registry);
    if (registry.fails == 1)
        return metacall_error_raise(METACALL_ERROR_LOADER, "no manifest for %s", tag);
    if (registry.fails == 2)
        return -1;
    if (registry.fails == 3)
        return 0;
    return fake_start(tag) != NULL ? 0 : -1;
}

static void test_without_a_source(void)
{
    CHECK(loader_table_find("x") == NULL);
    CHECK_NO_ERROR();
    CHECK(loader_table_get("x") == NULL);
    CHECK_ERROR(METACALL_ERROR_LOADER, "no loader 'x' runs");
}

static void test_the_source_is_asked_once(void)
{
    fake_reset();
    registry.asked = 0;
    loader_table_set_source(source, &registry);
    metacall_loader *loader = loader_table_get("x");
    CHECK(loader != NULL);
    CHECK(loader_table_get("x") == loader && loader_table_find("x") == loader);
    CHECK_LONG(registry.asked, 1);
    CHECK_LONG(fake.started, 1);
    CHECK_LONG(loader_table_destroy(), 0);
    CHECK(loader_table_find("x") == NULL);
}

static void test_the_source_may_fail(void)
{
    static const char *const parts[] = {"", "no manifest for x", "'x' cannot be started",
                                        "the registry started no loader 'x'"};
    for (registry.fails = 1; registry.fails <= 3; registry.fails++) {
        CHECK(loader_table_get("x") == NULL);
        CHECK_ERROR(METACALL_ERROR_LOADER, parts[registry.fails]);
    }
    registry.fails = 0;
}

static void test_a_failing_start_leaves_nothing(void)
{
    fake_reset();
    fake.fail_start = 1;
    CHECK(loader_table_get("bad") == NULL);
    CHECK_ERROR(METACALL_ERROR_LOADER, "fake start fails");
    CHECK(loader_table_find("bad") == NULL);
    fake.fail_start = 0;
    CHECK(loader_table_get("bad") != NULL); /* and may be tried again */
    CHECK_LONG(fake.started, 2);
    loader_table_destroy();
    CHECK_LONG(fake.destroyed, 1);
}

static void test_a_missing_first_hook(void)
{
    struct metacall_loader_hooks none = {0};
    CHECK(fake_start_with("none", METACALL_BINDING_EMBEDDED, &none) == NULL);
    CHECK_ERROR(METACALL_ERROR_LOADER, "no hook initialize");
    CHECK(fake_start_with("none", METACALL_BINDING_HOST, &none) == NULL);
    CHECK_ERROR(METACALL_ERROR_LOADER, "no hook host_attach");
}

static void test_configuration_is_copied(void)
{
    char tag[] = "copied", plugin[] = "/plugin.so", path[] = "/one", arg[] = "script";
    const char *paths[] = {path, NULL};
    char *argv[] = {arg, NULL};
    struct metacall_loader_config config = {.tag = tag,
                                            .plugin = plugin,
                                            .execution_paths = paths,
                                            .argc = 1,
                                            .argv = argv,
                                            .host = &registry};
    metacall_loader *loader = NULL;
    CHECK(loader_table_start(&fake_hooks, &config, &loader) == 0);
    tag[0] = plugin[1] = path[1] = arg[0] = '-';
    const struct metacall_loader_config *own = metacall_loader_configuration(loader);
    CHECK_TEXT(own->tag, "copied");
    CHECK_TEXT(metacall_loader_tag(loader), "copied");
    CHECK_TEXT(own->plugin, "/plugin.so");
    CHECK_TEXT(own->execution_paths[0], "/one");
    CHECK(own->execution_paths[1] == NULL);
    CHECK_TEXT(own->argv[0], "script");
    CHECK(own->runtime_library == NULL && own->host == &registry);
    metacall_loader_set_data(loader, &fake);
    metacall_loader_set_port(loader, &registry);
    CHECK(metacall_loader_data(loader) == &fake && metacall_loader_port(loader) == &registry);
    CHECK(loader_table_hooks(loader)->destroy == fake_destroy);
    loader_table_destroy();
}

static int note(metacall_loader *loader, void *data)
{
    strcat(data, metacall_loader_tag(loader));
    return strcmp(metacall_loader_tag(loader), "b") == 0 && strlen(data) > 2 ? 7 : 0;
}

static void test_order(void)
{
    char tags[16] = "";
    fake_reset();
    CHECK(fake_start("a") != NULL && fake_start("b") != NULL && fake_start("c") != NULL);
    CHECK_LONG(loader_table_each(note, tags), 0);
    CHECK_TEXT(tags, "abc");
    CHECK_LONG(loader_table_each(note, tags), 7); /* stopped by the visitor */
    CHECK_TEXT(tags, "abcab");
    CHECK_LONG(loader_table_destroy(), 0);
    CHECK_TEXT(fake.order, "c b a ");
    CHECK_LONG(loader_table_destroy(), 0);
    CHECK_LONG(fake.destroyed, 3);
}

static void test_failing_ends_are_counted(void)
{
    fake_reset();
    CHECK(fake_start("a") != NULL && fake_start("b") != NULL);
    fake.fail_end = 1;
    CHECK_LONG(loader_table_destroy(), 2);
    CHECK_ERROR(METACALL_ERROR_LOADER, "b will not end"); /* the first that failed */
    CHECK_LONG(fake.destroyed, 2);
}

/* ------------------------------------------------------------------------------- recursion */

static int start_recursive(metacall_loader *loader, const struct metacall_loader_config *config)
{
    (void)loader, (void)config;
    CHECK(loader_table_find("self") == NULL);
    CHECK(loader_table_get("self") == NULL);
    CHECK_ERROR(METACALL_ERROR_STATE, "while this very thread is starting it");
    CHECK(loader_table_get("other") != NULL); /* another one is fine */
    return 0;
}

static int end_recursive(metacall_loader *loader)
{
    (void)loader;
    CHECK_LONG(loader_table_destroy(), 0); /* no deadlock: it is going on */
    CHECK(loader_table_get("new") == NULL);
    CHECK_ERROR(METACALL_ERROR_STATE, "the library is ending");
    CHECK(loader_table_get("self") == NULL);
    CHECK_ERROR(METACALL_ERROR_STATE, "loader 'self' is ending");
    return 0;
}

static void test_recursion(void)
{
    const struct metacall_loader_hooks hooks = {.initialize = start_recursive,
                                                .destroy = end_recursive};
    fake_reset();
    CHECK(fake_start_with("self", METACALL_BINDING_EMBEDDED, &hooks) != NULL);
    CHECK_LONG(loader_table_destroy(), 0);
    CHECK_LONG(fake.destroyed, 1);
}

/* --------------------------------------------------------------------------------- threads */

static int starting; /* atomic: a thread is in start_slowly, or was */

static int start_slowly(metacall_loader *loader, const struct metacall_loader_config *config)
{
    __atomic_store_n(&starting, 1, __ATOMIC_RELEASE);
    usleep(20000);
    return fake_initialize(loader, config);
}

static const struct metacall_loader_hooks slow_hooks = {.initialize = start_slowly,
                                                        .destroy = fake_destroy};

static void *start_same(void *data)
{
    (void)data;
    return fake_start_with("slow", METACALL_BINDING_EMBEDDED, &slow_hooks);
}

static void test_two_threads_one_loader(void)
{
    pthread_t threads[6];
    void *loaders[6];
    fake_reset();
    for (int i = 0; i < 6; i++)
        pthread_create(&threads[i], NULL, start_same, NULL);
    for (int i = 0; i < 6; i++)
        pthread_join(threads[i], &loaders[i]);
    for (int i = 0; i < 6; i++)
        CHECK(loaders[i] != NULL && loaders[i] == loaders[0]);
    CHECK_LONG(fake.started, 1);
    loader_table_destroy();
}

static void test_the_next_thread_tries_itself(void)
{
    pthread_t threads[3];
    void *loaders[3];
    fake_reset();
    fake.fail_start = 1;
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, start_same, NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], &loaders[i]);
    for (int i = 0; i < 3; i++)
        CHECK(loaders[i] == NULL);
    CHECK_LONG(fake.started, 3);
    CHECK(loader_table_find("slow") == NULL);
}

static void *end_all(void *data)
{
    (void)data;
    loader_table_destroy();
    return NULL;
}

static void test_the_end_waits_for_starters_and_enders(void)
{
    pthread_t starter, enders[2];
    void *loader;
    fake_reset();
    __atomic_store_n(&starting, 0, __ATOMIC_RELEASE);
    pthread_create(&starter, NULL, start_same, NULL);
    while (!__atomic_load_n(&starting, __ATOMIC_ACQUIRE))
        usleep(100);
    for (int i = 0; i < 2; i++)
        pthread_create(&enders[i], NULL, end_all, NULL);
    pthread_join(starter, &loader);
    for (int i = 0; i < 2; i++)
        pthread_join(enders[i], NULL);
    CHECK(loader != NULL);
    CHECK_LONG(fake.destroyed, 1);
}

/* ------------------------------------------------------------------------------------ again */

static void test_starting_again_and_again(void)
{
    metacall_value kept = METACALL_SLOT_INIT;
    metacall_loader *loader = fake_start("again"), *other;
    fake_function(&kept, loader, "kept");
    loader_table_destroy();
    other = fake_start("again"); /* a function still points to the former one */
    CHECK(other != NULL && other != loader);
    loader_table_destroy();
    metacall_slot_clear(&kept);
    for (int i = 0; i < 1000; i++) {
        metacall_loader *now = fake_start("again");
        CHECK(now == loader || now == other); /* structures are used again */
        loader_table_destroy();
    }
}

/* A load that is under way when its loader ends comes too late, and says so. */
static void test_a_late_load(void)
{
    metacall_loader *loader = fake_start("late");
    metacall_handle *handle = handle_create(loader, "/late.x");
    CHECK(fake_define(handle, loader, "too_late") == 0);
    handle_set_loaded(handle);
    loader_table_destroy();
    fake_reset();
    CHECK(handle_publish(handle, 1) == -1);
    CHECK_ERROR(METACALL_ERROR_STATE, "cannot use /late.x: its loader 'late' has ended");
    CHECK(handle_clear(handle) == 0);
    CHECK_LONG(fake.cleared, 0); /* an ended loader is told nothing */
    CHECK(metacall_function_find("too_late") == NULL);
    CHECK_ERROR(METACALL_ERROR_NOT_FOUND, "too_late");
}

static char logged[512];

static void log_sink_of_test(enum log_level level, const char *line, void *data)
{
    (void)level;
    CHECK(data == logged);
    strncat(logged, line, sizeof(logged) - strlen(logged) - 1);
}

static void test_log(void)
{
    log_set_sink(log_sink_of_test, logged);
    CHECK(fake_start("noisy") != NULL);
    loader_table_destroy();
    log_set_sink(NULL, NULL);
    CHECK(strstr(logged, "loader noisy: starting, embedded") != NULL);
    CHECK(strstr(logged, "loader noisy: ending") != NULL);
}

static const struct check_test tests[] = {
    {"without a source", test_without_a_source},
    {"the source is asked once", test_the_source_is_asked_once},
    {"the source may fail", test_the_source_may_fail},
    {"a failing start leaves nothing", test_a_failing_start_leaves_nothing},
    {"a missing first hook", test_a_missing_first_hook},
    {"configuration is copied", test_configuration_is_copied},
    {"order", test_order},
    {"failing ends are counted", test_failing_ends_are_counted},
    {"recursion", test_recursion},
    {"two threads, one loader", test_two_threads_one_loader},
    {"the next thread tries itself", test_the_next_thread_tries_itself},
    {"the end waits for starters and enders", test_the_end_waits_for_starters_and_enders},
    {"starting again and again", test_starting_again_and_again},
    {"a late load", test_a_late_load},
    {"log", test_log},
};
CHECK_MAIN(tests)
