// Writes JSON lines: one value on one line, as valid UTF-8 for any input.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_JSON_LINE_H_
#define MASTERCLOCK_EXAMPLES_COMMON_JSON_LINE_H_

#include <nlohmann/json.hpp>
#include <string>

namespace common {

// Returns the text of `value`, without the end of the line. U+FFFD replaces bytes that are not UTF-8.
template <class Json>
std::string json_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_JSON_LINE_H_
