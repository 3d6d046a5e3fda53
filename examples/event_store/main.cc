// event_store: keeps the events of a day in a file, and fires them by the clock.
//
// Exit status: 0 done; 1 for an error in the input or the output; 2 for an error in the command line.
// An error is one line on stderr.
#include <charconv>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/command_line.h"
#include "common/output.h"
#include "common/printable.h"
#include "common/time_text.h"
#include "event_store.h"
#include "masterclock/time/duration_text.h"
#include "masterclock/time/rfc3339.h"
#include "run_command.h"

namespace {

using common::add_parsed;
using common::add_time;
using common::Command;
using common::in_quotes;
using common::printable;
using event_store::EventStore;
using event_store::StoredEvent;
using event_store::WallTime;
using std::chrono::nanoseconds;

void add_database(CLI::App& app, std::string& path) {
  app.add_option("--db", path, "the database")->required()->type_name("FILE");
}

// Above 0 and at most 1e6.
absl::StatusOr<double> parse_speed(const std::string& text) {
  constexpr double kMost = 1e6;
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !(number > 0) || number > kMost) {
    return absl::InvalidArgumentError("Invalid speed " + in_quotes(text) +
                                      ": expected max, or a number above 0 and at most 1000000");
  }
  return number;
}

// Returns a parser for durations from `least` on.
auto duration_from(nanoseconds least) {
  return [least](const std::string& text) -> absl::StatusOr<nanoseconds> {
    const auto duration = masterclock::parse_duration(text);
    if (!duration.ok() || *duration >= least) return duration;
    return absl::InvalidArgumentError("Invalid duration " + in_quotes(text) + ": expected " +
                                      masterclock::to_string(least) + " or more");
  };
}

// Opens the store for a command that fires no event.
absl::StatusOr<std::unique_ptr<EventStore>> open_to_edit(masterclock::MasterClock& clock,
                                                         const std::string& path, bool create) {
  auto store = EventStore::open(clock, path, {.create = create});
  if (store.ok()) {
    (*store)->handle_others([](event_store::Firing&) { return absl::OkStatus(); });
  }
  return store;
}

void add_add(CLI::App& app, Command& chosen) {
  struct Options {
    std::string database;
    StoredEvent event;
    std::optional<masterclock::UtcTime> due;
    std::optional<masterclock::LocalTime> local;
    WallTime wall{{}, "UTC"};
  };
  const auto options = std::make_shared<Options>();
  CLI::App& add =
      *app.add_subcommand("add", "Adds an event. It is in the file when the command returns.");
  add_database(add, options->database);
  add.add_option("ID", options->event.id, "a name that no other pending event has")->required();
  add.add_option("TYPE", options->event.type, "the kind of event")->required();
  add.add_option("PAYLOAD", options->event.payload, "data for the handler of the event");
  CLI::Option* const due = add_time(add, "--due", options->due, "the due time in UTC");
  CLI::Option* const local =
      add_parsed(add, "--local", options->local, "the due time on the wall: 2026-03-29T06:00",
                 masterclock::parse_local_time)
          ->type_name("WALL-TIME")
          ->excludes(due);
  add.add_option("--zone", options->wall.zone, "the zone of --local; default: UTC")
      ->type_name("IANA")
      ->needs(local);
  add_parsed(add, "--resolve", options->wall.resolve,
             "the policy where the wall skips or repeats --local; default: compatible",
             event_store::parse_resolve)
      ->type_name("reject|compatible|earlier|later|snap")
      ->needs(local);
  CLI::Option* const every =
      add_parsed(add, "--every", options->event.every,
                 "repeats after this elapsed time: 90s, 15m, 1h30m", duration_from(nanoseconds(1)))
          ->type_name("DURATION");
  CLI::Option* const daily =
      add.add_flag_callback(
             "--daily", [options] { options->event.days = masterclock::kEveryDay; },
             "repeats each day at --local")
          ->needs(local)
          ->excludes(every);
  add_parsed(add, "--days", options->event.days, "repeats on these days at --local: mon,wed,fri",
             event_store::parse_days)
      ->type_name("DAYS")
      ->needs(local)
      ->excludes(every)
      ->excludes(daily);
  CLI::Option* const misfire =
      add_parsed(add, "--misfire", options->event.on_misfire,
                 "the policy for missed occurrences; default: last", event_store::parse_on_misfire)
          ->type_name("all|last|skip");
  add_parsed(add, "--max-late", options->event.max_lateness,
             "drops the event when it would fire later than this", duration_from(nanoseconds(0)))
      ->type_name("DURATION");
  add.callback([=, &chosen] {
    if (!*due && !*local) throw CLI::ValidationError("--due", "or --local is required");
    if (*misfire && !options->event.repeats()) {
      throw CLI::ValidationError("--misfire", "requires --every, --daily or --days");
    }
    chosen = [options]() -> absl::Status {
      masterclock::MasterClock clock;
      auto store = open_to_edit(clock, options->database, true);
      if (!store.ok()) return store.status();
      if (options->due) {
        options->event.due = *options->due;
      } else {
        options->wall.local = *options->local;
        options->event.due = options->wall;
      }
      return (*store)->schedule(options->event);
    };
  });
}

void add_cancel(CLI::App& app, Command& chosen) {
  struct Options {
    std::string database, id;
  };
  const auto options = std::make_shared<Options>();
  CLI::App& cancel = *app.add_subcommand("cancel", "Removes a pending event from the file.");
  add_database(cancel, options->database);
  cancel.add_option("ID", options->id, "the name of the event")->required();
  cancel.callback([options, &chosen] {
    chosen = [options]() -> absl::Status {
      masterclock::MasterClock clock;
      auto store = open_to_edit(clock, options->database, false);
      if (!store.ok()) return store.status();
      const auto cancelled = (*store)->cancel(options->id);
      if (!cancelled.ok()) return cancelled.status();
      if (*cancelled) return absl::OkStatus();
      return absl::NotFoundError("no event " + in_quotes(options->id) + " is pending");
    };
  });
}

std::string line_of(const event_store::PendingRow& row) {
  const StoredEvent& event = row.event;
  std::string line = common::utc_text(row.due) + '\t' + printable(event.id) + '\t' +
                     printable(event.type) + '\t' + printable(event.payload);
  if (const auto* const wall = std::get_if<WallTime>(&event.due)) {
    line += "\t" + event_store::to_text(wall->local) + "[" + wall->zone + "]";
  }
  if (event.every) line += "\tevery " + masterclock::to_string(*event.every);
  if (event.days) line += "\t" + to_string(*event.days);
  return line + '\n';
}

std::string line_of(const event_store::FiredRow& row) {
  std::string line = common::utc_text(row.fired) + '\t' + common::utc_text(row.due) + '\t' +
                     printable(row.id) + '\t' + printable(row.type) + '\t' +
                     printable(row.payload) + '\t' + row.outcome;
  const auto late = std::chrono::floor<std::chrono::milliseconds>(row.lateness);
  if (late.count() > 0) line += ", " + masterclock::to_string(late) + " late";
  if (row.skipped > 0) line += ", " + std::to_string(row.skipped) + " skipped";
  if (!row.error.empty()) line += ": " + printable(row.error);
  return line + '\n';
}

// Reads all rows before the first is printed: a slow reader of stdout keeps no statement open.
template <class Rows>
absl::Status print_all(const Rows& rows) {
  if (!rows.ok()) return rows.status();
  std::string text;
  for (const auto& row : *rows) text += line_of(row);
  return common::write_stdout(text);
}

void add_list(CLI::App& app, Command& chosen) {
  struct Options {
    std::string database;
    bool fired = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App& list =
      *app.add_subcommand("list", "Prints the pending events, in the order of firing.");
  add_database(list, options->database);
  list.add_flag("--fired", options->fired,
                "prints the events that fired: when, the due time, the event, the outcome");
  list.callback([options, &chosen] {
    chosen = [options]() -> absl::Status {
      masterclock::MasterClock clock;
      const auto store = open_to_edit(clock, options->database, false);
      if (!store.ok()) return store.status();
      return options->fired ? print_all((*store)->fired()) : print_all((*store)->pending());
    };
  });
}

void add_run(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<event_store::RunOptions>();
  CLI::App& run = *app.add_subcommand("run", "Fires the pending events, and prints each.");
  add_database(run, options->database);
  CLI::Option* const speed =
      run.add_option_function<std::string>(
             "--speed",
             [options](const std::string& text) {
               options->simulated = true;
               if (text == "max") return;
               const auto number = parse_speed(text);
               if (!number.ok()) {
                 throw CLI::ValidationError("--speed", std::string(number.status().message()));
               }
               options->speed = *number;
             },
             "runs on simulated time, this many seconds per second, or max; default: the real "
             "clock")
          ->type_name("N|max");
  add_time(run, "--from", options->from,
           "the time at the start; default: when the first event is due")
      ->needs(speed);
  add_time(run, "--until", options->until, "the time at the end");
  run.callback([options, &chosen] {
    if (options->from && options->until && *options->until <= *options->from) {
      throw CLI::ValidationError("--until", "must be later than --from");
    }
    chosen = [options] {
      // A closed pipe and a file that is too large are errors to report, not the end of the program.
      for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);
      return event_store::run_events(*options, common::write_stdout);
    };
  });
}

}  // namespace

int main(int argc, char** argv) {
  return common::run_program(
      argc, argv,
      {.name = "event_store",
       .description = "Keeps the events of a day in a file, and fires them by the clock."},
      [](CLI::App& app, Command& command) {
        app.require_subcommand(1);
        add_add(app, command);
        add_cancel(app, command);
        add_list(app, command);
        add_run(app, command);
      });
}
