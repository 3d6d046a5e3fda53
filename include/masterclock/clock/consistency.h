// Checks a clock, and returns the finding of each check.
//
// Each check detects one fault; no check proves that the time is right. An engine runs the checks at its
// start and once an hour, and shows the findings to its operator.
//
//   steady      the steady clock does not run backward
//   utc         UTC is after 1972, where the table of leap seconds begins, and not in the last year of
//               the range
//   drift       UTC and the steady clock have moved together since the last check: no step in between
//   leap table  the table of leap seconds covers today
//   zones       the tz database was found
//   tzdata      the version in use is the version on the disk
//   wall        in every cached zone the local time now converts back to UTC now
#ifndef MASTERCLOCK_CLOCK_CONSISTENCY_H_
#define MASTERCLOCK_CLOCK_CONSISTENCY_H_

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "masterclock/time/leap_seconds.h"
#include "masterclock/time/rfc3339.h"
#include "masterclock/time/time_source.h"
#include "masterclock/zones/zone_cache.h"

namespace masterclock::inline v0_2 {

struct ConsistencyCheck {
  std::string name;
  bool passed = false;
  std::string finding;  // one line
};

struct ConsistencyReport {
  std::vector<ConsistencyCheck> checks;
  [[nodiscard]] bool consistent() const {
    return std::all_of(checks.begin(), checks.end(), [](const auto& c) { return c.passed; });
  }
};

// Checks `source` against its `last` reading, and sets `last` to the present one.
//
// Threads: any; the caller guards `last`.
// Cost:    a few readings of the source, one line of a file, one conversion for each cached zone.
[[nodiscard]] inline ConsistencyReport check_consistency(const TimeSource& source,
                                                         const ZoneCache& zones,
                                                         TimeReading& last) {
  using namespace std::chrono;
  const SteadyTime before = source.now_steady();
  const UtcTime now = source.now_utc();
  const SteadyTime after = source.now_steady();
  ConsistencyReport report;
  const auto found = [&](std::string name, bool passed, std::string finding) {
    report.checks.push_back({std::move(name), passed, std::move(finding)});
  };
  const auto ns = [](nanoseconds d) { return std::to_string(d.count()) + " ns"; };

  const nanoseconds ran = saturating_difference(after, before);
  found("steady", after >= before && before >= last.steady,
        "moved " + ns(ran) + " between two readings");

  found("utc", now >= leap_seconds().front().effective && now < UtcTime::max() - days(366),
        "reads " + to_rfc3339(floor<seconds>(now)));

  // Discipline slews UTC against the steady clock by 500 ppm at most; a second is a step.
  const nanoseconds apart = saturating_difference(now, last.to_utc(before));
  last = {now, before};
  found("drift", -seconds(1) < apart && apart < seconds(1),
        "UTC moved " + ns(apart) + " against the steady clock since the last check");

  found("leap table", to_tai(now).coverage == LeapCoverage::kCovered,
        "valid until " + to_rfc3339(floor<seconds>(leap_seconds_expiry())));

  const std::size_t names = zones.database().names().size();
  found("zones", names > 1,
        std::to_string(names) + " names in " + zones.database().directory());

  const std::string in_use = zones.database().version();
  const std::string on_disk = zones.database().version_on_disk();
  found("tzdata", in_use == on_disk,
        in_use == on_disk ? "version " + in_use
                          : "version " + in_use + " in use, " + on_disk + " on disk: reload it");

  std::string wrong;
  const std::vector<Zone> walls = zones.zones();
  for (const Zone zone : walls) {
    const LocalResolution read = zone.resolve(zone.to_local(now));
    if (read.earlier != now && read.later != now) wrong += " " + std::string(zone.name());
  }
  found("wall", wrong.empty(),
        wrong.empty() ? std::to_string(walls.size()) + " cached zones read back"
                      : "differs in" + wrong);
  return report;
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_CLOCK_CONSISTENCY_H_
