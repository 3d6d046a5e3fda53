#include "as_run_recorder.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <utility>

#include "masterclock/time/leap_seconds.h"

namespace on_air {
namespace {

using masterclock::saturating_add;
using masterclock::UtcTime;

constexpr std::chrono::nanoseconds kTick{1};
constexpr std::size_t kMostRemembered = 10'000;  // starts: months of a channel

}  // namespace

AsRunRecorder::AsRunRecorder(const ScheduleService& schedule, std::string channel, AsRunSink sink,
                             UtcTime begin, UtcTime end)
    : schedule_(schedule),
      channel_(std::move(channel)),
      sink_(std::move(sink)),
      end_(end),
      seen_(saturating_add(begin, -kTick)) {}

void AsRunRecorder::clock_was_at(UtcTime lowest) {
  seen_ = std::min(seen_, saturating_add(lowest, -kTick));
}

absl::Status AsRunRecorder::record(const PlayoutPlan& plan) {
  clock_was_at(plan.at);
  const UtcTime from = saturating_add(std::exchange(seen_, plan.at), kTick);
  if (!sink_) return absl::OkStatus();
  const auto airings =
      schedule_.airings(channel_, from, std::min(saturating_add(plan.at, kTick), end_));
  if (!airings.ok()) return absl::OkStatus();  // the guide has no such channel: it is off the air
  std::vector<PlannedAiring> missed;
  const PlannedAiring* started = nullptr;
  for (const PlannedAiring& airing : *airings) {
    if (airing.begin < from || aired_.contains(airing.begin)) continue;
    if (airing.end && *airing.end <= plan.at) {
      missed.push_back(airing);
    } else {
      started = &airing;
    }
  }
  absl::Status status = missed.empty() ? absl::OkStatus() : skip(missed, plan.at);
  if (started != nullptr) status.Update(start(*started, plan.at));
  return status;
}

absl::Status AsRunRecorder::skip(const std::vector<PlannedAiring>& missed, UtcTime at) {
  AsRunEntry entry;
  entry.channel = channel_;
  entry.planned_start = missed.front().begin;
  entry.last_planned_start = missed.back().begin;
  entry.real_start = at;
  entry.skipped = static_cast<std::int64_t>(missed.size());
  return write(entry);
}

absl::Status AsRunRecorder::start(const PlannedAiring& airing, UtcTime at) {
  aired_.insert(airing.begin);
  if (aired_.size() > kMostRemembered) aired_.erase(aired_.begin());
  AsRunEntry entry;
  entry.channel = channel_;
  entry.title = airing.programme.title;
  entry.planned_start = airing.begin;
  entry.real_start = at;
  if (airing.end) entry.planned_duration = masterclock::si_elapsed(airing.begin, *airing.end);
  entry.resumed = airing.begin != airing.programme.start;
  return write(entry);
}

absl::Status AsRunRecorder::record_filler(const NowPlaying& programme, UtcTime at,
                                          std::string reason) {
  AsRunEntry entry;
  entry.channel = channel_;
  entry.title = programme.title;
  entry.planned_start = programme.begin;
  entry.real_start = at;
  entry.filler_reason = std::move(reason);
  return at < end_ ? write(entry) : absl::OkStatus();
}

absl::Status AsRunRecorder::record_return(const NowPlaying& programme, UtcTime at) {
  AsRunEntry entry;
  entry.channel = channel_;
  entry.title = programme.title;
  entry.planned_start = programme.begin;
  entry.real_start = at;
  if (programme.stop) {
    entry.planned_duration = masterclock::si_elapsed(programme.begin, *programme.stop);
  }
  entry.resumed = true;
  return at < end_ ? write(entry) : absl::OkStatus();
}

absl::Status AsRunRecorder::write(const AsRunEntry& entry) {
  if (!sink_) return absl::OkStatus();
  try {
    return sink_(entry);
  } catch (const std::exception& error) {
    return absl::InternalError(std::string("the as-run log threw: ") + error.what());
  } catch (...) {
    return absl::InternalError("the as-run log threw");
  }
}

}  // namespace on_air
