#include "common/web_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/web_client.h"
#include "raw_socket.h"

namespace common::real_web_server_test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;
using namespace std::chrono_literals;

// Collects lines of one thread for another.
class Lines {
 public:
  void add(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
    changed_.notify_all();
  }
  std::string next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 30s, [&] { return !lines_.empty(); })) return "no line";
    std::string line = std::move(lines_.front());
    lines_.pop_front();
    return line;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> lines_;
};

// A server with one route of each kind.
class RealWebServer : public ::testing::Test {
 protected:
  void start(WebServerOptions options = {}, HttpRouterOptions router_options = {}) {
    HttpRouter router(std::move(router_options));
    router.add("GET", "/hello", [](const HttpRequest&) { return json_response({{"hello", 1}}); });
    router.add("POST", "/echo", [](const HttpRequest& request) {
      HttpResponse response;
      response.content_type = "text/plain";
      response.body = request.body;
      return response;
    });
    router.add(
        "POST", "/command", [](const HttpRequest&) { return json_response({}); }, Access::kToken);
    router.add("GET", "/throws", [](const HttpRequest&) -> HttpResponse {
      throw std::runtime_error("out\nof paper");
    });
    router.add_file("/", "operator.html", "<!doctype html>");
    router.add_web_socket(
        "/ws",
        {.opened =
             [this](SessionId id, const HttpRequest&) {
               last_ = id;
               server_->send(id, "hello");
               opened_.add("opened");
             },
         .received =
             [this](SessionId id, std::string_view text) {
               if (text == "throw") throw std::runtime_error("why not");
               server_->send(id, "you sent " + std::string(text));
             },
         .closed = [this](SessionId, std::string_view why) { closed_.add(std::string(why)); }});
    options.log = [this](std::string_view line) { log_.add(std::string(line)); };
    server_ = std::make_unique<WebServer>(std::move(router), std::move(options));
    ASSERT_EQ(server_->listen(), absl::OkStatus());
    const auto url = parse_url(server_->address());
    ASSERT_TRUE(url.ok()) << url.status();
    port_ = url->port;
  }

  std::string url(const std::string& path) const { return server_->address() + path.substr(1); }
  std::string ws_url() const { return "ws" + url("/ws").substr(4); }

  // A session that has received the greeting.
  std::unique_ptr<WebSocketClient> open() {
    auto client = WebSocketClient::connect(ws_url(), {.timeout = 20s, .silence = 60s});
    if (!client.ok()) {
      ADD_FAILURE() << client.status();
      return nullptr;
    }
    EXPECT_EQ((*client)->receive(20s).value_or("none"), "hello");
    EXPECT_EQ(opened_.next(), "opened");
    return *std::move(client);
  }

  // The same, without a library.
  std::unique_ptr<RawSocket> open_raw(int receive_buffer = 0) {
    auto peer = std::make_unique<RawSocket>(port_, receive_buffer);
    peer->send(upgrade_request());
    EXPECT_THAT(peer->read_response(), StartsWith("HTTP/1.1 101 "));
    EXPECT_EQ(peer->read_frame(), "hello");
    EXPECT_EQ(opened_.next(), "opened");
    return peer;
  }

  std::string ask(const std::string& request) {
    RawSocket peer(port_);
    peer.send(request);
    return peer.read_response();
  }

  Lines opened_, closed_, log_;
  std::atomic<SessionId> last_ = 0;
  std::uint16_t port_ = 0;
  std::unique_ptr<WebServer> server_;  // the last member: its thread uses the others
};

const std::string kHost = "Host: localhost\r\n";

TEST_F(RealWebServer, AnswersRequests) {
  start();
  EXPECT_EQ(server_->address(), "http://127.0.0.1:" + std::to_string(port_) + "/");
  const auto hello = http_call({.url = url("/hello")});
  ASSERT_TRUE(hello.ok()) << hello.status();
  EXPECT_EQ(hello->status, 200);
  EXPECT_EQ(hello->body, "{\"hello\":1}\n");
  EXPECT_EQ(hello->content_type, "application/json");
  EXPECT_EQ(hello->headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(hello->headers.at("cache-control"), "no-store");

  const auto page = http_call({.url = url("/")});
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(page->headers.at("content-security-policy"), StartsWith("default-src 'none'"));
  EXPECT_EQ(page->headers.at("cache-control"), "no-cache");

  const auto echo = http_call({.url = url("/echo"), .method = "POST", .body = "a body"});
  ASSERT_TRUE(echo.ok()) << echo.status();
  EXPECT_EQ(echo->body, "a body");

  const std::string head = ask("HEAD /hello HTTP/1.0\r\n" + kHost + "\r\n");
  EXPECT_THAT(head, HasSubstr("Content-Length: 12\r\n"));
  EXPECT_THAT(head, EndsWith("\r\n\r\n"));
}

TEST_F(RealWebServer, RefusesBadRequests) {
  start({.body_limit = 1'000}, {.token = "secret"});
  const std::string long_line(10'000, 'x');
  const struct {
    const char* name;
    std::string request, status, body;
  } cases[] = {
      {"not HTTP", "hello\r\n\r\n", "400", "The request cannot be read: "},
      {"no Host", "GET /hello HTTP/1.1\r\n\r\n", "403", "This server has no name ''"},
      {"a foreign Host", "GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n", "403",
       "This server has no name 'evil.example'"},
      {"two Hosts", "GET /hello HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", "403",
       "This server has no name 'localhost, evil'"},
      {"a foreign Origin", "GET /hello HTTP/1.1\r\n" + kHost + "Origin: http://evil\r\n\r\n", "403",
       "Pages of 'http://evil' may not use this server"},
      {"a foreign Origin of a WebSocket", upgrade_request("Origin: http://evil\r\n"), "403",
       "Pages of 'http://evil' may not use this server"},
      {"an unknown address", "GET /no HTTP/1.1\r\n" + kHost + "\r\n", "404", "There is no '/no'"},
      {"another method", "PUT /hello HTTP/1.1\r\n" + kHost + "\r\n", "405", "Only GET is possible"},
      {"a proxy's request", "GET http://a/ HTTP/1.1\r\n" + kHost + "\r\n", "400",
       "expected a path"},
      {"no token", "POST /command HTTP/1.1\r\n" + kHost + "Content-Length: 0\r\n\r\n", "401",
       "A valid token is required"},
      {"a wrong token",
       "POST /command HTTP/1.1\r\n" + kHost +
           "Authorization: Bearer secre\r\nContent-Length: 0\r\n\r\n",
       "401", "A valid token is required"},
      {"a long body",
       "POST /echo HTTP/1.1\r\n" + kHost + "Content-Length: 1001\r\n\r\n" + long_line, "413",
       "The body is above 1000 bytes"},
      {"a long body in chunks",
       "POST /echo HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n2710\r\n" +
           long_line + "\r\n0\r\n\r\n",
       "413", "The body is above 1000 bytes"},
      {"a long address", "GET /" + long_line + " HTTP/1.1\r\n" + kHost + "\r\n", "431",
       "The request cannot be read: "},
      {"long headers", "GET /hello HTTP/1.1\r\n" + kHost + "X: " + long_line + "\r\n\r\n", "431",
       "The request cannot be read: "},
      {"not a WebSocket", "GET /ws HTTP/1.1\r\n" + kHost + "\r\n", "426",
       "This address is a WebSocket"},
      {"frames before the handshake", upgrade_request() + client_frame(0x81, "x"), "426",
       "This address is a WebSocket"},
  };
  for (const auto& c : cases) {
    const std::string response = ask(c.request);
    EXPECT_THAT(response, StartsWith("HTTP/1.1 " + c.status)) << c.name;
    EXPECT_THAT(response, HasSubstr("\r\n\r\n{\"error\":\"")) << c.name;
    EXPECT_THAT(response, HasSubstr(c.body)) << c.name;
  }
  EXPECT_THAT(ask("POST /command HTTP/1.1\r\n" + kHost +
                  "Authorization: Bearer secret\r\nContent-Length: 0\r\n\r\n"),
              StartsWith("HTTP/1.1 200 "));
}

TEST_F(RealWebServer, AnswersPipelinedRequestsInOrder) {
  start();
  RawSocket peer(port_);
  std::string requests;
  for (char c = 'a'; c <= 'z'; ++c) {
    requests += "POST /echo HTTP/1.1\r\n" + kHost + "Content-Length: 1\r\n\r\n" + c;
  }
  peer.send(requests + "GET /no HTTP/1.1\r\n" + kHost + "Connection: close\r\n\r\n");
  for (char c = 'a'; c <= 'z'; ++c) {
    EXPECT_THAT(peer.read_response(), EndsWith(std::string("\r\n\r\n") + c));
  }
  EXPECT_THAT(peer.read_all(), StartsWith("HTTP/1.1 404 "));
}

TEST_F(RealWebServer, AnswersAPeerThatHasClosedItsHalf) {
  start();
  RawSocket peer(port_);
  peer.send("GET /hello HTTP/1.1\r\n" + kHost + "\r\n");
  peer.half_close();
  EXPECT_THAT(peer.read_all(), EndsWith("{\"hello\":1}\n"));
}

TEST_F(RealWebServer, AsksForABodyThatWaits) {
  start();
  RawSocket peer(port_);
  peer.send("POST /echo HTTP/1.1\r\n" + kHost +
            "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(peer.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("ok");
  EXPECT_THAT(peer.read_response(), EndsWith("\r\n\r\nok"));
}

// Each of these peers keeps its connection and completes nothing.
TEST_F(RealWebServer, ClosesSlowPeers) {
  start({.idle = 200ms, .request = 200ms});
  const struct {
    const char* name;
    std::string bytes;
  } cases[] = {
      {"nothing", ""},
      {"half a header", "GET /hello HT"},
      {"half a body", "POST /echo HTTP/1.1\r\n" + kHost + "Content-Length: 10\r\n\r\nhalf"},
      {"half a chunk",
       "POST /echo HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n9\r\nx"},
  };
  for (const auto& c : cases) {
    RawSocket peer(port_);
    peer.send(c.bytes);
    EXPECT_EQ(peer.read_all(), "") << c.name;
    EXPECT_FALSE(peer.send("more") && peer.send("more") && peer.send(c.bytes) &&
                 !peer.read_all().empty())
        << c.name;
  }
  // A byte from time to time does not renew the limit.
  RawSocket peer(port_);
  while (peer.send("x")) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(http_call({.url = url("/hello")})->status, 200);
}

TEST_F(RealWebServer, OutlivesAHandlerThatThrows) {
  start();
  const auto response = http_call({.url = url("/throws")});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 500);
  EXPECT_EQ(response->body, "{\"error\":\"The request failed inside the server\"}\n");
  EXPECT_EQ(log_.next(), "A handler failed: out of paper");

  const auto client = open();
  ASSERT_TRUE(client->send("throw").ok());
  EXPECT_EQ(log_.next(), "A handler failed: why not");
  ASSERT_TRUE(client->send("x").ok());
  EXPECT_EQ(client->receive(20s).value_or("none"), "you sent x");
}

TEST_F(RealWebServer, SpeaksRfc6455) {
  start();
  RawSocket peer(port_);
  peer.send(upgrade_request("Origin: http://localhost\r\n"));
  // The accept value is that of RFC 6455, section 1.3.
  EXPECT_THAT(peer.read_response(),
              HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  EXPECT_EQ(peer.read_frame(), "hello");
  peer.send(client_frame(0x81, "a"));
  EXPECT_EQ(peer.read_frame(), "you sent a");
  peer.send(client_frame(0x01, "in ") + client_frame(0x89, "ping") + client_frame(0x80, "parts"));
  unsigned char first = 0;
  EXPECT_EQ(peer.read_frame(&first), "ping");
  EXPECT_EQ(first, 0x8a);
  EXPECT_EQ(peer.read_frame(&first), "you sent in parts");
  EXPECT_EQ(first, 0x81);
  peer.send(client_frame(0x88,
                         "\x03\xe8"
                         "bye"));
  EXPECT_THAT(peer.read_frame(&first), StartsWith("\x03\xe8"));
  EXPECT_EQ(first, 0x88);
  peer.half_close();
  EXPECT_EQ(closed_.next(), "closed by the peer, code 1000: bye");
}

TEST_F(RealWebServer, ClosesSessionsThatBreakTheProtocol) {
  start({.body_limit = 1'000});
  const struct {
    const char* name;
    std::string bytes, code;
  } cases[] = {
      {"bad UTF-8", client_frame(0x81, "a\xff"), "\x03\xef"},
      {"binary", client_frame(0x82, "x"), "\x03\xeb"},
      {"too long", client_frame(0x81, std::string(1'001, 'x')), "\x03\xf1"},
      {"no mask", "\x81\x01x", "\x03\xea"},
      {"a reserved opcode", client_frame(0x83, "x"), "\x03\xea"},
      {"a huge length", std::string("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14),
       "\x03\xf1"},
  };
  for (const auto& c : cases) {
    const auto peer = open_raw();
    peer->send(c.bytes);
    unsigned char first = 0;
    const std::string close = peer->read_frame(&first);
    EXPECT_EQ(first, 0x88) << c.name;
    EXPECT_EQ(close.substr(0, 2), c.code) << c.name;
    peer->send(client_frame(0x88, close.substr(0, 2)));
    peer->half_close();
    EXPECT_NE(closed_.next(), "no line") << c.name;
  }
}

TEST_F(RealWebServer, SendsTheNewestStateToASlowReader) {
  start({.message = 60s});
  const auto slow = open_raw(4'096);
  constexpr int kStates = 2'000;
  for (int i = 1; i <= kStates; ++i) {
    server_->broadcast(std::to_string(i) + std::string(20'000, ' '), "state");
    if (i == kStates / 2) server_->broadcast("an event");
  }
  int received = 0, last = 0;
  bool event = false;
  while (last < kStates) {
    const std::string text = slow->read_frame();
    ASSERT_NE(text, "");
    if (text == "an event") {
      event = true;
      continue;
    }
    EXPECT_GT(std::stoi(text), last);
    last = std::stoi(text);
    ++received;
  }
  EXPECT_LT(received, kStates / 2);
  EXPECT_TRUE(event) << "a message without a key is never replaced";
}

TEST_F(RealWebServer, BroadcastsToTheSessionsOfOnePath) {
  start();
  const auto client = open();
  server_->broadcast("for others", {}, "/other");
  server_->broadcast("for this one", {}, "/ws");
  EXPECT_EQ(client->receive(20s).value_or("none"), "for this one");
}

TEST_F(RealWebServer, DropsAStuckReaderAndServesTheOthers) {
  start({.message = 2s});
  const auto stuck = open_raw(4'096);
  std::vector<std::unique_ptr<WebSocketClient>> healthy;
  for (int i = 0; i < 5; ++i) healthy.push_back(open());
  constexpr int kMessages = 200;
  for (int i = 0; i < kMessages; ++i) {
    server_->broadcast(std::to_string(i) + std::string(20'000, ' '));
  }
  for (const auto& client : healthy) {
    for (int i = 0; i < kMessages; ++i) {
      const auto text = client->receive(20s);
      ASSERT_TRUE(text.ok()) << text.status();
      ASSERT_EQ(std::stoi(*text), i);
    }
  }
  EXPECT_EQ(closed_.next(), "took no message for 2 s");
  EXPECT_EQ(server_->sessions(), 5u);
}

TEST_F(RealWebServer, DropsASessionForWhichTooMuchWaits) {
  start({.message = 60s});
  const auto stuck = open_raw(4'096);
  for (int i = 0; i < 2'000; ++i) server_->send(last_, std::string(2'000, 'x'));
  EXPECT_EQ(closed_.next(), "too slow: 1000 messages wait");
}

TEST_F(RealWebServer, DropsASessionForWhichTooManyBytesWait) {
  start({.message = 60s});
  const auto stuck = open_raw(4'096);
  for (int i = 0; i < 400; ++i) server_->send(last_, std::string(60'000, 'x'));
  EXPECT_THAT(closed_.next(), MatchesRegex("too slow: 168[0-9]* bytes wait"));
}

TEST_F(RealWebServer, ClosesAFrozenPeer) {
  start({.silence = 400ms});
  const auto frozen = open_raw();
  EXPECT_EQ(closed_.next(), "was silent for 400 ms");
}

TEST_F(RealWebServer, KeepsAPeerThatAnswersPings) {
  start({.silence = 2s});
  const auto client = open();
  EXPECT_EQ(client->receive(5s).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(server_->sessions(), 1u);
}

TEST_F(RealWebServer, HoldsAThousandSessions) {
  start({.silence = 60s});
  std::vector<std::unique_ptr<RawSocket>> peers;
  for (int i = 0; i < 1'000; ++i) {
    peers.push_back(open_raw());
    if (HasFailure()) return;
  }
  EXPECT_EQ(server_->sessions(), 1'000u);
  for (int i = 0; i < 3; ++i) server_->broadcast("message " + std::to_string(i));
  for (const auto& peer : peers) {
    for (int i = 0; i < 3; ++i) ASSERT_EQ(peer->read_frame(), "message " + std::to_string(i));
  }
  peers.clear();
  for (int i = 0; i < 1'000; ++i) ASSERT_NE(closed_.next(), "no line");
  EXPECT_EQ(server_->sessions(), 0u);
}

TEST_F(RealWebServer, ClosesConnectionsAboveTheLimit) {
  start({.connections = 2});
  const auto a = open_raw();
  RawSocket b(port_);
  b.send("GET /hello HTTP/1.1\r\n" + kHost + "\r\n");
  EXPECT_THAT(b.read_response(), StartsWith("HTTP/1.1 200 "));
  RawSocket c(port_);
  EXPECT_EQ(c.read_all(), "");
}

TEST_F(RealWebServer, TakesMessagesFromManyThreads) {
  start();
  const auto client = open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const std::string text = std::to_string(t) + " " + std::to_string(i);
        if (t % 2 == 0) {
          server_->broadcast(text);
        } else {
          server_->send(last_, text);
        }
        server_->send(last_ + 1, "for a session that does not exist");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  int next[4] = {};
  for (int i = 0; i < 400; ++i) {
    const auto text = client->receive(20s);
    ASSERT_TRUE(text.ok()) << text.status();
    const auto thread = static_cast<std::size_t>(text->front() - '0');
    EXPECT_EQ(*text, std::to_string(thread) + " " + std::to_string(next[thread]++));
  }
}

TEST_F(RealWebServer, StopsWithOpenConnections) {
  start();
  const auto client = open();
  const auto stuck = open_raw(4'096);
  const auto silent = open_raw();
  for (int i = 0; i < 500; ++i) server_->send(2, std::string(20'000, 'x'));
  RawSocket idle(port_);
  idle.send("GET /hello HTTP/1.1\r\n" + kHost + "\r\n");
  idle.read_response();
  RawSocket slow(port_);
  slow.send("GET /hel");

  const auto begin = std::chrono::steady_clock::now();
  server_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  EXPECT_EQ(client->receive(20s).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(client->close_code(), 1001);
  unsigned char first = 0;
  EXPECT_EQ(silent->read_frame(&first), "\x03\xe9the server stops");
  EXPECT_EQ(first, 0x88);
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_EQ(slow.read_all(), "");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(closed_.next(), "the server stopped");
}

TEST_F(RealWebServer, ExplainsWhyItCannotListen) {
  start();
  const auto failure = [](const WebServerOptions& options) {
    return WebServer(HttpRouter(), options).listen();
  };
  EXPECT_EQ(failure({.port = port_}),
            absl::UnavailableError("Cannot listen on 127.0.0.1:" + std::to_string(port_) +
                                   ": Address already in use"));
  EXPECT_EQ(failure({.address = "here"}),
            absl::InvalidArgumentError("Invalid address 'here': expected an IP address"));
  EXPECT_EQ(
      failure({.address = "192.0.2.1"}),
      absl::UnavailableError("Cannot listen on 192.0.2.1:0: Cannot assign requested address"));
  // The port is free again as soon as the server has ended.
  const auto client = open();
  server_->stop();
  EXPECT_EQ(failure({.port = port_}), absl::OkStatus());
}

TEST(RealWebServerOnIpv6, Listens) {
  HttpRouter router;
  router.add("GET", "/", [](const HttpRequest&) { return json_response({}); });
  WebServer server(std::move(router), {.address = "::1"});
  if (const absl::Status listening = server.listen(); !listening.ok()) GTEST_SKIP() << listening;
  EXPECT_THAT(server.address(), StartsWith("http://[::1]:"));
  const auto response = http_call({.url = server.address()});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 200);
}

}  // namespace
}  // namespace common::real_web_server_test
