# SPDX-License-Identifier: Apache-2.0
# Libraries of a made-up runtime, and plugins of it that have one fault each.
set(REGISTRY_FIXTURES ${CMAKE_CURRENT_BINARY_DIR}/fixtures)

# registry_library(<name> FILE <file> [SONAME s] SOURCE s DEFINITIONS ... OPTIONS ... LINK ...)
function(registry_library name)
  cmake_parse_arguments(FIXTURE "" "FILE;SOURCE" "DEFINITIONS;OPTIONS;LINK" ${ARGN})
  add_library(registry_${name} SHARED ${FIXTURE_SOURCE})
  set_target_properties(registry_${name} PROPERTIES PREFIX "" SUFFIX "" NO_SONAME ON
    OUTPUT_NAME ${FIXTURE_FILE} LIBRARY_OUTPUT_DIRECTORY ${REGISTRY_FIXTURES}/${name}
    BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "" SKIP_BUILD_RPATH ON)
  target_compile_definitions(registry_${name} PRIVATE ${FIXTURE_DEFINITIONS})
  target_compile_options(registry_${name} PRIVATE -fno-sanitize=all)
  target_link_options(registry_${name} PRIVATE -fno-sanitize=all -Wl,-z,nodelete
    ${FIXTURE_OPTIONS})
  target_link_libraries(registry_${name} PRIVATE ${FIXTURE_LINK})
  set_property(GLOBAL APPEND PROPERTY REGISTRY_FIXTURE_TARGETS registry_${name})
endfunction()

foreach(version 1.5 1.6 2.0)
  string(REPLACE "." "" digits ${version})
  string(REGEX REPLACE "([0-9]+)[.]([0-9]+)" "0x0\\10\\207f0u" hex ${version})
  registry_library(toy${digits} FILE libtoy.so.${version} SOURCE fixture_toy.c
    DEFINITIONS TOY_VERSION=${hex} OPTIONS -Wl,-soname,libtoy.so.${version})
endforeach()
registry_library(toy_markerless FILE libtoy.so.1.7 SOURCE fixture_toy.c
  DEFINITIONS TOY_VERSION=0x010707f0u TOY_WITHOUT_START OPTIONS -Wl,-soname,libtoy.so.1.7)

function(registry_plugin name)
  registry_library(plugin_${name} FILE libtoy_loader.so SOURCE fixture_plugin.c ${ARGN})
endfunction()
set(linked PLUGIN_USES_RUNTIME)
registry_plugin(good DEFINITIONS ${linked} LINK registry_toy15)
registry_plugin(host DEFINITIONS ${linked} PLUGIN_STRATEGY="host-unresolved")
registry_plugin(host_linked DEFINITIONS ${linked} PLUGIN_STRATEGY="host-unresolved"
  LINK registry_toy15)
registry_plugin(unlinked DEFINITIONS ${linked})
registry_plugin(hookless DEFINITIONS ${linked} PLUGIN_WITHOUT_LOAD LINK registry_toy15)
registry_plugin(data_hook DEFINITIONS ${linked} PLUGIN_DATA_HOOK LINK registry_toy15)
registry_plugin(noteless DEFINITIONS ${linked} PLUGIN_WITHOUT_NOTE LINK registry_toy15)
registry_plugin(other_tag DEFINITIONS ${linked} PLUGIN_TAG="cow" LINK registry_toy15)
registry_plugin(other_strategy DEFINITIONS ${linked} PLUGIN_STRATEGY="host-unresolved"
  LINK registry_toy15)
registry_plugin(other_interface DEFINITIONS ${linked} PLUGIN_MAJOR="9" LINK registry_toy15)
registry_plugin(undefined DEFINITIONS ${linked} PLUGIN_USES_NOBODY LINK registry_toy15)
registry_plugin(stack DEFINITIONS ${linked} OPTIONS -Wl,-z,execstack LINK registry_toy15)
registry_plugin(lazy DEFINITIONS ${linked} OPTIONS -Wl,-z,lazy LINK registry_toy15)
registry_plugin(no_relro DEFINITIONS ${linked} OPTIONS -Wl,-z,norelro LINK registry_toy15)
registry_plugin(no_build_id DEFINITIONS ${linked} OPTIONS -Wl,--build-id=none LINK registry_toy15)
registry_plugin(runpath_relative DEFINITIONS ${linked} OPTIONS -Wl,-rpath,lib
  LINK registry_toy15)
registry_plugin(runpath_empty DEFINITIONS ${linked} OPTIONS -Wl,-rpath,/usr/lib: -Wl,--enable-new-dtags
  LINK registry_toy15)
foreach(size 64 65 512 513)
  registry_plugin(tls_${size} DEFINITIONS ${linked} PLUGIN_TLS=${size} LINK registry_toy15)
endforeach()
registry_plugin(other_runtime DEFINITIONS ${linked} PLUGIN_RUNTIME="2.1" LINK registry_toy15)
registry_plugin(no_runtime DEFINITIONS ${linked} PLUGIN_RUNTIME="" LINK registry_toy15)
get_property(REGISTRY_FIXTURE_TARGETS GLOBAL PROPERTY REGISTRY_FIXTURE_TARGETS)
