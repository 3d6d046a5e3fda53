#include <string>

#include "masterclock/masterclock.h"

std::string winter_in_dublin() {
  masterclock::ZoneCache zones;
  const masterclock::Zone dublin = zones.find_or_utc("Europe/Dublin");
  return to_rfc3339(masterclock::ZonedTime(
      masterclock::UtcTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)), dublin));
}
