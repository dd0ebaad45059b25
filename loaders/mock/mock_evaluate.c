/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Expressions into values. What exists already is not copied: an argument or a constant is passed
 * on as it is, and copied only where it becomes part of something else. */
#include "mock_language.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The value of a parameter or a constant, which needs no evaluation; NULL for other nodes. */
static inline const metacall_value *evaluate_leaf(const struct mock_frame *frame,
                                                  const struct mock_node *node)
{
    static const metacall_value missing = METACALL_SLOT_INIT;
    if (node->kind == MOCK_PARAMETER)
        return frame->args[node->index] != NULL ? frame->args[node->index] : &missing;
    return node->kind == MOCK_CONSTANT ? &node->constant : NULL;
}

/* -------------------------------------------------------------------------------------- errors */

int mock_raise(const struct mock_frame *frame, const struct mock_node *node, const char *type,
               const char *format, ...)
{
    const struct mock_definition *definition = frame->definition;
    char *message = NULL;
    va_list list;
    va_start(list, format);
    int length = vasprintf(&message, format, list);
    va_end(list);
    metacall_error *error =
        length >= 0 ? metacall_error_create(METACALL_ERROR_GUEST, type, message) : NULL;
    if (length >= 0)
        free(message);
    if (error == NULL)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    error->loader = definition->script->loader;
    if (asprintf(&error->stack, "%s:%u:%u: in %s", definition->script->path, node->line,
                 node->column, definition->name) < 0)
        error->stack = NULL;
    return metacall_error_set(error);
}

/* ------------------------------------------------------------------------------------- numbers */

/* 1 = an integer in *ret_long, 2 = a real number in *ret_double, 0 = neither. */
static int evaluate_number(const metacall_value *value, int64_t *ret_long, double *ret_double)
{
    switch (value->id) {
    case METACALL_CHAR:
        *ret_long = value->as.char_;
        return 1;
    case METACALL_SHORT:
        *ret_long = value->as.short_;
        return 1;
    case METACALL_INT:
        *ret_long = value->as.int_;
        return 1;
    case METACALL_LONG:
        *ret_long = value->as.long_;
        return 1;
    case METACALL_FLOAT:
        *ret_double = (double)value->as.float_;
        return 2;
    case METACALL_DOUBLE:
        *ret_double = value->as.double_;
        return 2;
    default:
        return 0;
    }
}

static int evaluate_integers(const struct mock_frame *frame, const struct mock_node *node,
                             int64_t left, int64_t right, metacall_value *slot)
{
    int64_t number;
    int overflow;
    switch (node->operation) {
    case '+':
        overflow = __builtin_add_overflow(left, right, &number);
        break;
    case '-':
        overflow = __builtin_sub_overflow(left, right, &number);
        break;
    case '*':
        overflow = __builtin_mul_overflow(left, right, &number);
        break;
    default:
        if (right == 0)
            return mock_raise(frame, node, "ZeroDivisionError", "division by zero");
        overflow = left == INT64_MIN && right == -1;
        number = overflow ? 0 : left / right;
        break;
    }
    if (overflow)
        return mock_raise(frame, node, "OverflowError", "the result does not fit 64 bits");
    metacall_slot_long(slot, number);
    return 0;
}

static void evaluate_reals(char operation, double left, double right, metacall_value *slot)
{
    metacall_slot_double(slot, operation == '+'   ? left + right
                               : operation == '-' ? left - right
                               : operation == '*' ? left * right
                                                  : left / right);
}

/* ---------------------------------------------------------------------------------- operators */

static int evaluate_join_bytes(const metacall_value *left, const metacall_value *right,
                               metacall_value *slot)
{
    size_t size = left->as.bytes.size + right->as.bytes.size;
    if (metacall_slot_bytes(slot, (enum metacall_value_id)left->id, NULL, size) != 0)
        return -1;
    if (left->as.bytes.size != 0)
        memcpy(slot->as.bytes.data, left->as.bytes.data, left->as.bytes.size);
    if (right->as.bytes.size != 0)
        memcpy(slot->as.bytes.data + left->as.bytes.size, right->as.bytes.data,
               right->as.bytes.size);
    return 0;
}

static int evaluate_join_arrays(const metacall_value *left, const metacall_value *right,
                                metacall_value *slot)
{
    size_t split = left->as.array.count, count = split + right->as.array.count;
    int result = metacall_slot_array(slot, count);
    for (size_t i = 0; i < count && result == 0; i++)
        result = metacall_slot_copy(slot->as.array.items[i],
                                    i < split ? left->as.array.items[i]
                                              : right->as.array.items[i - split]);
    if (result != 0)
        metacall_slot_clear(slot);
    return result;
}

/* Below, equal, above: -1, 0, 1; 2 = cannot be compared by size. */
static int evaluate_compare(const metacall_value *left, const metacall_value *right)
{
    int64_t a = 0, b = 0;
    double x = 0, y = 0;
    int of_left = evaluate_number(left, &a, &x), of_right = evaluate_number(right, &b, &y);
    if (of_left == 1 && of_right == 1)
        return (a > b) - (a < b);
    if (of_left != 0 && of_right != 0) {
        if (of_left == 1)
            x = (double)a;
        if (of_right == 1)
            y = (double)b;
        return x == y ? 0 : x < y ? -1 : x > y ? 1 : 2;
    }
    if (left->id != right->id)
        return 2;
    if (left->id == METACALL_STRING || left->id == METACALL_BUFFER) {
        size_t size =
            left->as.bytes.size < right->as.bytes.size ? left->as.bytes.size : right->as.bytes.size;
        int order = size != 0 ? memcmp(left->as.bytes.data, right->as.bytes.data, size) : 0;
        if (order == 0)
            order = (left->as.bytes.size > right->as.bytes.size) -
                    (left->as.bytes.size < right->as.bytes.size);
        return (order > 0) - (order < 0);
    }
    if (left->id == METACALL_BOOL)
        return (left->as.boolean_ != 0) - (right->as.boolean_ != 0);
    if (left->id == METACALL_FUNCTION)
        return left->as.function == right->as.function ? 0 : 2;
    return left->id == METACALL_NULL ? 0 : 2;
}

static int evaluate_comparison(const struct mock_frame *frame, const struct mock_node *node,
                               const metacall_value *left, const metacall_value *right,
                               metacall_value *slot)
{
    int order = evaluate_compare(left, right);
    char operation = node->operation;
    if (operation == '=' || operation == '!') {
        metacall_slot_bool(slot, (order == 0) == (operation == '='));
        return 0;
    }
    if (order == 2)
        return mock_raise(frame, node, "TypeError", "%s and %s have no order",
                          metacall_kind_name((enum metacall_value_id)left->id),
                          metacall_kind_name((enum metacall_value_id)right->id));
    metacall_slot_bool(slot, operation == '<'   ? order < 0
                             : operation == '>' ? order > 0
                             : operation == 'l' ? order <= 0
                                                : order >= 0);
    return 0;
}

static int evaluate_operation(const struct mock_frame *frame, const struct mock_node *node,
                              const metacall_value *left, const metacall_value *right,
                              metacall_value *slot)
{
    int64_t a = 0, b = 0;
    double x = 0, y = 0;
    if (strchr("=!<>lg", node->operation) != NULL)
        return evaluate_comparison(frame, node, left, right, slot);
    int of_left = evaluate_number(left, &a, &x), of_right = evaluate_number(right, &b, &y);
    if (of_left == 1 && of_right == 1)
        return evaluate_integers(frame, node, a, b, slot);
    if (of_left != 0 && of_right != 0) {
        evaluate_reals(node->operation, of_left == 1 ? (double)a : x, of_right == 1 ? (double)b : y,
                       slot);
        return 0;
    }
    if (node->operation == '+' && left->id == right->id) {
        if (left->id == METACALL_STRING || left->id == METACALL_BUFFER)
            return evaluate_join_bytes(left, right, slot);
        if (left->id == METACALL_ARRAY)
            return evaluate_join_arrays(left, right, slot);
    }
    return mock_raise(frame, node, "TypeError", "'%c' does not work on %s and %s", node->operation,
                      metacall_kind_name((enum metacall_value_id)left->id),
                      metacall_kind_name((enum metacall_value_id)right->id));
}

/* Two values that exist already: nothing to clear afterwards. */
static inline int evaluate_pair(const struct mock_frame *frame, const struct mock_node *node,
                                const metacall_value *left, const metacall_value *right,
                                metacall_value *slot)
{
    if (left->id != METACALL_DOUBLE || right->id != METACALL_DOUBLE)
        return evaluate_operation(frame, node, left, right, slot);
    switch (node->operation) {
    case '+':
        metacall_slot_double(slot, left->as.double_ + right->as.double_);
        return 0;
    case '*':
        metacall_slot_double(slot, left->as.double_ * right->as.double_);
        return 0;
    default:
        return evaluate_operation(frame, node, left, right, slot);
    }
}

/* Operands that must be evaluated first; apart from evaluate_operator, whose common case is short.
 */
static __attribute__((noinline)) int evaluate_operands(const struct mock_frame *frame,
                                                       const struct mock_node *node,
                                                       metacall_value *slot)
{
    metacall_value left_slot = METACALL_SLOT_INIT, right_slot = METACALL_SLOT_INIT;
    const metacall_value *left, *right;
    if (mock_evaluate(frame, node->items[0], &left_slot, &left) != 0)
        return -1;
    int result = mock_evaluate(frame, node->items[1], &right_slot, &right);
    if (result == 0)
        result = evaluate_pair(frame, node, left, right, slot);
    metacall_slot_clear(&left_slot);
    metacall_slot_clear(&right_slot);
    return result;
}

static inline int evaluate_operator(const struct mock_frame *frame, const struct mock_node *node,
                                    metacall_value *slot)
{
    const metacall_value *left = evaluate_leaf(frame, node->items[0]);
    const metacall_value *right = evaluate_leaf(frame, node->items[1]);
    return left != NULL && right != NULL ? evaluate_pair(frame, node, left, right, slot)
                                         : evaluate_operands(frame, node, slot);
}

static int evaluate_negate(const struct mock_frame *frame, const struct mock_node *node,
                           metacall_value *slot)
{
    metacall_value item_slot = METACALL_SLOT_INIT;
    const metacall_value *item;
    int64_t a = 0;
    double x = 0;
    if (mock_evaluate(frame, node->items[0], &item_slot, &item) != 0)
        return -1;
    int of_item = evaluate_number(item, &a, &x), result = 0;
    if (of_item == 2)
        metacall_slot_double(slot, -x);
    else if (of_item == 1 && a != INT64_MIN)
        metacall_slot_long(slot, -a);
    else
        result = mock_raise(frame, node, of_item == 1 ? "OverflowError" : "TypeError",
                            "'-' does not work on this %s",
                            metacall_kind_name((enum metacall_value_id)item->id));
    metacall_slot_clear(&item_slot);
    return result;
}

/* ------------------------------------------------------------------------------- collections */

/* Evaluates a node into a place of its own. */
static int evaluate_into(const struct mock_frame *frame, const struct mock_node *node,
                         metacall_value *place)
{
    const metacall_value *value;
    if (mock_evaluate(frame, node, place, &value) != 0)
        return -1;
    return value != place ? metacall_slot_copy(place, value) : 0;
}

static int evaluate_collection(const struct mock_frame *frame, const struct mock_node *node,
                               metacall_value *slot)
{
    int map = node->kind == MOCK_MAP;
    int result =
        map ? metacall_slot_map(slot, node->count / 2) : metacall_slot_array(slot, node->count);
    for (size_t i = 0; i < node->count && result == 0; i++)
        result = evaluate_into(frame, node->items[i],
                               map ? slot->as.array.items[i / 2]->as.array.items[i % 2]
                                   : slot->as.array.items[i]);
    if (result != 0)
        metacall_slot_clear(slot);
    return result;
}

static const metacall_value *evaluate_find(const metacall_value *whole, const metacall_value *at)
{
    int64_t index = 0;
    double real;
    if (whole->id == METACALL_ARRAY && evaluate_number(at, &index, &real) == 1)
        return index >= 0 && (uint64_t)index < whole->as.array.count ? whole->as.array.items[index]
                                                                     : NULL;
    for (size_t i = 0; whole->id == METACALL_MAP && i < whole->as.array.count; i++)
        if (evaluate_compare(whole->as.array.items[i]->as.array.items[0], at) == 0)
            return whole->as.array.items[i]->as.array.items[1];
    return NULL;
}

static int evaluate_index(const struct mock_frame *frame, const struct mock_node *node,
                          metacall_value *slot)
{
    metacall_value whole_slot = METACALL_SLOT_INIT, at_slot = METACALL_SLOT_INIT;
    const metacall_value *whole, *at;
    if (mock_evaluate(frame, node->items[0], &whole_slot, &whole) != 0)
        return -1;
    int result = mock_evaluate(frame, node->items[1], &at_slot, &at);
    if (result == 0) {
        const metacall_value *found = evaluate_find(whole, at);
        result = found != NULL
                     ? metacall_slot_copy(slot, found)
                     : mock_raise(frame, node, "IndexError", "this %s has no such element",
                                  metacall_kind_name((enum metacall_value_id)whole->id));
    }
    metacall_slot_clear(&whole_slot);
    metacall_slot_clear(&at_slot);
    return result;
}

/* -------------------------------------------------------------------------------------- calls */

/* How deep this thread is in calls that scripts make, whatever other languages lie between. Counted
 * there and not in mock_run: a leaf function should not pay for it. */
static __thread unsigned call_depth;

int mock_call(const struct mock_frame *frame, const struct mock_node *node,
              metacall_function *function, metacall_value **args, size_t count,
              metacall_value *slot)
{
    struct metacall_call call = {args, count, NULL, 0};
    if (call_depth >= MOCK_CALLS_MAX)
        return mock_raise(frame, node, "RecursionError", "calls nest too deeply");
    call_depth++;
    int result = metacall_function_call(function, &call, slot);
    call_depth--;
    return result;
}

/* A class constructs; an object is called. */
static int evaluate_call_object(const struct mock_frame *frame, const struct mock_node *node,
                                metacall_object *object, metacall_value **args, size_t count,
                                metacall_value *slot)
{
    metacall_function *function = metacall_object_function(object);
    int result = function != NULL ? mock_call(frame, node, function, args, count, slot) : -1;
    metacall_function_release(function);
    return result;
}

static int evaluate_call_value(const struct mock_frame *frame, const struct mock_node *node,
                               metacall_value **args, size_t count, metacall_value *slot)
{
    metacall_value callee_slot = METACALL_SLOT_INIT;
    const metacall_value *callee;
    if (mock_evaluate(frame, node->items[0], &callee_slot, &callee) != 0)
        return -1;
    int result;
    if (callee->id == METACALL_FUNCTION)
        result = mock_call(frame, node, callee->as.function, args, count, slot);
    else if (callee->id == METACALL_CLASS || callee->id == METACALL_OBJECT)
        result = evaluate_call_object(frame, node, callee->as.object, args, count, slot);
    else
        result = mock_raise(frame, node, "TypeError", "a %s cannot be called",
                            metacall_kind_name((enum metacall_value_id)callee->id));
    metacall_slot_clear(&callee_slot);
    return result;
}

int mock_evaluate_arguments(const struct mock_frame *frame, const struct mock_node *node,
                            size_t first, metacall_value **args, metacall_value *slots)
{
    for (size_t i = first; i < node->count; i++) {
        const metacall_value *value;
        slots[i] = (metacall_value)METACALL_SLOT_INIT;
        if (mock_evaluate(frame, node->items[i], &slots[i], &value) != 0) {
            while (i-- > first)
                metacall_slot_clear(&slots[i]);
            return -1;
        }
        args[i] = (metacall_value *)value;
    }
    return 0;
}

static int evaluate_call(const struct mock_frame *frame, const struct mock_node *node,
                         metacall_value *slot)
{
    const struct mock_node *callee = node->items[0];
    if (callee->kind == MOCK_BUILTIN)
        return callee->builtin->run(frame, node, slot);
    if (node->count > MOCK_PARAMETERS_MAX + 1)
        return mock_raise(frame, node, "TypeError", "too many arguments");
    metacall_value *args[node->count];
    metacall_value slots[node->count];
    if (mock_evaluate_arguments(frame, node, 1, args, slots) != 0)
        return -1;
    int result = evaluate_call_value(frame, node, args + 1, node->count - 1, slot);
    for (size_t i = 1; i < node->count; i++)
        metacall_slot_clear(&slots[i]);
    return result;
}

/* ---------------------------------------------------------------------------------- the whole */

static int evaluate_constant(const struct mock_frame *frame, const struct mock_node *node,
                             struct mock_definition *definition)
{
    struct mock_frame own = {definition, NULL};
    if (definition->settled < 0)
        return mock_raise(frame, node, "RecursionError", "'%s' is defined by itself",
                          definition->name);
    definition->settled = -1;
    if (evaluate_into(&own, definition->body, &definition->value) != 0)
        return -1;
    definition->guarded = mock_holds_references(&definition->value);
    definition->settled = 1;
    return 0;
}

/* A copy: the handle's end takes such a constant away, from functions that outlive it too. */
static int evaluate_guarded(struct mock_definition *definition, metacall_value *slot,
                            const metacall_value **ret_value)
{
    *ret_value = slot;
    mock_weak_lock();
    int result = metacall_slot_copy(slot, &definition->value);
    mock_weak_unlock();
    return result;
}

static int evaluate_global(const struct mock_frame *frame, const struct mock_node *node,
                           metacall_value *slot, const metacall_value **ret_value)
{
    struct mock_definition *definition = node->definition;
    if (definition->kind == MOCK_IS_CONSTANT) {
        *ret_value = &definition->value;
        /* Only while the script is being loaded, on its one thread. */
        if (definition->settled <= 0 && evaluate_constant(frame, node, definition) != 0)
            return -1;
        return definition->guarded ? evaluate_guarded(definition, slot, ret_value) : 0;
    }
    if (definition->kind == MOCK_IS_CLASS) {
        metacall_object *object = mock_class_object(definition);
        if (object == NULL)
            return -1;
        metacall_slot_object(slot, object);
        metacall_object_release(object);
        return 0;
    }
    metacall_function *function = mock_script_function(definition);
    if (function == NULL)
        return -1;
    metacall_slot_function(slot, function);
    metacall_function_release(function);
    return 0;
}

int mock_evaluate(const struct mock_frame *frame, const struct mock_node *node,
                  metacall_value *slot, const metacall_value **ret_value)
{
    *ret_value = slot;
    switch (node->kind) {
    case MOCK_CONSTANT:
    case MOCK_PARAMETER:
        *ret_value = evaluate_leaf(frame, node);
        return 0;
    case MOCK_GLOBAL:
        return evaluate_global(frame, node, slot, ret_value);
    case MOCK_ARRAY:
    case MOCK_MAP:
        return evaluate_collection(frame, node, slot);
    case MOCK_CALL:
        return evaluate_call(frame, node, slot);
    case MOCK_INDEX:
        return evaluate_index(frame, node, slot);
    case MOCK_NEGATE:
        return evaluate_negate(frame, node, slot);
    case MOCK_OPERATOR:
        return evaluate_operator(frame, node, slot);
    default:
        return mock_raise(frame, node, "TypeError", "'%s' can only be called", node->name);
    }
}

/* A result of the declared kind; an integer may become a smaller one or a real one, exactly. */
static int evaluate_settle_result(const struct mock_frame *frame, metacall_value *ret)
{
    const struct mock_definition *definition = frame->definition;
    enum metacall_value_id type = definition->result;
    int64_t number = 0;
    double real = 0;
    int of_value = evaluate_number(ret, &number, &real);
    if (type == METACALL_DOUBLE && of_value == 1 && (int64_t)(double)number == number &&
        number != INT64_MAX) {
        metacall_slot_double(ret, (double)number);
        return 0;
    }
    if (type == METACALL_FLOAT && of_value == 2) {
        metacall_slot_kind(ret, type);
        ret->as.float_ = (float)real;
        return 0;
    }
    metacall_slot_kind(ret, type);
    if (of_value == 1 && type == METACALL_INT && number == (int)number)
        ret->as.int_ = (int)number;
    else if (of_value == 1 && type == METACALL_SHORT && number == (short)number)
        ret->as.short_ = (short)number;
    else if (of_value == 1 && type == METACALL_CHAR && number == (char)number)
        ret->as.char_ = (char)number;
    else {
        metacall_slot_null(ret);
        return mock_raise(frame, definition->body, "TypeError", "%s must give %s", definition->name,
                          metacall_kind_name(type));
    }
    return 0;
}

int mock_run(const struct mock_definition *definition, metacall_value *const *args,
             metacall_value *ret)
{
    struct mock_frame frame = {definition, args};
    const struct mock_node *body = definition->body;
    if ((body->kind == MOCK_OPERATOR ? evaluate_operator(&frame, body, ret)
                                     : evaluate_into(&frame, body, ret)) != 0)
        return -1;
    if (definition->result == METACALL_INVALID || ret->id == definition->result)
        return 0;
    if (ret->id <= METACALL_DOUBLE)
        return evaluate_settle_result(&frame, ret);
    enum metacall_value_id given = (enum metacall_value_id)ret->id;
    metacall_slot_clear(ret);
    return mock_raise(&frame, definition->body, "TypeError", "%s must give %s, not %s",
                      definition->name, metacall_kind_name(definition->result),
                      metacall_kind_name(given));
}
