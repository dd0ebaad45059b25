/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Rebinding on AArch64. */
#include "host_variants/rebind_machine.h"

#include <string.h>
#include <sys/auxv.h>

int rebind_machine_known(void)
{
    return 1;
}

/* Every unbound slot leads to the first PLT entry: `stp x16, x30, [sp, #-16]!`, behind a `bti c`
 * where branches are tracked. */
int rebind_machine_is_stub(const struct elf_image *image, uintptr_t value, size_t plt_index)
{
    const uint8_t *code = elf_image_at(image, value - image->base, 8);
    uint32_t words[2];

    (void)plt_index;
    if (value < image->base || !code)
        return 0;
    memcpy(words, code, sizeof(words));
    return words[0] == 0xa9bf7bf0 || (words[0] == 0xd503245f && words[1] == 0xa9bf7bf0);
}

/* As the linker does: the capabilities, with a bit that says that the second argument is there. */
struct resolver_argument {
    unsigned long size, hwcap, hwcap2;
};
#define RESOLVER_HAS_ARGUMENT (1ul << 62)

uintptr_t rebind_machine_resolve(uintptr_t resolver)
{
    struct resolver_argument argument = {sizeof(argument), getauxval(AT_HWCAP),
                                         getauxval(AT_HWCAP2)};

    return ((uintptr_t(*)(unsigned long, const struct resolver_argument *))resolver)(
        argument.hwcap | RESOLVER_HAS_ARGUMENT, &argument);
}

uintptr_t rebind_machine_thread_pointer(void)
{
    uintptr_t pointer;

    __asm__("mrs %0, tpidr_el0" : "=r"(pointer));
    return pointer;
}

uintptr_t rebind_machine_word(enum elf_relocation_kind kind, uintptr_t symbol, int64_t addend)
{
    (void)kind;
    return symbol + (uintptr_t)addend;
}
