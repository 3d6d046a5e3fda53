// What a reader of guides promises for any bytes: a guide, or one line that says why not.
#ifndef MASTERCLOCK_TESTS_FUZZ_GUIDE_INVARIANTS_H_
#define MASTERCLOCK_TESTS_FUZZ_GUIDE_INVARIANTS_H_

#include <cstddef>
#include <cstdlib>
#include <string>

#include "absl/status/statusor.h"
#include "guide_reading.h"

namespace masterclock::tests {

inline void require(bool promise) {
  if (!promise) std::abort();
}

// `strict` is the result of a strict reading of the same bytes.
inline void require_guide_or_one_line(absl::StatusOr<on_air::GuideFile> file,
                                      const absl::StatusOr<on_air::GuideFile>& strict) {
  for (const absl::Status& status : {file.status(), strict.status()}) {
    if (status.ok()) continue;
    require(status.code() == absl::StatusCode::kInvalidArgument);
    require(std::string(status.message()).starts_with("f:"));
    require(std::string(status.message()).find('\n') == std::string::npos);
  }
  require(strict.ok() == (file.ok() && file->warnings.empty()));
  if (!file.ok()) return;
  for (const std::string& warning : file->warnings) {
    require(warning.starts_with("f:") && warning.find('\n') == std::string::npos);
  }
  // Timelines never overlap, and find what they hold.
  const on_air::Guide guide = std::move(file->listing).to_guide();
  for (const on_air::ChannelSchedule& channel : guide.channels()) {
    require(guide.find(channel.id()) == &channel);
    const auto airings = channel.airings();
    for (std::size_t i = 0; i < airings.size(); ++i) {
      require(airings[i].begin < airings[i].end);
      require(i == 0 || airings[i - 1].end <= airings[i].begin);
      require(channel.at(airings[i].begin).on == &airings[i]);
      require(channel.programme(airings[i]).start <= airings[i].begin);
    }
  }
}

}  // namespace masterclock::tests

#endif  // MASTERCLOCK_TESTS_FUZZ_GUIDE_INVARIANTS_H_
