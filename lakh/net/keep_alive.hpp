// Noticing that the machine at the other end of a TCP connection has gone without a word: switched off, or cut off.
// Internal to the room: others see connect_options and listen_options.
#pragma once

#include <chrono>
#include <system_error>

namespace lakh::net {

// The connection fails with ETIMEDOUT when for 2 × `silent` the peer has answered nothing that it had to answer: to the
// kernel's questions, which begin when it has been silent for `silent` (SO_KEEPALIVE, TCP_KEEP*), or to bytes that were
// sent to it, during which the kernel asks no questions (TCP_USER_TIMEOUT, tcp(7)). Whole seconds, 1 to 32767; nothing
// is set for 0. Connections inherit it from the socket that listens.
std::error_code set_keep_alive(int socket, std::chrono::seconds silent) noexcept;

}  // namespace lakh::net
