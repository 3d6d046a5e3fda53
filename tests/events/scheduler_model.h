// Compares EventScheduler with a simple model: ordered maps, without handles.
//
// The same choices drive both, and each step compares them. The choices are random numbers in the tests
// and the fuzzer's bytes in the fuzz target.
#ifndef MASTERCLOCK_TESTS_EVENTS_SCHEDULER_MODEL_H_
#define MASTERCLOCK_TESTS_EVENTS_SCHEDULER_MODEL_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "masterclock/events/event_scheduler.h"
#include "masterclock/testing/manual_time_source.h"

namespace masterclock::events_test {

using std::chrono::nanoseconds;

// An event of the model. Its type is its number; events with an action only have no type.
struct ModelEvent {
  bool steady = false;
  nanoseconds due{};  // since the epoch of its timeline
  std::uint64_t order = 0;
  std::string id, type, payload;
  std::optional<nanoseconds> max_lateness = {}, every = {};
  OnMisfire on_misfire = OnMisfire::kRunLast;
  std::int64_t skipped = 0;
  bool running = false;
};

// Implements the contract with ordered maps.
class SchedulerModel {
 public:
  using Key = std::pair<nanoseconds, std::uint64_t>;
  nanoseconds utc{}, steady{};
  std::uint64_t scheduled = 0, repeated = 0, fired = 0, dropped = 0, cancelled = 0, late = 0;

  // The UTC due time of an event, by the present offset of the two clocks.
  nanoseconds due(const ModelEvent& event) const {
    return event.steady ? utc + (event.due - steady) : event.due;
  }
  // Returns the pending events in order.
  std::map<Key, const ModelEvent*> order() const {
    std::map<Key, const ModelEvent*> all;
    for (const auto& [type, event] : events) {
      if (!event.running) all.emplace(Key(due(event), event.order), &event);
    }
    return all;
  }
  const ModelEvent* named(const std::string& id) const {
    const auto found = names.find(id);
    return found == names.end() ? nullptr : &events.at(found->second);
  }
  void add(ModelEvent event) {
    event.order = ++clock_of_order;
    ++scheduled;
    if (!event.id.empty()) names[event.id] = event.type;
    events[event.type] = std::move(event);
  }
  ModelEvent remove(const std::string& type) {
    ModelEvent event = events.at(type);
    if (!event.id.empty()) names.erase(event.id);
    events.erase(type);
    return event;
  }
  void cancel(const std::string& type) {
    remove(type);
    ++cancelled;
  }

  struct Fired {
    std::string type;
    nanoseconds due{}, lateness{};
    std::int64_t skipped = 0;
    friend bool operator==(const Fired&, const Fired&) = default;
  };
  // `action` acts for the events.
  std::vector<Fired> trigger(nanoseconds late_after,
                             const std::function<void(const ModelEvent&, nanoseconds)>& action) {
    std::vector<Fired> out;
    std::uint64_t oldest_left_out = std::numeric_limits<std::uint64_t>::max();
    Key passed(nanoseconds::min(), 0);
    for (;;) {
      const ModelEvent* next = nullptr;
      for (const auto& [key, event] : order()) {
        if (key.first > utc) break;
        if (key <= passed || (key.first == passed.first && event->order >= oldest_left_out))
          continue;
        next = event;
        break;
      }
      if (next == nullptr) return out;
      ModelEvent& pending = events.at(next->type);
      if (walk_on(pending)) continue;
      const nanoseconds due_now = due(pending), lateness = utc - due_now;
      ModelEvent event = pending;
      if (event.every) {
        ++repeated;
        pending.running = true;
        pending.skipped = 0;
      } else {
        remove(event.type);
      }
      if (due_now != passed.first) oldest_left_out = clock_of_order + 1;
      passed = Key(due_now, event.order);
      if (event.max_lateness && lateness > *event.max_lateness) {
        ++dropped;
      } else {
        ++fired;
        late += lateness > late_after ? 1 : 0;
        out.push_back({event.type, due_now, lateness, event.skipped});
        action(event, due_now);
      }
      if (const auto again = events.find(event.type); event.every && again != events.end()) {
        again->second.running = false;
        again->second.due += *event.every;
      }
    }
  }

  // Moves a repeating event past the skipped occurrences, one at a time.
  bool walk_on(ModelEvent& event) const {
    if (!event.every || event.on_misfire == OnMisfire::kRunAll) return false;
    const nanoseconds now = event.steady ? steady : utc;
    std::int64_t steps = 0;
    for (; event.due + *event.every <= now; event.due += *event.every) ++steps;
    if (steps > 0 && event.on_misfire == OnMisfire::kSkip) {
      event.due += *event.every;
      ++steps;
    }
    event.skipped += steps;
    return steps > 0;
  }

  std::map<std::string, ModelEvent> events;  // by type
  std::map<std::string, std::string> names;  // id to type

 private:
  std::uint64_t clock_of_order = 0;
};

// Runs operations chosen by `choose(n)`, which returns a number below n, or nullopt at the end. Returns
// the first difference, or nothing.
class ModelRun {
 public:
  using Choose = std::function<std::optional<std::uint64_t>(std::uint64_t)>;

  explicit ModelRun(Choose choose, std::size_t most_pending = 60)
      : choose_(std::move(choose)), most_pending_(most_pending) {
    model_.utc = kStart;
  }

  std::optional<std::string> run(std::size_t steps) {
    for (std::size_t step = 0; step < steps; ++step) {
      const std::string what = one_step();
      if (ended_) return std::nullopt;
      if (!what.empty()) return "step " + std::to_string(step) + ": " + what;
    }
    return std::nullopt;
  }

 private:
  static constexpr nanoseconds kStart = std::chrono::hours(24 * 20'000);
  static constexpr nanoseconds kLateAfter = nanoseconds(3);

  std::uint64_t pick(std::uint64_t n) {
    const auto choice = ended_ ? std::nullopt : choose_(n);
    ended_ = ended_ || !choice;
    return choice.value_or(0);
  }
  nanoseconds span(std::uint64_t n) { return nanoseconds(static_cast<std::int64_t>(pick(n))); }
  nanoseconds around_now() { return model_.utc - nanoseconds(20) + span(80); }
  std::string a_name() { return pick(2) == 0 ? "" : "n" + std::to_string(pick(12)); }

  std::string one_step() {
    const std::uint64_t what = pick(16);
    if (ended_) return "";
    if (what < 5) return model_.events.size() < most_pending_ ? schedule() : "";
    switch (what) {
      case 5:
        return cancel_handle();
      case 6:
        return cancel_id();
      case 7:
        return reschedule();
      case 8:
        return compare_range();
      case 9:
        return pick(8) == 0 ? cancel_range() : "";
      case 10:
        step_clock();
        return "";
      case 11:
      case 12:
        advance();
        return "";
      default:
        return trigger();
    }
  }

  // The payload instructs the action: "s5" schedules 5 ns after its due time, "cn3" cancels n3.
  static void act(const std::string& payload, nanoseconds due, const std::string& type, int& acts,
                  const std::function<void(nanoseconds, std::string)>& add,
                  const std::function<void(std::string)>& cancel) {
    if (payload.starts_with('s')) {
      add(due + nanoseconds(std::stoi(payload.substr(1))), type + "'" + std::to_string(++acts));
    }
    if (payload.starts_with('c')) cancel(payload.substr(1));
  }
  void act_for_real(const FiredEvent& event) {
    act(
        event.payload, event.due.time_since_epoch(), event.type, acts_for_real_,
        [&](nanoseconds due, std::string type) {
          (void)scheduler_.schedule({.due = UtcTime(due), .type = std::move(type)});
        },
        [&](const std::string& id) { (void)scheduler_.cancel(id); });
    if (event.payload == "throw") throw 1;
  }
  void act_in_model(const ModelEvent& event, nanoseconds due) {
    act(
        event.payload, due, event.type, acts_in_model_,
        [&](nanoseconds at, std::string type) {
          model_.add({false, at, 0, "", std::move(type), ""});
        },
        [&](const std::string& id) {
          if (const ModelEvent* found = model_.named(id)) model_.cancel(found->type);
        });
  }

  // Schedules an event with a due time and an action only. The action identifies it.
  std::string schedule_plain() {
    ModelEvent event;
    event.type = std::to_string(++number_);
    event.steady = pick(4) == 0;
    event.due = event.steady ? model_.steady + span(60) : around_now();
    const auto action = [this, type = event.type](auto&) { plain_fired_.push_back(type); };
    absl::StatusOr<EventHandle> handle;
    if (event.steady) {
      handle = scheduler_.schedule({.due = After{event.due - model_.steady}, .action = action});
    } else if (pick(2) == 0) {
      handle = scheduler_.schedule({.due = UtcTime(event.due), .action = action});
    } else {
      handle = scheduler_.schedule(UtcTime(event.due), action);
    }
    if (!handle.ok()) return "schedule failed: " + std::string(handle.status().message());
    handles_[event.type] = *handle;
    std::erase_if(plain_, [&](const auto& p) { return !model_.events.contains(p.second); });
    plain_.emplace_back(*handle, event.type);
    model_.add(event);
    return compare_counters();
  }
  // Returns the number of a pending event without a type.
  std::string plain_type(EventHandle handle) const {
    const auto found = std::find_if(plain_.begin(), plain_.end(),
                                    [&](const auto& p) { return p.first == handle; });
    return found == plain_.end() ? "unknown" : found->second;
  }

  std::string schedule() {
    if (pick(3) == 0) return schedule_plain();
    ModelEvent event;
    event.id = a_name();
    event.type = std::to_string(++number_);
    event.steady = pick(3) == 0;
    event.due = event.steady ? model_.steady + span(60) : around_now();
    switch (pick(6)) {
      case 0:
        event.payload = "s" + std::to_string(static_cast<int>(pick(20)) - 5);
        break;
      case 1:
        event.payload = "cn" + std::to_string(pick(12));
        break;
      case 2:
        event.payload = "throw";
        break;
      default:
        break;
    }
    if (pick(8) == 0) event.max_lateness = span(10);
    if (pick(8) == 0) {
      event.every = nanoseconds(1) + span(40);
      event.on_misfire = static_cast<OnMisfire>(pick(3));
    }
    const auto policy = static_cast<OnDuplicate>(pick(3));
    EventRequest request{.id = event.id, .type = event.type, .payload = event.payload};
    if (event.steady) {
      request.due = After{event.due - model_.steady};
    } else {
      request.due = UtcTime(event.due);
    }
    if (!event.payload.empty()) request.action = [this](auto& fired) { act_for_real(fired); };
    request.on_duplicate = policy;
    request.max_lateness = event.max_lateness;
    if (event.every) request.repeat = Every{*event.every};
    request.on_misfire = event.on_misfire;
    const absl::StatusOr<EventHandle> handle = scheduler_.schedule(std::move(request));

    const ModelEvent* const same = event.id.empty() ? nullptr : model_.named(event.id);
    if (same != nullptr && policy == OnDuplicate::kReject) {
      return absl::IsAlreadyExists(handle.status()) ? "" : "a duplicate was not rejected";
    }
    if (!handle.ok()) return "schedule failed: " + std::string(handle.status().message());
    if (same != nullptr && policy == OnDuplicate::kKeep) {
      const bool right = handles_[same->type] == *handle;
      return right ? "" : "kKeep answered another handle";
    }
    if (same != nullptr) model_.cancel(same->type);
    handles_[event.type] = *handle;
    model_.add(event);
    return compare_counters();
  }

  // Returns the number of any event, pending or not.
  std::string any_type() { return std::to_string(pick(number_ + 1)); }

  std::string cancel_handle() {
    const std::string type = any_type();
    const auto handle = handles_.find(type);
    if (handle == handles_.end()) return "";
    const bool expected = model_.events.contains(type);
    if (scheduler_.cancel(handle->second) != expected) return "cancel by handle of " + type;
    if (expected) model_.cancel(type);
    return compare_counters();
  }

  std::string cancel_id() {
    const std::string id = "n" + std::to_string(pick(12));
    const ModelEvent* const found = model_.named(id);
    if (scheduler_.cancel(id) != (found != nullptr)) return "cancel of " + id;
    if (found != nullptr) model_.cancel(found->type);
    return compare_counters();
  }

  std::string reschedule() {
    const nanoseconds due = around_now();
    std::string type = any_type();
    absl::Status status;
    if (pick(2) == 0) {
      const std::string id = "n" + std::to_string(pick(12));
      const ModelEvent* const found = model_.named(id);
      type = found == nullptr ? "none" : found->type;
      status = scheduler_.reschedule(id, UtcTime(due));
    } else {
      const auto handle = handles_.find(type);
      if (handle == handles_.end()) return "";
      status = scheduler_.reschedule(handle->second, UtcTime(due));
    }
    const auto event = model_.events.find(type);
    if (status.ok() != (event != model_.events.end())) return "reschedule of " + type;
    if (status.ok()) {
      event->second.steady = false;
      event->second.due = due;
    }
    return compare_counters();
  }

  std::string compare_range() {
    const nanoseconds from = around_now(), until = from + span(60) - nanoseconds(5);
    std::vector<std::pair<std::string, nanoseconds>> expected, found;
    for (const auto& [key, event] : model_.order()) {
      if (key.first >= from && key.first < until) expected.emplace_back(event->type, key.first);
    }
    for (const ScheduledEvent& event : scheduler_.pending(UtcTime(from), UtcTime(until))) {
      found.emplace_back(event.type.empty() ? plain_type(event.handle) : event.type,
                         event.due.time_since_epoch());
    }
    return found == expected ? "" : "pending() differs";
  }

  std::string cancel_range() {
    const nanoseconds from = around_now(), until = from + span(20);
    std::vector<std::string> gone;
    for (const auto& [key, event] : model_.order()) {
      if (key.first >= from && key.first < until) gone.push_back(event->type);
    }
    if (scheduler_.cancel_between(UtcTime(from), UtcTime(until)) != gone.size()) {
      return "cancel_between() differs";
    }
    for (const std::string& type : gone) model_.cancel(type);
    return compare_counters();
  }

  void advance() {
    const nanoseconds size = span(pick(10) == 0 ? 200 : 12);
    source_.advance(size);
    model_.utc += size;
    model_.steady += size;
  }

  void step_clock() {
    const nanoseconds size = span(120) - nanoseconds(60);
    source_.step_utc(size);
    model_.utc += size;
  }

  std::string trigger() {
    const auto expected = model_.trigger(
        kLateAfter, [&](const ModelEvent& event, nanoseconds due) { act_in_model(event, due); });
    std::vector<SchedulerModel::Fired> found;
    plain_fired_.clear();
    std::size_t plain = 0;
    for (const FiredEvent& event : scheduler_.trigger()) {
      const bool is_plain = event.type.empty() && plain < plain_fired_.size();
      found.push_back({is_plain ? plain_fired_[plain++] : event.type, event.due.time_since_epoch(),
                       event.lateness, event.skipped});
      if (event.fired != source_.now_utc()) return "fired at another reading";
    }
    if (plain != plain_fired_.size()) return "more ran than fired";
    return found == expected ? compare_counters() : "trigger() differs";
  }

  std::string compare_counters() {
    const EventCounters c = scheduler_.counters();
    if (c.pending != model_.events.size()) return "pending count differs";
    if (c.scheduled != model_.scheduled) return "scheduled count differs";
    if (c.cancelled != model_.cancelled) return "cancelled count differs";
    if (c.fired != model_.fired) return "fired count differs";
    if (c.repeated != model_.repeated) return "repeated count differs";
    if (c.dropped != model_.dropped) return "dropped count differs";
    if (c.late != model_.late) return "late count differs";
    const auto order = model_.order();
    const auto next = scheduler_.next_due();
    if (next.has_value() != !order.empty()) return "next_due() differs";
    if (next && next->time_since_epoch() != order.begin()->first.first) return "next_due() differs";
    if (next && scheduler_.until_next() != order.begin()->first.first - model_.utc) {
      return "until_next() differs";
    }
    return "";
  }

  Choose choose_;
  std::size_t most_pending_;
  bool ended_ = false;
  std::uint64_t number_ = 0;
  int acts_for_real_ = 0, acts_in_model_ = 0;
  SchedulerModel model_;
  std::map<std::string, EventHandle> handles_;
  std::vector<std::pair<EventHandle, std::string>> plain_;  // pending, and some that are not
  std::vector<std::string> plain_fired_;                    // in one trigger
  testing::ManualTimeSource source_{UtcTime(kStart)};
  EventScheduler scheduler_{source_, {.late_after = kLateAfter}};
};

// Runs the choices in the bytes of `data`, one byte each.
inline std::optional<std::string> run_bytes(const std::uint8_t* data, std::size_t size) {
  std::size_t at = 0;
  ModelRun run([&](std::uint64_t n) -> std::optional<std::uint64_t> {
    if (at == size) return std::nullopt;
    return data[at++] % n;
  });
  return run.run(size);
}

}  // namespace masterclock::events_test

#endif  // MASTERCLOCK_TESTS_EVENTS_SCHEDULER_MODEL_H_
