// event_store: a day's events, kept in a file, fired by the clock, and never forgotten.
//
// Exit status: 0 done, 1 something was wrong with the input, 2 with the command line; and then one
// line on stderr says what.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "event_store.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/time/rfc3339.h"
#include "run_command.h"

namespace {

using event_store::EventStore;
using event_store::StoredEvent;
using event_store::WallTime;

std::string in_quotes(std::string_view text) { return masterclock::internal::quoted(text); }

using Command = std::function<absl::Status()>;

// An option whose text `parse` reads; what it refuses is a usage error that says why.
template <class Value, class Parse>
CLI::Option* add_parsed(CLI::App& app, const std::string& name, Value& value, Parse parse,
                        const std::string& what) {
  return app.add_option_function<std::string>(
      name,
      [&value, name, parse](const std::string& text) {
        const auto parsed = parse(text);
        if (!parsed.ok()) throw CLI::ValidationError(name, std::string(parsed.status().message()));
        value = *parsed;
      },
      what);
}

void add_database(CLI::App& app, std::string& path) {
  app.add_option("--db", path, "the database")->required()->type_name("FILE");
}

CLI::Option* add_utc(CLI::App& app, const std::string& name,
                     std::optional<masterclock::UtcTime>& time, const std::string& what) {
  return add_parsed(
             app, name, time,
             [](const std::string& text) { return masterclock::parse_rfc3339(text); }, what)
      ->type_name("RFC3339");
}

// Above 0 (or from 0 on), and at most `most`.
absl::StatusOr<double> parse_number(const std::string& text, double most, bool or_zero) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || number > most ||
      !(number > 0 || (or_zero && number == 0))) {
    return absl::InvalidArgumentError("Invalid number " + in_quotes(text) + ": expected " +
                                      (or_zero ? "0 or more" : "more than 0") + ", at most " +
                                      std::to_string(static_cast<long>(most)));
  }
  return number;
}

constexpr double kLongest = 1e8;  // three years in seconds

CLI::Option* add_seconds(CLI::App& app, const std::string& name,
                         std::optional<std::chrono::nanoseconds>& duration, bool or_zero,
                         const std::string& what) {
  return add_parsed(
             app, name, duration,
             [or_zero](const std::string& text) -> absl::StatusOr<std::chrono::nanoseconds> {
               const auto seconds = parse_number(text, kLongest, or_zero);
               if (!seconds.ok()) return seconds.status();
               return std::chrono::round<std::chrono::nanoseconds>(
                   std::chrono::duration<double>(*seconds));
             },
             what)
      ->type_name("SECONDS");
}

// The store as `add`, `cancel` and `list` want it: nothing fires while they run.
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
    std::optional<std::chrono::nanoseconds> every;
    std::optional<masterclock::Weekdays> days;
  };
  const auto options = std::make_shared<Options>();
  CLI::App& add = *app.add_subcommand("add", "keeps an event; it is in the file when this returns");
  add_database(add, options->database);
  add.add_option("ID", options->event.id, "a name that no other pending event has")->required();
  add.add_option("TYPE", options->event.type, "what kind of event it is")->required();
  add.add_option("PAYLOAD", options->event.payload, "what it is about");
  CLI::Option* const due = add_utc(add, "--due", options->due, "when, in UTC");
  CLI::Option* const local = add_parsed(add, "--local", options->local, event_store::parse_wall,
                                        "when, on the wall of --zone: 2026-03-29T06:00:00")
                                 ->type_name("WALL-TIME");
  due->excludes(local);
  add.add_option("--zone", options->wall.zone, "of --local; UTC unless given")
      ->type_name("IANA")
      ->needs(local);
  add_parsed(add, "--resolve", options->wall.resolve, event_store::parse_resolve,
             "where the wall skips or repeats --local: compatible unless given")
      ->type_name("reject|compatible|earlier|later|snap")
      ->needs(local);
  CLI::Option* const every =
      add_seconds(add, "--every", options->every, false, "repeats after this much elapsed time");
  CLI::Option* const daily =
      add.add_flag_callback(
             "--daily", [options] { options->days = masterclock::kEveryDay; },
             "repeats every day at the wall time of --local")
          ->needs(local)
          ->excludes(every);
  add_parsed(add, "--days", options->days, event_store::parse_days,
             "repeats on these days of the week at the wall time of --local")
      ->type_name("Mon,Tue,...")
      ->needs(local)
      ->excludes(every)
      ->excludes(daily);
  add_parsed(add, "--misfire", options->event.on_misfire, event_store::parse_on_misfire,
             "decides about missed occurrences of a repetition; the default is last")
      ->type_name("all|last|skip");
  add_seconds(add, "--max-late", options->event.max_lateness, true,
              "later than this it does not fire");
  add.callback([options, &chosen] {
    if (!options->due && !options->local) {
      throw CLI::ValidationError("--due", "or --local is required");
    }
    const bool repeats = options->every || options->days;
    if (options->event.on_misfire != masterclock::OnMisfire::kRunLast && !repeats) {
      throw CLI::ValidationError("--misfire", "requires --every, --daily or --days");
    }
    chosen = [options]() -> absl::Status {
      masterclock::MasterClock clock;
      auto store = open_to_edit(clock, options->database, true);
      if (!store.ok()) return store.status();
      if (options->every) options->event.repeat = masterclock::Every{*options->every};
      if (options->days) options->event.repeat = masterclock::Daily{.days = *options->days};
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
  CLI::App& cancel = *app.add_subcommand("cancel", "takes a pending event out of the file");
  add_database(cancel, options->database);
  cancel.add_option("ID", options->id, "its name")->required();
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

std::string in_seconds(std::chrono::nanoseconds duration) {
  const auto whole = std::chrono::floor<std::chrono::milliseconds>(duration).count();
  const std::string fraction = std::to_string(1'000 + whole % 1'000).substr(1);
  return std::to_string(whole / 1'000) + (fraction == "000" ? "" : "." + fraction) + " s";
}

absl::Status list_pending(EventStore& store) {
  const auto rows = store.pending();
  if (!rows.ok()) return rows.status();
  for (const event_store::PendingRow& row : *rows) {
    const StoredEvent& event = row.event;
    std::string line = event_store::to_text(row.due) + '\t' + event_store::printable(event.id) +
                       '\t' + event_store::printable(event.type) + '\t' +
                       event_store::printable(event.payload);
    if (const auto* const wall = std::get_if<WallTime>(&event.due)) {
      line += "\t" + event_store::to_text(wall->local) + "[" + wall->zone + "]";
    }
    if (event.repeat && std::holds_alternative<masterclock::Daily>(*event.repeat)) {
      line += "\t" + to_string(std::get<masterclock::Daily>(*event.repeat).days);
    } else if (event.repeat) {
      line += "\tevery " + in_seconds(std::get<masterclock::Every>(*event.repeat).interval);
    }
    std::cout << line << '\n';
  }
  return absl::OkStatus();
}

absl::Status list_fired(EventStore& store) {
  const auto rows = store.fired();
  if (!rows.ok()) return rows.status();
  for (const event_store::FiredRow& row : *rows) {
    std::cout << event_store::to_text(row.fired) + '\t' + event_store::to_text(row.due) + '\t' +
                     event_store::printable(row.id) + '\t' + event_store::printable(row.type) +
                     '\t' + event_store::printable(row.payload) + '\t' + row.outcome +
                     (row.lateness > std::chrono::milliseconds(1)
                          ? ", " + in_seconds(row.lateness) + " late"
                          : "") +
                     (row.error.empty() ? "" : ": " + event_store::printable(row.error)) + '\n';
  }
  return absl::OkStatus();
}

void add_list(CLI::App& app, Command& chosen) {
  struct Options {
    std::string database;
    bool fired = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App& list = *app.add_subcommand("list", "shows what is pending, in the order of firing");
  add_database(list, options->database);
  list.add_flag("--fired", options->fired, "what has fired instead: when, when it was due, what");
  list.callback([options, &chosen] {
    chosen = [options]() -> absl::Status {
      masterclock::MasterClock clock;
      const auto store = open_to_edit(clock, options->database, false);
      if (!store.ok()) return store.status();
      const absl::Status listed = options->fired ? list_fired(**store) : list_pending(**store);
      if (!listed.ok() || std::cout << std::flush) return listed;
      return absl::UnavailableError("the list could not be written");
    };
  });
}

void add_run(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<event_store::RunOptions>();
  CLI::App& run = *app.add_subcommand("run", "fires what is pending, and prints it");
  add_database(run, options->database);
  CLI::Option* const speed =
      run.add_option_function<std::string>(
             "--speed",
             [options](const std::string& text) {
               options->simulated = true;
               if (text == "max") return;
               const auto number = parse_number(text, 1e6, false);
               if (!number.ok()) {
                 throw CLI::ValidationError("--speed", std::string(number.status().message()));
               }
               options->speed = *number;
             },
             "simulated time, so many seconds a second, or max; unless given, the real clock")
          ->type_name("N|max");
  add_utc(run, "--from", options->from, "begin then; unless given, when the first event is due")
      ->needs(speed);
  add_utc(run, "--until", options->until, "end then");
  run.callback([options, &chosen] {
    if (options->from && options->until && *options->until <= *options->from) {
      throw CLI::ValidationError("--until", "must be later than --from");
    }
    chosen = [options] { return event_store::run_events(*options, std::cout); };
  });
}

int fail(std::string message, int status) {
  std::cerr << "event_store: " + event_store::printable(std::move(message)) + "\n";
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    CLI::App app("A day's events, kept in a file and fired by the clock.", "event_store");
    app.require_subcommand(1);
    app.failure_message([](const CLI::App*, const CLI::Error&) { return std::string(); });
    Command command;
    add_add(app, command);
    add_cancel(app, command);
    add_list(app, command);
    add_run(app, command);
    try {
      app.parse(argc, argv);
    } catch (const CLI::Success& help) {  // --help is one of them
      return app.exit(help);
    } catch (const CLI::ParseError& error) {
      return fail(std::string(error.what()) + " (see event_store --help)", 2);
    }
    if (const absl::Status status = command(); !status.ok()) {
      return fail(std::string(status.message()), 1);
    }
    return 0;
  } catch (const std::exception& error) {  // out of memory, most likely
    return fail(error.what(), 1);
  }
}
