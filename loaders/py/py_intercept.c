/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* One call on its way through the hooks of those who want to see it: see py_intercept.h. The hooks
 * get the arguments as values, for they may be another language's; what the caller gets is the very
 * object that the original returned, unless a hook replaced it. */
#include "py_intercept.h"

#include "py_arguments.h"
#include "py_detour.h"
#include "py_error.h"
#include "py_object.h"
#include "py_runtime.h"

#include <metacall/intercept.h>

#include <pthread.h>
#include <stdlib.h>

#define STACK_RESERVE ((size_t)512 * 1024)

/* Exported by every CPython since 3.9. */
extern PyObject *PyMethod_Function(PyObject *method);
extern PyObject *PyMethod_Self(PyObject *method);

/* A call: who has still to see it. `next` moves on. */
struct run {
    struct py_detour *detour;
    struct py_targets *targets; /* held; may be NULL */
    size_t next;
    metacall_function *skip; /* has seen it already, in the registry */
    PyObject *const *args;
    size_t nargsf;
    PyObject *names;
};

/* One target's turn. */
struct step {
    struct run *run;
    const struct metacall_call *call;
    size_t bound;         /* 1: the hooks see the call without its first argument */
    PyObject *native;     /* the original's result */
    metacall_value shown; /* what stands for it, a copy of the head alone */
    struct step *outer;   /* of this thread */
};

static PyObject *run_next(struct run *run);

/* ---------------------------------------------------------------------------------- arguments */

/* A value to look at: nothing is started by it, and what has no value at all is an object. */
static int watch(PyObject *object, metacall_value *slot, enum py_keep keep)
{
    static const struct py_subject subject = {.role = "value", .watched = 1};
    struct py_path path = {NULL, &subject, NULL, NULL, 0, 0};
    metacall_error *error;
    if (py_value_from_fast(object, slot))
        return 0;
    if (py_value_from_object(object, slot, keep, &path) == 0)
        return 0;
    if ((error = metacall_error_peek()) != NULL) {
        if (error->code == METACALL_ERROR_MEMORY || error->code == METACALL_ERROR_INTERRUPT)
            return -1;
        metacall_error_release(metacall_error_take());
    }
    return py_object_from(object, slot);
}

int py_intercept_watch(PyObject *object, metacall_value *slot)
{
    return watch(object, slot, PY_KEEP_COPY);
}

static int fill(struct py_arguments *shown, const struct step *step, size_t positional)
{
    static const metacall_value empty = METACALL_SLOT_INIT;
    const struct run *run = step->run;
    size_t i;
    for (i = 0; i < shown->count; i++) {
        shown->slots[i] = empty;
        shown->args[i] = &shown->slots[i];
        shown->filled = i + 1;
        if (i >= positional) {
            PyObject *name = PyTuple_GetItem(run->names, (Py_ssize_t)(i - positional));
            shown->keywords[i - positional] = PyUnicode_AsUTF8AndSize(name, NULL);
            if (shown->keywords[i - positional] == NULL)
                return py_error_raise();
        }
        if (watch(run->args[i + step->bound], &shown->slots[i], PY_KEEP_BORROW) != 0)
            return -1;
    }
    return 0;
}

/* -------------------------------------------------------------------------------------- one turn
 */

/* The rest of the way, on the thread that the call came on; its lock is not held. Not through the
 * gate: this thread has its frames in Python already, and must get back into them at any time. */
static int proceed(void *data, int wanted, metacall_value *ret)
{
    struct step *step = data;
    struct run rest = *step->run;
    struct py_thread *thread = &py_this_thread;
    struct py_scope scope;
    PyObject *result;
    int rc = 0;
    py_acquire(&scope, thread);
    thread->step = step->outer;
    result = run_next(&rest);
    thread->step = step;
    Py_XDECREF(step->native);
    step->native = result;
    if (result == NULL)
        rc = py_error_raise();
    else if (wanted && (rc = watch(result, ret, PY_KEEP_COPY)) == 0)
        step->shown = *ret;
    py_give_back(&scope);
    return rc;
}

static PyObject *result_of(struct step *step, int rc, int replaced, metacall_value *ret)
{
    static const struct py_subject subject = {NULL, "result", 0, NULL, 0, NULL};
    PyObject *result = step->native;
    if (rc != 0 || replaced || result == NULL) {
        Py_XDECREF(result);
        result = rc == 0 ? py_value_to(ret, &subject) : NULL;
    }
    metacall_slot_clear(ret);
    return result != NULL ? result : py_error_to_python();
}

/* A call that is intercepted needs the thread's stack, however many calls Python itself is ready to
 * nest (sys.setrecursionlimit). The end that is kept back is for hooks and conversions. */
static void find_stack(struct py_thread *thread)
{
    pthread_attr_t attributes;
    void *low = NULL;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        pthread_attr_getstack(&attributes, &low, &size);
        pthread_attr_destroy(&attributes);
    }
    thread->stack_low = (uintptr_t)low;
    thread->stack_end = (uintptr_t)low + (size / 4 < STACK_RESERVE ? size / 4 : STACK_RESERVE) + 1;
}

static int has_stack(struct py_thread *thread)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (PY_UNLIKELY(thread->stack_end == 0))
        find_stack(thread);
    /* Below the thread's own stack lies another one, a fiber's: nothing is known of that. */
    if (PY_LIKELY(here > thread->stack_end || here < thread->stack_low))
        return 1;
    PyErr_SetString(PyExc_RecursionError,
                    "maximum recursion depth exceeded in calls of an intercepted function");
    return 0;
}

static PyObject *run_target(struct run *run, const struct py_target *target)
{
    struct py_thread *thread = &py_this_thread;
    struct step step = {run, NULL, target->self != NULL, NULL, METACALL_SLOT_INIT, thread->step};
    size_t positional = (size_t)PY_VECTORCALL_COUNT(run->nargsf) - step.bound;
    size_t keywords = run->names != NULL ? (size_t)PyTuple_Size(run->names) : 0;
    metacall_value ret = METACALL_SLOT_INIT;
    struct py_arguments shown;
    struct py_parked parked;
    int rc, replaced = 0;
    if (!has_stack(thread))
        return NULL;
    if (py_arguments_init(&shown, positional + keywords) != 0)
        return py_error_to_python();
    if ((rc = fill(&shown, &step, positional)) == 0) {
        struct metacall_call call = {shown.args, shown.count, shown.keywords, keywords};
        step.call = &call;
        thread->step = &step;
        py_park(&parked);
        rc =
            metacall_function_intercepted(target->function, &call, proceed, &step, &ret, &replaced);
        py_unpark(&parked);
        thread->step = step.outer;
    }
    py_arguments_finish(&shown);
    return result_of(&step, rc, replaced, &ret);
}

static int sees(const struct py_target *target, const struct run *run)
{
    if (target->function == run->skip)
        return 0;
    return target->self == NULL ||
           (PY_VECTORCALL_COUNT(run->nargsf) > 0 && run->args[0] == target->self);
}

/* The next who wants to see it, else the original. */
static PyObject *run_next(struct run *run)
{
    const struct py_targets *targets = run->targets;
    while (targets != NULL && run->next < targets->count) {
        const struct py_target *target = &targets->items[run->next++];
        if (sees(target, run))
            return run_target(run, target);
    }
    return py_detour_original(run->detour, run->args, run->nargsf, run->names);
}

static PyObject *run_all(struct py_detour *detour, metacall_function *skip, PyObject *const *args,
                         size_t nargsf, PyObject *names)
{
    struct run run = {detour, detour->targets, 0, skip, args, nargsf, names};
    PyObject *result;
    /* Nobody's business any more once the library is closing. */
    if (__atomic_load_n(&py_runtime.gate.closed, __ATOMIC_RELAXED) != 0)
        run.targets = NULL;
    detour->refs++;
    if (run.targets != NULL)
        run.targets->refs++;
    result = run_next(&run);
    py_targets_release(run.targets);
    py_detour_release(detour);
    return result;
}

static PyObject *run_detour(struct py_detour *detour, PyObject *const *args, size_t nargsf,
                            PyObject *names)
{
    return run_all(detour, NULL, args, nargsf, names);
}

/* Do both stand for the same thing? The copy is of the head alone. */
static int is_same(const metacall_value *one, const metacall_value *other)
{
    if (one->id != other->id)
        return 0;
    switch (one->id) {
    case METACALL_NULL:
        return 1;
    case METACALL_BOOL:
        return one->as.boolean_ == other->as.boolean_;
    case METACALL_STRING:
    case METACALL_BUFFER:
    case METACALL_ARRAY:
    case METACALL_MAP:
    case METACALL_SET:
    case METACALL_BIGINT: /* a pointer and a size */
        return one->as.bytes.data == other->as.bytes.data &&
               one->as.bytes.size == other->as.bytes.size;
    default: /* a number, or a pointer to what is counted */
        return one->as.long_ == other->as.long_;
    }
}

int py_intercept_native(const struct metacall_call *call, const metacall_value *ret,
                        struct py_native_call *ret_native)
{
    const struct step *step = py_this_thread.step;
    const struct run *run;
    if (step == NULL || step->call != call)
        return 0;
    run = step->run;
    ret_native->args = run->args + step->bound;
    ret_native->positional = (size_t)PY_VECTORCALL_COUNT(run->nargsf) - step->bound;
    ret_native->names = run->names;
    ret_native->result = NULL;
    if (step->native != NULL && is_same(ret, &step->shown))
        ret_native->result = step->native;
    return 1;
}

/* -------------------------------------------------------------------------------------- on and off
 */

/* The function in Python behind a callable, new reference, and what it is bound to, borrowed. */
static PyObject *underlying(PyObject *callable, PyObject **ret_self)
{
    PyObject *function = callable;
    *ret_self = NULL;
    if (Py_IS_TYPE(callable, &PyMethod_Type)) {
        function = PyMethod_Function(callable);
        *ret_self = PyMethod_Self(callable);
    }
    if (!Py_IS_TYPE(function, &PyFunction_Type))
        return NULL;
    Py_INCREF(function);
    return function;
}

/* A new list without `function`, and with it in front if `with`. NULL with the error set. */
static struct py_targets *changed(const struct py_targets *former, metacall_function *function,
                                  PyObject *self, int with)
{
    size_t i, count = former != NULL ? former->count : 0;
    struct py_targets *targets = malloc(sizeof *targets + (count + 1) * sizeof *targets->items);
    if (targets == NULL) {
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        return NULL;
    }
    targets->refs = 1;
    targets->count = 0;
    if (with)
        targets->items[targets->count++] = (struct py_target){function, self};
    for (i = 0; i < count; i++)
        if (former->items[i].function != function)
            targets->items[targets->count++] = former->items[i];
    for (i = 0; i < targets->count; i++) {
        metacall_function_reference(targets->items[i].function);
        Py_XINCREF(targets->items[i].self);
    }
    return targets;
}

static int change(metacall_function *function, PyObject *plain, PyObject *self, int on)
{
    struct py_detour *detour = on ? py_detour_place(plain, run_detour) : py_detour_find(plain);
    struct py_targets *targets;
    if (detour == NULL)
        return on ? -1 : 0;
    if ((targets = changed(detour->targets, function, self, on)) == NULL) {
        if (on && detour->targets == NULL) {
            py_detour_remove(detour);
            metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        }
        return -1;
    }
    if (targets->count > 0) {
        py_detour_set_targets(detour, targets);
        return 0;
    }
    py_targets_release(targets);
    py_detour_set_targets(detour, NULL);
    return py_detour_remove(detour);
}

int py_intercept(metacall_function *function, PyObject *callable, int on)
{
    PyObject *self, *plain = underlying(callable, &self);
    int rc;
    if (plain == NULL)
        return metacall_error_raise(
            METACALL_ERROR_SUPPORT,
            "a '%s' is no function written in Python: Python's own calls of it cannot be seen, "
            "only those through the registry",
            py_error_type_name((PyObject *)Py_TYPE(callable)));
    rc = change(function, plain, self, on);
    Py_DECREF(plain);
    return rc;
}

PyObject *py_intercept_call(metacall_function *function, PyObject *callable, PyObject **args,
                            size_t nargsf, PyObject *names)
{
    PyObject *self, *plain = underlying(callable, &self), *first = args[-1], *result;
    struct py_detour *detour = plain != NULL ? py_detour_find(plain) : NULL;
    if (detour == NULL) {
        Py_XDECREF(plain);
        return py_api_vectorcall(callable, args, nargsf, names);
    }
    if (self != NULL) {
        args[-1] = self;
        result = run_all(detour, function, args - 1, (nargsf & ~PY_VECTORCALL_OFFSET) + 1, names);
        args[-1] = first;
    } else {
        result = run_all(detour, function, args, nargsf & ~PY_VECTORCALL_OFFSET, names);
    }
    Py_DECREF(plain);
    return result;
}

void py_intercept_finish(void)
{
    py_detour_finish();
}
