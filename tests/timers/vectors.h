// Reads the cases of tests/data/timer-vectors.json, which another program computed.
#ifndef TESTS_TIMERS_VECTORS_H_
#define TESTS_TIMERS_VECTORS_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "masterclock/time/time_points.h"

namespace masterclock::timer_vectors {

using Json = nlohmann::json;

// Returns the cases of a group, and of one kind unless `kind` is empty.
inline std::vector<Json> cases(std::string_view group, std::string_view kind = "") {
  static const Json all = [] {
    std::ifstream file(MASTERCLOCK_SOURCE_DIR "/tests/data/timer-vectors.json");
    return Json::parse(file);
  }();
  std::vector<Json> found;
  for (const Json& one : all.at("cases")) {
    if (one.at("group") == group && (kind.empty() || one.value("kind", "") == kind)) {
      found.push_back(one);
    }
  }
  return found;
}

// Names a parameterized test after the id of its case.
inline constexpr auto name_of_case = [](const auto& info) {
  std::string name = info.param.at("id");
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
};

inline std::chrono::nanoseconds ns(const Json& value) {
  return std::chrono::nanoseconds(value.get<std::int64_t>());
}
inline std::optional<std::chrono::nanoseconds> ns_or_none(const Json& object, const char* name) {
  if (!object.contains(name) || object.at(name).is_null()) return std::nullopt;
  return ns(object.at(name));
}
inline SteadyTime steady(const Json& value) { return SteadyTime(ns(value)); }

}  // namespace masterclock::timer_vectors

#endif  // TESTS_TIMERS_VECTORS_H_
