# `cmake --install build --prefix P`: the public headers, the static libraries, the program, and the package
# file by which `find_package(lambdapool)` gives lambdapool::lambdapool and lambdapool_program(target); the same for
# pkg-config. As component `development`, and the program as `program` (Packages.cmake makes .deb files of them).
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/lambdapool)
get_property(libraries GLOBAL PROPERTY LAMBDAPOOL_LIBRARIES)

add_custom_target(lambdapool_libraries DEPENDS ${libraries})
install(TARGETS lambdapool ${libraries} EXPORT lambdapoolTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  COMPONENT development)
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
set(pc_libraries "")
foreach(library IN LISTS libraries)
  string(APPEND pc_libraries " -l${library}")
endforeach()
set(pc_dependencies "")
foreach(library IN ITEMS ssl crypto sqlite3 minizip z)
  if(LAMBDAPOOL_LIBRARY_${library} MATCHES "\\.a$")
    string(APPEND pc_dependencies " -l:lib${library}.a")
  else()
    string(APPEND pc_dependencies " -l${library}")
  endif()
endforeach()
file(RELATIVE_PATH pc_to_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(${PROJECT_SOURCE_DIR}/cmake/lambdapool.pc.in ${PROJECT_BINARY_DIR}/lambdapool.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/lambdapool.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
