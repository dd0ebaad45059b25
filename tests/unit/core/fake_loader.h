/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A loader made of plain C for tests: hooks that count, and functions that add. */
#ifndef TESTS_CORE_FAKE_LOADER_H
#define TESTS_CORE_FAKE_LOADER_H

#include <metacall/loader.h>

#include "core/loader_table.h"

#include <stdio.h>
#include <string.h>

static struct {
    unsigned started, attached, cleared, detached, destroyed, functions_destroyed;
    int fail_start, fail_end;
    char order[256]; /* tags in order of their end */
} fake;

static inline int fake_add(metacall_function *function, const struct metacall_call *call,
                           metacall_value *ret)
{
    int64_t sum = function->data != NULL ? *(int64_t *)function->data : 0;
    for (size_t i = 0; i < call->count; i++)
        if (call->args[i]->id == METACALL_LONG)
            sum += call->args[i]->as.long_;
    metacall_slot_long(ret, sum);
    return 0;
}

static inline void fake_function_destroy(metacall_function *function)
{
    (void)function;
    __atomic_add_fetch(&fake.functions_destroyed, 1, __ATOMIC_RELAXED);
}

static const struct metacall_function_ops fake_ops = {fake_add, NULL, fake_function_destroy, NULL};

static inline int fake_initialize(metacall_loader *loader,
                                  const struct metacall_loader_config *config)
{
    (void)loader, (void)config;
    fake.started++;
    return fake.fail_start ? metacall_error_raise(METACALL_ERROR_LOADER, "fake start fails") : 0;
}

static inline int fake_attach(metacall_loader *loader, const struct metacall_loader_config *config)
{
    (void)loader, (void)config;
    fake.attached++;
    return 0;
}

static inline int fake_clear(metacall_loader *loader, metacall_handle *handle)
{
    (void)loader, (void)handle;
    fake.cleared++;
    return 0;
}

static inline void fake_note_end(metacall_loader *loader)
{
    size_t length = strlen(fake.order);
    snprintf(fake.order + length, sizeof(fake.order) - length, "%s ", metacall_loader_tag(loader));
}

static inline int fake_detach(metacall_loader *loader)
{
    fake.detached++;
    fake_note_end(loader);
    return 0;
}

static inline int fake_destroy(metacall_loader *loader)
{
    fake.destroyed++;
    fake_note_end(loader);
    return fake.fail_end ? metacall_error_raise(METACALL_ERROR_LOADER, "%s will not end",
                                                metacall_loader_tag(loader))
                         : 0;
}

static const struct metacall_loader_hooks fake_hooks = {.initialize = fake_initialize,
                                                        .host_attach = fake_attach,
                                                        .clear = fake_clear,
                                                        .host_detach = fake_detach,
                                                        .destroy = fake_destroy};

static inline metacall_loader *fake_start_with(const char *tag, enum metacall_binding binding,
                                               const struct metacall_loader_hooks *hooks)
{
    struct metacall_loader_config config = {.binding = binding, .tag = tag};
    metacall_loader *loader = NULL;
    return loader_table_start(hooks, &config, &loader) == 0 ? loader : NULL;
}

static inline metacall_loader *fake_start(const char *tag)
{
    return fake_start_with(tag, METACALL_BINDING_EMBEDDED, &fake_hooks);
}

/* A function of the loader as a value in an empty slot. */
static inline void fake_function(metacall_value *slot, metacall_loader *loader, const char *name)
{
    metacall_function *function = metacall_function_create(loader, name, &fake_ops, NULL);
    metacall_slot_function(slot, function);
    metacall_function_release(function);
}

/* Defines a function of that name in the handle. */
static inline int fake_define(metacall_handle *handle, metacall_loader *loader, const char *name)
{
    metacall_value slot = METACALL_SLOT_INIT;
    fake_function(&slot, loader, name);
    int result = metacall_handle_define(handle, name, &slot);
    metacall_slot_clear(&slot);
    return result;
}

static inline void fake_reset(void)
{
    memset(&fake, 0, sizeof(fake));
}

#endif /* TESTS_CORE_FAKE_LOADER_H */
