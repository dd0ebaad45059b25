# SPDX-License-Identifier: Apache-2.0
# cmake -DCOUNT=1000 -DFOLDER=<build folder> -P generate.cmake: a provider of COUNT functions and 200
# variables, and a plugin that refers to all of them, calling each function and holding pointers to
# some in its data.
set(provider "")
set(names "")
set(calls "")
set(pointers "")
math(EXPR last "${COUNT} - 1")
foreach(i RANGE ${last})
  string(APPEND provider "int rebind_function_${i}(void) { return ${i}; }\n")
  string(APPEND names "extern int rebind_function_${i}(void);\n")
  string(APPEND calls "  sum += rebind_function_${i}();\n")
  math(EXPR rest "${i} % 4")
  if(rest EQUAL 0)
    string(APPEND pointers "  rebind_function_${i},\n")
  endif()
endforeach()
set(data "")
set(data_pointers "")
foreach(i RANGE 199)
  string(APPEND provider "int rebind_data_${i} = ${i};\n")
  string(APPEND names "extern int rebind_data_${i};\n")
  string(APPEND data "  sum += rebind_data_${i};\n")
  string(APPEND data_pointers "  &rebind_data_${i},\n")
endforeach()
file(WRITE ${FOLDER}/provider_${COUNT}.c "${provider}")
file(WRITE ${FOLDER}/plugin_${COUNT}.c "${names}
int (*const functions[])(void) = {\n${pointers}};
int *const variables[] = {\n${data_pointers}};
long rebind_sum(void);
long rebind_sum(void)\n{\n  long sum = 0;\n${calls}${data}  return sum;\n}\n")
