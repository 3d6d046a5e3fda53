// scoreboard: game clocks that lose no part of a second, on every screen.
//
// Exit status: 0 done; 1 for an error in the input or the output; 2 for an error in the command line.
// An error is one line on stderr.
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/command_line.h"
#include "common/log_line.h"
#include "common/nearest_name.h"
#include "common/output.h"
#include "common/printable.h"
#include "destination.h"
#include "game_event.h"
#include "push_command.h"
#include "score_import.h"
#include "serve_command.h"
#include "store.h"

namespace {

using common::add_parsed;
using common::Command;
using masterclock::BootPolicy;

constexpr char kSecretVariable[] = "SCOREBOARD_WEBHOOK_SECRET";

absl::StatusOr<BootPolicy> parse_policy(const std::string& text) {
  for (const BootPolicy policy : {BootPolicy::kContinue, BootPolicy::kFreeze, BootPolicy::kAsk}) {
    if (text == to_string(policy)) return policy;
  }
  return absl::InvalidArgumentError("Invalid policy " + common::in_quotes(text) +
                                    ": expected continue, freeze or ask");
}

// Returns what is wrong with the type of an event, or nothing.
std::string check_type(const std::string& type) {
  std::string_view nearest;
  std::size_t distance = common::too_far(type);
  for (const std::string_view known : scoreboard::kEventTypes) {
    if (type == known) return {};
    const std::size_t far = common::edit_distance(type, known, distance);
    if (far < distance) nearest = known;
    distance = std::min(distance, far);
  }
  std::string wrong = "No event has the type " + common::in_quotes(type);
  if (!nearest.empty()) return wrong + ": did you mean " + std::string(nearest) + "?";
  wrong += ": expected";
  for (const std::string_view known : scoreboard::kEventTypes) wrong += " " + std::string(known);
  return wrong;
}

std::string check_event_id(const std::string& text) {
  return text.starts_with('-') ? "Invalid event " + common::in_quotes(text) : std::string();
}

void refuse_twice(const scoreboard::PushOptions& options) {
  std::set<std::string> names;
  for (const std::string& name : options.destinations) {
    if (names.insert(name).second) continue;
    throw CLI::ValidationError("--destination", common::in_quotes(name) + " is given twice");
  }
}

// Checks the destinations of the pusher that a server watches.
absl::Status check_destinations(const scoreboard::PushOptions& options) {
  const char* const secret = std::getenv(kSecretVariable);
  for (const std::string& name : options.destinations) {
    const absl::Status possible =
        scoreboard::check_destination(name, secret == nullptr ? "whsec_AAAA" : secret);
    if (!possible.ok()) return possible;
  }
  return absl::OkStatus();
}

void add_destinations(CLI::App& app, scoreboard::PushOptions& options) {
  app.add_option("--destination", options.destinations,
                 "takes the events: file:PATH, http:// or https://; may be repeated")
      ->type_name("URL");
  app.add_option("--from", options.destination.from,
                 "the first event of a new destination; default: 1")
      ->check(CLI::Validator([](std::string& id) { return check_event_id(id); }, ""))
      ->type_name("ID");
  app.add_option("--types", options.destination.types, "of the events; default: all")
      ->delimiter(',')
      ->check(CLI::Validator([](std::string& type) { return check_type(type); }, ""))
      ->type_name("TYPE,...");
  app.add_flag("--ordered", options.ordered, "an event waits for the events before it");
}

// Returns the command line of the pusher that a server watches.
std::vector<std::string> arguments_of(const scoreboard::PushOptions& options,
                                      const std::string& database) {
  if (options.destinations.empty()) return {};
  std::vector<std::string> arguments = {"/proc/self/exe", "push",
                                        "--db",           database,
                                        "--from",         std::to_string(options.destination.from),
                                        "--watched"};
  for (const std::string& destination : options.destinations) {
    arguments.insert(arguments.end(), {"--destination", destination});
  }
  for (const std::string& type : options.destination.types) {
    arguments.insert(arguments.end(), {"--types", type});
  }
  if (options.ordered) arguments.emplace_back("--ordered");
  return arguments;
}

void add_serve(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<scoreboard::ServeOptions>();
  CLI::App& serve = *app.add_subcommand("serve", "Serves the clocks of a match.");
  serve.add_option("--db", options->database, "the match; default: scoreboard.db")
      ->type_name("FILE|postgresql://...");
  serve.add_option("--address", options->address, "an IP address to listen on; default: 127.0.0.1")
      ->type_name("IP");
  serve.add_option("--port", options->port, "default: any free port")->type_name("N");
  common::add_host_names(serve, options->host_names);
  serve
      .add_option("--token", options->token,
                  "for commands; default: one that the first start makes")
      ->type_name("T");
  serve.add_option("--sport", options->sport, "the rules; the first start adds their clocks")
      ->type_name("FILE");
  const auto push = std::make_shared<scoreboard::PushOptions>();
  add_destinations(serve, *push);
  add_parsed(serve, "--after-reboot", options->after_reboot,
             "the policy for clocks that ran when the machine went down; default: ask",
             parse_policy)
      ->type_name("continue|freeze|ask");
  serve.callback([options, push, &chosen] {
    refuse_twice(*push);
    chosen = [options, push] {
      options->push_arguments = arguments_of(*push, options->database);
      // A closed pipe and a file that is too large are errors to report, not the end of the program.
      for (const int signal : {SIGPIPE, SIGXFSZ}) (void)std::signal(signal, SIG_IGN);
      if (absl::Status possible = check_destinations(*push); !possible.ok()) return possible;
      return scoreboard::serve(*options);
    };
  });
}

void add_push(CLI::App& app, Command& chosen, bool& watched) {
  const auto options = std::make_shared<scoreboard::PushOptions>();
  CLI::App& push = *app.add_subcommand("push", "Delivers the events of a match to destinations.");
  push.add_option("--db", options->database, "the match; default: scoreboard.db")
      ->type_name("FILE|postgresql://...");
  add_destinations(push, *options);
  push.get_option("--destination")->required();
  push.add_option("--secret", options->secret,
                  "signs the webhooks: whsec_BASE64; default: one that the first start makes")
      ->envname(kSecretVariable)
      ->type_name("SECRET");
  push.add_flag("--watched", watched, "writes errors as lines of the log")->group("");
  push.callback([options, &chosen] {
    refuse_twice(*options);
    chosen = [options] {
      for (const int signal : {SIGPIPE, SIGXFSZ}) (void)std::signal(signal, SIG_IGN);
      return scoreboard::push(*options);
    };
  });
}

void add_import(CLI::App& app, Command& chosen) {
  struct Options {
    std::string database = "scoreboard.db", file, game;
  };
  const auto options = std::make_shared<Options>();
  CLI::App& importing = *app.add_subcommand(
      "import", "Imports a Score database, or its JSON lines, as clock game/1.");
  importing.add_option("FILE", options->file, "the database, or the file of lines")->required();
  importing.add_option("--db", options->database, "the match; default: scoreboard.db")
      ->type_name("FILE|postgresql://...");
  importing
      .add_option("--game", options->game, "of a file with several games; default: the only one")
      ->type_name("ID");
  importing.callback([options, &chosen] {
    chosen = [options]() -> absl::Status {
      const auto read = scoreboard::read_score(options->file, options->game);
      if (!read.ok()) return read.status();
      const auto store = scoreboard::Store::open(options->database);
      if (!store.ok()) return store.status();
      const absl::Status stored = scoreboard::import_score(*read, **store);
      return stored.ok() ? common::write_stdout(read->summary + "\n") : stored;
    };
  });
}

}  // namespace

int main(int argc, char** argv) {
  ::umask(077);          // the store has the token, and the secret of the webhooks
  bool watched = false;  // a pusher whose server shares its console
  const auto report = [&watched](const std::string& what) {
    if (watched) common::log_line("pusher", what);
    return watched;
  };
  return common::run_program(
      argc, argv,
      {.name = "scoreboard",
       .description = "Game clocks that lose no part of a second, on every screen.",
       .report = report},
      [&watched](CLI::App& app, Command& command) {
        app.require_subcommand(1);
        add_serve(app, command);
        add_push(app, command, watched);
        add_import(app, command);
      });
}
