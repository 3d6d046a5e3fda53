// A zone's history as every loader hands it over: which kind of local time holds from which instant
// on.
//
// Loaders: date_rules.h (the date library), tzif.h (the compiled files themselves). posix_tz.h
// extends the result past the last listed change. zone_table.h compiles it for look-ups.
#ifndef MASTERCLOCK_ZONES_INTERNAL_ZONE_RULES_H_
#define MASTERCLOCK_ZONES_INTERNAL_ZONE_RULES_H_

#include "masterclock/version.h"

#include <cstdint>
#include <string>
#include <vector>

namespace masterclock::inline v0_2::internal {

// One kind of local time.
struct LocalTimeType {
  std::int32_t offset = 0;  // seconds east of Greenwich
  bool is_dst = false;      // as the database marks it; see ZoneOffset::daylight
  std::string abbreviation;
  bool operator==(const LocalTimeType&) const = default;
};

// From `at` (POSIX seconds) on, `type` holds.
struct ZoneChange {
  std::int64_t at = 0;
  LocalTimeType type;
  bool operator==(const ZoneChange&) const = default;
};

struct ZoneRules {
  LocalTimeType first;              // before the first change
  std::vector<ZoneChange> changes;  // by instant, strictly increasing
  std::string footer;  // POSIX TZ rule for everything after the last change; may be empty
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_ZONES_INTERNAL_ZONE_RULES_H_
