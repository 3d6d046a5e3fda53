// Prints one local time, for bench/headers_bench.py.
#include <cstdio>

#include "masterclock/master_clock.h"

int main() {
  const masterclock::MasterClock clock;
  const auto now = clock.now_local("Europe/Dublin");
  return now.ok() && std::puts(masterclock::to_rfc3339(*now).c_str()) >= 0 ? 0 : 1;
}
