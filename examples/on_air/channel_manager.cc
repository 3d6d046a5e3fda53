#include "channel_manager.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <utility>

#include "common/data_error.h"
#include "common/printable.h"
#include "masterclock/time/leap_seconds.h"

namespace on_air {
namespace {

using common::in_quotes;

using masterclock::saturating_add;
using masterclock::SteadyTime;
using masterclock::TimeChange;
using masterclock::UtcTime;

using std::chrono::nanoseconds;

constexpr nanoseconds kTick{1};

// What a producer should be doing.
struct Wanted {
  Programme programme;
  nanoseconds position{};
};

struct Channel {
  explicit Channel(const ChannelSchedule& plan)
      : schedule(plan), logged(plan.airings().size(), false) {}

  const ChannelSchedule& schedule;
  std::vector<bool> logged;      // for each airing
  std::optional<UtcTime> due;    // when its next event ought to be
  std::optional<UtcTime> asked;  // when it was last asked to be, unless it has fired since
  bool asking = false;           // for it, by a thread that has let the lock go
  std::size_t viewers = 0;

  // What the producer should do, numbered, and since when.
  std::uint64_t serial = 0;
  std::optional<Wanted> wanted;
  std::optional<Airing> playing;
  nanoseconds started_at{};
  SteadyTime started{};
  absl::Status error;

  // What it does. `applying` is taken before the manager's lock and held while a producer is asked.
  std::mutex applying;
  std::uint64_t applied = 0;
  std::unique_ptr<Producer> producer;  // set under both locks
};

// Runs what may throw; an exception is an error like any other.
template <class Call>
absl::Status guarded(Call call) {
  try {
    return call();
  } catch (const std::exception& error) {
    return absl::InternalError(std::string("the producer threw: ") + error.what());
  } catch (...) {
    return absl::InternalError("the producer threw");
  }
}

}  // namespace

// Shared with the actions of pending events, which may outlive the manager.
class ChannelManager::State : public std::enable_shared_from_this<State> {
 public:
  State(masterclock::MasterClock& clock, ScheduleService& schedule, ChannelManagerOptions options)
      : clock_(clock), schedule_(schedule), options_(std::move(options)), guide_(schedule.guide()) {
    for (const ChannelSchedule& channel : guide_->channels()) {
      channels_.push_back(std::make_unique<Channel>(channel));
    }
    position_ =
        saturating_add(clock_.source().now_utc(), -kTick);  // a boundary at this instant counts
  }

  // Moves every channel to where the clock is. `resync`: the clock was stepped.
  void move_on(Channel* fired, bool resync) {
    std::vector<Channel*> changed;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return;
      if (fired != nullptr) fired->asked.reset();
      const UtcTime now = clock_.source().now_utc();
      log_until(now);
      for (const auto& channel : channels_) {
        channel->due = channel->schedule.next_boundary(now);
        if (channel->viewers > 0 && put_on(*channel, now, resync, false)) {
          changed.push_back(channel.get());
        }
      }
    }
    for (const auto& channel : channels_) schedule_boundary(*channel);
    for (Channel* const channel : changed) (void)apply(*channel);
  }

  // Hears of it on the thread that announces it, and only takes note: the rest is an event's work.
  void clock_changed(const TimeChange& change) {
    // A clock that is held, rather than set back, is not where UTC is.
    if (change.to < change.from && clock_.source().now_utc() < change.from) {
      std::int64_t lowest = went_back_to_.load();
      const std::int64_t to = change.to.time_since_epoch().count();
      while (to < lowest && !went_back_to_.compare_exchange_weak(lowest, to)) {
      }
    }
    if (change.kind == TimeChange::Kind::kAdvance) return;
    masterclock::EventRequest request{.id = std::string(kStepEvent), .due = masterclock::After{nanoseconds(0)}};
    request.type = "clock step";
    request.on_duplicate = masterclock::OnDuplicate::kKeep;
    request.action = [weak = weak_from_this()](const masterclock::FiredEvent&) {
      if (const auto state = weak.lock()) state->move_on(nullptr, true);
    };
    (void)clock_.schedule_event(std::move(request));
  }

  absl::StatusOr<JoinInfo> join(std::string_view session_id, const SessionInfo& session) {
    Channel* channel = nullptr;
    JoinInfo info;
    {
      const std::lock_guard lock(mutex_);
      const UtcTime now = clock_.source().now_utc();
      absl::StatusOr<PlayoutPlan> plan = schedule_.get_playout_plan_now(session.channel_id, now);
      if (!plan.ok()) return plan.status();
      channel = find(session.channel_id);
      if (channel == nullptr) {
        return absl::NotFoundError("Channel " + in_quotes(session.channel_id) +
                                   " came with a later guide");
      }
      if (!sessions_.emplace(session_id, channel).second) {
        return absl::AlreadyExistsError("Session " + in_quotes(session_id) + " has joined already");
      }
      ++channel->viewers;
      info.plan = *std::move(plan);
      info.until = channel->schedule.next_boundary(now);
      const bool again = !channel->error.ok() || broke_off(*channel);
      info.started = put_on(*channel, now, false, again) && channel->wanted.has_value();
    }
    const absl::Status status = apply(*channel);
    if (status.ok()) return info;
    (void)leave(session_id);
    return status;
  }

  absl::Status leave(std::string_view session_id) {
    Channel* channel = nullptr;
    {
      const std::lock_guard lock(mutex_);
      const auto session = sessions_.find(session_id);
      if (session == sessions_.end()) {
        return absl::NotFoundError("Session " + in_quotes(session_id) + " has not joined");
      }
      channel = session->second;
      sessions_.erase(session);
      if (--channel->viewers > 0) return absl::OkStatus();
      take_off(*channel);
    }
    return apply(*channel);
  }

  std::vector<ChannelStatus> status() const {
    const std::lock_guard lock(mutex_);
    std::vector<ChannelStatus> all;
    for (const auto& channel : channels_) {
      all.push_back({channel->schedule.id(), channel->viewers,
                     channel->producer ? channel->producer->state() : ProducerState::kIdle,
                     channel->error});
    }
    return all;
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      for (const auto& channel : channels_) {
        channel->due.reset();
        take_off(*channel);
      }
      sessions_.clear();
    }
    clock_.cancel_event(kStepEvent);
    for (const auto& channel : channels_) schedule_boundary(*channel);
    for (const auto& channel : channels_) (void)apply(*channel);
  }

 private:
  static constexpr std::string_view kStepEvent = "on_air/step";

  static std::string boundary_event(const Channel& channel) {
    return "on_air/boundary/" + channel.schedule.id();
  }

  // Keeps one event pending for the channel's next boundary. Without the lock, since whoever watches the
  // clock hears of the event and may ask the manager. One thread at a time, lest an older wish come
  // last: who comes second finds its own seen to.
  void schedule_boundary(Channel& channel) {
    std::unique_lock lock(mutex_);
    if (std::exchange(channel.asking, true)) return;
    while (channel.asked != channel.due) {
      const std::optional<UtcTime> due = channel.asked = channel.due;
      lock.unlock();
      const absl::Status status = ask_for_boundary(channel, due);
      lock.lock();
      if (!status.ok() && !closed_) report(channel, status);
    }
    channel.asking = false;
  }

  absl::Status ask_for_boundary(Channel& channel, std::optional<UtcTime> due) {
    if (!due) {
      clock_.cancel_event(boundary_event(channel));
      return absl::OkStatus();
    }
    masterclock::EventRequest request{.id = boundary_event(channel), .due = *due};
    request.type = "programme boundary";
    request.payload = channel.schedule.id();
    request.on_duplicate = masterclock::OnDuplicate::kReplace;
    request.action = [weak = weak_from_this(), &channel](const masterclock::FiredEvent&) {
      if (const auto state = weak.lock()) state->move_on(&channel, false);
    };
    return clock_.schedule_event(std::move(request)).status();
  }

  // The rest, but for `apply`, with the lock held.

  Channel* find(std::string_view id) {
    for (const auto& channel : channels_) {
      if (channel->schedule.id() == id) return channel.get();
    }
    return nullptr;
  }

  // Logs what began since the last time: by instant, then in the guide's order.
  void log_until(UtcTime now) {
    const UtcTime back_to(nanoseconds(went_back_to_.exchange(kNever)));
    const UtcTime lowest = std::min(back_to, now);
    const UtcTime from = lowest < position_ ? saturating_add(lowest, -kTick) : position_;
    position_ = now;
    struct Begun {
      UtcTime begin;
      Channel* channel;
      std::size_t airing;
    };
    std::vector<Begun> begun;
    for (const auto& channel : channels_) {
      const std::span<const Airing> airings = channel->schedule.airings();
      const Airing* const first = channel->schedule.next_after(from);
      if (first == nullptr) continue;
      for (auto i = static_cast<std::size_t>(first - airings.data());
           i < airings.size() && airings[i].begin <= now; ++i) {
        if (!channel->logged[i]) begun.push_back({airings[i].begin, channel.get(), i});
        channel->logged[i] = true;
      }
    }
    std::stable_sort(begun.begin(), begun.end(),
                     [](const Begun& a, const Begun& b) { return a.begin < b.begin; });
    for (const Begun& one : begun) {
      const Airing& airing = one.channel->schedule.airings()[one.airing];
      log(*one.channel, airing, now);
    }
  }

  void log(const Channel& channel, const Airing& airing, UtcTime now) {
    if (!options_.as_run) return;
    const Programme& programme = channel.schedule.programme(airing);
    AsRunEntry entry;
    entry.channel = channel.schedule.id();
    entry.title = programme.title;
    entry.planned_start = airing.begin;
    entry.real_start = now;
    if (!airing.open_ended()) {
      entry.planned_duration = masterclock::si_elapsed(airing.begin, airing.end);
    }
    entry.resumed = airing.begin != programme.start;
    const absl::Status status = guarded([&] { return options_.as_run(entry); });
    if (!status.ok()) report(channel, status);
  }

  // Says what the producer should do now; true when that is something new.
  bool put_on(Channel& channel, UtcTime now, bool resync, bool again) {
    const Airing* const airing = channel.schedule.on_air_at(now);
    if (airing == nullptr) {
      if (!channel.wanted) return false;
      take_off(channel);
      return true;
    }
    const Programme& programme = channel.schedule.programme(*airing);
    const nanoseconds position = position_in(programme, now);
    const SteadyTime steady = clock_.source().now_steady();
    if (channel.playing == *airing && !again) {
      const nanoseconds off = channel.started_at + (steady - channel.started) - position;
      if (!resync || std::chrono::abs(off) <= options_.tolerance) return false;
    }
    channel.wanted = Wanted{programme, position};
    channel.playing = *airing;
    channel.started_at = position;
    channel.started = steady;
    ++channel.serial;
    return true;
  }

  // What it was last asked it began and did not finish. Not so while it is being asked again.
  static bool broke_off(const Channel& channel) {
    return channel.applied == channel.serial && channel.producer != nullptr &&
           channel.producer->state() == ProducerState::kFailed;
  }

  void take_off(Channel& channel) {
    channel.wanted.reset();
    channel.playing.reset();
    ++channel.serial;
  }

  static nanoseconds position_in(const Programme& programme, UtcTime now) {
    return saturating_add(programme.media_in, masterclock::si_elapsed(programme.start, now));
  }

  void report(const Channel& channel, const absl::Status& error) {
    if (!options_.on_error) return;
    (void)guarded([&] {
      options_.on_error(channel.schedule.id(), error);
      return absl::OkStatus();
    });
  }

  // Has the producer do what it should, without the lock: starting one takes time, and the other
  // channels must not wait. Whoever comes second finds it done.
  absl::Status apply(Channel& channel) {
    const std::lock_guard applying(channel.applying);
    std::uint64_t serial = 0;
    std::optional<Wanted> wanted;
    {
      const std::lock_guard lock(mutex_);
      if (channel.applied == channel.serial) return channel.error;
      serial = channel.serial;
      wanted = channel.wanted;
    }
    absl::Status status = guarded([&] { return wanted ? start(channel, *wanted) : stop(channel); });
    if (!status.ok() && wanted) (void)guarded([&] { return stop(channel); });
    {
      const std::lock_guard lock(mutex_);
      channel.applied = serial;
      channel.error = status;
    }
    if (!status.ok()) report(channel, status);
    return status;
  }

  absl::Status start(Channel& channel, const Wanted& wanted) {
    if (!options_.producers) return absl::OkStatus();
    const std::string& id = channel.schedule.id();
    ProducerRequest request;
    request.channel = id;
    request.media = wanted.programme.source;
    if (options_.media) {
      absl::StatusOr<std::filesystem::path> media = options_.media(id, wanted.programme);
      if (!media.ok()) return media.status();
      request.media = *std::move(media);
    }
    request.position = wanted.position;
    if (options_.output) request.output = options_.output(id);
    if (channel.producer == nullptr) {
      std::unique_ptr<Producer> made = options_.producers(id);
      if (made == nullptr)
        return absl::InternalError("Channel " + in_quotes(id) + " has no producer");
      const std::lock_guard lock(mutex_);
      channel.producer = std::move(made);
    }
    return channel.producer->start(request);
  }

  static absl::Status stop(Channel& channel) {
    return channel.producer == nullptr ? absl::OkStatus() : channel.producer->stop();
  }

  static constexpr std::int64_t kNever = UtcTime::max().time_since_epoch().count();

  masterclock::MasterClock& clock_;
  const ScheduleService& schedule_;
  const ChannelManagerOptions options_;
  const std::shared_ptr<const Guide> guide_;
  std::atomic<std::int64_t> went_back_to_{kNever};  // the lowest reading since `position_`

  mutable std::mutex mutex_;
  bool closed_ = false;
  UtcTime position_;  // up to here, inclusively, every boundary has been seen
  std::vector<std::unique_ptr<Channel>> channels_;
  std::map<std::string, Channel*, std::less<>> sessions_;
};

ChannelManager::ChannelManager(masterclock::MasterClock& clock, ScheduleService& schedule,
                               ChannelManagerOptions options)
    : state_(std::make_shared<State>(clock, schedule, std::move(options))) {
  steps_ = clock.source().subscribe(
      [state = state_.get()](const TimeChange& change) { state->clock_changed(change); });
  state_->move_on(nullptr, false);
}

ChannelManager::~ChannelManager() {
  steps_.reset();
  state_->close();
}

absl::StatusOr<JoinInfo> ChannelManager::viewer_join(std::string_view session_id,
                                                     const SessionInfo& info) {
  return state_->join(session_id, info);
}

absl::Status ChannelManager::viewer_leave(std::string_view session_id) {
  return state_->leave(session_id);
}

std::vector<ChannelStatus> ChannelManager::channels() const { return state_->status(); }

}  // namespace on_air
