/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The arguments of a typed function: counted, checked and converted before the owner sees them. */
#include "core/convert.h"
#include "core/error.h"
#include "core/function.h"
#include "core/loader_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENTS_IN_PLACE 8

/* "add() of loader 'py'" into a buffer. */
static const char *arguments_owner(const metacall_function *function, char *buffer, size_t size)
{
    const char *name = metacall_function_name(function);
    if (*name == '\0')
        name = "an anonymous function";
    if (function->loader != NULL)
        snprintf(buffer, size, "%s (%s)", name, function->loader->tag);
    else
        snprintf(buffer, size, "%s", name);
    return buffer;
}

static int arguments_raise_count(const metacall_function *function,
                                 const struct function_signature *signature, size_t given)
{
    char owner[160];
    size_t required = 0;
    for (size_t i = 0; i < signature->count; i++)
        required += (signature->parameters[i].flags & METACALL_PARAMETER_REQUIRED) != 0;
    const char *word = required == signature->count ? ""
                       : given < required           ? "at least "
                                                    : "at most ";
    size_t expected = given < required ? required : signature->count;
    return metacall_error_raise(METACALL_ERROR_ARGUMENT, "%s takes %s%zu argument%s, got %zu",
                                arguments_owner(function, owner, sizeof(owner)), word, expected,
                                expected == 1 ? "" : "s", given);
}

static void arguments_describe(const metacall_value *value, char *buffer, size_t size)
{
    int64_t number;
    const char *kind = metacall_kind_name((enum metacall_value_id)value->id);
    if (value->id == METACALL_FLOAT || value->id == METACALL_DOUBLE)
        snprintf(buffer, size, "%s %.17g", kind,
                 value->id == METACALL_FLOAT ? (double)value->as.float_ : value->as.double_);
    else if (convert_integer(value, &number))
        snprintf(buffer, size, "%s %lld", kind, (long long)number);
    else
        snprintf(buffer, size, "%s", kind);
}

static int arguments_raise_type(const metacall_function *function,
                                const struct function_signature *signature, size_t at,
                                const metacall_value *value, enum convert_verdict verdict)
{
    char owner[160], given[64];
    const struct function_parameter *parameter = &signature->parameters[at];
    arguments_describe(value, given, sizeof(given));
    return metacall_error_raise(
        verdict == CONVERT_RANGE ? METACALL_ERROR_RANGE : METACALL_ERROR_TYPE,
        "%s: parameter %zu%s%s%s must be %s, got %s%s",
        arguments_owner(function, owner, sizeof(owner)), at + 1,
        parameter->name != NULL ? " '" : "", parameter->name != NULL ? parameter->name : "",
        parameter->name != NULL ? "'" : "", metacall_kind_name(parameter->type), given,
        verdict == CONVERT_RANGE ? ", which does not fit exactly" : "");
}

static size_t arguments_find(const struct function_signature *signature, const char *name)
{
    for (size_t i = 0; i < signature->count; i++)
        if (signature->parameters[i].name != NULL &&
            !(signature->parameters[i].flags & METACALL_PARAMETER_POSITIONAL) &&
            strcmp(signature->parameters[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

static int arguments_raise_keyword(const metacall_function *function, const char *keyword,
                                   int twice)
{
    char owner[160];
    arguments_owner(function, owner, sizeof(owner));
    if (twice)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT, "%s got parameter '%s' twice", owner,
                                    keyword);
    return metacall_error_raise(METACALL_ERROR_ARGUMENT, "%s has no parameter '%s'", owner,
                                keyword);
}

/* Which parameter argument `i` of the call is for; SIZE_MAX = one past the named ones. */
static int arguments_place(const metacall_function *function,
                           const struct function_signature *signature,
                           const struct metacall_call *call, size_t i, size_t *ret_place)
{
    size_t positional = call->count - call->keyword_count;
    if (i < positional) {
        int named =
            i < signature->count && !(signature->parameters[i].flags & METACALL_PARAMETER_KEYWORD);
        *ret_place = named ? i : SIZE_MAX;
        return 0;
    }
    const char *keyword = call->keywords[i - positional];
    size_t place = arguments_find(signature, keyword);
    if (place == SIZE_MAX && !(function->flags & METACALL_FUNCTION_VARIADIC))
        return arguments_raise_keyword(function, keyword, 0);
    if (place < positional && !(signature->parameters[place].flags & METACALL_PARAMETER_KEYWORD))
        return arguments_raise_keyword(function, keyword, 1);
    for (size_t other = positional; other < i; other++)
        if (strcmp(call->keywords[other - positional], keyword) == 0)
            return arguments_raise_keyword(function, keyword, 1);
    *ret_place = place;
    return 0;
}

static int arguments_has_keyword(const struct metacall_call *call, const char *name)
{
    for (size_t i = 0; name != NULL && i < call->keyword_count; i++)
        if (strcmp(call->keywords[i], name) == 0)
            return 1;
    return 0;
}

static int arguments_check_count(const metacall_function *function,
                                 const struct function_signature *signature,
                                 const struct metacall_call *call)
{
    char owner[160];
    size_t positional = call->count - call->keyword_count;
    size_t place;
    /* A wrong name says more than a wrong number. */
    for (size_t i = positional; i < call->count; i++)
        if (arguments_place(function, signature, call, i, &place) != 0)
            return -1;
    if (call->count > signature->count && !(function->flags & METACALL_FUNCTION_VARIADIC))
        return arguments_raise_count(function, signature, call->count);
    for (size_t i = 0; i < signature->count; i++) {
        const struct function_parameter *parameter = &signature->parameters[i];
        int keyword = parameter->flags & METACALL_PARAMETER_KEYWORD;
        if (i < positional && !keyword)
            continue;
        if (!(parameter->flags & METACALL_PARAMETER_REQUIRED) ||
            (!(parameter->flags & METACALL_PARAMETER_POSITIONAL) &&
             arguments_has_keyword(call, parameter->name)))
            continue;
        if ((call->keyword_count == 0 && !keyword) || parameter->name == NULL)
            return arguments_raise_count(function, signature, call->count);
        return metacall_error_raise(
            METACALL_ERROR_ARGUMENT, "%s lacks an argument for parameter '%s'",
            arguments_owner(function, owner, sizeof(owner)), parameter->name);
    }
    return 0;
}

/* Points args[i] at the argument itself or at its conversion in slots[i]. */
static int arguments_convert(const metacall_function *function,
                             const struct function_signature *signature,
                             const struct metacall_call *call, metacall_value **args,
                             metacall_value *slots)
{
    for (size_t i = 0; i < call->count; i++) {
        size_t place = SIZE_MAX;
        args[i] = call->args[i];
        if (args[i] == NULL)
            return metacall_error_raise(METACALL_ERROR_ARGUMENT, "argument %zu of %s is NULL",
                                        i + 1, metacall_function_name(function));
        arguments_place(function, signature, call, i, &place); /* the names were checked */
        if (place == SIZE_MAX)
            continue;
        enum metacall_value_id type = signature->parameters[place].type;
        if (type == METACALL_INVALID || args[i]->id == type ||
            (args[i]->id == METACALL_BIGINT && type == METACALL_LONG &&
             function->flags & METACALL_FUNCTION_BIG))
            continue;
        slots[i] = (metacall_value)METACALL_SLOT_INIT;
        enum convert_verdict verdict = convert_exact(&slots[i], args[i], type);
        if (verdict == CONVERT_DONE)
            args[i] = &slots[i];
        else if (verdict != CONVERT_SAME)
            return arguments_raise_type(function, signature, place, args[i], verdict);
    }
    return 0;
}

int function_call_typed(metacall_function *function, const struct metacall_call *call,
                        metacall_value *ret)
{
    const struct function_signature *signature = function_signature(function);
    if (signature == NULL)
        return -1;
    struct {
        metacall_value *args[ARGUMENTS_IN_PLACE];
        metacall_value slots[ARGUMENTS_IN_PLACE];
    } place;
    metacall_value **args = place.args;
    metacall_value *slots = place.slots;
    void *room = NULL;
    int result = -1;

    if (arguments_check_count(function, signature, call) != 0)
        return -1;
    if (call->count > ARGUMENTS_IN_PLACE) {
        room = malloc(call->count * (sizeof(*args) + sizeof(*slots)));
        if (room == NULL)
            return error_raise_memory();
        slots = room;
        args = (metacall_value **)(slots + call->count);
    }
    if (arguments_convert(function, signature, call, args, slots) == 0) {
        struct metacall_call converted = *call;
        converted.args = args;
        result = function->ops->call(function, &converted, ret);
    }
    free(room); /* conversions own nothing: all are scalars */
    return result;
}

int metacall_function_arrange(metacall_function *function, const struct metacall_call *call,
                              metacall_value **ret_args, size_t room)
{
    const struct function_signature *signature = function_signature(function);
    if (signature == NULL || arguments_check_count(function, signature, call) != 0)
        return -1;
    if (signature->count > room)
        return metacall_error_raise(METACALL_ERROR_RANGE, "%s has more than %zu parameters",
                                    metacall_function_name(function), room);
    for (size_t i = 0; i < signature->count; i++)
        ret_args[i] = NULL;
    for (size_t i = 0; i < call->count; i++) {
        size_t place = SIZE_MAX;
        arguments_place(function, signature, call, i, &place); /* the names were checked */
        if (place != SIZE_MAX)
            ret_args[place] = call->args[i];
    }
    return 0;
}
