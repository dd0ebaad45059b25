/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* `doctor --report`: all that a bug report needs, in one block, with nothing private in it. */
#ifndef METACALL_REGISTRY_REPORT_H
#define METACALL_REGISTRY_REPORT_H

#include "command.h"

/* Prints the report. An exit status. */
int report_print(struct invocation *invocation, const struct metacall_registry_findings *findings);

#endif /* METACALL_REGISTRY_REPORT_H */
