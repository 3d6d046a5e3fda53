#include "common/private_directory.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

#include "../temporary_directory.h"

namespace common::real_private_directory_test {
namespace {

namespace fs = std::filesystem;
using masterclock::tests::TemporaryDirectory;

std::ptrdiff_t entries(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

TEST(RealPrivateDirectory, IsPrivateAndRemovedWithItsFiles) {
  const TemporaryDirectory folder;
  {
    const auto directory = PrivateDirectory::make(folder.path(), "test").value();
    struct stat info {};
    ASSERT_EQ(::stat(directory->path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700u);
    folder.write((directory->path().filename() / "out.mp4").string(), "x");
  }
  EXPECT_EQ(entries(folder.path()), 0);
  EXPECT_EQ(PrivateDirectory::make("/nowhere", "test").status().message(),
            "/nowhere: No such file or directory");
}

TEST(RealPrivateDirectory, TheNextOneRemovesThatOfAKilledProcess) {
  const TemporaryDirectory folder;
  const pid_t killed = ::fork();
  ASSERT_GE(killed, 0);
  if (killed == 0) {
    const auto directory = PrivateDirectory::make(folder.path(), "test").value();
    ::kill(::getpid(), SIGKILL);
  }
  ASSERT_EQ(::waitpid(killed, nullptr, 0), killed);
  EXPECT_EQ(entries(folder.path()), 1);
  const auto living = PrivateDirectory::make(folder.path(), "test").value();
  EXPECT_EQ(entries(folder.path()), 1) << "the leftover is gone";
  const auto second = PrivateDirectory::make(folder.path(), "test").value();
  EXPECT_TRUE(fs::exists(living->path())) << "its process is alive";
}

TEST(RealPrivateDirectory, RemovesNothingElse) {
  const TemporaryDirectory folder, elsewhere;
  elsewhere.write("keep");
  fs::create_directory_symlink(elsewhere.path(), folder.path() / ".test.linked");
  fs::create_directory(folder.path() / ".test.public");
  fs::permissions(folder.path() / ".test.public", fs::perms(0755));
  folder.write(".test.afile1");
  (void)PrivateDirectory::make(folder.path(), "test").value();
  EXPECT_TRUE(fs::exists(elsewhere.path() / "keep"));
  EXPECT_EQ(entries(folder.path()), 3);
}

}  // namespace
}  // namespace common::real_private_directory_test
