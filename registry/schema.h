/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* How the tables of fields are written, and the shapes that one table takes from another. */
#ifndef REGISTRY_SCHEMA_H
#define REGISTRY_SCHEMA_H

#include "registry/manifest.h"
#include "registry/rules.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SHAPE(name, type, ...)                                                                     \
    const struct shape name = {                                                                    \
        .fields = name##_fields, .count = COUNT(name##_fields), .size = sizeof(type), __VA_ARGS__}
#define TEXT(type, name, text_rule, field_flags)                                                   \
    {                                                                                              \
        .key = #name, .kind = FIELD_TEXT, .flags = field_flags, .offset = offsetof(type, name),    \
        .rule = &(text_rule)                                                                       \
    }
#define TEXTS(type, name, text_rule, field_flags)                                                  \
    {                                                                                              \
        .key = #name, .kind = FIELD_TEXTS, .flags = field_flags, .offset = offsetof(type, name),   \
        .rule = &(text_rule)                                                                       \
    }
#define OBJECT(type, name, of_shape, field_flags)                                                  \
    {                                                                                              \
        .key = #name, .kind = FIELD_OBJECT, .flags = field_flags, .offset = offsetof(type, name),  \
        .shape = &(of_shape)                                                                       \
    }
#define OBJECTS(type, name, of_shape, field_flags)                                                 \
    {                                                                                              \
        .key = #name, .kind = FIELD_OBJECTS, .flags = field_flags, .offset = offsetof(type, name), \
        .shape = &(of_shape)                                                                       \
    }
#define CUSTOM(type, name, function, field_flags)                                                  \
    {                                                                                              \
        .key = #name, .kind = FIELD_CUSTOM, .flags = field_flags, .offset = offsetof(type, name),  \
        .read = function                                                                           \
    }

extern const struct shape schema_runtime, schema_host;

#endif /* REGISTRY_SCHEMA_H */
