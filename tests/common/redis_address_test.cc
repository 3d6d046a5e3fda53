#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "common/descriptor.h"
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
  EXPECT_EQ(full->user, "user");
  EXPECT_EQ(full->password, "p@ss");
  EXPECT_EQ(full->database, 3);
  EXPECT_EQ(parse_redis_address("redis.sock")->socket, "redis.sock");
}

TEST(RedisAddress, ReadsAnAddressOfIPv6) {
  const std::pair<const char*, const char*> cases[] = {{"[::1]:7000", "[::1]:7000"},
                                                       {"[::1]", "[::1]:6379"},
                                                       {"::1", "[::1]:6379"},
                                                       {"fe80::1:2", "[fe80::1:2]:6379"},
                                                       {"redis://[::1]:7000", "[::1]:7000"},
                                                       {"redis://:p@[::1]/2", "[::1]:6379"}};
  for (const auto& [text, expected] : cases) {
    const auto address = parse_redis_address(text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(address->text(), expected);
    EXPECT_EQ(address->host.find_first_of("[]"), std::string::npos);
  }
}

TEST(RedisAddress, DecodesTheUserAndThePassword) {
  struct Case {
    const char *text, *user, *password;
  };
  for (const Case& one :
       {Case{"redis://user:secret@host", "user", "secret"},
        Case{"redis://a%3ab:p%40s%2Fs%25@host", "a:b", "p@s/s%"},
        Case{"redis://:secret@host", "", "secret"}, Case{"redis://secret@host", "", "secret"}}) {
    const auto address = parse_redis_address(one.text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(address->user, one.user);
    EXPECT_EQ(address->password, one.password);
    EXPECT_EQ(address->text(), "host:6379");
  }
  for (const char* text :
       {"redis://u:secret%4@host", "redis://u:secret%@host", "redis://u:secret%zz@host",
        "redis://u:secret@host:x", "rediss://u:secret@host", "u:secret@host"}) {
    const auto address = parse_redis_address(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_EQ(address.status().message().find("secret"), std::string_view::npos)
        << "a message has no password";
  }
}

TEST(RedisAddress, ARelativePathThatIsASocketIsOne) {
  const auto name = "redis_address_test." + std::to_string(::getpid());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path, sizeof address.sun_path - 1);
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(parse_redis_address(name)->socket, name);
  ::unlink(name.c_str());
  EXPECT_EQ(parse_redis_address(name)->host, name);
}

TEST(RedisAddress, RefusesOthers) {
  for (const char* text : {"", ":6379", "host:", "host:0", "host:70000", "host:x", "redis://",
                           "redis://host/x", "unix://run", "rediss://host", "http://host", "[::1",
                           "::1]", "[::1]:", "[host]:6379", "[127.0.0.1]", "a:b:6379", "[]"}) {
    EXPECT_EQ(parse_redis_address(text).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
}

}  // namespace
}  // namespace common
