// Serves HTTP and WebSockets on one thread.
//
//   HttpRouter router;
//   router.add("GET", "/api/state", state);
//   router.add_web_socket("/ws", {.opened = [&](SessionId id, const HttpRequest&) { ... }});
//   WebServer server(std::move(router), {.port = 8080});
//   if (absl::Status listening = server.listen(); !listening.ok()) return listening;
//   std::cout << "listening on " << server.address() << std::endl;
//   server.broadcast(text, "seconds");
#ifndef MASTERCLOCK_EXAMPLES_COMMON_WEB_SERVER_H_
#define MASTERCLOCK_EXAMPLES_COMMON_WEB_SERVER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/http_router.h"

namespace common {

struct WebServerOptions {
  std::string address = "127.0.0.1";                // an IP address
  std::uint16_t port = 0;                           // 0: any free port
  std::size_t body_limit = std::size_t{64} * 1024;  // of a request, and of a WebSocket's message
  std::size_t connections = 2'000;                  // further ones are closed at once

  std::chrono::milliseconds idle{30'000};      // between two requests
  std::chrono::milliseconds request{5'000};    // from a request's first byte to its last
  std::chrono::milliseconds response{10'000};  // until the peer has taken a response
  std::chrono::milliseconds message{4'000};    // until the peer has taken a message
  std::chrono::milliseconds silence{6'000};    // until a WebSocket that answers no ping is closed

  // Gets one line for each error that has no other reader. Called on the server's thread.
  std::function<void(std::string_view line)> log = {};
};

// Handlers run on the server's thread and must not block. The response to a handler that throws has
// status 500.
//
// Threads: any. A handler may call `send` and `broadcast`, but must not stop the server.
class WebServer {
 public:
  explicit WebServer(HttpRouter router, WebServerOptions options = {});
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  ~WebServer();  // stops

  // Listens, and starts the thread. Call it once. Raises the process's soft limit of open files to its
  // hard limit.
  //
  // Errors: Unavailable "Cannot listen on 127.0.0.1:8080: Address already in use". InvalidArgument for an
  //         address that is no IP address.
  absl::Status listen();

  // Returns "http://127.0.0.1:8080/" once the server listens.
  [[nodiscard]] std::string address() const;

  // Queues `text` for one session, in the order of the calls. Ignores a session that has ended. A
  // message with a `key` removes the waiting message of the same key. The server closes a session
  // that takes no message for `WebServerOptions::message`, or for which 1,000 messages or 16 MiB wait.
  void send(SessionId session, std::string text, std::string key = {});

  // Does the same for every open session, or for those of one path: "/ws".
  void broadcast(std::string text, std::string key = {}, std::string path = {});

  // Returns the number of open WebSockets.
  [[nodiscard]] std::size_t sessions() const;

  // Sends a close frame (1001) to each session, closes the connections and ends the thread: no handler
  // runs after it. Returns within a second if no handler blocks.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_WEB_SERVER_H_
