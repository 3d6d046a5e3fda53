#include "common/name_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/redis_connection.h"

namespace common::real_name_lookup_test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

constexpr masterclock::SteadyTime kNow{1'000s};

NameLookup::Answer answer_of(const NameLookup& lookup) {
  pollfd come{lookup.fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&come, 1, 30'000), 1);
  return lookup.answer().value_or(absl::UnknownError("no answer"));
}

// A name server that answers when the test says so.
struct NameServer {
  std::promise<NameLookup::Answer> promise;
  std::atomic<int> asked = 0;
  NameLookup::Find find = [this, answer = promise.get_future().share()](const std::string&) {
    ++asked;
    return answer.get();
  };
};

void work_until(RedisConnection& connection, bool connected) {
  for (int turn = 0; turn < 1'000 && connection.connected() != connected; ++turn) {
    std::vector<pollfd> waits;
    connection.add_waits(waits);
    ::poll(waits.data(), waits.size(), 30'000);
    connection.work();
  }
  EXPECT_EQ(connection.connected(), connected);
}

TEST(RealNameLookup, FindsTheAddressesOfAName) {
  const auto found = answer_of(NameLookup("localhost"));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(*found, Contains("127.0.0.1"));
  EXPECT_THAT(answer_of(NameLookup("no such name")).status().message(),
              HasSubstr("no such name: "));
}

TEST(RealNameLookup, TellsANumberFromAName) {
  for (const char* const number : {"127.0.0.1", "::1", "fe80::1"}) {
    EXPECT_TRUE(NameLookup::is_address(number)) << number;
  }
  for (const char* const name : {"localhost", "", "127.0.0", "redis.example"}) {
    EXPECT_FALSE(NameLookup::is_address(name)) << name;
  }
}

TEST(RealRedisConnection, DoesNotWaitForTheNameServer) {
  NameServer server;
  RedisConnection connection({.socket = {}, .host = "redis.example", .password = {}}, server.find);
  connection.connect(kNow);
  absl::Status reply;
  connection.send(kNow + 1s, {"PING"}, [&](const auto& got) { reply = got.status(); });
  connection.work();
  EXPECT_TRUE(connection.connected());
  EXPECT_EQ(connection.silent_since(), kNow) << "the owner gives up by this";
  connection.disconnect("the name server does not answer");
  EXPECT_EQ(reply.message(), "Redis is lost: the name server does not answer");
  EXPECT_EQ(connection.silent_since(), std::nullopt);
  // A second attempt waits for the same answer.
  connection.connect(kNow + 30s);
  EXPECT_EQ(connection.silent_since(), kNow + 30s);
  server.promise.set_value(absl::NotFoundError("redis.example: no such name"));
  work_until(connection, false);
  EXPECT_EQ(connection.error(), "redis.example: no such name");
  EXPECT_EQ(server.asked, 1);
}

TEST(RealRedisConnection, TriesTheAddressesInTurn) {
  // Port 1 of this machine refuses; the documentation's address 0.0.0.1 is no address to connect to.
  RedisConnection connection({.socket = {}, .host = "redis.example", .port = 1, .password = {}},
                             [](const std::string&) -> NameLookup::Answer {
                               return std::vector<std::string>{"127.0.0.1", "0.0.0.1"};
                             });
  std::vector<std::string> errors;
  for (int attempt = 0; attempt < 3; ++attempt) {
    connection.connect(kNow);
    connection.send(kNow, {"PING"}, nullptr);
    work_until(connection, false);
    errors.push_back(connection.error());
  }
  EXPECT_EQ(errors[0], "Connection refused");
  EXPECT_NE(errors[1], errors[0]);
  EXPECT_EQ(errors[2], errors[0]);
}

}  // namespace
}  // namespace common::real_name_lookup_test
