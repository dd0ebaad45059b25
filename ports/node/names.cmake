# SPDX-License-Identifier: Apache-2.0
# Writes the ES module of the port from the names that index.js exports: SOURCE, OUTPUT.
file(READ ${SOURCE} text)
string(FIND "${text}" "\nmodule.exports = {" at)
if(at LESS 0)
  message(FATAL_ERROR "${SOURCE} has no list of exports that could be read")
endif()
string(SUBSTRING "${text}" ${at} -1 text)
string(REGEX MATCHALL "\n  [A-Za-z_]+," names "${text}")
string(REGEX MATCHALL "\n  get [A-Za-z_]+" classes "${text}")
string(REPLACE ";" "" names "${names}")
set(stands)
foreach(class IN LISTS classes)
  string(REGEX REPLACE "\n  get " "" class "${class}")
  string(APPEND stands "export const ${class} = later('${class}');\n")
endforeach()
file(WRITE ${OUTPUT} "// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// import ... from 'metacall': the same module, by name. Generated from index.js.
import metacallModule from './index.js';

// A class that the library itself makes: asked for when it is first looked at.
const later = (name) => new Proxy(function () {}, {
  get: (_, key) => Reflect.get(metacallModule[name], key),
  construct: (_, args) => Reflect.construct(metacallModule[name], args),
});

${stands}export const {${names}
} = metacallModule;
export default metacallModule;
")
