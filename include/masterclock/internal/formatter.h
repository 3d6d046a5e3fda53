// Formats each public value of the library with std::format and fmt::format, as its to_string does.
//
// The format specification is that of a string: "{:>12}". {fmt} is supported when <fmt/format.h> is on
// the include path. The order of the includes does not matter.
#ifndef MASTERCLOCK_INTERNAL_FORMATTER_H_
#define MASTERCLOCK_INTERNAL_FORMATTER_H_

#include <string_view>
#include <version>

#if defined(__cpp_lib_format)
#include <format>
#endif
#if __has_include(<fmt/format.h>)
#include <fmt/format.h>
#endif

#include "masterclock/internal/printable.h"

#if defined(__cpp_lib_format)
template <masterclock::internal::printable::Formattable T>
struct std::formatter<T, char> : std::formatter<std::string_view, char> {
  template <class Context>
  auto format(const T& value, Context& context) const {
    return std::formatter<std::string_view, char>::format(
        masterclock::internal::printable::text_of(value), context);
  }
};
#endif

#if __has_include(<fmt/format.h>)
template <masterclock::internal::printable::Formattable T>
struct fmt::formatter<T, char, void> : fmt::formatter<fmt::string_view, char> {
  template <class Context>
  auto format(const T& value, Context& context) const {
    return fmt::formatter<fmt::string_view, char>::format(
        masterclock::internal::printable::text_of(value), context);
  }
};
#endif

#endif  // MASTERCLOCK_INTERNAL_FORMATTER_H_
