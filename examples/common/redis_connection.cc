#include "common/redis_connection.h"

#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "common/printable.h"

namespace common {
namespace {

using masterclock::SteadyTime;

absl::Status address_error(std::string text, const std::string& what) {
  if (const std::size_t at = text.rfind('@'); at != std::string::npos) {  // hides the password
    const std::size_t slashes = text.find("://");
    const std::size_t begin = slashes < at ? slashes + 3 : 0;
    text.replace(begin, at - begin, "...");
  }
  return absl::InvalidArgumentError("Redis address " + in_quotes(text) + ": " + what);
}

std::optional<int> number_in(std::string_view text, int least, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return std::nullopt;
  }
  return value;
}

// Decodes "%40" and its like. None for a '%' without two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    unsigned char byte = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (error != std::errc() || end != digits.data() + 2) return std::nullopt;
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return decoded;
}

bool is_socket_path(const std::string& text) {
  std::error_code ignored;
  return text.find('/') != std::string::npos || text.ends_with(".sock") ||
         std::filesystem::is_socket(text, ignored);
}

RedisReply copy_of(const redisReply& reply) {
  RedisReply copy;
  switch (reply.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
      copy.kind =
          reply.type == REDIS_REPLY_ERROR ? RedisReply::Kind::kError : RedisReply::Kind::kText;
      copy.text.assign(reply.str, reply.len);
      break;
    case REDIS_REPLY_INTEGER:
      copy.kind = RedisReply::Kind::kNumber;
      copy.number = reply.integer;
      break;
    case REDIS_REPLY_ARRAY:
      copy.kind = RedisReply::Kind::kList;
      for (std::size_t i = 0; i < reply.elements; ++i) {
        copy.list.push_back(copy_of(*reply.element[i]));
      }
      break;
    default: break;
  }
  return copy;
}

}  // namespace

std::string RedisAddress::text() const {
  if (!socket.empty()) return printable(socket);
  const bool has_colons = host.find(':') != std::string::npos;
  return printable((has_colons ? "[" + host + "]" : host) + ":" + std::to_string(port));
}

absl::StatusOr<RedisAddress> parse_redis_address(const std::string& text) {
  RedisAddress address;
  std::string rest = text;
  if (rest.starts_with("unix://")) {
    rest.erase(0, std::strlen("unix://"));
    if (!rest.starts_with('/')) return address_error(text, "expected the path of a socket");
  }
  if (rest.starts_with("redis://")) {
    rest.erase(0, std::strlen("redis://"));
    if (const std::size_t at = rest.rfind('@'); at != std::string::npos) {
      const std::string_view login = std::string_view(rest).substr(0, at);
      const std::size_t colon = login.find(':');
      const bool has_user = colon != std::string_view::npos;
      const auto user = percent_decoded(login.substr(0, has_user ? colon : 0));
      const auto password = percent_decoded(login.substr(has_user ? colon + 1 : 0));
      if (!user || !password) return address_error(text, "expected two hexadecimal digits after %");
      address.user = *user;
      address.password = *password;
      rest.erase(0, at + 1);
    }
    if (const std::size_t slash = rest.find('/'); slash != std::string::npos) {
      const std::string database = rest.substr(slash + 1);
      if (!database.empty()) {
        const auto number = number_in(database, 0, 1'000'000);
        if (!number) return address_error(text, "the database is not a number");
        address.database = *number;
      }
      rest.resize(slash);
    }
  } else if (rest.find("://") != std::string::npos) {
    return address_error(text, "the scheme is not redis:// or unix://");
  } else if (is_socket_path(rest)) {
    address.socket = rest;
    return address;
  }
  address.host = rest;
  if (NameLookup::is_address(rest)) return address;
  if (const std::size_t colon = rest.rfind(':');
      colon != std::string::npos && !rest.ends_with(']')) {
    const auto port = number_in(std::string_view(rest).substr(colon + 1), 1, 65'535);
    if (!port) return address_error(text, "the port is not a number from 1 to 65535");
    address.port = *port;
    address.host.resize(colon);
  }
  std::string& host = address.host;
  const bool in_brackets = host.starts_with('[') && host.ends_with(']');
  if (in_brackets) host = host.substr(1, host.size() - 2);
  const bool fits = in_brackets
                        ? host.find(':') != std::string::npos && NameLookup::is_address(host)
                        : host.find_first_of("[]:") == std::string::npos;
  if (host.empty() || !fits) return address_error(text, "expected a socket or HOST:PORT");
  return address;
}

void RedisConnection::FreeContext::operator()(redisContext* context) const { redisFree(context); }

void RedisConnection::connect(SteadyTime now) {
  disconnect();
  open_ = true;
  const auto check = [this](const absl::StatusOr<RedisReply>& reply) {
    if (reply.ok() && reply->kind == RedisReply::Kind::kError) fail(reply->text);
  };
  if (!address_.user.empty()) {
    send(now, {"AUTH", address_.user, address_.password}, check);
  } else if (!address_.password.empty()) {
    send(now, {"AUTH", address_.password}, check);
  }
  if (address_.database != 0) send(now, {"SELECT", std::to_string(address_.database)}, check);
  if (!address_.socket.empty() || NameLookup::is_address(address_.host)) {
    return open(address_.host);
  }
  if (!lookup_) lookup_.emplace(address_.host, find_);
  lookup_since_ = now;
}

// Connects to an address, and appends what waits for it.
void RedisConnection::open(const std::string& host) {
  context_.reset(address_.socket.empty() ? redisConnectNonBlock(host.c_str(), address_.port)
                                         : redisConnectUnixNonBlock(address_.socket.c_str()));
  if (context_ == nullptr || context_->err != 0) {
    return fail(context_ == nullptr ? "out of memory" : context_->errstr);
  }
  for (const std::vector<std::string>& request : std::exchange(unsent_, {})) append(request);
}

void RedisConnection::append(const std::vector<std::string>& request) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string& text : request) {
    texts.push_back(text.data());
    sizes.push_back(text.size());
  }
  redisAppendCommandArgv(context_.get(), static_cast<int>(request.size()), texts.data(),
                         sizes.data());
  writes_ = true;
}

void RedisConnection::disconnect(const std::string& why) {
  if (open_) fail(why);
}

void RedisConnection::fail(const std::string& why) {
  error_ = printable(why);
  open_ = false;
  context_.reset();
  lookup_since_.reset();
  unsent_.clear();
  on_message_ = nullptr;
  for (const Expected& expected : std::exchange(expected_, {})) {
    if (expected.on_reply) expected.on_reply(absl::UnavailableError("Redis is lost: " + error_));
  }
}

void RedisConnection::send(SteadyTime now, const std::vector<std::string>& request,
                           OnReply on_reply) {
  if (!open_) {
    if (on_reply) on_reply(absl::UnavailableError("Redis is lost: " + error_));
    return;
  }
  if (context_ != nullptr) {
    append(request);
  } else {
    unsent_.push_back(request);
  }
  expected_.push_back({now, std::move(on_reply)});
}

void RedisConnection::subscribe(SteadyTime now, const std::vector<std::string>& channels,
                                OnMessage on_message, OnReply on_reply) {
  if (!open_) return send(now, {}, std::move(on_reply));
  for (const std::string& channel : channels) {
    send(now, {"SUBSCRIBE", channel}, channel == channels.back() ? on_reply : nullptr);
  }
  on_message_ = std::move(on_message);
}

std::optional<SteadyTime> RedisConnection::silent_since() const {
  if (!open_) return std::nullopt;
  if (lookup_since_) return lookup_since_;
  if (expected_.empty()) return std::nullopt;
  return expected_.front().sent;
}

void RedisConnection::add_waits(std::vector<pollfd>& waits) const {
  if (lookup_since_) waits.push_back({lookup_->fd(), POLLIN, 0});
  if (context_ == nullptr) return;
  waits.push_back({context_->fd, static_cast<short>(writes_ ? POLLIN | POLLOUT : POLLIN), 0});
}

void RedisConnection::take_answer() {
  const std::optional<NameLookup::Answer> answer = lookup_->answer();
  if (!answer) return;
  lookup_.reset();
  lookup_since_.reset();
  if (!answer->ok()) return fail(std::string(answer->status().message()));
  open((**answer)[attempts_++ % (*answer)->size()]);
}

void RedisConnection::work() {
  if (lookup_since_) take_answer();
  if (context_ == nullptr) return;
  pollfd ready{context_->fd, static_cast<short>(writes_ ? POLLIN | POLLOUT : POLLIN), 0};
  if (::poll(&ready, 1, 0) <= 0) return;
  if ((ready.revents & (POLLOUT | POLLERR | POLLHUP)) != 0 && writes_) {
    int done = 0;
    if (redisBufferWrite(context_.get(), &done) != REDIS_OK) return fail(context_->errstr);
    writes_ = done == 0;
  }
  if ((ready.revents & (POLLIN | POLLERR | POLLHUP)) == 0) return;
  if (redisBufferRead(context_.get()) != REDIS_OK) return fail(context_->errstr);
  while (context_ != nullptr) {
    void* reply = nullptr;
    if (redisGetReplyFromReader(context_.get(), &reply) != REDIS_OK) return fail(context_->errstr);
    if (reply == nullptr) return;
    const std::unique_ptr<void, decltype(&freeReplyObject)> owner(reply, freeReplyObject);
    receive(copy_of(*static_cast<redisReply*>(reply)));
  }
}

void RedisConnection::receive(const RedisReply& reply) {
  if (on_message_ && reply.kind == RedisReply::Kind::kList && reply.list.size() == 3 &&
      reply.list[0].text == "message") {
    const OnMessage on_message = on_message_;  // which may disconnect
    on_message(reply.list[1].text, reply.list[2].text);
    return;
  }
  if (expected_.empty()) return;
  const Expected expected = std::move(expected_.front());
  expected_.pop_front();
  if (expected.on_reply) expected.on_reply(reply);
}

}  // namespace common
