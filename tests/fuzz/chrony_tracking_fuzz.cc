// Parses any bytes as chronyd's answer. The parser refuses them in one line, or returns numbers in their
// range. A reading made of those numbers has a valid bound, and is not of the future. Bytes after a whole
// report change nothing.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "masterclock/sync/internal/chrony_tracking.h"
#include "masterclock/sync/providers/chrony.h"

namespace {

using namespace masterclock;
using namespace masterclock::internal;
using namespace std::chrono_literals;

void require(bool kept) {
  if (!kept) std::abort();
}

void judge(const ChronyTracking& tracking, bool corrects_the_clock) {
  ChronyOptions options;
  options.corrects_the_clock = corrects_the_clock;
  internal::ChronyRule rule(options);
  constexpr UtcTime kUtc = std::chrono::sys_days(std::chrono::year(2026) / 11 / 20);
  constexpr SteadyTime kSteady(1h);
  const SyncReading reading = rule.answered(tracking, kUtc, kSteady);
  if (reading.state == SyncState::kSynchronized) {
    require(tracking.has_reference() && reading.error_bound >= tracking.root_distance());
  }
  require(reading.error_bound >= 0ns && reading.as_of <= kSteady && !reading.provenance.empty());
  require(rule.silent(SteadyTime(20h), absl::UnavailableError("")).state !=
              SyncState::kSynchronized ||
          tracking.update_interval > 2h);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const internal::Bytes reply(data, size);
  std::uint32_t sequence = 0;
  if (size >= 20) sequence = internal::big_endian<std::uint32_t>(reply, 16);
  const auto tracking = parse_chrony_tracking(reply, sequence);
  if (!tracking.ok()) {
    require(std::string(tracking.status().message()).find('\n') == std::string::npos);
    return 0;
  }
  require(parse_chrony_tracking(reply, sequence + 1).status().code() ==
          absl::StatusCode::kNotFound);
  require(parse_chrony_tracking(reply.first(internal::kChronyTrackingSize), sequence).ok());
  require(!parse_chrony_tracking(reply.first(internal::kChronyTrackingSize - 1), sequence).ok());
  require(tracking->last_update >= UtcTime() && tracking->root_distance() >= 0ns &&
          tracking->update_interval >= 0ns && !tracking->reference.empty());
  for (const char c : tracking->reference) require(c > 0x20 && c < 0x7f);
  judge(*tracking, true);
  judge(*tracking, false);
  return 0;
}
