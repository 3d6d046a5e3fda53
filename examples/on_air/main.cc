// on_air: what is on the air right now, and how far in are we.
//
// Exit status: 0 done, 1 something was wrong with the input, 2 with the command line, 130
// interrupted by SIGINT, SIGTERM or SIGHUP; and then one line on stderr says what.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <iostream>
#include <string>

#include "commands.h"
#include "join_command.h"
#include "run_command.h"

namespace {

int fail(std::string message, int status) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  std::cerr << "on_air: " << message << '\n';
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    CLI::App app("What is on the air right now, and how far in are we.", "on_air");
    app.require_subcommand(1);
    app.failure_message([](const CLI::App*, const CLI::Error&) { return std::string(); });
    on_air::Command command;
    on_air::add_now(app, command);
    on_air::add_join(app, command);
    on_air::add_run(app, command);
    try {
      app.parse(argc, argv);
    } catch (const CLI::Success& help) {  // --help is one of them
      return app.exit(help);
    } catch (const CLI::ParseError& error) {
      return fail(std::string(error.what()) + " (see on_air --help)", 2);
    }
    if (const absl::Status status = command(); !status.ok()) {
      return fail(std::string(status.message()), absl::IsCancelled(status) ? 130 : 1);
    }
    return 0;
  } catch (const std::exception& error) {  // out of memory, most likely
    return fail(error.what(), 1);
  }
}
