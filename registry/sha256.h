/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* SHA-256 (FIPS 180-4) of an open file. */
#ifndef REGISTRY_SHA256_H
#define REGISTRY_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
    uint32_t state[8];
    uint64_t size;
    unsigned char block[64];
};

void sha256_init(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const void *bytes, size_t size);
void sha256_finish(struct sha256 *sha, char ret_hex[65]);
/* The whole file, read with pread: the file's position stays. 0, or -1 with errno. */
int sha256_file(int fd, char ret_hex[65]);

#endif /* REGISTRY_SHA256_H */
