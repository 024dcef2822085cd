# lambdapool::shared: all of the library, with the archives that it is built with, as one shared library. A program's
# package takes it along. Programs see of it what the public headers declare (exports.map).
if(NOT LAMBDAPOOL_SHARED)
  return()
endif()
add_library(lambdapool_shared SHARED $<TARGET_OBJECTS:lambdapool_api> $<TARGET_OBJECTS:lambdapool_runtime>)
add_library(lambdapool::shared ALIAS lambdapool_shared)
foreach(part IN ITEMS lambdapool_api lambdapool_runtime)
  get_target_property(uses ${part} LINK_LIBRARIES)
  target_link_libraries(lambdapool_shared PRIVATE ${uses})
endforeach()
target_include_directories(lambdapool_shared INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(lambdapool_shared INTERFACE cxx_std_20)
set(exports ${PROJECT_SOURCE_DIR}/src/api/exports.map)
target_link_options(lambdapool_shared INTERFACE LINKER:--build-id
  PRIVATE LINKER:--build-id LINKER:--version-script=${exports} LINKER:-z,defs)
# Patch releases fit the programs of each other.
set_target_properties(lambdapool_shared PROPERTIES OUTPUT_NAME lambdapool EXPORT_NAME shared LINKER_LANGUAGE CXX
  LINK_DEPENDS ${exports} VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
