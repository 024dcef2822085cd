# lambdapool_library(name SOURCES ... USES folders/dependencies... PRIVATE_USES ...): one static library
# a folder of src/. USES says which folders it may include and link; tests/unit/layering holds the rest.
function(lambdapool_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
    -Wnull-dereference -Wno-missing-field-initializers)
  if(LAMBDAPOOL_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

function(lambdapool_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES" ${ARGN})
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
  set_property(GLOBAL APPEND PROPERTY LAMBDAPOOL_LIBRARIES lambdapool_${name})
endfunction()
