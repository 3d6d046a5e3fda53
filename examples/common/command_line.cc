#include "common/command_line.h"

#include <csignal>
#include <exception>
#include <iostream>
#include <sstream>

#include "common/output.h"
#include "common/printable.h"
#include "masterclock/time/rfc3339.h"

namespace common {

int default_exit_status(const absl::Status& error) { return absl::IsCancelled(error) ? 130 : 1; }

int run_program(int argc, char** argv, const Program& program,
                const std::function<void(CLI::App&, Command&)>& add_options) {
  const auto fail = [&](std::string line, int status) {
    std::replace(line.begin(), line.end(), '\n', ' ');
    std::cerr << program.name + ": " + printable(line) + "\n";
    return status;
  };
  reserve_standard_descriptors();
  std::signal(SIGXFSZ, SIG_IGN);  // a write beyond RLIMIT_FSIZE is an error to report
  try {
    CLI::App app(program.description, program.name);
    app.failure_message([](const CLI::App*, const CLI::Error&) { return std::string(); });
    Command command;
    add_options(app, command);
    try {
      app.parse(argc, argv);
    } catch (const CLI::Success& help) {
      std::ostringstream text;
      app.exit(help, text, text);
      const absl::Status written = write_stdout(text.str());
      return written.ok() ? 0 : fail(std::string(written.message()), program.exit_status(written));
    } catch (const CLI::ParseError& error) {
      return fail(std::string(error.what()) + " (see " + program.name + " --help)",
                  program.usage_exit_status);
    }
    const absl::Status status = command();
    if (status.ok()) return 0;
    return fail(std::string(status.message()), program.exit_status(status));
  } catch (const std::exception& error) {
    return fail(error.what(), program.exit_status(absl::InternalError(error.what())));
  }
}

CLI::Option* add_time(CLI::App& app, const std::string& name,
                      std::optional<masterclock::UtcTime>& time, const std::string& description) {
  return add_parsed(app, name, time, description,
                    [](const std::string& text) { return masterclock::parse_rfc3339(text); })
      ->type_name("RFC3339");
}

}  // namespace common
