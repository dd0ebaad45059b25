/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The hooks: what the registry calls, by the names that manifests/mock.loader.json gives. */
#include "mock_language.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOCK_SIZE_MAX (64u << 20)

/* Folders where packages are looked for. */
struct mock_folder {
    struct mock_folder *next;
    char path[];
};

struct mock_state {
    pthread_mutex_t lock;
    struct mock_folder *folders; /* in order */
};

METACALL_API int mock_loader_initialize(metacall_loader *loader,
                                        const struct metacall_loader_config *config);
METACALL_API int mock_loader_execution_path(metacall_loader *loader, const char *path);
METACALL_API int mock_loader_load_from_file(metacall_loader *loader, metacall_handle *handle,
                                            const char *const paths[], size_t count);
METACALL_API int mock_loader_load_from_memory(metacall_loader *loader, metacall_handle *handle,
                                              const char *text, size_t size);
METACALL_API int mock_loader_load_from_package(metacall_loader *loader, metacall_handle *handle,
                                               const char *name);
METACALL_API int mock_loader_clear(metacall_loader *loader, metacall_handle *handle);
METACALL_API int mock_loader_destroy(metacall_loader *loader);

static int mock_raise_memory(void)
{
    return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory in the mock loader");
}

int mock_loader_initialize(metacall_loader *loader, const struct metacall_loader_config *config)
{
    struct mock_state *state = calloc(1, sizeof(*state));
    if (state == NULL)
        return mock_raise_memory();
    pthread_mutex_init(&state->lock, NULL);
    metacall_loader_set_data(loader, state);
    for (size_t i = 0; config->execution_paths != NULL && config->execution_paths[i] != NULL; i++) {
        if (mock_loader_execution_path(loader, config->execution_paths[i]) != 0) {
            mock_loader_destroy(loader);
            return -1;
        }
    }
    return 0;
}

int mock_loader_execution_path(metacall_loader *loader, const char *path)
{
    struct mock_state *state = metacall_loader_data(loader);
    size_t length = strlen(path);
    struct mock_folder *folder = malloc(sizeof(*folder) + length + 1);
    if (folder == NULL)
        return mock_raise_memory();
    memcpy(folder->path, path, length + 1);
    folder->next = NULL;
    pthread_mutex_lock(&state->lock);
    struct mock_folder **at = &state->folders;
    while (*at != NULL)
        at = &(*at)->next;
    *at = folder;
    pthread_mutex_unlock(&state->lock);
    return 0;
}

/* ---------------------------------------------------------------------------------------- load */

/* What one handle holds: its scripts. */
struct mock_module {
    struct mock_module *next;
    struct mock_script *script;
};

static void mock_forget(metacall_handle *handle)
{
    struct mock_module *module = metacall_handle_data(handle);
    metacall_handle_set_data(handle, NULL);
    while (module != NULL) {
        struct mock_module *next = module->next;
        mock_script_forget(module->script);
        mock_script_release(module->script);
        free(module);
        module = next;
    }
}

static int mock_load_text(metacall_loader *loader, metacall_handle *handle, const char *path,
                          const char *text, size_t size)
{
    struct mock_module *module = malloc(sizeof(*module));
    if (module == NULL)
        return mock_raise_memory();
    module->script = mock_script_create(loader, path, text, size);
    if (module->script == NULL) {
        free(module);
        return -1;
    }
    module->next = metacall_handle_data(handle);
    metacall_handle_set_data(handle, module);
    return mock_script_define(module->script, handle);
}

/* The whole of a regular file, malloc'ed. NULL with the error set. */
static char *mock_read(const char *path, size_t *ret_size)
{
    struct stat info;
    char *text = NULL;
    size_t size = 0;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0) {
        metacall_error_raise(METACALL_ERROR_NOT_FOUND, "cannot open %s: %s", path, strerror(errno));
    } else if (!S_ISREG(info.st_mode) || info.st_size > MOCK_SIZE_MAX) {
        metacall_error_raise(METACALL_ERROR_LOAD, "%s is no file of at most %u bytes", path,
                             MOCK_SIZE_MAX);
    } else if ((text = malloc((size_t)info.st_size + 1)) == NULL) {
        mock_raise_memory();
    } else {
        while (size < (size_t)info.st_size) {
            ssize_t got = read(fd, text + size, (size_t)info.st_size - size);
            if (got < 0 && errno == EINTR)
                continue;
            if (got <= 0)
                break;
            size += (size_t)got;
        }
        *ret_size = size;
    }
    if (fd >= 0)
        close(fd);
    return text;
}

int mock_loader_load_from_file(metacall_loader *loader, metacall_handle *handle,
                               const char *const paths[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t size;
        char *text = mock_read(paths[i], &size);
        int result = text != NULL ? mock_load_text(loader, handle, paths[i], text, size) : -1;
        free(text);
        if (result != 0) {
            mock_forget(handle);
            return -1;
        }
    }
    return 0;
}

int mock_loader_load_from_memory(metacall_loader *loader, metacall_handle *handle, const char *text,
                                 size_t size)
{
    if (mock_load_text(loader, handle, metacall_handle_name(handle), text, size) == 0)
        return 0;
    mock_forget(handle);
    return -1;
}

/* The file of a package: <folder>/<name>.mock. malloc'ed; NULL with the error set. */
static char *mock_find_package(metacall_loader *loader, const char *name)
{
    struct mock_state *state = metacall_loader_data(loader);
    char *found = NULL;
    if (*name == '/')
        return strdup(name);
    pthread_mutex_lock(&state->lock);
    for (struct mock_folder *folder = state->folders; folder != NULL && found == NULL;
         folder = folder->next) {
        if (asprintf(&found, "%s/%s.mock", folder->path, name) < 0)
            found = NULL;
        if (found != NULL && access(found, F_OK) != 0) {
            free(found);
            found = NULL;
        }
    }
    pthread_mutex_unlock(&state->lock);
    if (found == NULL)
        metacall_error_raise(METACALL_ERROR_NOT_FOUND,
                             "no folder of the mock loader has %s.mock; metacall_execution_path "
                             "adds one",
                             name);
    return found;
}

int mock_loader_load_from_package(metacall_loader *loader, metacall_handle *handle,
                                  const char *name)
{
    char *path = mock_find_package(loader, name);
    if (path == NULL)
        return -1;
    const char *const paths[1] = {path};
    int result = mock_loader_load_from_file(loader, handle, paths, 1);
    free(path);
    return result;
}

int mock_loader_clear(metacall_loader *loader, metacall_handle *handle)
{
    (void)loader;
    mock_forget(handle);
    return 0;
}

int mock_loader_destroy(metacall_loader *loader)
{
    struct mock_state *state = metacall_loader_data(loader);
    mock_later_end();
    while (state->folders != NULL) {
        struct mock_folder *next = state->folders->next;
        free(state->folders);
        state->folders = next;
    }
    pthread_mutex_destroy(&state->lock);
    free(state);
    metacall_loader_set_data(loader, NULL);
    return 0;
}
