/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Real runtimes in a C program (test_capi_guest_objects TAG...): their classes and objects, their
 * promises and coroutines, hooks on their functions; and those of one given to the other. */
#include <metacall/future.h>
#include <metacall/intercept.h>
#include <metacall/memory.h>
#include <metacall/object.h>

#include "capi.h"

#include <metacall/metacall_kinds.h>

#include <limits.h>
#include <pthread.h>
#include <unistd.h>

static const struct guest {
    const char *tag;
    const char *script;
    const char *attribute_error; /* what a missing method is called from here */
    const char *error;           /* the type that `broken` throws */
    const char *set;             /* what `kinds` says of a set, as JSON */
    const char *date;            /* and of an instant */
} guests[] = {
    {"py",
     "import asyncio, datetime\n"
     "class Account:\n"
     "    bank = 'main'\n"
     "    def __init__(self, owner, balance=0):\n"
     "        if not isinstance(owner, str): raise KeyError('owner')\n"
     "        self.owner, self.balance = owner, balance\n"
     "    def deposit(self, amount):\n"
     "        self.balance += amount\n"
     "        return self.balance\n"
     "    def me(self): return self\n"
     "    @staticmethod\n"
     "    def rate(n): return n * 3\n"
     "async def later(x, ms):\n"
     "    await asyncio.sleep(ms / 1000)\n"
     "    return x\n"
     "async def broken(text): raise KeyError(text)\n"
     "async def follow(f): return await f\n"
     "def add(a, b): return a + b\n"
     "def twice(a): return add(a, a)\n"
     "def numbers(n):\n"
     "    for i in range(n): yield i\n"
     "def echo(x): return x\n"
     "def kinds(x): return type(x).__name__\n"
     "def use(account): return account.deposit(1)\n"
     "def make(): return Account('made', 10)\n",
     "AttributeError", "KeyError", "\"set\"", "\"datetime\""},
    {"node",
     "class Account {\n"
     "  constructor(owner, balance = 0) {\n"
     "    if (typeof owner !== 'string') throw new RangeError('owner');\n"
     "    this.owner = owner; this.balance = balance;\n"
     "  }\n"
     "  deposit(amount) { this.balance += amount; return this.balance; }\n"
     "  me() { return this; }\n"
     "  static rate(n) { return n * 3; }\n"
     "}\n"
     "Account.bank = 'main';\n"
     "module.exports = {\n"
     "  Account,\n"
     "  later: (x, ms) => new Promise((resolve) => setTimeout(() => resolve(x), ms)),\n"
     "  broken: async (text) => { throw new RangeError(text); },\n"
     "  follow: async (f) => await f,\n"
     "  add: (a, b) => a + b,\n"
     "  twice: (a) => module.exports.add(a, a),\n"
     "  numbers: function* (n) { for (let i = 0; i < n; i++) yield i; },\n"
     "  echo: (x) => x,\n"
     "  kinds: (x) => x.constructor.name,\n"
     "  use: (account) => account.deposit(1),\n"
     "  make: () => new Account('made', 10),\n"
     "};\n",
     "TypeError", "RangeError", "\"Set\"", "\"Date\""},
};

static const struct guest *guest;
static void *handle;

/* Calls and destroys the arguments. */
static void *call(const char *name, void *first, void *second)
{
    void *args[2] = {first, second};
    void *ret = metacallhv_s(handle, name, args, second != NULL ? 2 : first != NULL ? 1 : 0);
    metacall_value_destroy(first);
    metacall_value_destroy(second);
    if (ret == NULL) {
        struct metacall_exception_type error;
        if (metacall_error_last(&error) == 0)
            fprintf(stderr, "    %s.%s: %s: %s\n", guest->tag, name, error.label, error.message);
    }
    return ret;
}

static void *number(long value)
{
    return metacall_value_create_long(value);
}

static void *text(const char *value)
{
    return metacall_value_create_string(value, strlen(value));
}

/* ------------------------------------------------------------------------- classes and objects */

static void *account_class(void)
{
    void *names = metacall_handle_export(handle), *found = NULL;
    void **pairs = metacall_value_to_map(names);
    for (size_t i = 0; i < metacall_value_count(names); i++) {
        void **pair = metacall_value_to_array(pairs[i]);
        if (strcmp(metacall_value_to_string(pair[0]), "Account") == 0)
            found = metacall_value_copy(pair[1]);
    }
    metacall_value_destroy(names);
    return found;
}

static void test_classes(void)
{
    void *value = account_class();
    if (!CHECK(value != NULL) || !CHECK(metacall_value_id(value) == METACALL_CLASS))
        return;
    void *cls = metacall_value_to_class(value);
    void *args[2] = {text("me"), number(5)};
    CHECK_JSON(metacall_class_static_get(cls, "bank"), "\"main\"");
    CHECK_JSON(metacallv_class(cls, "rate", &args[1], 1), "15");
    void *bank = text("other");
    CHECK(metacall_class_static_set(cls, "bank", bank) == 0);
    CHECK_JSON(metacall_class_static_get(cls, "bank"), "\"other\"");
    metacall_value_destroy(bank);

    void *object = metacall_class_new(cls, "account", args, 2);
    if (!CHECK(object != NULL) || !CHECK(metacall_value_id(object) == METACALL_OBJECT))
        return;
    metacall_object *account = metacall_value_to_object(object);
    CHECK_TEXT(account->type, "Account");
    CHECK_JSON(metacall_object_get(account, "owner"), "\"me\"");
    CHECK_JSON(metacallv_object(account, "deposit", &args[1], 1), "10");
    CHECK(metacall_object_set(account, "owner", args[1]) == 0);
    CHECK_JSON(metacall_object_get(account, "owner"), "5");
    CHECK_JSON(call("use", metacall_value_copy(object), NULL), "11"); /* the very object */
    void *same = metacallv_object(account, "me", NULL, 0);
    CHECK(same != NULL && metacall_value_to_object(same) == account);
    metacall_value_destroy(same);
    CHECK(metacallv_object(account, "nothing", NULL, 0) == NULL);
    CHECK_ERROR(guest->attribute_error, "nothing");
    void *method = metacall_object_get(account, "deposit");
    CHECK_LONG(metacall_value_id(method), METACALL_FUNCTION);
    metacall_value_destroy(object);
    CHECK_JSON(metacallfv_s(metacall_value_to_function(method), &args[1], 1), "16");
    metacall_value_destroy(method);

    /* By name: it constructs; what the constructor throws comes through. */
    object = metacallhv_s(handle, "Account", args, 1);
    CHECK(object != NULL && metacall_value_id(object) == METACALL_OBJECT);
    metacall_value_destroy(object);
    CHECK(metacall_class_new(cls, "account", &args[1], 1) == NULL);
    CHECK_ERROR(guest->error, "owner");
    object = call("make", NULL, NULL);
    CHECK_JSON(metacall_object_get(metacall_value_to_object(object), "balance"), "10");
    metacall_value_destroy(object);
    metacall_value_destroy(value);
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
}

static void test_iterators(void)
{
    void *numbers = call("numbers", number(3), NULL);
    if (!CHECK(numbers != NULL && metacall_value_id(numbers) == METACALL_OBJECT))
        return;
    metacall_object *object = metacall_value_to_object(numbers);
    metacall_value item = METACALL_SLOT_INIT;
    CHECK(object->flags & METACALL_OBJECT_IS_GENERATOR);
    for (long i = 0; i < 3; i++) {
        CHECK_LONG(metacall_object_perform(object, METACALL_OBJECT_NEXT, NULL, NULL, &item), 0);
        CHECK_LONG(item.as.long_, i);
        metacall_slot_clear(&item);
    }
    CHECK_LONG(metacall_object_perform(object, METACALL_OBJECT_NEXT, NULL, NULL, &item), 1);
    metacall_slot_clear(&item);
    metacall_value_destroy(numbers);
}

static void test_kinds(void)
{
    const void *items[2] = {number(1), text("two")};
    CHECK_JSON(call("kinds", metacall_value_create_set(items, 2, 0), NULL), guest->set);
    void *date = metacall_value_create_date(1795457160123456);
    CHECK_JSON(call("kinds", metacall_value_copy(date), NULL), guest->date);
    void *back = call("echo", date, NULL);
    CHECK_LONG(metacall_value_id(back), METACALL_DATE);
    CHECK(metacall_value_to_date(back) == 1795457160123456); /* to the microsecond */
    metacall_value_destroy(back);
}

/* ------------------------------------------------------------------------------------- futures */

static unsigned resolved, rejected;
static char seen[128];

static void *resolve(void *value, void *data)
{
    (void)data;
    __atomic_add_fetch(&resolved, 1, __ATOMIC_RELAXED);
    return value;
}

static void *reject(void *value, void *data)
{
    struct metacall_exception_type error;
    (void)data;
    CHECK(metacall_error_from_value(value, &error) == 0);
    snprintf(seen, sizeof(seen), "%s: %s", error.label, error.message);
    __atomic_add_fetch(&rejected, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void *settled(void *future)
{
    if (!CHECK(future != NULL) || !CHECK(metacall_value_id(future) == METACALL_FUTURE))
        return NULL;
    void *value = metacall_future_value(metacall_value_to_future(future), 20000);
    metacall_value_destroy(future);
    return value;
}

static void *await(const char *name, void *first, void *second)
{
    void *args[2] = {first, second};
    void *future = metacallfv_await_s(metacall_handle_function(handle, name), args,
                                      second != NULL ? 2 : 1, resolve, reject, NULL);
    metacall_value_destroy(first);
    metacall_value_destroy(second);
    return future;
}

enum { MANY = 200 };

static void test_futures(void)
{
    void *futures[MANY];
    resolved = rejected = 0;
    CHECK_JSON(settled(await("later", number(7), number(20))), "7");
    CHECK_LONG(resolved, 1);
    CHECK_JSON(settled(await("broken", text("no luck"), NULL)), "null");
    CHECK(strncmp(seen, guest->error, strlen(guest->error)) == 0);
    CHECK(strstr(seen, "no luck") != NULL);
    void *future = call("broken", text("again"), NULL);
    CHECK_LONG(metacall_value_id(future), METACALL_FUTURE);
    CHECK(settled(future) == NULL);
    CHECK_ERROR(guest->error, "again");

    resolved = 0;
    for (long i = 0; i < MANY; i++)
        futures[i] = await("later", number(i), number(i % 10));
    for (long i = 0; i < MANY; i++) {
        void *value = settled(futures[i]);
        CHECK_LONG(metacall_value_to_long(value), i);
        metacall_value_destroy(value);
    }
    CHECK_LONG(resolved, MANY);

    /* It does not come in time; then it is cancelled, as far as its language can. */
    future = call("later", number(1), number(600000));
    CHECK(metacall_future_value(metacall_value_to_future(future), 50) == NULL);
    CHECK_ERROR("TIMEOUT", "50 ms");
    CHECK(metacall_future_cancel(metacall_value_to_future(future)) == 0);
    CHECK(settled(future) == NULL);
    struct metacall_exception_type error;
    CHECK(metacall_error_last(&error) == 0);
    CHECK(metacall_error_peek()->code == METACALL_ERROR_CANCELLED);
    metacall_error_clear();
}

static void *resolve_later(void *data)
{
    metacall_value value = METACALL_SLOT_INIT;
    usleep(30000);
    metacall_slot_long(&value, 33);
    metacall_future_resolve(data, &value);
    return NULL;
}

/* A future of C, awaited by the guest. */
static void test_future_of_c(void)
{
    pthread_t thread;
    metacall_future *future = metacall_future_create(NULL, NULL, NULL);
    pthread_create(&thread, NULL, resolve_later, future);
    CHECK_JSON(settled(call("follow", metacall_value_create_future(future), NULL)), "33");
    pthread_join(thread, NULL);
    metacall_future_release(future);
    future = metacall_future_create(NULL, NULL, NULL);
    metacall_future_reject(future, metacall_error_create(METACALL_ERROR_GUEST, "OfC", "not now"));
    CHECK(settled(call("follow", metacall_value_create_future(future), NULL)) == NULL);
    CHECK_ERROR("OfC", "not now");
    metacall_future_release(future);
}

/* -------------------------------------------------------------------------------- interception */

static struct hooks {
    unsigned before, after, released;
    long answer;
} hooks;

static int before(metacall_function *function, const struct metacall_call *call_,
                  metacall_value *ret, void *data)
{
    struct hooks *own = data;
    CHECK_TEXT(metacall_function_name(function), "add");
    CHECK_LONG(call_->count, 2);
    own->before++;
    if (own->answer == 0)
        return 0;
    metacall_slot_long(ret, own->answer);
    return 1;
}

static int after(metacall_function *function, const struct metacall_call *call_, int result,
                 metacall_value *ret, void *data)
{
    struct hooks *own = data;
    (void)function, (void)call_;
    own->after++;
    if (result == 0 && ret->id == METACALL_LONG)
        metacall_slot_long(ret, ret->as.long_ + 100);
    return result;
}

static void released(void *data)
{
    ((struct hooks *)data)->released++;
}

static void test_interception(void)
{
    metacall_function *function = metacall_handle_function(handle, "add");
    memset(&hooks, 0, sizeof(hooks));
    metacall_interception *interception =
        metacall_intercept(function, before, after, &hooks, released);
    if (!CHECK(interception != NULL)) {
        CHECK_ERROR("", "nothing");
        return;
    }
    if (!CHECK(metacall_interception_scope(interception) == METACALL_INTERCEPT_ALL))
        CHECK_ERROR("", "nothing");
    CHECK_JSON(call("add", number(1), number(2)), "103");
    CHECK_LONG(hooks.before, 1); /* once, however it got there */
    CHECK_JSON(call("twice", number(5), NULL), "110");
    CHECK_LONG(hooks.before, 2);
    CHECK_LONG(hooks.after, 2);
    hooks.answer = 9;
    CHECK_JSON(call("twice", number(5), NULL), "9");
    CHECK_LONG(hooks.after, 2);
    hooks.answer = 0;
    CHECK(metacall_intercept_remove(interception) == 0);
    CHECK_LONG(hooks.released, 1);
    CHECK_JSON(call("add", number(1), number(2)), "3");
    CHECK_JSON(call("twice", number(5), NULL), "10");
    CHECK_LONG(hooks.before, 3);
    /* Once more, from the start. */
    interception = metacall_intercept(function, before, NULL, &hooks, released);
    CHECK_JSON(call("twice", number(5), NULL), "10");
    CHECK_LONG(hooks.before, 4);
    CHECK(metacall_intercept_remove(interception) == 0);
}

static int stop;
static unsigned wrong;

static void *keep_calling(void *data)
{
    const char *name = data;
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        void *args[2] = {number(5), number(5)};
        void *ret = metacallhv_s(handle, name, args, strcmp(name, "add") == 0 ? 2 : 1);
        if (ret == NULL || metacall_value_to_long(ret) != 10)
            __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
        metacall_value_destroy(ret);
        metacall_value_destroy(args[0]);
        metacall_value_destroy(args[1]);
    }
    return NULL;
}

static int count_call(metacall_function *function, const struct metacall_call *call_,
                      metacall_value *ret, void *data)
{
    (void)function, (void)call_, (void)ret;
    __atomic_add_fetch((unsigned *)data, 1, __ATOMIC_RELAXED);
    return 0;
}

static void let_go(void *data)
{
    __atomic_add_fetch((unsigned *)data, 1u << 31, __ATOMIC_RELEASE);
}

/* Hooks come and go while threads call, from outside and through the language itself. */
static void test_interception_under_way(void)
{
    char names[4][8] = {"add", "twice", "add", "twice"};
    static unsigned counts[50];
    pthread_t threads[4];
    metacall_function *function = metacall_handle_function(handle, "add");
    stop = 0;
    wrong = 0;
    memset(counts, 0, sizeof(counts));
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, keep_calling, names[i]);
    for (int i = 0; i < 50; i++) {
        metacall_interception *interception =
            metacall_intercept(function, count_call, NULL, &counts[i], let_go);
        if (!CHECK(interception != NULL))
            break;
        while (__atomic_load_n(&counts[i], __ATOMIC_RELAXED) < 3)
            usleep(100);
        CHECK(metacall_intercept_remove(interception) == 0);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK_LONG(wrong, 0);
    for (int i = 0; i < 50; i++)
        CHECK(__atomic_load_n(&counts[i], __ATOMIC_ACQUIRE) >> 31 == 1); /* each released once */
}

/* --------------------------------------------------------------------------------- both of them */

/* What one of them has, used by the other: an object, a future, memory. */
static void test_each_other(void *const handles[2])
{
    for (int from = 0; from < 2; from++) {
        void *to = handles[1 - from];
        handle = handles[from];
        guest = &guests[from];
        void *object = call("make", NULL, NULL);
        CHECK_JSON(metacallhv_s(to, "use", &object, 1), "11");
        void *same = metacallhv_s(to, "echo", &object, 1); /* home again */
        CHECK(metacall_value_to_object(same) == metacall_value_to_object(object));
        metacall_value_destroy(same);
        metacall_value_destroy(object);
        void *future = call("later", number(12), number(10));
        CHECK_JSON(settled(metacallhv_s(to, "follow", &future, 1)), "12");
        metacall_value_destroy(future);
        future = call("broken", text("across"), NULL);
        CHECK(settled(metacallhv_s(to, "follow", &future, 1)) == NULL);
        CHECK_ERROR(guest->error, "across");
        metacall_value_destroy(future);
    }
}

/* What is under way when the library ends: it comes to an end, and nobody waits for ever. */
struct end {
    void *pending;
    metacall_interception *interception;
    pthread_t waiting;
};

static void *wait_for_end(void *data)
{
    metacall_value_destroy(metacall_future_value(data, UINT_MAX));
    return data;
}

static void leave_under_way(struct end *end)
{
    void *args[2] = {number(1), number(600000)};
    metacall_function *later = metacall_handle_function(handle, "later");
    end->pending = metacallfv_await_s(later, args, 2, resolve, reject, NULL);
    end->interception = metacall_intercept(metacall_handle_function(handle, "add"), before, after,
                                           &hooks, released);
    pthread_create(&end->waiting, NULL, wait_for_end, metacall_value_to_future(end->pending));
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
}

static void check_end(struct end *end)
{
    metacall_value_destroy(settled(metacall_value_copy(end->pending)));
    pthread_join(end->waiting, NULL);
    CHECK(metacall_intercept_remove(end->interception) == 0);
    metacall_value_destroy(end->pending);
}

static int test_guest(const char *tag)
{
    guest = NULL;
    for (size_t i = 0; i < sizeof(guests) / sizeof(guests[0]); i++)
        if (strcmp(guests[i].tag, tag) == 0)
            guest = &guests[i];
    handle = NULL;
    if (capi_load_guest(tag, guest->script, &handle) != 0)
        return 77;
    test_classes();
    test_iterators();
    test_kinds();
    test_futures();
    test_future_of_c();
    test_interception();
    test_interception_under_way();
    return 0;
}

int main(int argc, char *argv[])
{
    void *handles[2] = {NULL, NULL};
    struct end ends[2];
    CHECK(metacall_initialize() == 0);
    for (int i = 1; i < argc; i++) {
        if (i > 2 || test_guest(argv[i]) != 0)
            return 77;
        handles[guest - guests] = handle;
    }
    if (handles[0] != NULL && handles[1] != NULL)
        test_each_other(handles);
    rejected = resolved = 0;
    memset(&hooks, 0, sizeof(hooks));
    for (int i = 1; i < argc; i++) {
        handle = handles[strcmp(argv[i], "py") == 0 ? 0 : 1];
        leave_under_way(&ends[i - 1]);
    }
    CHECK(metacall_destroy() == 0);
    for (int i = 1; i < argc; i++)
        check_end(&ends[i - 1]);
    CHECK_LONG(rejected, argc - 1);
    CHECK_LONG(resolved, 0);
    CHECK_LONG(hooks.released, argc - 1);
    return capi_result();
}
