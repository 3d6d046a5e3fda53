#include "masterclock/internal/seqlock.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

namespace masterclock {
using namespace internal;
namespace {

TEST(Seqlock, HoldsWhatWasWrittenLast) {
  struct Mixed {
    std::uint32_t a;
    std::uint8_t b[12];
  };
  Seqlock<Mixed> lock({1, {2, 3}});
  EXPECT_EQ(lock.load().a, 1u);
  lock.update([](const Mixed& old) { return Mixed{old.a + 6, {9, 8, 7, 6, 5, 4, 3}}; });
  EXPECT_EQ(lock.load().a, 7u);
  EXPECT_EQ(lock.load().b[6], 3u);
}

TEST(RealThreads, NoReaderSeesHalfAValueOrAnOlderOne) {
  using Row = std::array<std::uint64_t, 9>;
  constexpr std::uint64_t kWrites = 20'000;
  Seqlock<Row> lock(Row{});
  std::vector<std::thread> readers;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      std::uint64_t last = 0;
      while (last < 2 * kWrites) {
        const Row row = lock.load();
        for (const std::uint64_t word : row) wrong += word != row[0] ? 1 : 0;
        wrong += row[0] < last ? 1 : 0;
        last = row[0];
      }
    });
  }
  const auto write = [&] {
    for (std::uint64_t n = 0; n < kWrites; ++n) {
      lock.update([](Row row) {
        for (std::uint64_t& word : row) ++word;
        return row;
      });
    }
  };
  std::thread other(write);
  write();
  other.join();
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(lock.load()[8], 2 * kWrites);
}

}  // namespace
}  // namespace masterclock
