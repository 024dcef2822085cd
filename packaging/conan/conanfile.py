"""`conan create packaging/conan`: the C++ library, its dependencies from the system's packages (Debian, Ubuntu)."""

import os
import re
import sys

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load
from conan.tools.system.package_manager import Apt


class Lambdapool(ConanFile):
    name = "lambdapool"
    description = "Run your own functions on AWS Lambda like a process pool"
    license = "Apache-2.0"
    topics = ("aws", "lambda", "serverless", "process-pool")
    package_type = "library"
    settings = "os", "compiler", "build_type", "arch"
    options = {"shared": [True, False]}
    default_options = {"shared": False}

    @property
    def _sources(self):
        return os.path.normpath(os.path.join(self.recipe_folder, "..", ".."))

    def set_version(self):
        text = load(self, os.path.join(self._sources, "CMakeLists.txt"))
        self.version = re.search(r"project\(lambdapool VERSION ([0-9.]+)", text)[1]

    def export(self):  # beside the recipe, which asks for the packages before there are sources
        copy(self, "debian-build.txt", os.path.join(self._sources, "tools"), self.export_folder)

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*", "python/*", "tools/debian-*.txt"):
            copy(self, pattern, self._sources, self.export_sources_folder, excludes="*__pycache__*")

    def layout(self):
        cmake_layout(self)

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("lambdapool is for Linux, as AWS Lambda is")

    def system_requirements(self):
        with open(os.path.join(self.recipe_folder, "debian-build.txt")) as packages:
            Apt(self).install([line.strip() for line in packages if line.startswith(("lib", "zlib", "nlohmann"))])

    def generate(self):
        toolchain = CMakeToolchain(self)
        for option in ("TESTS", "BENCH", "EXAMPLES", "PYTHON", "WERROR"):
            toolchain.cache_variables["LAMBDAPOOL_" + option] = False
        toolchain.cache_variables["LAMBDAPOOL_SHARED"] = bool(self.options.shared)
        # Python functions that are deployed from C++ carry its sources with them.
        carried = os.path.join(self.build_folder, "python")
        self.run(f'"{sys.executable}" -m pip install --quiet --target "{carried}" cloudpickle==3.1.2')
        toolchain.cache_variables["LAMBDAPOOL_CLOUDPICKLE_DIR"] = os.path.join(carried, "cloudpickle")
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build(target="lambdapool_libraries")

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        for component in ("development", "shared") if self.options.shared else ("development",):
            CMake(self).install(component=component)

    def package_info(self):
        # The package brings its own lambdapoolConfig.cmake, with lambdapool_program() and the archives' order.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs.append(os.path.join("lib", "cmake", "lambdapool"))
