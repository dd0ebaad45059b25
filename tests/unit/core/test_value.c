/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Values: on the heap, in slots, in blocks; copied, moved, owned, let go. */
#include "check.h"

#include "core/block.h"
#include "core/thread.h"
#include "core/value.h"

#include <pthread.h>
#include <stdlib.h>

static void test_layout(void)
{
    CHECK_LONG(sizeof(metacall_value), 32);
    metacall_value slot = METACALL_SLOT_INIT;
    CHECK_LONG(slot.id, METACALL_NULL);
    CHECK_LONG(slot.storage, METACALL_STORAGE_SLOT);
}

static void test_scalars_keep_their_place(void)
{
    metacall_value *value = value_create();
    metacall_slot_long(value, INT64_MIN);
    CHECK(value->as.long_ == INT64_MIN);
    CHECK_LONG(value->storage, METACALL_STORAGE_HEAP);
    metacall_slot_bool(value, 7);
    CHECK_LONG(value->as.boolean_, 1);
    metacall_slot_double(value, -0.5);
    CHECK_LONG(value->id, METACALL_DOUBLE);
    value_destroy(value);
}

static void test_references(void)
{
    metacall_value *value = value_create();
    CHECK(metacall_slot_bytes(value, METACALL_STRING, "kept", 4) == 0);
    value_reference(value);
    value_destroy(value);
    CHECK_TEXT(value->as.bytes.data, "kept");
    value_destroy(value);
    value_destroy(NULL);
}

static void test_free_list_gives_back_the_same(void)
{
    metacall_value *first = value_create();
    value_destroy(first);
    metacall_value *second = value_create();
#if !defined(__SANITIZE_ADDRESS__)
    CHECK(first == second);
#endif
    CHECK_LONG(second->id, METACALL_NULL);
    CHECK_LONG(second->refs, 1);
    value_destroy(second);
    thread_state_trim();
    CHECK_LONG(thread_state()->free_count, 0);
}

static void test_free_list_is_bounded(void)
{
    metacall_value *values[1000];
    for (size_t i = 0; i < 1000; i++)
        values[i] = value_create();
    for (size_t i = 0; i < 1000; i++)
        value_destroy(values[i]);
    CHECK(thread_state()->free_count <= 256);
    thread_state_trim();
}

static void test_bytes_hold_nul(void)
{
    metacall_value slot = METACALL_SLOT_INIT, copy = METACALL_SLOT_INIT;
    CHECK(metacall_slot_bytes(&slot, METACALL_STRING, "a\0b", 3) == 0);
    CHECK_LONG(slot.as.bytes.size, 3);
    CHECK(memcmp(slot.as.bytes.data, "a\0b\0", 4) == 0);
    CHECK(metacall_slot_copy(&copy, &slot) == 0);
    CHECK(copy.as.bytes.data != slot.as.bytes.data);
    CHECK(memcmp(copy.as.bytes.data, "a\0b\0", 4) == 0);
    metacall_slot_clear(&slot);
    CHECK_LONG(slot.id, METACALL_NULL);
    metacall_slot_clear(&copy);
}

static void test_bytes_to_fill_in(void)
{
    metacall_value slot = METACALL_SLOT_INIT;
    CHECK(metacall_slot_bytes(&slot, METACALL_BUFFER, NULL, 3) == 0);
    memcpy(slot.as.bytes.data, "xyz", 3);
    CHECK_TEXT(slot.as.bytes.data, "xyz");
    metacall_slot_clear(&slot);
    CHECK(metacall_slot_bytes(&slot, METACALL_STRING, NULL, 0) == 0);
    CHECK_TEXT(slot.as.bytes.data, "");
    metacall_slot_clear(&slot);
    CHECK(metacall_slot_bytes(&slot, METACALL_STRING, "x", SIZE_MAX) == -1);
    CHECK_ERROR(METACALL_ERROR_MEMORY, "memory");
}

static void test_borrowed_bytes_become_owned(void)
{
    char text[] = "borrowed";
    metacall_value slot = METACALL_SLOT_INIT, copy = METACALL_SLOT_INIT;
    metacall_slot_borrow(&slot, METACALL_STRING, text, strlen(text));
    CHECK(metacall_slot_copy(&copy, &slot) == 0);
    CHECK(!(copy.storage & METACALL_STORAGE_BORROW));
    CHECK(value_own(&slot) == 0);
    CHECK(slot.as.bytes.data != text && !(slot.storage & METACALL_STORAGE_BORROW));
    memset(text, '-', strlen(text));
    CHECK_TEXT(slot.as.bytes.data, "borrowed");
    CHECK_TEXT(copy.as.bytes.data, "borrowed");
    metacall_slot_clear(&slot);
    metacall_slot_clear(&copy);
}

static void test_owning_goes_deep(void)
{
    char text[] = "inside";
    metacall_value slot = METACALL_SLOT_INIT;
    CHECK(metacall_slot_array(&slot, 2) == 0);
    CHECK(metacall_slot_map(slot.as.array.items[1], 1) == 0);
    metacall_value **pair = slot.as.array.items[1]->as.array.items[0]->as.array.items;
    metacall_slot_borrow(pair[0], METACALL_STRING, text, 6);
    metacall_slot_long(pair[1], 5);
    CHECK(value_own(&slot) == 0);
    memset(text, '-', 6);
    pair = slot.as.array.items[1]->as.array.items[0]->as.array.items;
    CHECK_TEXT(pair[0]->as.bytes.data, "inside");
    CHECK_LONG(pair[1]->as.long_, 5);
    /* Nothing borrowed: nothing is copied. */
    metacall_value **items = slot.as.array.items;
    CHECK(value_own(&slot) == 0);
    CHECK(slot.as.array.items == items);
    metacall_slot_clear(&slot);
}

static void test_arrays_are_one_block(void)
{
    metacall_value slot = METACALL_SLOT_INIT;
    CHECK(metacall_slot_array(&slot, 3) == 0);
    for (size_t i = 0; i < 3; i++) {
        CHECK_LONG(slot.as.array.items[i]->id, METACALL_NULL);
        CHECK_LONG(slot.as.array.items[i]->storage, METACALL_STORAGE_INNER);
        CHECK(metacall_slot_bytes(slot.as.array.items[i], METACALL_STRING, "abc", i) == 0);
    }
    /* Destroying an element leaves a null in its place. */
    value_destroy(slot.as.array.items[1]);
    CHECK_LONG(slot.as.array.items[1]->id, METACALL_NULL);
    metacall_slot_clear(&slot);
    CHECK(metacall_slot_array(&slot, 0) == 0);
    CHECK_LONG(slot.id, METACALL_ARRAY);
    CHECK_LONG(slot.as.array.count, 0);
    metacall_slot_clear(&slot);
    CHECK(metacall_slot_array(&slot, SIZE_MAX / 8) == -1);
    CHECK_ERROR(METACALL_ERROR_MEMORY, "memory");
}

static void test_maps_are_one_block(void)
{
    metacall_value slot = METACALL_SLOT_INIT, copy = METACALL_SLOT_INIT;
    CHECK(metacall_slot_map(&slot, 100) == 0);
    for (size_t i = 0; i < 100; i++) {
        metacall_value *pair = slot.as.array.items[i];
        CHECK_LONG(pair->id, METACALL_ARRAY);
        CHECK_LONG(pair->as.array.count, 2);
        CHECK(metacall_slot_bytes(pair->as.array.items[0], METACALL_STRING, "key", 3) == 0);
        CHECK(metacall_slot_array(pair->as.array.items[1], i) == 0);
    }
    CHECK(metacall_slot_copy(&copy, &slot) == 0);
    metacall_slot_clear(slot.as.array.items[7]);
    CHECK_LONG(slot.as.array.items[7]->id, METACALL_ARRAY);
    CHECK_LONG(slot.as.array.items[7]->as.array.items[0]->id, METACALL_NULL);
    metacall_slot_clear(&slot);
    CHECK_LONG(copy.as.array.count, 100);
    CHECK_LONG(copy.as.array.items[99]->as.array.items[1]->as.array.count, 99);
    CHECK(copy.as.array.items[3]->storage & METACALL_STORAGE_PAIR);
    metacall_slot_clear(&copy);
}

static void test_a_map_of_other_things_is_refused(void)
{
    metacall_value slot = METACALL_SLOT_INIT, copy = METACALL_SLOT_INIT;
    CHECK(metacall_slot_array(&slot, 2) == 0);
    slot.id = METACALL_MAP;
    CHECK(metacall_slot_copy(&copy, &slot) == -1);
    CHECK_ERROR(METACALL_ERROR_TYPE, "pairs");
    CHECK_LONG(copy.id, METACALL_NULL);
    slot.id = METACALL_ARRAY;
    metacall_slot_clear(&slot);
}

/* Deeper than any stack: arrays in arrays, on the heap and in blocks. */
static void test_nesting_has_no_limit(void)
{
    const size_t depth = 200000;
    metacall_value *outer = value_create();
    metacall_value *at = outer;
    int good = 1;
    for (size_t i = 0; i < depth; i++) {
        good &= metacall_slot_array(at, 1) == 0;
        at = at->as.array.items[0];
    }
    metacall_slot_long(at, 77);
    CHECK(good);
    metacall_value *copy = value_copy(outer);
    CHECK(copy != NULL);
    const metacall_value *inner = copy;
    while (inner->id == METACALL_ARRAY)
        inner = inner->as.array.items[0];
    CHECK_LONG(inner->as.long_, 77);
    CHECK(value_own(outer) == 0);
    value_destroy(outer);
    value_destroy(copy);
}

static void test_moving_keeps_places(void)
{
    metacall_value *heap = value_create();
    metacall_value slot = METACALL_SLOT_INIT;
    CHECK(metacall_slot_bytes(&slot, METACALL_STRING, "moved", 5) == 0);
    value_move(heap, &slot);
    CHECK_LONG(slot.id, METACALL_NULL);
    CHECK_LONG(heap->storage, METACALL_STORAGE_HEAP);
    CHECK_TEXT(heap->as.bytes.data, "moved");
    metacall_slot_borrow(&slot, METACALL_STRING, "lent", 4);
    metacall_slot_clear(heap);
    value_move(heap, &slot);
    CHECK_LONG(heap->storage, METACALL_STORAGE_HEAP | METACALL_STORAGE_BORROW);
    value_destroy(heap);
}

static void *destroy_elsewhere(void *data)
{
    metacall_value **values = data;
    for (size_t i = 0; i < 500; i++)
        value_destroy(values[i]);
    return NULL;
}

static void test_values_end_on_any_thread(void)
{
    metacall_value *values[500];
    pthread_t thread;
    for (size_t i = 0; i < 500; i++) {
        values[i] = value_create();
        CHECK(metacall_slot_bytes(values[i], METACALL_STRING, "far", 3) == 0);
    }
    CHECK(pthread_create(&thread, NULL, destroy_elsewhere, values) == 0);
    pthread_join(thread, NULL);
}

/* A container with room behind it: its members lie there, and a copy stands on its own. */
static void test_room_behind_a_container(void)
{
    metacall_value array = METACALL_SLOT_INIT, map = METACALL_SLOT_INIT, copy = METACALL_SLOT_INIT;
    void *room = NULL;
    CHECK(metacall_slot_array_room(&array, 2, 16, &room) == 0);
    CHECK((uintptr_t)room % _Alignof(metacall_value) == 0);
    memcpy(room, "first\0second", 13);
    metacall_slot_borrow(array.as.array.items[0], METACALL_STRING, room, 5);
    metacall_slot_borrow(array.as.array.items[1], METACALL_STRING, (char *)room + 6, 6);
    CHECK(metacall_slot_copy(&copy, &array) == 0);
    memset(room, 'x', 13);
    metacall_slot_clear(&array);
    CHECK_TEXT(copy.as.array.items[0]->as.bytes.data, "first");
    CHECK_TEXT(copy.as.array.items[1]->as.bytes.data, "second");
    metacall_slot_clear(&copy);
    CHECK(metacall_slot_map_room(&map, 1, 4, &room) == 0);
    memcpy(room, "key", 4);
    metacall_slot_borrow(map.as.array.items[0]->as.array.items[0], METACALL_STRING, room, 3);
    metacall_slot_long(map.as.array.items[0]->as.array.items[1], 7);
    CHECK(value_own(&map) == 0);
    CHECK_TEXT(map.as.array.items[0]->as.array.items[0]->as.bytes.data, "key");
    CHECK_LONG(map.as.array.items[0]->as.array.items[1]->as.long_, 7);
    metacall_slot_clear(&map);
    CHECK(metacall_slot_array_room(&array, 0, 8, &room) == 0);
    memset(room, 0, 8);
    metacall_slot_clear(&array);
    CHECK(metacall_slot_array_room(&array, SIZE_MAX / 8, SIZE_MAX / 2, &room) != 0);
    CHECK_ERROR(METACALL_ERROR_MEMORY, "memory");
}

/* A container in memory of the caller's: a copy stands on its own, clearing leaves the memory. */
static void test_containers_that_are_lent(void)
{
    _Alignas(16) char memory[512];
    metacall_value array = METACALL_SLOT_INIT, map = METACALL_SLOT_INIT, copy = METACALL_SLOT_INIT;
    metacall_value **pair;
    CHECK(metacall_slot_array_size(0) == 0 && metacall_slot_map_size(0) == 0);
    CHECK(metacall_slot_array_size(SIZE_MAX / 8) == SIZE_MAX);
    CHECK(metacall_slot_map_size(SIZE_MAX / 64) == SIZE_MAX);
    CHECK(metacall_slot_map_size(2) <= sizeof memory);
    metacall_slot_array_lend(&array, METACALL_SET, 2, memory);
    CHECK(array.id == METACALL_SET && array.as.array.count == 2);
    CHECK(array.as.array.items[1]->id == METACALL_NULL);
    metacall_slot_long(array.as.array.items[0], 5);
    metacall_slot_borrow(array.as.array.items[1], METACALL_STRING, "lent", 4);
    CHECK(metacall_slot_copy(&copy, &array) == 0);
    metacall_slot_clear(&array);
    CHECK(array.id == METACALL_NULL);
    metacall_slot_map_lend(&map, 2, memory);
    pair = map.as.array.items[1]->as.array.items;
    CHECK(map.as.array.items[1]->as.array.count == 2 && pair[0]->id == METACALL_NULL);
    metacall_slot_borrow(pair[0], METACALL_STRING, "key", 3);
    metacall_slot_long(pair[1], 7);
    CHECK(copy.id == METACALL_SET);
    CHECK_LONG(copy.as.array.items[0]->as.long_, 5);
    CHECK_TEXT(copy.as.array.items[1]->as.bytes.data, "lent");
    metacall_slot_clear(&copy);
    CHECK(metacall_slot_copy(&copy, &map) == 0);
    metacall_slot_clear(&map);
    memset(memory, 'x', sizeof memory);
    pair = copy.as.array.items[1]->as.array.items;
    CHECK_TEXT(pair[0]->as.bytes.data, "key");
    CHECK_LONG(pair[1]->as.long_, 7);
    metacall_slot_clear(&copy);
    metacall_slot_array_lend(&array, METACALL_ARRAY, 0, NULL);
    CHECK(metacall_slot_copy(&copy, &array) == 0 && copy.as.array.count == 0);
    metacall_slot_clear(&copy);
}

static void test_kinds_have_names(void)
{
    CHECK_TEXT(value_kind_name(METACALL_LONG), "Long");
    CHECK_TEXT(value_kind_name(METACALL_BIGINT), "BigInteger");
    CHECK_TEXT(value_kind_name(METACALL_INVALID), "Invalid");
    CHECK_TEXT(value_kind_name(12345), "Invalid");
    CHECK(value_kind_is_known(METACALL_THROWABLE) && !value_kind_is_known(METACALL_SIZE));
}

static const struct check_test tests[] = {
    {"layout", test_layout},
    {"scalars keep their place", test_scalars_keep_their_place},
    {"references", test_references},
    {"free list gives back the same", test_free_list_gives_back_the_same},
    {"free list is bounded", test_free_list_is_bounded},
    {"bytes hold NUL", test_bytes_hold_nul},
    {"bytes to fill in", test_bytes_to_fill_in},
    {"borrowed bytes become owned", test_borrowed_bytes_become_owned},
    {"owning goes deep", test_owning_goes_deep},
    {"arrays are one block", test_arrays_are_one_block},
    {"maps are one block", test_maps_are_one_block},
    {"a map of other things is refused", test_a_map_of_other_things_is_refused},
    {"nesting has no limit", test_nesting_has_no_limit},
    {"moving keeps places", test_moving_keeps_places},
    {"values end on any thread", test_values_end_on_any_thread},
    {"room behind a container", test_room_behind_a_container},
    {"containers that are lent", test_containers_that_are_lent},
    {"kinds have names", test_kinds_have_names},
};
CHECK_MAIN(tests)
