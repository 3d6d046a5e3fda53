#include <gtest/gtest.h>

#include "common/redis_connection.h"

namespace common {
namespace {

TEST(RedisAddress, ReadsEachForm) {
  EXPECT_EQ(parse_redis_address("/run/redis.sock")->socket, "/run/redis.sock");
  EXPECT_EQ(parse_redis_address("dir/redis.sock")->socket, "dir/redis.sock");
  EXPECT_EQ(parse_redis_address("unix:///run/redis.sock")->socket, "/run/redis.sock");
  EXPECT_EQ(parse_redis_address("host")->text(), "host:6379");
  EXPECT_EQ(parse_redis_address("127.0.0.1:7000")->text(), "127.0.0.1:7000");
  EXPECT_EQ(parse_redis_address("redis://redis")->text(), "redis:6379");
  const auto full = parse_redis_address("redis://user:p@ss@host:7000/3");
  ASSERT_TRUE(full.ok());
  EXPECT_EQ(full->text(), "host:7000");
  EXPECT_EQ(full->password, "p@ss");
  EXPECT_EQ(full->database, 3);
}

TEST(RedisAddress, RefusesOthers) {
  for (const char* text : {"", ":6379", "host:", "host:0", "host:70000", "host:x", "redis://",
                           "redis://host/x", "unix://run"}) {
    EXPECT_EQ(parse_redis_address(text).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
}

}  // namespace
}  // namespace common
