#include "masterclock/zones/zone_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace masterclock::zone_cache_test {
namespace {

using namespace std::chrono;
using ::testing::ElementsAre;
using ::testing::Pair;

TEST(ZoneCache, FindsAZoneOnceAndCountsTheRest) {
  ZoneCache cache;
  const Zone first = cache.find("Europe/Dublin").value();
  const Zone second = cache.find("Europe/Dublin").value();
  EXPECT_EQ(first, second);
  EXPECT_EQ(first.name(), "Europe/Dublin");
  EXPECT_EQ(cache.misses(), 1u);
  EXPECT_EQ(cache.hits(), 1u);
  EXPECT_THAT(cache.names(), ElementsAre("Europe/Dublin"));
}

TEST(ZoneCache, LinksResolveUnderTheirOwnName) {
  ZoneCache cache;
  const Zone link = cache.find("US/Eastern").value();
  const Zone target = cache.find("America/New_York").value();
  EXPECT_EQ(link.name(), "US/Eastern");
  EXPECT_EQ(&internal::ZoneAccess::table_of(link).data(),
            &internal::ZoneAccess::table_of(target).data())
      << "one history, one object";
}

TEST(ZoneCache, AnUnknownNameIsNotFoundAndNeverAPath) {
  ZoneCache cache;
  EXPECT_EQ(std::string(cache.find("Mars/Base").status().message()),
            "Invalid timezone 'Mars/Base'");
  for (const std::string& name :
       {std::string("Mars/Base"), std::string(), std::string("../../../etc/passwd"),
        std::string("/etc/localtime"), std::string("/usr/share/zoneinfo/Europe/Dublin"),
        std::string("Europe/../Europe/Dublin"), std::string("./UTC"), std::string("europe/dublin"),
        std::string("Europe/Dublin "), std::string("Europe/Dublin\0", 14), std::string("Europe"),
        std::string("Europe/"), std::string("Europe//Dublin"), std::string("tzdata.zi"),
        std::string("zone.tab"), std::string("posix/Europe/Dublin"),
        std::string("right/Europe/Dublin"), std::string(10'000, 'x')}) {
    EXPECT_EQ(cache.find(name).status().code(), absl::StatusCode::kNotFound) << name.substr(0, 50);
  }
  EXPECT_TRUE(cache.names().empty());
}

TEST(ZoneCache, FindOrUtcCountsAndReportsItsFallbacks) {
  std::vector<std::pair<std::string, ZoneCache::LookUp>> heard;
  ZoneCache cache(ZoneDatabase::system(), [&](std::string_view name, ZoneCache::LookUp what) {
    heard.emplace_back(name, what);
  });
  EXPECT_EQ(cache.find_or_utc("Europe/Paris").name(), "Europe/Paris");
  EXPECT_EQ(cache.find_or_utc("Europe/Paris").name(), "Europe/Paris");
  EXPECT_EQ(cache.find_or_utc("Mars/Base").name(), "UTC");
  EXPECT_EQ(cache.fallbacks(), 1u);
  using enum ZoneCache::LookUp;
  EXPECT_THAT(heard, ElementsAre(Pair("Europe/Paris", kMiss), Pair("Europe/Paris", kHit),
                                 Pair("Mars/Base", kMiss), Pair("Mars/Base", kFallback)));
}

TEST(ZoneCache, SwallowsTheExceptionsOfItsListener) {
  ZoneCache cache(ZoneDatabase::system(), [](std::string_view, ZoneCache::LookUp) { throw 1; });
  EXPECT_TRUE(cache.find("Europe/Paris").ok());
  EXPECT_EQ(cache.find_or_utc("Mars/Base"), Zone());
  EXPECT_EQ(cache.misses(), 2u);
  EXPECT_EQ(cache.fallbacks(), 1u);
}

TEST(ZoneCache, AZoneOutlivesClear) {
  ZoneCache cache;
  const Zone dublin = cache.find("Europe/Dublin").value();
  cache.clear();
  EXPECT_TRUE(cache.names().empty());
  EXPECT_EQ(dublin.utc_offset(sys_days(2026y / July / 1)), 1h);
  EXPECT_EQ(cache.find("Europe/Dublin").value(), dublin) << "compiled once for the process";
  EXPECT_EQ(cache.misses(), 2u);
}

TEST(ZoneCache, WarmsUpByNameAndWhole) {
  ZoneCache cache;
  const std::vector<std::string_view> names = {"Europe/Rome", "Mars/Base", "Europe/Paris"};
  EXPECT_EQ(cache.warm_up(names).code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(cache.names(), ElementsAre("Europe/Paris", "Europe/Rome"));
  EXPECT_TRUE(cache.warm_up_all().ok());
  EXPECT_EQ(cache.names(), ZoneDatabase::system().names());
}

TEST(RealThreads, ReadersInsertersAndClearersShareACache) {
  ZoneCache cache;
  const std::vector<std::string>& names = ZoneDatabase::system().names();
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> wrong{0}, asked{0};
  const auto read = [&](std::size_t from) {
    std::uint64_t mine = 0;
    for (std::size_t i = from; !stop.load(std::memory_order_relaxed); i += 7, ++mine) {
      const std::string& name = names[i % names.size()];
      if (cache.find_or_utc(name).name() != name) ++wrong;
    }
    asked += mine;
  };
  std::vector<std::thread> readers;
  for (std::size_t i = 0; i < 3; ++i) readers.emplace_back(read, i * 100);
  for (std::size_t i = 0; i < 200; ++i) {
    cache.clear();
    ASSERT_TRUE(cache.find(names[i % names.size()]).ok());
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(cache.hits() + cache.misses(), asked + 200);
}

TEST(RealThreads, EveryThreadIsCountedAlsoPastTheStripes) {
  internal::StripedCounter counter;
  for (int wave = 0; wave < 2; ++wave) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 80; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < 100; ++k) counter.raise();
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(counter.total(), 16'000u);
}

}  // namespace
}  // namespace masterclock::zone_cache_test
