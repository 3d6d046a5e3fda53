// A TCP client that sends any bytes: a peer that keeps to no protocol, and an oracle that shares no code
// with the server.
#ifndef MASTERCLOCK_TESTS_COMMON_RAW_SOCKET_H_
#define MASTERCLOCK_TESTS_COMMON_RAW_SOCKET_H_

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/descriptor.h"

namespace common {

// Reads wait 20 s at most.
class RawSocket {
 public:
  // `receive_buffer`: the kernel's, in bytes; 0 for the usual one.
  explicit RawSocket(std::uint16_t port, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval longest{20, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
    if (receive_buffer > 0) {
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }

  // Returns whether the kernel took all of it.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  void half_close() const { ::shutdown(socket_.get(), SHUT_WR); }

  // Reads until `end` has arrived, or the peer has closed. Returns the text up to and with `end`.
  std::string read_until(std::string_view end) {
    for (;;) {
      const std::size_t found = read_.find(end);
      if (found != std::string::npos) return take(found + end.size());
      if (!read_more()) return take(read_.size());
    }
  }

  // Returns all that arrives until the peer closes.
  std::string read_all() {
    while (read_more()) {
    }
    return take(read_.size());
  }

  // Returns a response: its headers, an empty line, and its body.
  std::string read_response() {
    std::string response = read_until("\r\n\r\n");
    const std::size_t length = response.find("Content-Length: ");
    if (length == std::string::npos) return response;
    const std::size_t size = std::stoul(response.substr(length + 16));
    while (read_.size() < size && read_more()) {
    }
    return response + take(size);
  }

  // Returns the payload of the next frame of a server; "" when the connection has ended. The first byte
  // of the frame is in `first`.
  std::string read_frame(unsigned char* first = nullptr) {
    const auto need = [&](std::size_t size) {
      while (read_.size() < size) {
        if (!read_more()) return false;
      }
      return true;
    };
    if (!need(2)) return "";
    if (first != nullptr) *first = static_cast<unsigned char>(read_[0]);
    std::size_t size = static_cast<unsigned char>(read_[1]);
    const std::size_t extra = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (!need(2 + extra)) return "";
    if (extra > 0) size = 0;
    for (std::size_t i = 0; i < extra; ++i) {
      size = size << 8 | static_cast<unsigned char>(read_[2 + i]);
    }
    if (!need(2 + extra + size)) return "";
    take(2 + extra);
    return take(size);
  }

 private:
  std::string take(std::size_t size) {
    std::string text = read_.substr(0, size);
    read_.erase(0, size);
    return text;
  }

  bool read_more() {
    char bytes[16'384];
    const ssize_t size = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    if (size > 0) read_.append(bytes, static_cast<std::size_t>(size));
    return size > 0;
  }

  Descriptor socket_;
  std::string read_;
};

// A request to become a WebSocket. The key is that of RFC 6455, section 1.3.
inline std::string upgrade_request(std::string_view more_headers = "") {
  return "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
         std::string(more_headers) + "\r\n";
}

// A frame of a client, with the mask 0. `first`: 0x81 for text.
inline std::string client_frame(unsigned char first, std::string_view payload) {
  std::string frame(1, static_cast<char>(first));
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else {  // up to 65,535 bytes
    frame += "\xfe";
    for (const int shift : {8, 0}) {
      frame += static_cast<char>(payload.size() >> shift & 0xff);
    }
  }
  return frame + std::string(4, '\0') + std::string(payload);
}

}  // namespace common

#endif  // MASTERCLOCK_TESTS_COMMON_RAW_SOCKET_H_
