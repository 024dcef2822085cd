# lambdapool_embed(TARGET name FILE path): puts a file's bytes into TARGET, readable through
# `std::string_view lambdapool::embedded::<name>()` declared in "embedded/<name>.hpp".
function(lambdapool_embed target)
  cmake_parse_arguments(arg "" "NAME;FILE" "" ${ARGN})
  set(dir ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  set(LAMBDAPOOL_EMBED_NAME ${arg_NAME})
  set(LAMBDAPOOL_EMBED_FILE ${arg_FILE})
  configure_file(${PROJECT_SOURCE_DIR}/cmake/embedded.c.in ${dir}/${arg_NAME}.c @ONLY)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/embedded.hpp.in ${dir}/${arg_NAME}.hpp @ONLY)
  set_source_files_properties(${dir}/${arg_NAME}.c PROPERTIES
    OBJECT_DEPENDS ${arg_FILE} SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(${target} PRIVATE ${dir}/${arg_NAME}.c)
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
endfunction()
