/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See node_call.h. */
#include "node_call.h"
#include "node_cells.h"
#include "node_error.h"
#include "node_function.h"
#include "node_value.h"

#include <stdlib.h>

/* Arguments, and bytes of their texts, that need no allocation. */
enum { FEW = 8, FEW_BYTES = 512 };

static int owns_memory(const metacall_value *slot)
{
    return slot->id > METACALL_DOUBLE && slot->id != METACALL_NULL &&
           !(slot->storage & METACALL_STORAGE_BORROW);
}

/* Puts what a refused value was in front of the error. */
static void name_argument(const struct node_departure *out, size_t index)
{
    const char *name = out->function ? metacall_function_name(out->function) : out->find;

    if (name)
        node_value_name("argument %zu of %s()", index, name);
    else
        node_value_name("argument %zu of %s%s%s", index, out->object->type, out->name ? "." : "",
                        out->name ? out->name : "");
}

static void name_result(const struct node_departure *out)
{
    if (out->function)
        node_value_name("result of %s()", metacall_function_name(out->function));
    else
        node_value_name("result of %s%s%s", out->object->type, out->name ? "." : "",
                        out->name ? out->name : "");
}

/* What a wrapper of bootstrap/call.js makes itself is left to it. */
static int make_result(struct node_env *env, const struct node_departure *out,
                       const metacall_value *ret, napi_value *ret_result)
{
    if (out->way == NODE_CALL_PLAIN)
        return node_value_make(env, ret, ret_result);
    if (ret->id == METACALL_DOUBLE ||
        (ret->id == METACALL_LONG && node_value_is_safe(ret->as.long_))) {
        env->head[16] = ret->id == METACALL_DOUBLE ? ret->as.double_ : (double)ret->as.long_;
        env->head[15] = NODE_RESULT_COUNT;
        *ret_result = NULL;
        return 0;
    }
    if (ret->id == METACALL_ARRAY || ret->id == METACALL_MAP || ret->id == METACALL_SET) {
        int rc = node_cells_leave(env, ret, ret_result);
        env->head[15] = NODE_RESULT_CARRIED;
        return rc;
    }
    env->head[15] = NODE_RESULT_MADE;
    return node_value_make(env, ret, ret_result);
}

static napi_value finish(struct node_env *env, const struct node_departure *out,
                         metacall_value *ret)
{
    napi_value result;
    int rc = make_result(env, out, ret, &result);

    if (owns_memory(ret))
        metacall_slot_clear(ret);
    if (rc == 0)
        return result;
    name_result(out);
    return node_error_throw(env);
}

/* NODE_RESULT_NOT_YET where the function turns out to be JavaScript's own. */
static int go(struct node_env *env, struct node_departure *out, const struct metacall_call *call,
              metacall_value *ret)
{
    struct node_embed_gap gap;
    int rc;

    node_env_depart(env, &gap);
    if (out->find)
        out->function = metacall_function_find(out->find);
    if (out->find && !out->function)
        rc = -1;
    else if (out->find && node_function_is_own(env, out->function))
        rc = NODE_RESULT_NOT_YET;
    else if (out->function)
        rc = metacall_function_call(out->function, call, ret);
    else
        rc = metacall_object_perform(out->object, out->operation, out->name, call, ret);
    node_env_return(env, &gap);
    return rc;
}

/* The arguments into empty slots. How many hold something then; *ret_rc = -1 where the last of them
 * was refused. */
static size_t take_arguments(struct node_env *env, const struct node_departure *out, size_t count,
                             const napi_value *args, struct metacall_arena *arena,
                             metacall_value *slots, int *ret_rc)
{
    size_t taken = 0;

    *ret_rc = 0;
    switch (out->way) {
    case NODE_CALL_COUNTED:
        for (; taken < count; taken++)
            node_value_number(&slots[taken], env->head[16 + taken]);
        return taken;
    case NODE_CALL_PACKED:
        *ret_rc = node_cells_take_all(env, args[0], arena, slots, &taken);
        return taken;
    case NODE_CALL_REFUSED:
        *ret_rc = node_cells_refuse(env, args[0]);
        return count;
    default:
        for (; taken < count && *ret_rc == 0; taken++)
            *ret_rc = node_value_take(env, args[taken], arena, &slots[taken]);
        return taken;
    }
}

static napi_value run(struct node_env *env, struct node_departure *out, size_t count,
                      const napi_value *args, metacall_value *slots, metacall_value **pointers)
{
    metacall_value ret = METACALL_SLOT_INIT;
    struct metacall_call call = {pointers, count, NULL, 0};
    _Alignas(8) char bytes[FEW_BYTES];
    struct metacall_arena arena;
    size_t taken;
    int rc;

    metacall_arena_init(&arena, &env->spare, bytes, sizeof bytes);
    for (size_t i = 0; i < count; i++) {
        slots[i] = (metacall_value)METACALL_SLOT_INIT;
        pointers[i] = &slots[i];
    }
    taken = take_arguments(env, out, count, args, &arena, slots, &rc);
    if (rc == 0)
        rc = go(env, out, &call, &ret);
    else
        name_argument(out, taken);
    while (taken-- > 0)
        if (owns_memory(&slots[taken]))
            metacall_slot_clear(&slots[taken]);
    metacall_arena_finish(&arena);
    if (__atomic_load_n(&env->garbage, __ATOMIC_RELAXED))
        node_env_sweep(env);
    if (rc < 0)
        return node_error_throw(env);
    if (rc == NODE_RESULT_NOT_YET) {
        env->head[15] = NODE_RESULT_NOT_YET;
        return NULL;
    }
    if (!out->function)
        env->head[4] = rc;
    return finish(env, out, &ret);
}

napi_value node_call_out(struct node_env *env, struct node_departure *out, size_t count,
                         const napi_value *args)
{
    metacall_value few[FEW], *slots = few;
    metacall_value *few_pointers[FEW], **pointers = few_pointers;
    napi_value result;

    if (out->way > NODE_CALL_AS_IT_IS)
        count = (size_t)env->head[14];
    if (count > FEW) {
        slots = malloc(count * sizeof *slots);
        pointers = malloc(count * sizeof *pointers);
    }
    if (slots && pointers) {
        result = run(env, out, count, args, slots, pointers);
    } else {
        metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
        result = node_error_throw(env);
    }
    if (slots != few)
        free(slots);
    if (pointers != few_pointers)
        free(pointers);
    return result;
}

double node_call_begin(struct node_env *env)
{
    double outer = env->head[7];

    env->head[7] = ++env->calls;
    return outer;
}

void node_call_end(struct node_env *env, double outer)
{
    napi_value number, none;

    if (env->head[8] > 0) { /* somebody has asked for a signal */
        napi_create_double(env->napi, env->head[7], &number);
        if (!node_env_help(env, NODE_FORGET_SIGNAL, 1, &number))
            napi_get_and_clear_last_exception(env->napi, &none);
    }
    env->head[7] = outer;
}
