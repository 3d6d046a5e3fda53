// Formats each public value of the library with std::format and fmt::format, as its to_string does.
//
// The format specification is that of a string: "{:>12}". {fmt} is supported when <fmt/core.h> is on
// the include path, whatever the order of the includes.
#ifndef MASTERCLOCK_INTERNAL_FORMATTER_H_
#define MASTERCLOCK_INTERNAL_FORMATTER_H_

#include "masterclock/version.h"

#include <string_view>
#include <version>

#if defined(__cpp_lib_format)
#include <format>
#endif
#if __has_include(<fmt/core.h>)
#include <fmt/core.h>
#endif

#include "masterclock/internal/printable.h"

namespace masterclock::inline v0_2::internal {

// Satisfied by: the Printable types of namespace masterclock. Types of other namespaces keep their own
// formatters.
template <class T>
concept Formattable = Printable<T> && requires(const T& value) {
  masterclock_formats(value);
};

}  // namespace masterclock::inline v0_2::internal

#if defined(__cpp_lib_format)
template <masterclock::internal::Formattable T>
struct std::formatter<T, char> : std::formatter<std::string_view, char> {
  template <class Context>
  auto format(const T& value, Context& context) const {
    return std::formatter<std::string_view, char>::format(to_string(value), context);
  }
};
#endif

#if __has_include(<fmt/core.h>)
template <masterclock::internal::Formattable T>
struct fmt::formatter<T, char, void> : fmt::formatter<fmt::string_view, char> {
  template <class Context>
  auto format(const T& value, Context& context) const {
    return fmt::formatter<fmt::string_view, char>::format(to_string(value), context);
  }
};
#endif

#endif  // MASTERCLOCK_INTERNAL_FORMATTER_H_
