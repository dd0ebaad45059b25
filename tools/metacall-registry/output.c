/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The streams of the tool: see output.h. */
#include "output.h"

#include "memory.h"
#include "utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <metacall/loader.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *const escapes[] = {
    [PAINT_NONE] = "",         [PAINT_STRONG] = "\033[1m", [PAINT_FAINT] = "\033[2m",
    [PAINT_GOOD] = "\033[32m", [PAINT_DOUBT] = "\033[33m", [PAINT_BAD] = "\033[31m",
};

void output_guard_streams(void)
{
    /* Write-only for 0 and read-only for 1 and 2: use still fails, as it should. */
    static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};

    for (int fd = 0; fd < 3; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
            (void)!open("/dev/null", modes[fd]); /* the lowest free number: fd itself */
    }
}

static int wants_color(const char *color, int fd)
{
    const char *term = getenv("TERM");
    const char *refusal = getenv("NO_COLOR");

    if (color != NULL && strcmp(color, "always") == 0)
        return 1;
    if (color != NULL && strcmp(color, "never") == 0)
        return 0;
    if (refusal != NULL && refusal[0] != '\0')
        return 0;
    return isatty(fd) && term != NULL && strcmp(term, "dumb") != 0;
}

static size_t terminal_width(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;

    if (columns != NULL && columns[0] != '\0') {
        char *rest;
        long number = strtol(columns, &rest, 10);

        if (*rest == '\0' && number > 0 && number < 100000)
            return (size_t)number;
    }
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        return size.ws_col;
    return 0;
}

void output_init(struct output *output, enum output_form form, int quiet, const char *color)
{
    output->stream = stdout;
    output->form = form;
    output->quiet = quiet;
    output->colored = form == OUTPUT_TEXT && wants_color(color, STDOUT_FILENO);
    output->messages_colored = wants_color(color, STDERR_FILENO);
    output->width = form == OUTPUT_TEXT ? terminal_width() : 0;
}

const char *output_paint(const struct output *output, enum paint paint)
{
    return output->colored ? escapes[paint] : "";
}

const char *output_unpaint(const struct output *output, enum paint paint)
{
    return output->colored && paint != PAINT_NONE ? "\033[0m" : "";
}

/* A control character, C1 ones (U+0080 to U+009F) included. */
static int is_control(const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text;

    return at[0] < 0x20 || at[0] == 0x7F || (length == 2 && at[0] == 0xC2 && at[1] < 0xA0);
}

/* A copy of `text` without control characters but those in `kept`. */
static char *escape(const char *text, const char *kept)
{
    char *clean, *to;

    clean = to = memory_take(4 * strlen(text) + 1);
    while (*text != '\0') {
        size_t length = utf8_length(text);
        size_t step = length != 0 ? length : 1;

        if (strchr(kept, *text) != NULL) {
            *to++ = *text;
        } else if (*text == '\n' || *text == '\t') {
            *to++ = '\\';
            *to++ = *text == '\n' ? 'n' : 't';
        } else if (is_control(text, length)) {
            for (size_t i = 0; i < step; i++)
                to += sprintf(to, "\\x%02x", (unsigned)(unsigned char)text[i]);
        } else {
            memcpy(to, text, step);
            to += step;
        }
        text += step;
    }
    *to = '\0';
    return clean;
}

char *output_clean(const char *text)
{
    return text == NULL || text[0] == '\0' ? memory_copy("-") : escape(text, "");
}

void output_text(const struct output *output, const char *text)
{
    char *clean = output_clean(text);

    fputs(clean, output->stream);
    free(clean);
}

void output_message(const struct output *output, enum message_kind kind, const char *format, ...)
{
    static const struct {
        const char *word;
        enum paint paint;
    } kinds[] = {
        [MESSAGE_NOTE] = {"", PAINT_NONE},
        [MESSAGE_WARNING] = {"warning: ", PAINT_DOUBT},
        [MESSAGE_ERROR] = {"error: ", PAINT_BAD},
    };
    enum paint paint = output->messages_colored ? kinds[kind].paint : PAINT_NONE;
    va_list arguments;
    char *text = NULL, *clean;

    if (output->quiet && kind != MESSAGE_ERROR)
        return;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    clean = escape(text != NULL ? text : format, "\n");
    fflush(stdout); /* in the order in which things happened, where both go to one terminal */
    fprintf(stderr, "metacall-registry: %s%s%s%s\n", escapes[paint], kinds[kind].word,
            paint != PAINT_NONE ? "\033[0m" : "", clean);
    free(clean);
    free(text);
}

struct output output_messages(const struct output *output)
{
    struct output messages = *output;

    fflush(stdout);
    messages.stream = stderr;
    messages.form = OUTPUT_TEXT;
    messages.colored = output->messages_colored;
    return messages;
}

int output_json(const struct output *output, char *text)
{
    size_t length;

    if (text == NULL)
        return output_failure(output);
    length = strlen(text);
    fwrite(text, 1, length, output->stream);
    if (length == 0 || text[length - 1] != '\n')
        fputc('\n', output->stream);
    free(text);
    return STATUS_OK;
}

int output_failure(const struct output *output)
{
    const metacall_error *error = metacall_error_peek();

    output_message(output, MESSAGE_ERROR, "%s",
                   error != NULL && error->message != NULL ? error->message : "unknown failure");
    return error != NULL && error->code == METACALL_ERROR_NOT_FOUND ? STATUS_USAGE
                                                                    : STATUS_INTERNAL;
}

/* Whether the reader of standard output has gone: a write that failed earlier left no errno. */
static int reader_gone(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

int output_finish(const struct output *output, int status)
{
    int failed = ferror(stdout);

    errno = 0;
    if (fflush(stdout) == 0 && !failed)
        return status;
    if (errno == EPIPE || (errno == 0 && reader_gone()))
        return status;
    output_message(output, MESSAGE_ERROR, "the result could not be written: %s",
                   errno != 0 ? strerror(errno) : "write error");
    return STATUS_INTERNAL;
}
