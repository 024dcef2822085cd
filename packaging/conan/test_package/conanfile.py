import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout
from conan.tools.files import rmdir


class TestPackage(ConanFile):
    settings = "os", "compiler", "build_type", "arch"
    generators = "CMakeDeps", "CMakeToolchain"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def test(self):
        if can_run(self):
            home = os.path.join(self.build_folder, "local")  # of its own, and new
            rmdir(self, home)
            squares = os.path.join(self.build_folder, self.cpp.build.bindir, "squares")
            self.run(f'LAMBDAPOOL_HOME="{home}" "{squares}"', env="conanrun")
