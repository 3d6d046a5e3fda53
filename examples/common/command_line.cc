#include "common/command_line.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <iostream>
#include <new>
#include <sstream>

#include "common/output.h"
#include "common/printable.h"
#include "masterclock/time/rfc3339.h"

namespace common {

int default_exit_status(const absl::Status& error) { return absl::IsCancelled(error) ? 130 : 1; }

int run_program(int argc, char** argv, const Program& program,
                const std::function<void(CLI::App&, Command&)>& add_options) {
  const auto line_of = [&](std::string what) {
    std::replace(what.begin(), what.end(), '\n', ' ');
    return program.name + ": " + printable(what) + "\n";
  };
  const auto fail = [&](std::string what, int status) {
    if (!program.report || !program.report(what)) std::cerr << line_of(std::move(what));
    return status;
  };
  reserve_standard_descriptors();
  std::signal(SIGXFSZ, SIG_IGN);  // a write beyond RLIMIT_FSIZE is an error to report
  std::signal(SIGCHLD, SIG_DFL);  // ignored by the parent, it would hide how a child ended
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
    if (absl::IsCancelled(status)) {  // ends now, even if the reader of stderr does not read
      write_if_ready(STDERR_FILENO, line_of(std::string(status.message())));
      return program.exit_status(status);
    }
    return fail(std::string(status.message()), program.exit_status(status));
  } catch (const std::bad_alloc&) {
    return fail("out of memory", program.exit_status(absl::ResourceExhaustedError("")));
  } catch (const std::exception& error) {
    return fail(error.what(), program.exit_status(absl::InternalError(error.what())));
  }
}

CLI::Option* add_host_names(CLI::App& app, std::vector<std::string>& names) {
  return app
      .add_option("--host-name", names,
                  "a name by which browsers reach this server; may be repeated")
      ->check([](const std::string& name) {
        const bool is_name = !name.empty() && name.find_first_of(":/ ") == std::string::npos;
        return is_name ? "" : "expected a name such as wall.example, without a port";
      })
      ->type_name("NAME");
}

CLI::Option* add_time(CLI::App& app, const std::string& name,
                      std::optional<masterclock::UtcTime>& time, const std::string& description) {
  return add_parsed(app, name, time, description,
                    [](const std::string& text) { return masterclock::parse_rfc3339(text); })
      ->type_name("RFC3339");
}

}  // namespace common
