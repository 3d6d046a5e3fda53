#include "run_loop.h"

#include <unistd.h>

#include <algorithm>

#include "common/output.h"
#include "common/printable.h"
#include "common/text_cells.h"
#include "common/time_text.h"
#include "masterclock/events/dispatcher.h"
#include "masterclock/events/simulate.h"
#include "masterclock/time/system_time_source.h"

namespace on_air {
namespace {

using masterclock::SteadyTime;
using masterclock::SystemTimeSource;
using masterclock::UtcTime;
using masterclock::testing::ManualTimeSource;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr const char* kErase = "\r\x1b[K";  // erases the line of a terminal
constexpr nanoseconds kLongestWait = 100ms;
constexpr nanoseconds kLongestStep = 1'000'000h;  // of simulated time

using Seconds = std::chrono::duration<double>;

// The distance of two instants may not fit in nanoseconds; that of their halves does.
Seconds seconds_between(UtcTime from, UtcTime to) {
  return 2 * Seconds(to.time_since_epoch() / 2 - from.time_since_epoch() / 2) +
         Seconds(to.time_since_epoch() % 2 - from.time_since_epoch() % 2);
}

bool stderr_is_a_terminal() { return ::isatty(STDERR_FILENO) == 1; }

}  // namespace

void say(const std::string& line) {
  common::write_if_ready(STDERR_FILENO,
                         (stderr_is_a_terminal() ? kErase : "") + ("on_air: " + line) + "\n");
}

Progress::Progress(UtcTime from, std::optional<UtcTime> to, masterclock::Zone zone)
    : from_(from), to_(to), zone_(zone), shown_(stderr_is_a_terminal()) {}

Progress::~Progress() {
  if (drawn_) common::write_if_ready(STDERR_FILENO, kErase);
}

void Progress::show(UtcTime now, std::size_t starts) {
  if (!shown_) return;
  const double part =
      to_ && *to_ > from_
          ? std::clamp(seconds_between(from_, now) / seconds_between(from_, *to_), 0.0, 1.0)
          : 0.0;
  const auto thousandth = static_cast<std::int64_t>(part * 1'000);
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  if (drawn_ && (to_ ? thousandth == thousandth_ : second == second_)) return;
  thousandth_ = thousandth;
  second_ = second;
  drawn_ = true;
  std::string line = common::local_text(second, zone_) + "  ";
  if (to_) {
    line += common::bar(part, 30) + " " +
            common::fit_right(std::to_string(thousandth / 10) + " %", 5) + "  ";
  }
  line += std::to_string(starts) + " starts";
  common::write_if_ready(STDERR_FILENO, "\r" + line + "\x1b[K");
}

void RunLoop::at_once(ManualTimeSource& source, UtcTime end) { advance_to(source, end); }

void RunLoop::paced(ManualTimeSource& source, double speed, UtcTime end) {
  const SystemTimeSource& system = SystemTimeSource::shared();
  const SteadyTime started = system.now_steady();
  const UtcTime from = source.now_utc();
  const auto simulated = [&] { return Seconds(system.now_steady() - started) * speed; };
  for (;;) {
    const UtcTime goal = std::min(clock_.next_event_time().value_or(end), end);
    const Seconds wait = (seconds_between(from, goal) - simulated()) / speed;
    if (ended(std::chrono::ceil<nanoseconds>(std::min<Seconds>(wait, kLongestWait)))) return;
    const Seconds passed = simulated();
    if (passed >= seconds_between(from, end)) return advance_to(source, end);
    const Seconds step =
        std::clamp<Seconds>(passed - seconds_between(from, source.now_utc()), 0s, kLongestStep);
    advance_to(source, masterclock::saturating_add(source.now_utc(),
                                                   std::chrono::floor<nanoseconds>(step)));
  }
}

void RunLoop::real(std::optional<UtcTime> end, const std::function<void()>& every_second) {
  masterclock::Dispatcher dispatcher(clock_.scheduler());
  dispatcher.start();
  const SystemTimeSource& system = SystemTimeSource::shared();
  SteadyTime next = system.now_steady() + 1s;
  for (;;) {
    const UtcTime now = clock_.now_utc();
    progress_.show(now, starts_);
    if (end && now >= *end) break;
    if (system.now_steady() >= next) {
      every_second();
      next = system.now_steady() + 1s;
    }
    nanoseconds wait = kLongestWait;
    if (end) wait = std::min(wait, masterclock::saturating_difference(*end, now));
    if (ended(wait)) return;
  }
  dispatcher.stop();
  clock_.trigger_scheduled_events();
}

void RunLoop::count(const AsRunEntry& entry) {
  if (entry.aired()) ++starts_;
  skipped_ += entry.skipped;
}

void RunLoop::fail(const absl::Status& error) {
  const std::lock_guard lock(mutex_);
  failure_.Update(error);
}

absl::Status RunLoop::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

std::string RunLoop::summary() const {
  return std::to_string(starts_) + " programme starts" +
         (skipped_ > 0 ? ", " + std::to_string(skipped_) + " skipped," : "");
}

void RunLoop::advance_to(ManualTimeSource& source, UtcTime end) {
  masterclock::simulate_until(source, clock_.scheduler(), end,
                              [&](const masterclock::SimulationProgress& now) {
                                progress_.show(now.now, starts_);
                                return !ended(0s);
                              });
}

bool RunLoop::ended(nanoseconds wait) {
  if (log_.reader_has_left()) fail(absl::UnavailableError("the reader of the log has left"));
  return !failure().ok() || stop_.wait_for(wait, log_.reader_fd());
}

}  // namespace on_air
