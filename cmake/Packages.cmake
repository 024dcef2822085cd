# `make debs`: .deb files by CPack, `lambdapool` (the program), `liblambdapool0.10` (the shared library, named after its
# soname) and `liblambdapool-dev` (headers and libraries).
set(soversion ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set(shared_package liblambdapool${soversion})
set(documents ${PROJECT_BINARY_DIR}/debian)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME lambdapool)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "lambdapool's maintainers <maintainers@lambdapool.invalid>" CACHE STRING
  "Maintainer, as the packages name them")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_SOURCE_DIR}/dist)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
  WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL program shared development)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME lambdapool)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "ca-certificates, python3")
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION "The program lambdapool deploys Python modules and C++ executables as
 functions, shows their logs, and has a complete local Lambda inside.")

set(CPACK_DEBIAN_SHARED_PACKAGE_NAME ${shared_package})
set(CPACK_DEBIAN_SHARED_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_SHARED_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_SHARED_PACKAGE_RECOMMENDS "ca-certificates")
# What programs that are linked with it depend on, and that the loader is told of it.
file(WRITE ${documents}/shlibs "liblambdapool ${soversion} ${shared_package} (>= ${PROJECT_VERSION})\n")
file(WRITE ${documents}/triggers "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_SHARED_PACKAGE_CONTROL_EXTRA ${documents}/shlibs ${documents}/triggers)
set(CPACK_COMPONENT_SHARED_DESCRIPTION "The library that C++ programs load whose tasks run on AWS Lambda or on this
 machine.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME liblambdapool-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "${shared_package} (= ${PROJECT_VERSION}-1), libssl-dev, libsqlite3-dev, zlib1g-dev, libdeflate-dev, libminizip-dev")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SUGGESTS "lambdapool")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "Headers, libraries, and files for CMake and pkg-config, of pools and
 executors whose tasks run on AWS Lambda or on this machine.")

# What Debian's policy asks of each package: licence, changes and, of a program, a manual page (of its own help).
find_program(GZIP gzip)
find_program(HELP2MAN help2man)
mark_as_advanced(GZIP HELP2MAN)
file(WRITE ${documents}/copyright "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: lambdapool

Files: *
Copyright: 2026 lambdapool's contributors
License: Apache-2.0
 On Debian systems the text of the Apache License 2.0 is in
 /usr/share/common-licenses/Apache-2.0.
")
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${documents}/changelog.Debian "lambdapool (${PROJECT_VERSION}-1) unstable; urgency=medium

  * Release ${PROJECT_VERSION}; CHANGELOG.md says what is new.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
# What lintian need not hold against them: they are not for Debian's own archive, and a program that starts in
# milliseconds anywhere has its libraries inside.
foreach(package IN ITEMS lambdapool ${shared_package} liblambdapool-dev)
  file(WRITE ${documents}/overrides/${package} "${package}: initial-upload-closes-no-bugs *\n")
endforeach()
foreach(package IN ITEMS lambdapool ${shared_package})
  file(APPEND ${documents}/overrides/${package} "${package}: embedded-library *\n")
endforeach()
# CPack writes scripts that call ldconfig, which the trigger does already.
file(APPEND ${documents}/overrides/${shared_package} "${shared_package}: maintscript-calls-ldconfig *\n")
add_custom_target(debian_documents
  COMMAND ${GZIP} -9nkf ${documents}/changelog.Debian
  COMMAND ${HELP2MAN} --no-info --version-string ${PROJECT_VERSION}
    --name "run functions on AWS Lambda like a process pool" --output ${documents}/lambdapool.1
    $<TARGET_FILE:lambdapool_cli>
  COMMAND ${GZIP} -9nf ${documents}/lambdapool.1
  DEPENDS lambdapool_cli VERBATIM)
install(FILES ${documents}/lambdapool.1.gz DESTINATION share/man/man1 COMPONENT program)
foreach(component IN ITEMS program shared development)
  string(TOUPPER ${component} upper)
  set(package ${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  install(FILES ${documents}/copyright ${documents}/changelog.Debian.gz DESTINATION share/doc/${package}
    COMPONENT ${component})
  install(FILES ${documents}/overrides/${package} DESTINATION share/lintian/overrides
    COMPONENT ${component})
endforeach()
include(CPack)
