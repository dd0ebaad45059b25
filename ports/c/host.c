/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The host: a runtime attaches once; detection answers for those that did not. */
#include <metacall/loader.h>

#include <metacall/host.h>
#include <metacall/metacall.h>

#include "core/error.h"
#include "core/loader_table.h"
#include "ports/c/host_state.h"
#include "ports/c/library.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Texts of one answer; kept until the library ends, because callers hold pointers into them. */
struct host_record {
    struct host_record *next;
    struct metacall_host host;
};

static struct {
    pthread_mutex_t lock;
    char *tag; /* of the runtime that attached; NULL = none */
    char *version;
    void *data;
    struct host_record *records;
} host = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void host_fork_prepare(void)
{
    pthread_mutex_lock(&host.lock);
}

static void host_fork_done(void)
{
    pthread_mutex_unlock(&host.lock);
}

static void host_watch_forks(void)
{
    pthread_atfork(host_fork_prepare, host_fork_done, host_fork_done);
}

int host_is_attached(void)
{
    return __atomic_load_n(&host.tag, __ATOMIC_ACQUIRE) != NULL;
}

void host_fill_request(const struct metacall_host_handshake *handshake,
                       struct registry_load_request *request)
{
    if (handshake != NULL) {
        request->host_tag = handshake->tag;
        request->host_version = handshake->version;
        request->host_data = handshake->data;
        return;
    }
    /* Set once and freed at the end only, when no loader starts any more. */
    request->host_tag = __atomic_load_n(&host.tag, __ATOMIC_ACQUIRE);
    request->host_version = request->host_tag != NULL ? host.version : NULL;
    request->host_data = request->host_tag != NULL ? host.data : NULL;
}

static void host_record_free(struct host_record *record)
{
    free((char *)record->host.tag);
    free((char *)record->host.version);
    free((char *)record->host.owner);
    free((char *)record->host.evidence);
    free(record);
}

void host_forget(void)
{
    pthread_mutex_lock(&host.lock);
    char *tag = host.tag, *version = host.version;
    struct host_record *records = host.records;
    __atomic_store_n(&host.tag, NULL, __ATOMIC_RELEASE);
    host.version = NULL;
    host.data = NULL;
    host.records = NULL;
    pthread_mutex_unlock(&host.lock);
    free(tag);
    free(version);
    while (records != NULL) {
        struct host_record *next = records->next;
        host_record_free(records);
        records = next;
    }
}

/* ------------------------------------------------------------------------------------- attach */

static int host_raise_second(const char *first, const char *second)
{
    return metacall_error_raise(METACALL_ERROR_HOST,
                                "'%s' cannot attach as host: '%s' is the host of this process "
                                "already, and a process has one",
                                second, first);
}

/* Takes the place of the host for the claim: 0 = taken, 1 = it is that tag's already, -1 = it is
 * another's, with the error set. */
static int host_claim(const struct metacall_host_handshake *handshake)
{
    char *tag = strdup(handshake->tag), *first = NULL;
    char *version = handshake->version != NULL ? strdup(handshake->version) : NULL;
    int result;

    if (tag == NULL || (handshake->version != NULL && version == NULL)) {
        free(tag);
        free(version);
        return error_raise_memory();
    }
    pthread_mutex_lock(&host.lock);
    if (host.tag == NULL) {
        host.version = version;
        host.data = handshake->data;
        __atomic_store_n(&host.tag, tag, __ATOMIC_RELEASE);
        tag = version = NULL;
        result = 0;
    } else if (strcmp(host.tag, tag) == 0) {
        result = 1;
    } else {
        first = strdup(host.tag);
        result = -1;
    }
    pthread_mutex_unlock(&host.lock);
    if (result < 0)
        host_raise_second(first != NULL ? first : "another runtime", handshake->tag);
    free(tag);
    free(version);
    free(first);
    return result;
}

static void host_unclaim(void)
{
    pthread_mutex_lock(&host.lock);
    char *tag = host.tag, *version = host.version;
    __atomic_store_n(&host.tag, NULL, __ATOMIC_RELEASE);
    host.version = NULL;
    host.data = NULL;
    pthread_mutex_unlock(&host.lock);
    free(tag);
    free(version);
}

int metacall_host_attach(const struct metacall_host_handshake *handshake, void **ret_port)
{
    static pthread_once_t watch = PTHREAD_ONCE_INIT;
    pthread_once(&watch, host_watch_forks);
    if (handshake == NULL || handshake->tag == NULL || ret_port == NULL)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT,
                                    "metacall_host_attach needs a tag and a place for the port");
    /* Running already, attached before or embedded: only the port is wanted. */
    metacall_loader *loader = loader_table_find(handshake->tag);
    if (loader == NULL) {
        int claimed = host_claim(handshake);
        if (claimed < 0)
            return -1;
        metacall_initialize();
        if (library_start_loader(handshake->tag, handshake, &loader) != 0) {
            metacall_error *error = metacall_error_take();
            metacall_destroy();
            if (claimed == 0)
                host_unclaim();
            if (error != NULL)
                metacall_error_set(error);
            return -1;
        }
    }
    void *port = metacall_loader_port(loader);
    if (port == NULL)
        return metacall_error_raise(METACALL_ERROR_HOST, "loader '%s' offers no port",
                                    handshake->tag);
    *ret_port = port;
    return 0;
}

/* --------------------------------------------------------------------------------------- who */

static char *host_text(const char *text)
{
    return strdup(text != NULL ? text : "");
}

/* The finding that counts: the attached tag's, else the first that runs. */
static const struct metacall_registry_host *host_choose(const struct metacall_registry_hosts *hosts,
                                                        const char *tag)
{
    for (size_t i = 0; i < hosts->count; i++) {
        const struct metacall_registry_host *found = &hosts->items[i];
        if (tag != NULL ? strcmp(found->tag, tag) == 0 : found->running == 1)
            return found;
    }
    return NULL;
}

static struct host_record *host_describe(const struct metacall_registry_host *found,
                                         const char *tag, const char *version)
{
    struct host_record *record = calloc(1, sizeof(*record));
    if (record == NULL)
        return NULL;
    record->host.tag = host_text(tag != NULL ? tag : found->tag);
    record->host.version = host_text(version != NULL ? version
                                     : found != NULL ? found->version
                                                     : NULL);
    record->host.owner = host_text(found != NULL ? found->owner : NULL);
    record->host.in_executable = found != NULL && found->in_executable;
    record->host.running = tag != NULL || found->running == 1;
    if (tag != NULL) {
        char *evidence = NULL;
        if (asprintf(&evidence, "handshake: the port of '%s' attached%s%s", tag,
                     found != NULL && found->evidence != NULL ? "\n" : "",
                     found != NULL && found->evidence != NULL ? found->evidence : "") >= 0)
            record->host.evidence = evidence;
    } else {
        record->host.evidence = host_text(found->evidence);
    }
    if (record->host.tag == NULL || record->host.version == NULL || record->host.owner == NULL ||
        record->host.evidence == NULL) {
        host_record_free(record);
        return NULL;
    }
    return record;
}

static int host_find(const char *tag, const char *version, struct host_record **ret_record)
{
    struct metacall_registry_hosts *hosts;
    metacall_registry *registry = library_registry();
    if (registry == NULL || metacall_registry_detect(registry, &hosts) != 0)
        return -1;
    const struct metacall_registry_host *found = host_choose(hosts, tag);
    int result = 1;
    if (found != NULL || tag != NULL) {
        struct host_record *record = host_describe(found, tag, version);
        if (record != NULL) {
            *ret_record = record;
            result = 0;
        } else {
            result = error_raise_memory();
        }
    }
    metacall_registry_hosts_free(hosts);
    return result;
}

static int host_record_same(const struct host_record *one, const struct host_record *other)
{
    return strcmp(one->host.tag, other->host.tag) == 0 &&
           strcmp(one->host.version, other->host.version) == 0 &&
           strcmp(one->host.owner, other->host.owner) == 0 &&
           strcmp(one->host.evidence, other->host.evidence) == 0 &&
           one->host.running == other->host.running;
}

/* Keeps the record, or the one that says the same already: callers hold pointers into it. */
static void host_keep(struct host_record *record, struct metacall_host *ret_host)
{
    pthread_mutex_lock(&host.lock);
    struct host_record *known = host.records;
    while (known != NULL && !host_record_same(known, record))
        known = known->next;
    if (known == NULL) {
        record->next = host.records;
        host.records = known = record;
        record = NULL;
    }
    *ret_host = known->host;
    pthread_mutex_unlock(&host.lock);
    if (record != NULL)
        host_record_free(record);
}

int metacall_host_current(struct metacall_host *ret_host)
{
    struct host_record *record = NULL;
    char *tag = NULL, *version = NULL;
    int known = 0;

    if (ret_host == NULL)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT, "no place for the answer");
    pthread_mutex_lock(&host.lock);
    if (host.tag != NULL) {
        /* What was found out about the one that attached stays true. */
        struct host_record *former = host.records;
        while (former != NULL && strcmp(former->host.tag, host.tag) != 0)
            former = former->next;
        if (former != NULL) {
            *ret_host = former->host;
            known = 1;
        } else {
            tag = strdup(host.tag);
            version = host.version != NULL ? strdup(host.version) : NULL;
        }
    }
    pthread_mutex_unlock(&host.lock);
    if (known)
        return 0;
    int result = host_find(tag, version, &record);
    free(tag);
    free(version);
    if (result == 0)
        host_keep(record, ret_host);
    return result;
}

const char *metacall_host_tag(void)
{
    struct metacall_host current;
    return metacall_host_current(&current) == 0 ? current.tag : NULL;
}

const char *metacall_host_version(void)
{
    struct metacall_host current;
    return metacall_host_current(&current) == 0 ? current.version : NULL;
}

const char *metacall_host_evidence(void)
{
    struct metacall_host current;
    return metacall_host_current(&current) == 0 ? current.evidence : NULL;
}
