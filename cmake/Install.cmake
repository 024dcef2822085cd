# `cmake --install build --prefix P`: the public headers, the static libraries and the shared one, the program, and the
# package file by which `find_package(lambdapool)` gives lambdapool::lambdapool, lambdapool::shared and
# lambdapool_program(target); the same for pkg-config. As components `development`, `shared` (the library as programs
# load it) and `program` (Packages.cmake makes .deb files of them). With BUILD_SHARED_LIBS there are no static libraries.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/lambdapool)
get_property(libraries GLOBAL PROPERTY LAMBDAPOOL_LIBRARIES)

add_custom_target(lambdapool_libraries)
install(TARGETS lambdapool EXPORT lambdapoolTargets)
if(NOT BUILD_SHARED_LIBS)
  add_dependencies(lambdapool_libraries ${libraries})
  install(TARGETS ${libraries} EXPORT lambdapoolTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
endif()
if(LAMBDAPOOL_SHARED)
  add_dependencies(lambdapool_libraries lambdapool_shared)
  install(TARGETS lambdapool_shared EXPORT lambdapoolTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    COMPONENT shared NAMELINK_COMPONENT development)
endif()
install(EXPORT lambdapoolTargets NAMESPACE lambdapool:: DESTINATION ${package_dir} COMPONENT development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/lambdapool DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT development)
install(TARGETS lambdapool_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/lambdapoolConfig.cmake.in
  ${PROJECT_BINARY_DIR}/lambdapoolConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/lambdapoolConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/lambdapoolConfig.cmake
  ${PROJECT_BINARY_DIR}/lambdapoolConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/Dependencies.cmake
  ${PROJECT_SOURCE_DIR}/cmake/Program.cmake
  ${PROJECT_SOURCE_DIR}/cmake/ProgramId.cmake
  DESTINATION ${package_dir} COMPONENT development)

# For pkg-config: the archives as one group, and what they were built with, in the form that was found (archives).
set(pc_static "-Wl,--start-group")
foreach(library IN LISTS libraries)
  string(APPEND pc_static " -l${library}")
endforeach()
string(APPEND pc_static " -Wl,--end-group")
foreach(library IN ITEMS ssl crypto sqlite3 deflate minizip z)
  if(LAMBDAPOOL_LIBRARY_${library} MATCHES "\\.a$")
    string(APPEND pc_static " -l:lib${library}.a")
  else()
    string(APPEND pc_static " -l${library}")
  endif()
endforeach()
string(APPEND pc_static " -pthread -ldl -lm")
file(RELATIVE_PATH pc_to_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)

function(lambdapool_pkg_config name pc_libraries)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/lambdapool.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
endfunction()
if(BUILD_SHARED_LIBS)
  lambdapool_pkg_config(lambdapool -llambdapool)
else()
  lambdapool_pkg_config(lambdapool "${pc_static}")
  if(LAMBDAPOOL_SHARED)
    lambdapool_pkg_config(lambdapool-shared -llambdapool)
  endif()
endif()
