# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
# The node loader, of the same sources, over the libnode of a newer Debian: from a manifest of its
# own, in programs that run with that Debian's C library.

# The linked plugin over that libnode, in `stage`; its manifest in loaders.d below it.
function(metacall_add_newer_plugin target libnode headers major stage)
  get_target_property(sources node_loader SOURCES)
  get_target_property(folder node_loader SOURCE_DIR)
  get_target_property(binaries node_loader BINARY_DIR)
  list(FILTER sources EXCLUDE REGEX "_notes\\.c$")
  list(TRANSFORM sources PREPEND ${folder}/ REGEX "^[^/]")
  file(READ ${binaries}/node_loader_notes.c notes)
  string(REGEX REPLACE "asciz \\\\\"18[.0-9]+" "asciz \\\\\"${major}.0.0" notes "${notes}")
  file(CONFIGURE OUTPUT ${target}_notes.c CONTENT "${notes}" @ONLY)
  set_source_files_properties(${binaries}/node_bootstrap.c PROPERTIES GENERATED TRUE)
  add_library(${target} MODULE ${sources} ${CMAKE_CURRENT_BINARY_DIR}/${target}_notes.c)
  add_dependencies(${target} node_bootstrap)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME node_loader
    LIBRARY_OUTPUT_DIRECTORY ${stage} CXX_STANDARD 20 BUILD_WITH_INSTALL_RPATH ON
    INSTALL_RPATH ${METACALL_STAGE_DIR}/${METACALL_LIB_SUBDIR})
  target_compile_definitions(${target} PRIVATE METACALL_LOADER_TAG="node"
    METACALL_LOADER_LINKED=1 NAPI_VERSION=8)
  target_include_directories(${target} PRIVATE ${folder})
  target_include_directories(${target} SYSTEM BEFORE PRIVATE ${headers}/node
    ${headers}/nodejs/deps/uv/include)
  target_link_libraries(${target} PRIVATE metacall_headers metacall Threads::Threads ${libnode})
  target_link_options(${target} PRIVATE -Wl,-z,nodelete -Wl,--allow-shlib-undefined
    -Wl,--version-script=${binaries}/node_loader.map)
  file(READ ${METACALL_STAGE_DIR}/${METACALL_MANIFESTS_SUBDIR}/node.loader.json manifest)
  string(REPLACE "\"libnode_loader.so\"" "\"${stage}/libnode_loader.so\"" manifest "${manifest}")
  string(REPLACE "\"../ports/node\"" "\"${METACALL_STAGE_DIR}/${METACALL_NODE_SUBDIR}\"" manifest
    "${manifest}")
  file(CONFIGURE OUTPUT ${stage}/loaders.d/node.loader.json CONTENT "${manifest}" @ONLY)
endfunction()

# The programs that embed Node, with the plugin in `stage`.
function(metacall_add_newer_tests abi suite libnode stage)
  get_filename_component(libraries ${libnode} DIRECTORY)
  foreach(case "calls;embed_calls;0;1;ok" "objects;embed_objects;0;1;ok" "loop;embed_loop;0;1;1|ok"
      "memory;embed_memory;0;1;ok;50" "exit;embed_exit;7;3;ok;exit" "busy;embed_exit;7;3;ok;busy"
      "fork;embed_exit;7;3;ok;fork")
    list(POP_FRONT case name program code rounds out)
    add_test(NAME host.c-libnode${abi}.${name}
      COMMAND ${METACALL_TEST_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/run_embed.py
        ${code} ${rounds} ${out}
        ${METACALL_DEPS_DIR}/${suite}/usr/lib64/ld-linux-x86-64.so.2 --library-path
        ${libraries}:${METACALL_STAGE_DIR}/${METACALL_LIB_SUBDIR}:/usr/lib/x86_64-linux-gnu
        $<TARGET_FILE:${program}> ${case})
    set_tests_properties(host.c-libnode${abi}.${name} PROPERTIES LABELS host TIMEOUT 240
      ENVIRONMENT "METACALL_REGISTRY_PATH=${stage}/loaders.d;METACALL_NODE_LIBRARY=${libnode}")
  endforeach()
endfunction()

# That Node inside of a Python of the same Debian.
function(metacall_add_newer_python_tests abi host program libnode stage)
  foreach(module node node_values)
    set(name host.${host}-libnode${abi}.${module})
    add_test(NAME ${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/run_host.sh
      ${METACALL_DEPS_DIR}/hosts/${host}/bin/${program}
      ${CMAKE_SOURCE_DIR}/tests/hosts/python/run.py test_${module})
    set_tests_properties(${name} PROPERTIES LABELS host TIMEOUT 300 SKIP_RETURN_CODE 77
      ENVIRONMENT "${node_environment};PYTHONDONTWRITEBYTECODE=1;METACALL_TEST_GUEST=;\
METACALL_REGISTRY_ADD_PATH=${stage}/loaders.d;METACALL_NODE_LIBRARY=${libnode}")
  endforeach()
endfunction()

function(metacall_add_newer_libnode abi major suite python)
  set(libnode ${METACALL_DEPS_DIR}/${suite}/usr/lib/x86_64-linux-gnu/libnode.so.${abi})
  set(headers ${METACALL_DEPS_DIR}/${suite}/usr/include)
  if(NOT EXISTS ${libnode} OR NOT EXISTS ${headers}/node/node.h)
    return()
  endif()
  set(stage ${CMAKE_CURRENT_BINARY_DIR}/libnode${abi})
  metacall_add_newer_plugin(node_loader_${abi} ${libnode} ${headers} ${major} ${stage})
  metacall_add_newer_tests(${abi} ${suite} ${libnode} ${stage})
  if(TARGET metacall_python_port)
    string(REGEX MATCH "^[a-z0-9.]+" program ${python})
    metacall_add_newer_python_tests(${abi} ${python} ${program} ${libnode} ${stage})
  endif()
endfunction()

if(TARGET embed_calls AND NOT METACALL_SANITIZE)
  metacall_add_newer_libnode(115 20 trixie python3.13-trixie)
  metacall_add_newer_libnode(137 24 forky python3.14-static)
endif()
