// Reads a command line with CLI11, runs the chosen command, and returns the exit status.
//
// Each program describes its options in one function. An option whose value cannot be read is a
// usage error, and the message gives the reason. A command runs after the whole command line was
// read. Each error is one line on stderr: "PROGRAM: what".
//
//   int main(int argc, char** argv) {
//     return common::run_program(argc, argv, {.name = "hello", .description = "Greets."},
//                                [](CLI::App& app, common::Command& command) {
//                                  command = [] { return greet(); };
//                                });
//   }
#ifndef MASTERCLOCK_EXAMPLES_COMMON_COMMAND_LINE_H_
#define MASTERCLOCK_EXAMPLES_COMMON_COMMAND_LINE_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "masterclock/time/time_points.h"

namespace common {

// The work of a program or of one of its subcommands.
using Command = std::function<absl::Status()>;

// 130 for Cancelled: an interrupted program. 1 for any other error.
[[nodiscard]] int default_exit_status(const absl::Status& error);

struct Program {
  std::string name, description;
  int usage_exit_status = 2;
  std::function<int(const absl::Status& error)> exit_status = default_exit_status;

  // Takes the errors in place of stderr, where it returns true.
  std::function<bool(const std::string& what)> report = {};
};

// Runs a program. `add_options` describes the options and sets the command, or adds subcommands
// that set it.
//
// Errors: returns 0 for success and for --help, `usage_exit_status` for a bad command line, else
//         the status of the command's error. An exception is an Internal error.
[[nodiscard]] int run_program(int argc, char** argv, const Program& program,
                              const std::function<void(CLI::App&, Command&)>& add_options);

// Adds an option. `parse` reads its text and returns a StatusOr. `value` must outlive `app`.
template <class Value, class Parse>
CLI::Option* add_parsed(CLI::App& app, const std::string& name, Value& value,
                        const std::string& description, Parse parse) {
  return app.add_option_function<std::string>(
      name,
      [&value, name, parse](const std::string& text) {
        const auto parsed = parse(text);
        if (!parsed.ok()) throw CLI::ValidationError(name, std::string(parsed.status().message()));
        value = *parsed;
      },
      description);
}

// Adds --host-name, which may be repeated: HttpRouterOptions::host_names.
CLI::Option* add_host_names(CLI::App& app, std::vector<std::string>& names);

// Adds an option that takes an instant in RFC 3339: 2026-03-29T01:30:00Z.
CLI::Option* add_time(CLI::App& app, const std::string& name,
                      std::optional<masterclock::UtcTime>& time, const std::string& description);

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_COMMAND_LINE_H_
