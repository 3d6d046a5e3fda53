#include "poller.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/printable.h"
#include "service_name.h"

namespace poller {
namespace {

using common::in_quotes;
using common::printable;
using masterclock::DueRun;
using masterclock::IntervalHealth;
using masterclock::saturating_add;
using masterclock::SteadyTime;
using std::chrono::nanoseconds;

// Returns the first instant at which a service without a success since `since` is overdue.
SteadyTime overdue_at(SteadyTime since, nanoseconds interval) {
  return saturating_add(saturating_add(since, interval * kIntervalsAllowed), nanoseconds(1));
}

std::string last_line(std::string_view output) {
  const std::size_t end = output.find_last_not_of(" \r\n");
  if (end == std::string_view::npos) return "";
  output = output.substr(0, end + 1);
  return printable(output.substr(output.find_last_of('\n') + 1));
}

absl::Status status_of(const std::string& service, const Outcome& outcome) {
  if (outcome.succeeded()) return absl::OkStatus();
  std::string what = printable(service) + ": " + outcome.text();
  const std::string why = outcome.error.empty() ? last_line(outcome.output) : outcome.error;
  if (!why.empty()) what += ": " + why;
  return absl::InternalError(what);
}

}  // namespace

absl::Status Poller::configure(const Now& now, Config config) {
  std::map<std::string, masterclock::IntervalOptions> intervals;
  for (const auto& [name, service] : config.services) {
    if (service.options.interval > nanoseconds(0)) intervals[name] = service.options;
  }
  if (absl::Status status = schedule_.update(now.steady, intervals); !status.ok()) return status;
  config_ = std::move(config);
  deadlines_.clear();
  for (Place& place : states_) {
    auto& [name, state] = place;
    state.service = config_.find(name);
    state.overdue_at.reset();
    if (intervals.contains(name)) {
      if (state.overlap_at) watch_overlap(place, now.steady);
      continue;
    }
    state.scheduled = state.overdue = false;
    if (state.waiting) {
      schedule_.finished(now.steady, std::exchange(state.waiting, std::nullopt)->id, false);
    }
    // The run that goes on drops no instant of a grid that begins later.
    set(overlaps_, place, state.overlap_at, std::nullopt);
  }
  for (const auto& [name, options] : intervals) {
    Place& place = place_of(name);
    if (!std::exchange(place.second.scheduled, true)) place.second.since = now.steady;
    if (!place.second.overdue) set_deadline(place);
  }
  for (auto at = states_.begin(); at != states_.end();) forget_if_unlisted(*at++);
  return absl::OkStatus();
}

void Poller::turn(const Now& now) {
  while (!overlaps_.empty() && overlaps_.begin()->at <= now.steady) {
    report_overlapped(now, *overlaps_.begin()->place, now.steady);
  }
  if (!draining_) {
    for (DueRun& run : schedule_.take_due(now.steady)) {
      Place& place = place_of(run.name);
      watch_overlap(place, now.steady);
      if (place.second.active) {
        place.second.waiting = std::move(run);
      } else {
        start_poll(now, place, std::move(run));
      }
    }
  }
  if (watches_health_) report_overdue(now);
}

std::optional<SteadyTime> Poller::next_wake() const {
  std::optional<SteadyTime> wake = draining_ ? std::nullopt : schedule_.next_due();
  const auto add = [&](const Instants& all) {
    if (!all.empty()) wake = std::min(wake.value_or(all.begin()->at), all.begin()->at);
  };
  if (watches_health_) add(deadlines_);
  add(overlaps_);
  return wake;
}

absl::Status Poller::trigger(const Now& now, const std::string& service) {
  Place& place = place_of(service);
  return begin(
      now, place,
      {.launches = {run_launch(service, *place.second.service)}, .is_run = true, .is_poll = true});
}

absl::Status Poller::run_with(const Now& now, const std::string& service,
                              const std::map<std::string, std::string>& env, Done done) {
  Place& place = place_of(service);
  return begin(now, place,
               {.launches = {run_launch(service, *place.second.service, env)},
                .is_run = true,
                .done = std::move(done)});
}

absl::Status Poller::start(const Now& now, const std::string& service, Done done) {
  Place& place = place_of(service);
  const Service& found = *place.second.service;
  if (found.kind == Kind::kProcess) {
    return begin(now, place,
                 {.launches = {run_launch(service, found)},
                  .is_run = true,
                  .is_poll = true,
                  .done_at_start = true,
                  .done = std::move(done)});
  }
  return begin(now, place,
               {.launches = {compose_up(service)},
                .done = [this, service, done = std::move(done)](const absl::Status& status) {
                  if (status.ok()) place_of(service).second.up = true;
                  done(status);
                }});
}

absl::Status Poller::stop(const Now& now, const std::string& service, Done done) {
  Place& place = place_of(service);
  State& state = place.second;
  if (state.service->kind == Kind::kProcess) {
    if (state.active) runner_.stop(now.steady, state.active->id);
    done(absl::OkStatus());
    return absl::OkStatus();
  }
  state.up = false;
  return begin_after(now, place, {.launches = {compose_stop(service)}, .done = std::move(done)});
}

absl::Status Poller::restart(const Now& now, const std::string& service, Done done) {
  Place& place = place_of(service);
  const Service& found = *place.second.service;
  Work work;
  if (found.kind == Kind::kProcess) {
    work = {.launches = {run_launch(service, found)},
            .is_run = true,
            .is_poll = true,
            .done_at_start = true,
            .done = std::move(done)};
  } else {
    work = {.launches = {compose_stop(service), compose_up(service)},
            .done = [this, service, done = std::move(done)](const absl::Status& status) {
              if (status.ok()) place_of(service).second.up = true;
              done(status);
            }};
  }
  return begin_after(now, place, std::move(work));
}

bool Poller::is_running(const std::string& service) const {
  const auto found = states_.find(service);
  return found != states_.end() && (found->second.active || found->second.up);
}

void Poller::drain() {
  draining_ = true;
  for (auto& [service, state] : states_) {
    state.waiting.reset();
    const auto next = std::exchange(state.next, std::nullopt);
    if (next && next->done) next->done(refusal(service));
  }
}

void Poller::stop_all(const Now& now) {
  for (const auto& [service, state] : states_) {
    if (state.active) runner_.stop(now.steady, state.active->id);
  }
}

absl::Status Poller::refusal(const std::string& service) const {
  if (draining_) return absl::FailedPreconditionError("the poller is stopping");
  return absl::FailedPreconditionError("service " + in_quotes(service) + " is running");
}

Poller::Place& Poller::place_of(const std::string& service) {
  static const Service kUnknown;
  Place& place = *states_.try_emplace(service).first;
  if (place.second.service == nullptr) place.second.service = config_.find(service);
  if (place.second.service == nullptr) place.second.service = &kUnknown;
  return place;
}

// A service that the configuration does not list has a state while it is active.
void Poller::forget_if_unlisted(Place& place) {
  const State& state = place.second;
  if (state.active || state.next || state.up || config_.services.contains(place.first)) return;
  states_.erase(std::string(place.first));
}

absl::Status Poller::begin(const Now& now, Place& place, Work work) {
  const std::string& service = place.first;
  if (draining_ || place.second.active) return refusal(service);
  DueRun run{0, service, now.steady, 0, true};
  if (work.is_poll && place.second.scheduled) {
    auto manual = schedule_.trigger(now.steady, service);
    if (!manual.ok()) return manual.status();
    run = *std::move(manual);
    watch_overlap(place, now.steady);
  }
  return begin_run(now, place, std::move(run), std::move(work));
}

// Begins at once, or ends what is active first.
absl::Status Poller::begin_after(const Now& now, Place& place, Work work) {
  auto& [service, state] = place;
  if (draining_ || !state.active) return begin(now, place, std::move(work));
  if (state.next) {
    return absl::FailedPreconditionError("service " + in_quotes(service) +
                                         " is being stopped or started");
  }
  state.next = std::move(work);
  runner_.stop(now.steady, state.active->id);
  return absl::OkStatus();
}

void Poller::start_poll(const Now& now, Place& place, DueRun run) {
  Work work{.launches = {}, .is_run = true, .is_poll = true};
  work.launches.push_back(run_launch(place.first, *place.second.service));
  (void)begin_run(now, place, std::move(run), std::move(work));
}

absl::Status Poller::begin_run(const Now& now, Place& place, DueRun run, Work work) {
  auto& [service, state] = place;
  state.active = Active{.due = now.to_utc(run.due),
                        .start = now.to_utc(now.steady),
                        .run = std::move(run),
                        .work = std::move(work)};
  Active& active = *state.active;
  ++active_;
  state.missed += active.run.missed;
  state.last_start = now.steady;
  const absl::Status status = launch(now, place);
  if (!status.ok()) {
    active.work.done = nullptr;  // the caller has the reason
    finish(now, place, {.end = Outcome::End::kNotStarted, .error = std::string(status.message())});
    return status;
  }
  if (active.work.is_run) {
    hooks_.report({.event = Report::Event::kStarted,
                   .service = service,
                   .due = active.due,
                   .start = active.start,
                   .missed = active.run.missed,
                   .status = "running"});
  }
  if (active.work.done_at_start) {
    if (const Done done = std::exchange(active.work.done, nullptr)) done(absl::OkStatus());
  }
  return absl::OkStatus();
}

absl::Status Poller::launch(const Now& now, Place& place) {
  auto& [service, state] = place;
  const Launch& next = state.active->work.launches[state.active->step];
  if (next.arguments.empty()) {
    return absl::NotFoundError("unknown service " + in_quotes(service));
  }
  const std::uint64_t id = ++ids_;
  state.active->id = id;
  if (absl::Status status = runner_.start(now.steady, id, next); !status.ok()) return status;
  processes_[id] = &place;
  return absl::OkStatus();
}

void Poller::ended(const Now& now, std::uint64_t id, const Outcome& outcome) {
  const auto known = processes_.extract(id);
  if (known.empty()) return;
  Place& place = *known.mapped();
  Active& active = *place.second.active;
  if (active.step + 1 < active.work.launches.size() && !draining_) {
    ++active.step;
    const absl::Status status = launch(now, place);
    if (status.ok()) return;
    finish(now, place, {.end = Outcome::End::kNotStarted, .error = std::string(status.message())});
    return;
  }
  finish(now, place, outcome);
}

void Poller::finish(const Now& now, Place& place, const Outcome& outcome) {
  auto& [service, state] = place;
  const Active active = *std::exchange(state.active, std::nullopt);
  --active_;
  if (active.run.id != 0) {
    report_overlapped(now, place, now.steady - nanoseconds(1));
    set(overlaps_, place, state.overlap_at, std::nullopt);
    schedule_.finished(now.steady, active.run.id, !outcome.failed());
  }
  if (active.work.is_run) {
    state.last_status = outcome.text();
    ++totals_.runs;
    totals_.last_run = now.utc;
    if (outcome.succeeded()) {
      totals_.last_success = now.utc;
    } else if (outcome.failed()) {
      ++totals_.failures;
      ++state.failures;
      totals_.last_error = std::string(status_of(service, outcome).message());
    }
    hooks_.report({.event = Report::Event::kEnded,
                   .service = service,
                   .due = active.due,
                   .start = active.start,
                   .missed = active.run.missed,
                   .status = outcome.text()});
  }
  if (active.work.is_poll) {
    if (outcome.failed()) ++state.failures_in_a_row;
    if (outcome.succeeded()) {
      state.failures_in_a_row = 0;
      state.last_success = now.steady;
      if (watches_health_) note_success(place, now, now.steady);
    }
  }
  if (outcome.failed()) log_failure(service, outcome);
  if (active.work.done) active.work.done(status_of(service, outcome));
  if (!draining_ && !state.active) {
    if (auto next = std::exchange(state.next, std::nullopt)) {
      const Done done = next->done;
      const absl::Status status = begin(now, place, *std::move(next));
      if (!status.ok() && done) done(status);
      return;
    }
    if (auto poll = std::exchange(state.waiting, std::nullopt)) {
      return start_poll(now, place, *std::move(poll));
    }
  }
  forget_if_unlisted(place);
}

void Poller::set(Instants& all, Place& place, std::optional<SteadyTime>& entry,
                 std::optional<SteadyTime> at) {
  if (entry == at) return;
  if (entry && at) {
    auto node = all.extract({*entry, &place});
    node.value().at = *at;
    all.insert(std::move(node));
  } else if (entry) {
    all.erase({*entry, &place});
  } else {
    all.insert({*at, &place});
  }
  entry = at;
}

void Poller::watch_overlap(Place& place, SteadyTime from) {
  auto& [service, state] = place;
  const bool skips = state.service->options.overlap == masterclock::Overlap::kSkip;
  set(overlaps_, place, state.overlap_at,
      skips ? schedule_.next_instant(service, from) : std::nullopt);
}

// Reports the instants up to `until` that the run of a service has dropped. After a stall these can be
// many: the first line then counts those without a line.
void Poller::report_overlapped(const Now& now, Place& place, SteadyTime until) {
  constexpr std::int64_t kMostLines = 1'000;
  auto& [service, state] = place;
  if (!state.overlap_at || *state.overlap_at > until) return;
  const SteadyTime first = *state.overlap_at;
  const nanoseconds interval = state.service->options.interval;
  const std::int64_t dropped = (until - first) / interval + 1;
  const std::int64_t hidden = std::max<std::int64_t>(dropped - kMostLines, 0);
  set(overlaps_, place, state.overlap_at, schedule_.next_instant(service, until + nanoseconds(1)));
  for (std::int64_t i = hidden; i < dropped; ++i) {
    hooks_.report({.event = Report::Event::kOverlapped,
                   .service = service,
                   .due = now.to_utc(first + i * interval),
                   .missed = i == hidden ? hidden : 0,
                   .status = "overlapped"});
  }
}

void Poller::watch_health(const Now& now, bool on) {
  if (std::exchange(watches_health_, on) == on || !on) return;
  for (Place& place : states_) {
    if (place.second.last_success) note_success(place, now, *place.second.last_success);
  }
}

void Poller::note_success(const Now& now, const std::string& service, SteadyTime at) {
  if (config_.find(service) != nullptr) note_success(place_of(service), now, at);
}

void Poller::note_success(Place& place, const Now& now, SteadyTime at) {
  auto& [service, state] = place;
  if (!state.succeeded || at > state.since) state.since = at;
  state.succeeded = true;
  if (!state.scheduled) return;
  if (state.overdue && overdue_at(state.since, state.service->options.interval) > now.steady) {
    state.overdue = false;
    hooks_.log(printable(service) + ": fresh again");
  }
  if (!state.overdue) set_deadline(place);
}

void Poller::set_deadline(Place& place) {
  State& state = place.second;
  set(deadlines_, place, state.overdue_at,
      overdue_at(state.since, state.service->options.interval));
}

void Poller::report_overdue(const Now& now) {
  while (!deadlines_.empty() && deadlines_.begin()->at <= now.steady) {
    auto& [service, state] = *deadlines_.begin()->place;
    const SteadyTime at = deadlines_.begin()->at;
    deadlines_.erase(deadlines_.begin());
    state.overdue_at.reset();
    state.overdue = true;
    hooks_.report(
        {.event = Report::Event::kOverdue,
         .service = service,
         .due = now.to_utc(at - nanoseconds(1)),
         .start = state.last_start ? std::optional(now.to_utc(*state.last_start)) : std::nullopt,
         .status = state.succeeded ? "overdue" : "never"});
  }
}

void Poller::log_failure(const std::string& service, const Outcome& outcome) const {
  std::string text = printable(service) + ": " + outcome.text();
  if (!outcome.error.empty()) text += ": " + printable(outcome.error);
  for (std::string_view rest = outcome.output; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    text += "\n  " + printable(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  hooks_.log(text);
}

std::vector<ServiceView> Poller::view(const Now& now) const {
  std::map<std::string, ServiceView> rows;
  for (const auto& [name, service] : config_.services) {
    rows[name].state = "on demand";
    rows[name].interval = service.options.interval;
  }
  for (const IntervalHealth& health : schedule_.health(now.steady)) {
    rows[health.name].state = to_string(health.freshness);
    rows[health.name].next_due = health.next_due;
  }
  for (const auto& [name, state] : states_) {
    if (!rows.contains(name) && !state.active) continue;
    ServiceView& row = rows[name];
    if (state.overdue) row.state = state.succeeded ? "overdue" : "never";
    if (state.active) row.state = "running";
    row.last_status = state.last_status;
    row.last_start = state.last_start;
    row.missed = state.missed;
    row.failures = state.failures;
    row.failures_in_a_row = state.failures_in_a_row;
  }
  std::vector<ServiceView> all;
  for (auto& [name, row] : rows) {
    row.name = name;
    all.push_back(std::move(row));
  }
  return all;
}

}  // namespace poller
