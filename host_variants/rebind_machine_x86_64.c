/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Rebinding on x86-64. */
#include "host_variants/rebind_machine.h"

#include <string.h>

int rebind_machine_known(void)
{
    return 1;
}

/* An unbound slot leads to `push $index` of its own PLT entry, behind an endbr64 where branches are
 * tracked. */
int rebind_machine_is_stub(const struct elf_image *image, uintptr_t value, size_t plt_index)
{
    static const unsigned char endbr[] = {0xf3, 0x0f, 0x1e, 0xfa};
    const unsigned char *code = elf_image_at(image, value - image->base, 9);
    uint32_t pushed;

    if (value < image->base || !code)
        return 0;
    if (memcmp(code, endbr, sizeof(endbr)) == 0)
        code += sizeof(endbr);
    memcpy(&pushed, code + 1, sizeof(pushed));
    return code[0] == 0x68 && pushed == plt_index;
}

uintptr_t rebind_machine_resolve(uintptr_t resolver)
{
    return ((uintptr_t(*)(void))resolver)();
}

uintptr_t rebind_machine_thread_pointer(void)
{
    uintptr_t pointer;

    __asm__("mov %%fs:0, %0" : "=r"(pointer));
    return pointer;
}

uintptr_t rebind_machine_word(enum elf_relocation_kind kind, uintptr_t symbol, int64_t addend)
{
    return kind == ELF_RELOCATION_ABSOLUTE ? symbol + (uintptr_t)addend : symbol;
}
