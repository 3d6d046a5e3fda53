#include "common/command_line.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace common::command_line_test {
namespace {

using masterclock::UtcTime;
using namespace std::chrono_literals;

struct Result {
  int status;
  std::string out, error;
};

Result run(const Program& program, std::vector<std::string> arguments,
           const std::function<void(CLI::App&, Command&)>& add_options) {
  arguments.insert(arguments.begin(), program.name);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  const int status = run_program(static_cast<int>(argv.size()), argv.data(), program, add_options);
  std::string error = ::testing::internal::GetCapturedStderr();
  return {status, ::testing::internal::GetCapturedStdout(), error};
}

const Program kProgram{.name = "p", .description = "Does something."};

TEST(RunProgram, ReturnsTheStatusOfTheCommand) {
  const struct {
    const char* name;
    absl::Status status;
    int expected;
    const char* error;
  } cases[] = {
      {"success", absl::OkStatus(), 0, ""},
      {"bad input", absl::InvalidArgumentError("bad\nfile\x1b"), 1, "p: bad file \n"},
      {"interrupted", absl::CancelledError("interrupted"), 130, "p: interrupted\n"},
  };
  for (const auto& c : cases) {
    const Result result =
        run(kProgram, {}, [&](CLI::App&, Command& command) { command = [&] { return c.status; }; });
    EXPECT_EQ(result.status, c.expected) << c.name;
    EXPECT_EQ(result.error, c.error) << c.name;
  }
}

TEST(RunProgram, ReportsAnExceptionAsAnInternalError) {
  Program program = kProgram;
  program.exit_status = [](const absl::Status& error) { return absl::IsInternal(error) ? 70 : 1; };
  const Result result = run(program, {}, [](CLI::App&, Command& command) {
    command = []() -> absl::Status { throw std::runtime_error("out of memory"); };
  });
  EXPECT_EQ(result.status, 70);
  EXPECT_EQ(result.error, "p: out of memory\n");
}

TEST(RunProgram, PrintsHelpOnStdout) {
  const Result result = run(kProgram, {"--help"}, [](CLI::App&, Command&) {});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.out.substr(0, 15), "Does something.");
}

TEST(RunProgram, RefusesABadCommandLineBeforeTheCommandRuns) {
  Program program = kProgram;
  program.usage_exit_status = 64;
  std::optional<UtcTime> at;
  const Result result = run(program, {"--at", "noon"}, [&](CLI::App& app, Command& command) {
    add_time(app, "--at", at, "the instant");
    command = [] { return absl::InternalError("the command ran"); };
  });
  EXPECT_EQ(result.status, 64);
  EXPECT_EQ(result.error.substr(0, 11), "p: --at: In") << result.error;
  EXPECT_NE(result.error.find("(see p --help)\n"), std::string::npos) << result.error;
}

TEST(AddTime, ReadsRfc3339) {
  std::optional<UtcTime> at;
  const Result result =
      run(kProgram, {"--at", "1970-01-01T00:00:01.5Z"}, [&](CLI::App& app, Command& command) {
        add_time(app, "--at", at, "the instant");
        command = [] { return absl::OkStatus(); };
      });
  EXPECT_EQ(result.status, 0) << result.error;
  EXPECT_EQ(at, UtcTime(1'500ms));
}

TEST(AddHostNames, ReadsNamesWithoutPorts) {
  const auto read = [](std::vector<std::string> arguments) {
    std::vector<std::string> names;
    const Result result = run(kProgram, std::move(arguments), [&](CLI::App& app, Command& command) {
      add_host_names(app, names);
      command = [] { return absl::OkStatus(); };
    });
    return result.status == 0 ? names : std::vector<std::string>{result.error};
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(read({"--host-name", "a.example", "--host-name", "b"}), (Names{"a.example", "b"}));
  for (const char* const wrong : {"a.example:80", "http://a.example", ""}) {
    const Names error = read({"--host-name", wrong});
    EXPECT_EQ(error.front().substr(0, 15), "p: --host-name:") << error.front();
  }
}

}  // namespace
}  // namespace common::command_line_test
