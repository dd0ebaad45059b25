/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* `check [TARGET...]`: plugins against their manifests, deployments against this machine, before
 * anything of them runs. */
#include "command.h"

#include "findings.h"

#include <stdlib.h>

static int check_print(struct invocation *invocation,
                       const struct metacall_registry_findings *findings)
{
    const struct output *output = invocation->output;
    int verbose = invocation->options->given[OPTION_VERBOSE];
    char *verdict;

    if (output->form == OUTPUT_JSON) {
        const char *target = invocation->operand_count == 1 ? invocation->operands[0] : NULL;

        return output_json(output, metacall_registry_findings_json(findings, "check", target));
    }
    if (output->quiet && output->form == OUTPUT_TEXT)
        return STATUS_OK;
    findings_print(output, findings, verbose ? FINDINGS_NOTES : 0);
    if (output->form == OUTPUT_PLAIN)
        return STATUS_OK;
    verdict = findings_verdict(findings, "file", "checked");
    fprintf(output->stream, "%s\n", verdict);
    free(verdict);
    return STATUS_OK;
}

int check_run(struct invocation *invocation)
{
    size_t count = invocation->operand_count != 0 ? invocation->operand_count : 1;
    struct findings all = {0};
    int status = STATUS_OK;

    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const char *target = invocation->operand_count != 0 ? invocation->operands[i] : NULL;
        struct metacall_registry_findings *part;

        if (metacall_registry_check(invocation->registry, target, &part) != 0)
            status = output_failure(invocation->output);
        else
            findings_add(&all, part);
    }
    if (status == STATUS_OK)
        status = check_print(invocation, &all.sum);
    if (status == STATUS_OK)
        status = findings_status(&all.sum, invocation->options->given[OPTION_STRICT]);
    findings_finish(&all);
    return status;
}
