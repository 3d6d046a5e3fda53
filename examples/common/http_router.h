// Finds the handler of a request, after it has checked the request's host, origin and token.
//
//   HttpRouter router({.token = "secret"});
//   router.add("GET", "/api/clocks/:kind/:id", [&](const HttpRequest& request) {
//     return json_response(board.reading(request.parameters.at("kind"), request.parameters.at("id")));
//   });
//   router.add("POST", "/api/undo", undo, Access::kToken);
//   router.add_file("/overlay", "overlay.html", overlay_html);
//   router.add_web_socket("/ws", {.opened = send_state});
#ifndef MASTERCLOCK_EXAMPLES_COMMON_HTTP_ROUTER_H_
#define MASTERCLOCK_EXAMPLES_COMMON_HTTP_ROUTER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/http_message.h"

namespace common {

enum class Access { kOpen, kToken };

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

// Numbers the WebSocket connections of a server from 1 on.
using SessionId = std::uint64_t;

// The callbacks of a WebSocket. An empty one is not called.
struct WebSocketHandlers {
  std::function<void(SessionId, const HttpRequest&)> opened = {};
  std::function<void(SessionId, std::string_view text)> received = {};
  std::function<void(SessionId, std::string_view reason)> closed = {};  // after opened, once
};

struct HttpRouterOptions {
  std::optional<std::string> token = {};     // routes of Access::kToken are open without it
  std::vector<std::string> host_names = {};  // further names of this server: "score.example"
};

// Refuses a Host header unless it is an IP address, `localhost` or one of `host_names`. A page of a foreign
// name that a DNS server points here has another Host. Refuses an Origin that is not this server.
//
// Threads: one at a time; const members any.
class HttpRouter {
 public:
  struct Route {
    std::string method;
    std::vector<std::string> pattern;
    HttpHandler handler;
    Access access = Access::kOpen;
    std::optional<WebSocketHandlers> web_socket = {};
  };

  explicit HttpRouter(HttpRouterOptions options = {}) : options_(std::move(options)) {}

  // Adds a route. A segment `:name` of the pattern matches any one segment of a path, which becomes
  // the request's parameter `name`. The first route that matches counts.
  void add(std::string method, std::string_view pattern, HttpHandler handler,
           Access access = Access::kOpen);

  // Serves `content` with the type of the file name `name`.
  void add_file(std::string_view pattern, std::string_view name, std::string content);

  void add_web_socket(std::string_view pattern, WebSocketHandlers handlers,
                      Access access = Access::kOpen);

  // Fills in the parameters and the query of `request`. Returns its route, or the refusal: 400, 401,
  // 403, 404 or 405.
  [[nodiscard]] std::variant<const Route*, HttpResponse> find(HttpRequest& request) const;

 private:
  [[nodiscard]] std::optional<HttpResponse> refuse_foreign(const HttpRequest& request) const;
  [[nodiscard]] bool has_token(const HttpRequest& request) const;

  const HttpRouterOptions options_;
  std::vector<Route> routes_;
};

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_HTTP_ROUTER_H_
