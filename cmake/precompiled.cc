// An empty source: CMake compiles precompiled headers only for a target that has one.
