function(lambdapool_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow
    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor> $<$<COMPILE_LANGUAGE:CXX>:-Woverloaded-virtual>
    -Wno-missing-field-initializers)
  if(LAMBDAPOOL_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# lambdapool_unity(target [count]): the target's sources are compiled `count` at a time (all at once without it),
# which takes a third of the time, since most of a unit's cost is its headers. So the names in anonymous namespaces
# are unique in a target. LAMBDAPOOL_UNITY=OFF, the preset dev, compiles each source alone.
function(lambdapool_unity target)
  set(count 0)
  if(ARGC GREATER 1)
    set(count ${ARGV1})
  endif()
  if(LAMBDAPOOL_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${count})
    # Both take the sources of a unit for one; the build of single sources has them.
    target_compile_options(${target} PRIVATE -Wno-shadow $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()

# lambdapool_seldom(target): what it does is no part of a task's way, so it is optimised as far as that costs little:
# three quarters of the time to compile, and no larger. In a wheel, whose size counts, for that.
function(lambdapool_seldom target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:$<IF:$<BOOL:${SKBUILD}>,-Os,-O1>>)
endfunction()

# lambdapool_library(name [SELDOM] [UNITY count] SOURCES ... USES folders/dependencies...): one static library
# a folder of src/. USES says which folders it may include and link; tests/test_layering.py holds the rest.
function(lambdapool_library name)
  cmake_parse_arguments(arg "SELDOM" "UNITY" "SOURCES;USES" ${ARGN})
  add_library(lambdapool_${name} STATIC ${arg_SOURCES})
  add_library(lambdapool::${name} ALIAS lambdapool_${name})
  target_include_directories(lambdapool_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(lambdapool_${name} PUBLIC ${arg_USES})
  set_target_properties(lambdapool_${name} PROPERTIES EXPORT_NAME ${name})
  target_compile_definitions(lambdapool_${name} PRIVATE LAMBDAPOOL_VERSION="${PROJECT_VERSION}")
  lambdapool_warnings(lambdapool_${name})
  lambdapool_unity(lambdapool_${name} ${arg_UNITY})
  if(arg_SELDOM)
    lambdapool_seldom(lambdapool_${name})
  endif()
  set_property(GLOBAL APPEND PROPERTY LAMBDAPOOL_LIBRARIES lambdapool_${name})
endfunction()

# lambdapool_test(name [UNITY count] SOURCES ... USES ...): a GoogleTest program; each of its tests is a ctest test.
# Tests stand beside what they test, as <noun>_test.cpp.
if(LAMBDAPOOL_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
function(lambdapool_test name)
  if(NOT LAMBDAPOOL_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "" "UNITY" "SOURCES;USES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_USES} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_compile_definitions(${name} PRIVATE LAMBDAPOOL_VERSION="${PROJECT_VERSION}")
  lambdapool_warnings(${name})
  lambdapool_unity(${name} ${arg_UNITY})
  lambdapool_seldom(${name})
  gtest_discover_tests(${name} PROPERTIES TIMEOUT 900 DISCOVERY_TIMEOUT 120)
endfunction()

# lambdapool_test_program(name SOURCES ... USES ...): build/tests/lambdapool_<name>, which a Python test runs.
function(lambdapool_test_program name)
  if(NOT LAMBDAPOOL_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "SOURCES;USES" ${ARGN})
  add_executable(lambdapool_${name} ${arg_SOURCES})
  target_link_libraries(lambdapool_${name} PRIVATE ${arg_USES})
  set_target_properties(lambdapool_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  lambdapool_warnings(lambdapool_${name})
endfunction()
