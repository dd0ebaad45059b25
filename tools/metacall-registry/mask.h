/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Takes out of a text what its owner would not want to publish. */
#ifndef METACALL_REGISTRY_MASK_H
#define METACALL_REGISTRY_MASK_H

/* A copy of `text` in which the home folder is "~", other home folders and the user's name in
 * paths are "***", and so are passwords in addresses, values of variables that are named like
 * secrets, and tokens of well-known forms. Freed by the caller. */
char *mask_text(const char *text);

#endif /* METACALL_REGISTRY_MASK_H */
