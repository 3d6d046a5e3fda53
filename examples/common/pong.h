// Answers the ping of a page, which estimates the offset to the server from the round trip (pages/link.js).
#ifndef MASTERCLOCK_EXAMPLES_COMMON_PONG_H_
#define MASTERCLOCK_EXAMPLES_COMMON_PONG_H_

#include <nlohmann/json.hpp>

#include "masterclock/time/time_source.h"

namespace common {

// Returns {"type": "pong", "t", "server_utc_ns", "server_steady_ns"}. `t` is the number of the ping, which is an object;
// null for anything else, which could be long.
inline nlohmann::json pong(const nlohmann::json& ping, const masterclock::TimeReading& now) {
  const auto t = ping.find("t");
  return {{"type", "pong"},
          {"t", t != ping.end() && t->is_number() ? *t : nlohmann::json()},
          {"server_utc_ns", now.utc.time_since_epoch().count()},
          {"server_steady_ns", now.steady.time_since_epoch().count()}};
}

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_PONG_H_
