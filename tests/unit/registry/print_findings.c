/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Validates each file named on the command line; one line a finding, fields separated by tabs:
 * path, id, severity, line, column, pointer, message. A line "path - - - - - -" where there is
 * none. */
#include <metacall/registry.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    static const char *const severities[] = {"note", "warning", "error"};
    for (int i = 1; i < argc; i++) {
        struct metacall_registry_findings *findings;
        if (metacall_registry_validate_file(argv[i], &findings) < 0) {
            fprintf(stderr, "%s: could not be validated\n", argv[i]);
            return 1;
        }
        if (findings->count == 0)
            printf("%s\t-\t-\t-\t-\t-\t-\n", argv[i]);
        for (size_t j = 0; j < findings->count; j++) {
            const struct metacall_diagnostic *item = &findings->items[j];
            printf("%s\t%s\t%s\t%u\t%u\t%s\t%s\n", argv[i], item->id, severities[item->severity],
                   item->line, item->column, item->pointer ? item->pointer : "", item->message);
        }
        metacall_registry_findings_free(findings);
    }
    return 0;
}
