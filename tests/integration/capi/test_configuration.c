/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Deployments: metacall.json, one or several, all or nothing. */
#include "capi.h"

static void refused(const char *path, const char *label, const char *part)
{
    CHECK(metacall_load_from_configuration(path, NULL, NULL) != 0);
    CHECK_ERROR(label, part);
    CHECK(metacall_function("two_doubles") == NULL);
    metacall_error_clear();
}

int main(void)
{
    void *handle = NULL;
    CHECK(metacall_initialize() == 0);
    refused(SCRIPTS "/missing.json", "NOT_FOUND", "no_such.mock");
    refused(SCRIPTS "/bad_id.json", "LOAD", "\"language_id\" must be a string");
    refused(SCRIPTS "/bad_script.json", "LOAD", "element 0 of \"scripts\" is no string");
    refused(SCRIPTS "/bad_json.json", "LOAD",
            "bad_json.json: JSON:2:25: expected a name in quotes");
    refused(SCRIPTS "/none.json", "NOT_FOUND", "none.json");
    refused(SCRIPTS, "LOAD", "is no file");
    refused(NULL, "ARGUMENT", "NULL");

    CHECK(metacall_load_from_configuration(SCRIPTS "/metacall.json", NULL, NULL) == 0);
    CHECK_JSON(metacall("two_doubles", 1.0, 2.0), "3.0");
    CHECK_JSON(metacall("only_here", 3L), "6");
    CHECK(metacall_clear(metacall_handle("mock", "other")) == 0);

    CHECK(metacall_load_from_configuration(SCRIPTS "/several.json", &handle, NULL) == 0);
    CHECK(metacall_handle_function(handle, "only_here") != NULL);
    CHECK(metacall_handle_function(handle, "packed") != NULL);
    CHECK(metacall_function("packed") == NULL);
    CHECK(metacall_clear(handle) == 0);
    CHECK(metacall_destroy() == 0);
    return capi_result();
}
