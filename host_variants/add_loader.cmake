# SPDX-License-Identifier: Apache-2.0
# metacall_add_loader: every variant of a loader, from one source list.
#
#   metacall_add_loader(<tag>
#     SOURCES <file>...            of every variant
#     [LINKED_SOURCES <file>...]   of the linked variant alone (the embedder)
#     [HOST_SOURCES <file>...]     of the host-unresolved variant alone
#     [RUNTIME <target>]           imported target of the runtime: its include folders and
#                                  definitions in every variant, its library in `linked` alone
#     [NEEDED <soname>]            `linked` gets this DT_NEEDED in place of RUNTIME's own library
#                                  (libpython3.so: one plugin for every minor version)
#     [RUNTIME_VERSION <version>]  what it was built against, for the ABI note
#     [SONAMES <soname>...]        libraries that serve as the runtime, for .note.dlopen; default
#                                  NEEDED, else the SONAME or file name of RUNTIME
#     [DESCRIPTION <text>]         of the runtime, for .note.dlopen
#     STRATEGIES <linked|host-unresolved|interposed>...   (interposed opens the linked file)
#     [MANIFEST <file>]            default manifests/<tag>.loader.json[.in]; @VAR@ are filled in
#     [LIBRARIES <library>...])    further libraries of every variant
#
# Makes the targets <tag>_loader (lib<tag>_loader.so, METACALL_LOADER_LINKED=1) and
# <tag>_loader_host (lib<tag>_loader_host.so, METACALL_LOADER_HOST=1) in the staged tree, stages the
# manifest, registers the CTest `check.<tag>` and the install rules. The manifest template sees
# @METACALL_PLUGIN_LINKED@ and @METACALL_PLUGIN_HOST@ (file names), @METACALL_RUNTIME_VERSION@,
# @PROJECT_VERSION@ and every variable of the caller.

# A library without symbols that carries one SONAME, to link against.
function(metacall_add_soname_stub target soname)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${target}.c)
  file(CONFIGURE OUTPUT ${source} CONTENT "extern int metacall_soname_stub;\n")
  add_library(${target} SHARED ${source})
  set_target_properties(${target} PROPERTIES
    PREFIX "" SUFFIX "" OUTPUT_NAME ${soname}
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/${target})
  target_link_options(${target} PRIVATE -nostdlib -fno-sanitize=all)
endfunction()

# The SONAME of an imported target, or the name of its file.
function(metacall_runtime_soname target ret_soname)
  set(soname "")
  get_target_property(aliased ${target} ALIASED_TARGET)
  if(aliased)
    set(target ${aliased})
  endif()
  foreach(property IMPORTED_SONAME IMPORTED_LOCATION)
    get_target_property(value ${target} ${property})
    if(value AND NOT soname)
      file(REAL_PATH ${value} value)
      get_filename_component(soname ${value} NAME)
    endif()
  endforeach()
  set(${ret_soname} "${soname}" PARENT_SCOPE)
endfunction()

# The note that tells packagers which libraries the plugin's runtime is opened from.
function(metacall_dlopen_note tag description sonames ret_source)
  list(JOIN sonames "\\\\\\\",\\\\\\\"" list)
  set(json "[{\\\\\\\"feature\\\\\\\":\\\\\\\"${tag}\\\\\\\",")
  string(APPEND json "\\\\\\\"description\\\\\\\":\\\\\\\"${description}\\\\\\\",")
  string(APPEND json "\\\\\\\"priority\\\\\\\":\\\\\\\"recommended\\\\\\\",")
  string(APPEND json "\\\\\\\"soname\\\\\\\":[\\\\\\\"${list}\\\\\\\"]}]")
  set(${ret_source} "
__asm__(\".pushsection .note.dlopen,\\\"a\\\",%note\\n\"
        \".balign 4\\n\"
        \".4byte 892f - 891f, 894f - 893f, 0x407c0c0a\\n\"
        \"891: .asciz \\\"FDO\\\"\\n\"
        \"892: .balign 4\\n\"
        \"893: .asciz \\\"${json}\\\"\\n\"
        \"894: .balign 4\\n\"
        \".popsection\\n\");
" PARENT_SCOPE)
endfunction()

# One variant. `suffix` is "" or "_host"; reads the LOADER_* arguments of its caller.
function(metacall_add_loader_variant tag strategy suffix)
  set(target ${tag}_loader${suffix})
  set(plugin_file lib${target}.so)
  set(runtime_version "${LOADER_RUNTIME_VERSION}")
  set(dlopen_note "")
  if(strategy STREQUAL linked AND LOADER_SONAMES)
    metacall_dlopen_note(${tag} "${LOADER_DESCRIPTION}" "${LOADER_SONAMES}" dlopen_note)
  endif()
  set(notes ${CMAKE_CURRENT_BINARY_DIR}/${target}_notes.c)
  configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin_notes.c.in ${notes} @ONLY)

  add_library(${target} MODULE ${LOADER_SOURCES} ${ARGN} ${notes})
  file(RELATIVE_PATH up /${METACALL_LOADERS_SUBDIR} /${METACALL_LIB_SUBDIR})
  string(REGEX REPLACE "/$" "" up "${up}")
  set_target_properties(${target} PROPERTIES
    PREFIX lib SUFFIX .so OUTPUT_NAME ${target} DEBUG_POSTFIX ""
    LIBRARY_OUTPUT_DIRECTORY ${METACALL_STAGE_DIR}/${METACALL_LOADERS_SUBDIR}
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH_USE_LINK_PATH OFF
    INSTALL_RPATH "$ORIGIN/${up}")
  target_compile_definitions(${target} PRIVATE METACALL_LOADER_TAG="${tag}")
  target_link_libraries(${target} PRIVATE
    metacall_headers $<TARGET_NAME_IF_EXISTS:metacall> ${LOADER_LIBRARIES})
  # C++ templates would come out whatever the visibility: the hooks alone are exported.
  string(REPLACE - _ hooks ${tag}_loader_)
  set(exports ${CMAKE_CURRENT_BINARY_DIR}/${target}.map)
  file(CONFIGURE OUTPUT ${exports} CONTENT "{ global: ${hooks}*; local: *; };\n")
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${exports})
  target_link_options(${target} PRIVATE -Wl,--version-script=${exports}
    -Wl,-z,relro,-z,now,-z,nodelete,-z,noexecstack -Wl,--enable-new-dtags)
  if(LOADER_RUNTIME AND (LOADER_NEEDED OR NOT strategy STREQUAL linked))
    target_include_directories(${target} SYSTEM PRIVATE
      $<TARGET_PROPERTY:${LOADER_RUNTIME},INTERFACE_INCLUDE_DIRECTORIES>)
    target_compile_definitions(${target} PRIVATE
      $<TARGET_PROPERTY:${LOADER_RUNTIME},INTERFACE_COMPILE_DEFINITIONS>)
  elseif(LOADER_RUNTIME)
    target_link_libraries(${target} PRIVATE ${LOADER_RUNTIME})
  endif()
  if(strategy STREQUAL linked)
    target_compile_definitions(${target} PRIVATE METACALL_LOADER_LINKED=1)
    if(LOADER_NEEDED)
      target_link_options(${target} PRIVATE -Wl,--no-as-needed)
      target_link_libraries(${target} PRIVATE ${tag}_loader_soname)
    endif()
  else()
    target_compile_definitions(${target} PRIVATE METACALL_LOADER_HOST=1)
  endif()
  install(TARGETS ${target} LIBRARY DESTINATION ${METACALL_LOADERS_SUBDIR})
endfunction()

# Fills in and stages the manifest; `check.<tag>` proves it against the plugins.
function(metacall_stage_manifest tag file)
  set(METACALL_PLUGIN_LINKED lib${tag}_loader.so)
  set(METACALL_PLUGIN_HOST lib${tag}_loader_host.so)
  set(METACALL_RUNTIME_VERSION "${LOADER_RUNTIME_VERSION}")
  set(staged ${METACALL_STAGE_DIR}/${METACALL_MANIFESTS_SUBDIR}/${tag}.loader.json)
  configure_file(${file} ${staged} @ONLY)
  install(FILES ${staged} DESTINATION ${METACALL_MANIFESTS_SUBDIR})
  if(METACALL_BUILD_TESTS)
    cmake_language(EVAL CODE "cmake_language(DEFER DIRECTORY [[${CMAKE_SOURCE_DIR}]]
      CALL metacall_add_check_test [[${tag}]] [[${staged}]])")
  endif()
endfunction()

# The tools come after the loaders, hence the deferred call.
function(metacall_add_check_test tag manifest)
  if(TARGET metacall_registry_cli)
    add_test(NAME check.${tag} COMMAND metacall_registry_cli check ${manifest})
    set_tests_properties(check.${tag} PROPERTIES LABELS integration)
  endif()
endfunction()

function(metacall_add_loader tag)
  cmake_parse_arguments(PARSE_ARGV 1 LOADER "" "RUNTIME;NEEDED;RUNTIME_VERSION;DESCRIPTION;MANIFEST"
    "SOURCES;LINKED_SOURCES;HOST_SOURCES;SONAMES;STRATEGIES;LIBRARIES")
  if(LOADER_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "metacall_add_loader(${tag}): unknown ${LOADER_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT tag MATCHES "^[a-z][a-z0-9_-]*$" OR NOT LOADER_STRATEGIES)
    message(FATAL_ERROR "metacall_add_loader(${tag}): a tag like `py` and STRATEGIES are needed")
  endif()
  foreach(strategy IN LISTS LOADER_STRATEGIES)
    if(NOT strategy MATCHES "^(linked|host-unresolved|interposed)$")
      message(FATAL_ERROR "metacall_add_loader(${tag}): no strategy is called ${strategy}")
    endif()
  endforeach()
  if(NOT LOADER_DESCRIPTION)
    set(LOADER_DESCRIPTION "The runtime of the ${tag} loader")
  endif()
  if(NOT LOADER_SONAMES AND LOADER_NEEDED)
    set(LOADER_SONAMES ${LOADER_NEEDED})
  elseif(NOT LOADER_SONAMES AND LOADER_RUNTIME)
    metacall_runtime_soname(${LOADER_RUNTIME} LOADER_SONAMES)
  endif()

  if("linked" IN_LIST LOADER_STRATEGIES OR "interposed" IN_LIST LOADER_STRATEGIES)
    if(LOADER_NEEDED)
      metacall_add_soname_stub(${tag}_loader_soname ${LOADER_NEEDED})
    endif()
    metacall_add_loader_variant(${tag} linked "" ${LOADER_LINKED_SOURCES})
  endif()
  if("host-unresolved" IN_LIST LOADER_STRATEGIES)
    metacall_add_loader_variant(${tag} host-unresolved _host ${LOADER_HOST_SOURCES})
  endif()

  set(manifest "${LOADER_MANIFEST}")
  if(manifest)
    get_filename_component(manifest ${manifest} ABSOLUTE)
  else()
    foreach(candidate ${tag}.loader.json ${tag}.loader.json.in)
      if(EXISTS ${CMAKE_SOURCE_DIR}/manifests/${candidate})
        set(manifest ${CMAKE_SOURCE_DIR}/manifests/${candidate})
      endif()
    endforeach()
  endif()
  if(manifest)
    metacall_stage_manifest(${tag} ${manifest})
  else()
    message(WARNING "metacall_add_loader(${tag}): no manifests/${tag}.loader.json[.in]")
  endif()
endfunction()
