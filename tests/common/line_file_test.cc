#include "common/line_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <string>

#include "../temporary_directory.h"

namespace common::line_file_test {
namespace {

using masterclock::tests::contents_of;
using masterclock::tests::TemporaryDirectory;
using Mode = LineFile::Mode;

std::unique_ptr<LineFile> open(const std::filesystem::path& file, Mode mode) {
  auto lines = LineFile::open(file, {.mode = mode});
  EXPECT_TRUE(lines.ok()) << lines.status();
  return lines.ok() ? *std::move(lines) : nullptr;
}

TEST(LineFile, WritesLinesAtOnce) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "log";
  const auto lines = open(file, Mode::kReplace);
  ASSERT_TRUE(lines->write("one").ok());
  EXPECT_EQ(contents_of(file), "one\n");
  EXPECT_EQ(lines->lines(), 1u);
  EXPECT_TRUE(lines->close().ok());
  EXPECT_TRUE(lines->close().ok());
  EXPECT_EQ(lines->write("two").code(), absl::StatusCode::kFailedPrecondition);
}

TEST(LineFile, ReplacesOrAppends) {
  const struct {
    const char* name;
    Mode mode;
    std::string before, kept;
  } cases[] = {
      {"replace", Mode::kReplace, "old\n", ""},
      {"append", Mode::kAppend, "old\n", "old\n"},
      {"append to an empty file", Mode::kAppend, "", ""},
      {"append after an incomplete line", Mode::kAppend, "old\n{\"start\":", "old\n"},
      {"append after one incomplete line only", Mode::kAppend, "{\"start\":", ""},
      {"an incomplete line longer than a block", Mode::kAppend, "old\n" + std::string(10'000, 'x'),
       "old\n"},
  };
  for (const auto& c : cases) {
    const TemporaryDirectory directory;
    const auto file = directory.write("log", c.before);
    ASSERT_TRUE(open(file, c.mode)->write("new").ok());
    EXPECT_EQ(contents_of(file), c.kept + "new\n") << c.name;
  }
}

TEST(LineFile, NamesTheFileThatCannotBeWritten) {
  const auto nowhere = LineFile::open("/nowhere/log", {});
  EXPECT_EQ(nowhere.status().message(), "/nowhere/log: No such file or directory");
  const auto full = open("/dev/full", Mode::kReplace);
  EXPECT_EQ(full->write("one").message(), "/dev/full: No space left on device");
}

// A limit on the file size simulates a disk that fills up in the middle of a line.
TEST(LineFile, RemovesTheWrittenPartOfALineThatDoesNotFit) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "log";
  const auto lines = open(file, Mode::kReplace);
  const std::string line(200, 'x');
  ASSERT_TRUE(lines->write(line).ok());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = line.size() + 100;
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  const absl::Status status = lines->write(line);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, handler);
  EXPECT_EQ(status.message(), file.string() + ": File too large");
  EXPECT_EQ(contents_of(file), line + "\n");
  EXPECT_TRUE(lines->write(line).ok());
  EXPECT_EQ(contents_of(file), line + "\n" + line + "\n");
}

TEST(LineFile, RefusesAFileOfAnotherKind) {
  const struct {
    const char* name;
    std::string before;
    bool accepted;
  } cases[] = {
      {"notes", "Buy milk.\n", false},
      {"one byte", "x", false},
      {"zero bytes", std::string(100, '\0'), false},
      {"an empty file", "", true},
      {"lines of this kind", "{\"start\":\"2026\"}\n", true},
      {"an incomplete first line", "{\"st", true},
  };
  for (const auto& c : cases) {
    for (const Mode mode : {Mode::kReplace, Mode::kAppend}) {
      const TemporaryDirectory directory;
      const auto file = directory.write("notes.txt", c.before);
      const auto lines = LineFile::open(
          file, {.mode = mode, .first_bytes = "{\"start\":\"", .kind = "as-run log"});
      EXPECT_EQ(lines.ok(), c.accepted) << c.name;
      if (c.accepted) continue;
      EXPECT_EQ(lines.status().message(),
                file.string() + ": is not an as-run log; it is left as it is");
      EXPECT_EQ(contents_of(file), c.before) << c.name;
    }
  }
}

// case 18: a pipe without a reader, a slow reader, and a reader that leaves.
TEST(LineFile, APipeNeverBlocksWithoutAnEnd) {
  const TemporaryDirectory directory;
  const auto pipe = directory.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const Descriptor interrupt(::eventfd(1, EFD_CLOEXEC));
  const auto no_reader = LineFile::open(pipe, {.interrupt_fd = interrupt.get()});
  EXPECT_EQ(no_reader.status().code(), absl::StatusCode::kCancelled);

  Descriptor reader(::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const auto lines = LineFile::open(pipe, {.interrupt_fd = interrupt.get()}).value();
  absl::Status status;
  for (int i = 0; status.ok() && i < 10'000; ++i) status = lines->write(std::string(1'000, 'x'));
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << "the reader is slow";

  EXPECT_FALSE(lines->reader_has_left());
  reader = Descriptor();
  EXPECT_TRUE(lines->reader_has_left());
  const auto handler = ::signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(lines->write("x").message(), pipe.string() + ": Broken pipe");
  ::signal(SIGPIPE, handler);
}

}  // namespace
}  // namespace common::line_file_test
