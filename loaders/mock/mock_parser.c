/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Words into definitions. Names are resolved at the end, so that their order does not matter. */
#include "mock_language.h"
#include "mock_lexer.h"

#include <stdlib.h>
#include <string.h>

struct parser {
    struct mock_lexer lexer;
    struct mock_script *script;
    struct mock_definition *current;
    unsigned nesting;
};

static struct mock_node *parse_expression(struct parser *parser);

static int parse_raise_memory(const struct parser *parser)
{
    return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory while reading %s",
                                parser->script->path);
}

static int parse_at_sign(const struct parser *parser, char sign)
{
    return parser->lexer.token == MOCK_TOKEN_SIGN && parser->lexer.sign == sign;
}

/* An expression becomes a tree, and a tree is walked with the stack. */
static int parse_check_nesting(const struct parser *parser, unsigned nesting)
{
    return nesting <= MOCK_NESTING_MAX
               ? 0
               : mock_lexer_raise(&parser->lexer, "an expression that nests less deeply");
}

static int parse_expect(struct parser *parser, char sign, const char *expected)
{
    if (!parse_at_sign(parser, sign))
        return mock_lexer_raise(&parser->lexer, expected);
    return mock_lexer_next(&parser->lexer);
}

/* --------------------------------------------------------------------------------------- nodes */

static struct mock_node *parse_node(struct parser *parser, enum mock_node_kind kind)
{
    struct mock_node *node = calloc(1, sizeof(*node));
    if (node == NULL) {
        parse_raise_memory(parser);
        return NULL;
    }
    node->kind = kind;
    node->line = parser->lexer.token_line;
    node->column = parser->lexer.token_column;
    node->constant = (metacall_value)METACALL_SLOT_INIT;
    node->next = parser->script->nodes;
    parser->script->nodes = node;
    return node;
}

/* Adds an item, which may be NULL where reading it failed. */
static int parse_add(struct parser *parser, struct mock_node *node, struct mock_node *item)
{
    if (item == NULL)
        return -1;
    struct mock_node **grown = realloc(node->items, (node->count + 1) * sizeof(struct mock_node *));
    if (grown == NULL)
        return parse_raise_memory(parser);
    node->items = grown;
    node->items[node->count++] = item;
    return 0;
}

/* Items up to `close`; a map has pairs. The opening sign was read. */
static int parse_items(struct parser *parser, struct mock_node *node, char close, int pairs)
{
    const char *expected = close == ')' ? "',' or ')'" : close == ']' ? "',' or ']'" : "',' or '}'";
    if (parse_at_sign(parser, close))
        return mock_lexer_next(&parser->lexer);
    for (;;) {
        if (parse_add(parser, node, parse_expression(parser)) != 0)
            return -1;
        if (pairs && (parse_expect(parser, ':', "':'") != 0 ||
                      parse_add(parser, node, parse_expression(parser)) != 0))
            return -1;
        if (!parse_at_sign(parser, ','))
            return parse_expect(parser, close, expected);
        if (mock_lexer_next(&parser->lexer) != 0)
            return -1;
    }
}

/* ------------------------------------------------------------------------------- expressions */

static struct mock_node *parse_name(struct parser *parser)
{
    struct mock_node *node = parse_node(parser, MOCK_NAME);
    if (node == NULL)
        return NULL;
    node->name = mock_lexer_text(&parser->lexer);
    node->kind = MOCK_CONSTANT;
    if (strcmp(node->name, "true") == 0 || strcmp(node->name, "false") == 0)
        metacall_slot_bool(&node->constant, node->name[0] == 't');
    else if (strcmp(node->name, "null") != 0)
        node->kind = MOCK_NAME;
    for (size_t i = 0; node->kind == MOCK_NAME && i < parser->current->count; i++) {
        if (strcmp(node->name, parser->current->parameters[i].name) == 0) {
            node->kind = MOCK_PARAMETER;
            node->index = i;
        }
    }
    return mock_lexer_next(&parser->lexer) == 0 ? node : NULL;
}

static struct mock_node *parse_constant(struct parser *parser)
{
    struct mock_lexer *lexer = &parser->lexer;
    struct mock_node *node = parse_node(parser, MOCK_CONSTANT);
    if (node == NULL)
        return NULL;
    if (lexer->token == MOCK_TOKEN_LONG)
        metacall_slot_long(&node->constant, lexer->long_);
    else if (lexer->token == MOCK_TOKEN_DOUBLE)
        metacall_slot_double(&node->constant, lexer->double_);
    else if (metacall_slot_bytes(&node->constant, METACALL_STRING, lexer->text, lexer->size) != 0)
        return NULL;
    return mock_lexer_next(lexer) == 0 ? node : NULL;
}

static struct mock_node *parse_bracket(struct parser *parser)
{
    char sign = parser->lexer.sign;
    struct mock_node *node = NULL;
    if (sign == '(') {
        if (mock_lexer_next(&parser->lexer) == 0)
            node = parse_expression(parser);
        return node != NULL && parse_expect(parser, ')', "')'") == 0 ? node : NULL;
    }
    node = parse_node(parser, sign == '[' ? MOCK_ARRAY : MOCK_MAP);
    if (node == NULL || mock_lexer_next(&parser->lexer) != 0 ||
        parse_items(parser, node, sign == '[' ? ']' : '}', sign == '{') != 0)
        return NULL;
    return node;
}

static struct mock_node *parse_primary(struct parser *parser)
{
    switch (parser->lexer.token) {
    case MOCK_TOKEN_NAME:
        return parse_name(parser);
    case MOCK_TOKEN_LONG:
    case MOCK_TOKEN_DOUBLE:
    case MOCK_TOKEN_STRING:
        return parse_constant(parser);
    case MOCK_TOKEN_SIGN:
        if (strchr("([{", parser->lexer.sign) != NULL)
            return parse_bracket(parser);
        break;
    default:
        break;
    }
    mock_lexer_raise(&parser->lexer, "an expression");
    return NULL;
}

static struct mock_node *parse_postfix(struct parser *parser)
{
    struct mock_node *node = parse_primary(parser);
    for (unsigned chain = 1;
         node != NULL && (parse_at_sign(parser, '(') || parse_at_sign(parser, '[')); chain++) {
        int call = parse_at_sign(parser, '(');
        struct mock_node *outer = parse_node(parser, call ? MOCK_CALL : MOCK_INDEX);
        if (outer == NULL || parse_check_nesting(parser, chain) != 0 ||
            parse_add(parser, outer, node) != 0 || mock_lexer_next(&parser->lexer) != 0)
            return NULL;
        outer->line = node->line; /* the place of a call is that of what is called */
        outer->column = node->column;
        if (call ? parse_items(parser, outer, ')', 0) != 0
                 : parse_add(parser, outer, parse_expression(parser)) != 0 ||
                       parse_expect(parser, ']', "']'") != 0)
            return NULL;
        node = outer;
    }
    return node;
}

static struct mock_node *parse_unary(struct parser *parser)
{
    if (!parse_at_sign(parser, '-'))
        return parse_postfix(parser);
    struct mock_node *node = parse_node(parser, MOCK_NEGATE);
    if (node == NULL || mock_lexer_next(&parser->lexer) != 0)
        return NULL;
    if (parse_check_nesting(parser, ++parser->nesting) != 0)
        return NULL;
    int result = parse_add(parser, node, parse_unary(parser));
    parser->nesting--;
    return result == 0 ? node : NULL;
}

/* Level 0: comparisons, 1: sums, 2: products. */
static struct mock_node *parse_level(struct parser *parser, int level)
{
    static const char *const signs[] = {"=!<>lg", "+-", "*/"};
    struct mock_node *left = level == 2 ? parse_unary(parser) : parse_level(parser, level + 1);
    for (unsigned chain = 1; left != NULL && parser->lexer.token == MOCK_TOKEN_SIGN &&
                             strchr(signs[level], parser->lexer.sign) != NULL;
         chain++) {
        struct mock_node *node = parse_node(parser, MOCK_OPERATOR);
        if (node == NULL || parse_check_nesting(parser, chain) != 0)
            return NULL;
        node->operation = parser->lexer.sign;
        if (parse_add(parser, node, left) != 0 || mock_lexer_next(&parser->lexer) != 0)
            return NULL;
        if (parse_add(parser, node,
                      level == 2 ? parse_unary(parser) : parse_level(parser, level + 1)) != 0)
            return NULL;
        left = node;
    }
    return left;
}

static struct mock_node *parse_expression(struct parser *parser)
{
    if (parse_check_nesting(parser, ++parser->nesting) != 0)
        return NULL;
    struct mock_node *node = parse_level(parser, 0);
    parser->nesting--;
    return node;
}

/* ------------------------------------------------------------------------------- definitions */

static int parse_type(struct parser *parser, enum metacall_value_id *ret_type)
{
    static const struct {
        const char *name;
        enum metacall_value_id type;
    } types[] = {
        {"any", METACALL_INVALID},   {"bool", METACALL_BOOL},         {"char", METACALL_CHAR},
        {"short", METACALL_SHORT},   {"int", METACALL_INT},           {"long", METACALL_LONG},
        {"float", METACALL_FLOAT},   {"double", METACALL_DOUBLE},     {"string", METACALL_STRING},
        {"buffer", METACALL_BUFFER}, {"array", METACALL_ARRAY},       {"map", METACALL_MAP},
        {"ptr", METACALL_PTR},       {"function", METACALL_FUNCTION}, {"null", METACALL_NULL},
        {"set", METACALL_SET},       {"date", METACALL_DATE},         {"future", METACALL_FUTURE},
        {"object", METACALL_OBJECT}};
    if (parser->lexer.token == MOCK_TOKEN_NAME) {
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
            if (strcmp(parser->lexer.text, types[i].name) == 0) {
                *ret_type = types[i].type;
                return mock_lexer_next(&parser->lexer);
            }
        }
    }
    return mock_lexer_raise(&parser->lexer, "a type");
}

static int parse_take_name(struct parser *parser, char **ret_name)
{
    if (parser->lexer.token != MOCK_TOKEN_NAME)
        return mock_lexer_raise(&parser->lexer, "a name");
    *ret_name = mock_lexer_text(&parser->lexer);
    return mock_lexer_next(&parser->lexer);
}

static int parse_parameters(struct parser *parser)
{
    struct mock_definition *definition = parser->current;
    if (parse_at_sign(parser, ')'))
        return mock_lexer_next(&parser->lexer);
    for (;;) {
        if (definition->count == MOCK_PARAMETERS_MAX)
            return mock_lexer_raise(&parser->lexer, "fewer parameters");
        struct mock_parameter *parameter = &definition->parameters[definition->count];
        if (parse_type(parser, &parameter->type) != 0)
            return -1;
        definition->count++;
        parameter->required = 1;
        if (parse_take_name(parser, &parameter->name) != 0)
            return -1;
        if (parse_at_sign(parser, '?')) {
            parameter->required = 0;
            if (mock_lexer_next(&parser->lexer) != 0)
                return -1;
        }
        if (!parse_at_sign(parser, ','))
            return parse_expect(parser, ')', "',' or ')'");
        if (mock_lexer_next(&parser->lexer) != 0)
            return -1;
    }
}

static enum mock_definition_kind parse_keyword(const struct parser *parser)
{
    if (parser->lexer.token != MOCK_TOKEN_NAME)
        return MOCK_IS_FUNCTION; /* and no type: refused there */
    if (strcmp(parser->lexer.text, "const") == 0)
        return MOCK_IS_CONSTANT;
    return strcmp(parser->lexer.text, "class") == 0 ? MOCK_IS_CLASS : MOCK_IS_FUNCTION;
}

static int parse_definition(struct parser *parser)
{
    struct mock_definition *definition = calloc(1, sizeof(*definition));
    struct mock_definition **at = &parser->script->definitions;
    if (definition == NULL)
        return parse_raise_memory(parser);
    while (*at != NULL)
        at = &(*at)->next;
    *at = parser->current = definition;
    definition->script = parser->script;
    definition->line = parser->lexer.token_line;
    definition->value = (metacall_value)METACALL_SLOT_INIT;
    definition->kind = parse_keyword(parser);
    if (definition->kind == MOCK_IS_FUNCTION ? parse_type(parser, &definition->result) != 0
                                             : mock_lexer_next(&parser->lexer) != 0)
        return -1;
    if (definition->kind == MOCK_IS_CLASS)
        definition->result = METACALL_INVALID;
    if (parse_take_name(parser, &definition->name) != 0)
        return -1;
    if (definition->kind != MOCK_IS_CONSTANT &&
        (parse_expect(parser, '(', "'('") != 0 || parse_parameters(parser) != 0))
        return -1;
    if (definition->kind != MOCK_IS_CLASS &&
        (parse_expect(parser, '~', "'='") != 0 ||
         (definition->body = parse_expression(parser)) == NULL))
        return -1;
    if (parser->lexer.token != MOCK_TOKEN_LINE)
        return mock_lexer_raise(&parser->lexer, "the end of the line");
    return mock_lexer_next(&parser->lexer);
}

/* ------------------------------------------------------------------------------------- names */

static int parse_resolve(const struct mock_script *script, struct mock_node *node)
{
    for (struct mock_definition *definition = script->definitions; definition != NULL;
         definition = definition->next) {
        if (strcmp(definition->name, node->name) == 0) {
            node->kind = MOCK_GLOBAL;
            node->definition = definition;
            return 0;
        }
    }
    node->builtin = mock_builtin_find(node->name);
    if (node->builtin == NULL)
        return metacall_error_raise(METACALL_ERROR_LOAD, "%s:%u:%u: nothing is called '%s'",
                                    script->path, node->line, node->column, node->name);
    node->kind = MOCK_BUILTIN;
    return 0;
}

/* A built-in is only ever called, with as many arguments as it takes. */
static int parse_check_call(const struct mock_script *script, const struct mock_node *node)
{
    for (size_t i = 0; i < node->count; i++) {
        const struct mock_node *item = node->items[i];
        if (item->kind != MOCK_BUILTIN)
            continue;
        size_t given = node->count - 1;
        if (node->kind == MOCK_CALL && i == 0 && given >= item->builtin->least &&
            given <= item->builtin->most)
            continue;
        return metacall_error_raise(
            METACALL_ERROR_LOAD, "%s:%u:%u: '%s' must be called with %zu%s argument(s)",
            script->path, item->line, item->column, item->builtin->name, item->builtin->least,
            item->builtin->most > item->builtin->least ? " or more" : "");
    }
    return 0;
}

int mock_parse(struct mock_script *script, const char *text, size_t size)
{
    struct parser parser = {.script = script};
    int result = mock_lexer_init(&parser.lexer, script->path, text, size);
    while (result == 0 && parser.lexer.token != MOCK_TOKEN_END)
        result = parse_definition(&parser);
    mock_lexer_finish(&parser.lexer);
    for (struct mock_node *node = script->nodes; node != NULL && result == 0; node = node->next)
        if (node->kind == MOCK_NAME)
            result = parse_resolve(script, node);
    for (struct mock_node *node = script->nodes; node != NULL && result == 0; node = node->next)
        result = parse_check_call(script, node);
    return result;
}
