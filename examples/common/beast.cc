// The server and the clients, on Boost.Beast. This is the only file that includes Boost: it takes long to
// compile.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "common/printable.h"
#include "common/web_client.h"
#include "common/web_server.h"

namespace common {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

// The layer below a WebSocket.
//
// Beast sends one message per system call. A server's session sends many: it writes its frames itself, and between
// them the frames that Beast makes (ping, pong, close), which wait here. Before `queue`, Beast writes directly.
class FrameLayer {
 public:
  using executor_type = beast::tcp_stream::executor_type;

  template <class SocketOrExecutor>
  explicit FrameLayer(SocketOrExecutor&& connection)
      : stream_(std::forward<SocketOrExecutor>(connection)) {}

  executor_type get_executor() noexcept { return stream_.get_executor(); }
  beast::tcp_stream& next_layer() noexcept { return stream_; }
  const beast::tcp_stream& next_layer() const noexcept { return stream_; }

  // From now on, calls `ready` when a frame of Beast waits.
  void queue(std::function<void()> ready) { ready_ = std::move(ready); }

  // Returns the frame of Beast that waits; empty for none.
  [[nodiscard]] const std::string& waiting() const { return waiting_; }

  // Says that the frame was sent, or could not be. After an error, none is accepted.
  void sent(error_code error) {
    if (error) error_ = error;
    const std::size_t size = std::exchange(waiting_, {}).size();
    if (auto done = std::exchange(done_, nullptr)) done(error, size);
  }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return stream_.async_read_some(buffers, std::forward<Token>(token));
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto handler, const Buffers& what) {
          if (!ready_) return stream_.async_write_some(what, std::move(handler));
          if (error_) return finish(std::move(handler), error_, 0);
          waiting_ = beast::buffers_to_string(what);  // Beast has one write at a time
          done_ = [this, handler = std::move(handler)](error_code error, std::size_t size) mutable {
            finish(std::move(handler), error, size);
          };
          ready_();
        },
        token, buffers);
  }

 private:
  template <class Handler>
  void finish(Handler handler, error_code error, std::size_t size) {
    asio::post(get_executor(), beast::bind_front_handler(std::move(handler), error, size));
  }

  beast::tcp_stream stream_;
  std::function<void()> ready_;
  std::string waiting_;
  absl::AnyInvocable<void(error_code, std::size_t)> done_;
  error_code error_;
};

// Beast finds it by the type of the layer.
template <class Handler>
void async_teardown(beast::role_type role, FrameLayer& layer, Handler&& handler) {
  beast::async_teardown(role, layer.next_layer(), std::forward<Handler>(handler));
}

using WebSocket = websocket::stream<FrameLayer, /*deflateSupported=*/false>;

constexpr std::size_t kMostWaiting = 1'000;  // messages for one connection
constexpr std::size_t kMostBytesWaiting = std::size_t{16} * 1024 * 1024;
constexpr std::size_t kHeaderLimit = 8'192;  // of a request
constexpr int kSendBuffer = 64 * 1024;       // of a WebSocket, in the kernel
constexpr std::size_t kMostAtOnce =
    32'768;                              // bytes of messages in one write, but for its last message
constexpr milliseconds kStopGrace{300};  // for the close frames
constexpr milliseconds kHandshake{2'000};
constexpr milliseconds kGathering{1};  // of what goes to all sessions

auto into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

std::string text_of(beast::string_view text) { return {text.data(), text.size()}; }

std::string seconds_of(milliseconds time) {
  return time.count() % 1'000 == 0 ? std::to_string(time.count() / 1'000) + " s"
                                   : std::to_string(time.count()) + " ms";
}

struct Message {
  std::string text, key;  // the text of a server is its frame, or some frames
};

// Returns the frame of a text that a server sends.
std::string frame_of(std::string_view text) {
  std::string frame = "\x81";
  const std::size_t size = text.size();
  const int bytes = size < 126 ? 0 : size < 65'536 ? 2 : 8;
  frame += static_cast<char>(bytes == 0 ? size : bytes == 2 ? 126 : 127);
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    frame += static_cast<char>(size >> shift & 0xff);
  }
  return frame.append(text);
}

// One end of a connection, which may become a WebSocket. One thread uses it.
struct Peer {
  template <class SocketOrExecutor>
  explicit Peer(SocketOrExecutor&& connection)
      : ws(std::forward<SocketOrExecutor>(connection)),
        wake(ws.get_executor()),
        taking(ws.get_executor()) {}

  beast::tcp_stream& stream() { return ws.next_layer().next_layer(); }

  void awake() {
    if (!std::exchange(woken, true)) wake.cancel();
  }

  WebSocket ws;
  beast::flat_buffer buffer;
  std::deque<std::shared_ptr<const Message>> waiting;
  asio::steady_timer wake, taking;
  bool open = false;   // as a WebSocket
  bool woken = false;  // the loop that writes
  std::string why;     // it was dropped
};

// Closes the connection without a wait: what the kernel holds for a stuck peer is discarded.
void drop(Peer& peer, std::string why) {
  if (peer.why.empty()) peer.why = std::move(why);
  error_code ignored;
  peer.stream().socket().set_option(asio::socket_base::linger(true, 0), ignored);
  peer.stream().close();
}

void queue(Peer& peer, std::shared_ptr<const Message> message) {
  if (!peer.open) return;
  if (!message->key.empty()) {
    std::erase_if(peer.waiting, [&](const auto& older) { return older->key == message->key; });
  }
  if (peer.waiting.size() == kMostWaiting) {
    return drop(peer, "too slow: " + std::to_string(kMostWaiting) + " messages wait");
  }
  if (!peer.waiting.empty()) {  // one message may be larger
    std::size_t bytes = message->text.size();
    for (const auto& older : peer.waiting) bytes += older->text.size();
    if (bytes > kMostBytesWaiting) {
      return drop(peer, "too slow: " + std::to_string(bytes) + " bytes wait");
    }
  }
  peer.waiting.push_back(std::move(message));
  peer.awake();
}

asio::awaitable<void> wait_until_awake(Peer& peer) {
  if (!peer.woken) {
    error_code woken;
    peer.wake.expires_at(asio::steady_timer::time_point::max());
    co_await peer.wake.async_wait(into(woken));
  }
  peer.woken = false;
}

// Drops the peer if it has not taken the next message in time.
void expect_taking(const std::shared_ptr<Peer>& peer, milliseconds longest) {
  peer->taking.expires_after(longest);
  peer->taking.async_wait([weak = std::weak_ptr<Peer>(peer), longest](error_code cancelled) {
    const std::shared_ptr<Peer> stuck = weak.lock();
    if (!cancelled && stuck) drop(*stuck, "took no message for " + seconds_of(longest));
  });
}

// Sends the waiting messages of a client until the connection ends.
asio::awaitable<void> write_messages(std::shared_ptr<Peer> peer, milliseconds longest) {
  error_code error;
  while (peer->open && !error) {
    if (peer->waiting.empty()) {
      co_await wait_until_awake(*peer);
      continue;
    }
    const std::shared_ptr<const Message> message = std::move(peer->waiting.front());
    peer->waiting.pop_front();
    expect_taking(peer, longest);
    co_await peer->ws.async_write(asio::buffer(message->text), into(error));
    peer->taking.cancel();
  }
}

// Does the same for a session of a server: one write takes all that waits, up to `kMostAtOnce`.
asio::awaitable<void> write_frames(std::shared_ptr<Peer> peer, milliseconds longest) {
  error_code error;
  FrameLayer& layer = peer->ws.next_layer();
  std::vector<std::shared_ptr<const Message>> taken;
  std::vector<asio::const_buffer> buffers;
  while (peer->open && !error) {
    const bool of_beast = !layer.waiting().empty();
    if (!of_beast && peer->waiting.empty()) {
      co_await wait_until_awake(*peer);
      continue;
    }
    buffers.clear();
    if (of_beast) buffers.emplace_back(asio::buffer(layer.waiting()));
    for (std::size_t size = 0; !peer->waiting.empty() && size < kMostAtOnce;) {
      taken.push_back(std::move(peer->waiting.front()));
      peer->waiting.pop_front();
      size += taken.back()->text.size();
      buffers.emplace_back(asio::buffer(taken.back()->text));
    }
    expect_taking(peer, longest);
    co_await asio::async_write(peer->stream(), buffers, into(error));
    peer->taking.cancel();
    taken.clear();
    if (of_beast) layer.sent(error);
  }
  layer.sent(error ? error : error_code(asio::error::operation_aborted));
}

// Ends both loops of a WebSocket. Returns the reason, on one line.
std::string end(Peer& peer, error_code error, milliseconds silence) {
  peer.open = false;
  peer.waiting.clear();
  peer.awake();
  peer.taking.cancel();
  if (!peer.why.empty()) return peer.why;
  const websocket::close_reason& reason = peer.ws.reason();
  if (reason.code == websocket::close_code::none && error != websocket::error::closed) {
    return error == beast::error::timeout ? "was silent for " + seconds_of(silence)
                                          : error.message();
  }
  std::string text = "closed by the peer, code " + std::to_string(reason.code);
  if (!reason.reason.empty())
    text += ": " + printable({reason.reason.data(), reason.reason.size()});
  return text;
}

void keep_alive(WebSocket& ws, milliseconds handshake, milliseconds silence,
                std::size_t message_limit) {
  ws.next_layer().next_layer().expires_never();  // the WebSocket's own limits replace it
  ws.set_option(websocket::stream_base::timeout{handshake, silence, true});
  ws.read_message_max(message_limit);
  ws.text(true);
  ws.auto_fragment(false);
}

template <class Fields>
HttpFields headers_of(const Fields& message) {
  HttpFields headers;
  for (const auto& field : message) {
    const auto [header, first] =
        headers.emplace(lower_case(text_of(field.name_string())), text_of(field.value()));
    if (!first) header->second += ", " + text_of(field.value());
  }
  return headers;
}

// Returns the status that answers a request that cannot be read, or 0 for a peer that has left.
int status_for(error_code error) {
  if (error == http::error::body_limit) return 413;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  if (error == http::error::end_of_stream || error == http::error::partial_message) return 0;
  return error.category() == http::make_error_code(http::error::bad_target).category() ? 400 : 0;
}

}  // namespace

class WebServer::Impl {
 public:
  Impl(HttpRouter router, WebServerOptions options)
      : router_(std::move(router)), options_(std::move(options)) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void stop() {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] { close_all(); });
    thread_.join();
  }

  absl::Status listen() {
    error_code error;
    const asio::ip::address ip = asio::ip::make_address(options_.address, error);
    if (error) {
      return absl::InvalidArgumentError("Invalid address " + in_quotes(options_.address) +
                                        ": expected an IP address");
    }
    const tcp::endpoint endpoint(ip, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) {
      const tcp::endpoint bound = acceptor_.local_endpoint(error);
      authority_ = Url{"http", bound.address().to_string(), bound.port(), "/"}.authority();
    }
    if (error) {
      const std::string wanted = Url{"http", options_.address, options_.port, "/"}.authority();
      return absl::UnavailableError("Cannot listen on " + wanted + ": " + error.message());
    }
    asio::co_spawn(io_, accept(), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
    return absl::OkStatus();
  }

  [[nodiscard]] const std::string& authority() const { return authority_; }
  [[nodiscard]] std::size_t sessions() const { return open_; }

  void send(SessionId id, std::shared_ptr<const Message> message) {
    asio::dispatch(io_, [this, id, message = std::move(message)] {
      empty_outbox();
      const auto session = sessions_.find(id);
      if (session != sessions_.end()) queue(*session->second, message);
    });
  }

  void broadcast(Message message, std::string path) {
    const std::lock_guard lock(outbox_mutex_);
    if (!message.key.empty()) {
      std::erase_if(outbox_, [&](const auto& older) {
        return older.second.key == message.key && older.first == path;
      });
    }
    outbox_.emplace_back(std::move(path), std::move(message));
    if (std::exchange(gathers_, true)) return;
    asio::post(io_, [this] {
      gathering_.expires_after(kGathering);
      gathering_.async_wait([this](error_code) { empty_outbox(); });
    });
  }

 private:
  struct Connection : Peer {
    using Peer::Peer;
    bool busy = false;  // with a request
    std::string path;   // of the WebSocket
  };
  using Request = http::request<http::string_body>;

  // Makes one message of those that follow each other to one path: fifty clocks that change at one instant cost each
  // session one write. The keys make one key: the same clocks a second later replace a message that still waits.
  void empty_outbox() {
    std::vector<std::pair<std::string, Message>> outgoing;
    {
      const std::lock_guard lock(outbox_mutex_);
      outgoing.swap(outbox_);
      gathers_ = false;
    }
    for (std::size_t i = 0; i < outgoing.size();) {
      auto& [path, all] = outgoing[i];
      while (++i < outgoing.size() && outgoing[i].first == path &&
             outgoing[i].second.key.empty() == all.key.empty() && all.text.size() < kMostAtOnce) {
        all.text += outgoing[i].second.text;
        if (!all.key.empty()) all.key += '\n' + outgoing[i].second.key;
      }
      const auto message = std::make_shared<const Message>(std::move(all));
      for (const auto& [id, session] : sessions_) {
        if (path.empty() || session->path == path) queue(*session, message);
      }
    }
  }

  void log(const std::string& line) const {
    if (options_.log) options_.log(line);
  }

  // Calls a handler. Returns whether it did not throw.
  template <class Handler>
  bool guarded(Handler handler) {
    try {
      handler();
      return true;
    } catch (const std::exception& error) {
      log("A handler failed: " + printable(error.what()));
    } catch (...) {
      log("A handler failed");
    }
    return false;
  }

  asio::awaitable<void> accept() {
    while (!stopping_) {
      error_code error;
      tcp::socket socket(io_);
      co_await acceptor_.async_accept(socket, into(error));
      if (stopping_) break;
      if (error) {  // no free descriptor, perhaps: waits until one is free
        log("Cannot accept a connection: " + error.message());
        pause_.expires_after(milliseconds(100));
        co_await pause_.async_wait(into(error));
        continue;
      }
      if (connections_.size() >= options_.connections) continue;
      socket.set_option(tcp::no_delay(true), error);
      auto connection = std::make_shared<Connection>(std::move(socket));
      connections_.insert(connection);
      asio::co_spawn(io_, serve(connection), [this, connection](const std::exception_ptr&) {
        connections_.erase(connection);
        if (stopping_ && connections_.empty()) io_.stop();
      });
    }
  }

  // Answers the requests of a connection one after the other.
  asio::awaitable<void> serve(std::shared_ptr<Connection> connection) {
    beast::tcp_stream& stream = connection->stream();
    beast::flat_buffer& buffer = connection->buffer;
    bool more = true;
    while (more && !stopping_) {
      error_code error;
      if (buffer.size() == 0) {
        stream.expires_after(options_.idle);
        const std::size_t size =
            co_await stream.async_read_some(buffer.prepare(kHeaderLimit), into(error));
        if (error) co_return;
        buffer.commit(size);
      }
      connection->busy = true;
      stream.expires_after(options_.request);
      http::request_parser<http::string_body> parser;
      parser.header_limit(kHeaderLimit);
      parser.body_limit(options_.body_limit);
      co_await http::async_read_header(stream, buffer, parser, into(error));
      if (!error && beast::iequals(parser.get()[http::field::expect], "100-continue")) {
        const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        co_await asio::async_write(stream, asio::buffer(go_on), into(error));
      }
      if (!error) co_await http::async_read(stream, buffer, parser, into(error));
      if (error) {
        const int status = status_for(error);
        if (status == 0) co_return;
        const std::string what =
            status == 413 ? "The body is above " + std::to_string(options_.body_limit) + " bytes"
                          : "The request cannot be read: " + error.message();
        co_await respond(*connection, error_response(status, what), Request{}, false);
        co_return;
      }
      const Request message = parser.release();
      HttpRequest request{text_of(message.method_string()),
                          text_of(message.target()),
                          headers_of(message),
                          {},
                          {},
                          message.body()};
      std::variant<const HttpRouter::Route*, HttpResponse> found = router_.find(request);
      const auto* const route = std::get_if<const HttpRouter::Route*>(&found);
      if (route != nullptr && (*route)->web_socket && websocket::is_upgrade(message) &&
          buffer.size() == 0) {
        co_await converse(connection, message, request, *(*route)->web_socket);
        co_return;
      }
      HttpResponse response;
      if (route == nullptr) {
        response = std::get<HttpResponse>(std::move(found));
      } else if (!guarded([&] { response = (*route)->handler(request); })) {
        response = error_response(500, "The request failed inside the server");
      }
      more = message.keep_alive();
      more = co_await respond(*connection, std::move(response), message, more);
      connection->busy = false;
    }
  }

  // Sends a response. Returns whether the connection stays open.
  asio::awaitable<bool> respond(Connection& connection, HttpResponse response,
                                const Request& request, bool stay) {
    http::response<http::string_body> message;
    message.version(request.version());
    message.result(static_cast<unsigned>(response.status));
    message.set(http::field::content_type, response.content_type);
    message.set("X-Content-Type-Options", "nosniff");
    message.set("Referrer-Policy", "no-referrer");
    message.set(http::field::cache_control, "no-store");
    for (const auto& [name, value] : response.headers) message.set(name, value);
    message.keep_alive(stay);
    message.content_length(response.body.size());
    if (request.method() != http::verb::head) message.body() = std::move(response.body);
    error_code error;
    connection.stream().expires_after(options_.response);
    co_await http::async_write(connection.stream(), message, into(error));
    if (error) co_return false;
    if (stay) co_return true;
    // Reads on for a second: a close while data arrives would take the response from the peer.
    connection.stream().socket().shutdown(tcp::socket::shutdown_send, error);
    connection.stream().expires_after(std::min(options_.request, milliseconds(1'000)));
    while (!error && !stopping_) {
      connection.buffer.clear();
      co_await connection.stream().async_read_some(connection.buffer.prepare(kHeaderLimit),
                                                   into(error));
    }
    co_return false;
  }

  asio::awaitable<void> converse(std::shared_ptr<Connection> connection, const Request& message,
                                 const HttpRequest& request, const WebSocketHandlers& handlers) {
    WebSocket& ws = connection->ws;
    error_code error;
    connection->stream().socket().set_option(asio::socket_base::send_buffer_size(kSendBuffer),
                                             error);
    keep_alive(ws, kHandshake, options_.silence, options_.body_limit);
    co_await ws.async_accept(message, into(error));
    if (error || stopping_) co_return;
    connection->open = true;
    ws.next_layer().queue([peer = connection.get()] { peer->awake(); });
    connection->path = request.target.substr(0, request.target.find('?'));
    const SessionId id = ++last_session_;
    empty_outbox();  // which is older than the session
    sessions_.emplace(id, connection);
    ++open_;
    asio::co_spawn(io_, write_frames(connection, options_.message), asio::detached);
    if (handlers.opened) guarded([&] { handlers.opened(id, request); });
    while (!error) {
      connection->buffer.clear();
      co_await ws.async_read(connection->buffer, into(error));
      if (error) break;
      if (!ws.got_text()) {
        connection->why = "sent binary data";
        const websocket::close_reason refusal(websocket::close_code::unknown_data);
        co_await ws.async_close(refusal, into(error));
        break;
      }
      const auto bytes = connection->buffer.cdata();
      const std::string_view text(static_cast<const char*>(bytes.data()), bytes.size());
      if (handlers.received) guarded([&] { handlers.received(id, text); });
    }
    sessions_.erase(id);
    --open_;
    const std::string why = end(*connection, error, options_.silence);
    if (handlers.closed) guarded([&] { handlers.closed(id, why); });
  }

  void close_all() {
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    for (const auto& connection : connections_) {
      if (connection->open) {
        if (connection->why.empty()) connection->why = "the server stopped";
        const websocket::close_reason going(websocket::close_code::going_away, "the server stops");
        // A close may wait inside its stream, so it must not own the connection.
        connection->ws.async_close(going, [](error_code) {});
      } else if (!connection->busy) {
        connection->stream().close();
      }
    }
    if (connections_.empty()) return io_.stop();
    asio::co_spawn(io_, drain(), asio::detached);
  }

  // Closes after `kStopGrace` the connections of the peers that have not answered.
  asio::awaitable<void> drain() {
    asio::steady_timer timer(io_);
    for (int round = 0; round < 2; ++round) {
      error_code error;
      timer.expires_after(kStopGrace);
      co_await timer.async_wait(into(error));
      for (const auto& connection : connections_) drop(*connection, "the server stopped");
    }
    io_.stop();
  }

  const HttpRouter router_;
  const WebServerOptions options_;
  std::string authority_;
  std::atomic<std::size_t> open_ = 0;
  std::mutex outbox_mutex_;
  std::vector<std::pair<std::string, Message>> outbox_;  // with the path of each
  bool gathers_ = false;                                 // until `kGathering` has passed
  asio::io_context io_{1};                               // all below belongs to its thread
  tcp::acceptor acceptor_{io_};
  asio::steady_timer pause_{io_}, gathering_{io_};
  std::set<std::shared_ptr<Connection>> connections_;
  std::map<SessionId, std::shared_ptr<Connection>> sessions_;
  SessionId last_session_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

WebServer::WebServer(HttpRouter router, WebServerOptions options)
    : impl_(std::make_unique<Impl>(std::move(router), std::move(options))) {}
WebServer::~WebServer() { impl_->stop(); }

absl::Status WebServer::listen() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  return impl_->listen();
}

std::string WebServer::address() const { return "http://" + impl_->authority() + "/"; }
std::size_t WebServer::sessions() const { return impl_->sessions(); }
void WebServer::stop() { impl_->stop(); }

void WebServer::send(SessionId session, std::string text, std::string key) {
  impl_->send(session, std::make_shared<const Message>(Message{frame_of(text), std::move(key)}));
}

void WebServer::broadcast(std::string text, std::string key, std::string path) {
  impl_->broadcast({frame_of(text), std::move(key)}, std::move(path));
}

namespace {

// Returns the value of a Host header.
std::string host_of(const Url& url) {
  const bool usual = url.port == (url.scheme == "https" ? 443 : 80);
  const std::string authority = url.authority();
  return usual ? authority.substr(0, authority.rfind(':')) : authority;
}

absl::Status unavailable(const Url& url, std::string_view why) {
  return absl::UnavailableError(url.authority() + ": " + std::string(why));
}

// Runs `work` on `io` in this thread, until it has ended or the time is over.
absl::Status run(asio::io_context& io, asio::awaitable<error_code> work, const Url& url,
                 milliseconds timeout) {
  std::optional<error_code> result;
  std::exception_ptr exception;
  asio::co_spawn(io, std::move(work), [&](std::exception_ptr thrown, error_code error) {
    result = error;
    exception = thrown;
    io.stop();
  });
  io.run_for(timeout);
  if (!result) {
    return absl::DeadlineExceededError(url.authority() + ": no answer within " +
                                       seconds_of(timeout));
  }
  if (exception) return unavailable(url, "the call failed");
  return *result ? unavailable(url, result->message()) : absl::OkStatus();
}

asio::awaitable<error_code> connect(beast::tcp_stream& stream, const Url& url) {
  error_code error;
  tcp::resolver resolver(stream.get_executor());
  const auto found =
      co_await resolver.async_resolve(url.host, std::to_string(url.port), into(error));
  if (error) co_return error;
  co_await stream.async_connect(found, into(error));
  if (!error) stream.socket().set_option(tcp::no_delay(true), error);
  co_return error;
}

template <class Stream>
asio::awaitable<error_code> exchange(Stream& stream, const HttpCall& call, const Url& url,
                                     HttpResponse& response) {
  http::request<http::string_body> request;
  request.method_string(call.method);
  request.target(url.target);
  request.set(http::field::host, host_of(url));
  request.set(http::field::connection, "close");
  for (const auto& [name, value] : call.headers) request.set(name, value);
  request.body() = call.body;
  request.prepare_payload();
  error_code error;
  co_await http::async_write(stream, request, into(error));
  if (error) co_return error;

  http::response_parser<http::string_body> parser;
  parser.body_limit(call.response_limit);
  parser.skip(call.method == "HEAD");
  beast::flat_buffer buffer;
  co_await http::async_read(stream, buffer, parser, into(error));
  if (error) co_return error;
  const auto message = parser.release();
  response.status = static_cast<int>(message.result_int());
  response.content_type = text_of(message[http::field::content_type]);
  response.headers = headers_of(message);
  response.body = message.body();
  co_return error;
}

asio::awaitable<error_code> exchange_plainly(beast::tcp_stream& stream, const HttpCall& call,
                                             const Url& url, HttpResponse& response) {
  error_code error = co_await connect(stream, url);
  if (!error) error = co_await exchange(stream, call, url, response);
  co_return error;
}

asio::awaitable<error_code> exchange_encrypted(beast::ssl_stream<beast::tcp_stream>& stream,
                                               const HttpCall& call, const Url& url,
                                               HttpResponse& response) {
  error_code error = co_await connect(stream.next_layer(), url);
  if (!error) co_await stream.async_handshake(asio::ssl::stream_base::client, into(error));
  if (!error) error = co_await exchange(stream, call, url, response);
  co_return error;
}

bool is_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n'; });
}

absl::Status check_headers(const HttpFields& headers) {
  for (const auto& [name, value] : headers) {
    if (!is_line(name) || !is_line(value)) {
      return absl::InvalidArgumentError("Invalid header " + in_quotes(name) + ": more than a line");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<HttpResponse> http_call(const HttpCall& call) {
  const absl::StatusOr<Url> url = parse_url(call.url);
  if (!url.ok()) return url.status();
  if (absl::Status checked = check_headers(call.headers); !checked.ok()) return checked;
  HttpResponse response;
  asio::io_context io(1);
  if (url->scheme == "http") {
    beast::tcp_stream stream(io);
    absl::Status done = run(io, exchange_plainly(stream, call, *url, response), *url, call.timeout);
    if (!done.ok()) return done;
    return response;
  }
  if (url->scheme != "https") {
    return absl::InvalidArgumentError("Invalid address " + in_quotes(call.url) +
                                      ": expected http:// or https://");
  }
  error_code error;
  asio::ssl::context tls(asio::ssl::context::tls_client);
  if (call.ca_file.empty()) {
    tls.set_default_verify_paths(error);
  } else {
    tls.load_verify_file(call.ca_file, error);
  }
  if (error) return unavailable(*url, "no certificates to trust: " + error.message());
  beast::ssl_stream<beast::tcp_stream> stream(io, tls);
  stream.set_verify_mode(asio::ssl::verify_peer, error);
  if (!error) stream.set_verify_callback(asio::ssl::host_name_verification(url->host), error);
  const bool named = !is_ip_address(url->authority());
  if (error ||
      (named && ::SSL_set_tlsext_host_name(stream.native_handle(), url->host.c_str()) != 1)) {
    return unavailable(*url, "TLS cannot be set up");
  }
  absl::Status done = run(io, exchange_encrypted(stream, call, *url, response), *url, call.timeout);
  if (!done.ok()) return done;
  return response;
}

class WebSocketClient::Impl {
 public:
  Impl(Url url, WebSocketOptions options)
      : url_(std::move(url)),
        options_(std::move(options)),
        peer_(std::make_shared<Peer>(io_.get_executor())) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  ~Impl() {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] {
      if (!peer_->open) return io_.stop();
      peer_->ws.async_close(websocket::close_code::normal, [this](error_code) { io_.stop(); });
      grace_.expires_after(kStopGrace);
      grace_.async_wait([this](error_code) { io_.stop(); });
    });
    thread_.join();
  }

  absl::Status connect() {
    absl::Status connected = run(io_, handshake(), url_, options_.timeout);
    if (connected.ok() && refusal_ != 0) {
      return unavailable(url_, "refuses the WebSocket, status " + std::to_string(refusal_));
    }
    if (!connected.ok()) return connected;
    peer_->open = true;
    io_.restart();
    asio::co_spawn(io_, read_messages(), asio::detached);
    asio::co_spawn(io_, write_messages(peer_, options_.timeout), asio::detached);
    work_.emplace(io_.get_executor());
    thread_ = std::thread([this] { io_.run(); });
    return absl::OkStatus();
  }

  absl::Status send(std::string text) {
    {
      const std::lock_guard lock(mutex_);
      if (!ended_.ok()) return ended_;
    }
    asio::post(io_, [this, message = std::make_shared<const Message>(
                               Message{std::move(text), {}})] { queue(*peer_, message); });
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> receive(milliseconds timeout) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [&] { return !arrived_.empty() || !ended_.ok(); });
    if (!arrived_.empty()) {
      std::string text = std::move(arrived_.front());
      arrived_.pop_front();
      return text;
    }
    if (!ended_.ok()) return ended_;
    return absl::DeadlineExceededError(url_.authority() + ": no message within " +
                                       seconds_of(timeout));
  }

  [[nodiscard]] std::uint16_t close_code() const {
    const std::lock_guard lock(mutex_);
    return close_code_;
  }

 private:
  asio::awaitable<error_code> handshake() {
    error_code error = co_await common::connect(peer_->stream(), url_);
    if (error) co_return error;
    keep_alive(peer_->ws, options_.timeout, options_.silence, options_.message_limit);
    peer_->ws.set_option(
        websocket::stream_base::decorator([this](websocket::request_type& request) {
          for (const auto& [name, value] : options_.headers) request.set(name, value);
        }));
    websocket::response_type response;
    co_await peer_->ws.async_handshake(response, host_of(url_), url_.target, into(error));
    if (error == websocket::error::upgrade_declined) {
      refusal_ = response.result_int();
      error = {};
    }
    co_return error;
  }

  asio::awaitable<void> read_messages() {
    error_code error;
    while (!error) {
      peer_->buffer.clear();
      co_await peer_->ws.async_read(peer_->buffer, into(error));
      if (error) break;
      const std::lock_guard lock(mutex_);
      if (arrived_.size() == kMostWaiting) {
        drop(*peer_, "too many messages: " + std::to_string(kMostWaiting) + " wait");
        break;
      }
      arrived_.push_back(beast::buffers_to_string(peer_->buffer.cdata()));
      changed_.notify_all();
    }
    const std::string why = end(*peer_, error, options_.silence);
    const std::lock_guard lock(mutex_);
    ended_ = unavailable(url_, why);
    close_code_ = peer_->ws.reason().code;
    changed_.notify_all();
  }

  const Url url_;
  const WebSocketOptions options_;
  unsigned refusal_ = 0;  // the status of the response that refused the upgrade

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> arrived_;
  absl::Status ended_;
  std::uint16_t close_code_ = 0;

  asio::io_context io_{1};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  asio::steady_timer grace_{io_};
  std::shared_ptr<Peer> peer_;
  std::thread thread_;
};

absl::StatusOr<std::unique_ptr<WebSocketClient>> WebSocketClient::connect(
    const std::string& url, WebSocketOptions options) {
  const absl::StatusOr<Url> parsed = parse_url(url);
  if (!parsed.ok()) return parsed.status();
  if (parsed->scheme != "ws") {
    return absl::InvalidArgumentError("Invalid address " + in_quotes(url) + ": expected ws://");
  }
  if (absl::Status checked = check_headers(options.headers); !checked.ok()) return checked;
  auto impl = std::make_unique<Impl>(*parsed, std::move(options));
  if (absl::Status connected = impl->connect(); !connected.ok()) return connected;
  return std::unique_ptr<WebSocketClient>(new WebSocketClient(std::move(impl)));
}

WebSocketClient::WebSocketClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
WebSocketClient::~WebSocketClient() = default;

absl::Status WebSocketClient::send(std::string text) { return impl_->send(std::move(text)); }

absl::StatusOr<std::string> WebSocketClient::receive(milliseconds timeout) {
  return impl_->receive(timeout);
}

std::uint16_t WebSocketClient::close_code() const { return impl_->close_code(); }

}  // namespace common
