# `cmake --install build --prefix P`: the public headers, the static libraries, the program, and the package
# file by which `find_package(lambdapool)` gives lambdapool::lambdapool and lambdapool_program(target).
include(CMakePackageConfigHelpers)


set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/lambdapool)
get_property(libraries GLOBAL PROPERTY LAMBDAPOOL_LIBRARIES)

install(TARGETS lambdapool ${libraries} EXPORT lambdapoolTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT lambdapoolTargets NAMESPACE lambdapool:: DESTINATION ${package_dir})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/lambdapool DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS lambdapool_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

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
  DESTINATION ${package_dir})
