# lambdapool_program(target [FILES file...]): gives an executable a program id, a hash over its sources, so that
# one build of it serves the calls of another one of the same sources (called from x86-64, deployed for arm64).
#
# Hashed are the target's own sources, all headers under its source directory, and FILES. Both builds must
# use the same compiler, options and definitions; without this function only the very same build is served.
include_guard(GLOBAL)

function(lambdapool_program target)
  cmake_parse_arguments(arg "" "" "FILES" ${ARGN})
  get_target_property(root ${target} SOURCE_DIR)
  get_target_property(sources ${target} SOURCES)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${root}/*.h ${root}/*.hh ${root}/*.hpp ${root}/*.hxx ${root}/*.inl)
  set(script ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/ProgramId.cmake)
  set(files "")
  foreach(file IN LISTS sources headers arg_FILES)
    get_filename_component(file ${file} ABSOLUTE BASE_DIR ${root})
    list(APPEND files ${file})
  endforeach()
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${target}_program_id.cpp)
  string(REPLACE ";" "|" list "${files}")
  add_custom_command(OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} "-DFILES=${list}" -DROOT=${root} -DOUTPUT=${generated} -P ${script}
    DEPENDS ${files} ${script} VERBATIM)
  target_sources(${target} PRIVATE ${generated})
endfunction()
