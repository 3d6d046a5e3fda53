#include "common/web_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "../temporary_directory.h"
#include "common/child_process.h"
#include "raw_socket.h"

namespace common::real_web_client_test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

// Listens on a free port of 127.0.0.1, and answers one connection with fixed bytes. Then keeps it open
// until the test ends.
class CannedServer {
 public:
  explicit CannedServer(std::string answer)
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
    EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this, answer = std::move(answer)] {
      const Descriptor peer(::accept(listener_.get(), nullptr, nullptr));
      char bytes[65'536];
      (void)::recv(peer.get(), bytes, sizeof bytes, 0);
      (void)::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
      while (::recv(peer.get(), bytes, sizeof bytes, 0) > 0) {
      }
    });
  }
  CannedServer(const CannedServer&) = delete;
  CannedServer& operator=(const CannedServer&) = delete;
  ~CannedServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);  // ends accept(2)
    thread_.join();
  }

  [[nodiscard]] std::string authority() const { return "127.0.0.1:" + port_; }

 private:
  Descriptor listener_;
  std::string port_;
  std::thread thread_;
};

TEST(RealHttpCall, ReadsAResponse) {
  const CannedServer server(
      "HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Type: text/x\r\nContent-Length: "
      "4\r\n\r\nwait");
  const auto response = http_call({.url = "http://" + server.authority() + "/hook"});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 429);
  EXPECT_EQ(response->content_type, "text/x");
  EXPECT_EQ(response->headers.at("retry-after"), "7");
  EXPECT_EQ(response->body, "wait");
}

TEST(RealHttpCall, GivesUpAfterTheTimeout) {
  const struct {
    const char *scheme, *answer;
  } cases[] = {{"http", ""},
               {"http", "HTTP/1.1 200 OK\r\n"},
               {"http", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal"},
               {"https", ""}};
  for (const auto& c : cases) {
    const CannedServer server(c.answer);
    EXPECT_EQ(
        http_call({.url = c.scheme + ("://" + server.authority()), .timeout = 200ms}).status(),
        absl::DeadlineExceededError(server.authority() + ": no answer within 200 ms"));
  }
}

TEST(RealHttpCall, ExplainsAFailure) {
  const CannedServer garbage("SSH-2.0-OpenSSH_9.2\r\n\r\n");
  const CannedServer long_body("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n");
  std::string closed;
  {
    const CannedServer server("");
    closed = server.authority();
    RawSocket(static_cast<std::uint16_t>(std::stoi(closed.substr(closed.find(':') + 1))));
  }
  const struct {
    std::string url;
    absl::StatusCode code;
    std::string why;
  } cases[] = {
      {"http://" + garbage.authority(), absl::StatusCode::kUnavailable, "bad version"},
      {"http://" + long_body.authority(), absl::StatusCode::kUnavailable, "body limit exceeded"},
      {"http://" + closed, absl::StatusCode::kUnavailable, closed + ": Connection refused"},
      {"ws://" + closed, absl::StatusCode::kInvalidArgument, "expected http:// or https://"},
      {"nonsense", absl::StatusCode::kInvalidArgument, "expected http://"},
  };
  for (const auto& c : cases) {
    const auto response = http_call({.url = c.url, .timeout = 20s});
    EXPECT_EQ(response.status().code(), c.code) << c.url << response.status();
    EXPECT_THAT(std::string(response.status().message()), HasSubstr(c.why)) << c.url;
  }
  EXPECT_THAT(http_call({.url = "http://127.0.0.1:1/", .headers = {{"a", "b\r\nc: d"}}}).status(),
              absl::InvalidArgumentError("Invalid header 'a': more than a line"));
}

// A server of OpenSSL's with a certificate for `localhost`.
TEST(RealHttpCall, VerifiesTheCertificate) {
  const masterclock::tests::TemporaryDirectory directory;
  const std::string key = directory.path() / "key.pem", certificate = directory.path() / "cert.pem";
  const auto made = ChildProcess::start({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                                         "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                                         "-out", certificate, "-days", "2", "-subj", "/CN=test",
                                         "-addext", "subjectAltName=DNS:localhost"});
  ASSERT_TRUE(made.ok()) << made.status();
  (*made)->wait();
  ASSERT_TRUE((*made)->succeeded()) << (*made)->complaint();
  const auto server = ChildProcess::start(
      {"openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-key", key, "-cert", certificate});
  ASSERT_TRUE(server.ok()) << server.status();
  std::string port;
  while (port.empty()) {
    ASSERT_TRUE((*server)->running()) << (*server)->complaint();
    ::usleep(1'000);
    const std::string output = (*server)->output();
    const std::size_t begin = output.find("ACCEPT 127.0.0.1:");
    const std::size_t end = output.find('\n', std::min(begin, output.size()));
    if (end != std::string::npos) port = output.substr(begin + 17, end - begin - 17);
  }
  const auto call = [&](const std::string& host, const std::string& ca_file) {
    return http_call({.url = "https://" + host + ":" + port, .timeout = 20s, .ca_file = ca_file});
  };
  const auto response = call("localhost", certificate);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 200);
  EXPECT_THAT(response->body, HasSubstr("Ciphers"));

  for (const auto& refused : {call("localhost", ""), call("127.0.0.1", certificate)}) {
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(refused.status().message()), HasSubstr("certificate verify failed"));
  }
  EXPECT_EQ(call("localhost", "/no/such/file").status().code(), absl::StatusCode::kUnavailable);
}

TEST(RealWebSocketClient, ExplainsWhyItCannotConnect) {
  const CannedServer refuses("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(WebSocketClient::connect("ws://" + refuses.authority()).status(),
            absl::UnavailableError(refuses.authority() + ": refuses the WebSocket, status 401"));
  const CannedServer silent("");
  EXPECT_EQ(WebSocketClient::connect("ws://" + silent.authority(), {.timeout = 200ms}).status(),
            absl::DeadlineExceededError(silent.authority() + ": no answer within 200 ms"));
  EXPECT_EQ(WebSocketClient::connect("http://localhost").status(),
            absl::InvalidArgumentError("Invalid address 'http://localhost': expected ws://"));
}

}  // namespace
}  // namespace common::real_web_client_test
