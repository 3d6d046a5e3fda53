// Parses any bytes as ptp4l's answers. An answer is stored, or refused in one line and then nothing has
// changed. The input repeats: a request, the length of the answer, the answer.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <tuple>

#include "masterclock/sync/internal/ptp_status.h"
#include "masterclock/sync/providers/linuxptp.h"

namespace {

using namespace masterclock;
using namespace masterclock::internal;
using namespace std::chrono_literals;

void require(bool kept) {
  if (!kept) std::abort();
}

auto all_of(const PtpStatus& s) {
  return std::tuple(s.offset, s.last_sync, s.grandmaster_present, s.grandmaster, s.mean_path_delay,
                    s.grandmaster_accuracy, s.utc_offset, s.ptp_timescale, s.ports, s.port,
                    s.port_state, s.sync_interval, s.software_clock, s.interface);
}

void judge(const PtpStatus& status, bool corrects_the_clock) {
  LinuxPtpOptions options;
  options.corrects_the_clock = corrects_the_clock;
  internal::LinuxPtpRule rule(options);
  std::optional<PhcReading> card;
  constexpr UtcTime kUtc(1'795'271'539s);  // a moment after the answers of the corpus
  constexpr SteadyTime kSteady(1h);
  if (!status.software_clock) card = PhcReading{kUtc.time_since_epoch() + 37s, 37s, 50ns};
  const SyncReading reading = rule.answered(status, card, kUtc, kSteady);
  if (reading.state == SyncState::kSynchronized) {
    require(status.grandmaster_present && reading.error_bound >= status.mean_path_delay);
  }
  require(reading.error_bound >= 0ns && reading.as_of <= kSteady && !reading.provenance.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using internal::PtpId;
  constexpr PtpId kIds[] = {PtpId::kDefault,        PtpId::kCurrent, PtpId::kParent,
                            PtpId::kTimeProperties, PtpId::kPort,    PtpId::kTimeStatus,
                            PtpId::kPortProperties};
  internal::Bytes rest(data, size);
  PtpStatus status;
  while (rest.size() >= 2) {
    const PtpId id = kIds[rest[0] % std::size(kIds)];
    const std::size_t length = std::min<std::size_t>(rest[1], rest.size() - 2);
    const std::string copy(reinterpret_cast<const char*>(rest.data()) + 2, length);
    const internal::Bytes reply(reinterpret_cast<const std::uint8_t*>(copy.data()), copy.size());
    rest = rest.subspan(2 + length);
    std::uint16_t sequence = 0;
    if (reply.size() >= 32) sequence = internal::big_endian<std::uint16_t>(reply, 30);
    const auto before = all_of(status);
    const absl::Status taken = take_ptp_reply(reply, id, sequence, status);
    if (!taken.ok()) {
      require(std::string(taken.message()).find('\n') == std::string::npos);
      require(all_of(status) == before);
      continue;
    }
    PtpStatus late = status;
    require(absl::IsNotFound(take_ptp_reply(reply, id, ++sequence, late)));
    require(all_of(late) == all_of(status));
    require(status.mean_path_delay >= 0ns && status.sync_interval >= 0ns && status.ports >= 0);
    judge(status, true);
    judge(status, false);
  }
  return 0;
}
