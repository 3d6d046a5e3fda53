// Writes JSON lines: one value on one line, as valid UTF-8 for any input.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_JSON_LINE_H_
#define MASTERCLOCK_EXAMPLES_COMMON_JSON_LINE_H_

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace common {

// Returns the text of `value`, without the end of the line. U+FFFD replaces bytes that are not UTF-8.
template <class Json>
std::string json_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Writes an object as a JSON line, field by field. It needs no tree of values, which is the greater part of the
// work for a line. The names need no escape.
class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value) {
    const auto plain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
    if (!std::all_of(value.begin(), value.end(), plain)) {
      return raw(name, json_line(nlohmann::json(value)));
    }
    raw(name, "\"").line_.append(value).push_back('"');
    return *this;
  }
  JsonObject& integer(std::string_view name, std::int64_t value) {
    return raw(name, std::to_string(value));
  }
  JsonObject& real(std::string_view name, double value) {
    return raw(name, json_line(nlohmann::json(value)));
  }
  // `value` is JSON.
  JsonObject& raw(std::string_view name, std::string_view value) {
    line_.append(line_.empty() ? "{\"" : ",\"").append(name).append("\":").append(value);
    return *this;
  }
  [[nodiscard]] std::string line() && {
    return std::move(line_.append(line_.empty() ? "{}" : "}"));
  }

 private:
  std::string line_;
};

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_JSON_LINE_H_
