/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What the texts of a manifest must look like; each has its twin in loader-1.schema.json. */
#ifndef REGISTRY_RULES_H
#define REGISTRY_RULES_H

#include "registry/reader.h"

extern const struct text_rule rule_text, rule_raw, rule_tag, rule_semver, rule_range, rule_alias,
    rule_extension, rule_identifier, rule_soname, rule_symbol, rule_variable, rule_path,
    rule_path_below, rule_path_absolute, rule_program, rule_template, rule_sha256, rule_strategy,
    rule_thread, rule_action, rule_flag, rule_host, rule_platform, rule_machine, rule_libc,
    rule_find, rule_version, rule_version_text, rule_pointer;

/* The names that ${...} may hold in runtime.environment. Ends with NULL. */
extern const char *const rule_template_names[];

#endif /* REGISTRY_RULES_H */
