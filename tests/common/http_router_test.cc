#include "common/http_router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>

namespace common::http_router_test {
namespace {

using ::testing::HasSubstr;

HttpResponse echo(const HttpRequest& request) {
  return json_response({{"parameters", request.parameters}, {"query", request.query}});
}

HttpRouter make_router() {
  HttpRouter router({.token = "secret", .host_names = {"Score.example"}});
  router.add("GET", "/api/clocks/:kind/:id", echo);
  router.add("DELETE", "/api/clocks/:kind/:id", echo, Access::kToken);
  router.add("GET", "/api/clocks/mine", echo);
  router.add_file("/", "operator.html", "<!doctype html>");
  router.add_web_socket("/ws", {});
  return router;
}

// Answers as the server does.
HttpResponse answer(const HttpRouter& router, const std::string& method, const std::string& target,
                    HttpFields headers = {{"host", "127.0.0.1:8080"}}) {
  HttpRequest request;
  request.method = method;
  request.target = target;
  request.headers = std::move(headers);
  auto found = router.find(request);
  if (auto* const refusal = std::get_if<HttpResponse>(&found)) return *refusal;
  return std::get<const HttpRouter::Route*>(found)->handler(request);
}

TEST(HttpRouter, FindsTheRouteAndItsParameters) {
  const HttpRouter router = make_router();
  EXPECT_EQ(answer(router, "GET", "/api/clocks/period/7?from=3").body,
            "{\"parameters\":{\"id\":\"7\",\"kind\":\"period\"},\"query\":{\"from\":\"3\"}}\n");
  EXPECT_EQ(answer(router, "GET", "/api/clocks/a%2Fb/%C3%A9").body,
            "{\"parameters\":{\"id\":\"\u00e9\",\"kind\":\"a/b\"},\"query\":{}}\n");
  EXPECT_EQ(answer(router, "HEAD", "/api/clocks/mine").status, 200);
}

TEST(HttpRouter, ServesFilesThatABrowserTrusts) {
  const HttpResponse page = answer(make_router(), "GET", "/");
  EXPECT_EQ(page.body, "<!doctype html>");
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(page.headers.at("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_EQ(page.headers.at("Cache-Control"), "no-cache");
}

TEST(HttpRouter, RefusesWithAReason) {
  const HttpRouter router = make_router();
  const struct {
    const char *method, *target;
    int status;
    const char* body;
  } cases[] = {
      {"GET", "/nothing", 404, "{\"error\":\"There is no '/nothing'\"}\n"},
      {"GET", "/api/clocks/period", 404, "{\"error\":\"There is no '/api/clocks/period'\"}\n"},
      {"GET", "/%zz", 400,
       "{\"error\":\"Invalid address '%zz': a % needs two hexadecimal digits\"}\n"},
      {"PUT", "/api/clocks/a/b", 405, "{\"error\":\"Only GET, DELETE is possible here\"}\n"},
      {"DELETE", "/api/clocks/a/b", 401, "{\"error\":\"A valid token is required\"}\n"},
      {"GET", "/ws", 426, "{\"error\":\"This address is a WebSocket\"}\n"},
  };
  for (const auto& c : cases) {
    const HttpResponse response = answer(router, c.method, c.target);
    EXPECT_EQ(response.status, c.status) << c.method << c.target;
    EXPECT_EQ(response.body, c.body) << c.method << c.target;
  }
  EXPECT_EQ(answer(router, "PUT", "/api/clocks/a/b").headers.at("Allow"), "GET, DELETE");
  EXPECT_EQ(answer(router, "DELETE", "/api/clocks/a/b").headers.at("WWW-Authenticate"), "Bearer");
}

TEST(HttpRouter, WantsTheToken) {
  const HttpRouter router = make_router();
  const struct {
    const char* given;
    int status;
  } cases[] = {
      {"Bearer secret", 200},
      {"bearer secret", 200},
      {"Bearer Secret", 401},
      {"Bearer secre", 401},
      {"Bearer secrets", 401},
      {"Bearer ", 401},
      {"Bearer", 401},
      {"secret", 401},
      {"Basic secret", 401},
      {"Bearer  secret", 401},
      {"", 401},
  };
  for (const auto& c : cases) {
    const HttpFields headers = {{"host", "localhost"}, {"authorization", c.given}};
    EXPECT_EQ(answer(router, "DELETE", "/api/clocks/a/b", headers).status, c.status) << c.given;
  }

  HttpRouter open;
  open.add("POST", "/x", echo, Access::kToken);
  EXPECT_EQ(answer(open, "POST", "/x").status, 200) << "without a token in the options";
  HttpRouter empty({.token = ""});
  empty.add("POST", "/x", echo, Access::kToken);
  const HttpFields headers = {{"host", "localhost"}, {"authorization", "Bearer "}};
  EXPECT_EQ(answer(empty, "POST", "/x", headers).status, 401) << "an empty token fits nothing";
}

TEST(HttpRouter, RefusesForeignHostsAndOrigins) {
  const HttpRouter router = make_router();
  const struct {
    const char *host, *origin;
    int status;
  } cases[] = {
      {"127.0.0.1:8080", nullptr, 200},
      {"localhost:8080", nullptr, 200},
      {"LOCALHOST", nullptr, 200},
      {"[::1]:8080", nullptr, 200},
      {"10.1.2.3", nullptr, 200},
      {"score.example:8080", nullptr, 200},
      {"score.example.evil", nullptr, 403},
      {"evil.example:8080", nullptr, 403},
      {"127.0.0.1.evil.example", nullptr, 403},
      {"localhost.evil.example", nullptr, 403},
      {"", nullptr, 403},
      {nullptr, nullptr, 403},
      {"localhost, localhost", nullptr, 403},
      {"127.0.0.1:8080", "http://127.0.0.1:8080", 200},
      {"score.example", "https://score.example", 200},
      {"127.0.0.1:8080", "http://127.0.0.1:9090", 403},
      {"127.0.0.1:8080", "http://127.0.0.1", 403},
      {"127.0.0.1:8080", "http://evil.example", 403},
      {"127.0.0.1:8080", "null", 403},
      {"127.0.0.1:8080", "", 403},
      {"evil.example", "http://evil.example", 403},
  };
  for (const auto& c : cases) {
    HttpFields headers;
    if (c.host != nullptr) headers.emplace("host", c.host);
    if (c.origin != nullptr) headers.emplace("origin", c.origin);
    EXPECT_EQ(answer(router, "GET", "/", headers).status, c.status)
        << (c.host != nullptr ? c.host : "no host") << ' ' << (c.origin != nullptr ? c.origin : "");
  }
}

}  // namespace
}  // namespace common::http_router_test
