/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What needs no file: versions and ranges, patterns, suggestions, JSON by the letter, SHA-256, the
 * table of findings. */
#include "../expect.h"
#include "registry/json_text.h"
#include "registry/json_tree.h"
#include "registry/manifest.h"
#include "registry/pattern.h"
#include "registry/sha256.h"
#include "registry/version.h"

#include <stdlib.h>

static void test_versions(void)
{
    struct version version;
    EXPECT(version_read("3.11.2+ (main, Jan)", &version) == 6 && version.count == 3);
    EXPECT(version.parts[0] == 3 && version.parts[1] == 11 && version.parts[2] == 2);
    EXPECT(version_read("v18.20.4", &version) == 8 && version.parts[0] == 18);
    EXPECT(version_read("3.", &version) == 1 && version.count == 1);
    EXPECT(version_read("", &version) == 0 && version_read("x1", &version) == 0);
    EXPECT(version_read("1.2.3.4.5", &version) == 7 && version.count == 4);

    EXPECT(version_in_range("3.11.2", ">=3.9 <3.15") == 1);
    EXPECT(version_in_range("3.15", ">=3.9 <3.15") == 0);
    EXPECT(version_in_range("3.15.0", ">=3.9 <3.15") == 0);
    EXPECT(version_in_range("3.8.18", ">=3.9 <3.15") == 0);
    EXPECT(version_in_range("3.9", ">=3.9") == 1 && version_in_range("3.9.0", ">3.9") == 0);
    EXPECT(version_in_range("3.11.9", "3.11") == 1 && version_in_range("3.1", "3.11") == 0);
    EXPECT(version_in_range("3.110", "3.11") == 0 && version_in_range("3.110", "=3.110") == 1);
    EXPECT(version_in_range("18.20", "18 || >=20") == 1);
    EXPECT(version_in_range("19.1", "18 || >=20") == 0);
    EXPECT(version_in_range("22", "18||>=20") == 1);
    EXPECT(version_in_range("0.0.1", "*") == 1);
    EXPECT(version_in_range("x", "*") == -1 && version_in_range("1", "") == -1);
    EXPECT(version_in_range("10", "<9") == 0 && version_in_range("9", "<10") == 1);

    static const char *const bad[] = {"",    " ",      "1 ", " 1",    "1.",        "01",  "1.02",
                                      "1||", "|| 1",   ">=", "=>1",   "1.2.3.4.5", "1,2", ">1<2",
                                      "**",  "* || 1", "~1", "1 | 2", "1234567890"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        EXPECT(!version_range_valid(bad[i]));
        if (version_range_valid(bad[i]))
            fprintf(stderr, "  accepted \"%s\"\n", bad[i]);
    }
    EXPECT(version_range_valid("1   <2") && version_range_valid("123456789"));
    EXPECT(version_is_semver("0.1.0") && version_is_semver("1.0.0-alpha.1+b.2-x"));
    EXPECT(!version_is_semver("1.0") && !version_is_semver("1.0.0-") &&
           !version_is_semver("1.0.0-01") && version_is_semver("1.0.0-0a") &&
           !version_is_semver("1.0.0+") && !version_is_semver("1.0.0 ") &&
           !version_is_semver("1.0.0.0"));
}

static void test_patterns(void)
{
    char version[PATTERN_VERSION_SIZE];
    EXPECT(pattern_match("libmoo%v.so.1.0", "libmoo3.11.so.1.0", version));
    EXPECT_TEXT(version, "3.11");
    EXPECT(pattern_match("libmoo.so.%v", "libmoo.so.108", version));
    EXPECT_TEXT(version, "108");
    EXPECT(pattern_match("moo", "moo", version) && *version == '\0');
    /* Anchored: neither a longer name nor a part of one. */
    EXPECT(!pattern_match("libmoo%v.so.1.0", "_ctypes.libmoo3.11.so.1.0", NULL));
    EXPECT(!pattern_match("libmoo%v.so.1.0", "libmoo3.11.so.1.0.debug", NULL));
    EXPECT(!pattern_match("libmoo%v.so.1.0", "libmoo.so.1.0", NULL));
    EXPECT(!pattern_match("libmoo%v.so.1.0", "libmoo3.6m.so.1.0", NULL));
    EXPECT(!pattern_match("libmoo%v.so.1.0", "libmoo3..6.so.1.0", NULL));
    EXPECT(!pattern_match("libmoo%v.so.1.0", "libmoo.3.so.1.0", NULL));
    EXPECT(!pattern_match("%v", "1234567890123456789012345678901234567890", NULL));
    EXPECT(!pattern_valid("") && !pattern_valid("a/b") && !pattern_valid("%v%v") &&
           !pattern_valid("%x") && !pattern_valid("a b") && !pattern_valid("%"));
    EXPECT(pattern_valid("%v") && pattern_valid("lib.so"));

    static const char bytes[] = "\0moo/v\0moo/vx moo/v18.20.4\0";
    EXPECT(pattern_find("moo/v%v", bytes, sizeof bytes, version));
    EXPECT_TEXT(version, "18.20.4");
    EXPECT(!pattern_find("moo/v%v", bytes, 12, version));
    EXPECT(!pattern_find("cow/v%v", bytes, sizeof bytes, version));

    static const char *const words[] = {"variants", "version", "lifecycle"};
    EXPECT_TEXT(pattern_nearest("varients", words, 3), "variants");
    EXPECT_TEXT(pattern_nearest("Version", words, 3), "version");
    EXPECT_TEXT(pattern_nearest("zzz", words, 3), NULL);
    EXPECT(pattern_distance("tr", "rt") == 1 && pattern_distance("ca", "abc") == 3);
    EXPECT(pattern_distance("lifecylce", "lifecycle") == 1);
    EXPECT_TEXT(pattern_nearest("yp", (const char *const[]){"py"}, 1), "py");
    EXPECT(pattern_distance("abc", "abc") == 0 && pattern_distance("abc", "") == 3);
}

struct fault {
    const char *id;
    size_t offset, count;
};

static void note_fault(void *data, const char *id, size_t offset, const char *expected)
{
    struct fault *fault = data;
    EXPECT(expected && *expected);
    if (fault->count++ == 0) {
        fault->id = id;
        fault->offset = offset;
    }
}

static void expect_json(const char *text, const char *id, size_t offset)
{
    struct fault fault = {.id = NULL};
    EXPECT(json_text_check(text, strlen(text), note_fault, &fault) == (id != NULL));
    EXPECT_TEXT(fault.id, id);
    EXPECT(fault.offset == offset);
    if (fault.offset != offset)
        fprintf(stderr, "  in %s at %zu\n", text, fault.offset);
}

static void test_json(void)
{
    static const char text[] = "{\"a\": [10, {\"b\": true}],\n \"c\": \"x\"}";
    unsigned line, column;
    expect_json(text, NULL, 0);
    expect_json(" [ ] ", NULL, 0);
    expect_json("-0.5e+10", NULL, 0);
    expect_json("[1,]", "json.syntax", 3);
    expect_json("{\"a\" 1}", "json.syntax", 5);
    expect_json("{\"a\":1} x", "json.trailing", 8);
    expect_json("[01]", "json.number", 1);
    expect_json("\"\\ud83d\\ude00\"", NULL, 0);
    expect_json("\"\\ud83d\"", "json.surrogate", 1);
    expect_json("\"a\\u0000\"", "json.nul", 2);
    expect_json("\"\xc3\"", "json.encoding", 1);
    expect_json("tru", "json.syntax", 0);
    expect_json("", "json.syntax", 0);

    size_t offset = json_text_locate(text, strlen(text), (unsigned[]){0, 1, 0}, 3, 0);
    EXPECT(strncmp(text + offset, "true", 4) == 0);
    offset = json_text_locate(text, strlen(text), (unsigned[]){1}, 1, 1);
    EXPECT(strncmp(text + offset, "\"c\"", 3) == 0);
    json_text_place(text, strlen(text), offset, &line, &column);
    EXPECT(line == 2 && column == 2);
    /* Places that are not there end somewhere inside the text. */
    offset = json_text_locate(text, strlen(text), (unsigned[]){7, 7}, 2, 0);
    EXPECT(offset <= strlen(text));

    char *deep = malloc(200001);
    struct fault fault = {.id = NULL};
    memset(deep, '[', 200000);
    EXPECT(json_text_check(deep, 200000, note_fault, &fault) == 1);
    EXPECT_TEXT(fault.id, "json.depth");
    free(deep);
}

/* What the short way makes of a text; "" = nothing, the long way is taken. */
static void expect_tree(const char *text, const char *printed)
{
    struct json_tree tree = {.extra = {NULL}};
    char copy[4096], again[4096] = "";
    snprintf(copy, sizeof copy, "%s", text);
    const cJSON *root = json_tree_read(&tree, copy, strlen(text));
    if (root)
        EXPECT(cJSON_PrintPreallocated((cJSON *)root, again, sizeof again, 0));
    EXPECT_TEXT(again, printed);
    json_tree_finish(&tree);
}

static void test_tree(void)
{
    char many[2100] = "[";
    expect_tree(" { \"a\" : [ 1 , -20 , \"x y\" , true , false , null ] ,\r\n\"b\":{}} \n",
                "{\"a\":[1,-20,\"x y\",true,false,null],\"b\":{}}");
    expect_tree("\"\"", "\"\"");
    expect_tree("[]", "[]");
    expect_tree("{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}");
    expect_tree("999999999", "999999999");
    static const char *const others[] = {"",
                                         " ",
                                         "[1,]",
                                         "[,1]",
                                         "{\"a\"}",
                                         "{\"a\":}",
                                         "{a:1}",
                                         "[1] x",
                                         "[01]",
                                         "[-0]",
                                         "[1.0]",
                                         "[1e3]",
                                         "1000000000",
                                         "\"\\n\"",
                                         "\"\xc3\xa4\"",
                                         "\"a\tb\"",
                                         "\"open",
                                         "[1",
                                         "{\"a\":1",
                                         "tru",
                                         "nul",
                                         "truex",
                                         "+1",
                                         "-",
                                         "\xef\xbb\xbf[]",
                                         "[\"a\" \"b\"]",
                                         "[1 2]",
                                         "{\"a\":1 \"b\":2}",
                                         "[}",
                                         "{]",
                                         "\f[]"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        expect_tree(others[i], "");
    /* More nodes than the first ones. */
    for (int i = 0; i < 1000; i++)
        strcat(many, i < 999 ? "7," : "7]");
    expect_tree(many, many);
    char deep[80] = "";
    for (int i = 0; i < 33; i++) {
        memset(deep, '[', (size_t)i + 1);
        memset(deep + i + 1, ']', (size_t)i + 1);
        expect_tree(deep, i < 32 ? deep : "");
    }
}

static void test_sha256(void)
{
    char hex[65];
    struct sha256 sha;
    sha256_init(&sha);
    sha256_finish(&sha, hex);
    EXPECT_TEXT(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_init(&sha);
    sha256_add(&sha, "abc", 3);
    sha256_finish(&sha, hex);
    EXPECT_TEXT(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_init(&sha);
    for (int i = 0; i < 1000000; i++)
        sha256_add(&sha, "a", 1);
    sha256_finish(&sha, hex);
    EXPECT_TEXT(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_kinds(void)
{
    size_t count;
    const struct metacall_registry_finding_kind *kinds = metacall_registry_finding_kinds(&count);
    EXPECT(count > 80);
    for (size_t i = 0; i < count; i++) {
        EXPECT(metacall_registry_finding_kind(kinds[i].id) == &kinds[i]);
        EXPECT(kinds[i].summary && *kinds[i].summary);
        EXPECT(kinds[i].why && *kinds[i].why);
    }
    EXPECT(!metacall_registry_finding_kind("no.such") && !metacall_registry_finding_kind(NULL));
}

static void test_names(void)
{
    char tag[MANIFEST_TAG_MAX + 1];
    EXPECT(manifest_tag_of_path("/a/b/moo.loader.json", tag) == 0);
    EXPECT_TEXT(tag, "moo");
    EXPECT(manifest_tag_of_path("moo_1-x.loader.json", tag) == 0);
    EXPECT(manifest_tag_of_path(".loader.json", tag) == -1);
    EXPECT(manifest_tag_of_path("Moo.loader.json", tag) == -1);
    EXPECT(manifest_tag_of_path("moo.json", tag) == -1);
    EXPECT(manifest_tag_of_path("a.b.loader.json", tag) == -1);
    EXPECT(manifest_tag_of_path("a234567890123456789012345678901234.loader.json", tag) == -1);
}

int main(void)
{
    test_versions();
    test_patterns();
    test_json();
    test_tree();
    test_sha256();
    test_kinds();
    test_names();
    return expect_result();
}
