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
  std::erase_if(waiting_, [&](const auto& entry) {
    if (intervals.contains(entry.first)) return false;
    schedule_.finished(now.steady, entry.second.id, false);
    return true;
  });
  std::erase_if(counts_, [&](const auto& entry) {
    return !config_.services.contains(entry.first) && !active_.contains(entry.first);
  });
  deadlines_.clear();
  for (auto& [name, counts] : counts_) counts.overdue_at.reset();
  for (const auto& [name, options] : intervals) {
    const auto [place, is_new] = counts_.try_emplace(name);
    if (is_new) place->second.since = now.steady;
    if (!place->second.overdue) set_deadline(name, place->second);
  }
  return absl::OkStatus();
}

void Poller::turn(const Now& now) {
  if (!draining_) {
    for (const DueRun& run : schedule_.take_due(now.steady)) {
      if (active_.contains(run.name)) {
        waiting_[run.name] = run;
      } else {
        start_poll(now, run);
      }
    }
  }
  if (watches_health_) report_overdue_services(now);
}

std::optional<SteadyTime> Poller::next_wake() const {
  const std::optional<SteadyTime> due = draining_ ? std::nullopt : schedule_.next_due();
  if (!watches_health_ || deadlines_.empty()) return due;
  const SteadyTime deadline = deadlines_.begin()->first;
  return std::min(due.value_or(deadline), deadline);
}

absl::Status Poller::trigger(const Now& now, const std::string& service) {
  return begin(
      now, service,
      {.launches = {run_launch(service, service_of(service))}, .is_run = true, .is_poll = true});
}

absl::Status Poller::run_with(const Now& now, const std::string& service,
                              const std::map<std::string, std::string>& env, Done done) {
  return begin(now, service,
               {.launches = {run_launch(service, service_of(service), env)},
                .is_run = true,
                .done = std::move(done)});
}

absl::Status Poller::start(const Now& now, const std::string& service, Done done) {
  const Service& found = service_of(service);
  if (found.kind == Kind::kProcess) {
    return begin(now, service,
                 {.launches = {run_launch(service, found)},
                  .is_run = true,
                  .is_poll = true,
                  .done_at_start = true,
                  .done = std::move(done)});
  }
  return begin(now, service,
               {.launches = {compose_up(service)},
                .done = [this, service, done = std::move(done)](const absl::Status& status) {
                  if (status.ok()) up_.insert(service);
                  done(status);
                }});
}

absl::Status Poller::stop(const Now& now, const std::string& service, Done done) {
  const auto active = active_.find(service);
  if (service_of(service).kind == Kind::kProcess) {
    if (active != active_.end()) runner_.stop(now.steady, active->second.id);
    done(absl::OkStatus());
    return absl::OkStatus();
  }
  up_.erase(service);
  return begin_after(now, service, {.launches = {compose_stop(service)}, .done = std::move(done)});
}

absl::Status Poller::restart(const Now& now, const std::string& service, Done done) {
  const Service& found = service_of(service);
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
              if (status.ok()) up_.insert(service);
              done(status);
            }};
  }
  return begin_after(now, service, std::move(work));
}

bool Poller::is_running(const std::string& service) const {
  return active_.contains(service) || up_.contains(service);
}

void Poller::drain() {
  draining_ = true;
  waiting_.clear();
  for (auto& [service, work] : std::exchange(next_, {})) {
    if (work.done) work.done(refusal(service));
  }
}

void Poller::stop_all(const Now& now) {
  for (const auto& [service, active] : active_) runner_.stop(now.steady, active.id);
}

absl::Status Poller::refusal(const std::string& service) const {
  if (draining_) return absl::FailedPreconditionError("the poller is stopping");
  return absl::FailedPreconditionError("service " + in_quotes(service) + " is running");
}

const Service& Poller::service_of(const std::string& service) const {
  static const Service kUnknown;
  const Service* const found = config_.find(service);
  return found != nullptr ? *found : kUnknown;
}

bool Poller::is_scheduled(const std::string& service) const {
  return service_of(service).options.interval > nanoseconds(0);
}

absl::Status Poller::begin(const Now& now, const std::string& service, Work work) {
  if (draining_ || active_.contains(service)) return refusal(service);
  DueRun run{0, service, now.steady, 0, true};
  if (work.is_poll && is_scheduled(service)) {
    const auto manual = schedule_.trigger(now.steady, service);
    if (!manual.ok()) return manual.status();
    run = *manual;
  }
  return begin_run(now, run, std::move(work));
}

// Begins at once, or ends what is active first.
absl::Status Poller::begin_after(const Now& now, const std::string& service, Work work) {
  const auto active = active_.find(service);
  if (draining_ || active == active_.end()) return begin(now, service, std::move(work));
  if (next_.contains(service)) {
    return absl::FailedPreconditionError("service " + in_quotes(service) +
                                         " is being stopped or started");
  }
  next_[service] = std::move(work);
  runner_.stop(now.steady, active->second.id);
  return absl::OkStatus();
}

void Poller::start_poll(const Now& now, const DueRun& run) {
  (void)begin_run(
      now, run,
      {.launches = {run_launch(run.name, service_of(run.name))}, .is_run = true, .is_poll = true});
}

absl::Status Poller::begin_run(const Now& now, const DueRun& run, Work work) {
  const std::string service = run.name;
  Active& active = active_[service];
  active = {.run = run, .start = now.steady, .work = std::move(work)};
  counts_[service].missed += run.missed;
  counts_[service].last_start = now.steady;
  const absl::Status status = launch(now, service, active);
  if (!status.ok()) {
    active.work.done = nullptr;  // the caller has the reason
    finish(now, service,
           {.end = Outcome::End::kNotStarted, .error = std::string(status.message())});
    return status;
  }
  if (active.work.is_run) {
    hooks_.report({.event = Report::Event::kStarted,
                   .service = service,
                   .due = now.to_utc(run.due),
                   .start = now.to_utc(now.steady),
                   .missed = run.missed,
                   .status = "running"});
  }
  if (active.work.done_at_start) {
    if (const Done done = std::exchange(active.work.done, nullptr)) done(absl::OkStatus());
  }
  return absl::OkStatus();
}

absl::Status Poller::launch(const Now& now, const std::string& service, Active& active) {
  const Launch& next = active.work.launches[active.step];
  if (next.arguments.empty()) {
    return absl::NotFoundError("unknown service " + in_quotes(service));
  }
  active.id = ++ids_;
  if (absl::Status status = runner_.start(now.steady, active.id, next); !status.ok()) return status;
  services_[active.id] = service;
  return absl::OkStatus();
}

void Poller::ended(const Now& now, std::uint64_t id, const Outcome& outcome) {
  const auto known = services_.extract(id);
  if (known.empty()) return;
  const std::string& service = known.mapped();
  Active& active = active_.at(service);
  if (active.step + 1 < active.work.launches.size() && !draining_) {
    ++active.step;
    const absl::Status status = launch(now, service, active);
    if (status.ok()) return;
    finish(now, service,
           {.end = Outcome::End::kNotStarted, .error = std::string(status.message())});
    return;
  }
  finish(now, service, outcome);
}

void Poller::finish(const Now& now, const std::string& service, const Outcome& outcome) {
  const Active active = std::move(active_.extract(service).mapped());
  Counts& counts = counts_[service];
  if (active.run.id != 0) {
    schedule_.finished(now.steady, active.run.id, outcome.succeeded());
    report_overlapped(now, service);
  }
  if (active.work.is_run) {
    counts.last_status = outcome.text();
    ++totals_.runs;
    totals_.last_run = now.utc;
    if (outcome.succeeded()) {
      totals_.last_success = now.utc;
    } else {
      ++totals_.failures;
      ++counts.failures;
      totals_.last_error = std::string(status_of(service, outcome).message());
    }
    hooks_.report({.event = Report::Event::kEnded,
                   .service = service,
                   .due = now.to_utc(active.run.due),
                   .start = now.to_utc(active.start),
                   .missed = active.run.missed,
                   .status = outcome.text()});
  }
  if (active.work.is_poll) {
    counts.failures_in_a_row = outcome.succeeded() ? 0 : counts.failures_in_a_row + 1;
    if (outcome.succeeded()) {
      if (std::exchange(counts.overdue, false)) hooks_.log(printable(service) + ": fresh again");
      counts.since = now.steady;
      counts.succeeded = true;
      if (is_scheduled(service)) set_deadline(service, counts);
    }
  }
  if (!outcome.succeeded() && outcome.end != Outcome::End::kStopped) {
    log_failure(service, outcome);
  }
  if (active.work.done) active.work.done(status_of(service, outcome));
  if (draining_ || active_.contains(service)) return;
  if (auto next = next_.extract(service)) {
    const Done done = next.mapped().done;
    const absl::Status status = begin(now, service, std::move(next.mapped()));
    if (!status.ok() && done) done(status);
  } else if (const auto poll = waiting_.extract(service)) {
    start_poll(now, poll.mapped());
  }
}

void Poller::report_overlapped(const Now& now, const std::string& service) {
  constexpr std::int64_t kMostLines = 1'000;
  const masterclock::IntervalOptions& options = service_of(service).options;
  if (options.overlap != masterclock::Overlap::kSkip) return;
  for (const IntervalHealth& health : schedule_.health(now.steady)) {
    if (health.name != service || !health.last_overlapped) continue;
    std::int64_t& seen = counts_[service].overlapped;
    const std::int64_t dropped = health.overlapped - std::exchange(seen, health.overlapped);
    const std::int64_t lines = std::clamp<std::int64_t>(dropped, 0, kMostLines);
    for (std::int64_t i = lines - 1; i >= 0; --i) {
      hooks_.report({.event = Report::Event::kOverlapped,
                     .service = service,
                     .due = now.to_utc(*health.last_overlapped - i * options.interval),
                     .missed = i == lines - 1 ? dropped - lines : 0,
                     .status = "overlapped"});
    }
  }
}

void Poller::set_deadline(const std::string& service, Counts& counts) {
  if (counts.overdue_at) deadlines_.erase({*counts.overdue_at, service});
  counts.overdue_at = overdue_at(counts.since, service_of(service).options.interval);
  deadlines_.insert({*counts.overdue_at, service});
}

void Poller::report_overdue_services(const Now& now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now.steady) {
    const auto [at, service] = *deadlines_.begin();
    deadlines_.erase(deadlines_.begin());
    Counts& counts = counts_[service];
    counts.overdue_at.reset();
    counts.overdue = true;
    hooks_.report(
        {.event = Report::Event::kOverdue,
         .service = service,
         .due = now.to_utc(at - nanoseconds(1)),
         .start = counts.last_start ? std::optional(now.to_utc(*counts.last_start)) : std::nullopt,
         .status = counts.succeeded ? "overdue" : "never"});
  }
}

void Poller::report_overdue(const Now& now, const std::string& service, const std::string& status) {
  const auto& last_start = counts_[service].last_start;
  hooks_.report({.event = Report::Event::kOverdue,
                 .service = service,
                 .due = now.utc,
                 .start = last_start ? std::optional(now.to_utc(*last_start)) : std::nullopt,
                 .status = status});
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
    rows[name].name = name;
    rows[name].state = "on demand";
    rows[name].interval = service.options.interval;
  }
  for (const IntervalHealth& health : schedule_.health(now.steady)) {
    ServiceView& row = rows[health.name];
    row.name = health.name;
    row.state = to_string(health.freshness);
    row.next_due = health.next_due;
  }
  for (const auto& [name, active] : active_) {
    rows[name].name = name;
    rows[name].state = "running";
  }
  std::vector<ServiceView> all;
  for (auto& [name, row] : rows) {
    if (const auto found = counts_.find(name); found != counts_.end()) {
      row.last_status = found->second.last_status;
      row.last_start = found->second.last_start;
      row.missed = found->second.missed;
      row.failures = found->second.failures;
      row.failures_in_a_row = found->second.failures_in_a_row;
    }
    all.push_back(std::move(row));
  }
  return all;
}

}  // namespace poller
