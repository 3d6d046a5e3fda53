// Calls HTTP and WebSocket servers, with a deadline for everything.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_WEB_CLIENT_H_
#define MASTERCLOCK_EXAMPLES_COMMON_WEB_CLIENT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/http_message.h"

namespace common {

struct HttpCall {
  std::string url;  // http or https
  std::string method = "GET";
  HttpFields headers = {};
  std::string body = {};
  std::chrono::milliseconds timeout{
      10'000};  // for all of the call, from the look-up of the name on
  std::size_t response_limit = std::size_t{1024} * 1024;
  std::string ca_file = {};  // certificates to trust instead of the system's
};

// Sends a request on a connection that only this request uses, and returns the response, whatever its
// status. Follows no redirection. The certificate of https must be valid for the host.
//
// Threads: any; blocks the caller. A name server that does not answer can delay the return beyond the
//          timeout, until the system's resolver gives up.
// Errors:  DeadlineExceeded after the timeout; Unavailable "HOST:PORT: why" for a connection or a response
//          that failed; InvalidArgument for the address.
absl::StatusOr<HttpResponse> http_call(const HttpCall& call);

struct WebSocketOptions {
  HttpFields headers = {};
  std::chrono::milliseconds timeout{5'000};  // to connect, and for the server to take a message
  std::chrono::milliseconds silence{6'000};  // until a server that answers no ping is lost
  std::size_t message_limit = std::size_t{16} * 1024 * 1024;
};

// A WebSocket connection to a server. Keeps the messages that arrive until `receive` takes them. Ends the
// connection when 1,000 messages wait, in either direction.
//
// Threads: any.
class WebSocketClient {
 public:
  // Errors: those of http_call. Unavailable if the server refuses the upgrade.
  static absl::StatusOr<std::unique_ptr<WebSocketClient>> connect(const std::string& url,
                                                                  WebSocketOptions options = {});
  WebSocketClient(const WebSocketClient&) = delete;
  WebSocketClient& operator=(const WebSocketClient&) = delete;

  // Closes the connection, with a close frame if the server takes it at once.
  ~WebSocketClient();

  // Queues a text message.
  //
  // Errors: Unavailable "HOST:PORT: why" when the connection has ended. A message that was queued may
  //         still be lost.
  absl::Status send(std::string text);

  // Waits for the next message.
  //
  // Errors: DeadlineExceeded when none came. Unavailable "HOST:PORT: why" when the connection has ended
  //         and all its messages were taken.
  absl::StatusOr<std::string> receive(std::chrono::milliseconds timeout);

  // Returns the code of the server's close frame, or 0.
  [[nodiscard]] std::uint16_t close_code() const;

 private:
  class Impl;
  explicit WebSocketClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_WEB_CLIENT_H_
