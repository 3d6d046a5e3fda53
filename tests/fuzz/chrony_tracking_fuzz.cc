// Whatever answers in chronyd's place, the reading that comes of it is one: a bound that is not negative,
// of a moment that is not to come.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "masterclock/sync/chrony_sync_provider.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace masterclock;
  using namespace std::chrono_literals;
  const internal::Bytes bytes(data, size);
  const auto tracking =
      parse_chrony_tracking(bytes, internal::big_endian<std::uint32_t>(bytes, 16));
  if (!tracking.ok()) return 0;
  if (tracking->root_distance() < 0ns) std::abort();
  for (const bool corrects : {true, false}) {
    ChronyOptions options;
    options.corrects_the_clock = corrects;
    constexpr SteadyTime kSteady(1'000s);
    const SyncReading reading =
        internal::ChronyRule(options).answered(*tracking, UtcTime(1'795'264'810s), kSteady);
    if (reading.claims() && reading.error_bound < 0ns) std::abort();
    if (reading.as_of > kSteady || reading.provenance.empty()) std::abort();
  }
  return 0;
}
