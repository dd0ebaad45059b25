/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "registry/conditions.h"

#include "registry/version.h"
#include <metacall/loader.h>
#include <string.h>
#include <sys/utsname.h>

const char *conditions_platform(void)
{
    return "linux";
}

const char *conditions_libc(void)
{
#ifdef __GLIBC__
    return "glibc";
#else
    return "musl";
#endif
}

int conditions_is_self(const struct condition_host *host)
{
    if (host->guest)
        return 0;
    if (host->attached && strcmp(host->attached, host->manifest->tag) == 0)
        return 1;
    return host->self && host->self->running == 1;
}

const char *conditions_host_version(const struct condition_host *host)
{
    if (host->attached && host->attached_version &&
        strcmp(host->attached, host->manifest->tag) == 0)
        return host->attached_version;
    return host->self ? recognition_version(host->self, host->manifest) : NULL;
}

/* Whether the runtime of another tag runs in this process. */
static int runs(const struct condition_host *host, const char *tag)
{
    const struct catalog_tag *other = NULL;
    struct recognition recognition;
    size_t running = 0;
    if (host->attached && strcmp(host->attached, tag) == 0)
        return 1;
    if (catalog_lookup(host->catalog, tag, &other) < 0 || !other || !other->manifest ||
        recognise_manifest(other->manifest, host->arena, &recognition) < 0) {
        metacall_error_release(metacall_error_take());
        return 0;
    }
    recognition_of(&recognition, tag, NULL, &running);
    recognition_finish(&recognition);
    return running > 0;
}

static int any_other_runs(const struct condition_host *host)
{
    const struct catalog_tag *tags;
    size_t count;
    if (host->attached && strcmp(host->attached, host->manifest->tag) != 0)
        return 1;
    if (catalog_tags(host->catalog, &tags, &count) < 0) {
        metacall_error_release(metacall_error_take());
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(tags[i].tag, host->manifest->tag) != 0 && runs(host, tags[i].tag))
            return 1;
    }
    return 0;
}

static int is_host(const struct condition_host *host, const char *word)
{
    int self = conditions_is_self(host);
    if (strcmp(word, "any") == 0)
        return 1;
    if (strcmp(word, "self") == 0)
        return self;
    if (strcmp(word, "other") == 0)
        return !self && any_other_runs(host);
    if (strcmp(word, "none") == 0)
        return !self && !any_other_runs(host);
    return strcmp(word, host->manifest->tag) == 0 ? self : runs(host, word);
}

static const char *check_host(const struct manifest_variant *variant,
                              const struct condition_host *host)
{
    const char *const *words = variant->when ? variant->when->host : NULL;
    int self = conditions_is_self(host);
    if (variant->strategy != STRATEGY_LINKED && host->guest)
        return "its runtime runs in this process as a guest, which its loader started";
    if (variant->strategy != STRATEGY_LINKED && !self)
        return host->self ? "its runtime is in this process but does not run"
                          : "its runtime is not in this process";
    if (variant->strategy == STRATEGY_LINKED && self)
        return "its runtime runs in this process already; a second copy is refused";
    if (variant->strategy == STRATEGY_LINKED && host->self && host->self->owner->is_executable)
        return "its runtime is in the executable but was not started; start it first";
    for (; words && *words; words++) {
        if (is_host(host, *words))
            return NULL;
    }
    if (variant->when && variant->when->host)
        return arena_format(host->arena, "its host condition (%s%s) does not hold",
                            variant->when->host[0], variant->when->host[1] ? ", ..." : "");
    return NULL;
}

static const char *check_host_version(const struct manifest_variant *variant,
                                      const struct condition_host *host)
{
    const char *own = host->manifest->runtime ? host->manifest->runtime->versions : NULL;
    const char *ranges[] = {variant->strategy == STRATEGY_LINKED ? NULL : own,
                            variant->when ? variant->when->host_version : NULL};
    const char *version = conditions_host_version(host);
    for (size_t i = 0; i < 2; i++) {
        if (ranges[i] && version && version_in_range(version, ranges[i]) != 1)
            return arena_format(host->arena, "the host is version %s; %s is wanted", version,
                                ranges[i]);
    }
    if (ranges[1] && !version)
        return arena_format(host->arena, "the host's version is not known; %s is wanted",
                            ranges[1]);
    return NULL;
}

static const char *check_words(const struct condition_host *host, const char *const *words,
                               const char *here, const char *what)
{
    if (!words)
        return NULL;
    for (const char *const *word = words; *word; word++) {
        if (strcmp(*word, here) == 0)
            return NULL;
    }
    return arena_format(host->arena, "it is for the %s %s%s, this is %s", what, words[0],
                        words[1] ? " (and others)" : "", here);
}

const char *conditions_unmet(const struct manifest_variant *variant,
                             const struct condition_host *host)
{
    const struct manifest_when *when = variant->when;
    const char *reason = NULL;
    struct utsname names;
    if (when) {
        reason = check_words(host, when->platform, conditions_platform(), "platform");
        if (!reason && when->machine && uname(&names) == 0)
            reason = check_words(host, when->machine, names.machine, "machine");
        if (!reason)
            reason = check_words(host, when->libc, conditions_libc(), "C library");
    }
    if (!reason)
        reason = check_host(variant, host);
    if (!reason)
        reason = check_host_version(variant, host);
    return reason;
}

int conditions_conflict(const struct manifest_conflict *conflict, const struct module *module)
{
    const char *const *name = conflict->exports;
    while (*name && module_symbol(module, *name, NULL))
        name++;
    return !*name;
}
