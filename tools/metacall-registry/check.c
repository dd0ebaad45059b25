/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* `check [TARGET...]`: plugins against their manifests, deployments against this machine, before
 * anything of them runs. */
#include "command.h"

#include "findings.h"

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
    return findings_answer(invocation, &all, status, "check", "file", "checked");
}
