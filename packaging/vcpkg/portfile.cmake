# As an overlay port (`--overlay-ports=packaging/vcpkg`): the sources are those that it lies in.
set(SOURCE_PATH ${CMAKE_CURRENT_LIST_DIR}/../..)
x_vcpkg_get_python_packages(PYTHON_VERSION 3 OUT_PYTHON_VAR python PACKAGES cloudpickle==3.1.2)
vcpkg_cmake_configure(SOURCE_PATH ${SOURCE_PATH} OPTIONS
  -DPython_EXECUTABLE=${python}
  -DLAMBDAPOOL_TESTS=OFF -DLAMBDAPOOL_BENCH=OFF -DLAMBDAPOOL_EXAMPLES=OFF -DLAMBDAPOOL_PYTHON=OFF -DLAMBDAPOOL_WERROR=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/lambdapool)
vcpkg_copy_tools(TOOL_NAMES lambdapool AUTO_CLEAN)
file(REMOVE_RECURSE ${CURRENT_PACKAGES_DIR}/debug/include)
vcpkg_fixup_pkgconfig()
vcpkg_install_copyright(FILE_LIST ${SOURCE_PATH}/LICENSE)
