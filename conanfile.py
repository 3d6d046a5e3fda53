"""Packages the headers for Conan 2: `conan create .`"""
from conan import ConanFile
from conan.tools.files import copy


class Masterclock(ConanFile):
    name = "masterclock"
    version = "0.2.0"
    license = "MIT"
    description = "Broadcast time authority: what time is it, what is on the air, how far in"
    package_type = "header-library"
    exports_sources = "include/*", "LICENSE"
    no_copy_source = True

    def requirements(self):
        self.requires("abseil/[>=20220623]", transitive_headers=True)

    def package(self):
        copy(self, "include/*", self.source_folder, self.package_folder)
        copy(self, "LICENSE", self.source_folder, self.package_folder)

    def package_id(self):
        self.info.clear()

    def package_info(self):
        self.cpp_info.bindirs = self.cpp_info.libdirs = []
        self.cpp_info.requires = ["abseil::absl_status", "abseil::absl_statusor", "abseil::absl_strings",
                                  "abseil::absl_any_invocable"]
