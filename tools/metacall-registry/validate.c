/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* `validate FILE...`: manifests by themselves, without a search, a runtime or a plugin. */
#include "command.h"

#include "findings.h"
#include "memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STDIN_NAME "<stdin>"
#define STDIN_LIMIT (64u << 20) /* the library's own limit is far below: it says so itself */

/* All of standard input. 0, or an errno value. */
static int read_stdin(char **ret_text, size_t *ret_size)
{
    size_t size = 0, room = 64 * 1024;
    char *text = memory_take(room);
    ssize_t got;

    do {
        if (room - size < 4096)
            text = memory_grow(text, room *= 2);
        got = read(STDIN_FILENO, text + size, room - size - 1);
        if (got > 0)
            size += (size_t)got;
    } while ((got > 0 && size < STDIN_LIMIT) || (got < 0 && errno == EINTR));
    if (got < 0) {
        int failure = errno;

        free(text);
        return failure;
    }
    text[size] = '\0';
    *ret_text = text;
    *ret_size = size;
    return 0;
}

static int validate_stdin(const struct output *output,
                          struct metacall_registry_findings **ret_findings)
{
    char *text = NULL;
    size_t size = 0;
    int failure = read_stdin(&text, &size);
    int rc;

    if (failure != 0) {
        output_message(output, MESSAGE_ERROR, "standard input: %s", strerror(failure));
        return STATUS_INTERNAL;
    }
    rc = metacall_registry_validate(STDIN_NAME, text, size, ret_findings);
    free(text);
    return rc == 0 ? STATUS_OK : output_failure(output);
}

static int validate_one(const struct output *output, const char *path,
                        struct metacall_registry_findings **ret_findings)
{
    if (strcmp(path, "-") == 0)
        return validate_stdin(output, ret_findings);
    return metacall_registry_validate_file(path, ret_findings) == 0 ? STATUS_OK
                                                                    : output_failure(output);
}

int validate_run(struct invocation *invocation)
{
    struct findings all = {0};
    int status = STATUS_OK;

    for (size_t i = 0; i < invocation->operand_count && status == STATUS_OK; i++) {
        struct metacall_registry_findings *part;

        status = validate_one(invocation->output, invocation->operands[i], &part);
        if (status == STATUS_OK)
            findings_add(&all, part);
    }
    return findings_answer(invocation, &all, status, "validate", "manifest", "read");
}
