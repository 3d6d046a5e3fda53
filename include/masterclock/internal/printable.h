// Prints each public value of the library by its to_string.
//
// A value type or enum defines `to_string(value)` beside itself, or a member `to_string()`. Streams, the
// messages of GoogleTest, absl::StrCat and absl::StrFormat ("%v") then print it, without an include. The
// header internal/formatter.h adds std::format and fmt::format; the io.h of each room includes it.
//
// Each header that defines such a type includes this header.
#ifndef MASTERCLOCK_INTERNAL_PRINTABLE_H_
#define MASTERCLOCK_INTERNAL_PRINTABLE_H_

#include "masterclock/version.h"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <string_view>
#include <type_traits>

namespace masterclock::inline v0_2 {

// Returns the text of a value that has a member to_string().
template <class T>
requires requires(const T& value) {
  { value.to_string() } -> std::same_as<std::string>;
}
[[nodiscard]] std::string to_string(const T& value) { return value.to_string(); }

namespace internal::printable {

// The concepts find functions by argument-dependent lookup alone.
void to_string() = delete;
void masterclock_formats() = delete;

// Satisfied by: the classes and scoped enums whose own namespace has a to_string that returns text.
template <class T>
concept Printable = !std::is_convertible_v<T, std::int64_t> && requires(const T& value) {
  { to_string(value) } -> std::convertible_to<std::string_view>;
};

// Calls the to_string of the value's own namespace, from any namespace.
template <Printable T>
[[nodiscard]] auto text_of(const T& value) {
  return to_string(value);
}

// Satisfied by: the Printable types of namespace masterclock, for internal/formatter.h. Types of other
// namespaces keep their own formatters.
template <class T>
concept Formattable = Printable<T> && requires(const T& value) {
  masterclock_formats(value);
};

}  // namespace internal::printable

namespace internal {

using printable::Printable;

// Returns the name of an enumerator: names[0] for the first one.
template <class Enum>
[[nodiscard]] std::string name_of(Enum value, std::initializer_list<const char*> names) {
  const auto i = static_cast<std::size_t>(value);
  return i < names.size() ? names.begin()[i] : "unknown";
}

}  // namespace internal

template <class Traits, internal::Printable T>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& stream,
                                             const T& value) {
  return stream << to_string(value);
}

template <class Sink, internal::Printable T>
void AbslStringify(Sink& sink, const T& value) {
  sink.Append(to_string(value));
}

// Marks the types of this namespace as Formattable; never called.
template <internal::Printable T>
void masterclock_formats(const T& value);

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_INTERNAL_PRINTABLE_H_
