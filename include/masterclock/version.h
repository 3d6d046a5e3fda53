// Defines the version of the library, and requires C++20.
//
// All names stand in an inline namespace of the minor version. Two plugins with different minor versions
// therefore share no static data in one process.
#ifndef MASTERCLOCK_VERSION_H_
#define MASTERCLOCK_VERSION_H_

#if __cplusplus < 202002L
#error "masterclock requires C++20: compile with -std=c++20, or target_compile_features(... cxx_std_20)"
#include "masterclock/this_compiler_mode_is_not_supported"  // ends the compilation
#endif

// Major * 10,000 + minor * 100 + patch.
#define MASTERCLOCK_VERSION 200
#define MASTERCLOCK_VERSION_STRING "0.2.0"

#endif  // MASTERCLOCK_VERSION_H_
