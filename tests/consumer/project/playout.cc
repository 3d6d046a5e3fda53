#include <cstdio>
#include <string>

#include "masterclock/masterclock.h"

std::string winter_in_dublin();  // another_unit.cc

int main() {
  masterclock::MasterClock clock;
  const auto winter = clock.convert_timezone(
      masterclock::UtcTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)), "Europe/Dublin");
  if (!winter.ok() || to_rfc3339(*winter) != winter_in_dublin()) return 1;
  std::puts("masterclock agrees");
  return 0;
}
