#include "common/http_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace common::http_message_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(HttpMessage, GivesEachErrorItsStatus) {
  const struct {
    absl::Status error;
    int status;
  } cases[] = {
      {absl::InvalidArgumentError("x"), 400},    {absl::OutOfRangeError("x"), 400},
      {absl::UnauthenticatedError("x"), 401},    {absl::PermissionDeniedError("x"), 403},
      {absl::NotFoundError("x"), 404},           {absl::AlreadyExistsError("x"), 409},
      {absl::FailedPreconditionError("x"), 409}, {absl::AbortedError("x"), 409},
      {absl::InternalError("x"), 500},           {absl::DataLossError("x"), 500},
      {absl::UnavailableError("x"), 503},        {absl::ResourceExhaustedError("x"), 503},
      {absl::DeadlineExceededError("x"), 504},
  };
  for (const auto& c : cases) {
    const HttpResponse response = error_response(c.error);
    EXPECT_EQ(response.status, c.status) << c.error;
    EXPECT_EQ(response.body, "{\"error\":\"x\"}\n");
    EXPECT_EQ(response.content_type, "application/json");
  }
}

TEST(HttpMessage, ReadsAJsonObject) {
  const auto body = parse_json_object(R"({"command_id": "a", "n": [1, {"b": 2}]})");
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(body->at("n").at(1).at("b"), 2);

  const struct {
    std::string name, text, error;
  } cases[] = {
      {"nothing", "", "body: not JSON, at byte 1"},
      {"cut", "{\"a\": ", "body: not JSON, at byte 7"},
      {"more than one value", "{} {}", "body: not JSON, at byte 4"},
      {"an array", "[]", "body: expected a JSON object"},
      {"a number", "7", "body: expected a JSON object"},
      {"a huge number", "{\"a\": 1e999}", "body: a number is out of range"},
      {"bytes that are not UTF-8", "{\"a\": \"\xff\"}", "body: not JSON, at byte 8"},
      {"deep", "{\"a\":" + std::string(20'000, '[') + std::string(20'000, ']') + "}",
       "body: nests deeper than 32 levels"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(parse_json_object(c.text).status(), absl::InvalidArgumentError(c.error)) << c.name;
  }
}

TEST(HttpMessage, CountsTheLevelsOfAJsonObject) {
  const auto nested = [](std::size_t levels) {
    return R"({"[[[[[[[[[[[[[[[[[[[\"[[[[[[[[[[[[[[[[[[[": )" + std::string(levels - 1, '[') +
           std::string(levels - 1, ']') + "}";
  };
  EXPECT_TRUE(parse_json_object(nested(32)).ok());
  EXPECT_FALSE(parse_json_object(nested(33)).ok());
}

// A cost of the square of the length would stop the server's thread for minutes.
TEST(HttpMessage, ReadsALongList) {
  std::string text = "{\"a\": [{}";
  for (int i = 0; i < 300'000; ++i) text += ",{}";
  EXPECT_EQ(parse_json_object(text + "]}").value().at("a").size(), 300'001u);
}

TEST(HttpMessage, SplitsAndDecodesATarget) {
  const struct {
    const char* text;
    std::vector<std::string> segments;
    HttpFields query;
  } cases[] = {
      {"/", {}, {}},
      {"/api/state", {"api", "state"}, {}},
      {"/api/state/", {"api", "state"}, {}},
      {"/a%20b/c%2Fd+e", {"a b", "c/d+e"}, {}},
      {"//x", {"", "x"}, {}},
      {"/h?from=12&to=", {"h"}, {{"from", "12"}, {"to", ""}}},
      {"/h?a+b=c%26d&&=x&flag", {"h"}, {{"a b", "c&d"}, {"flag", ""}}},
      {"/h?a=1&a=2", {"h"}, {{"a", "2"}}},
      {"/%C3%A9?x=%E2%82%AC", {"\u00e9"}, {{"x", "\u20ac"}}},
  };
  for (const auto& c : cases) {
    const auto target = parse_http_target(c.text);
    ASSERT_TRUE(target.ok()) << c.text << target.status();
    EXPECT_EQ(target->segments, c.segments) << c.text;
    EXPECT_EQ(target->query, c.query) << c.text;
  }
}

TEST(HttpMessage, RefusesABrokenTarget) {
  for (const char* text : {"", "*", "http://a/b", "/%", "/%4", "/%4g", "/%-1", "/%+1", "/%ff",
                           "/%C0%AF", "/a%00b", "/%0d%0a", "/x?a=%", "/x?%e2%80%ae=1", "/\xff"}) {
    EXPECT_EQ(parse_http_target(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(HttpMessage, ReadsAUrl) {
  const struct {
    const char *text, *authority, *target;
  } cases[] = {
      {"http://127.0.0.1:8080/a?b=c#d", "127.0.0.1:8080", "/a?b=c"},
      {"http://score.example", "score.example:80", "/"},
      {"HTTPS://score.example/hook", "score.example:443", "/hook"},
      {"ws://localhost:4455?x", "localhost:4455", "/?x"},
      {"ws://[::1]:4455/ws", "[::1]:4455", "/ws"},
  };
  for (const auto& c : cases) {
    const auto url = parse_url(c.text);
    ASSERT_TRUE(url.ok()) << url.status();
    EXPECT_EQ(url->authority(), c.authority);
    EXPECT_EQ(url->target, c.target);
  }
}

TEST(HttpMessage, RefusesABrokenUrl) {
  const struct {
    const char *text, *why;
  } cases[] = {
      {"", "expected http://"},
      {"score.example", "expected http://"},
      {"ftp://score.example/", "expected http://"},
      {"http://", "expected a host"},
      {"http://:80/", "expected a host"},
      {"http:///path", "expected a host"},
      {"http://[::1/", "expected a host"},
      {"http://[x]/", "expected a host"},
      {"http://::1/", "expected a host"},
      {"http://a:0/", "expected a port"},
      {"http://a:65536/", "expected a port"},
      {"http://a:8o/", "expected a port"},
      {"http://a:/", "expected a port"},
      {"http://user:secret@a/", "a user name is not allowed"},
      {"http://a/b c", "expected visible ASCII"},
      {"http://a/\r\nX: y", "expected visible ASCII"},
  };
  for (const auto& c : cases) {
    const auto url = parse_url(c.text);
    EXPECT_EQ(url.status().code(), absl::StatusCode::kInvalidArgument) << c.text;
    EXPECT_THAT(std::string(url.status().message()), HasSubstr(c.why)) << c.text;
  }
}

TEST(HttpMessage, KnowsIpAddresses) {
  for (const char* host : {"127.0.0.1", "10.0.0.7:8080", "[::1]", "[fe80::1]:80"}) {
    EXPECT_TRUE(is_ip_address(host)) << host;
  }
  for (const char* host : {"", "localhost", "127.0.0.1.example", "127.0.0.1:", "127.0.0.1:x",
                           "127.1", "0x7f.0.0.1", "::1", "[127.0.0.1]", "[::1]x", "a, 127.0.0.1"}) {
    EXPECT_FALSE(is_ip_address(host)) << host;
  }
}

TEST(HttpMessage, ComparesSecrets) {
  EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
  for (const char* given : {"", "s", "secreT", "Secret", "secretsecret", "secret "}) {
    EXPECT_FALSE(equal_in_constant_time(given, "secret")) << given;
  }
  EXPECT_FALSE(equal_in_constant_time("", ""));
  EXPECT_FALSE(equal_in_constant_time("x", ""));
}

TEST(HttpMessage, KnowsTheTypesOfFiles) {
  EXPECT_EQ(content_type_of("stage.html"), "text/html; charset=utf-8");
  EXPECT_EQ(content_type_of("a/clock.js"), "text/javascript; charset=utf-8");
  EXPECT_EQ(content_type_of("unknown"), "application/octet-stream");
}

}  // namespace
}  // namespace common::http_message_test
