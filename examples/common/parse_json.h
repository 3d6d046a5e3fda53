// Parses JSON of unknown origin.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_PARSE_JSON_H_
#define MASTERCLOCK_EXAMPLES_COMMON_PARSE_JSON_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace common {

// Returns true for text that nests deeper than 32 levels. A copy of a much deeper value would exhaust the
// stack.
bool nests_too_deep(std::string_view text);

// Returns a discarded value for text that is not JSON, for a number out of range, and for text that nests
// too deep.
nlohmann::json parse_json(std::string_view text);

// Returns nothing for a value that is no number, for a fraction, and beyond 64 bits.
std::optional<std::int64_t> integer(const nlohmann::json& value);

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_PARSE_JSON_H_
