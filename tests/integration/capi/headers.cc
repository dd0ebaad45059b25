// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// Every public header in C++, those that open types before <metacall/metacall.h>.
#include <metacall/diagnostic.h>
#include <metacall/future.h>
#include <metacall/host.h>
#include <metacall/intercept.h>
#include <metacall/interpose.h>
#include <metacall/memory.h>
#include <metacall/object.h>
#include <metacall/registry.h>

#include <metacall/metacall.h>
#include <metacall/metacall_kinds.h>

int main()
{
    metacall_value slot = METACALL_SLOT_INIT;
    metacall_slot_date(&slot, 5);
    void *date = metacall_value_create_date(slot.as.date);
    int wrong = metacall_value_to_date(date) != 5;
    metacall_value_destroy(date);
    return wrong;
}
