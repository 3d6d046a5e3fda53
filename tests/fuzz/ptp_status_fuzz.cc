// Whatever answers in ptp4l's place, and to whichever question, the reading that comes of it is one: a
// bound that is not negative, of a moment that is not to come.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "masterclock/sync/linuxptp_sync_provider.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace masterclock;
  using namespace std::chrono_literals;
  using internal::PtpId;
  constexpr UtcTime kNow(1'795'271'539s);
  constexpr SteadyTime kSteady(1'000s);
  const internal::Bytes bytes(data, size);
  const auto sequence = internal::big_endian<std::uint16_t>(bytes, 30);
  for (const PtpId id : {PtpId::kDefault, PtpId::kTimeStatus, PtpId::kCurrent, PtpId::kParent,
                         PtpId::kTimeProperties, PtpId::kPort, PtpId::kPortProperties}) {
    PtpStatus status;  // of a slave, but for what this answer changes
    if (id != PtpId::kPort) status.port_state = PtpPortState::kSlave;
    status.port = 1;
    status.grandmaster_present = status.ptp_timescale = true;
    status.last_sync = kNow.time_since_epoch() - 100ms;
    status.mean_path_delay = 2us;
    status.utc_offset = 37;
    status.sync_interval = 125ms;
    if (!take_ptp_reply(bytes, id, sequence, status).ok()) continue;
    for (const bool corrects : {true, false}) {
      LinuxPtpOptions options;
      options.corrects_the_clock = corrects;
      const PhcReading card{kNow.time_since_epoch() + 37s, 37s, 50ns};
      const SyncReading reading =
          internal::LinuxPtpRule(options).answered(status, card, kNow, kSteady);
      if (reading.claims() && reading.error_bound < 0ns) std::abort();
      if (reading.as_of > kSteady || reading.provenance.empty()) std::abort();
    }
  }
  return 0;
}
