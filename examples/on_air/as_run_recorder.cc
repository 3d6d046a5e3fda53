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
  const auto planned =
      schedule_.airings(channel_, from, std::min(saturating_add(plan.at, kTick), end_));
  if (!planned.ok()) return absl::OkStatus();  // the guide has no such channel: it is off the air
  AsRunEntry missed;                           // all programmes that had ended by now, in one entry
  const Airing* started = nullptr;
  for (const Airing& airing : planned->airings) {
    if (airing.begin < from || aired_.contains(airing.begin)) continue;
    if (airing.open_ended() || airing.end > plan.at) {
      started = &airing;
      continue;
    }
    if (missed.skipped++ == 0) missed.planned_start = airing.begin;
    missed.last_planned_start = airing.begin;
  }
  absl::Status status;
  if (missed.skipped > 0) {
    missed.channel = channel_;
    missed.real_start = plan.at;
    status = write(missed);
  }
  if (started != nullptr) status.Update(start(*started, planned->programme(*started), plan.at));
  return status;
}

absl::Status AsRunRecorder::start(const Airing& airing, const Programme& programme, UtcTime at) {
  aired_.insert(airing.begin);
  if (aired_.size() > kMostRemembered) aired_.erase(aired_.begin());
  AsRunEntry entry;
  entry.channel = channel_;
  entry.title = programme.title;
  entry.planned_start = airing.begin;
  entry.real_start = at;
  if (!airing.open_ended()) {
    entry.planned_duration = masterclock::si_elapsed(airing.begin, airing.end);
  }
  entry.resumed = airing.begin != programme.start;
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
